//! Uploads (SYS-42): what a file is, who may read it.

use crate::line::{visit, work};
use crate::office::{first, hire};
use crate::support::Server;
use reqwest::{
    Client, Response, StatusCode,
    multipart::{Form, Part},
};
use serde_json::{Value, json};

pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";

pub struct Visitor {
    client: Client,
    url: String,
    token: String,
}

impl Visitor {
    /// Somebody who left a message, and so has a token.
    pub async fn new(server: &Server, widget: &str) -> Visitor {
        let fields =
            json!({ "name": "访客", "phone": "13812345678", "email": "a@example.com", "message": "请回电" });
        let message = json!({ "widget": widget, "fields": fields });
        let left = server.nobody().post("/widget/messages", message).await;
        assert_eq!(left.status, StatusCode::CREATED, "{}", left.text);
        let token = left.body["token"].as_str().unwrap().to_owned();
        Visitor { client: Client::new(), url: format!("{}/api/v1", server.url), token }
    }

    /// The same visitor at another server.
    pub fn at(self, server: &Server) -> Visitor {
        Visitor { url: format!("{}/api/v1", server.url), ..self }
    }

    pub async fn upload(&self, name: &str, bytes: &[u8]) -> Response {
        let part = Part::bytes(bytes.to_vec()).file_name(name.to_owned());
        let form = Form::new().part("file", part);
        let request = self.client.post(format!("{}/files", self.url)).bearer_auth(&self.token);
        request.multipart(form).send().await.unwrap()
    }

    pub async fn fetch(&self, id: &str) -> Response {
        self.client.get(format!("{}/files/{id}?token={}", self.url, self.token)).send().await.unwrap()
    }
}

/// A file that a member of staff uploads; its id.
pub async fn upload(server: &Server, person: &crate::support::Person, name: &str, bytes: &[u8]) -> String {
    let form = Form::new().part("file", Part::bytes(bytes.to_vec()).file_name(name.to_owned()));
    let request = Client::new().post(format!("{}/api/v1/files", server.url)).header("x-yingda", "1");
    let cookie = person.cookie.clone().unwrap();
    let stored: Value =
        request.header("cookie", cookie).multipart(form).send().await.unwrap().json().await.unwrap();
    stored["id"].as_str().unwrap_or_else(|| panic!("{stored}")).to_owned()
}

#[tokio::test]
async fn a_picture_is_shown_and_everything_else_is_downloaded() {
    let (server, admin) = Server::set_up().await;
    let widget = first(&admin, "widget").await;
    let visitor = Visitor::new(&server, &widget).await;
    for (name, bytes, mime, how) in [
        ("截图.png", PNG, "image/png", "inline"),
        ("a.txt", "2 < 3，你好".as_bytes(), "text/plain", "attachment"),
        ("a.pdf", b"%PDF-1.7\n", "application/pdf", "attachment"),
    ] {
        let stored: Value = visitor.upload(name, bytes).await.json().await.unwrap();
        assert_eq!(stored["mime"], mime, "{stored}");
        let fetched = visitor.fetch(stored["id"].as_str().unwrap()).await;
        let header = |name: &str| fetched.headers()[name].to_str().unwrap().to_owned();
        assert!(header("content-disposition").starts_with(how), "{name}");
        assert_eq!(header("content-type"), mime);
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert!(header("content-security-policy").contains("sandbox"));
        assert_eq!(fetched.bytes().await.unwrap(), bytes);
    }
}

#[tokio::test]
async fn files_that_lie_and_files_that_are_too_large_are_refused() {
    let (server, admin) = Server::set_up_with(&[("YINGDA_LIMITS_UPLOAD_MB", "1")]).await;
    let visitor = Visitor::new(&server, &first(&admin, "widget").await).await;
    for (name, bytes) in [
        ("a.png", b"<html><script>alert(1)</script></html>".as_slice()),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("a.txt", b"MZ\x90\0\x03"),
        ("a.html", b"hello"),
        ("a.pdf", PNG),
        ("a.png", b""),
    ] {
        let refused = visitor.upload(name, bytes).await;
        assert_eq!(refused.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "{name}");
        assert_eq!(refused.json::<Value>().await.unwrap()["code"], "wrong_file_type");
    }
    let large = visitor.upload("a.txt", &vec![b'a'; 1_100_000]).await;
    assert_eq!(large.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let no_form = visitor.client.post(format!("{}/files", visitor.url)).bearer_auth(&visitor.token).body("x");
    assert!(no_form.send().await.unwrap().status().is_client_error());
}

#[tokio::test]
async fn other_peoples_files_do_not_exist() {
    let (server, admin) = Server::set_up().await;
    let widget = first(&admin, "widget").await;
    let (owner, other) = (Visitor::new(&server, &widget).await, Visitor::new(&server, &widget).await);
    let stored: Value = owner.upload("a.png", PNG).await.json().await.unwrap();
    let id = stored["id"].as_str().unwrap();
    assert_eq!(owner.fetch(id).await.status(), StatusCode::OK);
    assert_eq!(other.fetch(id).await.status(), StatusCode::NOT_FOUND);
    let forged = Visitor { token: "forged".into(), ..Visitor::new(&server, &widget).await };
    assert_eq!(forged.fetch(id).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(forged.upload("a.png", PNG).await.status(), StatusCode::UNAUTHORIZED);
    let (agent, _) = hire(&server, &admin, "li", "R-03").await;
    let early = agent.get(&format!("/files/{id}")).await;
    assert_eq!(early.status, StatusCode::NOT_FOUND, "nobody posted it yet");
    assert_eq!(server.nobody().get(&format!("/files/{id}")).await.status, StatusCode::UNAUTHORIZED);
}

/// SYS-42: the catalogue that an agent sends to one customer after the other is there for each of them.
#[tokio::test]
async fn a_file_posted_again_is_readable_in_each_conversation() {
    let (server, admin) = Server::set_up().await;
    let widget = first(&admin, "widget").await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let one = Visitor::new(&server, &widget).await;
    let two = Visitor::new(&server, &widget).await;
    let stored: Value = one.upload("a.png", PNG).await.json().await.unwrap();
    let file = stored["id"].as_str().unwrap();
    for (tab, visitor) in [(1, &one), (2, &two)] {
        let (mut line, _) = visit(&server, &widget, tab, json!({ "token": visitor.token })).await;
        line.say(json!({ "t": "start", "n": 1, "content": { "type": "text", "text": "你好" } })).await;
        let conversation = desk.event("assigned").await["on"]["conversation"].clone();
        let post = json!({ "t": "do", "conversation": conversation, "n": 1, "do": "post", "type": "file",
            "file": file, "name": "a.png", "mime": "image/png", "size": PNG.len() });
        desk.say(post).await;
        line.until("the file", |frame| frame["file"] == file).await;
        assert_eq!(visitor.fetch(file).await.status(), StatusCode::OK);
    }
    assert_eq!(agent.get(&format!("/files/{file}")).await.status, StatusCode::OK);
    let stranger = Visitor::new(&server, &widget).await;
    assert_eq!(stranger.fetch(file).await.status(), StatusCode::NOT_FOUND);
    let (colleague, _) = hire(&server, &admin, "wu", "R-03").await;
    assert_eq!(colleague.get(&format!("/files/{file}")).await.status, StatusCode::NOT_FOUND);
}
