//! Telephone calls through the whole product: a caller outside, an agent with a phone. SYS-01a, SYS-05, SYS-06, SP-05,
//! SP-06, SP-14, SYS-53: this part of each.

use crate::line::work;
use crate::office::{first, hire, make};
use crate::support::{Folder, Person, Server};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::net::SocketAddr;
use yingda_peers::{Account, Phone, phones_address};

const NUMBER: &str = "4008001234";
pub const CALLER: &str = "13800138000";
pub const CALLER_HZ: u32 = 440;
const AGENT_HZ: u32 = 1000;

/// A server that takes calls, with a queue behind a number.
pub async fn house(folder: &Folder) -> (Server, Person, SocketAddr) {
    let trunks = format!("127.0.0.1,{}", phones_address());
    let settings = [("YINGDA_PHONE_LISTEN", "127.0.0.1:0"), ("YINGDA_PHONE_TRUNKS", trunks.as_str())];
    let (server, admin) = Server::set_up_in(&folder.0, &settings).await;
    let told = server.printed.iter().find_map(|line| line.split_once("Telephone (SIP)"));
    let exchange = told.unwrap_or_else(|| panic!("{:?}", server.printed)).1.trim().parse().unwrap();
    let channel = json!({
        "name": { "zh": "热线", "en": "Hotline" }, "enabled": true, "queue": first(&admin, "queue").await,
        "setup": { "type": "phone", "numbers": [NUMBER], "record": true },
    });
    make(&admin, "channel", channel).await;
    (server, admin, exchange)
}

pub fn phone(exchange: SocketAddr, name: &str, password: &str, hertz: u32) -> Phone {
    let registers = !password.is_empty();
    Phone::new(&Account { name, password, exchange, transport: "udp", registers, answers: true, hertz })
}

/// An agent with a phone that answers by itself.
pub async fn agent_phone(agent: &Person, exchange: SocketAddr) -> Phone {
    let line = agent.post("/phone/line", json!({})).await;
    assert_eq!(line.status, StatusCode::OK, "{}", line.text);
    assert_eq!(line.body["port"], exchange.port());
    let text = |key: &str| line.body[key].as_str().unwrap().to_owned();
    let phone = phone(exchange, &text("extension"), &text("password"), AGENT_HZ);
    phone.wait(&["REGISTER_OK"]);
    phone
}

pub fn dial(caller: &Phone, exchange: SocketAddr) {
    caller.command("dial", &format!("sip:{NUMBER}@{exchange}"));
}

/// Lets sound flow for a while: how long is what is measured.
pub async fn flow(ms: u64) {
    let span = std::time::Duration::from_millis(ms);
    tokio::time::timeout(span, std::future::pending::<()>()).await.expect_err("it is over");
}

pub async fn fetch(server: &Server, person: &Person, file: &str) -> Vec<u8> {
    let request = reqwest::Client::new().get(format!("{}/api/v1/files/{file}", server.url));
    let answer = request.header("cookie", person.cookie.as_deref().unwrap()).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    answer.bytes().await.unwrap().to_vec()
}

/// How strong a tone is in the recording's side, from 0 to 1.
pub fn strength(wav: &[u8], side: usize, hertz: u32) -> f32 {
    let samples: Vec<i16> = wav[44..]
        .chunks_exact(4)
        .map(|frame| i16::from_le_bytes([frame[side * 2], frame[side * 2 + 1]]))
        .filter(|sample| *sample != 0)
        .collect();
    yingda_voice::media::sound::strength(&samples, hertz as f32)
}

#[tokio::test]
async fn a_call_waits_is_taken_talked_kept_and_wrapped_up() {
    let folder = Folder::new();
    let (server, admin, exchange) = house(&folder).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let agents = agent_phone(&agent, exchange).await;
    let caller = phone(exchange, CALLER, "", CALLER_HZ);
    dial(&caller, exchange);
    // Nobody is there yet: the caller is let in and hears music.
    caller.wait(&["CALL_ESTABLISHED"]);
    let (mut desk, _) = work(&server, &agent, &id).await;
    let assigned = desk.event("assigned").await;
    let conversation = assigned["on"]["conversation"].clone();
    let answered = desk.event("call_answered").await;
    assert_eq!((&answered["agent"], &answered["on"]["conversation"]), (&json!(id), &conversation));
    let at = format!("/conversations/{}", conversation.as_str().unwrap());
    let found = agent.get(&at).await.body["live"].clone();
    assert_eq!((&found["medium"], &found["phase"]), (&json!("voice"), &json!("active")), "{found}");
    let customer = agent.get(&format!("/customers/{}", found["customer"].as_str().unwrap())).await;
    assert_eq!(customer.status, StatusCode::OK, "{}", customer.text);
    flow(1_200).await;
    caller.command("hangup", "");
    let ended = desk.event("call_ended").await;
    assert_eq!(ended["ended_by"], "caller");
    assert_eq!(ended["call"], answered["call"], "one call has one name");
    assert!(ended["talk_ms"].as_i64().unwrap() >= 1_000, "{ended}");
    desk.event("wrap_up_started").await;
    let recorded = desk.event("call_recorded").await;
    agents.wait(&["CALL_CLOSED"]);
    let file = fetch(&server, &agent, recorded["file"].as_str().unwrap()).await;
    let kept = file.len();
    assert_eq!(recorded["size"], kept);
    assert!(strength(&file, 0, CALLER_HZ) > 0.8, "the caller is on the left");
    assert!(strength(&file, 1, AGENT_HZ) > 0.8, "the agent is on the right");
    assert_eq!(std::fs::read_dir(folder.0.join("recordings")).unwrap().count(), 0, "it lies with the files");

    // The same number again is the same person.
    desk.say(json!({ "t": "do", "conversation": conversation, "n": 1, "do": "end_wrap_up" })).await;
    desk.event("wrap_up_ended").await;
    dial(&caller, exchange);
    let again = desk.event("call_answered").await["on"]["conversation"].clone();
    assert_ne!(again, conversation);
    let later = agent.get(&format!("/conversations/{}", again.as_str().unwrap())).await.body["live"].clone();
    assert_eq!(later["customer"], found["customer"]);
    // This time the agent hangs up.
    agents.command("hangup", "");
    desk.event("wrap_up_started").await;
    assert_eq!(desk.event("call_ended").await["ended_by"], "agent");
    caller.wait(&["CALL_CLOSED"]);
}

