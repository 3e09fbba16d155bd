//! Flows (SYS-07): drawn, checked, tried without a telephone, published, and walked by a caller with a real one.
//! SYS-02, SYS-04, B-08, K-15: this part of each.

use crate::files::upload;
use crate::line::work;
use crate::office::{first, hire, make};
use crate::orders::{fine, new_order};
use crate::phone::{
    CALLER, CALLER_HZ, agent_phone, dial, fetch, flow, house, phone, strength as side_strength,
};
use crate::support::{Answer, Folder, Person, Server};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::io::{Cursor, Write};
use std::process::{Command, Stdio};
use yingda_peers::Phone;
use yingda_voice::{Sound, media::sound::strength};

const MENU_HZ: f32 = 700.0;
const STATE: &str = "订单目前已下单，等待确认。";

fn prompt(zh: &str) -> Value {
    json!({ "text": { "zh": zh, "en": "" } })
}

fn wav(hertz: f32, ms: u32) -> Vec<u8> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut out = Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut out, spec).unwrap();
    Sound::tone(hertz, ms).0.iter().for_each(|it| writer.write_sample(*it).unwrap());
    writer.finalize().unwrap();
    out.into_inner()
}

/// 1 asks for an order and tells its state, 0 is a person; the menu is a recording.
fn shop(queue: &str, menu: &str) -> Value {
    json!({ "start": "menu", "nodes": {
        "menu": { "label": "主菜单", "step": { "type": "menu", "prompt": { "zh": menu, "en": menu },
            "options": { "1": "ask", "0": "people" }, "wait_s": 5, "tries": 3, "failed": "people" } },
        "ask": { "step": { "type": "collect", "prompt": prompt("请输入订单号，按井号键结束。"), "key": "order_no",
            "label": { "zh": "订单号", "en": "Order" }, "least": 3, "most": 20, "wait_s": 6, "tries": 2,
            "to": "find", "failed": "people" } },
        "find": { "step": { "type": "query", "what": "order", "number": "order_no", "found": "state", "missing": "none" } },
        "state": { "resolved": true, "step": { "type": "say", "prompt": prompt("订单目前{order_state}。"), "to": "menu" } },
        "none": { "step": { "type": "say", "prompt": prompt("没有找到这个订单。"), "to": "people" } },
        "people": { "step": { "type": "queue", "queue": queue, "prompt": {}, "every_s": 10 } },
    } })
}

async fn draw(admin: &Person, name: &str, graph: Value) -> String {
    let record = json!({ "name": { "zh": name, "en": name }, "draft": graph });
    make(admin, "flow", record).await.body["id"].as_str().unwrap().to_owned()
}

async fn publish(admin: &Person, flow: &str, body: Value) -> Answer {
    let read = admin.get(&format!("/records/flow/{flow}")).await;
    let tag = read.header("etag").to_owned();
    admin.clone().with("if-match", &tag).post(&format!("/flows/{flow}/publish"), body).await
}

async fn redraw(admin: &Person, flow: &str, graph: Value) {
    let at = format!("/records/flow/{flow}");
    let read = admin.get(&at).await;
    let mut record = read.body["record"].clone();
    record["draft"] = graph;
    fine(admin.clone().with("if-match", read.header("etag")).put(&at, record).await);
}

fn fields(answer: &Answer) -> Vec<&str> {
    answer.body["fields"].as_array().unwrap().iter().map(|it| it["field"].as_str().unwrap()).collect()
}

/// The hotline meets this flow from now on.
async fn answered_by(admin: &Person, flow: &str) -> Answer {
    let channel = admin.get("/records/channel").await.body["items"][0].clone();
    let mut record = channel["record"].clone();
    record["setup"]["flow"] = flow.into();
    let tag = format!("\"{}\"", channel["version"]);
    admin
        .clone()
        .with("if-match", &tag)
        .put(&format!("/records/channel/{}", channel["id"].as_str().unwrap()), record)
        .await
}

/// What a phone heard in its last call.
fn heard_by(phone: &Phone) -> Vec<i16> {
    let path = phone.heard().pop().expect("it kept what it heard");
    let mut reader = hound::WavReader::open(path).expect("a WAV");
    match reader.spec().sample_format {
        hound::SampleFormat::Int => reader.samples::<i16>().map_while(Result::ok).collect(),
        hound::SampleFormat::Float => {
            reader.samples::<f32>().map_while(Result::ok).map(|it| (it * 32_767.0) as i16).collect()
        }
    }
}

