//! Segments of customers (B-37): sorted by conditions, on demand and when a condition changes, and found by; and the
//! timeline, where everything about a customer stands.

use crate::office::{first, make, program, set_up_customers};
use crate::support::{Folder, Person, Server};
use reqwest::StatusCode;
use serde_json::{Value, json};

async fn customer(admin: &Person, values: Value) -> String {
    let made = admin.post("/customers", values).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.body["id"].as_str().unwrap().to_owned()
}

fn named(zh: &str, conditions: Value) -> Value {
    json!({ "kind": "segment", "name": { "zh": zh, "en": zh }, "conditions": conditions })
}

/// Waits until so many belong to it.
async fn members(admin: &Person, segment: &str, count: u64) -> Vec<String> {
    let counted = |body: &Value| body["counts"][segment].as_u64().unwrap_or(0) == count;
    admin.eventually("/segments", |body| counted(body) && body["run"]["ended_at"].is_i64()).await;
    let found = admin.get(&format!("/customers?segment={segment}")).await;
    let found = found.body["items"].as_array().unwrap().clone();
    found.iter().map(|it| it["customer"]["name"].as_str().unwrap().to_owned()).collect()
}

/// B-37: who complains often is sorted by what they did, who is important by their card; the counts are right after a
/// change of the condition, after a change of the card on demand, and over a restart.
#[tokio::test]
async fn b_37_customers_are_sorted_into_segments_by_rules() {
    let folder = Folder::new();
    let (server, admin) = Server::set_up_in(&folder.0, &[]).await;
    let tier = json!({ "key": "gold", "label": { "zh": "金卡", "en": "Gold" } });
    set_up_customers(&admin, json!({ "tiers": [tier] })).await;
    let kind = |zh: &str, prefix: &str| {
        let state =
            |key: &str, phase: &str| json!({ "key": key, "name": { "zh": key, "en": key }, "phase": phase });
        json!({
            "kind": "ticket_type", "name": { "zh": zh, "en": zh }, "prefix": prefix,
            "states": [state("new", "open"), state("done", "closed")],
            "moves": [{ "key": "end", "name": { "zh": "完", "en": "End" }, "from": ["new"], "to": "done" }],
        })
    };
    let complaint = make(&admin, "ticket_type", kind("投诉单", "TS")).await.body["id"].clone();
    let other = make(&admin, "ticket_type", kind("咨询单", "ZX")).await.body["id"].clone();
    let wang = customer(&admin, json!({ "name": "王芳", "tier": "gold" })).await;
    let li = customer(&admin, json!({ "name": "李雷" })).await;
    customer(&admin, json!({ "name": "赵静", "tier": "gold" })).await;
    for (of, customer) in [(&complaint, &wang), (&complaint, &wang), (&complaint, &li), (&other, &li)] {
        let opened =
            admin.post("/tickets", json!({ "of": of, "title": "杯子碎了", "customer": customer })).await;
        assert_eq!(opened.status, StatusCode::CREATED, "{}", opened.text);
    }
    let often = json!([{ "what": "tickets", "of": complaint, "days": 30, "test": "above", "values": ["1"] }]);
    let often =
        make(&admin, "segment", named("投诉频繁", often)).await.body["id"].as_str().unwrap().to_owned();
    assert_eq!(members(&admin, &often, 1).await, ["王芳"]);
    let gold = json!([{ "what": "tier", "test": "is", "values": ["gold"] }]);
    let gold = make(&admin, "segment", named("金卡客户", gold)).await.body["id"].as_str().unwrap().to_owned();
    assert_eq!(members(&admin, &gold, 2).await, ["王芳", "赵静"]);
    let card = admin.get(&format!("/customers/{wang}")).await.body;
    assert_eq!(card["segments"], json!([often, gold]));

    let silent = json!([{ "what": "silent", "test": "above", "values": ["90"] }]);
    let silent =
        make(&admin, "segment", named("沉默客户", silent)).await.body["id"].as_str().unwrap().to_owned();
    assert!(members(&admin, &silent, 0).await.is_empty(), "all are known since a moment ago");

    // A card that changed is sorted on demand; its new name does not lose the place.
    let at = format!("/customers/{li}");
    let changed = json!({ "name": "李磊", "tier": "gold" });
    let changed = admin.clone().with("if-match", "\"1\"").put(&at, changed).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    assert_eq!(admin.post("/segments/update", json!({})).await.status, StatusCode::ACCEPTED);
    assert_eq!(members(&admin, &gold, 3).await, ["李磊", "王芳", "赵静"]);
    let renamed = json!({ "name": "安磊", "tier": "gold" });
    let renamed = admin.clone().with("if-match", "\"2\"").put(&at, renamed).await;
    assert_eq!(renamed.status, StatusCode::OK, "{}", renamed.text);
    assert_eq!(members(&admin, &gold, 3).await, ["安磊", "王芳", "赵静"]);

    // A card that changed is sorted at night as well, and so it is after nights in which nobody ran.
    let plain = admin.clone().with("if-match", "\"3\"").put(&at, json!({ "name": "安磊" })).await;
    assert_eq!(plain.status, StatusCode::OK, "{}", plain.text);
    server.stop();
    let store = rusqlite::Connection::open(folder.0.join("yingda.db")).unwrap();
    let days_ago =
        "UPDATE segment_run SET started_at = started_at - 172800000, asked_at = started_at - 172800001";
    assert_eq!(store.execute(days_ago, []).unwrap(), 1);
    store
        .execute("UPDATE record SET updated_at = updated_at - 259200000 WHERE kind = 'segment'", [])
        .unwrap();
    drop(store);
    let server = Server::start_in(&folder.0, &[]).await;
    let admin = server.sign_in("admin").await;
    assert_eq!(members(&admin, &gold, 2).await, ["王芳", "赵静"]);
    // A segment that goes leaves nobody in it.
    let stored = admin.get(&format!("/records/segment/{often}")).await;
    let gone = admin
        .clone()
        .with("if-match", stored.header("etag"))
        .delete(&format!("/records/segment/{often}"))
        .await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.text);
    admin.eventually(&format!("/customers/{wang}"), |body| body["segments"] == json!([gold])).await;
}

