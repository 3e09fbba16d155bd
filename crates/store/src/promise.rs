//! Promises as rows.

use crate::{
    Db, Page, ReadError, Statement,
    page::{self, cut},
    sql::sql,
    value::{Row, args},
};
use yingda_core::{At, id::*, promise::Promise};

sql! {
    INSERT = "
        INSERT INTO promise (id, version, owner, ticket, conversation, customer, body, is_open, first_due_at, due_at,
            next_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    UPDATE = "
        UPDATE promise SET version = $2, owner = $3, body = $4, is_open = $5, due_at = $6, next_at = $7
        WHERE id = $1 AND version = $8";
    ONE = "SELECT body FROM promise WHERE id = $1";
    NEXT = "SELECT body FROM promise WHERE next_at <= $1 ORDER BY next_at LIMIT $2";
    NEXT_AT = "SELECT min(next_at) FROM promise WHERE next_at IS NOT NULL";
    /// The most urgent first.
    OPEN = "
        SELECT body FROM promise WHERE is_open AND (due_at, id) > ($1, $2)
            AND ($3 = '' OR $3 LIKE '%,' || owner || ',%')
        ORDER BY due_at, id LIMIT $4";
    OF = "
        SELECT body FROM promise
        WHERE (ticket = $1 OR conversation = $2 OR customer IN (
            SELECT id FROM customer WHERE id = $3 OR merged_into = $3)) ORDER BY id DESC LIMIT 100";
    DUE_IN = "
        SELECT body FROM promise WHERE first_due_at >= $1 AND first_due_at < $2
            AND ($3 = '' OR $3 LIKE '%,' || owner || ',%')
        ORDER BY first_due_at, id LIMIT $4";
}

fn whole(row: &Row<'_>) -> Result<Promise, ReadError> {
    row.json(0)
}

fn body(it: &Promise) -> String {
    serde_json::to_string(it).expect("a promise is plain data")
}

pub fn insert(it: &Promise) -> Statement {
    let args = args![
        it.id.0,
        it.version,
        it.owner.0,
        it.ticket.map(|id| id.0),
        it.conversation.map(|id| id.0),
        it.customer.map(|id| id.0),
        body(it),
        it.is_open(),
        it.first_due_at,
        it.due_at,
        it.next_at(),
    ];
    Statement::new(INSERT, args)
}

/// The next version; stale unless the stored one is the one before.
pub fn update(it: &Promise) -> Statement {
    let args = args![
        it.id.0,
        it.version,
        it.owner.0,
        body(it),
        it.is_open(),
        it.due_at,
        it.next_at(),
        it.version - 1
    ];
    Statement::guarded(UPDATE, args)
}

pub async fn get(db: &Db, id: RecordId) -> Result<Option<Promise>, ReadError> {
    db.query_one(ONE, args![id.0], whole).await
}

/// Those that have something to say by now.
pub async fn next(db: &Db, now: At, limit: usize) -> Result<Vec<Promise>, ReadError> {
    db.query(NEXT, args![now, limit as i64], whole).await
}

pub async fn next_at(db: &Db) -> Result<Option<At>, ReadError> {
    Ok(db.query_one(NEXT_AT, args![], |row| row.get(0)).await?.flatten())
}

/// `,1,2,` for a list of owners; empty for everybody.
fn among(owners: Option<&[UserId]>) -> String {
    owners.map_or(String::new(), |owners| page::among(owners.iter().map(|id| id.0)))
}

/// Those not kept yet, the most urgent first, of these people.
pub async fn open(
    db: &Db,
    owners: Option<&[UserId]>,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<Promise>, ReadError> {
    let (due_at, id) = cursor.map_or(Ok((At::MIN, i64::MIN)), page::read_pair)?;
    let found = db.query(OPEN, args![due_at, id, among(owners), limit as i64 + 1], whole).await?;
    Ok(cut(found, limit, |last| page::write_pair(last.due_at, last.id.0)))
}

/// What was promised in a ticket, a conversation, or to a customer; the newest first.
pub async fn of(
    db: &Db,
    ticket: Option<TicketId>,
    conversation: Option<ConversationId>,
    customer: Option<CustomerId>,
) -> Result<Vec<Promise>, ReadError> {
    let id = |id: Option<i64>| id.unwrap_or(-1);
    let args = args![id(ticket.map(|it| it.0)), id(conversation.map(|it| it.0)), id(customer.map(|it| it.0))];
    db.query(OF, args, whole).await
}

/// Those that were due, by their first instant, in a period.
pub async fn due_in(
    db: &Db,
    from: At,
    to: At,
    owners: Option<&[UserId]>,
    limit: usize,
) -> Result<Vec<Promise>, ReadError> {
    db.query(DUE_IN, args![from, to, among(owners), limit as i64], whole).await
}
