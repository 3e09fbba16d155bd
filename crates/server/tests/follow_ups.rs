//! Follow-ups: who promised to come back is told when the time has come, and finds the list in order.

use crate::line::{visit, work};
use crate::office::{first, hire, make};
use crate::support::{Folder, Server, now};
use reqwest::StatusCode;
use serde_json::json;

/// SYS-22, Q-15: the agent is told once, also of what fell due while the server was down, and the closed conversation
/// stays closed.
#[tokio::test]
async fn who_promised_is_told_when_it_falls_due_even_over_a_restart() {
    let folder = Folder::new();
    let (server, admin) = Server::set_up_in(&folder.0, &[]).await;
    let (queue, line) = (first(&admin, "queue").await, first(&admin, "line").await);
    let widget = json!({ "name": { "zh": "商城", "en": "Shop" }, "queue": queue, "line": line });
    let widget = make(&admin, "widget", widget).await.body["id"].as_str().unwrap().to_owned();
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let (mut visitor, _) = visit(&server, &widget, 1, json!({})).await;
    visitor.say(json!({ "t": "start", "n": 1, "content": { "type": "text", "text": "何时到货" } })).await;
    let conversation = desk.event("assigned").await["on"]["conversation"].clone();
    let path = format!("/conversations/{}/acts", conversation.as_str().unwrap());
    let promise = async |at: i64, text: &str| {
        let act = json!({ "do": "follow_up", "at": at, "text": text });
        assert_eq!(agent.post(&path, act).await.status, StatusCode::OK);
    };

    promise(now() + 300, "回电").await;
    let told = desk.event("follow_up_due").await;
    assert_eq!(
        (&told["agent"], &told["text"], &told["on"]["conversation"]),
        (&json!(id), &json!("回电"), &conversation)
    );
    let due = agent.get("/conversations?follow_up=due&agent=me").await.body;
    assert_eq!(due["items"][0]["id"], conversation);

    promise(now() + 1_500, "第二次").await;
    assert_eq!(agent.get("/conversations?follow_up=due").await.body["items"], json!([]), "moved on");
    assert_eq!(agent.get("/conversations?follow_up=open").await.body["items"][0]["id"], conversation);
    assert_eq!(agent.get("/conversations?follow_up=later").await.status, StatusCode::BAD_REQUEST);
    desk.say(json!({ "t": "do", "conversation": conversation, "n": 1, "do": "close" })).await;
    desk.event("conversation_closed").await;
    drop(server);

    let server = Server::start_in(&folder.0, &[]).await;
    let agent = server.sign_in("li").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let events = format!("/conversations/{}/events?limit=200", conversation.as_str().unwrap());
    let texts = async || -> Vec<String> {
        let found = agent.get(&events).await.body;
        let due = found["events"].as_array().unwrap().iter().filter(|it| it["kind"] == "follow_up_due");
        due.map(|it| it["text"].as_str().unwrap().to_owned()).collect()
    };
    // It was told before the console listened, or it hears of it now.
    if texts().await.len() < 2 {
        desk.event("follow_up_due").await;
    }
    assert_eq!(texts().await, ["回电", "第二次"], "each once");
    let row =
        agent.get(&format!("/conversations/{}", conversation.as_str().unwrap())).await.body["row"].clone();
    assert!(row["phase"] == "closed" || row["phase"] == "wrap_up", "{row}");

    // What is done is no promise any more.
    let done = json!({ "do": "follow_up", "at": null });
    assert_eq!(agent.post(&path, done).await.status, StatusCode::OK);
    assert_eq!(agent.get("/conversations?follow_up=open").await.body["items"], json!([]));
}
