//! E-mail (SYS-01e) against real servers: Dovecot keeps the mailboxes, Postfix carries what leaves.

use crate::line::{Line, post, work};
use crate::mailbox::{Mailbox, PATIENCE, header, letter};
use crate::office::{first, hire, make};
use crate::support::{Folder, Person, Server};
use crate::webhooks::OPEN;
use mail_parser::MimeHeaders;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::sync::{
    Arc, Mutex, PoisonError, Weak,
    atomic::{AtomicU32, Ordering},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use yingda_peers::{Dovecot, Postfix};

pub struct Servers {
    pub dovecot: Dovecot,
    pub postfix: Postfix,
}

impl Servers {
    /// Those that the tests of this process share while any of them uses them.
    pub fn shared() -> Arc<Servers> {
        static SHARED: Mutex<Weak<Servers>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let dovecot = Dovecot::new(None);
            let postfix = Postfix::new(&dovecot, None);
            let servers = Arc::new(Servers { dovecot, postfix });
            *shared = Arc::downgrade(&servers);
            servers
        })
    }
}

pub fn setup(address: &str, imap: u16, smtp: u16) -> Value {
    json!({
        "type": "mail", "address": address, "sender": "应答客服", "login": address,
        "imap": { "host": "127.0.0.1", "port": imap, "security": "none" },
        "smtp": { "host": "127.0.0.1", "port": smtp, "security": "none" },
        "signature": { "zh": "此致敬礼", "en": "Regards" }, "verifier": "mx.shop.example",
    })
}

/// A mailbox that is read.
pub async fn channel(admin: &Person, setup: Value) -> String {
    let queue = first(admin, "queue").await;
    let channel =
        json!({ "name": { "zh": "邮箱", "en": "Mailbox" }, "enabled": true, "queue": queue, "setup": setup });
    let id = make(admin, "channel", channel).await.body["id"].as_str().unwrap().to_owned();
    let password = json!({ "password": Dovecot::PASSWORD });
    let put = admin.put(&format!("/channels/{id}/secrets"), password).await;
    assert_eq!(put.status, StatusCode::NO_CONTENT, "{}", put.text);
    stands(admin, &id, |error| error.is_empty()).await;
    id
}

/// Waits until the reading side stands in a certain way.
pub async fn stands(admin: &Person, id: &str, fits: impl Fn(&str) -> bool) {
    let stands = |all: &Value| {
        let of = all.as_array().and_then(|all| all.iter().find(|it| it["id"] == id));
        of.and_then(|it| it["inward"]["error"].as_str()).is_some_and(&fits)
    };
    admin.eventually("/channels", stands).await;
}

/// What came in by a channel in a state.
async fn inbox(admin: &Person, id: &str, state: &str) -> Vec<Value> {
    let list = admin.get(&format!("/channels/{id}/inbox?state={state}")).await;
    list.body["items"].as_array().unwrap().clone()
}

/// Waits for a new conversation, which a mail began.
pub async fn begun(desk: &mut Line, agent: &Person) -> (Value, Value) {
    let conversation = desk.event("assigned").await["on"]["conversation"].clone();
    let all = agent.get(&format!("/conversations/{}/events?limit=50", conversation.as_str().unwrap())).await;
    let first =
        all.body["events"].as_array().unwrap().iter().find(|it| it["type"] == "mail").unwrap().clone();
    (conversation, first["mail"].clone())
}

/// Waits for a mail in a conversation that goes on.
pub async fn heard(desk: &mut Line, subject: &str) -> Value {
    desk.until(subject, |frame| frame["kind"] == "message_posted" && frame["mail"]["subject"] == subject)
        .await
}

pub async fn told(desk: &mut Line, state: &str) -> Value {
    desk.until(state, |frame| frame["kind"] == "message_delivered" && frame["state"] == state).await
}

