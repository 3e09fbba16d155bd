//! All rows of a store on their way out of one engine and into the other, in a form that both share.
//!
//! A table travels as a [`Table`] and pieces of rows. A row is what PostgreSQL's binary COPY makes of it: the number of
//! fields (2 bytes), then each field's length (4 bytes, −1 for NULL) and its bytes: BIGINT 8 bytes, BOOLEAN 1 byte,
//! DOUBLE PRECISION 8 bytes of IEEE 754, TEXT in UTF-8, BYTEA as it is; numbers big-endian. Equal rows are equal bytes
//! whichever engine they come from. The tables and columns are asked from the engine: a migration needs no word here.

mod chain;
mod cut;
mod postgres;
mod rows;
mod sqlite;

pub use chain::{Chain, Log};
pub use rows::count;

use crate::{Db, ReadError};
use refinery::Target;
use serde::{Deserialize, Serialize};
use std::fmt;
use tokio::sync::mpsc;

/// What belongs to a running installation and not to its data.
const LEFT_OUT: [&str; 3] = [HISTORY, "lease", "node"];
/// Where the engine keeps which migrations ran.
const HISTORY: &str = "refinery_schema_history";
const LEVEL: &str = "SELECT CAST(max(version) AS BIGINT) FROM refinery_schema_history";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Int,
    Real,
    Bool,
    Text,
    Bytes,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    /// Positions of the columns that order the rows: the primary key, or all of them where there is none.
    pub key: Vec<usize>,
}

/// What comes in this order: `Begin`; for each table `Table`, `Rows` as often as needed, `End`; and `All`, without which
/// nothing counts.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// The number of the last migration that ran.
    Begin {
        level: i64,
    },
    Table(Table),
    Rows {
        rows: u64,
        bytes: Vec<u8>,
    },
    /// How many rows the table had.
    End {
        rows: u64,
    },
    All,
}

/// Sends every row as of one moment, table by table in the order of their keys. Writers go on meanwhile.
pub async fn read(db: &Db, to: mpsc::Sender<Piece>) -> Result<(), ReadError> {
    match db {
        Db::Sqlite(db) => sqlite::read(db.path.clone(), to).await,
        Db::Postgres(db, _) => postgres::read(db, to).await,
    }
}

/// Makes a store of what arrives, where none is yet: `sqlite:<path>` or `postgres://…`. It appears as a whole after
/// `Piece::All`, with its tables at this version; after anything else nothing is left of it.
pub async fn write(address: &str, from: mpsc::Receiver<Piece>) -> Result<(), ReadError> {
    match address.strip_prefix("sqlite:") {
        Some(path) => sqlite::write(path.into(), from).await,
        None => postgres::write(address, from).await,
    }
}

/// One column as an engine describes it: table, name, declared type, place in the primary key.
type Described = (String, String, String, Option<i64>);

/// The tables that an engine describes, column by column in their order.
fn tables(described: Vec<Described>) -> Result<Vec<Table>, ReadError> {
    let mut tables: Vec<(Table, Vec<(i64, usize)>)> = vec![];
    for (table, name, declared, place) in described {
        if LEFT_OUT.contains(&table.as_str()) {
            continue;
        }
        let kind = match declared.to_ascii_uppercase().as_str() {
            "BIGINT" => Kind::Int,
            "DOUBLE PRECISION" => Kind::Real,
            "BOOLEAN" => Kind::Bool,
            "TEXT" => Kind::Text,
            "BYTEA" => Kind::Bytes,
            _ => return Err(failed(format!("column {table}.{name} is a {declared}, which no backup holds"))),
        };
        if tables.last().is_none_or(|(last, _)| last.name != table) {
            tables.push((Table { name: table, columns: vec![], key: vec![] }, vec![]));
        }
        let (table, key) = tables.last_mut().expect("one was just pushed");
        key.extend(place.map(|place| (place, table.columns.len())));
        table.columns.push(Column { name, kind });
    }
    let finish = |(mut table, mut key): (Table, Vec<(i64, usize)>)| {
        key.sort_unstable();
        table.key = match key.len() {
            0 => (0..table.columns.len()).collect(),
            _ => key.into_iter().map(|(_, column)| column).collect(),
        };
        table
    };
    Ok(tables.into_iter().map(finish).collect())
}

/// Older tables are made as they were and then brought up; of newer ones nothing is known here.
fn known(level: i64) -> Result<Target, ReadError> {
    let known = crate::level();
    if level <= known {
        return Ok(Target::Version(level));
    }
    Err(failed(format!(
        "its tables are of level {level}, and this version of Yingda knows them up to {known}"
    )))
}

/// The target's own table must have just the columns of the one that comes.
fn fits(known: &[Table], table: &Table) -> Result<(), ReadError> {
    let own = known.iter().find(|own| own.name == table.name);
    let own = own.ok_or_else(|| failed(format!("the store has no table {}", table.name)))?;
    if own.columns == table.columns {
        Ok(())
    } else {
        Err(failed(format!("the table {} has other columns than the backup's", table.name)))
    }
}

fn compare(table: &str, stored: i64, sent: u64) -> Result<(), ReadError> {
    if stored as u64 == sent {
        Ok(())
    } else {
        Err(failed(format!("the table {table} has {stored} rows after loading, not {sent}")))
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Names of columns, as statements want them.
fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(quoted).collect::<Vec<_>>().join(", ")
}

fn names(table: &Table) -> impl Iterator<Item = &str> {
    table.columns.iter().map(|column| column.name.as_str())
}

fn given_up<T>(_: T) -> ReadError {
    failed("the other end gave up")
}

fn out_of_turn(table: &str) -> ReadError {
    failed(format!("rows arrive without their table, behind {table:?}"))
}

fn failed(why: impl fmt::Display) -> ReadError {
    ReadError::Failed(why.to_string())
}
