//! A visitor and an agent talk through the real server (SYS-01d, SYS-06, SYS-70, Q-15).

use crate::line::{Line, post, visit, work};
use crate::office::{first, hire, make};
use crate::support::{Person, Server};
use serde_json::{Value, json};

struct Shop {
    server: Server,
    admin: Person,
    widget: String,
    queue: String,
}

/// A company with one widget, whose queue everyone with the agent's role serves.
async fn shop() -> Shop {
    // Sockets of one machine stand for many visitors here.
    let (server, admin) = Server::set_up_with(&[("YINGDA_LIMITS_HELLO_PER_MINUTE", "100000")]).await;
    let queue = first(&admin, "queue").await;
    let line = first(&admin, "line").await;
    let widget = json!({ "name": { "zh": "商城", "en": "Shop" }, "queue": queue, "line": line });
    let widget = make(&admin, "widget", widget).await.body["id"].as_str().unwrap().to_owned();
    Shop { server, admin, widget, queue }
}

/// A visitor in a fresh conversation.
async fn ask(shop: &Shop, tab: u32, text: &str) -> (Line, Value, String) {
    let (mut visitor, welcome) = visit(&shop.server, &shop.widget, tab, json!({})).await;
    visitor.say(json!({ "t": "start", "n": 1, "content": { "type": "text", "text": text } })).await;
    let started = visitor.event("conversation_started").await;
    assert_eq!(started["from"], json!({ "tab": tab, "n": 1 }), "one's own event is the acknowledgement");
    let token = welcome["token"].as_str().unwrap().to_owned();
    (visitor, started["on"]["conversation"].clone(), token)
}

#[tokio::test]
async fn a_visitor_asks_and_the_agent_answers_at_once() {
    let shop = shop().await;
    let (agent, id) = hire(&shop.server, &shop.admin, "li", "R-03").await;
    let (mut desk, first_desk) = work(&shop.server, &agent, &id).await;
    assert_eq!(first_desk["me"]["login"], "li");
    let (mut visitor, conversation, _) = ask(&shop, 1, "请问几点发货？").await;
    let assigned = desk.event("assigned").await;
    assert_eq!(assigned["agent"], id.as_str());
    desk.say(post(&conversation, 1, "您好，今天下午四点前发货。")).await;
    let answer = visitor.until("the answer", |frame| frame["text"] == "您好，今天下午四点前发货。").await;
    assert_eq!(answer["by"], json!({ "type": "user", "id": id }));
    assert!(!visitor.heard.iter().any(|frame| frame["to"] == "staff"), "staff's words stay with staff");
    // Why this agent: stored with the assignment, and told to those who may read it.
    let why = agent.get(&format!("/conversations/{}/assignments", conversation.as_str().unwrap())).await;
    assert_eq!(why.body[0]["why"]["cause"], "contact_arrived", "{}", why.text);
    assert_eq!(why.body[0]["why"]["candidates"][0]["agent"], id.as_str());
}

/// SYS-01d: twenty messages, the line cut in the middle: none lost, doubled or out of order.
#[tokio::test]
async fn a_cut_line_loses_and_doubles_nothing() {
    let shop = shop().await;
    let (agent, id) = hire(&shop.server, &shop.admin, "li", "R-03").await;
    let (mut desk, _) = work(&shop.server, &agent, &id).await;
    let (mut visitor, conversation, token) = ask(&shop, 5, "m0").await;
    for n in 1..=10 {
        visitor.say(post(&conversation, n, &format!("m{n}"))).await;
    }
    visitor.until("m5", |frame| frame["text"] == "m5").await;
    let seen = visitor.heard.last().unwrap()["seq"].clone();
    // The line dies with words on the way; nobody knows which of them arrived.
    drop(visitor);
    let more = json!({ "token": token, "after": seen });
    let (mut again, welcome) = visit(&shop.server, &shop.widget, 5, more).await;
    assert_eq!(welcome["conversation"]["id"], conversation);
    // A client sends everything again that it has no acknowledgement of, and goes on.
    for n in 6..=20 {
        again.say(post(&conversation, n, &format!("m{n}"))).await;
    }
    desk.until("m20", |frame| frame["text"] == "m20").await;
    let expected: Vec<String> = (0..=20).map(|n| format!("m{n}")).collect();
    // The first words were there before the agent; the desk reads them with the conversation. The queue's greeting is
    // a message too.
    let mut heard = desk.texts();
    heard.retain(|text| text.starts_with('m'));
    assert_eq!(heard, expected[1..], "the agent saw each message once, in order");
    let stored =
        agent.get(&format!("/conversations/{}/events?limit=200", conversation.as_str().unwrap())).await;
    let texts: Vec<&str> =
        stored.body["events"].as_array().unwrap().iter().filter_map(|event| event["text"].as_str()).collect();
    let texts: Vec<&str> = texts.into_iter().filter(|text| text.starts_with('m')).collect();
    assert_eq!(texts, expected, "so did the store");
}

