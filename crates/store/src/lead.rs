//! Leads: messages left while nobody was there (留言), to be followed up.

use crate::{
    Db, Page, ReadError, Statement,
    event::SITE,
    page,
    sql::sql,
    value::{Row, args},
};
use std::collections::BTreeMap;
use yingda_core::{At, id::*};

sql! {
    INSERT = "
        INSERT INTO lead (id, site, line, version, widget, visitor, customer, name, phone, email, fields, status,
            owner, answer, created_at, updated_at)
        VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14)";
    UPDATE = "
        UPDATE lead SET version = version + 1, customer = $2, status = $3, owner = $4, answer = $5, updated_at = $6
        WHERE id = $1 AND version = $7";
    ONE = "
        SELECT id, line, version, widget, visitor, customer, name, phone, email, fields, status, owner, answer,
            created_at, updated_at
        FROM lead WHERE id = $1";
    LIST = "
        SELECT id, line, version, widget, visitor, customer, name, phone, email, fields, status, owner, answer,
            created_at, updated_at
        FROM lead WHERE id < $1 ORDER BY id DESC LIMIT $2";
    LIST_STATUS = "
        SELECT id, line, version, widget, visitor, customer, name, phone, email, fields, status, owner, answer,
            created_at, updated_at
        FROM lead WHERE status = $3 AND id < $1 ORDER BY id DESC LIMIT $2";
    OF_VISITOR = "
        SELECT id, line, version, widget, visitor, customer, name, phone, email, fields, status, owner, answer,
            created_at, updated_at
        FROM lead WHERE visitor = $1 ORDER BY id DESC LIMIT $2";
}

#[derive(Clone, Debug, PartialEq)]
pub struct Lead {
    pub id: RecordId,
    pub line: LineId,
    pub version: i64,
    pub widget: WidgetId,
    pub visitor: Option<VisitorId>,
    pub customer: Option<CustomerId>,
    pub name: String,
    pub phone: String,
    pub email: String,
    /// All that was filled in, by the form's keys.
    pub fields: BTreeMap<String, String>,
    /// `new`, `claimed`, `done`.
    pub status: String,
    pub owner: Option<UserId>,
    pub answer: String,
    pub created_at: At,
    pub updated_at: At,
}

fn stored(row: &Row<'_>) -> Result<Lead, ReadError> {
    Ok(Lead {
        id: RecordId(row.get(0)?),
        line: LineId(row.get(1)?),
        version: row.get(2)?,
        widget: WidgetId(row.get(3)?),
        visitor: row.get::<Option<i64>>(4)?.map(VisitorId),
        customer: row.get::<Option<i64>>(5)?.map(CustomerId),
        name: row.get(6)?,
        phone: row.get(7)?,
        email: row.get(8)?,
        fields: row.json(9)?,
        status: row.get(10)?,
        owner: row.get::<Option<i64>>(11)?.map(UserId),
        answer: row.get(12)?,
        created_at: row.get(13)?,
        updated_at: row.get(14)?,
    })
}

pub fn insert(lead: &Lead) -> Statement {
    Statement::new(
        INSERT,
        args![
            lead.id.0,
            SITE,
            lead.line.0,
            lead.widget.0,
            lead.visitor.map(|id| id.0),
            lead.customer.map(|id| id.0),
            &*lead.name,
            &*lead.phone,
            &*lead.email,
            serde_json::to_string(&lead.fields).expect("a map of texts has a JSON form"),
            &*lead.status,
            lead.owner.map(|id| id.0),
            &*lead.answer,
            lead.created_at,
        ],
    )
}

/// Stores customer, status, owner and answer; stale unless the stored version is `lead.version`.
pub fn update(lead: &Lead, now: At) -> Statement {
    let (customer, owner) = (lead.customer.map(|id| id.0), lead.owner.map(|id| id.0));
    let args = args![lead.id.0, customer, &*lead.status, owner, &*lead.answer, now, lead.version];
    Statement::guarded(UPDATE, args)
}

pub async fn get(db: &Db, id: RecordId) -> Result<Option<Lead>, ReadError> {
    db.query_one(ONE, args![id.0], stored).await
}

/// A page of leads, newest first.
pub async fn list(
    db: &Db,
    status: Option<&str>,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<Lead>, ReadError> {
    let before = match cursor {
        Some(cursor) => cursor.parse().map_err(|_| ReadError::BadCursor)?,
        None => i64::MAX,
    };
    let mut args = args![before, limit as i64 + 1];
    let sql = match status {
        Some(status) => {
            args.push(status.into());
            LIST_STATUS
        }
        None => LIST,
    };
    let items = db.query(sql, args, stored).await?;
    Ok(page::cut(items, limit, |last| last.id.to_string()))
}

/// What a visitor left, newest first, so that they see the answers.
pub async fn of_visitor(db: &Db, visitor: VisitorId, limit: usize) -> Result<Vec<Lead>, ReadError> {
    db.query(OF_VISITOR, args![visitor.0, limit as i64], stored).await
}
