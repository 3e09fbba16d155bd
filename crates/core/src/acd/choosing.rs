//! Which contact is next, which agent gets it, and why.

use super::{
    Contact, Dispatcher, Match, Spot,
    bits::slots_of,
    class::Class,
    line::Key,
    placing::{NOBODY, Source},
};
use crate::{
    At,
    config::Strategy,
    id::UserId,
    why::{Candidate, Cause, Excluded, Exclusion, Why},
};
use smallvec::SmallVec;
use std::cmp::Reverse;

/// So many are named in a *why*; all are counted.
const NAMED: usize = 8;

/// Reasons in the order in which they are looked for: the first that applies is the one that is told.
const REASONS: [Exclusion; 8] = [
    Exclusion::LacksSkill,
    Exclusion::Offline,
    Exclusion::NotReady,
    Exclusion::MediumOff,
    Exclusion::Offered,
    Exclusion::Full,
    Exclusion::Declined,
    Exclusion::KeptForLast,
];

/// An agent who could take the contact, by what the strategy compares; the least is the best.
type Rated = (i64, At, UserId, u32);

#[derive(Default)]
struct Group {
    count: u32,
    named: SmallVec<[UserId; NAMED]>,
}

impl Dispatcher {
    /// The first contact of the agenda that somebody may take, and what brought it up.
    pub(super) fn first_possible(&mut self) -> Option<(Key, Source)> {
        loop {
            let Reverse((noted, source)) = self.agenda.pop()?;
            let (listed, found) = match source {
                Source::Class(class) => (self.classes[class as usize].listed, self.first_in_class(class)),
                Source::Seat(slot) => (self.roster.slot(slot).listed, self.first_for_seat(slot)),
            };
            if listed != Some(noted) {
                // An earlier note replaced this one.
                continue;
            }
            match source {
                Source::Class(class) => self.classes[class as usize].listed = found,
                Source::Seat(slot) => self.roster.slot_mut(slot).listed = found,
            }
            let Some(rank) = found else { continue };
            // What else is noted is no later than it really is; this is exact, so it is first if it sorts first.
            let first = self.agenda.peek().is_none_or(|Reverse(other)| (rank, source) <= *other);
            // The note stays until nothing is found under it: the caller may ask again without applying.
            self.agenda.push(Reverse((rank, source)));
            if first {
                return Some((rank, source));
            }
        }
    }

    fn first_in_class(&self, class: u32) -> Option<Key> {
        let it = &self.classes[class as usize];
        let free = &self.roster.fits[it.fit as usize].free;
        let nobody_free = self.roster.fits[it.fit as usize].free_count == 0 || !it.able.meets(free);
        if nobody_free || self.heads[class as usize].rank == NOBODY {
            return None;
        }
        let open = it.open.first();
        if it.picky.is_empty() {
            return open.map(|key| self.rank_in(it, key));
        }
        let free_count = it.able.count_common(free);
        let picky = it.picky.iter().take_while(|key| open.is_none_or(|open| *key < open)).find(|(_, id)| {
            let refusing = self.refusing(&self.contacts[id]).into_iter();
            refusing.filter(|slot| it.able.get(*slot) && free.get(*slot)).count() < free_count as usize
        });
        picky.or(open).map(|key| self.rank_in(it, key))
    }

    /// The seats of those who refused a contact, each once.
    fn refusing(&self, contact: &Contact) -> SmallVec<[u32; 4]> {
        let refused_by = contact.waiting.refused_by.iter();
        let mut slots: SmallVec<[u32; 4]> = refused_by.filter_map(|agent| self.roster.find(*agent)).collect();
        slots.sort_unstable();
        slots.dedup();
        slots
    }

    fn first_for_seat(&self, slot: u32) -> Option<Key> {
        let it = self.roster.slot(slot);
        if it.free_for == 0 {
            return None;
        }
        let mut best = NOBODY;
        for class in &it.classes {
            let head = self.heads[*class as usize];
            if head.rank < best && self.roster.is_free(slot, head.fit) {
                best = best.min(self.first_open_to(&self.classes[*class as usize], it.seat.agent));
            }
        }
        let kept = it.kept.iter().take_while(|rank| *rank < best).find(|(_, id)| {
            let class = self.contacts[id].class;
            self.roster.is_free(slot, self.classes[class as usize].fit)
        });
        let best = kept.unwrap_or(best);
        (best != NOBODY).then_some(best)
    }