/// SYS-70: without WebSocket the same frames travel as server-sent events and POST.
#[tokio::test]
async fn the_fallback_carries_the_same_frames() {
    use futures_util::StreamExt;
    let shop = shop().await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let response = client.get(format!("{}/api/v1/stream", shop.server.url)).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut bytes = response.bytes_stream();
    let mut text = String::new();
    let mut frames: Vec<Value> = vec![];
    let mut stream = String::new();
    while !frames.iter().any(|frame| frame["kind"] == "message_posted") {
        text.push_str(std::str::from_utf8(&bytes.next().await.unwrap().unwrap()).unwrap());
        while let Some((frame, rest)) = text.clone().split_once("\n\n") {
            text = rest.to_owned();
            let frame: Value = serde_json::from_str(frame.strip_prefix("data: ").unwrap()).unwrap();
            let say = match frame["t"].as_str().unwrap() {
                "stream" => {
                    stream = frame["id"].as_str().unwrap().to_owned();
                    Some(json!({ "t": "hello", "widget": shop.widget, "tab": 3 }))
                }
                "welcome" => {
                    Some(json!({ "t": "start", "n": 1, "content": { "type": "text", "text": "在吗" } }))
                }
                _ => None,
            };
            frames.push(frame);
            if let Some(say) = say {
                let address = format!("{}/api/v1/stream/{stream}", shop.server.url);
                let answer = client.post(address).body(say.to_string()).send().await.unwrap();
                assert_eq!(answer.status(), 202);
            }
        }
    }
    assert_eq!(frames.last().unwrap()["text"], "在吗");
}

/// Bad input: each gets a clear answer or a quiet end, and the server goes on.
#[tokio::test]
async fn bad_frames_are_answered_and_hurt_nobody() {
    use tokio_tungstenite::tungstenite::Message;
    let mut shop = shop().await;
    let (mut visitor, conversation, _) = ask(&shop, 1, "hello").await;
    for bad in [
        json!({ "t": "nonsense" }),
        json!({ "t": "do", "conversation": 5, "n": "x" }),
        json!({ "t": "do", "conversation": conversation, "n": 1, "do": "post", "type": "text", "text": 7 }),
        json!({ "t": "console", "tab": 1 }),
        json!([]),
    ] {
        visitor.say(bad.clone()).await;
        let answer = visitor.frame("bad").await;
        assert!(!answer["message"].as_str().unwrap().is_empty(), "{bad}");
    }
    visitor.say(post(&conversation, 1, "   ")).await;
    assert_eq!(visitor.frame("refused").await["code"], "empty");
    visitor.say(post(&conversation, 1, &"长".repeat(4_000))).await;
    assert_eq!(visitor.frame("refused").await["code"], "too_long");
    visitor.say(post(&json!("999"), 1, "hi")).await;
    assert_eq!(visitor.frame("refused").await["code"], "not_found");
    // Somebody else's conversation does not exist.
    let (mut other, _, _) = ask(&shop, 2, "mine").await;
    other.say(post(&conversation, 1, "let me in")).await;
    assert_eq!(other.frame("refused").await["code"], "not_found");
    // A frame beyond the limit, and bytes that are no text, end the line and nothing else.
    let (mut loud, _) = visit(&shop.server, &shop.widget, 3, json!({})).await;
    loud.say(post(&conversation, 1, &"x".repeat(20_000))).await;
    while loud.next().await.is_some() {}
    let (mut odd, _) = visit(&shop.server, &shop.widget, 4, json!({})).await;
    odd.say_raw(Message::binary(vec![0xff, 0xfe])).await;
    assert_eq!(odd.frame("bad").await["t"], "bad");
    visitor.say(post(&conversation, 1, "still here <script>alert(1)</script>")).await;
    let kept = visitor.event("message_posted").await;
    assert_eq!(kept["text"], "still here <script>alert(1)</script>", "words are kept as they are");
    assert!(shop.server.is_running());
}

