//! From events to facts. The projector holds only what is unfinished; after a restart it asks for those rows back.

use hashbrown::{HashMap, HashSet};
use yingda_core::{
    actor::Actor,
    agent::AgentState,
    event::{Author, Event, Fact, QueueExit, QueueReason, SegmentEnd, Subject},
    fact::*,
    id::*,
};

/// Thousands of contacts may wait for hours: more than this are not kept in mind.
const MOST_KNOWN: usize = 4_096;

/// Contacts and agents whose rows may still change.
#[derive(Debug, Default)]
pub struct Open {
    /// Events up to here are counted: one that comes again changes nothing.
    upto: u64,
    ways: HashMap<ConversationId, Way>,
    intervals: HashMap<UserId, Option<Interval>>,
    touched: HashSet<ConversationId>,
    rows: Vec<Row>,
}

/// All rows of one contact.
#[derive(Clone, Debug, Default, PartialEq)]
struct Way {
    contact: Contact,
    visits: Vec<Visit>,
    segments: Vec<Segment>,
}

/// What must be read back before events can be counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    pub contacts: Vec<ConversationId>,
    pub agents: Vec<UserId>,
}

impl Missing {
    pub fn is_empty(&self) -> bool {
        self.contacts.is_empty() && self.agents.is_empty()
    }
}

impl Open {
    /// Starts behind a position that is already counted.
    pub fn after(position: u64) -> Open {
        Open { upto: position, ..Open::default() }
    }

    pub fn position(&self) -> u64 {
        self.upto
    }

    /// Which rows have to be given with `know` before these events are applied.
    pub fn missing(&self, events: &[Event]) -> Missing {
        let mut missing = Missing::default();
        let mut met_ways = HashSet::new();
        let mut met_agents = HashSet::new();
        for event in events.iter().filter(|event| event.seq > self.upto) {
            if let Fact::AgentStateChanged { agent, .. } = &event.fact
                && met_agents.insert(*agent)
                && !self.intervals.contains_key(agent)
            {
                missing.agents.push(*agent);
            }
            let begins = matches!(event.fact, Fact::ConversationStarted { .. });
            if let Subject::Conversation(id) = event.on
                && met_ways.insert(id)
                && !begins
                && !self.ways.contains_key(&id)
            {
                missing.contacts.push(id);
            }
        }
        missing
    }

    /// Takes back what was missing, as stored. An agent without an open interval has none.
    pub fn know(&mut self, missing: &Missing, rows: Vec<Row>) {
        self.intervals.extend(missing.agents.iter().map(|agent| (*agent, None)));
        for row in rows {
            match row {
                Row::Contact(it) => {
                    let way = self.way(it.conversation);
                    way.contact = it;
                }
                Row::Visit(it) => self.way(it.conversation).visits.push(it),
                Row::Segment(it) => self.way(it.conversation).segments.push(it),
                Row::Interval(it) => {
                    self.intervals.insert(it.agent, Some(it));
                }
                Row::Offer(_) | Row::Invitation(_) => {}
            }
        }
    }

    fn way(&mut self, id: ConversationId) -> &mut Way {
        self.ways.entry(id).or_default()
    }

    /// Up to here there is nothing more to count.
    pub fn pass(&mut self, position: u64) {
        self.upto = self.upto.max(position);
    }

    pub fn apply(&mut self, event: &Event) {
        if event.seq <= self.upto {
            return;
        }
        self.upto = event.seq;
        match (&event.fact, event.on) {
            // Where the state stays, media, "no new" or a break to come changed.
            (Fact::AgentStateChanged { agent, state, reason, was, lasted_ms, .. }, _)
                if state != was || *lasted_ms > 0 =>
            {
                self.agent_state(event, *agent, *state, reason);
            }
            (Fact::InvitationShown { invitation, variant, page }, Subject::Visitor(visitor)) => {
                self.rows.push(Row::Invitation(Invitation {
                    seq: event.seq,
                    visitor,
                    invitation: *invitation,
                    variant: *variant,
                    page: page.clone(),
                    happened_at: event.at,
                    accepted: None,
                }));
            }
            (Fact::InvitationAnswered { invitation, accepted }, Subject::Visitor(visitor)) => {
                self.rows.push(Row::Invitation(Invitation {
                    seq: event.seq,
                    visitor,
                    invitation: *invitation,
                    variant: false,
                    page: String::new(),
                    happened_at: event.at,
                    accepted: Some(*accepted),
                }));
            }
            (Fact::OfferEnded { agent, queue, end, after_ms }, Subject::Conversation(conversation)) => {
                self.rows.push(Row::Offer(Offer {
                    seq: event.seq,
                    conversation,
                    agent: *agent,
                    queue: *queue,
                    offered_at: event.at - after_ms,
                    end: *end,
                    after_ms: *after_ms,
                }));
            }
            (_, Subject::Conversation(id)) => {
                if matches!(event.fact, Fact::ConversationStarted { .. }) {
                    self.ways.insert(id, Way::default());
                }
                if self.ways.get_mut(&id).is_some_and(|way| way.apply(id, event)) {
                    self.touched.insert(id);
                }
            }
            _ => {}
        }
    }

