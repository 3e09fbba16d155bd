//! Whether a message may be taken back: by its author, within the site's limit or before it leaves, and once.

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
    let Fact::MessagePosted { leaves_at, .. } = event.fact else { return Err(Refusal::NotFound) };
    if event.on.conversation() != Some(conversation) || event.to != Audience::Customer {
        return Err(Refusal::NotFound);
    }
    if event.by != by {
        return Err(Refusal::NotYours);
    }
    let limit_at = event.at + i64::from(app.settings().recall_s) * 1_000;
    if app.clock.now() > leaves_at.map_or(limit_at, |at| at.max(limit_at)) {
        Err(Refusal::TooLate)
    } else {
        Ok(())
    }
}
