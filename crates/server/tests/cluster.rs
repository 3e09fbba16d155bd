//! Several nodes are one service: whoever is on one of them works with whoever is on another (SYS-71). What
//! breaks under load is tried by `yingda-bench cluster`.

use crate::{
    line::{Line, post, visit, work},
    office::{first, hire, make},
    support::{Folder, Person, Server, run},
    webhooks::{Receiver, hook, tag},
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use yingda_peers::{Nats, Postgres};
use yingda_store::{
    Db,
    lease::{self, Newcomer},
};

pub struct Cluster {
    _postgres: Arc<Postgres>,
    pub nats: Arc<Nats>,
    store: String,
    folders: Vec<Folder>,
}

const KEY: &str = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";

impl Cluster {
    pub async fn new() -> Cluster {
        let postgres = Postgres::shared();
        let store = postgres.database().await;
        Cluster { _postgres: postgres, nats: Arc::new(Nats::new()), store, folders: vec![] }
    }

    /// Another store on the same bus: a schema of a database that others use as well.
    pub async fn beside(&self) -> Cluster {
        let postgres = Postgres::shared();
        let store = postgres.schema().await;
        Cluster { _postgres: postgres, nats: self.nats.clone(), store, folders: vec![] }
    }

    async fn node(&mut self) -> Server {
        self.node_with(&[]).await
    }

    pub async fn node_with(&mut self, more: &[(&str, &str)]) -> Server {
        let folder = Folder::new();
        let files = self.folders.first().unwrap_or(&folder).0.join("shared");
        let bus = self.nats.url();
        let usual = [
            ("YINGDA_STORE", self.store.as_str()),
            ("YINGDA_BUS", &bus),
            ("YINGDA_SECRET_KEY", KEY),
            ("YINGDA_FILES", files.to_str().unwrap()),
            ("YINGDA_OUTGOING_PRIVATE_NETWORKS", "127.0.0.0/8"),
        ];
        let server = Server::start_in(&folder.0, &[&usual, more].concat()).await;
        self.folders.push(folder);
        server
    }
}

/// The same person at another node.
pub fn at(server: &Server, person: &Person) -> Person {
    let mut other = server.nobody();
    other.cookie.clone_from(&person.cookie);
    other
}

#[tokio::test]
async fn visitor_and_agent_talk_across_nodes_and_the_third_one_looks_on() {
    let mut cluster = Cluster::new().await;
    let (one, two, three) = (cluster.node().await, cluster.node().await, cluster.node().await);
    let admin = one.first_administrator().await;
    // Everything that people do goes through a node that does not own the site.
    let admin = at(&two, &admin);
    let (queue, line) = (first(&admin, "queue").await, first(&admin, "line").await);
    let widget = json!({ "name": { "zh": "商城", "en": "Shop" }, "queue": queue, "line": line });
    let widget = make(&admin, "widget", widget).await.body["id"].as_str().unwrap().to_owned();
    let (agent, id) = hire(&two, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&two, &agent, &id).await;

    let (mut visitor, _) = visit(&three, &widget, 1, json!({})).await;
    visitor.say(json!({ "t": "start", "n": 1, "content": { "type": "text", "text": "在吗？" } })).await;
    let conversation = visitor.event("conversation_started").await["on"]["conversation"].clone();
    assert_eq!(desk.event("assigned").await["agent"], id.as_str());
    desk.say(post(&conversation, 1, "在的，请说。")).await;
    visitor.until("the answer", |frame| frame["text"] == "在的，请说。").await;
    desk.say(post(&conversation, 1, "在的，请说。")).await;
    desk.frame("done").await;

    // What is never stored crosses too.
    visitor.say(json!({ "t": "typing", "conversation": conversation, "on": true })).await;
    assert_eq!(desk.frame("typing").await["conversation"], conversation);
    desk.say(json!({ "t": "typing", "conversation": conversation, "on": true })).await;
    visitor.frame("typing").await;

    // The same sign-in serves at every node, and ends at every node.
    let floor = at(&three, &admin).get("/floor").await;
    assert_eq!(floor.status, StatusCode::OK, "{}", floor.text);
    assert!(
        floor.body["agents"].as_array().unwrap().iter().any(|it| it["state"] == "ready"),
        "{}",
        floor.text
    );
    assert_eq!(at(&three, &agent).get("/me").await.status, StatusCode::OK);
    let gone = at(&one, &agent).delete("/session?force=true").await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.text);
    desk.frame("signed_out").await;
    assert_eq!(at(&two, &agent).get("/me").await.status, StatusCode::UNAUTHORIZED);
    // Also at the owner, when it ends elsewhere.
    let again = two.sign_in("li").await;
    let (mut desk, _) = work(&one, &again, &id).await;
    assert_eq!(at(&three, &again).delete("/session?force=true").await.status, StatusCode::NO_CONTENT);
    desk.frame("signed_out").await;
    assert_eq!(at(&one, &again).get("/me").await.status, StatusCode::UNAUTHORIZED);
}

/// SYS-45: every node knows the others and how they do; one that dies is missed within ten seconds.
#[tokio::test]
async fn three_nodes_are_seen_and_one_that_dies_is_missed() {
    let mut cluster = Cluster::new().await;
    let (one, two, three) = (cluster.node().await, cluster.node().await, cluster.node().await);
    let admin = at(&two, &one.first_administrator().await);
    let does_well =
        |node: &Value| node["figures"]["store"]["up"] == true && node["figures"]["bus"]["up"] == true;
    let all =
        admin.eventually("/nodes", |told| nodes(told).filter(|node| does_well(node)).count() == 3).await;
    assert_eq!(nodes(&all).filter(|node| node["owns"] == true).count(), 1, "{all}");
    let own = nodes(&all).find(|node| node["this"] == true).unwrap()["number"].clone();
    let dies = at(&three, &admin).get("/nodes").await.body;
    let dies = nodes(&dies).find(|node| node["this"] == true).unwrap()["number"].clone();
    assert_ne!(own, dies);

    drop(three);
    let missed = |told: &Value| nodes(told).all(|node| node["number"] != dies || node["figures"].is_null());
    let in_time = tokio::time::timeout(Duration::from_secs(10), admin.eventually("/nodes", missed)).await;
    let left = in_time.expect("it is missed within ten seconds");
    assert_eq!(nodes(&left).filter(|node| does_well(node)).count(), 2, "{left}");
}

