//! Customers: found quickly, changed by version, shown with the fields masked that a role may not see.

use super::routes::{Routes, routes};
use crate::{
    app::{App, Shared},
    auth::Caller,
    http::{
        body::Json,
        conversations::{self, ConversationQuery},
        edit::{IfMatch, Tagged, id, page_size},
        idempotency::{self, Once, Replay},
    },
    problem::Problem,
    proof,
    site::{Item, ItemFact, Refused},
    tickets,
};
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;
use std::collections::BTreeSet;
use utoipa::IntoParams;
use yingda_core::{
    At,
    access::Action,
    actor::Actor,
    config::MaskedField,
    customer::{ContactPoint, CustomerKind, CustomerSettings, PointKind},
    directory::Directory,
    event::{Audience, Fact, Private, Subject},
    fault::Wrong,
    id::*,
    mask,
    phone::place::place,
    proof::Point,
    refusal::Refusal,
};
use yingda_store::{
    Statement, customer as rows,
    customer_list::{self, Filter},
    proof as proofs,
};
use yingda_wire::http::{CheckCustomer, ConversationRow, Customer, Page, StoredCustomer, Verified};

pub fn routes() -> Routes {
    Routes::new()
        .routes(routes!(list, create))
        .routes(routes!(settings))
        .routes(routes!(read, change, delete))
        .routes(routes!(restore))
        .routes(routes!(confirm))
        .routes(routes!(contacts))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// The beginning of a name, its pinyin, a mail address or the site's own id; either end of a phone number.
    #[serde(default)]
    q: String,
    #[param(value_type = Option<String>)]
    tag: Option<TagId>,
    #[param(value_type = Option<String>)]
    segment: Option<RecordId>,
    /// The colleague who looks after them.
    #[param(value_type = Option<String>)]
    owner: Option<UserId>,
    tier: Option<String>,
    area: Option<String>,
    #[param(inline)]
    kind: Option<CustomerKind>,
    #[serde(default)]
    vip: bool,
    /// One of the settings' own fields, and the answer to it.
    #[serde(default)]
    field: String,
    #[serde(default)]
    value: String,
    /// Only those whose card nobody has checked within the settings' span (K-08), the oldest first.
    #[serde(default)]
    unchecked: bool,
    /// Only those of whom a number or an address turned out to be wrong.
    #[serde(default)]
    suspect: bool,
    cursor: Option<String>,
    limit: Option<usize>,
}

/// Customers by name, or those that a few letters find, of a tag, tier, area, owner, segment or answer.
#[utoipa::path(get, path = "/customers", tag = "customers", params(ListQuery),
    responses((status = 200, body = Page<StoredCustomer>)))]
async fn list(
    State(app): State<Shared>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<StoredCustomer>>, Problem> {
    app.reach(caller.actor, Action::CustomerRead)?;
    let directory = app.directory();
    let masks = mask::of(&directory, caller.actor);
    let limit = page_size(query.limit);
    let page = if guesses(query.q.trim(), &masks) {
        yingda_store::Page { items: vec![], next: None }
    } else {
        let filter = query.filter(&directory, app.clock.now());
        customer_list::list(&app.db, &filter, query.cursor.as_deref(), limit).await?
    };
    let items = page.items.into_iter().map(|it| told(it, &masks, &directory)).collect();
    Ok(Json(Page { items, next: page.next }))
}

impl ListQuery {
    pub fn filter(&self, directory: &Directory, now: At) -> Filter {
        let settings = &directory.settings.customers;
        let id = |id: Option<i64>| id.map(|id| id.to_string());
        let mut values = vec![];
        for (field, term) in [
            ("@tag", id(self.tag.map(|it| it.0))),
            ("@segment", id(self.segment.map(|it| it.0))),
            ("@owner", id(self.owner.map(|it| it.0))),
            ("@tier", self.tier.clone()),
            ("@area", self.area.clone()),
            ("@kind", self.kind.map(|it| it.as_str().to_owned())),
            ("@vip", self.vip.then(|| "yes".to_owned())),
        ] {
            values.extend(term.filter(|term| !term.is_empty()).map(|term| (field.to_owned(), term)));
        }
        // What is hidden from some is no way to find somebody.
        let open = settings.fields.iter().find(|field| field.key == self.field && !field.sensitive);
        values.extend(open.map(|field| (field.key.clone(), self.value.clone())));
        let cycle_ms = At::from(settings.check_days) * 86_400_000;
        let unchecked_since = self.unchecked.then_some(now - cycle_ms);
        Filter { q: self.q.clone(), values, unchecked_since, suspect: self.suspect }
    }
}

/// Who sees numbers masked must know one to find by it: the masked digits cannot be tried out one by one.
fn guesses(q: &str, masks: &BTreeSet<MaskedField>) -> bool {
    let digits = q.chars().filter(char::is_ascii_digit).count();
    masks.contains(&MaskedField::Phone) && digits == q.chars().count() && (3..7).contains(&digits)
}

/// What customers of this site have: own fields, tiers, areas.
#[utoipa::path(get, path = "/customers/settings", tag = "customers",
    responses((status = 200, body = CustomerSettings)))]
