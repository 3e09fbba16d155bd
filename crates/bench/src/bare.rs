//! What a store alone reaches on this disk, with nothing around it: the yardstick for `messages`.

use crate::{Result, clock};
use rusqlite::{Connection, params};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::task::JoinSet;
use tokio_postgres::NoTls;

/// What a usual program does with PostgreSQL: so many connections, each committing one row after another.
const CONNECTIONS: usize = 16;

const TRANSACTION: i64 = 16;

/// Rows a second in transactions of 16, each row as large as a stored message event with its hash.
pub fn rows_per_s(folder: &Path, span: Duration, body_bytes: usize) -> Result<f64> {
    let file = folder.join("bare.db");
    let rate = measure(&file, span, body_bytes);
    for end in ["bare.db", "bare.db-wal", "bare.db-shm"] {
        // The first measurement must not leave pages in the cache of the second.
        _ = std::fs::remove_file(folder.join(end));
    }
    rate
}

fn measure(file: &Path, span: Duration, body_bytes: usize) -> Result<f64> {
    let mut store = Connection::open(file)?;
    store.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 1000;
         CREATE TABLE event (seq INTEGER PRIMARY KEY, at BIGINT NOT NULL, kind TEXT NOT NULL, body BLOB NOT NULL,
                             salt BLOB NOT NULL, digest BLOB NOT NULL, hash BLOB NOT NULL)",
    )?;
    let body = vec![b'x'; body_bytes];
    let start = clock::now();
    let mut seq = 0_i64;
    while clock::now() - start < span {
        let transaction = store.transaction()?;
        {
            let mut insert = transaction
                .prepare_cached("INSERT INTO event VALUES (?1, ?2, 'message_posted', ?3, ?4, ?5, ?5)")?;
            for _ in 0..TRANSACTION {
                seq += 1;
                insert.execute(params![seq, 1_790_000_000_000 + seq, body, [7_u8; 16], [7_u8; 32]])?;
            }
        }
        transaction.commit()?;
    }
    Ok(seq as f64 / (clock::now() - start).as_secs_f64())
}

/// Rows a second in transactions of one, each row as large as a stored message event, over 16 connections.
pub async fn commits_per_s(address: &str, span: Duration, body_bytes: usize) -> Result<f64> {
    let (client, connection) = tokio_postgres::connect(address, NoTls).await?;
    let mut lines = JoinSet::new();
    lines.spawn(async move { drop(connection.await) });
    let make = "CREATE TABLE bare (seq BIGINT PRIMARY KEY, at BIGINT NOT NULL, kind TEXT NOT NULL,
        body BYTEA NOT NULL, salt BYTEA NOT NULL, digest BYTEA NOT NULL, hash BYTEA NOT NULL)";
    client.batch_execute(make).await?;
    let next = Arc::new(AtomicU64::new(0));
    let start = clock::now();
    let mut work = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (client, connection) = tokio_postgres::connect(address, NoTls).await?;
        lines.spawn(async move { drop(connection.await) });
        let next = next.clone();
        work.spawn(async move {
            let insert = "INSERT INTO bare VALUES ($1, $2, 'message_posted', $3, $4, $5, $5)";
            let insert = client.prepare(insert).await?;
            let (body, salt, hash) = (vec![b'x'; body_bytes], [7_u8; 16], [7_u8; 32]);
            while clock::now() - start < span {
                let seq = next.fetch_add(1, Ordering::Relaxed) as i64;
                client.execute(&insert, &[&seq, &seq, &body, &&salt[..], &&hash[..]]).await?;
            }
            Result::<()>::Ok(())
        });
    }
    while let Some(done) = work.join_next().await {
        done??;
    }
    let rate = next.load(Ordering::Relaxed) as f64 / (clock::now() - start).as_secs_f64();
    client.batch_execute("DROP TABLE bare").await?;
    Ok(rate)
}
