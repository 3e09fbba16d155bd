//! Tickets (SYS-21, B-02, B-03, B-19, B-23 to B-26, B-50): kinds are designed, tickets opened, moved, guarded, timed and
//! found, and template packs bring kinds that work at once.

use crate::line::{Line, work};
use crate::office::{hire, join, make, program};
use crate::support::{Person, Server, now, run};
use reqwest::StatusCode;
use serde_json::{Value, json};

const HOUR: i64 = 3_600_000;

async fn ticket(person: &Person, of: &str, body: Value) -> Value {
    let mut all = json!({ "of": of, "title": "咖啡机漏水" });
    for (key, value) in body.as_object().unwrap() {
        all[key] = value.clone();
    }
    let made = person.post("/tickets", all).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.body
}

fn path(ticket: &Value) -> String {
    format!("/tickets/{}", ticket["id"].as_str().unwrap())
}

async fn act(person: &Person, ticket: &Value, act: Value) -> Value {
    let done = person.post(&format!("{}/acts", path(ticket)), act).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    done.body
}

fn go(way: &str, values: Value) -> Value {
    json!({ "act": "move", "way": way, "values": values })
}

fn missing(body: &Value) -> Vec<&str> {
    body["fields"].as_array().unwrap().iter().map(|it| it["field"].as_str().unwrap()).collect()
}

fn serials(body: &Value) -> Vec<&str> {
    body["items"].as_array().unwrap().iter().map(|it| it["serial"].as_str().unwrap()).collect()
}

/// A server with the shop's pack; gives the id of a kind by its prefix.
async fn shop() -> (Server, Person) {
    let (server, admin) = Server::set_up().await;
    let done = admin.post("/packs/e-commerce/install", json!({})).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    (server, admin)
}

async fn kind(person: &Person, prefix: &str) -> String {
    let found = person.get("/records/ticket_type").await.body;
    let items = found["items"].as_array().unwrap();
    let it = items.iter().find(|it| it["record"]["prefix"] == prefix).unwrap_or_else(|| panic!("{found}"));
    it["id"].as_str().unwrap().to_owned()
}

async fn team(admin: &Person, name: &str, leader: Option<&str>) -> String {
    let made = make(admin, "team", json!({ "name": { "zh": name, "en": name }, "leader": leader })).await;
    made.body["id"].as_str().unwrap().to_owned()
}

async fn told(desk: &mut Line, what: &str) -> Value {
    desk.until(what, |frame| frame["kind"] == "ticket_told" && frame["what"] == what).await
}

