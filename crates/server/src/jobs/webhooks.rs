//! Webhooks: every committed event that a webhook asks for is delivered to it at least once, signed, in order per
//! conversation, and tried again with growing pauses. The job reads on from its own position in the log, so nothing
//! is missed over a restart.

use crate::{app::Shared, jobs::Duty, outgoing, random, secrets::Secrets, tasks};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::{collections::BTreeMap, time::Duration};
use tokio::{
    sync::Notify,
    task::{JoinHandle, JoinSet},
};
use yingda_core::{At, config::Webhook, event::Subject, id::*};
use yingda_store::{
    Batch, CommitError, ReadError,
    event::{self as events, StoredEvent},
    reader,
    webhook::{self as rows, Delivery},
};

const READER: &str = "webhooks";
const BATCH: usize = 200;
/// Attempts before a delivery is given up: with the usual pauses in about three hours.
pub const ATTEMPTS: u32 = 12;
const LONGEST_PAUSE_MS: At = 6 * 3_600_000;
/// At most so many requests at once to one webhook.
const AT_ONCE: usize = 8;

/// Wakes the job when a person replays a delivery.
pub static WAKE: Notify = Notify::const_new();

/// What a webhook's deliveries are signed with. It follows from the installation's key, so it is stored nowhere.
pub fn secret(secrets: &Secrets, id: WebhookId) -> String {
    format!("whsec_{}", hex::encode(secrets.mac("webhook", &id.0.to_be_bytes())))
}

