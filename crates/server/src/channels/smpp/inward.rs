//! What comes by a session: messages, parts of long ones, and receipts. The server hears "taken" only once they are
//! stored; until then, or when they cannot be, it keeps them.

use super::{
    alphabet,
    long::{self, Joined, Waiting},
    pdu::Short,
    receipt,
    status::{NOT_NOW, OK},
};
use crate::{
    channels::{
        heard::{self, Arrival, Heard},
        sms,
    },
    jobs::Duty,
};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, time::Duration};
use yingda_core::{At, config::SmppSetup, event::Delivery, id::*};
use yingda_store::{
    ReadError, Statement, inbound,
    sms_part::{self, Part, Whole},
};

/// A server repeats what it had no answer to when the session was cut; so long we remember what we took.
const REMEMBERED_MS: At = 10 * 60_000;
/// So much of what was not taken in is shown.
const LONGEST_TOLD: usize = 1_000;

/// A message as the server gave it, under the number that its answer goes by.
#[derive(Debug)]
pub struct Came {
    pub number: u32,
    /// The octets where they cannot be read.
    pub short: Result<Short, String>,
}

pub struct Inward {
    duty: Duty,
    id: ChannelId,
    setup: SmppSetup,
    /// Nothing until it is read from the store.
    waiting: Option<Waiting>,
    /// What was taken lately, with the session in which it was.
    taken: BTreeMap<String, (u64, At)>,
    session: u64,
}

/// What goes into one commit.
#[derive(Default)]
struct Harvest {
    arrivals: Vec<Arrival>,
    statements: Vec<Statement>,
    taken: Vec<String>,
}

impl Inward {
    pub fn new(duty: Duty, id: ChannelId, setup: SmppSetup) -> Self {
        Self { duty, id, setup, waiting: None, taken: BTreeMap::new(), session: 0 }
    }

    /// Another session: what comes again in it may be what the last one did not hear the answer to.
    pub fn begin(&mut self) {
        self.session += 1;
    }

    /// Stores what came, all in one commit. Gives each its answer.
    pub async fn keep(&mut self, came: Vec<Came>) -> Vec<(u32, u32)> {
        let numbers: Vec<u32> = came.iter().map(|it| it.number).collect();
        let status = match self.store(came).await {
            Ok(()) => OK,
            Err(error) => {
                // What is known of parts may be ahead of the store: it is read anew.
                self.waiting = None;
                tracing::warn!(%error, channel = self.id.0, "what came by SMPP could not be stored");
                NOT_NOW
            }
        };
        numbers.into_iter().map(|number| (number, status)).collect()
    }

    /// Until an instant.
    pub fn until(&self, at: At) -> Duration {
        Duration::from_millis((at - self.duty.app.clock.now()).max(1_000) as u64)
    }

    /// Gives up what waited too long. When there may be more.
    pub async fn tidy(&mut self) -> Option<At> {
        match self.store(vec![]).await {
            Ok(()) => self.waiting.as_ref().and_then(Waiting::ends_at),
            Err(_) => Some(self.duty.app.clock.now() + 60_000),
        }
    }

    async fn store(&mut self, came: Vec<Came>) -> Result<(), ReadError> {
        let now = self.duty.app.clock.now();
        self.taken.retain(|_, (_, at)| now - *at < REMEMBERED_MS);
        let mut waiting = match self.waiting.take() {
            Some(waiting) => waiting,
            None => Waiting::of(sms_part::all(&self.duty.db, self.id).await?),
        };
        let mut harvest = Harvest::default();
        for Came { short, .. } in came {
            match short {
                Ok(short) => self.take(&mut waiting, &mut harvest, short, now),
                Err(octets) => self.quarantine(&mut harvest, &octets, "it cannot be read", now),
            }
        }
        for joined in waiting.give_up(now) {
            self.give_up(&mut harvest, joined, now);
        }
        if !harvest.arrivals.is_empty() || !harvest.statements.is_empty() {
            let Harvest { arrivals, statements, .. } = &mut harvest;
            let statements = std::mem::take(statements);
            heard::keep(&self.duty.app, &self.duty.db, self.id, arrivals, statements).await?;
        }
        self.waiting = Some(waiting);
        self.taken.extend(harvest.taken.into_iter().map(|it| (it, (self.session, now))));
        Ok(())
    }

