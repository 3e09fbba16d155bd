//! Stories of tickets: what a kind's designer wrote down is what happens.

use super::*;
use crate::{
    config::*,
    event::{Fact, Private},
    fault::{Fault, Refused, Wrong},
    lang::Text,
    refusal::Refusal,
};
use std::sync::Arc;

const HOUR: At = 3_600_000;
const LI: UserId = UserId(1);
const WANG: UserId = UserId(2);
const BOSS: UserId = UserId(3);
const HERE: TeamId = TeamId(10);
const ABOVE: TeamId = TeamId(11);

fn field(key: &str, shape: FieldShape, required: bool) -> Field {
    Field { key: key.into(), label: Text::new(key, key), shape, required, ..Field::default() }
}

fn state(key: &str, phase: TicketPhase) -> TicketState {
    TicketState { key: key.into(), name: Text::new(key, key), phase, ..TicketState::default() }
}

fn way(key: &str, from: &[&str], to: &str, needs: &[&str]) -> TicketMove {
    let all = |keys: &[&str]| keys.iter().map(|key| key.to_string()).collect();
    TicketMove {
        key: key.into(),
        name: Text::new(key, key),
        from: all(from),
        to: to.into(),
        needs: all(needs),
        ..TicketMove::default()
    }
}

/// A complaint: it closes with the customer's consent, or as unreachable after three days of trying and a leader's word.
fn complaint() -> TicketType {
    TicketType {
        name: Text::new("投诉", "Complaint"),
        prefix: "TS".into(),
        team: Some(HERE),
        severity: 3,
        fields: vec![
            field("expectation", FieldShape::Paragraph, true),
            field("cause", FieldShape::Line, false),
            field("consent", FieldShape::Consent, false),
            field("paid", FieldShape::Money, false),
            field("person", FieldShape::Person, false),
        ],
        states: vec![
            state("new", TicketPhase::Open),
            state("waiting", TicketPhase::Waiting),
            state("solution", TicketPhase::Open),
            TicketState { confirmed: true, ..state("confirmed", TicketPhase::Closed) },
            state("unreachable", TicketPhase::Closed),
        ],
        moves: vec![
            way("solve", &["new", "waiting"], "solution", &["cause"]),
            way("wait", &["new"], "waiting", &[]),
            TicketMove {
                limit: Some(AmountLimit { field: "paid".into(), most: 200.0 }),
                ..way("confirm", &["solution"], "confirmed", &["consent"])
            },
            TicketMove {
                approval: true,
                needs_attempts: 3,
                ..way("give_up", &["solution"], "unreachable", &[])
            },
            way("reopen", &["confirmed", "unreachable"], "solution", &[]),
        ],
        clocks: vec![TicketClock {
            key: "handling".into(),
            name: Text::new("处理", "Handling"),
            minutes: 48 * 60,
            stops_in: vec!["confirmed".into()],
            steps: vec![
                EscalationStep { percent: 50, severity: 4, to: EscalateTo::Owner },
                EscalationStep { percent: 100, severity: 4, to: EscalateTo::Leader },
                EscalationStep { percent: 10, severity: 1, to: EscalateTo::Manager },
            ],
            ..TicketClock::default()
        }],
        about: "person".into(),
        ..TicketType::default()
    }
}

fn office() -> Directory {
    let mut office = Directory::default();
    let role = |grants: Vec<access::Grant>| Role { grants, ..Role::default() };
    let grants = |actions: &[Action], scope| {
        actions.iter().map(|action| access::Grant { action: *action, scope }).collect::<Vec<_>>()
    };
    let works = grants(&[Action::TicketRead, Action::TicketWrite, Action::TicketAssign], Scope::Group);
    let rules = grants(
        &[Action::TicketRead, Action::TicketWrite, Action::TicketAssign, Action::TicketApprove],
        Scope::Department,
    );
    office.roles.insert(RoleId(1), Arc::new(role(works)));
    office.roles.insert(RoleId(2), Arc::new(role(rules)));
    let user = |team, role| User { team: Some(team), roles: vec![RoleId(role)], ..User::default() };
    office.users.insert(LI, Arc::new(user(HERE, 1)));
    office.users.insert(WANG, Arc::new(user(HERE, 1)));
    office.users.insert(BOSS, Arc::new(user(ABOVE, 2)));
    let team = |parent, leader| Team { parent, leader: Some(leader), ..Team::default() };
    office.teams.insert(HERE, Arc::new(team(Some(ABOVE), WANG)));
    office.teams.insert(ABOVE, Arc::new(team(None, BOSS)));
    office
}

