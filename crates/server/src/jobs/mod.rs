//! Work that goes on beside the loop, each job from its own position in the log.

mod backup;
pub mod clocks;
mod dates;
mod derive;
pub mod duplicates;
pub mod facts;
pub mod follow_ups;
pub mod import_undo;
pub mod imports;
pub mod leads;
pub mod migrations;
pub mod orders;
pub mod plans;
pub mod rules;
pub mod segments;
mod shipped;
mod stray_files;
mod surveys;
pub mod webhooks;

use crate::{app::Shared, channels, problem::Problem, tasks};
use std::time::Duration;
use tokio::{sync::Notify, task::JoinHandle};
use yingda_core::At;
use yingda_store::{Batch, CommitError, Db, ReadError, Statement, idempotency, outbound, portal, proof};

/// Codes that are of no use any more are kept for a day, in case somebody asks why one was refused.
const CODES_KEPT_MS: At = 24 * 3_600_000;
/// Storing a batch takes seconds: what waits for its end a day later had a crash in between.
const HALVES_KEPT_MS: At = 24 * 3_600_000;

/// A job's means. Its store is the owner's: what a former owner still writes is refused.
#[derive(Clone)]
pub struct Duty {
    pub app: Shared,
    pub db: Db,
}

impl Duty {
    /// Writes rows; false where somebody was quicker with one of them, and then none is written.
    pub async fn keep(&self, statements: Vec<Statement>) -> Result<bool, ReadError> {
        match self.db.commit(Batch { statements, ..Batch::default() }).await {
            Ok(()) => Ok(true),
            Err(CommitError::Stale { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// What looks for what is due, and how often it does.
#[derive(Clone, Copy)]
struct Pace {
    name: &'static str,
    least_ms: At,
    /// Where other nodes bring something, which wakes nobody here.
    most_ms: At,
    alone_ms: At,
}

/// Does what is due, again and again: at the instant that the last turn gave, and when somebody wakes it. What falls due
/// within the least time is done together.
async fn when_due<F>(duty: &Duty, pace: Pace, wake: &Notify, turn: impl Fn() -> F)
where
    F: Future<Output = Result<Option<At>, Problem>>,
{
    let most_ms = if duty.app.cluster.is_some() { pace.most_ms } else { pace.alone_ms };
    loop {
        let pause_ms = match turn().await {
            Ok(next_at) => {
                next_at.map_or(most_ms, |at| (at - duty.app.clock.now()).clamp(pace.least_ms, most_ms))
            }
            Err(problem) => {
                tracing::warn!(job = pace.name, code = ?problem.code, "waits for the store");
                pace.most_ms
            }
        };
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(pause_ms as u64)) => {}
            () = wake.notified() => tokio::time::sleep(Duration::from_millis(pace.least_ms as u64)).await,
        }
    }
}

/// Jobs that run; they stop when this is dropped.
pub struct Jobs(Vec<JoinHandle<()>>);

impl Drop for Jobs {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

/// Starts everything that the owner of the site does by itself, once in the whole cluster.
pub fn start(app: &Shared, db: &Db) -> Jobs {
    let duty = Duty { app: app.clone(), db: db.clone() };
    let mut jobs = channels::start(duty.clone());
    jobs.extend([
        clocks::start(duty.clone()),
        dates::start(duty.clone()),
        derive::start(duty.clone()),
        duplicates::start(duty.clone()),
        facts::start(duty.clone()),
        follow_ups::start(duty.clone()),
        imports::start(duty.clone()),
        leads::start(duty.clone()),
        migrations::start(duty.clone()),
        surveys::start(duty.clone()),
        orders::start(duty.clone()),
        plans::start(duty.clone()),
        rules::start(duty.clone()),
        segments::start(duty.clone()),
        shipped::start(duty.clone()),
        webhooks::start(duty.clone()),
        stray_files::start(duty.clone()),
        backup::start(duty),
        tasks::start("idempotency", forget_keys(app.clone())),
    ]);
    Jobs(jobs)
}

/// Answers to repeated requests are kept for seven days, codes and what a crash left of a batch for one, not for ever.
async fn forget_keys(app: Shared) {
    let mut ticks = tokio::time::interval(Duration::from_secs(3_600));
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                let now = app.clock.now();
                app.site.ride(idempotency::expire(now)).await;
                app.site.ride(portal::expire(now)).await;
                app.site.ride(proof::forget(now - CODES_KEPT_MS)).await;
                app.site.ride(outbound::forget_held(now - HALVES_KEPT_MS)).await;
            }
            () = tasks::stopping() => return,
        }
    }
}
