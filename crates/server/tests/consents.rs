//! What customers agreed to (B-38), asked for by guards and by batches; and where their numbers are from (B-36).

use crate::office::{hire, make};
use crate::outreach::{open_hours, sms};
use crate::support::{Person, Server};
use crate::webhooks::OPEN;
use reqwest::StatusCode;
use serde_json::{Value, json};

async fn customer(admin: &Person, values: Value) -> String {
    let made = admin.post("/customers", values).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.body["id"].as_str().unwrap().to_owned()
}

async fn note(person: &Person, customer: &str, said: Value) -> Value {
    let noted = person.post(&format!("/customers/{customer}/consents"), said).await;
    assert_eq!(noted.status, StatusCode::OK, "{}", noted.text);
    noted.body
}

/// B-38: what a customer said stands on the card with its history; a move that asks for it says what is missing.
#[tokio::test]
async fn b_38_a_move_waits_for_the_customers_consent() {
    let (server, admin) = Server::set_up().await;
    let (agent, _) = hire(&server, &admin, "li", "R-03").await;
    let who = customer(&admin, json!({ "name": "王芳", "phone": "13800138000" })).await;
    let state =
        |key: &str, phase: &str| json!({ "key": key, "name": { "zh": key, "en": key }, "phase": phase });
    let way = |consents: Value| {
        json!([{ "key": "pass", "name": { "zh": "转出", "en": "Pass on" }, "from": ["new"], "to": "done",
            "consents": consents }])
    };
    let kind = |consents: Value| {
        json!({
            "kind": "ticket_type", "name": { "zh": "转介", "en": "Referral" }, "prefix": "ZJ",
            "states": [state("new", "open"), state("done", "closed")], "moves": way(consents),
        })
    };
    let wrong = admin.post("/records/ticket_type", kind(json!(["nonsense"]))).await;
    assert_eq!(wrong.body["fields"][0]["field"], "moves.0.consents.0", "{}", wrong.text);
    let of = make(&admin, "ticket_type", kind(json!(["sharing"]))).await.body["id"].clone();
    let it = admin.post("/tickets", json!({ "of": of, "title": "转给合作门店", "customer": who })).await;
    let acts = format!("/tickets/{}/acts", it.body["id"].as_str().unwrap());
    let pass = json!({ "act": "move", "way": "pass", "values": {} });
    let refused = admin.post(&acts, pass.clone()).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
    assert_eq!(refused.body["fields"][0]["field"], "consents.sharing");
    assert!(
        refused.body["fields"][0]["message"].as_str().unwrap().contains("向第三方提供"),
        "{}",
        refused.text
    );

    let at = format!("/customers/{who}/consents");
    let wrong = agent.post(&at, json!({ "purpose": "gone", "given": true, "evidence": "" })).await;
    let fields: Vec<&str> =
        wrong.body["fields"].as_array().unwrap().iter().map(|it| it["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["purpose", "evidence"]);
    note(&agent, &who, json!({ "purpose": "sharing", "given": true, "evidence": "录音 A-17", "said_at": 1 }))
        .await;
    let back = note(&agent, &who, json!({ "purpose": "sharing", "given": false, "evidence": "来电" })).await;
    assert_eq!(
        (back["history"].as_array().unwrap().len(), back["standing"].as_array().unwrap().len()),
        (2, 1)
    );
    assert_eq!(back["history"][0]["given"], false, "{back}");
    assert_eq!(admin.post(&acts, pass.clone()).await.body["fields"][0]["field"], "consents.sharing");
    note(&agent, &who, json!({ "purpose": "sharing", "given": true, "evidence": "签字的表格" })).await;
    // Who becomes a part of somebody agrees as that one.
    let other = customer(&admin, json!({ "name": "王小芳", "phone": "13900139000" })).await;
    let merge = admin.clone().with("if-match", "\"1\"");
    let merge =
        merge.post(&format!("/customers/{other}/merge"), json!({ "customer": who, "version": 1 })).await;
    assert_eq!(merge.status, StatusCode::OK, "{}", merge.text);
    assert_eq!(
        agent.get(&format!("/customers/{other}/consents")).await.body["history"].as_array().unwrap().len(),
        3
    );
    let passed = admin.post(&acts, pass).await;
    assert_eq!((passed.status, &passed.body["state"]), (StatusCode::OK, &json!("done")), "{}", passed.text);

    let out = json!({ "medium": "sms", "out": true, "why": "来电要求" });
    assert_eq!(agent.put(&format!("/customers/{other}/opt-out"), out).await.status, StatusCode::NO_CONTENT);
    let found = agent.get(&format!("/customers/{other}/consents")).await.body;
    assert_eq!(
        (&found["opted_out"][0]["medium"], &found["opted_out"][0]["why"]),
        (&json!("sms"), &json!("来电要求"))
    );
    let story = admin.get(&format!("/customers/{other}/timeline?kind=card")).await.body;
    assert!(story["items"].as_array().unwrap().iter().any(|it| it["state"] == "opted_out"), "{story}");
    let audit = admin.get(&format!("/audit?kind=consent_noted&on=customer:{who}")).await.body;
    assert_eq!(audit["items"].as_array().unwrap().len(), 3, "{audit}");
}

/// B-38, SYS-10: a batch for a purpose goes only to numbers whose owners agree to it, by SMS.
#[tokio::test]
async fn b_38_a_batch_goes_to_who_agrees() {
    let (server, admin) = Server::set_up_with(&OPEN).await;
    let (provider, channel, _) = sms(&admin, open_hours()).await;
    let yes = customer(&admin, json!({ "name": "甲", "phone": "13800000001" })).await;
    let no = customer(&admin, json!({ "name": "乙", "phone": "13800000002" })).await;
    note(&admin, &yes, json!({ "purpose": "marketing", "given": true, "evidence": "网站勾选" })).await;
    note(&admin, &no, json!({ "purpose": "marketing", "given": true, "evidence": "网站勾选" })).await;
    let by_sms = json!({ "purpose": "marketing", "channel": "sms", "given": false, "evidence": "来电" });
    note(&admin, &no, by_sms).await;
    let receivers = json!([{ "to": "13800000001" }, { "to": "13800000002" }, { "to": "13800000003" }]);
    let mut batch = json!({ "channel": channel, "name": "新品", "text": "新品上架", "receivers": receivers, "purpose": "gone" });
    assert_eq!(admin.post("/batches", batch.clone()).await.body["fields"][0]["field"], "purpose");
    batch["purpose"] = "marketing".into();
    let made = admin.post("/batches", batch).await;
    assert_eq!(
        (made.status, &made.body["purpose"]),
        (StatusCode::CREATED, &json!("marketing")),
        "{}",
        made.text
    );
    let left = provider.answer(200, r#"{"code":0,"mid":"b1"}"#).await.json();
    assert_eq!(left["mobile"], "13800000001");
    let at = format!("/batches/{}/messages?state=failed", made.body["id"].as_str().unwrap());
    let failed = admin.eventually(&at, |body| body["items"].as_array().is_some_and(|it| it.len() == 2)).await;
    for it in failed["items"].as_array().unwrap() {
        assert_eq!(it["last_error"], "the customer has not agreed to “marketing”");
    }
    drop(server);
}

/// B-36: numbers say where they are from, on the card and in lists, masked ones too.
#[tokio::test]
async fn b_36_numbers_say_where_they_are_from() {
    let (server, admin) = Server::set_up().await;
    let (agent, _) = hire(&server, &admin, "li", "R-03").await;
    let card = json!({
        "name": "王芳", "phone": "+86 138 0013 8000",
        "points": [{ "kind": "phone", "value": "0755-88886666" }, { "kind": "email", "value": "w@example.com" },
            { "kind": "relay", "value": "17012345678", "extension": "12" }],
    });
    let who = customer(&admin, card).await;
    let shown = agent.get(&format!("/customers/{who}")).await.body;
    let town = |at: &str| shown["places"][at]["town"]["zh"].as_str().unwrap_or_default().to_owned();
    assert_eq!((town("phone").as_str(), town("points.0").as_str()), ("北京市", "广东省深圳市"), "{shown}");
    assert_eq!(shown["places"]["phone"]["carrier"], "mobile");
    assert_eq!(shown["places"]["points.2"], json!({ "sort": "mobile", "carrier": "telecom" }));
    assert!(shown["places"].get("points.1").is_none(), "an address of mail is no number");
    let listed = agent.get("/customers?q=wangfang").await.body;
    assert_eq!(listed["items"][0]["places"]["phone"]["town"]["en"], "Beijing", "{listed}");
}
