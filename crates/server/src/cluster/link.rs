//! From the owner of a site to the other nodes: what was committed, and answers to their calls. One queue, so that
//! load makes batches; what cannot be sent now is let go, since others read it from the store.

use super::{
    SITE,
    bus::{Bus, LARGEST},
    call::{Answer, Answers},
    sessions,
};
use crate::{
    site::{Site, encode::Frame},
    trace::Span,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::sync::{Notify, mpsc};
use yingda_core::{event::Fact, log::Route};

/// So often the last position is told again, so that a lost message is noticed.
const PULSE: Duration = Duration::from_secs(1);
const BATCH: usize = 256;

#[derive(Clone)]
pub struct Link {
    queue: mpsc::UnboundedSender<Out>,
    /// Told when somebody signed in or out, perhaps on another node.
    sessions: Arc<Notify>,
}

enum Out {
    Told { head: Head, lines: Vec<u8> },
    Answer { node: i64, id: u64, answer: Answer },
}

/// The first line of a message about a site's log. After it, two lines for each event: a `Way` and the event's frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The position before the first event.
    pub after: u64,
    /// The position after the last one.
    pub head: u64,
    /// The configuration changed, or the owner: read it anew.
    pub reload: bool,
}

/// Where an event goes.
#[derive(Debug, Serialize, Deserialize)]
pub struct Way {
    pub seq: u64,
    pub route: Route,
    /// It changes nothing of what nodes keep in mind, so nobody need read it.
    pub plain: bool,
}

/// Where the answer to a far call goes.
#[derive(Clone)]
pub struct To {
    pub link: Link,
    pub node: i64,
    pub id: u64,
    /// Ends with the answer.
    pub _span: Option<Arc<Span>>,
}

impl To {
    pub fn answer(&self, answer: Answer) {
        // 0: nobody waits.
        if self.id != 0 {
            // The task lives as long as the process.
            let _ = self.link.queue.send(Out::Answer { node: self.node, id: self.id, answer });
        }
    }
}

impl Link {
    pub fn new(sessions: Arc<Notify>) -> (Self, Outbound) {
        let (queue, outbound) = mpsc::unbounded_channel();
        (Self { queue, sessions }, Outbound(outbound))
    }

    /// Tells of committed events, the last of which is at `head`.
    pub fn tell(&self, frames: &[Frame], head: u64, reload: bool) {
        if frames.iter().any(|frame| sessions::are_concerned(&frame.routed.event.fact)) {
            self.sessions.notify_one();
        }
        let mut after = head - frames.len() as u64;
        let mut lines = vec![];
        let mut count = 0;
        for frame in frames {
            let event = &frame.routed.event;
            let plain = matches!(event.fact, Fact::MessagePosted { .. } | Fact::Read { .. });
            let way = Way { seq: event.seq, route: frame.routed.route.clone(), plain };
            // Plain data: writing it to memory cannot fail.
            serde_json::to_writer(&mut lines, &way).expect("a route is JSON");
            lines.push(b'\n');
            // JSON has no line breaks of its own.
            lines.extend_from_slice(&frame.bytes);
            lines.push(b'\n');
            count += 1;
            if lines.len() > LARGEST {
                let head = Head { after, head: after + count, reload: false };
                self.put(Out::Told { head, lines: std::mem::take(&mut lines) });
                after += count;
                count = 0;
            }
        }
        self.put(Out::Told { head: Head { after, head, reload }, lines });
    }

    fn put(&self, out: Out) {
        // The task lives as long as the process.
        let _ = self.queue.send(out);
    }
}

pub struct Outbound(mpsc::UnboundedReceiver<Out>);

impl Outbound {
    /// Sends as long as the process lives; tells the position every second while this node owns the site.
    pub async fn run(self, bus: Bus, site: Site) {
        let Outbound(mut queue) = self;
        let mut pulse = tokio::time::interval(PULSE);
        let mut batch = Vec::with_capacity(BATCH);
        let mut last = None;
        loop {
            tokio::select! {
                count = queue.recv_many(&mut batch, BATCH) => if count == 0 { return },
                _ = pulse.tick() => {
                    if let Some(head) = last.filter(|_| site.is_here()) {
                        batch.push(Out::Told { head: Head { after: head, head, reload: false }, lines: vec![] });
                    }
                }
            }
            let mut answers: BTreeMap<i64, Answers> = BTreeMap::new();
            let mut told: Option<(Head, Vec<u8>)> = None;
            let mut messages = vec![];
            for out in batch.drain(..) {
                match out {
                    Out::Answer { node, id, answer } => answers.entry(node).or_default().push((id, answer)),
                    Out::Told { head, lines } => {
                        last = Some(head.head);
                        match &mut told {
                            Some((first, all))
                                if first.head == head.after && all.len() + lines.len() < LARGEST =>
                            {
                                first.head = head.head;
                                first.reload |= head.reload;
                                all.extend_from_slice(&lines);
                            }
                            _ => messages.extend(told.replace((head, lines))),
                        }
                    }
                }
            }
            messages.extend(told);
            if !bus.is_up() {
                continue;
            }
            for (head, lines) in messages {
                // Plain data: writing it as JSON cannot fail.
                let mut text = serde_json::to_vec(&head).expect("a head is JSON");
                text.push(b'\n');
                text.extend_from_slice(&lines);
                send(&bus, bus.told(SITE), text).await;
            }
            for (node, answers) in answers {
                let text = serde_json::to_vec(&answers).expect("answers are JSON");
                send(&bus, bus.answers(node, "0"), text).await;
            }
        }
    }
}

async fn send(bus: &Bus, subject: String, text: Vec<u8>) {
    if let Err(error) = bus.client.publish(subject, text.into()).await {
        tracing::warn!(%error, "the bus took no message; the others read it from the store");
    }
}
