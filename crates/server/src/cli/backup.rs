//! `yingda backup` and `yingda restore`: one archive with the embedded store, the files and the secret key, each
//! with its hash.

use super::folder_of;
use crate::{
    config::Config,
    start::{self, StartError, while_trying},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    fs::{self, File},
    io::{self, BufReader, BufWriter, Read, Write},
    path::{Component, Path, PathBuf},
};
use yingda_store::{Db, backup as store};

const STORE: &str = "yingda.db";
const KEY: &str = "secret.key";
const FILES: &str = "files";
const MANIFEST: &str = "manifest.json";

/// What the archive holds; its last entry.
#[derive(Default, Deserialize, Serialize)]
struct Manifest {
    version: String,
    last_seq: u64,
    entries: Vec<Entry>,
}

#[derive(Deserialize, PartialEq, Serialize)]
struct Entry {
    name: String,
    bytes: u64,
    sha256: String,
}

pub async fn backup(config: Config, file: PathBuf) -> Result<(), StartError> {
    if file.exists() {
        return Err(StartError(format!("{} exists already; name a new file", file.display())));
    }
    let db = Db::open(&config.store_url()).await.map_err(while_trying("cannot open the store"))?;
    let folder = Scratch::new(folder_of(&file).join(format!(".yingda-backup-{}", std::process::id())))?;
    let copy = folder.0.join(STORE);
    let made = store::to(&db, &copy, |_, _| {}).await.map_err(while_trying("cannot copy the store"))?;
    db.close().await;
    let mut manifest =
        Manifest { version: env!("CARGO_PKG_VERSION").into(), last_seq: made.last_seq, entries: vec![] };
    let part = folder.0.join("archive");
    pack(&config.data, &copy, &part, &mut manifest).map_err(while_trying("cannot write the archive"))?;
    // The archive appears under its name only when all of it is on disk.
    fs::rename(&part, &file).map_err(while_trying(format!("cannot write {}", file.display())))?;
    println!(
        "Wrote {}: {} entries, the log up to {}, {} files. It holds the secret key: keep it safe.",
        file.display(),
        manifest.entries.len(),
        manifest.last_seq,
        manifest.entries.iter().filter(|entry| entry.name.starts_with(FILES)).count()
    );
    Ok(())
}

fn pack(data: &Path, copy: &Path, part: &Path, manifest: &mut Manifest) -> io::Result<()> {
    let mut archive = tar::Builder::new(BufWriter::new(File::create(part)?));
    let mut add = |name: String, path: &Path| -> io::Result<()> {
        let (bytes, sha256) = measure(path)?;
        archive.append_path_with_name(path, &name)?;
        manifest.entries.push(Entry { name, bytes, sha256 });
        Ok(())
    };
    add(STORE.into(), copy)?;
    let key = data.join(KEY);
    if key.exists() {
        add(KEY.into(), &key)?;
    }
    // Files are named by their content and never change: those that came after the copy do no harm.
    for path in walk(&data.join(FILES))? {
        let name = path.strip_prefix(data).map_err(io::Error::other)?.display().to_string();
        add(name, &path)?;
    }
    let text = serde_json::to_vec_pretty(manifest)?;
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o600);
    archive.append_data(&mut header, MANIFEST, &text[..])?;
    let mut file = archive.into_inner()?;
    file.flush()?;
    file.get_ref().sync_all()
}

pub async fn restore(config: Config, file: PathBuf) -> Result<(), StartError> {
    let _lock = start::lock(&config.data)?;
    let folder = Scratch::new(config.data.join("restore.part"))?;
    let manifest =
        unpack(&file, &folder.0).map_err(while_trying(format!("cannot read {}", file.display())))?;
    for name in [KEY, FILES] {
        let (from, to) = (folder.0.join(name), config.data.join(name));
        if from.exists() && fs::symlink_metadata(&to).is_ok_and(|it| !it.is_dir() || !is_empty(&to)) {
            return Err(StartError(format!("{} exists already; restore into an empty folder", to.display())));
        }
    }
    let copy = folder.0.join(STORE);
    let whole = store::restore(&copy, &config.store_url()).await;
    let whole = whole.map_err(while_trying("the store in the archive was not restored"))?;
    for name in [FILES, KEY] {
        let (from, to) = (folder.0.join(name), config.data.join(name));
        if from.exists() {
            fs::rename(&from, &to).map_err(while_trying(format!("cannot write {}", to.display())))?;
        }
    }
    println!(
        "Restored {} entries of version {}; every hash is right, and the log is whole up to {}.",
        manifest.entries.len(),
        manifest.version,
        whole.last_seq
    );
    Ok(())
}

/// Unpacks into a folder and compares every entry with the manifest.
fn unpack(file: &Path, folder: &Path) -> io::Result<Manifest> {
    let wrong = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
    let mut archive = tar::Archive::new(BufReader::new(File::open(file)?));
    let mut found = vec![];
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        if !path.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(wrong(format!("the entry {} leads out of the folder", path.display())));
        }
        let to = folder.join(&path);
        fs::create_dir_all(folder_of(&to))?;
        entry.unpack(&to)?;
        let (bytes, sha256) = measure(&to)?;
        found.push(Entry { name: path.display().to_string(), bytes, sha256 });
    }
    let text =
        fs::read(folder.join(MANIFEST)).map_err(|_| wrong("it is no complete backup of Yingda".into()))?;
    let manifest: Manifest = serde_json::from_slice(&text)?;
    for expected in &manifest.entries {
        if !found.contains(expected) {
            return Err(wrong(format!("{} is missing or damaged", expected.name)));
        }
    }
    // The store's own check wants its hash beside it.
    let of_store = manifest.entries.iter().find(|entry| entry.name == STORE);
    let of_store = of_store.ok_or_else(|| wrong("it holds no store".into()))?;
    fs::write(folder.join(format!("{STORE}.sha256")), format!("{}  {STORE}\n", of_store.sha256))?;
    Ok(manifest)
}

fn measure(path: &Path) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let (mut hash, mut buffer, mut bytes) = (Sha256::new(), vec![0; 1 << 16], 0);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok((bytes, hex::encode(hash.finalize()))),
            read => {
                hash.update(&buffer[..read]);
                bytes += read as u64;
            }
        }
    }
}

fn walk(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = vec![];
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        if !folder.exists() {
            continue;
        }
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Ok(found)
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

/// A folder that goes when the work is done, or given up.
struct Scratch(PathBuf);

impl Scratch {
    fn new(path: PathBuf) -> Result<Self, StartError> {
        fs::create_dir_all(&path).map_err(while_trying(format!("cannot make {}", path.display())))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays behind is only in the way, never wrong.
        let _ = fs::remove_dir_all(&self.0);
    }
}
