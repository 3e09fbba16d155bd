//! Plans of visits as rows.

use crate::{
    Db, Page, ReadError, Statement,
    page::{self, cut},
    sql::sql,
    value::{Row, args},
};
use yingda_core::{
    At,
    id::*,
    plan::{Plan, PlanAudience, Visit},
};

sql! {
    INSERT = "INSERT INTO plan (id, version, is_making, body) VALUES ($1, $2, $3, $4)";
    UPDATE = "UPDATE plan SET version = $2, is_making = $3, body = $4 WHERE id = $1 AND version = $5";
    ONE = "SELECT body FROM plan WHERE id = $1";
    LIST = "SELECT body FROM plan WHERE id < $1 ORDER BY id DESC LIMIT $2";
    MAKING = "SELECT body FROM plan WHERE is_making ORDER BY id";
    IS_MADE = "UPDATE plan SET is_making = FALSE WHERE id = $1";
    ADD_VISIT = "INSERT INTO plan_visit (plan, place, customer, person, due_at) VALUES ($1, $2, $3, $4, $5)";
    VISITS = "
        SELECT v.place, v.customer, v.person, v.due_at, v.problem, t.body
        FROM plan_visit AS v LEFT JOIN ticket AS t ON t.id = v.ticket
        WHERE v.plan = $1 ORDER BY v.place";
    WAITING = "
        SELECT place, customer, person, due_at, problem, NULL FROM plan_visit
        WHERE plan = $1 AND ticket IS NULL AND problem IS NULL ORDER BY place LIMIT $2";
    MADE = "UPDATE plan_visit SET ticket = $3 WHERE plan = $1 AND place = $2";
    FAILED = "UPDATE plan_visit SET problem = $3 WHERE plan = $1 AND place = $2";
    /// Tags lie in a row as a list of ids in quotes.
    AUDIENCE = "
        SELECT id FROM customer
        WHERE deleted_at IS NULL AND ($1 = FALSE OR vip) AND ($2 = CAST(0 AS BIGINT) OR line = $2)
            AND ($3 = '' OR tags LIKE $3) AND ($4 = '' OR $4 LIKE '%,' || id || ',%')
        ORDER BY id LIMIT $5";
}

fn whole(row: &Row<'_>) -> Result<Plan, ReadError> {
    row.json(0)
}

fn visit(row: &Row<'_>) -> Result<Visit, ReadError> {
    let ticket: Option<String> = row.get(5)?;
    let ticket = ticket.map(|text| serde_json::from_str(&text)).transpose();
    Ok(Visit {
        place: row.get::<i64>(0)? as u32,
        customer: CustomerId(row.get(1)?),
        person: UserId(row.get(2)?),
        due_at: row.get(3)?,
        problem: row.get(4)?,
        ticket: ticket.map_err(|error| ReadError::Failed(format!("a stored ticket: {error}")))?,
    })
}

fn body(it: &Plan) -> String {
    serde_json::to_string(it).expect("a plan is plain data")
}

pub fn insert(it: &Plan) -> Statement {
    Statement::new(INSERT, args![it.id.0, it.version, true, body(it)])
}

/// The next version; stale unless the stored one is the one before.
pub fn update(it: &Plan) -> Statement {
    Statement::guarded(UPDATE, args![it.id.0, it.version, !it.cancelled, body(it), it.version - 1])
}

/// All its tickets are there.
pub fn is_made(id: RecordId) -> Statement {
    Statement::new(IS_MADE, args![id.0])
}

pub fn add_visit(plan: RecordId, place: u32, customer: CustomerId, person: UserId, due_at: At) -> Statement {
    Statement::new(ADD_VISIT, args![plan.0, i64::from(place), customer.0, person.0, due_at])
}

pub fn made(plan: RecordId, place: u32, ticket: TicketId) -> Statement {
    Statement::new(MADE, args![plan.0, i64::from(place), ticket.0])
}

pub fn failed(plan: RecordId, place: u32, problem: &str) -> Statement {
    Statement::new(FAILED, args![plan.0, i64::from(place), problem])
}

pub async fn get(db: &Db, id: RecordId) -> Result<Option<Plan>, ReadError> {
    db.query_one(ONE, args![id.0], whole).await
}

/// The newest first.
pub async fn list(db: &Db, cursor: Option<&str>, limit: usize) -> Result<Page<Plan>, ReadError> {
    let found = db.query(LIST, args![page::read_id(cursor)?, limit as i64 + 1], whole).await?;
    Ok(cut(found, limit, |last| last.id.0.to_string()))
}

/// Those of which tickets are still to be made.
pub async fn making(db: &Db) -> Result<Vec<Plan>, ReadError> {
    db.query(MAKING, args![], whole).await
}

/// All visits of a plan with their tickets, in their order.
pub async fn visits(db: &Db, plan: RecordId) -> Result<Vec<Visit>, ReadError> {
    db.query(VISITS, args![plan.0], visit).await
}

/// The next visits that have no ticket yet.
pub async fn waiting(db: &Db, plan: RecordId, limit: usize) -> Result<Vec<Visit>, ReadError> {
    db.query(WAITING, args![plan.0, limit as i64], visit).await
}

/// Whom a plan is about; one more than wanted tells that there are too many.
pub async fn audience(db: &Db, who: &PlanAudience, limit: usize) -> Result<Vec<CustomerId>, ReadError> {
    let tag = who.tag.map(|id| format!("%\"{id}\"%")).unwrap_or_default();
    let only = match who.customers.is_empty() {
        true => String::new(),
        false => page::among(who.customers.iter().map(|id| id.0)),
    };
    let args = args![who.vip, who.line.map_or(0, |id| id.0), tag, only, limit as i64];
    db.query(AUDIENCE, args, |row| Ok(CustomerId(row.get(0)?))).await
}