pub fn post_mail(conversation: &Value, n: u32, mail: Value) -> Value {
    json!({ "t": "do", "conversation": conversation, "n": n, "do": "post", "type": "mail", "mail": mail })
}

/// SYS-01e: mail in, item, reply, second mail in the same thread joins the same conversation.
#[tokio::test]
async fn sys_01e_a_thread_of_mails_is_one_conversation() {
    let servers = Servers::shared();
    let (help, wang) = servers.dovecot.pair();
    let (server, admin) = Server::set_up_with(&OPEN).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    channel(&admin, setup(&help, servers.dovecot.imap(), servers.postfix.smtp())).await;
    let mut customer = Mailbox::open(&servers.dovecot, &wang).await;
    let more = "Subject: 订单未到\r\nMessage-ID: <one@kunde.example>\r\n\
                Authentication-Results: mx.shop.example; spf=pass; dkim=pass; dmarc=pass\r\n";
    servers.dovecot.deliver(&help, &letter(&wang, &help, more, "我的订单到哪了？"));
    let (conversation, first) = begun(&mut desk, &agent).await;
    assert_eq!(first["text"], "我的订单到哪了？");
    assert_eq!(first["from"], json!({ "name": "王小明", "address": wang }));
    assert_eq!(first["proof"], json!({ "spf": "pass", "dkim": "pass", "dmarc": "pass" }));

    desk.say(post(&conversation, 1, "已到杭州。")).await;
    told(&mut desk, "sent").await;
    let reply = customer.next_in_time().await;
    let own_id = reply.message_id().unwrap().to_owned();
    let subject = reply.subject().unwrap().to_owned();
    assert!(subject.starts_with("Re: 订单未到 [#"), "{subject}");
    assert_eq!(
        (header(&reply, "In-Reply-To"), header(&reply, "References")),
        ("<one@kunde.example>", "<one@kunde.example>")
    );
    assert_eq!(header(&reply, "Auto-Submitted"), "", "a person wrote it");
    let sender = reply.from().unwrap().first().unwrap();
    assert_eq!((sender.address(), sender.name()), (Some(help.as_str()), Some("li · 应答客服")));
    assert_eq!(reply.to().unwrap().first().unwrap().address(), Some(wang.as_str()));
    let text = reply.body_text(0).unwrap().replace("\r\n", "\n");
    assert_eq!(
        text.trim_end(),
        "已到杭州。\n\n-- \n此致敬礼\n\n王小明 于 2026-11-20 10:00 写道：\n> 我的订单到哪了？"
    );
    assert!(reply.body_html(0).unwrap().contains("<blockquote>我的订单到哪了？</blockquote>"));

    // The customer answers as mail programs do: with references, or with nothing but the subject.
    let more =
        format!("Subject: Re: {subject}\r\nMessage-ID: <two@kunde.example>\r\nIn-Reply-To: <{own_id}>\r\n");
    let quoted = "谢谢！\r\n\r\n在 2026-11-20 11:00，应答客服 写道：\r\n> 已到杭州。";
    servers.dovecot.deliver(&help, &letter(&wang, &help, &more, quoted));
    let second = heard(&mut desk, "Re: Re: 订单未到").await;
    assert_eq!((&second["on"]["conversation"], &second["mail"]["text"]), (&conversation, &json!("谢谢！")));
    let more = format!("Subject: {subject}\r\nMessage-ID: <three@kunde.example>\r\n");
    servers.dovecot.deliver(&help, &letter(&wang, &help, &more, "还没到。"));
    let third = heard(&mut desk, "Re: 订单未到").await;
    assert_eq!(third["on"]["conversation"], conversation);
    desk.say(post(&conversation, 2, "今天到。")).await;
    let reply = customer.next_in_time().await;
    assert_eq!(header(&reply, "In-Reply-To"), "<three@kunde.example>");
    assert_eq!(reply.subject(), Some(subject.as_str()), "Re: and token stand once");

    // Another matter is another conversation of the same customer.
    let more = "Subject: 发票\r\nMessage-ID: <four@kunde.example>\r\nReply-To: buchhaltung@kunde.example\r\n";
    servers.dovecot.deliver(&help, &letter(&wang, &help, more, "请开发票。"));
    let other = desk.event("assigned").await["on"]["conversation"].clone();
    assert_ne!(other, conversation);
    let customers = admin.get(&format!("/customers?q={wang}")).await;
    assert_eq!(customers.body["items"].as_array().unwrap().len(), 1, "{}", customers.text);
}