/// The words as the server's program reads them.
fn spoken(text: &str) -> Vec<i16> {
    let arguments = ["-v", "cmn", "-s", "160", "--stdin", "-w", "/dev/stdout"];
    let mut child = Command::new("espeak-ng")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("espeak-ng did not start: {error}; install it first: apt-get install espeak-ng")
        });
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let mut wav = child.wait_with_output().unwrap().stdout;
    let length = wav.len() as u32;
    wav[4..8].copy_from_slice(&(length - 8).to_le_bytes());
    wav[40..44].copy_from_slice(&(length - 44).to_le_bytes());
    Sound::read(&wav).expect("a WAV").0.to_vec()
}

/// How well a piece fits the place in a sound that it fits best: 1 is the same.
fn likeness(heard: &[i16], piece: &[i16]) -> f64 {
    let square = |it: i16| i64::from(it).pow(2);
    let of_piece: i64 = piece.iter().copied().map(square).sum();
    let mut of_place: i64 = heard[..piece.len()].iter().copied().map(square).sum();
    let mut best: f64 = 0.0;
    for (at, place) in heard.windows(piece.len()).enumerate() {
        // Where there is much less sound, or much more, it is not.
        if of_place > of_piece / 4 && of_place < of_piece * 4 {
            let dot: i64 = place.iter().zip(piece).map(|(a, b)| i64::from(*a) * i64::from(*b)).sum();
            best = best.max(dot as f64 / ((of_piece as f64) * (of_place as f64)).sqrt());
        }
        of_place += heard.get(at + piece.len()).copied().map_or(0, square) - square(heard[at]);
    }
    best
}

async fn keys(caller: &Phone, keys: &str) {
    for key in keys.chars() {
        caller.command("sndcode", &key.to_string());
        flow(350).await;
    }
}

#[tokio::test]
async fn sys_07_a_caller_hears_the_menu_asks_for_an_order_and_reaches_a_person_who_sees_it() {
    let folder = Folder::new();
    let (server, admin, exchange) = house(&folder).await;
    new_order(&admin, "YQ2001", json!({})).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let _agents = agent_phone(&agent, exchange).await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let queue = first(&admin, "queue").await;
    let menu = upload(&server, &admin, "menu.wav", &wav(MENU_HZ, 900)).await;
    let flow_id = draw(&admin, "热线", shop(&queue, &menu)).await;
    // Only what was published can answer.
    assert_eq!(fields(&answered_by(&admin, &flow_id).await), ["setup.flow"]);
    let live = fine(publish(&admin, &flow_id, json!({})).await);
    let version = live["record"]["live"]["version"].clone();
    fine(answered_by(&admin, &flow_id).await);

    let caller = phone(exchange, CALLER, "", CALLER_HZ);
    dial(&caller, exchange);
    caller.wait(&["CALL_ESTABLISHED"]);
    flow(1_300).await;
    // Whoever is free is not rung while a machine talks.
    let in_flow = admin.eventually("/conversations?medium=voice", |it| it["items"][0].is_object()).await;
    assert_eq!(in_flow["items"][0]["phase"], "bot", "{in_flow}");
    // What is published meanwhile is for later calls: here 1 would end it.
    let hasty = json!({ "start": "menu", "nodes": {
        "menu": { "step": { "type": "menu", "prompt": { "zh": menu, "en": menu }, "options": { "1": "end" },
            "wait_s": 3, "tries": 1, "failed": "end" } },
        "end": { "step": { "type": "hang_up", "prompt": {} } } } });
    redraw(&admin, &flow_id, hasty).await;
    fine(publish(&admin, &flow_id, json!({})).await);
    keys(&caller, "1").await;
    keys(&caller, "2001#").await;
    flow(5_000).await;
    keys(&caller, "0").await;
    let assigned = desk.event("assigned").await;
    let talk = assigned["on"]["conversation"].as_str().unwrap().to_owned();
    assert_eq!(in_flow["items"][0]["id"], talk);
    desk.event("call_answered").await;
    let live_now = agent.get(&format!("/conversations/{talk}")).await.body["live"].clone();
    let told = json!([{ "key": "order_no", "label": { "zh": "订单号", "en": "Order" }, "value": "2001" }]);
    assert_eq!(live_now["collected"], told, "{live_now}");
    let log = agent.get(&format!("/conversations/{talk}/events?limit=200")).await.body;
    let of = |kind: &str| log["events"].as_array().unwrap().iter().find(|it| it["kind"] == kind).cloned();
    let entered = of("flow_entered").unwrap();
    assert_eq!((&entered["flow"], &entered["version"]), (&json!(flow_id), &version));
    let left = of("flow_left").unwrap();
    assert_eq!((&left["end"], &left["resolved"]), (&json!({ "queue": queue }), &json!(true)));
    assert_eq!(left["path"], json!(["menu", "ask", "find", "state", "menu", "people"]));
    caller.command("hangup", "");
    desk.event("wrap_up_started").await;
    let heard = heard_by(&caller);
    let tone = heard.chunks_exact(400).filter(|it| strength(it, MENU_HZ) > 0.8).count() * 50;
    assert!(tone >= 600, "the menu was heard for {tone} ms");

    // Back to the first version; whoever got what they called for and needs nobody counts as resolved (K-15).
    fine(publish(&admin, &flow_id, json!({ "version": version })).await);
    let versions = fine(admin.get(&format!("/flows/{flow_id}/versions")).await);
    assert_eq!(versions.as_array().unwrap().len(), 2, "{versions}");
    desk.say(json!({ "t": "do", "conversation": talk, "n": 1, "do": "end_wrap_up" })).await;
    desk.event("wrap_up_ended").await;
    dial(&caller, exchange);
    caller.wait(&["CALL_ESTABLISHED"]);
    keys(&caller, "1").await;
    keys(&caller, "2001#").await;
    let reached = |it: &Value| it["items"].as_array().unwrap().iter().any(|it| it["phase"] == "bot");
    let second = admin.eventually("/conversations?medium=voice", reached).await;
    let second =
        second["items"].as_array().unwrap().iter().find(|it| it["phase"] == "bot").unwrap()["id"].clone();
    let told = |it: &Value| {
        it["events"].as_array().is_some_and(|all| all.iter().any(|it| it["kind"] == "flow_collected"))
    };
    let at = format!("/conversations/{}/events?limit=200", second.as_str().unwrap());
    admin.eventually(&at, told).await;
    caller.command("hangup", "");
    let closed = |it: &Value| {
        it["events"].as_array().is_some_and(|all| all.iter().any(|it| it["kind"] == "conversation_closed"))
    };
    let log = admin.eventually(&at, closed).await;
    let left = log["events"].as_array().unwrap().iter().find(|it| it["kind"] == "flow_left").unwrap().clone();
    assert_eq!((&left["end"], &left["resolved"]), (&json!("gone"), &json!(true)));
    let k15 = |it: &Value| it.as_array().unwrap().iter().find(|it| it["key"] == "K-15").cloned().unwrap();
    let counted = admin.eventually("/indicators", |it| it.is_array() && k15(it)["all"] == 2).await;
    assert_eq!((&k15(&counted)["good"], &k15(&counted)["value"]), (&json!(1), &json!(50.0)));
    for (part, ids) in [("?good=true", vec![second]), ("?good=false", vec![json!(talk)])] {
        let behind = fine(admin.get(&format!("/indicators/K-15/cases{part}")).await);
        let found: Vec<Value> =
            behind["items"].as_array().unwrap().iter().map(|it| it["call"]["conversation"].clone()).collect();
        assert_eq!(found, ids, "{behind}");
    }
    // Last, since it is much to compute, and no connection waits for it.
    let words = spoken(STATE);
    let middle = words.len() / 2;
    let fits = likeness(&heard, &words[middle..middle + 800]);
    assert!(fits > 0.8, "the state of the order was not heard: {fits}");
}

