//! A customer proves who they are (B-05): a code reaches the number on their card, and what it opens is open for a
//! while, to who serves them.

use crate::line::{Line, visit, work};
use crate::office::{first, hire, make};
use crate::outreach::{open_hours, sms};
use crate::support::{Answer, Person, Server};
use crate::webhooks::{OPEN, Receiver};
use reqwest::StatusCode;
use serde_json::{Value, json};

/// An agent who serves a visitor of the widget, a provider of SMS, and who runs the house.
struct Scene {
    server: Server,
    admin: Person,
    agent: Person,
    desk: Line,
    visitor: Line,
    token: String,
    conversation: String,
    provider: Receiver,
}

impl Scene {
    async fn new(more: &[(&str, &str)]) -> Scene {
        let settings: Vec<_> = OPEN.iter().chain(more).copied().collect();
        let (server, admin) = Server::set_up_with(&settings).await;
        let (agent, id) = hire(&server, &admin, "li", "R-03").await;
        let (provider, ..) = sms(&admin, open_hours()).await;
        let (queue, line) = (first(&admin, "queue").await, first(&admin, "line").await);
        let record = json!({ "name": { "zh": "商城", "en": "Shop" }, "queue": queue, "line": line });
        let widget = make(&admin, "widget", record).await.body["id"].as_str().unwrap().to_owned();
        let (mut desk, _) = work(&server, &agent, &id).await;
        let (mut visitor, welcome) = visit(&server, &widget, 1, json!({})).await;
        let words = json!({ "type": "text", "text": "我的订单" });
        visitor.say(json!({ "t": "start", "n": 1, "content": words })).await;
        let conversation = desk.event("assigned").await["on"]["conversation"].as_str().unwrap().to_owned();
        let token = welcome["token"].as_str().unwrap().to_owned();
        Scene { server, admin, agent, desk, visitor, token, conversation, provider }
    }

    /// A customer of the house, to whom the conversation is linked.
    async fn customer(&mut self, card: Value) -> String {
        let made = self.admin.post("/customers", card).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        let id = made.body["id"].as_str().unwrap().to_owned();
        let link = json!({ "do": "link_customer", "customer": id });
        let linked = self.agent.post(&format!("/conversations/{}/acts", self.conversation), link).await;
        assert_eq!(linked.status, StatusCode::OK, "{}", linked.text);
        id
    }

    fn path(&self) -> String {
        format!("/conversations/{}/proof", self.conversation)
    }

    async fn ask(&self, body: Value) -> Answer {
        self.agent.post(&self.path(), body).await
    }

    /// Takes the SMS; the number it goes to, and the code in it.
    async fn code(&mut self) -> (String, String) {
        let left = self.provider.answer(200, r#"{"code":0,"mid":"c1"}"#).await.json();
        let text = left["content"].as_str().unwrap();
        let digits: String = text.chars().filter(char::is_ascii_digit).take(6).collect();
        (left["mobile"].as_str().unwrap().to_owned(), digits)
    }

    async fn say(&self, code: &str) -> Answer {
        self.agent.post(&format!("{}/check", self.path()), json!({ "code": code })).await
    }

    async fn card(&self, id: &str) -> Value {
        self.agent.get(&format!("/customers/{id}")).await.body
    }

    /// What the audit log tells of the conversation's proof, the latest first.
    async fn log(&self) -> Vec<Value> {
        let found = self.admin.get(&format!("/audit?on=conversation:{}", self.conversation)).await.body;
        let kinds = ["code_sent", "code_refused", "identity_proven"];
        let rows = found["items"].as_array().unwrap().iter();
        rows.filter(|row| kinds.contains(&row["kind"].as_str().unwrap())).cloned().collect()
    }
}

fn wrong(code: &str) -> &'static str {
    if code == "123456" { "654321" } else { "123456" }
}

