//! PostgreSQL's rows: read and written by COPY, whose form is that of all rows here. A store that is filled lies in a
//! schema of its own and gets its place in one transaction.

use super::{
    Described, Kind, LEVEL, Piece, Table, compare,
    cut::Cutter,
    failed, fits, given_up, list, names, out_of_turn, quoted,
    rows::{self, Rows},
};
use crate::{
    ReadError,
    db::migrations,
    postgres::{MIGRATION_LOCK, Postgres},
    tls,
};
use bytes::{Buf, Bytes, BytesMut};
use futures_util::{SinkExt, TryStreamExt};
use refinery::Target;
use std::{pin::Pin, time::Duration};
use tokio::sync::mpsc::{Receiver, Sender};
use tokio_postgres::{Client, CopyInSink};

/// Begins every binary COPY: signature, flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// Ends it.
const TRAILER: &[u8] = &(-1_i16).to_be_bytes();
/// Where a store is filled until it is whole.
const WORKSHOP: &str = "yingda_restore";

const COLUMNS: &str = "
    SELECT it.relname::text, own.attname::text, format_type(own.atttypid, NULL),
        array_position(key.indkey::int2[], own.attnum)::bigint
    FROM pg_class AS it
    JOIN pg_attribute AS own ON own.attrelid = it.oid AND own.attnum > 0 AND NOT own.attisdropped
    LEFT JOIN pg_index AS key ON key.indrelid = it.oid AND key.indisprimary
    WHERE it.relnamespace = current_schema()::regnamespace AND it.relkind IN ('r', 'p')
    ORDER BY it.relname, own.attnum";
const TABLES: &str = "SELECT tablename::text FROM pg_tables WHERE schemaname = $1";
/// Those that no constraint needs.
const INDEXES: &str = "
    SELECT it.relname::text, pg_get_indexdef(it.oid) FROM pg_class AS it
    JOIN pg_index AS of ON of.indexrelid = it.oid
    WHERE it.relnamespace = current_schema()::regnamespace
        AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = it.oid)
    ORDER BY it.relname";

pub(super) async fn read(db: &Postgres, to: Sender<Piece>) -> Result<(), ReadError> {
    let (client, connection) = db.config.connect(db.tls.clone()).await?;
    // The connection ends once `work` has dropped its client.
    let work = async move { send_all(&client, &to).await };
    tokio::join!(work, connection).0
}

async fn send_all(client: &Client, to: &Sender<Piece>) -> Result<(), ReadError> {
    client.batch_execute("SET statement_timeout = 0").await?;
    client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let level: Option<i64> = client.query_one(LEVEL, &[]).await?.try_get(0)?;
    let level = level.ok_or_else(|| failed("the store has no tables yet"))?;
    to.send(Piece::Begin { level }).await.map_err(given_up)?;
    for table in tables(client).await? {
        to.send(Piece::Table(table.clone())).await.map_err(given_up)?;
        send(client, &table, to).await?;
    }
    to.send(Piece::All).await.map_err(given_up)
}

async fn tables(client: &Client) -> Result<Vec<Table>, ReadError> {
    let described = client.query(COLUMNS, &[]).await?;
    let described = described
        .iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?)))
        .collect::<Result<Vec<Described>, tokio_postgres::Error>>()?;
    super::tables(described)
}

async fn send(client: &Client, table: &Table, to: &Sender<Piece>) -> Result<(), ReadError> {
    let key = table.key.iter().map(|place| &table.columns[*place]);
    // Text is in the order of its bytes, as it is in SQLite.
    let order: Vec<_> = key
        .map(|column| {
            let collate = if column.kind == Kind::Text { " COLLATE \"C\"" } else { "" };
            format!("{}{collate}", quoted(&column.name))
        })
        .collect();
    let (columns, name) = (list(names(table)), quoted(&table.name));
    let select = format!("SELECT {columns} FROM {name} ORDER BY {}", order.join(", "));
    let stream = client.copy_out(&format!("COPY ({select}) TO STDOUT (FORMAT BINARY)")).await?;
    let mut stream = Box::pin(stream);
    let mut cutter = Cutter::new(table);
    let (mut waiting, mut has_begun) = (BytesMut::new(), false);
    while let Some(bytes) = stream.try_next().await? {
        waiting.extend_from_slice(&bytes);
        if !has_begun && waiting.len() >= HEADER.len() {
            has_begun = true;
            waiting.advance(HEADER.len());
        }
        while has_begun && !waiting.starts_with(TRAILER) {
            let Some(length) = rows::length(&waiting) else { break };
            cutter.bytes.extend_from_slice(&waiting[..length]);
            waiting.advance(length);
            if let Some(piece) = cutter.row()? {
                to.send(piece).await.map_err(given_up)?;
            }
        }
    }
    if waiting[..] != *TRAILER {
        return Err(failed(format!("the rows of {} came without an end", table.name)));
    }
    let (rest, end) = cutter.end();
    for piece in rest.into_iter().chain([end]) {
        to.send(piece).await.map_err(given_up)?;
    }
    Ok(())
}

pub(super) async fn write(address: &str, from: Receiver<Piece>) -> Result<(), ReadError> {
    let (mut config, tls) = tls::parse(address).map_err(failed)?;
    config.connect_timeout(Duration::from_secs(3));
    let (mut client, connection) = config.connect(tls).await?;
    let work = async move {
        // A server that starts meanwhile waits with its migrations until this connection ends.
        client.batch_execute(MIGRATION_LOCK).await?;
        let place = empty_schema(&client).await?;
        let workshop = format!(
            "DROP SCHEMA IF EXISTS {WORKSHOP} CASCADE; CREATE SCHEMA {WORKSHOP}; SET search_path = {WORKSHOP};
            SET synchronous_commit = off; SET statement_timeout = 0; SET maintenance_work_mem = '128MB'"
        );
        client.batch_execute(&workshop).await?;
        let outcome = match fill(&mut client, from).await {
            Ok(()) => publish(&client, &place).await,
            Err(error) => Err(error),
        };
        let cleared = client.batch_execute(&format!("DROP SCHEMA {WORKSHOP} CASCADE")).await;
        outcome?;
        Ok(cleared?)
    };
    tokio::join!(work, connection).0
}

