//! Rules that act by themselves (SYS-21, B-32, B-50): written as data, tried on what happened, carried out once, and
//! stopped where they go round in circles.

use crate::line::work;
use crate::office::{hire, make};
use crate::support::{Folder, Person, Server, now};
use reqwest::StatusCode;
use serde_json::{Value, json};
use yingda_core::calendar;

fn both(name: &str) -> Value {
    json!({ "zh": name, "en": name })
}

/// A kind with three states.
async fn kind(admin: &Person, name: &str, prefix: &str) -> String {
    let state = |key: &str, phase: &str| json!({ "key": key, "name": both(key), "phase": phase });
    let way =
        |key: &str, from: &str, to: &str| json!({ "key": key, "name": both(key), "from": [from], "to": to });
    let of = json!({
        "kind": "ticket_type", "name": both(name), "prefix": prefix,
        "fields": [{ "key": "cost", "label": both("费用"), "shape": "money" }],
        "states": [state("new", "open"), state("doing", "open"), state("done", "closed")],
        "moves": [way("start", "new", "doing"), way("end", "doing", "done"), way("back", "done", "doing")],
    });
    made(&make(admin, "ticket_type", of).await.body)
}

fn made(body: &Value) -> String {
    body["id"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned()
}

async fn rule(admin: &Person, name: &str, body: Value) -> String {
    let mut all = json!({ "kind": "rule", "name": both(name) });
    for (key, value) in body.as_object().unwrap() {
        all[key] = value.clone();
    }
    let made_rule = admin.post("/records/rule", all).await;
    assert_eq!(made_rule.status, StatusCode::CREATED, "{}", made_rule.text);
    made(&made_rule.body)
}

async fn ticket(person: &Person, of: &str, more: Value) -> Value {
    let mut all = json!({ "of": of, "title": "咖啡机漏水" });
    for (key, value) in more.as_object().unwrap() {
        all[key] = value.clone();
    }
    let made = person.post("/tickets", all).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.body
}

async fn act(person: &Person, ticket: &Value, act: Value) {
    let done = person.post(&format!("/tickets/{}/acts", ticket["id"].as_str().unwrap()), act).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
}

async fn close(person: &Person, ticket: &Value) {
    for way in ["start", "end"] {
        act(person, ticket, json!({ "act": "move", "way": way })).await;
    }
}

fn items(body: &Value) -> &Vec<Value> {
    body["items"].as_array().unwrap_or_else(|| panic!("{body}"))
}

/// Waits until a rule has nothing left to do now; gives its runs, the newest first.
async fn runs(admin: &Person, rule: &str, count: usize, state: &str) -> Value {
    let path = format!("/rules/runs?rule={rule}&state={state}");
    admin.eventually(&path, |body| body["items"].as_array().is_some_and(|it| it.len() >= count)).await
}

fn when(event: &str, of: &str, state: &str, does: Value) -> Value {
    json!({
        "when": event,
        "conditions": [
            { "what": "kind", "test": "is", "values": [of] },
            { "what": "state", "test": "is", "values": [state] },
        ],
        "steps": [{ "does": does }],
    })
}

/// SYS-21, B-32, B-50: a closed repair opens its revisit, linked both ways and for the same customer; the next day's is
/// only noted; who wrote it is the rule.
#[tokio::test]
async fn b_32_a_closed_repair_opens_its_revisit_now_or_the_next_day() {
    let (server, admin) = Server::set_up().await;
    let (agent, agent_id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &agent_id).await;
    let (repair, revisit) = (kind(&admin, "维修", "WX").await, kind(&admin, "回访", "HF").await);
    let tag = made(&make(&admin, "tag", json!({ "name": both("已维修") })).await.body);
    let customer = admin.post("/customers", json!({ "name": "王芳", "phone": "13800000000" })).await.body;
    let opens = json!({ "act": "open_ticket", "of": revisit, "title": "回访{customer}：{serial}", "owner": agent_id });
    let mut body = when("ticket_moved", &repair, "done", opens.clone());
    let tells = json!({ "act": "tell", "to": [{ "user": agent_id }], "text": "{serial} 已完成" });
    for step in [
        json!({ "does": opens, "delay_min": 1_440 }),
        json!({ "does": { "act": "tag", "tag": tag } }),
        json!({ "does": tells }),
        json!({ "does": { "act": "note", "text": "已安排回访" } }),
    ] {
        body["steps"].as_array_mut().unwrap().push(step);
    }
    let id = rule(&admin, "维修后回访", body).await;

    let before = ticket(&admin, &repair, json!({ "customer": customer["id"] })).await;
    close(&admin, &before).await;
    let done = runs(&admin, &id, 4, "done").await;
    assert_eq!(items(&done).len(), 4, "{done}");
    let waiting = runs(&admin, &id, 1, "waiting").await;
    let (due, made_at) = (&items(&waiting)[0]["due_at"], &items(&waiting)[0]["made_at"]);
    let ahead = due.as_i64().unwrap() - made_at.as_i64().unwrap();
    assert!((86_340_000..=86_400_000).contains(&ahead), "{ahead}");

    let found = admin.get(&format!("/tickets?of={revisit}")).await.body;
    let [opened] = items(&found).as_slice() else { panic!("{found}") };
    let serial = before["serial"].as_str().unwrap();
    assert_eq!(opened["title"], format!("回访王芳：{serial}"));
    assert_eq!((&opened["customer"], &opened["owner"]), (&customer["id"], &json!(agent_id)));
    assert_eq!(opened["links"], json!([before["id"]]));
    let after = admin.get(&format!("/tickets/{}", before["id"].as_str().unwrap())).await.body;
    assert_eq!(after["links"], json!([opened["id"]]));
    let told = desk.until("word of the rule", |frame| frame["kind"] == "rule_told").await;
    assert_eq!((&told["text"], &told["by"]["type"]), (&json!(format!("{serial} 已完成")), &json!("rule")));
    let card = admin.get(&format!("/customers/{}", customer["id"].as_str().unwrap())).await.body;
    assert_eq!(card["customer"]["tags"], json!([tag]));
    let history = admin.get(&format!("/tickets/{}/history", before["id"].as_str().unwrap())).await.body;
    let by_rule = items(&history).iter().filter(|it| it["by"]["type"] == "rule").count();
    assert_eq!(by_rule, 2, "a link and a note: {history}");

    // What the rule names cannot go, and what it says of itself is kept from those who may not manage it.
    let at = format!("/records/tag/{tag}");
    assert_eq!(admin.clone().with("if-match", "\"1\"").delete(&at).await.code(), "in_use");
    assert_eq!(agent.get("/rules/runs").await.status, StatusCode::FORBIDDEN);
    assert_eq!(agent.get("/records/rule").await.status, StatusCode::FORBIDDEN);
}

/// SYS-21: a rule is tried on what happened and changes nothing; what it cannot mean is refused by its part.
#[tokio::test]
async fn sys_21_a_dry_run_names_what_a_rule_would_have_done() {
    let (_server, admin) = Server::set_up().await;
    let repair = kind(&admin, "维修", "WX").await;
    let dear = ticket(&admin, &repair, json!({ "values": { "cost": "300" } })).await;
    let cheap = ticket(&admin, &repair, json!({ "values": { "cost": "20" } })).await;
    for it in [&dear, &cheap] {
        close(&admin, it).await;
    }
    let mut body = when("ticket_moved", &repair, "done", json!({ "act": "severity", "severity": 1 }));
    body["conditions"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "what": "field", "field": "cost", "test": "above", "values": ["100"] }));
    let ask = |rule: &Value| json!({ "rule": rule, "from": now() - 3_600_000, "to": now() + 60_000 });
    let told = admin.post("/rules/dry-run", ask(&body)).await;
    assert_eq!(told.status, StatusCode::OK, "{}", told.text);
    assert_eq!((&told.body["looked"], &told.body["fires"]), (&json!(4), &json!(1)), "{}", told.text);
    assert_eq!(told.body["cases"][0]["on"], json!({ "ticket": dear["id"] }));
    assert!(told.body["cases"][0]["label"].as_str().unwrap().contains(dear["serial"].as_str().unwrap()));
    let same = admin.get(&format!("/tickets/{}", dear["id"].as_str().unwrap())).await.body;
    assert_eq!(same["severity"], 3, "nothing was done");

    body["conditions"][2]["values"] = json!(["much"]);
    body["steps"] = json!([]);
    let refused = admin.post("/rules/dry-run", ask(&body)).await;
    let fields: Vec<_> = refused.body["fields"].as_array().unwrap().iter().map(|it| &it["field"]).collect();
    assert_eq!(fields, ["conditions.2.values", "steps"], "{}", refused.text);
}

