//! Running tickets go over to the newly published version of their kind (SYS-21): by a mapping that is looked at and
//! tried first, over a restart, and with the former version in each ticket's story.

use crate::office::{hire, make};
use crate::support::{Folder, Person, Server};
use reqwest::StatusCode;
use serde_json::{Value, json};

fn fine(answer: crate::support::Answer) -> Value {
    assert!(answer.status.is_success(), "{} {}", answer.status, answer.text);
    answer.body
}

fn kind(states: Value, fields: Value, moves: Value) -> Value {
    let named = |all: Value, name: &str| {
        let items = all.as_array().unwrap().iter().map(|it| {
            let mut part = json!({ "key": it[0], name: { "zh": it[1], "en": "" } });
            part.as_object_mut().unwrap().extend(it[2].as_object().unwrap().clone());
            part
        });
        items.collect::<Vec<_>>()
    };
    json!({
        "kind": "ticket_type", "name": { "zh": "报修", "en": "Repair" }, "prefix": "BX",
        "states": named(states, "name"), "fields": named(fields, "label"), "moves": named(moves, "name"),
    })
}

async fn open(admin: &Person, of: &Value, count: usize) -> Vec<String> {
    let mut all = vec![];
    for n in 0..count {
        let body =
            json!({ "of": of, "title": format!("漏水 {n}"), "values": { "what": format!("第{n}处") } });
        all.push(fine(admin.post("/tickets", body).await)["id"].as_str().unwrap().to_owned());
    }
    all
}

/// SYS-21: states and fields that stayed, were renamed and are gone; what it would do is counted before it is done.
#[tokio::test]
async fn sys_21_running_tickets_go_over_to_a_new_version_by_a_shown_mapping() {
    let folder = Folder::new();
    let (server, admin) = Server::set_up_in(&folder.0, &[]).await;
    let first = kind(
        json!([["new", "新建", { "phase": "open" }], ["look", "查看", { "phase": "open" }], ["wait", "待件", { "phase": "open" }],
            ["done", "完成", { "phase": "closed" }]]),
        json!([["what", "问题", { "shape": "line", "required": true }], ["floor", "楼层", { "shape": "line" }]]),
        json!([["look", "查看", { "from": ["new"], "to": "look" }], ["wait", "待件", { "from": ["look"], "to": "wait" }],
            ["end", "完成", { "from": ["new", "look", "wait"], "to": "done" }]]),
    );
    let made = make(&admin, "ticket_type", first).await.body;
    let of = made["id"].clone();
    let at = format!("/ticket-types/{}/migration", of.as_str().unwrap());
    let all = open(&admin, &of, 230).await;
    let act = async |id: &str, way: &str, values: Value| {
        let move_ = json!({ "act": "move", "way": way, "values": values });
        fine(admin.post(&format!("/tickets/{id}/acts"), move_).await)
    };
    act(&all[0], "look", json!({ "floor": "3" })).await;
    act(&all[1], "look", json!({})).await;
    act(&all[1], "wait", json!({})).await;
    act(&all[2], "end", json!({})).await;
    let second = kind(
        json!([["new", "新建", { "phase": "open" }], ["survey", "查看", { "phase": "open" }], ["done", "完成", { "phase": "closed" }]]),
        json!([["matter", "问题", { "shape": "line", "required": true }], ["price", "价格", { "shape": "money", "required": true }]]),
        json!([["survey", "查看", { "from": ["new"], "to": "survey" }],
            ["end", "完成", { "from": ["new", "survey"], "to": "done", "needs": ["price"] }]]),
    );
    let path = format!("/records/ticket_type/{}", of.as_str().unwrap());
    fine(admin.clone().with("if-match", "\"1\"").put(&path, second).await);
    let state = async |id: &str| fine(admin.get(&format!("/tickets/{id}")).await).clone();
    assert_eq!(state(&all[0]).await["of_version"], 1, "it runs on as it began");

    let (agent, _) = hire(&server, &admin, "li", "R-03").await;
    assert_eq!(agent.get(&at).await.status, StatusCode::FORBIDDEN);
    let now = fine(admin.get(&at).await);
    assert_eq!((&now["latest"], &now["versions"]), (&json!(2), &json!([{ "version": 1, "running": 229 }])));
    let look = fine(admin.get(&format!("{at}/look?from=1")).await);
    assert_eq!(
        look["mapping"]["states"],
        json!({ "new": "new", "look": "survey", "wait": "", "done": "done" })
    );
    assert_eq!(look["mapping"]["fields"], json!({ "what": "matter", "floor": "" }));
    assert_eq!(look["running"], json!({ "new": 227, "look": 1, "wait": 1 }));
    let mut body = json!({ "from": 1, "mapping": look["mapping"] });
    let refused = admin.post(&format!("{at}/trial"), body.clone()).await;
    assert_eq!(refused.body["fields"][0]["field"], "states.wait", "{}", refused.text);
    body["mapping"]["states"]["wait"] = "survey".into();
    let tried = fine(admin.post(&format!("{at}/trial"), body.clone()).await);
    assert_eq!(
        tried,
        json!({ "total": 229, "states": { "new": 227, "survey": 2 }, "lacking": 229, "closed": 0 })
    );
    assert_eq!(state(&all[0]).await["of_version"], 1, "it was only tried");

    fine(admin.post(&at, body.clone()).await);
    // The process gets no chance to tidy up; the next one goes on where it was.
    drop(server);
    let server = Server::start_in(&folder.0, &[]).await;
    let admin = server.sign_in("admin").await;
    let done = admin.eventually(&at, |it| it["run"]["ended_at"].is_i64()).await;
    assert_eq!(
        (&done["run"]["passed"], &done["run"]["total"]),
        (&json!(229), &json!(229)),
        "each went over once"
    );
    assert_eq!(done["versions"], json!([{ "version": 2, "running": 229 }]));
    let it = fine(admin.get(&format!("/tickets/{}", all[0])).await).clone();
    assert_eq!((&it["state"], &it["of_version"], &it["version"]), (&json!("survey"), &json!(2), &json!(3)));
    assert_eq!(it["values"], json!({ "matter": "第0处", "floor": "3" }), "nothing is lost");
    let closed = fine(admin.get(&format!("/tickets/{}", all[2])).await).clone();
    assert_eq!(
        (&closed["state"], &closed["of_version"]),
        (&json!("done"), &json!(1)),
        "what ended stays as it was"
    );
    let story = fine(admin.get(&format!("/tickets/{}/history", all[0])).await);
    let gone =
        story["items"].as_array().unwrap().iter().find(|it| it["kind"] == "ticket_migrated").unwrap().clone();
    assert!(gone.to_string().contains("\"before_kind\":1"), "{gone}");
    // It goes on by the new rules.
    let end = json!({ "act": "move", "way": "end", "values": {} });
    let refused = admin.post(&format!("/tickets/{}/acts", all[0]), end).await;
    assert_eq!(refused.body["fields"][0]["field"], "values.price", "{}", refused.text);
    let found =
        fine(admin.get(&format!("/tickets?of={}&field=matter&value=第0处", of.as_str().unwrap())).await);
    assert_eq!(found["items"].as_array().unwrap().len(), 1, "and is found by its new fields: {found}");
    let again = admin.post(&at, body).await;
    assert_eq!(again.status, StatusCode::OK, "nobody is left to go over: {}", again.text);
}
