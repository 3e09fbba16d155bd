//! Entries of registers, and what was noted below them.

use crate::{
    Db, Page, ReadError, Statement, page,
    sql::sql,
    value::{Row, args, word},
};
use yingda_core::{
    At,
    id::*,
    register::{Book, Entry},
};

sql! {
    PUT = "
        INSERT INTO register_entry (id, book, serial, version, body, words, open, happened_at, file, author, created_at,
            updated_at)
        VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10, $10)";
    UPDATE = "
        UPDATE register_entry SET version = version + 1, body = $2, words = $3, open = $4, happened_at = $5, file = $6,
            updated_at = $7
        WHERE id = $1 AND version = $8 AND deleted_at IS NULL";
    DELETE = "
        UPDATE register_entry SET version = version + 1, deleted_at = $2, updated_at = $2
        WHERE id = $1 AND version = $3 AND deleted_at IS NULL";
    ONE = "
        SELECT id, serial, version, body, author, created_at, updated_at FROM register_entry
        WHERE id = $1 AND book = $2 AND deleted_at IS NULL";
    LIST = "
        SELECT id, serial, version, body, author, created_at, updated_at FROM register_entry
        WHERE book = $1 AND deleted_at IS NULL AND id < $2 AND ($3 = '' OR words LIKE $3 ESCAPE '!')
            AND ($4 = FALSE OR open) AND happened_at >= $5 AND happened_at < $6
        ORDER BY id DESC LIMIT $7";
    LAST_SERIAL = "
        SELECT max(serial) FROM register_entry WHERE book = $1 AND serial > $2 AND serial < $3";
    NOTE = "
        INSERT INTO register_note (id, entry, author, text, batch, written_at) VALUES ($1, $2, $3, $4, $5, $6)";
    NOTES = "
        SELECT id, entry, author, text, batch, written_at FROM register_note
        WHERE entry = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
    OF_BATCH = "
        SELECT id, entry, author, text, batch, written_at FROM register_note
        WHERE batch = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
}

#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    pub id: RecordId,
    pub serial: String,
    pub version: i64,
    pub entry: Entry,
    pub author: Option<UserId>,
    pub created_at: At,
    pub updated_at: At,
}

fn stored(row: &Row<'_>) -> Result<Stored, ReadError> {
    Ok(Stored {
        id: RecordId(row.get(0)?),
        serial: row.get(1)?,
        version: row.get(2)?,
        entry: row.json(3)?,
        author: row.get::<Option<i64>>(4)?.map(UserId),
        created_at: row.get(5)?,
        updated_at: row.get(6)?,
    })
}

fn body(entry: &Entry) -> String {
    serde_json::to_string(entry).expect("an entry is plain data")
}

fn file(entry: &Entry) -> Option<i64> {
    match entry {
        Entry::Post(it) => it.file.map(|id| id.0),
        _ => None,
    }
}

/// A new entry; its serial number may be taken by another.
pub fn insert(it: &Stored, now: At) -> Statement {
    let args = args![
        it.id.0,
        word(it.entry.book()),
        &*it.serial,
        body(&it.entry),
        it.entry.words(&it.serial),
        it.entry.is_open(now),
        it.entry.happened_at(now),
        file(&it.entry),
        it.author.map(|id| id.0),
        now,
    ];
    Statement::new(PUT, args)
}

/// The next version; stale unless the stored one is `it.version`.
pub fn update(it: &Stored, now: At) -> Statement {
    let args = args![
        it.id.0,
        body(&it.entry),
        it.entry.words(&it.serial),
        it.entry.is_open(now),
        it.entry.happened_at(it.created_at),
        file(&it.entry),
        now,
        it.version,
    ];
    Statement::guarded(UPDATE, args)
}

pub fn delete(id: RecordId, version: i64, now: At) -> Statement {
    Statement::guarded(DELETE, args![id.0, now, version])
}

pub async fn get(db: &Db, book: Book, id: RecordId) -> Result<Option<Stored>, ReadError> {
    db.query_one(ONE, args![id.0, word(book)], stored).await
}

/// Which of a book's entries.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub q: String,
    /// Only those with something still to do.
    pub open: bool,
    pub from: Option<At>,
    pub to: Option<At>,
}

/// The newest first.
pub async fn list(
    db: &Db,
    book: Book,
    filter: &Filter,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<Stored>, ReadError> {
    let args = args![
        word(book),
        page::read_id(cursor)?,
        page::pattern(&filter.q),
        filter.open,
        filter.from.unwrap_or(i64::MIN),
        filter.to.unwrap_or(i64::MAX),
        limit as i64 + 1,
    ];
    let items = db.query(LIST, args, stored).await?;
    Ok(page::cut(items, limit, |last| last.id.to_string()))
}

/// The highest serial number that begins so.
pub async fn last_serial(db: &Db, book: Book, beginning: &str) -> Result<Option<String>, ReadError> {
    // They go on with digits, and every digit stands before a colon.
    let end = format!("{beginning}:");
    Ok(db.query_one(LAST_SERIAL, args![word(book), beginning, end], |row| row.get(0)).await?.flatten())
}

/// Something written down below an entry, such as a post in a group.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    pub id: RecordId,
    pub entry: RecordId,
    pub author: Option<UserId>,
    pub text: String,
    /// The batch of messages that it belongs to.
    pub batch: Option<RecordId>,
    pub written_at: At,
}

fn note_row(row: &Row<'_>) -> Result<Note, ReadError> {
    Ok(Note {
        id: RecordId(row.get(0)?),
        entry: RecordId(row.get(1)?),
        author: row.get::<Option<i64>>(2)?.map(UserId),
        text: row.get(3)?,
        batch: row.get::<Option<i64>>(4)?.map(RecordId),
        written_at: row.get(5)?,
    })
}

pub fn note(it: &Note) -> Statement {
    let (author, batch) = (it.author.map(|id| id.0), it.batch.map(|id| id.0));
    Statement::new(NOTE, args![it.id.0, it.entry.0, author, &*it.text, batch, it.written_at])
}

/// The latest first.
pub async fn notes(
    db: &Db,
    entry: RecordId,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<Note>, ReadError> {
    let args = args![entry.0, page::read_id(cursor)?, limit as i64 + 1];
    let items = db.query(NOTES, args, note_row).await?;
    Ok(page::cut(items, limit, |last| last.id.to_string()))
}

/// What was noted about a batch of messages, the latest first.
pub async fn notes_of_batch(
    db: &Db,
    batch: RecordId,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<Note>, ReadError> {
    let args = args![batch.0, page::read_id(cursor)?, limit as i64 + 1];
    let items = db.query(OF_BATCH, args, note_row).await?;
    Ok(page::cut(items, limit, |last| last.id.to_string()))
}
