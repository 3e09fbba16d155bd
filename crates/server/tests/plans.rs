//! Plans of visits (B-33, B-32): whom, by whom and when; their tickets, how they stand, and contact data put right.

use crate::office::hire;
use crate::support::{Person, Server, now};
use reqwest::StatusCode;
use serde_json::{Value, json};

const DAY: i64 = 86_400_000;

async fn shop() -> (Server, Person, String) {
    let (server, admin) = Server::set_up().await;
    let done = admin.post("/packs/e-commerce/install", json!({})).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    let kinds = admin.get("/records/ticket_type").await.body;
    let revisit =
        kinds["items"].as_array().unwrap().iter().find(|it| it["record"]["prefix"] == "HF").unwrap();
    let id = revisit["id"].as_str().unwrap().to_owned();
    (server, admin, id)
}

fn plan(of: &str, staff: &[&str], more: Value) -> Value {
    let mut all = json!({
        "name": "VIP 拜访", "of": of, "title": "拜访{customer}", "audience": { "vip": true }, "staff": staff,
        "from": now(), "to": now() + 10 * DAY, "score": "score",
        "sensitive": { "field": "sensitive", "is": ["yes"] }, "unreached": "unreached",
    });
    for (key, value) in more.as_object().unwrap() {
        all[key] = value.clone();
    }
    all
}

async fn act(person: &Person, ticket: &Value, act: Value) {
    let done = person.post(&format!("/tickets/{}/acts", ticket.as_str().unwrap()), act).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
}

async fn visit(person: &Person, ticket: &Value, score: &str, sensitive: &str) {
    for item in ["contact", "score"] {
        act(person, ticket, json!({ "act": "check", "item": item, "done": true })).await;
    }
    let values = json!({
        "result": "reached", "contact": "repaired", "score": score, "sensitive": sensitive, "solution": "换新",
    });
    act(person, ticket, json!({ "act": "move", "way": "finish", "values": values })).await;
}

