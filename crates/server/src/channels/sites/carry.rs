//! What leaves for another site: an event of a conversation that both know, in either direction.

use super::{
    TAB,
    talk::{self, Question, ToHelper, ToHome},
};
use crate::{
    channels::connector::{Carried, Failure},
    http::transcript,
    jobs::Duty,
};
use yingda_core::{
    actor::Actor,
    config::SiteSetup,
    event::{Event, Fact},
    id::*,
};
use yingda_store::{
    ReadError, address, conversation,
    event::{self, Part, StoredEvent},
    outbound::Outbound,
};

/// The customer's last words are looked for among so many events.
const LATEST: usize = 200;
/// A note holds so many bytes.
const NOTE: usize = 3_800;

fn later(error: ReadError) -> Failure {
    Failure::Later(error.to_string())
}

pub async fn carry(
    duty: &Duty,
    id: ChannelId,
    setup: &SiteSetup,
    row: &Outbound,
) -> Result<Carried, Failure> {
    let stored = event::one(&duty.db, row.id as u64).await.map_err(later)?;
    let event = stored.and_then(|it| it.event());
    let event = event.ok_or(Failure::Never("the message was erased".into()))?;
    let here = row.conversation.ok_or(Failure::Never("it belongs to no conversation".into()))?;
    let addresses = address::of_visitor(&duty.db, row.visitor.unwrap_or_default()).await.map_err(later)?;
    let home = addresses.into_iter().find(|it| it.channel == id).and_then(|it| it.term.parse().ok());
    let n = row.id as u32;
    let question = match home.map(ConversationId) {
        Some(home) => Question::ToHome { home, n, what: to_home(duty, here, event).await? },
        None => Question::ToHelper { home: here, n, what: to_helper(duty, here, event).await? },
    };
    // Words travel in both directions, and only those that fail are worth a mark.
    talk::ask(&duty.app, &setup.site, &question)
        .await
        .map(|_| Carried { is_quiet: true, ..Carried::default() })
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
        Fact::Assigned { .. } => taken(duty, here, event.seq).await,
        _ => Err(Failure::Never("the other site has no use for it".into())),
    }
}

/// What was said at home so far: the customer's last words as they are, all else as a text.
async fn taken(duty: &Duty, here: ConversationId, seq: u64) -> Result<ToHelper, Failure> {
    let found = conversation::get(&duty.db, here).await.map_err(later)?;
    let found = found.ok_or(Failure::Never("the conversation does not exist any more".into()))?;
    let latest =
        event::of_conversation(&duty.db, here, Part::Before(seq), LATEST, true).await.map_err(later)?;
    let last = latest.iter().rev().filter_map(StoredEvent::event).find_map(|event| match event.fact {
        Fact::MessagePosted { content, .. } if matches!(event.by, Actor::Visitor { .. }) => {
            Some((event.seq, content))
        }
        _ => None,
    });
    let (said_at, words) = last.unzip();
    let story = transcript::before(&duty.app, &found, seq, said_at).await;
    let story = story.map_err(|problem| Failure::Later(format!("{:?}", problem.code)))?;
    Ok(ToHelper::Taken { story: end(&story).to_owned(), words })
}

/// As much of it as a note holds: what was said last is worth most.
fn end(story: &str) -> &str {
    let over = story.len().saturating_sub(NOTE);
    let rest = &story[story.ceil_char_boundary(over)..];
    let whole = if over == 0 { rest } else { rest.split_once('\n').map_or(rest, |(_, lines)| lines) };
    whole.trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_story_keeps_its_last_whole_lines() {
        assert_eq!(end("一\n二\n"), "一\n二");
        let long = (0..1_000).map(|n| format!("第{n}句\n")).collect::<String>();
        let kept = end(&long);
        assert!(kept.len() <= NOTE && kept.len() > NOTE - 20, "{}", kept.len());
        assert!(kept.ends_with("第999句") && kept.starts_with('第'), "{kept}");
        assert!(end(&"长".repeat(5_000)).len() <= NOTE);
    }
}
