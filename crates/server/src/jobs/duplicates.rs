//! All customers are looked through for those who are perhaps one person, when somebody asks for it. How far it is stands
//! in the store, so that a restart goes on where it ended.

use crate::{jobs::Duty, tasks};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};
use tokio::{sync::Notify, task::JoinHandle};
use yingda_core::{
    customer::{CustomerSettings, duplicates},
    id::CustomerId,
};
use yingda_store::{
    ReadError, Statement,
    customer::{self, Customer},
    duplicate::{self as rows, Found, Pair, Run},
    sound,
};

/// Somebody asked for a search here.
pub static WAKE: Notify = Notify::const_new();

const PIECE: usize = 1_000;
/// What more have in common is a switchboard or a shared house, and says nothing about two of them.
const MOST: usize = 10;
/// Between pieces, so that live work never waits long.
const PAUSE: Duration = Duration::from_millis(20);
/// A search that was asked for on another node is seen this late at most.
const LOOK: Duration = Duration::from_secs(5);

pub fn start(duty: Duty) -> JoinHandle<()> {
    tasks::go_on("duplicates", async move { run(&duty).await })
}

async fn run(duty: &Duty) {
    loop {
        match rows::last_run(&duty.db).await {
            Ok(Some(run)) if run.state == "running" => match look(duty, &run).await {
                Ok(()) => {
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
                Err(error) => tracing::warn!(%error, "the search for duplicates waits for the store"),
            },
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the search for duplicates waits for the store"),
        }
        tokio::select! {
            () = WAKE.notified() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Looks at one piece; what is found and how far it is are one transaction.
async fn look(duty: &Duty, run: &Run) -> Result<(), ReadError> {
    let now = duty.app.clock.now();
    let mut piece = rows::piece(&duty.db, run, PIECE).await?;
    let Some(last) = piece.last().cloned() else {
        let done = match run.kind + 1 {
            kind if kind < rows::KINDS.len() => vec![rows::advance(run, kind, &[], CustomerId(0), 0)],
            _ => vec![rows::end("done", now), rows::forget(run.started_at)],
        };
        duty.keep(done).await?;
        return Ok(());
    };
    // The last group goes on behind the piece: it is looked at with the next, unless it is all there is.
    if piece.len() == PIECE && piece[0].key(run.kind) != last.key(run.kind) {
        piece.retain(|it| it.key(run.kind) != last.key(run.kind));
    }
    let pairs = pairs(duty, run.kind, &piece).await?;
    let end = piece.last().unwrap_or(&last);
    let advance = rows::advance(run, run.kind, &end.term, end.place, piece.len());
    let writes = pairs.iter().map(|it| rows::put(it, now)).chain([advance]);
    duty.keep(writes.collect::<Vec<Statement>>()).await?;
    Ok(())
}

async fn pairs(duty: &Duty, kind: usize, piece: &[Found]) -> Result<Vec<Pair>, ReadError> {
    let mut groups: BTreeMap<&[u8], BTreeSet<CustomerId>> = BTreeMap::new();
    for it in piece {
        groups.entry(it.key(kind)).or_default().extend(it.customer);
    }
    let is_name = kind == rows::BY_NAME;
    groups.retain(|_, group| group.len() > 1 && (is_name || group.len() <= MOST));
    let ids: BTreeSet<CustomerId> = groups.values().flatten().copied().collect();
    let found = customer::of_ids(&duty.db, ids.into_iter()).await?;
    let known: HashMap<CustomerId, Customer> = found.into_iter().map(|it| (it.id, it)).collect();
    let directory = duty.app.directory();
    let settings = &directory.settings.customers;
    let mut all = BTreeMap::new();
    for group in groups.into_values() {
        let group = if is_name { narrowed(&group, &known, settings) } else { vec![group] };
        for (one, other) in group.iter().flat_map(two_of) {
            let (Some(a), Some(b)) = (known.get(&one), known.get(&other)) else { continue };
            let sounds_alike = sound::sound(&a.card.name) == sound::sound(&b.card.name);
            let shares = duplicates::shared(&a.card, &b.card, sounds_alike, settings);
            if duplicates::is_likely(&shares) {
                all.insert((one, other), Pair { a: one, b: other, shares });
            }
        }
    }
    Ok(all.into_values().collect())
}

/// Of those whose names sound alike, who share something else.
fn narrowed(
    group: &BTreeSet<CustomerId>,
    known: &HashMap<CustomerId, Customer>,
    settings: &CustomerSettings,
) -> Vec<BTreeSet<CustomerId>> {
    let mut by_key: HashMap<(String, String), BTreeSet<CustomerId>> = HashMap::new();
    for it in group.iter().filter_map(|id| known.get(id)) {
        for key in duplicates::weak_keys(&it.card, settings) {
            by_key.entry(key).or_default().insert(it.id);
        }
    }
    by_key.into_values().filter(|it| (2..=MOST).contains(&it.len())).collect()
}

fn two_of(group: &BTreeSet<CustomerId>) -> Vec<(CustomerId, CustomerId)> {
    let pairs = group.iter().enumerate();
    pairs.flat_map(|(n, one)| group.iter().skip(n + 1).map(move |other| (*one, *other))).collect()
}