/// SYS-01, SYS-01e: a customer who is written to first answers into the same conversation, though their program keeps
/// nothing but the subject.
#[tokio::test]
async fn sys_01e_who_is_written_to_first_answers_into_the_same_conversation() {
    let servers = Servers::shared();
    let (help, wang) = servers.dovecot.pair();
    let (server, admin) = Server::set_up_with(&OPEN).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let mailbox = channel(&admin, setup(&help, servers.dovecot.imap(), servers.postfix.smtp())).await;
    let mut customer = Mailbox::open(&servers.dovecot, &wang).await;
    let mail = json!({ "subject": "您的退款", "text": "已退到原卡。" });
    let message = json!({ "channel": mailbox, "to": wang, "type": "mail", "mail": mail });
    let sent = agent.post("/compose", message).await;
    assert_eq!(sent.status, StatusCode::CREATED, "{}", sent.text);
    told(&mut desk, "sent").await;
    let came = customer.next_in_time().await;
    let subject = came.subject().unwrap().to_owned();
    assert!(subject.starts_with("您的退款 [#"), "{subject}");
    assert_eq!(came.to().unwrap().first().unwrap().address(), Some(wang.as_str()));
    let more = format!("Subject: 回复：{subject}\r\nMessage-ID: <refund@kunde.example>\r\n");
    servers.dovecot.deliver(&help, &letter(&wang, &help, &more, "收到了，谢谢。"));
    let answer = heard(&mut desk, "回复：您的退款").await;
    assert_eq!(answer["on"]["conversation"], sent.body["conversation"]);
}

