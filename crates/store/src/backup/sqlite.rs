//! The embedded store's rows: read in one transaction of a connection of their own, written into a file that gets its
//! name when all of it is on disk.

use super::{
    Described, Kind, LEVEL, Piece, Table, compare,
    cut::Cutter,
    failed, fits, given_up, list, names, out_of_turn, quoted,
    rows::{self, Rows},
};
use crate::{CommitError, ReadError, db::migrations, sqlite::open_reader};
use refinery::Target;
use rusqlite::{
    CachedStatement, Connection,
    types::{ToSqlOutput, ValueRef},
};
use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};
use tokio::sync::mpsc::{Receiver, Sender};

const COLUMNS: &str = "
    SELECT it.name, own.name, own.type, nullif(own.pk, 0)
    FROM sqlite_schema AS it, pragma_table_info(it.name) AS own
    WHERE it.type = 'table' AND it.name NOT LIKE 'sqlite%' ORDER BY it.name, own.cid";
/// Those that a table does not need by itself.
const INDEXES: &str =
    "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL ORDER BY name";

/// Half a file is thrown away, so nothing is written twice for its sake.
const FAST: &str = "
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA cache_size = -65536;
    PRAGMA temp_store = FILE;";

pub(super) async fn read(path: PathBuf, to: Sender<Piece>) -> Result<(), ReadError> {
    let task = tokio::task::spawn_blocking(move || {
        let connection = open_reader(&path)?;
        // It wrote nothing, so its end is a rollback.
        let moment = connection.unchecked_transaction()?;
        send_all(&moment, &to)
    });
    task.await.map_err(failed)?
}

fn send_all(moment: &Connection, to: &Sender<Piece>) -> Result<(), ReadError> {
    let level: Option<i64> = moment.query_row(LEVEL, [], |row| row.get(0))?;
    let level = level.ok_or_else(|| failed("the store has no tables yet"))?;
    to.blocking_send(Piece::Begin { level }).map_err(given_up)?;
    for table in tables(moment)? {
        to.blocking_send(Piece::Table(table.clone())).map_err(given_up)?;
        send(moment, &table, to)?;
    }
    to.blocking_send(Piece::All).map_err(given_up)
}

fn tables(connection: &Connection) -> Result<Vec<Table>, ReadError> {
    let mut statement = connection.prepare(COLUMNS)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    super::tables(rows.collect::<Result<Vec<Described>, _>>()?)
}

fn send(moment: &Connection, table: &Table, to: &Sender<Piece>) -> Result<(), ReadError> {
    let key = table.key.iter().map(|column| table.columns[*column].name.as_str());
    let sql = format!("SELECT {} FROM {} ORDER BY {}", list(names(table)), quoted(&table.name), list(key));
    let mut statement = moment.prepare(&sql)?;
    let mut found = statement.raw_query();
    let mut cutter = Cutter::new(table);
    while let Some(row) = found.next()? {
        rows::begin(&mut cutter.bytes, table.columns.len());
        for (place, column) in table.columns.iter().enumerate() {
            let out = &mut cutter.bytes;
            match (column.kind, row.get_ref(place)?) {
                (_, ValueRef::Null) => rows::field(out, None),
                (Kind::Int, ValueRef::Integer(it)) => rows::field(out, Some(&it.to_be_bytes())),
                (Kind::Bool, ValueRef::Integer(it)) => rows::field(out, Some(&[u8::from(it != 0)])),
                (Kind::Real, ValueRef::Real(it)) => rows::field(out, Some(&it.to_be_bytes())),
                (Kind::Real, ValueRef::Integer(it)) => {
                    rows::field(out, Some(&(it as f64).to_be_bytes()));
                }
                (Kind::Text, ValueRef::Text(it)) | (Kind::Bytes, ValueRef::Blob(it)) => {
                    rows::field(out, Some(it));
                }
                (kind, other) => {
                    let (table, column, other) = (&table.name, &column.name, other.data_type());
                    return Err(failed(format!("{table}.{column} holds {other:?} where {kind:?} belongs")));
                }
            }
        }
        if let Some(piece) = cutter.row()? {
            to.blocking_send(piece).map_err(given_up)?;
        }
    }
    let (rest, end) = cutter.end();
    for piece in rest.into_iter().chain([end]) {
        to.blocking_send(piece).map_err(given_up)?;
    }
    Ok(())
}

pub(super) async fn write(path: PathBuf, mut from: Receiver<Piece>) -> Result<(), ReadError> {
    let task = tokio::task::spawn_blocking(move || {
        for taken in ["", "-wal", "-shm"].map(|suffix| suffixed(&path, suffix)) {
            if fs::metadata(&taken).is_ok_and(|file| file.len() > 0) {
                return Err(failed(format!("{} holds data already", taken.display())));
            }
        }
        let part = suffixed(&path, ".part");
        remove(&part)?;
        let outcome = fill(&part, &mut from).and_then(|()| publish(&part, &path));
        if outcome.is_err() {
            remove(&part)?;
        }
        outcome
    });
    task.await.map_err(failed)?
}