/// a forged or foreign token is nobody's.
#[tokio::test]
async fn a_forged_token_is_a_new_visitor() {
    let shop = shop().await;
    let (_, conversation, token) = ask(&shop, 1, "hello").await;
    let mut forged = token.into_bytes();
    forged[3] ^= 1;
    let forged = String::from_utf8_lossy(&forged).into_owned();
    let (_line, welcome) = visit(&shop.server, &shop.widget, 2, json!({ "token": forged })).await;
    assert_eq!(welcome["conversation"], Value::Null, "and not {conversation}");
}

/// A message can be taken back by its author for two minutes, and only by its author.
#[tokio::test]
async fn only_the_author_recalls() {
    let shop = shop().await;
    let (agent, id) = hire(&shop.server, &shop.admin, "li", "R-03").await;
    let (mut desk, _) = work(&shop.server, &agent, &id).await;
    let (mut visitor, conversation, _) = ask(&shop, 1, "oops").await;
    let message = visitor.event("message_posted").await["seq"].clone();
    desk.event("assigned").await;
    let recall = |n: u32| json!({ "t": "do", "conversation": conversation, "n": n, "do": "recall", "message": message });
    desk.say(recall(1)).await;
    assert_eq!(desk.frame("refused").await["code"], "not_yours");
    visitor.say(recall(1)).await;
    assert_eq!(desk.event("message_recalled").await["message"], message);
}

/// SYS-42: who is banned may neither go on nor come back, and is told so once and for all; lifted, they may.
#[tokio::test]
async fn a_banned_visitor_is_told_and_kept_out() {
    let shop = shop().await;
    let (mut visitor, conversation, token) = ask(&shop, 1, "加微信领红包").await;
    let who = shop.admin.get(&format!("/conversations/{}", conversation.as_str().unwrap())).await;
    let ban = json!({ "what": "visitor", "value": who.body["live"]["visitor"], "why": "广告" });
    let ban = make(&shop.admin, "ban", ban).await;
    visitor.say(json!({ "t": "do", "conversation": conversation, "n": 1, "do": "close" })).await;
    visitor.event("conversation_closed").await;
    visitor.say(post(&conversation, 2, "再发一次")).await;
    assert_eq!(visitor.frame("refused").await["code"], "banned");

    let hello = json!({ "t": "hello", "widget": shop.widget, "tab": 2, "token": token });
    let mut again = Line::open(&shop.server, None).await;
    again.say(hello.clone()).await;
    let told = again.frame("bad").await;
    assert_eq!(told["is_final"], true, "{told}");
    assert_eq!(told["message"], "您暂时不能发起会话。");

    let lifted = shop.admin.clone().with("if-match", &format!("\"{}\"", ban.body["version"]));
    let path = format!("/records/ban/{}", ban.body["id"].as_str().unwrap());
    assert!(lifted.delete(&path).await.status.is_success());
    let mut again = Line::open(&shop.server, None).await;
    again.say(hello).await;
    again.frame("welcome").await;
}