async fn settings(State(app): State<Shared>, caller: Caller) -> Result<Json<CustomerSettings>, Problem> {
    app.reach(caller.actor, Action::CustomerRead)?;
    Ok(Json(app.settings().customers.clone()))
}

/// A new customer.
#[utoipa::path(post, path = "/customers", tag = "customers", request_body = Customer,
    params(("Idempotency-Key" = Option<String>, Header)), responses((status = 201, body = StoredCustomer)))]
async fn create(State(app): State<Shared>, once: Once<Customer>) -> Result<Response, Problem> {
    let Once { caller, body: mut customer, key } = once;
    app.reach(caller.actor, Action::CustomerWrite)?;
    let directory = app.directory();
    customer.tidy(&directory.settings.customers);
    sound(customer.check(None, &directory))?;
    let (id, now) = (CustomerId(app.next_id()), app.clock.now());
    let row = rows::Customer::new(id, customer, now);
    let stored = told(row.clone(), &mask::of(&directory, caller.actor), &directory);
    let replay = Replay::new(StatusCode::CREATED, &stored).tagged(1);
    let change = Change { id, version: 1, before: None, after: Some(&row) };
    let writes = rows::insert(&row, &directory.settings.customers, now);
    idempotency::change(&app, key, replay, change.item(&directory, &caller, writes)).await
}

/// One customer.
#[utoipa::path(get, path = "/customers/{id}", tag = "customers", params(("id" = CustomerId, Path)),
    responses((status = 200, body = StoredCustomer)))]
async fn read(
    State(app): State<Shared>,
    caller: Caller,
    Path(customer): Path<String>,
) -> Result<Tagged<StoredCustomer>, Problem> {
    app.reach(caller.actor, Action::CustomerRead)?;
    let found = find(&app, id(&customer)?).await?;
    let masks = proof::masks(&app, caller.actor, found.id).await?;
    let Tagged(status, version, mut told) = tagged(found, &masks, &app.directory());
    told.verified = verified(&app, &told).await?;
    Ok(Tagged(status, version, told))
}

/// What of a card its customer proved to be theirs. A number that changed since is not.
async fn verified(app: &App, shown: &StoredCustomer) -> Result<Vec<Verified>, Problem> {
    let row = find(app, shown.id).await?;
    let terms = [
        (Point::Phone, Point::Phone.term(&row.card.phone)),
        (Point::Email, Point::Email.term(&row.card.email)),
    ];
    let proven = proofs::of_customer(&app.db, shown.id).await?.into_iter();
    let mine = proven.filter(|(point, term, _)| terms.contains(&(*point, Some(term.clone()))));
    Ok(mine.map(|(point, _, verified_at)| Verified { point, verified_at }).collect())
}

/// Changes a customer. A masked field that comes back as it was shown stays as it is.
#[utoipa::path(put, path = "/customers/{id}", tag = "customers", request_body = Customer,
    params(("id" = CustomerId, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = StoredCustomer)))]
