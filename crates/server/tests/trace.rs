//! A request is followed from the node that took it to the one that carried it out.

use crate::{
    cluster::{Cluster, at},
    webhooks::{Receiver, tag},
};
use serde_json::Value;

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