/// SYS-01e: files travel both ways, byte for byte, and every charset is read.
#[tokio::test]
async fn sys_01e_attachments_and_charsets_arrive_whole() {
    let servers = Servers::shared();
    let (help, wang) = servers.dovecot.pair();
    let (server, admin) = Server::set_up_with(&OPEN).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    channel(&admin, setup(&help, servers.dovecot.imap(), servers.postfix.smtp())).await;
    let mut customer = Mailbox::open(&servers.dovecot, &wang).await;
    for (n, (charset, encoded, text)) in [
        ("gb18030", "tqm1pbrOyrG3orv1o78=", "订单何时发货？"),
        ("Big5", "rXGz5qbzrsmlWLNmoUg=", "訂單何時出貨？"),
        ("ISO-2022-JP", "GyRCJDRDbUo4JEskRCQkJEYbKEI=", "ご注文について"),
    ]
    .into_iter()
    .enumerate()
    {
        let mail = format!(
            "From: =?{charset}?B?{encoded}?= <{wang}>\r\nTo: {help}\r\nMessage-ID: <charset{n}@kunde.example>\r\n\
             Subject: =?{charset}?B?{encoded}?=\r\nContent-Type: text/plain; charset={charset}\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{encoded}\r\n"
        );
        servers.dovecot.deliver(&help, mail.as_bytes());
        let (_, mail) = begun(&mut desk, &agent).await;
        assert_eq!((&mail["subject"], &mail["text"]), (&json!(text), &json!(text)));
        assert_eq!(mail["from"]["name"], text);
    }
    let mail = format!(
        "From: {wang}\r\nTo: {help}\r\nSubject: Bilder\r\nMessage-ID: <files@kunde.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: multipart/related; boundary=r\r\n\r\n\
         --r\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>看<img src=\"cid:logo@x\"><img src=\"http://track.example/x\">\
         <script>x()</script></p>\r\n--r\r\nContent-Type: image/png\r\nContent-ID: <logo@x>\r\n\
         Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAA=\r\n--r--\r\n\
         --m\r\nContent-Type: application/pdf; name=\"=?utf-8?B?5Y+R56WoLnBkZg==?=\"\r\n\
         Content-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjcK\r\n--m--\r\n"
    );
    servers.dovecot.deliver(&help, mail.as_bytes());
    let (conversation, mail) = begun(&mut desk, &agent).await;
    assert_eq!(mail["text"], "看");
    assert_eq!(mail["files"][0]["inline"], "logo@x", "{mail}");
    assert_eq!(
        (&mail["files"][1]["name"], &mail["files"][1]["mime"]),
        (&json!("发票.pdf"), &json!("application/pdf"))
    );
    let html = agent.get(&format!("/files/{}", mail["html"].as_str().unwrap())).await;
    assert!(html.text.contains("cid:logo@x") && !html.text.contains("track") && !html.text.contains("x()"));
    let raw = agent.get(&format!("/files/{}", mail["raw"].as_str().unwrap())).await;
    assert!(raw.text.contains("http://track.example/x"), "the whole mail is kept");

    // Back with a file, to other receivers and hidden ones.
    let (_, cc) = servers.dovecot.pair();
    let (_, bcc) = servers.dovecot.pair();
    let answer = json!({
        "subject": "您的发票", "text": "见附件。\n谢谢", "files": [mail["files"][1]],
        "to": [{ "name": "王小明", "address": wang }], "cc": [{ "address": cc }], "bcc": [{ "address": bcc }],
    });
    desk.say(post_mail(&conversation, 1, answer)).await;
    told(&mut desk, "sent").await;
    let sent = customer.next_in_time().await;
    assert!(sent.subject().unwrap().starts_with("您的发票 [#"));
    let file = sent.attachment(0).unwrap();
    assert_eq!((file.attachment_name(), file.contents()), (Some("发票.pdf"), &b"%PDF-1.7\n"[..]));
    let copied = Mailbox::open(&servers.dovecot, &cc).await.next_in_time().await;
    assert_eq!(copied.cc().unwrap().first().unwrap().address(), Some(cc.as_str()));
    let hidden = Mailbox::open(&servers.dovecot, &bcc).await.next_in_time().await;
    assert!(
        hidden.bcc().is_none()
            && !String::from_utf8_lossy(hidden.raw_message()).contains(&format!("Bcc: {bcc}"))
    );
}

