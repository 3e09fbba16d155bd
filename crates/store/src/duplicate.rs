//! Customers who are perhaps one person, and the search for them through everything that finds a customer.

use crate::{
    Db, Page, ReadError, Statement,
    page::{self, cut},
    sound,
    sql::sql,
    value::{Row, args},
};
use yingda_core::{At, id::CustomerId};

/// In this order a run goes through what finds customers. Those by name come last.
pub const KINDS: [&str; 5] = ["phone", "email", "external", "other", "sort"];
pub const BY_NAME: usize = 4;

sql! {
    RUN = "
        SELECT state, kind, term, customer, passed, total, started_at, ended_at FROM duplicate_run WHERE id = 1";
    /// Stale while one runs.
    BEGIN = "
        INSERT INTO duplicate_run (id, state, kind, term, customer, passed, total, started_at)
        VALUES (1, 'running', 0, $1, 0, 0, $2, $3)
        ON CONFLICT (id) DO UPDATE SET state = 'running', kind = 0, term = $1, customer = 0, passed = 0, total = $2,
            started_at = $3, ended_at = NULL
        WHERE duplicate_run.state <> 'running'";
    /// Stale where it was stopped, or another node goes on with it.
    ADVANCE = "
        UPDATE duplicate_run SET kind = $1, term = $2, customer = $3, passed = passed + $4
        WHERE id = 1 AND state = 'running' AND passed = $5 AND started_at = $6";
    END = "UPDATE duplicate_run SET state = $1, ended_at = $2 WHERE id = 1 AND state = 'running'";
    TOTAL = "SELECT count(*) FROM contact_point WHERE kind IN ('phone', 'email', 'external', 'other', 'sort')";
    /// What was merged away still finds the one who is left.
    PIECE = "
        SELECT t.term, t.customer, customer.id
        FROM contact_point AS t JOIN customer AS known ON known.id = t.customer
            LEFT JOIN customer ON customer.id = coalesce(known.merged_into, known.id) AND customer.deleted_at IS NULL
        WHERE t.kind = $1 AND (t.term, t.customer) > ($2, $3) ORDER BY t.term, t.customer LIMIT $4";
    PUT = "
        INSERT INTO duplicate_pair (a, b, shares, score, different, found_at) VALUES ($1, $2, $3, $4, FALSE, $5)
        ON CONFLICT (a, b) DO UPDATE SET shares = $3, score = $4, found_at = $5";
    /// What an earlier run found and this one did not.
    FORGET = "DELETE FROM duplicate_pair WHERE NOT different AND found_at < $1";
    TELL = "UPDATE duplicate_pair SET different = $3 WHERE a = $1 AND b = $2";
    LIST = "
        SELECT p.a, p.b, p.shares, p.score FROM duplicate_pair AS p
            JOIN customer AS a ON a.id = p.a JOIN customer AS b ON b.id = p.b
        WHERE p.different = $1 AND a.deleted_at IS NULL AND b.deleted_at IS NULL
            AND (p.score < $2 OR (p.score = $2 AND (p.a, p.b) > ($3, $4)))
        ORDER BY p.score DESC, p.a, p.b LIMIT $5";
    COUNT = "
        SELECT count(*) FROM duplicate_pair AS p JOIN customer AS a ON a.id = p.a JOIN customer AS b ON b.id = p.b
        WHERE NOT p.different AND a.deleted_at IS NULL AND b.deleted_at IS NULL";
}

/// One search through all customers, running or past.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// `running`, `done` or `cancelled`.
    pub state: String,
    /// Where it stands: the kind's place in [`KINDS`], and what was looked at last.
    pub kind: usize,
    pub term: Vec<u8>,
    pub customer: CustomerId,
    pub passed: u64,
    pub total: u64,
    pub started_at: At,
    pub ended_at: Option<At>,
}

fn run(row: &Row<'_>) -> Result<Run, ReadError> {
    Ok(Run {
        state: row.get(0)?,
        kind: row.get::<i64>(1)? as usize,
        term: row.get(2)?,
        customer: CustomerId(row.get(3)?),
        passed: row.get::<i64>(4)? as u64,
        total: row.get::<i64>(5)? as u64,
        started_at: row.get(6)?,
        ended_at: row.get(7)?,
    })
}