    /// The first contact of a class that an agent has not refused.
    fn first_open_to(&self, class: &Class, agent: UserId) -> Key {
        let open = class.open.first();
        if class.picky.is_empty() {
            return open.map_or(NOBODY, |key| self.rank_in(class, key));
        }
        let picky = class
            .picky
            .iter()
            .take_while(|key| open.is_none_or(|open| *key < open))
            .find(|(_, id)| !self.contacts[id].waiting.refused_by.contains(&agent));
        picky.or(open).map_or(NOBODY, |key| self.rank_in(class, key))
    }

    /// Chooses the agent for a contact that somebody may take, and says why.
    pub(super) fn choose(&mut self, rank: Key, source: Source, now: At) -> Option<Match> {
        let contact = self.contacts.get(&rank.1)?;
        let class = &self.classes[contact.class as usize];
        let queue = self.queues.get(&contact.waiting.queue)?;
        let mut groups: [Group; REASONS.len()] = Default::default();
        let mut best: SmallVec<[Rated; NAMED + 1]> = SmallVec::new();
        let mut candidate_count = 0;

        let (roster, medium) = (&self.roster, contact.waiting.medium as usize);
        let (members, able) = (queue.members.words(), class.able.words());
        let (closed, free) = (roster.closed[medium].words(), roster.fits[class.fit as usize].free.words());
        let refusing = self.refusing(contact);
        let keeper = if let Spot::Kept(slot) = contact.spot { Some(slot) } else { None };
        let name = |slot| roster.face(slot).agent;

        let [lacking, offline, not_ready, medium_off, offered, full, declined, kept] = &mut groups;
        lacking.count = queue.member_count - class.able_count;
        lacking.name_all((0..members.len()).map(|at| members[at] & !able[at]), name);
        for at in 0..able.len() {
            let able = able[at];
            let mut rest = able & free[at];
            let busy = able & !free[at];
            if busy == 0 && rest == 0 {
                continue;
            }
            let mut shut = busy & closed[at];
            full.name_more(at, busy & !shut, name);
            if shut != 0 {
                // Each reason takes its part of those who are left.
                for (group, mask) in [
                    (&mut *offline, &roster.offline),
                    (&mut *not_ready, &roster.not_ready),
                    (&mut *medium_off, &roster.media_off[medium]),
                    (&mut *offered, &roster.offered),
                ] {
                    let mask = mask.words()[at];
                    group.add(at, shut & mask, name);
                    shut &= !mask;
                }
            }
            if rest == 0 {
                continue;
            }
            let no = refusing.iter().filter(|slot| **slot as usize / 64 == at);
            let no = no.fold(0, |word, slot| word | 1 << (slot % 64));
            declined.add(at, rest & no, name);
            rest &= !no;
            if let Some(slot) = keeper {
                let own = if slot as usize / 64 == at { 1 << (slot % 64) } else { 0 };
                kept.add(at, rest & !own, name);
                rest &= own;
            }
            candidate_count += rest.count_ones();
            for slot in slots_of(at, rest) {
                let rated = self.rated(queue.rules.strategy, queue.turn, class, slot);
                if best.len() < NAMED || best.last().is_some_and(|last| rated < *last) {
                    let place = best.partition_point(|other| *other < rated);
                    best.insert(place, rated);
                    best.truncate(NAMED);
                }
            }
        }
        // All who are able and were not counted elsewhere are full: nearly all, so they are not counted one by one.
        let told = [&*offline, not_ready, medium_off, offered, declined, kept].map(|group| group.count);
        full.count = class.able_count - candidate_count - told.iter().sum::<u32>();
        // Members who have never had a seat cannot be anything but signed out.
        offline.count += queue.unseated;

        let agent = best.first()?.2;
        let cause = match source {
            _ if keeper.is_some() => Cause::LastAgent,
            Source::Seat(_) => Cause::AgentFree,
            Source::Class(_) if contact.by_relaxing => Cause::Relaxed,
            Source::Class(_) => Cause::ContactArrived,
        };
        let strategy = keeper.is_none().then_some(queue.rules.strategy);
        let candidates = best.iter().enumerate();
        let why = Why {
            cause,
            strategy,
            waited_ms: now - contact.waiting.since_at,
            priority: contact.waiting.priority,
            relaxed: contact.relaxed,
            candidates: candidates
                .map(|(turn, rated)| candidate(queue.rules.strategy, turn, rated, now))
                .collect(),
            candidate_count,
            excluded: groups
                .into_iter()
                .zip(REASONS)
                .filter_map(|(group, reason)| group.told(reason))
                .collect(),
        };
        let found = Match {
            conversation: rank.1,
            agent,
            queue: contact.waiting.queue,
            medium: contact.waiting.medium,
            weight_pct: contact.waiting.weight_pct,
            why,
        };
        if strategy == Some(Strategy::RoundRobin)
            && let Some(queue) = self.queues.get_mut(&found.queue)
        {
            queue.turn = agent;
        }
        Some(found)
    }

