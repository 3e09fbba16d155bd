//! Facts come from events alone: again, twice, or after a restart at any event, the rows are the same.

use std::collections::BTreeMap;
use yingda_core::{
    actor::Actor,
    agent::AgentState,
    conversation::{Content, Source},
    event::*,
    fact::*,
    id::*,
    lang::Lang,
    medium::Medium,
};
use yingda_report::project::{Missing, Open};

const TALK: ConversationId = ConversationId(900);
const QUEUE: QueueId = QueueId(3);
const LI: UserId = UserId(11);
const ZHANG: UserId = UserId(12);
const GUEST: Actor = Actor::Visitor { id: VisitorId(5) };

/// One fact a second, on one conversation unless it is about an agent or a visitor.
fn log(facts: Vec<(Actor, Fact)>) -> Vec<Event> {
    let number = |(n, (by, fact)): (usize, (Actor, Fact))| Event {
        seq: n as u64 + 1,
        at: 1_000 * n as i64,
        on: match fact {
            Fact::AgentStateChanged { agent, .. } => Subject::User(agent),
            Fact::InvitationShown { .. } | Fact::InvitationAnswered { .. } => Subject::Visitor(VisitorId(5)),
            _ => Subject::Conversation(TALK),
        },
        by,
        to: Audience::Staff,
        from: None,
        fact,
        private: None,
    };
    facts.into_iter().enumerate().map(number).collect()
}

fn said(author: Author) -> Fact {
    Fact::MessagePosted { content: Content::Text { text: "……".into() }, author, leaves_at: None }
}

fn assigned(agent: UserId, segment: u16) -> Fact {
    Fact::Assigned {
        agent,
        segment,
        queue: Some(QUEUE),
        team: Some(TeamId(2)),
        waited_ms: 1_000,
        threshold_s: 20,
        by_hand: segment > 1,
        share: 2_000,
        persona: Persona::default(),
    }
}

fn state(agent: UserId, state: AgentState, reason: &str, was: AgentState) -> Fact {
    Fact::AgentStateChanged {
        agent,
        state,
        reason: reason.into(),
        was,
        lasted_ms: 0,
        pending: None,
        media_off: vec![],
        no_new: false,
    }
}

/// An offer missed, an answer, a transfer, wrap-up broken off by the customer, a rating after the end.
fn eventful() -> Vec<Event> {
    let (li, zhang) = (Actor::User { id: LI }, Actor::User { id: ZHANG });
    let queued = |reason| Fact::Queued {
        queue: QUEUE,
        reason,
        priority: 50,
        since_at: 0,
        threshold_s: 20,
        preview: String::new(),
    };
    let ended =
        |agent, segment, reason| Fact::SegmentEnded { agent, segment, reason, talk_ms: 4_000, to: None };
    log(vec![
        (li, state(LI, AgentState::Ready, "", AgentState::Offline)),
        (GUEST, Fact::InvitationShown { invitation: None, variant: true, page: "/price".into() }),
        (GUEST, Fact::InvitationAnswered { invitation: None, accepted: true }),
        (
            GUEST,
            Fact::ConversationStarted {
                visitor: VisitorId(5),
                customer: None,
                medium: Medium::Chat,
                line: LineId(1),
                widget: None,
                channel: None,
                lang: Lang::Zh,
                source: Source::default(),
                fields: BTreeMap::new(),
                vip: true,
            },
        ),
        (GUEST, said(Author::Person)),
        (GUEST, queued(QueueReason::New)),
        (
            Actor::System,
            Fact::OfferEnded { agent: ZHANG, queue: QUEUE, end: OfferEnd::TimedOut, after_ms: 500 },
        ),
        (Actor::System, Fact::QueueLeft { queue: QUEUE, exit: QueueExit::Answered, waited_ms: 2_000 }),
        (Actor::System, assigned(LI, 1)),
        (li, said(Author::Automatic)),
        (li, said(Author::Suggestion)),
        (li, Fact::FirstResponse { agent: LI, segment: 1, after_ms: 700 }),
        (GUEST, said(Author::Person)),
        (li, ended(LI, 1, SegmentEnd::Transferred)),
        (li, assigned(ZHANG, 2)),
        (zhang, said(Author::Person)),
        (zhang, Fact::Focus { agent: ZHANG, ms: 300 }),
        (zhang, ended(ZHANG, 2, SegmentEnd::Closed)),
        (zhang, Fact::ConversationClosed { reason: CloseReason::Ended, agent: Some(ZHANG), into: None }),
        (zhang, Fact::RatingAsked { segment: 2 }),
        (zhang, Fact::WrapUpStarted { agent: ZHANG, segment: 2, until_at: 99_000 }),
        (GUEST, said(Author::Person)),
        (GUEST, Fact::WrapUpEnded { agent: ZHANG, segment: 2, end: WrapUpEnd::CustomerWrote, took_ms: 800 }),
        (GUEST, Fact::ConversationReopened { last_agent: Some(ZHANG) }),
        (GUEST, assigned(ZHANG, 3)),
        // A break that begins after the contact is no state yet.
        (li, state(LI, AgentState::Ready, "meal", AgentState::Ready)),
        (li, state(LI, AgentState::NotReady, "meal", AgentState::Ready)),
        (GUEST, ended(ZHANG, 3, SegmentEnd::Closed)),
        (GUEST, Fact::ConversationClosed { reason: CloseReason::Ended, agent: Some(ZHANG), into: None }),
        (GUEST, Fact::Rated { score: 5, comment: "谢谢".into(), segment: 2, agent: Some(ZHANG) }),
    ])
}

