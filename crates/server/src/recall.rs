//! Whether a message may be taken back: by its author, within the site's limit, and once.

use crate::app::App;
use yingda_core::{
    actor::Actor,
    event::{Audience, Fact},
    id::ConversationId,
    refusal::Refusal,
};
use yingda_wire::frame::ServerFrame;

pub async fn check(app: &App, by: Actor, conversation: ConversationId, message: u64) -> Result<(), Refusal> {
    let stored = yingda_store::event::one(&app.db, message).await.map_err(|_| Refusal::Unavailable)?;
    let body = stored.and_then(|stored| stored.body).ok_or(Refusal::NotFound)?;
    let Ok(ServerFrame::Event(event)) = serde_json::from_slice(&body) else { return Err(Refusal::NotFound) };
    let is_message = matches!(event.fact, Fact::MessagePosted { .. }) && event.to == Audience::Customer;
    if event.on.conversation() != Some(conversation) || !is_message {
        return Err(Refusal::NotFound);
    }
    if event.by != by {
        return Err(Refusal::NotYours);
    }
    let limit_ms = i64::from(app.settings().recall_s) * 1_000;
    if app.clock.now() - event.at > limit_ms { Err(Refusal::TooLate) } else { Ok(()) }
}
