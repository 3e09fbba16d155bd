//! What leaves by channels: rows made in the same commit as the message, tried until the other side has it or it is
//! given up.

use crate::{
    Db, Page, ReadError, Statement, address,
    inbound::{Depth, depth_row},
    page,
    sql::sql,
    value::{Row, args},
    visitor,
};
use yingda_core::{At, effect::Effect, event::Delivery, id::*};

sql! {
    SEND = "
        INSERT INTO outbound (id, channel, lane, conversation, visitor, state, attempts, next_at, created_at, last_error)
        VALUES ($1, $2, $3, $3, $4, 'waiting', 0, $5, $6, '') ON CONFLICT DO NOTHING";
    LOOSE = "
        INSERT INTO outbound (id, channel, lane, term, body, batch, state, attempts, next_at, created_at, last_error)
        VALUES ($1, $2, $1, $3, $4, $5, 'waiting', 0, $6, $7, '')";
    HELD = "
        INSERT INTO outbound (id, channel, lane, term, body, batch, state, attempts, created_at, last_error)
        VALUES ($1, $2, $1, $3, $4, $5, 'held', 0, $6, '')";
    RELEASE = "UPDATE outbound SET state = 'waiting', next_at = $2 WHERE batch = $1 AND state = 'held'";
    FORGET_HELD = "DELETE FROM outbound WHERE state = 'held' AND created_at < $1";
    UNSEND = "
        UPDATE outbound SET state = 'cancelled', next_at = NULL WHERE id = $1 AND state = 'waiting'";
    SENT = "
        UPDATE outbound SET state = 'sent', attempts = attempts + 1, next_at = NULL, ended_at = $3, outside_id = $2,
            last_error = ''
        WHERE id = $1";
    DELIVERED = "UPDATE outbound SET state = $2, last_error = $3 WHERE id = $1 AND state IN ('sent', 'waiting')";
    RETRY = "UPDATE outbound SET attempts = attempts + 1, next_at = $2, last_error = $3 WHERE id = $1";
    PARTLY = "
        UPDATE outbound SET attempts = attempts + 1, next_at = $2, last_error = $3, outside_id = $4, term = $5
        WHERE id = $1";
    WAIT = "UPDATE outbound SET next_at = $2, last_error = $3 WHERE id = $1";
    DEAD = "
        UPDATE outbound SET state = 'failed', attempts = attempts + 1, next_at = NULL, ended_at = $2, last_error = $3
        WHERE id = $1";
    REPLAY = "
        UPDATE outbound SET state = 'waiting', next_at = $2, ended_at = NULL WHERE id = $1 AND state = 'failed'";
    DUE = "
        SELECT id, channel, lane, conversation, visitor, term, body, batch, state, attempts, next_at, created_at,
            outside_id, last_error
        FROM outbound AS due
        WHERE state = 'waiting' AND channel = $1 AND next_at <= $2 AND NOT EXISTS (
            SELECT 1 FROM outbound AS earlier
            WHERE earlier.state = 'waiting' AND earlier.channel = $1 AND earlier.lane = due.lane
                AND earlier.id < due.id)
        ORDER BY next_at, id LIMIT $3";
    NEXT = "
        SELECT min(next_at) FROM outbound AS due
        WHERE state = 'waiting' AND channel = $1 AND NOT EXISTS (
            SELECT 1 FROM outbound AS earlier
            WHERE earlier.state = 'waiting' AND earlier.channel = $1 AND earlier.lane = due.lane
                AND earlier.id < due.id)";
    OUTSIDE = "
        SELECT id, channel, lane, conversation, visitor, term, body, batch, state, attempts, next_at, created_at,
            outside_id, last_error
        FROM outbound WHERE channel = $1 AND outside_id = $2 ORDER BY id DESC LIMIT 1";
    ONE = "
        SELECT id, channel, lane, conversation, visitor, term, body, batch, state, attempts, next_at, created_at,
            outside_id, last_error
        FROM outbound WHERE id = $1";
    LIST = "
        SELECT id, channel, lane, conversation, visitor, term, body, batch, state, attempts, next_at, created_at,
            outside_id, last_error
        FROM outbound
        WHERE channel = $1 AND ($2 = '' OR state = $2) AND id < $3 ORDER BY id DESC LIMIT $4";
    OF_BATCH = "
        SELECT id, channel, lane, conversation, visitor, term, body, batch, state, attempts, next_at, created_at,
            outside_id, last_error
        FROM outbound
        WHERE batch = $1 AND ($2 = '' OR state = $2) AND id < $3 ORDER BY id DESC LIMIT $4";
    DEPTH = "
        SELECT channel, state, count(*), min(created_at) FROM outbound
        WHERE state IN ('waiting', 'failed') GROUP BY channel, state";
    COUNTED = "
        SELECT channel, count(*) FROM outbound
        WHERE state IN ('sent', 'delivered') AND created_at > $1 GROUP BY channel";
}

#[derive(Clone, Debug, PartialEq)]
pub struct Outbound {
    /// A message's position in the log, or an id of its own.
    pub id: i64,
    pub channel: ChannelId,
    pub lane: i64,
    pub conversation: Option<ConversationId>,
    pub visitor: Option<VisitorId>,
    /// Whom it goes to, where it belongs to no conversation; else in JSON who of its receivers does not have it yet.
    pub term: Option<String>,
    pub body: Option<String>,
    pub batch: Option<RecordId>,
    pub state: String,
    pub attempts: u32,
    pub next_at: Option<At>,
    pub created_at: At,
    pub outside_id: Option<String>,
    pub last_error: String,
}

