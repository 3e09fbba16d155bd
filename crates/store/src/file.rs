//! Uploaded files: what lies behind an id, and who may be asked for it.

use crate::{
    Db, ReadError, Statement,
    sql::sql,
    value::{Row, args},
};
use yingda_core::{At, id::*};

sql! {
    INSERT = "
        INSERT INTO file (id, hash, size, mime, name, conversation, visitor, account, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    ATTACH = "UPDATE file SET conversation = $2 WHERE id = $1 AND conversation IS NULL";
    DELETE = "UPDATE file SET deleted_at = $2 WHERE id = $1 AND deleted_at IS NULL";
    ONE = "
        SELECT id, hash, size, mime, name, conversation, visitor, account, created_at FROM file
        WHERE id = $1 AND deleted_at IS NULL";
    HAS_HASH = "SELECT id FROM file WHERE hash = $1 AND deleted_at IS NULL LIMIT 1";
}

#[derive(Clone, Debug, PartialEq)]
pub struct StoredFile {
    pub id: FileId,
    /// Hex of the content's SHA-256: the name in the file store.
    pub hash: String,
    pub size: u64,
    pub mime: String,
    pub name: String,
    pub conversation: Option<ConversationId>,
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
        conversation: row.get::<Option<i64>>(5)?.map(ConversationId),
        visitor: row.get::<Option<i64>>(6)?.map(VisitorId),
        user: row.get::<Option<i64>>(7)?.map(UserId),
        created_at: row.get(8)?,
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
            file.conversation.map(|id| id.0),
            file.visitor.map(|id| id.0),
            file.user.map(|id| id.0),
            file.created_at,
        ],
    )
}

/// The file was posted in a conversation; the first one keeps it.
pub fn attach(id: FileId, conversation: ConversationId) -> Statement {
    Statement::new(ATTACH, args![id.0, conversation.0])
}

pub fn delete(id: FileId, now: At) -> Statement {
    Statement::guarded(DELETE, args![id.0, now])
}

pub async fn get(db: &Db, id: FileId) -> Result<Option<StoredFile>, ReadError> {
    db.query_one(ONE, args![id.0], stored).await
}

/// Whether any row still names this content; a sweep may remove it if not.
pub async fn is_used(db: &Db, hash: &str) -> Result<bool, ReadError> {
    Ok(db.query_one(HAS_HASH, args![hash], |row| row.get::<i64>(0)).await?.is_some())
}