async fn change(
    State(app): State<Shared>,
    caller: Caller,
    Path(customer): Path<String>,
    IfMatch(version): IfMatch,
    Json(mut after): Json<Customer>,
) -> Result<Tagged<StoredCustomer>, Problem> {
    app.reach(caller.actor, Action::CustomerWrite)?;
    let before = find(&app, id(&customer)?).await?;
    let masks = proof::masks(&app, caller.actor, before.id).await?;
    let directory = app.directory();
    if before.version != version {
        return Err(Problem::stale(told(before, &masks, &directory)));
    }
    after.tidy(&directory.settings.customers);
    // Between reading and writing the customer may have proven who they are: what was masked then is no value now.
    for masks in [&masks, &mask::of(&directory, caller.actor)] {
        let shown = told(before.clone(), masks, &directory).customer;
        unmask(&mut after, &shown, &before.card);
    }
    sound(after.check(Some(&before.card), &directory))?;
    let now = app.clock.now();
    let mut suspect = before.suspect.clone();
    // A number that was wrong and is another now is wrong no longer.
    suspect.retain(|field| match field.as_str() {
        "phone" => after.phone == before.card.phone,
        "email" => after.email == before.card.email,
        _ => after.address == before.card.address,
    });
    let row = rows::Customer { card: after, checked_at: now, suspect, ..before.clone() };
    let change = Change { id: row.id, version: version + 1, before: Some(&before), after: Some(&row) };
    let writes = rows::update(&row, &directory.settings.customers, now);
    apply(&app, &caller, change, writes, &masks).await?;
    let row = rows::Customer { version: version + 1, updated_at: now, ..row };
    Ok(tagged(row, &masks, &directory))
}

/// What was masked and comes back as it was shown stays as it is.
fn unmask(after: &mut Customer, shown: &Customer, stored: &Customer) {
    for (after, shown, stored) in [
        (&mut after.name, &shown.name, &stored.name),
        (&mut after.note, &shown.note, &stored.note),
        (&mut after.phone, &shown.phone, &stored.phone),
        (&mut after.email, &shown.email, &stored.email),
        (&mut after.address, &shown.address, &stored.address),
    ] {
        if *after == *shown {
            after.clone_from(stored);
        }
    }
    for (key, value) in &mut after.values {
        if let (Some(shown), Some(stored)) = (shown.values.get(key), stored.values.get(key))
            && value == shown
        {
            value.clone_from(stored);
        }
    }
    for point in &mut after.points {
        if let Some(n) = shown.points.iter().position(|it| it.kind == point.kind && it.value == point.value) {
            point.value.clone_from(&stored.points[n].value);
        }
    }
}

/// Says that the card is right as it is, or which parts of it are not.
#[utoipa::path(post, path = "/customers/{id}/check", tag = "customers", request_body = CheckCustomer,
    params(("id" = CustomerId, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = StoredCustomer)))]
async fn confirm(
    State(app): State<Shared>,
    caller: Caller,
    Path(customer): Path<String>,
    IfMatch(version): IfMatch,
    Json(said): Json<CheckCustomer>,
) -> Result<Tagged<StoredCustomer>, Problem> {
    app.reach(caller.actor, Action::CustomerWrite)?;
    let before = find(&app, id(&customer)?).await?;
    let masks = proof::masks(&app, caller.actor, before.id).await?;
    let directory = app.directory();
    if before.version != version {
        return Err(Problem::stale(told(before, &masks, &directory)));
    }
    let suspect: BTreeSet<&str> = said.wrong.iter().map(|it| it.as_str()).collect();
    let now = app.clock.now();
    // What is known to be wrong has been looked at, but not put right.
    let checked_at = if suspect.is_empty() { now } else { before.checked_at };
    let suspect = suspect.into_iter().map(str::to_owned).collect();
    let row = rows::Customer { checked_at, suspect, ..before.clone() };
    let change = Change { id: row.id, version: version + 1, before: Some(&before), after: Some(&row) };
    let writes = rows::update(&row, &directory.settings.customers, now);
    apply(&app, &caller, change, writes, &masks).await?;
    let row = rows::Customer { version: version + 1, updated_at: now, ..row };
    Ok(tagged(row, &masks, &directory))
}

