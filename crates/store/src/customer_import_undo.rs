//! What an import did to each customer, kept for as long as it can be taken back.

use crate::{
    Db, ReadError, Statement,
    customer::Customer,
    customer_import::Undone,
    sql::sql,
    value::{Row, args},
};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use yingda_core::{At, customer::Customer as Card, id::*};

sql! {
    /// Who is touched by one import twice was before it what they were before the first time.
    NOTE = "
        INSERT INTO customer_import_row (import, customer, version, was) VALUES ($1, $2, $3, $4)
        ON CONFLICT (import, customer) DO UPDATE SET version = $3";
    BEGIN = "
        UPDATE customer_import SET state = 'undoing', undone_by = $2
        WHERE id = $1 AND ended_at > $3 AND state IN ('done', 'cancelled', 'failed')";
    ADVANCE = "
        UPDATE customer_import SET undo_after = $3, taken_back = taken_back + $4, restored = restored + $5,
            kept = kept + $6
        WHERE id = $1 AND undo_after = $2 AND state = 'undoing'";
    END = "UPDATE customer_import SET state = 'undone' WHERE id = $1 AND state = 'undoing'";
    KEEP = "UPDATE customer_import_row SET kept = $3 WHERE import = $1 AND customer = $2";
    PIECE = "
        SELECT customer, version, was, kept FROM customer_import_row
        WHERE import = $1 AND customer > $2 ORDER BY customer LIMIT $3";
    KEPT = "
        SELECT customer, version, was, kept FROM customer_import_row
        WHERE import = $1 AND customer > $2 AND kept IS NOT NULL ORDER BY customer LIMIT $3";
    FORGET = "
        DELETE FROM customer_import_row WHERE import IN (
            SELECT id FROM customer_import WHERE ended_at < $1 AND state <> 'undoing')";
    /// Somebody has to do with them by now.
    IN_USE = "
        SELECT id FROM customer WHERE id = $1 AND (
            EXISTS (SELECT 1 FROM conversation WHERE conversation.customer = $1)
            OR EXISTS (SELECT 1 FROM visitor WHERE visitor.customer = $1)
            OR EXISTS (SELECT 1 FROM ticket WHERE ticket.customer = $1)
            OR EXISTS (SELECT 1 FROM lead WHERE lead.customer = $1)
            OR EXISTS (SELECT 1 FROM shop_order WHERE shop_order.customer = $1)
            OR EXISTS (SELECT 1 FROM promise WHERE promise.customer = $1)
            OR EXISTS (SELECT 1 FROM plan_visit WHERE plan_visit.customer = $1)
            OR EXISTS (SELECT 1 FROM consent WHERE consent.customer = $1)
            OR EXISTS (SELECT 1 FROM customer_relation AS r WHERE r.customer = $1)
            OR EXISTS (SELECT 1 FROM customer_relation AS r WHERE r.other = $1)
            OR EXISTS (SELECT 1 FROM customer AS gone WHERE gone.merged_into = $1))";
}

/// What of a customer an import changes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Was {
    pub card: Card,
    pub checked_at: At,
}

/// What an import did to one customer.
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    pub customer: CustomerId,
    /// As the import left them.
    pub version: i64,
    /// Absent: it made them.
    pub was: Option<Was>,
    /// `changed` or `used`: why they stayed when the import was taken back.
    pub kept: Option<String>,
}

fn stored(row: &Row<'_>) -> Result<Done, ReadError> {
    let was: Option<String> = row.get(2)?;
    Ok(Done {
        customer: CustomerId(row.get(0)?),
        version: row.get(1)?,
        was: if was.is_some() { Some(row.json(2)?) } else { None },
        kept: row.get(3)?,
    })
}

/// An import makes or changes somebody.
pub fn note(import: RecordId, before: Option<&Customer>, after: &Customer) -> Statement {
    let was = before.map(|it| Was { card: it.card.clone(), checked_at: it.checked_at });
    let was = was.map(|it| serde_json::to_string(&it).expect("a card is plain data"));
    let version = before.map_or(1, |it| it.version + 1);
    Statement::new(NOTE, args![import.0, after.id.0, version, was])
}

/// Begins to take an import back that ended after `since`; stale where that cannot be.
pub fn begin(import: RecordId, by: Option<UserId>, since: At) -> Statement {
    Statement::guarded(BEGIN, args![import.0, by.map(|id| id.0), since])
}

/// Stale where another node went on with it.
pub fn advance(import: RecordId, from: CustomerId, to: CustomerId, did: Undone) -> Statement {
    let [taken_back, restored, kept] = [did.taken_back, did.restored, did.kept].map(|it| it as i64);
    Statement::guarded(ADVANCE, args![import.0, from.0, to.0, taken_back, restored, kept])
}

pub fn end(import: RecordId) -> Statement {
    Statement::guarded(END, args![import.0])
}

pub fn keep(import: RecordId, customer: CustomerId, why: &str) -> Statement {
    Statement::new(KEEP, args![import.0, customer.0, why])
}

/// What imports that ended before an instant did can no longer be taken back.
pub fn forget(before: At) -> Statement {
    Statement::new(FORGET, args![before])
}

/// What an import did, after this customer.
pub async fn piece(
    db: &Db,
    import: RecordId,
    after: CustomerId,
    limit: usize,
) -> Result<Vec<Done>, ReadError> {
    db.query(PIECE, args![import.0, after.0, limit as i64], stored).await
}

/// Whom it left as they are, after this customer.
pub async fn kept(
    db: &Db,
    import: RecordId,
    after: CustomerId,
    limit: usize,
) -> Result<Vec<Done>, ReadError> {
    db.query(KEPT, args![import.0, after.0, limit as i64], stored).await
}

/// With whom of these somebody has to do by now.
pub async fn in_use(
    db: &Db,
    all: impl Iterator<Item = CustomerId>,
) -> Result<HashSet<CustomerId>, ReadError> {
    let read: fn(&Row<'_>) -> Result<CustomerId, ReadError> = |row| Ok(CustomerId(row.get(0)?));
    let queries = all.map(|id| (IN_USE, args![id.0], read)).collect();
    Ok(db.query_together(queries).await?.into_iter().collect())
}
