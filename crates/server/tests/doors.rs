//! One customer and every door: all stands on one timeline, and each reply leaves as it came (SYS-01).

use crate::line::{Line, post, visit, work};
use crate::mail;
use crate::mailbox::{Mailbox, letter};
use crate::office::{first, hire, make};
use crate::outreach;
use crate::support::{Person, Server};
use crate::webhooks::OPEN;
use crate::wechat::Account;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use yingda_peers::{Dovecot, Postfix};

/// An agent with room for one of each kind at once.
struct Desk {
    line: Line,
    who: String,
}

impl Desk {
    async fn given(&mut self) -> Value {
        self.line.event("assigned").await["on"]["conversation"].clone()
    }

    async fn answers(&mut self, conversation: &Value, text: &str) {
        self.line.say(post(conversation, 1, text)).await;
    }

    /// The reply itself has left, not only the greeting before it.
    async fn sees_it_leave(&mut self, conversation: &Value, text: &str) {
        let said = |it: &Value| it["on"]["conversation"] == *conversation && it["text"] == text;
        let known = self.line.heard.iter().find(|it| said(it)).cloned();
        let message = match known {
            Some(known) => known,
            None => self.line.until("the reply", said).await,
        };
        let left = |it: &Value| {
            it["kind"] == "message_delivered" && it["message"] == message["seq"] && it["state"] != "failed"
        };
        if !self.line.heard.iter().any(left) {
            self.line.until("its leaving", left).await;
        }
    }

    /// It is the same person as the customer with this id.
    async fn knows(&mut self, conversation: &Value) {
        let link = json!({
            "t": "do", "conversation": conversation, "n": 2, "do": "link_customer", "customer": self.who,
        });
        self.line.say(link).await;
        self.line.event("customer_linked").await;
    }
}

async fn customer(admin: &Person, email: &str) -> String {
    let made = json!({ "name": "王小明", "phone": "13800138000", "email": email });
    let made = admin.post("/customers", made).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.body["id"].as_str().unwrap().to_owned()
}

/// SYS-01, SYS-01c, SYS-01e, SYS-01g, SYS-24: by chat, mail, SMS, 公众号 and letter; the mail server dies in the middle.
#[tokio::test]
async fn one_customer_by_every_door_has_one_timeline() {
    let dovecot = Dovecot::new(None);
    let postfix = Postfix::new(&dovecot, None);
    let (help, wang) = dovecot.pair();
    let (server, admin) = Server::set_up_with(&OPEN).await;
    let who = customer(&admin, &wang).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (line, _) = work(&server, &agent, &id).await;
    let mut desk = Desk { line, who: who.clone() };

    let widget = first(&admin, "widget").await;
    let (mut visitor, _) = visit(&server, &widget, 1, json!({})).await;
    visitor.say(json!({ "t": "start", "n": 1, "content": { "type": "text", "text": "在吗" } })).await;
    let chat = desk.given().await;
    desk.answers(&chat, "聊天的答复").await;
    visitor.until("the answer", |it| it["text"] == "聊天的答复").await;
    desk.knows(&chat).await;

    let (provider, _, callback) = outreach::sms(&admin, outreach::open_hours()).await;
    let words = json!({ "id": "m1", "mobile": "13800138000", "content": "短信问一下" });
    assert_eq!(server.nobody().post(&callback, words).await.status, StatusCode::OK);
    let sms = desk.given().await;
    desk.answers(&sms, "短信的答复").await;
    let left = provider.answer(200, r#"{"code":0,"mid":"x1"}"#).await.json();
    assert_eq!(left["content"], "【应答】短信的答复");
    desk.sees_it_leave(&sms, "短信的答复").await;

    let account = Account::new(&server, &admin, None).await;
    account.says("1", "公众号问一下").await;
    let wechat = desk.given().await;
    desk.answers(&wechat, "公众号的答复").await;
    desk.sees_it_leave(&wechat, "公众号的答复").await;
    desk.knows(&wechat).await;
    assert_eq!(account.sent().await.last().unwrap()["text"]["content"], "公众号的答复");

    let mailbox = mail::channel(&admin, mail::setup(&help, dovecot.imap(), postfix.smtp())).await;
    let proven = "Subject: 邮件问一下\r\nMessage-ID: <1@x>\r\n\
                  Authentication-Results: mx.shop.example; spf=pass; dkim=pass; dmarc=pass\r\n";
    dovecot.deliver(&help, &letter(&wang, &help, proven, "邮件问一下"));
    let mail = desk.given().await;
    dovecot.stop();
    mail::stands(&admin, &mailbox, |error| !error.is_empty()).await;
    desk.answers(&mail, "邮件的答复").await;
    dovecot.start_again();
    desk.sees_it_leave(&mail, "邮件的答复").await;
    let again = "Subject: Re: 邮件问一下\r\nIn-Reply-To: <1@x>\r\nMessage-ID: <2@x>\r\n";
    dovecot.deliver(&help, &letter(&wang, &help, again, "谢谢"));
    let thanks = mail::heard(&mut desk.line, "Re: 邮件问一下").await;
    assert_eq!(thanks["on"]["conversation"], mail);

    let queue = first(&admin, "queue").await;
    let letters = json!({
        "name": { "zh": "信函", "en": "Letters" }, "enabled": true, "queue": queue,
        "setup": { "type": "letter" },
    });
    let letters = make(&admin, "channel", letters).await.body["id"].as_str().unwrap().to_owned();
    let arrival = json!({ "name": "王小明", "phone": "138 0013 8000", "text": "信里问一下" });
    let taken = agent.post(&format!("/channels/{letters}/arrivals"), arrival).await;
    assert_eq!(taken.status, StatusCode::CREATED, "{}", taken.text);
    desk.given().await;

    let timeline = admin.get(&format!("/customers/{who}/conversations")).await;
    let items = timeline.body["items"].as_array().unwrap();
    let media: BTreeSet<&str> = items.iter().map(|it| it["medium"].as_str().unwrap()).collect();
    assert_eq!(media, BTreeSet::from(["chat", "letter", "mail", "sms", "wechat"]), "{}", timeline.text);
    assert_eq!(items.len(), 5, "one each: {}", timeline.text);
    let mut customers_mailbox = Mailbox::open(&dovecot, &wang).await;
    let reply = customers_mailbox.next_in_time().await;
    assert!(reply.body_text(0).unwrap().starts_with("邮件的答复"));
    assert_eq!(customers_mailbox.count().await, 1, "once");
}