    /// The rows to write for all that was applied since the last call; each unfinished row once, in its last state.
    pub fn drain(&mut self) -> Vec<Row> {
        let mut rows = std::mem::take(&mut self.rows);
        let mut touched: Vec<_> = self.touched.drain().collect();
        touched.sort_unstable();
        for id in touched {
            let Some(way) = self.ways.get(&id) else { continue };
            rows.push(Row::Contact(way.contact.clone()));
            rows.extend(way.visits.iter().cloned().map(Row::Visit));
            rows.extend(way.segments.iter().cloned().map(Row::Segment));
            if way.is_finished() {
                self.ways.remove(&id);
            }
        }
        // Everything known is written with these rows; what goes on is read back.
        if self.ways.len() > MOST_KNOWN {
            self.ways = HashMap::new();
        }
        rows
    }

    fn agent_state(&mut self, event: &Event, agent: UserId, state: AgentState, reason: &str) {
        let open = self.intervals.entry(agent).or_default();
        if let Some(was) = open {
            if was.state == state && was.reason == reason {
                return;
            }
            was.until_at = Some(event.at);
            self.rows.push(Row::Interval(was.clone()));
        }
        let fresh = Interval {
            seq: event.seq,
            agent,
            state,
            reason: reason.to_owned(),
            from_at: event.at,
            until_at: None,
        };
        self.rows.push(Row::Interval(fresh.clone()));
        *open = Some(fresh);
    }
}

impl Way {
    fn is_finished(&self) -> bool {
        self.contact.closed_at.is_some() && self.segments.iter().all(|it| it.wrap_at.is_none())
    }

    fn segment(&mut self, number: u16) -> Option<&mut Segment> {
        self.segments.iter_mut().rev().find(|segment| segment.number == number)
    }

    /// Whether anything that reports count changed.
    fn apply(&mut self, id: ConversationId, event: &Event) -> bool {
        match &event.fact {
            Fact::ConversationStarted { medium, line, widget, lang, source, vip, .. } => {
                self.contact = Contact {
                    conversation: id,
                    line: *line,
                    medium: *medium,
                    lang: *lang,
                    widget: *widget,
                    vip: *vip,
                    started_at: event.at,
                    landing: source.landing.clone(),
                    referrer: source.referrer.clone(),
                    campaign: source.campaign.clone(),
                    ..Contact::default()
                };
            }
            Fact::Queued { queue, reason, threshold_s, .. } => {
                self.entered(id, event, *queue, *reason, *threshold_s)
            }
            Fact::QueueLeft { queue, exit, waited_ms } => {
                let Some(visit) = self.visits.iter_mut().rev().find(|visit| visit.queue == *queue) else {
                    return false;
                };
                visit.left_at = Some(event.at);
                visit.exit = Some(*exit);
                visit.waited_ms = *waited_ms;
            }
            Fact::Assigned {
                agent, segment, queue, team, waited_ms, threshold_s, by_hand, share, ..
            } => {
                self.contact.answered_at.get_or_insert(event.at);
                if let Some(visit) = self.visits.last_mut().filter(|visit| {
                    visit.agent.is_none() && visit.exit.is_none_or(|exit| exit == QueueExit::Answered)
                }) {
                    visit.agent = Some(*agent);
                }
                self.segments.push(Segment {
                    conversation: id,
                    number: *segment,
                    agent: *agent,
                    team: *team,
                    queue: *queue,
                    line: self.contact.line,
                    medium: self.contact.medium,
                    share: *share,
                    waited_ms: *waited_ms,
                    threshold_s: *threshold_s,
                    by_hand: *by_hand,
                    started_at: event.at,
                    ended_at: None,
                    end: None,
                    talk_ms: 0,
                    wrap_at: None,
                    wrap_ms: 0,
                    first_response_ms: None,
                    customer_messages: 0,
                    agent_messages: 0,
                    focus_ms: 0,
                    rating_asked: false,
                    rating: None,
                });
            }
            Fact::ConversationClosed { reason, .. } => {
                self.contact.closed_at = Some(event.at);
                self.contact.close = Some(*reason);
                self.contact.ended_by = Some(side(event.by));
            }
            Fact::ConversationReopened { .. } => {
                self.contact.closed_at = None;
                self.contact.close = None;
                self.contact.ended_by = None;
                self.contact.reopened += 1;
            }
            Fact::FlowLeft(left) => self.contact.resolved |= left.resolved,
            Fact::MessagePosted { author, .. } => self.message(event.by, *author),
            fact => return self.during_segment(fact, event),
        }
        true
    }

