//! What a widget shows and keeps (SYS-01f): the faces of those on duty, and no trail before the visitor agreed.

use crate::line::{Line, visit, work};
use crate::office::{first, hire, make};
use crate::support::{Person, Server};
use serde_json::{Value, json};

async fn widget(admin: &Person, more: Value) -> String {
    let (queue, line) = (first(admin, "queue").await, first(admin, "line").await);
    let mut record = json!({ "name": { "zh": "商城", "en": "Shop" }, "queue": queue, "line": line });
    for (key, value) in more.as_object().unwrap() {
        record[key] = value.clone();
    }
    make(admin, "widget", record).await.body["id"].as_str().unwrap().to_owned()
}

/// Only those who would answer now, as customers know them: three at most, and never a name that is hidden.
#[tokio::test]
async fn the_head_shows_who_is_on_duty_by_the_names_that_customers_know() {
    let (server, admin) = Server::set_up().await;
    let widget = widget(&admin, json!({})).await;
    let (_, welcome) = visit(&server, &widget, 1, json!({})).await;
    assert_eq!(welcome["config"]["team"], json!([]), "nobody is there");
    let mut desks: Vec<Line> = vec![];
    for n in 0..5 {
        let (person, id) = hire(&server, &admin, &format!("agent{n}"), "R-03").await;
        let path = format!("/records/user/{id}");
        let stored = admin.get(&path).await;
        let mut record = stored.body["record"].clone();
        record["nickname"] = format!("小{n}").into();
        let named = admin.clone().with("if-match", stored.header("etag")).put(&path, record).await;
        assert!(named.status.is_success(), "{}", named.text);
        // The first one has signed in and takes no contacts.
        if n > 0 {
            desks.push(work(&server, &person, &id).await.0);
        }
    }
    let (_, welcome) = visit(&server, &widget, 2, json!({})).await;
    let team = welcome["config"]["team"].as_array().unwrap();
    let names: Vec<&str> = team.iter().map(|face| face["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["小1", "小2", "小3"]);
    assert!(!welcome.to_string().contains("agent"), "{welcome}");
}

/// SYS-01f: where the widget waits for the site's consent, the server keeps neither source nor pages before, whatever
/// a client sends; it does from then on, and stops when the consent is taken back.
#[tokio::test]
async fn nothing_of_the_trail_is_kept_before_consent() {
    let (server, admin) = Server::set_up().await;
    let widget = widget(&admin, json!({ "wait_for_consent": true })).await;
    let source = json!({ "page": "https://shop.example/a", "referrer": "https://search.example/?q=x" });
    let page = |n: u32| json!({ "t": "page", "url": format!("https://shop.example/{n}") });
    let (mut visitor, welcome) = visit(&server, &widget, 1, json!({ "source": source })).await;
    let pages = format!("/visitors/{}/pages", welcome["visitor"].as_str().unwrap());
    // A pong says that what was sent before it was heard.
    let tell = async |visitor: &mut Line, frame: Value| {
        visitor.say(frame).await;
        visitor.say(json!({ "t": "ping", "id": 1 })).await;
        visitor.frame("pong").await;
    };
    tell(&mut visitor, page(1)).await;
    assert_eq!(admin.get("/visitors/live").await.body, json!([]));
    visitor.say(json!({ "t": "start", "n": 1, "content": { "type": "text", "text": "你好" } })).await;
    let started = visitor.event("conversation_started").await;
    assert_eq!(started["source"], Value::Null, "{started}");
    assert_eq!(admin.get(&pages).await.body, json!([]));

    tell(&mut visitor, json!({ "t": "consent", "on": true, "source": source })).await;
    tell(&mut visitor, page(2)).await;
    tell(&mut visitor, json!({ "t": "consent", "on": false })).await;
    tell(&mut visitor, page(3)).await;
    // Page views ride with the next commit.
    let conversation = &started["on"]["conversation"];
    visitor.say(json!({ "t": "do", "conversation": conversation, "n": 1, "do": "close" })).await;
    visitor.event("conversation_closed").await;
    let kept = admin.get(&pages).await.body;
    assert_eq!(kept.as_array().unwrap().len(), 1, "{kept}");
    assert_eq!(kept[0]["url"], "https://shop.example/2");

    // Who agreed on an earlier page says so with the greeting.
    let (mut agreed, _) = visit(&server, &widget, 2, json!({ "source": source, "consent": true })).await;
    agreed.say(json!({ "t": "start", "n": 1, "content": { "type": "text", "text": "你好" } })).await;
    assert_eq!(agreed.event("conversation_started").await["source"]["page"], source["page"]);
}
