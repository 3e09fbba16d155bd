//! SMS by SMPP 3.4 (SYS-10, SYS-01g), against a message centre of another library.

use crate::line::{Line, post, work};
use crate::office::{first, hire, make};
use crate::support::{Folder, Person, Server};
use crate::webhooks::OPEN;
use reqwest::StatusCode;
use serde_json::{Value, json};
use yingda_peers::Smpp;

struct Centre {
    peer: Smpp,
    channel: String,
}

fn setup(port: u16) -> Value {
    json!({
        "type": "smpp", "server": { "host": "127.0.0.1", "port": port, "security": "none" },
        "system_id": Smpp::SYSTEM_ID, "source": "10690001", "country_code": "86",
        "rules": { "signature": "应答" },
    })
}

async fn channel(admin: &Person, setup: Value, password: &str) -> String {
    let queue = first(admin, "queue").await;
    let channel =
        json!({ "name": { "zh": "短信", "en": "SMS" }, "enabled": true, "queue": queue, "setup": setup });
    let id = make(admin, "channel", channel).await.body["id"].as_str().unwrap().to_owned();
    let put = admin.put(&format!("/channels/{id}/secrets"), json!({ "password": password })).await;
    assert_eq!(put.status, StatusCode::NO_CONTENT, "{}", put.text);
    id
}

impl Centre {
    /// With a channel that is logged in.
    async fn new(admin: &Person) -> Centre {
        let peer = Smpp::new();
        let channel = channel(admin, setup(peer.port()), Smpp::PASSWORD).await;
        let centre = Centre { peer, channel };
        centre.stands(1).await;
        centre
    }

