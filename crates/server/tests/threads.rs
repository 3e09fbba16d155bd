//! Conversations by mail that become one, or two (SYS-01e): what answers their mails goes where they went.

use crate::line::{Line, post, work};
use crate::mail::{Servers, begun, channel, heard, setup, told};
use crate::mailbox::{Mailbox, header, letter};
use crate::office::hire;
use crate::support::{Person, Server};
use crate::webhooks::OPEN;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;

/// An agent, and a customer who writes by mail.
struct Scene {
    servers: Arc<Servers>,
    _server: Server,
    agent: Person,
    desk: Line,
    help: String,
    wang: String,
    customer: Mailbox,
}

impl Scene {
    async fn new() -> Scene {
        let servers = Servers::shared();
        let (help, wang) = servers.dovecot.pair();
        let (server, admin) = Server::set_up_with(&OPEN).await;
        let (agent, id) = hire(&server, &admin, "li", "R-03").await;
        let (desk, _) = work(&server, &agent, &id).await;
        channel(&admin, setup(&help, servers.dovecot.imap(), servers.postfix.smtp())).await;
        let customer = Mailbox::open(&servers.dovecot, &wang).await;
        Scene { servers, _server: server, agent, desk, help, wang, customer }
    }

    fn writes(&self, subject: &str, id: &str, more: &str, text: &str) {
        let head = format!(
            "Subject: {subject}\r\nMessage-ID: <{id}>\r\n{more}\
             Authentication-Results: mx.shop.example; spf=pass; dkim=pass; dmarc=pass\r\n"
        );
        self.servers.dovecot.deliver(&self.help, &letter(&self.wang, &self.help, &head, text));
    }

    /// A reply; gives the mail's own id and subject, and what it answers.
    async fn answers(&mut self, conversation: &Value, n: u32, text: &str) -> (String, String, String) {
        self.desk.say(post(conversation, n, text)).await;
        told(&mut self.desk, "sent").await;
        let mail = self.customer.next_in_time().await;
        let id = mail.message_id().unwrap().to_owned();
        (id, mail.subject().unwrap().to_owned(), header(&mail, "In-Reply-To").to_owned())
    }

    async fn events(&self, conversation: &Value) -> Vec<Value> {
        let path = format!("/conversations/{}/events?limit=200", conversation.as_str().unwrap());
        self.agent.get(&path).await.body["events"].as_array().unwrap().clone()
    }
}

/// SYS-01e: an agent merges two of their own; whatever answers a mail of either, by reference or by token, goes on in
/// the one that is left.
#[tokio::test]
async fn sys_01e_two_conversations_by_mail_become_one_and_answers_follow() {
    let mut it = Scene::new().await;
    it.writes("订单", "a1@kunde.example", "", "订单到哪了？");
    let (first, _) = begun(&mut it.desk, &it.agent).await;
    it.writes("还有件事", "b1@kunde.example", "", "另外想改地址。");
    let (second, _) = begun(&mut it.desk, &it.agent).await;
    assert_ne!(first, second);
    let (own, subject, _) = it.answers(&second, 1, "地址已改。").await;
    let merge = json!({ "t": "do", "conversation": second, "n": 2, "do": "merge_into", "into": first });
    it.desk.say(merge).await;
    it.desk
        .until("the end of one", |event| event["kind"] == "conversation_closed" && event["into"] == first)
        .await;

    // To a mail of ours, to one of their own, and by a program that keeps nothing but the subject.
    it.writes("Re: 一", "b2@kunde.example", &format!("In-Reply-To: <{own}>\r\n"), "谢谢。");
    assert_eq!(heard(&mut it.desk, "Re: 一").await["on"]["conversation"], first);
    it.writes("Re: 二", "b3@kunde.example", "References: <b1@kunde.example>\r\n", "还在吗？");
    assert_eq!(heard(&mut it.desk, "Re: 二").await["on"]["conversation"], first);
    it.writes(&format!("{subject} 三"), "b4@kunde.example", "", "喂？");
    let third = it
        .desk
        .until("the third", |event| event["mail"]["subject"].as_str().is_some_and(|it| it.ends_with("三")));
    assert_eq!(third.await["on"]["conversation"], first);
    it.writes("Re: 订单", "a2@kunde.example", "In-Reply-To: <a1@kunde.example>\r\n", "订单呢？");
    assert_eq!(heard(&mut it.desk, "Re: 订单").await["on"]["conversation"], first);
    let mails = it
        .events(&first)
        .await
        .iter()
        .filter(|it| it["by"]["type"] == "visitor" && it["type"] == "mail")
        .count();
    assert_eq!(mails, 5, "none is lost or doubled");
    let (_, _, answered) = it.answers(&first, 1, "都处理好了。").await;
    assert_eq!(answered, "<a2@kunde.example>", "the last one is answered");
}