/// SYS-21: an administrator designs a kind with three states, a clock and a guard, and it works at once; what cannot
/// work is refused with its reasons; a new version leaves running tickets on theirs.
#[tokio::test]
async fn sys_21_a_new_kind_works_at_once_and_its_next_version_leaves_running_tickets_alone() {
    let (server, admin) = Server::set_up().await;
    let (agent, _) = hire(&server, &admin, "li", "R-03").await;
    let state =
        |key: &str, phase: &str| json!({ "key": key, "name": { "zh": key, "en": key }, "phase": phase });
    let way = |key: &str, from: &str, to: &str, needs: Value| json!({ "key": key, "name": { "zh": key, "en": key }, "from": [from], "to": to, "needs": needs });
    let mut of = json!({
        "kind": "ticket_type", "name": { "zh": "样品申请", "en": "Sample" }, "prefix": "YP",
        "fields": [{ "key": "address", "label": { "zh": "地址", "en": "Address" }, "shape": "address" }],
        "states": [state("new", "open"), state("sent", "solved"), state("done", "closed")],
        "moves": [way("send", "new", "sent", json!(["address"])), way("end", "sent", "done", json!([]))],
        "clocks": [{ "key": "send", "name": { "zh": "寄出", "en": "Sent" }, "minutes": 60, "stops_in": ["sent"] }],
    });
    let mut broken = of.clone();
    broken["states"].as_array_mut().unwrap().push(state("lost", "open"));
    broken["moves"][0]["needs"] = json!(["addres"]);
    let refused = admin.post("/records/ticket_type", broken).await;
    assert_eq!(missing(&refused.body), ["states.3.key", "moves.0.needs.0"], "{}", refused.text);
    assert_eq!(agent.post("/records/ticket_type", of.clone()).await.status, StatusCode::FORBIDDEN);
    let made = make(&admin, "ticket_type", of.clone()).await;
    let id = made.body["id"].as_str().unwrap();

    let it = ticket(&agent, id, json!({})).await;
    assert!(it["serial"].as_str().unwrap().starts_with("YP20"), "{it}");
    assert_eq!(it["due_at"].as_i64().unwrap() - it["received_at"].as_i64().unwrap(), HOUR);
    let refused = agent.post(&format!("{}/acts", path(&it)), go("send", json!({}))).await;
    assert_eq!(
        (refused.status, missing(&refused.body)),
        (StatusCode::UNPROCESSABLE_ENTITY, vec!["values.address"])
    );
    let sent = act(&agent, &it, go("send", json!({ "address": "文三路 1 号" }))).await;
    assert_eq!(
        (&sent["state"], &sent["phase"], &sent["due_at"]),
        (&json!("sent"), &json!("solved"), &Value::Null)
    );

    // The next version has no state `sent` any more; what runs knows it still.
    of["states"] = json!([state("new", "open"), state("done", "closed")]);
    of["moves"] = json!([way("end", "new", "done", json!([]))]);
    of["clocks"] = json!([]);
    let at = format!("/records/ticket_type/{id}");
    let put = admin.clone().with("if-match", "\"1\"").put(&at, of).await;
    assert_eq!(put.status, StatusCode::OK, "{}", put.text);
    let closed = act(&agent, &it, go("end", json!({}))).await;
    assert_eq!((&closed["phase"], &closed["of_version"]), (&json!("closed"), &json!(1)));
    let fresh = ticket(&agent, id, json!({})).await;
    assert_eq!((&fresh["of_version"], &fresh["due_at"]), (&json!(2), &Value::Null));
    let used = admin.clone().with("if-match", "\"2\"").delete(&at).await;
    assert_eq!(used.code(), "in_use", "a kind that has tickets stays");
}

/// B-23, B-24, B-25, B-19: a complaint goes its whole way; what is missing is named, a payment above the limit is a
/// leader's business, and everything stands in its history.
#[tokio::test]
async fn b_25_a_complaint_goes_from_intake_to_confirmed_closure() {
    let (server, admin) = shop().await;
    let (agent, agent_id) = hire(&server, &admin, "li", "R-03").await;
    let (boss, boss_id) = hire(&server, &admin, "boss", "R-08").await;
    let here = team(&admin, "售后组", Some(&boss_id)).await;
    join(&admin, &agent_id, &here).await;
    join(&admin, &boss_id, &here).await;
    let (mut boss_desk, _) = work(&server, &boss, &boss_id).await;
    let (mut agent_desk, _) = work(&server, &agent, &agent_id).await;
    let complaint = kind(&admin, "TS").await;

    let refused = agent.post("/tickets", json!({ "of": complaint, "title": "漏水" })).await;
    assert_eq!(missing(&refused.body), ["values.content", "values.expectation"], "{}", refused.text);
    let values = json!({ "content": "漏水", "expectation": "换新机" });
    let it = ticket(&agent, &complaint, json!({ "values": values, "owner": agent_id, "severity": 1 })).await;
    // B-26: the most severe reach the manager within a minute.
    let news = told(&mut boss_desk, "reminder").await;
    assert_eq!(news["serial"], it["serial"]);
    assert!(news["at"].as_i64().unwrap() - it["created_at"].as_i64().unwrap() < 60_000);

    act(&agent, &it, go("investigate", json!({}))).await;
    let acts = format!("{}/acts", path(&it));
    let refused = agent.post(&acts, go("propose", json!({}))).await;
    assert_eq!(missing(&refused.body), ["values.cause", "values.liability"], "no solution without a cause");
    act(&agent, &it, go("propose", json!({ "cause": "defect", "liability": "ours" }))).await;
    let solution = json!({ "solution": "换新机并补偿", "compensation": "800" });
    let refused = agent.post(&acts, go("confirm", solution.clone())).await;
    assert_eq!(missing(&refused.body), ["values.consent"], "no closure without consent");
    let mut agreed = solution;
    agreed["consent"] = "yes".into();
    let asked = act(&agent, &it, go("confirm", agreed)).await;
    assert_eq!((&asked["state"], &asked["approval"]["way"]), (&json!("solving"), &json!("confirm")));
    told(&mut boss_desk, "approval_asked").await;
    let waiting = boss.get("/tickets?asks=true").await.body;
    assert_eq!(serials(&waiting), [it["serial"].as_str().unwrap()]);
    assert_eq!(
        agent.post(&acts, json!({ "act": "approve", "yes": true })).await.status,
        StatusCode::FORBIDDEN
    );
    let closed = act(&boss, &it, json!({ "act": "approve", "yes": true })).await;
    assert_eq!((&closed["state"], &closed["confirmed"]), (&json!("confirmed"), &json!(true)));
    // The one who asked hears of the answer; approval and the move that follows come in one piece of news.
    told(&mut agent_desk, "moved").await;

    let history = agent.get(&format!("{}/history", path(&it))).await.body;
    let kinds: Vec<_> =
        history["items"].as_array().unwrap().iter().map(|row| row["kind"].as_str().unwrap()).collect();
    for expected in [
        "ticket_opened",
        "ticket_moved",
        "ticket_approval_asked",
        "ticket_approval_answered",
        "ticket_clock_rang",
    ] {
        assert!(kinds.contains(&expected), "{kinds:?}");
    }
    let paper = agent.get(&format!("{}/print", path(&it))).await;
    assert_eq!(
        (paper.status, paper.header("content-type")),
        (StatusCode::OK, "application/pdf"),
        "{}",
        paper.text
    );
    assert!(paper.text.starts_with("%PDF-") && paper.header("content-disposition").contains(".pdf"));
    let found = agent.get(&format!("/tickets/{}", it["serial"].as_str().unwrap())).await.body;
    assert_eq!(found["id"], it["id"], "by the number that people say to each other");
}

