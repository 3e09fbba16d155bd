//! Clocks of tickets, and promises: whoever is concerned is told when a part of their time has passed. What is due stands in the
//! store, so that a restart forgets nobody; a ticket knows up to where it told, so that nobody is told twice.

use crate::{
    jobs::{Duty, Pace},
    problem::Problem,
    promises, tasks,
    tickets::{self, Step},
};
use tokio::{sync::Notify, task::JoinHandle};
use yingda_core::{
    At,
    actor::Actor,
    directory::Directory,
    ticket::{self, Scene, Ticket},
};
use yingda_store::{promise, ticket as rows};

/// A ticket changed here, so that its clock may be the next one.
pub static WAKE: Notify = Notify::const_new();

/// Tickets that change on other nodes are found this late at most; what falls due within so short a time is told together:
/// nobody notices, and it is one transaction.
const PACE: Pace = Pace { name: "clocks", least_ms: 200, most_ms: 1_000, alone_ms: 60_000 };
/// So many at once.
const BATCH: usize = 200;

pub fn start(duty: Duty) -> JoinHandle<()> {
    tasks::go_on(PACE.name, async move { super::when_due(&duty, PACE, &WAKE, || ring(&duty)).await })
}

/// Lets every clock that is due say so; gives when the next one is.
async fn ring(duty: &Duty) -> Result<Option<i64>, Problem> {
    loop {
        let now = duty.app.clock.now();
        let directory = duty.app.directory();
        let promised = promise::next(&duty.db, now, BATCH).await?;
        for it in &promised {
            promises::ring(&duty.app, it, now, &directory).await?;
        }
        let due = rows::due(&duty.db, now, BATCH).await?;
        if due.is_empty() && promised.is_empty() {
            let next = [rows::next_at(&duty.db).await?, promise::next_at(&duty.db).await?];
            return Ok(next.into_iter().flatten().min());
        }
        let steps = decide(duty, due, now, &directory).await?;
        // One transaction for all, after a night as after a minute; whoever else works on one of them at this moment
        // makes it one transaction for each.
        if !tickets::store(&duty.app, Actor::System, &steps, &directory).await? {
            for before in rows::due(&duty.db, now, BATCH).await? {
                let steps = decide(duty, vec![before], now, &directory).await?;
                tickets::store(&duty.app, Actor::System, &steps, &directory).await?;
            }
        }
    }
}

async fn decide(duty: &Duty, due: Vec<Ticket>, now: At, directory: &Directory) -> Result<Vec<Step>, Problem> {
    let mut steps = Vec::with_capacity(due.len());
    for before in due {
        let of = tickets::kind_of(&duty.app, &before).await?;
        let scene = Scene { directory, of: &of, by: Actor::System, now, open_tasks: 0, consents: &[] };
        // Where its kind's calendar changed meanwhile, only the instant is written anew.
        let decided = ticket::ring(&before, scene).unwrap_or_else(|| ticket::rest(&before, now));
        steps.push(Step { before, decided, of });
    }
    Ok(steps)
}
