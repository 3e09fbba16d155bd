//! Keys of programs. The store knows only a key's hash.

use crate::{
    Db, ReadError, Statement,
    sql::sql,
    value::{Row, args},
};
use yingda_core::{At, access::Action, id::ApiKeyId};

sql! {
    INSERT = "
        INSERT INTO api_key (id, name, prefix, secret_hash, actions, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    REVOKE = "UPDATE api_key SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
    USED = "UPDATE api_key SET last_used_at = $2 WHERE id = $1";
    OF_SECRET = "
        SELECT id, name, prefix, actions, created_at, last_used_at, expires_at, revoked_at FROM api_key
        WHERE secret_hash = $1";
    EVERY = "
        SELECT id, name, prefix, actions, created_at, last_used_at, expires_at, revoked_at FROM api_key
        ORDER BY id DESC";
}

#[derive(Clone, Debug, PartialEq)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub name: String,
    /// The first characters, to tell keys apart.
    pub prefix: String,
    pub actions: Vec<Action>,
    pub created_at: At,
    pub last_used_at: Option<At>,
    pub expires_at: Option<At>,
    pub revoked_at: Option<At>,
}

impl ApiKey {
    pub fn is_valid(&self, now: At) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|at| at > now)
    }
}

fn stored(row: &Row<'_>) -> Result<ApiKey, ReadError> {
    Ok(ApiKey {
        id: ApiKeyId(row.get(0)?),
        name: row.get(1)?,
        prefix: row.get(2)?,
        actions: row.json(3)?,
        created_at: row.get(4)?,
        last_used_at: row.get(5)?,
        expires_at: row.get(6)?,
        revoked_at: row.get(7)?,
    })
}

pub fn insert(key: &ApiKey, secret_hash: &[u8; 32]) -> Statement {
    let actions = serde_json::to_string(&key.actions).expect("a list of names has a JSON form");
    let id = key.id.0;
    let args = args![id, &*key.name, &*key.prefix, &secret_hash[..], actions, key.created_at, key.expires_at];
    Statement::new(INSERT, args)
}

pub fn revoke(id: ApiKeyId, now: At) -> Statement {
    Statement::guarded(REVOKE, args![id.0, now])
}

pub fn used(id: ApiKeyId, now: At) -> Statement {
    Statement::new(USED, args![id.0, now])
}

/// The key with this secret, whether valid or not.
pub async fn of_secret(db: &Db, secret_hash: &[u8; 32]) -> Result<Option<ApiKey>, ReadError> {
    db.query_one(OF_SECRET, args![&secret_hash[..]], stored).await
}

pub async fn all(db: &Db) -> Result<Vec<ApiKey>, ReadError> {
    db.query(EVERY, vec![], stored).await
}
