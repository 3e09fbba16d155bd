//! Two customers that became one, and how they are taken apart again: what moved is written down, row by row.

use crate::{
    Db, ReadError, Statement,
    sql::sql,
    value::{Row, args},
};
use yingda_core::{At, id::*};

sql! {
    PUT = "
        INSERT INTO customer_merge (id, kept, gone, reason, was, became, merged_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    CONVERSATIONS = "
        INSERT INTO customer_merge_row (merge_id, noun, row_id)
        SELECT CAST($1 AS BIGINT), 'conversation', id FROM conversation WHERE customer = $2";
    VISITORS = "
        INSERT INTO customer_merge_row (merge_id, noun, row_id)
        SELECT CAST($1 AS BIGINT), 'visitor', id FROM visitor WHERE customer = $2";
    LEADS = "
        INSERT INTO customer_merge_row (merge_id, noun, row_id)
        SELECT CAST($1 AS BIGINT), 'lead', id FROM lead WHERE customer = $2";
    SURVEYS = "
        INSERT INTO customer_merge_row (merge_id, noun, row_id)
        SELECT CAST($1 AS BIGINT), 'survey_ask', id FROM survey_ask WHERE customer = $2";
    CUSTOMERS = "
        INSERT INTO customer_merge_row (merge_id, noun, row_id)
        SELECT CAST($1 AS BIGINT), 'customer', id FROM customer WHERE merged_into = $2";
    /// What the one proved, the joined one has proven.
    PROVEN = "
        INSERT INTO proven_point (customer, kind, term, verified_at)
        SELECT CAST($2 AS BIGINT), kind, term, verified_at FROM proven_point WHERE customer = $1
        ON CONFLICT DO NOTHING";
    UNDO = "UPDATE customer_merge SET undone_at = $2 WHERE id = $1 AND undone_at IS NULL";
    PART = "
        UPDATE customer SET version = version + 1, merged_into = NULL, deleted_at = NULL, updated_at = $3
        WHERE id = $1 AND merged_into = $2";
    CONVERSATIONS_BACK = "
        UPDATE conversation SET customer = $2 WHERE customer = $3 AND id IN (
            SELECT row_id FROM customer_merge_row WHERE merge_id = $1 AND noun = 'conversation')";
    VISITORS_BACK = "
        UPDATE visitor SET customer = $2 WHERE customer = $3 AND id IN (
            SELECT row_id FROM customer_merge_row WHERE merge_id = $1 AND noun = 'visitor')";
    LEADS_BACK = "
        UPDATE lead SET customer = $2 WHERE customer = $3 AND id IN (
            SELECT row_id FROM customer_merge_row WHERE merge_id = $1 AND noun = 'lead')";
    SURVEYS_BACK = "
        UPDATE survey_ask SET customer = $2 WHERE customer = $3 AND id IN (
            SELECT row_id FROM customer_merge_row WHERE merge_id = $1 AND noun = 'survey_ask')";
    CUSTOMERS_BACK = "
        UPDATE customer SET merged_into = $2 WHERE merged_into = $3 AND id IN (
            SELECT row_id FROM customer_merge_row WHERE merge_id = $1 AND noun = 'customer')";
    ONE = "
        SELECT id, kept, gone, reason, was, became, merged_at, undone_at FROM customer_merge WHERE id = $1";
    OF_CUSTOMER = "
        SELECT id, kept, gone, reason, was, became, merged_at, undone_at FROM customer_merge
        WHERE kept = $1 ORDER BY id DESC LIMIT 50";
    PARTED = "
        SELECT id FROM customer_merge
        WHERE undone_at IS NOT NULL AND ((kept = $1 AND gone = $2) OR (kept = $2 AND gone = $1)) LIMIT 1";
    ROWS = "SELECT row_id FROM customer_merge_row WHERE merge_id = $1 AND noun = $2 ORDER BY row_id";
}

#[derive(Clone, Debug, PartialEq)]
pub struct Merge {
    pub id: RecordId,
    pub kept: CustomerId,
    pub gone: CustomerId,
    pub reason: String,
    /// The kept one's card before and after, as JSON.
    pub was: String,
    pub became: String,
    pub merged_at: At,
    pub undone_at: Option<At>,
}

fn stored(row: &Row<'_>) -> Result<Merge, ReadError> {
    Ok(Merge {
        id: RecordId(row.get(0)?),
        kept: CustomerId(row.get(1)?),
        gone: CustomerId(row.get(2)?),
        reason: row.get(3)?,
        was: row.get(4)?,
        became: row.get(5)?,
        merged_at: row.get(6)?,
        undone_at: row.get(7)?,
    })
}

/// Writes down what is about to move: these come before the statements that move it.
pub fn note(merge: &Merge) -> Vec<Statement> {
    let it = merge;
    let put = args![it.id.0, it.kept.0, it.gone.0, &*it.reason, &*it.was, &*it.became, it.merged_at];
    let of = |sql| Statement::new(sql, args![it.id.0, it.gone.0]);
    vec![
        Statement::new(PUT, put),
        of(CONVERSATIONS),
        of(VISITORS),
        of(LEADS),
        of(SURVEYS),
        of(CUSTOMERS),
        Statement::new(PROVEN, args![it.gone.0, it.kept.0]),
    ]
}

/// Puts back what moved and still lies where it went. Stale when it was undone before, or when the kept one has
/// become a part of another since.
pub fn undo(merge: &Merge, now: At) -> Vec<Statement> {
    let it = merge;
    let back = |sql| Statement::new(sql, args![it.id.0, it.gone.0, it.kept.0]);
    vec![
        Statement::guarded(UNDO, args![it.id.0, now]),
        Statement::guarded(PART, args![it.gone.0, it.kept.0, now]),
        back(CONVERSATIONS_BACK),
        back(VISITORS_BACK),
        back(LEADS_BACK),
        back(SURVEYS_BACK),
        back(CUSTOMERS_BACK),
    ]
}

pub async fn get(db: &Db, id: RecordId) -> Result<Option<Merge>, ReadError> {
    db.query_one(ONE, args![id.0], stored).await
}

/// Who became a part of this customer, the latest first.
pub async fn of_customer(db: &Db, kept: CustomerId) -> Result<Vec<Merge>, ReadError> {
    db.query(OF_CUSTOMER, args![kept.0], stored).await
}

/// Somebody said of these two that they are not one.
pub async fn were_parted(db: &Db, one: CustomerId, other: CustomerId) -> Result<bool, ReadError> {
    Ok(db.query_one(PARTED, args![one.0, other.0], |row| row.get::<i64>(0)).await?.is_some())
}

/// The conversations that moved.
pub async fn conversations(db: &Db, merge: RecordId) -> Result<Vec<ConversationId>, ReadError> {
    db.query(ROWS, args![merge.0, "conversation"], |row| Ok(ConversationId(row.get(0)?))).await
}
