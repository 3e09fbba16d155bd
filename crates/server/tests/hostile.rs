//! What nobody should do to a server, and what happens then: others do not notice, and nothing stored is lost (Q-02,
//!

use crate::line::{Line, post, visit, work};
use crate::office::{first, hire, make};
use crate::support::{Folder, Person, Server};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::{
    io::Read,
    net::{Ipv4Addr, TcpStream},
    path::PathBuf,
    process::Command,
};

async fn widget(admin: &Person) -> String {
    let (queue, line) = (first(admin, "queue").await, first(admin, "line").await);
    let widget = json!({ "name": { "zh": "商城", "en": "Shop" }, "queue": queue, "line": line });
    make(admin, "widget", widget).await.body["id"].as_str().unwrap().to_owned()
}

async fn start(visitor: &mut Line, text: &str) -> Value {
    visitor.say(json!({ "t": "start", "n": 1, "content": { "type": "text", "text": text } })).await;
    visitor.event("conversation_started").await["on"]["conversation"].clone()
}

/// How many descriptors this process may still open, with room for everything else.
fn descriptors() -> usize {
    let limit = Command::new("sh").args(["-c", "ulimit -n"]).output().unwrap();
    let limit = String::from_utf8(limit.stdout).unwrap();
    limit.trim().parse().unwrap_or(usize::MAX).saturating_sub(400)
}

/// Ten thousand sockets that never speak (as many as this machine lets a process open): a visitor and an agent talk
/// meanwhile as if they were alone, and the silent ones are let go.
#[tokio::test]
async fn sockets_that_never_speak_keep_nobody_out() {
    let limits = [
        ("YINGDA_LIMITS_CONNECTIONS", "20000"),
        ("YINGDA_LIMITS_CONNECTIONS_PER_ADDRESS", "20000"),
        ("YINGDA_LIMITS_HEADER_SECONDS", "5"),
    ];
    let (mut server, admin) = Server::set_up_with(&limits).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let widget = widget(&admin).await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let port: u16 = server.url.rsplit(':').next().unwrap().parse().unwrap();
    let silent: Vec<TcpStream> = (0..descriptors().min(10_000))
        .map(|_| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap())
        .collect();
    let (mut visitor, _) = visit(&server, &widget, 1, json!({})).await;
    let conversation = start(&mut visitor, "有人吗？").await;
    desk.event("assigned").await;
    desk.say(post(&conversation, 1, "在的。")).await;
    visitor.until("the answer", |frame| frame["text"] == "在的。").await;
    for mut socket in silent {
        // Reading to the end only comes back when the server has closed the connection.
        let _ = socket.read_to_end(&mut vec![]);
    }
    assert_eq!(server.nobody().get("//readyz").await.status, StatusCode::OK);
    assert!(server.is_running());
}

/// A visitor who writes faster than anybody can is read slower: every word arrives, and none is refused.
#[tokio::test]
async fn a_visitor_who_writes_too_fast_is_read_slower() {
    const MANY: u32 = 500;
    let (server, admin) = Server::set_up().await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let widget = widget(&admin).await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let (mut visitor, _) = visit(&server, &widget, 1, json!({})).await;
    let conversation = start(&mut visitor, "您好").await;
    desk.event("assigned").await;
    for n in 1..=MANY {
        visitor.say(post(&conversation, n, &format!("m{n}"))).await;
    }
    let last = format!("m{MANY}");
    visitor.until("the last word", |frame| frame["text"] == last.as_str()).await;
    let refused = visitor.heard.iter().find(|frame| frame["t"] == "refused" || frame["t"] == "bad");
    assert_eq!(refused, None);
    desk.until("the last word", |frame| frame["text"] == last.as_str()).await;
    let heard: Vec<String> = desk.texts().into_iter().filter(|text| text.starts_with('m')).collect();
    let expected: Vec<String> = (1..=MANY).map(|n| format!("m{n}")).collect();
    assert_eq!(heard, expected);
}

