//! Who gets the next contact: one dispatcher for all media, driven by events, never by polling.
//!
//! The caller tells what changes (a contact enters or leaves, an agent changes, takes or gives back work) and then asks
//! `next` until it answers `None`. Then nobody waits beside a free agent who may take them. `next` changes neither
//! lines nor loads: the caller applies a match with `remove` and `take`, the same two calls as for a choice by hand.
//!
//! Order: a contact's rank is `since_at − priority × aging`; the lowest rank that any free agent may take goes first,
//! over all queues, ties by id. Aging makes the order static: a level of priority is worth a fixed wait, and within
//! one priority it is first in, first out.

//! How it is quick: contacts that the same agents may take form a class with one ordered line, and sets of agents are
//! bits. The agenda notes only what changed: a class whose first contact may find somebody free, an agent who may have
//! room. Its notes are lower bounds, made exact when they come up, so the first exact one is the first of all.

mod bits;
mod choosing;
mod class;
mod line;
#[cfg(test)]
mod model;
mod placing;
mod roster;
mod seat;
#[cfg(test)]
mod stories;
#[cfg(test)]
mod teller;

pub use seat::{CAPACITY, Seat, share};

use self::{
    bits::Bits,
    class::{Class, ClassKey, has_levels, levels_after, may_ever_take},
    line::{Key, Line},
    placing::{Head, Source},
    roster::Roster,
};
use crate::{
    At,
    config::{Need, Strategy},
    conversation::Prefer,
    id::{ConversationId, QueueId, UserId},
    medium::Medium,
    why::{Exclusion, Why},
};
use hashbrown::HashMap;
use smallvec::SmallVec;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
};

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

/// Hash maps here are only ever asked for one key: nothing depends on their order.
#[derive(Clone, Debug, Default)]
pub struct Dispatcher {
    /// The latest instant it was told.
    now: At,
    aging_ms: i64,
    queues: BTreeMap<QueueId, Queue>,
    roster: Roster,
    classes: Vec<Class>,
    heads: Vec<Head>,
    class_ids: HashMap<ClassKey, u32>,
    spare_classes: Vec<u32>,
    sweep_at: usize,
    contacts: HashMap<ConversationId, Contact>,
    deadlines: Line,
    agenda: BinaryHeap<Reverse<(Key, Source)>>,
}

#[derive(Clone, Debug)]
struct Queue {
    rules: QueueRules,
    members: Bits,
    member_count: u32,
    /// Named members who have no seat.
    unseated: u32,
    classes: Vec<u32>,
    /// Whose turn was last, for round robin.
    turn: UserId,
}

#[derive(Clone, Debug)]
struct Contact {
    waiting: Waiting,
    class: u32,
    spot: Spot,
    relaxed: u8,
    /// The last thing that happened to it was that its needs relaxed.
    by_relaxing: bool,
    deadline: Option<At>,
}

impl Contact {
    fn new(waiting: Waiting) -> Self {
        // What had relaxed before it came is no news: no count is higher than the one it starts with.
        Self { waiting, class: 0, spot: Spot::Open, relaxed: u8::MAX, by_relaxing: false, deadline: None }
    }
}

/// In which line of its class a contact stands.
#[derive(Clone, Copy, Debug)]
enum Spot {
    Open,
    /// Somebody refused it.
    Picky,
    /// Only this seat may take it for now.
    Kept(u32),
}

impl Queue {
    fn new(rules: QueueRules, words: usize) -> Self {
        let members = Bits::of_words(words);
        Self { rules, members, member_count: 0, unseated: 0, classes: vec![], turn: UserId(i64::MIN) }
    }

    fn serves(&self, agent: UserId) -> bool {
        match &self.rules.members {
            Members::All => true,
            Members::Users(users) => users.binary_search(&agent).is_ok(),
        }
    }

    fn count_members(&mut self) {
        self.member_count = self.members.count();
        self.unseated = match &self.rules.members {
            Members::All => 0,
            Members::Users(users) => users.len() as u32 - self.member_count,
        };
    }
}

impl Dispatcher {
    pub fn new() -> Self {
        Self::default()
    }

    /// One level of priority is worth so many milliseconds of waiting.
    pub fn set_aging(&mut self, aging_ms_per_level: i64) {
        // What is kept for an agent and what is noted stand under ranks, and every rank changes.
        let slots: Vec<u32> = self.roster.occupied().collect();
        let kept = slots.iter().flat_map(|slot| self.roster.slot(*slot).kept.iter().map(|(_, id)| id));
        let kept: Vec<ConversationId> = kept.collect();
        let kept: Vec<Contact> = kept.into_iter().filter_map(|id| self.lift(id)).collect();
        self.aging_ms = aging_ms_per_level;
        self.agenda.clear();
        for slot in slots {
            self.roster.slot_mut(slot).listed = None;
            self.list_seat(slot);
        }
        for class in 0..self.classes.len() as u32 {
            self.classes[class as usize].listed = None;
            self.refresh_head(class);
            self.list_class(class);
        }
        kept.into_iter().for_each(|contact| self.place(contact));
    }

