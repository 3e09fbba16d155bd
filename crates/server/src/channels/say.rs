//! What somebody says by a door goes on in their conversation, or begins another.

use super::heard::Message;
use crate::{app::App, identify};
use yingda_core::{
    actor::Actor,
    command::{Act, Command, Envelope, Sent, Start},
    config::Channel,
    conversation::{Conversation, Phase},
    engine::Refused,
    event::{Author, Origin},
    id::*,
    refusal::Refusal,
};
use yingda_store::{Db, ReadError, address::Address, conversation};

/// Where somebody's words stand now.
pub struct Said {
    pub conversation: Option<ConversationId>,
    pub is_new: bool,
}

/// The customer says it. The same again from the same origin changes nothing.
pub async fn say(
    app: &App,
    db: &Db,
    address: &Address,
    origin: Sent,
    message: Message,
) -> Result<Said, Refused> {
    let away = |_: ReadError| Refused::from(Refusal::Unavailable);
    let directory = app.directory();
    let Some(channel) = directory.channels.get(&address.channel) else {
        return Err(Refusal::NotFound.into());
    };
    let Some(content) = message.content.clone() else { return Err(Refusal::Empty.into()) };
    let actor = Actor::Visitor { id: address.visitor };
    let latest = conversation::of_visitor(db, address.visitor, 1).await.map_err(away)?.pop();
    let began = Origin { tab: origin.tab, n: origin.n };
    if let Some(latest) = latest.as_ref().filter(|it| it.started_by == Some(began)) {
        // It was carried out, and its answer lost.
        return Ok(Said { conversation: Some(latest.id), is_new: false });
    }
    if let Some(goes_on) = latest.as_ref().filter(|it| may_go_on(it)) {
        let act = Act::Post { content: content.clone(), author: Author::Person };
        let command = Command::Conversation(goes_on.id, act);
        match app.site.send(Envelope { actor, origin: Some(origin), command }).await {
            Ok(done) => {
                return Ok(Said { conversation: done.conversation.or(Some(goes_on.id)), is_new: false });
            }
            Err(refused) if refused.refusal == Refusal::Closed => {}
            Err(refused) => return Err(refused),
        }
    }
    let start = begin(app, db, address, channel, latest, message).await.map_err(away)?;
    let command = Command::Start(Box::new(Start { content: Some(content), ..start }));
    let done = app.site.send(Envelope { actor, origin: Some(origin), command }).await?;
    Ok(Said { conversation: done.conversation, is_new: true })
}

/// Whether words may still belong to it; the engine has the last word on closed ones.
fn may_go_on(conversation: &Conversation) -> bool {
    conversation.phase != Phase::Closed || conversation.merged_into.is_none()
}

/// What an address on a channel begins, with who they are and who served them last.
pub async fn begin(
    app: &App,
    db: &Db,
    address: &Address,
    channel: &Channel,
    latest: Option<Conversation>,
    message: Message,
) -> Result<Start, ReadError> {
    let customer = identify::reached(app, address.visitor, &message).await?;
    let vip = match customer {
        Some(id) => yingda_store::customer::living(db, id).await?.is_some_and(|it| it.card.vip),
        None => false,
    };
    let directory = app.directory();
    let line = directory.queues.get(&channel.queue).map(|queue| queue.line).unwrap_or_default();
    Ok(Start {
        visitor: address.visitor,
        customer,
        medium: channel.setup.medium(),
        channel: Some(address.channel),
        line,
        queue: channel.queue,
        lang: message.lang.unwrap_or(channel.lang),
        vip,
        last_agent: conversation::last_agent_of(db, address.visitor, customer).await?,
        previous: latest.map(|it| it.id),
        ..Start::default()
    })
}
