//! Plans become tickets, one visit after the other. What was made stands in the store, so that a restart goes on where
//! it ended, and a visit has one ticket.

use crate::{channels::template::fill, jobs::Duty, problem::Problem, rules::keep, tasks, tickets};
use std::time::Duration;
use tokio::{sync::Notify, task::JoinHandle};
use yingda_core::{
    actor::Actor,
    id::RecordId,
    lang::{Lang, Text},
    plan::{Plan, Visit},
    ticket::NewTicket,
};
use yingda_store::{customer, plan as rows};

/// A plan was made here.
pub static WAKE: Notify = Notify::const_new();
const BATCH: usize = 100;

pub fn start(duty: Duty) -> JoinHandle<()> {
    tasks::go_on("plans", async move { run(&duty).await })
}

async fn run(duty: &Duty) {
    let longest = Duration::from_secs(if duty.app.cluster.is_some() { 5 } else { 60 });
    loop {
        let pause = match make(duty).await {
            Ok(()) => longest,
            Err(problem) => {
                tracing::warn!(code = ?problem.code, "plans wait for the store");
                Duration::from_secs(1)
            }
        };
        tokio::select! {
            () = WAKE.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

async fn make(duty: &Duty) -> Result<(), Problem> {
    for plan in rows::making(&duty.db).await? {
        loop {
            let waiting = rows::waiting(&duty.db, plan.id, BATCH).await?;
            if waiting.is_empty() {
                keep(&duty.db, vec![rows::is_made(plan.id)]).await?;
                break;
            }
            // Somebody may stop it between two stretches.
            if rows::get(&duty.db, plan.id).await?.is_none_or(|it| it.cancelled) {
                break;
            }
            for visit in waiting {
                open(duty, &plan, &visit).await?;
            }
        }
    }
    Ok(())
}

async fn open(duty: &Duty, plan: &Plan, visit: &Visit) -> Result<(), Problem> {
    let app = &duty.app;
    let wanted = &plan.wanted;
    let statement = match customer::living(&duty.db, visit.customer).await? {
        None => {
            let gone = Text::new("客户已删除。", "The customer was deleted.");
            rows::failed(plan.id, visit.place, &both(&gone))
        }
        Some(customer) => {
            let title = fill(&wanted.title, |name| (name == "customer").then(|| customer.card.name.clone()));
            let new = NewTicket {
                of: wanted.of,
                title: title.chars().take(200).collect(),
                line: customer.line,
                owner: Some(visit.person),
                customer: Some(customer.id),
                ..NewTicket::default()
            };
            match tickets::open(app, Actor::System, new, Some(request(plan.id, visit.place))).await {
                Ok(ticket) => rows::made(plan.id, visit.place, ticket.id),
                Err(problem) if problem.is_ours() => return Err(problem),
                Err(problem) => {
                    let why = Text::new(problem.sentence(Lang::Zh), problem.sentence(Lang::En));
                    rows::failed(plan.id, visit.place, &both(&why))
                }
            }
        }
    };
    Ok(keep(&duty.db, vec![statement]).await?)
}

fn both(text: &Text) -> String {
    serde_json::to_string(text).expect("two texts have a JSON form")
}

/// The number under which a visit's ticket is opened, however often it is tried.
fn request(plan: RecordId, place: u32) -> i64 {
    (plan.0 as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(u64::from(place)) as i64
}
