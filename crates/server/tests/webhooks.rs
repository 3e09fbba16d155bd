//! Webhooks (SYS-73): signed, in order, tried again, replayable, and never a door into the house.

use crate::office::make;
use crate::support::{Person, Server};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sha2::Sha256;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// Takes requests, and answers them as told.
pub struct Receiver {
    listener: TcpListener,
}

pub struct Received {
    signature: String,
    pub body: String,
}

impl Received {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn is_signed_with(&self, secret: &str) -> bool {
        let (at, mac) = self.signature.split_once(",v1=").unwrap();
        let mut expected = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        expected.update(format!("{}.{}", at.strip_prefix("t=").unwrap(), self.body).as_bytes());
        hex::encode(expected.finalize().into_bytes()) == mac
    }
}

impl Receiver {
    pub async fn new() -> (Receiver, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        (Receiver { listener }, url)
    }

    /// Takes one request and answers it.
    pub async fn take(&self, status: u16) -> Received {
        self.answer(status, "").await
    }

    /// The same with words.
    pub async fn answer(&self, status: u16, words: &str) -> Received {
        let (mut stream, _) = tokio::time::timeout(Duration::from_secs(30), self.listener.accept())
            .await
            .expect("a delivery comes")
            .unwrap();
        let mut bytes = vec![];
        let (head, length) = loop {
            let mut part = [0; 4_096];
            let count = stream.read(&mut part).await.unwrap();
            assert!(count > 0, "the request ended early");
            bytes.extend_from_slice(&part[..count]);
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let Some((head, _)) = text.split_once("\r\n\r\n") else { continue };
            let length: usize = header(head, "content-length").parse().unwrap();
            if bytes.len() >= head.len() + 4 + length {
                break (head.to_owned(), length);
            }
        };
        let body = String::from_utf8(bytes[head.len() + 4..head.len() + 4 + length].to_vec()).unwrap();
        let length = words.len();
        let answer =
            format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{words}");
        stream.write_all(answer.as_bytes()).await.unwrap();
        Received { signature: header(&head, "x-yingda-signature"), body }
    }
}

fn header(head: &str, name: &str) -> String {
    let line = head.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}:")));
    line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
}

pub async fn hook(admin: &Person, url: &str) -> (String, String) {
    let webhook = json!({ "name": "订单系统", "url": url, "kinds": ["record_changed"], "enabled": true });
    let made = make(admin, "webhook", webhook).await;
    let id = made.body["id"].as_str().unwrap().to_owned();
    let secret = made.body["secret"].as_str().unwrap().to_owned();
    let again = admin.get(&format!("/records/webhook/{id}")).await;
    assert!(again.body["secret"].is_null(), "the secret is shown once");
    (id, secret)
}

pub async fn tag(admin: &Person, name: &str) {
    make(admin, "tag", json!({ "name": { "zh": name, "en": "" } })).await;
}

pub const OPEN: [(&str, &str); 1] = [("YINGDA_OUTGOING_PRIVATE_NETWORKS", "127.0.0.0/8")];

#[tokio::test]
async fn sys_73_a_delivery_is_signed_and_comes_again_after_a_failure() {
    let (server, admin) = Server::set_up_with(&OPEN).await;
    let (receiver, url) = Receiver::new().await;
    let (id, secret) = hook(&admin, &url).await;
    // Its own making is the first news that it gets.
    let first = receiver.take(500).await;
    assert!(first.is_signed_with(&secret));
    assert_eq!(first.json()["event"]["record"], "webhook");
    let waiting = admin.get(&format!("/webhooks/{id}/deliveries?state=waiting")).await;
    assert_eq!(waiting.body["items"].as_array().unwrap().len(), 1, "{}", waiting.text);
    tag(&admin, "投诉").await;
    let other = receiver.take(200).await;
    assert_eq!(other.json()["event"]["record"], "tag", "what concerns something else does not wait");
    let again = receiver.take(204).await;
    assert_eq!(again.json()["id"], first.json()["id"], "the id tells a repetition from news");
    assert_eq!(again.body, first.body);
    assert!(again.is_signed_with(&secret));
    drop(server);
}

#[tokio::test]
async fn a_restart_loses_no_event() {
    let folder = crate::support::Folder::new();
    let (server, admin) = Server::set_up_in(&folder.0, &OPEN).await;
    let (receiver, url) = Receiver::new().await;
    hook(&admin, &url).await;
    let first = receiver.take(500).await.json();
    assert_eq!(server.stop(), Some(0));
    let _server = Server::start_in(&folder.0, &OPEN).await;
    assert_eq!(receiver.take(200).await.json()["id"], first["id"]);
}

