//! What became of deliveries to webhooks; sending them once more; trying a webhook out.

use super::routes::{Routes, routes};
use crate::{
    app::Shared,
    auth::Caller,
    http::{
        body::Json,
        edit::{id, page_size},
    },
    jobs::webhooks,
    problem::Problem,
};
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
};
use serde::Deserialize;
use utoipa::IntoParams;
use yingda_core::{
    access::Action,
    id::{RecordId, WebhookId},
    refusal::Refusal,
};
use yingda_store::{Batch, CommitError, ReadError, webhook as rows};
use yingda_wire::http::{Delivery, DeliveryState, Page, PingResult};

pub fn routes() -> Routes {
    Routes::new().routes(routes!(list)).routes(routes!(replay)).routes(routes!(test))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Only those in this state; `dead` are those that were given up.
    state: Option<DeliveryState>,
    cursor: Option<String>,
    limit: Option<usize>,
}

/// A webhook's deliveries, newest first.
#[utoipa::path(get, path = "/webhooks/{id}/deliveries", tag = "integrations",
    params(("id" = WebhookId, Path), ListQuery), responses((status = 200, body = Page<Delivery>)))]
async fn list(
    State(app): State<Shared>,
    caller: Caller,
    Path(webhook): Path<String>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<Delivery>>, Problem> {
    app.reach(caller.actor, Action::ManageIntegrations)?;
    let state = match query.state {
        None => "",
        Some(DeliveryState::Waiting) => "waiting",
        Some(DeliveryState::Delivered) => "delivered",
        Some(DeliveryState::Dead) => "dead",
    };
    let limit = page_size(query.limit);
    let page = rows::list(&app.db, id(&webhook)?, state, query.cursor.as_deref(), limit).await?;
    Ok(Json(Page { items: page.items.into_iter().map(told).collect(), next: page.next }))
}

/// Sends a delivery once more. One that waits already goes as it would have.
#[utoipa::path(post, path = "/deliveries/{id}/replay", tag = "integrations", params(("id" = RecordId, Path)),
    responses((status = 202, body = Delivery)))]
async fn replay(
    State(app): State<Shared>,
    caller: Caller,
    Path(delivery): Path<String>,
) -> Result<(StatusCode, Json<Delivery>), Problem> {
    app.reach(caller.actor, Action::ManageIntegrations)?;
    let id: RecordId = id(&delivery)?;
    rows::get(&app.db, id).await?.ok_or_else(Problem::not_found)?;
    let statements = vec![rows::replay(id, app.clock.now())];
    match app.db.commit(Batch { statements, ..Batch::default() }).await {
        Ok(()) | Err(CommitError::Stale { .. }) => {}
        Err(error) => return Err(ReadError::from(error).into()),
    }
    webhooks::WAKE.notify_one();
    let now = rows::get(&app.db, id).await?.ok_or_else(Problem::not_found)?;
    Ok((StatusCode::ACCEPTED, Json(told(now))))
}

/// Sends a sample at once and tells what came back.
#[utoipa::path(post, path = "/webhooks/{id}/test", tag = "integrations", params(("id" = WebhookId, Path)),
    responses((status = 200, body = PingResult)))]
async fn test(
    State(app): State<Shared>,
    caller: Caller,
    Path(webhook): Path<String>,
) -> Result<Json<PingResult>, Problem> {
    app.reach(caller.actor, Action::ManageIntegrations)?;
    let id: WebhookId = id(&webhook)?;
    let directory = app.directory();
    let webhook = directory.webhooks.get(&id).ok_or(Refusal::NotFound)?;
    let result = match webhooks::ping(&app, id, webhook).await {
        Ok(status) => PingResult { arrived: true, status: Some(status), error: String::new() },
        Err(failure) => PingResult { arrived: false, status: failure.status, error: failure.error },
    };
    Ok(Json(result))
}

fn told(row: rows::Delivery) -> Delivery {
    Delivery {
        id: row.id,
        webhook: row.webhook,
        seq: row.seq,
        kind: row.kind,
        state: match row.state.as_str() {
            "delivered" => DeliveryState::Delivered,
            "dead" => DeliveryState::Dead,
            _ => DeliveryState::Waiting,
        },
        attempts: row.attempts,
        next_at: row.next_at,
        last_status: row.last_status,
        last_error: row.last_error,
    }
}
