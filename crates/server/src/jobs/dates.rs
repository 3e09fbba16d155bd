//! Every morning, the dates among the fields of open tickets that a rule waits for: each near one is an event, once. Up to
//! which day this was done stands in the store, so that mornings on which nobody ran are made up for.

use crate::{
    jobs::Duty,
    problem::Problem,
    site::{Item, ItemFact},
    tasks,
};
use std::{collections::BTreeSet, time::Duration};
use tokio::task::JoinHandle;
use yingda_core::{
    At,
    actor::Actor,
    calendar,
    config::{FieldShape, RuleEvent},
    event::{Audience, Fact, Subject, TicketDateNear},
    refusal::Refusal,
};
use yingda_store::{reader, ticket_list};

const READER: &str = "dates";
/// At eight, when people begin to work.
const MORNING_MS: At = 8 * 3_600_000;
/// So many missed mornings are made up for.
const MADE_UP: u64 = 30;
const PACE: Duration = Duration::from_secs(60);

pub fn start(duty: Duty) -> JoinHandle<()> {
    tasks::go_on("dates", async move { run(&duty).await })
}

async fn run(duty: &Duty) {
    loop {
        if let Err(problem) = look(duty).await {
            tracing::warn!(code = ?problem.code, "dates of tickets wait for the store");
        }
        tokio::time::sleep(PACE).await;
    }
}

async fn look(duty: &Duty) -> Result<(), Problem> {
    let directory = duty.app.directory();
    let zone = directory.lines.values().next().map_or("", |line| line.zone.as_str());
    // The last day whose morning has come where the company is.
    let today = calendar::day_number(zone, duty.app.clock.now() - MORNING_MS) as u64;
    let Some(reached) = reader::reached(&duty.db, READER).await? else {
        crate::rules::keep(&duty.db, vec![reader::begin(READER, today)]).await?;
        return Ok(());
    };
    for day in (reached + 1).max(today.saturating_sub(MADE_UP))..=today {
        let text = |days: i16| calendar::day_text(day as i64 + i64::from(days));
        let mut facts = vec![];
        let waits = directory.rules.values().filter(|it| it.enabled && it.when == RuleEvent::DateNear);
        let asked: BTreeSet<(&str, i16)> = waits.map(|it| (it.field.as_str(), it.days)).collect();
        for (field, days) in asked {
            let is_date = |it: &yingda_core::config::Field| it.shape == FieldShape::Date;
            for (of, _) in
                directory.ticket_types.iter().filter(|(_, of)| of.field(field).is_some_and(is_date))
            {
                let found = ticket_list::with_answer(&duty.db, *of, field, &text(days)).await?;
                facts.extend(found.into_iter().map(|ticket| ItemFact {
                    on: Subject::Ticket(ticket),
                    to: Audience::Staff,
                    fact: Fact::TicketDateNear(TicketDateNear { ticket, field: field.to_owned(), days }),
                    private: None,
                }));
            }
        }
        let from = reader::reached(&duty.db, READER).await?.unwrap_or(reached);
        let advance = vec![reader::advance(READER, from, day)];
        match duty.app.site.change(Item::new(Actor::System, facts, advance)).await {
            Ok(_) => {}
            // Another node was here first.
            Err(refused) if refused.refusal == Refusal::Stale => return Ok(()),
            Err(refused) => return Err(refused.into()),
        }
    }
    Ok(())
}
