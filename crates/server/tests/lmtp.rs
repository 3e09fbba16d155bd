//! Mail handed over by a mail server (SYS-01e): Postfix as companies have it, and one that does everything wrong.

use crate::line::work;
use crate::mail::{begun, setup};
use crate::mailbox::letter;
use crate::office::{first, hire, make};
use crate::support::{Person, Server};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};
use yingda_peers::Postfix;

const HELP: &str = "help@shop.example";

/// A server that takes mails, a mailbox that is read by nobody else, and the port.
async fn server() -> (Server, Person, u16) {
    let (server, admin) = Server::set_up_with(&[("YINGDA_MAIL_LISTEN", "127.0.0.1:0")]).await;
    let told = server.printed.iter().find_map(|line| Some(line.split_once("Mail by LMTP")?.1.trim()));
    let port = told.and_then(|address| address.rsplit_once(':')?.1.parse().ok()).expect("a port");
    let mut setup = setup(HELP, 0, 25);
    setup["imap"]["host"] = "".into();
    let queue = first(&admin, "queue").await;
    let channel =
        json!({ "name": { "zh": "邮箱", "en": "Mailbox" }, "enabled": true, "queue": queue, "setup": setup });
    make(&admin, "channel", channel).await;
    (server, admin, port)
}

/// A mail server, line by line.
struct Giver(BufReader<TcpStream>);

impl Giver {
    async fn open(port: u16) -> Giver {
        let mut giver = Giver(BufReader::new(TcpStream::connect(("127.0.0.1", port)).await.unwrap()));
        assert!(giver.hear().await.starts_with("220 "));
        giver
    }

    /// The next answer's last line.
    async fn hear(&mut self) -> String {
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).await.unwrap();
            if line.as_bytes().get(3) != Some(&b'-') {
                return line.trim_end().to_owned();
            }
        }
    }

    async fn say(&mut self, text: &str) {
        // A server that had enough is told by what it says next.
        let _ = self.0.get_mut().write_all(text.as_bytes()).await;
    }

    async fn ask(&mut self, line: &str) -> String {
        self.say(&format!("{line}\r\n")).await;
        self.hear().await
    }
}

/// SYS-01e: Postfix hands a mail over, and it is a conversation; handed over twice it is one.
#[tokio::test]
async fn sys_01e_a_mail_server_hands_mails_over() {
    let (server, admin, port) = server().await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let postfix = Postfix::handing_over(port);
    let more = "Subject: 订单未到\r\nMessage-ID: <one@kunde.example>\r\n";
    let mail = letter("w@kunde.example", HELP, more, "我的订单到哪了？\r\n.\r\n..两点");
    postfix.take("w@kunde.example", "Help+orders@shop.example", &mail);
    let (conversation, first) = begun(&mut desk, &agent).await;
    assert_eq!(first["text"], "我的订单到哪了？\n.\n..两点", "dots that the protocol adds are gone");
    assert_eq!(first["subject"], "订单未到");
    let mut giver = Giver::open(port).await;
    assert!(giver.ask("LHLO test").await.starts_with("250 "));
    assert!(giver.ask("MAIL FROM:<w@kunde.example> SIZE=500").await.starts_with("250 "));
    assert!(giver.ask(&format!("RCPT TO:<{HELP}>")).await.starts_with("250 "));
    assert!(giver.ask("DATA").await.starts_with("354 "));
    let again = String::from_utf8(mail).unwrap().replace("\r\n.", "\r\n..");
    giver.say(&again).await;
    assert!(giver.ask("\r\n.").await.starts_with("250 "), "taken, as it was before");
    let all = agent.get(&format!("/conversations/{}/events?limit=50", conversation.as_str().unwrap())).await;
    let mails = all.body["events"].as_array().unwrap().iter().filter(|it| it["type"] == "mail").count();
    assert_eq!(mails, 1, "{}", all.text);
}

