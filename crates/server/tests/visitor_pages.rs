//! SYS-01f: a browser that runs no script leaves a message and reads its answer.

use crate::{
    office::{first, make},
    support::{Person, Server},
};
use reqwest::{StatusCode, header};
use serde_json::json;

/// A browser without script: it sends forms, and follows where it is told to go.
struct Browser {
    client: reqwest::Client,
    url: String,
}

impl Browser {
    fn of(server: &Server) -> Self {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { client, url: server.url.clone() }
    }

    async fn get(&self, path: &str) -> (StatusCode, String, String) {
        let answer = self.client.get(format!("{}{path}", self.url)).send().await.unwrap();
        Self::seen(answer).await
    }

    async fn send(&self, path: &str, form: &str) -> (StatusCode, String, String) {
        let request = self.client.post(format!("{}{path}", self.url));
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        Self::seen(request.body(form.to_owned()).send().await.unwrap()).await
    }

    /// Status, address in the end, and text.
    async fn seen(answer: reqwest::Response) -> (StatusCode, String, String) {
        let (status, url) = (answer.status(), answer.url().clone());
        let address = format!("{}?{}", url.path(), url.query().unwrap_or_default());
        (status, address, answer.text().await.unwrap())
    }
}

async fn widget(admin: &Person, change: serde_json::Value) -> String {
    let mut record = json!({
        "name": { "zh": "窗口", "en": "Window" }, "line": first(admin, "line").await,
        "queue": first(admin, "queue").await, "title": { "zh": "客服 <台>", "en": "Desk" },
    });
    record.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    make(admin, "widget", record).await.body["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_message_is_left_and_answered_without_script() {
    let (server, admin) = Server::set_up().await;
    let widget = widget(&admin, json!({})).await;
    let browser = Browser::of(&server);

    let (status, _, page) = browser.get(&format!("/chat/{widget}?lang=en")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("<noscript>") && page.contains("Send message"), "the form stands in the page");

    let form = "message=%3Cscript%3Ealert(1)%3C%2Fscript%3E&phone=13800001234&name=%E7%8E%8B%E8%8A%B3&email=";
    let (status, answers, page) = browser.send(&format!("/chat/{widget}?lang=en"), form).await;
    assert_eq!(status, StatusCode::OK);
    assert!(answers.starts_with(&format!("/chat/{widget}/answers?lang=en&token=")), "{answers}");
    assert!(page.contains("There is no answer yet"));
    assert!(page.contains("&lt;script&gt;alert(1)"), "what was written stays text");
    assert!(!page.contains("<script"));

    let leads = admin.get("/leads").await;
    let lead = &leads.body["items"][0];
    assert_eq!(lead["fields"]["name"], "王芳");
    let id = lead["id"].as_str().unwrap();
    let answered = admin
        .clone()
        .with("if-match", &format!("\"{}\"", lead["version"]))
        .put(
            &format!("/leads/{id}"),
            json!({ "status": "done", "answer": "We open at nine & close at five." }),
        )
        .await;
    assert_eq!(answered.status, StatusCode::OK, "{}", answered.text);

    let (_, _, page) = browser.get(&answers).await;
    assert!(page.contains("We open at nine &amp; close at five."));
}

#[tokio::test]
async fn a_link_that_was_not_given_shows_nothing() {
    let (server, admin) = Server::set_up().await;
    let widget = widget(&admin, json!({})).await;
    let browser = Browser::of(&server);
    let (_, answers, _) = browser.send(&format!("/chat/{widget}"), "message=secret").await;
    let forged = answers.replacen("token=A", "token=B", 1);
    assert_ne!(forged, answers);
    let (status, _, page) = browser.get(&forged).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(!page.contains("secret"));
    assert_eq!(browser.get("/chat/1").await.0, StatusCode::NOT_FOUND);
    assert_eq!(browser.get("/chat/nonsense").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn wrong_answers_come_back_with_what_was_written() {
    let (server, admin) = Server::set_up().await;
    let widget = widget(&admin, json!({})).await;
    let browser = Browser::of(&server);
    let (status, _, page) = browser.send(&format!("/chat/{widget}"), "message=%22hello%22&phone=abc").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("&quot;hello&quot;") && page.contains("value=\"abc\""));
    assert!(page.contains("role=\"alert\""));
    assert!(page.contains("客服 &lt;台&gt;"), "also the title is text");
    assert!(admin.get("/leads").await.body["items"].as_array().unwrap().is_empty());
}

/// The notice is accepted by a tick of one's own, under 14 with a guardian's word, and the acceptance is a fact.
#[tokio::test]
async fn a_notice_is_accepted_before_anything_is_kept() {
    let (server, admin) = Server::set_up().await;
    let notice = json!({ "notice": { "zh": "我们保存留言", "en": "We keep it" }, "notice_version": 3, "ask_guardian": true });
    let widget = widget(&admin, notice).await;
    let browser = Browser::of(&server);
    let address = format!("/chat/{widget}?lang=en");
    for form in ["message=hi", "message=hi&_agreed=yes", "message=hi&_age=adult"] {
        let (status, _, page) = browser.send(&address, form).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{form}");
        assert!(page.contains("We keep it"));
    }
    assert!(admin.get("/leads").await.body["items"].as_array().unwrap().is_empty());
    let (status, ..) = browser.send(&address, "message=hi&_agreed=yes&_age=guarded").await;
    assert_eq!(status, StatusCode::OK);
    let audit = admin.get("/audit?kind=notice_accepted").await;
    let event = &audit.body["items"][0]["event"];
    assert_eq!((&event["version"], &event["guardian"]), (&json!(3), &json!(true)), "{}", audit.text);
}
