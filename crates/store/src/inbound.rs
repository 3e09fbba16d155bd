//! What came in by channels: kept until it stands in a conversation, or somebody looked at why it does not.

use crate::{
    Db, Page, ReadError, Statement, page,
    sql::sql,
    value::{Row, args},
};
use yingda_core::{At, id::*};

sql! {
    INSERT = "
        INSERT INTO inbound (id, channel, request_key, term, state, attempts, next_at, received_at, body, last_error)
        VALUES ($1, $2, $3, $4, 'waiting', 0, $5, $5, $6, '') ON CONFLICT (channel, request_key) DO NOTHING";
    QUARANTINE = "
        INSERT INTO inbound (id, channel, request_key, term, state, attempts, received_at, ended_at, body, last_error)
        VALUES ($1, $2, $3, '', 'dead', 0, $4, $4, $5, $6) ON CONFLICT (channel, request_key) DO NOTHING";
    DROP = "
        INSERT INTO inbound (id, channel, request_key, term, state, attempts, received_at, ended_at, body, last_error)
        VALUES ($1, $2, $3, '', 'dropped', 0, $4, $4, '', $5) ON CONFLICT (channel, request_key) DO NOTHING";
    NUMBER = "UPDATE inbound SET n = $2 WHERE id = $1 AND n IS NULL";
    DONE = "
        UPDATE inbound SET state = 'done', attempts = attempts + 1, next_at = NULL, ended_at = $3, conversation = $2,
            last_error = ''
        WHERE id = $1";
    RETRY = "UPDATE inbound SET attempts = attempts + 1, next_at = $2, last_error = $3 WHERE id = $1";
    REST = "UPDATE inbound SET next_at = $2 WHERE id = $1 AND state = 'waiting'";
    COMPLETED = "UPDATE inbound SET body = $2, next_at = $3 WHERE id = $1 AND state = 'waiting'";
    DEAD = "
        UPDATE inbound SET state = 'dead', attempts = attempts + 1, next_at = NULL, ended_at = $2, last_error = $3
        WHERE id = $1";
    REPLAY = "
        UPDATE inbound SET state = 'waiting', next_at = $2, ended_at = NULL
        WHERE id = $1 AND state = 'dead' AND term <> ''";
    /// What came from one end stays in order: nothing overtakes what is tried again.
    DUE = "
        SELECT id, channel, request_key, term, n, state, attempts, next_at, received_at, conversation, body, last_error
        FROM inbound AS due
        WHERE state = 'waiting' AND next_at <= $1 AND NOT EXISTS (
            SELECT 1 FROM inbound AS earlier
            WHERE earlier.state = 'waiting' AND earlier.channel = due.channel AND earlier.term = due.term
                AND earlier.id < due.id AND earlier.next_at > $1)
        ORDER BY id LIMIT $2";
    NEXT = "SELECT min(next_at) FROM inbound WHERE state = 'waiting'";
    LIST = "
        SELECT id, channel, request_key, term, n, state, attempts, next_at, received_at, conversation, body, last_error
        FROM inbound
        WHERE channel = $1 AND ($2 = '' OR state = $2) AND id < $3 ORDER BY id DESC LIMIT $4";
    ONE = "
        SELECT id, channel, request_key, term, n, state, attempts, next_at, received_at, conversation, body, last_error
        FROM inbound WHERE id = $1";
    LAST_KEY = "
        SELECT max(request_key) FROM inbound WHERE channel = $1 AND request_key > $2 AND request_key < $3";
    KNOWN = "SELECT count(*) FROM inbound WHERE channel = $1 AND request_key = $2";
    DEPTH = "
        SELECT channel, state, count(*), min(received_at) FROM inbound
        WHERE state IN ('waiting', 'dead') GROUP BY channel, state";
    COUNTED = "
        SELECT channel, count(*) FROM inbound WHERE state = 'done' AND received_at > $1 GROUP BY channel";
}

#[derive(Clone, Debug, PartialEq)]
pub struct Inbound {
    pub id: RecordId,
    pub channel: ChannelId,
    pub key: String,
    pub term: String,
    /// The number of the command that it became.
    pub n: Option<u32>,
    pub state: String,
    pub attempts: u32,
    pub next_at: Option<At>,
    pub received_at: At,
    pub conversation: Option<ConversationId>,
    pub body: String,
    pub last_error: String,
}

/// How many wait or were given up, and since when the oldest.
#[derive(Clone, Debug, PartialEq)]
pub struct Depth {
    pub channel: ChannelId,
    pub state: String,
    pub count: i64,
    pub oldest_at: At,
}