/// SYS-01e: the mail that was written last is answered, whichever of the two conversations is left.
#[tokio::test]
async fn sys_01e_after_a_merge_the_later_mail_is_answered() {
    let mut it = Scene::new().await;
    it.writes("旧的", "o1@kunde.example", "", "第一封");
    let (old, _) = begun(&mut it.desk, &it.agent).await;
    it.writes("新的", "n1@kunde.example", "", "第二封");
    let (new, _) = begun(&mut it.desk, &it.agent).await;
    it.desk.say(json!({ "t": "do", "conversation": new, "n": 1, "do": "merge_into", "into": old })).await;
    it.desk.event("conversation_closed").await;
    let (_, subject, answered) = it.answers(&old, 1, "收到").await;
    assert_eq!(answered, "<n1@kunde.example>");
    assert!(subject.starts_with("Re: 新的"), "{subject}");
}

/// SYS-01e: one mail of a thread is about something else: it becomes a conversation of its own, once, and what answers
/// it follows; the rest stays as it was.
#[tokio::test]
async fn sys_01e_a_mail_that_is_split_off_has_a_thread_of_its_own() {
    let mut it = Scene::new().await;
    it.writes("订单", "a1@kunde.example", "", "订单到哪了？");
    let (first, _) = begun(&mut it.desk, &it.agent).await;
    let path = format!("/conversations/{}/split", first.as_str().unwrap());
    let only = it.events(&first).await.iter().find(|it| it["type"] == "mail").unwrap()["seq"].clone();
    let refused = it.agent.post(&path, json!({ "message": only })).await;
    assert_eq!(refused.code(), "wrong_phase", "nothing would be left");
    it.writes("发票", "a2@kunde.example", "In-Reply-To: <a1@kunde.example>\r\n", "另外请开发票。");
    let invoice = heard(&mut it.desk, "发票").await;
    assert_eq!(invoice["on"]["conversation"], first);

    let split = it.agent.post(&path, json!({ "message": invoice["seq"] })).await;
    assert_eq!(split.status, StatusCode::CREATED, "{}", split.text);
    let second = split.body["conversation"].clone();
    assert_ne!(second, first);
    assert_eq!(it.desk.event("assigned").await["on"]["conversation"], second, "it is the agent's own");
    let again = it.agent.post(&path, json!({ "message": invoice["seq"] })).await;
    assert_eq!(again.body["conversation"], second, "once");
    let taken = it.events(&second).await;
    let mail = taken.iter().find(|it| it["type"] == "mail").unwrap();
    assert_eq!((&mail["mail"]["text"], &mail["by"]["type"]), (&json!("另外请开发票。"), &json!("visitor")));
    let customer = it.agent.get(&format!("/conversations/{}", second.as_str().unwrap())).await;
    assert!(customer.body["live"]["customer"].is_string(), "{}", customer.text);
    let notes: Vec<Value> =
        it.events(&first).await.into_iter().filter(|it| it["kind"] == "note_posted").collect();
    assert_eq!(notes.len(), 1, "{notes:?}");

    // Each is answered as what it is, and the customer's answers part ways.
    let (own, subject, answered) = it.answers(&second, 1, "发票已开。").await;
    assert_eq!(answered, "<a2@kunde.example>");
    assert!(subject.starts_with("Re: 发票"), "{subject}");
    let (_, _, answered) = it.answers(&first, 1, "明天到。").await;
    assert_eq!(answered, "<a1@kunde.example>");
    it.writes("Re: 发票", "a3@kunde.example", &format!("In-Reply-To: <{own}>\r\n"), "收到发票。");
    assert_eq!(heard(&mut it.desk, "Re: 发票").await["on"]["conversation"], second);
    it.writes("Re: 发票 2", "a4@kunde.example", "In-Reply-To: <a2@kunde.example>\r\n", "抬头不对。");
    assert_eq!(heard(&mut it.desk, "Re: 发票 2").await["on"]["conversation"], second);
    it.writes("Re: 订单", "a5@kunde.example", "In-Reply-To: <a1@kunde.example>\r\n", "谢谢。");
    assert_eq!(heard(&mut it.desk, "Re: 订单").await["on"]["conversation"], first);
}
