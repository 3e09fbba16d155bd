//! Registers (B-57, B-59, B-93): what came and went has a number, whom it concerns is told, and who is not let in is
//! noticed. Letters that leave on paper (SYS-01c).

use crate::line::{Line, work};
use crate::office::{first, hire, make};
use crate::outreach::{open_hours, sms};
use crate::support::{Folder, Person, Server, now};
use crate::webhooks::OPEN;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::{
    io::Write,
    process::{Command, Stdio},
};

async fn put_down(person: &Person, book: &str, mut entry: Value) -> Value {
    entry["book"] = book.into();
    let made = person.post(&format!("/registers/{book}"), entry).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.body
}

/// The same entry with some values changed.
async fn change(person: &Person, book: &str, entry: &Value, values: Value) -> Value {
    let mut after = entry["entry"].clone();
    for (key, value) in values.as_object().unwrap() {
        after[key] = value.clone();
    }
    let path = format!("/registers/{book}/{}", entry["id"].as_str().unwrap());
    let version = format!("\"{}\"", entry["version"]);
    let put = person.clone().with("if-match", &version).put(&path, after).await;
    assert_eq!(put.status, StatusCode::OK, "{}", put.text);
    put.body
}

async fn told(desk: &mut Line, serial: &Value) -> Value {
    desk.until("word of an entry", |frame| frame["kind"] == "entry_told" && frame["serial"] == *serial).await
}