/// B-05: hidden before, visible after, and each step in the log; the code itself lies nowhere.
#[tokio::test]
async fn b_05_what_is_hidden_opens_when_the_customer_says_the_code() {
    let mut it = Scene::new(&[("YINGDA_LIMITS_CODE_PAUSE_SECONDS", "0")]).await;
    let card = json!({ "name": "王芳", "phone": "138-0013-8000", "email": "w@example.com" });
    let id = it.customer(card).await;
    let before = it.card(&id).await;
    assert_eq!(
        (&before["customer"]["phone"], &before["masked"]),
        (&json!("138-****-**00"), &json!(["phone"]))
    );
    let standing = it.agent.get(&it.path()).await.body;
    assert_eq!(standing["points"][0]["label"], "138-****-**00");
    assert_eq!((&standing["doors"], &standing["pending"]), (&json!(["phone"]), &Value::Null));

    // Wherever the agent would like it to go, it goes to the number on the card.
    let sent = it.ask(json!({ "point": "phone", "to": "13900009999" })).await;
    assert_eq!(sent.status, StatusCode::CREATED, "{}", sent.text);
    assert_eq!((&sent.body["label"], &sent.body["tries_left"]), (&json!("138-****-**00"), &json!(5)));
    let (number, code) = it.code().await;
    assert_eq!(number, "13800138000");
    let told = it.visitor.event("code_sent").await;
    assert_eq!((&told["label"], &told["point"]), (&json!("138-****-**00"), &json!("phone")));

    let refused = it.say(wrong(&code)).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::UNPROCESSABLE_ENTITY, "one_time_code_wrong"));
    assert_eq!(it.desk.event("code_refused").await["left"], 4);
    assert_eq!(it.card(&id).await["customer"]["phone"], "138-****-**00");

    let spaced = format!("{} {}", &code[..3], &code[3..]);
    let taken = it.say(&spaced).await;
    assert_eq!(taken.status, StatusCode::OK, "{}", taken.text);
    assert!(taken.body["proven_until_at"].as_i64().unwrap() > crate::support::now() + 29 * 60_000);
    let after = it.card(&id).await;
    assert_eq!(after["customer"]["phone"], "138-0013-8000", "{after}");
    assert_eq!((&after["verified"][0]["point"], &after["masked"]), (&json!("phone"), &Value::Null));
    let proven = it.desk.event("identity_proven").await;
    assert_eq!(proven["by"]["type"], "user");

    // It was good once.
    let again = it.say(&code).await;
    assert_eq!((again.status, again.code()), (StatusCode::CONFLICT, "one_time_code_used"));
    let kinds: Vec<_> = it.log().await.iter().map(|row| row["kind"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["code_refused", "identity_proven", "code_refused", "code_sent"]);
    let log = it.admin.get(&format!("/audit?on=conversation:{}", it.conversation)).await.text;
    assert!(!log.contains(&code) && !log.contains("13800138000"), "{log}");

    // A colleague who does not serve the customer sees what their role sees.
    let (other, _) = hire(&it.server, &it.admin, "zhao", "R-03").await;
    let seen = other.get(&format!("/customers/{id}")).await.body;
    assert_eq!(seen["customer"]["phone"], "138-****-**00");
    let denied = other.post(&it.path(), json!({ "point": "phone" })).await;
    assert_eq!(denied.status, StatusCode::NOT_FOUND, "{}", denied.text);
    // What was shown masked before is not written over what is stored.
    let mut values = before["customer"].clone();
    values["note"] = "爱喝茶".into();
    let put = it.agent.clone().with("if-match", "\"1\"").put(&format!("/customers/{id}"), values).await;
    assert_eq!(put.status, StatusCode::OK, "{}", put.text);
    assert_eq!(put.body["customer"]["phone"], "138-0013-8000");
    // Another customer is another person.
    it.customer(json!({ "name": "李四", "phone": "13700000000" })).await;
    assert_eq!(it.agent.get(&it.path()).await.body["proven_until_at"], Value::Null);
}

/// B-05: five tries, five minutes; afterwards also the right code is worth nothing.
#[tokio::test]
async fn b_05_a_code_is_worth_nothing_after_five_tries_or_five_minutes() {
    let mut it = Scene::new(&[("YINGDA_LIMITS_CODE_PAUSE_SECONDS", "0")]).await;
    it.customer(json!({ "name": "王芳", "phone": "13800138000" })).await;
    assert_eq!(it.say("123456").await.code(), "bad_value", "none was sent");
    assert_eq!(it.ask(json!({ "point": "phone" })).await.status, StatusCode::CREATED);
    let (_, code) = it.code().await;
    for _ in 0..5 {
        assert_eq!(it.say(wrong(&code)).await.code(), "one_time_code_wrong");
    }
    assert_eq!(it.say(&code).await.code(), "one_time_code_spent");
    let log = it.log().await;
    assert_eq!((&log[0]["event"]["why"], &log[0]["event"]["left"]), (&json!("too_many"), &json!(0)));

    let mut it = Scene::new(&[("YINGDA_LIMITS_CODE_SECONDS", "0")]).await;
    it.customer(json!({ "name": "王芳", "phone": "13800138000" })).await;
    assert_eq!(it.ask(json!({ "point": "phone" })).await.status, StatusCode::CREATED);
    assert_eq!(it.say("123456").await.code(), "one_time_code_expired");
    assert_eq!(it.log().await[0]["event"]["why"], "expired");
}

