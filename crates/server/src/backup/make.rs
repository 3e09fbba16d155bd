//! Making a backup: rows and files become chunks, those that are new are read again, and a manifest says what it is.

use super::{
    Failed, Last, Pace, Tell, Vault,
    manifest::{self, Chunk, Manifest, Rows, Unit},
    trying, verify,
};
use crate::{config::Config, files::Files};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs, io,
    path::PathBuf,
};
use tokio::{runtime::Handle, sync::mpsc};
use yingda_core::At;
use yingda_store::{
    Db,
    backup::{self as store, Chain, Piece},
};

/// A file is cut here; its content never changes, so nothing else decides.
const FILE_CHUNK: u64 = 4 << 20;
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
    let files = Files::open(config).await.map_err(Failed)?;
    let (to, pieces) = mpsc::channel(2);
    let maker = Maker::new(vault, config, files, db, now, tell)?;
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
    files: Files,
    manifest: Manifest,
    /// Files that the last backup had already, by path.
    known: HashMap<String, manifest::File>,
    chain: Option<Chain>,
    used: BTreeSet<String>,
    new: BTreeMap<String, (Unit, Chunk)>,
    pace: Pace,
}

impl Maker {
    fn new(
        vault: Vault,
        config: &Config,
        files: Files,
        db: &Db,
        now: At,
        tell: Tell,
    ) -> Result<Self, Failed> {
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
        let data = config.data.clone();
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
        let uploads = Handle::current().block_on(self.files.list());
        for (place, bytes) in uploads.map_err(trying("cannot list the files"))? {
            self.keep_upload(&place, bytes)?;
        }
        self.keep_secret()?;
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

    fn keep_upload(&mut self, place: &str, bytes: u64) -> Result<(), Failed> {
        let path = format!("{FILES}/{place}");
        if let Some(known) = self.known.remove(&path)
            && known.bytes == bytes
            && known.chunks.iter().all(|chunk| self.vault.has(&chunk.name))
        {
            known.chunks.iter().for_each(|chunk| self.count(chunk));
            self.manifest.files.push(known);
            return Ok(());
        }
        let mut part = manifest::File { path, bytes: 0, chunks: vec![] };
        while part.bytes < bytes {
            let range = part.bytes..bytes.min(part.bytes + FILE_CHUNK);
            let content = match Handle::current().block_on(self.files.part(place, range)) {
                Ok(content) => content,
                // Nobody referred to it, so the sweep took it.
                Err(object_store::Error::NotFound { .. }) => return Ok(()),
                Err(error) => return Err(Failed(format!("cannot read the file {place}: {error}"))),
            };
            let read = content.len() as u64;
            part.bytes += read;
            part.chunks.push(self.keep(Unit::Byte, read, &content)?);
            self.pace.step(FILES, content.len())?;
        }
        self.manifest.files.push(part);
        Ok(())
    }

    /// Where it is kept here.
    fn keep_secret(&mut self) -> Result<(), Failed> {
        let path = self.data.join(SECRET);
        let content = match fs::read(&path) {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(Failed(format!("cannot read {}: {error}", path.display()))),
        };
        let bytes = content.len() as u64;
        let chunks = vec![self.keep(Unit::Byte, bytes, &content)?];
        self.manifest.files.push(manifest::File { path: SECRET.into(), bytes, chunks });
        self.pace.step(FILES, content.len())
    }
}