/// Deletes a customer, so that it can be restored. Conversations stay as they were.
#[utoipa::path(delete, path = "/customers/{id}", tag = "customers",
    params(("id" = CustomerId, Path), ("If-Match" = String, Header)), responses((status = 204)))]
async fn delete(
    State(app): State<Shared>,
    caller: Caller,
    Path(customer): Path<String>,
    IfMatch(version): IfMatch,
) -> Result<StatusCode, Problem> {
    app.reach(caller.actor, Action::CustomerWrite)?;
    let masks = mask::of(&app.directory(), caller.actor);
    let before = find(&app, id(&customer)?).await?;
    if before.version != version {
        return Err(Problem::stale(told(before, &masks, &app.directory())));
    }
    let change = Change { id: before.id, version: version + 1, before: Some(&before), after: None };
    let writes = vec![rows::delete(before.id, version, app.clock.now())];
    apply(&app, &caller, change, writes, &masks).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes back a deletion.
#[utoipa::path(post, path = "/customers/{id}/restore", tag = "customers", params(("id" = CustomerId, Path)),
    responses((status = 200, body = StoredCustomer)))]
async fn restore(
    State(app): State<Shared>,
    caller: Caller,
    Path(customer): Path<String>,
) -> Result<Tagged<StoredCustomer>, Problem> {
    app.reach(caller.actor, Action::CustomerWrite)?;
    let masks = mask::of(&app.directory(), caller.actor);
    let id = id(&customer)?;
    let before = rows::get(&app.db, id).await?.ok_or_else(Problem::not_found)?;
    if before.deleted_at.is_some() {
        let change = Change { id, version: before.version + 1, before: None, after: Some(&before) };
        let writes = vec![rows::restore(id, before.version, app.clock.now())];
        apply(&app, &caller, change, writes, &masks).await?;
    }
    Ok(tagged(find(&app, id).await?, &masks, &app.directory()))
}

/// A customer's conversations, newest first, as far as one may read them.
#[utoipa::path(get, path = "/customers/{id}/conversations", tag = "customers",
    params(("id" = CustomerId, Path), ("cursor" = Option<String>, Query), ("limit" = Option<usize>, Query)),
    responses((status = 200, body = Page<ConversationRow>)))]
async fn contacts(
    State(app): State<Shared>,
    caller: Caller,
    Path(customer): Path<String>,
    Query(query): Query<ConversationQuery>,
) -> Result<Json<Page<ConversationRow>>, Problem> {
    app.reach(caller.actor, Action::CustomerRead)?;
    let customer = find(&app, id(&customer)?).await?.id;
    conversations::page(&app, &caller, query.of_customer(customer)).await.map(Json)
}

/// A customer's next version, for the log.
pub struct Change<'a> {
    pub id: CustomerId,
    pub version: i64,
    pub before: Option<&'a rows::Customer>,
    /// Absent when it is deleted.
    pub after: Option<&'a rows::Customer>,
}

impl Change<'_> {
    fn item(self, directory: &Directory, caller: &Caller, writes: Vec<Statement>) -> Item {
        Item::new(caller.actor, vec![self.fact(directory)], writes)
    }

    pub fn fact(&self, directory: &Directory) -> ItemFact {
        let settings = &directory.settings.customers;
        let values = |row: Option<&rows::Customer>| {
            let row = row?;
            let mut kept = serde_json::to_value(row.card.logged(settings)).ok()?;
            if !row.suspect.is_empty() {
                kept["suspect"] = serde_json::json!(row.suspect);
            }
            Some(kept)
        };
        let fact =
            Fact::CustomerChanged { customer: self.id, version: self.version, deleted: self.after.is_none() };
        let private = Private::Values { before: values(self.before), after: values(self.after) };
        let on = Subject::Customer(self.id);
        ItemFact { on, to: Audience::Staff, fact, private: Some(Box::new(private)) }
    }
}

