//! Formulas give the figures that the field's own worked examples give.

use yingda_core::{
    agent::AgentState,
    event::{QueueExit, QueueReason},
    fact::*,
    id::*,
    lang::Lang,
    medium::Medium,
};
use yingda_report::{
    metric::{Level, Metric},
    report::{self, By, Question},
    table::Cell,
    tally::{Period, Tally},
};

const ALWAYS: Period = Period { from: 0, to: i64::MAX, now: 1_000_000_000 };

fn visit(n: i64, exit: QueueExit, waited_ms: i64) -> Visit {
    Visit {
        seq: n as u64,
        conversation: ConversationId(n),
        queue: QueueId(1),
        line: LineId(1),
        medium: Medium::Chat,
        vip: false,
        reason: QueueReason::New,
        entered_at: 1_000,
        threshold_s: 20,
        left_at: Some(1_000 + waited_ms),
        exit: Some(exit),
        waited_ms,
        agent: None,
    }
}

fn segment(agent: i64, started_at: i64, ended_at: Option<i64>, share: u16) -> Segment {
    Segment {
        conversation: ConversationId(started_at),
        number: 1,
        agent: UserId(agent),
        team: None,
        queue: Some(QueueId(1)),
        line: LineId(1),
        medium: Medium::Chat,
        share,
        waited_ms: 0,
        threshold_s: 20,
        by_hand: false,
        started_at,
        ended_at,
        end: None,
        talk_ms: ended_at.map_or(0, |ended_at| ended_at - started_at),
        wrap_at: None,
        wrap_ms: 0,
        first_response_ms: None,
        customer_messages: 0,
        agent_messages: 0,
        focus_ms: 0,
        rating_asked: false,
        rating: None,
    }
}

/// 1,000 answered, 860 of them in time; 60 abandoned, 20 in time, 10 of these within five seconds.
fn worked_example() -> Tally {
    let mut tally = Tally::default();
    let groups = [
        (860, QueueExit::Answered, 12_000),
        (140, QueueExit::Answered, 45_000),
        (10, QueueExit::Abandoned, 3_000),
        (10, QueueExit::Abandoned, 15_000),
        (40, QueueExit::Abandoned, 60_000),
    ];
    let mut n = 0;
    for (times, exit, waited_ms) in groups {
        for _ in 0..times {
            n += 1;
            tally.visit(&visit(n, exit, waited_ms), &ALWAYS);
        }
    }
    tally
}

fn percent(metric: Metric, tally: &Tally) -> f64 {
    let share = metric.of(tally).number().expect("the denominator is not zero");
    (share * 1_000.0).round() / 10.0
}

#[test]
fn the_five_service_levels_differ_on_the_same_facts() {
    let tally = worked_example();
    let levels: Vec<f64> =
        Level::ALL.into_iter().map(|level| percent(Metric::ServiceLevel(level), &tally)).collect();
    assert_eq!(levels, [83.0, 86.0, 81.1, 82.7, 82.1]);
}

#[test]
fn k01_answer_rate_abandonment_and_waits() {
    let tally = worked_example();
    assert_eq!(percent(Metric::AnswerRate, &tally), 94.3);
    assert_eq!(percent(Metric::AbandonmentRate, &tally), 5.7);
    assert_eq!(Metric::SpeedOfAnswer.of(&tally), Cell::Whole(16_620));
    assert_eq!(Metric::WaitP90.of(&tally), Cell::Whole(45_000));
    assert_eq!(Metric::WaitLongest.of(&tally), Cell::Whole(60_000));
}

#[test]
fn a_flow_out_is_neither_answered_nor_abandoned_and_a_contact_counts_once() {
    let mut tally = Tally::default();
    let mut first = visit(7, QueueExit::Overflow, 30_000);
    first.seq = 1;
    let mut second = visit(7, QueueExit::Answered, 5_000);
    second.seq = 2;
    tally.visit(&first, &ALWAYS);
    tally.visit(&second, &ALWAYS);
    assert_eq!(Metric::Contacts.of(&tally), Cell::Whole(1));
    assert_eq!(Metric::Entered.of(&tally), Cell::Whole(2));
    assert_eq!(Metric::FlowedOut.of(&tally), Cell::Whole(1));
    assert_eq!(Metric::AnswerRate.of(&tally), Cell::Real(1.0));
    assert_eq!(Metric::AbandonmentRate.of(&tally), Cell::Real(0.0));
}

#[test]
fn k04_satisfaction_comes_with_its_response_rate() {
    let mut tally = Tally::default();
    for (n, rating) in [Some(5), Some(4), Some(2), None, None].into_iter().enumerate() {
        let mut it = segment(1, n as i64 * 10_000, Some(n as i64 * 10_000 + 5_000), 2_000);
        it.rating_asked = true;
        it.rating = rating;
        tally.segment(&it);
    }
    assert_eq!(percent(Metric::Satisfaction, &tally), 66.7);
    assert_eq!(percent(Metric::RatingResponse, &tally), 60.0);
    assert_eq!(Metric::Ratings.of(&tally), Cell::Whole(3));
}