/// A console that never reads is dropped; the same agent's other one misses nothing, and the visitor neither.
#[tokio::test]
async fn a_socket_that_never_reads_is_dropped_and_nobody_waits_for_it() {
    const MANY: u32 = 9_000;
    let (mut server, admin) = Server::set_up().await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let widget = widget(&admin).await;
    let (mut deaf, _) = work(&server, &agent, &id).await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let (mut visitor, _) = visit(&server, &widget, 1, json!({})).await;
    let conversation = start(&mut visitor, "你好").await;
    desk.event("assigned").await;
    let long = "很长的一段话".repeat(100);
    for from in (1..=MANY).step_by(100) {
        for n in from..from + 100 {
            desk.say(json!({ "t": "do", "conversation": conversation, "n": n, "do": "note", "text": long }))
                .await;
        }
        let last = json!({ "tab": 7, "n": from + 99 });
        desk.until("the last of these notes", |frame| frame["from"] == last).await;
    }
    desk.say(post(&conversation, MANY + 1, "我们都还在。")).await;
    visitor.until("the answer", |frame| frame["text"] == "我们都还在。").await;
    while deaf.next().await.is_some() {}
    let heard = deaf.heard.iter().filter(|frame| frame["kind"] == "note_posted").count();
    assert!(heard < MANY as usize, "it was let go, and did not hear all {heard}");
    assert!(server.is_running());
}

/// A data folder on a disk of its own, so small that it fills up. Only this process and its children see it.
struct SmallDisk {
    folder: Folder,
}

impl SmallDisk {
    /// What the server is started by: it sees the small disk where the folder is.
    fn wrapper(&self) -> Vec<String> {
        let mount =
            format!("mount -t tmpfs -o size=24m none '{}' && exec \"$0\" \"$@\"", self.folder.0.display());
        let is_root = Command::new("id").arg("-u").output().unwrap().stdout.trim_ascii() == b"0";
        let mut words = vec!["unshare", "--mount"];
        if !is_root {
            words.push("--map-root-user");
        }
        words.extend(["sh", "-c", &mount]);
        words.into_iter().map(str::to_owned).collect()
    }

    /// A file on it, as seen from outside.
    fn file(&self, server: &Server, name: &str) -> PathBuf {
        let inside = self.folder.0.strip_prefix("/").unwrap();
        PathBuf::from(format!("/proc/{}/root", server.id())).join(inside).join(name)
    }
}

/// A full disk refuses new messages with a clear word, keeps what was stored, and recovers by itself.
#[tokio::test]
async fn a_full_disk_refuses_clearly_and_recovers_by_itself() {
    let disk = SmallDisk { folder: Folder::new() };
    let (mut server, admin) = Server::set_up_behind(&disk.wrapper(), &disk.folder.0).await;
    let widget = widget(&admin).await;
    let (mut visitor, _) = visit(&server, &widget, 1, json!({})).await;
    let conversation = start(&mut visitor, "第一句").await;

    let filler = disk.file(&server, "filler");
    let filled = std::fs::write(&filler, vec![7; 32 << 20]);
    assert!(filled.is_err(), "the disk is full now");
    // What still fits into the pages at hand is stored; then comes the refusal.
    let mut stored = 0;
    let refused = loop {
        let n = stored + 1;
        assert!(n < 2_000, "a full disk refuses at last");
        visitor.say(post(&conversation, n, &format!("满 {n} {}", "字".repeat(500)))).await;
        let answer = visitor
            .until("an answer", |frame| {
                frame["t"] == "refused" || frame["from"] == json!({ "tab": 1, "n": n })
            })
            .await;
        if answer["t"] == "refused" {
            break answer;
        }
        stored += 1;
    };
    assert_eq!(refused["code"], "disk_full", "{refused}");
    assert!(refused["message"].as_str().is_some_and(|text| !text.is_empty()));
    assert!(server.is_running());

    std::fs::remove_file(&filler).unwrap();
    let n = stored + 1;
    let again = loop {
        visitor.say(post(&conversation, n, "又有地方了")).await;
        let answer = visitor
            .until("an answer", |frame| {
                matches!(frame["t"].as_str(), Some("refused" | "bad"))
                    || frame["from"] == json!({ "tab": 1, "n": n })
            })
            .await;
        // The store is tried again within moments; until then there are refusals, and some of too great haste.
        if answer["t"] == "event" {
            break answer;
        }
    };
    assert_eq!(again["text"], "又有地方了");
    let id = conversation.as_str().unwrap();
    let events = admin.get(&format!("/conversations/{id}/events?limit=200")).await;
    assert!(events.text.contains("又有地方了"), "{}", events.text);
}
