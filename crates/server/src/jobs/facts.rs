//! Facts for reports: reads on from its own position in the log and writes what it found in the same transaction as
//! the position, so that a restart counts nothing twice and leaves nothing out.

use crate::{jobs::Duty, tasks};
use serde::Deserialize;
use std::time::Duration;
use tokio::task::JoinHandle;
use yingda_core::{
    actor::Actor,
    conversation::Content,
    event::{Audience, Author, Event, Fact, Subject},
    fact::Row,
    id::ConversationId,
};
use yingda_report::project::{Missing, Open};
use yingda_store::{
    Batch, CommitError, Db, ReadError,
    event::{self as events, StoredEvent},
    fact, reader,
};

pub const READER: &str = "facts";
/// So many events are read at once, and counted before their rows are written: under load many events change the
/// same rows, and each is written once for all of them.
const BATCH: usize = 2_000;
const MOST: u64 = 20_000;
const PACE: Duration = Duration::from_secs(2);

pub fn start(duty: Duty) -> JoinHandle<()> {
    tasks::go_on("facts", async move { run(&duty).await })
}

async fn run(duty: &Duty) {
    let mut position = duty.app.site.position();
    let mut open = None;
    loop {
        if let Err(error) = catch_up(&duty.db, &mut open).await {
            tracing::warn!(%error, "facts wait for the store");
        }
        tokio::time::sleep(PACE).await;
        if open.is_some() && position.changed().await.is_err() {
            return;
        }
    }
}

/// Counts every event that is stored and not yet counted. `open` is what the reader knows; after an error it knows
/// nothing, and begins again from what is stored.
pub async fn catch_up(db: &Db, open: &mut Option<Open>) -> Result<(), ReadError> {
    let mut reading = match open.take() {
        Some(open) => open,
        None => Open::after(begin(db).await?),
    };
    while step(db, &mut reading).await? {}
    *open = Some(reading);
    Ok(())
}

/// Counts what is there, at most so much at once, and writes it down. False when there was nothing.
async fn step(db: &Db, reading: &mut Open) -> Result<bool, ReadError> {
    let from = reading.position();
    while reading.position() < from + MOST {
        let found = events::since(db, reading.position(), BATCH).await?;
        let Some(last) = found.last().map(|event| event.seq) else { break };
        let told: Vec<Event> = found.iter().filter_map(read).collect();
        let missing = reading.missing(&told);
        if !missing.is_empty() {
            let rows = read_back(db, &missing).await?;
            reading.know(&missing, rows);
        }
        told.iter().for_each(|event| reading.apply(event));
        reading.pass(last);
    }
    let last = reading.position();
    if last == from {
        return Ok(false);
    }
    let mut statements: Vec<_> = reading.drain().iter().map(fact::put).collect();
    statements.push(reader::advance(READER, from, last));
    db.commit(Batch { statements, ..Batch::default() }).await?;
    Ok(true)
}

/// The position to read on from; a first reader begins before the first event.
async fn begin(db: &Db) -> Result<u64, ReadError> {
    if let Some(reached) = reader::reached(db, READER).await? {
        return Ok(reached);
    }
    let statements = vec![reader::begin(READER, 0)];
    match db.commit(Batch { statements, ..Batch::default() }).await {
        Ok(()) | Err(CommitError::Stale { .. }) => Ok(0),
        Err(error) => Err(error.into()),
    }
}

/// The stored rows that events go on with.
async fn read_back(db: &Db, missing: &Missing) -> Result<Vec<Row>, ReadError> {
    let mut rows = vec![];
    for id in &missing.contacts {
        if let Some((contact, visits, segments)) = fact::of_contact(db, *id).await? {
            rows.push(Row::Contact(contact));
            rows.extend(visits.into_iter().map(Row::Visit));
            rows.extend(segments.into_iter().map(Row::Segment));
        }
    }
    for agent in &missing.agents {
        rows.extend(fact::open_interval(db, *agent).await?.map(Row::Interval));
    }
    Ok(rows)
}

/// The event, where it counts for anything and was not erased.
fn read(stored: &StoredEvent) -> Option<Event> {
    let body = stored.body.as_deref()?;
    let event = match &*stored.kind {
        "read" | "record_changed" | "customer_changed" | "signed_in" | "signed_out" => return None,
        "message_posted" => serde_json::from_slice(body).map(|said| message(stored, said)),
        _ => serde_json::from_slice(body),
    };
    event
        .inspect_err(|error| {
            tracing::error!(%error, seq = stored.seq, "an event could not be read, and is not counted");
        })
        .ok()
}

/// Of a message counts who wrote it, not what it says: most of the log is messages, and their words are skipped.
#[derive(Deserialize)]
struct Said {
    by: Actor,
    #[serde(default)]
    author: Author,
}

fn message(stored: &StoredEvent, said: Said) -> Event {
    let content = Content::Text { text: String::new() };
    Event {
        seq: stored.seq,
        at: stored.at,
        on: Subject::Conversation(ConversationId(stored.on_id)),
        by: said.by,
        to: Audience::Customer,
        from: None,
        fact: Fact::MessagePosted { content, author: said.author, leaves_at: None },
        private: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use yingda_core::fact::Facts;

    async fn counted(db: &Db) -> Facts {
        fact::within(db, 0, i64::MAX / 2).await.unwrap()
    }

    /// SYS-31: counting the log again, over what is stored, changes nothing.
    #[tokio::test]
    async fn a_second_count_of_the_whole_log_changes_nothing() {
        let folder = std::env::temp_dir().join(format!("yingda-facts-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let db = Db::open(&format!("sqlite:{}", folder.join("yingda.db").display())).await.unwrap();
        db.migrate().await.unwrap();
        crate::demo::load(&db, 1_795_000_000_000).await.unwrap();
        catch_up(&db, &mut None).await.unwrap();
        let once = counted(&db).await;
        assert!(once.contacts.len() > 400, "{}", once.contacts.len());
        assert!(once.visits.len() >= once.contacts.len());
        assert!(once.contacts.iter().all(|contact| contact.closed_at.is_some()));
        let said = |it: &yingda_core::fact::Contact| it.messages.customer > 0;
        assert!(once.contacts.iter().all(said), "every visitor of the demo said something");
        assert!(once.segments.iter().map(|it| it.agent_messages).sum::<u32>() > 1_000);
        assert!(
            once.intervals.iter().filter(|it| it.until_at.is_none()).count() <= 6,
            "one open interval each"
        );

        catch_up(&db, &mut Some(Open::default())).await.expect_err("the position is further on: stale");
        let again = vec![reader::advance(READER, reader::reached(&db, READER).await.unwrap().unwrap(), 0)];
        db.commit(Batch { statements: again, ..Batch::default() }).await.unwrap();
        catch_up(&db, &mut None).await.unwrap();
        assert_eq!(counted(&db).await, once);
        db.close().await;
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