/// B-05: nobody is bombarded, from one conversation or from several.
#[tokio::test]
async fn b_05_codes_leave_slowly_and_only_by_a_channel_that_is_there() {
    let mut it = Scene::new(&[]).await;
    it.customer(json!({ "name": "王芳", "phone": "13800138000" })).await;
    let nowhere = it.ask(json!({ "point": "email", "to": "w@example.com" })).await;
    assert_eq!((nowhere.code(), nowhere.body["fields"][0]["field"].as_str()), ("bad_value", Some("point")));
    assert_eq!(it.ask(json!({ "point": "phone" })).await.status, StatusCode::CREATED);
    let soon = it.ask(json!({ "point": "phone" })).await;
    assert_eq!(soon.status, StatusCode::TOO_MANY_REQUESTS, "{}", soon.text);
    assert!((1..=60).contains(&soon.header("retry-after").parse::<u32>().unwrap()));
    drop(it);

    let mut it = Scene::new(&[("YINGDA_LIMITS_CODE_PAUSE_SECONDS", "0")]).await;
    it.customer(json!({ "name": "王芳", "phone": "13800138000" })).await;
    for _ in 0..5 {
        assert_eq!(it.ask(json!({ "point": "phone" })).await.status, StatusCode::CREATED);
    }
    assert_eq!(it.ask(json!({ "point": "phone" })).await.status, StatusCode::TOO_MANY_REQUESTS);
    let typed = it.ask(json!({ "point": "phone", "to": "call me" })).await;
    assert_eq!(typed.status, StatusCode::TOO_MANY_REQUESTS, "the card's number counts: {}", typed.text);
}

/// B-05, SYS-25: a visitor whom nobody knows proves a number by themself, and is the customer who has it.
#[tokio::test]
async fn b_05_a_visitor_proves_a_number_and_is_its_customer() {
    let mut it = Scene::new(&[]).await;
    let known = it.admin.post("/customers", json!({ "name": "王芳", "phone": "13800138000" })).await.body;
    let token = &it.token;
    let own = it.server.nobody();
    let denied = own.post("/visitor/proof?token=x", json!({ "point": "phone", "to": "13800138000" })).await;
    assert_eq!(denied.status, StatusCode::UNAUTHORIZED);
    let bad =
        own.post(&format!("/visitor/proof?token={token}"), json!({ "point": "phone", "to": "x" })).await;
    assert_eq!(bad.body["fields"][0]["field"], "to", "{}", bad.text);
    let to = json!({ "point": "phone", "to": "+86 138 0013 8000" });
    let sent = own.post(&format!("/visitor/proof?token={token}"), to).await;
    assert_eq!(sent.status, StatusCode::CREATED, "{}", sent.text);
    let check = format!("/visitor/proof/check?token={token}");
    let (_, code) = it.code().await;
    assert_eq!(own.post(&check, json!({ "code": wrong(&code) })).await.code(), "one_time_code_wrong");
    let taken = own.post(&check, json!({ "code": code })).await;
    assert_eq!(taken.status, StatusCode::NO_CONTENT, "{}", taken.text);
    let linked = it.desk.event("customer_linked").await;
    assert_eq!(linked["customer"], known["id"]);
    let proven = it.desk.event("identity_proven").await;
    assert_eq!(proven["by"]["type"], "visitor");
    let card = it.card(known["id"].as_str().unwrap()).await;
    assert_eq!(card["customer"]["phone"], "13800138000");
}

