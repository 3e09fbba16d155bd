//! What a person set for themself: language, theme, sounds, keys.

use crate::{Db, ReadError, Statement, sql::sql, value::args};
use yingda_core::id::UserId;

sql! {
    PUT = "
        INSERT INTO preference (account, body) VALUES ($1, $2)
        ON CONFLICT (account) DO UPDATE SET body = excluded.body";
    ONE = "SELECT body FROM preference WHERE account = $1";
}

pub fn put(user: UserId, body: &serde_json::Value) -> Statement {
    Statement::new(PUT, args![user.0, body.to_string()])
}

pub async fn get(db: &Db, user: UserId) -> Result<Option<serde_json::Value>, ReadError> {
    db.query_one(ONE, args![user.0], |row| row.json(0)).await
}