/// a mail ends at a dot between true line ends, so that nobody smuggles a second one in behind a bare line feed.
#[tokio::test]
async fn q_12_a_mail_does_not_end_at_a_bare_line_feed() {
    let (server, admin, port) = server().await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let mut giver = Giver::open(port).await;
    for line in ["LHLO test", "MAIL FROM:<w@kunde.example>", "RCPT TO:<help@shop.example>", "DATA"] {
        giver.ask(line).await;
    }
    let smuggled = "one\n.\nMAIL FROM:<boss@shop.example>\r\n.\ntwo\n.\r\nthree";
    let mail = letter("w@kunde.example", HELP, "Subject: x\r\nMessage-ID: <s@x>\r\n", smuggled);
    giver.say(&String::from_utf8(mail).unwrap()).await;
    assert!(giver.ask(".").await.starts_with("250 "));
    let (_, first) = begun(&mut desk, &agent).await;
    let text = first["text"].as_str().unwrap();
    assert!(
        text.starts_with("one") && text.contains("boss@shop.example") && text.ends_with("three"),
        "{text}"
    );
    assert_eq!(giver.ask("NOOP").await.trim_end(), "250 2.0.0 still here", "nothing else was answered");
}

/// SYS-01e: what cannot be taken is refused by its standard code, for each receiver, and nothing is without bounds.
#[tokio::test]
async fn sys_01e_what_cannot_be_taken_is_refused_at_the_door() {
    let (_server, admin, port) = server().await;
    let mut giver = Giver::open(port).await;
    for (line, code) in [
        ("MAIL FROM:<w@kunde.example>", "503 5.5.1"),
        ("EHLO test", "500 5.5.1"),
        ("LHLO test", "250 SIZE"),
        ("RCPT TO:<help@shop.example>", "503 5.5.1"),
        ("MAIL TO:<w@kunde.example>", "501 5.5.4"),
        ("MAIL FROM:<w@kunde.example> SIZE=60000000", "552 5.3.4"),
        ("MAIL FROM:<w@kunde.example>", "250"),
        ("MAIL FROM:<w@kunde.example>", "503 5.5.1"),
        ("DATA", "503 5.5.1"),
        ("RCPT TO:<nobody@shop.example>", "550 5.1.1"),
        ("RCPT TO:<help@shop.example>", "250"),
        ("RCPT TO:<HELP+x@Shop.Example>", "250"),
        ("WHAT", "500 5.5.1"),
        ("DATA", "354"),
    ] {
        let answer = giver.ask(line).await;
        assert!(answer.starts_with(code), "{line}: {answer}");
    }
    // It names no sender: each receiver has an answer, and people see why.
    giver.say("Subject: x\r\n\r\nhello\r\n").await;
    let answers = [giver.ask(".").await, giver.hear().await];
    assert!(answers.iter().all(|it| it.starts_with("554 5.6.0 ")), "{answers:?}");
    let channel = admin.get("/channels").await.body[0]["id"].as_str().unwrap().to_owned();
    let dead = admin.get(&format!("/channels/{channel}/inbox?state=dead")).await;
    assert_eq!(dead.body["items"].as_array().map(Vec::len), Some(1), "{}", dead.text);
    // A mail that says it is small and is not.
    for line in ["MAIL FROM:<w@kunde.example> SIZE=10", "RCPT TO:<help@shop.example>", "DATA"] {
        giver.ask(line).await;
    }
    let chunk = "x".repeat(1_000_000) + "\r\n";
    for _ in 0..54 {
        giver.say(&chunk).await;
    }
    let answer = giver.ask("\r\n.").await;
    assert!(answer.starts_with("552 5.3.4 "), "{answer}");
    // A line without an end.
    giver.say(&"x".repeat(5_000)).await;
    let answer = giver.hear().await;
    assert!(answer.starts_with("500 5.5.2 "), "{answer}");
    assert_eq!(giver.hear().await, "", "the line was ended");
    let now: Value = admin.get("/channels").await.body;
    assert_eq!(now[0]["inbox"]["done"], 0);
}
