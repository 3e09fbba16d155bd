//! An agent as the dispatcher sees one: what they can do, and how much of them is in use.

use crate::{
    At,
    agent::AgentState,
    id::{SkillId, UserId},
    medium::Medium,
};
use smallvec::SmallVec;

/// The whole of an agent's capacity, in ten-thousandths.
pub const CAPACITY: u32 = 10_000;

/// How much of an agent's capacity one contact takes: with a limit of 5 a fifth, times the queue's weight. Never more
/// than all of it, so that a heavy weight cannot make a contact impossible for everyone.
pub fn share(limit: u8, weight_pct: u16) -> u32 {
    let limit = u32::from(limit.max(1));
    (CAPACITY * u32::from(weight_pct) / (100 * limit)).min(CAPACITY)
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seat {
    pub agent: UserId,
    pub state: AgentState,
    /// Media whose new contacts the agent does not take now, whatever the limits say.
    pub media_off: SmallVec<[Medium; 2]>,
    /// Keeps the present contacts, takes no new ones.
    pub no_new: bool,
    pub idle_since_at: At,
    /// At most so many of each medium at once, by `Medium as usize`; 0: never.
    pub limits: [u8; Medium::ALL.len()],
    /// How many of each medium the agent holds: offers, active contacts and wrap-up.
    pub used: [u8; Medium::ALL.len()],
    /// What they take together, in ten-thousandths.
    pub load: u32,
    pub skills: SmallVec<[(SkillId, u8); 4]>,
    /// Has an open offer that must be alone, such as a ringing telephone.
    pub offered: bool,
}

impl Seat {
    /// A seat with each medium's usual limit, signed out.
    pub fn new(agent: UserId) -> Self {
        let mut limits = [0; Medium::ALL.len()];
        for medium in Medium::ALL {
            limits[medium as usize] = medium.usual_limit();
        }
        Self { agent, limits, ..Self::default() }
    }

    /// Counts one held contact, as when a seat is put together from stored rows.
    pub fn hold(&mut self, medium: Medium, weight_pct: u16) {
        self.used[medium as usize] = self.used[medium as usize].saturating_add(1);
        self.load += share(self.limits[medium as usize], weight_pct);
    }

    pub(super) fn give_back(&mut self, medium: Medium, weight_pct: u16) {
        let used = &mut self.used[medium as usize];
        *used = used.saturating_sub(1);
        let share = share(self.limits[medium as usize], weight_pct);
        // Limits may have changed since it was taken: with nothing held, nothing is in use.
        self.load = if self.used == [0; Medium::ALL.len()] { 0 } else { self.load.saturating_sub(share) };
    }

    /// Whether one more contact of the medium fits beside what the agent holds.
    pub fn fits(&self, medium: Medium, weight_pct: u16) -> bool {
        let limit = self.limits[medium as usize];
        self.used[medium as usize] < limit && self.load + share(limit, weight_pct) <= CAPACITY
    }

    /// Whether new contacts of the medium may come to this agent at all now.
    pub fn takes(&self, medium: Medium) -> bool {
        self.state == AgentState::Ready && !self.no_new && !self.offered && !self.media_off.contains(&medium)
    }

    pub fn is_signed_in(&self) -> bool {
        self.state != AgentState::Offline
    }

    pub fn level(&self, skill: SkillId) -> u8 {
        self.skills.iter().find(|(id, _)| *id == skill).map_or(0, |(_, level)| *level)
    }
}