    /// Tells the message centre what to do.
    async fn steer(&self, what: &str, body: Value) -> Value {
        let url = format!("{}/sim/{what}", self.peer.address());
        let answer = reqwest::Client::new().post(url).body(body.to_string()).send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    /// Waits until somebody logged in so often, and is still there.
    async fn stands(&self, binds: u64) {
        let stands = async {
            loop {
                let now = self.steer("stands", json!({})).await;
                if now["binds"].as_u64() >= Some(binds) && now["sessions"] == 1 {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), stands).await.expect("somebody logs in");
    }

    /// A customer writes.
    async fn says(&self, text: &str) {
        let message = json!({ "source_addr": "8613800138000", "data_coding": 8, "hex": wide(text) });
        assert_eq!(self.steer("deliver", message).await, json!({ "status": 0 }));
    }

    async fn submitted(&self) -> Vec<Value> {
        self.steer("submitted", json!({})).await.as_array().unwrap().clone()
    }
}

/// A text in UCS-2, as hex.
fn wide(text: &str) -> String {
    text.encode_utf16().map(|unit| format!("{unit:04x}")).collect()
}

async fn told(desk: &mut Line, state: &str) -> Value {
    desk.until(state, |frame| frame["kind"] == "message_delivered" && frame["state"] == state).await
}

async fn heard(desk: &mut Line, text: &str) -> Value {
    desk.until(text, |frame| frame["kind"] == "message_posted" && frame["text"] == text).await
}

/// A customer writes.
async fn meet(centre: &Centre, desk: &mut Line) -> Value {
    centre.says("我的订单到哪了").await;
    desk.event("assigned").await["on"]["conversation"].clone()
}

/// SYS-01g: an SMS comes in, the reply leaves, and its receipt marks it as delivered.
#[tokio::test]
async fn sys_01g_a_conversation_by_smpp_both_ways() {
    let (server, admin) = Server::set_up_with(&OPEN).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let centre = Centre::new(&admin).await;
    assert_eq!(centre.steer("ask", json!({})).await, json!({ "status": 0 }), "it is there when asked");
    let conversation = meet(&centre, &mut desk).await;
    desk.say(post(&conversation, 1, "已到杭州。")).await;
    told(&mut desk, "sent").await;
    let left = centre.submitted().await.pop().unwrap();
    assert_eq!((&left["text"], &left["coding"]), (&json!("【应答】已到杭州。"), &json!(8)));
    assert_eq!((&left["from"], &left["to"]), (&json!("10690001"), &json!("8613800138000")));
    assert_eq!((&left["ton"], &left["receipt"]), (&json!(1), &json!(1)));
    let name = left["id"].as_str().unwrap();
    let receipt = format!(
        "id:{name} sub:001 dlvrd:001 submit date:2611221000 done date:2611221001 stat:DELIVRD err:000"
    );
    let receipt = json!({ "source_addr": "8613800138000", "esm_class": 4, "hex": hex::encode(receipt) });
    assert_eq!(centre.steer("deliver", receipt).await, json!({ "status": 0 }));
    told(&mut desk, "delivered").await;
    // By parameters, and that it did not arrive.
    desk.say(post(&conversation, 2, "请查收。")).await;
    told(&mut desk, "sent").await;
    let name = centre.submitted().await.pop().unwrap()["id"].clone();
    let receipt = json!({
        "source_addr": "8613800138000", "esm_class": 4, "hex": "", "receipted_message_id": name, "message_state": 5,
    });
    assert_eq!(centre.steer("deliver", receipt).await, json!({ "status": 0 }));
    let failed = told(&mut desk, "failed").await;
    assert_eq!(failed["reason"], "UNDELIV");
    let tried = admin.post(&format!("/channels/{}/test", centre.channel), json!({})).await;
    assert!(tried.body.as_array().unwrap().iter().all(|it| it["error"].is_null()), "{}", tried.text);
}

/// SYS-10: by TLS, with a centre that names a message in one notation and its receipt in the other.
#[tokio::test]
async fn sys_10_by_tls_and_with_names_in_two_notations() {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let folder = Folder::new();
    let trusted = folder.0.join("trusted.pem");
    std::fs::write(&trusted, &certificate).unwrap();
    let environment = [OPEN[0], ("SSL_CERT_FILE", trusted.to_str().unwrap())];
    let (server, admin) = Server::set_up_with(&environment).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let peer = Smpp::with_tls(&certificate, &key);
    let mut private = setup(peer.port());
    private["server"]["security"] = "tls".into();
    private["hex_ids"] = true.into();
    let channel = channel(&admin, private, Smpp::PASSWORD).await;
    let centre = Centre { peer, channel };
    centre.stands(1).await;
    centre.steer("count", json!({ "hex": true })).await;
    let conversation = meet(&centre, &mut desk).await;
    desk.say(post(&conversation, 1, "已到杭州。")).await;
    told(&mut desk, "sent").await;
    let left = centre.submitted().await.pop().unwrap();
    assert_eq!(left["id"], "fa1");
    let receipt = json!({
        "source_addr": "8613800138000", "esm_class": 4, "hex": hex::encode("id:0000004001 stat:DELIVRD err:000"),
    });
    assert_eq!(centre.steer("deliver", receipt).await, json!({ "status": 0 }));
    told(&mut desk, "delivered").await;
}

/// SYS-10: long texts travel in parts both ways, however the parts are marked.
#[tokio::test]
async fn sys_10_long_messages_travel_in_parts_both_ways() {
    let (server, admin) = Server::set_up_with(&OPEN).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let centre = Centre::new(&admin).await;
    let conversation = meet(&centre, &mut desk).await;
    let before = centre.submitted().await.len();
    let long = "您的订单已经从杭州发出，预计明天送达。".repeat(10);
    desk.say(post(&conversation, 1, &long)).await;
    told(&mut desk, "sent").await;
    let parts = centre.submitted().await.split_off(before);
    let whole: String = parts.iter().map(|it| it["text"].as_str().unwrap()).collect();
    assert_eq!(whole, format!("【应答】{long}"));
    let headers: Vec<&str> = parts.iter().map(|it| it["header"].as_str().unwrap()).collect();
    assert_eq!(headers.len(), 3, "{headers:?}");
    for (n, header) in headers.iter().enumerate() {
        let of_this =
            format!("0003{}03{:02x}", &headers[0][headers[0].len() - 6..headers[0].len() - 4], n + 1);
        assert!(header.ends_with(&of_this), "{headers:?}");
    }
    assert_eq!(parts.iter().map(|it| it["receipt"].clone()).collect::<Vec<Value>>(), [0, 0, 1]);

    let part = |header: &str, text: &str| {
        json!({
            "source_addr": "8613800138000", "data_coding": 8, "esm_class": 64, "header": header, "hex": wide(text),
        })
    };
    for message in [
        part("050003070302", "第二段，"),
        part("050003070301", "第一段，"),
        part("050003070302", "第二段，"),
        part("050003070303", "第三段。"),
    ] {
        assert_eq!(centre.steer("deliver", message).await, json!({ "status": 0 }));
    }
    heard(&mut desk, "第一段，第二段，第三段。").await;
    for message in [part("06080401070201", "宽的"), part("06080401070202", "编号")] {
        assert_eq!(centre.steer("deliver", message).await, json!({ "status": 0 }));
    }
    heard(&mut desk, "宽的编号").await;
    for n in 1..=2 {
        let message = json!({
            "source_addr": "8613800138000", "data_coding": 8, "hex": wide(&format!("参数{n}")),
            "sar_msg_ref_num": 700, "sar_total_segments": 2, "sar_segment_seqnum": n,
        });
        assert_eq!(centre.steer("deliver", message).await, json!({ "status": 0 }));
    }
    heard(&mut desk, "参数1参数2").await;
    let message = json!({ "source_addr": "8613800138000", "data_coding": 8, "message_payload": wide(&long) });
    assert_eq!(centre.steer("deliver", message).await, json!({ "status": 0 }));
    heard(&mut desk, &long).await;
}

/// SYS-10: a provider that gets too much is given time, and nothing counts as failed by it.
#[tokio::test]
async fn sys_10_a_throttled_message_leaves_later_and_is_no_failure() {
    let (server, admin) = Server::set_up_with(&OPEN).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let centre = Centre::new(&admin).await;
    let conversation = meet(&centre, &mut desk).await;
    let before = centre.submitted().await.len();
    // ESME_RTHROTTLED, ESME_RMSGQFUL.
    centre.steer("refuse", json!({ "statuses": [0x58, 0x14] })).await;
    desk.say(post(&conversation, 1, "hello")).await;
    told(&mut desk, "sent").await;
    let tries = centre.submitted().await.split_off(before);
    assert_eq!(tries.iter().map(|it| it["status"].clone()).collect::<Vec<Value>>(), [0x58, 0x14, 0]);
    let outbox = admin.get(&format!("/channels/{}/outbox?state=sent", centre.channel)).await;
    assert_eq!(outbox.body["items"][0]["attempts"], 1, "{}", outbox.text);
    // ESME_RINVDSTADR: this one never leaves, and the agent is told why.
    centre.steer("refuse", json!({ "statuses": [0x0B] })).await;
    desk.say(post(&conversation, 2, "hello again")).await;
    let failed = told(&mut desk, "failed").await;
    assert_eq!(failed["reason"], "ESME_RINVDSTADR (0x0B): the receiver's number is invalid");
}

/// SYS-10, ADR 7: what was on its way when the line was cut is sent again under the same reference, and marked once.
#[tokio::test]
async fn sys_10_what_a_cut_line_swallowed_is_sent_again_under_the_same_reference() {
    let (server, admin) = Server::set_up_with(&OPEN).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let centre = Centre::new(&admin).await;
    let conversation = meet(&centre, &mut desk).await;
    let before = centre.submitted().await.len();
    centre.steer("cut", json!({ "times": 1 })).await;
    desk.say(post(&conversation, 1, "已到杭州。")).await;
    told(&mut desk, "sent").await;
    let tries = centre.submitted().await.split_off(before);
    assert_eq!(tries.len(), 2);
    assert_eq!(tries[0]["reference"], tries[1]["reference"]);
    assert_ne!(tries[0]["reference"], Value::Null);
    centre.stands(2).await;
    // What the centre repeats as it heard no answer is said once; what a customer says twice is said twice.
    centre.says("还没到").await;
    heard(&mut desk, "还没到").await;
    centre.steer("drop", json!({})).await;
    centre.stands(3).await;
    for text in ["还没到", "还没到", "到了"] {
        centre.says(text).await;
    }
    heard(&mut desk, "到了").await;
    let all = agent.get(&format!("/conversations/{}/events?limit=100", conversation.as_str().unwrap())).await;
    let said = all.body["events"].as_array().unwrap().iter().filter(|it| it["text"] == "还没到").count();
    assert_eq!(said, 2, "{}", all.text);
}

/// SYS-10: what is wrong with a setup is told exactly.
#[tokio::test]
async fn sys_10_a_wrong_setup_is_told_by_its_name() {
    let (_server, admin) = Server::set_up_with(&OPEN).await;
    let peer = Smpp::new();
    let wrong = |fields: Value| {
        let mut setup = setup(peer.port());
        for (name, value) in fields.as_object().unwrap() {
            setup[name] = value.clone();
        }
        setup
    };
    let server =
        |host: &str, port: u16| json!({ "server": { "host": host, "port": port, "security": "none" } });
    for (setup, password, step, expected) in [
        (wrong(json!({})), "falsch", 2, "bind_transceiver: ESME_RINVPASWD (0x0E): the password is wrong"),
        (wrong(json!({})), "viel zu lang", 2, "a password of SMPP has at most 8 characters, of ASCII alone"),
        (wrong(json!({ "system_id": "other" })), Smpp::PASSWORD, 2, "ESME_RINVSYSID (0x0F)"),
        (wrong(server("127.0.0.1", 1)), Smpp::PASSWORD, 1, "Connection refused"),
        (wrong(server("no-such-host.invalid", 2775)), Smpp::PASSWORD, 1, "looking up no-such-host.invalid"),
    ] {
        let id = channel(&admin, setup, password).await;
        let tried = admin.post(&format!("/channels/{id}/test"), json!({})).await;
        let error = tried.body[step]["error"].as_str().unwrap_or_default();
        assert!(error.contains(expected), "{expected}: {}", tried.text);
        // The channel itself says the same, all the time.
        let told = |all: &Value| {
            let of = all.as_array().and_then(|all| all.iter().find(|it| it["id"] == id.as_str()));
            of.and_then(|it| it["inward"]["error"].as_str()).is_some_and(|error| error.contains(expected))
        };
        admin.eventually("/channels", told).await;
        let gone = admin.get(&format!("/records/channel/{id}")).await;
        let off = admin.clone().with("if-match", gone.header("etag"));
        assert_eq!(off.delete(&format!("/records/channel/{id}")).await.status, StatusCode::NO_CONTENT);
    }
}

/// SYS-10: parts whose others never come are bounded, and shown as far as they came.
#[tokio::test]
async fn sys_10_what_never_becomes_whole_is_shown_as_far_as_it_came() {
    let (server, admin) = Server::set_up_with(&OPEN).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let centre = Centre::new(&admin).await;
    for n in 1..=6 {
        let message = json!({
            "source_addr": "8613800138000", "data_coding": 8, "esm_class": 64, "header": format!("050003{n:02x}0201"),
            "hex": wide(&format!("第{n}条的一半")),
        });
        assert_eq!(centre.steer("deliver", message).await, json!({ "status": 0 }));
    }
    // What is no text is kept as well.
    let binary = json!({ "source_addr": "8613800138000", "data_coding": 4, "hex": "0102" });
    assert_eq!(centre.steer("deliver", binary).await, json!({ "status": 0 }));
    let path = format!("/channels/{}/inbox?state=dead", centre.channel);
    let dead = admin.get(&path).await;
    let why: Vec<&str> =
        dead.body["items"].as_array().unwrap().iter().map(|it| it["last_error"].as_str().unwrap()).collect();
    let expected = [
        "it is no text (data_coding 4): +8613800138000: 0102",
        "of a long message 1 parts of 2 came: +8613800138000: 第1条的一半",
    ];
    assert_eq!(why, expected);
    // The others still wait for their second halves, over a new session as well.
    centre.steer("drop", json!({})).await;
    centre.stands(2).await;
    let second = json!({
        "source_addr": "8613800138000", "data_coding": 8, "esm_class": 64, "header": "050003060202", "hex": wide("，完了"),
    });
    assert_eq!(centre.steer("deliver", second).await, json!({ "status": 0 }));
    let conversation = desk.event("assigned").await["on"]["conversation"].clone();
    let all = agent.get(&format!("/conversations/{}/events?limit=50", conversation.as_str().unwrap())).await;
    assert!(all.text.contains("第6条的一半，完了"), "{}", all.text);
}
