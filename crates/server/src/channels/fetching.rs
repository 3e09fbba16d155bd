//! What a platform keeps of a message is fetched apart from the intake: a platform that hangs holds up the sender of
//! that message, and nobody else.

use super::{
    ARRIVED, connector,
    connector::Failure,
    heard::{Heard, Message},
    intake::{self, End},
};
use crate::{jobs::Duty, tasks};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::Semaphore;
use yingda_core::{
    At,
    id::{ChannelId, RecordId},
};
use yingda_store::{
    Batch, ReadError, Statement,
    inbound::{self, Inbound},
};

/// So many are fetched of one channel at once.
const AT_ONCE: usize = 8;
/// A row whose fetch was lost with its process is taken up again after this.
const LOST_AFTER_MS: At = 60_000;

static UNDER_WAY: Mutex<BTreeSet<RecordId>> = Mutex::new(BTreeSet::new());
static TURNS: Mutex<BTreeMap<ChannelId, Arc<Semaphore>>> = Mutex::new(BTreeMap::new());

/// The row rests until its media is there; what its sender wrote after it waits behind it.
pub async fn begin(duty: &Duty, row: &Inbound, message: Message) -> Result<(), ReadError> {
    commit(duty, [inbound::rest(row.id, duty.app.clock.now() + LOST_AFTER_MS)]).await?;
    if UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner).insert(row.id) {
        tasks::go_on("media", run(duty.clone(), row.clone(), message));
    }
    Ok(())
}

async fn run(duty: Duty, row: Inbound, message: Message) {
    let turns = {
        let mut all = TURNS.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(row.channel).or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))).clone()
    };
    let Ok(_turn) = turns.acquire().await else { return };
    let outcome = fetch(&duty, &row, message).await;
    UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner).remove(&row.id);
    match commit(&duty, outcome).await {
        Ok(()) => ARRIVED.notify_one(),
        Err(error) => tracing::warn!(%error, "a message's media is fetched once more"),
    }
}

/// What is written down of the row.
async fn fetch(duty: &Duty, row: &Inbound, message: Message) -> Option<Statement> {
    let media = message.media.as_ref()?;
    let end = match connector::fetch(duty, row.channel, media).await {
        Ok(content) => {
            let whole = Message { content: Some(content), media: None, ..message };
            let text = Heard::Message(Box::new(whole)).text();
            return Some(inbound::completed(row.id, &text, duty.app.clock.now()));
        }
        Err(Failure::Never(error)) => End::Dead(error),
        Err(Failure::Later(error) | Failure::Down(error) | Failure::Rests(_, error)) => End::Again(error),
    };
    intake::written(duty, row, end)
}

async fn commit(duty: &Duty, statement: impl IntoIterator<Item = Statement>) -> Result<(), ReadError> {
    let batch = Batch { statements: statement.into_iter().collect(), ..Batch::default() };
    Ok(duty.db.commit(batch).await.map(drop)?)
}
