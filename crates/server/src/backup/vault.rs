//! The folder of backups:
//!
//! ```text
//! yingda-backups.json    format, whether encrypted, salt of the keys, proof of the right one
//! chunks/ab/ab12…        content, by its name
//! manifests/2026…Z       one for each backup
//! lock                   held while somebody writes or reads
//! ```

use super::{
    Failed, Key,
    manifest::{self, Manifest},
    seal::Seal,
    trying,
};
use crate::{random, start};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

const FORMAT: u32 = 1;
const HEADER: &str = "yingda-backups.json";
const CHUNKS: &str = "chunks";
const MANIFESTS: &str = "manifests";
const PART: &str = ".part";

#[derive(Deserialize, Serialize)]
struct Header {
    format: u32,
    encrypted: bool,
    salt: String,
    proof: String,
}

pub struct Vault {
    pub folder: PathBuf,
    seal: Seal,
    _lock: Option<File>,
}

/// Why something that is kept cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hurt {
    Missing,
    Damaged,
}

impl Hurt {
    pub fn word(self) -> &'static str {
        match self {
            Hurt::Missing => "missing",
            Hurt::Damaged => "damaged",
        }
    }
}

/// Content that is kept.
pub struct Kept {
    pub name: String,
    pub bytes: u64,
    pub is_new: bool,
}

impl Vault {
    /// To write backups: makes the folder when there is none, and keeps others out.
    pub fn to_write(folder: &Path, key: Option<&Key>) -> Result<Vault, Failed> {
        let trouble = || trying(format!("cannot use the folder of backups, {}", folder.display()));
        start::make_folder(folder).map_err(trouble())?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(folder.join("lock"));
        let lock = lock.map_err(trouble())?;
        taken(lock.try_lock(), folder)?;
        let path = folder.join(HEADER);
        if !path.exists() {
            for inner in [CHUNKS, MANIFESTS] {
                start::make_folder(&folder.join(inner)).map_err(trouble())?;
            }
            let salt: [u8; 16] = random::bytes();
            let proof = Seal::new(key, &salt).proof();
            let header = Header { format: FORMAT, encrypted: key.is_some(), salt: hex::encode(salt), proof };
            let text = serde_json::to_vec_pretty(&header).map_err(io::Error::from).map_err(trouble())?;
            write(&path, &text).map_err(trouble())?;
            sync(folder).map_err(trouble())?;
        }
        Self::open(folder, key, Some(lock))
    }

    /// To see which backups there are: they come and go as a whole, so nobody is kept out.
    pub fn to_list(folder: &Path, key: Option<&Key>) -> Result<Vault, Failed> {
        Self::open(folder, key, None)
    }

    /// To read backups, also from where nothing can be written.
    pub fn to_read(folder: &Path, key: Option<&Key>) -> Result<Vault, Failed> {
        let lock = File::open(folder.join("lock")).ok();
        if let Some(lock) = &lock {
            taken(lock.try_lock_shared(), folder)?;
        }
        Self::open(folder, key, lock)
    }

    fn open(folder: &Path, key: Option<&Key>, lock: Option<File>) -> Result<Vault, Failed> {
        let at = folder.display();
        if !folder.join(HEADER).exists() {
            return Err(Failed(format!("{at} holds no backups of Yingda")));
        }
        let trouble = || trying(format!("cannot read {HEADER} in {at}"));
        let text = fs::read(folder.join(HEADER)).map_err(trouble())?;
        let header: Header = serde_json::from_slice(&text).map_err(io::Error::from).map_err(trouble())?;
        if header.format != FORMAT {
            let format = header.format;
            return Err(Failed(format!("{at} is of format {format}, this version of Yingda reads {FORMAT}")));
        }
        let why = match (header.encrypted, key) {
            (true, None) => "are encrypted: give their key as YINGDA_BACKUP_KEY or by backup.key_file",
            (false, Some(_)) => {
                "are not encrypted, but a key is given: name a new folder for encrypted ones, or take the key away to read these"
            }
            _ => "",
        };
        if !why.is_empty() {
            return Err(Failed(format!("the backups in {at} {why}")));
        }
        let salt = hex::decode(&header.salt).map_err(io::Error::other).map_err(trouble())?;
        let seal = Seal::new(key, &salt);
        if !seal.has_proof(&header.proof) {
            return Err(Failed(format!("the key is wrong: the backups in {at} were made with another one")));
        }
        Ok(Vault { folder: folder.to_owned(), seal, _lock: lock })
    }

    pub fn is_encrypted(&self) -> bool {
        matches!(self.seal, Seal::Locked { .. })
    }

    fn chunk(&self, name: &str) -> PathBuf {
        self.folder.join(CHUNKS).join(&name[..2.min(name.len())]).join(name)
    }