/// The fact tables, as the store keeps them.
#[derive(Default, PartialEq, Debug)]
struct Tables(BTreeMap<(u8, i64, i64), Row>);

impl Tables {
    fn write(&mut self, rows: Vec<Row>) {
        for row in rows {
            let key = match &row {
                Row::Contact(it) => (0, it.conversation.0, 0),
                Row::Visit(it) => (1, it.conversation.0, it.seq as i64),
                Row::Segment(it) => (2, it.conversation.0, i64::from(it.number)),
                Row::Offer(it) => (3, it.seq as i64, 0),
                Row::Interval(it) => (4, it.seq as i64, 0),
                Row::Invitation(it) => (5, it.seq as i64, 0),
            };
            self.0.insert(key, row);
        }
    }

    /// What the store would read back.
    fn read_back(&self, missing: &Missing) -> Vec<Row> {
        let wanted = |row: &&Row| match row {
            Row::Contact(it) => missing.contacts.contains(&it.conversation),
            Row::Visit(it) => missing.contacts.contains(&it.conversation),
            Row::Segment(it) => missing.contacts.contains(&it.conversation),
            Row::Interval(it) => missing.agents.contains(&it.agent) && it.until_at.is_none(),
            Row::Offer(_) | Row::Invitation(_) => false,
        };
        self.0.values().filter(wanted).cloned().collect()
    }

    fn read(&mut self, open: &mut Open, events: &[Event]) {
        let missing = open.missing(events);
        open.know(&missing, self.read_back(&missing));
        events.iter().for_each(|event| open.apply(event));
        self.write(open.drain());
    }
}

fn at_once(events: &[Event]) -> Tables {
    let mut tables = Tables::default();
    tables.read(&mut Open::default(), events);
    tables
}

#[test]
fn the_rows_tell_what_happened() {
    let tables = at_once(&eventful());
    let rows: Vec<&Row> = tables.0.values().collect();
    let segments: Vec<&Segment> =
        rows.iter().filter_map(|row| if let Row::Segment(it) = row { Some(it) } else { None }).collect();
    let Row::Contact(contact) = rows[0] else { panic!("the contact comes first") };
    let Row::Visit(visit) = rows[1] else { panic!("then its visit") };
    assert_eq!((contact.reopened, contact.transfers, contact.ended_by), (1, 1, Some(Side::Customer)));
    assert_eq!(contact.messages, Messages { customer: 3, person: 1, suggestion: 1, automatic: 1, bot: 0 });
    assert_eq!((visit.exit, visit.waited_ms, visit.agent), (Some(QueueExit::Answered), 2_000, Some(LI)));
    assert_eq!(segments.len(), 3);
    assert_eq!(
        (segments[0].agent_messages, segments[0].customer_messages),
        (1, 1),
        "set phrases do not count"
    );
    assert_eq!((segments[1].wrap_ms, segments[1].focus_ms, segments[1].rating), (800, 300, Some(5)));
    assert!(
        rows.iter()
            .any(|row| matches!(row, Row::Offer(it) if it.end == OfferEnd::TimedOut && it.agent == ZHANG))
    );
    let states: Vec<_> = rows
        .iter()
        .filter_map(|row| if let Row::Interval(it) = row { Some((it.state, it.until_at)) } else { None })
        .collect();
    assert_eq!(states, [(AgentState::Ready, Some(26_000)), (AgentState::NotReady, None)]);
    assert_eq!(rows.iter().filter(|row| matches!(row, Row::Invitation(_))).count(), 2);
}

#[test]
fn sys31_reading_an_event_twice_changes_nothing() {
    let events = eventful();
    let once = at_once(&events);
    let mut tables = Tables::default();
    let mut open = Open::default();
    for event in &events {
        tables.read(&mut open, std::slice::from_ref(event));
        open.apply(event);
        assert!(open.drain().is_empty(), "{} came twice", event.fact.kind());
    }
    assert_eq!(tables, once, "one by one is as all at once");
    tables.read(&mut Open::default(), &events);
    assert_eq!(tables, once, "the whole log again, over what is stored");
}

#[test]
fn sys31_a_restart_after_any_event_gives_the_same_rows() {
    let events = eventful();
    let once = at_once(&events);
    for cut in 0..=events.len() {
        let mut tables = Tables::default();
        tables.read(&mut Open::default(), &events[..cut]);
        tables.read(&mut Open::after(cut as u64), &events[cut..]);
        assert_eq!(tables, once, "cut after {cut}");
    }
}

#[test]
fn sys31_thousands_that_wait_are_written_and_read_back_when_they_go_on() {
    const MANY: i64 = 5_000;
    let is_start = |event: &Event| matches!(event.fact, Fact::ConversationStarted { .. });
    let first = eventful().into_iter().find(is_start).unwrap();
    let began: Vec<Event> = (1..=MANY)
        .map(|n| Event { seq: n as u64, on: Subject::Conversation(ConversationId(n)), ..first.clone() })
        .collect();
    let (mut tables, mut open) = (Tables::default(), Open::default());
    tables.read(&mut open, &began);
    let goes_on = Event { seq: MANY as u64 + 1, fact: said(Author::Person), by: GUEST, ..began[0].clone() };
    let missing = open.missing(std::slice::from_ref(&goes_on));
    assert_eq!(missing.contacts, [ConversationId(1)], "it is not kept in mind");
    tables.read(&mut open, &[goes_on]);
    let said = |row: &Row| matches!(row, Row::Contact(it) if it.conversation == ConversationId(1) && it.messages.customer == 1);
    assert_eq!(tables.0.values().filter(|row| said(row)).count(), 1);
    assert_eq!(tables.0.values().filter(|row| matches!(row, Row::Contact(_))).count(), MANY as usize);
}
