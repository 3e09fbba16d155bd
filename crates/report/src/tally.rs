//! Raw sums of one group of facts. Metrics are formulas over a tally; a total is a tally of all facts, never a sum
//! of rows.

use hashbrown::HashSet;
use yingda_core::{
    At,
    agent::AgentState,
    event::{OfferEnd, QueueExit, SegmentEnd},
    fact::*,
    id::ConversationId,
};

/// `from` inclusive, `to` exclusive; what still runs is counted up to `now`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    pub from: At,
    pub to: At,
    pub now: At,
}

impl Period {
    fn end(&self) -> At {
        self.to.min(self.now)
    }

    fn overlap(&self, from: At, until: Option<At>) -> i64 {
        (until.unwrap_or(self.now).min(self.end()) - from.max(self.from)).max(0)
    }
}

/// An abandon after less than this may be left out (F5).
pub const SHORT_ABANDON_MS: i64 = 5_000;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    pub contacts: HashSet<ConversationId>,
    // Queue entries.
    pub queued_contacts: HashSet<ConversationId>,
    pub answered_contacts: HashSet<ConversationId>,
    pub entered: u64,
    pub waiting: u64,
    pub answered: u64,
    pub answered_in_time: u64,
    pub abandoned: u64,
    pub abandoned_in_time: u64,
    pub abandoned_short: u64,
    pub flowed_out: u64,
    pub left_message: u64,
    pub answered_wait_ms: Vec<i64>,
    pub all_wait_ms: Vec<i64>,
    // Segments.
    pub segments: u64,
    pub handled: u64,
    pub talk_ms: i64,
    pub wrap_ms: i64,
    pub first_response_ms: Vec<i64>,
    pub customer_messages: u64,
    pub agent_messages: u64,
    pub transferred: u64,
    pub rating_asked: u64,
    pub ratings: u64,
    pub satisfied: u64,
    pub rating_sum: u64,
    // Offers.
    pub offers: u64,
    pub missed: u64,
    pub declined: u64,
    // Time of agents.
    pub signed_in_ms: i64,
    pub ready_ms: i64,
    pub not_ready_ms: i64,
    pub load: Load,
    // Invitations.
    pub invited: u64,
    pub accepted: u64,
}

/// What an agent's contacts amount to over time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// Contact time, each contact by its share of capacity, together at most 1.
    pub weighted_ms: i64,
    /// Ready, or on contact.
    pub working_ms: i64,
    /// Sum of all open contacts' time.
    pub contact_ms: i64,
    /// At least one contact open.
    pub busy_ms: i64,
    /// Most contacts open at once.
    pub peak: u32,
}

impl Tally {
    pub fn contact(&mut self, contact: &Contact) {
        self.contacts.insert(contact.conversation);
    }

    pub fn visit(&mut self, visit: &Visit, period: &Period) {
        self.contacts.insert(visit.conversation);
        self.queued_contacts.insert(visit.conversation);
        self.entered += 1;
        let in_time = visit.waited_ms <= i64::from(visit.threshold_s) * 1_000;
        match visit.exit {
            None => {
                self.waiting += 1;
                self.all_wait_ms.push((period.now - visit.entered_at).max(0));
                return;
            }
            Some(QueueExit::Answered) => {
                self.answered += 1;
                self.answered_in_time += u64::from(in_time);
                self.answered_contacts.insert(visit.conversation);
                self.answered_wait_ms.push(visit.waited_ms);
            }
            Some(QueueExit::Abandoned) => {
                self.abandoned += 1;
                self.abandoned_in_time += u64::from(in_time);
                self.abandoned_short += u64::from(visit.waited_ms < SHORT_ABANDON_MS);
            }
            Some(QueueExit::Overflow | QueueExit::Transfer) => self.flowed_out += 1,
            Some(QueueExit::Message) => self.left_message += 1,
            Some(QueueExit::Closed) => {}
        }
        self.all_wait_ms.push(visit.waited_ms);
    }

