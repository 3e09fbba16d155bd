//! Customers out of tables: a piece at a time, each with its progress in one transaction, so that a restart goes on
//! where it was, and what was brought twice is there once.

use crate::{
    grid::{self, Grid},
    http::customers::Change,
    jobs::{Duty, import_undo},
    problem::Problem,
    site::Item,
    tasks,
};
use std::{
    collections::{HashMap, HashSet},
    ops::Range,
    time::Duration,
};
use tokio::{sync::Notify, task::JoinHandle};
use yingda_core::{
    actor::Actor,
    customer::columns,
    directory::Directory,
    fault::{Fault, Wrong},
    id::{CustomerId, RecordId},
    lang::Text,
    refusal::Refusal,
};
use yingda_store::{
    Batch, CommitError, ReadError, Statement, customer,
    customer_import::{self as rows, Counts, Import, Rejected},
    customer_import_undo as undo,
};

/// A table came in here.
pub static WAKE: Notify = Notify::const_new();

/// Tables that other nodes took in are found this late at most.
const PACE: Duration = Duration::from_secs(1);
const PIECE: usize = 400;
/// Somebody edited one of the customers in the same moment: so often the piece is decided anew.
const TRIES: usize = 5;

pub fn start(duty: Duty) -> JoinHandle<()> {
    tasks::go_on("imports", async move { run(&duty).await })
}

async fn run(duty: &Duty) {
    loop {
        match rows::running(&duty.db).await {
            Ok(Some(import)) => {
                if let Err(problem) = bring(duty, &import).await {
                    tracing::warn!(code = ?problem.code, import = %import.id, "an import waits for the store");
                    tokio::time::sleep(PACE).await;
                }
                continue;
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "imports wait for the store"),
        }
        match rows::undoing(&duty.db).await {
            Ok(Some(import)) => {
                if let Err(problem) = import_undo::take_back(duty, &import).await {
                    tracing::warn!(code = ?problem.code, import = %import.id, "an undo waits for the store");
                    tokio::time::sleep(PACE).await;
                }
                continue;
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "imports wait for the store"),
        }
        tokio::select! {
            () = tokio::time::sleep(PACE) => {}
            () = WAKE.notified() => {}
        }
    }
}

/// Brings one table in, from where it was.
async fn bring(duty: &Duty, import: &Import) -> Result<(), Problem> {
    let bytes = duty.app.files.whole(&import.plan.hash).await;
    let read = match bytes {
        Ok(bytes) => tokio::task::spawn_blocking(move || grid::read(&bytes)).await.ok().and_then(Result::ok),
        Err(error) => {
            tracing::error!(%error, import = %import.id, "the file of an import cannot be read");
            None
        }
    };
    let Some(grid) = read else { return end(duty, import.id, "failed").await };
    let all = grid.lines.len();
    let piece = |from: usize| from..(from + PIECE).min(all);
    // What a trial would have made: nobody else knows of it.
    let mut tried = HashSet::new();
    let (mut lines, mut ahead, mut tries) = (piece(import.passed as usize), None, 0);
    while !lines.is_empty() {
        let decided = match ahead.take() {
            Some(decided) => decided,
            None => decide(duty, import, &grid, lines.clone(), &tried).await?,
        };
        let next = piece(lines.end);
        // While one piece is stored the next is decided; where they name the same customer, it is decided anew.
        let storing = store(duty, import, &lines, &decided);
        let deciding = decide(duty, import, &grid, next.clone(), &tried);
        let (stored, following) = tokio::join!(storing, deciding);
        if stored? {
            ahead = following.ok().filter(|it| it.keys.is_disjoint(&decided.keys));
            tried.extend(decided.tried);
            (lines, tries) = (next, 0);
            continue;
        }
        let now = rows::get(&duty.db, import.id).await?;
        if now.is_none_or(|it| it.state != "running" || it.passed != lines.start as u64) {
            // Stopped, or another node goes on with it.
            return Ok(());
        }
        tries += 1;
        if tries == TRIES {
            return Err(Refusal::Busy.into());
        }
    }
    end(duty, import.id, "done").await
}

async fn end(duty: &Duty, id: RecordId, state: &str) -> Result<(), Problem> {
    let now = duty.app.clock.now();
    let statements = vec![rows::end(id, state, now), undo::forget(now - import_undo::WITHIN_MS)];
    match duty.db.commit(Batch { statements, ..Batch::default() }).await {
        Ok(()) | Err(CommitError::Stale { .. }) => Ok(()),
        Err(error) => Err(ReadError::from(error).into()),
    }
}

/// A customer that a piece makes or changes.
struct Step {
    before: Option<customer::Customer>,
    after: customer::Customer,
}

/// What a piece comes to.
#[derive(Default)]
struct Decided {
    counts: Counts,
    steps: Vec<Step>,
    rejected: Vec<Rejected>,
    /// Whom the lines name.
    keys: HashSet<Vec<u8>>,
    /// Whom a trial would have made.
    tried: Vec<Vec<u8>>,
}

