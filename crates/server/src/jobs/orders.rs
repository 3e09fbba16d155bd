//! What orders do by themselves: a date that passes is an exception, an exception opens its ticket, and the customer is
//! told. What is due stands in the store, so that a restart forgets nobody; each has a name, so that nobody is told twice.

use crate::{
    jobs::{Duty, Pace},
    order_notices,
    problem::Problem,
    tasks,
};
use tokio::{sync::Notify, task::JoinHandle};
use yingda_core::At;
use yingda_store::order as rows;

/// An order changed here, so that something may be due.
pub static WAKE: Notify = Notify::const_new();

/// Orders that change on other nodes are found this late at most.
const PACE: Pace = Pace { name: "orders", least_ms: 50, most_ms: 1_000, alone_ms: 60_000 };
const BATCH: usize = 100;

pub fn start(duty: Duty) -> JoinHandle<()> {
    tasks::go_on(PACE.name, async move { super::when_due(&duty, PACE, &WAKE, || settle(&duty)).await })
}

/// Does all that is due; gives when the next is.
async fn settle(duty: &Duty) -> Result<Option<At>, Problem> {
    loop {
        let due = rows::next(&duty.db, duty.app.clock.now(), BATCH).await?;
        if due.is_empty() {
            return Ok(rows::next_at(&duty.db).await?);
        }
        let mut is_stuck = false;
        for it in due {
            match order_notices::settle(&duty.app, it.id).await {
                // The others are not kept waiting, and the log is not filled.
                Err(problem) if !problem.is_ours() => {
                    tracing::error!(code = ?problem.code, order = %it.id, "what is due on an order was not done");
                    is_stuck = true;
                }
                done => done?,
            }
        }
        if is_stuck {
            return Ok(Some(duty.app.clock.now() + PACE.most_ms));
        }
    }
}