/// SYS-01e: word that a mail did not arrive reaches its conversation; machines are known, and loops end.
#[tokio::test]
async fn sys_01e_bounces_are_told_and_loops_end() {
    let servers = Servers::shared();
    let (help, wang) = servers.dovecot.pair();
    let (server, admin) = Server::set_up_with(&OPEN).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let channel = channel(&admin, setup(&help, servers.dovecot.imap(), servers.postfix.smtp())).await;
    let more = "Subject: 问题\r\nMessage-ID: <q@kunde.example>\r\nAuto-Submitted: auto-replied\r\n";
    servers.dovecot.deliver(&help, &letter(&wang, &help, more, "我不在办公室。"));
    let (conversation, first) = begun(&mut desk, &agent).await;
    assert_eq!(first["is_automatic"], true);

    // Taken by the server, which finds out later that there is no such mailbox.
    let to = |address: &str| json!([{ "address": address }]);
    desk.say(post_mail(&conversation, 1, json!({ "text": "转给您", "to": to("nobody@kunde.example") })))
        .await;
    told(&mut desk, "sent").await;
    let failed = told(&mut desk, "failed").await;
    let reason = failed["reason"].as_str().unwrap();
    assert!(reason.contains("nobody@kunde.example") && reason.contains("550"), "{reason}");
    // Refused at once.
    desk.say(post_mail(&conversation, 2, json!({ "text": "转给您", "to": to(Postfix::REFUSED) }))).await;
    let failed = told(&mut desk, "failed").await;
    let reason = failed["reason"].as_str().unwrap();
    assert!(reason.contains("554") && reason.contains("Access denied"), "{reason}");

    // One of several is refused: the others have it, and the agent is told whom it does not reach.
    let both = json!([{ "address": Postfix::REFUSED }, { "address": wang }]);
    desk.say(post_mail(&conversation, 3, json!({ "text": "给两位", "subject": "两位", "to": both }))).await;
    let sent = told(&mut desk, "sent").await;
    let reason = sent["reason"].as_str().unwrap();
    assert!(reason.contains(Postfix::REFUSED) && reason.contains("554"), "{reason}");
    let mut customer = Mailbox::open(&servers.dovecot, &wang).await;
    assert!(customer.next_in_time().await.subject().unwrap().starts_with("两位 [#"));

    // A mail of ours that comes back is dropped, and a report without a mail of ours is a mail like any other.
    desk.say(post(&conversation, 4, "答")).await;
    let ours = customer.next_in_time().await;
    servers.dovecot.deliver(&help, ours.raw_message());
    servers
        .dovecot
        .deliver(&help, &letter(&help, &help, "Subject: 自己\r\nMessage-ID: <self@x>\r\n", "自己"));
    servers
        .dovecot
        .deliver(&help, &letter(&wang, &help, "Subject: 后面\r\nMessage-ID: <after@x>\r\n", "后面"));
    desk.event("assigned").await;
    let dropped = inbox(&admin, &channel, "dropped").await;
    let why: Vec<&str> = dropped.iter().map(|it| it["last_error"].as_str().unwrap()).collect();
    assert_eq!(why, ["the mailbox itself is the sender", "a mail of ours came back"]);
}

/// SYS-01e, SYS-23: one bad mail is quarantined or capped, and never stops the rest.
#[tokio::test]
async fn sys_01e_hostile_mails_do_not_stop_the_next_good_one() {
    let servers = Servers::shared();
    let (help, wang) = servers.dovecot.pair();
    let (server, admin) = Server::set_up_with(&OPEN).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let channel = channel(&admin, setup(&help, servers.dovecot.imap(), servers.postfix.smtp())).await;
    let put = |more: &str, text: &str| servers.dovecot.deliver(&help, &letter(&wang, &help, more, text));
    // Refused whole.
    let mut nested = format!("From: {wang}\r\nSubject: nested\r\n").into_bytes();
    nested.extend("Content-Type: message/rfc822\r\n\r\n".repeat(20_000).as_bytes());
    servers.dovecot.deliver(&help, &nested);
    put(
        "Subject: huge\r\n",
        &"0123456789abcdef0123456789abcdef0123456789abcdef0123456789ab\r\n".repeat(900_000),
    );
    servers.dovecot.deliver(&help, b"Subject: nobody wrote this\r\n\r\nHello\r\n");
    // Capped.
    let receivers: Vec<String> = (0..10_000).map(|n| format!("r{n}@kunde.example")).collect();
    put(&format!("Subject: many\r\nCc: {}\r\n", receivers.join(",\r\n ")), "an alle");
    let injected = "Subject: =?utf-8?Q?Hi=0D=0ABcc:_x@kunde.example?=\r\n";
    put(injected, "x");
    let broken = "From: w@kunde.example\r\nSubject: broken\r\nContent-Type: text/plain; charset=x-klingon\r\n\
                  Content-Transfer-Encoding: base64\r\n\r\n////\u{fffd}====!!!!\r\n";
    servers.dovecot.deliver(&help, broken.as_bytes());
    servers.dovecot.deliver(
        &help,
        b"From: w@kunde.example\r\nSubject: open\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nleft open",
    );
    put("Subject: good\r\nMessage-ID: <good@x>\r\n", "Hello");

    let mut subjects = vec![];
    while subjects.len() < 5 {
        let (_, mail) = begun(&mut desk, &agent).await;
        if mail["subject"] == "many" {
            assert_eq!(mail["cc"].as_array().unwrap().len(), 20);
        }
        subjects.push(mail["subject"].as_str().unwrap().to_owned());
    }
    // Who writes at the same time is not served in any order.
    subjects.sort();
    assert_eq!(subjects, ["Hi Bcc: x@kunde.example", "broken", "good", "many", "open"]);
    let refused = inbox(&admin, &channel, "dead").await;
    let why: Vec<&str> = refused.iter().map(|it| it["last_error"].as_str().unwrap()).collect();
    for (n, word) in ["no sender", "bytes", "500 parts"].into_iter().enumerate() {
        assert!(why[n].contains(word), "{why:?}");
    }
    assert_eq!(why.len(), 3);
}

