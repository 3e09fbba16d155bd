//! The other ends of channels, and which visitor each is.

use crate::{
    Db, ReadError, Statement,
    sql::sql,
    value::{Row, args},
};
use yingda_core::{At, id::*};

sql! {
    INSERT = "
        INSERT INTO address (channel, term, visitor, label, last_n) VALUES ($1, $2, $3, $4, 0)
        ON CONFLICT DO NOTHING";
    NUMBERED = "UPDATE address SET last_n = $3, heard_at = $4 WHERE channel = $1 AND term = $2 AND last_n < $3";
    ONE = "SELECT channel, term, visitor, label, last_n, heard_at FROM address WHERE channel = $1 AND term = $2";
    OF_VISITOR = "
        SELECT channel, term, visitor, label, last_n, heard_at FROM address WHERE visitor = $1
        ORDER BY channel, term LIMIT 10";
    OF_CUSTOMER = "
        SELECT a.channel, a.term, a.visitor, a.label, a.last_n, a.heard_at
        FROM visitor AS v JOIN address AS a ON a.visitor = v.id
        WHERE v.customer = $1 ORDER BY a.heard_at DESC LIMIT 50";
    UNION = "SELECT union_id FROM address WHERE channel = $1 AND term = $2";
    PUT_UNION = "UPDATE address SET union_id = $3 WHERE channel = $1 AND term = $2";
    OF_UNION = "
        SELECT DISTINCT v.customer FROM address AS a JOIN visitor AS v ON v.id = a.visitor
        WHERE a.union_id = $1 AND v.customer IS NOT NULL ORDER BY v.customer LIMIT 10";
    PUT_THREAD = "
        INSERT INTO mail_thread (channel, message_id, term) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    MOVE_THREAD = "
        INSERT INTO mail_thread (channel, message_id, term) VALUES ($1, $2, $3)
        ON CONFLICT (channel, message_id) DO UPDATE SET term = excluded.term";
    JOIN_THREADS = "
        UPDATE mail_thread SET term = (SELECT min(b.term) FROM address AS b WHERE b.channel = $1 AND b.visitor = $3)
        WHERE channel = $1 AND term IN (SELECT a.term FROM address AS a WHERE a.channel = $1 AND a.visitor = $2)
            AND EXISTS (SELECT 1 FROM address AS b WHERE b.channel = $1 AND b.visitor = $3)";
    JOIN_TOKENS = "
        INSERT INTO mail_thread (channel, message_id, term)
        SELECT a.channel, '<#' || a.term, min(b.term) FROM address AS a JOIN address AS b ON b.channel = a.channel
        WHERE a.channel = $1 AND a.visitor = $2 AND b.visitor = $3 GROUP BY a.channel, a.term
        ON CONFLICT (channel, message_id) DO UPDATE SET term = excluded.term";
    JOIN_HEADS = "
        INSERT INTO mail_head (channel, term, body)
        SELECT a.channel, min(b.term), min(h.body) FROM address AS a
            JOIN mail_head AS h ON h.channel = a.channel AND h.term = a.term
            JOIN address AS b ON b.channel = a.channel
        WHERE a.channel = $1 AND a.visitor = $2 AND b.visitor = $3 GROUP BY a.channel
        ON CONFLICT (channel, term) DO UPDATE SET body = excluded.body";
    THREAD = "SELECT term FROM mail_thread WHERE channel = $1 AND message_id = $2";
    PUT_HEAD = "
        INSERT INTO mail_head (channel, term, body) VALUES ($1, $2, $3)
        ON CONFLICT (channel, term) DO UPDATE SET body = excluded.body";
    HEAD = "SELECT body FROM mail_head WHERE channel = $1 AND term = $2";
}

#[derive(Clone, Debug, PartialEq)]
pub struct Address {
    pub channel: ChannelId,
    pub term: String,
    pub visitor: VisitorId,
    pub label: String,
    pub last_n: u32,
    pub heard_at: Option<At>,
}

