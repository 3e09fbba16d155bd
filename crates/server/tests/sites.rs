//! Several sites of one company, each with a store of its own, help each other out over the bus (SYS-53).

use crate::{
    cluster::{Cluster, say_until_stored},
    files::PNG,
    line::{Line, post, visit, work},
    office::{first, hire, make, role},
    support::{Person, Server},
};
use reqwest::{
    StatusCode,
    multipart::{Form, Part},
};
use serde_json::{Value, json};

/// A site whose queue flows over to another one, as long as nobody of its own is there.
struct Home {
    cluster: Cluster,
    server: Server,
    admin: Person,
    widget: String,
    deputy: String,
}

/// A site that takes the other one's contacts, with one agent at work who holds one at a time.
struct Helper {
    _cluster: Cluster,
    _server: Server,
    admin: Person,
    desk: Line,
    agent: Person,
}

async fn home(cluster: Cluster) -> Home {
    let mut cluster = cluster;
    let server = cluster.node_with(&[("YINGDA_SITE", "hangzhou")]).await;
    let admin = server.first_administrator().await;
    let (queue, line) = (first(&admin, "queue").await, first(&admin, "line").await);
    let user = json!({ "login": "lanzhou", "name": "兰州", "roles": [role(&admin, "R-03").await] });
    let deputy = id(&make(&admin, "user", user).await.body);
    let support = json!({ "name": { "zh": "兰州支援", "en": "Lanzhou" }, "line": line, "users": [deputy] });
    let support = id(&make(&admin, "queue", support).await.body);
    let stored = admin.get(&format!("/records/queue/{queue}")).await.body;
    let mut record = stored["record"].clone();
    record["overflow"] = json!([{ "when": "unstaffed", "to": { "queue": support } }]);
    record["kind"] = "queue".into();
    let version = stored["version"].to_string();
    let admin_now = admin.clone().with("if-match", &format!("\"{version}\""));
    let changed = admin_now.put(&format!("/records/queue/{queue}"), record).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    let door = json!({
        "name": { "zh": "兰州", "en": "Lanzhou" }, "enabled": true, "queue": queue,
        "setup": { "type": "site", "site": "lanzhou", "sends": support, "deputy": deputy },
    });
    make(&admin, "channel", door).await;
    let widget = json!({ "name": { "zh": "商城", "en": "Shop" }, "queue": queue, "line": line });
    let widget = id(&make(&admin, "widget", widget).await.body);
    Home { cluster, server, admin, widget, deputy }
}

async fn helper(cluster: Cluster) -> Helper {
    let mut cluster = cluster;
    let server = cluster.node_with(&[("YINGDA_SITE", "lanzhou")]).await;
    let admin = server.first_administrator().await;
    let queue = first(&admin, "queue").await;
    let door = json!({
        "name": { "zh": "杭州", "en": "Hangzhou" }, "enabled": true, "queue": queue,
        "setup": { "type": "site", "site": "hangzhou" },
    });
    make(&admin, "channel", door).await;
    let user = json!({
        "login": "li", "name": "小李", "roles": [role(&admin, "R-03").await], "limits": { "chat": 1 },
    });
    let agent_id = id(&make(&admin, "user", user).await.body);
    let password = json!({ "password": crate::support::PASSWORD });
    assert_eq!(
        admin.post(&format!("/users/{agent_id}/password"), password).await.status,
        StatusCode::NO_CONTENT
    );
    let agent = server.sign_in("li").await;
    let (desk, _) = work(&server, &agent, &agent_id).await;
    Helper { _cluster: cluster, _server: server, admin, desk, agent }
}

fn id(made: &Value) -> String {
    made["id"].as_str().unwrap().to_owned()
}

/// A customer at home with their first words; with their conversation.
async fn asks(home: &Home, tab: u32, text: &str) -> (Line, Value, String) {
    let (mut visitor, welcome) = visit(&home.server, &home.widget, tab, json!({})).await;
    visitor.say(json!({ "t": "start", "n": 1, "content": { "type": "text", "text": text } })).await;
    let conversation = visitor.event("conversation_started").await["on"]["conversation"].clone();
    (visitor, conversation, welcome["token"].as_str().unwrap().to_owned())
}

/// What the helper's agent hears of the customer's words, and where.
async fn hears(desk: &mut Line, text: &str) -> Value {
    desk.until(text, |it| it["text"] == text && it["by"]["type"] == "visitor").await["on"]["conversation"]
        .clone()
}

