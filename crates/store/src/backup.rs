//! Online backup of the embedded store, its verification, and its restoring. PostgreSQL brings its own tools.

use crate::{Db, ReadError};
use rusqlite::{Connection, OpenFlags, backup::StepResult};
use sha2::{Digest, Sha256};
use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

/// Pages copied in one step: 4 MiB, so that progress is seen often.
const STEP: i32 = 1024;

/// A backup that was made or found whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    pub path: PathBuf,
    /// Hex of the file's SHA-256; it also stands beside the file as `<file>.sha256`.
    pub sha256: String,
    pub bytes: u64,
    /// The last position of the log in it.
    pub last_seq: u64,
}

/// Copies the store as it is at this instant into a new file, while work goes on. `progress` hears pages done and
/// pages in all.
pub async fn to(
    db: &Db,
    path: &Path,
    progress: impl Fn(u64, u64) + Send + 'static,
) -> Result<Backup, ReadError> {
    let Db::Sqlite(db) = db else {
        return Err(failed("only the embedded store is backed up here; use pg_dump for PostgreSQL"));
    };
    let path = path.to_owned();
    db.read(move |source| {
        if path.exists() {
            return Err(failed(format!("{} exists already", path.display())));
        }
        let part = beside(&path, "part");
        remove_if_there(&part)?;
        copy(source, &part, &progress)?;
        let sha256 = hash(&part)?;
        publish(&part, &path)?;
        let sum = format!("{sha256}  {}\n", path.file_name().unwrap_or_default().display());
        fs::write(beside(&path, "sha256"), sum).map_err(|error| io(&path, &error))?;
        check(&path)
    })
    .await
}

/// One read transaction holds the instant; without it every commit meanwhile would start the copy anew.
fn copy(source: &Connection, part: &Path, progress: &dyn Fn(u64, u64)) -> Result<(), ReadError> {
    let snapshot = source.unchecked_transaction()?;
    snapshot.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
    let mut target = Connection::open(part)?;
    {
        let backup = rusqlite::backup::Backup::new(&snapshot, &mut target)?;
        loop {
            let step = backup.step(STEP)?;
            let now = backup.progress();
            progress((now.pagecount - now.remaining) as u64, now.pagecount as u64);
            match step {
                StepResult::Done => break,
                StepResult::More => {}
                _ => return Err(ReadError::Unavailable("the new file is locked by somebody else".into())),
            }
        }
    }
    // One file without a log beside it.
    target.execute_batch("PRAGMA journal_mode = DELETE")?;
    target.close().map_err(|(_, error)| error.into())
}

/// Checks a backup against the hash beside it, page by page, and its log for gaps.
pub async fn verify(path: &Path) -> Result<Backup, ReadError> {
    let path = path.to_owned();
    let task = tokio::task::spawn_blocking(move || check(&path));
    task.await.map_err(failed)?
}

fn check(path: &Path) -> Result<Backup, ReadError> {
    let sha256 = hash(path)?;
    let beside = beside(path, "sha256");
    let expected = fs::read_to_string(&beside).map_err(|error| io(&beside, &error))?;
    let expected = expected.split_whitespace().next().unwrap_or_default();
    if expected != sha256 {
        return Err(failed(format!("{} is not what was written: its hash is {sha256}", path.display())));
    }
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let found: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if found != "ok" {
        return Err(failed(format!("{} is damaged: {found}", path.display())));
    }
    let (events, last_seq): (i64, i64) =
        connection.query_row("SELECT count(*), coalesce(max(seq), 0) FROM event", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    if events != last_seq {
        return Err(failed(format!("the log in {} has gaps: {events} of {last_seq} events", path.display())));
    }
    let bytes = fs::metadata(path).map_err(|error| io(path, &error))?.len();
    Ok(Backup { path: path.to_owned(), sha256, bytes, last_seq: last_seq as u64 })
}

/// Puts a verified backup where no store is yet. `address` is that of the store, `sqlite:<path>`.
pub async fn restore(from: &Path, address: &str) -> Result<Backup, ReadError> {
    let target = address
        .strip_prefix("sqlite:")
        .map(PathBuf::from)
        .ok_or_else(|| failed("a backup is restored into an embedded store, sqlite:<path>"))?;
    let backup = verify(from).await?;
    let source = backup.path.clone();
    let task = tokio::task::spawn_blocking(move || {
        for taken in [target.clone(), suffixed(&target, "-wal"), suffixed(&target, "-shm")] {
            if fs::metadata(&taken).is_ok_and(|file| file.len() > 0) {
                return Err(failed(format!("{} holds data already; nothing was restored", taken.display())));
            }
        }
        let part = beside(&target, "part");
        fs::copy(&source, &part).map_err(|error| io(&part, &error))?;
        publish(&part, &target)
    });
    task.await.map_err(failed)??;
    Ok(backup)
}

/// A file appears under its name only when all of it is on disk.
fn publish(part: &Path, path: &Path) -> Result<(), ReadError> {
    let flush = || {
        File::open(part)?.sync_all()?;
        fs::rename(part, path)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    };
    flush().map_err(|error: std::io::Error| io(path, &error))
}

fn hash(path: &Path) -> Result<String, ReadError> {
    let mut file = File::open(path).map_err(|error| io(path, &error))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer).map_err(|error| io(path, &error))? {
            0 => return Ok(hex::encode(hash.finalize())),
            read => hash.update(&buffer[..read]),
        }
    }
}

fn beside(path: &Path, extension: &str) -> PathBuf {
    suffixed(path, &format!(".{extension}"))
}

fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn remove_if_there(path: &Path) -> Result<(), ReadError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(io(path, &error)),
        _ => Ok(()),
    }
}

fn failed(why: impl ToString) -> ReadError {
    ReadError::Failed(why.to_string())
}

fn io(path: &Path, error: &std::io::Error) -> ReadError {
    ReadError::Failed(format!("{}: {error}", path.display()))
}
