//! Where a contact stands while it waits: its class, its line there, and its way on to other classes as needs relax.

use super::{
    Contact, Dispatcher, Members, Queue, QueueRules, Spot,
    bits::{Bits, slots_of},
    class::{Class, ClassKey, has_levels, levels_after, next_step},
    line::{Key, Line},
};
use crate::id::{ConversationId, QueueId};
use std::cmp::Reverse;

/// What in the agenda may have become possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    /// The first contact of a class, for which somebody may be free.
    Class(u32),
    /// The first contact that an agent may take, who became free.
    Seat(u32),
}

/// What an agent's scan for the next contact needs to know of a class, side by side in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    /// The first contact's rank; `NOBODY` while only contacts kept for one agent wait, or none.
    pub rank: Key,
    pub fit: u32,
}

/// The rank of an empty class: after all others.
pub(super) const NOBODY: Key = (i64::MAX, ConversationId(i64::MAX));
/// The rank of what has not been looked at yet: before all others.
const UNKNOWN: Key = (i64::MIN, ConversationId(i64::MIN));

/// Classes are few, but needs come from configuration and change over months: beyond so many the empty ones go.
const CLASSES_BEFORE_SWEEP: usize = 512;

impl Dispatcher {
    /// What rank and `since_at` differ by in a class.
    fn credit(&self, priority: u8) -> i64 {
        i64::from(priority) * self.aging_ms
    }

    pub(super) fn rank(&self, contact: &Contact) -> Key {
        (contact.waiting.since_at - self.credit(contact.waiting.priority), contact.waiting.conversation)
    }

    /// The key in a class's lines of what has this rank.
    pub(super) fn key_in(&self, class: &Class, rank: Key) -> Key {
        (rank.0 + self.credit(class.key.priority), rank.1)
    }

    pub(super) fn rank_in(&self, class: &Class, key: Key) -> Key {
        (key.0 - self.credit(class.key.priority), key.1)
    }

    /// Puts a contact into the class that it belongs to now.
    pub(super) fn place(&mut self, mut contact: Contact) {
        let now = self.now;
        let waiting = &contact.waiting;
        let (levels, relaxed) = levels_after(&waiting.needs, now - waiting.since_at);
        let class = self.class_of(ClassKey {
            queue: waiting.queue,
            medium: waiting.medium,
            weight_pct: waiting.weight_pct,
            priority: waiting.priority,
            levels,
        });
        let keeper = self.keeper(&contact, class);
        if keeper.is_none() {
            // An agent who cannot take it now is not waited for, even if they come back in time.
            contact.waiting.prefer = None;
        }
        let relaxes_at = next_step(&contact.waiting.needs, contact.waiting.since_at, now);
        let prefers_until = contact.waiting.prefer.map(|prefer| prefer.until_at);
        contact.deadline = relaxes_at.into_iter().chain(prefers_until).min();
        contact.by_relaxing = relaxed > contact.relaxed;
        contact.relaxed = relaxed;
        contact.class = class;
        contact.spot = match keeper {
            Some(slot) => Spot::Kept(slot),
            None if !contact.waiting.refused_by.is_empty() => Spot::Picky,
            None => Spot::Open,
        };

        let id = contact.waiting.conversation;
        if let Some(at) = contact.deadline {
            self.deadlines.insert((at, id));
        }
        let rank = self.rank(&contact);
        self.line_of(&contact).insert((contact.waiting.since_at, id));
        let spot = contact.spot;
        self.contacts.insert(id, contact);
        match spot {
            Spot::Kept(slot) => {
                self.roster.slot_mut(slot).kept.insert(rank);
                self.list_seat(slot);
            }
            Spot::Open | Spot::Picky => {
                self.refresh_head(class);
                self.list_class(class);
            }
        }
    }

    /// Takes a contact out of its class and every line.
    pub(super) fn lift(&mut self, id: ConversationId) -> Option<Contact> {
        let contact = self.contacts.remove(&id)?;
        if let Some(at) = contact.deadline {
            self.deadlines.remove((at, id));
        }
        self.line_of(&contact).remove((contact.waiting.since_at, id));
        match contact.spot {
            Spot::Kept(slot) => {
                let rank = self.rank(&contact);
                self.roster.slot_mut(slot).kept.remove(rank);
            }
            Spot::Open | Spot::Picky => self.refresh_head(contact.class),
        }
        Some(contact)
    }

    /// Places a contact anew after something about it or its agents changed.
    pub(super) fn replace(&mut self, id: ConversationId) {
        if let Some(contact) = self.lift(id) {
            self.place(contact);
        }
    }

    fn line_of(&mut self, contact: &Contact) -> &mut Line {
        let class = &mut self.classes[contact.class as usize];
        match contact.spot {
            Spot::Open => &mut class.open,
            Spot::Picky => &mut class.picky,
            Spot::Kept(_) => &mut class.kept,
        }
    }

    /// The seat that a contact is kept for: its preferred agent, signed in and able.
    fn keeper(&self, contact: &Contact, class: u32) -> Option<u32> {
        let waiting = &contact.waiting;
        let prefer = waiting.prefer.filter(|prefer| prefer.until_at > self.now)?;
        let slot = self.roster.find(prefer.agent)?;
        let seat = self.roster.seat(slot);
        let can = seat.is_signed_in()
            && seat.limits[waiting.medium as usize] > 0
            && self.classes[class as usize].able.get(slot)
            && !waiting.refused_by.contains(&prefer.agent);
        can.then_some(slot)
    }

