//! `Idempotency-Key` (SYS-73, Q-15): a contact is brought in once, wherever the process dies.

use crate::office::{first, program};
use crate::support::{Folder, Person, Server};
use reqwest::StatusCode;
use serde_json::{Value, json};

/// Takes back what was stored after the contact: as if the process had died before the answer was kept.
fn forget_answer(folder: &Folder) {
    let store = rusqlite::Connection::open(folder.0.join("yingda.db")).unwrap();
    let gone = store.execute("DELETE FROM idempotency", []).unwrap();
    assert!(gone > 0, "there was an answer to forget");
}

#[tokio::test]
async fn a_contact_is_brought_in_once_also_when_the_process_dies_before_its_answer_is_kept() {
    let folder = Folder::new();
    let (server, admin) = Server::set_up_in(&folder.0, &[]).await;
    let actions = ["conversation_serve", "conversation_read", "conversation_reassign"];
    let robot = program(&server, &admin, &actions).await.with("idempotency-key", "call-4711");
    let new = json!({ "queue": first(&admin, "queue").await, "text": "来电登记" });
    let made = robot.post("/conversations", new.clone()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let contact = made.body["conversation"].clone();
    let contacts = async |admin: &Person| -> Vec<Value> {
        let all = admin.get("/conversations").await.body;
        all["items"].as_array().unwrap().iter().map(|it| it["id"].clone()).collect()
    };

    // While it waits, and after it ended.
    let mut server = server;
    for end in [false, true] {
        if end {
            let path = format!("/conversations/{}/acts", contact.as_str().unwrap());
            let closed = server.sign_in("admin").await.post(&path, json!({ "do": "close" })).await;
            assert_eq!(closed.status, StatusCode::OK, "{}", closed.text);
        }
        drop(server);
        forget_answer(&folder);
        server = Server::start_in(&folder.0, &[]).await;
        let admin = server.sign_in("admin").await;
        let mut again = server.nobody();
        again.headers.clone_from(&robot.headers);
        let repeated = again.post("/conversations", new.clone()).await;
        assert_eq!((repeated.status, &repeated.body["conversation"]), (StatusCode::CREATED, &contact));
        assert_eq!(contacts(&admin).await, std::slice::from_ref(&contact), "closed: {end}");
        let other = again.clone().without("idempotency-key").with("idempotency-key", "call-4712");
        if end {
            let second = other.post("/conversations", new.clone()).await;
            assert_eq!(second.status, StatusCode::CREATED, "{}", second.text);
            assert_eq!(contacts(&admin).await.len(), 2, "another key is another contact");
        }
    }
}

/// What a program adds to the contact that somebody has open is said once as well.
#[tokio::test]
async fn words_for_an_open_contact_are_said_once() {
    let folder = Folder::new();
    let (server, admin) = Server::set_up_in(&folder.0, &[]).await;
    let robot = program(&server, &admin, &["conversation_serve", "conversation_read"]).await;
    let queue = first(&admin, "queue").await;
    let made = robot.post("/conversations", json!({ "queue": queue, "text": "一" })).await;
    let path = format!("/conversations/{}", made.body["conversation"].as_str().unwrap());
    let visitor = admin.get(&path).await.body["row"]["visitor"].clone();
    let more = json!({ "queue": queue, "visitor": visitor, "text": "二" });
    let robot = robot.with("idempotency-key", "more");
    assert_eq!(
        robot.post("/conversations", more.clone()).await.body["conversation"],
        made.body["conversation"]
    );
    drop(server);
    forget_answer(&folder);
    let server = Server::start_in(&folder.0, &[]).await;
    let mut again = server.nobody();
    again.headers.clone_from(&robot.headers);
    let repeated = again.post("/conversations", more).await;
    assert_eq!(repeated.body["conversation"], made.body["conversation"], "{}", repeated.text);
    let said = server.sign_in("admin").await.get(&format!("{path}/events")).await.body;
    let texts = said["events"].as_array().unwrap().iter().filter(|it| it["by"]["type"] == "api");
    let texts: Vec<&str> = texts.filter_map(|it| it["text"].as_str()).collect();
    assert_eq!(texts, ["一", "二"]);
}
