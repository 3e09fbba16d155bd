//! A demo: a shop with its people, customers and a week of history.
//!
//! The history is not invented as rows: a seeded simulation drives the real engine with its own clock, so that log,
//! conversations, facts and reports agree with each other like those of a real week.

mod book;
mod cases;
mod dice;
mod offline;
mod orders;
mod pack;
mod roster;
mod shop;
mod week;

use crate::{
    config::{Config, FilesPlace},
    start::{self, StartError, while_trying},
};
use book::Book;
use dice::Dice;
use std::fs;
use yingda_core::{At, config::Record, roles::default_roles};
use yingda_store::{Batch, Db, event, reader, record};

const SEED: u64 = 20_261_121;
/// The reader that marks a demo's log: up to its position the history is made up.
const MARK: &str = "demo";

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loaded {
    pub events: u64,
    pub conversations: usize,
}

/// Whether the store holds nothing yet.
pub async fn is_empty(db: &Db) -> Result<bool, StartError> {
    let reading = "cannot read the store";
    let no_events = event::head(db).await.map_err(while_trying(reading))?.is_none();
    Ok(no_events && record::all(db).await.map_err(while_trying(reading))?.is_empty())
}

/// Whether the store began as a demo.
pub async fn is_demo(db: &Db) -> Result<bool, StartError> {
    Ok(reader::reached(db, MARK).await.map_err(while_trying("cannot read the store"))?.is_some())
}

/// Fills an empty store that no server runs on.
pub async fn load(db: &Db, now: At) -> Result<Loaded, StartError> {
    if !is_empty(db).await? {
        let text = "the store is not empty, and demo data would mix with what is there; name another folder with --data";
        return Err(StartError(text.into()));
    }
    let failed = "cannot store the demo data";
    let pack = pack::pack();
    let mut dice = Dice::new(SEED);
    // The shop opened a week ago at midnight; a minute is left before the present.
    let from = roster::midnight(now) - 7 * week::DAY_MS;
    let until = now - week::MINUTE_MS;
    let mut book = Book::new(db.clone(), from);
    let regulars = shop::open(&mut book, &pack, &mut dice, from).await.map_err(while_trying(failed))?;
    let mut week = week::Week::new(&mut book, &pack, &mut dice, regulars);
    week.play(from + week::MINUTE_MS, until).await.map_err(while_trying(failed))?;
    let conversations = week.conversations();
    let regulars = week.regulars;
    offline::leave(&mut book, &pack, &mut dice, &regulars, until).await.map_err(while_trying(failed))?;
    let cases =
        cases::open(&mut book, &pack, &mut dice, &regulars, until).await.map_err(while_trying(failed))?;
    orders::fill(&mut book, &pack, &regulars, &cases, until).await.map_err(while_trying(failed))?;
    let events = book.engine.seq();
    let mark = Batch { statements: vec![reader::begin(MARK, events)], ..Batch::default() };
    db.commit(mark).await.map_err(while_trying(failed))?;
    Ok(Loaded { events, conversations })
}

/// Who can sign in, each as a line to print: name, password, person, roles in both languages.
pub fn logins() -> Vec<String> {
    let roles = default_roles();
    let title = |code: &String| {
        let role = roles.iter().find(|role| role.code == *code);
        role.map_or_else(|| code.clone(), |role| format!("{} {}", role.name.zh, role.name.en))
    };
    let line = |entry: &pack::Entry| match &entry.record {
        Record::User(user) => {
            let titles: Vec<String> = entry.roles.iter().map(title).collect();
            Some(format!("{:<10} {}  {} ({})", user.login, shop::PASSWORD, user.name, titles.join(", ")))
        }
        _ => None,
    };
    pack::pack().records.iter().filter_map(line).collect()
}

/// Removes a demo's store and files. Anything else is left alone, and so is a bucket, which may hold others' files.
pub async fn clear(config: &Config) -> Result<(), StartError> {
    let is_embedded = config.store.is_empty() && config.data.join("yingda.db").exists();
    let mut is_demo = false;
    let _lock = start::lock(&config.data)?;
    if is_embedded {
        let db = start::store(config).await?;
        is_demo = self::is_demo(&db).await?;
        db.close().await;
    }
    if !is_demo {
        return Err(StartError(format!(
            "{} is no embedded store that began as a demo, so nothing was removed",
            start::public(&config.store_url())
        )));
    }
    let removing = |path: &std::path::Path| while_trying(format!("cannot remove {}", path.display()));
    for name in ["yingda.db", "yingda.db-wal", "yingda.db-shm"] {
        let path = config.data.join(name);
        if path.exists() {
            fs::remove_file(&path).map_err(removing(&path))?;
        }
    }
    if let FilesPlace::Folder(files) = config.files_place()
        && files.exists()
    {
        fs::remove_dir_all(&files).map_err(removing(&files))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