/// B-33: twenty VIPs are visited by two people; progress, the sensitive ones and the mean score are counted from the
/// tickets; the same request is the same plan.
#[tokio::test]
async fn b_33_a_plan_of_twenty_visits_shows_progress_sensitive_items_and_satisfaction() {
    let (server, admin, of) = shop().await;
    let (li, li_id) = hire(&server, &admin, "li", "R-03").await;
    let (_, wang_id) = hire(&server, &admin, "wang", "R-03").await;
    for n in 0..21 {
        let body = json!({ "name": format!("客户{n:02}"), "phone": format!("1380000{n:04}"), "vip": n < 20 });
        assert_eq!(admin.post("/customers", body).await.status, StatusCode::CREATED);
    }
    let keyed = admin.clone().with("idempotency-key", "plan-1");
    let body = plan(&of, &[&li_id, &wang_id], json!({}));
    let made = keyed.post("/plans", body.clone()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert_eq!(keyed.post("/plans", body).await.body["plan"]["id"], made.body["plan"]["id"]);
    assert_eq!(made.body["figures"]["total"], 20);
    let at = format!("/plans/{}", made.body["plan"]["id"].as_str().unwrap());
    admin.eventually(&at, |body| body["figures"]["made"] == 20).await;
    let all = admin.get(&format!("{at}/visits?limit=100")).await.body;
    let visits = all["items"].as_array().unwrap();
    assert_eq!(visits.len(), 20);
    assert_eq!(visits.iter().filter(|it| it["person"] == json!(li_id)).count(), 10, "in turn");
    let due: Vec<i64> = visits.iter().map(|it| it["due_at"].as_i64().unwrap()).collect();
    assert!(due.windows(2).all(|two| two[0] < two[1]), "{due:?}");
    let first = admin.get(&format!("/tickets/{}", visits[0]["ticket"].as_str().unwrap())).await.body;
    assert_eq!((&first["title"], &first["owner"]), (&json!("拜访客户00"), &json!(li_id)));

    visit(&li, &visits[0]["ticket"], "5", "no").await;
    visit(&li, &visits[2]["ticket"], "2", "yes").await;
    let told = admin.get(&at).await.body["figures"].clone();
    let expected =
        [("done", json!(2)), ("sensitive", json!(1)), ("mean", json!(3.5)), ("progress", json!(10.0))];
    for (key, value) in expected {
        assert_eq!(told[key], value, "{key}: {told}");
    }
    let sensitive = admin.get(&format!("{at}/visits?sensitive=true")).await.body;
    assert_eq!(sensitive["items"][0]["place"], 2, "{sensitive}");
    let page = admin.get(&format!("{at}/visits?part=open&limit=10")).await.body;
    assert_eq!((page["items"].as_array().unwrap().len(), page["next"].is_string()), (10, true));
    let table = admin.get(&format!("{at}/export")).await;
    assert_eq!(table.text.lines().count(), 21, "{}", table.text);

    let cancelled = admin.post(&format!("{at}/cancel"), json!({})).await.body;
    assert_eq!(cancelled["plan"]["cancelled"], true);
    assert_eq!(li.get(&at).await.status, StatusCode::FORBIDDEN, "who only works on tickets plans nothing");
}

/// B-33: what cannot be planned is refused, each field with its reason.
#[tokio::test]
async fn b_33_a_plan_that_cannot_be_is_refused_by_its_fields() {
    let (server, admin, of) = shop().await;
    let (_, li) = hire(&server, &admin, "li", "R-03").await;
    let fields = async |body: Value| -> Vec<String> {
        let answer = admin.post("/plans", body).await;
        let wrong = answer.body["fields"].as_array().unwrap_or_else(|| panic!("{}", answer.text)).clone();
        wrong.iter().map(|it| it["field"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(fields(plan(&of, &[&li], json!({}))).await, ["audience"], "no VIP yet");
    let bad = json!({
        "name": "", "to": now() - DAY, "staff": ["1"], "score": "contact", "unreached": "x",
        "sensitive": { "field": "x", "is": ["yes"] }, "audience": { "tag": "1" },
    });
    let expected = ["name", "to", "from", "staff.0", "audience.tag", "score", "sensitive.field", "unreached"];
    assert_eq!(fields(plan(&of, &[&li], bad)).await, expected);
    let kinds = admin.get("/records/ticket_type").await.body;
    let asks = kinds["items"].as_array().unwrap().iter().find(|it| it["record"]["prefix"] == "TS").unwrap();
    assert!(fields(plan(asks["id"].as_str().unwrap(), &[&li], json!({}))).await.contains(&"of".to_owned()));
}

/// B-32: a revisit finds that the telephone number is wrong, and whoever makes it puts it right on the customer's card.
#[tokio::test]
async fn b_32_contact_data_found_wrong_by_a_revisit_is_put_right() {
    let (server, admin, of) = shop().await;
    let (li, li_id) = hire(&server, &admin, "li", "R-03").await;
    let card = admin.post("/customers", json!({ "name": "王芳", "phone": "13800000000" })).await.body;
    let body = plan(&of, &[&li_id], json!({ "audience": { "customers": [card["id"]] } }));
    let made = admin.post("/plans", body).await.body;
    let at = format!("/plans/{}", made["plan"]["id"].as_str().unwrap());
    admin.eventually(&at, |body| body["figures"]["made"] == 1).await;
    let visits = admin.get(&format!("{at}/visits")).await.body;
    let customer = format!("/customers/{}", visits["items"][0]["customer"].as_str().unwrap());
    let shown = li.get(&customer).await;
    let mut right = shown.body["customer"].clone();
    right["phone"] = json!("13911112222");
    let tag = format!("\"{}\"", shown.body["version"]);
    let put = li.clone().with("if-match", &tag).put(&customer, right).await;
    assert_eq!(put.status, StatusCode::OK, "{}", put.text);
    visit(&li, &visits["items"][0]["ticket"], "4", "no").await;
    assert_eq!(admin.get(&at).await.body["figures"]["progress"], 100.0);
    assert_eq!(admin.get(&customer).await.body["customer"]["phone"], "13911112222");
}
