//! Questions to lists that people share with a team, or with everybody.

use super::routes::{Routes, routes};
use crate::{
    app::Shared,
    auth::Caller,
    http::{body::Json, edit::id},
    problem::Problem,
    site::{Item, ItemFact},
    tickets,
};
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
};
use serde::Deserialize;
use utoipa::IntoParams;
use yingda_core::{
    event::{Audience, Fact, Subject, ViewShared},
    id::*,
    refusal::Refusal,
    view::{self, NewSharedView, SharedView, ViewRoom},
};
use yingda_store::shared_view as rows;

pub fn routes() -> Routes {
    Routes::new().routes(routes!(list, share)).routes(routes!(remove))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct RoomQuery {
    #[param(inline)]
    room: ViewRoom,
}

/// What is shared with the caller.
#[utoipa::path(get, path = "/views", tag = "session", params(RoomQuery),
    responses((status = 200, body = Vec<SharedView>)))]
async fn list(
    State(app): State<Shared>,
    caller: Caller,
    Query(query): Query<RoomQuery>,
) -> Result<Json<Vec<SharedView>>, Problem> {
    app.reach(caller.actor, query.room.reads())?;
    let me = caller.user.ok_or(Refusal::Forbidden)?;
    let directory = app.directory();
    let mut all = rows::list(&app.db, query.room).await?;
    all.retain(|it| it.is_for(me, &directory));
    Ok(Json(all))
}

/// Shares a question to a list.
#[utoipa::path(post, path = "/views", tag = "session", request_body = NewSharedView,
    responses((status = 201, body = SharedView)))]
async fn share(
    State(app): State<Shared>,
    caller: Caller,
    Json(new): Json<NewSharedView>,
) -> Result<(StatusCode, Json<SharedView>), Problem> {
    app.reach(caller.actor, new.room.shares())?;
    let author = Some(caller.user.ok_or(Refusal::Forbidden)?);
    let wrong = view::check(&new, &rows::list(&app.db, new.room).await?, &app.directory());
    if !wrong.is_empty() {
        return Err(tickets::wrong(&wrong));
    }
    let it = SharedView {
        id: RecordId(app.next_id()),
        room: new.room,
        name: new.name.trim().to_owned(),
        query: new.query,
        team: new.team,
        author,
        created_at: app.clock.now(),
    };
    app.site.change(Item::new(caller.actor, vec![said(&it, true)], vec![rows::insert(&it)])).await?;
    Ok((StatusCode::CREATED, Json(it)))
}

/// Shares it no longer. Whoever shared it may, and whoever might share it.
#[utoipa::path(delete, path = "/views/{id}", tag = "session", params(("id" = RecordId, Path)),
    responses((status = 204)))]
async fn remove(
    State(app): State<Shared>,
    caller: Caller,
    Path(view): Path<String>,
) -> Result<StatusCode, Problem> {
    let it = rows::get(&app.db, id(&view)?).await?.ok_or_else(Problem::not_found)?;
    app.reach(caller.actor, it.room.reads())?;
    if it.author.is_none() || it.author != caller.user {
        app.reach(caller.actor, it.room.shares())?;
    }
    let item = Item::new(caller.actor, vec![said(&it, false)], vec![rows::remove(it.id)]);
    match app.site.change(item).await {
        // Somebody was quicker.
        Err(refused) if refused.refusal != Refusal::Stale => Err(refused.into()),
        _ => Ok(StatusCode::NO_CONTENT),
    }
}

fn said(it: &SharedView, on: bool) -> ItemFact {
    let fact = ViewShared { view: it.id, name: it.name.clone(), team: it.team, on };
    ItemFact { on: Subject::Record(it.id), to: Audience::Staff, fact: Fact::ViewShared(fact), private: None }
}