#[tokio::test]
async fn a_contact_that_finds_nobody_is_served_at_another_site() {
    let first_cluster = Cluster::new().await;
    let second_cluster = first_cluster.beside().await;
    let mut helper = helper(second_cluster).await;
    let home = home(first_cluster).await;
    let (mut visitor, at_home, token) = asks(&home, 1, "在吗？").await;
    assert_eq!(visitor.event("assigned").await["agent"], home.deputy.as_str());
    let here = hears(&mut helper.desk, "在吗？").await;
    assert_ne!(here, at_home, "each site has a conversation of its own");

    assert_eq!(home.admin.get("/nodes").await.body["site"], "hangzhou");

    // Both say something, and each hears it once and in order.
    for n in 1..=5 {
        visitor.say(post(&at_home, n, &format!("问{n}"))).await;
        hears(&mut helper.desk, &format!("问{n}")).await;
        helper.desk.say(post(&here, n, &format!("答{n}"))).await;
        visitor.until("the answer", |it| it["text"] == format!("答{n}")).await;
    }
    assert_eq!(visitor.texts().iter().filter(|it| it.starts_with('答')).count(), 5);

    // A picture travels with its bytes.
    let part = Part::bytes(PNG.to_vec()).file_name("面单.png");
    let request = reqwest::Client::new().post(format!("{}/api/v1/files", home.server.url)).bearer_auth(token);
    let kept: Value =
        request.multipart(Form::new().part("file", part)).send().await.unwrap().json().await.unwrap();
    let mut picture = json!({ "t": "do", "conversation": at_home, "n": 6, "do": "post", "type": "file" });
    for key in ["file", "name", "mime", "size"] {
        picture[key] = kept[if key == "file" { "id" } else { key }].clone();
    }
    visitor.say(picture).await;
    let shown = helper.desk.until("the picture", |it| it["type"] == "file").await;
    assert_eq!(shown["name"], "面单.png");
    let file = shown["file"].as_str().unwrap();
    let fetched = helper.agent.get(&format!("/files/{file}")).await;
    assert_eq!((fetched.status, fetched.text.len()), (StatusCode::OK, String::from_utf8_lossy(PNG).len()));

    // Full is full: the next one waits at home until there is room.
    let (mut second, waiting, _) = asks(&home, 2, "还有人吗？").await;
    second.frame("place").await;
    second.say(post(&waiting, 1, "在线等")).await;
    second.until("its own words", |it| it["text"] == "在线等").await;
    helper.desk.say(json!({ "t": "do", "conversation": here, "n": 6, "do": "close" })).await;
    visitor.event("conversation_closed").await;
    helper.desk.say(json!({ "t": "do", "conversation": here, "n": 7, "do": "end_wrap_up" })).await;
    second.event("assigned").await;
    assert!(!second.heard.iter().any(|it| it["kind"] == "conversation_closed"));
    // What was said before stands in a note, the last words are words.
    let note = helper.desk.event("note_posted").await["text"].as_str().unwrap().to_owned();
    assert!(note.contains("还有人吗？") && !note.contains("在线等"), "{note}");
    let there = hears(&mut helper.desk, "在线等").await;

    // The customer goes: the helper's side ends with it.
    let conversation =
        second.heard.iter().find(|it| it["kind"] == "assigned").unwrap()["on"]["conversation"].clone();
    second.say(json!({ "t": "do", "conversation": conversation, "n": 2, "do": "close" })).await;
    let closed = helper.desk.event("conversation_closed").await;
    assert_eq!(closed["on"]["conversation"], there);
    for admin in [&home.admin, &helper.admin] {
        let listed = admin.get("/conversations").await;
        assert_eq!(listed.body["items"].as_array().unwrap().len(), 2, "{}", listed.text);
    }
}

/// A cut between sites holds words back and loses none; each serves its own meanwhile (local survival).
#[tokio::test]
async fn a_site_that_is_cut_off_goes_on_and_catches_up() {
    let first_cluster = Cluster::new().await;
    let second_cluster = first_cluster.beside().await;
    let mut helper = helper(second_cluster).await;
    let home = home(first_cluster).await;
    let (mut visitor, at_home, _) = asks(&home, 1, "在吗？").await;
    let here = hears(&mut helper.desk, "在吗？").await;

    home.cluster.nats.stop();
    for n in 1..=3 {
        say_until_stored(&mut visitor, &at_home, n).await;
        helper.desk.say(post(&here, n, &format!("稍等{n}"))).await;
        helper.desk.until("its own word", |it| it["text"] == format!("稍等{n}")).await;
    }
    // Home's own people go on with their own customers.
    let (agent, agent_id) = hire(&home.server, &home.admin, "chen", "R-03").await;
    let (mut own_desk, _) = work(&home.server, &agent, &agent_id).await;
    let (mut local, local_talk, _) = asks(&home, 3, "本地的").await;
    let given = own_desk.event("assigned").await;
    assert_eq!((&given["on"]["conversation"], given["agent"].as_str()), (&local_talk, Some(&*agent_id)));
    own_desk.say(post(&local_talk, 1, "本地也在")).await;
    local.until("its answer", |it| it["text"] == "本地也在").await;

    home.cluster.nats.start_again();
    for n in 1..=3 {
        hears(&mut helper.desk, &format!("第{n}句")).await;
        visitor.until("what was held back", |it| it["text"] == format!("稍等{n}")).await;
    }
    let heard = helper.desk.texts();
    assert_eq!(
        heard.iter().filter(|it| it.starts_with('第')).collect::<Vec<_>>(),
        ["第1句", "第2句", "第3句"]
    );
    let heard = visitor.texts();
    assert_eq!(
        heard.iter().filter(|it| it.starts_with("稍等")).collect::<Vec<_>>(),
        ["稍等1", "稍等2", "稍等3"]
    );
}