/// `t=<milliseconds>,v1=<hex HMAC-SHA-256 of "t.body">`
pub fn signature(secret: &str, at: At, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of every length");
    mac.update(at.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    format!("t={at},v1={}", hex::encode(mac.finalize().into_bytes()))
}

pub fn start(duty: Duty) -> JoinHandle<()> {
    tasks::go_on("webhooks", async move { run(&duty).await })
}

async fn run(duty: &Duty) {
    let mut position = duty.app.site.position();
    // Tasks of their own: what waits for the store in one of them must go on while this one does.
    let mut running = JoinSet::new();
    let mut busy: BTreeMap<RecordId, WebhookId> = BTreeMap::new();
    loop {
        let pause = match due(duty, &busy).await {
            Ok((deliveries, pause)) => {
                for delivery in deliveries {
                    busy.insert(delivery.id, delivery.webhook);
                    running.spawn(send(duty.clone(), delivery));
                }
                pause
            }
            Err(error) => {
                tracing::warn!(%error, "webhooks wait for the store");
                Duration::from_secs(1)
            }
        };
        tokio::select! {
            Some(ended) = running.join_next() => {
                // A task that panicked leaves its delivery to the next start.
                let Ok((id, outcome)) = ended else { continue };
                busy.remove(&id);
                if let Err(error) = outcome {
                    tracing::warn!(%error, "what became of a delivery could not be written down");
                }
            }
            changed = position.changed() => if changed.is_err() { return },
            () = WAKE.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Turns new events into deliveries, and gives those that may go out now and how long until more are due. A slow
/// receiver holds up its own deliveries only.
async fn due(
    duty: &Duty,
    busy: &BTreeMap<RecordId, WebhookId>,
) -> Result<(Vec<Delivery>, Duration), ReadError> {
    while enlist(duty).await? {}
    let now = duty.app.clock.now();
    let mut load: BTreeMap<WebhookId, usize> = BTreeMap::new();
    for webhook in busy.values() {
        *load.entry(*webhook).or_default() += 1;
    }
    let mut due = rows::due(&duty.db, now, BATCH).await?;
    due.retain(|delivery| {
        let load = load.entry(delivery.webhook).or_default();
        let goes = !busy.contains_key(&delivery.id) && *load < AT_ONCE;
        *load += usize::from(goes);
        goes
    });
    // What is on its way is due as well: while it is, its end is what wakes the job.
    let next_at = if busy.is_empty() && due.is_empty() { rows::next_at(&duty.db).await? } else { None };
    // A replay on another node wakes nobody here.
    let longest = if duty.app.cluster.is_some() { 5_000 } else { 60_000 };
    let pause = next_at.map_or(longest, |at| (at - now).clamp(0, longest));
    Ok((due, Duration::from_millis(pause as u64)))
}

/// Makes rows of the next events, in the same transaction as the position. False when there are no more.
async fn enlist(duty: &Duty) -> Result<bool, ReadError> {
    let head = *duty.app.site.position().borrow();
    let Some(reached) = reader::reached(&duty.db, READER).await? else {
        // What happened before there were webhooks is nobody's news.
        commit(duty, vec![reader::begin(READER, head)]).await?;
        return Ok(true);
    };
    let directory = duty.app.directory();
    if directory.webhooks.values().all(|webhook| !webhook.enabled) {
        // Whoever asks for events later gets those from then on.
        if head > reached {
            commit(duty, vec![reader::advance(READER, reached, head)]).await?;
        }
        return Ok(false);
    }
    let found = events::since(&duty.db, reached, BATCH).await?;
    let Some(last) = found.last() else { return Ok(false) };
    let now = duty.app.clock.now();
    let mut statements = vec![];
    for event in &found {
        for (id, _) in directory.webhooks.iter().filter(|(_, webhook)| wants(webhook, event)) {
            let row = RecordId(duty.app.next_id());
            statements.push(rows::insert(row, *id, event.seq, event.on_id, &event.kind, now));
        }
    }
    statements.push(reader::advance(READER, reached, last.seq));
    commit(duty, statements).await?;
    Ok(true)
}

fn wants(webhook: &Webhook, event: &StoredEvent) -> bool {
    webhook.enabled
        && event.body.is_some()
        && (webhook.kinds.is_empty() || webhook.kinds.contains(&event.kind))
}

async fn commit(duty: &Duty, statements: Vec<yingda_store::Statement>) -> Result<(), ReadError> {
    match duty.db.commit(Batch { statements, ..Batch::default() }).await {
        // Another node was here first.
        Ok(()) | Err(CommitError::Stale { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn send(duty: Duty, delivery: Delivery) -> (RecordId, Result<(), ReadError>) {
    let id = delivery.id;
    (id, attempt(&duty, delivery).await)
}

/// Tries one delivery and writes down what came of it.
async fn attempt(duty: &Duty, delivery: Delivery) -> Result<(), ReadError> {
    let directory = duty.app.directory();
    let Some(webhook) = directory.webhooks.get(&delivery.webhook).filter(|webhook| webhook.enabled) else {
        let gone = rows::dead(delivery.id, None, "the webhook was deleted or switched off");
        return commit(duty, vec![gone]).await;
    };
    let event = events::one(&duty.db, delivery.seq).await?.and_then(|event| event.body);
    let Some(event) = event else {
        return commit(duty, vec![rows::dead(delivery.id, None, "the event was erased")]).await;
    };
    let body = payload(&format!("1:{}", delivery.seq), &event);
    let outcome = post(&duty.app, delivery.webhook, webhook, body).await;
    let statement = match outcome {
        Ok(status) => rows::delivered(delivery.id, status),
        Err(Failure { status, error }) if delivery.attempts + 1 >= ATTEMPTS => {
            rows::dead(delivery.id, status, &error)
        }
        Err(Failure { status, error }) => {
            let next_at =
                duty.app.clock.now() + pause_ms(duty.app.config.outgoing.retry_ms, delivery.attempts);
            rows::retry(delivery.id, next_at, status, &error)
        }
    };
    commit(duty, vec![statement]).await
}

/// `{"id":"<site>:<seq>","event":{…}}`: a receiver that keeps the ids it has seen carries out each event once.
fn payload(id: &str, event: &[u8]) -> Vec<u8> {
    [b"{\"id\":\"", id.as_bytes(), b"\",\"event\":", event, b"}"].concat()
}

/// Why a delivery did not arrive.
#[derive(Debug)]
pub struct Failure {
    pub status: Option<u16>,
    pub error: String,
}

async fn post(app: &Shared, id: WebhookId, webhook: &Webhook, body: Vec<u8>) -> Result<u16, Failure> {
    let failed = |error: String| Failure { status: None, error };
    let at = app.clock.now();
    let request = app
        .outgoing
        .post(&webhook.url)
        .map_err(failed)?
        .header("content-type", "application/json")
        .header("x-yingda-signature", signature(&secret(&app.secrets, id), at, &body))
        .body(body);
    match request.send().await {
        Ok(response) if response.status().is_success() => Ok(response.status().as_u16()),
        Ok(response) => {
            let status = response.status();
            Err(Failure { status: Some(status.as_u16()), error: format!("answered {status}") })
        }
        Err(error) => Err(failed(outgoing::told(error))),
    }
}

/// Doubled each time, and spread by a quarter so that many do not come back together.
fn pause_ms(first_ms: u32, attempts: u32) -> At {
    let pause = (At::from(first_ms.max(1)) << attempts.min(20)).min(LONGEST_PAUSE_MS);
    let [byte] = random::bytes::<1>();
    pause * 3 / 4 + pause / 2 * At::from(byte) / 255
}

/// Sends a sample so that a person sees at once whether it arrives.
pub async fn ping(app: &Shared, id: WebhookId, webhook: &Webhook) -> Result<u16, Failure> {
    let event = serde_json::json!({ "t": "event", "kind": "ping", "seq": 0, "at": app.clock.now(), "on": Subject::Site });
    post(app, id, webhook, payload("1:0", event.to_string().as_bytes())).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        for attempts in 0..40 {
            let expected = (5_000 << attempts.min(20)).min(LONGEST_PAUSE_MS);
            let pause = pause_ms(5_000, attempts);
            assert!(pause >= expected * 3 / 4 && pause <= expected * 5 / 4, "{attempts}: {pause}");
        }
    }

    #[test]
    fn a_signature_is_the_hmac_of_time_and_body() {
        // echo -n '5.{}' | openssl dgst -sha256 -hmac key
        assert_eq!(
            signature("key", 5, b"{}"),
            "t=5,v1=9be615aec64f0d044b5ad6854ab1d893ec88617fb728d2149dcd3a3428e8c45d"
        );
    }

    #[test]
    fn a_payload_is_json_around_the_stored_bytes() {
        let payload: serde_json::Value = serde_json::from_slice(&payload("1:7", b"{\"seq\":7}")).unwrap();
        assert_eq!(payload, serde_json::json!({ "id": "1:7", "event": { "seq": 7 } }));
    }
}