    fn entered(
        &mut self,
        id: ConversationId,
        event: &Event,
        queue: QueueId,
        reason: QueueReason,
        threshold_s: u16,
    ) {
        // An unanswered offer puts it back at its place: the same visit goes on.
        let goes_on = |visit: &&mut Visit| {
            visit.queue == queue && (visit.exit.is_none() || reason == QueueReason::Unanswered)
        };
        if let Some(visit) = self.visits.last_mut().filter(goes_on) {
            (visit.left_at, visit.exit, visit.waited_ms) = (None, None, 0);
            return;
        }
        self.visits.push(Visit {
            seq: event.seq,
            conversation: id,
            queue,
            line: self.contact.line,
            medium: self.contact.medium,
            vip: self.contact.vip,
            reason,
            entered_at: event.at,
            threshold_s,
            left_at: None,
            exit: None,
            waited_ms: 0,
            agent: None,
        });
    }

    fn message(&mut self, by: Actor, author: Author) {
        let count = &mut self.contact.messages;
        match (by, author) {
            (Actor::Visitor { .. }, _) => count.customer += 1,
            (Actor::Bot, _) | (_, Author::Bot) => count.bot += 1,
            (Actor::System | Actor::Rule { .. }, _) | (_, Author::Automatic) => count.automatic += 1,
            (_, Author::Suggestion) => count.suggestion += 1,
            (_, Author::Person) => count.person += 1,
        }
        let Some(segment) = self.segments.last_mut().filter(|it| it.ended_at.is_none()) else { return };
        match by {
            Actor::Visitor { .. } => segment.customer_messages += 1,
            Actor::User { id } if id == segment.agent && author != Author::Automatic => {
                segment.agent_messages += 1
            }
            _ => {}
        }
    }

    fn during_segment(&mut self, fact: &Fact, event: &Event) -> bool {
        let number = match fact {
            Fact::SegmentEnded { segment, .. }
            | Fact::WrapUpStarted { segment, .. }
            | Fact::WrapUpEnded { segment, .. }
            | Fact::FirstResponse { segment, .. }
            | Fact::RatingAsked { segment }
            | Fact::Rated { segment, .. } => *segment,
            Fact::Focus { agent, .. } => {
                match self.segments.iter().rev().find(|segment| segment.agent == *agent) {
                    Some(segment) => segment.number,
                    None => return false,
                }
            }
            _ => return false,
        };
        let mut transferred = false;
        let Some(segment) = self.segment(number) else { return false };
        match fact {
            Fact::SegmentEnded { reason, talk_ms, .. } => {
                segment.ended_at = Some(event.at);
                segment.end = Some(*reason);
                segment.talk_ms = *talk_ms;
                transferred = *reason == SegmentEnd::Transferred;
            }
            Fact::WrapUpStarted { .. } => segment.wrap_at = Some(event.at),
            Fact::WrapUpEnded { took_ms, .. } => {
                segment.wrap_at = None;
                segment.wrap_ms += took_ms;
            }
            Fact::FirstResponse { after_ms, .. } => segment.first_response_ms = Some(*after_ms),
            Fact::RatingAsked { .. } => segment.rating_asked = true,
            Fact::Rated { score, .. } => segment.rating = Some(*score),
            Fact::Focus { ms, .. } => segment.focus_ms += ms,
            _ => return false,
        }
        self.contact.transfers += u16::from(transferred);
        true
    }
}

fn side(actor: Actor) -> Side {
    match actor {
        Actor::Visitor { .. } => Side::Customer,
        Actor::User { .. } | Actor::Api { .. } => Side::Staff,
        Actor::Bot | Actor::System | Actor::Rule { .. } => Side::System,
    }
}
