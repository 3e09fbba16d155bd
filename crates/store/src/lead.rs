//! Leads as rows, and what happened to them.

use crate::{
    Db, Page, ReadError, Statement,
    event::SITE,
    page,
    sql::sql,
    value::{Row, args, parse_word, word},
};
use std::collections::BTreeSet;
use yingda_core::{
    At,
    id::*,
    lead::{Deed, Lead, LeadStatus},
};

macro_rules! columns {
    () => {
        "id, line, version, widget, visitor, customer, name, phone, email, fields, status, owner, answer, created_at,
            updated_at, area, level, validity, given_at, touched_at, reclaim_at"
    };
}

sql! {
    INSERT = "
        INSERT INTO lead (id, site, line, version, widget, visitor, customer, name, phone, email, fields, status,
            owner, answer, created_at, updated_at, area, level, validity, given_at, touched_at, reclaim_at)
        VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14, $15, $16, $17, $18, $19, $20)";
    UPDATE = "
        UPDATE lead SET version = version + 1, customer = $2, status = $3, owner = $4, answer = $5, updated_at = $6,
            area = $8, level = $9, validity = $10, given_at = $11, touched_at = $12, reclaim_at = $13
        WHERE id = $1 AND version = $7";
    ONE = concat!("SELECT ", columns!(), " FROM lead WHERE id = $1");
    LIST = concat!("SELECT ", columns!(), " FROM lead
        WHERE id < $1 AND ($3 = '' OR status = $3) AND ($4 = CAST(0 AS BIGINT) OR owner = $4)
            AND ($5 = FALSE OR owner IS NULL) AND ($6 = '' OR area = $6)
            AND ($7 = '' OR lower(name) LIKE $7 ESCAPE '!' OR phone LIKE $7 ESCAPE '!' OR lower(email) LIKE $7 ESCAPE '!'
                OR lower(fields) LIKE $7 ESCAPE '!')
            AND ($8 = '' OR owner IS NULL OR $8 LIKE '%,' || owner || ',%')
        ORDER BY id DESC LIMIT $2");
    OF_VISITOR = concat!("SELECT ", columns!(), " FROM lead WHERE visitor = $1 ORDER BY id DESC LIMIT $2");
    OF_CUSTOMER = concat!("SELECT ", columns!(), " FROM lead WHERE customer = $1 ORDER BY id DESC LIMIT $2");
    /// Those whose owner did not write in time.
    LATE = concat!("SELECT ", columns!(), " FROM lead WHERE reclaim_at <= $1 ORDER BY reclaim_at, id LIMIT $2");
    NEXT_AT = "SELECT min(reclaim_at) FROM lead WHERE reclaim_at IS NOT NULL";
    /// Those that nobody ever had.
    UNGIVEN = concat!("SELECT ", columns!(), " FROM lead
        WHERE status = 'new' AND owner IS NULL AND given_at IS NULL ORDER BY id DESC LIMIT $1");
    LAST_GIVEN = "
        SELECT owner FROM lead WHERE given_at IS NOT NULL AND owner IS NOT NULL ORDER BY given_at DESC, id DESC LIMIT 1";
    ADD_NOTE = "
        INSERT INTO lead_note (id, lead, kind, author, person, text, written_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    NOTES = "SELECT id, kind, author, person, text, written_at FROM lead_note WHERE lead = $1 ORDER BY id";
    LOST = "SELECT person FROM lead_note WHERE lead = $1 AND kind IN ('reclaimed', 'released') AND person IS NOT NULL";
}

/// What happened to a lead, by whom and when.
#[derive(Clone, Debug, PartialEq)]
pub struct LeadNote {
    pub id: RecordId,
    pub author: Option<UserId>,
    pub deed: Deed,
    pub written_at: At,
}

fn stored(row: &Row<'_>) -> Result<Lead, ReadError> {
    let level: String = row.get(16)?;
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
        status: row.word(10)?,
        owner: row.get::<Option<i64>>(11)?.map(UserId),
        answer: row.get(12)?,
        created_at: row.get(13)?,
        updated_at: row.get(14)?,
        area: row.get(15)?,
        level: if level.is_empty() { None } else { Some(parse_word(&level)?) },
        validity: row.word(17)?,
        given_at: row.get(18)?,
        touched_at: row.get(19)?,
        reclaim_at: row.get(20)?,
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
            word(lead.status),
            lead.owner.map(|id| id.0),
            &*lead.answer,
            lead.created_at,
            &*lead.area,
            lead.level.map(word).unwrap_or_default(),
            word(lead.validity),
            lead.given_at,
            lead.touched_at,
            lead.reclaim_at,
        ],
    )
}

