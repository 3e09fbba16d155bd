//! Plans of visits (B-33): whom, by whom, when and for what. A plan becomes tickets, spread over its staff and its open
//! hours; how it stands is counted from them.

use crate::{
    At, calendar,
    config::{Calendar, FieldShape, FieldWhen, TicketPhase},
    directory::Directory,
    fault::{Fault, Faults, Refused},
    id::*,
    ticket::Ticket,
};
use serde::{Deserialize, Serialize};

/// So many visits a plan has at most.
pub const MOST: usize = 5_000;
const MAX_STAFF: usize = 200;
const LONGEST_MS: At = 2 * 366 * 86_400_000;

/// A plan that is to be made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewPlan {
    pub name: String,
    /// The kind of ticket that each visit is: its form, its checklist, its clocks.
    pub of: TicketTypeId,
    /// Of each ticket; may hold `{customer}`.
    pub title: String,
    pub audience: PlanAudience,
    /// Visits go to them in turn.
    pub staff: Vec<UserId>,
    /// From this instant, in milliseconds, and before that one.
    pub from: At,
    pub to: At,
    /// Visits are due in its open hours; absent: evenly over the days.
    #[serde(default)]
    pub calendar: Option<CalendarId>,
    /// Key of the number that says how satisfied they were.
    #[serde(default)]
    pub score: String,
    /// Which answer says that a sensitive matter came up.
    #[serde(default)]
    pub sensitive: Option<FieldWhen>,
    /// Key of the state in which nobody was reached.
    #[serde(default)]
    pub unreached: String,
}

/// Who is visited: all that is set must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct PlanAudience {
    /// These; none given: all customers.
    pub customers: Vec<CustomerId>,
    pub tag: Option<TagId>,
    /// Only those.
    pub vip: bool,
    pub line: Option<LineId>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Plan {
    pub id: RecordId,
    pub version: i64,
    pub by: Option<UserId>,
    pub created_at: At,
    /// No more tickets of it are made.
    pub cancelled: bool,
    pub total: u32,
    #[serde(flatten)]
    pub wanted: NewPlan,
}

/// One visit of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Visit {
    pub place: u32,
    pub customer: CustomerId,
    pub person: UserId,
    pub due_at: At,
    pub problem: Option<String>,
    /// Nothing until it is made.
    pub ticket: Option<Ticket>,
}

/// How one visit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum VisitPart {
    /// Its ticket is still to be made, or could not be.
    Unmade,
    Open,
    /// It should have been done by now.
    Overdue,
    Done,
    Unreached,
}

/// How a plan stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PlanFigures {
    pub total: u32,
    /// Of which there are tickets.
    pub made: u32,
    pub failed: u32,
    pub done: u32,
    pub overdue: u32,
    pub unreached: u32,
    pub sensitive: u32,
    /// Visits that said how satisfied they were, and the mean of it.
    pub scored: u32,
    pub mean: Option<f64>,
    /// Done or unreached, in percent of all.
    pub progress: f64,
}