/// SYS-21: rules that set each other off stop, and the log names them; nothing is done for ever.
#[tokio::test]
async fn sys_21_rules_that_go_round_in_circles_are_stopped_and_named() {
    let (_server, admin) = Server::set_up().await;
    let (ping, pong) = (kind(&admin, "乒", "PA").await, kind(&admin, "乓", "PB").await);
    let opens = |of: &str| json!({ "act": "open_ticket", "of": of, "title": "x", "bond": "none" });
    let to_pong = rule(&admin, "乒到乓", when("ticket_opened", &ping, "new", opens(&pong))).await;
    let to_ping = rule(&admin, "乓到乒", when("ticket_opened", &pong, "new", opens(&ping))).await;
    ticket(&admin, &ping, json!({})).await;
    let stopped = admin.eventually("/rules/runs?state=stopped", |body| !items(body).is_empty()).await;
    let [last] = items(&stopped).as_slice() else { panic!("{stopped}") };
    assert_eq!(last["trail"], json!([to_pong, to_ping, to_pong, to_ping, to_pong]));
    let why = last["outcome"]["zh"].as_str().unwrap();
    assert!(why.contains("乒到乓 → 乓到乒"), "{why}");
    let all = admin.get("/tickets").await.body;
    assert_eq!(items(&all).len(), 6, "the first, and five that rules opened");
}