#[tokio::test]
async fn sys_07_a_flow_with_a_dead_end_a_loop_or_a_prompt_that_is_no_sound_is_not_published() {
    let (server, admin) = Server::set_up_with(&[("YINGDA_PHONE_SPEECH", "off")]).await;
    let queue = first(&admin, "queue").await;
    let sound = upload(&server, &admin, "menu.wav", &wav(MENU_HZ, 200)).await;
    let text = upload(&server, &admin, "menu.txt", "不是声音".as_bytes()).await;
    let say = |audio: &str, to: &str| json!({ "step": { "type": "say", "prompt": { "zh": audio, "en": audio }, "to": to } });
    let end = json!({ "step": { "type": "queue", "queue": queue, "prompt": {} } });
    let graph = json!({ "start": "a", "nodes": {
        "a": say(&text, "b"), "b": say(&sound, "c"), "c": say(&sound, "b"), "d": say(&sound, ""),
        "e": { "step": { "type": "say", "prompt": prompt("没有人读"), "to": "f" } }, "f": end,
    } });
    let checked = fine(admin.post("/flows/check", json!({ "graph": graph })).await);
    assert_eq!(checked["can_speak"], false);
    let found: Vec<&str> =
        checked["faults"].as_array().unwrap().iter().map(|it| it["field"].as_str().unwrap()).collect();
    let wanted = [
        "nodes.b.key",
        "nodes.c.key",
        "nodes.d.to",
        "nodes.d.key",
        "nodes.e.key",
        "nodes.e.prompt.zh",
        "nodes.f.key",
        "nodes.a.prompt.zh",
        "nodes.a.prompt.en",
    ];
    assert_eq!(found, wanted, "{checked}");
    let flow = draw(&admin, "有问题", graph).await;
    let refused = publish(&admin, &flow, json!({})).await;
    assert_eq!((refused.code(), fields(&refused)), ("bad_value", wanted.to_vec()), "{}", refused.text);
    assert!(refused.text.contains("WAV"), "it says what to do: {}", refused.text);
    // What is live is never written by hand.
    let at = format!("/records/flow/{flow}");
    let read = admin.get(&at).await;
    let mut record = read.body["record"].clone();
    record["live"] = json!({ "version": 9, "published_at": 1, "graph": record["draft"] });
    let forged = admin.clone().with("if-match", read.header("etag")).put(&at, record).await;
    assert_eq!(
        (forged.status, fields(&forged)),
        (StatusCode::UNPROCESSABLE_ENTITY, vec!["live"]),
        "{}",
        forged.text
    );

    let sound_one = json!({ "start": "a", "nodes": { "a": say(&sound, "f"), "f": end } });
    redraw(&admin, &flow, sound_one.clone()).await;
    fine(publish(&admin, &flow, json!({})).await);
    // Whoever may not change routing draws nothing, and a queue in use stays.
    let (agent, _) = hire(&server, &admin, "li", "R-03").await;
    assert_eq!(agent.post("/flows/check", json!({ "graph": sound_one })).await.code(), "forbidden");
    let read = admin.get(&format!("/records/queue/{queue}")).await;
    let gone =
        admin.clone().with("if-match", read.header("etag")).delete(&format!("/records/queue/{queue}")).await;
    assert_eq!(gone.code(), "in_use");
}

