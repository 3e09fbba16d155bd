//! How far each reader of the event log has come: jobs, webhooks, reports.

use crate::{Db, ReadError, Statement, event::SITE, sql::sql, value::args};

sql! {
    BEGIN = "INSERT INTO reader (site, name, reached_seq) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    ADVANCE = "UPDATE reader SET reached_seq = $4 WHERE site = $1 AND name = $2 AND reached_seq = $3";
    REACHED = "SELECT reached_seq FROM reader WHERE site = $1 AND name = $2";
}

/// The position a reader has come to; `None` if it never began.
pub async fn reached(db: &Db, name: &str) -> Result<Option<u64>, ReadError> {
    db.query_one(REACHED, args![SITE, name], |row| Ok(row.get::<i64>(0)? as u64)).await
}

/// A new reader begins at this position; one that exists stays where it is.
pub fn begin(name: &str, at: u64) -> Statement {
    Statement::new(BEGIN, args![SITE, name, at])
}

/// Moves on, together with what the events caused; stale if another one moved first.
pub fn advance(name: &str, from: u64, to: u64) -> Statement {
    Statement::guarded(ADVANCE, args![SITE, name, from, to])
}