/// Stores a piece; false when the import was stopped, or somebody was quicker with one of the customers.
async fn store(
    duty: &Duty,
    import: &Import,
    lines: &Range<usize>,
    decided: &Decided,
) -> Result<bool, Problem> {
    let by = import.author.map_or(Actor::System, |id| Actor::User { id });
    let directory = duty.app.directory();
    let settings = &directory.settings.customers;
    let now = duty.app.clock.now();
    let advance = rows::advance(import.id, lines.start as u64, lines.end as u64, decided.counts);
    let mut writes: Vec<Statement> = vec![advance];
    writes.extend(decided.rejected.iter().map(|it| rows::reject(import.id, it)));
    let mut facts = vec![];
    if !import.plan.is_trial {
        for Step { before, after } in &decided.steps {
            let (id, before) = (after.id, before.as_ref());
            let version = before.map_or(1, |it| it.version + 1);
            facts.push(Change { id, version, before, after: Some(after) }.fact(&directory));
            writes.push(undo::note(import.id, before, after));
            match before {
                Some(_) => writes.extend(customer::update(after, settings, now)),
                None => writes.extend(customer::insert(after, settings, now)),
            }
        }
    }
    if facts.is_empty() {
        let written = duty.db.commit(Batch { statements: writes, ..Batch::default() }).await;
        return match written {
            Ok(()) => Ok(true),
            Err(CommitError::Stale { .. }) => Ok(false),
            Err(error) => Err(ReadError::from(error).into()),
        };
    }
    match duty.app.site.change(Item::new(by, facts, writes)).await {
        Ok(_) => Ok(true),
        Err(refused) if refused.refusal == Refusal::Stale => Ok(false),
        Err(refused) => Err(refused.into()),
    }
}

async fn decide(
    duty: &Duty,
    import: &Import,
    grid: &Grid,
    lines: Range<usize>,
    tried: &HashSet<Vec<u8>>,
) -> Result<Decided, Problem> {
    let plan = &import.plan;
    let directory = &*duty.app.directory();
    let now = duty.app.clock.now();
    let mut decided = Decided::default();
    // Lines of one piece may be about the same customer.
    let mut here: HashMap<Vec<u8>, usize> = HashMap::new();
    let known = known(duty, import, &grid.lines[lines.clone()], directory).await?;
    for (n, (key, known)) in lines.zip(known) {
        let line = &grid.lines[n];
        decided.keys.extend(key.clone());
        let earlier = key.as_ref().and_then(|key| here.get(key)).copied();
        let mut reject = |wrong: &[Wrong]| {
            let reason = |it: &Wrong| {
                let (of, why) = (columns::heading(&it.field, &directory.settings.customers), it.fault.text());
                Text::new(format!("{}：{}", of.zh, why.zh), format!("{}: {}", of.en, why.en))
            };
            let reasons = wrong.iter().map(reason).collect();
            // The heading is the first line.
            decided.rejected.push(Rejected { line: (n + 2) as u64, cells: line.clone(), reasons });
            decided.counts.rejected += 1;
        };
        if known.len() > 1 && earlier.is_none() {
            let several = Wrong { field: plan.match_by.clone(), fault: Fault::Several };
            reject(&[several]);
            continue;
        }
        let is_tried = import.plan.is_trial && key.as_ref().is_some_and(|key| tried.contains(key));
        if is_tried && earlier.is_none() {
            let count =
                if plan.completes { &mut decided.counts.updated } else { &mut decided.counts.skipped };
            *count += 1;
            continue;
        }
        let stored = known.into_iter().next();
        let before = match earlier {
            Some(step) => Some(decided.steps[step].after.clone()),
            None => stored.clone(),
        };
        if before.is_some() && !plan.completes {
            decided.counts.skipped += 1;
            continue;
        }
        let (mut card, mut wrong) =
            columns::card(&plan.columns, line, before.as_ref().map(|it| &it.card), directory);
        card.tidy(&directory.settings.customers);
        wrong.extend(card.check(before.as_ref().map(|it| &it.card), directory));
        if !wrong.is_empty() {
            reject(&wrong);
            continue;
        }
        if let Some(step) = earlier {
            decided.steps[step].after.card = card;
            decided.counts.updated += 1;
            continue;
        }
        let after = match &stored {
            Some(stored) if stored.card == card => {
                decided.counts.skipped += 1;
                continue;
            }
            Some(stored) => {
                decided.counts.updated += 1;
                customer::Customer { card, checked_at: now, ..stored.clone() }
            }
            None => {
                decided.counts.created += 1;
                customer::Customer::new(CustomerId(duty.app.next_id()), card, now)
            }
        };
        if import.plan.is_trial && stored.is_none() {
            decided.tried.extend(key.clone());
        }
        here.extend(key.map(|key| (key, decided.steps.len())));
        decided.steps.push(Step { before: stored, after });
    }
    Ok(decided)
}

/// By what each line is compared, and who is there already.
async fn known(
    duty: &Duty,
    import: &Import,
    lines: &[Vec<String>],
    directory: &Directory,
) -> Result<Vec<(Option<Vec<u8>>, Vec<customer::Customer>)>, Problem> {
    let plan = &import.plan;
    let key = |line: &Vec<String>| {
        customer::key(&plan.match_by, &columns::card(&plan.columns, line, None, directory).0)
    };
    let keys: Vec<Option<Vec<u8>>> = lines.iter().map(key).collect();
    let found = customer::with_keys(&duty.db, &plan.match_by, keys.iter().flatten()).await?;
    let with = |key: Option<Vec<u8>>| {
        let known = key.as_ref().and_then(|key| found.get(key)).cloned().unwrap_or_default();
        (key, known)
    };
    Ok(keys.into_iter().map(with).collect())
}
