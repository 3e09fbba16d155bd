//! Promises to customers over HTTP (B-02).

use super::routes::{Routes, routes};
use crate::{
    app::{App, Shared},
    auth::Caller,
    http::{
        body::Json,
        edit::{id, page_size},
        idempotency::{self, Key, Once, Replay},
    },
    problem::Problem,
    promises,
};
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::IntoParams;
use yingda_core::{
    access::Reach,
    id::*,
    promise::{self, NewPromise, Promise, PromiseAct},
    refusal::Refusal,
};
use yingda_store::promise as rows;
use yingda_wire::http::Page;

pub fn routes() -> Routes {
    Routes::new().routes(routes!(list, make)).routes(routes!(act))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// `me`: only one's own. Without a ticket, conversation or customer the list holds what is not kept yet.
    #[serde(default)]
    owner: String,
    ticket: Option<TicketId>,
    conversation: Option<ConversationId>,
    customer: Option<CustomerId>,
    cursor: Option<String>,
    limit: Option<usize>,
}

/// Promises: those not kept yet, the most urgent first; or all of one ticket, conversation or customer.
#[utoipa::path(get, path = "/promises", tag = "promises", params(ListQuery),
    responses((status = 200, body = Page<Promise>)))]
async fn list(
    State(app): State<Shared>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<Promise>>, Problem> {
    let reach = reach(&app, &caller)?;
    if query.ticket.is_some() || query.conversation.is_some() || query.customer.is_some() {
        let mut items = rows::of(&app.db, query.ticket, query.conversation, query.customer).await?;
        let directory = app.directory();
        items.retain(|it| promise::may(&directory, caller.actor, it));
        return Ok(Json(Page { items, next: None }));
    }
    let owners = match (query.owner.as_str(), reach) {
        ("me", _) => Some(caller.user.into_iter().collect()),
        (_, Reach::Users(users)) => Some(users),
        (_, Reach::Everything) => None,
    };
    let limit = page_size(query.limit);
    let page = rows::open(&app.db, owners.as_deref(), query.cursor.as_deref(), limit).await?;
    Ok(Json(Page { items: page.items, next: page.next }))
}

fn reach(app: &App, caller: &Caller) -> Result<Reach, Problem> {
    promise::reach(&app.directory(), caller.actor).ok_or_else(|| Refusal::Forbidden.into())
}

/// Promises something to a customer.
#[utoipa::path(post, path = "/promises", tag = "promises", request_body = NewPromise,
    params(("Idempotency-Key" = Option<String>, Header)), responses((status = 201, body = Promise)))]
async fn make(State(app): State<Shared>, once: Once<NewPromise>) -> Result<Response, Problem> {
    let Once { caller, body, key } = once;
    reach(&app, &caller)?;
    let id = RecordId(key.as_ref().map_or_else(|| app.next_id(), |key: &Key| key.number(&app)));
    let made = promises::make(&app, caller.actor, body, id).await?;
    let replay = Replay::new(StatusCode::CREATED, &made);
    if let Some(key) = key {
        idempotency::remember(&app, &key, &replay).await;
    }
    Ok(replay.into_response())
}

/// Keeps, moves, drops or gives a promise.
#[utoipa::path(post, path = "/promises/{id}/acts", tag = "promises", request_body = PromiseAct,
    params(("id" = RecordId, Path)), responses((status = 200, body = Promise)))]
async fn act(
    State(app): State<Shared>,
    caller: Caller,
    Path(promise): Path<String>,
    Json(act): Json<PromiseAct>,
) -> Result<Json<Promise>, Problem> {
    promises::act(&app, caller.actor, id(&promise)?, act).await.map(Json)
}
