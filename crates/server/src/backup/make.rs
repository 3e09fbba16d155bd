//! Making a backup: rows and files become chunks, those that are new are read again, and a manifest says what it is.

use super::{
    Failed, Last, Pace, Tell, Vault,
    manifest::{self, Chunk, Manifest, Rows, Unit},
    trying, verify,
};
use crate::config::Config;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt, fs, io,
    io::Read,
    path::{Path, PathBuf},
};
use tokio::sync::mpsc;
use yingda_core::At;
use yingda_store::{
    Db,
    backup::{self as store, Chain, Piece},
};

/// A file is cut here; its content never changes, so nothing else decides.
const FILE_CHUNK: usize = 4 << 20;
/// Below the data folder, beside the store.
pub(super) const FILES: &str = "files";
pub(super) const SECRET: &str = "secret.key";

/// Makes a backup of a store as it is at this moment, while others work with it, and leaves word of how it went.
pub async fn make(db: &Db, config: &Config, now: At, tell: Tell) -> Result<Manifest, Failed> {
    let outcome = try_to_make(db, config, now, tell).await;
    if let Err(error) = Last::of(now, &outcome).write(&config.data) {
        tracing::warn!(%error, "how the backup went could not be noted");
    }
    outcome
}

async fn try_to_make(db: &Db, config: &Config, now: At, tell: Tell) -> Result<Manifest, Failed> {
    let key = super::Key::of(&config.backup)?;
    let vault = Vault::to_write(&config.backup_folder(), key.as_ref())?;
    let (to, pieces) = mpsc::channel(2);
    let maker = Maker::new(vault, config, db, now, tell)?;
    let making = tokio::task::spawn_blocking(move || maker.run(pieces));
    let (read, made) = tokio::join!(store::read(db, to), making);
    match (made.map_err(trying("a backup was broken off"))??, read) {
        (Some(manifest), _) => Ok(manifest),
        (None, Err(error)) => Err(Failed(format!("cannot read the store: {error}"))),
        (None, Ok(())) => Err(Failed("the store's rows broke off".into())),
    }
}

struct Maker {
    vault: Vault,
    data: PathBuf,
    /// Where uploads lie.
    files: PathBuf,
    manifest: Manifest,
    /// Files that the last backup had already, by path.
    known: HashMap<String, manifest::File>,
    chain: Option<Chain>,
    used: BTreeSet<String>,
    new: BTreeMap<String, (Unit, Chunk)>,
    pace: Pace,
}

impl Maker {
    fn new(vault: Vault, config: &Config, db: &Db, now: At, tell: Tell) -> Result<Self, Failed> {
        let names = vault.names()?;
        let last = names.last().and_then(|name| vault.manifest(name).ok());
        let known = last.into_iter().flat_map(|it| it.files).map(|file| (file.path.clone(), file)).collect();
        let mut made_at = now;
        while names.contains(&manifest::name_of(made_at)) {
            made_at += 1;
        }
        let manifest = Manifest {
            name: manifest::name_of(made_at),
            made_at,
            version: env!("CARGO_PKG_VERSION").into(),
            store: if matches!(db, Db::Sqlite(_)) { "sqlite" } else { "postgres" }.into(),
            level: 0,
            logs: vec![],
            tables: vec![],
            files: vec![],
            bytes: 0,
            new_bytes: 0,
        };
        let (chain, used, new) = (None, BTreeSet::new(), BTreeMap::new());
        let (data, files) = (config.data.clone(), config.files_folder());
        Ok(Self { vault, data, files, manifest, known, chain, used, new, pace: Pace::new(tell) })
    }

    /// Nothing when the rows broke off: whoever sent them knows why.
    fn run(mut self, mut pieces: mpsc::Receiver<Piece>) -> Result<Option<Manifest>, Failed> {
        let mut is_whole = false;
        while let Some(piece) = pieces.blocking_recv() {
            is_whole = piece == Piece::All;
            self.take(piece)?;
        }
        if !is_whole {
            return Ok(None);
        }
        // Files are there before the rows that name them, and content never changes: those that came since do no harm.
        for path in files(&self.data, &self.files).map_err(trying("cannot list the files"))? {
            self.keep_file(&path)?;
        }
        for (name, (unit, chunk)) in &self.new {
            self.pace.step("reading again", chunk.bytes as usize)?;
            if let Err(hurt) = verify::examine(&self.vault, *unit, chunk) {
                return Err(Failed(format!("chunk {name} was written and is {}", hurt.word())));
            }
        }
        self.vault.publish(&self.manifest)?;
        Ok(Some(self.manifest))
    }

