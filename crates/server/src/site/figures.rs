//! Today's counts per queue after a start: what the reports have counted already, and the rest from the log.

use crate::jobs::facts::READER;
use std::collections::BTreeMap;
use yingda_core::{
    At,
    directory::Directory,
    event::{Event, Fact},
    figures::{Figures, QueueDay},
    id::QueueId,
};
use yingda_store::{
    Db, ReadError,
    event::{self, StoredEvent},
    fact, reader,
};

const BATCH: usize = 2_000;

/// The counts of each queue's day, as the loop would have them had it never stopped.
pub async fn today(db: &Db, directory: &Directory, now: At) -> Result<Figures, ReadError> {
    let queues = directory.queues.iter();
    let days: BTreeMap<QueueId, At> =
        queues.map(|(id, queue)| (*id, directory.day_at(queue.line, now))).collect();
    let (mut figures, counted) = counted(db, &days).await?;
    let begin = days.values().min().copied().unwrap_or(now);
    let after = counted.max(event::position_at(db, begin).await?);
    for kind in ["queued", "queue_left"] {
        let mut after = after;
        loop {
            let found = event::of_kind_since(db, kind, after, BATCH).await?;
            let Some(last) = found.last() else { break };
            after = last.seq;
            for stored in &found {
                add(&mut figures, directory, &days, stored);
            }
        }
    }
    Ok(figures)
}

/// What the reports have counted, with the position up to which they have.
async fn counted(db: &Db, days: &BTreeMap<QueueId, At>) -> Result<(Figures, u64), ReadError> {
    loop {
        let before = reader::reached(db, READER).await?;
        let mut figures = Figures::default();
        let mut starts: Vec<At> = days.values().copied().collect();
        starts.sort_unstable();
        starts.dedup();
        for day_at in starts {
            for (queue, day) in fact::queue_days(db, day_at).await? {
                if days.get(&queue) == Some(&day_at) {
                    *figures.of(queue, day_at) = QueueDay { day_at, ..day };
                }
            }
        }
        // The job may go on counting while we read; then rows and position do not belong together.
        if reader::reached(db, READER).await? == before {
            return Ok((figures, before.unwrap_or(0)));
        }
    }
}

fn add(figures: &mut Figures, directory: &Directory, days: &BTreeMap<QueueId, At>, stored: &StoredEvent) {
    let event = stored.body.as_deref().and_then(|body| serde_json::from_slice::<Event>(body).ok());
    match event.map(|event| event.fact) {
        Some(Fact::Queued { queue, .. }) => {
            if let Some(day_at) = days.get(&queue).filter(|day_at| stored.at >= **day_at) {
                figures.of(queue, *day_at).entered += 1;
            }
        }
        Some(Fact::QueueLeft { queue, exit, waited_ms }) => {
            if let Some(day_at) = days.get(&queue).filter(|day_at| stored.at >= **day_at) {
                let threshold_s = directory.queues.get(&queue).map_or(0, |queue| queue.threshold_s);
                figures.of(queue, *day_at).left(exit, waited_ms <= i64::from(threshold_s) * 1_000);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{jobs::facts, site::rebuild};

    /// SYS-22: the same counts from the log as from the reports' rows.
    #[tokio::test]
    async fn the_log_and_the_reports_count_the_same_day() {
        let folder = std::env::temp_dir().join(format!("yingda-figures-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let db = Db::open(&format!("sqlite:{}", folder.join("yingda.db").display())).await.unwrap();
        db.migrate().await.unwrap();
        crate::demo::load(&db, 1_795_000_000_000).await.unwrap();
        let directory = rebuild::directory(&db).await.unwrap();
        let queued = event::of_kind_since(&db, "queued", 0, 100_000).await.unwrap();
        let now = queued.last().unwrap().at;
        let from_log = today(&db, &directory, now).await.unwrap().queues;
        facts::catch_up(&db, &mut None).await.unwrap();
        let from_rows = today(&db, &directory, now).await.unwrap().queues;
        assert_eq!(from_rows, from_log);
        let busiest = from_log.values().max_by_key(|day| day.entered).unwrap();
        assert!(busiest.answered > 0 && busiest.answered_in_time <= busiest.answered, "{busiest:?}");
        db.close().await;
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
