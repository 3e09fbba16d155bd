//! Work that goes on beside the loop, each job from its own position in the log.

mod backup;
pub mod clocks;
mod dates;
mod derive;
pub mod facts;
pub mod follow_ups;
pub mod imports;
pub mod leads;
pub mod orders;
pub mod plans;
pub mod rules;
pub mod segments;
mod shipped;
mod stray_files;
mod surveys;
pub mod webhooks;

use crate::{app::Shared, channels, tasks};
use std::time::Duration;
use tokio::task::JoinHandle;
use yingda_core::At;
use yingda_store::{Batch, CommitError, Db, ReadError, Statement, idempotency, portal, proof};

/// Codes that are of no use any more are kept for a day, in case somebody asks why one was refused.
const CODES_KEPT_MS: At = 24 * 3_600_000;

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
        facts::start(duty.clone()),
        follow_ups::start(duty.clone()),
        imports::start(duty.clone()),
        leads::start(duty.clone()),
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

/// Answers to repeated requests are kept for seven days and codes for one, not for ever.
async fn forget_keys(app: Shared) {
    let mut ticks = tokio::time::interval(Duration::from_secs(3_600));
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                let now = app.clock.now();
                app.site.ride(idempotency::expire(now)).await;
                app.site.ride(portal::expire(now)).await;
                app.site.ride(proof::forget(now - CODES_KEPT_MS)).await;
            }
            () = tasks::stopping() => return,
        }
    }
}
