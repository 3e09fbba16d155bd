//! Calls from this node to the one that owns the site. What waits to be sent goes in one message, so load makes
//! batches; order is kept. A message that nobody listens for comes back at once.

use super::{
    bus::{Bus, LARGEST},
    call::{Answer, Answers, Call, Calls},
};
use crate::{
    clock::Clock,
    hub::{Hub, SocketKey},
    trace::{self, Place},
};
use async_nats::{StatusCode, Subscriber};
use futures_util::StreamExt;
use hashbrown::HashMap;
use serde_json::value::RawValue;
use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};
use yingda_core::{At, id::ConversationId, refusal::Refusal};

/// So many calls may wait for the way out.
const QUEUE: usize = 8_192;
const MESSAGE: usize = 256;
/// Whoever is not answered within this time is told so.
const PATIENCE_MS: At = 4_000;
const SWEEP: Duration = Duration::from_millis(250);

#[derive(Clone)]
pub struct Far {
    queue: mpsc::Sender<(u64, Box<RawValue>)>,
    pending: Arc<Mutex<Pending>>,
    clock: Clock,
}

#[derive(Default)]
struct Pending {
    next: u64,
    waiters: HashMap<u64, Waiting>,
}

struct Waiting {
    waiter: Waiter,
    until_at: At,
    /// The message that it went out with; 0 before.
    message: u64,
    trace: Option<Place>,
}

/// Who waits for an answer.
pub enum Waiter {
    Once(oneshot::Sender<Result<Answer, Unanswered>>),
    Socket { to: SocketKey, n: u32, conversation: Option<ConversationId> },
    Nobody,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// It reached nobody, so it was not carried out.
    NotDelivered,
    /// Nobody knows.
    Silent,
}

/// The other end of `Far`: what its task needs.
pub struct Outbox(mpsc::Receiver<(u64, Box<RawValue>)>);

impl Far {
    pub fn new(clock: Clock) -> (Self, Outbox) {
        let (queue, outbox) = mpsc::channel(QUEUE);
        (Self { queue, pending: Arc::default(), clock }, Outbox(outbox))
    }

    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Sends without waiting. `Busy` when too much waits already.
    pub fn post(&self, call: Call, waiter: Waiter) -> Result<(), Refusal> {
        let text = call.text()?;
        let way = self.queue.try_reserve().map_err(|error| match error {
            mpsc::error::TrySendError::Full(()) => Refusal::Busy,
            mpsc::error::TrySendError::Closed(()) => Refusal::Unavailable,
        })?;
        way.send((self.wait(waiter), text));
        Ok(())
    }

    pub async fn call(&self, text: Box<RawValue>) -> Result<Answer, Unanswered> {
        let (to, answer) = oneshot::channel();
        let Ok(way) = self.queue.reserve().await else { return Err(Unanswered::NotDelivered) };
        way.send((self.wait(Waiter::Once(to)), text));
        answer.await.unwrap_or(Err(Unanswered::Silent))
    }

    /// The number under which the answer comes; 0 where none is expected.
    fn wait(&self, waiter: Waiter) -> u64 {
        if matches!(waiter, Waiter::Nobody) {
            return 0;
        }
        let until_at = self.clock.now() + PATIENCE_MS;
        let mut pending = self.lock();
        pending.next += 1;
        let id = pending.next;
        pending.waiters.insert(id, Waiting { waiter, until_at, message: 0, trace: trace::here() });
        id
    }

