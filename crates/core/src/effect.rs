//! Work asked of the world. Each is a row in the same commit as the event that asks for it, and what comes of it
//! returns as a command.

use crate::{
    At,
    actor::Actor,
    config::Setup,
    conversation::{Content, Conversation},
    directory::Directory,
    event::Author,
    id::*,
    log::{Cause, Log},
    sites,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A message leaves by a channel, not before this instant.
    Send { message: u64, conversation: ConversationId, visitor: VisitorId, channel: ChannelId, due_at: At },
    /// A message was taken back before it left.
    Unsend { message: u64 },
    /// Whoever writes from this address is a customer: the next time as well.
    Know { visitor: VisitorId, customer: CustomerId },
    /// What answers the mails of one thread belongs to the other; the later of the two is what is answered next.
    JoinThreads { channel: ChannelId, from: VisitorId, into: VisitorId, from_is_later: bool },
}

/// By which channel words leave, and when at the earliest; none where they stay in the house.
pub(crate) fn way_out(
    directory: &Directory,
    conversation: &Conversation,
    cause: Cause,
    content: &Content,
    author: Author,
) -> Option<(ChannelId, At)> {
    if matches!(cause.by, Actor::Visitor { .. }) {
        return sites::helper(directory, conversation).map(|channel| (channel, cause.now));
    }
    let id = conversation.channel?;
    let channel = directory.channels.get(&id).filter(|it| it.setup.sends())?;
    if !author.is_person() && matches!(channel.setup, Setup::Site(_)) {
        return None;
    }
    let asked_at = match content {
        Content::Mail { mail } => mail.send_at,
        _ => None,
    };
    let undo_s = if author.is_person() { channel.undo_s } else { 0 };
    let earliest_at = cause.now + i64::from(undo_s) * 1_000;
    Some((id, asked_at.map_or(earliest_at, |at| at.max(earliest_at))))
}

/// The channel whose platform keeps a state of its own for each conversation, and is told who serves and when it ends.
pub(crate) fn follower(directory: &Directory, conversation: &Conversation) -> Option<ChannelId> {
    let id = conversation.channel?;
    directory.channels.get(&id).filter(|it| matches!(it.setup, Setup::Wecom(_))).map(|_| id)
}

impl Log {
    /// A message that stands in the log goes out of the house.
    pub(crate) fn send(
        &mut self,
        conversation: &Conversation,
        message: u64,
        (channel, due_at): (ChannelId, At),
    ) {
        let (visitor, conversation) = (conversation.visitor, conversation.id);
        self.effects.push(Effect::Send { message, conversation, visitor, channel, due_at });
    }
}