#[tokio::test]
async fn a_caller_who_gives_up_is_counted_as_abandoned_and_a_closed_conversation_ends_its_call() {
    let folder = Folder::new();
    let (server, admin, exchange) = house(&folder).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let caller = phone(exchange, CALLER, "", CALLER_HZ);
    dial(&caller, exchange);
    caller.wait(&["CALL_ESTABLISHED"]);
    caller.command("hangup", "");
    let (mut desk, _) = work(&server, &agent, &id).await;
    let closed = |body: &Value| body["items"][0]["phase"] == "closed";
    let closed = admin.eventually("/conversations?medium=voice", closed).await["items"][0].clone();
    let events = admin.get(&format!("/conversations/{}/events", closed["id"].as_str().unwrap())).await.body;
    let reason = events["events"].as_array().unwrap().iter().find(|it| it["kind"] == "conversation_closed");
    assert_eq!(reason.unwrap()["reason"], "abandoned", "{events}");

    // Without a phone it waits with the agent until there is one.
    dial(&caller, exchange);
    assert_eq!(desk.event("call_missed").await["why"], "no_phone");
    let agents = agent_phone(&agent, exchange).await;
    let talk = desk.event("call_answered").await["on"]["conversation"].clone();
    desk.say(json!({ "t": "do", "conversation": talk, "n": 1, "do": "close" })).await;
    assert_eq!(desk.event("call_ended").await["ended_by"], "agent");
    caller.wait(&["CALL_CLOSED"]);
    caller.wait(&["CALL_CLOSED"]);
    agents.wait(&["CALL_CLOSED"]);
}

#[tokio::test]
async fn an_agent_on_a_call_gets_no_second_one_and_a_call_is_passed_on_to_a_colleague() {
    let folder = Folder::new();
    let (server, admin, exchange) = house(&folder).await;
    let (li, li_id) = hire(&server, &admin, "li", "R-03").await;
    let _phone_of_li = agent_phone(&li, exchange).await;
    let (mut desk, _) = work(&server, &li, &li_id).await;
    let first_caller = phone(exchange, CALLER, "", CALLER_HZ);
    dial(&first_caller, exchange);
    let talk = desk.event("call_answered").await["on"]["conversation"].clone();
    let second_caller = phone(exchange, "13900139000", "", CALLER_HZ);
    dial(&second_caller, exchange);
    second_caller.wait(&["CALL_ESTABLISHED"]);
    let waiting =
        admin.eventually("/conversations?medium=voice&phase=waiting", |it| it["items"][0].is_object()).await;
    assert_eq!(waiting["items"].as_array().unwrap().len(), 1, "{waiting}");
    assert_ne!(waiting["items"][0]["id"], talk);

    second_caller.command("hangup", "");
    let none = |it: &Value| it["items"].as_array().is_some_and(Vec::is_empty);
    admin.eventually("/conversations?medium=voice&phase=waiting", none).await;

    let (wang, wang_id) = hire(&server, &admin, "wang", "R-03").await;
    let phone_of_wang = agent_phone(&wang, exchange).await;
    let (mut hers, _) = work(&server, &wang, &wang_id).await;
    let pass_on = json!({ "do": "transfer", "to": { "agent": wang_id } });
    let at = format!("/conversations/{}", talk.as_str().unwrap());
    assert_eq!(li.post(&format!("{at}/acts"), pass_on).await.status, StatusCode::OK);
    let answered = hers.event("call_answered").await;
    assert_eq!((&answered["agent"], &answered["on"]["conversation"]), (&json!(wang_id), &talk));
    first_caller.command("hangup", "");
    hers.event("wrap_up_started").await;
    phone_of_wang.wait(&["CALL_CLOSED"]);
    let both = |body: &Value| {
        body["events"]
            .as_array()
            .is_some_and(|all| all.iter().filter(|it| it["kind"] == "call_recorded").count() == 2)
    };
    admin.eventually(&format!("{at}/events?limit=200"), both).await;
}

#[tokio::test]
async fn a_number_that_nobody_has_is_refused_and_so_is_a_phone_of_a_stranger() {
    let folder = Folder::new();
    let (server, _, exchange) = house(&folder).await;
    let caller = phone(exchange, CALLER, "", CALLER_HZ);
    caller.command("dial", &format!("sip:999@{exchange}"));
    caller.wait(&["CALL_CLOSED"]);
    let stranger = server.nobody();
    assert_eq!(stranger.post("/phone/line", json!({})).await.status, StatusCode::UNAUTHORIZED);
}
