//! Writing first (SYS-01, SYS-10): composing by any door, opting out, one text to many, and what colleagues take down.

use crate::line::work;
use crate::office::{first, hire, make};
use crate::support::{Person, Server};
use crate::webhooks::{OPEN, Receiver};
use reqwest::StatusCode;
use serde_json::{Value, json};

/// An SMS channel whose provider is the receiver, with rules.
pub async fn sms(admin: &Person, rules: Value) -> (Receiver, String, String) {
    let (provider, url) = Receiver::new().await;
    let setup = json!({
        "type": "sms_http", "url": url, "rules": rules,
        "body": "{\"mobile\":{to:json},\"content\":{text:json}}",
        "ok_at": "code", "ok_is": "0", "id_at": "mid", "error_at": "msg",
        "in_from": "mobile", "in_text": "content", "in_id": "id",
        "receipt_id": "mid", "receipt_state": "stat", "delivered_states": ["DELIVRD"],
    });
    let queue = first(admin, "queue").await;
    let channel =
        json!({ "name": { "zh": "短信", "en": "" }, "enabled": true, "queue": queue, "setup": setup });
    let id = make(admin, "channel", channel).await.body["id"].as_str().unwrap().to_owned();
    let channels = admin.get("/channels").await;
    let callback = channels.body[0]["callback"].as_str().unwrap().strip_prefix("/api/v1").unwrap().to_owned();
    (provider, id, callback)
}

pub fn open_hours() -> Value {
    json!({ "signature": "应答", "quiet_from": 0, "quiet_until": 0, "per_number_a_day": 1 })
}

async fn customer(admin: &Person, name: &str, phone: &str) -> String {
    let made = admin.post("/customers", json!({ "name": name, "phone": phone })).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.body["id"].as_str().unwrap().to_owned()
}

