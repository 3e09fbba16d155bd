//! Customers (SYS-25): found by what one has at hand, and two records of one person become one.

use crate::office::{first, hire, program};
use crate::support::{Folder, Person, Server};
use reqwest::StatusCode;
use serde_json::{Value, json};

async fn customer(admin: &Person, values: Value) -> Value {
    let made = admin.post("/customers", values).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.body
}

/// A contact of this customer, waiting in the first queue; or closed at once.
async fn contact(robot: &Person, queue: &str, customer: &Value, is_closed: bool) -> String {
    let new = json!({ "queue": queue, "customer": customer["id"], "text": "你好" });
    let made = robot.post("/conversations", new).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let id = made.body["conversation"].as_str().unwrap().to_owned();
    if is_closed {
        let closed = robot.post(&format!("/conversations/{id}/acts"), json!({ "do": "close" })).await;
        assert_eq!(closed.status, StatusCode::OK, "{}", closed.text);
    }
    id
}

const SERVE: &[&str] =
    &["conversation_serve", "conversation_read", "conversation_reassign", "customer_read", "customer_write"];

/// SYS-25, Q-15: what belonged to either belongs to the one who is left, live and at rest, over a restart too; both
/// sides are guarded by their versions, and the log holds before and after.
#[tokio::test]
async fn two_records_of_one_person_become_one() {
    let folder = Folder::new();
    let (server, admin) = Server::set_up_in(&folder.0, &[]).await;
    let robot = program(&server, &admin, SERVE).await;
    let queue = first(&admin, "queue").await;
    let li = customer(&admin, json!({ "name": "李雷", "phone": "13812345678", "note": "老客户" })).await;
    let lei = json!({ "name": "雷", "phone": "13900001111", "email": "li@example.com", "vip": true, "note": "爱问物流" });
    let lei = customer(&admin, lei).await;
    let closed = contact(&robot, &queue, &lei, true).await;
    let open = contact(&robot, &queue, &lei, false).await;

    let path = format!("/customers/{}/merge", li["id"].as_str().unwrap());
    let other = json!({ "customer": lei["id"], "version": 1 });
    let merge = async |version: &str, other: &Value| {
        admin.clone().with("if-match", version).post(&path, other.clone()).await
    };
    assert_eq!(admin.post(&path, other.clone()).await.status, StatusCode::PRECONDITION_REQUIRED);
    assert_eq!(merge("\"7\"", &other).await.code(), "stale");
    let stale = merge("\"1\"", &json!({ "customer": lei["id"], "version": 7 })).await;
    assert_eq!((stale.code(), &stale.body["current"]["id"]), ("stale", &lei["id"]));
    assert_eq!(merge("\"1\"", &json!({ "customer": li["id"], "version": 1 })).await.code(), "bad_value");
    let (agent, _) = hire(&server, &admin, "audit", "R-19").await;
    let denied = agent.clone().with("if-match", "\"1\"").post(&path, other.clone()).await;
    assert_eq!(denied.status, StatusCode::FORBIDDEN);

    let merged = merge("\"1\"", &other).await;
    assert_eq!(merged.status, StatusCode::OK, "{}", merged.text);
    let left = &merged.body["customer"];
    assert_eq!(
        (&left["name"], &left["phone"], &left["email"]),
        (&json!("李雷"), &json!("13812345678"), &json!("li@example.com"))
    );
    assert_eq!((&left["vip"], &left["note"]), (&json!(true), &json!("老客户\n爱问物流")));
    assert_eq!(merge("\"2\"", &other).await.status, StatusCode::NOT_FOUND, "it is done");
    let gone = admin.get(&format!("/customers/{}", lei["id"].as_str().unwrap())).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    let found = admin.get("/customers?q=13900001111").await.body;
    assert_eq!(found["items"][0]["id"], li["id"], "the old number finds the one who is left");

    let follows = async |person: &Person| {
        for conversation in [&closed, &open] {
            let found = person.get(&format!("/conversations/{conversation}")).await.body;
            assert_eq!((&found["live"]["customer"], &found["row"]["customer"]), (&li["id"], &li["id"]));
        }
        let listed = person.get(&format!("/customers/{}/conversations", li["id"].as_str().unwrap())).await;
        assert_eq!(listed.body["items"].as_array().unwrap().len(), 2, "{}", listed.text);
    };
    follows(&admin).await;
    let log = admin.get(&format!("/audit?on=customer:{}", li["id"].as_str().unwrap())).await.body;
    let rows = log["items"].as_array().unwrap();
    assert!(
        rows.iter().any(|row| row["kind"] == "customers_merged" && row["event"]["merged"] == lei["id"]),
        "{log}"
    );
    let changed = rows.iter().find(|row| row["kind"] == "customer_changed").unwrap();
    assert_eq!(
        (&changed["private"]["before"]["note"], &changed["private"]["after"]["note"]),
        (&json!("老客户"), &left["note"])
    );
    let log = admin.get(&format!("/audit?on=customer:{}", lei["id"].as_str().unwrap())).await.body;
    assert_eq!(
        log["items"][0]["private"]["before"]["phone"], "13900001111",
        "what was merged away is on record"
    );

    // A program that still knows the old id reaches the one who is left.
    contact(&robot, &queue, &lei, false).await;
    drop(server);
    let server = Server::start_in(&folder.0, &[]).await;
    let admin = server.sign_in("admin").await;
    let listed = admin.get(&format!("/customers/{}/conversations", li["id"].as_str().unwrap())).await.body;
    assert_eq!(listed["items"].as_array().unwrap().len(), 3);
    for row in listed["items"].as_array().unwrap() {
        let found = admin.get(&format!("/conversations/{}", row["id"].as_str().unwrap())).await.body;
        assert_eq!(found["live"]["customer"], li["id"]);
    }
}