    pub fn segment(&mut self, segment: &Segment) {
        self.contacts.insert(segment.conversation);
        self.segments += 1;
        if segment.ended_at.is_some() {
            self.handled += 1;
            self.talk_ms += segment.talk_ms;
            self.wrap_ms += segment.wrap_ms;
        }
        self.first_response_ms.extend(segment.first_response_ms);
        self.customer_messages += u64::from(segment.customer_messages);
        self.agent_messages += u64::from(segment.agent_messages);
        self.transferred += u64::from(segment.end == Some(SegmentEnd::Transferred));
        self.rating_asked += u64::from(segment.rating_asked || segment.rating.is_some());
        if let Some(score) = segment.rating {
            self.ratings += 1;
            self.satisfied += u64::from(score >= 4);
            self.rating_sum += u64::from(score);
        }
    }

    pub fn offer(&mut self, offer: &Offer) {
        self.offers += 1;
        self.missed += u64::from(offer.end == OfferEnd::TimedOut);
        self.declined += u64::from(offer.end == OfferEnd::Declined);
    }

    /// One agent's time: intervals and segments that touch the period.
    pub fn agent(&mut self, intervals: &[&Interval], segments: &[&Segment], period: &Period) {
        for interval in intervals {
            let ms = period.overlap(interval.from_at, interval.until_at);
            match interval.state {
                AgentState::Ready => self.ready_ms += ms,
                AgentState::NotReady => self.not_ready_ms += ms,
                AgentState::Offline => continue,
            }
            self.signed_in_ms += ms;
        }
        let load = Load::of(intervals, segments, period);
        self.load.weighted_ms += load.weighted_ms;
        self.load.working_ms += load.working_ms;
        self.load.contact_ms += load.contact_ms;
        self.load.busy_ms += load.busy_ms;
        self.load.peak = self.load.peak.max(load.peak);
    }
}

/// What changes at one instant.
#[derive(Clone, Copy, Default)]
struct Step {
    ready: i64,
    open: i64,
    held: i64,
    share: i64,
}

impl Load {
    fn of(intervals: &[&Interval], segments: &[&Segment], period: &Period) -> Load {
        let mut steps: Vec<(At, Step)> = Vec::new();
        let mut span = |from: At, until: Option<At>, step: Step| {
            let (from, until) = (from.max(period.from), until.unwrap_or(period.now).min(period.end()));
            if from < until {
                let back =
                    Step { ready: -step.ready, open: -step.open, held: -step.held, share: -step.share };
                steps.extend([(from, step), (until, back)]);
            }
        };
        for interval in intervals.iter().filter(|it| it.state == AgentState::Ready) {
            span(interval.from_at, interval.until_at, Step { ready: 1, ..Step::default() });
        }
        for segment in segments {
            let share = i64::from(segment.share);
            span(segment.started_at, segment.ended_at, Step { open: 1, held: 1, share, ready: 0 });
            if let Some(ended) = segment.ended_at {
                let until = if segment.wrap_at.is_some() { None } else { Some(ended + segment.wrap_ms) };
                span(ended, until, Step { open: 0, held: 1, share, ready: 0 });
            }
        }
        // At one instant ends come before beginnings, so that a hand-over is no peak.
        steps.sort_unstable_by_key(|(at, step)| (*at, step.open.signum(), step.held.signum()));
        let mut load = Load::default();
        let mut now = Step::default();
        let mut last = period.from;
        let mut weighted = 0;
        for (at, step) in steps {
            let ms = at - last;
            weighted += ms * now.share.min(10_000);
            load.contact_ms += ms * now.open;
            load.busy_ms += if now.open > 0 { ms } else { 0 };
            load.working_ms += if now.ready > 0 || now.held > 0 { ms } else { 0 };
            last = at;
            now = Step {
                ready: now.ready + step.ready,
                open: now.open + step.open,
                held: now.held + step.held,
                share: now.share + step.share,
            };
            load.peak = load.peak.max(u32::try_from(now.open).unwrap_or(0));
        }
        load.weighted_ms = weighted / 10_000;
        load
    }
}
