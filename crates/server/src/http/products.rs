//! Goods over HTTP, with what may come instead of them (B-17).

use super::routes::{Routes, routes};
use crate::{
    app::{App, Shared},
    auth::Caller,
    http::{
        body::Json,
        edit::{IfMatch, Tagged, page_size},
        idempotency::{self, Once, Replay},
        records::refuse,
    },
    orders::Put,
    problem::Problem,
    site::{Item, ItemFact},
};
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;
use utoipa::IntoParams;
use yingda_core::{
    access::Action,
    actor::Actor,
    event::{Audience, Fact, Private, ProductChanged, Subject},
    id::RecordId,
    order::{Product, StoredProduct},
    refusal::Refusal,
};
use yingda_store::product as rows;
use yingda_wire::http::Page;

const TRIES: usize = 8;

pub fn routes() -> Routes {
    Routes::new().routes(routes!(list, create)).routes(routes!(read, change))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// A part of the number or the name.
    #[serde(default)]
    q: String,
    cursor: Option<String>,
    limit: Option<usize>,
}

/// Goods, by their numbers.
#[utoipa::path(get, path = "/products", tag = "orders", params(ListQuery),
    responses((status = 200, body = Page<StoredProduct>)))]
async fn list(
    State(app): State<Shared>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<StoredProduct>>, Problem> {
    app.reach(caller.actor, Action::OrderRead)?;
    let page = rows::list(&app.db, &query.q, query.cursor.as_deref(), page_size(query.limit)).await?;
    Ok(Json(Page { items: page.items, next: page.next }))
}

/// New goods.
#[utoipa::path(post, path = "/products", tag = "orders", request_body = Product,
    params(("Idempotency-Key" = Option<String>, Header)), responses((status = 201, body = StoredProduct)))]
async fn create(State(app): State<Shared>, once: Once<Product>) -> Result<Response, Problem> {
    let Once { caller, body: mut product, key } = once;
    app.reach(caller.actor, Action::OrderWrite)?;
    product.tidy();
    refuse(product.check())?;
    if rows::with_sku(&app.db, &product.sku).await?.is_some() {
        return Err(taken());
    }
    let id = RecordId(app.next_id());
    let made = StoredProduct { id, version: 1, product, updated_at: app.clock.now() };
    let replay = Replay::new(StatusCode::CREATED, &made).tagged(1);
    let item = Item::new(caller.actor, vec![said(&made, None)], vec![rows::insert(&made)]);
    idempotency::change(&app, key, replay, item).await
}

/// Takes goods as a table tells them: new ones, or what became of known ones.
pub async fn put(app: &App, by: Actor, product: Product) -> Result<Put, Problem> {
    for _ in 0..TRIES {
        let known = rows::with_sku(&app.db, &product.sku).await?;
        let now = app.clock.now();
        let (after, write) = match &known {
            Some(known) if known.product == product => return Ok(Put::Same),
            Some(known) => {
                let version = known.version + 1;
                let after =
                    StoredProduct { id: known.id, version, product: product.clone(), updated_at: now };
                let write = rows::update(&after);
                (after, write)
            }
            None => {
                let id = RecordId(app.next_id());
                let made = StoredProduct { id, version: 1, product: product.clone(), updated_at: now };
                let write = rows::insert(&made);
                (made, write)
            }
        };
        let fact = said(&after, known.as_ref().map(|it| &it.product));
        match app.site.change(Item::new(by, vec![fact], vec![write])).await {
            Ok(_) => return Ok(if known.is_some() { Put::Changed } else { Put::New }),
            // Somebody changed or made them in this moment.
            Err(refused) if matches!(refused.refusal, Refusal::Stale | Refusal::NameTaken) => {}
            Err(refused) => return Err(refused.into()),
        }
    }
    Err(Refusal::Busy.into())
}

fn taken() -> Problem {
    Problem::field("sku", "已有这个商品编号。", "There are goods of this number already.")
}

/// One of the goods, by its id or its number.
#[utoipa::path(get, path = "/products/{id}", tag = "orders", params(("id" = String, Path)),
    responses((status = 200, body = StoredProduct)))]
async fn read(
    State(app): State<Shared>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Tagged<StoredProduct>, Problem> {
    app.reach(caller.actor, Action::OrderRead)?;
    let found = find(&app, &name).await?;
    Ok(Tagged(StatusCode::OK, found.version, found))
}

async fn find(app: &App, name: &str) -> Result<StoredProduct, Problem> {
    if let Ok(id) = name.parse::<RecordId>()
        && let Some(found) = rows::get(&app.db, id).await?
    {
        return Ok(found);
    }
    rows::with_sku(&app.db, name).await?.ok_or_else(Problem::not_found)
}

/// Changes goods: price, stock, what may come instead.
#[utoipa::path(put, path = "/products/{id}", tag = "orders", request_body = Product,
    params(("id" = String, Path), ("If-Match" = String, Header)), responses((status = 200, body = StoredProduct)))]
async fn change(
    State(app): State<Shared>,
    caller: Caller,
    Path(name): Path<String>,
    IfMatch(version): IfMatch,
    Json(mut product): Json<Product>,
) -> Result<Tagged<StoredProduct>, Problem> {
    app.reach(caller.actor, Action::OrderWrite)?;
    let before = find(&app, &name).await?;
    if before.version != version {
        return Err(Problem::stale(before));
    }
    product.tidy();
    refuse(product.check())?;
    let after = StoredProduct { id: before.id, version: version + 1, product, updated_at: app.clock.now() };
    let facts = vec![said(&after, Some(&before.product))];
    match app.site.change(Item::new(caller.actor, facts, vec![rows::update(&after)])).await {
        Ok(_) => Ok(Tagged(StatusCode::OK, after.version, after)),
        Err(refused) if refused.refusal == Refusal::Stale => {
            Err(Problem::stale(find(&app, &before.id.to_string()).await?))
        }
        Err(refused) if refused.refusal == Refusal::NameTaken => Err(taken()),
        Err(refused) => Err(refused.into()),
    }
}

fn said(it: &StoredProduct, before: Option<&Product>) -> ItemFact {
    let StoredProduct { id, version, product, .. } = it;
    let value = |it: &Product| serde_json::to_value(it).ok();
    ItemFact {
        on: Subject::Record(*id),
        to: Audience::Staff,
        fact: Fact::ProductChanged(ProductChanged {
            product: *id,
            version: *version,
            sku: product.sku.clone(),
            name: product.name.clone(),
        }),
        private: Some(Box::new(Private::Values { before: before.and_then(value), after: value(product) })),
    }
}