/// A way to a server that is cut once, in the middle of the first mail's content.
#[expect(clippy::disallowed_methods, reason = "the tasks end with the test")]
async fn cut_once(to: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut server = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
        let (mut said, mut up, mut down) = (vec![], [0; 4_096], [0; 4_096]);
        loop {
            tokio::select! {
                count = client.read(&mut up) => {
                    let part = &up[..count.unwrap()];
                    said.extend_from_slice(part);
                    if String::from_utf8_lossy(&said).contains("Message-ID:") {
                        server.write_all(&part[..part.len() / 2]).await.unwrap();
                        break;
                    }
                    server.write_all(part).await.unwrap();
                }
                count = server.read(&mut down) => client.write_all(&down[..count.unwrap()]).await.unwrap(),
            }
        }
        drop((client, server));
        while let Ok((mut client, _)) = listener.accept().await {
            let mut server = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut server).await });
        }
    });
    port
}

/// SYS-23, SYS-24: a mail server that goes away, a connection that is cut and a process that ends: one mail each.
#[tokio::test]
async fn sys_24_mails_are_neither_lost_nor_doubled_when_servers_go_away() {
    let dovecot = Dovecot::new(None);
    let postfix = Postfix::new(&dovecot, None);
    let (help, wang) = dovecot.pair();
    let folder = Folder::new();
    let (server, admin) = Server::set_up_in(&folder.0, &OPEN).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let cut = cut_once(postfix.smtp()).await;
    let channel = channel(&admin, setup(&help, dovecot.imap(), cut)).await;
    dovecot.deliver(&help, &letter(&wang, &help, "Subject: 一\r\nMessage-ID: <1@x>\r\n", "一"));
    let conversation = desk.event("assigned").await["on"]["conversation"].clone();
    desk.say(post(&conversation, 1, "答一")).await;
    told(&mut desk, "sent").await;
    let mut customer = Mailbox::open(&dovecot, &wang).await;
    assert!(customer.next_in_time().await.body_text(0).unwrap().starts_with("答一"));

    dovecot.stop();
    stands(&admin, &channel, |error| !error.is_empty()).await;
    dovecot.start_again();
    let answer = |n: u32| format!("Subject: 答 {n}\r\nIn-Reply-To: <1@x>\r\nMessage-ID: <{}@x>\r\n", n + 1);
    dovecot.deliver(&help, &letter(&wang, &help, &answer(1), "二"));
    assert_eq!(heard(&mut desk, "答 1").await["on"]["conversation"], conversation);

    // While the process is away mails wait at their server, which numbers them anew.
    assert_eq!(server.stop(), Some(0));
    dovecot.renumber(&help);
    for n in 2..=5 {
        dovecot.deliver(&help, &letter(&wang, &help, &answer(n), "后来的"));
    }
    let server = Server::start_in(&folder.0, &OPEN).await;
    let agent = server.sign_in("li").await;
    let read = async {
        loop {
            let path = format!("/conversations/{}/events?limit=100", conversation.as_str().unwrap());
            let all = agent.get(&path).await;
            let mails = all.body["events"].as_array().unwrap().iter().filter(|it| it["type"] == "mail");
            let subjects: Vec<String> =
                mails.map(|it| it["mail"]["subject"].as_str().unwrap().to_owned()).collect();
            if subjects.len() >= 6 {
                return subjects;
            }
        }
    };
    let subjects = tokio::time::timeout(PATIENCE, read).await.expect("all arrive");
    assert_eq!(subjects, ["一", "答 1", "答 2", "答 3", "答 4", "答 5"]);
    let mut customer = Mailbox::open(&dovecot, &wang).await;
    assert_eq!(customer.count().await, 1, "the mail that was cut arrived once");
}

