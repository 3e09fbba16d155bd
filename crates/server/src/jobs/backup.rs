//! Backups that the server makes by itself, where a folder for them is configured.

use crate::{
    app::Shared,
    backup::{self, Key, Last, Vault},
    config::Config,
    jobs::Duty,
    tasks,
};
use std::{ops::ControlFlow, time::Duration};
use tokio::task::JoinHandle;
use yingda_core::At;

const PACE: Duration = Duration::from_secs(60);
const HOUR: At = 3_600_000;

pub fn start(duty: Duty) -> JoinHandle<()> {
    tasks::start("backup", async move {
        let app = &duty.app;
        if !app.config.backup.is_scheduled() {
            return;
        }
        if let Ok(None) = Key::of(&app.config.backup) {
            tracing::warn!("backups are NOT encrypted: `yingda backup key` makes a key for backup.key_file");
        }
        let mut ticks = tokio::time::interval(PACE);
        loop {
            tokio::select! {
                _ = ticks.tick() => if is_due(app) { run(app).await },
                () = tasks::stopping() => return,
            }
        }
    })
}

/// One that failed is tried again within the hour. What another server put into the same folder counts too.
fn is_due(app: &Shared) -> bool {
    let (config, now) = (&app.config, app.clock.now());
    let every = At::from(config.backup.every_hours) * HOUR;
    let failed_at = Last::read(&config.data).filter(|last| last.error.is_some()).map(|last| last.at);
    let is_over = |from: At, ms: At| now >= from + ms;
    failed_at.is_none_or(|at| is_over(at, every.min(HOUR)))
        && newest(config).is_none_or(|at| is_over(at, every))
}

/// The moment of the newest backup, as far as the folder can be read.
fn newest(config: &Config) -> Option<At> {
    let key = Key::of(&config.backup).ok()?;
    let names = Vault::to_list(&config.backup_folder(), key.as_ref()).ok()?.names().ok()?;
    backup::at_of(names.last()?)
}

async fn run(app: &Shared) {
    let tell = Box::new(|_: &backup::Progress<'_>| match tasks::is_stopping() {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    });
    match backup::make(&app.db, &app.config, app.clock.now(), tell).await {
        Ok(it) => {
            let (name, events) = (&it.name, it.events());
            tracing::info!(name, events, bytes = it.bytes, new_bytes = it.new_bytes, "a backup was made");
            for log in it.logs.iter().filter(|log| log.broken_at.is_some()) {
                let at = log.broken_at;
                tracing::error!(site = log.site, at, "the log's chain is broken, and so is its copy");
            }
        }
        Err(error) => return tracing::error!(%error, "no backup could be made"),
    }
    let config = app.config.clone();
    let pruning = tokio::task::spawn_blocking(move || {
        let key = Key::of(&config.backup)?;
        backup::prune(&Vault::to_write(&config.backup_folder(), key.as_ref())?, &config.backup)
    });
    match pruning.await {
        Ok(Ok(pruned)) if pruned.gone.is_empty() => {}
        Ok(Ok(pruned)) => tracing::info!(gone = pruned.gone.len(), freed = pruned.freed, "old backups went"),
        Ok(Err(error)) => tracing::warn!(%error, "old backups could not be removed"),
        Err(error) => tracing::warn!(%error, "removing old backups was broken off"),
    }
}