/// B-03, R-15: a sub-task lies in another department's list, which sees it and not the case above; its end is a condition
/// of the case's next move.
#[tokio::test]
async fn b_03_a_sub_task_goes_to_a_department_that_sees_nothing_else() {
    let (server, admin) = shop().await;
    let (agent, agent_id) = hire(&server, &admin, "li", "R-03").await;
    let (depot, depot_id) = hire(&server, &admin, "depot", "R-15").await;
    let (here, there) = (team(&admin, "售后组", None).await, team(&admin, "仓库", None).await);
    join(&admin, &agent_id, &here).await;
    join(&admin, &depot_id, &there).await;
    let (mut desk, _) = work(&server, &agent, &agent_id).await;
    let values = json!({ "content": "少发一件", "expectation": "补发" });
    let complaint = kind(&admin, "TS").await;
    let case = ticket(&agent, &complaint, json!({ "values": values, "owner": agent_id })).await;
    act(&agent, &case, go("investigate", json!({}))).await;
    let task = json!({ "parent": case["id"], "team": there, "title": "查出库记录", "values": { "task": "查 11 月 20 日出库" } });
    let task = ticket(&agent, &kind(&admin, "RW").await, task).await;

    let seen = depot.get("/tickets?owner=none&open=true").await.body;
    assert_eq!(serials(&seen), [task["serial"].as_str().unwrap()]);
    assert_eq!(depot.get(&path(&case)).await.status, StatusCode::NOT_FOUND);
    let whole = depot.get(&path(&task)).await.body;
    assert_eq!(whole["parent_row"], Value::Null, "needed data only");
    let refused = agent
        .post(
            &format!("{}/acts", path(&case)),
            go("propose", json!({ "cause": "late", "liability": "ours" })),
        )
        .await;
    assert_eq!(missing(&refused.body), ["tasks"], "{}", refused.text);

    act(&depot, &task, json!({ "act": "assign", "owner": depot_id })).await;
    act(&depot, &task, json!({ "act": "watch", "user": agent_id, "on": true })).await;
    act(&depot, &task, json!({ "act": "note", "text": "出库时少装一件" })).await;
    told(&mut desk, "noted").await;
    act(&depot, &task, go("start", json!({}))).await;
    let acts = format!("{}/acts", path(&task));
    let refused = depot.post(&acts, go("finish", json!({ "result": "已补发" }))).await;
    assert_eq!(missing(&refused.body), ["checklist"], "{}", refused.text);
    for item in ["called", "done", "clean"] {
        act(&depot, &task, json!({ "act": "check", "item": item, "done": true })).await;
    }
    act(&depot, &task, go("finish", json!({ "result": "已补发" }))).await;
    act(&depot, &task, go("confirm", json!({}))).await;
    let on = act(&agent, &case, go("propose", json!({ "cause": "late", "liability": "ours" }))).await;
    assert_eq!((&on["state"], &on["tasks"][0]["state"]), (&json!("solving"), &json!("confirmed")));
}

