//! What a channel keeps beside its record: sealed secrets, and how far it has read outside.

use crate::{Db, ReadError, Statement, sql::sql, value::args};
use yingda_core::id::ChannelId;

sql! {
    PUT_SECRET = "
        INSERT INTO channel_secret (channel, name, sealed) VALUES ($1, $2, $3)
        ON CONFLICT (channel, name) DO UPDATE SET sealed = excluded.sealed";
    SECRETS = "SELECT name, sealed FROM channel_secret WHERE channel = $1 ORDER BY name";
    PUT_MARK = "
        INSERT INTO channel_mark (channel, name, body) VALUES ($1, $2, $3)
        ON CONFLICT (channel, name) DO UPDATE SET body = excluded.body";
    MARK = "SELECT body FROM channel_mark WHERE channel = $1 AND name = $2";
}

pub fn put_secret(channel: ChannelId, name: &str, sealed: &[u8]) -> Statement {
    Statement::new(PUT_SECRET, args![channel.0, name, sealed])
}

/// All of a channel's secrets, sealed, by name.
pub async fn secrets(db: &Db, channel: ChannelId) -> Result<Vec<(String, Vec<u8>)>, ReadError> {
    db.query(SECRETS, args![channel.0], |row| Ok((row.get(0)?, row.get(1)?))).await
}

pub fn put_mark(channel: ChannelId, name: &str, body: &str) -> Statement {
    Statement::new(PUT_MARK, args![channel.0, name, body])
}

pub async fn mark(db: &Db, channel: ChannelId, name: &str) -> Result<Option<String>, ReadError> {
    db.query_one(MARK, args![channel.0, name], |row| row.get(0)).await
}
