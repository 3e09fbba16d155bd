//! Bringing a backup back: into a store and a data folder that hold nothing yet.

use super::{
    Failed, Pace, Tell, Vault,
    make::{FILES, SECRET},
    manifest::{self, Manifest, Rows},
    trying,
    vault::Hurt,
};
use crate::{
    config::{Config, FilesPlace},
    files::Files,
    start,
};
use bytes::Bytes;
use std::{
    fs,
    io::{self, Write},
    path::{Component, Path, PathBuf},
};
use tokio::{runtime::Handle, sync::mpsc};
use yingda_core::At;
use yingda_store::backup::{self as store, Chain, Piece};

/// The backup of that name, else the newest, else the newest that is not later than a moment.
pub fn pick(vault: &Vault, name: Option<&str>, until: Option<At>) -> Result<Manifest, Failed> {
    let names = vault.names()?;
    let is_asked_for = |it: &&String| match (name, until) {
        (Some(name), _) => it.as_str() == name,
        (None, Some(until)) => manifest::at_of(it).is_some_and(|at| at <= until),
        (None, None) => true,
    };
    let at = vault.folder.display();
    let found = names.iter().rev().find(is_asked_for).ok_or_else(|| match (name, until, names.first()) {
        (Some(name), ..) => Failed(format!("there is no backup {name} in {at}")),
        (None, Some(_), Some(first)) => {
            Failed(format!("every backup in {at} is later than that; the first is {first}"))
        }
        _ => Failed(format!("{at} holds no backup yet")),
    })?;
    vault.manifest(found).map_err(|hurt| {
        let word = hurt.word();
        Failed(format!("the manifest of backup {found} is {word}; choose another one with --name"))
    })
}

/// The store appears as a whole, after the files and the key that it needs, or not at all.
pub async fn restore(config: &Config, vault: Vault, manifest: Manifest, tell: Tell) -> Result<(), Failed> {
    let known = yingda_store::level();
    if manifest.level > known {
        return Err(Failed(format!(
            "backup {} was made by version {}, whose tables are of level {}; this is version {}, which knows them up to {known}: restore with that version or a later one",
            manifest.name,
            manifest.version,
            manifest.level,
            env!("CARGO_PKG_VERSION")
        )));
    }
    let uploads = Uploads::of(config).await?;
    for path in uploads.folder().into_iter().chain([config.data.join(SECRET)]) {
        if fs::symlink_metadata(&path).is_ok_and(|it| !it.is_dir() || !is_empty(&path)) {
            return Err(Failed(format!("{} exists already; restore into an empty folder", path.display())));
        }
    }
    let (to, pieces) = mpsc::channel(2);
    let stage = Stage(config.data.join("restore.part"));
    let data = config.data.clone();
    let sender = Sender { vault, manifest, data, stage, uploads, to, pace: Pace::new(tell) };
    let sending = tokio::task::spawn_blocking(move || sender.run());
    let url = config.store_url();
    let (written, sent) = tokio::join!(store::write(&url, pieces), sending);
    match (sent.map_err(trying("restoring was broken off"))?, written) {
        // Where the store gave up, that it did is all the sender knows.
        (Err(None) | Ok(()), Err(error)) => {
            Err(Failed(format!("cannot fill the store {}: {error}", start::public(&url))))
        }
        (Err(Some(failed)), _) => Err(failed),
        (Err(None), Ok(())) => Err(Failed("the store took not all rows".into())),
        (Ok(()), Ok(())) => Ok(()),
    }
}

struct Sender {
    vault: Vault,
    manifest: Manifest,
    data: PathBuf,
    stage: Stage,
    uploads: Uploads,
    to: mpsc::Sender<Piece>,
    pace: Pace,
}

/// `None`: the receiver has gone, and knows why.
type Sent<T = ()> = Result<T, Option<Failed>>;

impl Sender {
    fn run(mut self) -> Sent {
        self.send(Piece::Begin { level: self.manifest.level })?;
        self.files()?;
        for part in std::mem::take(&mut self.manifest.tables) {
            self.table(part)?;
        }
        let secret = (self.stage.0.join(SECRET), self.data.join(SECRET));
        let uploads = match &self.uploads {
            Uploads::Folder { place, beside } => Some((beside.0.clone(), place.clone())),
            Uploads::Bucket(_) => None,
        };
        for (from, to) in uploads.into_iter().chain([secret]) {
            if from.exists() {
                fs::rename(&from, &to).map_err(trying(format!("cannot write {}", to.display())))?;
            }
        }
        self.send(Piece::All)
    }

