//! Sites that help each other out: a contact that waits at its home is served by another site's people.
//!
//! The helper reserves somebody first, for a short while; then the contact's home gives it to its deputy for that site;
//! then the helper hears so. Each site decides about its own conversation only, and either may be rebuilt in between:
//! what was not confirmed lets go by itself.

use crate::{
    At,
    command::Start,
    config::Setup,
    conversation::{Conversation, Mark, Phase},
    directory::Directory,
    engine::{Engine, Refused},
    event::{CloseReason, QueueExit},
    id::*,
    lifecycle::by_hand,
    log::Cause,
    refusal::Refusal,
};

/// So long a reservation waits for its confirmation.
pub const RESERVED_MS: At = 15_000;

/// Whether a site may be called so: it is part of names on the bus.
pub fn is_name(name: &str) -> bool {
    (1..=32).contains(&name.len())
        && name.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-')
}

/// The channel to the site that serves this conversation, where it is not ours.
pub(crate) fn helper(directory: &Directory, conversation: &Conversation) -> Option<ChannelId> {
    if directory.deputies.is_empty() {
        return None;
    }
    directory.deputies.get(&conversation.agent?).copied()
}

/// Whether it is another site's contact, served here.
pub(crate) fn is_guest(directory: &Directory, conversation: &Conversation) -> bool {
    let channel = conversation.channel.and_then(|id| directory.channels.get(&id));
    channel.is_some_and(|it| matches!(it.setup, Setup::Site(_)))
}

impl Engine {
    /// Whether somebody would get such a contact at once: nobody of the queue waits, and somebody is free.
    pub(crate) fn has_room(&self, start: &Start) -> bool {
        let Some(queue) = self.directory.queues.get(&start.queue) else { return false };
        self.acd.has_room(start.queue, start.medium, &queue.needs, queue.weight_pct)
    }

    /// Takes a waiting contact out of its queue for somebody.
    pub(crate) fn hand_to(&mut self, cause: Cause, id: ConversationId, agent: UserId) -> Result<(), Refused> {
        let Some(conversation) = self.conversations.get(&id) else { return Err(Refusal::NotFound.into()) };
        if !matches!(conversation.phase, Phase::Waiting | Phase::Offered) {
            return Err(Refusal::WrongPhase.into());
        }
        let (waited_ms, priority) = (cause.now - conversation.queued_at, conversation.priority);
        self.leave_queue(cause, id, QueueExit::Answered);
        self.assign(cause, id, agent, by_hand(waited_ms, priority));
        Ok(())
    }

    /// The home of what is reserved here has decided.
    pub(crate) fn settle(&mut self, cause: Cause, id: ConversationId, taken: bool) {
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        if conversation.reserved_until_at.take().is_none() {
            return;
        }
        self.log.mark(conversation, Mark::Changed);
        if !taken {
            self.close(cause, id, CloseReason::Withdrawn);
        }
    }

    pub(crate) fn check_reserved(&mut self, now: At, id: ConversationId) {
        let until_at = self.conversations.get(&id).and_then(|it| it.reserved_until_at);
        if until_at.is_some_and(|at| at <= now) {
            self.settle(Cause::system(now), id, false);
        }
    }

    /// Who waits in a queue, first those who are first.
    pub fn waiting(&self, queue: QueueId, limit: usize) -> Vec<&Conversation> {
        let ids = self.acd.order(queue, limit);
        ids.filter_map(|id| self.conversations.get(&id)).map(|it| &**it).collect()
    }
}