/// B-57: a parcel gets a number and its recipient hears of it; handed over, signed for, found, exported; and all of it
/// stands in the log.
#[tokio::test]
async fn b_57_a_parcel_is_taken_down_and_its_recipient_is_told() {
    let (server, admin) = Server::set_up().await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (reception, _) = hire(&server, &admin, "front", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let came_at = now();
    let parcel = json!({
        "kind": "parcel", "sender": "深圳样品厂", "courier": "顺丰", "tracking": "SF1234567890", "recipient": id,
        "happened_at": came_at,
    });
    let keyed = reception.clone().with("idempotency-key", "k1");
    let mut body = parcel.clone();
    body["book"] = "post".into();
    let made = keyed.post("/registers/post", body.clone()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let parcel = made.body;
    let serial = parcel["serial"].as_str().unwrap();
    assert!(serial.starts_with('P') && serial.ends_with("-0001"), "{serial}");
    let news = told(&mut desk, &parcel["serial"]).await;
    assert_eq!((&news["text"], &news["book"]), (&json!("深圳样品厂"), &json!("post")));
    let again = keyed.post("/registers/post", body).await;
    assert_eq!(again.body["id"], parcel["id"], "the same request is the same entry");
    let letter = json!({ "outward": true, "receiver": "税务局", "courier": "EMS" });
    let letter = put_down(&reception, "post", letter).await;
    assert!(letter["serial"].as_str().unwrap().ends_with("-0002"));

    let wrong = reception.post("/registers/post", json!({ "book": "post", "outward": true })).await;
    assert_eq!(wrong.body["fields"][0]["field"], "receiver", "{}", wrong.text);
    let wrong = reception.post("/registers/post", json!({ "book": "visit", "name": "x" })).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(reception.get("/registers/cake").await.status, StatusCode::NOT_FOUND);

    let handed = json!({ "handed_to": "李敏", "handed_at": came_at + 1, "signed_at": came_at + 2 });
    let handed = change(&reception, "post", &parcel, handed).await;
    assert_eq!(handed["version"], 2);
    let path = format!("/registers/post/{}", parcel["id"].as_str().unwrap());
    let stale = reception.clone().with("if-match", "\"1\"").put(&path, parcel["entry"].clone()).await;
    assert_eq!((stale.code(), &stale.body["current"]["version"]), ("stale", &json!(2)));
    let ids = |body: &Value| -> Vec<Value> {
        body["items"].as_array().unwrap().iter().map(|it| it["serial"].clone()).collect()
    };
    let found = reception.get("/registers/post?q=sf1234").await.body;
    assert_eq!(ids(&found), std::slice::from_ref(&parcel["serial"]));
    let open = reception.get("/registers/post?open=true").await.body;
    assert_eq!(ids(&open), std::slice::from_ref(&letter["serial"]), "the parcel was signed for");

    let denied = reception.get("/registers/post/export").await;
    assert_eq!(denied.status, StatusCode::FORBIDDEN);
    let (both, _) = hire(&server, &admin, "both", "R-08").await;
    let users = admin.get("/records/user?q=both").await;
    let it = &users.body["items"][0];
    let mut record = it["record"].clone();
    record["roles"].as_array_mut().unwrap().push(crate::office::role(&admin, "R-03").await.into());
    let path = format!("/records/user/{}", it["id"].as_str().unwrap());
    let version = format!("\"{}\"", it["version"]);
    assert!(admin.clone().with("if-match", &version).put(&path, record).await.status.is_success());
    let table = both.get("/registers/post/export?q=%E6%B7%B1%E5%9C%B3").await;
    assert_eq!(table.status, StatusCode::OK, "{}", table.text);
    assert!(table.text.contains("SF1234567890") && !table.text.contains("税务局"), "{}", table.text);

    let log = admin.get(&format!("/audit?on=record:{}", parcel["id"].as_str().unwrap())).await.body;
    let kinds: Vec<_> = log["items"].as_array().unwrap().iter().map(|row| &row["kind"]).collect();
    assert_eq!(kinds, ["entry_changed", "entry_changed"], "{log}");
    assert_eq!(log["items"][0]["private"]["after"]["handed_to"], "李敏");
    let version = handed["version"].to_string();
    let path = format!("/registers/post/{}", parcel["id"].as_str().unwrap());
    let struck = reception.clone().with("if-match", &format!("\"{version}\"")).delete(&path).await;
    assert_eq!(struck.status, StatusCode::NO_CONTENT, "{}", struck.text);
    assert_eq!(reception.get(&path).await.status, StatusCode::NOT_FOUND);
}

/// B-59: the host is told when the visitor is here, not when they are announced; somebody on the list is noticed.
#[tokio::test]
async fn b_59_the_host_is_told_and_who_is_not_let_in_is_noticed() {
    let (server, admin) = Server::set_up().await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let (reception, _) = hire(&server, &admin, "front", "R-03").await;
    let barred = json!({ "name": "赵六", "phone": "13800138000", "reason": "曾在大厅闹事，请叫保安" });
    put_down(&reception, "barred", barred).await;
    let announced =
        json!({ "name": "王芳", "purpose": "签合同", "host": id, "expected_at": now() + 3_600_000 });
    let announced = put_down(&reception, "visit", announced).await;
    assert_eq!(announced.get("warnings"), None);
    // Announced beforehand; nobody is called for it.
    let came_at = now();
    let here = change(&reception, "visit", &announced, json!({ "came_at": came_at, "badge": "07" })).await;
    let news = told(&mut desk, &announced["serial"]).await;
    assert_eq!(news["text"], "王芳");
    assert!(news["at"].as_i64().unwrap() - came_at <= 5_000);
    let before = desk.heard.iter().filter(|frame| frame["kind"] == "entry_told").count();
    assert_eq!(before, 1, "once, when they are here");
    let open = reception.get("/registers/visit?open=true").await.body;
    assert_eq!(open["items"][0]["entry"]["badge"], "07");
    let early = json!({ "left_at": came_at - 1 });
    let mut after = here["entry"].clone();
    after["left_at"] = early["left_at"].clone();
    let path = format!("/registers/visit/{}", here["id"].as_str().unwrap());
    let wrong = reception.clone().with("if-match", "\"2\"").put(&path, after).await;
    assert_eq!(wrong.body["fields"][0]["field"], "left_at", "{}", wrong.text);
    change(&reception, "visit", &here, json!({ "left_at": came_at + 1 })).await;
    assert_eq!(reception.get("/registers/visit?open=true").await.body["items"], json!([]));

    let unwelcome =
        json!({ "name": "赵先生", "phone": "+86 138 0013 8000", "purpose": "找人", "came_at": now() });
    let noticed = put_down(&reception, "visit", unwelcome).await;
    assert_eq!(noticed["warnings"], json!(["曾在大厅闹事，请叫保安"]));
    let listed = reception.get("/registers/visit?q=赵先生").await.body;
    assert_eq!(listed["items"][0]["warnings"][0], "曾在大厅闹事，请叫保安");
}

/// SYS-01j, B-59: who comes to the counter waits in the queue, and stands in the register of visitors.
#[tokio::test]
async fn sys_01j_a_walk_in_stands_in_the_register_of_visitors() {
    let (server, admin) = Server::set_up().await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let queue = first(&admin, "queue").await;
    let channel = json!({
        "name": { "zh": "前台", "en": "" }, "enabled": true, "queue": queue, "setup": { "type": "walkin" },
    });
    let channel = make(&admin, "channel", channel).await.body["id"].as_str().unwrap().to_owned();
    let came = json!({ "name": "王芳", "text": "当面退货\n带了发票", "phone": "13800138000", "email": "", "files": [] });
    let keyed = agent.clone().with("idempotency-key", "w1");
    let path = format!("/channels/{channel}/arrivals");
    let serial = keyed.post(&path, came.clone()).await.body["serial"].clone();
    assert_eq!(keyed.post(&path, came).await.body["serial"], serial);
    desk.event("assigned").await;
    let visits = agent.get("/registers/visit?open=true").await.body;
    let [visit] = visits["items"].as_array().unwrap().as_slice() else { panic!("one visit: {visits}") };
    let entry = &visit["entry"];
    assert_eq!(
        (&entry["arrival"], &entry["purpose"], &entry["name"]),
        (&serial, &json!("当面退货"), &json!("王芳"))
    );
    assert!(entry["came_at"].as_i64().unwrap() <= now());
    // The colleague whom they came to see is told as soon as they are named.
    change(&agent, "visit", visit, json!({ "host": id })).await;
    told(&mut desk, &visit["serial"]).await;
}

/// B-93: a group has an owner and a log of what was posted there, and a post may belong to a campaign.
#[tokio::test]
async fn b_93_a_post_in_a_group_is_logged_on_its_campaign() {
    let (server, admin) = Server::set_up_with(&OPEN).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (_provider, channel, _) = sms(&admin, open_hours()).await;
    let receivers = json!([{ "to": "13800000001", "values": {} }]);
    let batch = json!({ "channel": channel, "name": "双十一", "text": "活动开始了", "receivers": receivers });
    let batch = admin.post("/batches", batch).await.body["id"].clone();
    let group = json!({ "name": "老客户一群", "platform": "微信群", "owner": id, "members": 320 });
    let group = put_down(&agent, "group", group).await;
    let path = format!("/registers/group/{}/posts", group["id"].as_str().unwrap());
    let post = json!({ "text": "双十一活动预告", "batch": batch });
    let keyed = agent.clone().with("idempotency-key", "p1");
    let made = keyed.post(&path, post.clone()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert_eq!(keyed.post(&path, post).await.body["id"], made.body["id"]);
    let wrong = agent.post(&path, json!({ "text": " ", "batch": "99" })).await;
    assert_eq!(wrong.body["fields"].as_array().unwrap().len(), 2, "{}", wrong.text);
    let listed = agent.get(&path).await.body;
    assert_eq!((&listed["items"][0]["author"], listed["items"].as_array().unwrap().len()), (&json!(id), 1));
    let of = format!("/batches/{}/posts", batch.as_str().unwrap());
    assert_eq!(agent.get(&of).await.body["items"][0]["entry"], group["id"]);
    let (auditor, _) = hire(&server, &admin, "audit", "R-19").await;
    assert_eq!(auditor.get(&path).await.status, StatusCode::FORBIDDEN);
    let log = admin.get(&format!("/audit?on=record:{}", group["id"].as_str().unwrap())).await.body;
    assert_eq!(
        (&log["items"][0]["kind"], &log["items"][0]["event"]["batch"]),
        (&json!("group_posted"), &batch)
    );
}

/// A letter that came, at the agent's desk; gives its conversation.
async fn letter(admin: &Person, agent: &Person, desk: &mut Line) -> String {
    let queue = first(admin, "queue").await;
    let setup = json!({ "type": "letter", "prefix": "XF" });
    let channel =
        json!({ "name": { "zh": "信函", "en": "" }, "enabled": true, "queue": queue, "setup": setup });
    let channel = make(admin, "channel", channel).await.body["id"].as_str().unwrap().to_owned();
    let came = json!({ "name": "王芳", "text": "来函询问退货", "phone": "", "email": "", "files": [] });
    let came = agent.post(&format!("/channels/{channel}/arrivals"), came).await;
    assert_eq!(came.status, StatusCode::CREATED, "{}", came.text);
    desk.event("assigned").await["on"]["conversation"].as_str().unwrap().to_owned()
}

/// SYS-01c: the answer to a letter is printed: its words are in the PDF, it has a number in the register of post, and
/// lies in the conversation.
#[tokio::test]
async fn sys_01c_a_letter_is_answered_on_paper() {
    let (server, admin) = Server::set_up().await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let conversation = letter(&admin, &agent, &mut desk).await;
    let path = format!("/conversations/{conversation}/letters");
    let new = json!({
        "receiver": "王芳女士\n杭州市西湖区文三路8号", "subject": "关于退货", "body": "您好！\n退款已于今日办理。",
        "signed": "客户服务部",
    });
    let wrong = agent.post(&path, json!({ "receiver": "", "body": " " })).await;
    assert_eq!(wrong.body["fields"].as_array().unwrap().len(), 2, "{}", wrong.text);
    let written = agent.clone().with("idempotency-key", "l1").post(&path, new.clone()).await;
    assert_eq!(written.status, StatusCode::CREATED, "{}", written.text);
    let serial = written.body["serial"].as_str().unwrap().to_owned();
    let said =
        desk.until("the letter", |frame| frame["kind"] == "message_posted" && frame["type"] == "file").await;
    assert_eq!((&said["file"], &said["mime"]), (&written.body["file"]["id"], &json!("application/pdf")));
    let again = agent.clone().with("idempotency-key", "l1").post(&path, new.clone()).await;
    assert_eq!(again.body["serial"], json!(serial));
    let entry = agent.get(&format!("/registers/post/{}", written.body["entry"].as_str().unwrap())).await.body;
    assert_eq!(
        (&entry["entry"]["receiver"], &entry["entry"]["conversation"], &entry["entry"]["outward"]),
        (&json!("王芳女士"), &json!(conversation), &json!(true))
    );
    let url = format!("{}{}", server.url, written.body["file"]["url"].as_str().unwrap());
    let cookie = agent.cookie.clone().unwrap();
    let pdf = reqwest::Client::new().get(url).header("cookie", cookie).send().await.unwrap();
    assert_eq!(pdf.status(), StatusCode::OK);
    let read = words(&pdf.bytes().await.unwrap());
    for part in ["王芳女士", "文三路8号", "退款已于今日办理", "客户服务部", &serial] {
        assert!(read.contains(part), "{part} is not in:\n{read}");
    }
    // A colleague who does not serve it writes no letter in it.
    let (manager, _) = hire(&server, &admin, "wang", "R-07").await;
    assert_ne!(manager.post(&path, new).await.status, StatusCode::CREATED);
}

/// Where the server has no Chinese font, it says what to do.
#[tokio::test]
async fn a_letter_without_a_font_says_what_is_missing() {
    let empty = Folder::new();
    let (server, admin) = Server::set_up_with(&[("YINGDA_FONTS", &empty.0.display().to_string())]).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let conversation = letter(&admin, &agent, &mut desk).await;
    let new = json!({ "receiver": "王芳", "body": "您好" });
    let refused = agent.post(&format!("/conversations/{conversation}/letters"), new).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("fonts-noto-cjk"), "{}", refused.text);
}

fn words(pdf: &[u8]) -> String {
    let mut child = Command::new("pdftotext")
        .args(["-layout", "-", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("pdftotext is installed (poppler-utils)");
    child.stdin.take().unwrap().write_all(pdf).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}
