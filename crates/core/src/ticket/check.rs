//! Whether a kind of ticket that somebody designed can work.

use crate::{
    config::{FieldShape, TicketPhase, TicketType},
    directory::Directory,
    fault::{Fault, Faults, Shape},
    form::{check_fields, is_key},
    id::*,
};
use std::collections::BTreeSet;

const MAX_STATES: usize = 40;
const MAX_MOVES: usize = 200;
const MAX_CLOCKS: usize = 10;
const MAX_STEPS: usize = 20;
const MAX_SECTIONS: usize = 20;
const MAX_SIGNATURES: usize = 10;
const TEN_YEARS_MIN: i64 = 10 * 366 * 24 * 60;

pub(crate) fn check(of: &TicketType, id: Option<TicketTypeId>, directory: &Directory, faults: &mut Faults) {
    prefix(of, id, directory, faults);
    faults.text("hint", &of.hint, 2_000);
    faults.range("severity", of.severity, 1, 4);
    faults.unless(of.team.is_none_or(|id| directory.teams.contains_key(&id)), "team", Fault::Unknown);
    faults.0.extend(check_fields("fields", &of.fields));
    states(of, faults);
    moves(of, directory, faults);
    clocks(of, directory, faults);
    let mut seen = BTreeSet::new();
    for (n, item) in of.checklist.iter().enumerate() {
        faults.shape(is_key(&item.key), format!("checklist.{n}.key"), Shape::Key);
        faults.unless(seen.insert(&item.key), format!("checklist.{n}.key"), Fault::Twice);
        faults.needed_text(&format!("checklist.{n}.name"), &item.name, 200);
    }
    paper(of, faults);
    let is_person = |key: &str| of.field(key).is_some_and(|field| field.shape == FieldShape::Person);
    faults.unless(of.about.is_empty() || is_person(&of.about), "about", Fault::Unknown);
}

fn paper(of: &TicketType, faults: &mut Faults) {
    let Some(paper) = &of.paper else { return };
    faults.text("paper.header", &paper.header, 2_000);
    faults.unless(paper.sections.len() <= MAX_SECTIONS, "paper.sections", Fault::TooMany(MAX_SECTIONS));
    for (n, section) in paper.sections.iter().enumerate() {
        faults.text(&format!("paper.sections.{n}.title"), &section.title, 100);
        for (m, key) in section.fields.iter().enumerate() {
            faults.unless(of.field(key).is_some(), format!("paper.sections.{n}.fields.{m}"), Fault::Unknown);
        }
    }
    let most = MAX_SIGNATURES;
    faults.unless(paper.signatures.len() <= most, "paper.signatures", Fault::TooMany(most));
    for (n, signature) in paper.signatures.iter().enumerate() {
        faults.needed_text(&format!("paper.signatures.{n}.name"), &signature.name, 60);
    }
}

fn prefix(of: &TicketType, id: Option<TicketTypeId>, directory: &Directory, faults: &mut Faults) {
    let fits = (1..=6).contains(&of.prefix.len()) && of.prefix.bytes().all(|byte| byte.is_ascii_uppercase());
    faults.shape(fits, "prefix", Shape::Prefix);
    let others = directory.ticket_types.iter().filter(|(other, _)| Some(**other) != id);
    faults.unless(others.into_iter().all(|(_, other)| other.prefix != of.prefix), "prefix", Fault::Taken);
}

fn states(of: &TicketType, faults: &mut Faults) {
    faults.unless(!of.states.is_empty(), "states", Fault::Missing);
    faults.unless(of.states.len() <= MAX_STATES, "states", Fault::TooMany(MAX_STATES));
    let mut seen = BTreeSet::new();
    for (n, state) in of.states.iter().enumerate() {
        faults.shape(is_key(&state.key), format!("states.{n}.key"), Shape::Key);
        faults.unless(seen.insert(&state.key), format!("states.{n}.key"), Fault::Twice);
        faults.needed_text(&format!("states.{n}.name"), &state.name, 60);
    }
    let begins_open = of.states.first().is_none_or(|state| state.phase < TicketPhase::Solved);
    faults.unless(begins_open, "states.0.phase", Fault::Malformed(Shape::Choice));
    let ends = of.states.iter().any(|state| state.phase == TicketPhase::Closed);
    faults.unless(ends, "states", Fault::NoEnd);
    // A state that no way leads to is a state that somebody forgot.
    let mut reached: BTreeSet<&str> = of.states.first().map(|state| state.key.as_str()).into_iter().collect();
    while let Some(way) = of.moves.iter().find(|way| {
        way.from.iter().any(|from| reached.contains(from.as_str())) && !reached.contains(way.to.as_str())
    }) {
        reached.insert(&way.to);
    }
    for (n, state) in of.states.iter().enumerate() {
        faults.unless(reached.contains(state.key.as_str()), format!("states.{n}.key"), Fault::Unreachable);
    }
}

