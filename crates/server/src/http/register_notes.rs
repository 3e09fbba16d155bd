//! What is written down below an entry of a register: the posts in a customers' group, each perhaps of a campaign.

use super::routes::{Routes, routes};
use crate::{
    app::Shared,
    auth::Caller,
    http::{
        body::Json,
        edit::{id, page_size},
        idempotency::{self, Once, Replay},
    },
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
    event::{Audience, Fact, Subject},
    id::RecordId,
    refusal::Refusal,
    register::Book,
};
use yingda_store::{outreach, register as rows};
use yingda_wire::http::{NewRegisterNote, Page, RegisterNote};

pub fn routes() -> Routes {
    Routes::new().routes(routes!(list, write)).routes(routes!(of_batch))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    cursor: Option<String>,
    limit: Option<usize>,
}

/// The posts in a group, the latest first.
#[utoipa::path(get, path = "/registers/group/{id}/posts", tag = "registers",
    params(("id" = RecordId, Path), ListQuery), responses((status = 200, body = Page<RegisterNote>)))]
async fn list(
    State(app): State<Shared>,
    caller: Caller,
    Path(entry): Path<String>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<RegisterNote>>, Problem> {
    app.reach(caller.actor, Action::CustomerRead)?;
    let group = rows::get(&app.db, Book::Group, id(&entry)?).await?.ok_or_else(Problem::not_found)?;
    let page = rows::notes(&app.db, group.id, query.cursor.as_deref(), page_size(query.limit)).await?;
    Ok(Json(Page { items: page.items.into_iter().map(told).collect(), next: page.next }))
}

/// Takes down what was posted in a group, and for which campaign.
#[utoipa::path(post, path = "/registers/group/{id}/posts", tag = "registers", request_body = NewRegisterNote,
    params(("id" = RecordId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = RegisterNote)))]
async fn write(
    State(app): State<Shared>,
    Path(entry): Path<String>,
    once: Once<NewRegisterNote>,
) -> Result<Response, Problem> {
    let Once { caller, body, key } = once;
    app.reach(caller.actor, Action::CustomerWrite)?;
    let group = rows::get(&app.db, Book::Group, id(&entry)?).await?.ok_or_else(Problem::not_found)?;
    let mut problem = Problem::new(Refusal::BadValue);
    if body.text.trim().is_empty() || body.text.chars().count() > 4_000 {
        problem = problem.and_field("text", "1 到 4000 个字符。", "1 to 4,000 characters.");
    }
    if let Some(batch) = body.batch
        && outreach::get(&app.db, batch).await?.is_none()
    {
        problem = problem.and_field("batch", "没有这次群发。", "There is no such batch.");
    }
    if !problem.fields.is_empty() {
        return Err(problem);
    }
    let note = rows::Note {
        id: RecordId(app.next_id()),
        entry: group.id,
        author: caller.user,
        text: body.text.trim().to_owned(),
        batch: body.batch,
        written_at: app.clock.now(),
    };
    let fact = ItemFact {
        on: Subject::Record(group.id),
        to: Audience::Staff,
        fact: Fact::GroupPosted { group: group.id, post: note.id, batch: note.batch },
        private: None,
    };
    let writes = vec![rows::note(&note)];
    let replay = Replay::new(StatusCode::CREATED, &told(note));
    let item = Item::new(caller.actor, vec![fact], writes);
    idempotency::change(&app, key, replay, item).await
}

/// What was posted in groups for a batch of messages (campaign), the latest first.
#[utoipa::path(get, path = "/batches/{id}/posts", tag = "channels", params(("id" = RecordId, Path), ListQuery),
    responses((status = 200, body = Page<RegisterNote>)))]
async fn of_batch(
    State(app): State<Shared>,
    caller: Caller,
    Path(batch): Path<String>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<RegisterNote>>, Problem> {
    app.reach(caller.actor, Action::CustomerRead)?;
    let batch = outreach::get(&app.db, id(&batch)?).await?.ok_or_else(Problem::not_found)?;
    let limit = page_size(query.limit);
    let page = rows::notes_of_batch(&app.db, batch.id, query.cursor.as_deref(), limit).await?;
    Ok(Json(Page { items: page.items.into_iter().map(told).collect(), next: page.next }))
}

fn told(row: rows::Note) -> RegisterNote {
    let rows::Note { id, entry, author, text, batch, written_at } = row;
    RegisterNote { id, entry, author, text, batch, written_at }
}
