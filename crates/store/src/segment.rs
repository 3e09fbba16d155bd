//! Sorting customers into segments: how far the run is, and what decides where a customer belongs.

use crate::{
    Db, ReadError, Statement,
    customer::{Customer, columns, stored},
    page, sound,
    sql::sql,
    value::{Row, args},
};
use std::collections::{BTreeMap, HashMap};
use yingda_core::{At, id::*, segment::History};

sql! {
    RUN = "SELECT asked_at, started_at, passed, total, after_id, ended_at FROM segment_run WHERE id = 1";
    ASK = "
        INSERT INTO segment_run (id, asked_at, passed, total, after_id) VALUES (1, $1, 0, 0, 0)
        ON CONFLICT (id) DO UPDATE SET asked_at = $1";
    BEGIN = "
        UPDATE segment_run SET started_at = $1, passed = 0, total = $2, after_id = 0, ended_at = NULL WHERE id = 1";
    PASS = "UPDATE segment_run SET passed = passed + $1, after_id = $2 WHERE id = 1";
    END = "UPDATE segment_run SET ended_at = $1 WHERE id = 1";
    TOTAL = "SELECT count(*) FROM customer WHERE deleted_at IS NULL";
    PIECE = concat!("SELECT ", columns!(), " FROM customer
        WHERE deleted_at IS NULL AND id > $1 ORDER BY id LIMIT $2");
    LAST = "
        SELECT customer, max(last_at) FROM conversation WHERE customer > $1 AND customer <= $2 GROUP BY customer";
    CONTACTS = "
        SELECT customer, started_at FROM conversation
        WHERE customer > $1 AND customer <= $2 AND started_at > $3";
    /// Those of somebody who became a part of a customer are theirs.
    TICKETS = "
        SELECT customer, of_type, created_at FROM ticket
        WHERE customer > $1 AND customer <= $2 AND created_at > $3
        UNION ALL
        SELECT gone.merged_into, ticket.of_type, ticket.created_at
        FROM customer AS gone JOIN ticket ON ticket.customer = gone.id
        WHERE gone.merged_into > $1 AND gone.merged_into <= $2 AND ticket.created_at > $3";
    SORT = "UPDATE customer SET segments = $2 WHERE id = $1 AND version = $3 AND deleted_at IS NULL";
    FORGET = "DELETE FROM customer_value WHERE customer = $1 AND field = '@segment'";
    ADD = "
        INSERT INTO customer_value (field, term, sort_key, customer) VALUES ('@segment', $1, $2, $3)
        ON CONFLICT DO NOTHING";
    COUNTS = "
        SELECT v.term, count(*) FROM customer_value AS v JOIN customer ON customer.id = v.customer
        WHERE v.field = '@segment' AND customer.deleted_at IS NULL GROUP BY v.term";
}

/// One sorting of all customers, running or past.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    pub asked_at: At,
    pub started_at: Option<At>,
    pub passed: u64,
    pub total: u64,
    pub after: CustomerId,
    pub ended_at: Option<At>,
}

impl Run {
    pub fn is_running(&self) -> bool {
        self.started_at.is_some() && self.ended_at.is_none()
    }

    /// Somebody asked for one that has not begun.
    pub fn is_asked(&self) -> bool {
        self.started_at.is_none_or(|at| at < self.asked_at)
    }
}

fn run(row: &Row<'_>) -> Result<Run, ReadError> {
    Ok(Run {
        asked_at: row.get(0)?,
        started_at: row.get(1)?,
        passed: row.get::<i64>(2)? as u64,
        total: row.get::<i64>(3)? as u64,
        after: CustomerId(row.get(4)?),
        ended_at: row.get(5)?,
    })
}

/// The last run; nothing before the first one was asked for.
pub async fn last_run(db: &Db) -> Result<Option<Run>, ReadError> {
    db.query_one(RUN, args![], run).await
}

pub fn ask(now: At) -> Statement {
    Statement::new(ASK, args![now])
}

pub fn begin(now: At, total: u64) -> Statement {
    Statement::new(BEGIN, args![now, total])
}

pub fn pass(count: usize, after: CustomerId) -> Statement {
    Statement::new(PASS, args![count as i64, after.0])
}

pub fn end(now: At) -> Statement {
    Statement::new(END, args![now])
}

/// How many there are to sort.
pub async fn total(db: &Db) -> Result<u64, ReadError> {
    Ok(db.query_one(TOTAL, args![], |row| row.get::<i64>(0)).await?.unwrap_or_default() as u64)
}

/// The next customers with what they did since an instant.
pub async fn piece(
    db: &Db,
    after: CustomerId,
    since: At,
    now: At,
    limit: usize,
) -> Result<Vec<(Customer, History)>, ReadError> {
    let customers = db.query(PIECE, args![after.0, limit as i64], stored).await?;
    let Some(last) = customers.last().map(|it| it.id) else { return Ok(vec![]) };
    let mut lasts: HashMap<i64, At> = HashMap::new();
    for (id, at) in db.query(LAST, args![after.0, last.0], |row| Ok((row.get(0)?, row.get(1)?))).await? {
        lasts.insert(id, at);
    }
    let mut contacts: HashMap<i64, Vec<At>> = HashMap::new();
    let pair = |row: &Row<'_>| Ok((row.get::<i64>(0)?, row.get::<i64>(1)?));
    for (id, at) in db.query(CONTACTS, args![after.0, last.0, since], pair).await? {
        contacts.entry(id).or_default().push(at);
    }
    let mut tickets: HashMap<i64, Vec<(TicketTypeId, At)>> = HashMap::new();
    let three = |row: &Row<'_>| Ok((row.get::<i64>(0)?, TicketTypeId(row.get(1)?), row.get::<i64>(2)?));
    for (id, of, at) in db.query(TICKETS, args![after.0, last.0, since], three).await? {
        tickets.entry(id).or_default().push((of, at));
    }
    let with_history = |it: Customer| {
        let history = History {
            now,
            known_at: it.created_at,
            last_contact_at: lasts.get(&it.id.0).copied(),
            contacts: contacts.remove(&it.id.0).unwrap_or_default(),
            tickets: tickets.remove(&it.id.0).unwrap_or_default(),
        };
        (it, history)
    };
    Ok(customers.into_iter().map(with_history).collect())
}

/// A customer belongs to these and to no others; stale where somebody changed the card meanwhile.
pub fn sort(it: &Customer, segments: &[RecordId]) -> Vec<Statement> {
    let texts: Vec<String> = segments.iter().map(|id| id.to_string()).collect();
    let sort_key = sound::sort_key(&it.card.name);
    let sorted = Statement::guarded(SORT, args![it.id.0, page::list(&texts), it.version]);
    let added = texts.into_iter().map(|term| Statement::new(ADD, args![term, &*sort_key, it.id.0]));
    [sorted, Statement::new(FORGET, args![it.id.0])].into_iter().chain(added).collect()
}

/// How many customers belong to each segment.
pub async fn counts(db: &Db) -> Result<BTreeMap<RecordId, u64>, ReadError> {
    let count = |row: &Row<'_>| Ok((row.get::<String>(0)?, row.get::<i64>(1)? as u64));
    let found = db.query(COUNTS, args![], count).await?.into_iter();
    Ok(found.filter_map(|(id, count)| Some((RecordId(id.parse().ok()?), count))).collect())
}