fn stored(row: &Row<'_>) -> Result<Outbound, ReadError> {
    Ok(Outbound {
        id: row.get(0)?,
        channel: ChannelId(row.get(1)?),
        lane: row.get(2)?,
        conversation: row.get::<Option<i64>>(3)?.map(ConversationId),
        visitor: row.get::<Option<i64>>(4)?.map(VisitorId),
        term: row.get(5)?,
        body: row.get(6)?,
        batch: row.get::<Option<i64>>(7)?.map(RecordId),
        state: row.get(8)?,
        attempts: row.get::<i64>(9)? as u32,
        next_at: row.get(10)?,
        created_at: row.get(11)?,
        outside_id: row.get(12)?,
        last_error: row.get(13)?,
    })
}

/// The rows of an effect.
pub fn effect(effect: Effect, now: At) -> Vec<Statement> {
    let row = match effect {
        Effect::Send { message, conversation, visitor, channel, due_at } => {
            Statement::new(SEND, args![message, channel.0, conversation.0, visitor.0, due_at, now])
        }
        Effect::Unsend { message } => Statement::new(UNSEND, args![message]),
        Effect::Know { visitor, customer } => visitor::link(visitor, customer),
        Effect::JoinThreads { channel, from, into, from_is_later } => {
            return address::join_threads(channel, from, into, from_is_later);
        }
    };
    vec![row]
}

/// Something that belongs to no conversation, such as one of a batch or a one-time code.
pub fn loose(
    id: RecordId,
    channel: ChannelId,
    term: &str,
    body: &str,
    batch: Option<RecordId>,
    due_at: At,
    now: At,
) -> Statement {
    Statement::new(LOOSE, args![id.0, channel.0, term, body, batch.map(|id| id.0), due_at, now])
}

/// One of a batch, which waits until all of it is stored: what a crash leaves behind in between never leaves.
pub fn held(id: RecordId, channel: ChannelId, term: &str, body: &str, batch: RecordId, now: At) -> Statement {
    Statement::new(HELD, args![id.0, channel.0, term, body, batch.0, now])
}

/// All of a batch may leave.
pub fn release(batch: RecordId, now: At) -> Statement {
    Statement::new(RELEASE, args![batch.0, now])
}

/// What a crash left behind of batches that never came to be.
pub fn forget_held(before: At) -> Statement {
    Statement::new(FORGET_HELD, args![before])
}

/// The other side has it, and knows it by this name.
pub fn sent(id: i64, outside_id: Option<&str>, now: At) -> Statement {
    Statement::new(SENT, args![id, outside_id, now])
}

/// The other side told what became of it.
pub fn receipt(id: i64, state: Delivery, reason: &str) -> Statement {
    let state = match state {
        Delivery::Sent => "sent",
        Delivery::Delivered => "delivered",
        Delivery::Failed => "failed",
    };
    Statement::new(DELIVERED, args![id, state, reason])
}

pub fn retry(id: i64, next_at: At, error: &str) -> Statement {
    Statement::new(RETRY, args![id, next_at, error])
}

/// Some of its receivers have it; `rest` says in JSON who does not, and is tried again.
pub fn partly(id: i64, next_at: At, error: &str, outside_id: Option<&str>, rest: &str) -> Statement {
    Statement::new(PARTLY, args![id, next_at, error, outside_id, rest])
}

/// The other side is down: it waits, and that is no try.
pub fn wait(id: i64, next_at: At, error: &str) -> Statement {
    Statement::new(WAIT, args![id, next_at, error])
}

pub fn dead(id: i64, error: &str, now: At) -> Statement {
    Statement::new(DEAD, args![id, now, error])
}

/// Sent once more by hand; stale when it did not fail.
pub fn replay(id: i64, now: At) -> Statement {
    Statement::guarded(REPLAY, args![id, now])
}

/// What may leave by a channel now: of each lane the first.
pub async fn due(db: &Db, channel: ChannelId, now: At, limit: usize) -> Result<Vec<Outbound>, ReadError> {
    db.query(DUE, args![channel.0, now, limit as i64], stored).await
}

/// When something is due next.
pub async fn next_at(db: &Db, channel: ChannelId) -> Result<Option<At>, ReadError> {
    Ok(db.query_one(NEXT, args![channel.0], |row| row.get(0)).await?.flatten())
}

pub async fn get(db: &Db, id: i64) -> Result<Option<Outbound>, ReadError> {
    db.query_one(ONE, args![id], stored).await
}

/// What the other side knows by this name.
pub async fn outside(db: &Db, channel: ChannelId, name: &str) -> Result<Option<Outbound>, ReadError> {
    db.query_one(OUTSIDE, args![channel.0, name], stored).await
}

/// A channel's, newest first; `state` is empty for all.
pub async fn list(
    db: &Db,
    channel: ChannelId,
    state: &str,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<Outbound>, ReadError> {
    let before = page::read_id(cursor)?;
    let items = db.query(LIST, args![channel.0, state, before, limit as i64 + 1], stored).await?;
    Ok(page::cut(items, limit, |last| last.id.to_string()))
}

/// A batch's, newest first; `state` is empty for all.
pub async fn of_batch(
    db: &Db,
    batch: RecordId,
    state: &str,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<Outbound>, ReadError> {
    let before = page::read_id(cursor)?;
    let items = db.query(OF_BATCH, args![batch.0, state, before, limit as i64 + 1], stored).await?;
    Ok(page::cut(items, limit, |last| last.id.to_string()))
}

pub async fn depth(db: &Db) -> Result<Vec<Depth>, ReadError> {
    db.query(DEPTH, vec![], depth_row).await
}

/// How many left by each channel since an instant.
pub async fn counted(db: &Db, since: At) -> Result<Vec<(ChannelId, i64)>, ReadError> {
    db.query(COUNTED, args![since], |row| Ok((ChannelId(row.get(0)?), row.get(1)?))).await
}