    /// Makes a queue known, or changes it; who waits in it stays. Nobody serves a queue before it is known.
    pub fn set_queue(&mut self, id: QueueId, mut rules: QueueRules) {
        if let Members::Users(users) = &mut rules.members {
            users.sort_unstable();
            users.dedup();
        }
        let words = self.roster.words();
        let queue = self.queues.entry(id).or_insert_with(|| Queue::new(QueueRules::default(), words));
        queue.rules = rules;
        for slot in self.roster.occupied() {
            let serves = queue.serves(self.roster.seat(slot).agent);
            queue.members.set(slot, serves);
        }
        queue.count_members();
        for class in queue.classes.clone() {
            self.fill(class);
            self.list_class(class);
            let kept: Vec<ConversationId> =
                self.classes[class as usize].kept.iter().map(|(_, id)| id).collect();
            kept.into_iter().for_each(|id| self.replace(id));
        }
    }

    /// Forgets a queue and everyone who still waits in it.
    pub fn drop_queue(&mut self, id: QueueId) {
        for contact in self.contacts_in(id) {
            self.lift(contact);
        }
        let classes = self.queues.get(&id).map(|queue| queue.classes.clone()).unwrap_or_default();
        classes.into_iter().for_each(|class| self.drop_class(class));
        self.queues.remove(&id);
    }

    /// An agent appeared or changed in any way: state, skills, limits, work held. `used` and `load` are taken as given.
    pub fn set_seat(&mut self, seat: Seat) {
        let agent = seat.agent;
        let (slot, skills_stay) = match self.roster.find(agent) {
            Some(slot) => (slot, self.roster.seat(slot).skills == seat.skills),
            None => (self.make_room(agent), false),
        };
        self.roster.put(slot, seat);
        if !skills_stay {
            let classes: Vec<u32> =
                self.queues.values().flat_map(|queue| queue.classes.iter().copied()).collect();
            classes.into_iter().for_each(|class| self.fill_one(class, slot));
        }
        self.review_kept(slot);
        self.list_seat(slot);
    }

    fn make_room(&mut self, agent: UserId) -> u32 {
        let (slot, grew) = self.roster.seat_new(agent);
        if grew {
            let words = self.roster.words();
            self.classes.iter_mut().for_each(|class| class.able.grow(words));
            self.queues.values_mut().for_each(|queue| queue.members.grow(words));
        }
        for queue in self.queues.values_mut() {
            let serves = queue.serves(agent);
            queue.members.set(slot, serves);
            queue.count_members();
        }
        slot
    }

    pub fn seat(&self, agent: UserId) -> Option<&Seat> {
        self.roster.find(agent).map(|slot| self.roster.seat(slot))
    }

    pub fn drop_seat(&mut self, agent: UserId) {
        let Some(slot) = self.roster.find(agent) else { return };
        self.roster.put(slot, Seat::new(agent));
        self.review_kept(slot);
        for class in std::mem::take(&mut self.roster.slot_mut(slot).classes) {
            let class = &mut self.classes[class as usize];
            class.able.set(slot, false);
            class.able_count -= 1;
        }
        self.roster.vacate(slot);
        for queue in self.queues.values_mut() {
            queue.members.set(slot, false);
            queue.count_members();
        }
    }

    /// The agent has one more contact of this medium, by a match or by hand, fitting or not; an offer counts too.
    /// From `now` on they count as idle, so that the next contact goes to somebody else first.
    pub fn take(&mut self, agent: UserId, medium: Medium, weight_pct: u16, now: At) {
        if let Some(slot) = self.roster.find(agent) {
            self.roster.take(slot, medium, weight_pct, now);
        }
    }

    /// The agent has one less; from `now` on they count as idle.
    pub fn give_back(&mut self, agent: UserId, medium: Medium, weight_pct: u16, now: At) {
        if let Some(slot) = self.roster.find(agent) {
            self.roster.give_back(slot, medium, weight_pct, now);
            self.list_seat(slot);
        }
    }

    /// Whether an offer is open that must be alone: while it is, the agent gets nothing else.
    pub fn set_offered(&mut self, agent: UserId, offered: bool) {
        if let Some(slot) = self.roster.find(agent) {
            self.roster.set_offered(slot, offered);
            self.list_seat(slot);
        }
    }

    /// A contact begins to wait, or returns to its place. One that already waits is replaced.
    pub fn enqueue(&mut self, waiting: Waiting, now: At) {
        self.now = self.now.max(now);
        self.lift(waiting.conversation);
        self.place(Contact::new(waiting));
    }

    /// The contact waits no longer: it was given to somebody, or left. False when it did not wait.
    pub fn remove(&mut self, conversation: ConversationId) -> bool {
        self.lift(conversation).is_some()
    }

