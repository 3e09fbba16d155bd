//! `yingda backup` and `yingda restore`.

use crate::{
    backup::{self, Key, Progress, Tell, Vault},
    clock::Clock,
    config::Config,
    start::{self, StartError, while_trying},
};
use clap::{Args, Subcommand};
use std::{ops::ControlFlow, path::PathBuf};
use yingda_core::At;
use yingda_store::Db;

/// Progress is told whenever so much more was done.
const MUCH: u64 = 256 << 20;

#[derive(Subcommand)]
pub enum Backup {
    /// Print a new key for backups. Keep a copy of it where the backups are not.
    Key,
    /// List the backups.
    List,
    /// Read every chunk of all backups, or of one, and name what is damaged or missing.
    Verify {
        /// As `list` names it.
        name: Option<String>,
    },
    /// Remove backups that no rule of the configuration keeps, and what only they needed.
    Prune,
}

#[derive(Args)]
pub struct Wanted {
    /// The folder of backups.
    folder: PathBuf,
    /// Which one, as `yingda backup list` names it; without it the newest.
    #[arg(long, conflicts_with = "until")]
    name: Option<String>,
    /// The newest one that is not later, such as 2026-11-22T14:00:00+08:00.
    #[arg(long, value_parser = moment)]
    until: Option<At>,
}

fn moment(text: &str) -> Result<At, String> {
    let at = text.parse::<jiff::Timestamp>().map_err(|error| {
        format!("{error}; write a moment with its distance from UTC, such as 2026-11-22T14:00:00+08:00")
    })?;
    Ok(at.as_millisecond())
}

pub async fn run(config: Config, what: Option<Backup>) -> Result<(), StartError> {
    let key = Key::of(&config.backup)?;
    let folder = config.backup_folder();
    match what {
        None => make(config).await,
        Some(Backup::Key) => {
            println!("{}", Key::fresh().text());
            Ok(())
        }
        Some(Backup::List) => list(&Vault::to_list(&folder, key.as_ref())?),
        Some(Backup::Verify { name }) => verify(&Vault::to_read(&folder, key.as_ref())?, name),
        Some(Backup::Prune) => {
            let pruned = backup::prune(&Vault::to_write(&folder, key.as_ref())?, &config.backup)?;
            pruned.gone.iter().for_each(|name| println!("{name} went"));
            println!("{} backups went, {} freed.", pruned.gone.len(), size(pruned.freed));
            Ok(())
        }
    }
}

async fn make(config: Config) -> Result<(), StartError> {
    let url = config.store_url();
    if let Some(path) = url.strip_prefix("sqlite:")
        && !std::path::Path::new(path).exists()
    {
        return Err(StartError(format!("there is no store {path} to back up")));
    }
    let db = Db::open(&url).await.map_err(while_trying("cannot open the store"))?;
    let made = backup::make(&db, &config, Clock::new().now(), told()).await;
    db.close().await;
    let it = made?;
    println!(
        "Made backup {} in {}: {} events, {} rows, {} files; {}, of which {} are new.",
        it.name,
        config.backup_folder().display(),
        it.events(),
        it.rows(),
        it.files.len(),
        size(it.bytes),
        size(it.new_bytes)
    );
    for log in it.logs.iter().filter(|log| log.broken_at.is_some()) {
        let at = log.broken_at.unwrap_or_default();
        eprintln!("Mind: the log's chain is broken at {at}: something was changed behind Yingda's back.");
    }
    if Key::of(&config.backup)?.is_none() {
        eprintln!(
            "Mind: it is NOT encrypted and holds the secret key and everybody's data. Make a key with `yingda backup key`, and name its file in backup.key_file."
        );
    }
    Ok(())
}

fn list(vault: &Vault) -> Result<(), StartError> {
    for name in vault.names()? {
        match vault.manifest(&name) {
            Ok(it) => println!(
                "{name}  {:>10} events  {:>9}  {:>9} new  {} {}",
                it.events(),
                size(it.bytes),
                size(it.new_bytes),
                it.store,
                it.version
            ),
            Err(hurt) => println!("{name}  its manifest is {}", hurt.word()),
        }
    }
    println!("{}", if vault.is_encrypted() { "They are encrypted." } else { "They are NOT encrypted." });
    Ok(())
}

fn verify(vault: &Vault, name: Option<String>) -> Result<(), StartError> {
    let names = match name {
        Some(name) => vec![name],
        None => vault.names()?,
    };
    let verified = backup::verify(vault, &names, told())?;
    for finding in &verified.findings {
        println!("{finding}");
    }
    let (chunks, bytes) = (verified.chunks, size(verified.bytes));
    match verified.findings.len() {
        0 => {
            println!("{} backups are whole: {chunks} chunks, {bytes}.", names.len());
            Ok(())
        }
        wrong => Err(StartError(format!("{wrong} things are wrong in {chunks} chunks, {bytes}"))),
    }
}

pub async fn restore(config: Config, what: Wanted) -> Result<(), StartError> {
    let _lock = start::lock(&config.data)?;
    let key = Key::of(&config.backup)?;
    let vault = Vault::to_read(&what.folder, key.as_ref())?;
    let it = backup::pick(&vault, what.name.as_deref(), what.until)?;
    let restored = format!(
        "Restored backup {} of version {} ({}): {} events, {} rows, {} files. Every hash is right.",
        it.name,
        it.version,
        it.store,
        it.events(),
        it.rows(),
        it.files.len()
    );
    let logs = it.logs.clone();
    backup::restore(&config, vault, it, told()).await?;
    println!("{restored}");
    for log in logs {
        match log.broken_at {
            None => println!("The log is whole up to {}; its head is {}.", log.last_seq, log.head),
            Some(at) => println!("The log's chain was broken at {at} already when the backup was made."),
        }
    }
    Ok(())
}

/// A line now and then, while long work goes on.
fn told() -> Tell {
    let mut next = MUCH;
    Box::new(move |progress: &Progress<'_>| {
        if progress.bytes >= next {
            next = progress.bytes + MUCH;
            eprintln!("  {}: {} in {} chunks", progress.what, size(progress.bytes), progress.chunks);
        }
        ControlFlow::Continue(())
    })
}

fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..10_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}
