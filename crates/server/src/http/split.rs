//! One mail out of a conversation, into a conversation of its own.

use super::routes::{Routes, routes};
use crate::{
    app::Shared,
    channels::mail::split,
    http::{
        client::Client,
        conversations,
        edit::id,
        idempotency::{self, Once, Replay},
    },
    problem::Problem,
};
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use yingda_core::{
    command::{Act, Command, Envelope},
    id::ConversationId,
    lang::Lang,
};
use yingda_wire::http::{ActDone, SplitMail};

pub fn routes() -> Routes {
    Routes::new().routes(routes!(take_out))
}

/// Makes a conversation of its own of one incoming mail: it is the caller's, and what answers the mail follows. A note
/// stays behind.
#[utoipa::path(post, path = "/conversations/{id}/split", tag = "conversations", request_body = SplitMail,
    params(("id" = ConversationId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = ActDone)))]
async fn take_out(
    State(app): State<Shared>,
    client: Client,
    Path(conversation): Path<String>,
    once: Once<SplitMail>,
) -> Result<Response, Problem> {
    let Once { caller, body, key } = once;
    let found = conversations::served(&app, &caller, id(&conversation)?).await?;
    let split = split::split(&app, &found, body.message, caller.user).await?;
    if split.is_new {
        let (subject, to) = (&split.subject, split.conversation);
        let text = match client.lang {
            Lang::Zh => format!("邮件“{subject}”已拆分为单独的会话（{to}）"),
            Lang::En => format!("The mail “{subject}” was split off into a conversation of its own ({to})"),
        };
        let command = Command::Conversation(found.id, Act::Note { text, mentions: Default::default() });
        app.site.send(Envelope { actor: caller.actor, origin: None, command }).await?;
    }
    let done = ActDone { seq: split.seq, conversation: Some(split.conversation) };
    let replay = Replay::new(StatusCode::CREATED, &done);
    if let Some(key) = key {
        idempotency::remember(&app, &key, &replay).await;
    }
    Ok(replay.into_response())
}