/// The place and the wait are told to who waits, and change as others leave.
#[tokio::test]
async fn waiting_visitors_learn_their_place() {
    let shop = shop().await;
    let (mut one, _, _) = ask(&shop, 1, "first").await;
    assert_eq!(one.frame("place").await["position"], 1);
    let (mut two, _, _) = ask(&shop, 2, "second").await;
    assert_eq!(two.frame("place").await["position"], 2);
    let conversation = one.heard.iter().find(|frame| frame["t"] == "place").unwrap()["conversation"].clone();
    one.say(json!({ "t": "do", "conversation": conversation, "n": 1, "do": "close" })).await;
    assert_eq!(
        two.until("moving up", |frame| frame["t"] == "place" && frame["position"] == 1).await["position"],
        1
    );
}

/// SYS-22: a supervisor watches unseen, whispers unheard, and takes over.
#[tokio::test]
async fn a_supervisor_watches_whispers_and_takes_over() {
    let shop = shop().await;
    let (agent, id) = hire(&shop.server, &shop.admin, "li", "R-03").await;
    let (mut desk, _) = work(&shop.server, &agent, &id).await;
    let (mut visitor, conversation, _) = ask(&shop, 1, "hello").await;
    desk.event("assigned").await;
    let me = shop.admin.get("/me").await.body["id"].as_str().unwrap().to_owned();
    let mut boss = Line::open(&shop.server, Some(&shop.admin)).await;
    boss.say(json!({ "t": "console", "tab": 9 })).await;
    boss.frame("desk").await;
    boss.say(json!({ "t": "watch", "conversation": conversation, "on": true })).await;
    boss.say(json!({ "t": "ping", "id": 1 })).await;
    boss.frame("pong").await;
    visitor.say(post(&conversation, 1, "I want your boss")).await;
    boss.until("the words", |frame| frame["text"] == "I want your boss").await;
    let whisper =
        json!({ "t": "do", "conversation": conversation, "n": 1, "do": "note", "text": "offer a refund" });
    boss.say(whisper).await;
    assert_eq!(desk.event("note_posted").await["text"], "offer a refund");
    boss.say(json!({ "t": "do", "conversation": conversation, "n": 2, "do": "take_over" })).await;
    let assigned =
        visitor.until("the boss", |frame| frame["kind"] == "assigned" && frame["agent"] == me.as_str());
    assigned.await;
    assert!(visitor.heard.iter().all(|frame| frame["kind"] != "note_posted"), "a whisper is never heard");
    assert!(!shop.queue.is_empty());
}

/// what was acknowledged is there after `kill -9`, and the conversation goes on.
#[tokio::test]
async fn a_killed_server_keeps_every_word() {
    let folder = crate::support::Folder::new();
    let limits = [("YINGDA_LIMITS_HELLO_PER_MINUTE", "100000")];
    let (server, admin) = Server::set_up_in(&folder.0, &limits).await;
    let (queue, line) = (first(&admin, "queue").await, first(&admin, "line").await);
    let widget = json!({ "name": { "zh": "商城", "en": "Shop" }, "queue": queue, "line": line });
    let widget = make(&admin, "widget", widget).await.body["id"].as_str().unwrap().to_owned();
    let shop = Shop { server, admin, widget, queue };
    let (mut visitor, conversation, token) = ask(&shop, 1, "m0").await;
    for n in 1..=50 {
        visitor.say(post(&conversation, n, &format!("m{n}"))).await;
    }
    visitor.until("m50", |frame| frame["text"] == "m50").await;
    // Dropping the harness's server is SIGKILL.
    drop(shop.server);
    let server = Server::start_in(&folder.0, &limits).await;
    let (mut again, welcome) = visit(&server, &shop.widget, 1, json!({ "token": token, "after": 0 })).await;
    assert_eq!(welcome["conversation"]["id"], conversation);
    // A retry of what was done has no second effect; what is new comes after it.
    again.say(post(&conversation, 50, "m50")).await;
    assert_eq!(again.frame("done").await["n"], 50);
    again.say(post(&conversation, 51, "m51")).await;
    assert_eq!(again.event("message_posted").await["text"], "m51");
}
