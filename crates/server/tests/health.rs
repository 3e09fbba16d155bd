//! How the system is doing: for administrators in the console, and for a collector on a listener of its own.

use crate::line::visit;
use crate::office::{first, hire, program};
use crate::support::Server;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

#[tokio::test]
async fn an_administrator_sees_the_one_node_and_an_agent_does_not() {
    let (server, admin) = Server::set_up_with(&[("YINGDA_NODE", "小店")]).await;
    let found = admin.get("/nodes").await;
    assert_eq!(found.status, StatusCode::OK, "{}", found.text);
    let nodes = found.body["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 1, "the embedded store has no others");
    let node = &nodes[0];
    assert_eq!(node["name"], "小店");
    assert_eq!(node["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!((&node["this"], &node["owns"]), (&json!(true), &json!(true)));
    assert_eq!((&node["until_at"], &node["figures"]["bus"]), (&Value::Null, &Value::Null));
    assert_eq!(node["figures"]["store"]["up"], true);
    assert!(node["started_at"].as_i64().unwrap() <= found.body["now_at"].as_i64().unwrap());

    let (agent, _) = hire(&server, &admin, "li", "R-03").await;
    assert_eq!(agent.get("/nodes").await.status, StatusCode::FORBIDDEN);
    assert_eq!(server.nobody().get("/nodes").await.status, StatusCode::UNAUTHORIZED);
    let watcher = program(&server, &admin, &["system_operate"]).await;
    assert_eq!(watcher.get("/nodes").await.status, StatusCode::OK, "a program may watch");

    // Somebody comes, and is counted within some seconds.
    let widget = first(&admin, "widget").await;
    let (mut visitor, _) = visit(&server, &widget, 1, json!({})).await;
    visitor.say(json!({ "t": "start", "n": 1, "content": { "type": "text", "text": "你好" } })).await;
    visitor.event("conversation_started").await;
    for _ in 0..100 {
        let figures = admin.get("/nodes").await.body["nodes"][0]["figures"].clone();
        let took = [&figures["command_p50_ms"], &figures["command_p99_ms"], &figures["commit_p99_ms"]];
        if figures["visitor_sockets"] == 1 && took.iter().all(|it| it.as_f64().is_some_and(|ms| ms > 0.0)) {
            assert!(figures["visitors"] == 1 && figures["commands"].as_u64().unwrap() >= 1, "{figures}");
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{}", admin.get("/nodes").await.text);
}

#[tokio::test]
async fn a_collector_reads_every_line_and_nobody_else_is_served_there() {
    let (server, admin) = Server::set_up_with(&[("YINGDA_METRICS_LISTEN", "127.0.0.1:0")]).await;
    let address = server.printed.iter().find_map(|line| Some(line.split_once("Metrics ")?.1.trim())).unwrap();
    let widget = first(&admin, "widget").await;
    let (mut visitor, _) = visit(&server, &widget, 1, json!({})).await;
    visitor.say(json!({ "t": "start", "n": 1, "content": { "type": "text", "text": "你好" } })).await;
    visitor.event("conversation_started").await;

    let client = Client::builder().no_proxy().build().unwrap();
    let answer = client.get(address).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let text = answer.text().await.unwrap();
    let told = read(&text);
    let value = |name: &str| *told.get(name).unwrap_or_else(|| panic!("no {name} in {text}"));
    assert_eq!(value(&format!("yingda_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"))), 1.0);
    assert_eq!((value("yingda_owner"), value("yingda_store_up")), (1.0, 1.0));
    assert_eq!(value("yingda_sockets{kind=\"visitor\"}"), 1.0);
    assert_eq!(value("yingda_sockets{kind=\"console\"}"), 0.0);
    assert!(value("yingda_commands_total{result=\"done\"}") >= 1.0);
    assert!(value("yingda_events_total") >= 2.0);
    assert!(value("yingda_command_seconds_count") >= 1.0 && value("yingda_commit_seconds_sum") > 0.0);
    assert_eq!(value("yingda_batch_commands_bucket{le=\"+Inf\"}"), value("yingda_batch_commands_count"));
    assert!(value("process_resident_memory_bytes") > 1e6 && value("process_cpu_seconds_total") > 0.0);
    assert!(!text.contains("yingda_bus_up"), "there is no bus");
    let waiting: f64 =
        told.iter().filter(|(name, _)| name.starts_with("yingda_queue_waiting{")).map(|(_, it)| it).sum();
    assert_eq!(waiting, 1.0, "the visitor waits");
    for histogram in ["yingda_command_seconds", "yingda_commit_seconds", "yingda_batch_commands"] {
        let inside = |line: &&str| line.starts_with(&format!("{histogram}_bucket"));
        let counts: Vec<f64> = text
            .lines()
            .filter(inside)
            .map(|line| line.rsplit(' ').next().unwrap().parse().unwrap())
            .collect();
        assert!(counts.len() > 5 && counts.is_sorted(), "{histogram}: {counts:?}");
        assert_eq!(counts.last(), told.get(&format!("{histogram}_count")));
    }

    let elsewhere = address.replace("/metrics", "/api/v1/me");
    assert_eq!(client.get(elsewhere).send().await.unwrap().status(), StatusCode::NOT_FOUND);
    assert_eq!(admin.get("//metrics").await.status, StatusCode::NOT_FOUND, "not on the service's own door");
}

/// Each sample with its value. Every line has to be one that the format knows.
fn read(text: &str) -> BTreeMap<String, f64> {
    assert!(text.ends_with('\n'));
    let (mut samples, mut known, mut family) =
        (BTreeMap::new(), BTreeSet::new(), (String::new(), String::new()));
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, words) = help.split_once(' ').unwrap();
            assert!(known.insert(name.to_owned()) && !words.is_empty(), "twice, or without words: {line}");
            family = (name.to_owned(), String::new());
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert_eq!(name, family.0, "{line}");
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            family.1 = kind.to_owned();
        } else {
            let (sample, value) = line.rsplit_once(' ').unwrap();
            let name = sample.split('{').next().unwrap();
            let rest =
                name.strip_prefix(&family.0).unwrap_or_else(|| panic!("{line} stands in {}", family.0));
            let parts: &[&str] = if family.1 == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
            assert!(parts.contains(&rest), "{line}");
            assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'), "{line}");
            let labels = sample.strip_prefix(name).unwrap();
            assert!(labels.is_empty() || (labels.starts_with('{') && labels.ends_with("\"}")), "{line}");
            let value = value.parse().unwrap_or_else(|_| panic!("no number: {line}"));
            assert!(samples.insert(sample.to_owned(), value).is_none(), "twice: {line}");
        }
    }
    samples
}
