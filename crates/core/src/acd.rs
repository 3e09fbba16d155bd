//! Who gets the next contact: one dispatcher for all media, driven by events, never by polling.
//!
//! The caller tells what changes (a contact enters or leaves, an agent changes, takes or gives back work) and then asks
//! `next` until it answers `None`. Then nobody waits beside a free agent who may take them. `next` changes neither
//! lines nor loads: the caller applies a match with `remove` and `take`, the same two calls as for a choice by hand.
//!
//! Order: a contact's rank is `since_at − priority × aging`; the lowest rank that any free agent may take goes first,
//! over all queues, ties by id. Aging makes the order static: a level of priority is worth a fixed wait, and within
//! one priority it is first in, first out.

mod seat;

pub use seat::{CAPACITY, Seat, share};

use crate::{
    At,
    config::{Need, Strategy},
    conversation::Prefer,
    id::{ConversationId, QueueId, UserId},
    medium::Medium,
    why::{Exclusion, Why},
};
use smallvec::SmallVec;

/// Who serves a queue (skills aside).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Members {
    #[default]
    All,
    Users(Vec<UserId>),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueRules {
    pub strategy: Strategy,
    pub members: Members,
}

/// A contact that waits for an agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    pub conversation: ConversationId,
    pub queue: QueueId,
    pub medium: Medium,
    /// 1 (last) to 99 (first), with what being a VIP is worth.
    pub priority: u8,
    /// Counts for its place and for the relaxation of its needs.
    pub since_at: At,
    /// The queue's needs and its own.
    pub needs: SmallVec<[Need; 0]>,
    /// Until then only this agent may take it, while signed in and able to; else the preference is dropped for good.
    pub prefer: Option<Prefer>,
    pub refused_by: SmallVec<[UserId; 0]>,
    /// Share of an agent's usual load that it takes, in percent.
    pub weight_pct: u16,
}

/// An assignment that is possible now.
#[derive(Clone, Debug, PartialEq)]
pub struct Match {
    pub conversation: ConversationId,
    pub agent: UserId,
    pub queue: QueueId,
    pub medium: Medium,
    pub weight_pct: u16,
    /// `waited_ms` counts from `since_at`.
    pub why: Why,
}

/// How many wait in a queue, and since when the longest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WaitingIn {
    pub count: u32,
    pub longest_since_at: Option<At>,
}

#[derive(Clone, Debug, Default)]
pub struct Dispatcher {}

impl Dispatcher {
    pub fn new() -> Self {
        Self::default()
    }

    /// One level of priority is worth so many milliseconds of waiting.
    pub fn set_aging(&mut self, aging_ms_per_level: i64) {
        let _ = aging_ms_per_level;
    }

    /// Makes a queue known, or changes it. Who waits in it stays.
    pub fn set_queue(&mut self, queue: QueueId, rules: QueueRules) {
        let _ = (queue, rules);
    }

    /// Forgets a queue and everyone who still waits in it.
    pub fn drop_queue(&mut self, queue: QueueId) {
        let _ = queue;
    }

    /// An agent appeared or changed in any way: state, skills, limits, work held. `used` and `load` are taken as given.
    pub fn set_seat(&mut self, seat: Seat) {
        let _ = seat;
    }

    pub fn seat(&self, agent: UserId) -> Option<&Seat> {
        let _ = agent;
        None
    }

    pub fn drop_seat(&mut self, agent: UserId) {
        let _ = agent;
    }

    /// The agent has one more contact of this medium, by a match or by hand, fitting or not; an offer counts too.
    /// From `now` on they count as idle, so that the next contact goes to somebody else first.
    pub fn take(&mut self, agent: UserId, medium: Medium, weight_pct: u16, now: At) {
        let _ = (agent, medium, weight_pct, now);
    }

    /// The agent has one less; from `now` on they count as idle since then.
    pub fn give_back(&mut self, agent: UserId, medium: Medium, weight_pct: u16, now: At) {
        let _ = (agent, medium, weight_pct, now);
    }

    /// Whether an offer is open that must be alone: while it is, the agent gets nothing else.
    pub fn set_offered(&mut self, agent: UserId, offered: bool) {
        let _ = (agent, offered);
    }

    /// A contact begins to wait, or returns to its place. One that already waits is replaced. The queue must be known.
    pub fn enqueue(&mut self, waiting: Waiting, now: At) {
        let _ = (waiting, now);
    }

    /// The contact waits no longer: it was given to somebody, or left. False when it did not wait.
    pub fn remove(&mut self, conversation: ConversationId) -> bool {
        let _ = conversation;
        false
    }

    /// The agent declined or missed a contact that waits: it keeps its place, and never goes to that agent again.
    pub fn refuse(&mut self, conversation: ConversationId, agent: UserId) {
        let _ = (conversation, agent);
    }

    /// The next assignment that is possible now. Apply it with `remove` and `take`, then ask again.
    pub fn next(&mut self, now: At) -> Option<Match> {
        let _ = now;
        None
    }

    /// When something changes by time alone: needs relax, the wait for a preferred agent ends.
    pub fn next_deadline(&self) -> Option<At> {
        None
    }

    /// Applies what time alone changes; `next` does it by itself.
    pub fn advance(&mut self, now: At) {
        let _ = now;
    }

    pub fn waiting(&self, conversation: ConversationId) -> Option<&Waiting> {
        let _ = conversation;
        None
    }

    /// The contact's place within its queue, from 1.
    pub fn position(&self, conversation: ConversationId) -> Option<u32> {
        let _ = conversation;
        None
    }

    pub fn waiting_in(&self, queue: QueueId) -> WaitingIn {
        let _ = queue;
        WaitingIn::default()
    }

    /// The first contacts of a queue, in order; the n-th has position n.
    pub fn order(&self, queue: QueueId, limit: usize) -> impl Iterator<Item = ConversationId> {
        let _ = (queue, limit);
        std::iter::empty()
    }

    /// Whether the agent may take the waiting contact now, and if not, why. A contact that does not wait
    /// belongs to nobody's queue: `NotServing`.
    pub fn eligible(&self, conversation: ConversationId, agent: UserId) -> Result<(), Exclusion> {
        let _ = (conversation, agent);
        Ok(())
    }

    /// Whether somebody is signed in who may take such a contact, now or once its needs have relaxed.
    pub fn staffed(&self, queue: QueueId, medium: Medium, needs: &[Need]) -> bool {
        let _ = (queue, medium, needs);
        false
    }
}
