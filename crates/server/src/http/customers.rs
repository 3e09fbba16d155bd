//! Customers: found quickly, changed by version, shown with the fields masked that a role may not see.

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
    site::{Item, ItemFact},
    sort_key::{sort_key, sound},
};
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;
use std::collections::BTreeSet;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use yingda_core::{
    access::Action,
    config::MaskedField,
    event::{Audience, Fact, Private, Subject},
    form::{is_email, is_phone},
    id::CustomerId,
    mask,
    proof::Point,
    refusal::Refusal,
};
use yingda_store::{Statement, customer as rows, proof as proofs};
use yingda_wire::http::{ConversationRow, Customer, Page, StoredCustomer, Verified};

pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, change, delete))
        .routes(routes!(restore))
        .routes(routes!(contacts))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// The beginning of a name, its pinyin, a mail address or the site's own id; either end of a phone number.
    #[serde(default)]
    q: String,
    cursor: Option<String>,
    limit: Option<usize>,
}

/// Customers by name, or those that a few letters find.
#[utoipa::path(get, path = "/customers", tag = "customers", params(ListQuery),
    responses((status = 200, body = Page<StoredCustomer>)))]
async fn list(
    State(app): State<Shared>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<StoredCustomer>>, Problem> {
    app.reach(caller.actor, Action::CustomerRead)?;
    let masks = mask::of(&app.directory(), caller.actor);
    let limit = page_size(query.limit);
    let q = query.q.trim();
    let page = if q.is_empty() {
        rows::list(&app.db, query.cursor.as_deref(), limit).await?
    } else if guesses(q, &masks) {
        yingda_store::Page { items: vec![], next: None }
    } else {
        let items = rows::find(&app.db, q, sound(q).as_bytes(), limit).await?;
        yingda_store::Page { items, next: None }
    };
    let items = page.items.into_iter().map(|it| told(it, &masks)).collect();
    Ok(Json(Page { items, next: page.next }))
}

/// Who sees numbers masked must know one to find by it: the masked digits cannot be tried out one by one.
fn guesses(q: &str, masks: &BTreeSet<MaskedField>) -> bool {
    let digits = q.chars().filter(char::is_ascii_digit).count();
    masks.contains(&MaskedField::Phone) && digits == q.chars().count() && (3..7).contains(&digits)
}

/// A new customer.
#[utoipa::path(post, path = "/customers", tag = "customers", request_body = Customer,
    params(("Idempotency-Key" = Option<String>, Header)), responses((status = 201, body = StoredCustomer)))]
async fn create(State(app): State<Shared>, once: Once<Customer>) -> Result<Response, Problem> {
    let Once { caller, body: mut customer, key } = once;
    app.reach(caller.actor, Action::CustomerWrite)?;
    tidy(&mut customer);
    check(&app, &customer)?;
    let (id, now) = (CustomerId(app.next_id()), app.clock.now());
    let row =
        row_of(&customer, rows::Customer { id, created_at: now, updated_at: now, ..Default::default() });
    let stored =
        StoredCustomer { version: 1, ..told(row.clone(), &mask::of(&app.directory(), caller.actor)) };
    let replay = Replay::new(StatusCode::CREATED, &stored).tagged(1);
    let change = Change { id, version: 1, before: None, after: Some(&row) };
    idempotency::change(&app, key, replay, change.item(&caller, rows::insert(&row, now))).await
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
    let Tagged(status, version, mut told) = tagged(found, &masks);
    told.verified = verified(&app, &told).await?;
    Ok(Tagged(status, version, told))
}