#[test]
fn k40_parallel_chats_weigh_by_their_share_of_capacity() {
    let ready = Interval {
        seq: 1,
        agent: UserId(1),
        state: AgentState::Ready,
        reason: String::new(),
        from_at: 0,
        until_at: Some(100_000),
    };
    // Two chats of a fifth each for 50 s, overlapping for 25 s.
    let chats = [segment(1, 0, Some(50_000), 2_000), segment(1, 25_000, Some(75_000), 2_000)];
    let mut tally = Tally::default();
    tally.agent(&[&ready], &[&chats[0], &chats[1]], &Period { from: 0, to: 200_000, now: 200_000 });
    assert_eq!(percent(Metric::Occupancy, &tally), 20.0);
    assert_eq!(Metric::ConcurrencyPeak.of(&tally), Cell::Whole(2));
    let mean = Metric::ConcurrencyMean.of(&tally).number().unwrap();
    assert!((mean - 100.0 / 75.0).abs() < 1e-9, "{mean}");
    assert_eq!(Metric::SignedIn.of(&tally), Cell::Whole(100_000));
}

#[test]
fn load_never_exceeds_one_and_a_hand_over_is_no_peak() {
    let chats = [segment(1, 0, Some(10_000), 10_000), segment(1, 5_000, Some(10_000), 10_000)];
    let after = segment(1, 10_000, None, 10_000);
    let mut tally = Tally::default();
    tally.agent(&[], &[&chats[0], &chats[1], &after], &Period { from: 0, to: 20_000, now: 20_000 });
    assert_eq!(percent(Metric::Occupancy, &tally), 100.0);
    assert_eq!(Metric::ConcurrencyPeak.of(&tally), Cell::Whole(2));
}

fn report(by: By) -> yingda_report::table::Table {
    let day = 1_790_000_000_000;
    let mut facts = Facts::default();
    for (n, waited_ms) in [4_000, 30_000, 90_000].into_iter().enumerate() {
        let mut it = visit(n as i64 + 1, QueueExit::Answered, waited_ms);
        it.entered_at = day + n as i64 * 3_600_000;
        facts.visits.push(it);
        let mut it = segment(n as i64 % 2 + 1, day + n as i64 * 3_600_000, None, 2_000);
        it.ended_at = Some(it.started_at + 60_000);
        it.talk_ms = 60_000;
        facts.segments.push(it);
    }
    let question = Question {
        by,
        period: Period { from: day - 1, to: day + 86_400_000, now: day + 86_400_000 },
        zone: "Asia/Shanghai".into(),
        level: Level::F3,
    };
    report::answer(&question, &facts, &Default::default())
}

#[test]
fn a_total_is_computed_from_all_facts_and_not_from_rows() {
    let table = report(By::Agent);
    let column = |key: &str| table.columns.iter().position(|column| column.key == key).unwrap();
    let level = column("aht");
    assert_eq!(table.rows.len(), 2);
    assert_eq!(table.total[level], Cell::Whole(60_000), "a mean of means, or a sum, would differ");
    assert_eq!(table.total[column("segments")], Cell::Whole(3));
    let hours = report(By::Hour);
    assert_eq!(hours.rows.len(), 3);
    assert!(hours.rows.iter().all(|row| row.key.ends_with(":00") && row.cells.len() == hours.columns.len()));
}

#[test]
fn every_printed_column_carries_its_formula_in_both_languages() {
    for by in [By::Agent, By::Queue, By::Hour, By::Day, By::Invitation] {
        let table = report(by);
        for column in &table.columns {
            assert!(!column.formula.zh.is_empty() && !column.formula.en.is_empty(), "{}", column.key);
            assert!(!column.name.zh.is_empty() && !column.name.en.is_empty(), "{}", column.key);
        }
    }
}

/// SYS-74: the two wordings of an invitation can be compared.
#[test]
fn an_acceptance_belongs_to_the_wording_that_was_seen() {
    let told = |seq: u64, visitor: i64, variant: bool, accepted: Option<bool>| Invitation {
        seq,
        visitor: VisitorId(visitor),
        invitation: Some(InvitationId(9)),
        variant,
        page: String::new(),
        happened_at: 1_000,
        accepted,
    };
    let facts = Facts {
        invitations: vec![
            told(4, 2, false, Some(true)),
            told(1, 1, false, None),
            told(2, 1, false, Some(false)),
            told(3, 2, true, None),
            told(5, 1, true, None),
            told(6, 1, false, Some(true)),
        ],
        ..Facts::default()
    };
    let question =
        Question { by: By::Invitation, period: ALWAYS, zone: "Asia/Shanghai".into(), level: Level::F1 };
    let table = report::answer(&question, &facts, &Default::default());
    let cells: Vec<_> = table.rows.iter().map(|row| (&*row.key, &row.cells[..])).collect();
    let figures = |shown, accepted, rate: f64| [Cell::Whole(shown), Cell::Whole(accepted), Cell::Real(rate)];
    assert_eq!(cells, [("9", &figures(1, 0, 0.0)[..]), ("9-b", &figures(2, 2, 1.0)[..])]);
    assert_eq!(table.total, figures(3, 2, 2.0 / 3.0));
}

#[test]
fn exports_hold_the_figures_and_the_formulas() {
    let table = report(By::Queue);
    let lines = table.lines(Lang::Zh);
    assert_eq!(lines[0][..2], ["名称", "会话数"]);
    assert!(lines[1].contains(&"33.3%".to_owned()), "{:?}", lines[1]);
    let formula = "F3 = 时限内接入 ÷（接入 + 放弃）";
    assert!(lines.iter().any(|line| line.last().is_some_and(|it| it == formula)));
    let xlsx = yingda_report::xlsx::write(&table, Lang::En).unwrap();
    assert_eq!(&xlsx[..2], b"PK", "a workbook is a zip archive");
}
