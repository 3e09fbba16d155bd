//! Messages that nobody asked for: who wants none, and one text to many.

use crate::{
    Db, Page, ReadError, Statement, page,
    sql::sql,
    value::{Row, args},
};
use yingda_core::{At, id::*};

sql! {
    OPT_OUT = "
        INSERT INTO opt_out (kind, term, since_at, why) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    OPT_IN = "DELETE FROM opt_out WHERE kind = $1 AND term = $2";
    OPTED_OUT = "SELECT since_at, why FROM opt_out WHERE kind = $1 AND term = $2";
    PUT = "
        INSERT INTO batch (id, channel, name, body, purpose, author, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    PUT_ONCE = "
        INSERT INTO batch (id, channel, name, body, purpose, author, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT DO NOTHING";
    ONE = "SELECT id, channel, name, body, purpose, author, created_at FROM batch WHERE id = $1";
    LIST = "
        SELECT id, channel, name, body, purpose, author, created_at FROM batch WHERE id < $1 ORDER BY id DESC LIMIT $2";
    STATES = "SELECT state, count(*) FROM outbound WHERE batch = $1 GROUP BY state";
    CANCEL = "UPDATE outbound SET state = 'cancelled', next_at = NULL WHERE batch = $1 AND state = 'waiting'";
    LATELY = "
        SELECT count(*) FROM outbound
        WHERE channel = $1 AND term = $2 AND ended_at > $3 AND batch IS NOT NULL AND state IN ('sent', 'delivered')";
}

#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    pub id: RecordId,
    pub channel: ChannelId,
    pub name: String,
    pub body: String,
    /// It goes only to who agrees to this purpose; empty: to everybody.
    pub purpose: String,
    pub author: Option<UserId>,
    pub created_at: At,
}

fn stored(row: &Row<'_>) -> Result<Batch, ReadError> {
    Ok(Batch {
        id: RecordId(row.get(0)?),
        channel: ChannelId(row.get(1)?),
        name: row.get(2)?,
        body: row.get(3)?,
        purpose: row.get(4)?,
        author: row.get::<Option<i64>>(5)?.map(UserId),
        created_at: row.get(6)?,
    })
}

/// `kind` is `phone` or `email`; the term is normalised.
pub fn opt_out(kind: &str, term: &str, why: &str, now: At) -> Statement {
    Statement::new(OPT_OUT, args![kind, term, now, why])
}

pub fn opt_in(kind: &str, term: &str) -> Statement {
    Statement::new(OPT_IN, args![kind, term])
}

/// Since when they want none, and why.
pub async fn opted_out(db: &Db, kind: &str, term: &str) -> Result<Option<(At, String)>, ReadError> {
    db.query_one(OPTED_OUT, args![kind, term], |row| Ok((row.get(0)?, row.get(1)?))).await
}

pub fn insert(batch: &Batch) -> Statement {
    Statement::new(PUT, row(batch))
}

/// A batch to which messages come one by one; nothing where it exists.
pub fn insert_once(batch: &Batch) -> Statement {
    Statement::new(PUT_ONCE, row(batch))
}

fn row(it: &Batch) -> Vec<crate::Value> {
    args![it.id.0, it.channel.0, &*it.name, &*it.body, &*it.purpose, it.author.map(|id| id.0), it.created_at]
}

/// What has not left yet stays.
pub fn cancel(id: RecordId) -> Statement {
    Statement::new(CANCEL, args![id.0])
}

pub async fn get(db: &Db, id: RecordId) -> Result<Option<Batch>, ReadError> {
    db.query_one(ONE, args![id.0], stored).await
}

/// The newest first.
pub async fn list(db: &Db, cursor: Option<&str>, limit: usize) -> Result<Page<Batch>, ReadError> {
    let items = db.query(LIST, args![page::read_id(cursor)?, limit as i64 + 1], stored).await?;
    Ok(page::cut(items, limit, |last| last.id.to_string()))
}

/// How many of a batch are in each state.
pub async fn states(db: &Db, id: RecordId) -> Result<Vec<(String, i64)>, ReadError> {
    db.query(STATES, args![id.0], |row| Ok((row.get(0)?, row.get(1)?))).await
}

/// How many messages of batches a number got by a channel since an instant.
pub async fn lately(db: &Db, channel: ChannelId, term: &str, since: At) -> Result<i64, ReadError> {
    let found = db.query_one(LATELY, args![channel.0, term, since], |row| row.get(0)).await?;
    Ok(found.unwrap_or_default())
}
