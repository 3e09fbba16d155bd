//! Backup and restore by the command line, as an operator does them: how long, how large, and whether all is the same.

use crate::{
    Result, clock,
    fill::{self, Amount, Cast, DAY, Period},
    server::{self, Folder},
    spread::rounded,
};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{fs, path::Path};
use tokio::{process::Command, sync::mpsc};
use yingda_core::{
    At,
    id::{LineId, QueueId, UserId, WidgetId},
};
use yingda_peers::Postgres;
use yingda_store::{
    Db,
    backup::{self, Piece},
};

#[derive(Args, Clone, Debug)]
pub struct Restore {
    #[arg(long, value_enum, default_value_t = Engine::Sqlite)]
    store: Engine,
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
    /// So many are new when the second backup is made.
    #[arg(long, default_value_t = 1_000)]
    more: u64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Engine {
    Sqlite,
    Postgres,
}

const MESSAGES_EACH: u64 = 20;
/// Beside its messages a conversation starts, is queued and ends.
const EVENTS_EACH: u64 = MESSAGES_EACH + 3;
const START: At = 1_795_305_600_000;

impl Restore {
    pub async fn run(self) -> Result<Value> {
        let folder = Folder::new()?;
        let postgres = match self.store {
            Engine::Sqlite => None,
            Engine::Postgres => Some(Postgres::durable()),
        };
        let place = async |name: &str| -> Result<Place> {
            let data = folder.path().join(name);
            fs::create_dir_all(&data)?;
            let address = match &postgres {
                None => format!("sqlite:{}", data.join("yingda.db").display()),
                Some(postgres) => postgres.database().await,
            };
            let backups = folder.path().join("backups");
            Ok(Place { data: data.display().to_string(), address, backups: backups.display().to_string() })
        };
        let (source, target) = (place("source").await?, place("target").await?);
        let db = Db::open(&source.address).await?;
        db.migrate().await?;
        fill(&db, self.events, Period { from: START, ms: 90 * DAY }).await?;
        eprintln!("stored {} events", self.events);
        let backup_s = source.yingda(&["backup"]).await?;
        let bytes = size(Path::new(&source.backups))?;
        let events = fill(&db, self.more, Period { from: START + 90 * DAY, ms: DAY / 24 }).await?;
        let incremental_s = source.yingda(&["backup"]).await?;
        let incremental_bytes = size(Path::new(&source.backups))? - bytes;
        let restore_s = target.yingda(&["restore", &source.backups]).await?;
        let restored = Db::open(&target.address).await?;
        let equal = digests(&db).await? == digests(&restored).await?;
        restored.close().await;
        db.close().await;
        Ok(json!({
            "events": events,
            "seconds": rounded(restore_s),
            "equal": equal,
            "backup_seconds": rounded(backup_s),
            "bytes": bytes,
            "incremental_seconds": rounded(incremental_s),
            "incremental_bytes": incremental_bytes,
        }))
    }
}

/// Where an installation is.
struct Place {
    data: String,
    address: String,
    backups: String,
}

impl Place {
    /// Runs the binary beside this one; gives the seconds it took.
    async fn yingda(&self, arguments: &[&str]) -> Result<f64> {
        let start = clock::now();
        let output = Command::new(server::binary()?)
            .args(arguments)
            .args(["--data", &self.data])
            .env("YINGDA_STORE", &self.address)
            .env("YINGDA_BACKUP_FOLDER", &self.backups)
            .env("YINGDA_BACKUP_KEY", "5a".repeat(32))
            .output()
            .await?;
        let seconds = clock::ms_since(start) / 1_000.0;
        eprint!("{}{}", String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
        if output.status.success() { Ok(seconds) } else { Err(format!("{arguments:?} failed").into()) }
    }
}

async fn fill(db: &Db, events: u64, period: Period) -> Result<u64> {
    let agents = (4..54).map(UserId).collect();
    let cast = Cast { line: LineId(1), widget: WidgetId(2), queue: QueueId(3), agents };
    let conversations = events.div_ceil(EVENTS_EACH);
    let amount = Amount { conversations, messages_each: MESSAGES_EACH, open: 0, waiting_in: None };
    fill::append(db, &cast, amount, period).await
}

/// Every table's name, number of rows and hash of all of them.
async fn digests(db: &Db) -> Result<Vec<(String, u64, String)>> {
    let (to, mut pieces) = mpsc::channel(2);
    let hashing = async {
        let mut found = vec![];
        let (mut name, mut hash) = (String::new(), Sha256::new());
        while let Some(piece) = pieces.recv().await {
            match piece {
                Piece::Table(table) => name = table.name,
                Piece::Rows { bytes, .. } => hash.update(bytes),
                Piece::End { rows } => {
                    let hash = format!("{:x?}", std::mem::take(&mut hash).finalize());
                    found.push((std::mem::take(&mut name), rows, hash));
                }
                Piece::Begin { .. } | Piece::All => {}
            }
        }
        found
    };
    let (read, found) = tokio::join!(backup::read(db, to), hashing);
    read?;
    Ok(found)
}

/// What the files in a folder take.
fn size(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let file = entry.metadata()?;
        bytes += if file.is_dir() { size(&entry.path())? } else { file.len() };
    }
    Ok(bytes)
}
