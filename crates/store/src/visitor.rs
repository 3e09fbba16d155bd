//! Visitors: browsers that have the widget open, and the pages they looked at.

use crate::{
    Db, ReadError, Statement,
    event::SITE,
    sql::sql,
    value::{Row, args, word},
};
use yingda_core::{
    At,
    id::{CustomerId, VisitorId, WidgetId},
    lang::Lang,
};

sql! {
    SEEN = "
        INSERT INTO visitor (id, site, widget, customer, name, lang, first_seen_at, last_seen_at, visits,
            notice_version, guardian, ip, browser, landing, referrer, campaign)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $7, 1, 0, FALSE, $8, $9, $10, $11, $12)
        ON CONFLICT (id) DO UPDATE SET
            widget = excluded.widget,
            customer = coalesce(excluded.customer, visitor.customer),
            name = CASE WHEN excluded.name = '' THEN visitor.name ELSE excluded.name END,
            lang = excluded.lang,
            visits = visitor.visits + 1,
            last_seen_at = excluded.last_seen_at,
            ip = excluded.ip,
            browser = excluded.browser";
    LEFT = "UPDATE visitor SET last_seen_at = $2 WHERE id = $1";
    LINK = "UPDATE visitor SET customer = $2 WHERE id = $1";
    NAME = "UPDATE visitor SET name = $2 WHERE id = $1";
    ACCEPT = "UPDATE visitor SET notice_version = $2, notice_at = $3, guardian = $4 WHERE id = $1";
    ONE = "
        SELECT id, widget, customer, name, lang, first_seen_at, last_seen_at, visits, notice_version, notice_at,
            guardian, ip, browser, landing, referrer, campaign
        FROM visitor WHERE id = $1";
    OF_CUSTOMER = "
        SELECT id, widget, customer, name, lang, first_seen_at, last_seen_at, visits, notice_version, notice_at,
            guardian, ip, browser, landing, referrer, campaign
        FROM visitor WHERE customer = $1 ORDER BY last_seen_at DESC LIMIT $2";
    VIEWED = "INSERT INTO page_view (visitor, viewed_at, url, title, referrer) VALUES ($1, $2, $3, $4, $5)";
    PAGES = "
        SELECT visitor, viewed_at, url, title, referrer FROM page_view WHERE visitor = $1
        ORDER BY viewed_at DESC LIMIT $2";
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Visitor {
    pub id: VisitorId,
    pub widget: Option<WidgetId>,
    pub customer: Option<CustomerId>,
    pub name: String,
    pub lang: Lang,
    pub first_seen_at: At,
    pub last_seen_at: At,
    pub visits: i64,
    /// The version of the privacy notice that was accepted, and when.
    pub notice_version: u32,
    pub notice_at: Option<At>,
    pub guardian: bool,
    pub ip: String,
    pub browser: String,
    /// Of the first visit.
    pub landing: String,
    pub referrer: String,
    pub campaign: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct PageView {
    pub visitor: VisitorId,
    pub at: At,
    pub url: String,
    pub title: String,
    pub referrer: String,
}

fn stored(row: &Row<'_>) -> Result<Visitor, ReadError> {
    Ok(Visitor {
        id: VisitorId(row.get(0)?),
        widget: row.get::<Option<i64>>(1)?.map(WidgetId),
        customer: row.get::<Option<i64>>(2)?.map(CustomerId),
        name: row.get(3)?,
        lang: row.word(4)?,
        first_seen_at: row.get(5)?,
        last_seen_at: row.get(6)?,
        visits: row.get(7)?,
        notice_version: row.get::<i64>(8)? as u32,
        notice_at: row.get(9)?,
        guardian: row.get(10)?,
        ip: row.get(11)?,
        browser: row.get(12)?,
        landing: row.get(13)?,
        referrer: row.get(14)?,
        campaign: row.get(15)?,
    })
}

/// A visit begins: a new row, or one visit more. What is known already stays unless told anew; landing page,
/// referrer and campaign are those of the first visit. `last_seen_at` is now.
pub fn seen(visitor: &Visitor) -> Statement {
    let it = visitor;
    Statement::new(
        SEEN,
        args![
            it.id.0,
            SITE,
            it.widget.map(|id| id.0),
            it.customer.map(|id| id.0),
            &*it.name,
            word(it.lang),
            it.last_seen_at,
            &*it.ip,
            &*it.browser,
            &*it.landing,
            &*it.referrer,
            &*it.campaign,
        ],
    )
}

/// The last connection closed.
pub fn left(id: VisitorId, now: At) -> Statement {
    Statement::new(LEFT, args![id.0, now])
}

pub fn link(id: VisitorId, customer: CustomerId) -> Statement {
    Statement::new(LINK, args![id.0, customer.0])
}

/// The name given before the chat.
pub fn name(id: VisitorId, name: &str) -> Statement {
    Statement::new(NAME, args![id.0, name])
}

pub fn accept_notice(id: VisitorId, version: u32, guardian: bool, now: At) -> Statement {
    Statement::new(ACCEPT, args![id.0, version, now, guardian])
}

pub fn viewed(view: &PageView) -> Statement {
    Statement::new(VIEWED, args![view.visitor.0, view.at, &*view.url, &*view.title, &*view.referrer])
}

pub async fn get(db: &Db, id: VisitorId) -> Result<Option<Visitor>, ReadError> {
    db.query_one(ONE, args![id.0], stored).await
}

pub async fn of_customer(db: &Db, customer: CustomerId, limit: usize) -> Result<Vec<Visitor>, ReadError> {
    db.query(OF_CUSTOMER, args![customer.0, limit as i64], stored).await
}

/// The trail of a visitor, newest first.
pub async fn pages(db: &Db, id: VisitorId, limit: usize) -> Result<Vec<PageView>, ReadError> {
    db.query(PAGES, args![id.0, limit as i64], |row| {
        Ok(PageView {
            visitor: VisitorId(row.get(0)?),
            at: row.get(1)?,
            url: row.get(2)?,
            title: row.get(3)?,
            referrer: row.get(4)?,
        })
    })
    .await
}