/// Whether a plan can be made.
pub fn check(new: &NewPlan, now: At, directory: &Directory) -> Result<(), Refused> {
    let mut faults = Faults::default();
    faults.unless(!new.name.trim().is_empty(), "name", Fault::Missing);
    faults.length("name", &new.name, 100);
    faults.unless(!new.title.trim().is_empty(), "title", Fault::Missing);
    faults.length("title", &new.title, 200);
    faults.unless(new.to > now, "to", Fault::Past);
    faults.unless(new.from < new.to, "from", Fault::Reversed);
    faults.unless(new.to.saturating_sub(new.from) <= LONGEST_MS, "to", Fault::Outside(1, 732));
    faults.unless(!new.staff.is_empty(), "staff", Fault::Missing);
    faults.unless(new.staff.len() <= MAX_STAFF, "staff", Fault::TooMany(MAX_STAFF));
    for (n, id) in new.staff.iter().enumerate() {
        let works = directory.users.get(id).is_some_and(|user| !user.disabled);
        faults.unless(works, format!("staff.{n}"), Fault::Unknown);
    }
    let who = &new.audience;
    faults.unless(who.customers.len() <= MOST, "audience.customers", Fault::TooMany(MOST));
    faults.unless(who.tag.is_none_or(|id| directory.tags.contains_key(&id)), "audience.tag", Fault::Unknown);
    let line = who.line.is_none_or(|id| directory.lines.contains_key(&id));
    faults.unless(line, "audience.line", Fault::Unknown);
    match new.calendar.map(|id| directory.calendars.get(&id)) {
        Some(None) => faults.add("calendar", Fault::Unknown),
        Some(Some(it)) if faults.0.is_empty() => {
            let open_ms = calendar::open_ms_between(it, new.from, new.to);
            faults.unless(open_ms > 0, "calendar", Fault::NeverOpen);
        }
        _ => {}
    }
    match directory.ticket_types.get(&new.of).filter(|of| !of.retired) {
        None => faults.add("of", Fault::Unknown),
        Some(of) => {
            let counts = |key: &str| {
                let counted = [FieldShape::Number, FieldShape::Money, FieldShape::Formula];
                of.field(key).is_some_and(|field| counted.contains(&field.shape))
            };
            faults.unless(new.score.is_empty() || counts(&new.score), "score", Fault::Unknown);
            let known = new.sensitive.as_ref().is_none_or(|it| of.field(&it.field).is_some());
            faults.unless(known, "sensitive.field", Fault::Unknown);
            let state = new.unreached.is_empty() || of.state(&new.unreached).is_some();
            faults.unless(state, "unreached", Fault::Unknown);
            // A visit is opened by itself: nobody is there to answer.
            faults.unless(!of.fields.iter().any(|it| it.required && it.when.is_none()), "of", Fault::Asks);
        }
    }
    faults.none()
}

/// When the visit at a place of `total` is due: spread evenly over the open hours, the last one at their end.
pub fn due_at(from: At, to: At, calendar: Option<&Calendar>, place: u32, total: u32) -> At {
    let share = |span: At| (i128::from(span) * i128::from(place + 1) / i128::from(total.max(1))) as At;
    let evenly = || from + share(to - from);
    let Some(calendar) = calendar else { return evenly() };
    let open_ms = calendar::open_ms_between(calendar, from, to);
    calendar::shift_open_ms(calendar, from, share(open_ms)).unwrap_or_else(evenly)
}

/// How a visit stands.
pub fn part(plan: &NewPlan, visit: &Visit, now: At) -> VisitPart {
    match &visit.ticket {
        None => VisitPart::Unmade,
        Some(it) if !plan.unreached.is_empty() && it.state == plan.unreached => VisitPart::Unreached,
        Some(it) if it.phase >= TicketPhase::Solved => VisitPart::Done,
        Some(_) if visit.due_at < now => VisitPart::Overdue,
        Some(_) => VisitPart::Open,
    }
}

pub fn is_sensitive(plan: &NewPlan, visit: &Visit) -> bool {
    let answer = |when: &FieldWhen| visit.ticket.as_ref()?.values.get(&when.field).cloned();
    plan.sensitive.as_ref().is_some_and(|it| answer(it).is_some_and(|answer| it.is.contains(&answer)))
}

pub fn score(plan: &NewPlan, visit: &Visit) -> Option<f64> {
    visit.ticket.as_ref()?.values.get(&plan.score)?.trim().parse().ok()
}