    /// Carries calls out and answers in, as long as the process lives.
    pub async fn run(
        self,
        bus: Bus,
        site: i64,
        node: i64,
        outbox: Outbox,
        mut answers: Subscriber,
        hub: Hub,
    ) {
        let Outbox(mut outbox) = outbox;
        let subject = bus.calls(site);
        let mut sweep = tokio::time::interval(SWEEP);
        let mut batch = Vec::with_capacity(MESSAGE);
        let mut messages = 0;
        loop {
            tokio::select! {
                count = outbox.recv_many(&mut batch, MESSAGE) => {
                    if count == 0 {
                        return;
                    }
                    for calls in parts(std::mem::take(&mut batch)) {
                        messages += 1;
                        let ids: Vec<u64> = calls.iter().map(|(id, _)| *id).collect();
                        let traces = self.note(&ids, messages);
                        let until_at = self.clock.now() + PATIENCE_MS;
                        // Plain data: writing it as JSON cannot fail.
                        let text = serde_json::to_vec(&Calls { node, until_at, calls, traces }).expect("calls are JSON");
                        let reply = bus.answers(node, &messages.to_string());
                        // While the bus is away, what is given to it is sent some time: better never than then.
                        let sent = bus.is_up()
                            && bus.client.publish_with_reply(subject.clone(), reply, text.into()).await.is_ok();
                        if !sent {
                            self.fail(&hub, Unanswered::NotDelivered, |waiting| waiting.message == messages);
                        }
                    }
                }
                Some(message) = answers.next() => {
                    if message.status == Some(StatusCode::NO_RESPONDERS) {
                        let number = message.subject.rsplit('.').next().and_then(|part| part.parse().ok());
                        self.fail(&hub, Unanswered::NotDelivered, |waiting| Some(waiting.message) == number);
                    } else if let Ok(answers) = serde_json::from_slice::<Answers>(&message.payload) {
                        self.take(&hub, answers);
                    } else {
                        tracing::error!("an answer of another node could not be read");
                    }
                }
                _ = sweep.tick() => {
                    let now = self.clock.now();
                    self.fail(&hub, Unanswered::Silent, |waiting| waiting.until_at <= now);
                }
            }
        }
    }

    /// Which message they go out with; gives where in a trace each was made, if anywhere.
    fn note(&self, ids: &[u64], message: u64) -> Vec<(u64, String)> {
        let mut pending = self.lock();
        let mut traces = vec![];
        for id in ids {
            if let Some(waiting) = pending.waiters.get_mut(id) {
                waiting.message = message;
                traces.extend(waiting.trace.map(|place| (*id, place.to_string())));
            }
        }
        traces
    }

    fn take(&self, hub: &Hub, answers: Answers) {
        for (id, answer) in answers {
            let Some(waiting) = self.lock().waiters.remove(&id) else { continue };
            match (waiting.waiter, answer) {
                // Whoever asked may have gone.
                (Waiter::Once(to), answer) => drop(to.send(Ok(answer))),
                (Waiter::Socket { to, n, conversation }, Answer::Done(result, own_event)) => {
                    hub.answer(to, n, conversation, result, own_event);
                }
                (Waiter::Socket { .. } | Waiter::Nobody, _) => {}
            }
        }
    }

    fn fail(&self, hub: &Hub, why: Unanswered, which: impl Fn(&Waiting) -> bool) {
        let failed: Vec<Waiting> = {
            let mut pending = self.lock();
            pending.waiters.extract_if(|_, waiting| which(waiting)).map(|(_, waiting)| waiting).collect()
        };
        for waiting in failed {
            match waiting.waiter {
                // Whoever asked may have gone.
                Waiter::Once(to) => drop(to.send(Err(why))),
                Waiter::Socket { to, n, conversation } => {
                    hub.answer(to, n, conversation, Err(Refusal::Unavailable.into()), false);
                }
                Waiter::Nobody => {}
            }
        }
    }
}

/// Messages that the bus takes.
fn parts(calls: Vec<(u64, Box<RawValue>)>) -> Vec<Vec<(u64, Box<RawValue>)>> {
    let mut parts = vec![];
    let (mut part, mut bytes) = (vec![], 0);
    for call in calls {
        let size = call.1.get().len();
        if bytes + size > LARGEST && !part.is_empty() {
            parts.push(std::mem::take(&mut part));
            bytes = 0;
        }
        bytes += size;
        part.push(call);
    }
    if !part.is_empty() {
        parts.push(part);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_calls_are_split_in_order() {
        let call = |id: u64, bytes: usize| {
            (id, RawValue::from_string(format!("\"{}\"", "x".repeat(bytes))).unwrap())
        };
        let calls = vec![call(1, 10), call(2, LARGEST), call(3, 10), call(4, 10)];
        let parts: Vec<Vec<u64>> =
            parts(calls).into_iter().map(|part| part.into_iter().map(|(id, _)| id).collect()).collect();
        assert_eq!(parts, [vec![1], vec![2], vec![3, 4]]);
    }
}
