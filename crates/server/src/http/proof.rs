//! Codes by which customers show who they are: asked for and checked by the agent, or by the visitor.

use super::routes::{Routes, routes};
use crate::{
    app::{App, Shared},
    auth::Caller,
    http::{
        body::Json,
        client::Client,
        conversations,
        edit::id,
        visitors::{self, TokenQuery},
    },
    limits::Door,
    problem::Problem,
    proof,
};
use axum::{
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
};
use yingda_core::{
    actor::Actor,
    conversation::{Conversation, Phase},
    id::{ConversationId, VisitorId},
    refusal::Refusal,
};
use yingda_wire::http::{PendingCode, ProofNow, SaidCode, SendCode};

pub fn routes() -> Routes {
    Routes::new()
        .routes(routes!(standing, send))
        .routes(routes!(check))
        .routes(routes!(send_own))
        .routes(routes!(check_own))
}

/// How far the customer of a conversation has proven who they are.
#[utoipa::path(get, path = "/conversations/{id}/proof", tag = "conversations",
    params(("id" = ConversationId, Path)), responses((status = 200, body = ProofNow)))]
async fn standing(
    State(app): State<Shared>,
    caller: Caller,
    Path(conversation): Path<String>,
) -> Result<Json<ProofNow>, Problem> {
    let found = conversations::find(&app, &caller, id(&conversation)?).await?;
    Ok(Json(proof::standing(&app, &found).await?))
}

/// Sends a code to the customer of a conversation that one serves.
#[utoipa::path(post, path = "/conversations/{id}/proof", tag = "conversations", request_body = SendCode,
    params(("id" = ConversationId, Path)), responses((status = 201, body = PendingCode)))]
async fn send(
    State(app): State<Shared>,
    caller: Caller,
    Path(conversation): Path<String>,
    Json(body): Json<SendCode>,
) -> Result<(StatusCode, Json<PendingCode>), Problem> {
    let found = served(&app, &caller, id(&conversation)?).await?;
    Ok((StatusCode::CREATED, Json(proof::send(&app, caller.actor, &found, &body).await?)))
}

/// Takes the code as the customer says it.
#[utoipa::path(post, path = "/conversations/{id}/proof/check", tag = "conversations", request_body = SaidCode,
    params(("id" = ConversationId, Path)), responses((status = 200, body = ProofNow)))]
async fn check(
    State(app): State<Shared>,
    caller: Caller,
    Path(conversation): Path<String>,
    Json(body): Json<SaidCode>,
) -> Result<Json<ProofNow>, Problem> {
    let found = served(&app, &caller, id(&conversation)?).await?;
    proof::check(&app, caller.actor, &found, &body.code).await?;
    let now = conversations::find(&app, &caller, found.id).await?;
    Ok(Json(proof::standing(&app, &now).await?))
}

async fn served(app: &App, caller: &Caller, id: ConversationId) -> Result<Conversation, Problem> {
    let found = conversations::served(app, caller, id).await?;
    if found.phase == Phase::Closed { Err(Refusal::Closed.into()) } else { Ok(found) }
}

/// The visitor asks for a code, in the conversation that is open. It goes to what is known of them; where nothing is,
/// to what they name.
#[utoipa::path(post, path = "/visitor/proof", tag = "widget", request_body = SendCode, params(TokenQuery),
    responses((status = 201, body = PendingCode)))]
async fn send_own(
    State(app): State<Shared>,
    client: Client,
    headers: HeaderMap,
    Query(token): Query<TokenQuery>,
    Json(body): Json<SendCode>,
) -> Result<(StatusCode, Json<PendingCode>), Problem> {
    let visitor = visitors::who(&app, &headers, &token)?;
    app.limits.pass(Door::SignIn, client.ip, app.clock.now())?;
    let found = open_of(&app, visitor).await?;
    let by = Actor::Visitor { id: visitor };
    Ok((StatusCode::CREATED, Json(proof::send(&app, by, &found, &body).await?)))
}

/// The visitor types the code that they got.
#[utoipa::path(post, path = "/visitor/proof/check", tag = "widget", request_body = SaidCode, params(TokenQuery),
    responses((status = 204)))]
async fn check_own(
    State(app): State<Shared>,
    client: Client,
    headers: HeaderMap,
    Query(token): Query<TokenQuery>,
    Json(body): Json<SaidCode>,
) -> Result<StatusCode, Problem> {
    let visitor = visitors::who(&app, &headers, &token)?;
    app.limits.pass(Door::SignIn, client.ip, app.clock.now())?;
    let found = open_of(&app, visitor).await?;
    proof::check(&app, Actor::Visitor { id: visitor }, &found, &body.code).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn open_of(app: &App, visitor: VisitorId) -> Result<Conversation, Problem> {
    let latest = visitors::own(app, visitor).await?.into_iter().next();
    let latest = latest.ok_or_else(Problem::not_found)?;
    // As it is now: the row may be a moment behind.
    let live = app.site.ask(conversations::ConversationNow::of(latest.id)).await?.unwrap_or(latest);
    if live.phase == Phase::Closed { Err(Refusal::Closed.into()) } else { Ok(live) }
}
