//! Answers that were given, so that a repeated request gets the same one and has no second effect.

use crate::{Db, ReadError, Statement, sql::sql, value::args};
use yingda_core::At;

sql! {
    INSERT = "
        INSERT INTO idempotency (actor, request_key, request_hash, status, body, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    ONE = "
        SELECT request_hash, status, body FROM idempotency
        WHERE actor = $1 AND request_key = $2 AND expires_at > $3";
    EXPIRE = "DELETE FROM idempotency WHERE expires_at <= $1";
}

#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    pub request_hash: Vec<u8>,
    pub status: u16,
    pub body: Vec<u8>,
}

/// Keeps an answer; a conflict if the key was answered meanwhile.
pub fn insert(actor: &str, key: &str, answered: &Answered, expires_at: At) -> Statement {
    let Answered { request_hash, status, body } = answered;
    Statement::new(INSERT, args![actor, key, &**request_hash, *status, &**body, expires_at])
}

pub fn expire(now: At) -> Statement {
    Statement::new(EXPIRE, args![now])
}

pub async fn get(db: &Db, actor: &str, key: &str, now: At) -> Result<Option<Answered>, ReadError> {
    db.query_one(ONE, args![actor, key, now], |row| {
        Ok(Answered { request_hash: row.get(0)?, status: row.get::<i64>(1)? as u16, body: row.get(2)? })
    })
    .await
}