/// K-06, B-50: a clock that has run out is told, once, also over a restart; urging is logged and reaches the owner.
#[tokio::test]
async fn k_06_what_is_late_is_told_once_also_after_a_restart() {
    let folder = crate::support::Folder::new();
    let server = Server::start_in(&folder.0, &[]).await;
    let admin = server.first_administrator().await;
    assert!(admin.post("/packs/e-commerce/install", json!({})).await.status.is_success());
    let (agent, agent_id) = hire(&server, &admin, "li", "R-03").await;
    let here = team(&admin, "售后组", None).await;
    join(&admin, &agent_id, &here).await;
    let (mut desk, _) = work(&server, &agent, &agent_id).await;
    let complaint = kind(&admin, "TS").await;
    let values = json!({ "content": "漏水", "expectation": "换新机" });
    let raised = now() - 49 * HOUR;
    let it =
        ticket(&agent, &complaint, json!({ "values": values, "owner": agent_id, "received_at": raised }))
            .await;
    let news = told(&mut desk, "late").await;
    assert_eq!(news["serial"], it["serial"]);
    let late = agent.get(&path(&it)).await.body;
    assert!(late["clocks"].as_array().unwrap().iter().any(|clock| clock["late"] == true), "{late}");
    let before = agent.get(&format!("{}/history", path(&it))).await.body;
    act(&agent, &it, json!({ "act": "urge", "text": "客户又来电" })).await;

    drop(desk);
    assert_eq!(server.stop(), Some(0));
    let server = Server::start_in(&folder.0, &[]).await;
    let agent = server.sign_in("li").await;
    let again = agent.eventually(&format!("{}/history", path(&it)), |body| body["items"].is_array()).await;
    let rang = |body: &Value| {
        body["items"].as_array().unwrap().iter().filter(|row| row["kind"] == "ticket_clock_rang").count()
    };
    assert_eq!(rang(&again), rang(&before), "nobody is told twice");
    assert_eq!(again["items"][0]["kind"], "ticket_urged");
    let due = agent.get(&format!("/tickets?open=true&sort=due&due_until={}", now())).await.body;
    assert_eq!(serials(&due), [it["serial"].as_str().unwrap()]);
}

/// Two people change one ticket: different fields meet, the same field is a conflict that shows the present state; and
/// the same request never opens two tickets.
#[tokio::test]
async fn two_who_write_at_once_lose_nothing() {
    let (server, admin) = shop().await;
    let (agent, _) = hire(&server, &admin, "li", "R-03").await;
    let feedback = kind(&admin, "FK").await;
    let body = json!({ "of": feedback, "title": "建议", "values": { "content": "希望夜间送货" } });
    let keyed = agent.clone().with("idempotency-key", "once");
    let (one, two) = tokio::join!(keyed.post("/tickets", body.clone()), keyed.post("/tickets", body.clone()));
    assert_eq!((one.status, &one.body["id"]), (StatusCode::CREATED, &two.body["id"]), "{}", two.text);
    let it = one.body;
    let edit = |key: &str, was: &str, now: &str| json!({ "act": "edit", "values": { key: now }, "was": { key: was } });
    let acts = format!("{}/acts", path(&it));
    let (one, two) = tokio::join!(
        agent.post(&acts, edit("subject", "", "service")),
        admin.post(&acts, edit("answer", "", "已转产品部")),
    );
    assert_eq!((one.status, two.status), (StatusCode::OK, StatusCode::OK), "{} {}", one.text, two.text);
    let now = agent.get(&path(&it)).await.body;
    assert_eq!(
        now["values"],
        json!({ "content": "希望夜间送货", "subject": "service", "answer": "已转产品部" })
    );
    let stale = agent.post(&acts, edit("answer", "", "别的")).await;
    assert_eq!((stale.code(), &stale.body["current"]["values"]["answer"]), ("stale", &json!("已转产品部")));
    let wrong = agent.post(&acts, edit("subject", "service", "weather")).await;
    assert_eq!(missing(&wrong.body), ["values.subject"]);
    for bad in [
        json!({ "act": "fly" }),
        json!({ "act": "note", "text": " " }),
        json!({ "act": "move", "way": "none" }),
    ] {
        let refused = agent.post(&acts, bad).await;
        assert!(refused.status.is_client_error(), "{}", refused.text);
    }
}