fn stored(row: &Row<'_>) -> Result<Address, ReadError> {
    Ok(Address {
        channel: ChannelId(row.get(0)?),
        term: row.get(1)?,
        visitor: VisitorId(row.get(2)?),
        label: row.get(3)?,
        last_n: row.get::<i64>(4)? as u32,
        heard_at: row.get(5)?,
    })
}

pub fn insert(channel: ChannelId, term: &str, visitor: VisitorId, label: &str) -> Statement {
    Statement::new(INSERT, args![channel.0, term, visitor.0, label])
}

/// A message from it got this number, which is the last one plus one; stale when another got it first.
pub fn numbered(channel: ChannelId, term: &str, n: u32, now: At) -> Statement {
    Statement::guarded(NUMBERED, args![channel.0, term, n, now])
}

pub async fn get(db: &Db, channel: ChannelId, term: &str) -> Result<Option<Address>, ReadError> {
    db.query_one(ONE, args![channel.0, term], stored).await
}

pub async fn of_visitor(db: &Db, visitor: VisitorId) -> Result<Vec<Address>, ReadError> {
    db.query(OF_VISITOR, args![visitor.0], stored).await
}

/// All ends at which a customer wrote or was written to, the latest first.
pub async fn of_customer(db: &Db, customer: CustomerId) -> Result<Vec<Address>, ReadError> {
    db.query(OF_CUSTOMER, args![customer.0], stored).await
}

/// The platform's id of the person who writes from there, whichever of the company's accounts they write to.
pub async fn union(db: &Db, channel: ChannelId, term: &str) -> Result<Option<String>, ReadError> {
    Ok(db.query_one(UNION, args![channel.0, term], |row| row.get(0)).await?.flatten())
}

pub fn put_union(channel: ChannelId, term: &str, union: &str) -> Statement {
    Statement::new(PUT_UNION, args![channel.0, term, union])
}

/// The customers behind a person's accounts.
pub async fn of_union(db: &Db, union: &str) -> Result<Vec<CustomerId>, ReadError> {
    db.query(OF_UNION, args![union], |row| Ok(CustomerId(row.get(0)?))).await
}

/// A mail with this Message-ID belongs to a thread.
pub fn put_thread(channel: ChannelId, message_id: &str, term: &str) -> Statement {
    Statement::new(PUT_THREAD, args![channel.0, message_id, term])
}

/// A mail belongs to this thread from now on, whichever it belonged to.
pub fn move_thread(channel: ChannelId, message_id: &str, term: &str) -> Statement {
    Statement::new(MOVE_THREAD, args![channel.0, message_id, term])
}

/// What answers a visitor's thread belongs to another's: by the mails that it names, and by the token that it carries.
pub fn join_threads(
    channel: ChannelId,
    from: VisitorId,
    into: VisitorId,
    from_is_later: bool,
) -> Vec<Statement> {
    let all = [JOIN_THREADS, JOIN_TOKENS].into_iter().chain(from_is_later.then_some(JOIN_HEADS));
    all.map(|sql| Statement::new(sql, args![channel.0, from.0, into.0])).collect()
}

/// Where a thread leads that was joined to another. What it is kept under is no Message-ID that anybody could send.
pub async fn joined_thread(db: &Db, channel: ChannelId, term: &str) -> Result<Option<String>, ReadError> {
    thread(db, channel, &format!("<#{term}")).await
}

pub async fn thread(db: &Db, channel: ChannelId, message_id: &str) -> Result<Option<String>, ReadError> {
    db.query_one(THREAD, args![channel.0, message_id], |row| row.get(0)).await
}

/// The last mail from outside in a thread, as the connector writes it.
pub fn put_head(channel: ChannelId, term: &str, body: &str) -> Statement {
    Statement::new(PUT_HEAD, args![channel.0, term, body])
}

pub async fn head(db: &Db, channel: ChannelId, term: &str) -> Result<Option<String>, ReadError> {
    db.query_one(HEAD, args![channel.0, term], |row| row.get(0)).await
}
