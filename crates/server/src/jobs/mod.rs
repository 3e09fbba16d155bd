//! Work that goes on beside the loop, each job from its own position in the log.

mod backup;
pub mod facts;
pub mod follow_ups;
mod stray_files;
pub mod webhooks;

use crate::{app::Shared, tasks};
use std::time::Duration;
use yingda_store::idempotency;

/// Starts everything that a serving process does by itself.
pub fn start(app: &Shared) {
    facts::start(app.clone());
    follow_ups::start(app.clone());
    webhooks::start(app.clone());
    stray_files::start(app.clone());
    backup::start(app.clone());
    tasks::start("idempotency", forget_keys(app.clone()));
}

/// Answers to repeated requests are kept for seven days, not for ever.
async fn forget_keys(app: Shared) {
    let mut ticks = tokio::time::interval(Duration::from_secs(3_600));
    loop {
        tokio::select! {
            _ = ticks.tick() => app.site.ride(idempotency::expire(app.clock.now())).await,
            () = tasks::stopping() => return,
        }
    }
}