/// One ticket and its office, with a clock that is moved by hand.
struct Desk {
    office: Directory,
    of: TicketType,
    now: At,
    ticket: Ticket,
}

fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
}

impl Desk {
    fn with(of: TicketType, new: NewTicket) -> Desk {
        let mut desk = Desk { office: office(), of, now: 1_000 * HOUR, ticket: Ticket::default() };
        let new = NewTicket { title: "坏了".into(), values: values(&[("expectation", "换货")]), ..new };
        let decided = open(new, TicketId(9), "TS-1".into(), 1, desk.scene(LI)).unwrap();
        desk.ticket = decided.ticket;
        desk
    }

    fn scene(&self, by: UserId) -> Scene<'_> {
        let by = Actor::User { id: by };
        Scene { directory: &self.office, of: &self.of, by, now: self.now, open_tasks: 0, consents: &[] }
    }

    fn act(&mut self, by: UserId, it: TicketAct) -> Result<Vec<UserId>, Refused> {
        let decided = act(&self.ticket, it, self.scene(by))?;
        assert_eq!(decided.ticket.version, self.ticket.version + 1);
        self.ticket = decided.ticket;
        Ok(decided.tells)
    }

    fn go(&mut self, by: UserId, way: &str, given: &[(&str, &str)]) -> Result<Vec<UserId>, Refused> {
        let (values, reason, force) = (values(given), String::new(), false);
        self.act(by, TicketAct::Move { way: way.into(), values, reason, force })
    }

    fn clock(&self) -> &RunningClock {
        &self.ticket.clocks[0]
    }

    /// Who is told as time passes, and of how much of it.
    fn wait(&mut self, hours: At) -> Vec<(u16, Vec<UserId>)> {
        self.now += hours * HOUR;
        let Some(decided) = ring(&self.ticket, self.scene(LI)) else { return vec![] };
        self.ticket = decided.ticket;
        let told = decided.facts.into_iter().map(|(fact, _)| match fact {
            Fact::TicketClockRang { percent, to, .. } => (percent, to),
            other => panic!("{other:?}"),
        });
        told.collect()
    }
}

