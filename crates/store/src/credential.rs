//! How a person proves who they are. Never part of a record, an event or a log.

use crate::{
    Db, ReadError, Statement,
    sql::sql,
    value::{Row, args},
};
use yingda_core::{At, id::UserId};

sql! {
    INSERT = "
        INSERT INTO credential (account, login, password_hash, totp_step, failed_count, locked_until_at, changed_at)
        VALUES ($1, $2, $3, 0, 0, 0, $4)";
    SET_LOGIN = "UPDATE credential SET login = $2 WHERE account = $1";
    SET_PASSWORD = "
        UPDATE credential SET password_hash = $2, changed_at = $3, failed_count = 0, locked_until_at = 0
        WHERE account = $1";
    SET_TOTP_PENDING = "UPDATE credential SET totp_pending = $2 WHERE account = $1";
    SET_TOTP = "
        UPDATE credential SET totp_secret = $2, totp_pending = NULL, totp_step = $3, changed_at = $4
        WHERE account = $1";
    USE_TOTP = "UPDATE credential SET totp_step = $2 WHERE account = $1 AND totp_step < $2";
    FAILED = "
        UPDATE credential SET failed_count = failed_count + 1,
            locked_until_at = CASE WHEN failed_count + 1 >= $2 THEN $3 ELSE locked_until_at END
        WHERE account = $1";
    SUCCEEDED = "UPDATE credential SET failed_count = 0, locked_until_at = 0 WHERE account = $1";
    OF_LOGIN = "
        SELECT account, login, password_hash, totp_secret, totp_pending, totp_step, failed_count, locked_until_at,
            changed_at
        FROM credential WHERE login = $1";
    OF_ACCOUNT = "
        SELECT account, login, password_hash, totp_secret, totp_pending, totp_step, failed_count, locked_until_at,
            changed_at
        FROM credential WHERE account = $1";
    ANY = "SELECT account FROM credential LIMIT 1";
}

#[derive(Clone, PartialEq)]
pub struct Credential {
    pub user: UserId,
    pub login: String,
    /// As argon2 writes it; empty if no password was set.
    pub password_hash: String,
    pub totp_secret: Option<String>,
    /// Shown to the person, not yet confirmed by a code.
    pub totp_pending: Option<String>,
    /// The last used time step: a code works once.
    pub totp_step: i64,
    pub failed_count: i64,
    pub locked_until_at: At,
    pub changed_at: At,
}

/// Secrets stay out of logs.
impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential")
            .field("user", &self.user)
            .field("login", &self.login)
            .finish_non_exhaustive()
    }
}

fn stored(row: &Row<'_>) -> Result<Credential, ReadError> {
    Ok(Credential {
        user: UserId(row.get(0)?),
        login: row.get(1)?,
        password_hash: row.get(2)?,
        totp_secret: row.get(3)?,
        totp_pending: row.get(4)?,
        totp_step: row.get(5)?,
        failed_count: row.get(6)?,
        locked_until_at: row.get(7)?,
        changed_at: row.get(8)?,
    })
}

/// A new account's; a login that exists is a conflict.
pub fn insert(user: UserId, login: &str, password_hash: &str, now: At) -> Statement {
    Statement::new(INSERT, args![user.0, login, password_hash, now])
}

pub fn set_login(user: UserId, login: &str) -> Statement {
    Statement::guarded(SET_LOGIN, args![user.0, login])
}

/// A new password also ends a lock-out.
pub fn set_password(user: UserId, password_hash: &str, now: At) -> Statement {
    Statement::guarded(SET_PASSWORD, args![user.0, password_hash, now])
}

pub fn set_totp_pending(user: UserId, secret: Option<&str>) -> Statement {
    Statement::guarded(SET_TOTP_PENDING, args![user.0, secret])
}

/// The second factor is on from now, or off.
pub fn set_totp(user: UserId, secret: Option<&str>, step: i64, now: At) -> Statement {
    Statement::guarded(SET_TOTP, args![user.0, secret, step, now])
}

/// A code was used; stale if this or a later one was used before.
pub fn use_totp(user: UserId, step: i64) -> Statement {
    Statement::guarded(USE_TOTP, args![user.0, step])
}

/// One more wrong try; from the `limit`th on it is locked.
pub fn failed(user: UserId, limit: i64, locked_until_at: At) -> Statement {
    Statement::guarded(FAILED, args![user.0, limit, locked_until_at])
}

/// A right sign-in, or an administrator, ends the count and the lock.
pub fn succeeded(user: UserId) -> Statement {
    Statement::guarded(SUCCEEDED, args![user.0])
}

pub async fn of_login(db: &Db, login: &str) -> Result<Option<Credential>, ReadError> {
    db.query_one(OF_LOGIN, args![login], stored).await
}

pub async fn get(db: &Db, user: UserId) -> Result<Option<Credential>, ReadError> {
    db.query_one(OF_ACCOUNT, args![user.0], stored).await
}

/// Whether anybody can sign in; if not, the set-up page is open.
pub async fn any(db: &Db) -> Result<bool, ReadError> {
    Ok(db.query_one(ANY, vec![], |row| row.get::<i64>(0)).await?.is_some())
}