/// SYS-01: an agent writes to a customer from their page, without typing the number; the answer comes back to them.
#[tokio::test]
async fn sys_01_an_agent_writes_first_and_the_answer_comes_back_to_them() {
    let (server, admin) = Server::set_up_with(&OPEN).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let (provider, channel, callback) = sms(&admin, open_hours()).await;
    let who = customer(&admin, "王芳", "138-0013-8000").await;
    let reach = agent.get(&format!("/customers/{who}/reach")).await;
    assert_eq!(reach.body.as_array().unwrap().len(), 1, "{}", reach.text);
    assert_eq!(reach.body[0]["opted_out"], false);
    let message = json!({ "channel": channel, "customer": who, "type": "text", "text": "您的快递到了。" });
    let sent = agent.clone().with("idempotency-key", "k1").post("/compose", message.clone()).await;
    assert_eq!(sent.status, StatusCode::CREATED, "{}", sent.text);
    let conversation = sent.body["conversation"].clone();
    let left = provider.answer(200, r#"{"code":0,"mid":"x1"}"#).await.json();
    assert_eq!(
        (&left["mobile"], &left["content"]),
        (&json!("13800138000"), &json!("【应答】您的快递到了。"))
    );
    let again = agent.clone().with("idempotency-key", "k1").post("/compose", message).await;
    assert_eq!(again.body["conversation"], conversation, "the same request again is the same message");
    let answer = json!({ "id": "m1", "mobile": "13800138000", "content": "好的谢谢" });
    assert_eq!(server.nobody().post(&callback, answer).await.status, StatusCode::OK);
    let heard = desk.until("the answer", |frame| frame["text"] == "好的谢谢").await;
    assert_eq!(heard["on"]["conversation"], conversation);
    let timeline = agent.get(&format!("/customers/{who}/conversations")).await;
    assert_eq!(timeline.body["items"][0]["medium"], "sms", "{}", timeline.text);
    let nowhere = json!({ "channel": channel, "to": "abc", "type": "text", "text": "x" });
    assert_eq!(agent.post("/compose", nowhere).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

/// SYS-10: whoever answers with a stop word gets nothing that they did not ask for.
#[tokio::test]
async fn sys_10_who_opted_out_is_not_written_to() {
    let (server, admin) = Server::set_up_with(&OPEN).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let (provider, channel, callback) = sms(&admin, open_hours()).await;
    let receivers = json!([
        { "to": "13800000001", "values": { "name": "甲" } },
        { "to": "+86 138 0000 0001", "values": { "name": "甲" } },
        { "to": "13800000002", "values": { "name": "乙" } },
    ]);
    let batch = json!({ "channel": channel, "name": "双十一", "text": "{name}您好，退订回T", "receivers": receivers });
    let stop = json!({ "id": "s1", "mobile": "13800000002", "content": "退订" });
    assert_eq!(server.nobody().post(&callback, stop).await.status, StatusCode::OK);
    desk.event("assigned").await;
    let made = admin.clone().with("idempotency-key", "b1").post("/batches", batch.clone()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let again = admin.clone().with("idempotency-key", "b1").post("/batches", batch.clone()).await;
    assert_eq!(again.body["id"], made.body["id"], "a repeated request is the same batch");
    let left = provider.answer(200, r#"{"code":0,"mid":"b1"}"#).await.json();
    assert_eq!(
        (&left["mobile"], &left["content"]),
        (&json!("13800000001"), &json!("【应答】甲您好，退订回T"))
    );
    let receipt = json!({ "mid": "b1", "stat": "DELIVRD" });
    assert_eq!(server.nobody().post(&callback, receipt).await.status, StatusCode::OK);
    // More than one a day is too much for one number.
    let second = admin.post("/batches", batch).await.body["id"].as_str().unwrap().to_owned();
    let path = format!("/batches/{second}/messages?state=failed");
    let failed =
        admin.eventually(&path, |body| body["items"].as_array().is_some_and(|it| it.len() == 2)).await;
    let mut reasons: Vec<&str> =
        failed["items"].as_array().unwrap().iter().map(|it| it["last_error"].as_str().unwrap()).collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["the customer opted out", "the number got 1 messages within a day"]);
    let first = format!("/batches/{}", made.body["id"].as_str().unwrap());
    let done = admin.eventually(&first, |body| body["states"]["delivered"] == 1).await;
    assert_eq!(done["states"], json!({ "delivered": 1, "failed": 1 }));
    let who = customer(&admin, "乙", "13800000002").await;
    assert_eq!(agent.get(&format!("/customers/{who}/reach")).await.body[0]["opted_out"], true);
    let other = customer(&admin, "丙", "13800000003").await;
    let out = json!({ "medium": "sms", "out": true });
    assert_eq!(admin.put(&format!("/customers/{other}/opt-out"), out).await.status, StatusCode::NO_CONTENT);
    let message = json!({ "channel": channel, "customer": other, "type": "text", "text": "您好" });
    let refused = agent.post("/compose", message.clone()).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::CONFLICT, "opted_out"));
    let back = json!({ "medium": "sms", "out": false });
    assert_eq!(admin.put(&format!("/customers/{other}/opt-out"), back).await.status, StatusCode::NO_CONTENT);
    assert_eq!(agent.post("/compose", message).await.status, StatusCode::CREATED);
}

/// SYS-23: many deliveries at once leave room for everybody else at the store, and all of them arrive.
#[tokio::test]
async fn sys_23_a_large_batch_leaves_room_for_others() {
    const MANY: usize = 400;
    let (_server, admin) = Server::set_up_with(&OPEN).await;
    let (provider, channel, callback) = sms(&admin, open_hours()).await;
    let receivers: Vec<Value> = (0..MANY).map(|n| json!({ "to": format!("1390000{n:04}") })).collect();
    let batch = json!({ "channel": channel, "name": "很多", "text": "您好", "receivers": receivers });
    let id = admin.post("/batches", batch).await.body["id"].as_str().unwrap().to_owned();
    for n in 0..MANY {
        provider.answer(200, &json!({ "code": 0, "mid": format!("r{n}") }).to_string()).await;
        if n % 50 == 49 {
            // Receipts for all so far come while the rest is on its way.
            let receipts: Vec<Value> =
                (n - 49..=n).map(|n| json!({ "mid": format!("r{n}"), "stat": "DELIVRD" })).collect();
            assert_eq!(admin.post(&callback, json!(receipts)).await.status, StatusCode::OK);
        }
    }
    let path = format!("/batches/{id}");
    admin.eventually(&path, |body| body["states"] == json!({ "delivered": MANY })).await;
}

/// SYS-10: in quiet hours batches rest, and what rests can be stopped.
#[tokio::test]
async fn sys_10_batches_rest_in_quiet_hours_and_can_be_stopped() {
    let (_server, admin) = Server::set_up_with(&OPEN).await;
    let (_provider, channel, _) = sms(&admin, json!({ "quiet_from": 0, "quiet_until": 1440 })).await;
    let receivers = json!([{ "to": "13800000001" }, { "to": "13800000002" }]);
    let batch = json!({ "channel": channel, "name": "夜里", "text": "您好", "receivers": receivers });
    let id = admin.post("/batches", batch).await.body["id"].as_str().unwrap().to_owned();
    let path = format!("/batches/{id}/messages");
    let rests = |body: &Value| {
        let items = body["items"].as_array().cloned().unwrap_or_default();
        items.len() == 2
            && items.iter().all(|it| it["last_error"] == "quiet hours" && it["state"] == "waiting")
    };
    let waiting = admin.eventually(&path, rests).await;
    assert_eq!(waiting["items"][0]["attempts"], 0, "resting is no try");
    let stopped = admin.post(&format!("/batches/{id}/cancel"), json!({})).await;
    assert_eq!(stopped.body["states"], json!({ "cancelled": 2 }));
    let wrong = json!({ "channel": channel, "name": "", "text": "", "receivers": [{ "to": "1" }] });
    let refused = admin.post("/batches", wrong).await;
    assert_eq!(refused.body["fields"].as_array().unwrap().len(), 3, "{}", refused.text);
}

/// SYS-01c, SYS-01j: a letter and a visit get serial numbers, wait in the queue, and stand on the customer's timeline.
#[tokio::test]
async fn sys_01c_letters_and_visits_are_contacts_like_others() {
    let (server, admin) = Server::set_up().await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let queue = first(&admin, "queue").await;
    let mut serials = vec![];
    for (kind, medium) in [("letter", "letter"), ("walkin", "walkin")] {
        let setup = json!({ "type": kind });
        let channel =
            json!({ "name": { "zh": kind, "en": "" }, "enabled": true, "queue": queue, "setup": setup });
        let channel = make(&admin, "channel", channel).await.body["id"].as_str().unwrap().to_owned();
        let path = format!("/channels/{channel}/arrivals");
        let mut conversation = Value::Null;
        let arrival = json!({ "name": "赵敏", "phone": "13900001111", "text": "要求开具发票" });
        for n in 1..=2 {
            let made = agent.post(&path, arrival.clone()).await;
            assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
            let serial = made.body["serial"].as_str().unwrap().to_owned();
            assert!(serial.ends_with(&format!("-000{n}")), "{serial}");
            if n == 1 {
                conversation = desk.event("assigned").await["on"]["conversation"].clone();
            } else {
                let said = format!("[{serial}] 要求开具发票");
                let heard = desk.until("the arrival", |frame| frame["text"] == said.as_str()).await;
                assert_eq!(heard["on"]["conversation"], conversation, "the same person again");
            }
            serials.push(serial);
        }
        // A visit takes a person whole: the letter has to be done first.
        for (n, act) in [(1, "close"), (2, "end_wrap_up")] {
            desk.say(json!({ "t": "do", "conversation": conversation, "n": n, "do": act })).await;
        }
        let conversations = agent.get("/conversations?limit=10").await;
        assert!(conversations.text.contains(&format!("\"medium\":\"{medium}\"")), "{}", conversations.text);
        let empty = agent.post(&path, json!({ "name": "", "text": "" })).await;
        assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    serials.dedup();
    assert_eq!(serials.len(), 4, "{serials:?}");
    let found = admin.get("/customers?q=13900001111").await;
    assert_eq!(found.body["items"].as_array().unwrap().len(), 1, "one person: {}", found.text);
}
