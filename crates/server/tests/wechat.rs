//! 微信公众号 (SYS-01): callbacks plain and encrypted, replies within the platform's window, tokens that end, media.

use crate::line::{Line, post, work};
use crate::office::{first, hire, make};
use crate::support::{Person, Server};
use crate::webhooks::OPEN;
use reqwest::StatusCode;
use serde_json::{Value, json};
use yingda_peers::Wechat;

const KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";

pub struct Account {
    platform: Wechat,
    channel: String,
    hook: String,
    aes_key: Option<&'static str>,
}

impl Account {
    pub async fn new(server: &Server, admin: &Person, aes_key: Option<&'static str>) -> Account {
        let platform = Wechat::new();
        let queue = first(admin, "queue").await;
        let name = if aes_key.is_some() { "公众号（加密）" } else { "公众号" };
        let setup = json!({ "type": "wechat", "app_id": "wx1", "base_url": platform.address() });
        let channel =
            json!({ "name": { "zh": name, "en": "" }, "enabled": true, "queue": queue, "setup": setup });
        let channel = make(admin, "channel", channel).await.body["id"].as_str().unwrap().to_owned();
        let mut secrets = json!({ "token": "t0ken", "secret": "s3cret" });
        if let Some(key) = aes_key {
            secrets["aes_key"] = key.into();
        }
        let put = admin.put(&format!("/channels/{channel}/secrets"), secrets).await;
        assert_eq!(put.status, StatusCode::NO_CONTENT, "{}", put.text);
        let hook = format!("{}/api/v1/hooks/{channel}", server.url);
        Account { platform, channel, hook, aes_key }
    }

    /// 微信客服.
    async fn wecom(server: &Server, admin: &Person) -> Account {
        let platform = Wechat::new();
        let queue = first(admin, "queue").await;
        let setup = json!({ "type": "wecom", "corp_id": "ww1", "base_url": platform.address() });
        let channel = json!({
            "name": { "zh": "微信客服", "en": "" }, "enabled": true, "queue": queue, "setup": setup,
        });
        let channel = make(admin, "channel", channel).await.body["id"].as_str().unwrap().to_owned();
        let secrets = json!({ "token": "t0ken", "secret": "s3cret", "aes_key": KEY });
        let put = admin.put(&format!("/channels/{channel}/secrets"), secrets).await;
        assert_eq!(put.status, StatusCode::NO_CONTENT, "{}", put.text);
        let hook = format!("{}/api/v1/hooks/{channel}", server.url);
        Account { platform, channel, hook, aes_key: Some(KEY) }
    }

    /// A customer of 微信客服 says something, and the platform tells that there is something.
    async fn brings(&self, person: &str, n: u32) {
        self.steer("kf", json!({ "messages": [spoken(person, n, 3)] })).await;
        let told = json!({
            "url": self.hook, "token": "t0ken", "aes_key": KEY, "app_id": "ww1",
            "fields": { "MsgType": "event", "Event": "kf_msg_or_event", "OpenKfId": "wk1" },
        });
        assert_eq!(self.steer("callback", told).await["status"], 200);
    }

    /// How the platform's conversation with a customer stands, or shall stand.
    async fn state(&self, person: &str, to: Option<u32>) -> Value {
        let mut asked = json!({ "person": person, "desk": "wk1" });
        if let Some(to) = to {
            asked["to"] = to.into();
        }
        self.steer("state", asked).await["state"].clone()
    }

    /// Waits until the platform's conversation stands so.
    async fn until(&self, person: &str, state: u32) {
        let asking = async { while self.state(person, None).await != state {} };
        let waited = tokio::time::timeout(std::time::Duration::from_secs(20), asking).await;
        assert!(waited.is_ok(), "the platform's conversation comes to state {state}");
    }