fn stored(row: &Row<'_>) -> Result<Inbound, ReadError> {
    Ok(Inbound {
        id: RecordId(row.get(0)?),
        channel: ChannelId(row.get(1)?),
        key: row.get(2)?,
        term: row.get(3)?,
        n: row.get::<Option<i64>>(4)?.map(|n| n as u32),
        state: row.get(5)?,
        attempts: row.get::<i64>(6)? as u32,
        next_at: row.get(7)?,
        received_at: row.get(8)?,
        conversation: row.get::<Option<i64>>(9)?.map(ConversationId),
        body: row.get(10)?,
        last_error: row.get(11)?,
    })
}

pub(crate) fn depth_row(row: &Row<'_>) -> Result<Depth, ReadError> {
    let (channel, state) = (ChannelId(row.get(0)?), row.get(1)?);
    Ok(Depth { channel, state, count: row.get(2)?, oldest_at: row.get(3)? })
}

/// Something came; a repetition under the same key changes nothing.
pub fn insert(id: RecordId, channel: ChannelId, key: &str, term: &str, body: &str, now: At) -> Statement {
    Statement::new(INSERT, args![id.0, channel.0, key, term, now, body])
}

/// Something came that cannot be understood: it is kept for people, and holds up nothing.
pub fn quarantine(id: RecordId, channel: ChannelId, key: &str, body: &str, why: &str, now: At) -> Statement {
    Statement::new(QUARANTINE, args![id.0, channel.0, key, now, body, why])
}

/// Something came that nobody needs to see: why stays on record.
pub fn drop(id: RecordId, channel: ChannelId, key: &str, why: &str, now: At) -> Statement {
    Statement::new(DROP, args![id.0, channel.0, key, now, why])
}

/// It becomes the command of this number; stale when it has one.
pub fn number(id: RecordId, n: u32) -> Statement {
    Statement::guarded(NUMBER, args![id.0, n])
}

pub fn done(id: RecordId, conversation: Option<ConversationId>, now: At) -> Statement {
    Statement::new(DONE, args![id.0, conversation.map(|id| id.0), now])
}

pub fn retry(id: RecordId, next_at: At, error: &str) -> Statement {
    Statement::new(RETRY, args![id.0, next_at, error])
}

/// It waits for something of its own, and that is no try.
pub fn rest(id: RecordId, next_at: At) -> Statement {
    Statement::new(REST, args![id.0, next_at])
}

/// What it waited for is there.
pub fn completed(id: RecordId, body: &str, now: At) -> Statement {
    Statement::new(COMPLETED, args![id.0, body, now])
}

pub fn dead(id: RecordId, error: &str, now: At) -> Statement {
    Statement::new(DEAD, args![id.0, now, error])
}

/// Tried once more by hand; stale when it was not given up, or has no sender that could be answered.
pub fn replay(id: RecordId, now: At) -> Statement {
    Statement::guarded(REPLAY, args![id.0, now])
}

/// What may be handled now, the oldest first.
pub async fn due(db: &Db, now: At, limit: usize) -> Result<Vec<Inbound>, ReadError> {
    db.query(DUE, args![now, limit as i64], stored).await
}

/// When something is due next.
pub async fn next_at(db: &Db) -> Result<Option<At>, ReadError> {
    Ok(db.query_one(NEXT, vec![], |row| row.get(0)).await?.flatten())
}

pub async fn get(db: &Db, id: RecordId) -> Result<Option<Inbound>, ReadError> {
    db.query_one(ONE, args![id.0], stored).await
}

/// Whether something came under this key before.
pub async fn is_known(db: &Db, channel: ChannelId, key: &str) -> Result<bool, ReadError> {
    let count: Option<i64> = db.query_one(KNOWN, args![channel.0, key], |row| row.get(0)).await?;
    Ok(count.is_some_and(|count| count > 0))
}

/// A channel's, newest first; `state` is empty for all.
pub async fn list(
    db: &Db,
    channel: ChannelId,
    state: &str,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<Inbound>, ReadError> {
    let before = page::read_id(cursor)?;
    let items = db.query(LIST, args![channel.0, state, before, limit as i64 + 1], stored).await?;
    Ok(page::cut(items, limit, |last| last.id.to_string()))
}

/// The highest key that begins so.
pub async fn last_key(db: &Db, channel: ChannelId, beginning: &str) -> Result<Option<String>, ReadError> {
    // Keys of this kind go on with digits, and every digit stands before a colon.
    let end = format!("{beginning}:");
    Ok(db.query_one(LAST_KEY, args![channel.0, beginning, end], |row| row.get(0)).await?.flatten())
}

pub async fn depth(db: &Db) -> Result<Vec<Depth>, ReadError> {
    db.query(DEPTH, vec![], depth_row).await
}

/// How many each channel brought into conversations since an instant.
pub async fn counted(db: &Db, since: At) -> Result<Vec<(ChannelId, i64)>, ReadError> {
    db.query(COUNTED, args![since], |row| Ok((ChannelId(row.get(0)?), row.get(1)?))).await
}