#[tokio::test]
async fn a_sample_can_be_sent_and_a_delivery_replayed() {
    let (_server, admin) = Server::set_up_with(&OPEN).await;
    let (receiver, url) = Receiver::new().await;
    let (id, secret) = hook(&admin, &url).await;
    let first = receiver.take(200).await;
    let path = format!("/webhooks/{id}/test");
    let (sample, told) = tokio::join!(receiver.take(200), admin.post(&path, json!({})));
    assert_eq!(told.body, json!({ "arrived": true, "status": 200, "error": "" }));
    assert!(sample.is_signed_with(&secret));
    let (_, told) = tokio::join!(receiver.take(410), admin.post(&path, json!({})));
    assert_eq!((&told.body["arrived"], &told.body["status"]), (&json!(false), &json!(410)));
    let delivered = admin.get(&format!("/webhooks/{id}/deliveries")).await;
    let delivery = delivered.body["items"][0]["id"].as_str().unwrap().to_owned();
    let replay = admin.post(&format!("/deliveries/{delivery}/replay"), json!({})).await;
    assert_eq!(replay.status, StatusCode::ACCEPTED, "{}", replay.text);
    assert_eq!(receiver.take(200).await.json()["id"], first.json()["id"]);
}

/// SYS-73: what fails twelve times is put aside and named; a replay has exactly one effect for a receiver that keeps
/// the ids it has carried out, however often it comes.
#[tokio::test]
async fn sys_73_a_dead_letter_is_replayed_with_one_effect() {
    let environment = [OPEN[0], ("YINGDA_OUTGOING_RETRY_MS", "1")];
    let (_server, admin) = Server::set_up_with(&environment).await;
    let (receiver, url) = Receiver::new().await;
    let (id, secret) = hook(&admin, &url).await;
    let mut heard = vec![];
    for _ in 0..12 {
        let received = receiver.take(503).await;
        assert!(received.is_signed_with(&secret), "each attempt has a signature of its own time");
        heard.push(received.json()["id"].clone());
    }
    heard.dedup();
    assert_eq!(heard.len(), 1, "the same event twelve times");
    // The twelfth answer is written down soon after it was given.
    let path = format!("/webhooks/{id}/deliveries?state=dead");
    let dead = loop {
        let dead = admin.get(&path).await.body["items"].clone();
        if dead != json!([]) {
            break dead[0].clone();
        }
    };
    assert_eq!(
        (&dead["attempts"], &dead["last_status"], &dead["next_at"]),
        (&json!(12), &json!(503), &Value::Null)
    );

    let mut done = std::collections::BTreeSet::new();
    let mut effects = 0;
    let replay = format!("/deliveries/{}/replay", dead["id"].as_str().unwrap());
    for _ in 0..3 {
        let asked = admin.post(&replay, json!({})).await;
        assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.text);
        let received = receiver.take(200).await.json();
        assert_eq!(received["id"], heard[0]);
        effects += u32::from(done.insert(received["id"].to_string()));
        // It is waiting until the answer is written down; a replay meanwhile would change nothing.
        while admin.get(&format!("/webhooks/{id}/deliveries?state=waiting")).await.body["items"] != json!([])
        {
        }
    }
    assert_eq!(effects, 1);
    assert_eq!(admin.get(&path).await.body["items"], json!([]), "it is dead no more");
}

#[tokio::test]
async fn private_networks_are_out_of_reach_unless_the_configuration_names_them() {
    let (_server, admin) = Server::set_up().await;
    let (_receiver, url) = Receiver::new().await;
    let port = url.trim_start_matches("http://127.0.0.1:").to_owned();
    for host in ["127.0.0.1", "localhost", "[::1]", "2130706433", "0.0.0.0"] {
        let webhook = json!({ "name": host, "url": format!("http://{host}:{port}"), "enabled": false });
        let id = make(&admin, "webhook", webhook).await.body["id"].as_str().unwrap().to_owned();
        let told = admin.post(&format!("/webhooks/{id}/test"), json!({})).await;
        assert_eq!((&told.body["arrived"], &told.body["status"]), (&json!(false), &Value::Null), "{host}");
    }
    let file = json!({ "kind": "webhook", "name": "x", "url": "file:///etc/passwd" });
    assert_eq!(admin.post("/records/webhook", file).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}