/// B-37: what cannot be asked is refused where it stands, and nobody finds out by a segment what they may not see.
#[tokio::test]
async fn b_37_a_wrong_condition_is_named() {
    let (_server, admin) = Server::set_up().await;
    let secret = json!({ "key": "illness", "label": { "zh": "病史", "en": "Illness" }, "shape": "line", "sensitive": true });
    set_up_customers(&admin, json!({ "fields": [secret] })).await;
    for (condition, field) in [
        (json!({ "what": "tickets", "days": 0, "test": "above", "values": ["1"] }), "conditions.0.days"),
        (json!({ "what": "silent", "test": "is", "values": ["90"] }), "conditions.0.test"),
        (json!({ "what": "state", "test": "is", "values": ["new"] }), "conditions.0.what"),
        (json!({ "what": "tier", "test": "is", "values": ["nothing"] }), "conditions.0.values.0"),
        (
            json!({ "what": "card_field", "field": "illness", "test": "is", "values": ["flu"] }),
            "conditions.0.field",
        ),
    ] {
        let refused = admin.post("/records/segment", named("分群", json!([condition]))).await;
        let fields: Vec<&str> =
            refused.body["fields"].as_array().unwrap().iter().filter_map(|it| it["field"].as_str()).collect();
        assert!(fields.contains(&field), "{condition}: {}", refused.text);
    }
}

/// SYS-01: conversations, tickets, promises and the card itself stand in one order, and page by page nothing is lost.
#[tokio::test]
async fn sys_01_a_timeline_holds_everything_about_a_customer() {
    let (server, admin) = Server::set_up().await;
    let robot = program(&server, &admin, &["conversation_serve", "conversation_read", "customer_read"]).await;
    let queue = first(&admin, "queue").await;
    let wang = customer(&admin, json!({ "name": "王芳", "phone": "13800001111" })).await;
    let talk =
        robot.post("/conversations", json!({ "queue": queue, "customer": wang, "text": "杯子碎了" })).await;
    assert_eq!(talk.status, StatusCode::CREATED, "{}", talk.text);
    let due = crate::support::now() + 600_000;
    let promise = json!({ "customer": wang, "text": "下午回电", "due_at": due });
    assert_eq!(admin.post("/promises", promise).await.status, StatusCode::CREATED);
    let lead = json!({ "phone": "13800001111", "message": "想买杯子" });
    assert_eq!(admin.post("/leads", lead).await.status, StatusCode::CREATED);
    let at = format!("/customers/{wang}/timeline");
    let kinds = |body: &Value| -> Vec<String> {
        body["items"].as_array().unwrap().iter().map(|it| it["kind"].as_str().unwrap().to_owned()).collect()
    };
    let whole = admin.get(&at).await.body;
    assert_eq!(kinds(&whole), ["lead", "promise", "conversation", "card"], "the newest first");
    assert_eq!(whole["items"][0]["text"], "想买杯子", "the number showed whose lead it is");
    assert_eq!(whole["items"][2]["text"], "杯子碎了");
    let mut paged = vec![];
    let mut next = String::new();
    loop {
        let page = admin.get(&format!("{at}?limit=1{next}")).await.body;
        paged.extend(kinds(&page));
        let Some(cursor) = page["next"].as_str() else { break };
        next = format!("&cursor={cursor}");
    }
    assert_eq!(paged, kinds(&whole));
    assert_eq!(kinds(&admin.get(&format!("{at}?kind=promise")).await.body), ["promise"]);
    // Who may not read conversations of others sees none of them here.
    let seller = crate::office::hire(&server, &admin, "sales", "R-06").await.0;
    assert_eq!(kinds(&seller.get(&at).await.body), ["lead", "card"]);
}
