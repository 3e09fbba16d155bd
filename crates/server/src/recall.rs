//! Whether a message may be taken back: by its author, within the site's limit, and once. One that leaves by a channel
//! may be until it leaves.

use crate::app::App;
use yingda_core::{
    At,
    actor::Actor,
    event::{Audience, Fact},
    id::ConversationId,
    refusal::Refusal,
};
use yingda_store::outbound;

/// Nearer to its leaving than this, a message may be on its way already.
const MARGIN_MS: At = 300;

pub async fn check(app: &App, by: Actor, conversation: ConversationId, message: u64) -> Result<(), Refusal> {
    let stored = yingda_store::event::one(&app.db, message).await.map_err(|_| Refusal::Unavailable)?;
    let event = stored.and_then(|it| it.event()).ok_or(Refusal::NotFound)?;
    let Fact::MessagePosted { .. } = event.fact else { return Err(Refusal::NotFound) };
    if event.on.conversation() != Some(conversation) || event.to != Audience::Customer {
        return Err(Refusal::NotFound);
    }
    if event.by != by {
        return Err(Refusal::NotYours);
    }
    let now = app.clock.now();
    let leaving = outbound::get(&app.db, message as i64).await.map_err(|_| Refusal::Unavailable)?;
    if let Some(row) = leaving {
        // What left is gone; what leaves in this moment as well.
        let stays = row.state == "waiting" && row.next_at.is_some_and(|at| at > now + MARGIN_MS);
        return if stays { Ok(()) } else { Err(Refusal::TooLate) };
    }
    let limit_ms = i64::from(app.settings().recall_s) * 1_000;
    if now - event.at > limit_ms { Err(Refusal::TooLate) } else { Ok(()) }
}
