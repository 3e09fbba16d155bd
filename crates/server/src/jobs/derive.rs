//! What finds customers is made of their cards by rules that grow: cards that an older release stored get theirs anew,
//! once, while everything else goes on.

use crate::{jobs::Duty, tasks};
use std::time::Duration;
use tokio::task::JoinHandle;
use yingda_core::id::CustomerId;
use yingda_store::{ReadError, customer};

const PIECE: usize = 200;
/// Between pieces, so that live work never waits long.
const PAUSE: Duration = Duration::from_millis(20);
const RETRY: Duration = Duration::from_secs(5);

pub fn start(duty: Duty) -> JoinHandle<()> {
    tasks::go_on("derive", async move {
        while let Err(error) = derive(&duty).await {
            tracing::warn!(%error, "customers' search terms wait for the store");
            tokio::time::sleep(RETRY).await;
        }
    })
}

async fn derive(duty: &Duty) -> Result<(), ReadError> {
    let mut after = CustomerId(i64::MIN);
    loop {
        let found = customer::underived(&duty.db, after, PIECE).await?;
        let Some(last) = found.last() else { return Ok(()) };
        after = last.id;
        let directory = duty.app.directory();
        let settings = &directory.settings.customers;
        let statements = found.iter().flat_map(|it| customer::derive(it, settings)).collect();
        if !duty.keep(statements).await? {
            // Somebody edits one of them: the others do not wait for it.
            for it in &found {
                duty.keep(customer::derive(it, settings)).await?;
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}