    /// The agent declined or missed a contact that waits: it keeps its place, and never goes to that agent again.
    pub fn refuse(&mut self, conversation: ConversationId, agent: UserId) {
        if let Some(mut contact) = self.lift(conversation) {
            contact.waiting.refused_by.push(agent);
            self.place(contact);
        }
    }

    /// The next assignment that is possible now. Apply it with `remove` and `take`, then ask again: until it is applied
    /// the answer stays the same.
    pub fn next(&mut self, now: At) -> Option<Match> {
        self.advance(now);
        let (rank, source) = self.first_possible()?;
        self.choose(rank, source, now)
    }

    /// When something changes by time alone: needs relax, the wait for a preferred agent ends.
    pub fn next_deadline(&self) -> Option<At> {
        self.deadlines.first().map(|(at, _)| at)
    }

    /// Applies what time alone changes; `next` does it by itself.
    pub fn advance(&mut self, now: At) {
        self.now = self.now.max(now);
        while let Some((_, id)) = self.deadlines.first().filter(|(at, _)| *at <= self.now) {
            self.replace(id);
        }
    }

    pub fn waiting(&self, conversation: ConversationId) -> Option<&Waiting> {
        self.contacts.get(&conversation).map(|contact| &contact.waiting)
    }

    /// The contact's place within its queue, from 1.
    pub fn position(&self, conversation: ConversationId) -> Option<u32> {
        let contact = self.contacts.get(&conversation)?;
        let rank = self.rank(contact);
        let classes = self.queues.get(&contact.waiting.queue)?.classes.iter();
        let before = classes.map(|class| {
            let class = &self.classes[*class as usize];
            let key = self.key_in(class, rank);
            class.lines().into_iter().map(|line| line.before(key)).sum::<usize>()
        });
        Some(before.sum::<usize>() as u32 + 1)
    }

    pub fn waiting_in(&self, queue: QueueId) -> WaitingIn {
        let Some(queue) = self.queues.get(&queue) else { return WaitingIn::default() };
        let lines = queue.classes.iter().flat_map(|class| self.classes[*class as usize].lines());
        lines.fold(WaitingIn::default(), |sum, line| {
            let firsts = sum.longest_since_at.into_iter().chain(line.first().map(|(since_at, _)| since_at));
            WaitingIn { count: sum.count + line.len() as u32, longest_since_at: firsts.min() }
        })
    }

    /// The first contacts of a queue, in order; the n-th has position n.
    pub fn order(&self, queue: QueueId, limit: usize) -> impl Iterator<Item = ConversationId> {
        let classes = self.queues.get(&queue).map_or(&[][..], |queue| &queue.classes);
        let mut lines: Vec<_> = classes
            .iter()
            .map(|class| &self.classes[*class as usize])
            .flat_map(|class| {
                class.lines().map(|line| line.iter().map(|key| self.rank_in(class, key)).peekable())
            })
            .collect();
        let firsts = lines.iter_mut().enumerate().filter_map(|(n, line)| Some(Reverse((*line.peek()?, n))));
        let mut heap: BinaryHeap<_> = firsts.collect();
        std::iter::from_fn(move || {
            let Reverse((_, n)) = heap.pop()?;
            let (_, id) = lines[n].next()?;
            heap.extend(lines[n].peek().map(|rank| Reverse((*rank, n))));
            Some(id)
        })
        .take(limit)
    }

    /// Whether the agent may take the waiting contact now, and if not, why. A contact that does not wait belongs to
    /// nobody's queue: `NotServing`.
    pub fn eligible(&self, conversation: ConversationId, agent: UserId) -> Result<(), Exclusion> {
        let contact = self.contacts.get(&conversation).ok_or(Exclusion::NotServing)?;
        self.exclusion(contact, agent).map_or(Ok(()), Err)
    }

    /// Whether somebody would get one more such contact of the queue at once, and nobody waits there for them.
    pub fn has_room(&self, queue_id: QueueId, medium: Medium, needs: &[Need], weight_pct: u16) -> bool {
        let Some(queue) = self.queues.get(&queue_id) else { return false };
        let (levels, _) = levels_after(needs, 0);
        let mut seats = self.roster.occupied().filter(|slot| queue.members.get(*slot));
        self.waiting_in(queue_id).count == 0
            && seats.any(|slot| {
                let seat = self.roster.seat(slot);
                seat.takes(medium) && seat.fits(medium, weight_pct) && has_levels(seat, &levels)
            })
    }

    /// Whether somebody is signed in who may take such a contact, now or once its needs have relaxed.
    pub fn staffed(&self, queue: QueueId, medium: Medium, needs: &[Need]) -> bool {
        let Some(queue) = self.queues.get(&queue) else { return false };
        self.roster.occupied().filter(|slot| queue.members.get(*slot)).any(|slot| {
            let seat = self.roster.seat(slot);
            seat.is_signed_in() && seat.limits[medium as usize] > 0 && may_ever_take(seat, needs)
        })
    }
}