/// Many tickets get serial numbers of their own, also when they are opened at once; they are found by state, field and
/// words, exported by who may, and changed together with a report on each.
#[tokio::test]
async fn tickets_are_numbered_found_counted_and_changed_together() {
    let (server, admin) = shop().await;
    let (agent, agent_id) = hire(&server, &admin, "li", "R-03").await;
    let returns = kind(&admin, "TH").await;
    let new = |n: usize| {
        let what = if n.is_multiple_of(2) { "exchange" } else { "refund" };
        let values = json!({ "order_no": format!("YQ{n}"), "what": what, "reason": "size", "price": "10.5", "count": n.to_string() });
        json!({ "of": returns, "title": format!("第{n}单"), "values": values })
    };
    let made = futures_util::future::join_all((0..30).map(|n| agent.post("/tickets", new(n)))).await;
    let mut numbers: Vec<_> = made
        .iter()
        .map(|it| it.body["serial"].as_str().unwrap_or_else(|| panic!("{}", it.text)).to_owned())
        .collect();
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), 30);
    let third = &made[3].body;
    assert_eq!(third["values"]["sum"], "31.5", "computed");

    let by_field =
        agent.get(&format!("/tickets?of={returns}&field=what&value=exchange&limit=100")).await.body;
    assert_eq!(by_field["items"].as_array().unwrap().len(), 15);
    let by_words = agent.get("/tickets?q=yq17").await.body;
    assert_eq!(serials(&by_words), [made[17].body["serial"].as_str().unwrap()]);
    let mut seen = 0;
    let mut cursor = String::new();
    loop {
        let page = agent.get(&format!("/tickets?open=true&limit=7{cursor}")).await.body;
        seen += page["items"].as_array().unwrap().len();
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, 30);
    act(&agent, third, go("start", json!({}))).await;
    let board = agent.get(&format!("/tickets/board?of={returns}")).await.body;
    let count = |state: &str| {
        board["columns"].as_array().unwrap().iter().find(|it| it["state"] == state).unwrap()["count"].clone()
    };
    assert_eq!((count("new"), count("doing"), count("confirmed")), (json!(29), json!(1), Value::Null));

    let ids: Vec<_> = made.iter().map(|it| it.body["id"].clone()).collect();
    let all = json!({ "tickets": ids, "act": { "act": "move", "way": "start" } });
    let done = agent.post("/tickets/acts", all).await.body;
    let failed: Vec<_> = done.as_array().unwrap().iter().filter(|it| !it["problem"].is_null()).collect();
    assert_eq!(
        (done.as_array().unwrap().len(), failed.len()),
        (30, 1),
        "the one that had started already: {done}"
    );
    assert_eq!(failed[0]["ticket"], third["id"]);

    assert_eq!(agent.get("/tickets/export").await.status, StatusCode::FORBIDDEN);
    let table = admin.get(&format!("/tickets/export?of={returns}&field=what&value=exchange")).await;
    assert_eq!(table.status, StatusCode::OK, "{}", table.text);
    assert_eq!(table.text.lines().count(), 16, "a head and fifteen lines");
    let robot = program(&server, &admin, &["ticket_read", "ticket_write"]).await;
    let by_robot = robot.post("/tickets", new(99)).await;
    assert_eq!(by_robot.status, StatusCode::CREATED, "{}", by_robot.text);
    let given = json!({ "act": "assign", "owner": agent_id });
    let refused = robot.post(&format!("{}/acts", path(&by_robot.body)), given).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

