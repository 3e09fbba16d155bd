use super::*;
use crate::{
    config::{Field, RuleStep, TicketState},
    lang::Text,
};
use std::{collections::BTreeSet, sync::Arc};

const REPAIR: TicketTypeId = TicketTypeId(7);

fn repair() -> TicketType {
    let state = |key: &str, phase| TicketState { key: key.into(), phase, ..TicketState::default() };
    TicketType {
        states: vec![state("new", TicketPhase::Open), state("done", TicketPhase::Closed)],
        fields: vec![Field { key: "cost".into(), shape: FieldShape::Money, ..Field::default() }],
        ..TicketType::default()
    }
}

fn ticket() -> Ticket {
    let values = [("cost".to_owned(), "120.50".to_owned())].into();
    Ticket {
        of: REPAIR,
        state: "new".into(),
        title: "咖啡机漏水".into(),
        severity: 2,
        values,
        ..Ticket::default()
    }
}

fn is(what: Aspect, test: Test, values: &[&str]) -> Condition {
    let values = values.iter().map(|it| it.to_string()).collect();
    let field = if what == Aspect::Field { "cost".into() } else { String::new() };
    Condition { what, test, values, field, ..Condition::default() }
}

fn rule(conditions: Vec<Condition>) -> Rule {
    let note = RuleStep { percent: 100, does: RuleAct::Note { text: "x".into() }, ..RuleStep::default() };
    Rule { name: Text::new("规则", "Rule"), conditions, steps: vec![note], ..Rule::default() }
}

#[test]
fn sys_21_conditions_look_at_the_ticket_and_at_whom_it_serves() {
    let (ticket, of) = (ticket(), repair());
    let tags = vec![TagId(3)];
    let card = Customer { vip: true, tags, ..Customer::default() };
    let client = Client { card: &card, line: None, segments: &[], history: None };
    let seen = Seen { ticket: Some((&ticket, &of)), customer: Some(client), ..Seen::default() };
    let yes = [
        is(Aspect::Kind, Test::Is, &["7", "8"]),
        is(Aspect::Kind, Test::IsNot, &["8"]),
        is(Aspect::Title, Test::Contains, &["漏水"]),
        is(Aspect::Field, Test::Above, &["100"]),
        is(Aspect::Severity, Test::Below, &["3"]),
        is(Aspect::Team, Test::Empty, &[]),
        is(Aspect::Vip, Test::Is, &["yes"]),
        is(Aspect::Tag, Test::Is, &["3"]),
        is(Aspect::Medium, Test::Empty, &[]),
    ];
    for it in &yes {
        assert!(holds(&rule(vec![it.clone()]), seen), "{it:?}");
    }
    let no = is(Aspect::Field, Test::Above, &["120.50"]);
    assert!(!holds(&rule(vec![yes[0].clone(), no.clone()]), seen), "all of them");
    assert!(holds(&Rule { any: true, ..rule(vec![yes[0].clone(), no]) }, seen), "any of them");
    assert!(holds(&Rule { any: true, ..rule(vec![]) }, seen), "none asked for");
}

#[test]
fn sys_21_a_move_counts_for_the_state_that_it_led_to_although_the_ticket_went_on() {
    let (mut ticket, of) = (ticket(), repair());
    ticket.state = "new".into();
    let closed = rule(vec![is(Aspect::State, Test::Is, &["done"]), is(Aspect::Phase, Test::Is, &["closed"])]);
    let seen = Seen { ticket: Some((&ticket, &of)), state: Some("done"), ..Seen::default() };
    assert!(holds(&closed, seen));
    assert!(!holds(&closed, Seen { state: None, ..seen }));
    let moved = |from: &str, to: &str, phase| Fact::TicketMoved {
        ticket: ticket.id,
        version: 2,
        from: from.into(),
        to: to.into(),
        way: "w".into(),
        phase,
        reason: String::new(),
        forced: false,
    };
    let told = events(&moved("done", "new", TicketPhase::Open), Some(&of));
    assert_eq!(told, [RuleEvent::TicketMoved, RuleEvent::TicketReopened]);
    assert_eq!(events(&moved("new", "done", TicketPhase::Closed), Some(&of)), [RuleEvent::TicketMoved]);
}

#[test]
fn b_32_a_sample_is_the_same_every_time_and_about_as_large_as_asked() {
    let taken =
        |percent| (1..=10_000).filter(|seq| falls_in(RuleId(9), *seq, 0, percent)).collect::<BTreeSet<u64>>();
    assert_eq!(taken(20), taken(20));
    assert!((1_850..2_150).contains(&taken(20).len()), "{}", taken(20).len());
    assert_eq!((taken(100).len(), taken(0).len()), (10_000, 0));
    assert!(taken(20).is_subset(&taken(50)), "more of the same");
    assert!(
        taken(50) != (1..=10_000).filter(|seq| falls_in(RuleId(9), *seq, 1, 50)).collect(),
        "each step by itself"
    );
}

#[test]
fn sys_21_what_goes_round_in_circles_is_stopped() {
    assert_eq!(stops(&[], 0), None);
    assert_eq!(stops(&[RuleId(1); DEEPEST - 1], OFTEN - 1), None);
    assert_eq!(stops(&[RuleId(1); DEEPEST], 0), Some(Stop::Loop));
    assert_eq!(stops(&[], OFTEN), Some(Stop::TooOften));
}

#[test]
fn sys_21_a_rule_that_cannot_work_is_refused_part_by_part() {
    let mut directory = Directory::default();
    directory.ticket_types.insert(REPAIR, Arc::new(repair()));
    let wrong = |rule: Rule| {
        let mut faults = Faults::default();
        check(&rule, &directory, &mut faults);
        faults.0.into_iter().map(|it| it.field).collect::<Vec<_>>()
    };
    assert_eq!(wrong(rule(vec![is(Aspect::Kind, Test::Is, &["7"])])), [""; 0]);
    let mut bad = rule(vec![
        is(Aspect::Kind, Test::Is, &["8"]),
        is(Aspect::Field, Test::Above, &["much"]),
        is(Aspect::Rating, Test::Below, &["3"]),
        is(Aspect::State, Test::Is, &[]),
    ]);
    bad.steps[0].percent = 0;
    bad.steps[0].does = RuleAct::Tell { to: vec![EscalateTo::User(UserId(5))], text: " ".into() };
    let expected = [
        "conditions.0.values.0",
        "conditions.1.values",
        "conditions.2.what",
        "conditions.3.values",
        "steps.0.percent",
        "steps.0.does.text",
        "steps.0.does.to.0",
    ];
    assert_eq!(wrong(bad), expected);
    let unfit = Rule { when: RuleEvent::CustomerChanged, ..rule(vec![]) };
    assert_eq!(wrong(unfit), ["steps.0.does.act"], "a customer has no ticket to note on");
    assert_eq!(wrong(Rule { steps: vec![], ..rule(vec![]) }), ["steps"]);
}
