//! Orders as rows.

use crate::{
    Db, Page, ReadError, Statement,
    page::{self, cut},
    sql::sql,
    value::{Row, args, word},
};
use yingda_core::{
    At,
    id::*,
    order::{Order, OrderState},
};

sql! {
    INSERT = "
        INSERT INTO shop_order (id, version, number_key, number_back, customer, state, unsure, troubled, words, body,
            placed_at, due_at, next_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    UPDATE = "
        UPDATE shop_order SET version = $2, number_key = $3, number_back = $4, customer = $5, state = $6, unsure = $7,
            troubled = $8, words = $9, body = $10, placed_at = $11, due_at = $12, next_at = $13, updated_at = $14
        WHERE id = $1 AND version = $15";
    LINK = "INSERT INTO order_ticket (ticket, of_order) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    ONE = "SELECT body FROM shop_order WHERE id = $1";
    NUMBERED = "SELECT body FROM shop_order WHERE number_key = $1";
    ENDING = "SELECT body FROM shop_order WHERE number_back >= $1 AND number_back < $2 ORDER BY number_back LIMIT 50";
    NEXT = "SELECT body FROM shop_order WHERE next_at <= $1 ORDER BY next_at LIMIT $2";
    NEXT_AT = "SELECT min(next_at) FROM shop_order WHERE next_at IS NOT NULL";
    OF_TICKET = "
        SELECT body FROM shop_order WHERE id IN (SELECT of_order FROM order_ticket WHERE ticket = $1) LIMIT 20";
    /// The newest first; of somebody all that those bought who became a part of them.
    OF_CUSTOMER = "
        SELECT body FROM shop_order WHERE customer IN (
            SELECT id FROM customer WHERE id = $1 OR merged_into = $1) AND (placed_at, id) < ($2, $3)
        ORDER BY placed_at DESC, id DESC LIMIT $4";
    LIST = "
        SELECT body FROM shop_order
        WHERE (placed_at, id) < ($1, $2) AND placed_at >= $3 AND ($4 = '' OR words LIKE $4 ESCAPE '!')
            AND ($5 = '' OR state = $5) AND ($6 = FALSE OR unsure) AND ($7 = FALSE OR troubled)
        ORDER BY placed_at DESC, id DESC LIMIT $8";
    /// What was promised the earliest first.
    DUE = "
        SELECT body FROM shop_order
        WHERE due_at IS NOT NULL AND (due_at, id) > ($1, $2) AND placed_at >= $3 AND placed_at < $4
            AND ($5 = '' OR words LIKE $5 ESCAPE '!') AND ($6 = '' OR state = $6) AND ($7 = FALSE OR unsure)
            AND ($8 = FALSE OR troubled)
        ORDER BY due_at, id LIMIT $9";
}

fn whole(row: &Row<'_>) -> Result<Order, ReadError> {
    row.json(0)
}

fn body(it: &Order) -> String {
    serde_json::to_string(it).expect("an order is plain data")
}

/// A number as it is looked for.
pub fn key(number: &str) -> Vec<u8> {
    number.trim().to_lowercase().into_bytes()
}

/// The same from its end, so that the last digits find it.
pub fn key_back(number: &str) -> Vec<u8> {
    number.trim().to_lowercase().chars().rev().collect::<String>().into_bytes()
}

fn due_at(it: &Order) -> Option<At> {
    it.order.promised_at.filter(|_| !it.state.is_over())
}

/// A new order; its number may be taken.
pub fn insert(it: &Order) -> Statement {
    Statement::new(INSERT, row(it))
}

/// The next version; stale unless the stored one is the one before.
pub fn update(it: &Order) -> Statement {
    let mut args = row(it);
    args.push((it.version - 1).into());
    Statement::guarded(UPDATE, args)
}

fn row(it: &Order) -> Vec<crate::Value> {
    args![
        it.id.0,
        it.version,
        key(&it.order.number),
        key_back(&it.order.number),
        it.order.customer.map(|id| id.0),
        word(it.state),
        it.is_unsure(),
        it.is_troubled(),
        it.search_words(),
        body(it),
        it.order.placed_at,
        due_at(it),
        it.next_at(),
        it.updated_at,
    ]
}

/// The case of an exception.
pub fn link(ticket: TicketId, order: RecordId) -> Statement {
    Statement::new(LINK, args![ticket.0, order.0])
}

pub async fn get(db: &Db, id: RecordId) -> Result<Option<Order>, ReadError> {
    db.query_one(ONE, args![id.0], whole).await
}

pub async fn with_number(db: &Db, number: &str) -> Result<Option<Order>, ReadError> {
    db.query_one(NUMBERED, args![key(number)], whole).await
}

/// The one whose number has these digits, as far as a telephone's keys can say it; nothing where several have.
pub async fn dialled(db: &Db, digits: &str) -> Result<Option<Order>, ReadError> {
    if digits.is_empty() || !digits.bytes().all(|it| it.is_ascii_digit()) {
        return Ok(None);
    }
    let from = key_back(digits);
    let mut to = from.clone();
    to.push(u8::MAX);
    let mut found = db.query(ENDING, args![from, to], whole).await?;
    found.retain(|it| it.order.number.chars().filter(char::is_ascii_digit).eq(digits.chars()));
    Ok(if found.len() == 1 { found.pop() } else { None })
}

/// Those of which the product itself has something to do by now.
pub async fn next(db: &Db, now: At, limit: usize) -> Result<Vec<Order>, ReadError> {
    db.query(NEXT, args![now, limit as i64], whole).await
}

pub async fn next_at(db: &Db) -> Result<Option<At>, ReadError> {
    Ok(db.query_one(NEXT_AT, args![], |row| row.get(0)).await?.flatten())
}

pub async fn of_ticket(db: &Db, ticket: TicketId) -> Result<Vec<Order>, ReadError> {
    db.query(OF_TICKET, args![ticket.0], whole).await
}

/// Which orders.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// A part of any of its words, or of its number.
    pub q: String,
    pub state: Option<OrderState>,
    pub customer: Option<CustomerId>,
    /// Only those of which something has to be settled with the customer.
    pub unsure: bool,
    /// Only those with an exception that is not arranged.
    pub troubled: bool,
    /// What was promised the earliest first; else the newest.
    pub by_due: bool,
    pub from: Option<At>,
    pub to: Option<At>,
}