/// SYS-21: a rule that acts on one thing over and over is stopped after twenty times an hour.
#[tokio::test]
async fn sys_21_a_rule_does_not_do_the_same_thing_without_end() {
    let (_server, admin) = Server::set_up().await;
    let of = kind(&admin, "维修", "WX").await;
    let body = json!({
        "when": "ticket_noted",
        "conditions": [{ "what": "kind", "test": "is", "values": [of] }],
        "steps": [{ "does": { "act": "watch", "user": (made(&admin.get("/me").await.body)) } }],
    });
    let id = rule(&admin, "关注", body).await;
    let it = ticket(&admin, &of, json!({})).await;
    for n in 0..25 {
        act(&admin, &it, json!({ "act": "note", "text": format!("第 {n} 次") })).await;
    }
    let stopped = runs(&admin, &id, 1, "stopped").await;
    assert_eq!(items(&stopped).len(), 1, "said once: {stopped}");
    let all = admin.get(&format!("/rules/runs?rule={id}&limit=200")).await.body;
    assert_eq!(items(&all).len(), 21, "{all}");
}

/// SYS-21: what is due while nobody serves is done after the start, once.
#[tokio::test]
async fn sys_21_a_delayed_step_outlives_a_restart_and_has_one_effect() {
    let folder = Folder::new();
    let (server, admin) = Server::set_up_in(&folder.0, &[]).await;
    let of = kind(&admin, "维修", "WX").await;
    let mut body = when("ticket_moved", &of, "doing", json!({ "act": "note", "text": "一分钟后" }));
    body["steps"][0]["delay_min"] = json!(1);
    let later = rule(&admin, "稍后备注", body).await;
    let it = ticket(&admin, &of, json!({})).await;
    act(&admin, &it, json!({ "act": "move", "way": "start" })).await;
    runs(&admin, &later, 1, "waiting").await;
    server.stop();
    // A minute passes.
    let store = rusqlite::Connection::open(folder.0.join("yingda.db")).unwrap();
    let changed = store.execute(
        "UPDATE rule_run SET due_at = due_at - 60000, body = json_set(body, '$.due_at', due_at - 60000)",
        [],
    );
    assert_eq!(changed.unwrap(), 1);
    drop(store);
    let server = Server::start_in(&folder.0, &[]).await;
    let admin = server.sign_in("admin").await;
    runs(&admin, &later, 1, "done").await;
    let history = admin.get(&format!("/tickets/{}/history", it["id"].as_str().unwrap())).await.body;
    assert_eq!(items(&history).iter().filter(|it| it["kind"] == "ticket_noted").count(), 1, "{history}");
}