    /// Places those anew who are kept for an agent, where that may no longer be possible.
    pub(super) fn review_kept(&mut self, slot: u32) {
        let kept: Vec<ConversationId> = self.roster.slot(slot).kept.iter().map(|(_, id)| id).collect();
        kept.into_iter().for_each(|id| self.replace(id));
    }

    // ── classes ──

    fn class_of(&mut self, key: ClassKey) -> u32 {
        if let Some(class) = self.class_ids.get(&key) {
            return *class;
        }
        if self.class_ids.len() >= self.sweep_at.max(CLASSES_BEFORE_SWEEP) {
            self.sweep();
        }
        let fit = self.roster.fit(key.medium, key.weight_pct);
        let words = self.roster.words();
        let fresh = Class {
            key: key.clone(),
            fit,
            able: Bits::of_words(words),
            able_count: 0,
            open: Line::default(),
            picky: Line::default(),
            kept: Line::default(),
            listed: None,
        };
        let class = match self.spare_classes.pop() {
            Some(class) => {
                self.classes[class as usize] = fresh;
                class
            }
            None => {
                self.classes.push(fresh);
                self.heads.push(Head { rank: NOBODY, fit });
                self.classes.len() as u32 - 1
            }
        };
        self.heads[class as usize] = Head { rank: NOBODY, fit };
        let unknown =
            || Queue::new(QueueRules { members: Members::Users(vec![]), ..Default::default() }, words);
        self.queues.entry(key.queue).or_insert_with(unknown).classes.push(class);
        self.class_ids.insert(key, class);
        self.fill(class);
        class
    }

    /// Works out who is able to take a class.
    pub(super) fn fill(&mut self, class: u32) {
        let it = &self.classes[class as usize];
        let members = self.queues.get(&it.key.queue).map_or(&[][..], |queue| queue.members.words());
        let able = it.able.words();
        let concerned = members.iter().zip(able).enumerate();
        let slots: Vec<u32> =
            concerned.flat_map(|(at, (member, able))| slots_of(at, member | able)).collect();
        slots.into_iter().for_each(|slot| self.fill_one(class, slot));
    }

    pub(super) fn fill_one(&mut self, class: u32, slot: u32) {
        let it = &mut self.classes[class as usize];
        let able = has_levels(self.roster.seat(slot), &it.key.levels)
            && self.queues.get(&it.key.queue).is_some_and(|queue| queue.members.get(slot));
        if able == it.able.get(slot) {
            return;
        }
        it.able.set(slot, able);
        it.able_count = if able { it.able_count + 1 } else { it.able_count - 1 };
        let classes = &mut self.roster.slot_mut(slot).classes;
        if able {
            classes.push(class);
        } else {
            classes.retain(|other| *other != class);
        }
    }

    fn sweep(&mut self) {
        let all = self.queues.values().flat_map(|queue| queue.classes.iter().copied());
        let empty: Vec<u32> = all.filter(|class| self.classes[*class as usize].is_empty()).collect();
        empty.into_iter().for_each(|class| self.drop_class(class));
        // Sweeping again only after as many more: each sweep is paid for by the classes made since.
        self.sweep_at = self.class_ids.len() * 2;
    }

    pub(super) fn drop_class(&mut self, class: u32) {
        let it = &mut self.classes[class as usize];
        it.listed = None;
        self.class_ids.remove(&it.key);
        let queue = it.key.queue;
        let slots: Vec<u32> = self.roster.occupied().filter(|slot| it.able.get(*slot)).collect();
        for slot in slots {
            self.roster.slot_mut(slot).classes.retain(|other| *other != class);
        }
        if let Some(queue) = self.queues.get_mut(&queue) {
            queue.classes.retain(|other| *other != class);
        }
        self.spare_classes.push(class);
    }

    pub(super) fn contacts_in(&self, queue: QueueId) -> Vec<ConversationId> {
        let classes = self.queues.get(&queue).map_or(&[][..], |queue| &queue.classes);
        let lines = classes.iter().flat_map(|class| self.classes[*class as usize].lines());
        lines.flat_map(|line| line.iter().map(|(_, id)| id)).collect()
    }

    // ── the agenda ──

    pub(super) fn refresh_head(&mut self, class: u32) {
        let it = &self.classes[class as usize];
        let first = it.open.first().into_iter().chain(it.picky.first()).min();
        self.heads[class as usize].rank = first.map_or(NOBODY, |key| self.rank_in(it, key));
    }

    /// Notes that the first contact of a class may find somebody free. Where nobody is, whoever becomes free is noted.
    pub(super) fn list_class(&mut self, class: u32) {
        let head = self.heads[class as usize];
        let it = &mut self.classes[class as usize];
        if head.rank == NOBODY || it.listed.is_some_and(|listed| listed <= head.rank) {
            return;
        }
        let fit = &self.roster.fits[head.fit as usize];
        if fit.free_count > 0 && it.able.meets(&fit.free) {
            it.listed = Some(head.rank);
            self.agenda.push(Reverse((head.rank, Source::Class(class))));
        }
    }

    /// Notes that an agent may have room for somebody who waits.
    pub(super) fn list_seat(&mut self, slot: u32) {
        let it = self.roster.slot_mut(slot);
        if it.free_for > 0 && it.listed != Some(UNKNOWN) {
            it.listed = Some(UNKNOWN);
            self.agenda.push(Reverse((UNKNOWN, Source::Seat(slot))));
        }
    }
}