/// What of a card its customer proved to be theirs. A number that changed since is not.
async fn verified(app: &App, shown: &StoredCustomer) -> Result<Vec<Verified>, Problem> {
    let row = find(app, shown.id).await?;
    let terms =
        [(Point::Phone, Point::Phone.term(&row.phone)), (Point::Email, Point::Email.term(&row.email))];
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
    if before.version != version {
        return Err(Problem::stale(told(before, &masks)));
    }
    tidy(&mut after);
    // Between reading and writing the customer may have proven who they are: what was masked then is no value now.
    for masks in [&masks, &mask::of(&app.directory(), caller.actor)] {
        let shown = told(before.clone(), masks).customer;
        for (after, shown, stored) in [
            (&mut after.name, &shown.name, &before.name),
            (&mut after.note, &shown.note, &before.note),
            (&mut after.phone, &shown.phone, &before.phone),
            (&mut after.email, &shown.email, &before.email),
            (&mut after.address, &shown.address, &before.address),
        ] {
            if *after == *shown {
                after.clone_from(stored);
            }
        }
    }
    check(&app, &after)?;
    let now = app.clock.now();
    let row = row_of(&after, before.clone());
    let change = Change { id: row.id, version: version + 1, before: Some(&before), after: Some(&row) };
    apply(&app, &caller, change, rows::update(&row, now), &masks).await?;
    let row = rows::Customer { version: version + 1, updated_at: now, ..row };
    Ok(tagged(row, &masks))
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
        return Err(Problem::stale(told(before, &masks)));
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
    Ok(tagged(find(&app, id).await?, &masks))
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
    fn item(self, caller: &Caller, writes: Vec<Statement>) -> Item {
        Item::new(caller.actor, vec![self.fact()], writes)
    }

    pub fn fact(&self) -> ItemFact {
        let values = |row: Option<&rows::Customer>| {
            row.and_then(|row| serde_json::to_value(told(row.clone(), &BTreeSet::new()).customer).ok())
        };
        let fact =
            Fact::CustomerChanged { customer: self.id, version: self.version, deleted: self.after.is_none() };
        let private = Private::Values { before: values(self.before), after: values(self.after) };
        let on = Subject::Customer(self.id);
        ItemFact { on, to: Audience::Staff, fact, private: Some(Box::new(private)) }
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
    match app.site.change(change.item(caller, writes)).await {
        Ok(_) => Ok(()),
        Err(refused) if refused.refusal == Refusal::Stale => {
            Err(Problem::stale(told(find(app, id).await?, masks)))
        }
        Err(refused) => Err(refused.into()),
    }
}

pub async fn find(app: &App, id: CustomerId) -> Result<rows::Customer, Problem> {
    let found = rows::get(&app.db, id).await?.filter(|it| it.deleted_at.is_none());
    found.ok_or_else(Problem::not_found)
}

fn tidy(customer: &mut Customer) {
    let Customer { name, phone, email, company, address, note, external_id, .. } = customer;
    for text in [name, phone, email, company, address, note, external_id] {
        let kept: String = text.trim().chars().filter(|c| !c.is_control() || *c == '\n').collect();
        *text = kept;
    }
}

fn check(app: &App, customer: &Customer) -> Result<(), Problem> {
    let mut problem = Problem::new(Refusal::BadValue);
    let limits = [
        ("name", &customer.name, 100),
        ("phone", &customer.phone, 40),
        ("email", &customer.email, 254),
        ("company", &customer.company, 200),
        ("address", &customer.address, 500),
        ("note", &customer.note, 4_000),
        ("external_id", &customer.external_id, 100),
    ];
    for (field, text, max) in limits {
        if text.chars().count() > max {
            problem = problem.and_field(
                field,
                format!("最多 {max} 个字符。"),
                format!("At most {max} characters."),
            );
        }
    }
    if [&customer.name, &customer.phone, &customer.email, &customer.external_id]
        .iter()
        .all(|it| it.is_empty())
    {
        problem = problem.and_field(
            "name",
            "请至少填写姓名、电话、邮箱之一。",
            "Give a name, a phone number or an e-mail.",
        );
    }
    if !customer.phone.is_empty() && !is_phone(&customer.phone) {
        problem = problem.and_field("phone", "不是有效的电话号码。", "Not a telephone number.");
    }
    if !customer.email.is_empty() && !is_email(&customer.email) {
        problem = problem.and_field("email", "不是有效的邮箱地址。", "Not an e-mail address.");
    }
    let directory = app.directory();
    if customer.tags.iter().any(|tag| !directory.tags.contains_key(tag)) {
        problem = problem.and_field("tags", "标签不存在或已删除。", "A tag does not exist, or was deleted.");
    }
    if problem.fields.is_empty() { Ok(()) } else { Err(problem) }
}

pub fn row_of(customer: &Customer, row: rows::Customer) -> rows::Customer {
    let Customer { name, phone, email, company, address, vip, tags, note, external_id } = customer.clone();
    let sort_key = sort_key(&name);
    rows::Customer { name, sort_key, phone, email, company, address, vip, tags, note, external_id, ..row }
}

pub fn told(row: rows::Customer, masks: &BTreeSet<MaskedField>) -> StoredCustomer {
    let hide = |field, text: String, how: fn(&str) -> String| {
        if masks.contains(&field) { how(&text) } else { text }
    };
    let of_card = [MaskedField::Phone, MaskedField::Email, MaskedField::Address];
    StoredCustomer {
        id: row.id,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
        customer: Customer {
            // Who has no name is often called by the number.
            name: mask::within(&row.name, masks),
            phone: hide(MaskedField::Phone, row.phone, mask::phone),
            email: hide(MaskedField::Email, row.email, mask::email),
            company: row.company,
            address: hide(MaskedField::Address, row.address, mask::address),
            vip: row.vip,
            tags: row.tags,
            note: mask::within(&row.note, masks),
            external_id: row.external_id,
        },
        masked: of_card.into_iter().filter(|field| masks.contains(field)).collect(),
        verified: vec![],
    }
}

pub fn tagged(row: rows::Customer, masks: &BTreeSet<MaskedField>) -> Tagged<StoredCustomer> {
    Tagged(StatusCode::OK, row.version, told(row, masks))
}