fn nodes(told: &Value) -> impl Iterator<Item = &Value> {
    told["nodes"].as_array().into_iter().flatten()
}

/// The owner is asked to end: another node goes on at once, the visitor's line on a third stays open, and what is sent
/// meanwhile is answered.
#[tokio::test]
async fn a_site_changes_hands_while_lines_stay_open() {
    let mut cluster = Cluster::new().await;
    let one = cluster.node().await;
    let admin = one.first_administrator().await;
    let (queue, line) = (first(&admin, "queue").await, first(&admin, "line").await);
    let widget = json!({ "name": { "zh": "商城", "en": "Shop" }, "queue": queue, "line": line });
    let widget = make(&admin, "widget", widget).await.body["id"].as_str().unwrap().to_owned();
    let two = cluster.node().await;
    let (mut visitor, _) = visit(&two, &widget, 1, json!({})).await;
    visitor.say(json!({ "t": "start", "n": 1, "content": { "type": "text", "text": "一" } })).await;
    let conversation = visitor.event("conversation_started").await["on"]["conversation"].clone();
    assert_eq!(one.stop(), Some(0));
    for n in 1..=20 {
        say_until_stored(&mut visitor, &conversation, n).await;
    }
    let admin = at(&two, &admin);
    let events =
        admin.get(&format!("/conversations/{}/events?limit=100", conversation.as_str().unwrap())).await;
    let said = events.body["events"].as_array().unwrap().iter().filter(|it| it["kind"] == "message_posted");
    assert_eq!(said.count(), 21, "each once: {}", events.text);
    assert!(admin.get("/audit/verify").await.body["broken_at"].is_null());
}

/// Sends again under the same number while the answer is that nobody can answer.
pub async fn say_until_stored(visitor: &mut Line, conversation: &Value, n: u32) {
    loop {
        visitor.say(post(conversation, n, &format!("第{n}句"))).await;
        let own = |frame: &Value| frame["from"]["n"] == n || frame["n"] == n;
        let answer = visitor.until("an answer", own).await;
        if answer["t"] != "refused" {
            return;
        }
        assert_eq!(answer["code"], "unavailable", "{answer}");
    }
}

/// Jobs run once, on the owner: every delivery comes once however many nodes there are, and goes on with the next owner.
#[tokio::test]
async fn what_is_done_beside_the_loop_is_done_once() {
    let mut cluster = Cluster::new().await;
    let (one, two, _three) = (cluster.node().await, cluster.node().await, cluster.node().await);
    let admin = at(&two, &one.first_administrator().await);
    let (receiver, url) = Receiver::new().await;
    hook(&admin, &url).await;
    assert_eq!(receiver.take(200).await.json()["event"]["record"], "webhook", "its own making");
    let mut came = BTreeSet::new();
    for name in ["甲", "乙", "丙"] {
        tag(&admin, name).await;
        let delivery = receiver.take(200).await.json();
        assert_eq!(delivery["event"]["record"], "tag");
        assert!(came.insert(delivery["id"].to_string()), "twice: {delivery}");
    }
    assert_eq!(one.stop(), Some(0));
    for name in ["丁", "戊"] {
        tag(&admin, name).await;
        // What the former owner could not write down any more comes again, and is known by its id.
        while !came.insert(receiver.take(200).await.json()["id"].to_string()) {}
    }
    assert_eq!(came.len(), 5);
}

/// releases further apart than neighbours do not run side by side.
#[tokio::test]
async fn a_node_does_not_join_one_of_a_far_release() {
    let cluster = Cluster::new().await;
    let db = Db::open(&cluster.store).await.unwrap();
    db.migrate().await.unwrap();
    let far = Newcomer { run: 1, name: "elsewhere".into(), version: "9.4.0".into(), level: 1 };
    lease::join(&db, &far, 60_000).await.unwrap().expect("a number");
    let folder = Folder::new();
    let environment = [("YINGDA_STORE", cluster.store.as_str()), ("YINGDA_SECRET_KEY", KEY)];
    let output = run(&folder.0, &["serve", "--listen", "127.0.0.1:0"], &environment);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.lines().last().unwrap().contains("elsewhere runs version 9.4.0"), "{said}");
    db.close().await;
}

/// What cannot work says so in one sentence, and ends with its own code.
#[tokio::test]
async fn a_store_or_bus_out_of_reach_is_one_clear_sentence() {
    let cluster = Cluster::new().await;
    let folder = Folder::new();
    let nobody = "127.0.0.1:9";
    let store = format!("postgres://yingda@{nobody}/none");
    let bus = format!("nats://{nobody}");
    let cases = [
        vec![("YINGDA_STORE", store.as_str()), ("YINGDA_SECRET_KEY", KEY)],
        vec![("YINGDA_STORE", &cluster.store), ("YINGDA_BUS", &bus), ("YINGDA_SECRET_KEY", KEY)],
    ];
    for environment in cases {
        let output = run(&folder.0, &["serve", "--listen", "127.0.0.1:0"], &environment);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        let last = said.lines().last().unwrap();
        assert!(last.starts_with("yingda: ") && last.contains(nobody), "{said}");
    }
}
