//! Whoever promised to come back to a conversation is told when the time has come. The job keeps the instant up to
//! which everyone was told, so that a restart forgets nobody; the conversation knows that it was told, so that nobody
//! is told twice.

use crate::{jobs::Duty, tasks};
use std::time::Duration;
use tokio::task::JoinHandle;
use yingda_core::{
    At,
    actor::Actor,
    command::{Act, Command, Envelope},
};
use yingda_store::{ReadError, conversation, reader};

const READER: &str = "follow_ups";
/// A promise made a moment before its instant may be stored a moment after it.
const SLACK_MS: At = 60_000;
/// A promise that is made now for very soon is found this late at most.
const PACE_MS: At = 5_000;
const HOUR_MS: At = 3_600_000;

pub fn start(duty: Duty) -> JoinHandle<()> {
    tasks::go_on("follow_ups", async move { run(&duty).await })
}

async fn run(duty: &Duty) {
    loop {
        let pause_ms = match remind(duty).await {
            Ok(next_at) => next_at.map_or(PACE_MS, |at| (at - duty.app.clock.now()).clamp(0, PACE_MS)),
            Err(error) => {
                tracing::warn!(%error, "reminders of follow-ups wait for the store");
                PACE_MS
            }
        };
        tokio::time::sleep(Duration::from_millis(pause_ms as u64)).await;
    }
}

/// Tells of what fell due since the last time; gives when the next one does.
async fn remind(duty: &Duty) -> Result<Option<At>, ReadError> {
    let now = duty.app.clock.now();
    let Some(reached) = reader::reached(&duty.db, READER).await? else {
        // What fell due before anybody was told of it stands in the list of follow-ups.
        duty.keep(vec![reader::begin(READER, now as u64)]).await?;
        return conversation::next_due(&duty.db, now).await;
    };
    let due = conversation::fallen_due(&duty.db, reached as At - SLACK_MS, now).await?;
    let mut told_until = now;
    let is_quiet = due.is_empty();
    for (id, due_at) in due {
        let command = Command::Conversation(id, Act::RemindOfFollowUp { due_at });
        let envelope = Envelope { actor: Actor::System, origin: None, command };
        if let Err(refused) = duty.app.site.send(envelope).await {
            tracing::warn!(?refused, conversation = id.0, "nobody could be told of a follow-up yet");
            told_until = told_until.min(due_at - 1);
        }
    }
    // An idle server writes no more than once an hour that nothing was due.
    let passed_ms = told_until - reached as At;
    if passed_ms > if is_quiet { HOUR_MS } else { 0 } {
        duty.keep(vec![reader::advance(READER, reached, told_until as u64)]).await?;
    }
    conversation::next_due(&duty.db, now).await
}