    /// Tells the platform what to do.
    async fn steer(&self, what: &str, body: Value) -> Value {
        let url = format!("{}/sim/{what}", self.platform.address());
        let answer = reqwest::Client::new().post(url).body(body.to_string()).send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    /// A follower does something.
    async fn follower(&self, fields: Value) -> Value {
        let body = json!({
            "url": self.hook, "token": "t0ken", "aes_key": self.aes_key, "app_id": "wx1", "fields": fields,
        });
        self.steer("callback", body).await
    }

    pub async fn says(&self, id: &str, text: &str) {
        let fields = json!({
            "ToUserName": "gh_1", "FromUserName": "oFan0001", "CreateTime": "7", "MsgType": "text", "Content": text,
            "MsgId": id,
        });
        assert_eq!(self.follower(fields).await, json!({ "status": 200, "body": "success" }));
    }

    pub async fn sent(&self) -> Vec<Value> {
        self.steer("sent", json!({})).await.as_array().unwrap().clone()
    }
}

async fn told(desk: &mut Line, state: &str) -> Value {
    desk.until(state, |frame| frame["kind"] == "message_delivered" && frame["state"] == state).await
}

/// The queue's greeting leaves first, by the same door.
async fn meet(desk: &mut Line) -> Value {
    let conversation = desk.event("assigned").await["on"]["conversation"].clone();
    told(desk, "sent").await;
    conversation
}

#[tokio::test]
async fn sys_01_a_follower_writes_and_is_answered_encrypted_or_not() {
    let (server, admin) = Server::set_up_with(&OPEN).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    for key in [None, Some(KEY)] {
        let account = Account::new(&server, &admin, key).await;
        let proof = account.steer("prove", json!({ "url": account.hook, "token": "t0ken" })).await;
        assert_eq!(proof, json!({ "status": 200, "body": "5927782489442352469" }));
        let forged = account.steer("prove", json!({ "url": account.hook, "token": "other" })).await;
        assert_eq!(forged["status"], 401);
        account.says("1", "快递到哪了").await;
        account.says("1", "快递到哪了").await;
        let conversation = meet(&mut desk).await;
        desk.say(post(&conversation, 1, "已到杭州。")).await;
        told(&mut desk, "sent").await;
        let sent = account.sent().await;
        let texts: Vec<&str> = sent.iter().map(|it| it["text"]["content"].as_str().unwrap()).collect();
        assert_eq!(texts, ["您好，请问有什么可以帮您？", "已到杭州。"]);
        assert!(sent.iter().all(|it| it["touser"] == "oFan0001"));
        let steps = admin.post(&format!("/channels/{}/test", account.channel), json!({})).await;
        let steps = steps.body.as_array().unwrap().clone();
        assert!(steps.len() == 3 && steps.iter().all(|it| it["error"].is_null()), "{steps:?}");
        desk.say(json!({ "t": "do", "conversation": conversation, "n": 2, "do": "close" })).await;
        desk.say(json!({ "t": "do", "conversation": conversation, "n": 3, "do": "end_wrap_up" })).await;
        let off = admin.get(&format!("/records/channel/{}", account.channel)).await;
        let mut record = off.body["record"].clone();
        record["enabled"] = false.into();
        let path = format!("/records/channel/{}", account.channel);
        let switched = admin.clone().with("if-match", off.header("etag")).put(&path, record).await;
        assert_eq!(switched.status, StatusCode::OK, "{}", switched.text);
        let gone =
            account.follower(json!({ "FromUserName": "o", "MsgType": "text", "Content": "x", "MsgId": "9" }));
        assert_eq!(gone.await["status"], 404, "each channel can be switched off");
    }
}

/// With a key set, nothing plain is taken.
#[tokio::test]
async fn q_12_a_plain_callback_is_refused_where_encryption_is_set() {
    let (server, admin) = Server::set_up_with(&OPEN).await;
    let mut account = Account::new(&server, &admin, Some(KEY)).await;
    account.aes_key = None;
    let fields = json!({ "FromUserName": "o1", "MsgType": "text", "Content": "x", "MsgId": "1" });
    assert_eq!(account.follower(fields.clone()).await["status"], 401);
    account.aes_key = Some("zzzzefghijklmnopqrstuvwxyz0123456789ABCDEFG");
    assert_eq!(account.follower(fields).await["status"], 401, "another key");
}

#[tokio::test]
async fn sys_24_tokens_end_windows_close_and_platforms_stumble() {
    let (server, admin) = Server::set_up_with(&OPEN).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let account = Account::new(&server, &admin, Some(KEY)).await;
    account.says("1", "在吗").await;
    let conversation = meet(&mut desk).await;
    // The token ends before its time: it is fetched anew, and the reply goes once.
    account.steer("expire", json!({})).await;
    desk.say(post(&conversation, 1, "在的")).await;
    told(&mut desk, "sent").await;
    // The platform stumbles: again a little later, in order.
    account.steer("refuse", json!({ "times": 1 })).await;
    desk.say(post(&conversation, 2, "第二句")).await;
    desk.say(post(&conversation, 3, "第三句")).await;
    told(&mut desk, "sent").await;
    told(&mut desk, "sent").await;
    let texts: Vec<Value> =
        account.sent().await.iter().skip(1).map(|it| it["text"]["content"].clone()).collect();
    assert_eq!(texts, ["在的", "第二句", "第三句"]);
    // The platform takes no more replies: the agent reads why.
    account.steer("close", json!({ "openid": "oFan0001" })).await;
    desk.say(post(&conversation, 4, "太晚了")).await;
    let failed = told(&mut desk, "failed").await;
    assert!(failed["reason"].as_str().unwrap().contains("48"), "{failed}");
}

/// A customer says something to the first desk of 微信客服.
fn spoken(person: &str, n: u32, origin: u32) -> Value {
    json!({
        "msgid": format!("{person}-{n}"), "open_kfid": "wk1", "external_userid": person, "origin": origin,
        "msgtype": "text", "text": { "content": format!("第{n}句") },
    })
}

/// 微信客服: what there is is pulled by a cursor; a callback that comes twice, or too late, changes nothing.
#[tokio::test]
async fn sys_01_what_the_platform_keeps_is_pulled_once() {
    let (server, admin) = Server::set_up_with(&OPEN).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let account = Account::wecom(&server, &admin).await;
    let ours = json!({ "url": account.hook, "token": "t0ken", "aes_key": KEY, "app_id": "ww1" });
    assert_eq!(
        account.steer("prove", ours.clone()).await,
        json!({ "status": 200, "body": "5927782489442352469" })
    );
    let messages: Vec<Value> = (1..=5).map(|n| spoken("wmFan01", n, if n == 3 { 5 } else { 3 })).collect();
    account.steer("kf", json!({ "messages": messages })).await;
    let mut told = ours;
    told["fields"] = json!({ "MsgType": "event", "Event": "kf_msg_or_event", "OpenKfId": "wk1" });
    for _ in 0..2 {
        assert_eq!(account.steer("callback", told.clone()).await["status"], 200);
    }
    let conversation = meet(&mut desk).await;
    let path = format!("/conversations/{}/events", conversation.as_str().unwrap());
    let whole = agent.eventually(&path, |body| body.to_string().contains("第5句")).await;
    let texts: Vec<&str> = whole["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["kind"] == "message_posted" && it["by"]["type"] == "visitor")
        .map(|it| it["text"].as_str().unwrap())
        .collect();
    assert_eq!(texts, ["第1句", "第2句", "第4句", "第5句"]);
    desk.say(post(&conversation, 1, "都收到了")).await;
    let sent = desk.until("sent", |frame| frame["kind"] == "message_delivered").await;
    assert_eq!(sent["state"], "sent");
    let last = account.sent().await.pop().unwrap();
    assert_eq!((&last["touser"], &last["open_kfid"]), (&json!("wmFan01"), &json!("wk1")));
}

#[tokio::test]
async fn a_picture_comes_from_the_platform_and_one_goes_there() {
    let (server, admin) = Server::set_up_with(&OPEN).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let account = Account::new(&server, &admin, None).await;
    let png =
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    account.steer("keep", json!({ "id": "m1", "base64": png })).await;
    let fields = json!({
        "FromUserName": "oFan0001", "CreateTime": "7", "MsgType": "image", "MediaId": "m1", "MsgId": "1",
    });
    assert_eq!(account.follower(fields).await["status"], 200);
    let conversation = meet(&mut desk).await;
    let events = agent.get(&format!("/conversations/{}/events", conversation.as_str().unwrap())).await;
    let events = events.body["events"].as_array().unwrap().clone();
    let picture = events.iter().find(|it| it["type"] == "file").expect("a file was posted").clone();
    assert_eq!((&picture["name"], &picture["mime"]), (&json!("photo.png"), &json!("image/png")));
    let file = agent.get(&format!("/files/{}", picture["file"].as_str().unwrap())).await;
    assert_eq!(file.status, StatusCode::OK);
    let mut back = json!({ "t": "do", "conversation": conversation, "n": 1, "do": "post" });
    for key in ["type", "file", "name", "mime", "size"] {
        back[key] = picture[key].clone();
    }
    desk.say(back).await;
    told(&mut desk, "sent").await;
    let sent = account.sent().await;
    assert_eq!((&sent[1]["msgtype"], &sent[1]["image"]["media_id"]), (&json!("image"), &json!("media-2")));
}

/// SYS-23: media that the platform does not hand out holds up who sent it, in order, and nobody else.
#[tokio::test]
async fn sys_23_media_that_hangs_holds_up_only_its_sender() {
    let (server, admin) = Server::set_up_with(&OPEN).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let account = Account::new(&server, &admin, None).await;
    account.steer("keep", json!({ "id": "m1", "base64": "iVBORw0KGgo=" })).await;
    account.steer("hang", json!({ "on": true })).await;
    let from = |who: &str, n: u32, more: Value| {
        let mut fields = json!({ "FromUserName": who, "CreateTime": "7", "MsgId": n.to_string() });
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        fields
    };
    let picture = from("oFan0001", 1, json!({ "MsgType": "image", "MediaId": "m1" }));
    assert_eq!(account.follower(picture).await["status"], 200);
    let after = from("oFan0001", 2, json!({ "MsgType": "text", "Content": "这是照片" }));
    assert_eq!(account.follower(after).await["status"], 200);
    let other = from("oFan0002", 3, json!({ "MsgType": "text", "Content": "在吗" }));
    assert_eq!(account.follower(other).await["status"], 200);
    let first = meet(&mut desk).await;
    let events =
        agent.get(&format!("/conversations/{}/events", first.as_str().unwrap())).await.body.to_string();
    assert!(events.contains("在吗") && !events.contains("这是照片"), "{events}");

    assert_eq!(account.steer("hang", json!({ "on": false })).await["waited"], 1);
    let second = meet(&mut desk).await;
    let path = format!("/conversations/{}/events", second.as_str().unwrap());
    let events = agent.eventually(&path, |body| body.to_string().contains("这是照片")).await;
    let said = events["events"].as_array().unwrap().iter();
    let said: Vec<_> =
        said.filter(|it| it["kind"] == "message_posted" && it["by"]["type"] == "visitor").collect();
    assert_eq!((&said[0]["type"], &said[1]["text"]), (&json!("file"), &json!("这是照片")));
}

/// Who a conversation's customer is from the time on that fits.
async fn linked(desk: &mut Line, conversation: &Value, fits: impl Fn(&Value) -> bool) -> Value {
    let is_it = |it: &Value| {
        it["kind"] == "customer_linked" && it["on"]["conversation"] == *conversation && fits(&it["customer"])
    };
    let known = desk.heard.iter().find(|it| is_it(it)).cloned();
    let linked = match known {
        Some(known) => known,
        None => desk.until("who it is", is_it).await,
    };
    assert_eq!(linked["by"]["type"], "system");
    linked["customer"].clone()
}

/// The same person writes to two accounts of the company: one customer, and two again when somebody says so.
#[tokio::test]
async fn sys_01_one_person_behind_two_accounts_is_one_customer() {
    let (server, admin) = Server::set_up_with(&OPEN).await;
    let settings = admin.get("/records/settings").await.body["items"][0].clone();
    let mut record = settings["record"].clone();
    record["reopen_hours"] = 0.into();
    let path = format!("/records/settings/{}", settings["id"].as_str().unwrap());
    let put = admin.clone().with("if-match", &format!("\"{}\"", settings["version"]));
    assert_eq!(put.put(&path, record).await.status, StatusCode::OK);
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let official = Account::new(&server, &admin, Some(KEY)).await;
    let service = Account::wecom(&server, &admin).await;
    official.steer("person", json!({ "id": "oFan0001", "unionid": "uWang" })).await;
    service.steer("person", json!({ "id": "wmFan01", "unionid": "uWang", "nickname": "小王" })).await;
    service.steer("person", json!({ "id": "wmFan02", "unionid": "uLi", "nickname": "小李" })).await;
    official.says("1", "公众号问一下").await;
    let first = meet(&mut desk).await;
    let known = linked(&mut desk, &first, |_| true).await;
    service.brings("wmFan02", 1).await;
    let other = meet(&mut desk).await;
    assert_ne!(linked(&mut desk, &other, |_| true).await, known, "another person");
    service.brings("wmFan01", 2).await;
    let second = meet(&mut desk).await;
    linked(&mut desk, &second, |who| *who == known).await;
    let known = known.as_str().unwrap();
    let talks = |body: &Value| -> Vec<String> {
        body["items"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
    };
    let timeline = admin.get(&format!("/customers/{known}/conversations")).await.body;
    assert_eq!(talks(&timeline), [second.as_str().unwrap(), first.as_str().unwrap()], "one timeline");
    let merges = agent.get(&format!("/customers/{known}/merges")).await.body;
    assert_eq!(
        (&merges[0]["reason"], &merges[0]["gone"]["customer"]["name"]),
        (&json!("unionid"), &json!("小王"))
    );

    // Somebody says that they are two: so it stays, also when they write again.
    let undo = format!("/customers/{known}/merges/{}/undo", merges[0]["id"].as_str().unwrap());
    let undone = agent.post(&undo, json!({})).await;
    assert_eq!(undone.status, StatusCode::OK, "{}", undone.text);
    let parted = desk.until("parted", |it| it["kind"] == "customer_linked" && it["customer"] != *known);
    let parted = parted.await["customer"].clone();
    desk.say(json!({ "t": "do", "conversation": second, "n": 1, "do": "close" })).await;
    desk.say(json!({ "t": "do", "conversation": second, "n": 2, "do": "end_wrap_up" })).await;
    desk.event("conversation_closed").await;
    service.until("wmFan01", 4).await;
    service.brings("wmFan01", 3).await;
    let third = meet(&mut desk).await;
    desk.say(post(&third, 1, "您好")).await;
    told(&mut desk, "sent").await;
    let path = format!("/customers/{}/conversations", parted.as_str().unwrap());
    assert_eq!(talks(&admin.get(&path).await.body), [third.as_str().unwrap(), second.as_str().unwrap()]);
}

/// Whom an agent knew once is known when they write again, and can be written to by the same door.
#[tokio::test]
async fn sys_01_a_follower_who_was_linked_by_hand_is_known_the_next_time() {
    let (server, admin) = Server::set_up_with(&OPEN).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let account = Account::new(&server, &admin, None).await;
    let wang = json!({ "name": "王小明", "phone": "13800138000" });
    let wang = admin.post("/customers", wang).await.body["id"].clone();
    account.says("1", "在吗").await;
    let conversation = meet(&mut desk).await;
    let link =
        json!({ "t": "do", "conversation": conversation, "n": 1, "do": "link_customer", "customer": wang });
    desk.say(link).await;
    desk.event("customer_linked").await;
    let ways = agent.get(&format!("/customers/{}/reach", wang.as_str().unwrap())).await;
    assert!(ways.text.contains("微信用户 0001"), "{}", ways.text);
}

/// 微信客服 keeps a state of its own for each conversation: it goes along with ours, and what is refused is told.
#[tokio::test]
async fn sys_01_the_platform_hears_who_serves_and_when_it_is_over() {
    let [new, ours, member, ended] = [0, 1, 3, 4];
    let (server, admin) = Server::set_up_with(&OPEN).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    let account = Account::wecom(&server, &admin).await;
    account.brings("wmFan01", 1).await;
    let conversation = meet(&mut desk).await;
    assert_eq!(account.state("wmFan01", None).await, ours, "its own robots and members keep away");
    desk.say(post(&conversation, 1, "在的")).await;
    told(&mut desk, "sent").await;

    // A colleague takes the customer over there: no reply of ours arrives, and the agent reads why.
    account.state("wmFan01", Some(member)).await;
    desk.say(post(&conversation, 2, "还在吗")).await;
    let failed = told(&mut desk, "failed").await;
    assert!(failed["reason"].as_str().unwrap().contains("企业微信"), "{failed}");
    // The platform forgot that we serve: it is told again, and the words go once.
    account.state("wmFan01", Some(new)).await;
    desk.say(post(&conversation, 3, "我们继续")).await;
    told(&mut desk, "sent").await;

    desk.say(json!({ "t": "do", "conversation": conversation, "n": 4, "do": "close" })).await;
    desk.event("conversation_closed").await;
    let outbox = format!("/channels/{}/outbox", account.channel);
    let all_left = |body: &Value| body["items"].as_array().unwrap().iter().all(|it| it["state"] != "waiting");
    admin.eventually(&outbox, all_left).await;
    assert_eq!(account.state("wmFan01", None).await, ended);
    let texts: Vec<Value> = account.sent().await.iter().map(|it| it["text"]["content"].clone()).collect();
    assert_eq!(texts[1..], ["在的", "我们继续"]);

    // It cannot be told: the reply goes all the same, and both people and operators read what failed.
    account.steer("stick", json!({ "on": true })).await;
    account.brings("wmFan02", 2).await;
    let next = desk.event("assigned").await["on"]["conversation"].clone();
    let untold = told(&mut desk, "failed").await;
    assert!(untold["reason"].as_str().unwrap().contains("system busy (-1)"), "{untold}");
    desk.say(post(&next, 1, "您好")).await;
    let said = desk.until("the reply", |it| it["text"] == "您好").await;
    desk.until("it left", |it| it["message"] == said["seq"] && it["state"] == "sent").await;
    let failed = admin.get(&format!("{outbox}?state=failed")).await;
    assert!(failed.text.contains("system busy (-1)"), "{}", failed.text);
}
