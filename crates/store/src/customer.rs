//! Customers, and what finds them.

use crate::{
    Db, Page, ReadError, Statement,
    db::FromRow,
    event::SITE,
    page,
    sql::sql,
    value::{Row, args},
};
use yingda_core::{
    At,
    id::{CustomerId, LineId, TagId},
};

macro_rules! columns {
    () => {
        "customer.id, customer.line, customer.version, customer.name, customer.sort_key, customer.phone,
        customer.email, customer.company, customer.address, customer.vip, customer.tags, customer.note,
        customer.external_id, customer.merged_into, customer.created_at, customer.updated_at,
        customer.deleted_at"
    };
}

/// What was merged away still finds the one who is left: people keep their old numbers.
macro_rules! found {
    () => {
        " FROM contact_point JOIN customer AS known ON known.id = contact_point.customer
            JOIN customer ON customer.id = coalesce(known.merged_into, known.id)"
    };
}

sql! {
    INSERT = "
        INSERT INTO customer (id, site, line, version, name, sort_key, phone, email, company, address, vip, tags, note,
            external_id, created_at, updated_at)
        VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14)";
    UPDATE = "
        UPDATE customer SET version = version + 1, line = $2, name = $3, sort_key = $4, phone = $5, email = $6,
            company = $7, address = $8, vip = $9, tags = $10, note = $11, external_id = $12, updated_at = $13
        WHERE id = $1 AND version = $14 AND deleted_at IS NULL";
    DELETE = "
        UPDATE customer SET version = version + 1, deleted_at = $2, updated_at = $2
        WHERE id = $1 AND version = $3 AND deleted_at IS NULL";
    RESTORE = "
        UPDATE customer SET version = version + 1, deleted_at = NULL, updated_at = $2
        WHERE id = $1 AND version = $3 AND deleted_at IS NOT NULL AND merged_into IS NULL";
    MERGE = "
        UPDATE customer SET version = version + 1, merged_into = $2, deleted_at = $3, updated_at = $3
        WHERE id = $1 AND version = $4 AND deleted_at IS NULL";
    /// Who became a part of `from` before is a part of `into` now: one step always leads to the one who is left.
    MOVE_MERGED = "UPDATE customer SET merged_into = $2 WHERE merged_into = $1";
    MOVE_CONVERSATIONS = "UPDATE conversation SET customer = $2 WHERE customer = $1";
    MOVE_VISITORS = "UPDATE visitor SET customer = $2 WHERE customer = $1";
    MOVE_LEADS = "UPDATE lead SET customer = $2 WHERE customer = $1";
    FORGET_TERMS = "DELETE FROM contact_point WHERE customer = $1";
    ADD_TERM = "INSERT INTO contact_point (kind, term, customer) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    ONE = concat!("SELECT ", columns!(), " FROM customer WHERE id = $1");
    LIST = concat!("SELECT ", columns!(), " FROM customer
        WHERE deleted_at IS NULL AND (sort_key, id) > ($1, $2) ORDER BY sort_key, id LIMIT $3");
    FIND = concat!("SELECT ", columns!(), found!(), "
        WHERE contact_point.kind = $1 AND contact_point.term >= $2 AND contact_point.term < $3
            AND customer.deleted_at IS NULL
        ORDER BY contact_point.term LIMIT $4");
    EXACTLY = concat!("SELECT ", columns!(), found!(), "
        WHERE contact_point.kind = $1 AND contact_point.term = $2 AND customer.deleted_at IS NULL
        ORDER BY customer.id LIMIT $3");
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Customer {
    pub id: CustomerId,
    pub line: Option<LineId>,
    /// As read; an update is stale unless it is still the stored one.
    pub version: i64,
    pub name: String,
    /// The name as lists sort it (pinyin); bytes, since collations differ.
    pub sort_key: Vec<u8>,
    pub phone: String,
    pub email: String,
    pub company: String,
    pub address: String,
    pub vip: bool,
    pub tags: Vec<TagId>,
    pub note: String,
    /// The company's own id for this customer.
    pub external_id: String,
    pub merged_into: Option<CustomerId>,
    pub created_at: At,
    pub updated_at: At,
    pub deleted_at: Option<At>,
}

fn stored(row: &Row<'_>) -> Result<Customer, ReadError> {
    Ok(Customer {
        id: CustomerId(row.get(0)?),
        line: row.get::<Option<i64>>(1)?.map(LineId),
        version: row.get(2)?,
        name: row.get(3)?,
        sort_key: row.get(4)?,
        phone: row.get(5)?,
        email: row.get(6)?,
        company: row.get(7)?,
        address: row.get(8)?,
        vip: row.get(9)?,
        tags: row.json(10)?,
        note: row.get(11)?,
        external_id: row.get(12)?,
        merged_into: row.get::<Option<i64>>(13)?.map(CustomerId),
        created_at: row.get(14)?,
        updated_at: row.get(15)?,
        deleted_at: row.get(16)?,
    })
}

fn tags(customer: &Customer) -> String {
    serde_json::to_string(&customer.tags).expect("a list of ids has a JSON form")
}

/// What finds a customer: the digits of the phone from both ends, mail, name, sort key, the company's own id.
fn terms(customer: &Customer) -> Vec<(&'static str, Vec<u8>)> {
    let digits = digits(&customer.phone);
    let backwards = digits.iter().rev().copied().collect();
    let lower = |text: &str| text.trim().to_lowercase().into_bytes();
    let mut all = vec![
        ("phone", digits),
        ("phone_end", backwards),
        ("email", lower(&customer.email)),
        ("name", lower(&customer.name)),
        ("sort", customer.sort_key.clone()),
        ("external", lower(&customer.external_id)),
    ];
    all.retain(|(_, term)| !term.is_empty());
    all
}

/// A phone number as it is compared: digits only, without China's country code.
fn digits(phone: &str) -> Vec<u8> {
    let digits: Vec<u8> = phone.bytes().filter(u8::is_ascii_digit).collect();
    let international = phone.trim_start().starts_with('+') || digits.starts_with(b"00");
    let bare = digits.strip_prefix(b"00").unwrap_or(&digits);
    match bare.strip_prefix(b"86") {
        Some(national) if international => national.to_vec(),
        _ => digits,
    }
}

fn set_terms(customer: &Customer) -> impl Iterator<Item = Statement> {
    let id = customer.id.0;
    let forget = Statement::new(FORGET_TERMS, args![id]);
    let add =
        terms(customer).into_iter().map(move |(kind, term)| Statement::new(ADD_TERM, args![kind, term, id]));
    std::iter::once(forget).chain(add)
}

/// A new customer, at version 1.
pub fn insert(customer: &Customer, now: At) -> Vec<Statement> {
    let it = customer;
    let insert = Statement::new(
        INSERT,
        args![
            it.id.0,
            SITE,
            it.line.map(|id| id.0),
            &*it.name,
            &*it.sort_key,
            &*it.phone,
            &*it.email,
            &*it.company,
            &*it.address,
            it.vip,
            tags(it),
            &*it.note,
            &*it.external_id,
            now,
        ],
    );
    std::iter::once(insert).chain(set_terms(it)).collect()
}

/// The next version; stale unless the stored one is `customer.version`.
pub fn update(customer: &Customer, now: At) -> Vec<Statement> {
    let it = customer;
    let update = Statement::guarded(
        UPDATE,
        args![
            it.id.0,
            it.line.map(|id| id.0),
            &*it.name,
            &*it.sort_key,
            &*it.phone,
            &*it.email,
            &*it.company,
            &*it.address,
            it.vip,
            tags(it),
            &*it.note,
            &*it.external_id,
            now,
            it.version,
        ],
    );
    std::iter::once(update).chain(set_terms(it)).collect()
}

/// Hides a customer; the row and its terms stay for a restore.
pub fn delete(id: CustomerId, version: i64, now: At) -> Statement {
    Statement::guarded(DELETE, args![id.0, now, version])
}

pub fn restore(id: CustomerId, version: i64, now: At) -> Statement {
    Statement::guarded(RESTORE, args![id.0, now, version])
}

/// `from` becomes a part of `into`: its conversations, visitors and leads move, its row stays and points there.
pub fn merge(from: CustomerId, from_version: i64, into: CustomerId, now: At) -> Vec<Statement> {
    let moved = |sql| Statement::new(sql, args![from.0, into.0]);
    vec![
        Statement::guarded(MERGE, args![from.0, into.0, now, from_version]),
        moved(MOVE_MERGED),
        moved(MOVE_CONVERSATIONS),
        moved(MOVE_VISITORS),
        moved(MOVE_LEADS),
    ]
}

/// A customer, deleted or not.
pub async fn get(db: &Db, id: CustomerId) -> Result<Option<Customer>, ReadError> {
    db.query_one(ONE, args![id.0], stored).await
}

/// The customer of this id, or the one of whom they became a part; nobody when that one was deleted.
pub async fn living(db: &Db, id: CustomerId) -> Result<Option<Customer>, ReadError> {
    let found = match get(db, id).await? {
        Some(Customer { merged_into: Some(into), .. }) => get(db, into).await?,
        found => found,
    };
    Ok(found.filter(|it| it.deleted_at.is_none()))
}

/// A page of all customers by sort key.
pub async fn list(db: &Db, cursor: Option<&str>, limit: usize) -> Result<Page<Customer>, ReadError> {
    let (sort_key, id) = match cursor {
        Some(cursor) => page::read_key(cursor)?,
        None => (vec![], i64::MIN),
    };
    let items = db.query(LIST, args![sort_key, id, limit as i64 + 1], stored).await?;
    Ok(page::cut(items, limit, |last| page::write_key(&last.sort_key, last.id.0)))
}

/// Quick find: by the beginning or the end of a phone number, and the beginning of name, pinyin, mail or the
/// company's own id. `q_sort_key` is the text's own sort key.
pub async fn find(db: &Db, q: &str, q_sort_key: &[u8], limit: usize) -> Result<Vec<Customer>, ReadError> {
    let text = q.trim().to_lowercase().into_bytes();
    // The digits of a name or an address are no telephone number: they would find half of the customers first.
    let is_number = !q.chars().any(|c| c.is_alphabetic() || c == '@');
    let digits = if is_number { digits(q) } else { vec![] };
    let backwards = digits.iter().rev().copied().collect();
    let mut found: Vec<Customer> = Vec::new();
    let tries = [
        ("phone", digits),
        ("phone_end", backwards),
        ("name", text.clone()),
        ("sort", q_sort_key.to_vec()),
        ("email", text.clone()),
        ("external", text),
    ];
    let ranges = tries.into_iter().filter(|(_, term)| !term.is_empty());
    let queries = ranges.map(|(kind, from)| {
        let to = after_prefix(&from);
        (FIND, args![kind, from, to, limit as i64], stored as FromRow<Customer>)
    });
    for customer in db.query_together(queries.collect()).await? {
        if found.len() < limit && found.iter().all(|it| it.id != customer.id) {
            found.push(customer);
        }
    }
    Ok(found)
}

/// Customers with exactly this `phone`, `email` or `external` id: a new contact is joined to them.
pub async fn with(
    db: &Db,
    kind: &'static str,
    value: &str,
    limit: usize,
) -> Result<Vec<Customer>, ReadError> {
    let term = if kind == "phone" { digits(value) } else { value.trim().to_lowercase().into_bytes() };
    if term.is_empty() {
        return Ok(vec![]);
    }
    db.query(EXACTLY, args![kind, term, limit as i64], stored).await
}

/// The first bytes that no longer begin with the prefix. UTF-8 never holds 255, so the last byte can be raised.
fn after_prefix(prefix: &[u8]) -> Vec<u8> {
    let mut after = prefix.to_vec();
    if let Some(last) = after.last_mut() {
        *last = last.saturating_add(1);
    }
    after
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phone_numbers_are_compared_by_their_national_digits() {
        for phone in ["138 0013 8000", "+86 138-0013-8000", "0086 13800138000", "13800138000"] {
            assert_eq!(digits(phone), b"13800138000", "{phone}");
        }
        assert_eq!(digits("8612"), b"8612", "a fragment that begins like a country code stays whole");
    }
}
