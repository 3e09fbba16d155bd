//! Customers who are perhaps one person, found by a search through all of them: merged by hand, or told apart.

use super::routes::{Routes, routes};
use crate::{
    app::{App, Shared},
    auth::Caller,
    http::{
        body::Json,
        customers::{find, told},
        edit::page_size,
    },
    jobs::duplicates::WAKE,
    problem::Problem,
    site::{Item, ItemFact},
};
use axum::{
    extract::{Query, State},
    http::StatusCode,
};
use serde::Deserialize;
use utoipa::IntoParams;
use yingda_core::{
    access::Action,
    event::{Audience, CustomersToldApart, Fact, Subject},
    mask,
    refusal::Refusal,
};
use yingda_store::{Statement, customer, duplicate as rows};
use yingda_wire::http::{CustomerPair, DuplicateRun, Duplicates, Page, TellApart};

pub fn routes() -> Routes {
    Routes::new().routes(routes!(read, begin)).routes(routes!(cancel)).routes(routes!(pairs, tell))
}

/// How many pairs wait for a decision, and how far the last search is.
#[utoipa::path(get, path = "/customers/duplicates", tag = "customers",
    responses((status = 200, body = Duplicates)))]
async fn read(State(app): State<Shared>, caller: Caller) -> Result<Json<Duplicates>, Problem> {
    app.reach(caller.actor, Action::CustomerRead)?;
    now(&app).await
}

async fn now(app: &App) -> Result<Json<Duplicates>, Problem> {
    let run = rows::last_run(&app.db).await?.map(|it| DuplicateRun {
        state: it.state,
        passed: it.passed,
        total: it.total,
        started_at: it.started_at,
        ended_at: it.ended_at,
    });
    Ok(Json(Duplicates { open: rows::count(&app.db).await?, run }))
}

/// Looks through all customers. It goes on by itself; one that runs already goes on.
#[utoipa::path(post, path = "/customers/duplicates", tag = "customers",
    responses((status = 200, body = Duplicates)))]
async fn begin(State(app): State<Shared>, caller: Caller) -> Result<Json<Duplicates>, Problem> {
    app.reach(caller.actor, Action::CustomerWrite)?;
    let total = rows::total(&app.db).await?;
    unless_stale(&app, &caller, rows::begin(total, app.clock.now())).await?;
    WAKE.notify_one();
    now(&app).await
}

/// Stops a search. What it found stays.
#[utoipa::path(post, path = "/customers/duplicates/cancel", tag = "customers",
    responses((status = 200, body = Duplicates)))]
async fn cancel(State(app): State<Shared>, caller: Caller) -> Result<Json<Duplicates>, Problem> {
    app.reach(caller.actor, Action::CustomerWrite)?;
    unless_stale(&app, &caller, rows::end("cancelled", app.clock.now())).await?;
    now(&app).await
}

async fn unless_stale(app: &App, caller: &Caller, write: Statement) -> Result<(), Problem> {
    match app.site.change(Item::new(caller.actor, vec![], vec![write])).await {
        Err(refused) if refused.refusal != Refusal::Stale => Err(refused.into()),
        _ => Ok(()),
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PairQuery {
    /// Those that somebody told apart, instead of those that wait.
    #[serde(default)]
    different: bool,
    cursor: Option<String>,
    limit: Option<usize>,
}

/// Pairs of customers who are perhaps one person; who share most come first.
#[utoipa::path(get, path = "/customers/duplicates/pairs", tag = "customers", params(PairQuery),
    responses((status = 200, body = Page<CustomerPair>)))]
async fn pairs(
    State(app): State<Shared>,
    caller: Caller,
    Query(query): Query<PairQuery>,
) -> Result<Json<Page<CustomerPair>>, Problem> {
    app.reach(caller.actor, Action::CustomerRead)?;
    let directory = app.directory();
    let masks = mask::of(&directory, caller.actor);
    let limit = page_size(query.limit);
    let page = rows::list(&app.db, query.different, query.cursor.as_deref(), limit).await?;
    let mut items = vec![];
    for it in page.items {
        let found = customer::of_ids(&app.db, [it.a, it.b].into_iter()).await?;
        let mut found = found.into_iter().map(|row| told(row, &masks, &directory));
        if let (Some(a), Some(b)) = (found.next(), found.next()) {
            items.push(CustomerPair { a, b, shares: it.shares });
        }
    }
    Ok(Json(Page { items, next: page.next }))
}

/// Says that two who look like one person are not, so that no search offers them again; or takes that back.
#[utoipa::path(put, path = "/customers/duplicates/pairs", tag = "customers", request_body = TellApart,
    responses((status = 204)))]
async fn tell(
    State(app): State<Shared>,
    caller: Caller,
    Json(body): Json<TellApart>,
) -> Result<StatusCode, Problem> {
    app.reach(caller.actor, Action::CustomerWrite)?;
    let (customer, other) = (find(&app, body.a).await?.id, find(&app, body.b).await?.id);
    let fact = ItemFact {
        on: Subject::Customer(customer),
        to: Audience::Staff,
        fact: Fact::CustomersToldApart(CustomersToldApart { customer, other, different: body.different }),
        private: None,
    };
    let write = rows::tell(customer, other, body.different);
    match app.site.change(Item::new(caller.actor, vec![fact], vec![write])).await {
        // Nobody found them alike.
        Err(refused) if refused.refusal == Refusal::Stale => Err(Problem::not_found()),
        Err(refused) => Err(refused.into()),
        Ok(_) => Ok(StatusCode::NO_CONTENT),
    }
}