/// Counts a plan's visits.
pub fn figures(plan: &NewPlan, visits: &[Visit], now: At) -> PlanFigures {
    let count = |part_of: VisitPart| visits.iter().filter(|it| part(plan, it, now) == part_of).count() as u32;
    let scores: Vec<f64> = visits.iter().filter_map(|it| score(plan, it)).collect();
    let (total, done, unreached) = (visits.len() as u32, count(VisitPart::Done), count(VisitPart::Unreached));
    let mean = scores.iter().sum::<f64>() / scores.len() as f64;
    PlanFigures {
        total,
        made: total - count(VisitPart::Unmade),
        failed: visits.iter().filter(|it| it.problem.is_some()).count() as u32,
        done,
        overdue: count(VisitPart::Overdue),
        unreached,
        sensitive: visits.iter().filter(|it| is_sensitive(plan, it)).count() as u32,
        scored: scores.len() as u32,
        mean: (!scores.is_empty()).then(|| (mean * 100.0).round() / 100.0),
        progress: (f64::from(done + unreached) * 1_000.0 / f64::from(total.max(1))).round() / 10.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Span;

    const MONDAY: At = 1_795_392_000_000; // 2026-11-23 00:00 UTC
    const HOUR: At = 3_600_000;

    fn office() -> Calendar {
        let day = vec![Span { from: 9 * 60, to: 17 * 60 }];
        let mut week: [Vec<Span>; 7] = std::array::from_fn(|_| day.clone());
        week[5].clear();
        week[6].clear();
        Calendar { zone: "UTC".into(), week, ..Calendar::default() }
    }

    /// B-33: twenty visits in two weeks are two a working day, none at the weekend.
    #[test]
    fn b_33_visits_are_spread_over_working_hours() {
        let calendar = office();
        let to = MONDAY + 14 * 24 * HOUR;
        let due: Vec<At> = (0..20).map(|n| due_at(MONDAY, to, Some(&calendar), n, 20)).collect();
        assert_eq!(&due[..3], [MONDAY + 13 * HOUR, MONDAY + 17 * HOUR, MONDAY + 37 * HOUR]);
        assert_eq!(due[10], MONDAY + (7 * 24 + 13) * HOUR, "the second week begins on its Monday");
        assert_eq!(due[19], MONDAY + (11 * 24 + 17) * HOUR, "the last one on Friday, as the office closes");
        assert_eq!(due_at(0, 100, None, 0, 4), 25);
        assert_eq!(due_at(0, 100, None, 3, 4), 100);
    }

    /// B-33: progress, what is late, whom nobody reached, what is sensitive, and how satisfied they were.
    #[test]
    fn b_33_a_plan_is_counted_from_its_visits() {
        let plan = NewPlan {
            score: "score".into(),
            sensitive: Some(FieldWhen { field: "sensitive".into(), is: vec!["yes".into()] }),
            unreached: "unreached".into(),
            ..NewPlan::default()
        };
        let visit = |phase, state: &str, values: &[(&str, &str)], due_at| Visit {
            place: 0,
            customer: CustomerId(1),
            person: UserId(1),
            due_at,
            problem: None,
            ticket: Some(Ticket {
                phase,
                state: state.into(),
                values: values.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect(),
                ..Ticket::default()
            }),
        };
        let unmade = Visit { ticket: None, ..visit(TicketPhase::Open, "planned", &[], 0) };
        let visits = [
            visit(TicketPhase::Closed, "done", &[("score", "5"), ("sensitive", "no")], 50),
            visit(TicketPhase::Closed, "done", &[("score", "2"), ("sensitive", "yes")], 50),
            visit(TicketPhase::Closed, "unreached", &[], 50),
            visit(TicketPhase::Open, "planned", &[], 50),
            visit(TicketPhase::Open, "planned", &[], 150),
            Visit { problem: Some("gone".into()), ..unmade },
        ];
        let expected = PlanFigures {
            total: 6,
            made: 5,
            failed: 1,
            done: 2,
            overdue: 1,
            unreached: 1,
            sensitive: 1,
            scored: 2,
            mean: Some(3.5),
            progress: 50.0,
        };
        assert_eq!(figures(&plan, &visits, 100), expected);
        let none = PlanFigures { progress: 0.0, mean: None, ..PlanFigures::default() };
        assert_eq!(figures(&plan, &[], 100), none);
    }
}
