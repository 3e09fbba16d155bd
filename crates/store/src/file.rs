//! Uploaded files: what lies behind an id, and who may be asked for it.

use crate::{
    Db, ReadError, Statement,
    sql::sql,
    value::{Row, args},
};
use yingda_core::{At, id::*};

sql! {
    INSERT = "
        INSERT INTO file (id, hash, size, mime, name, visitor, account, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    ATTACH = "
        INSERT INTO file_use (file, conversation) SELECT id, CAST($2 AS BIGINT) FROM file WHERE id = $1
        ON CONFLICT DO NOTHING";
    ATTACH_TO_TICKET = "
        INSERT INTO ticket_file (file, ticket) SELECT id, CAST($2 AS BIGINT) FROM file WHERE id = $1
        ON CONFLICT DO NOTHING";
    TICKETS = "SELECT ticket FROM ticket_file WHERE file = $1 ORDER BY ticket DESC LIMIT 100";
    ONE = "SELECT id, hash, size, mime, name, visitor, account, created_at FROM file WHERE id = $1";
    OF_TICKET = "
        SELECT f.id, f.hash, f.size, f.mime, f.name, f.visitor, f.account, f.created_at
        FROM ticket_file AS t JOIN file AS f ON f.id = t.file WHERE t.ticket = $1 ORDER BY f.id LIMIT 500";
    USES = "SELECT conversation FROM file_use WHERE file = $1 ORDER BY conversation DESC LIMIT 100";
    HAS_HASH = "SELECT id FROM file WHERE hash = $1 LIMIT 1";
    /// A record names a file by its id, as in a profile's picture; so does what has not come in yet.
    STRAY = "
        SELECT f.id, f.hash FROM file AS f
        WHERE f.id > $1 AND f.created_at < $2
            AND NOT EXISTS (SELECT 1 FROM file_use AS u WHERE u.file = f.id)
            AND NOT EXISTS (SELECT 1 FROM ticket_file AS t WHERE t.file = f.id)
            AND NOT EXISTS (
                SELECT 1 FROM customer_value AS c WHERE c.field = '@file' AND c.term = CAST(f.id AS TEXT))
            AND NOT EXISTS (SELECT 1 FROM record AS r WHERE r.body LIKE '%' || f.id || '%')
            AND NOT EXISTS (SELECT 1 FROM flow_version AS v WHERE v.body LIKE '%' || f.id || '%')
            AND NOT EXISTS (SELECT 1 FROM inbound AS i WHERE i.state <> 'done' AND i.body LIKE '%' || f.id || '%')
        ORDER BY f.id LIMIT $3";
    FORGET = "
        DELETE FROM file WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM file_use AS u WHERE u.file = file.id)
            AND NOT EXISTS (SELECT 1 FROM ticket_file AS t WHERE t.file = file.id)";
}

#[derive(Clone, Debug, PartialEq)]
pub struct StoredFile {
    pub id: FileId,
    /// Hex of the content's SHA-256: the name in the file store.
    pub hash: String,
    pub size: u64,
    pub mime: String,
    pub name: String,
    /// Who uploaded it.
    pub visitor: Option<VisitorId>,
    pub user: Option<UserId>,
    pub created_at: At,
}

fn stored(row: &Row<'_>) -> Result<StoredFile, ReadError> {
    Ok(StoredFile {
        id: FileId(row.get(0)?),
        hash: row.get(1)?,
        size: row.get::<i64>(2)? as u64,
        mime: row.get(3)?,
        name: row.get(4)?,
        visitor: row.get::<Option<i64>>(5)?.map(VisitorId),
        user: row.get::<Option<i64>>(6)?.map(UserId),
        created_at: row.get(7)?,
    })
}

pub fn insert(file: &StoredFile) -> Statement {
    Statement::new(
        INSERT,
        args![
            file.id.0,
            &*file.hash,
            file.size,
            &*file.mime,
            &*file.name,
            file.visitor.map(|id| id.0),
            file.user.map(|id| id.0),
            file.created_at,
        ],
    )
}

/// The file was posted in a conversation: its people may read it from here on.
pub fn attach(id: FileId, conversation: ConversationId) -> Statement {
    Statement::new(ATTACH, args![id.0, conversation.0])
}

/// The file belongs to a ticket: who may read that may read it from here on.
pub fn attach_to_ticket(id: FileId, ticket: TicketId) -> Statement {
    Statement::new(ATTACH_TO_TICKET, args![id.0, ticket.0])
}

/// A file that nobody refers to is forgotten; stale when it was posted meanwhile.
pub fn forget(id: FileId) -> Statement {
    Statement::guarded(FORGET, args![id.0])
}

pub async fn get(db: &Db, id: FileId) -> Result<Option<StoredFile>, ReadError> {
    db.query_one(ONE, args![id.0], stored).await
}

/// The files of a ticket, in the order in which they came.
pub async fn of_ticket(db: &Db, ticket: TicketId) -> Result<Vec<StoredFile>, ReadError> {
    db.query(OF_TICKET, args![ticket.0], stored).await
}

/// Conversations in which it was posted, the latest first.
pub async fn uses(db: &Db, id: FileId) -> Result<Vec<ConversationId>, ReadError> {
    db.query(USES, args![id.0], |row| Ok(ConversationId(row.get(0)?))).await
}

/// Tickets to which it belongs, the latest first.
pub async fn tickets(db: &Db, id: FileId) -> Result<Vec<TicketId>, ReadError> {
    db.query(TICKETS, args![id.0], |row| Ok(TicketId(row.get(0)?))).await
}

/// Files older than an instant to which nothing refers, by id from after this one, each with its content's hash.
pub async fn stray(
    db: &Db,
    after: FileId,
    until: At,
    limit: usize,
) -> Result<Vec<(FileId, String)>, ReadError> {
    db.query(STRAY, args![after.0, until, limit as i64], |row| Ok((FileId(row.get(0)?), row.get(1)?))).await
}

/// Whether any row still names this content; a sweep may remove it if not.
pub async fn is_used(db: &Db, hash: &str) -> Result<bool, ReadError> {
    Ok(db.query_one(HAS_HASH, args![hash], |row| row.get::<i64>(0)).await?.is_some())
}
