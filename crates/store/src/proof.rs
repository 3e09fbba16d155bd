//! One-time codes, and the contact points that were proven with them.

use crate::{
    Db, ReadError, Statement,
    sql::sql,
    value::{Row, args, word},
};
use yingda_core::{At, id::*, proof::Point};

sql! {
    PUT = "
        INSERT INTO one_time_code (id, kind, term, label, conversation, customer, hash, slot, tries, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10) ON CONFLICT DO NOTHING";
    LATEST = "
        SELECT id, kind, term, label, conversation, customer, hash, tries, created_at, expires_at, used_at
        FROM one_time_code WHERE conversation = $1 ORDER BY id DESC LIMIT 1";
    TO_POINT = "
        SELECT count(*), max(created_at) FROM one_time_code WHERE kind = $1 AND term = $2 AND created_at > $3";
    FROM_CONVERSATION = "
        SELECT count(*), max(created_at) FROM one_time_code WHERE conversation = $1 AND created_at > $2";
    TRY = "
        UPDATE one_time_code SET tries = tries + 1 WHERE id = $1 AND tries = $2 AND used_at IS NULL";
    USE = "UPDATE one_time_code SET used_at = $2 WHERE id = $1 AND used_at IS NULL";
    FORGET = "DELETE FROM one_time_code WHERE created_at < $1";
    PROVE = "
        INSERT INTO proven_point (customer, kind, term, verified_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (customer, kind, term) DO UPDATE SET verified_at = excluded.verified_at";
    PROVEN = "SELECT kind, term, verified_at FROM proven_point WHERE customer = $1 ORDER BY kind, term LIMIT 100";
}

#[derive(Clone, Debug, PartialEq)]
pub struct Code {
    pub id: RecordId,
    pub point: Point,
    pub term: String,
    /// As it was written: only ever shown masked.
    pub label: String,
    pub conversation: ConversationId,
    pub customer: Option<CustomerId>,
    pub hash: Vec<u8>,
    pub tries: u8,
    pub created_at: At,
    pub expires_at: At,
    pub used_at: Option<At>,
}

fn stored(row: &Row<'_>) -> Result<Code, ReadError> {
    Ok(Code {
        id: RecordId(row.get(0)?),
        point: row.word(1)?,
        term: row.get(2)?,
        label: row.get(3)?,
        conversation: ConversationId(row.get(4)?),
        customer: row.get::<Option<i64>>(5)?.map(CustomerId),
        hash: row.get(6)?,
        tries: row.get::<i64>(7)? as u8,
        created_at: row.get(8)?,
        expires_at: row.get(9)?,
        used_at: row.get(10)?,
    })
}

/// A fresh code; stale when another left for the same place in the same slot of time.
pub fn insert(code: &Code, slot: i64) -> Statement {
    let it = code;
    let args = args![
        it.id.0,
        word(it.point),
        &*it.term,
        &*it.label,
        it.conversation.0,
        it.customer.map(|id| id.0),
        &*it.hash,
        slot,
        it.created_at,
        it.expires_at,
    ];
    Statement::guarded(PUT, args)
}

/// A try is counted before it is looked at; stale when another was counted since `tries` was read.
pub fn tried(id: RecordId, tries: u8) -> Statement {
    Statement::guarded(TRY, args![id.0, tries])
}

/// It was said back; stale when it was before.
pub fn used(id: RecordId, now: At) -> Statement {
    Statement::guarded(USE, args![id.0, now])
}

pub fn forget(before: At) -> Statement {
    Statement::new(FORGET, args![before])
}

pub fn proven(customer: CustomerId, point: Point, term: &str, now: At) -> Statement {
    Statement::new(PROVE, args![customer.0, word(point), term, now])
}

/// The last code of a conversation.
pub async fn latest(db: &Db, conversation: ConversationId) -> Result<Option<Code>, ReadError> {
    db.query_one(LATEST, args![conversation.0], stored).await
}

/// How many codes left lately, and when the last one did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lately {
    pub count: i64,
    pub last_at: Option<At>,
}

fn lately(row: &Row<'_>) -> Result<Lately, ReadError> {
    Ok(Lately { count: row.get(0)?, last_at: row.get(1)? })
}

pub async fn lately_to(db: &Db, point: Point, term: &str, since: At) -> Result<Lately, ReadError> {
    Ok(db.query_one(TO_POINT, args![word(point), term, since], lately).await?.unwrap_or_default())
}

pub async fn lately_from(db: &Db, conversation: ConversationId, since: At) -> Result<Lately, ReadError> {
    Ok(db.query_one(FROM_CONVERSATION, args![conversation.0, since], lately).await?.unwrap_or_default())
}

/// What a customer proved to be theirs, and when last.
pub async fn of_customer(db: &Db, customer: CustomerId) -> Result<Vec<(Point, String, At)>, ReadError> {
    db.query(PROVEN, args![customer.0], |row| Ok((row.word(0)?, row.get(1)?, row.get(2)?))).await
}
