//! At the site that helps out: another site's contact is a conversation here like any other.

use super::{
    STORY_TAB, TAB,
    talk::{self, Answer, Contact, ToHelper},
};
use crate::{channels::reach, jobs::Duty};
use yingda_core::{
    actor::Actor,
    command::{Act, Command, Envelope, Sent, Start},
    config::SiteSetup,
    conversation::{Content, Conversation, Phase},
    engine::Refused,
    event::Author,
    id::*,
    refusal::Refusal,
};
use yingda_store::{ReadError, address, conversation, visitor::Visitor};

fn away(_: ReadError) -> Refused {
    Refusal::Unavailable.into()
}

/// Somebody for the contact, if anybody is free now.
pub async fn reserve(duty: &Duty, id: ChannelId, contact: Contact) -> Answer {
    Answer::of(begin(duty, id, contact).await)
}

async fn begin(duty: &Duty, id: ChannelId, contact: Contact) -> Result<(), Refused> {
    let app = &duty.app;
    let directory = app.directory();
    let channel = directory.channels.get(&id).ok_or(Refusal::NotFound)?;
    let visitor = meet(duty, id, &contact).await?;
    let latest = latest(duty, visitor).await?;
    if latest.as_ref().is_some_and(|it| it.phase != Phase::Closed && it.phase != Phase::WrapUp) {
        return Ok(());
    }
    let line = directory.queues.get(&channel.queue).map(|queue| queue.line).unwrap_or_default();
    let start = Start {
        visitor,
        medium: contact.medium,
        channel: Some(id),
        line,
        queue: channel.queue,
        lang: contact.lang,
        vip: contact.vip,
        previous: latest.map(|it| it.id),
        reserved: true,
        ..Start::default()
    };
    let actor = Actor::Visitor { id: visitor };
    let origin = Some(Sent { tab: TAB, n: contact.n, base: contact.n });
    app.site.send(Envelope { actor, origin, command: Command::Start(Box::new(start)) }).await.map(drop)
}

/// Who the contact is here, made when it comes for the first time.
async fn meet(duty: &Duty, id: ChannelId, contact: &Contact) -> Result<VisitorId, Refused> {
    let (term, now) = (contact.home.to_string(), duty.app.clock.now());
    let fresh = Visitor {
        id: VisitorId(duty.app.next_id()),
        name: contact.name.clone(),
        lang: contact.lang,
        first_seen_at: now,
        last_seen_at: now,
        ..Visitor::default()
    };
    let label = if contact.name.is_empty() { &term } else { &contact.name };
    reach::meet(&duty.db, id, &term, label, &fresh).await.map_err(away)
}

async fn latest(duty: &Duty, visitor: VisitorId) -> Result<Option<Conversation>, Refused> {
    Ok(conversation::of_visitor(&duty.db, visitor, 1).await.map_err(away)?.pop())
}

/// The conversation in which a contact is served here.
async fn served(
    duty: &Duty,
    id: ChannelId,
    home: ConversationId,
) -> Result<(VisitorId, ConversationId), Refused> {
    let address = address::get(&duty.db, id, &home.to_string()).await.map_err(away)?;
    let address = address.ok_or(Refusal::NotFound)?;
    let latest = latest(duty, address.visitor).await?.ok_or(Refusal::NotFound)?;
    Ok((address.visitor, latest.id))
}

pub async fn release(duty: &Duty, id: ChannelId, home: ConversationId) -> Answer {
    Answer::of(match served(duty, id, home).await {
        Ok((_, here)) => send(duty, Actor::System, here, Act::Settle { taken: false }, None).await,
        Err(refused) => Err(refused),
    })
}

/// What home tells of a contact.
pub async fn take(
    duty: &Duty,
    id: ChannelId,
    setup: &SiteSetup,
    home: ConversationId,
    n: u32,
    what: ToHelper,
) -> Answer {
    let (visitor, here) = match served(duty, id, home).await {
        Ok(served) => served,
        Err(refused) => return Answer::Refused(refused.refusal),
    };
    let customer = Actor::Visitor { id: visitor };
    let words = match what {
        ToHelper::Taken { story, words } => {
            let taken = begun(duty, here, n, story).await;
            match (taken, words) {
                (Ok(()), Some(words)) => words,
                (taken, _) => return Answer::of(taken),
            }
        }
        ToHelper::Words { content } => content,
        ToHelper::Ended => {
            return match send(duty, customer, here, Act::Close, Some((TAB, n))).await {
                Err(refused) if refused.refusal == Refusal::Closed => Answer::Done,
                outcome => Answer::of(outcome),
            };
        }
    };
    let content: Content = match talk::kept(duty, &setup.site, words).await {
        Ok(content) => content,
        Err(error) => return Answer::Broken(error),
    };
    let act = Act::Post { content, author: Author::Person };
    Answer::of(send(duty, customer, here, act, Some((TAB, n))).await)
}

/// The reservation holds; whoever serves it reads what was said at home.
async fn begun(duty: &Duty, here: ConversationId, n: u32, story: String) -> Result<(), Refused> {
    send(duty, Actor::System, here, Act::Settle { taken: true }, None).await?;
    if story.is_empty() {
        return Ok(());
    }
    let note = Act::Note { text: story, mentions: Default::default() };
    send(duty, Actor::System, here, note, Some((STORY_TAB, n))).await
}

async fn send(
    duty: &Duty,
    actor: Actor,
    here: ConversationId,
    act: Act,
    counted: Option<(Tab, u32)>,
) -> Result<(), Refused> {
    let origin = counted.map(|(tab, n)| Sent { tab, n, base: n });
    let command = Command::Conversation(here, act);
    duty.app.site.send(Envelope { actor, origin, command }).await.map(drop)
}