fn names(refused: Result<Vec<UserId>, Refused>) -> Vec<String> {
    match refused {
        Err(Refused::Wrong(wrong)) => wrong.into_iter().map(|it| it.field).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn b_24_b_25_a_move_says_which_field_or_consent_is_missing() {
    let mut desk = Desk::with(complaint(), NewTicket::default());
    assert_eq!(names(desk.go(LI, "solve", &[])), ["values.cause"]);
    assert_eq!(desk.ticket.state, "new");
    desk.go(LI, "solve", &[("cause", "运输")]).unwrap();
    assert_eq!(names(desk.go(LI, "confirm", &[("consent", "no")])), ["values.consent"]);
    assert_eq!(desk.go(LI, "solve", &[]), Err(Refusal::WrongPhase.into()), "no way from here");
    desk.go(LI, "confirm", &[("consent", "yes")]).unwrap();
    assert!(desk.ticket.confirmed && desk.ticket.closed_at == Some(desk.now));
}

#[test]
fn b_25_only_who_may_approve_closes_without_consent_and_says_why() {
    let mut desk = Desk::with(complaint(), NewTicket::default());
    desk.go(LI, "solve", &[("cause", "运输")]).unwrap();
    let force = |reason: &str| TicketAct::Move {
        way: "confirm".into(),
        values: values(&[]),
        reason: reason.into(),
        force: true,
    };
    assert_eq!(desk.act(LI, force("客户失联")), Err(Refusal::Forbidden.into()));
    assert_eq!(names(desk.act(BOSS, force(" "))), ["reason"]);
    desk.act(BOSS, force("客户失联")).unwrap();
    assert_eq!(desk.ticket.state, "confirmed");
}

#[test]
fn b_19_above_its_limit_a_leader_decides_and_not_the_one_who_asked() {
    let mut desk = Desk::with(complaint(), NewTicket::default());
    desk.go(LI, "solve", &[("cause", "运输")]).unwrap();
    let asked = desk.go(LI, "confirm", &[("consent", "yes"), ("paid", "200.01")]).unwrap();
    assert_eq!(
        (desk.ticket.state.as_str(), asked),
        ("solution", vec![BOSS]),
        "it waits, and the leader is asked"
    );
    assert_eq!(desk.ticket.approval.as_ref().unwrap().way, "confirm");
    let answer = |yes, reason: &str| TicketAct::Approve { yes, reason: reason.into() };
    assert_eq!(desk.act(LI, answer(true, "")), Err(Refusal::Forbidden.into()));
    assert_eq!(names(desk.act(BOSS, answer(false, ""))), ["reason"], "a no has its reason");
    assert_eq!(desk.act(BOSS, answer(true, "")), Ok(vec![LI]));
    assert_eq!(desk.ticket.state, "confirmed");
    // At the limit nobody is asked.
    let mut desk = Desk::with(complaint(), NewTicket::default());
    desk.go(LI, "solve", &[("cause", "运输")]).unwrap();
    desk.go(LI, "confirm", &[("consent", "yes"), ("paid", "200")]).unwrap();
    assert_eq!(desk.ticket.state, "confirmed");
}

#[test]
fn e2_unreachable_needs_three_days_of_trying_and_is_never_confirmed() {
    let mut desk = Desk::with(complaint(), NewTicket::default());
    desk.go(LI, "solve", &[("cause", "运输")]).unwrap();
    for hours in [0, 1, 24, 24] {
        let missing = desk.go(LI, "give_up", &[]);
        assert!(
            matches!(&missing, Err(Refused::Wrong(wrong)) if matches!(wrong[..], [Wrong { fault: Fault::TooFewDays(3, _), .. }])),
            "{missing:?}"
        );
        desk.now += hours * HOUR;
        desk.act(LI, TicketAct::Attempt { text: "无人接听".into() }).unwrap();
    }
    desk.go(LI, "give_up", &[]).unwrap();
    assert!(desk.ticket.approval.is_some());
    desk.act(BOSS, TicketAct::Approve { yes: true, reason: String::new() }).unwrap();
    assert_eq!((desk.ticket.state.as_str(), desk.ticket.confirmed), ("unreachable", false));
}

#[test]
fn k_06_a_complaints_clock_counts_from_when_it_was_raised_and_never_pauses() {
    let raised = 1_000 * HOUR - 10 * HOUR;
    let mut desk = Desk::with(complaint(), NewTicket { received_at: Some(raised), ..NewTicket::default() });
    assert_eq!(desk.clock().due_at, raised + 48 * HOUR);
    desk.go(LI, "wait", &[]).unwrap();
    assert!(desk.clock().runs(), "waiting for the customer costs our time");
    assert_eq!(desk.ticket.next_at(&desk.of, &desk.office), Some(raised + 24 * HOUR));
    assert_eq!(desk.wait(13), [], "23 of 48 hours");
    assert_eq!(desk.wait(1), [(50, vec![WANG])], "nobody owns it: the team's leader is told");
    assert_eq!(desk.wait(0), [], "once");
    assert_eq!(desk.wait(24), [(100, vec![WANG])]);
    assert!(desk.clock().late);
    assert_eq!(desk.ticket.next_at(&desk.of, &desk.office), None, "there is nothing more to say");
    // Another instant of receipt moves it.
    let act = TicketAct::Edit {
        title: None,
        severity: None,
        customer: None,
        received_at: Some(raised - 5 * HOUR),
        values: values(&[]),
        was: values(&[]),
    };
    desk.act(LI, act).unwrap();
    assert_eq!(desk.clock().due_at, raised + 43 * HOUR);
}

#[test]
fn k_06_reopening_goes_on_with_what_was_left() {
    let mut desk = Desk::with(complaint(), NewTicket::default());
    desk.now += 40 * HOUR;
    desk.go(LI, "solve", &[("cause", "运输")]).unwrap();
    desk.go(LI, "confirm", &[("consent", "yes")]).unwrap();
    assert_eq!((desk.clock().stopped_at, desk.clock().late), (Some(desk.now), false));
    assert_eq!(desk.wait(100), [], "a closed ticket is silent");
    desk.go(LI, "reopen", &[]).unwrap();
    assert_eq!((desk.clock().due_at - desk.now, desk.ticket.reopened), (8 * HOUR, 1));
    assert!(!desk.ticket.confirmed && desk.ticket.closed_at.is_none());
}

#[test]
fn e2_a_clock_that_may_pause_counts_only_our_time() {
    let mut of = complaint();
    of.clocks[0].pauses_in = vec!["waiting".into()];
    let mut desk = Desk::with(of, NewTicket::default());
    desk.now += 10 * HOUR;
    desk.go(LI, "wait", &[]).unwrap();
    assert_eq!((desk.ticket.due_at(), desk.ticket.next_at(&desk.of, &desk.office)), (None, None));
    desk.now += 100 * HOUR;
    desk.go(LI, "solve", &[("cause", "运输")]).unwrap();
    assert_eq!(desk.clock().due_at - desk.now, 38 * HOUR);
    assert_eq!(desk.clock().paused_ms, 100 * HOUR, "net and gross can both be told");
}

#[test]
fn b_26_the_most_severe_reach_the_manager_first() {
    let mut desk = Desk::with(complaint(), NewTicket { severity: Some(1), ..NewTicket::default() });
    assert_eq!(desk.wait(5), [(10, vec![BOSS])]);
    let mut desk = Desk::with(complaint(), NewTicket::default());
    assert_eq!(desk.wait(5), []);
}

#[test]
fn e2_the_person_complained_about_cannot_handle_it() {
    let mut desk = Desk::with(complaint(), NewTicket::default());
    let person = WANG.0.to_string();
    desk.act(
        LI,
        TicketAct::Edit {
            title: None,
            severity: None,
            customer: None,
            received_at: None,
            values: values(&[("person", &person)]),
            was: values(&[]),
        },
    )
    .unwrap();
    let give = |owner| TicketAct::Assign { team: None, owner: Some(owner) };
    assert_eq!(names(desk.act(LI, give(WANG))), ["owner"]);
    assert_eq!(
        desk.act(WANG, TicketAct::Note { text: "不是我".into(), files: vec![], told: false }),
        Err(Refusal::Forbidden.into())
    );
    assert_eq!(desk.act(LI, give(LI)), Ok(vec![]), "one takes it, and needs not be told");
}

fn edit(values: BTreeMap<String, String>) -> TicketAct {
    let was = BTreeMap::new();
    TicketAct::Edit { title: None, severity: None, customer: None, received_at: None, values, was }
}

#[test]
fn e2_who_turns_out_to_be_concerned_gives_the_case_up() {
    let mut desk = Desk::with(complaint(), NewTicket { owner: Some(WANG), ..NewTicket::default() });
    desk.act(LI, edit(values(&[("person", &WANG.0.to_string())]))).unwrap();
    assert_eq!((desk.ticket.owner, desk.ticket.team), (None, Some(HERE)), "free for another of the team");
}

#[test]
fn e1_what_has_to_be_answered_is_not_taken_back() {
    let mut desk = Desk::with(complaint(), NewTicket::default());
    assert_eq!(names(desk.act(LI, edit(values(&[("expectation", " ")])))), ["values.expectation"]);
    desk.act(LI, edit(values(&[("cause", "运输")]))).unwrap();
    desk.act(LI, edit(values(&[("cause", "")]))).unwrap();
    assert_eq!(desk.ticket.values, values(&[("expectation", "换货")]));
}

#[test]
fn e1_sensitive_answers_never_reach_the_log() {
    let mut of = complaint();
    of.fields[1].sensitive = true;
    let desk = Desk::with(of, NewTicket::default());
    let decided = act(&desk.ticket, edit(values(&[("cause", "病史")])), desk.scene(LI)).unwrap();
    let Some(Private::Values { before, after }) = &decided.facts[0].1 else { panic!("{:?}", decided.facts) };
    assert_eq!(after.as_ref().unwrap()["cause"], "***");
    assert!(!format!("{before:?}{after:?}").contains("病史"));
    assert_eq!(decided.ticket.values["cause"], "病史", "the ticket itself knows it");
}

#[test]
fn two_who_change_different_fields_both_win_and_of_the_same_field_the_slower_is_asked() {
    let mut desk = Desk::with(complaint(), NewTicket::default());
    let edit = |key: &str, was: &str, now: &str| TicketAct::Edit {
        title: None,
        severity: None,
        customer: None,
        received_at: None,
        values: values(&[(key, now)]),
        was: values(&[(key, was)]),
    };
    desk.act(LI, edit("cause", "", "运输")).unwrap();
    desk.act(WANG, edit("expectation", "换货", "退款")).unwrap();
    assert_eq!(desk.ticket.values, values(&[("cause", "运输"), ("expectation", "退款")]));
    assert_eq!(desk.act(WANG, edit("cause", "", "包装")), Err(Refusal::Stale.into()));
    assert_eq!(desk.act(WANG, edit("cause", "", "运输")), Err(Refusal::Empty.into()), "both wrote the same");
}

#[test]
fn r_15_a_department_sees_its_own_and_nothing_else() {
    let desk = Desk::with(complaint(), NewTicket::default());
    let mut office = desk.office.clone();
    let far = TeamId(12);
    office.teams.insert(far, Arc::default());
    let user = User { team: Some(far), roles: vec![RoleId(1)], ..User::default() };
    office.users.insert(UserId(7), Arc::new(user));
    let by = Actor::User { id: UserId(7) };
    assert!(!may(&office, by, Action::TicketRead, &desk.ticket));
    let task = Ticket { team: Some(far), parent: Some(desk.ticket.id), ..Ticket::default() };
    assert!(may(&office, by, Action::TicketWrite, &task));
    let watched = Ticket { watchers: vec![UserId(7)], ..desk.ticket.clone() };
    assert!(may(&office, by, Action::TicketRead, &watched));
}

#[test]
fn b_26_spans_by_severity_are_read_back_as_they_were_written() {
    let mut of = complaint();
    of.clocks[0].by_severity = [(1, 240), (2, 1_440)].into();
    let record = Record::TicketType(Box::new(of));
    let text = serde_json::to_string(&record).unwrap();
    assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
    let Record::TicketType(of) = record else { unreachable!("made above") };
    let mut desk = Desk::with(*of, NewTicket { severity: Some(1), ..NewTicket::default() });
    assert_eq!(desk.clock().due_at, desk.now + 4 * HOUR);
    let act = TicketAct::Edit {
        title: None,
        severity: Some(3),
        customer: None,
        received_at: None,
        values: values(&[]),
        was: values(&[]),
    };
    desk.act(LI, act).unwrap();
    assert_eq!(desk.clock().due_at, desk.now + 48 * HOUR, "a milder case has its usual time");
}

#[test]
fn a_kind_that_cannot_work_is_refused_with_its_reasons() {
    let wrong = |change: &dyn Fn(&mut TicketType)| {
        let mut of = complaint();
        change(&mut of);
        let wrong = crate::record::check(&Record::TicketType(Box::new(of)), None, &office());
        wrong.into_iter().map(|it| it.field).collect::<Vec<_>>()
    };
    assert_eq!(wrong(&|_| {}), Vec::<String>::new());
    assert_eq!(wrong(&|it| it.prefix = "ts".into()), ["prefix"]);
    assert_eq!(wrong(&|it| it.moves[0].needs = vec!["other".into()]), ["moves.0.needs.0"]);
    assert_eq!(
        wrong(&|it| it.states.push(state("lost", TicketPhase::Open))),
        ["states.5.key"],
        "no way leads there"
    );
    assert_eq!(wrong(&|it| it.clocks[0].stops_in.clear()), ["clocks.0.stops_in"], "it would never be met");
    assert_eq!(wrong(&|it| it.clocks[0].minutes = 0), ["clocks.0.minutes"]);
    assert_eq!(wrong(&|it| it.about = "cause".into()), ["about"]);
    assert_eq!(
        wrong(&|it| it.moves[2].limit.as_mut().unwrap().field = "cause".into()),
        ["moves.2.limit.field"]
    );
}

/// A fact has no name that the event around it has: else nobody could read it back.
#[test]
fn what_happened_is_read_back_as_it_was_written() {
    use crate::event::{Audience, Event, Subject};
    let ticket = TicketId(7);
    let facts = [
        Fact::TicketWatched { ticket, user: UserId(1), on: true },
        Fact::TicketLinked { ticket, other: TicketId(8), on: false },
    ];
    for fact in facts {
        let event = Event {
            seq: 1,
            at: 2,
            on: Subject::Ticket(ticket),
            by: Actor::System,
            to: Audience::Staff,
            from: None,
            fact,
            private: None,
        };
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event, "{text}");
    }
}

#[test]
fn e2_what_was_written_down_twice_goes_on_once_from_when_it_was_first_raised() {
    let mut first = Desk::with(complaint(), NewTicket::default());
    first.now += HOUR;
    let earlier = first.now - 5 * HOUR;
    let again = NewTicket { owner: Some(WANG), received_at: Some(earlier), ..NewTicket::default() };
    let mut second = Desk::with(complaint(), again);
    (second.ticket.id, second.now) = (TicketId(10), first.now);
    second.go(WANG, "wait", &[]).unwrap();
    let merge = |on| TicketAct::Merge { into: TicketId(9), on };
    assert_eq!(first.act(LI, merge(true)), Err(Refused::field("into", Fault::Circle)));

    let twice = second.ticket.clone();
    second.act(WANG, merge(true)).unwrap();
    assert_eq!(
        (second.ticket.state.as_str(), second.ticket.confirmed),
        ("unreachable", false),
        "not confirmed"
    );
    assert_eq!(second.ticket.links, [TicketId(9)]);
    assert!(second.clock().stopped_at.is_some() || !second.clock().runs(), "it counts no more");
    assert_eq!(second.go(WANG, "reopen", &[]), Err(Refusal::WrongPhase.into()), "it goes on elsewhere");

    let due_at = first.clock().due_at;
    let whole = absorb(&first.ticket, &twice, first.scene(LI)).unwrap().ticket;
    assert_eq!((whole.received_at, &whole.links), (earlier, &vec![TicketId(10)]));
    assert_eq!(due_at - whole.clocks[0].due_at, first.ticket.received_at - earlier);
    assert!(whole.watchers.contains(&WANG), "who worked on the other follows it");

    second.act(WANG, merge(false)).unwrap();
    assert_eq!((second.ticket.state.as_str(), second.ticket.closed_at), ("waiting", None));
    assert!(second.clock().runs());
    first.ticket.phase = TicketPhase::Closed;
    let closed = absorb(&first.ticket, &twice, first.scene(LI)).map(|_| ());
    assert_eq!(closed, Err(Refused::field("into", Fault::Closed)));
}
