//! The gateway (SYS-01, SYS-23, SYS-24): what comes in by a channel is one effect however often it comes, replies leave
//! by the door they belong to, in order, and wait for a target that is down.

use crate::line::{Line, post, work};
use crate::office::{first, hire, make};
use crate::support::{Answer, Person, Server, now};
use crate::webhooks::{OPEN, Receiver};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sha2::Sha256;

/// A platform's account: its channel, its key, and where it takes replies.
struct Platform {
    id: String,
    key: String,
    replies: Receiver,
}

async fn platform(admin: &Person, name: &str) -> Platform {
    let (replies, url) = Receiver::new().await;
    let queue = first(admin, "queue").await;
    let setup = json!({ "type": "platform", "url": url });
    let channel =
        json!({ "name": { "zh": name, "en": name }, "enabled": true, "queue": queue, "setup": setup });
    let made = make(admin, "channel", channel).await;
    let text = |key: &str| made.body[key].as_str().unwrap().to_owned();
    Platform { id: text("id"), key: text("secret"), replies }
}

impl Platform {
    /// The queue's greeting goes out like any words of ours.
    async fn greeted(&self) {
        assert_eq!(self.replies.take(200).await.json()["text"], "您好，请问有什么可以帮您？");
    }
}

fn signed(key: &str, at: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(format!("{at}.{body}").as_bytes());
    format!("t={at},v1={}", hex::encode(mac.finalize().into_bytes()))
}

/// The platform calls us.
async fn call(server: &Server, platform: &Platform, body: &Value) -> Answer {
    let body = body.to_string();
    let signature = signed(&platform.key, now(), &body);
    let caller = server.nobody().with("x-yingda-signature", &signature);
    caller.ask(reqwest::Method::POST, &format!("/hooks/{}", platform.id), Some(body)).await
}

fn said(id: &str, from: &str, text: &str) -> Value {
    json!({ "message": { "id": id, "from": { "id": from, "name": "小王" }, "text": text } })
}

async fn told(desk: &mut Line, state: &str) -> Value {
    desk.until(state, |frame| frame["kind"] == "message_delivered" && frame["state"] == state).await
}

