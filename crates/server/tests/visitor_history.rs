//! SYS-01d: a visitor who comes back reads what was said before, in all their conversations, and nobody else's.

use crate::line::visit;
use crate::office::{first, make};
use crate::support::{Person, Server};
use serde_json::{Value, json};

async fn texts(anyone: &Person, token: &str, before: u64) -> Vec<String> {
    let part = anyone.get(&format!("/visitor/events?before={before}&token={token}")).await;
    let events = part.body["events"].as_array().unwrap();
    events.iter().filter_map(|event| event["text"].as_str()).map(str::to_owned).collect()
}

#[tokio::test]
async fn reading_back_goes_on_into_the_conversation_before() {
    let (server, admin) = Server::set_up().await;
    let (queue, line) = (first(&admin, "queue").await, first(&admin, "line").await);
    let record = json!({ "name": { "zh": "商城", "en": "Shop" }, "queue": queue, "line": line });
    let widget = make(&admin, "widget", record).await.body["id"].as_str().unwrap().to_owned();
    let (mut visitor, welcome) = visit(&server, &widget, 7, json!({})).await;
    let token = welcome["token"].as_str().unwrap().to_owned();
    let (mut began, mut talks) = (vec![], vec![]);
    for (n, text) in [(1, "first talk"), (2, "second talk")] {
        visitor.say(json!({ "t": "start", "n": n, "content": { "type": "text", "text": text } })).await;
        let started: Value = visitor.event("conversation_started").await;
        began.push(started["seq"].as_u64().unwrap());
        let conversation = &started["on"]["conversation"];
        visitor.say(json!({ "t": "do", "conversation": conversation, "n": 1, "do": "close" })).await;
        visitor.event("conversation_closed").await;
        talks.push(conversation.clone());
    }

    let anyone = server.nobody();
    assert_eq!(texts(&anyone, &token, u64::from(u32::MAX)).await, ["second talk"]);
    assert_eq!(texts(&anyone, &token, began[1]).await, ["first talk"], "before the second lies the first");
    assert!(texts(&anyone, &token, began[0]).await.is_empty(), "and before that nothing");

    let address = format!("/visitor/transcript?format=txt&token={token}");
    let whole = anyone.get(&address).await.text;
    let (one, two) = (whole.find("first talk").unwrap(), whole.find("second talk").unwrap());
    assert!(one < two, "all conversations, the oldest first: {whole}");
    let second = talks[1].as_str().unwrap();
    let part = anyone.get(&format!("{address}&conversation={second}")).await.text;
    assert!(part.contains("second talk") && !part.contains("first talk"), "{part}");

    let (_, other) = visit(&server, &widget, 8, json!({})).await;
    let stranger = other["token"].as_str().unwrap();
    for address in ["events?", "transcript?", &format!("transcript?conversation={second}&")] {
        let answer = anyone.get(&format!("/visitor/{address}token={stranger}")).await;
        assert_eq!(answer.code(), "not_found", "{address}");
    }
}
