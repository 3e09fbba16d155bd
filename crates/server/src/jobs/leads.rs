//! New leads go to whoever's turn it is, and those whose owner did not write in time go on to the next (B-46). Until
//! when one has to write stands in the store, so that a restart forgets none.

use crate::{jobs::Duty, leads::Step, problem::Problem, tasks};
use std::time::Duration;
use tokio::{sync::Notify, task::JoinHandle};
use yingda_core::{At, actor::Actor, lead::LeadDeed, refusal::Refusal};
use yingda_store::lead as rows;

/// A lead came or changed here.
pub static WAKE: Notify = Notify::const_new();

const BATCH: usize = 200;
/// What changes on other nodes, or in the settings, is seen this late at most.
const PACE_MS: At = 5_000;
const LEAST_MS: At = 100;

pub fn start(duty: Duty) -> JoinHandle<()> {
    tasks::start("leads", async move {
        tokio::select! {
            () = run(&duty) => {}
            () = tasks::stopping() => {}
        }
    })
}

async fn run(duty: &Duty) {
    loop {
        let pause_ms = match attend(duty).await {
            Ok(next_at) => next_at.map_or(PACE_MS, |at| (at - duty.app.clock.now()).clamp(LEAST_MS, PACE_MS)),
            Err(problem) => {
                tracing::warn!(code = ?problem.code, "leads wait for the store");
                PACE_MS
            }
        };
        tokio::select! {
            () = WAKE.notified() => {}
            () = tokio::time::sleep(Duration::from_millis(pause_ms as u64)) => {}
        }
    }
}

/// Takes back what is late and hands out what is new; gives when the next one is late.
async fn attend(duty: &Duty) -> Result<Option<At>, Problem> {
    let (app, now) = (&duty.app, duty.app.clock.now());
    let directory = app.directory();
    for before in rows::late(&duty.db, now, BATCH).await? {
        let mut step = Step::new(before, now);
        step.take_back(LeadDeed::Reclaimed, "");
        step.pass_on(app, &directory).await?;
        keep(duty, &step).await?;
    }
    if !directory.settings.leads.people.is_empty() {
        for before in rows::ungiven(&duty.db, BATCH).await?.into_iter().rev() {
            let mut step = Step::new(before, now);
            if step.pass_on(app, &directory).await? {
                keep(duty, &step).await?;
            }
        }
    }
    Ok(rows::next_at(&duty.db).await?)
}

async fn keep(duty: &Duty, step: &Step) -> Result<(), Problem> {
    match step.store(&duty.app, Actor::System).await {
        Ok(_) => Ok(()),
        // Somebody did something with it at this moment.
        Err(refused) if refused.refusal == Refusal::Stale => Ok(()),
        Err(refused) => Err(refused.into()),
    }
}
