//! Doing things over HTTP: the same commands that sockets send, decided by the same engine.

use super::routes::{Routes, routes};
use crate::{
    app::{App, Shared},
    auth::Caller,
    http::{
        edit::id,
        idempotency::{self, Key, Once, Replay},
        visitors,
    },
    problem::Problem,
    recall,
    site::Done,
};
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use yingda_core::{
    access::Action,
    command::{Act, AgentAct, Command, Envelope, Start},
    conversation::Content,
    id::{ConversationId, UserId, VisitorId},
    refusal::Refusal,
};
use yingda_store::{Batch, ReadError, visitor};
use yingda_wire::http::{ActDone, NewConversation};

pub fn routes() -> Routes {
    Routes::new().routes(routes!(act)).routes(routes!(agent_act)).routes(routes!(start))
}

/// Does something to a conversation: answers, notes, transfers, closes it, and so on.
#[utoipa::path(post, path = "/conversations/{id}/acts", tag = "conversations", request_body = Act,
    params(("id" = ConversationId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = ActDone)))]
async fn act(
    State(app): State<Shared>,
    Path(conversation): Path<String>,
    once: Once<Act>,
) -> Result<Response, Problem> {
    let Once { caller, body, key } = once;
    let id: ConversationId = id(&conversation)?;
    if let Act::Recall { message } = body {
        recall::check(&app, caller.actor, id, message).await?;
    }
    command(&app, &caller, key, StatusCode::OK, Command::Conversation(id, body)).await
}

/// Does something to an agent: oneself, or another where permitted.
#[utoipa::path(post, path = "/agents/{id}/acts", tag = "floor", request_body = AgentAct,
    params(("id" = UserId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = ActDone)))]
async fn agent_act(
    State(app): State<Shared>,
    Path(agent): Path<String>,
    once: Once<AgentAct>,
) -> Result<Response, Problem> {
    let Once { caller, body, key } = once;
    let id: UserId = id(&agent)?;
    command(&app, &caller, key, StatusCode::OK, Command::Agent(id, body)).await
}

/// Brings a contact in: it waits in its queue like any other.
#[utoipa::path(post, path = "/conversations", tag = "conversations", request_body = NewConversation,
    params(("Idempotency-Key" = Option<String>, Header)), responses((status = 201, body = ActDone)))]
async fn start(State(app): State<Shared>, once: Once<NewConversation>) -> Result<Response, Problem> {
    let Once { caller, body, key } = once;
    app.reach(caller.actor, Action::ConversationServe)?;
    let start = prepare(&app, &caller, key.as_ref(), body).await?;
    command(&app, &caller, key, StatusCode::CREATED, Command::Start(Box::new(start))).await
}

/// Fills in what the rules need to know of a contact from outside.
async fn prepare(
    app: &App,
    caller: &Caller,
    key: Option<&Key>,
    new: NewConversation,
) -> Result<Start, Problem> {
    let directory = app.directory();
    let widget =
        new.widget.map(|id| directory.widgets.get(&id).ok_or_else(|| unknown("widget"))).transpose()?;
    let queue = new.queue.or(widget.map(|widget| widget.queue)).ok_or_else(|| missing("queue"))?;
    let line = directory.queues.get(&queue).ok_or_else(|| unknown("queue"))?.line;
    let customer = match new.customer {
        Some(id) => {
            Some(yingda_store::customer::living(&app.db, id).await?.ok_or_else(|| unknown("customer"))?)
        }
        None => None,
    };
    let customer_id = customer.as_ref().map(|it| it.id);
    let visitor = match new.visitor {
        Some(id) if visitor::get(&app.db, id).await?.is_none() => return Err(unknown("visitor")),
        Some(id) => id,
        None => {
            let name = customer.as_ref().map(|it| it.card.name.clone()).unwrap_or_default();
            let stranger = visitors::unannounced(app, caller.ip, new.widget, new.lang);
            let id = key.map_or(stranger.id, |key| VisitorId(key.number(app)));
            let fresh = visitor::Visitor { id, customer: customer_id, name, ..stranger };
            let batch = Batch { statements: vec![visitor::seen(&fresh)], ..Batch::default() };
            app.db.commit(batch).await.map_err(ReadError::from)?;
            fresh.id
        }
    };
    // Perhaps it was carried out before, and ended since.
    let latest = yingda_store::conversation::of_visitor(&app.db, visitor, 1).await?.pop();
    let kept_since = app.clock.now() - idempotency::KEPT_MS;
    let previous = latest.filter(|it| it.started_at > kept_since).map(|it| it.id);
    let text = new.text.trim();
    Ok(Start {
        visitor,
        customer: customer_id,
        medium: new.medium,
        widget: new.widget,
        line,
        queue,
        lang: new.lang,
        vip: customer.as_ref().is_some_and(|it| it.card.vip),
        fields: new.fields,
        last_agent: yingda_store::conversation::last_agent_of(&app.db, visitor, customer_id).await?,
        previous,
        content: (!text.is_empty()).then(|| Content::Text { text: text.to_owned() }),
        ..Start::default()
    })
}

/// Sends a command. A key makes it the sender's first from a place of its own, so that a repetition is known even
/// when the answer was lost before it could be kept.
async fn command(
    app: &App,
    caller: &Caller,
    key: Option<Key>,
    status: StatusCode,
    command: Command,
) -> Result<Response, Problem> {
    let origin = key.as_ref().map(Key::origin);
    let Done { seq, conversation } = app.site.send(Envelope { actor: caller.actor, origin, command }).await?;
    let replay = Replay::new(status, &ActDone { seq, conversation });
    if let Some(key) = key {
        idempotency::remember(app, &key, &replay).await;
    }
    Ok(replay.into_response())
}

fn unknown(field: &str) -> Problem {
    Problem::field(field, "不存在或已删除。", "Does not exist, or was deleted.")
}

fn missing(field: &str) -> Problem {
    Problem::new(Refusal::BadValue).and_field(field, "必填。", "Required.")
}