    fn send(&self, piece: Piece) -> Sent {
        self.to.blocking_send(piece).map_err(|_| None)
    }

    fn get(&mut self, name: &str, what: &str) -> Sent<Vec<u8>> {
        let content = self.vault.get(name).map_err(|hurt: Hurt| {
            Failed(format!("chunk {name} of {what} is {}; nothing was restored", hurt.word()))
        })?;
        self.pace.step(what, content.len())?;
        Ok(content)
    }

    fn table(&mut self, part: Rows) -> Sent {
        let name = part.table.name.clone();
        let wrong = || trying(format!("the rows of table {name} are not understood"));
        let mut chain = Chain::of(&part.table).map_err(wrong())?;
        self.send(Piece::Table(part.table))?;
        for chunk in &part.chunks {
            let bytes = self.get(&chunk.name, &name)?;
            if let Some(chain) = &mut chain {
                chain.follow(&bytes).map_err(wrong())?;
            }
            self.send(Piece::Rows { rows: chunk.holds, bytes })?;
        }
        if let Some(chain) = chain
            && chain.end() != self.manifest.logs
        {
            return Err(Some(Failed("the log in the backup is not the one that was backed up".into())));
        }
        self.send(Piece::End { rows: part.rows })
    }

    fn files(&mut self) -> Sent {
        for part in std::mem::take(&mut self.manifest.files) {
            let inner = Path::new(&part.path).to_owned();
            if !inner.components().all(|it| matches!(it, Component::Normal(_))) {
                return Err(Some(Failed(format!("the file {} leads out of the folder", part.path))));
            }
            match (inner.strip_prefix(FILES), &self.uploads) {
                (Ok(upload), Uploads::Folder { beside, .. }) => self.file(beside.0.join(upload), part)?,
                (Ok(upload), Uploads::Bucket(files)) => self.object(files.clone(), upload, part)?,
                (Err(_), _) => self.file(self.stage.0.join(inner), part)?,
            }
        }
        Ok(())
    }

    fn file(&mut self, path: PathBuf, part: manifest::File) -> Sent {
        let trouble = || trying(format!("cannot write {}", path.display()));
        start::make_folder(path.parent().unwrap_or(&self.data)).map_err(trouble())?;
        let mut file = create(&path).map_err(trouble())?;
        for chunk in &part.chunks {
            let content = self.get(&chunk.name, FILES)?;
            file.write_all(&content).map_err(trouble())?;
        }
        Ok(file.sync_all().map_err(trouble())?)
    }

    fn object(&mut self, files: Files, place: &Path, part: manifest::File) -> Sent {
        let mut content = vec![];
        for chunk in &part.chunks {
            content.extend(self.get(&chunk.name, FILES)?);
        }
        let name = place.to_string_lossy();
        let written = Handle::current().block_on(files.put_back(&name, Bytes::from(content)));
        Ok(written.map_err(trying(format!("cannot write the file {}", place.display())))?)
    }
}

/// Where uploads go. A bucket need not be empty: what lies there under the same name is the same, and content that no
/// row names does no harm if the restore is given up.
enum Uploads {
    /// Perhaps on another disk, with the folder beside it that becomes it when all rows are there too.
    Folder {
        place: PathBuf,
        beside: Stage,
    },
    Bucket(Files),
}

impl Uploads {
    async fn of(config: &Config) -> Result<Self, Failed> {
        match config.files_place() {
            FilesPlace::Folder(place) => {
                let mut beside = place.clone().into_os_string();
                beside.push(".part");
                Ok(Uploads::Folder { place, beside: Stage(beside.into()) })
            }
            FilesPlace::Bucket { .. } => Files::open(config).await.map(Uploads::Bucket).map_err(Failed),
        }
    }

    fn folder(&self) -> Option<PathBuf> {
        match self {
            Uploads::Folder { place, .. } => Some(place.clone()),
            Uploads::Bucket(_) => None,
        }
    }
}

/// Readable by its owner only, as the secret key must be.
fn create(path: &Path) -> io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(path)
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

/// A folder that goes when the work is done, or given up.
struct Stage(PathBuf);

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