    fn take(&mut self, waiting: &mut Waiting, harvest: &mut Harvest, short: Short, now: At) {
        if short.is_receipt() {
            let text = alphabet::read(short.coding, &short.octets, self.setup.alphabet).unwrap_or_default();
            return match receipt::read(&short, &text) {
                Some(receipt) => self.receipt(harvest, receipt),
                None => self.quarantine(harvest, &text, "it is a receipt that cannot be read", now),
            };
        }
        let name = fingerprint(&short);
        // The same words twice in one session were said twice.
        if self.taken.get(&name).is_some_and(|(session, _)| *session < self.session) {
            self.taken.remove(&name);
            return;
        }
        harvest.taken.push(name);
        let (place, octets) = long::place(&short);
        let Some((reference, total, part)) = place else {
            let octets = octets.to_vec();
            let (whole, coding) = (Whole { term: short.from, ..Whole::default() }, short.coding);
            return self.message(harvest, Joined { whole, coding, octets, parts: 1 }, now);
        };
        let whole = Whole { term: short.from.clone(), receiver: short.to.clone(), reference, total };
        let part = Part { whole, part, coding: short.coding, body: octets.to_vec(), received_at: now };
        harvest.statements.push(sms_part::put(self.id, &part));
        if let Some(joined) = waiting.add(part) {
            harvest.statements.push(sms_part::remove(self.id, &joined.whole));
            self.message(harvest, joined, now);
        }
    }

    fn message(&self, harvest: &mut Harvest, joined: Joined, now: At) {
        let from = &joined.whole.term;
        match alphabet::read(joined.coding, &joined.octets, self.setup.alphabet) {
            _ if from.is_empty() => {
                self.quarantine(harvest, &hex::encode(&joined.octets), "it names no sender", now);
            }
            Ok(text) => {
                let key = format!("message {}", self.duty.app.next_id());
                harvest.arrivals.push(sms::message(&key, from, text));
            }
            Err(why) => {
                let told = format!("{from}: {}", hex::encode(&joined.octets));
                self.quarantine(harvest, &told, &why, now);
            }
        }
    }

    fn receipt(&self, harvest: &mut Harvest, receipt: receipt::Receipt) {
        // That it is on its way is known already.
        let Some(state) = receipt.state else { return };
        let outside_id = if self.setup.hex_ids { decimal(&receipt.name, 10) } else { receipt.name };
        let word = if state == Delivery::Delivered { "delivered" } else { receipt.reason.as_str() };
        let term = format!("receipt {outside_id}");
        let key = format!("{term} {word}");
        let heard = Heard::Receipt { outside_id, state, reason: receipt.reason };
        harvest.arrivals.push(Arrival { key, term, heard });
    }

    /// Shown to people as far as it came.
    fn give_up(&self, harvest: &mut Harvest, joined: Joined, now: At) {
        let Whole { term, total, .. } = &joined.whole;
        let text = alphabet::read(joined.coding, &joined.octets, self.setup.alphabet);
        let told = format!("{term}: {}", text.unwrap_or_else(|_| hex::encode(&joined.octets)));
        let why = format!("of a long message {} parts of {total} came", joined.parts);
        self.quarantine(harvest, &told, &why, now);
        harvest.statements.push(sms_part::remove(self.id, &joined.whole));
    }

    /// People see what there is of it together with why.
    fn quarantine(&self, harvest: &mut Harvest, body: &str, why: &str, now: At) {
        tracing::warn!(channel = self.id.0, why, "an SMS was not taken in");
        let row = RecordId(self.duty.app.next_id());
        let told: String = format!("{why}: {body}").chars().take(LONGEST_TOLD).collect();
        harvest.statements.push(inbound::quarantine(row, self.id, &format!("lost {row}"), body, &told, now));
    }
}

/// What tells one message from another where the protocol has no name for it.
fn fingerprint(short: &Short) -> String {
    let mut hash = Sha256::new();
    for text in [&short.from, &short.to] {
        hash.update(text);
        hash.update([0]);
    }
    hash.update([short.coding, short.esm_class]);
    hash.update(format!("{:?}", short.sar));
    hash.update(&short.octets);
    hex::encode(&hash.finalize()[..16])
}

/// A message's name as a number in decimal, where it is one.
pub fn decimal(name: &str, base: u32) -> String {
    u64::from_str_radix(name, base).map_or_else(|_| name.to_owned(), |number| number.to_string())
}