/// SYS-01e: a mailbox is tried out step by step, by TLS as well, and what is wrong is said.
#[tokio::test]
async fn sys_01e_a_mailbox_is_tried_out_and_says_what_is_wrong() {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let dovecot = Dovecot::new(Some((&certificate, &key)));
    let postfix = Postfix::new(&dovecot, Some((&certificate, &key)));
    let (help, wang) = dovecot.pair();
    let folder = Folder::new();
    let trusted = folder.0.join("trusted.pem");
    std::fs::write(&trusted, &certificate).unwrap();
    let trusted = trusted.to_str().unwrap();
    let (server, admin) = Server::set_up_with(&[OPEN[0], ("SSL_CERT_FILE", trusted)]).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let mut private = setup(&help, dovecot.imaps(), postfix.smtp());
    private["imap"]["security"] = "tls".into();
    private["smtp"]["security"] = "starttls".into();
    let good = channel(&admin, private.clone()).await;
    let tried = async |id: &str| {
        let tried = admin.post(&format!("/channels/{id}/test"), json!({})).await;
        assert_eq!(tried.status, StatusCode::OK, "{}", tried.text);
        let steps = tried.body.as_array().unwrap().clone();
        let last = steps.last().unwrap();
        (steps.len(), last["error"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(tried(&good).await, (7, String::new()));
    // It works, too.
    dovecot.deliver(&help, &letter(&wang, &help, "Subject: 一\r\nMessage-ID: <1@x>\r\n", "一"));
    let conversation = desk.event("assigned").await["on"]["conversation"].clone();
    desk.say(post(&conversation, 1, "答一")).await;
    told(&mut desk, "sent").await;
    Mailbox::open(&dovecot, &wang).await.next_in_time().await;

    let queue = first(&admin, "queue").await;
    let count = AtomicU32::new(0);
    let wrong = async |change: &dyn Fn(&mut Value)| {
        let mut setup = private.clone();
        change(&mut setup);
        let name = format!("错 {}", count.fetch_add(1, Ordering::Relaxed));
        let channel =
            json!({ "name": { "zh": name, "en": name }, "enabled": false, "queue": queue, "setup": setup });
        let id = make(&admin, "channel", channel).await.body["id"].as_str().unwrap().to_owned();
        let password = json!({ "password": Dovecot::PASSWORD });
        admin.put(&format!("/channels/{id}/secrets"), password).await;
        let all = admin.post(&format!("/channels/{id}/test"), json!({})).await;
        let errors =
            all.body.as_array().unwrap().iter().filter_map(|it| it["error"].as_str().map(str::to_owned));
        errors.collect::<Vec<String>>().join(" | ")
    };
    let starttls = json!({ "host": "127.0.0.1", "port": dovecot.imap(), "security": "starttls" });
    assert_eq!(wrong(&|it| it["imap"] = starttls.clone()).await, "");
    type Change<'a> = &'a dyn Fn(&mut Value);
    let cases: [(Change, &str); 5] = [
        (&|it| it["login"] = "m99@shop.example".into(), "uthentication failed"),
        (&|it| it["folder"] = "客服".into(), "opening 客服"),
        (&|it| it["imap"]["host"] = "localhost".into(), "TLS with localhost"),
        (&|it| it["smtp"]["port"] = 1.into(), "connecting to 127.0.0.1:1"),
        (&|it| it["address"] = Postfix::REFUSED.into(), "554"),
    ];
    for (change, words) in cases {
        let errors = wrong(change).await;
        assert!(errors.contains(words), "{words} is not in: {errors}");
    }
}

/// Gives tokens, and says whose they are. Each refresh token is good once, as cautious providers have it.
#[expect(clippy::disallowed_methods, reason = "the task ends with the test")]
async fn authority(user: String) -> String {
    use axum::{Json, Router, extract::Query, http::StatusCode, routing};
    let count = Arc::new(AtomicU32::new(0));
    let token = async move |body: String| {
        let n = count.load(Ordering::Relaxed);
        if !body.contains(&format!("refresh_token=r%2F{n}&client_id=yingda&scope=mail")) {
            return Err((StatusCode::BAD_REQUEST, r#"{"error":"invalid_grant"}"#));
        }
        count.store(n + 1, Ordering::Relaxed);
        let next = format!("r/{}", n + 1);
        Ok(Json(json!({ "access_token": format!("t{n}"), "expires_in": 3_600, "refresh_token": next })))
    };
    let who = async move |Query(asked): Query<std::collections::BTreeMap<String, String>>| {
        // The first token was withdrawn before its time.
        if asked["token"] == "t1" {
            Ok(Json(json!({ "email": user, "active": true })))
        } else {
            Err(StatusCode::UNAUTHORIZED)
        }
    };
    let router = Router::new().route("/token", routing::post(token)).route("/who", routing::get(who));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// SYS-01e: a mailbox without a password is opened with a token, which is renewed when it is refused.
#[tokio::test]
async fn sys_01e_a_mailbox_is_opened_with_a_token() {
    let help = format!("m0@{}", Dovecot::DOMAINS[0]);
    let authority = authority(help.clone()).await;
    let dovecot = Dovecot::with_tokens(&format!("{authority}/who?token="));
    let postfix = Postfix::new(&dovecot, None);
    let (_, wang) = dovecot.pair();
    let (server, admin) = Server::set_up_with(&OPEN).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let mut setup = setup(&help, dovecot.imap(), postfix.smtp());
    setup["oauth"] =
        json!({ "token_url": format!("{authority}/token"), "client": "yingda", "scope": "mail" });
    let queue = first(&admin, "queue").await;
    let channel =
        json!({ "name": { "zh": "邮箱", "en": "Mailbox" }, "enabled": true, "queue": queue, "setup": setup });
    let channel = make(&admin, "channel", channel).await.body["id"].as_str().unwrap().to_owned();
    stands(&admin, &channel, |error| error.contains("invalid_grant")).await;
    let put = admin.put(&format!("/channels/{channel}/secrets"), json!({ "refresh_token": "r/0" })).await;
    assert_eq!(put.status, StatusCode::NO_CONTENT, "{}", put.text);
    stands(&admin, &channel, str::is_empty).await;
    let tried = admin.post(&format!("/channels/{channel}/test"), json!({})).await;
    assert!(tried.body.as_array().unwrap().iter().all(|it| it["error"].is_null()), "{}", tried.text);
    dovecot.deliver(&help, &letter(&wang, &help, "Subject: 一\r\nMessage-ID: <1@x>\r\n", "一"));
    let (conversation, _) = begun(&mut desk, &agent).await;
    desk.say(post(&conversation, 1, "答一")).await;
    told(&mut desk, "sent").await;
    Mailbox::open(&dovecot, &wang).await.next_in_time().await;
}
