//! Contacts that the same agents may take form a class: the same queue, medium, weight, priority and needs as they
//! stand now. Within a class who waits longest goes first.

use super::{
    bits::Bits,
    line::{Key as LineKey, Line},
    seat::Seat,
};
use crate::{
    At,
    config::Need,
    id::{QueueId, SkillId},
    medium::Medium,
};
use smallvec::SmallVec;

/// Needs at one instant: skill and least level, by skill.
pub(super) type Levels = SmallVec<[(SkillId, u8); 2]>;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ClassKey {
    pub queue: QueueId,
    pub medium: Medium,
    pub weight_pct: u16,
    pub priority: u8,
    pub levels: Levels,
}

#[derive(Clone, Debug)]
pub(super) struct Class {
    pub key: ClassKey,
    /// Which of the roster's fits tells who has room for it.
    pub fit: u32,
    /// Seats that serve the queue and have the skills, whatever their state.
    pub able: Bits,
    pub able_count: u32,
    /// Whom every able agent may take.
    pub open: Line,
    /// Contacts that somebody refused.
    pub picky: Line,
    /// Contacts kept for one agent; here they only count for places.
    pub kept: Line,
    /// The rank under which the agenda holds the class.
    pub listed: Option<LineKey>,
}

impl Class {
    pub fn is_empty(&self) -> bool {
        self.open.is_empty() && self.picky.is_empty() && self.kept.is_empty()
    }

    pub fn lines(&self) -> [&Line; 3] {
        [&self.open, &self.picky, &self.kept]
    }
}

pub(super) fn has_levels(seat: &Seat, levels: &[(SkillId, u8)]) -> bool {
    levels.iter().all(|(skill, level)| seat.level(*skill) >= *level)
}

/// What is needed of an agent after so long a wait, and how many steps have relaxed. The latest step that is due
/// counts, whatever the order they are written in; where a skill is needed twice the higher level counts.
pub(super) fn levels_after(needs: &[Need], waited_ms: i64) -> (Levels, u8) {
    let mut levels = Levels::new();
    let mut relaxed = 0;
    for need in needs {
        let due = need.relax.iter().filter(|step| i64::from(step.after_s) * 1_000 <= waited_ms);
        relaxed += due.clone().count();
        // Of two steps at the same time the one written later counts.
        let level = due.max_by_key(|step| step.after_s).map_or(need.level, |step| step.level);
        if level == 0 {
            continue;
        }
        match levels.iter_mut().find(|(skill, _)| *skill == need.skill) {
            Some((_, higher)) => *higher = level.max(*higher),
            None => levels.push((need.skill, level)),
        }
    }
    levels.sort_unstable();
    (levels, relaxed.min(u8::MAX as usize) as u8)
}

/// When the next step of relaxation is due, after `now`.
pub(super) fn next_step(needs: &[Need], since_at: At, now: At) -> Option<At> {
    needs
        .iter()
        .flat_map(|need| &need.relax)
        .map(|step| since_at + i64::from(step.after_s) * 1_000)
        .filter(|due_at| *due_at > now)
        .min()
}

/// The least that is ever asked for each need: what an agent must have to take such a contact some time.
pub(super) fn may_ever_take(seat: &Seat, needs: &[Need]) -> bool {
    needs.iter().all(|need| {
        let least = need.relax.iter().map(|step| step.level).min().unwrap_or(need.level).min(need.level);
        seat.level(need.skill) >= least
    })
}