/// SYS-01, SYS-25: the number that somebody proved stands on another record too: both are one person, and become one by
/// themselves; where names speak against it, it is a suggestion. What was joined can be taken apart.
#[tokio::test]
async fn sys_01_a_proven_number_joins_two_records_and_the_join_can_be_undone() {
    let mut it = Scene::new(&[("YINGDA_LIMITS_CODE_PAUSE_SECONDS", "0")]).await;
    let old = json!({ "name": "", "phone": "13800138000", "email": "old@example.com", "note": "老客户" });
    let old = it.admin.post("/customers", old).await.body["id"].as_str().unwrap().to_owned();
    // Who writes by another door is on record without a number.
    let young = it.customer(json!({ "name": "微信用户" })).await;
    it.desk.event("customer_linked").await;
    let to = json!({ "point": "phone", "to": "13800138000" });
    assert_eq!(it.ask(to).await.status, StatusCode::CREATED);
    let (_, code) = it.code().await;
    assert_eq!(it.say(&code).await.status, StatusCode::OK);
    let linked = it.desk.event("customer_linked").await;
    assert_eq!((&linked["customer"], &linked["by"]["type"]), (&json!(old), &json!("system")));
    it.desk.event("identity_proven").await;
    let card = it.card(&old).await;
    assert_eq!(
        (&card["customer"]["name"], &card["customer"]["phone"], &card["customer"]["email"]),
        (&json!("微信用户"), &json!("13800138000"), &json!("old@example.com"))
    );
    assert_eq!(it.admin.get(&format!("/customers/{young}")).await.status, StatusCode::NOT_FOUND);
    let merges = it.agent.get(&format!("/customers/{old}/merges")).await.body;
    assert_eq!((&merges[0]["reason"], &merges[0]["gone"]["id"]), (&json!("phone"), &json!(young)));
    assert_eq!((&merges[0]["conversations"], &merges[0]["undone_at"]), (&json!(1), &Value::Null));

    // What was changed since stays; what moved goes back.
    let mut values = it.admin.get(&format!("/customers/{old}")).await.body;
    values["customer"]["company"] = "某公司".into();
    let version = format!("\"{}\"", values["version"]);
    let put = it.admin.clone().with("if-match", &version);
    let put = put.put(&format!("/customers/{old}"), values["customer"].clone()).await;
    assert_eq!(put.status, StatusCode::OK, "{}", put.text);
    let undo = format!("/customers/{old}/merges/{}/undo", merges[0]["id"].as_str().unwrap());
    let (auditor, _) = hire(&it.server, &it.admin, "audit", "R-19").await;
    assert_eq!(auditor.post(&undo, json!({})).await.status, StatusCode::FORBIDDEN);
    let elsewhere = undo.replacen(&old, &young, 1);
    assert_eq!(it.agent.post(&elsewhere, json!({})).await.status, StatusCode::NOT_FOUND);
    let undone = it.agent.post(&undo, json!({})).await;
    assert_eq!(undone.status, StatusCode::OK, "{}", undone.text);
    let card = it.admin.get(&format!("/customers/{old}")).await.body["customer"].clone();
    assert_eq!(
        (&card["name"], &card["company"], &card["note"]),
        (&json!(""), &json!("某公司"), &json!("老客户"))
    );
    let card = it.admin.get(&format!("/customers/{young}")).await.body["customer"].clone();
    assert_eq!((&card["name"], &card["phone"]), (&json!("微信用户"), &json!("13800138000")));
    assert_eq!(it.desk.event("customer_linked").await["customer"], json!(young));
    for (id, count) in [(&old, 0), (&young, 1)] {
        let listed = it.admin.get(&format!("/customers/{id}/conversations")).await.body;
        assert_eq!(listed["items"].as_array().unwrap().len(), count, "{listed}");
    }
    let live = it.agent.get(&format!("/conversations/{}", it.conversation)).await.body;
    assert_eq!(live["live"]["customer"], json!(young));
    assert_eq!(it.agent.post(&undo, json!({})).await.code(), "too_late", "it is done");
    let log = it.admin.get(&format!("/audit?on=customer:{old}")).await.body;
    let kinds: Vec<_> =
        log["items"].as_array().unwrap().iter().map(|row| row["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"customers_merged") && kinds.contains(&"customers_parted"), "{kinds:?}");

    // Both have the number now, and say so to each other; with two names nobody joins them but people.
    let alike = it.agent.get(&format!("/customers/{young}/alike")).await.body;
    assert_eq!((&alike[0]["customer"]["id"], &alike[0]["shares"]), (&json!(old), &json!(["phone"])));
    let mut values = it.admin.get(&format!("/customers/{old}")).await.body;
    values["customer"]["name"] = "王芳".into();
    let version = format!("\"{}\"", values["version"]);
    let put = it.admin.clone().with("if-match", &version);
    put.put(&format!("/customers/{old}"), values["customer"].clone()).await;
    assert_eq!(it.ask(json!({ "point": "phone" })).await.status, StatusCode::CREATED);
    let (_, code) = it.code().await;
    assert_eq!(it.say(&code).await.status, StatusCode::OK);
    assert_eq!(it.admin.get(&format!("/customers/{young}")).await.status, StatusCode::OK);
    assert_eq!(it.admin.get(&format!("/customers/{old}")).await.status, StatusCode::OK);
}
