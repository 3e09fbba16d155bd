//! Configuration records: what administrators set up.

use crate::{
    Db, Page, ReadError, Statement,
    sql::sql,
    value::{Row, args},
};
use yingda_core::{
    At,
    config::{Record, RecordKind},
    id::RecordId,
};

sql! {
    INSERT = "
        INSERT INTO record (kind, id, version, name_zh, name_en, sort_key, body, created_at, updated_at)
        VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $7)";
    UPDATE = "
        UPDATE record SET version = version + 1, name_zh = $3, name_en = $4, sort_key = $5, body = $6, updated_at = $7
        WHERE kind = $1 AND id = $2 AND version = $8 AND deleted_at IS NULL";
    DELETE = "
        UPDATE record SET version = version + 1, updated_at = $3, deleted_at = $3
        WHERE kind = $1 AND id = $2 AND version = $4 AND deleted_at IS NULL";
    RESTORE = "
        UPDATE record SET version = version + 1, updated_at = $3, deleted_at = NULL
        WHERE kind = $1 AND id = $2 AND version = $4 AND deleted_at IS NOT NULL";
    ONE = "
        SELECT id, version, created_at, updated_at, deleted_at, body, sort_key FROM record
        WHERE kind = $1 AND id = $2";
    EVERY = "
        SELECT id, version, created_at, updated_at, deleted_at, body, sort_key FROM record
        WHERE deleted_at IS NULL ORDER BY id";
    LAST_CHANGE = "SELECT max(updated_at) FROM record WHERE kind = $1";
    LIST = "
        SELECT id, version, created_at, updated_at, deleted_at, body, sort_key FROM record
        WHERE kind = $1 AND (deleted_at IS NOT NULL) = $2 AND (sort_key, id) > ($3, $4)
        AND ($5 = '' OR lower(name_zh) LIKE $5 ESCAPE '!' OR lower(name_en) LIKE $5 ESCAPE '!')
        ORDER BY sort_key, id LIMIT $6";
}

#[derive(Clone, Debug, PartialEq)]
pub struct StoredRecord {
    pub id: RecordId,
    pub version: i64,
    pub created_at: At,
    pub updated_at: At,
    pub deleted_at: Option<At>,
    pub record: Record,
    pub sort_key: Vec<u8>,
}

fn stored(row: &Row<'_>) -> Result<StoredRecord, ReadError> {
    Ok(StoredRecord {
        id: RecordId(row.get(0)?),
        version: row.get(1)?,
        created_at: row.get(2)?,
        updated_at: row.get(3)?,
        deleted_at: row.get(4)?,
        record: row.json(5)?,
        sort_key: row.get(6)?,
    })
}

/// Records are our own types, whose maps have string keys: they always have a JSON form.
fn body(record: &Record) -> String {
    serde_json::to_string(record).expect("a record has a JSON form")
}

/// A new record, at version 1.
pub fn insert(id: RecordId, record: &Record, sort_key: &[u8], now: At) -> Statement {
    let name = record.name();
    let args = args![record.kind().as_str(), id.0, name.zh, name.en, sort_key, body(record), now];
    Statement::new(INSERT, args)
}

/// The next version of a record; stale unless the stored one has `version`.
pub fn update(id: RecordId, record: &Record, sort_key: &[u8], version: i64, now: At) -> Statement {
    let name = record.name();
    let args = args![record.kind().as_str(), id.0, name.zh, name.en, sort_key, body(record), now, version];
    Statement::guarded(UPDATE, args)
}

pub fn delete(kind: RecordKind, id: RecordId, version: i64, now: At) -> Statement {
    Statement::guarded(DELETE, args![kind.as_str(), id.0, now, version])
}

pub fn restore(kind: RecordKind, id: RecordId, version: i64, now: At) -> Statement {
    Statement::guarded(RESTORE, args![kind.as_str(), id.0, now, version])
}

/// A record, deleted or not.
pub async fn get(db: &Db, kind: RecordKind, id: RecordId) -> Result<Option<StoredRecord>, ReadError> {
    db.query_one(ONE, args![kind.as_str(), id.0], stored).await
}

/// Every record that is not deleted, of every kind, for start-up.
pub async fn all(db: &Db) -> Result<Vec<StoredRecord>, ReadError> {
    db.query(EVERY, vec![], stored).await
}

/// A page of one kind by sort key; `q` is a part of the name.
pub async fn list(
    db: &Db,
    kind: RecordKind,
    q: &str,
    deleted: bool,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<StoredRecord>, ReadError> {
    let (sort_key, id) = match cursor {
        Some(cursor) => crate::page::read_key(cursor)?,
        None => (vec![], i64::MIN),
    };
    let args = args![kind.as_str(), deleted, sort_key, id, crate::page::pattern(q), limit as i64 + 1];
    let items = db.query(LIST, args, stored).await?;
    Ok(crate::page::cut(items, limit, |last| crate::page::write_key(&last.sort_key, last.id.0)))
}

/// When a record of this kind last changed, was deleted or restored.
pub async fn last_change(db: &Db, kind: RecordKind) -> Result<Option<At>, ReadError> {
    Ok(db.query_one(LAST_CHANGE, args![kind.as_str()], |row| row.get::<Option<i64>>(0)).await?.flatten())
}