    pub fn has(&self, name: &str) -> bool {
        fs::metadata(self.chunk(name)).is_ok_and(|file| file.len() > 0)
    }

    /// Keeps content once, however often it comes.
    pub fn put(&self, content: &[u8]) -> Result<Kept, Failed> {
        let name = self.seal.name(content);
        let path = self.chunk(&name);
        if let Ok(file) = fs::metadata(&path)
            && file.len() > 0
        {
            return Ok(Kept { name, bytes: file.len(), is_new: false });
        }
        let closed = self.seal.close(&name, content);
        let trouble = || trying(format!("cannot write {}", path.display()));
        start::make_folder(path.parent().unwrap_or(&self.folder)).map_err(trouble())?;
        write(&path, &closed).map_err(trouble())?;
        Ok(Kept { name, bytes: closed.len() as u64, is_new: true })
    }

    pub fn get(&self, name: &str) -> Result<Vec<u8>, Hurt> {
        let closed = read(&self.chunk(name))?;
        let content = self.seal.open(name, closed).ok_or(Hurt::Damaged)?;
        if self.seal.name(&content) == name { Ok(content) } else { Err(Hurt::Damaged) }
    }

    /// All that is kept, with what each takes.
    pub fn chunks(&self) -> Result<Vec<(String, u64)>, Failed> {
        let list = || -> io::Result<Vec<(String, u64)>> {
            let mut found = vec![];
            for folder in fs::read_dir(self.folder.join(CHUNKS))? {
                for file in fs::read_dir(folder?.path())? {
                    let file = file?;
                    found.push((file.file_name().to_string_lossy().into_owned(), file.metadata()?.len()));
                }
            }
            Ok(found)
        };
        list().map_err(trying(format!("cannot list {}", self.folder.display())))
    }

    pub fn forget_chunk(&self, name: &str) -> Result<(), Failed> {
        let path = self.chunk(name);
        fs::remove_file(&path).map_err(trying(format!("cannot remove {}", path.display())))
    }

    /// Names of backups, the oldest first.
    pub fn names(&self) -> Result<Vec<String>, Failed> {
        let folder = self.folder.join(MANIFESTS);
        let list = || -> io::Result<BTreeSet<String>> {
            let names = fs::read_dir(&folder)?.map(|it| Ok(it?.file_name().to_string_lossy().into_owned()));
            names.filter(|it| it.as_ref().map_or(true, |name| manifest::at_of(name).is_some())).collect()
        };
        let names = list().map_err(trying(format!("cannot list {}", folder.display())))?;
        Ok(names.into_iter().collect())
    }

    pub fn manifest(&self, name: &str) -> Result<Manifest, Hurt> {
        let closed = read(&self.folder.join(MANIFESTS).join(name))?;
        let text = self.seal.open(&called(name), closed).ok_or(Hurt::Damaged)?;
        serde_json::from_slice(&text).map_err(|_| Hurt::Damaged)
    }

    /// Makes a backup one: all its chunks are on disk under their names, and then so is the manifest.
    pub fn publish(&self, manifest: &Manifest) -> Result<(), Failed> {
        let work = || -> io::Result<()> {
            for folder in fs::read_dir(self.folder.join(CHUNKS))? {
                sync(&folder?.path())?;
            }
            sync(&self.folder.join(CHUNKS))?;
            let text = serde_json::to_vec(manifest)?;
            let folder = self.folder.join(MANIFESTS);
            write(&folder.join(&manifest.name), &self.seal.close(&called(&manifest.name), &text))?;
            sync(&folder)
        };
        work().map_err(trying(format!("cannot write the manifest {}", manifest.name)))
    }

    pub fn forget(&self, name: &str) -> Result<(), Failed> {
        let folder = self.folder.join(MANIFESTS);
        let work = || fs::remove_file(folder.join(name)).and_then(|()| sync(&folder));
        work().map_err(trying(format!("cannot remove the backup {name}")))
    }
}

/// A manifest never opens as a chunk, nor as another backup's.
fn called(name: &str) -> String {
    format!("manifest {name}")
}

fn taken(lock: Result<(), TryLockError>, folder: &Path) -> Result<(), Failed> {
    let at = folder.display();
    lock.map_err(|error| match error {
        TryLockError::WouldBlock => {
            Failed(format!("another yingda is at work in {at}; try again when it is done"))
        }
        TryLockError::Error(error) => Failed(format!("cannot lock {at}: {error}")),
    })
}

fn read(path: &Path) -> Result<Vec<u8>, Hurt> {
    fs::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Hurt::Missing,
        _ => Hurt::Damaged,
    })
}

/// A file appears under its name only when all of it is on disk.
fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(PART);
    let mut file = File::create(&part)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(part, path)
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
