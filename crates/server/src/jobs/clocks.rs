//! Clocks of tickets: whoever is concerned is told when a part of their time has passed. What is due stands in the
//! store, so that a restart forgets nobody; a ticket knows up to where it told, so that nobody is told twice.

use crate::{jobs::Duty, problem::Problem, tasks, tickets};
use std::time::Duration;
use tokio::{sync::Notify, task::JoinHandle};
use yingda_core::{
    actor::Actor,
    ticket::{self, Scene},
};
use yingda_store::ticket as rows;

/// A ticket changed here, so that its clock may be the next one.
pub static WAKE: Notify = Notify::const_new();

/// Tickets that change on other nodes are found this late at most.
const PACE_MS: i64 = 1_000;
/// So many at once.
const BATCH: usize = 500;

pub fn start(duty: Duty) -> JoinHandle<()> {
    tasks::start("clocks", async move {
        tokio::select! {
            () = run(&duty) => {}
            () = tasks::stopping() => {}
        }
    })
}

async fn run(duty: &Duty) {
    let is_alone = duty.app.cluster.is_none();
    loop {
        let pause_ms = match ring(duty).await {
            Ok(next_at) => {
                let most = if is_alone { 60_000 } else { PACE_MS };
                next_at.map_or(most, |at| (at - duty.app.clock.now()).clamp(0, most))
            }
            Err(problem) => {
                tracing::warn!(code = ?problem.code, "clocks of tickets wait for the store");
                PACE_MS
            }
        };
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(pause_ms as u64)) => {}
            () = WAKE.notified() => {}
        }
    }
}

/// Lets every clock that is due say so; gives when the next one is.
async fn ring(duty: &Duty) -> Result<Option<i64>, Problem> {
    let app = &duty.app;
    loop {
        let now = app.clock.now();
        let due = rows::due(&duty.db, now, BATCH).await?;
        let count = due.len();
        let mut moved = 0;
        for before in due {
            let of = tickets::kind_of(app, &before).await?;
            let directory = app.directory();
            let scene = Scene { directory: &directory, of: &of, by: Actor::System, now, open_tasks: 0 };
            let decided = match ticket::ring(&before, scene) {
                Some(decided) => decided,
                // Its kind or calendar changed meanwhile: only the instant is written anew.
                None => ticket::rest(&before, now),
            };
            moved +=
                usize::from(tickets::store(app, Actor::System, &before, decided, &of, &directory).await?);
        }
        if count < BATCH || moved == 0 {
            return Ok(rows::next_at(&duty.db).await?);
        }
    }
}
