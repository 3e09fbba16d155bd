//! Who owns a site, and which nodes there are: leases by the database's clock. Only PostgreSQL has several nodes; the
//! embedded store is locked by its one process.

use crate::{Db, ReadError, Value, db::FromRow, sql::sql, value::args};
use yingda_core::At;

/// The right to write a site's log. Once another one is given out, commits under this one store nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fence {
    pub site: i64,
    pub number: i64,
}

/// A lease that is held, and the database's time when it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    pub fence: Fence,
    pub now_at: At,
}

/// A node as the others see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// 2 to 1,023; the writer's number in its ids.
    pub number: i64,
    /// Drawn anew at every start, so that a number's next holder is not taken for the former.
    pub run: i64,
    pub name: String,
    pub version: String,
    /// The latest migration that it knows.
    pub level: i64,
    pub started_at: At,
    pub until_at: At,
}

/// The first and last number that a node may have: 0 and 1 belong to an edge and an engine that are alone.
const NUMBERS: (i64, i64) = (2, 1_023);

/// Milliseconds of the database's clock.
macro_rules! now {
    () => {
        "CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT)"
    };
}

// PostgreSQL only.
sql! {
    // The row lock waits for commits that hold the fence, so nothing is stored under the old one afterwards.
    TAKE = concat!("
        WITH free AS (SELECT site FROM lease WHERE site = $1 AND until_at <= ", now!(), " FOR UPDATE)
        UPDATE lease SET node = $2, fence = fence + 1, until_at = ", now!(), " + $3
        FROM free WHERE lease.site = free.site RETURNING fence, ", now!());
    RENEW = concat!("
        UPDATE lease SET until_at = ", now!(), " + $4 WHERE site = $1 AND node = $2 AND fence = $3
        RETURNING fence, ", now!());
    GIVE_BACK = "
        UPDATE lease SET until_at = 0 WHERE site = $1 AND node = $2 AND fence = $3 RETURNING fence";
    OWNER = concat!("SELECT node FROM lease WHERE site = $1 AND until_at > ", now!());
    NOW = concat!("SELECT ", now!());
    /// The lowest number that nobody holds. Two who take the same one at once: the second finds it taken and tries again.
    JOIN = concat!("
        INSERT INTO node (number, run, name, version, level, started_at, until_at)
        SELECT min(number), $1, $2, $3, $4, ", now!(), ", ", now!(), " + $5 FROM (
            SELECT number FROM generate_series($6::bigint, $7::bigint) AS number
            WHERE NOT EXISTS (SELECT 1 FROM node WHERE node.number = number.number AND until_at > ", now!(), ")
        ) AS free
        ON CONFLICT (number) DO UPDATE SET run = excluded.run, name = excluded.name, version = excluded.version,
            level = excluded.level, started_at = excluded.started_at, until_at = excluded.until_at
        WHERE node.until_at <= ", now!(), " RETURNING number");
    STAY = concat!("
        UPDATE node SET until_at = ", now!(), " + $3 WHERE number = $1 AND run = $2 RETURNING ", now!());
    LEAVE = "UPDATE node SET until_at = 0 WHERE number = $1 AND run = $2 RETURNING number";
    NODES = concat!("
        SELECT number, run, name, version, level, started_at, until_at FROM node
        WHERE until_at > ", now!(), " ORDER BY number");
    /// Fails where another fence is the highest, and keeps it the highest until the transaction has ended.
    pub(crate) CHECK = "
        SELECT 1 / count(*) FROM (SELECT 1 FROM lease WHERE site = $1 AND fence = $2 FOR KEY SHARE) AS held";
}

async fn write<T: Send + 'static>(
    db: &Db,
    sql: &'static str,
    args: Vec<Value>,
    from: FromRow<T>,
) -> Result<Option<T>, ReadError> {
    match db {
        Db::Postgres(db, _) => Ok(db.write((sql, args, from)).await?.into_iter().next()),
        Db::Sqlite(_) => {
            Err(ReadError::Failed("the embedded store has a single process and no leases".into()))
        }
    }
}

/// Takes a site that nobody owns; `None` while somebody does. `span_ms` from now on it is the node's.
pub async fn take(db: &Db, site: i64, node: i64, span_ms: i64) -> Result<Option<Held>, ReadError> {
    let found = write(db, TAKE, args![site, node, span_ms], |row| Ok((row.get(0)?, row.get(1)?))).await?;
    Ok(found.map(|(number, now_at)| Held { fence: Fence { site, number }, now_at }))
}

/// Keeps a site; `None` when it belongs to somebody else by now.
pub async fn renew(db: &Db, fence: Fence, node: i64, span_ms: i64) -> Result<Option<Held>, ReadError> {
    let args = args![fence.site, node, fence.number, span_ms];
    let found = write(db, RENEW, args, |row| row.get(1)).await?;
    Ok(found.map(|now_at| Held { fence, now_at }))
}

/// Lets go of a site, so that another node need not wait for the lease's end.
pub async fn give_back(db: &Db, fence: Fence, node: i64) -> Result<(), ReadError> {
    write(db, GIVE_BACK, args![fence.site, node, fence.number], |row| row.get::<i64>(0)).await.map(drop)
}

/// The number of the node that owns a site now.
pub async fn owner(db: &Db, site: i64) -> Result<Option<i64>, ReadError> {
    Ok(db.query_one(OWNER, args![site], |row| row.get::<Option<i64>>(0)).await?.flatten())
}

/// The database's clock.
pub async fn now(db: &Db) -> Result<At, ReadError> {
    let found = db.query_one(NOW, vec![], |row| row.get(0)).await?;
    found.ok_or_else(|| ReadError::Failed("the store tells no time".into()))
}

/// What a node says of itself.
#[derive(Clone, Debug)]
pub struct Newcomer {
    pub run: i64,
    pub name: String,
    pub version: String,
    pub level: i64,
}

/// Leases a node's number; `None` when all are taken.
pub async fn join(db: &Db, it: &Newcomer, span_ms: i64) -> Result<Option<i64>, ReadError> {
    const ATTEMPTS: usize = 20;
    for _ in 0..ATTEMPTS {
        let args = args![it.run, &*it.name, &*it.version, it.level, span_ms, NUMBERS.0, NUMBERS.1];
        match write(db, JOIN, args, |row| row.get(0)).await {
            // Somebody else took the same number in this moment.
            Ok(None) => {}
            Ok(found) => return Ok(found),
            // No number is free: the least of none is none, and a number is required.
            Err(ReadError::Failed(_)) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    Err(ReadError::Unavailable("no node's number could be had".into()))
}

/// Keeps the number; `None` when it was given to somebody else. Tells the database's time.
pub async fn stay(db: &Db, number: i64, run: i64, span_ms: i64) -> Result<Option<At>, ReadError> {
    write(db, STAY, args![number, run, span_ms], |row| row.get(0)).await
}

pub async fn leave(db: &Db, number: i64, run: i64) -> Result<(), ReadError> {
    write(db, LEAVE, args![number, run], |row| row.get::<i64>(0)).await.map(drop)
}

/// All nodes that are there now.
pub async fn nodes(db: &Db) -> Result<Vec<Node>, ReadError> {
    db.query(NODES, vec![], |row| {
        Ok(Node {
            number: row.get(0)?,
            run: row.get(1)?,
            name: row.get(2)?,
            version: row.get(3)?,
            level: row.get(4)?,
            started_at: row.get(5)?,
            until_at: row.get(6)?,
        })
    })
    .await
}
