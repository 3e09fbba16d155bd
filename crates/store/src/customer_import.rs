//! Tables of customers on their way in: how far each is, and the lines that were not taken.

use crate::{
    Db, Page, ReadError, Statement,
    page::{self, cut},
    sql::sql,
    value::{Row, args},
};
use serde::{Deserialize, Serialize};
use yingda_core::{At, customer::columns::Column, id::*, lang::Text};

sql! {
    INSERT = "
        INSERT INTO customer_import (id, author, state, body, passed, created, updated, skipped, rejected, created_at)
        VALUES ($1, $2, 'running', $3, 0, 0, 0, 0, 0, $4)";
    /// Stale where somebody else went on with it, or it was stopped.
    ADVANCE = "
        UPDATE customer_import SET passed = $3, created = created + $4, updated = updated + $5,
            skipped = skipped + $6, rejected = rejected + $7
        WHERE id = $1 AND passed = $2 AND state = 'running'";
    END = "UPDATE customer_import SET state = $2, ended_at = $3 WHERE id = $1 AND state = 'running'";
    REJECT = "
        INSERT INTO customer_import_rejected (import, line, cells, reasons) VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING";
    ONE = "
        SELECT id, author, state, body, passed, created, updated, skipped, rejected, created_at, ended_at,
            undone_by, undo_after, taken_back, restored, kept
        FROM customer_import WHERE id = $1";
    LIST = "
        SELECT id, author, state, body, passed, created, updated, skipped, rejected, created_at, ended_at,
            undone_by, undo_after, taken_back, restored, kept
        FROM customer_import WHERE id < $1 ORDER BY id DESC LIMIT $2";
    RUNNING = "
        SELECT id, author, state, body, passed, created, updated, skipped, rejected, created_at, ended_at,
            undone_by, undo_after, taken_back, restored, kept
        FROM customer_import WHERE ended_at IS NULL ORDER BY id LIMIT 1";
    UNDOING = "
        SELECT id, author, state, body, passed, created, updated, skipped, rejected, created_at, ended_at,
            undone_by, undo_after, taken_back, restored, kept
        FROM customer_import WHERE state = 'undoing' ORDER BY id LIMIT 1";
    REJECTED = "
        SELECT line, cells, reasons FROM customer_import_rejected
        WHERE import = $1 AND line > $2 ORDER BY line LIMIT $3";
}

#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    pub id: RecordId,
    pub author: Option<UserId>,
    /// `running`, `done`, `cancelled` or `failed`; `undoing` and `undone` where it is taken back.
    pub state: String,
    pub plan: Plan,
    /// Lines that were looked at, the heading not counted.
    pub passed: u64,
    pub created: u64,
    pub updated: u64,
    pub skipped: u64,
    pub rejected: u64,
    pub created_at: At,
    pub ended_at: Option<At>,
    /// Who takes it back.
    pub undone_by: Option<UserId>,
    /// Who comes after this one has not been taken back yet.
    pub undo_after: CustomerId,
    pub undone: Undone,
}

/// What a piece of a table came to, as it was taken back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Undone {
    /// It had made them, and they are gone.
    pub taken_back: u64,
    /// They are again as they were.
    pub restored: u64,
    /// They stay as they are.
    pub kept: u64,
}

/// What is to be done with a table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The file's content, and how it was called.
    pub hash: String,
    pub name: String,
    pub lines: u64,
    pub headings: Vec<String>,
    pub columns: Vec<Column>,
    /// `phone`, `email` or `external`: who is there already is known by it; empty: everybody is new.
    pub match_by: String,
    /// Who is there already is completed; else left as they are.
    pub completes: bool,
    /// Nothing is written but what would be.
    pub is_trial: bool,
}

/// What a piece of a table came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub created: u64,
    pub updated: u64,
    pub skipped: u64,
    pub rejected: u64,
}

/// A line that was not taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejected {
    /// Counted as a spreadsheet does: the heading is line 1.
    pub line: u64,
    pub cells: Vec<String>,
    pub reasons: Vec<Text>,
}

fn stored(row: &Row<'_>) -> Result<Import, ReadError> {
    let number = |n| Ok::<_, ReadError>(row.get::<i64>(n)? as u64);
    Ok(Import {
        id: RecordId(row.get(0)?),
        author: row.get::<Option<i64>>(1)?.map(UserId),
        state: row.get(2)?,
        plan: row.json(3)?,
        passed: number(4)?,
        created: number(5)?,
        updated: number(6)?,
        skipped: number(7)?,
        rejected: number(8)?,
        created_at: row.get(9)?,
        ended_at: row.get(10)?,
        undone_by: row.get::<Option<i64>>(11)?.map(UserId),
        undo_after: CustomerId(row.get(12)?),
        undone: Undone { taken_back: number(13)?, restored: number(14)?, kept: number(15)? },
    })
}

fn json(it: &impl Serialize) -> String {
    serde_json::to_string(it).expect("texts have a JSON form")
}

pub fn insert(id: RecordId, author: Option<UserId>, plan: &Plan, now: At) -> Statement {
    Statement::new(INSERT, args![id.0, author.map(|id| id.0), json(plan), now])
}

pub fn advance(id: RecordId, from: u64, to: u64, counts: Counts) -> Statement {
    let Counts { created, updated, skipped, rejected } = counts;
    let [from, to, created, updated, skipped, rejected] =
        [from, to, created, updated, skipped, rejected].map(|it| it as i64);
    Statement::guarded(ADVANCE, args![id.0, from, to, created, updated, skipped, rejected])
}

/// `done`, `cancelled` or `failed`; stale where it ended before.
pub fn end(id: RecordId, state: &str, now: At) -> Statement {
    Statement::guarded(END, args![id.0, state, now])
}

pub fn reject(id: RecordId, it: &Rejected) -> Statement {
    Statement::new(REJECT, args![id.0, it.line as i64, json(&it.cells), json(&it.reasons)])
}

pub async fn get(db: &Db, id: RecordId) -> Result<Option<Import>, ReadError> {
    db.query_one(ONE, args![id.0], stored).await
}

/// The newest first.
pub async fn list(db: &Db, cursor: Option<&str>, limit: usize) -> Result<Page<Import>, ReadError> {
    let items = db.query(LIST, args![page::read_id(cursor)?, limit as i64 + 1], stored).await?;
    Ok(cut(items, limit, |last| last.id.to_string()))
}

/// The oldest that has not ended.
pub async fn running(db: &Db) -> Result<Option<Import>, ReadError> {
    db.query_one(RUNNING, args![], stored).await
}

/// The oldest that is being taken back.
pub async fn undoing(db: &Db) -> Result<Option<Import>, ReadError> {
    db.query_one(UNDOING, args![], stored).await
}

/// Lines that were not taken, after this one.
pub async fn rejected(db: &Db, id: RecordId, after: u64, limit: usize) -> Result<Vec<Rejected>, ReadError> {
    let read = |row: &Row<'_>| {
        Ok(Rejected { line: row.get::<i64>(0)? as u64, cells: row.json(1)?, reasons: row.json(2)? })
    };
    db.query(REJECTED, args![id.0, after as i64, limit as i64], read).await
}
