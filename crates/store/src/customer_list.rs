//! Lists of customers. Each way in reads one index in the list's own order; the other filters are tried on the rows it
//! meets.

use crate::{
    Db, Page, ReadError,
    customer::{Customer, columns, find, stored},
    page,
    sql::sql,
    value::args,
};
use yingda_core::At;

/// Filters beside the one that leads.
const MOST_FILTERS: usize = 4;
/// Of those whom a few letters find, so many are looked at for the other filters.
const FOUND: usize = 500;

sql! {
    LIST = concat!("SELECT ", columns!(), " FROM customer
        WHERE deleted_at IS NULL AND (sort_key, id) > ($1, $2) ORDER BY sort_key, id LIMIT $3");
    WITH = concat!("SELECT ", columns!(), " FROM customer_value AS d JOIN customer ON customer.id = d.customer
        WHERE d.field = $1 AND d.term = $2 AND (d.sort_key, d.customer) > ($3, $4) AND customer.deleted_at IS NULL
            AND ($6 = '' OR EXISTS (SELECT 1 FROM customer_value AS v
                WHERE v.field = $6 AND v.term = $7 AND v.sort_key = d.sort_key AND v.customer = d.customer))
            AND ($8 = '' OR EXISTS (SELECT 1 FROM customer_value AS v
                WHERE v.field = $8 AND v.term = $9 AND v.sort_key = d.sort_key AND v.customer = d.customer))
            AND ($10 = '' OR EXISTS (SELECT 1 FROM customer_value AS v
                WHERE v.field = $10 AND v.term = $11 AND v.sort_key = d.sort_key AND v.customer = d.customer))
        ORDER BY d.sort_key, d.customer LIMIT $5");
    /// Those whose card nobody has looked at for longest.
    UNCHECKED = concat!("SELECT ", columns!(), " FROM customer
        WHERE deleted_at IS NULL AND checked_at < $1 AND (checked_at, id) > ($2, $3)
        ORDER BY checked_at, id LIMIT $4");
    SUSPECT = concat!("SELECT ", columns!(), " FROM customer
        WHERE suspect <> '' AND deleted_at IS NULL AND id > $1 ORDER BY id LIMIT $2");
    /// Those by an instant who were looked at since another, the last first; and those who were not, the oldest first.
    KEPT = concat!("SELECT ", columns!(), " FROM customer
        WHERE deleted_at IS NULL AND created_at < $1 AND checked_at >= $2 ORDER BY checked_at DESC, id DESC LIMIT $3");
    LAPSED = concat!("SELECT ", columns!(), " FROM customer
        WHERE deleted_at IS NULL AND created_at < $1 AND checked_at < $2 ORDER BY checked_at, id LIMIT $3");
    COUNT = "SELECT count(*) FROM customer WHERE deleted_at IS NULL AND created_at < $1";
    COUNT_CHECKED = "
        SELECT count(*) FROM customer WHERE deleted_at IS NULL AND checked_at >= $1 AND created_at < $2";
}

/// What a list shows; everything that is set must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// A few letters or digits.
    pub q: String,
    /// Fields and their answers; `@tag`, `@tier` and the like are no field's.
    pub values: Vec<(String, String)>,
    /// Nobody has looked at their card since.
    pub unchecked_since: Option<At>,
    /// A number or an address of theirs turned out to be wrong.
    pub suspect: bool,
}

/// A page of customers by name; of what a few letters find, the best; of what has to be checked, the oldest.
pub async fn list(
    db: &Db,
    filter: &Filter,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<Customer>, ReadError> {
    if !filter.q.trim().is_empty() {
        let is_filtered = *filter != Filter { q: filter.q.clone(), ..Filter::default() };
        let mut items = find(db, &filter.q, if is_filtered { FOUND } else { limit }).await?;
        items.retain(|it| filter.holds(it));
        items.truncate(limit);
        return Ok(Page { items, next: None });
    }
    let most = limit as i64 + 1;
    if filter.suspect {
        let after: i64 = cursor.map_or(Ok(i64::MIN), |it| it.parse().map_err(|_| ReadError::BadCursor))?;
        let items = db.query(SUSPECT, args![after, most], stored).await?;
        let mut page = page::cut(items, limit, |last| last.id.to_string());
        page.items.retain(|it| filter.holds(it));
        return Ok(page);
    }
    if let Some(since) = filter.unchecked_since {
        let (checked_at, id) = cursor.map_or(Ok((At::MIN, i64::MIN)), page::read_pair)?;
        let items = db.query(UNCHECKED, args![since, checked_at, id, most], stored).await?;
        let mut page = page::cut(items, limit, |last| page::write_pair(last.checked_at, last.id.0));
        page.items.retain(|it| filter.holds(it));
        return Ok(page);
    }
    let (sort_key, id) = match cursor {
        Some(cursor) => page::read_key(cursor)?,
        None => (vec![], i64::MIN),
    };
    let mut values: Vec<_> = filter.values.iter().filter(|(field, _)| !field.is_empty()).cloned().collect();
    // Own fields tell customers apart best, then who looks after them and tags; VIP and kind least.
    values.sort_by_key(|(field, _)| RANK.iter().position(|it| it == field).map_or(0, |n| n + 1));
    values.resize(MOST_FILTERS, Default::default());
    let mut values = values.into_iter();
    let items = match values.next().filter(|(field, _)| !field.is_empty()) {
        None => db.query(LIST, args![sort_key, id, most], stored).await?,
        Some((field, term)) => {
            let mut args = args![field, term.trim().to_lowercase(), sort_key, id, most];
            for (field, term) in values {
                args.extend([field.into(), term.trim().to_lowercase().into()]);
            }
            db.query(WITH, args, stored).await?
        }
    };
    Ok(page::cut(items, limit, |last| page::write_key(&crate::sound::sort_key(&last.card.name), last.id.0)))
}

const RANK: [&str; 8] = ["@owner", "@tag", "@segment", "@area", "@tier", "@line", "@vip", "@kind"];

impl Filter {
    fn holds(&self, it: &Customer) -> bool {
        let has = |(field, term): &(String, String)| {
            let card = &it.card;
            let term = term.trim().to_lowercase();
            match field.as_str() {
                "" => true,
                "@tag" => card.tags.iter().any(|tag| tag.to_string() == term),
                "@segment" => it.segments.iter().any(|id| id.to_string() == term),
                "@line" => it.line.is_some_and(|line| line.to_string() == term),
                "@owner" => card.owner.is_some_and(|owner| owner.to_string() == term),
                "@tier" => card.tier == term,
                "@area" => card.area == term,
                "@kind" => card.kind.as_str() == term,
                "@vip" => card.vip,
                field => card.values.get(field).is_some_and(|value| value.trim().to_lowercase() == term),
            }
        };
        self.values.iter().all(has)
            && (!self.suspect || !it.suspect.is_empty())
            && self.unchecked_since.is_none_or(|since| it.checked_at < since)
    }
}

/// How many there were by an instant, and how many of them were looked at since another.
pub async fn checked(db: &Db, until: At, since: At) -> Result<(u64, u64), ReadError> {
    let count = async |sql, args| -> Result<u64, ReadError> {
        let found = db.query_one(sql, args, |row| row.get::<i64>(0)).await?;
        Ok(found.unwrap_or_default() as u64)
    };
    Ok((count(COUNT, args![until]).await?, count(COUNT_CHECKED, args![since, until]).await?))
}

/// Whom these numbers are about: who was looked at, or who was not.
pub async fn looked_at(
    db: &Db,
    until: At,
    since: At,
    is_kept: bool,
    limit: usize,
) -> Result<Vec<Customer>, ReadError> {
    db.query(if is_kept { KEPT } else { LAPSED }, args![until, since, limit as i64], stored).await
}
