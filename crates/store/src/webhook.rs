//! Deliveries to webhooks: rows that were made with the events' position, tried until done or given up.

use crate::{
    Db, Page, ReadError, Statement, page,
    sql::sql,
    value::{Row, args},
};
use yingda_core::{At, id::*};

sql! {
    INSERT = "
        INSERT INTO delivery (id, webhook, event_seq, subject, kind, state, attempts, next_at, last_error)
        VALUES ($1, $2, $3, $4, $5, 'waiting', 0, $6, '') ON CONFLICT (webhook, event_seq) DO NOTHING";
    DELIVERED = "
        UPDATE delivery SET state = 'delivered', attempts = attempts + 1, next_at = NULL, last_status = $2,
            last_error = ''
        WHERE id = $1";
    RETRY = "
        UPDATE delivery SET attempts = attempts + 1, next_at = $2, last_status = $3, last_error = $4 WHERE id = $1";
    DEAD = "
        UPDATE delivery SET state = 'dead', attempts = attempts + 1, next_at = NULL, last_status = $2,
            last_error = $3
        WHERE id = $1";
    REPLAY = "UPDATE delivery SET state = 'waiting', next_at = $2 WHERE id = $1 AND state <> 'waiting'";
    DUE = "
        SELECT id, webhook, event_seq, subject, kind, state, attempts, next_at, last_status, last_error
        FROM delivery AS due
        WHERE state = 'waiting' AND next_at <= $1 AND NOT EXISTS (
            SELECT 1 FROM delivery AS earlier
            WHERE earlier.state = 'waiting' AND earlier.subject = due.subject
                AND earlier.event_seq < due.event_seq AND earlier.webhook = due.webhook)
        ORDER BY event_seq LIMIT $2";
    /// What waits behind an earlier one falls due with it, whatever its own instant says.
    NEXT = "
        SELECT min(next_at) FROM delivery AS due
        WHERE state = 'waiting' AND NOT EXISTS (
            SELECT 1 FROM delivery AS earlier
            WHERE earlier.state = 'waiting' AND earlier.subject = due.subject
                AND earlier.event_seq < due.event_seq AND earlier.webhook = due.webhook)";
    ONE = "
        SELECT id, webhook, event_seq, subject, kind, state, attempts, next_at, last_status, last_error
        FROM delivery WHERE id = $1";
    LIST = "
        SELECT id, webhook, event_seq, subject, kind, state, attempts, next_at, last_status, last_error
        FROM delivery WHERE webhook = $1 AND ($2 = '' OR state = $2) AND id < $3 ORDER BY id DESC LIMIT $4";
    /// Beyond the limit it does not matter how many.
    DEAD_LETTERS = "
        SELECT count(*) FROM (SELECT 1 FROM delivery WHERE webhook = $1 AND state = 'dead' LIMIT $2) AS dead";
}

#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    pub id: RecordId,
    pub webhook: WebhookId,
    /// The event it carries.
    pub seq: u64,
    /// Deliveries of one subject go out in order.
    pub subject: i64,
    pub kind: String,
    /// `waiting`, `delivered`, `dead`.
    pub state: String,
    pub attempts: u32,
    pub next_at: Option<At>,
    pub last_status: Option<u16>,
    pub last_error: String,
}

fn stored(row: &Row<'_>) -> Result<Delivery, ReadError> {
    Ok(Delivery {
        id: RecordId(row.get(0)?),
        webhook: WebhookId(row.get(1)?),
        seq: row.get::<i64>(2)? as u64,
        subject: row.get(3)?,
        kind: row.get(4)?,
        state: row.get(5)?,
        attempts: row.get::<i64>(6)? as u32,
        next_at: row.get(7)?,
        last_status: row.get::<Option<i64>>(8)?.map(|status| status as u16),
        last_error: row.get(9)?,
    })
}

/// A delivery to be made; one that exists for this webhook and event stays as it is.
pub fn insert(id: RecordId, webhook: WebhookId, seq: u64, subject: i64, kind: &str, now: At) -> Statement {
    Statement::new(INSERT, args![id.0, webhook.0, seq, subject, kind, now])
}

pub fn delivered(id: RecordId, status: u16) -> Statement {
    Statement::guarded(DELIVERED, args![id.0, status])
}

pub fn retry(id: RecordId, next_at: At, status: Option<u16>, error: &str) -> Statement {
    Statement::guarded(RETRY, args![id.0, next_at, status, error])
}

pub fn dead(id: RecordId, status: Option<u16>, error: &str) -> Statement {
    Statement::guarded(DEAD, args![id.0, status, error])
}

/// A person sends it once more; stale if it waits already.
pub fn replay(id: RecordId, now: At) -> Statement {
    Statement::guarded(REPLAY, args![id.0, now])
}

/// What may be sent now: per webhook and subject only the earliest, so that order holds.
pub async fn due(db: &Db, now: At, limit: usize) -> Result<Vec<Delivery>, ReadError> {
    db.query(DUE, args![now, limit as i64], stored).await
}

/// When the next delivery falls due.
pub async fn next_at(db: &Db) -> Result<Option<At>, ReadError> {
    Ok(db.query_one(NEXT, vec![], |row| row.get(0)).await?.flatten())
}

pub async fn get(db: &Db, id: RecordId) -> Result<Option<Delivery>, ReadError> {
    db.query_one(ONE, args![id.0], stored).await
}

/// How many deliveries to a webhook were given up, counted up to a limit.
pub async fn dead_letters(db: &Db, webhook: WebhookId, limit: usize) -> Result<u64, ReadError> {
    let found = db.query_one(DEAD_LETTERS, args![webhook.0, limit as i64], |row| row.get::<i64>(0)).await?;
    Ok(found.unwrap_or_default() as u64)
}

/// A webhook's deliveries, newest first; an empty state means all.
pub async fn list(
    db: &Db,
    webhook: WebhookId,
    state: &str,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<Delivery>, ReadError> {
    let before = page::read_id(cursor)?;
    let items = db.query(LIST, args![webhook.0, state, before, limit as i64 + 1], stored).await?;
    Ok(page::cut(items, limit, |last| last.id.to_string()))
}
