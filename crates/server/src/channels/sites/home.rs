//! At the contact's home: whoever waits is offered to the other site, and what its people say is said by the deputy.

use super::{
    TAB,
    talk::{self, Answer, Contact, Question, ToHome},
};
use crate::{
    channels::{
        connector::Failure,
        standing::{Teller, Way},
    },
    jobs::Duty,
    site::question,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use yingda_core::{
    At,
    actor::Actor,
    command::{Act, Command, Envelope, Sent},
    config::SiteSetup,
    conversation::Conversation,
    engine::{Engine, Refused},
    event::Author,
    id::*,
    lang::Lang,
    medium::Medium,
    refusal::Refusal,
};
use yingda_store::{ReadError, visitor};

/// So many of those who wait are offered in one go.
const AT_ONCE: usize = 16;
/// While somebody waits for a site that is full or away.
const AGAIN: Duration = Duration::from_secs(1);
/// Much happens at once: what waits is looked at this often.
const PACE: Duration = Duration::from_millis(100);

/// As long as the channel stays as it is.
pub async fn offer(duty: &Duty, id: ChannelId, setup: &SiteSetup) {
    let (Some(queue), Some(deputy)) = (setup.sends, setup.deputy) else { return };
    let mut teller = Teller::new(id, Way::In);
    let mut position = duty.app.site.position();
    loop {
        let all_served = match round(duty, setup, queue, deputy).await {
            Ok(all_served) => {
                teller.well(duty).await;
                all_served
            }
            Err(failure) => {
                teller.fails(duty, &failure.told()).await;
                false
            }
        };
        tokio::time::sleep(PACE).await;
        let again =
            async { if all_served { std::future::pending().await } else { tokio::time::sleep(AGAIN).await } };
        tokio::select! {
            changed = position.changed() => if changed.is_err() { return },
            () = again => {}
        }
    }
}

/// Offers who waits, first those who are first. Whether nobody waits any more.
async fn round(duty: &Duty, setup: &SiteSetup, queue: QueueId, deputy: UserId) -> Result<bool, Failure> {
    let away = |refused: Refused| Failure::Later(format!("{:?}", refused.refusal));
    let waiting = duty.app.site.ask(WaitingIn { queue }).await.map_err(away)?;
    for contact in waiting {
        let home = contact.home;
        match talk::ask(&duty.app, &setup.site, &Question::Reserve(named(duty, contact).await)).await {
            Ok(_) => {}
            // Nobody is free there, or not for this one.
            Err(Failure::Later(_) | Failure::Never(_) | Failure::Rests(..)) => return Ok(false),
            Err(failure) => return Err(failure),
        }
        let command = Command::Conversation(home, Act::HandTo { agent: deputy });
        let handed = duty.app.site.send(Envelope { actor: Actor::System, origin: None, command }).await;
        if handed.is_err() {
            // It was served here meanwhile, or its customer has gone. Unheard, the reservation ends by itself.
            let _ = talk::ask(&duty.app, &setup.site, &Question::Release { home }).await;
        }
    }
    Ok(true)
}

async fn named(duty: &Duty, contact: Waits) -> Contact {
    let Waits { home, visitor, medium, lang, vip } = contact;
    let known = visitor::get(&duty.db, visitor).await.ok().flatten();
    let name = known.map(|it| it.name).unwrap_or_default();
    Contact { home, n: duty.app.clock.now() as u32, name, medium, lang, vip }
}

/// Who waits in a queue and may be served elsewhere.
#[derive(Debug, Serialize, Deserialize)]
pub struct WaitingIn {
    queue: QueueId,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Waits {
    home: ConversationId,
    visitor: VisitorId,
    medium: Medium,
    lang: Lang,
    vip: bool,
}

impl question::Question for WaitingIn {
    type Answer = Vec<Waits>;

    fn answer(self, engine: &Engine, _: At) -> Vec<Waits> {
        let waiting = engine.waiting(self.queue, AT_ONCE).into_iter();
        // A letter and a visit cannot be answered from elsewhere, and a mail needs its mailbox.
        let fits = |it: &&Conversation| matches!(it.medium, Medium::Chat | Medium::Wechat | Medium::Sms);
        waiting
            .filter(fits)
            .map(|it| Waits {
                home: it.id,
                visitor: it.visitor,
                medium: it.medium,
                lang: it.lang,
                vip: it.vip,
            })
            .collect()
    }
}

/// Whether the customer has said something that the helper had not heard.
#[derive(Debug, Serialize, Deserialize)]
pub struct Unheard {
    home: ConversationId,
    heard: u32,
}

impl question::Question for Unheard {
    type Answer = bool;

    fn answer(self, engine: &Engine, _: At) -> bool {
        engine
            .conversations
            .get(&self.home)
            .is_some_and(|it| it.unanswered_since_at.is_some() && it.preview_of as u32 > self.heard)
    }
}

/// What the helper's people say and do.
pub async fn take(duty: &Duty, setup: &SiteSetup, home: ConversationId, n: u32, what: ToHome) -> Answer {
    let Some(deputy) = setup.deputy else { return Answer::Refused(Refusal::Forbidden) };
    let act = match what {
        ToHome::Words { content } => match talk::kept(duty, &setup.site, content).await {
            Ok(content) => Act::Post { content, author: Author::Person },
            Err(error) => return Answer::Broken(error),
        },
        ToHome::Ended { heard } => match duty.app.site.ask(Unheard { home, heard }).await {
            // Words that crossed with the farewell: somebody has to answer them.
            Ok(true) => Act::ReturnToQueue,
            Ok(false) => Act::Close,
            Err(refused) => return Answer::Refused(refused.refusal),
        },
    };
    if let Err(refusal) = is_deputys(duty, home, deputy).await {
        return if act == Act::Close { Answer::Done } else { Answer::Refused(refusal) };
    }
    let actor = if matches!(act, Act::Post { .. }) { Actor::User { id: deputy } } else { Actor::System };
    let origin = Some(Sent { tab: TAB, n, base: n });
    let command = Command::Conversation(home, act);
    Answer::of(duty.app.site.send(Envelope { actor, origin, command }).await)
}

/// Another site has a say only in what it serves.
async fn is_deputys(duty: &Duty, home: ConversationId, deputy: UserId) -> Result<(), Refusal> {
    let away = |_: ReadError| Refusal::Unavailable;
    let found = yingda_store::conversation::get(&duty.db, home).await.map_err(away)?;
    let found = found.ok_or(Refusal::NotFound)?;
    if found.agent == Some(deputy) { Ok(()) } else { Err(Refusal::NotYours) }
}
