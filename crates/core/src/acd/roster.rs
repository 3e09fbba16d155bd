//! All seats, and for each question about them the set of those for whom the answer is yes.

use super::{
    bits::Bits,
    line::{Key, Line},
    seat::Seat,
};
use crate::{At, agent::AgentState, id::UserId, medium::Medium};
use hashbrown::HashMap;

#[derive(Clone, Debug, Default)]
pub(super) struct Roster {
    by_agent: HashMap<UserId, u32>,
    slots: Vec<Slot>,
    faces: Vec<Face>,
    vacant: Vec<u32>,
    pub offline: Bits,
    pub not_ready: Bits,
    pub offered: Bits,
    pub media_off: [Bits; Medium::ALL.len()],
    /// Signed out, not ready, offered something, or with the medium off: whoever takes nothing of a medium now, full or
    /// not.
    pub closed: [Bits; Medium::ALL.len()],
    pub fits: Vec<Fit>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Slot {
    pub seat: Seat,
    pub vacant: bool,
    /// Classes that the agent is able to take.
    pub classes: Vec<u32>,
    /// Contacts kept for this agent, by rank.
    pub kept: Line,
    /// The rank under which the agenda holds the seat.
    pub listed: Option<Key>,
    /// For how many fits the agent is free.
    pub free_for: u32,
}

/// What choices compare and name of a seat, side by side in memory: each choice looks at all who are free.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Face {
    pub agent: UserId,
    pub idle_since_at: At,
    pub load: u32,
}

/// Who could take one more contact of a medium and weight now.
#[derive(Clone, Debug)]
pub(super) struct Fit {
    medium: Medium,
    weight_pct: u16,
    pub free: Bits,
    pub free_count: u32,
}

impl Roster {
    pub fn find(&self, agent: UserId) -> Option<u32> {
        self.by_agent.get(&agent).copied()
    }

    pub fn slot(&self, slot: u32) -> &Slot {
        &self.slots[slot as usize]
    }

    pub fn slot_mut(&mut self, slot: u32) -> &mut Slot {
        &mut self.slots[slot as usize]
    }

    pub fn seat(&self, slot: u32) -> &Seat {
        &self.slots[slot as usize].seat
    }

    pub fn face(&self, slot: u32) -> &Face {
        &self.faces[slot as usize]
    }

    /// How many words a set of all seats has.
    pub fn words(&self) -> usize {
        self.slots.len().div_ceil(64)
    }

    pub fn occupied(&self) -> impl Iterator<Item = u32> {
        (0..self.slots.len() as u32).filter(|slot| !self.slots[*slot as usize].vacant)
    }

    /// A place for a new agent. True when sets kept elsewhere must grow to `words`.
    pub fn seat_new(&mut self, agent: UserId) -> (u32, bool) {
        let words = self.words();
        let slot = self.vacant.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            self.faces.push(Face::default());
            self.slots.len() as u32 - 1
        });
        self.slots[slot as usize].vacant = false;
        self.by_agent.insert(agent, slot);
        let grew = self.words() > words;
        if grew {
            let words = self.words();
            let states = [&mut self.offline, &mut self.not_ready, &mut self.offered];
            let fits = self.fits.iter_mut().map(|fit| &mut fit.free);
            states
                .into_iter()
                .chain(&mut self.media_off)
                .chain(&mut self.closed)
                .chain(fits)
                .for_each(|bits| bits.grow(words));
        }
        (slot, grew)
    }

    /// Puts down what a seat is now.
    pub fn put(&mut self, slot: u32, seat: Seat) {
        self.offline.set(slot, seat.state == AgentState::Offline);
        self.not_ready.set(slot, seat.state == AgentState::NotReady);
        self.offered.set(slot, seat.offered);
        for medium in Medium::ALL {
            let off = seat.no_new || seat.limits[medium as usize] == 0 || seat.media_off.contains(&medium);
            self.media_off[medium as usize].set(slot, off);
        }
        self.slots[slot as usize].seat = seat;
        self.reopen(slot);
    }

    pub fn vacate(&mut self, slot: u32) {
        self.by_agent.remove(&self.slots[slot as usize].seat.agent);
        // A signed-out seat is in no set that matters until somebody sits there again.
        self.put(slot, Seat::default());
        self.slots[slot as usize] = Slot { vacant: true, ..Slot::default() };
        self.vacant.push(slot);
    }

    pub fn take(&mut self, slot: u32, medium: Medium, weight_pct: u16, now: At) {
        let seat = &mut self.slots[slot as usize].seat;
        seat.hold(medium, weight_pct);
        seat.idle_since_at = now;
        self.refit(slot);
    }

    pub fn give_back(&mut self, slot: u32, medium: Medium, weight_pct: u16, now: At) {
        let seat = &mut self.slots[slot as usize].seat;
        seat.give_back(medium, weight_pct);
        seat.idle_since_at = now;
        self.refit(slot);
    }

    pub fn set_offered(&mut self, slot: u32, offered: bool) {
        self.slots[slot as usize].seat.offered = offered;
        self.offered.set(slot, offered);
        self.reopen(slot);
    }

    /// The number of the fit for a medium and weight, made on first need.
    pub fn fit(&mut self, medium: Medium, weight_pct: u16) -> u32 {
        let known = self.fits.iter().position(|fit| fit.medium == medium && fit.weight_pct == weight_pct);
        let index = known.unwrap_or_else(|| {
            self.fits.push(Fit { medium, weight_pct, free: Bits::of_words(self.words()), free_count: 0 });
            for slot in 0..self.slots.len() as u32 {
                self.refit(slot);
            }
            self.fits.len() - 1
        });
        index as u32
    }

    pub fn is_free(&self, slot: u32, fit: u32) -> bool {
        self.fits[fit as usize].free.get(slot)
    }

    /// Notes for which media the seat takes nothing, and then where it is free.
    fn reopen(&mut self, slot: u32) {
        let seat = &self.slots[slot as usize].seat;
        let takes_none = seat.state != AgentState::Ready || seat.offered;
        for (closed, off) in self.closed.iter_mut().zip(&self.media_off) {
            closed.set(slot, takes_none || off.get(slot));
        }
        self.refit(slot);
    }

    /// Notes what the seat shows and where it is free, after what it holds has changed.
    fn refit(&mut self, slot: u32) {
        let Slot { seat, free_for, .. } = &mut self.slots[slot as usize];
        self.faces[slot as usize] =
            Face { agent: seat.agent, idle_since_at: seat.idle_since_at, load: seat.load };
        for fit in &mut self.fits {
            let free = !self.closed[fit.medium as usize].get(slot) && seat.fits(fit.medium, fit.weight_pct);
            if free && !fit.free.get(slot) {
                fit.free.set(slot, true);
                fit.free_count += 1;
                *free_for += 1;
            } else if !free && fit.free.get(slot) {
                fit.free.set(slot, false);
                fit.free_count -= 1;
                *free_for -= 1;
            }
        }
    }
}