#[tokio::test]
async fn sys_07_a_flow_is_tried_without_a_telephone() {
    let (_server, admin) = Server::set_up().await;
    new_order(&admin, "YQ3001", json!({})).await;
    let queue = first(&admin, "queue").await;
    let graph = shop(&queue, "1");
    let turn = async |walk: Value, input: Value| {
        fine(admin.post("/flows/step", json!({ "graph": graph, "walk": walk, "input": input })).await)
    };
    let empty = json!({ "at": "", "data": {}, "typed": "", "tries": 0, "resolved": false, "path": [] });
    let at = turn(empty, json!({ "type": "started" })).await;
    assert_eq!(at["act"]["type"], "ask");
    let mut at = turn(at["walk"].clone(), json!({ "type": "digit", "of": "1" })).await;
    for key in ["3", "0", "0", "1", "#"] {
        at = turn(at["walk"].clone(), json!({ "type": "digit", "of": key })).await;
    }
    assert_eq!(at["act"]["said"]["text"], STATE, "{at}");
    assert_eq!((&at["walk"]["resolved"], &at["collected"][0]["value"]), (&json!(true), &json!("3001")));
    let at = turn(at["walk"].clone(), json!({ "type": "digit", "of": "0" })).await;
    assert_eq!(at["act"], json!({ "type": "queue", "queue": queue, "every_s": 10 }));
}

#[tokio::test]
async fn sys_07_a_voicemail_becomes_a_lead_with_the_recording_behind_it() {
    let folder = Folder::new();
    let (server, admin, exchange) = house(&folder).await;
    let sound = upload(&server, &admin, "mail.wav", &wav(MENU_HZ, 300)).await;
    let graph = json!({ "start": "mail", "nodes": {
        "mail": { "step": { "type": "voicemail", "prompt": { "zh": sound, "en": sound }, "most_s": 30, "to": "bye" } },
        "bye": { "step": { "type": "hang_up", "prompt": {} } },
    } });
    let flow_id = draw(&admin, "留言", graph).await;
    fine(publish(&admin, &flow_id, json!({})).await);
    fine(answered_by(&admin, &flow_id).await);
    let caller = phone(exchange, CALLER, "", CALLER_HZ);
    dial(&caller, exchange);
    caller.wait(&["CALL_ESTABLISHED"]);
    flow(4_000).await;
    keys(&caller, "#").await;
    caller.wait(&["CALL_CLOSED"]);
    let leads = admin.eventually("/leads", |it| it["items"][0].is_object()).await;
    let lead = &leads["items"][0];
    assert_eq!(
        (&lead["fields"]["message"], leads["items"].as_array().unwrap().len()),
        (&json!("语音留言，3 秒"), 1)
    );
    let talk = lead["fields"]["conversation"].as_str().unwrap();
    let log = admin.get(&format!("/conversations/{talk}/events?limit=200")).await.body;
    let of =
        |kind: &str| log["events"].as_array().unwrap().iter().find(|it| it["kind"] == kind).cloned().unwrap();
    assert_eq!(of("conversation_closed")["reason"], "ended");
    let file = fetch(&server, &admin, of("call_recorded")["file"].as_str().unwrap()).await;
    assert!(side_strength(&file, 0, CALLER_HZ) > 0.8, "what the caller said");
}
