//! Running tickets go over to another version of their kind: a piece at a time, each with its progress in one
//! transaction, so that a restart goes on where it was.

use crate::{
    jobs::Duty,
    problem::Problem,
    tasks,
    tickets::{self, Step},
};
use std::time::Duration;
use tokio::{sync::Notify, task::JoinHandle};
use yingda_core::{
    actor::Actor,
    id::TicketId,
    refusal::Refusal,
    ticket::{self, Scene, Ticket},
};
use yingda_store::{ticket as rows, ticket_migration as migrations};

/// Somebody asked for one here.
pub static WAKE: Notify = Notify::const_new();

const PIECE: usize = 100;
/// Between pieces, so that live work never waits long.
const PAUSE: Duration = Duration::from_millis(20);
/// What was asked for on another node is seen this late at most.
const LOOK: Duration = Duration::from_secs(5);
/// Somebody does something to one of the tickets in the same moment: so often the piece is decided anew.
const TRIES: usize = 8;

pub fn start(duty: Duty) -> JoinHandle<()> {
    tasks::go_on("migrations", async move { run(&duty).await })
}

async fn run(duty: &Duty) {
    loop {
        let goes_on = match migrations::running(&duty.db).await {
            Ok(Some(it)) => go_over(duty, &it).await.map(|()| true),
            Ok(None) => Ok(false),
            Err(error) => Err(error.into()),
        };
        match goes_on {
            Ok(true) => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            Ok(false) => {}
            Err(problem) => tracing::warn!(code = ?problem.code, "tickets wait for the store to go over"),
        }
        tokio::select! {
            () = WAKE.notified() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Takes one piece over.
async fn go_over(duty: &Duty, it: &migrations::Migration) -> Result<(), Problem> {
    let app = &duty.app;
    let by = it.author.map_or(Actor::System, |id| Actor::User { id });
    let from = tickets::kind_at(app, it.of, it.before_kind).await?;
    let to = tickets::kind_at(app, it.of, it.after_kind).await?;
    for _ in 0..TRIES {
        let piece = rows::running(&duty.db, it.of, it.after, PIECE).await?;
        let Some(last) = piece.last().map(|it| it.id) else {
            duty.keep(vec![migrations::end(it.id, app.clock.now())]).await?;
            crate::jobs::clocks::WAKE.notify_one();
            return Ok(());
        };
        let directory = app.directory();
        let now = app.clock.now();
        let scene = Scene { directory: &directory, of: &to, by, now, open_tasks: 0, consents: &[] };
        let step = |before: Ticket| {
            let decided = ticket::migrate(&before, &from, it.after_kind, &it.mapping, scene)?;
            Some(Step { before, decided, of: to.clone() })
        };
        let mine = piece.into_iter().filter(|ticket| ticket.of_version == it.before_kind);
        let steps: Vec<Step> = mine.filter_map(step).collect();
        let pass = migrations::pass(it, last, steps.len());
        let is_stored = match steps.is_empty() {
            true => duty.keep(vec![pass]).await?,
            false => tickets::store_with(app, by, &steps, &directory, vec![pass]).await?,
        };
        if is_stored || moved_on(duty, it.after).await? {
            return Ok(());
        }
    }
    Err(Refusal::Busy.into())
}

/// Whether somebody else took the piece over.
async fn moved_on(duty: &Duty, after: TicketId) -> Result<bool, Problem> {
    Ok(migrations::running(&duty.db).await?.is_none_or(|now| now.after != after))
}
