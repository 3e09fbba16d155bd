//! Sign-ins that are open. The store knows only a token's hash.

use crate::{
    Db, ReadError, Statement,
    sql::sql,
    value::{Row, args},
};
use yingda_core::{At, id::UserId};

sql! {
    INSERT = "
        INSERT INTO session (token_hash, account, created_at, seen_at, expires_at, ip, browser, vouched)
        VALUES ($1, $2, $3, $3, $4, $5, $6, $7)";
    SEEN = "UPDATE session SET seen_at = $2, expires_at = $3 WHERE token_hash = $1";
    END = "DELETE FROM session WHERE token_hash = $1";
    END_ALL_OF = "DELETE FROM session WHERE account = $1 AND token_hash <> $2";
    EXPIRE = "DELETE FROM session WHERE expires_at <= $1";
    ONE = "
        SELECT token_hash, account, created_at, seen_at, expires_at, ip, browser, vouched FROM session
        WHERE token_hash = $1 AND expires_at > $2";
    OPEN = "
        SELECT s.token_hash, s.account, s.created_at, s.seen_at, s.expires_at, s.ip, s.browser, s.vouched,
            c.totp_secret IS NOT NULL
        FROM session s LEFT JOIN credential c ON c.account = s.account WHERE s.expires_at > $1";
    OF_ACCOUNT = "
        SELECT token_hash, account, created_at, seen_at, expires_at, ip, browser, vouched FROM session
        WHERE account = $1 AND expires_at > $2 ORDER BY created_at DESC";
}

#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    pub token_hash: [u8; 32],
    pub user: UserId,
    pub created_at: At,
    pub seen_at: At,
    pub expires_at: At,
    pub ip: String,
    pub browser: String,
    /// An identity provider opened it, and asked for a second factor by its own rules.
    pub vouched: bool,
}

fn stored(row: &Row<'_>) -> Result<Session, ReadError> {
    let hash: Vec<u8> = row.get(0)?;
    Ok(Session {
        token_hash: hash
            .try_into()
            .map_err(|_| ReadError::Failed("a session's hash is not 32 bytes".into()))?,
        user: UserId(row.get(1)?),
        created_at: row.get(2)?,
        seen_at: row.get(3)?,
        expires_at: row.get(4)?,
        ip: row.get(5)?,
        browser: row.get(6)?,
        vouched: row.get(7)?,
    })
}

pub fn insert(session: &Session) -> Statement {
    let Session { token_hash, user, created_at, expires_at, ip, browser, vouched, .. } = session;
    let args = args![&token_hash[..], user.0, *created_at, *expires_at, &**ip, &**browser, *vouched];
    Statement::new(INSERT, args)
}

/// It was used: it lives on.
pub fn seen(token_hash: &[u8; 32], now: At, expires_at: At) -> Statement {
    Statement::new(SEEN, args![&token_hash[..], now, expires_at])
}

pub fn end(token_hash: &[u8; 32]) -> Statement {
    Statement::new(END, args![&token_hash[..]])
}

/// Ends every sign-in of a person but one, or with `None` every one.
pub fn end_all_of(user: UserId, but: Option<&[u8; 32]>) -> Statement {
    let kept = but.map_or(&[][..], |hash| &hash[..]);
    Statement::new(END_ALL_OF, args![user.0, kept])
}

pub fn expire(now: At) -> Statement {
    Statement::new(EXPIRE, args![now])
}

/// An open sign-in.
pub async fn get(db: &Db, token_hash: &[u8; 32], now: At) -> Result<Option<Session>, ReadError> {
    db.query_one(ONE, args![&token_hash[..], now], stored).await
}

pub async fn of_user(db: &Db, user: UserId, now: At) -> Result<Vec<Session>, ReadError> {
    db.query(OF_ACCOUNT, args![user.0, now], stored).await
}

/// Every open sign-in, and whether its person has a second factor; for start-up.
pub async fn open(db: &Db, now: At) -> Result<Vec<(Session, bool)>, ReadError> {
    db.query(OPEN, args![now], |row| Ok((stored(row)?, row.get(8)?))).await
}
