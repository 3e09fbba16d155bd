//! New leads go to whoever's turn it is, and those whose owner did not write in time go on to the next (B-46). Until
//! when one has to write stands in the store, so that a restart forgets none.

use crate::{
    jobs::{Duty, Pace},
    leads,
    problem::Problem,
    site::Refused,
    tasks,
};
use tokio::{sync::Notify, task::JoinHandle};
use yingda_core::{
    At,
    actor::Actor,
    lead::{self, Decided, Scene},
    refusal::Refusal,
};
use yingda_store::lead as rows;

/// A lead came or changed here.
pub static WAKE: Notify = Notify::const_new();

const BATCH: usize = 200;
/// What changes on other nodes or in the settings is seen this late at most.
const PACE: Pace = Pace { name: "leads", least_ms: 100, most_ms: 5_000, alone_ms: 5_000 };

pub fn start(duty: Duty) -> JoinHandle<()> {
    tasks::go_on(PACE.name, async move { super::when_due(&duty, PACE, &WAKE, || attend(&duty)).await })
}

/// Takes back what is late and hands out what is new; gives when the next one is late.
async fn attend(duty: &Duty) -> Result<Option<At>, Problem> {
    let (app, directory) = (&duty.app, duty.app.directory());
    let scene = Scene { directory: &directory, by: Actor::System, now: app.clock.now() };
    for before in rows::late(&duty.db, scene.now, BATCH).await? {
        let mut decided = lead::reclaim(&before, scene);
        leads::pass_on(app, &mut decided, scene).await?;
        kept(leads::store(app, &before, &decided, scene).await)?;
    }
    if !directory.settings.leads.people.is_empty() {
        for before in rows::ungiven(&duty.db, BATCH).await?.into_iter().rev() {
            let mut decided = Decided::of(&before, scene);
            if leads::pass_on(app, &mut decided, scene).await? {
                kept(leads::store(app, &before, &decided, scene).await)?;
            }
        }
    }
    Ok(rows::next_at(&duty.db).await?)
}

/// Somebody who does something with it at this moment is no fault.
fn kept(stored: Result<(), Refused>) -> Result<(), Problem> {
    match stored {
        Err(refused) if refused.refusal == Refusal::Stale => Ok(()),
        stored => Ok(stored?),
    }
}
