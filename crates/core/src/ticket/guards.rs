//! What a move asks for, and what of it is missing.

use super::{Scene, Ticket};
use crate::{
    calendar,
    config::{TicketMove, TicketType},
    fault::{Fault, Faults, Wrong},
    form,
    lang::Text,
};
use std::collections::BTreeSet;

/// Why a way is not open yet: each field, consent and duty by its name.
pub(super) fn missing(
    ticket: &Ticket,
    of: &TicketType,
    way: &TicketMove,
    reason: &str,
    scene: &Scene,
) -> Vec<Wrong> {
    let mut faults = Faults::default();
    for key in &way.needs {
        let Some(field) = of.field(key) else { continue };
        let given = !form::applies(field, &ticket.values) || form::is_answered(field, &ticket.values);
        faults.unless(given, format!("values.{key}"), Fault::Missing);
    }
    for purpose in way.consents.iter().filter(|it| !scene.consents.contains(*it)) {
        let purposes = &scene.directory.settings.customers.purposes;
        let name = purposes.iter().find(|it| it.key == *purpose).map(|it| it.label.clone());
        let name = name.unwrap_or_else(|| Text::new(purpose.clone(), purpose.clone()));
        faults.add(format!("consents.{purpose}"), Fault::NotAgreed(name));
    }
    faults.unless(!way.needs_reason || !reason.trim().is_empty(), "reason", Fault::Missing);
    if way.needs_checklist {
        let left = of.checklist.iter().filter(|item| !ticket.checked.contains(&item.key)).count();
        faults.unless(left == 0, "checklist", Fault::Undone(left));
    }
    faults.unless(!way.needs_tasks || scene.open_tasks == 0, "tasks", Fault::Undone(scene.open_tasks));
    if way.needs_attempts > 0 {
        let zone = scene.directory.zone(ticket.line);
        let days: BTreeSet<String> =
            ticket.attempts.iter().map(|at| calendar::date_text(zone, *at)).collect();
        let enough = days.len() >= usize::from(way.needs_attempts);
        faults.unless(enough, "attempts", Fault::TooFewDays(way.needs_attempts, days.len()));
    }
    faults.0
}

/// Whether only somebody who may approve can go this way.
pub fn needs_approval(ticket: &Ticket, way: &TicketMove) -> bool {
    let above = way.limit.as_ref().is_some_and(|limit| {
        let amount = ticket.values.get(&limit.field).and_then(|text| text.trim().parse::<f64>().ok());
        amount.is_some_and(|amount| amount > limit.most)
    });
    way.approval || above
}