/// What the product itself finds out about a card; nothing where somebody works on it at this moment, who knows better.
pub async fn learn(app: &App, before: &rows::Customer, after: &rows::Customer) -> Result<(), Refused> {
    let directory = app.directory();
    let change =
        Change { id: after.id, version: before.version + 1, before: Some(before), after: Some(after) };
    let writes = rows::update(after, &directory.settings.customers, app.clock.now());
    match app.site.change(Item::new(Actor::System, vec![change.fact(&directory)], writes)).await {
        Err(refused) if refused.refusal != Refusal::Stale => Err(refused),
        _ => Ok(()),
    }
}

async fn apply(
    app: &App,
    caller: &Caller,
    change: Change<'_>,
    writes: Vec<Statement>,
    masks: &BTreeSet<MaskedField>,
) -> Result<(), Problem> {
    let id = change.id;
    match app.site.change(change.item(&app.directory(), caller, writes)).await {
        Ok(_) => Ok(()),
        Err(refused) if refused.refusal == Refusal::Stale => {
            Err(Problem::stale(told(find(app, id).await?, masks, &app.directory())))
        }
        Err(refused) => Err(refused.into()),
    }
}

pub async fn find(app: &App, id: CustomerId) -> Result<rows::Customer, Problem> {
    let found = rows::get(&app.db, id).await?.filter(|it| it.deleted_at.is_none());
    found.ok_or_else(Problem::not_found)
}

fn sound(wrong: Vec<Wrong>) -> Result<(), Problem> {
    if wrong.is_empty() { Ok(()) } else { Err(tickets::wrong(&wrong)) }
}

pub fn told(row: rows::Customer, masks: &BTreeSet<MaskedField>, directory: &Directory) -> StoredCustomer {
    let hide = |field, text: String, how: fn(&str) -> String| {
        if masks.contains(&field) { how(&text) } else { text }
    };
    let of_card = [MaskedField::Phone, MaskedField::Email, MaskedField::Address];
    let point = |it: ContactPoint| {
        let value = match it.kind {
            PointKind::Phone | PointKind::Relay => hide(MaskedField::Phone, it.value, mask::phone),
            PointKind::Email => hide(MaskedField::Email, it.value, mask::email),
            PointKind::Address => hide(MaskedField::Address, it.value, mask::address),
            PointKind::Other => mask::within(&it.value, masks),
        };
        ContactPoint { value, ..it }
    };
    let card = row.card;
    let numbers = card.points.iter().enumerate();
    let numbers = numbers.filter(|(_, it)| matches!(it.kind, PointKind::Phone | PointKind::Relay));
    let numbers = numbers.map(|(n, it)| (format!("points.{n}"), &it.value));
    let numbers = numbers.chain([("phone".to_owned(), &card.phone)]);
    let places = numbers.filter_map(|(at, number)| Some((at, place(number)?))).collect();
    StoredCustomer {
        id: row.id,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
        checked_at: row.checked_at,
        suspect: row.suspect,
        segments: row.segments,
        customer: Customer {
            // Who has no name is often called by the number.
            name: mask::within(&card.name, masks),
            phone: hide(MaskedField::Phone, card.phone, mask::phone),
            email: hide(MaskedField::Email, card.email, mask::email),
            address: hide(MaskedField::Address, card.address, mask::address),
            note: mask::within(&card.note, masks),
            points: card.points.into_iter().map(point).collect(),
            values: mask::values(&directory.settings.customers.fields, card.values, masks),
            ..card
        },
        masked: of_card.into_iter().filter(|field| masks.contains(field)).collect(),
        verified: vec![],
        places,
    }
}

pub fn tagged(
    row: rows::Customer,
    masks: &BTreeSet<MaskedField>,
    directory: &Directory,
) -> Tagged<StoredCustomer> {
    Tagged(StatusCode::OK, row.version, told(row, masks, directory))
}
