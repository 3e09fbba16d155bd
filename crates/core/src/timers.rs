//! The engine's one timer heap. An entry is a hint: when it comes up, the state decides whether it still holds.

use crate::{
    At, agent::AgentState, conversation::Phase, engine::Engine, event::OfferEnd, id::*, log::Cause, sites,
};
use std::{cmp::Reverse, collections::BinaryHeap};

/// A contact that somebody declined or missed may be offered to them again after this time: nobody waits for ever
/// because everyone said no once.
const ASK_AGAIN_MS: i64 = 60_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    Offer(ConversationId),
    WrapUp(ConversationId),
    Idle(ConversationId),
    Overflow(ConversationId),
    /// Whoever declined or missed it may be asked again.
    AskAgain(ConversationId),
    Grace(UserId),
    Reserved(ConversationId),
}

#[derive(Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<(At, Timer)>>,
}

impl Timers {
    pub fn set(&mut self, due_at: At, timer: Timer) {
        self.heap.push(Reverse((due_at, timer)));
    }

    pub fn next(&self) -> Option<At> {
        self.heap.peek().map(|Reverse((due_at, _))| *due_at)
    }

    fn due(&mut self, now: At) -> Option<Timer> {
        match self.next() {
            Some(due_at) if due_at <= now => self.heap.pop().map(|Reverse((_, timer))| timer),
            _ => None,
        }
    }
}

impl Engine {
    pub(crate) fn run_timers(&mut self, now: At) {
        self.acd.advance(now);
        while let Some(timer) = self.timers.due(now) {
            match timer {
                Timer::Offer(id) => {
                    let due = self
                        .conversations
                        .get(&id)
                        .and_then(|it| it.offer)
                        .is_some_and(|it| it.until_at <= now);
                    if due {
                        self.end_offer(Cause::system(now), id, OfferEnd::TimedOut);
                    }
                }
                Timer::WrapUp(id) => {
                    let due = self
                        .conversations
                        .get(&id)
                        .and_then(|it| it.wrap_until_at)
                        .is_some_and(|at| at <= now);
                    if due {
                        self.end_wrap_up(Cause::system(now), id, crate::event::WrapUpEnd::TimeLimit);
                    }
                }
                Timer::Idle(id) => self.check_idle(now, id),
                Timer::Overflow(id) => self.check_overflow(now, id),
                Timer::AskAgain(id) => self.ask_again(now, id),
                Timer::Reserved(id) => self.check_reserved(now, id),
                Timer::Grace(agent) => {
                    let due = self.agents.get(&agent).is_some_and(|it| {
                        it.state != AgentState::Offline
                            && it.gone_at.is_some_and(|gone_at| gone_at + self.grace_ms() <= now)
                    });
                    if due {
                        self.agent_lost(now, agent);
                    }
                }
            }
        }
    }

    pub(crate) fn grace_ms(&self) -> i64 {
        i64::from(self.directory.settings.grace_s) * 1_000
    }

    pub(crate) fn arm_grace(&mut self, agent: UserId) {
        if let Some(gone_at) = self.agents.get(&agent).and_then(|it| it.gone_at) {
            self.timers.set(gone_at + self.grace_ms(), Timer::Grace(agent));
        }
    }

    /// Arms what a conversation of this phase waits for.
    pub(crate) fn arm_conversation(&mut self, id: ConversationId) {
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        if let Some(until_at) = conversation.reserved_until_at {
            self.timers.set(until_at, Timer::Reserved(id));
        }
        match conversation.phase {
            Phase::Offered => {
                if let Some(offer) = conversation.offer {
                    self.timers.set(offer.until_at, Timer::Offer(id));
                }
            }
            Phase::WrapUp => {
                if let Some(until_at) = conversation.wrap_until_at {
                    self.timers.set(until_at, Timer::WrapUp(id));
                }
            }
            Phase::Active => {
                let queue = conversation.queue.and_then(|id| self.directory.queues.get(&id));
                let warn_s = queue.map_or(0, |queue| queue.idle_warn_s);
                // Of another site's contact the other site knows whether its customer is still there.
                let is_guest = sites::is_guest(&self.directory, conversation);
                if warn_s > 0 && !conversation.idle_armed && conversation.medium.is_live() && !is_guest {
                    conversation.idle_armed = true;
                    self.timers.set(conversation.spoke_at + i64::from(warn_s) * 1_000, Timer::Idle(id));
                }
            }
            Phase::Waiting => {
                if !conversation.refused_by.is_empty() {
                    self.timers.set(conversation.last_at + ASK_AGAIN_MS, Timer::AskAgain(id));
                }
                let queue = conversation.queue.and_then(|id| self.directory.queues.get(&id));
                for overflow in queue.iter().flat_map(|queue| &queue.overflow) {
                    if let crate::config::OverflowWhen::WaitedS(seconds) = overflow.when {
                        self.timers
                            .set(conversation.queued_at + i64::from(seconds) * 1_000, Timer::Overflow(id));
                    }
                }
            }
            Phase::Bot | Phase::Closed => {}
        }
    }

    /// The customer has been silent since the agent's last word: warn once, then close.
    fn check_idle(&mut self, now: At, id: ConversationId) {
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        conversation.idle_armed = false;
        if conversation.phase != Phase::Active {
            return;
        }
        let Some(queue) = conversation.queue.and_then(|queue| self.directory.queues.get(&queue)) else {
            return;
        };
        let warn_at = conversation.spoke_at + i64::from(queue.idle_warn_s) * 1_000;
        // The warning itself was the last word.
        let left_s = queue.idle_close_s.saturating_sub(queue.idle_warn_s);
        let close_at = conversation.spoke_at + i64::from(left_s) * 1_000;
        // While the customer waits for our answer the silence is ours.
        let ours = conversation.unanswered_since_at.is_some();
        if ours || (!conversation.warned && now < warn_at) {
            let again_at = if ours { now + i64::from(queue.idle_warn_s) * 1_000 } else { warn_at };
            conversation.idle_armed = true;
            self.timers.set(again_at, Timer::Idle(id));
        } else if !conversation.warned {
            self.warn_idle(now, id);
        } else if queue.idle_close_s == 0 || now < close_at {
            if queue.idle_close_s > 0 {
                conversation.idle_armed = true;
                self.timers.set(close_at, Timer::Idle(id));
            }
        } else {
            self.close(Cause::system(now), id, crate::event::CloseReason::Idle);
        }
    }
}