pub async fn last_run(db: &Db) -> Result<Option<Run>, ReadError> {
    db.query_one(RUN, args![], run).await
}

/// How much there is to look at.
pub async fn total(db: &Db) -> Result<u64, ReadError> {
    let found = db.query_one(TOTAL, args![], |row| row.get::<i64>(0)).await?;
    Ok(found.unwrap_or_default() as u64)
}

pub fn begin(total: u64, now: At) -> Statement {
    Statement::guarded(BEGIN, args![Vec::<u8>::new(), total as i64, now])
}

/// From where a run stands on to a new place, after so many.
pub fn advance(run: &Run, kind: usize, term: &[u8], customer: CustomerId, by: usize) -> Statement {
    let (passed, by) = (run.passed as i64, by as i64);
    Statement::guarded(ADVANCE, args![kind as i64, term.to_vec(), customer.0, by, passed, run.started_at])
}

/// `done` or `cancelled`.
pub fn end(state: &str, now: At) -> Statement {
    Statement::guarded(END, args![state, now])
}

pub fn forget(before: At) -> Statement {
    Statement::new(FORGET, args![before])
}

/// Something that finds a customer.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub term: Vec<u8>,
    /// Whose it was, as the run counts its way.
    pub place: CustomerId,
    /// Whose it is; nobody's where they were deleted.
    pub customer: Option<CustomerId>,
}

impl Found {
    /// What those share who are compared: of a name its sound.
    pub fn key(&self, kind: usize) -> &[u8] {
        if kind == BY_NAME { sound::of_sort_key(&self.term) } else { &self.term }
    }
}

/// What comes after where a run stands.
pub async fn piece(db: &Db, run: &Run, limit: usize) -> Result<Vec<Found>, ReadError> {
    let read = |row: &Row<'_>| {
        Ok(Found {
            term: row.get(0)?,
            place: CustomerId(row.get(1)?),
            customer: row.get::<Option<i64>>(2)?.map(CustomerId),
        })
    };
    let args = args![KINDS[run.kind], run.term.clone(), run.customer.0, limit as i64];
    db.query(PIECE, args, read).await
}

/// Two who share something; the one with the lower id comes first.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    pub a: CustomerId,
    pub b: CustomerId,
    pub shares: Vec<String>,
}

pub fn put(it: &Pair, now: At) -> Statement {
    Statement::new(PUT, args![it.a.0, it.b.0, page::list(&it.shares), it.shares.len() as i64, now])
}

/// Says that two are not the same, or perhaps are after all. Which comes first does not matter.
pub fn tell(one: CustomerId, other: CustomerId, different: bool) -> Statement {
    Statement::guarded(TELL, args![one.0.min(other.0), one.0.max(other.0), different])
}

/// Those who share most come first.
pub async fn list(
    db: &Db,
    different: bool,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<Pair>, ReadError> {
    let mut from = [i64::MAX, 0, 0];
    if let Some(cursor) = cursor {
        let mut parts = cursor.split('-').map(str::parse);
        for place in &mut from {
            *place = parts.next().and_then(Result::ok).ok_or(ReadError::BadCursor)?;
        }
    }
    let read = |row: &Row<'_>| {
        let shares = page::listed(&row.get::<String>(2)?).map(str::to_owned).collect();
        Ok((Pair { a: CustomerId(row.get(0)?), b: CustomerId(row.get(1)?), shares }, row.get::<i64>(3)?))
    };
    let args = args![different, from[0], from[1], from[2], limit as i64 + 1];
    let found =
        cut(db.query(LIST, args, read).await?, limit, |(it, score)| format!("{score}-{}-{}", it.a.0, it.b.0));
    Ok(Page { items: found.items.into_iter().map(|(it, _)| it).collect(), next: found.next })
}

/// How many wait for a decision.
pub async fn count(db: &Db) -> Result<u64, ReadError> {
    let found = db.query_one(COUNT, args![], |row| row.get::<i64>(0)).await?;
    Ok(found.unwrap_or_default() as u64)
}