fn fill(part: &Path, from: &mut Receiver<Piece>) -> Result<(), ReadError> {
    let mut target = Connection::open(part)?;
    target.execute_batch(FAST)?;
    let mut known = vec![];
    let mut indexes = vec![];
    let mut current: Option<Table> = None;
    while let Some(piece) = from.blocking_recv() {
        match piece {
            Piece::Begin { level } => {
                migrate(&mut target, super::known(level)?)?;
                known = tables(&target)?;
                // Made anew when the rows are there: that is one sort instead of a search a row.
                indexes = drop_indexes(&target)?;
            }
            Piece::Table(table) => {
                fits(&known, &table)?;
                current = Some(table);
                target.execute_batch("BEGIN")?;
            }
            Piece::Rows { bytes, .. } => {
                let table = current.as_ref().ok_or_else(|| out_of_turn(""))?;
                insert(&target, table, &bytes)?;
            }
            Piece::End { rows } => {
                let Some(Table { name, .. }) = current.take() else { return Err(out_of_turn("")) };
                target.execute_batch("COMMIT")?;
                let count = format!("SELECT count(*) FROM {}", quoted(&name));
                compare(&name, target.query_row(&count, [], |row| row.get(0))?, rows)?;
            }
            Piece::All => {
                for sql in indexes {
                    target.execute_batch(&sql)?;
                }
                migrate(&mut target, Target::Latest)?;
                return target.close().map_err(|(_, error)| error.into());
            }
        }
    }
    Err(given_up(()))
}

fn migrate(target: &mut Connection, to: Target) -> Result<(), ReadError> {
    let runner = migrations::migrations::runner().set_abort_missing(false).set_target(to);
    runner.run(target).map(drop).map_err(failed)
}

fn drop_indexes(target: &Connection) -> Result<Vec<String>, ReadError> {
    let mut statement = target.prepare(INDEXES)?;
    let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let found = found.collect::<Result<Vec<(String, String)>, _>>()?;
    for (name, _) in &found {
        target.execute_batch(&format!("DROP INDEX {}", quoted(name)))?;
    }
    Ok(found.into_iter().map(|(_, sql)| sql).collect())
}

fn insert(target: &Connection, table: &Table, bytes: &[u8]) -> Result<(), ReadError> {
    let places: Vec<_> = (1..=table.columns.len()).map(|place| format!("?{place}")).collect();
    let (name, columns) = (quoted(&table.name), list(names(table)));
    let sql = format!("INSERT INTO {name} ({columns}) VALUES ({})", places.join(", "));
    let mut statement = target.prepare_cached(&sql)?;
    let (mut rows, mut row) = (Rows(bytes), vec![]);
    while rows.next(&mut row)? {
        if row.len() != table.columns.len() {
            return Err(failed(format!("a row of {} has {} fields", table.name, row.len())));
        }
        for (place, (field, column)) in row.iter().zip(&table.columns).enumerate() {
            bind(&mut statement, place + 1, column.kind, *field)?;
        }
        statement.raw_execute()?;
    }
    Ok(())
}

fn bind(
    statement: &mut CachedStatement<'_>,
    place: usize,
    kind: Kind,
    field: Option<&[u8]>,
) -> Result<(), ReadError> {
    let value = match (kind, field) {
        (_, None) => ValueRef::Null,
        (Kind::Int, Some(field)) => ValueRef::Integer(rows::int(field)?),
        (Kind::Bool, Some(field)) => ValueRef::Integer(i64::from(field == [1])),
        (Kind::Real, Some(field)) => ValueRef::Real(f64::from_bits(rows::int(field)? as u64)),
        (Kind::Text, Some(field)) => ValueRef::Text(field),
        (Kind::Bytes, Some(field)) => ValueRef::Blob(field),
    };
    statement.raw_bind_parameter(place, ToSqlOutput::Borrowed(value)).map_err(CommitError::from)?;
    Ok(())
}

/// A file appears under its name only when all of it is on disk.
fn publish(part: &Path, path: &Path) -> Result<(), ReadError> {
    let flush = || {
        File::open(part)?.sync_all()?;
        fs::rename(part, path)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    };
    flush().map_err(|error: io::Error| failed(format!("{}: {error}", path.display())))
}

fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn remove(path: &Path) -> Result<(), ReadError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(failed(format!("{}: {error}", path.display())))
        }
        _ => Ok(()),
    }
}