/// SYS-25, Q-12: one telephone number finds the customer and the conversations, as far as one may see them: an agent
/// finds their own, who runs the floor all, an auditor nothing.
#[tokio::test]
async fn one_number_finds_the_customer_and_the_conversations() {
    let (server, admin) = Server::set_up().await;
    let robot = program(&server, &admin, SERVE).await;
    let queue = first(&admin, "queue").await;
    let li = customer(&admin, json!({ "name": "李雷", "phone": "+86 138-1234-5678" })).await;
    customer(&admin, json!({ "name": "韩梅梅", "phone": "13912345678" })).await;
    let (agent, agent_id) = hire(&server, &admin, "li", "R-03").await;
    let (auditor, _) = hire(&server, &admin, "audit", "R-19").await;
    let (mut desk, _) = crate::line::work(&server, &agent, &agent_id).await;
    let served = contact(&robot, &queue, &li, false).await;
    desk.event("assigned").await;
    let away = json!({ "t": "agent", "agent": agent_id, "n": 2, "do": "no_new", "on": true });
    desk.say(away).await;
    desk.until("no new ones", |frame| frame["kind"] == "agent_state_changed" && frame["no_new"] == true)
        .await;
    let closed = contact(&robot, &queue, &li, true).await;

    let ids = |body: &Value| -> Vec<String> {
        let items = body["items"].as_array().unwrap();
        items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    };
    for number in ["13812345678", "138%201234%205678", "%2B8613812345678"] {
        let found = admin.get(&format!("/customers?q={number}")).await.body;
        assert_eq!(ids(&found), [li["id"].as_str().unwrap()], "{number}");
        let found = admin.get(&format!("/conversations?q={number}")).await.body;
        assert_eq!(ids(&found), [closed.clone(), served.clone()], "{number}");
        let found = agent.get(&format!("/conversations?q={number}")).await.body;
        assert_eq!(ids(&found), std::slice::from_ref(&served), "{number}: only what the agent holds");
        let seen = agent.get(&format!("/customers?q={number}")).await.body;
        assert_eq!(ids(&seen), [li["id"].as_str().unwrap()]);
    }
    for list in ["/customers", "/conversations"] {
        let denied = auditor.get(&format!("{list}?q=13812345678")).await;
        assert_eq!(denied.status, StatusCode::FORBIDDEN, "{list}");
    }
}

/// SYS-25: who is what to whom is seen from both sides, follows a merge, and comes apart again with it.
#[tokio::test]
async fn sys_25_relations_are_seen_from_both_sides_and_follow_a_merge() {
    let (_server, admin) = Server::set_up().await;
    let child = customer(&admin, json!({ "name": "王小宝" })).await;
    let mother =
        customer(&admin, json!({ "name": "李梅", "prefers": "sms", "best_time": "晚上七点后" })).await;
    assert_eq!(
        (&mother["customer"]["prefers"], &mother["customer"]["best_time"]),
        (&json!("sms"), &json!("晚上七点后"))
    );
    let at = |of: &Value| format!("/customers/{}/relations", of["id"].as_str().unwrap());
    let relate = json!({ "other": mother["id"], "relation": " 母亲 ", "inward": true, "on": true });
    let related = admin.post(&at(&child), relate).await;
    let expected = json!([{ "other": mother["id"], "name": "李梅", "relation": "母亲", "inward": true }]);
    assert_eq!((related.status, &related.body), (StatusCode::OK, &expected), "{}", related.text);
    let outward = json!([{ "other": child["id"], "name": "王小宝", "relation": "母亲", "inward": false }]);
    assert_eq!(admin.get(&at(&mother)).await.body, outward);
    let own = json!({ "other": child["id"], "relation": "母亲", "on": true });
    assert_eq!(admin.post(&at(&child), own).await.body["fields"][0]["field"], "other");

    // The mother stood twice: whoever is left is the mother.
    let again = customer(&admin, json!({ "name": "李女士", "phone": "13812345678" })).await;
    let merge = json!({ "customer": mother["id"], "version": 1 });
    let path = format!("/customers/{}/merge", again["id"].as_str().unwrap());
    let merged = admin.clone().with("if-match", "\"1\"").post(&path, merge).await;
    assert_eq!(merged.status, StatusCode::OK, "{}", merged.text);
    assert_eq!(admin.get(&at(&child)).await.body[0]["other"], again["id"]);
    let gone = json!({ "other": again["id"], "relation": "母亲", "inward": true, "on": false });
    assert_eq!(admin.post(&at(&child), gone).await.body, json!([]));
    let story = admin.get(&format!("/customers/{}/timeline", child["id"].as_str().unwrap())).await.body;
    let states: Vec<&str> =
        story["items"].as_array().unwrap().iter().map(|it| it["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["unrelated", "related", "created"]);
}