/// B-49: a contract goes from its draft through approval into force, is found by its area and the day on which it ends,
/// and who looks after it is told before, once, although nobody ran that morning.
#[tokio::test]
async fn b_49_a_contract_is_found_by_area_and_date_and_says_when_it_ends() {
    let folder = Folder::new();
    let (server, admin) = Server::set_up_in(&folder.0, &[]).await;
    assert_eq!(admin.post("/packs/property/install", json!({})).await.status, StatusCode::OK);
    let kinds = admin.get("/records/ticket_type?limit=100").await.body;
    let contract = items(&kinds).iter().find(|it| it["record"]["prefix"] == "HT").unwrap();
    let (agent, agent_id) = hire(&server, &admin, "li", "R-03").await;
    let day = |days: i64| calendar::date_text("Asia/Shanghai", now() + days * 86_400_000);
    let values = |party: &str, region: &str, until: String| json!({ "values": { "party": party, "region": region, "until": until }, "owner": agent_id });
    // Yesterday it was thirty days.
    let of = made(contract);
    let near = ticket(&admin, &of, values("甲公司", "东区", day(29))).await;
    ticket(&admin, &of, values("乙公司", "西区", day(29))).await;
    ticket(&admin, &of, values("丙公司", "东区", day(400))).await;
    let titles = async |query: &str| {
        let found = admin.get(&format!("/tickets?of={of}&{query}")).await;
        items(&found.body)
            .iter()
            .map(|it| it["values"]["party"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(titles("field=region&value=东区").await, ["丙公司", "甲公司"]);
    let span = format!("field=until&value={}&value_to={}", day(1), day(60));
    assert_eq!(titles(&span).await, ["乙公司", "甲公司"]);
    assert_eq!(titles(&format!("{span}&open=true")).await, ["乙公司", "甲公司"]);

    let missing = agent
        .post(&format!("/tickets/{}/acts", made(&near)), json!({ "act": "move", "way": "submit" }))
        .await;
    assert_eq!(missing.body["fields"][0]["field"], "values.copy", "{}", missing.text);
    let force = json!({
        "act": "move", "way": "submit", "force": true, "reason": "纸质合同在档案室",
    });
    act(&admin, &near, force).await;
    let signed = json!({
        "act": "move", "way": "sign", "force": true, "reason": "已签", "values": { "signed_on": day(-1) },
    });
    act(&admin, &near, signed).await;

    server.stop();
    let store = rusqlite::Connection::open(folder.0.join("yingda.db")).unwrap();
    let back = "UPDATE reader SET reached_seq = reached_seq - 3 WHERE name = 'dates'";
    assert_eq!(store.execute(back, []).unwrap(), 1);
    drop(store);
    let server = Server::start_in(&folder.0, &[]).await;
    let admin = server.sign_in("admin").await;
    let rules = admin.get("/records/rule?limit=100").await.body;
    let rule = items(&rules).iter().find(|it| it["record"]["when"] == "date_near").unwrap();
    let told = runs(&admin, &made(rule), 1, "done").await;
    assert_eq!((items(&told).len(), &items(&told)[0]["on"]["ticket"]), (1, &near["id"]), "{told}");
    let history = admin.get(&format!("/tickets/{}/history", made(&near))).await.body;
    let near_facts = items(&history).iter().filter(|it| it["event"]["kind"] == "ticket_date_near").count();
    assert_eq!(near_facts, 1);
}