fn moves(of: &TicketType, directory: &Directory, faults: &mut Faults) {
    faults.unless(of.moves.len() <= MAX_MOVES, "moves", Fault::TooMany(MAX_MOVES));
    let mut seen = BTreeSet::new();
    for (n, way) in of.moves.iter().enumerate() {
        let at = |part: &str| format!("moves.{n}.{part}");
        faults.shape(is_key(&way.key), at("key"), Shape::Key);
        faults.unless(seen.insert(&way.key), at("key"), Fault::Twice);
        faults.needed_text(&at("name"), &way.name, 60);
        faults.unless(!way.from.is_empty(), at("from"), Fault::Missing);
        for (m, from) in way.from.iter().enumerate() {
            faults.unless(of.state(from).is_some(), format!("moves.{n}.from.{m}"), Fault::Unknown);
        }
        faults.unless(of.state(&way.to).is_some(), at("to"), Fault::Unknown);
        for (m, key) in way.needs.iter().enumerate() {
            faults.unless(of.field(key).is_some(), format!("moves.{n}.needs.{m}"), Fault::Unknown);
        }
        let purposes = &directory.settings.customers.purposes;
        for (m, purpose) in way.consents.iter().enumerate() {
            let known = purposes.iter().any(|it| it.key == *purpose);
            faults.unless(known, format!("moves.{n}.consents.{m}"), Fault::Unknown);
        }
        faults.range(&at("needs_attempts"), way.needs_attempts, 0, 30);
        if let Some(limit) = &way.limit {
            let counts =
                |shape| matches!(shape, FieldShape::Number | FieldShape::Money | FieldShape::Formula);
            let known = of.field(&limit.field).is_some_and(|field| counts(field.shape));
            faults.unless(known, at("limit.field"), Fault::Unknown);
            faults.shape(limit.most.is_finite(), at("limit.most"), Shape::Number);
        }
    }
}

fn clocks(of: &TicketType, directory: &Directory, faults: &mut Faults) {
    faults.unless(of.clocks.len() <= MAX_CLOCKS, "clocks", Fault::TooMany(MAX_CLOCKS));
    let mut seen = BTreeSet::new();
    for (n, clock) in of.clocks.iter().enumerate() {
        let at = |part: &str| format!("clocks.{n}.{part}");
        faults.shape(is_key(&clock.key), at("key"), Shape::Key);
        faults.unless(seen.insert(&clock.key), at("key"), Fault::Twice);
        faults.needed_text(&at("name"), &clock.name, 60);
        faults.range(&at("minutes"), i64::from(clock.minutes), 1, TEN_YEARS_MIN);
        for (severity, minutes) in &clock.by_severity {
            faults.range(&at("by_severity"), *severity, 1, 4);
            faults.range(&at("by_severity"), i64::from(*minutes), 1, TEN_YEARS_MIN);
        }
        let known = clock.calendar.is_none_or(|id| directory.calendars.contains_key(&id));
        faults.unless(known, at("calendar"), Fault::Unknown);
        let named = [("stops_in", &clock.stops_in), ("pauses_in", &clock.pauses_in)];
        for (part, keys) in named {
            for (m, key) in keys.iter().enumerate() {
                faults.unless(of.state(key).is_some(), format!("clocks.{n}.{part}.{m}"), Fault::Unknown);
            }
        }
        let begins = clock.starts_in.is_empty() || of.state(&clock.starts_in).is_some();
        faults.unless(begins, at("starts_in"), Fault::Unknown);
        faults.unless(clock.first_reply || !clock.stops_in.is_empty(), at("stops_in"), Fault::Missing);
        faults.unless(clock.steps.len() <= MAX_STEPS, at("steps"), Fault::TooMany(MAX_STEPS));
        for (m, step) in clock.steps.iter().enumerate() {
            faults.range(&format!("clocks.{n}.steps.{m}.percent"), step.percent, 0, 1_000);
            faults.range(&format!("clocks.{n}.steps.{m}.severity"), step.severity, 1, 4);
            if let crate::config::EscalateTo::User(id) = step.to {
                let known = directory.users.contains_key(&id);
                faults.unless(known, format!("clocks.{n}.steps.{m}.to"), Fault::Unknown);
            }
        }
    }
}
