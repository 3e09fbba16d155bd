//! Who is signed in to the customer portal.

use crate::{Db, ReadError, Statement, sql::sql, value::args};
use yingda_core::{At, id::CustomerId};

sql! {
    INSERT = "INSERT INTO portal_session (token_hash, customer, created_at, expires_at) VALUES ($1, $2, $3, $4)";
    ONE = "SELECT customer FROM portal_session WHERE token_hash = $1 AND expires_at > $2";
    END = "DELETE FROM portal_session WHERE token_hash = $1";
    EXPIRE = "DELETE FROM portal_session WHERE expires_at <= $1";
}

pub fn insert(token_hash: &[u8; 32], customer: CustomerId, now: At, expires_at: At) -> Statement {
    Statement::new(INSERT, args![token_hash.to_vec(), customer.0, now, expires_at])
}

pub fn end(token_hash: &[u8; 32]) -> Statement {
    Statement::new(END, args![token_hash.to_vec()])
}

pub fn expire(now: At) -> Statement {
    Statement::new(EXPIRE, args![now])
}

pub async fn who(db: &Db, token_hash: &[u8; 32], now: At) -> Result<Option<CustomerId>, ReadError> {
    db.query_one(ONE, args![token_hash.to_vec(), now], |row| Ok(CustomerId(row.get(0)?))).await
}