/// SYS-01i: two accounts side by side; each reply goes to the account that the customer wrote to.
#[tokio::test]
async fn sys_01i_platforms_stand_side_by_side_and_replies_find_theirs() {
    let (server, admin) = Server::set_up_with(&OPEN).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let (a, b) = (platform(&admin, "店铺甲").await, platform(&admin, "店铺乙").await);
    assert_eq!(call(&server, &a, &said("1", "u7", "甲店的衣服几天到？")).await.status, StatusCode::OK);
    let first = desk.event("assigned").await["on"]["conversation"].clone();
    assert_eq!(call(&server, &b, &said("1", "u7", "乙店的呢？")).await.status, StatusCode::OK);
    let second = desk.event("assigned").await["on"]["conversation"].clone();
    assert_ne!(first, second, "the same name on another platform is another person");
    a.greeted().await;
    b.greeted().await;
    desk.say(post(&second, 1, "乙店两天。")).await;
    let reply = b.replies.answer(200, r#"{"id":"b-9"}"#).await;
    assert!(reply.is_signed_with(&b.key));
    assert_eq!((&reply.json()["text"], &reply.json()["to"]), (&json!("乙店两天。"), &json!("u7")));
    told(&mut desk, "sent").await;
    // The platform tells by its own name that the customer has it.
    let receipt = json!({ "receipt": { "id": "b-9", "state": "delivered" } });
    assert_eq!(call(&server, &b, &receipt).await.status, StatusCode::OK);
    let delivered = told(&mut desk, "delivered").await;
    assert_eq!(delivered["on"]["conversation"], second);
    desk.say(post(&first, 1, "甲店三天。")).await;
    assert_eq!(a.replies.take(200).await.json()["text"], "甲店三天。");
}

/// SYS-24: the same message twice is one effect; a forged, old or senseless one has none.
#[tokio::test]
async fn sys_24_a_repeated_callback_has_one_effect_and_a_forged_one_none() {
    let (server, admin) = Server::set_up_with(&OPEN).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let shop = platform(&admin, "店铺").await;
    let body = said("1", "u1", "在吗").to_string();
    let hook = format!("/hooks/{}", shop.id);
    for signature in
        ["", "t=1,v1=00", &signed("other", now(), &body), &signed(&shop.key, now() - 600_000, &body)]
    {
        let caller = server.nobody().with("x-yingda-signature", signature);
        let answer = caller.ask(reqwest::Method::POST, &hook, Some(body.clone())).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::UNAUTHORIZED, "bad_signature"));
    }
    assert_eq!(call(&server, &shop, &json!({ "hello": 1 })).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(call(&server, &shop, &said("", "u1", "x")).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    for _ in 0..3 {
        assert_eq!(call(&server, &shop, &said("1", "u1", "在吗")).await.status, StatusCode::OK);
    }
    let conversation = desk.event("assigned").await["on"]["conversation"].clone();
    for n in 2..=6 {
        call(&server, &shop, &said(&n.to_string(), "u1", &format!("第{n}句"))).await;
        call(&server, &shop, &said(&n.to_string(), "u1", &format!("第{n}句"))).await;
    }
    desk.until("the last words", |frame| frame["text"] == "第6句").await;
    let whole =
        agent.get(&format!("/conversations/{}/events?limit=200", conversation.as_str().unwrap())).await;
    let texts: Vec<&str> = whole.body["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["kind"] == "message_posted" && event["by"]["type"] == "visitor")
        .map(|event| event["text"].as_str().unwrap())
        .collect();
    assert_eq!(texts, ["在吗", "第2句", "第3句", "第4句", "第5句", "第6句"]);
}

/// SYS-23: a platform that is down holds up its own replies only, and gets them in order when it is back.
#[tokio::test]
async fn sys_23_a_target_that_is_down_delays_only_its_own_and_loses_nothing() {
    let (server, admin) = Server::set_up_with(&OPEN).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let (down, well) = (platform(&admin, "坏的").await, platform(&admin, "好的").await);
    call(&server, &down, &said("1", "u1", "一")).await;
    let first = desk.event("assigned").await["on"]["conversation"].clone();
    call(&server, &well, &said("1", "u2", "二")).await;
    let second = desk.event("assigned").await["on"]["conversation"].clone();
    down.greeted().await;
    well.greeted().await;
    desk.say(post(&first, 1, "答一")).await;
    desk.say(post(&first, 2, "答二")).await;
    assert_eq!(down.replies.take(503).await.json()["text"], "答一");
    desk.say(post(&second, 1, "好的")).await;
    assert_eq!(well.replies.take(200).await.json()["text"], "好的", "others do not wait");
    assert_eq!(down.replies.take(200).await.json()["text"], "答一", "nothing overtakes");
    assert_eq!(down.replies.take(200).await.json()["text"], "答二");
    // What is refused for good is shown, and goes once more when somebody says so.
    desk.say(post(&first, 3, "答三")).await;
    assert_eq!(down.replies.answer(400, "地址已注销").await.json()["text"], "答三");
    let failed = told(&mut desk, "failed").await;
    assert!(failed["reason"].as_str().unwrap().contains("地址已注销"), "{failed}");
    let list = admin.get(&format!("/channels/{}/outbox?state=failed", down.id)).await;
    let row = list.body["items"][0]["id"].as_str().unwrap().to_owned();
    let now = admin.get("/channels").await;
    let of = now.body.as_array().unwrap().iter().find(|it| it["id"] == down.id.as_str()).unwrap().clone();
    assert_eq!((&of["outbox"]["failed"], &of["outbox"]["done"]), (&json!(1), &json!(3)), "{of}");
    let again = admin.post(&format!("/outbox/{row}/replay"), json!({})).await;
    assert_eq!(again.status, StatusCode::ACCEPTED, "{}", again.text);
    assert_eq!(down.replies.take(200).await.json()["text"], "答三");
    told(&mut desk, "sent").await;
}

/// A reply may be taken back until it leaves, and the platform never hears of it. A deleted channel carries nothing, and
/// says so.
#[tokio::test]
async fn sys_24_a_reply_is_taken_back_before_it_leaves() {
    let (server, admin) = Server::set_up_with(&OPEN).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let shop = platform(&admin, "店铺").await;
    let path = format!("/records/channel/{}", shop.id);
    let stored = admin.get(&path).await;
    let mut record = stored.body["record"].clone();
    record["undo_s"] = 600.into();
    let slow = admin.clone().with("if-match", stored.header("etag")).put(&path, record).await;
    assert_eq!(slow.status, StatusCode::OK, "{}", slow.text);
    call(&server, &shop, &said("1", "u1", "在吗")).await;
    let conversation = desk.event("assigned").await["on"]["conversation"].clone();
    shop.greeted().await;
    desk.say(post(&conversation, 1, "写错了")).await;
    let wrong = desk.until("one's own words", |frame| frame["text"] == "写错了").await;
    let recall =
        json!({ "t": "do", "conversation": conversation, "n": 2, "do": "recall", "message": wrong["seq"] });
    desk.say(recall).await;
    desk.event("message_recalled").await;
    let list = admin.get(&format!("/channels/{}/outbox?state=cancelled", shop.id)).await;
    assert_eq!(list.body["items"].as_array().unwrap().len(), 1, "{}", list.text);
    assert_eq!(
        admin.clone().with("if-match", slow.header("etag")).delete(&path).await.status,
        StatusCode::NO_CONTENT
    );
    desk.say(post(&conversation, 3, "还在吗")).await;
    let failed = told(&mut desk, "failed").await;
    assert_eq!(failed["reason"], "the channel was deleted");
}

/// A provider is data: its request, its answer and its callbacks are described by the channel (SYS-10, SYS-01g).
#[tokio::test]
async fn sys_01g_an_sms_provider_is_data() {
    let (server, admin) = Server::set_up_with(&OPEN).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let (provider, url) = Receiver::new().await;
    let setup = json!({
        "type": "sms_http", "url": url, "rules": { "signature": "应答" },
        "body": "{\"mobile\":{to:json},\"content\":{text:json},\"sign\":\"{signature}\"}",
        "sign": "{to}{key}", "sign_with": "sha256", "ok_at": "code", "ok_is": "0", "id_at": "mid", "error_at": "msg",
        "in_from": "mobile", "in_text": "content", "in_id": "id",
        "receipt_id": "mid", "receipt_state": "stat", "delivered_states": ["DELIVRD"],
    });
    let queue = first(&admin, "queue").await;
    let channel =
        json!({ "name": { "zh": "短信", "en": "SMS" }, "enabled": true, "queue": queue, "setup": setup });
    let channel = make(&admin, "channel", channel).await.body["id"].as_str().unwrap().to_owned();
    let put = admin.put(&format!("/channels/{channel}/secrets"), json!({ "key": "k9" })).await;
    assert_eq!(put.status, StatusCode::NO_CONTENT, "{}", put.text);
    let wrong = admin.put(&format!("/channels/{channel}/secrets"), json!({ "password": "x" })).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let now = admin.get("/channels").await;
    assert_eq!(now.body[0]["secrets"], json!({ "key": true }));
    assert!(!now.text.contains("k9"), "a key is never shown");
    let callback = now.body[0]["callback"].as_str().unwrap().strip_prefix("/api/v1").unwrap().to_owned();
    let stranger = server.nobody().post(&format!("/hooks/{channel}"), json!({})).await;
    assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);
    let message = json!([{ "id": "m1", "mobile": "+86 138-0013-8000", "content": "我的订单到哪了" }]);
    assert_eq!(server.nobody().post(&callback, message).await.status, StatusCode::OK);
    let conversation = desk.event("assigned").await["on"]["conversation"].clone();
    desk.say(post(&conversation, 1, "已到杭州。")).await;
    let sent = provider.answer(200, r#"{"code":0,"mid":"x7"}"#).await.json();
    assert_eq!((&sent["mobile"], &sent["content"]), (&json!("13800138000"), &json!("【应答】已到杭州。")));
    // printf '13800138000k9' | sha256sum
    assert_eq!(sent["sign"], "c6da618c7acfa4b72fc12885ed428b54d89143e48ff144055c401b96f20ab75c");
    told(&mut desk, "sent").await;
    let receipt = json!({ "mid": "x7", "stat": "DELIVRD" });
    assert_eq!(server.nobody().post(&callback, receipt).await.status, StatusCode::OK);
    told(&mut desk, "delivered").await;
    // B-39: a number that a message does not reach is marked on the card.
    desk.say(post(&conversation, 2, "明天送到。")).await;
    provider.answer(200, r#"{"code":0,"mid":"x8"}"#).await;
    told(&mut desk, "sent").await;
    let receipt = json!({ "mid": "x8", "stat": "UNDELIV" });
    assert_eq!(server.nobody().post(&callback, receipt).await.status, StatusCode::OK);
    told(&mut desk, "failed").await;
    let marked = admin.get("/customers?suspect=true").await;
    assert_eq!(marked.body["items"][0]["suspect"], json!(["phone"]), "{}", marked.text);
    // The number is the customer's: the same person whoever looks.
    let customers = admin.get("/customers?q=13800138000").await;
    assert_eq!(customers.body["items"].as_array().unwrap().len(), 1, "{}", customers.text);
}
