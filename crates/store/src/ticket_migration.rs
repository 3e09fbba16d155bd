//! Running tickets on their way to another version of their kind.

use crate::{
    Db, ReadError, Statement,
    sql::sql,
    value::{Row, args},
};
use yingda_core::{At, id::*, ticket::TicketMapping};

sql! {
    /// Stale while one of the same kind runs.
    PUT = "
        INSERT INTO ticket_migration (id, of_type, author, before_kind, after_kind, mapping, after_id, passed, total,
            started_at)
        SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), CAST($3 AS BIGINT), CAST($4 AS BIGINT), CAST($5 AS BIGINT),
            CAST($6 AS TEXT), 0, 0, CAST($7 AS BIGINT), CAST($8 AS BIGINT)
        WHERE NOT EXISTS (SELECT 1 FROM ticket_migration WHERE of_type = $2 AND ended_at IS NULL)";
    /// Stale where another node goes on with it.
    PASS = "
        UPDATE ticket_migration SET after_id = $3, passed = passed + $4
        WHERE id = $1 AND after_id = $2 AND ended_at IS NULL";
    END = "UPDATE ticket_migration SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL";
    RUNNING = "
        SELECT id, of_type, author, before_kind, after_kind, mapping, after_id, passed, total, started_at, ended_at
        FROM ticket_migration WHERE ended_at IS NULL ORDER BY id LIMIT 1";
    LAST = "
        SELECT id, of_type, author, before_kind, after_kind, mapping, after_id, passed, total, started_at, ended_at
        FROM ticket_migration WHERE of_type = $1 ORDER BY id DESC LIMIT 1";
}

#[derive(Clone, Debug, PartialEq)]
pub struct Migration {
    pub id: RecordId,
    pub of: TicketTypeId,
    pub author: Option<UserId>,
    pub before_kind: i64,
    pub after_kind: i64,
    pub mapping: TicketMapping,
    /// The last ticket that was looked at.
    pub after: TicketId,
    /// Tickets that went over.
    pub passed: u64,
    pub total: u64,
    pub started_at: At,
    pub ended_at: Option<At>,
}

fn stored(row: &Row<'_>) -> Result<Migration, ReadError> {
    Ok(Migration {
        id: RecordId(row.get(0)?),
        of: TicketTypeId(row.get(1)?),
        author: row.get::<Option<i64>>(2)?.map(UserId),
        before_kind: row.get(3)?,
        after_kind: row.get(4)?,
        mapping: row.json(5)?,
        after: TicketId(row.get(6)?),
        passed: row.get::<i64>(7)? as u64,
        total: row.get::<i64>(8)? as u64,
        started_at: row.get(9)?,
        ended_at: row.get(10)?,
    })
}

pub fn insert(it: &Migration) -> Statement {
    let mapping = serde_json::to_string(&it.mapping).expect("keys have a JSON form");
    Statement::guarded(
        PUT,
        args![
            it.id.0,
            it.of.0,
            it.author.map(|id| id.0),
            it.before_kind,
            it.after_kind,
            mapping,
            it.total as i64,
            it.started_at,
        ],
    )
}

pub fn pass(it: &Migration, to: TicketId, by: usize) -> Statement {
    Statement::guarded(PASS, args![it.id.0, it.after.0, to.0, by as i64])
}

pub fn end(id: RecordId, now: At) -> Statement {
    Statement::guarded(END, args![id.0, now])
}

/// The oldest that goes on.
pub async fn running(db: &Db) -> Result<Option<Migration>, ReadError> {
    db.query_one(RUNNING, args![], stored).await
}

/// The last one of a kind.
pub async fn last(db: &Db, of: TicketTypeId) -> Result<Option<Migration>, ReadError> {
    db.query_one(LAST, args![of.0], stored).await
}
