//! Spans on their way to a collector: OTLP over HTTP, as JSON. One that cannot keep up, or is away, holds nobody up.

use super::{Kind, Span};
use crate::{clock::Clock, config, tasks};
use reqwest::Client;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::mpsc;

/// So many spans may wait; more are let go.
const QUEUE: usize = 4_096;
const PACE: Duration = Duration::from_secs(1);
const ANSWER: Duration = Duration::from_secs(5);

/// Where spans are told; nowhere unless the configuration names a collector.
#[derive(Clone)]
pub struct Tracer {
    pub clock: Clock,
    queue: Option<mpsc::Sender<Value>>,
}

impl Tracer {
    pub(super) fn tell(&self, span: &Span) {
        if let Some(queue) = &self.queue {
            // Whoever follows requests would rather miss one than slow it down.
            let _ = queue.try_send(written(span, &self.clock));
        }
    }
}

/// `node` is what this process is called.
pub fn start(config: &config::Trace, clock: Clock, node: String) -> reqwest::Result<Tracer> {
    if config.endpoint.is_empty() {
        return Ok(Tracer { clock, queue: None });
    }
    let client = Client::builder().no_proxy().timeout(ANSWER).build()?;
    let address = format!("{}/v1/traces", config.endpoint);
    let (queue, spans) = mpsc::channel(QUEUE);
    tasks::start("trace", run(client, address, node, spans));
    Ok(Tracer { clock, queue: Some(queue) })
}

async fn run(client: Client, address: String, node: String, mut spans: mpsc::Receiver<Value>) {
    let mut ticks = tokio::time::interval(PACE);
    let mut is_away = false;
    loop {
        let is_last = tokio::select! {
            _ = ticks.tick() => false,
            () = tasks::stopping() => true,
        };
        let mut batch = vec![];
        while let Ok(span) = spans.try_recv() {
            batch.push(span);
        }
        if !batch.is_empty() {
            let sent = client.post(&address).json(&message(&node, batch)).send().await;
            match (sent.and_then(reqwest::Response::error_for_status), is_away) {
                (Ok(_), _) => is_away = false,
                (Err(error), false) => {
                    tracing::warn!(%error, "the collector of traces does not take them");
                    is_away = true;
                }
                (Err(_), true) => {}
            }
        }
        if is_last {
            return;
        }
    }
}

fn written(span: &Span, clock: &Clock) -> Value {
    let start = span.start_at as i128 * 1_000_000;
    let end = start + (clock.instant() - span.start).as_nanos() as i128;
    let status = span.status.map(
        |status| json!({ "key": "http.response.status_code", "value": { "intValue": status.to_string() } }),
    );
    let is_error = span.status.is_some_and(|status| status >= 500);
    json!({
        "traceId": hex::encode(span.place.trace),
        "spanId": hex::encode(span.place.span),
        "parentSpanId": span.parent.map(hex::encode).unwrap_or_default(),
        "name": span.name,
        "kind": match span.kind { Kind::Server => 2, Kind::Consumer => 5 },
        "startTimeUnixNano": start.to_string(),
        "endTimeUnixNano": end.to_string(),
        "attributes": status.into_iter().collect::<Vec<_>>(),
        "status": if is_error { json!({ "code": 2 }) } else { json!({}) },
    })
}

fn message(node: &str, spans: Vec<Value>) -> Value {
    let text = |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
    json!({ "resourceSpans": [{
        "resource": { "attributes": [
            text("service.name", "yingda"),
            text("service.version", env!("CARGO_PKG_VERSION")),
            text("service.instance.id", node),
        ] },
        "scopeSpans": [{ "scope": { "name": "yingda" }, "spans": spans }],
    }] })
}
