//! Customers, and what finds them.

use crate::{
    Db, ReadError, Statement,
    db::FromRow,
    event::SITE,
    order, page, sound,
    sql::sql,
    value::{Row, args},
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};
use yingda_core::{
    At,
    config::{Field, FieldShape},
    customer::{ContactPoint, Customer as Card, CustomerKind, CustomerSettings, PointKind},
    id::{CustomerId, LineId, RecordId, UserId},
    medium::Medium,
};

/// Of `customer`, as `stored` reads them.
macro_rules! columns {
    () => {
        "customer.id, customer.line, customer.version, customer.name, customer.sort_key, customer.phone,
        customer.email, customer.company, customer.address, customer.vip, customer.tags, customer.note,
        customer.external_id, customer.merged_into, customer.created_at, customer.updated_at,
        customer.deleted_at, customer.more, customer.checked_at, customer.suspect, customer.segments"
    };
}

pub(crate) use columns;

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
            external_id, created_at, updated_at, more, checked_at, derived)
        VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14, $15, $16, $17)";
    UPDATE = "
        UPDATE customer SET version = version + 1, line = $2, name = $3, sort_key = $4, phone = $5, email = $6,
            company = $7, address = $8, vip = $9, tags = $10, note = $11, external_id = $12, updated_at = $13,
            more = $15, checked_at = $16, suspect = $17, derived = $18
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
    MOVE_SURVEYS = "UPDATE survey_ask SET customer = $2 WHERE customer = $1";
    MOVE_PORTAL = "UPDATE portal_session SET customer = $2 WHERE customer = $1";
    MOVE_LEADS = "UPDATE lead SET customer = $2 WHERE customer = $1";
    FORGET_VALUES = "DELETE FROM customer_value WHERE customer = $1";
    ADD_VALUE = "
        INSERT INTO customer_value (field, term, sort_key, customer) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    UNDERIVED = concat!("SELECT ", columns!(), " FROM customer WHERE derived < 1 AND id > $1 ORDER BY id LIMIT $2");
    DERIVED = "UPDATE customer SET derived = $2, sort_key = $3 WHERE id = $1 AND version = $4";
    MOVE_VISITS = "UPDATE plan_visit SET customer = $2 WHERE customer = $1";
    FORGET_TERMS = "DELETE FROM contact_point WHERE customer = $1";
    ADD_TERM = "INSERT INTO contact_point (kind, term, customer) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    ONE = concat!("SELECT ", columns!(), " FROM customer WHERE id = $1");
    FIND = concat!("SELECT ", columns!(), found!(), "
        WHERE contact_point.kind = $1 AND contact_point.term >= $2 AND contact_point.term < $3
            AND customer.deleted_at IS NULL
        ORDER BY contact_point.term LIMIT $4");
    KEYED = concat!("SELECT ", columns!(), ", contact_point.term", found!(), "
        WHERE contact_point.kind = $1 AND contact_point.term = $2 AND customer.deleted_at IS NULL LIMIT 3");
    BY_ORDER = concat!("SELECT ", columns!(), " FROM shop_order
            JOIN customer AS known ON known.id = shop_order.customer
            JOIN customer ON customer.id = coalesce(known.merged_into, known.id)
        WHERE shop_order.number_key >= $1 AND shop_order.number_key < $2 AND customer.deleted_at IS NULL
        ORDER BY shop_order.number_key LIMIT $3");
    BY_ORDER_END = concat!("SELECT ", columns!(), " FROM shop_order
            JOIN customer AS known ON known.id = shop_order.customer
            JOIN customer ON customer.id = coalesce(known.merged_into, known.id)
        WHERE shop_order.number_back >= $1 AND shop_order.number_back < $2 AND customer.deleted_at IS NULL
        ORDER BY shop_order.number_back LIMIT $3");
    EXACTLY = concat!("SELECT ", columns!(), found!(), "
        WHERE contact_point.kind = $1 AND contact_point.term = $2 AND customer.deleted_at IS NULL
        ORDER BY customer.id LIMIT $3");
}

/// The rules by which terms and values are made; raised, all customers get theirs anew.
const DERIVED_BY: i64 = 1;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Customer {
    pub id: CustomerId,
    pub line: Option<LineId>,
    /// As read; an update is stale unless it is still the stored one.
    pub version: i64,
    pub card: Card,
    pub merged_into: Option<CustomerId>,
    pub created_at: At,
    pub updated_at: At,
    pub deleted_at: Option<At>,
    /// When a person last changed or confirmed it.
    pub checked_at: At,
    /// Fields of the card that turned out to be wrong: `phone`, `email`.
    pub suspect: Vec<String>,
    pub segments: Vec<RecordId>,
}

impl Customer {
    /// Somebody new, whose card was just looked at.
    pub fn new(id: CustomerId, card: Card, now: At) -> Customer {
        Customer {
            id,
            version: 1,
            card,
            created_at: now,
            updated_at: now,
            checked_at: now,
            ..Customer::default()
        }
    }
}

/// The part of a card that one column holds.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct More {
    kind: CustomerKind,
    tier: String,
    area: String,
    owner: Option<UserId>,
    points: Vec<ContactPoint>,
    prefers: Option<Medium>,
    best_time: String,
    values: BTreeMap<String, String>,
}

pub(crate) fn stored(row: &Row<'_>) -> Result<Customer, ReadError> {
    let More { kind, tier, area, owner, points, prefers, best_time, values } = row.json(17)?;
    Ok(Customer {
        id: CustomerId(row.get(0)?),
        line: row.get::<Option<i64>>(1)?.map(LineId),
        version: row.get(2)?,
        card: Card {
            name: row.get(3)?,
            phone: row.get(5)?,
            email: row.get(6)?,
            company: row.get(7)?,
            address: row.get(8)?,
            vip: row.get(9)?,
            tags: row.json(10)?,
            note: row.get(11)?,
            external_id: row.get(12)?,
            kind,
            tier,
            area,
            owner,
            points,
            prefers,
            best_time,
            values,
        },
        merged_into: row.get::<Option<i64>>(13)?.map(CustomerId),
        created_at: row.get(14)?,
        updated_at: row.get(15)?,
        deleted_at: row.get(16)?,
        checked_at: row.get(18)?,
        suspect: page::listed(&row.get::<String>(19)?).map(str::to_owned).collect(),
        segments: page::listed(&row.get::<String>(20)?)
            .filter_map(|id| id.parse().ok())
            .map(RecordId)
            .collect(),
    })
}

fn tags(card: &Card) -> String {
    serde_json::to_string(&card.tags).expect("a list of ids has a JSON form")
}

fn more(card: &Card) -> String {
    let it = card.clone();
    let more = More {
        kind: it.kind,
        tier: it.tier,
        area: it.area,
        owner: it.owner,
        points: it.points,
        prefers: it.prefers,
        best_time: it.best_time,
        values: it.values,
    };
    serde_json::to_string(&more).expect("a card is plain data")
}

fn lower(text: &str) -> Vec<u8> {
    text.trim().to_lowercase().into_bytes()
}

/// What finds a customer: the digits of numbers from both ends and from where the second group of a mobile number
/// begins, mail, the name and its end, its sound and the initials of it, company, the company's own id, own fields.
fn terms(card: &Card, settings: &CustomerSettings) -> Vec<(&'static str, Vec<u8>)> {
    let mut all = vec![
        ("email", lower(&card.email)),
        ("name", lower(&card.name)),
        ("sort", sound::sort_key(&card.name)),
        ("external", lower(&card.external_id)),
        ("company", lower(&card.company)),
    ];
    number_terms(&card.phone, "phone", &mut all);
    for point in &card.points {
        match point.kind {
            PointKind::Phone => number_terms(&point.value, "phone", &mut all),
            PointKind::Relay => number_terms(&point.value, "relay", &mut all),
            PointKind::Email => all.push(("email", lower(&point.value))),
            PointKind::Address | PointKind::Other => all.push(("other", lower(&point.value))),
        }
    }
    let letters: Vec<char> = card.name.chars().collect();
    if !card.name.is_ascii() && letters.len() <= 12 {
        all.push(("initials", sound::initials(&card.name).into_bytes()));
        let ends = (1..letters.len()).map(|n| letters[n..].iter().collect::<String>());
        all.extend(ends.map(|end| ("name_end", lower(&end))));
    }
    let searched = settings.fields.iter().filter(|field| !field.sensitive && is_short(field.shape));
    all.extend(
        searched.filter_map(|field| Some(("value", short(card.values.get(&field.key)?)?.into_bytes()))),
    );
    all.retain(|(_, term)| !term.is_empty());
    all
}

fn number_terms(number: &str, kind: &'static str, all: &mut Vec<(&'static str, Vec<u8>)>) {
    let digits = digits(number);
    let backwards = digits.iter().rev().copied().collect();
    let middle = digits.get(3..).filter(|rest| rest.len() >= 4).map(<[u8]>::to_vec);
    all.extend(middle.map(|middle| ("phone_mid", middle)));
    all.push(("phone_end", backwards));
    all.push((kind, digits));
}

/// Answers of one line, which people look for.
fn is_short(shape: FieldShape) -> bool {
    matches!(shape, FieldShape::Line | FieldShape::Number | FieldShape::Phone | FieldShape::Email)
}

fn short(value: &str) -> Option<String> {
    let value = value.trim().to_lowercase();
    (!value.is_empty() && value.chars().count() <= 64).then_some(value)
}

/// What lists filter by. Names that begin with `@` are no field's.
fn values(it: &Customer, settings: &CustomerSettings) -> Vec<(String, String)> {
    let card = &it.card;
    let mut all: Vec<(String, String)> = vec![];
    let mut add = |field: &str, term: String| all.push((field.to_owned(), term));
    card.tags.iter().for_each(|tag| add("@tag", tag.to_string()));
    it.segments.iter().for_each(|id| add("@segment", id.to_string()));
    it.line.iter().for_each(|line| add("@line", line.to_string()));
    card.owner.iter().for_each(|owner| add("@owner", owner.to_string()));
    add("@tier", card.tier.clone());
    add("@area", card.area.clone());
    add("@kind", card.kind.as_str().to_owned());
    add("@vip", if card.vip { "yes".into() } else { String::new() });
    let filtered = |field: &&Field| {
        !field.sensitive
            && !matches!(field.shape, FieldShape::Paragraph | FieldShape::Address | FieldShape::File)
    };
    for field in settings.fields.iter().filter(filtered) {
        add(&field.key, card.values.get(&field.key).and_then(|value| short(value)).unwrap_or_default());
    }
    // So that nobody sweeps them away.
    let files = settings.fields.iter().filter(|field| field.shape == FieldShape::File);
    for field in files {
        add("@file", card.values.get(&field.key).cloned().unwrap_or_default());
    }
    all.retain(|(_, term)| !term.is_empty());
    all
}

/// A phone number as it is compared: digits only, without China's country code.
fn digits(phone: &str) -> Vec<u8> {
    let digits: Vec<u8> = phone.bytes().filter(u8::is_ascii_digit).collect();
    let international = phone.trim_start().starts_with('+') || digits.starts_with(b"00");
    let bare = digits.strip_prefix(b"00").unwrap_or(&digits);
    let is_mobile = |it: &[u8]| it.len() == 11 && it.starts_with(b"1");
    match (bare.strip_prefix(b"86"), digits.strip_prefix(b"0")) {
        (Some(national), _) if international || is_mobile(national) => national.to_vec(),
        // A zero that is dialled before a mobile number of another town.
        (_, Some(national)) if is_mobile(national) => national.to_vec(),
        _ => digits,
    }
}

/// Everything by which a customer is found, beside the row.
fn found_by(it: &Customer, settings: &CustomerSettings, sort_key: &[u8]) -> Vec<Statement> {
    let id = it.id.0;
    let terms = terms(&it.card, settings).into_iter();
    let terms = terms.map(|(kind, term)| Statement::new(ADD_TERM, args![kind, term, id]));
    let values = values(it, settings).into_iter();
    let values = values.map(|(field, term)| Statement::new(ADD_VALUE, args![field, term, sort_key, id]));
    terms.chain(values).collect()
}

fn forgotten(id: CustomerId) -> [Statement; 2] {
    [FORGET_TERMS, FORGET_VALUES].map(|sql| Statement::new(sql, args![id.0]))
}

/// A new customer, at version 1.
pub fn insert(customer: &Customer, settings: &CustomerSettings, now: At) -> Vec<Statement> {
    let Customer { id, line, card, .. } = customer;
    let sort_key = sound::sort_key(&card.name);
    let insert = Statement::new(
        INSERT,
        args![
            id.0,
            SITE,
            line.map(|id| id.0),
            &*card.name,
            &*sort_key,
            &*card.phone,
            &*card.email,
            &*card.company,
            &*card.address,
            card.vip,
            tags(card),
            &*card.note,
            &*card.external_id,
            now,
            more(card),
            customer.checked_at,
            DERIVED_BY,
        ],
    );
    std::iter::once(insert).chain(found_by(customer, settings, &sort_key)).collect()
}

/// The next version; stale unless the stored one is `customer.version`.
pub fn update(customer: &Customer, settings: &CustomerSettings, now: At) -> Vec<Statement> {
    let Customer { id, line, card, .. } = customer;
    let sort_key = sound::sort_key(&card.name);
    let update = Statement::guarded(
        UPDATE,
        args![
            id.0,
            line.map(|id| id.0),
            &*card.name,
            &*sort_key,
            &*card.phone,
            &*card.email,
            &*card.company,
            &*card.address,
            card.vip,
            tags(card),
            &*card.note,
            &*card.external_id,
            now,
            customer.version,
            more(card),
            customer.checked_at,
            page::list(&customer.suspect),
            DERIVED_BY,
        ],
    );
    let found_by = found_by(customer, settings, &sort_key);
    std::iter::once(update).chain(forgotten(*id)).chain(found_by).collect()
}

/// Customers whose terms were made by older rules, after this id.
pub async fn underived(db: &Db, after: CustomerId, limit: usize) -> Result<Vec<Customer>, ReadError> {
    db.query(UNDERIVED, args![after.0, limit as i64], stored).await
}

/// Makes anew what finds a customer; stale where somebody changed it meanwhile, which does the same.
pub fn derive(it: &Customer, settings: &CustomerSettings) -> Vec<Statement> {
    let sort_key = sound::sort_key(&it.card.name);
    let derived = Statement::guarded(DERIVED, args![it.id.0, DERIVED_BY, &*sort_key, it.version]);
    let found_by = found_by(it, settings, &sort_key);
    std::iter::once(derived).chain(forgotten(it.id)).chain(found_by).collect()
}

/// Hides a customer; the row and its terms stay for a restore.
pub fn delete(id: CustomerId, version: i64, now: At) -> Statement {
    Statement::guarded(DELETE, args![id.0, now, version])
}

pub fn restore(id: CustomerId, version: i64, now: At) -> Statement {
    Statement::guarded(RESTORE, args![id.0, now, version])
}

/// `from` becomes a part of `into`: its conversations, visitors, leads and answers to surveys move, its row stays and points there.
pub fn merge(from: CustomerId, from_version: i64, into: CustomerId, now: At) -> Vec<Statement> {
    let moved = |sql| Statement::new(sql, args![from.0, into.0]);
    vec![
        Statement::guarded(MERGE, args![from.0, into.0, now, from_version]),
        moved(MOVE_MERGED),
        moved(MOVE_CONVERSATIONS),
        moved(MOVE_VISITORS),
        moved(MOVE_LEADS),
        moved(MOVE_SURVEYS),
        moved(MOVE_PORTAL),
        moved(MOVE_VISITS),
    ]
}

/// A customer, deleted or not.
pub async fn get(db: &Db, id: CustomerId) -> Result<Option<Customer>, ReadError> {
    db.query_one(ONE, args![id.0], stored).await
}

/// Those of these ids, deleted or not.
pub async fn of_ids(db: &Db, ids: impl Iterator<Item = CustomerId>) -> Result<Vec<Customer>, ReadError> {
    let queries = ids.map(|id| (ONE, args![id.0], stored as FromRow<Customer>));
    db.query_together(queries.collect()).await
}

/// The customer of this id, or the one of whom they became a part; nobody when that one was deleted.
pub async fn living(db: &Db, id: CustomerId) -> Result<Option<Customer>, ReadError> {
    let found = match get(db, id).await? {
        Some(Customer { merged_into: Some(into), .. }) => get(db, into).await?,
        found => found,
    };
    Ok(found.filter(|it| it.deleted_at.is_none()))
}

/// Quick find: by the beginning or the end of a phone number, and the beginning of name, pinyin, mail or the
/// company's own id.
pub async fn find(db: &Db, q: &str, limit: usize) -> Result<Vec<Customer>, ReadError> {
    let text = q.trim().to_lowercase().into_bytes();
    // The digits of a name or an address are no telephone number: they would find half of the customers first.
    let is_number = !q.chars().any(|c| c.is_alphabetic() || c == '@');
    let digits = if is_number { digits(q) } else { vec![] };
    let backwards = digits.iter().rev().copied().collect();
    let (middle, relay) = (digits.clone(), digits.clone());
    let mut found: Vec<Customer> = Vec::new();
    let tries = [
        ("phone", digits),
        ("phone_end", backwards),
        ("phone_mid", middle),
        ("relay", relay),
        ("name", text.clone()),
        ("sort", sound::sound(q).into_bytes()),
        ("initials", text.clone()),
        ("name_end", text.clone()),
        ("company", text.clone()),
        ("email", text.clone()),
        ("external", text.clone()),
        ("value", text.clone()),
        ("other", text),
    ];
    let ranges = tries.into_iter().filter(|(_, term)| !term.is_empty());
    let queries = ranges.map(|(kind, from)| {
        let to = after_prefix(&from);
        (FIND, args![kind, from, to, limit as i64], stored as FromRow<Customer>)
    });
    // An order is named by its number or its last digits; fewer letters begin every number of a shop.
    let ends = [(BY_ORDER, order::key(q)), (BY_ORDER_END, order::key_back(q))];
    let ends = ends.into_iter().filter(|_| q.trim().chars().count() >= 4).map(|(sql, from)| {
        let to = after_prefix(&from);
        (sql, args![from, to, limit as i64], stored as FromRow<Customer>)
    });
    let queries = queries.chain(ends);
    for customer in db.query_together(queries.collect()).await? {
        if found.len() < limit && found.iter().all(|it| it.id != customer.id) {
            found.push(customer);
        }
    }
    Ok(found)
}

/// By what a card is compared with those that are there: `phone`, `email` or `external`; none where it has no such.
pub fn key(kind: &str, card: &Card) -> Option<Vec<u8>> {
    let key = match kind {
        "phone" => digits(&card.phone),
        "email" => lower(&card.email),
        "external" => lower(&card.external_id),
        _ => vec![],
    };
    (!key.is_empty()).then_some(key)
}

/// Who has one of these keys, by the key.
pub async fn with_keys(
    db: &Db,
    kind: &str,
    keys: impl Iterator<Item = &Vec<u8>>,
) -> Result<HashMap<Vec<u8>, Vec<Customer>>, ReadError> {
    let Some(kind) = ["phone", "email", "external"].into_iter().find(|it| *it == kind) else {
        return Ok(HashMap::new());
    };
    let keys: HashSet<&Vec<u8>> = keys.collect();
    let queries =
        keys.into_iter().map(|key| (KEYED, args![kind, key.clone()], keyed as FromRow<(Vec<u8>, Customer)>));
    let mut found: HashMap<Vec<u8>, Vec<Customer>> = HashMap::new();
    for (key, customer) in db.query_together(queries.collect()).await? {
        let same = found.entry(key).or_default();
        if same.iter().all(|it| it.id != customer.id) {
            same.push(customer);
        }
    }
    Ok(found)
}

fn keyed(row: &Row<'_>) -> Result<(Vec<u8>, Customer), ReadError> {
    Ok((row.get(21)?, stored(row)?))
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

/// Customers whose name sounds like this one: 张伟 and 章伟.
pub async fn sounding(db: &Db, name: &str, limit: usize) -> Result<Vec<Customer>, ReadError> {
    let sound = sound::sound(name).into_bytes();
    if sound.is_empty() {
        return Ok(vec![]);
    }
    let to = [sound.as_slice(), b"\t\xff"].concat();
    db.query(FIND, args!["sort", sound, to, limit as i64], stored).await
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