/// The schema that the store belongs in, when there is no table in it.
async fn empty_schema(client: &Client) -> Result<String, ReadError> {
    let place: Option<String> = client.query_one("SELECT current_schema()::text", &[]).await?.try_get(0)?;
    let place = place.ok_or_else(|| failed("this user has no schema to make tables in"))?;
    match client.query(TABLES, &[&place]).await?.len() {
        0 => Ok(place),
        tables => Err(failed(format!("the database holds data already: {tables} tables in {place}"))),
    }
}

async fn fill(client: &mut Client, mut from: Receiver<Piece>) -> Result<(), ReadError> {
    let mut known = vec![];
    let mut indexes = vec![];
    let mut current: Option<(Table, Pin<Box<CopyInSink<Bytes>>>)> = None;
    while let Some(piece) = from.recv().await {
        match piece {
            Piece::Begin { level } => {
                migrate(client, super::known(level)?).await?;
                known = tables(client).await?;
                // Made anew when the rows are there: that is one sort instead of a search a row.
                indexes = drop_indexes(client).await?;
            }
            Piece::Table(table) => {
                fits(&known, &table)?;
                let (name, columns) = (quoted(&table.name), list(names(&table)));
                let copy = format!("COPY {name} ({columns}) FROM STDIN (FORMAT BINARY)");
                let mut sink: Pin<Box<CopyInSink<Bytes>>> = Box::pin(client.copy_in(&copy).await?);
                sink.feed(Bytes::from_static(HEADER)).await?;
                current = Some((table, sink));
            }
            Piece::Rows { bytes, .. } => {
                let (table, sink) = current.as_mut().ok_or_else(|| out_of_turn(""))?;
                sink.send(storable(table, bytes)?.into())
                    .await
                    .map_err(|error| refused(&table.name, error))?;
            }
            Piece::End { rows } => {
                let Some((Table { name, .. }, mut sink)) = current.take() else {
                    return Err(out_of_turn(""));
                };
                let ended = async {
                    sink.feed(Bytes::from_static(TRAILER)).await?;
                    sink.as_mut().finish().await
                };
                ended.await.map_err(|error| refused(&name, error))?;
                let count = format!("SELECT count(*) FROM {}", quoted(&name));
                compare(&name, client.query_one(&count, &[]).await?.try_get(0)?, rows)?;
            }
            Piece::All => {
                for sql in indexes {
                    client.batch_execute(&sql).await?;
                }
                migrate(client, Target::Latest).await?;
                return Ok(client.batch_execute("ANALYZE").await?);
            }
        }
    }
    Err(given_up(()))
}

/// SQLite lets text hold U+0000 and PostgreSQL does not: it gets the sign for what cannot be shown.
fn storable(table: &Table, bytes: Vec<u8>) -> Result<Vec<u8>, ReadError> {
    let is_text: Vec<bool> = table.columns.iter().map(|column| column.kind == Kind::Text).collect();
    let is_bad =
        |(field, is_text): (&Option<&[u8]>, &bool)| *is_text && field.is_some_and(|it| it.contains(&0));
    let (mut rows, mut row, mut has_bad) = (Rows(&bytes), vec![], false);
    while !has_bad && rows.next(&mut row)? {
        has_bad = row.iter().zip(&is_text).any(is_bad);
    }
    if !has_bad {
        return Ok(bytes);
    }
    let (mut rows, mut mended) = (Rows(&bytes), Vec::with_capacity(bytes.len() + 64));
    while rows.next(&mut row)? {
        rows::begin(&mut mended, row.len());
        for pair in row.iter().zip(&is_text) {
            match pair.0 {
                Some(text) if is_bad(pair) => {
                    let text = String::from_utf8_lossy(text).replace('\0', "\u{fffd}");
                    rows::field(&mut mended, Some(text.as_bytes()));
                }
                field => rows::field(&mut mended, *field),
            }
        }
    }
    Ok(mended)
}

fn refused(table: &str, error: tokio_postgres::Error) -> ReadError {
    failed(format!("the rows of table {table} were refused: {}", ReadError::from(error)))
}

async fn migrate(client: &mut Client, to: Target) -> Result<(), ReadError> {
    let runner = migrations::migrations::runner().set_abort_missing(false).set_target(to);
    runner.run_async(client).await.map(drop).map_err(failed)
}

async fn drop_indexes(client: &Client) -> Result<Vec<String>, ReadError> {
    let mut made = vec![];
    for row in client.query(INDEXES, &[]).await? {
        let name: String = row.try_get(0)?;
        client.batch_execute(&format!("DROP INDEX {}", quoted(&name))).await?;
        made.push(row.try_get(1)?);
    }
    Ok(made)
}

/// All tables move to their place in one transaction, which is on disk before this returns.
async fn publish(client: &Client, place: &str) -> Result<(), ReadError> {
    let mut sql = String::from("BEGIN; SET LOCAL synchronous_commit = on;");
    for row in client.query(TABLES, &[&WORKSHOP]).await? {
        let table: String = row.try_get(0)?;
        sql.push_str(&format!("ALTER TABLE {WORKSHOP}.{} SET SCHEMA {};", quoted(&table), quoted(place)));
    }
    sql.push_str("COMMIT");
    Ok(client.batch_execute(&sql).await?)
}