    fn take(&mut self, piece: Piece) -> Result<(), Failed> {
        let wrong = || trying("the rows of the store are not understood");
        match piece {
            Piece::Begin { level } => self.manifest.level = level,
            Piece::Table(table) => {
                self.chain = Chain::of(&table).map_err(wrong())?;
                self.manifest.tables.push(Rows { table, rows: 0, chunks: vec![] });
            }
            Piece::Rows { rows, bytes } => {
                if let Some(chain) = &mut self.chain {
                    chain.follow(&bytes).map_err(wrong())?;
                }
                let chunk = self.keep(Unit::Row, rows, &bytes)?;
                let part = self.manifest.tables.last_mut();
                let part = part.ok_or_else(|| Failed("rows came before their table".into()))?;
                part.chunks.push(chunk);
                self.pace.step(&part.table.name, bytes.len())?;
            }
            Piece::End { rows } => {
                if let Some(part) = self.manifest.tables.last_mut() {
                    part.rows = rows;
                }
                if let Some(chain) = self.chain.take() {
                    self.manifest.logs = chain.end();
                }
            }
            Piece::All => {}
        }
        Ok(())
    }

    fn keep(&mut self, unit: Unit, holds: u64, content: &[u8]) -> Result<Chunk, Failed> {
        let kept = self.vault.put(content)?;
        let chunk = Chunk { name: kept.name, holds, bytes: kept.bytes };
        self.count(&chunk);
        if kept.is_new {
            self.manifest.new_bytes += chunk.bytes;
            self.new.insert(chunk.name.clone(), (unit, chunk.clone()));
        }
        Ok(chunk)
    }

    fn count(&mut self, chunk: &Chunk) {
        if self.used.insert(chunk.name.clone()) {
            self.manifest.bytes += chunk.bytes;
        }
    }

    fn keep_file(&mut self, path: &Path) -> Result<(), Failed> {
        let trouble = |error: &dyn fmt::Display| Failed(format!("cannot read {}: {error}", path.display()));
        let inner = match path.strip_prefix(&self.files) {
            Ok(inner) => Path::new(FILES).join(inner),
            Err(_) => path.strip_prefix(&self.data).map_err(|error| trouble(&error))?.to_owned(),
        };
        let inner = inner.display().to_string();
        let mut file = match fs::File::open(path) {
            Ok(file) => file,
            // Nobody referred to it, so the sweep took it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(trouble(&error)),
        };
        let bytes = file.metadata().map_err(|error| trouble(&error))?.len();
        if let Some(known) = self.known.remove(&inner)
            && inner != SECRET
            && known.bytes == bytes
            && known.chunks.iter().all(|chunk| self.vault.has(&chunk.name))
        {
            known.chunks.iter().for_each(|chunk| self.count(chunk));
            self.manifest.files.push(known);
            return Ok(());
        }
        let mut part = manifest::File { path: inner, bytes: 0, chunks: vec![] };
        loop {
            let mut content = vec![];
            let read = (&mut file)
                .take(FILE_CHUNK as u64)
                .read_to_end(&mut content)
                .map_err(|error| trouble(&error))?;
            if read == 0 {
                break;
            }
            part.bytes += read as u64;
            part.chunks.push(self.keep(Unit::Byte, read as u64, &content)?);
            self.pace.step(FILES, read)?;
        }
        self.manifest.files.push(part);
        Ok(())
    }
}

/// The secret key, if it is kept here, and all uploaded content.
fn files(data: &Path, uploads: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = vec![];
    let mut folders = vec![uploads.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    let secret = data.join(SECRET);
    if secret.exists() {
        found.push(secret);
    }
    found.sort();
    Ok(found)
}