/// A file on a ticket is read by who may read the ticket, and by nobody else; nobody passes on what they may not read.
#[tokio::test]
async fn files_of_a_ticket_follow_its_rights() {
    let (server, admin) = shop().await;
    let (agent, agent_id) = hire(&server, &admin, "li", "R-03").await;
    let (depot, depot_id) = hire(&server, &admin, "depot", "R-15").await;
    let (here, there) = (team(&admin, "售后组", None).await, team(&admin, "仓库", None).await);
    join(&admin, &agent_id, &here).await;
    join(&admin, &depot_id, &there).await;
    let file = crate::files::upload(&server, &agent, "proof.txt", b"receipt").await;
    let values = json!({ "content": "漏水", "expectation": "换新机", "evidence": file });
    let it = ticket(&agent, &kind(&admin, "TS").await, json!({ "values": values })).await;
    let at = format!("/files/{file}");
    assert_eq!(agent.get(&at).await.status, StatusCode::OK);
    assert_eq!(depot.get(&at).await.status, StatusCode::NOT_FOUND);
    let task = json!({ "values": { "task": "核对" }, "team": there });
    let own = ticket(&depot, &kind(&admin, "RW").await, task).await;
    let acts = format!("{}/acts", path(&own));
    let refused = depot.post(&acts, json!({ "act": "note", "text": "看看", "files": [file] })).await;
    assert_eq!(missing(&refused.body), ["files"], "{}", refused.text);
    let many = json!({ "tickets": [own["id"]], "act": { "act": "note", "text": "看看", "files": [file] } });
    let refused = depot.post("/tickets/acts", many).await.body;
    assert!(refused[0]["problem"].as_str().is_some_and(|why| why.contains("files")), "{refused}");
    assert_eq!(depot.get(&at).await.status, StatusCode::NOT_FOUND);
    let stranger = admin.post("/customers", json!({ "name": "王小明" })).await.body["id"].clone();
    let refused = depot.post(&acts, json!({ "act": "edit", "customer": stranger })).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "no name of a customer one may not see");
    act(&agent, &it, json!({ "act": "watch", "user": depot_id, "on": true })).await;
    assert_eq!(depot.get(&at).await.status, StatusCode::OK, "who follows the case sees its papers");
    let named = depot.get(&format!("{}/files", path(&it))).await.body;
    assert_eq!((&named[0]["id"], &named[0]["name"]), (&json!(file), &json!("proof.txt")), "{named}");
}

/// a pack is installed by hand and from the command line, as often as one likes; what somebody changed or deleted
/// stays so; removing takes away only what nobody uses.
#[tokio::test]
async fn q_18_a_pack_never_overwrites_what_somebody_changed() {
    let (server, admin) = Server::set_up().await;
    let states = |body: &Value| -> Vec<String> {
        body.as_array().unwrap().iter().map(|it| it["state"].as_str().unwrap().to_owned()).collect()
    };
    let look = admin.get("/packs/property").await.body;
    assert_eq!(states(&look), ["new"; 10]);
    let printed = run(&server.data, &["pack", "install", "property"], &[]);
    assert!(printed.status.success(), "{printed:?}");
    assert_eq!(states(&admin.get("/packs/property").await.body), ["same"; 10]);
    let count = || async {
        admin.get("/records/ticket_type?limit=100").await.body["items"].as_array().unwrap().len()
    };
    assert_eq!(count().await, 6);
    let again = admin.post("/packs/property/install", json!({})).await.body;
    assert_eq!(
        (states(&again), count().await),
        (vec!["same".to_owned(); 10], 6),
        "the second time changes nothing"
    );

    let repair = format!("/records/ticket_type/{}", kind(&admin, "BX").await);
    let mut record = admin.get(&repair).await.body["record"].clone();
    record["name"]["zh"] = "上门报修".into();
    assert!(admin.clone().with("if-match", "\"1\"").put(&repair, record).await.status.is_success());
    let renovation = format!("/records/ticket_type/{}", kind(&admin, "ZX").await);
    assert!(admin.clone().with("if-match", "\"1\"").delete(&renovation).await.status.is_success());
    ticket(&admin, &kind(&admin, "ZG").await, json!({ "values": { "place": "3 号楼", "defect": "灯坏" } }))
        .await;
    let again = admin.post("/packs/property/install", json!({})).await.body;
    assert_eq!(
        states(&again),
        ["edited", "same", "deleted", "same", "same", "same", "same", "same", "same", "same"],
        "{again}"
    );
    assert_eq!(admin.get(&repair).await.body["record"]["name"]["zh"], "上门报修");
    let gone = admin.post("/packs/property/remove", json!({})).await.body;
    assert_eq!(
        states(&gone),
        [
            "edited", "removed", "deleted", "blocked", "removed", "removed", "removed", "removed", "removed",
            "removed"
        ],
        "{gone}"
    );
    assert_eq!(count().await, 2);
    let printed = run(&server.data, &["pack", "install", "none"], &[]);
    assert!(!printed.status.success());
}
