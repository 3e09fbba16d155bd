//! The consultation record of a conversation (咨询记录表, B-01): due at wrap-up, kept when it is unfinished, owed
//! until it is complete.

use super::routes::{Routes, routes};
use crate::{
    app::Shared,
    auth::Caller,
    http::{
        body::Json,
        conversations,
        edit::{Tagged, id},
        records,
    },
    problem::{Code, Problem},
};
use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
};
use yingda_core::{
    access::{Action, Resource},
    command::{Act, Command, Envelope},
    form,
    id::{ConversationId, UserId},
    refusal::Refusal,
};
use yingda_store::{Batch, CommitError, ReadError, consult as rows};
use yingda_wire::http::{Consult, ConsultValues};

pub fn routes() -> Routes {
    Routes::new().routes(routes!(read, write))
}

/// The record, as far as it is filled in; not found where nothing was written yet.
#[utoipa::path(get, path = "/conversations/{id}/consult", tag = "conversations",
    params(("id" = ConversationId, Path)), responses((status = 200, body = Consult)))]
async fn read(
    State(app): State<Shared>,
    caller: Caller,
    Path(conversation): Path<String>,
) -> Result<Tagged<Consult>, Problem> {
    let found = conversations::find(&app, &caller, id(&conversation)?).await?;
    let holders = holders(&found);
    app.allows(caller.actor, Action::ConsultRead, Resource { holders: &holders, queue: found.queue })?;
    let consult = rows::get(&app.db, found.id).await?.ok_or_else(Problem::not_found)?;
    Ok(Tagged(StatusCode::OK, consult.version, told(consult)))
}

/// Stores the record. One that lacks required answers is stored too, and stays owed. `If-Match` is needed once a
/// version exists.
#[utoipa::path(put, path = "/conversations/{id}/consult", tag = "conversations", request_body = ConsultValues,
    params(("id" = ConversationId, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = Consult)))]
async fn write(
    State(app): State<Shared>,
    caller: Caller,
    Path(conversation): Path<String>,
    headers: HeaderMap,
    Json(body): Json<ConsultValues>,
) -> Result<Tagged<Consult>, Problem> {
    let found = conversations::find(&app, &caller, id(&conversation)?).await?;
    let holders = holders(&found);
    app.allows(caller.actor, Action::ConsultWrite, Resource { holders: &holders, queue: found.queue })?;
    let directory = app.directory();
    let form = directory
        .forms
        .get(&body.form)
        .ok_or_else(|| Problem::field("form", "不存在或已删除。", "Does not exist, or was deleted."))?;
    records::refuse(form::check_values(&form.fields, &body.values))?;
    let before = rows::get(&app.db, found.id).await?;
    let version = before.as_ref().map_or(0, |it| it.version);
    let based_on = match headers.get(header::IF_MATCH) {
        Some(text) => Some(read_version(text.to_str().unwrap_or_default())?),
        None => None,
    };
    match (based_on, before.clone()) {
        (None, Some(_)) => return Err(Code::VersionNeeded.into()),
        (Some(based_on), Some(before)) if based_on != version => return Err(Problem::stale(told(before))),
        _ => {}
    }
    let complete = form::missing(&form.fields, &body.values).is_empty();
    let row = rows::Consult {
        conversation: found.id,
        form: body.form,
        version,
        values: body.values,
        complete,
        agent: before.as_ref().and_then(|it| it.agent).or(caller.user).or(found.agent),
        updated_at: app.clock.now(),
    };
    let batch = Batch { statements: vec![rows::put(&row)], ..Batch::default() };
    match app.db.commit(batch).await {
        Ok(()) => {}
        Err(CommitError::Stale { .. } | CommitError::Conflict { .. }) => {
            let now = rows::get(&app.db, found.id).await?;
            return Err(now.map_or_else(|| Refusal::Stale.into(), |now| Problem::stale(told(now))));
        }
        Err(error) => return Err(ReadError::from(error).into()),
    }
    let act = Act::RecordSaved {
        form: body.form,
        complete,
        before: before.and_then(|it| serde_json::to_value(it.values).ok()),
        after: serde_json::json!(row.values),
    };
    let command = Command::Conversation(found.id, act);
    app.site.send(Envelope { actor: caller.actor, origin: None, command }).await?;
    let row = rows::Consult { version: version + 1, ..row };
    Ok(Tagged(StatusCode::OK, row.version, told(row)))
}

fn read_version(text: &str) -> Result<i64, Problem> {
    text.trim().trim_matches('"').parse().map_err(|_| Code::BadQuery.into())
}

/// The record is the business of whoever served the contact, also after it was closed.
fn holders(conversation: &yingda_core::conversation::Conversation) -> Vec<UserId> {
    conversation
        .agent
        .into_iter()
        .chain(conversation.last_agent)
        .chain(conversation.guests.iter().copied())
        .collect()
}

fn told(row: rows::Consult) -> Consult {
    let rows::Consult { conversation, form, version, values, complete, agent, updated_at } = row;
    Consult { conversation, form, version, values, complete, agent, updated_at }
}
