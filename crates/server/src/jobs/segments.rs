//! Customers are sorted into segments every night, when somebody asks for it, and when a segment changed. How far it is
//! stands in the store, so that a restart goes on where it ended.

use crate::{jobs::Duty, tasks};
use std::{sync::Arc, time::Duration};
use tokio::{sync::Notify, task::JoinHandle, time::Instant};
use yingda_core::{
    At, calendar,
    config::RecordKind,
    directory::Directory,
    id::RecordId,
    rule::Client,
    segment::{self, History},
};
use yingda_store::{ReadError, customer::Customer, record, segment as rows};

/// Somebody asked for a run here.
pub static WAKE: Notify = Notify::const_new();

const PIECE: usize = 500;
/// Between pieces, so that live work never waits long.
const PAUSE: Duration = Duration::from_millis(20);
/// A segment that was changed is seen this late at most, and a run that was asked for on another node this late.
const LOOK: Duration = Duration::from_secs(1);
const ASKED: Duration = Duration::from_secs(5);
const RETRY: Duration = Duration::from_secs(5);
/// Every day at three, when nobody is in a hurry.
const NIGHT_MIN: u16 = 180;
const DAY_MS: At = 24 * 3_600_000;

pub fn start(duty: Duty) -> JoinHandle<()> {
    tasks::go_on("segments", async move { run(&duty).await })
}

async fn run(duty: &Duty) {
    loop {
        if let Err(error) = attend(duty).await {
            tracing::warn!(%error, "segments wait for the store");
            tokio::time::sleep(RETRY).await;
        }
        until_something_changed(duty).await;
    }
}

/// Until somebody asks, a segment changes, or it is time to look.
async fn until_something_changed(duty: &Duty) {
    let before = duty.app.directory();
    let again = Instant::now() + if duty.app.cluster.is_some() { ASKED } else { 12 * ASKED };
    while Instant::now() < again {
        tokio::select! {
            () = WAKE.notified() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        if !same(&before, &duty.app.directory()) {
            return;
        }
    }
}

fn same(before: &Arc<Directory>, now: &Arc<Directory>) -> bool {
    Arc::ptr_eq(before, now)
        || (before.segments.len() == now.segments.len()
            && before.segments.iter().all(|(id, it)| {
                now.segments.get(id).is_some_and(|other| Arc::ptr_eq(it, other) || it == other)
            }))
}

/// Does what is due: goes on with a run, or begins one.
async fn attend(duty: &Duty) -> Result<(), ReadError> {
    let now = duty.app.clock.now();
    let run = rows::last_run(&duty.db).await?;
    let changed_at = record::last_change(&duty.db, RecordKind::Segment).await?;
    let goes_on = run.filter(|it| it.is_running());
    let is_due = run.is_none_or(|it| {
        let started_at = it.started_at.unwrap_or_default();
        it.is_asked() || changed_at.is_some_and(|at| at > started_at) || night_after(duty, started_at) <= now
    });
    let mut after = match goes_on {
        Some(run) if !is_due => run.after,
        _ if is_due => {
            let total = rows::total(&duty.db).await?;
            let asked = run.is_none().then(|| rows::ask(now));
            duty.keep(asked.into_iter().chain([rows::begin(now, total)]).collect()).await?;
            yingda_core::id::CustomerId(0)
        }
        _ => return Ok(()),
    };
    loop {
        let (now, directory) = (duty.app.clock.now(), duty.app.directory());
        let since = now - At::from(segment::farthest_days(&directory)) * DAY_MS;
        let piece = rows::piece(&duty.db, after, since, now, PIECE).await?;
        let Some((last, _)) = piece.last() else { break };
        after = last.id;
        sort(duty, &piece, &directory).await?;
        duty.keep(vec![rows::pass(piece.len(), after)]).await?;
        tokio::time::sleep(PAUSE).await;
    }
    duty.keep(vec![rows::end(duty.app.clock.now())]).await?;
    Ok(())
}

/// The first night after an instant.
fn night_after(duty: &Duty, at: At) -> At {
    let directory = duty.app.directory();
    let zone = directory.lines.values().next().map_or("", |line| line.zone.as_str());
    calendar::next_daily(zone, NIGHT_MIN, at)
}

async fn sort(duty: &Duty, piece: &[(Customer, History)], directory: &Directory) -> Result<(), ReadError> {
    let mut changed: Vec<(&Customer, Vec<RecordId>)> = vec![];
    for (it, history) in piece {
        let client = Client { card: &it.card, line: it.line, segments: &it.segments, history: Some(history) };
        let segments = segment::segments_of(client, directory);
        if segments != it.segments {
            changed.push((it, segments));
        }
    }
    let all = changed.iter().flat_map(|(it, segments)| rows::sort(it, segments)).collect();
    if changed.is_empty() || duty.keep(all).await? {
        return Ok(());
    }
    // Somebody edits one of them: the others do not wait, and that one's turn comes the next time.
    for (it, segments) in changed {
        duty.keep(rows::sort(it, &segments)).await?;
    }
    Ok(())
}