/// The next version; stale unless the stored one is the one before.
pub fn update(lead: &Lead) -> Statement {
    let args = args![
        lead.id.0,
        lead.customer.map(|id| id.0),
        word(lead.status),
        lead.owner.map(|id| id.0),
        &*lead.answer,
        lead.updated_at,
        lead.version - 1,
        &*lead.area,
        lead.level.map(word).unwrap_or_default(),
        word(lead.validity),
        lead.given_at,
        lead.touched_at,
        lead.reclaim_at,
    ];
    Statement::guarded(UPDATE, args)
}

pub async fn get(db: &Db, id: RecordId) -> Result<Option<Lead>, ReadError> {
    db.query_one(ONE, args![id.0], stored).await
}

/// What a list shows; everything that is set must hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub status: Option<LeadStatus>,
    pub owner: Option<UserId>,
    /// Only what nobody has.
    pub free: bool,
    pub area: String,
    /// A part of the name, the number or the words.
    pub q: String,
    /// Only these people's leads and what nobody has; absent: everybody's.
    pub visible_to: Option<Vec<UserId>>,
}

/// A page of leads, newest first.
pub async fn list(
    db: &Db,
    filter: &Filter,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<Lead>, ReadError> {
    let before = page::read_id(cursor)?;
    let among = filter.visible_to.as_ref().map(|users| page::among(users.iter().map(|id| id.0)));
    let args = args![
        before,
        limit as i64 + 1,
        filter.status.map(word).unwrap_or_default(),
        filter.owner.map_or(0, |id| id.0),
        filter.free,
        &*filter.area,
        page::pattern(&filter.q),
        among.unwrap_or_default(),
    ];
    let items = db.query(LIST, args, stored).await?;
    Ok(page::cut(items, limit, |last| last.id.to_string()))
}

/// What a visitor left, newest first, so that they see the answers.
pub async fn of_visitor(db: &Db, visitor: VisitorId, limit: usize) -> Result<Vec<Lead>, ReadError> {
    db.query(OF_VISITOR, args![visitor.0, limit as i64], stored).await
}

pub async fn of_customer(db: &Db, customer: CustomerId, limit: usize) -> Result<Vec<Lead>, ReadError> {
    db.query(OF_CUSTOMER, args![customer.0, limit as i64], stored).await
}

/// Those whose owner did not write in time.
pub async fn late(db: &Db, now: At, limit: usize) -> Result<Vec<Lead>, ReadError> {
    db.query(LATE, args![now, limit as i64], stored).await
}

/// When the next one is taken back.
pub async fn next_at(db: &Db) -> Result<Option<At>, ReadError> {
    Ok(db.query_one(NEXT_AT, args![], |row| row.get(0)).await?.flatten())
}

/// Those that nobody ever had, the newest first.
pub async fn ungiven(db: &Db, limit: usize) -> Result<Vec<Lead>, ReadError> {
    db.query(UNGIVEN, args![limit as i64], stored).await
}

/// Who got the last one that was given.
pub async fn last_given(db: &Db) -> Result<Option<UserId>, ReadError> {
    db.query_one(LAST_GIVEN, args![], |row| Ok(UserId(row.get(0)?))).await
}

pub fn note(lead: RecordId, note: &LeadNote) -> Statement {
    let LeadNote { id, author, deed: Deed { what, person, text }, written_at } = note;
    let (author, person) = (author.map(|id| id.0), person.map(|id| id.0));
    Statement::new(ADD_NOTE, args![id.0, lead.0, word(*what), author, person, &**text, *written_at])
}

/// What happened to a lead, oldest first.
pub async fn notes(db: &Db, lead: RecordId) -> Result<Vec<LeadNote>, ReadError> {
    let note = |row: &Row<'_>| {
        Ok(LeadNote {
            id: RecordId(row.get(0)?),
            author: row.get::<Option<i64>>(2)?.map(UserId),
            deed: Deed {
                what: row.word(1)?,
                person: row.get::<Option<i64>>(3)?.map(UserId),
                text: row.get(4)?,
            },
            written_at: row.get(5)?,
        })
    };
    db.query(NOTES, args![lead.0], note).await
}

/// Who had it and lost it, or gave it back.
pub async fn lost(db: &Db, lead: RecordId) -> Result<BTreeSet<UserId>, ReadError> {
    let found = db.query(LOST, args![lead.0], |row| Ok(UserId(row.get(0)?))).await?;
    Ok(found.into_iter().collect())
}