pub async fn list(
    db: &Db,
    filter: &Filter,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<Order>, ReadError> {
    let (from, to) = (filter.from.unwrap_or(i64::MIN), filter.to.unwrap_or(i64::MAX));
    let most = limit as i64 + 1;
    let state = filter.state.map(word).unwrap_or_default();
    let q = page::pattern(&filter.q);
    let newest = |last: &Order| page::write_pair(last.order.placed_at, last.id.0);
    let place = cursor.map(page::read_pair).transpose()?;
    if let Some(customer) = filter.customer {
        let (placed_at, id) = place.unwrap_or((to, i64::MIN));
        let found = db.query(OF_CUSTOMER, args![customer.0, placed_at, id, most], whole).await?;
        return Ok(cut(found, limit, newest));
    }
    if filter.by_due {
        let (due, id) = place.unwrap_or((i64::MIN, i64::MIN));
        let args = args![due, id, from, to, q, state, filter.unsure, filter.troubled, most];
        let found = db.query(DUE, args, whole).await?;
        return Ok(cut(found, limit, |last| page::write_pair(due_at(last).unwrap_or_default(), last.id.0)));
    }
    let (placed_at, id) = place.unwrap_or((to, i64::MIN));
    let args = args![placed_at, id, from, q, state, filter.unsure, filter.troubled, most];
    Ok(cut(db.query(LIST, args, whole).await?, limit, newest))
}
