//! A request is followed from the node that took it to the one that carried it out.

use crate::{
    cluster::{Cluster, at},
    line::{post, work},
    office::hire,
    support::{Folder, LOG_TO, Person, Server},
    webhooks::{Receiver, tag},
};
use serde_json::{Value, json};
use std::path::Path;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

/// What a collector was told of our trace: the node, and the span.
fn of_ours(told: &Value) -> Vec<(String, Value)> {
    let mut ours = vec![];
    for resource in told["resourceSpans"].as_array().unwrap() {
        let attributes = resource["resource"]["attributes"].as_array().unwrap();
        let node = attributes.iter().find(|it| it["key"] == "service.instance.id").unwrap();
        let node = node["value"]["stringValue"].as_str().unwrap();
        let spans = resource["scopeSpans"][0]["spans"].as_array().unwrap();
        ours.extend(spans.iter().filter(|it| it["traceId"] == TRACE).map(|it| (node.to_owned(), it.clone())));
    }
    ours
}

#[tokio::test]
async fn a_request_is_followed_from_node_to_node() {
    let (collector, url) = Receiver::new().await;
    let endpoint = url.trim_end_matches("/hook");
    let mut cluster = Cluster::new().await;
    let node = |name| {
        [("YINGDA_NODE", name), ("YINGDA_TRACE_ENDPOINT", endpoint), ("YINGDA_TRACE_ONE_IN", "1000000")]
    };
    let one = cluster.node_with(&node("owner")).await;
    let two = cluster.node_with(&node("edge")).await;
    let admin = at(&two, &one.first_administrator().await);
    tag(&admin.with("traceparent", &format!("00-{TRACE}-{SPAN}-01")), "甲").await;

    let mut ours = vec![];
    let (request, call) = loop {
        ours.extend(of_ours(&collector.take(200).await.json()));
        let of = |node: &str| ours.iter().find(|(own, _)| own == node).map(|(_, span)| span.clone());
        if let (Some(request), Some(call)) = (of("edge"), of("owner")) {
            break (request, call);
        }
    };
    assert_eq!((&request["parentSpanId"], &request["kind"]), (&SPAN.into(), &2.into()), "{request}");
    assert!(request["name"].as_str().unwrap().starts_with("POST /api/v1/records/"), "{request}");
    assert_eq!(request["attributes"][0]["value"]["intValue"], "201");
    assert_eq!((&call["parentSpanId"], &call["kind"]), (&request["spanId"], &5.into()), "{call}");
    let instant = |key: &str| call[key].as_str().unwrap().parse::<u128>().unwrap();
    assert!(instant("endTimeUnixNano") >= instant("startTimeUnixNano"));
}

/// The lines of a log, each a JSON object, that fit.
fn lines(log: &Path, fits: impl Fn(&Value) -> bool) -> Vec<Value> {
    let text = std::fs::read_to_string(log).unwrap();
    let lines = text.lines().filter_map(|line| serde_json::from_str(line).ok());
    lines.filter(fits).collect()
}

/// SYS-23: what an agent says over a socket has an id of its own, which stands in the lines of both nodes.
#[tokio::test]
async fn sys_23_a_command_of_a_socket_has_one_id_in_the_logs_of_two_nodes() {
    let folder = Folder::new();
    let mut cluster = Cluster::new().await;
    let logs = [folder.0.join("owner.log"), folder.0.join("edge.log")];
    let mut nodes = vec![];
    for log in &logs {
        let more = [
            (LOG_TO, log.to_str().unwrap()),
            ("YINGDA_LOG_FORMAT", "json"),
            ("YINGDA_LOG_LEVEL", "warn,yingda::cluster::owner=debug,yingda::trace=debug"),
        ];
        nodes.push(cluster.node_with(&more).await);
    }
    let (one, two): (&Server, &Server) = (&nodes[0], &nodes[1]);
    let admin: Person = at(two, &one.first_administrator().await);
    let (agent, id) = hire(two, &admin, "li", "R-03").await;
    let (mut desk, _) = work(two, &agent, &id).await;
    let queue = crate::office::first(&admin, "queue").await;
    let begun = json!({ "medium": "chat", "queue": queue, "text": "在吗" });
    let begun = admin.post("/conversations", begun).await;
    assert!(begun.status.is_success(), "{}", begun.text);
    let conversation = desk.event("assigned").await["on"]["conversation"].clone();
    for n in 1..=2 {
        desk.say(post(&conversation, n, &format!("第{n}句"))).await;
        desk.until("the words", |it| it["text"] == format!("第{n}句")).await;
    }
    let said = lines(&logs[1], |it| it["span"]["act"] == "do");
    let ids: Vec<&str> = said.iter().map(|it| it["span"]["trace"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 2, "{said:?}");
    assert_ne!(ids[0], ids[1], "each is followed on its own");
    for id in ids {
        let over_there = lines(&logs[0], |it| it["fields"]["trace"] == id || it["trace"] == id);
        assert_eq!(over_there.len(), 1, "{over_there:?}");
    }
}