    fn rated(&self, strategy: Strategy, turn: UserId, class: &Class, slot: u32) -> Rated {
        let face = self.roster.face(slot);
        let measure = match strategy {
            Strategy::LongestIdle => 0,
            Strategy::LeastLoaded => i64::from(face.load),
            // The next in the order of ids after the one whose turn was last.
            Strategy::RoundRobin => return (i64::from(face.agent <= turn), 0, face.agent, slot),
            Strategy::HighestSkill => {
                let seat = self.roster.seat(slot);
                let levels = class.key.levels.iter().map(|(skill, _)| i64::from(seat.level(*skill)));
                -levels.sum::<i64>()
            }
        };
        (measure, face.idle_since_at, face.agent, slot)
    }

    pub(super) fn exclusion(&self, contact: &Contact, agent: UserId) -> Option<Exclusion> {
        let Some(slot) = self.roster.find(agent) else { return Some(Exclusion::Offline) };
        let waiting = &contact.waiting;
        let class = &self.classes[contact.class as usize];
        if !self.queues.get(&waiting.queue).is_some_and(|queue| queue.members.get(slot)) {
            return Some(Exclusion::NotServing);
        }
        let applies = [
            !class.able.get(slot),
            self.roster.offline.get(slot),
            self.roster.not_ready.get(slot),
            self.roster.media_off[waiting.medium as usize].get(slot),
            self.roster.offered.get(slot),
            !self.roster.is_free(slot, class.fit),
            waiting.refused_by.contains(&agent),
            matches!(contact.spot, Spot::Kept(keeper) if keeper != slot),
        ];
        REASONS.into_iter().zip(applies).find_map(|(reason, applies)| applies.then_some(reason))
    }
}

impl Group {
    fn add(&mut self, word_index: usize, word: u64, name: impl Fn(u32) -> UserId) {
        if word != 0 {
            self.count += word.count_ones();
            self.name_more(word_index, word, name);
        }
    }

    fn name_more(&mut self, word_index: usize, word: u64, name: impl Fn(u32) -> UserId) {
        if self.named.len() < NAMED {
            self.named.extend(slots_of(word_index, word).take(NAMED - self.named.len()).map(name));
        }
    }

    /// Names the first of a set whose size is known.
    fn name_all(&mut self, words: impl Iterator<Item = u64>, name: impl Fn(u32) -> UserId) {
        let slots = words.enumerate().flat_map(|(at, word)| slots_of(at, word));
        self.named.extend(slots.take(NAMED.min(self.count as usize)).map(name));
    }

    fn told(self, reason: Exclusion) -> Option<Excluded> {
        (self.count > 0).then(|| Excluded { reason, count: self.count, agents: self.named.into_vec() })
    }
}

/// What the strategy compared, as people read it.
fn candidate(strategy: Strategy, turn: usize, rated: &Rated, now: At) -> Candidate {
    let (compared, idle_since_at, agent, _) = *rated;
    let measure = match strategy {
        Strategy::LongestIdle => now - idle_since_at,
        Strategy::LeastLoaded => compared,
        Strategy::RoundRobin => turn as i64 + 1,
        Strategy::HighestSkill => -compared,
    };
    Candidate { agent, measure }
}
