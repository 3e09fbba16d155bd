//! What leaves for another site: an event of a conversation that both know, in either direction.

use super::{
    TAB,
    talk::{self, Question, ToHelper, ToHome},
};
use crate::{
    channels::connector::{Failure, Taken},
    jobs::Duty,
};
use yingda_core::{
    actor::Actor,
    config::SiteSetup,
    conversation::{Content, Conversation},
    event::{Author, Event, Fact},
    id::*,
    lang::Lang,
};
use yingda_store::{
    ReadError, address, conversation,
    event::{self, Part},
    outbound::Outbound,
};
use yingda_wire::frame::ServerFrame;

/// So many events of a conversation are retold.
const STORY: usize = 200;
/// A note holds so many bytes.
const NOTE: usize = 3_800;

fn later(error: ReadError) -> Failure {
    Failure::Later(error.to_string())
}

pub async fn carry(duty: &Duty, id: ChannelId, setup: &SiteSetup, row: &Outbound) -> Result<Taken, Failure> {
    let stored = event::one(&duty.db, row.id as u64).await.map_err(later)?;
    let event = stored.and_then(|it| it.body).and_then(|body| read(&body));
    let event = event.ok_or(Failure::Never("the message was erased".into()))?;
    let here = row.conversation.ok_or(Failure::Never("it belongs to no conversation".into()))?;
    let addresses = address::of_visitor(&duty.db, row.visitor.unwrap_or_default()).await.map_err(later)?;
    let home = addresses.into_iter().find(|it| it.channel == id).and_then(|it| it.term.parse().ok());
    let n = row.id as u32;
    let question = match home.map(ConversationId) {
        Some(home) => Question::ToHome { home, n, what: to_home(duty, here, event).await? },
        None => Question::ToHelper { home: here, n, what: to_helper(duty, here, event).await? },
    };
    talk::ask(&duty.app, &setup.site, &question).await.map(|_| None)
}

fn read(body: &[u8]) -> Option<Event> {
    match serde_json::from_slice(body) {
        Ok(ServerFrame::Event(event)) => Some(event),
        _ => None,
    }
}

async fn to_home(duty: &Duty, here: ConversationId, event: Event) -> Result<ToHome, Failure> {
    match event.fact {
        Fact::MessagePosted { content, .. } => Ok(ToHome::Words { content }),
        Fact::ConversationClosed { .. } => {
            let found = conversation::get(&duty.db, here).await.map_err(later)?;
            let senders = found.map(|it| it.senders).unwrap_or_default();
            let heard = senders.iter().find(|it| it.tab == TAB).map_or(0, |it| it.n);
            Ok(ToHome::Ended { heard })
        }
        _ => Err(Failure::Never("the other site has no use for it".into())),
    }
}

async fn to_helper(duty: &Duty, here: ConversationId, event: Event) -> Result<ToHelper, Failure> {
    match event.fact {
        Fact::MessagePosted { content, .. } => Ok(ToHelper::Words { content }),
        Fact::SegmentEnded { .. } => Ok(ToHelper::Ended),
        Fact::Assigned { .. } => {
            let found = conversation::get(&duty.db, here).await.map_err(later)?;
            let found = found.ok_or(Failure::Never("the conversation does not exist any more".into()))?;
            let before = Part::Before(event.seq);
            let events = event::of_conversation(&duty.db, here, before, STORY, true).await.map_err(later)?;
            let events: Vec<Event> =
                events.into_iter().filter_map(|it| it.body).filter_map(|body| read(&body)).collect();
            let (story, words) = retold(duty, &found, events);
            Ok(ToHelper::Taken { story, words })
        }
        _ => Err(Failure::Never("the other site has no use for it".into())),
    }
}

/// What was said at home: the customer's last words as they are, all before them as lines of a note.
fn retold(duty: &Duty, conversation: &Conversation, events: Vec<Event>) -> (String, Option<Content>) {
    let mut said: Vec<(Actor, Author, Content)> = events
        .into_iter()
        .filter_map(|event| match event.fact {
            Fact::MessagePosted { content, author, .. } => Some((event.by, author, content)),
            _ => None,
        })
        .collect();
    let last = said.iter().rposition(|(by, ..)| matches!(by, Actor::Visitor { .. }));
    let words = last.map(|at| said.remove(at).2);
    let directory = duty.app.directory();
    let (customer, machine) = match conversation.lang {
        Lang::Zh => ("客户", "自动"),
        Lang::En => ("Customer", "Automatic"),
    };
    let lines = said.into_iter().map(|(by, author, content)| {
        let who = match by {
            Actor::Visitor { .. } => customer.to_owned(),
            Actor::User { id } if author.is_person() => directory.persona(id).name,
            _ => machine.to_owned(),
        };
        let text = match content {
            Content::Text { text } => text,
            other => other.preview(),
        };
        format!("{who}: {text}")
    });
    let mut story: Vec<String> = lines.collect();
    // The latest is worth most.
    while story.iter().map(|line| line.len() + 1).sum::<usize>() > NOTE && story.len() > 1 {
        story.remove(0);
    }
    let mut story = story.join("\n");
    while story.len() > NOTE {
        story.pop();
    }
    (story, words)
}
