//! The engine's output: numbered events, whom each concerns, and which rows changed.

use crate::{
    At,
    actor::Actor,
    conversation::{Conversation, Mark, Phase},
    effect::Effect,
    event::{Audience, Event, Fact, Origin, Private, Subject},
    id::*,
};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// An event and whom it concerns; the hub turns this into sockets.
#[derive(Clone, Debug)]
pub struct Routed {
    pub event: Event,
    pub route: Route,
    /// The event of the same conversation before this one; 0 for the first, and for what concerns none.
    pub prev: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Route {
    /// The visitor whose sockets receive it, when the audience is the customer.
    pub visitor: Option<VisitorId>,
    /// Staff who hold the conversation, or held it just before.
    pub users: SmallVec<[UserId; 3]>,
    /// Staff who watch this conversation receive it too.
    pub conversation: Option<ConversationId>,
    /// Staff who serve or oversee this queue receive it too.
    pub queue: Option<QueueId>,
    /// Staff who oversee agents receive it, where this agent is in their reach.
    pub agent: Option<UserId>,
}

/// What a batch produced so far.
#[derive(Clone, Debug, Default)]
pub struct Log {
    pub seq: u64,
    pub events: Vec<Routed>,
    pub conversations: Vec<ConversationId>,
    pub agents: Vec<UserId>,
    pub effects: Vec<Effect>,
}

/// What caused an event: who, when, and the command's identity where a client made it.
#[derive(Clone, Copy, Debug)]
pub struct Cause {
    pub now: At,
    pub by: Actor,
    pub from: Option<Origin>,
}

impl Cause {
    pub fn system(now: At) -> Self {
        Self { now, by: Actor::System, from: None }
    }

    /// What follows from a person's deed but is not the deed itself.
    pub fn then(self) -> Self {
        Self { from: None, ..self }
    }
}

impl Log {
    pub fn push(
        &mut self,
        cause: Cause,
        on: Subject,
        to: Audience,
        fact: Fact,
        private: Option<Box<Private>>,
        route: Route,
    ) -> u64 {
        self.seq += 1;
        let event =
            Event { seq: self.seq, at: cause.now, on, by: cause.by, to, from: cause.from, fact, private };
        self.events.push(Routed { event, route, prev: 0 });
        self.seq
    }

    /// An event about a conversation. It touches the row's position; `changed` says that more than that changed.
    pub fn about(&mut self, conversation: &mut Conversation, cause: Cause, to: Audience, fact: Fact) -> u64 {
        self.about_with(conversation, cause, to, fact, None, &[])
    }

    pub fn about_with(
        &mut self,
        conversation: &mut Conversation,
        cause: Cause,
        to: Audience,
        fact: Fact,
        private: Option<Box<Private>>,
        also: &[UserId],
    ) -> u64 {
        let said = matches!(
            fact,
            Fact::MessagePosted { .. }
                | Fact::MessageDelivered { .. }
                | Fact::Read { .. }
                | Fact::Focus { .. }
        );
        let mut users: SmallVec<[UserId; 3]> = conversation.guests.iter().copied().collect();
        users.extend(conversation.agent);
        users.extend(conversation.offer.map(|offer| offer.agent));
        for user in also {
            if !users.contains(user) {
                users.push(*user);
            }
        }
        let queued =
            matches!(conversation.phase, Phase::Waiting | Phase::Offered) || conversation.agent.is_some();
        let route = Route {
            visitor: (to == Audience::Customer).then_some(conversation.visitor),
            users,
            conversation: Some(conversation.id),
            queue: if said || !queued { None } else { conversation.queue },
            agent: None,
        };
        let seq = self.push(cause, Subject::Conversation(conversation.id), to, fact, private, route);
        if let Some(last) = self.events.last_mut() {
            last.prev = conversation.last_seq;
        }
        conversation.last_seq = seq;
        conversation.last_at = cause.now;
        self.mark(conversation, if said { Mark::Touched } else { Mark::Changed });
        seq
    }

    pub fn mark(&mut self, conversation: &mut Conversation, mark: Mark) {
        if conversation.mark == Mark::Clean {
            self.conversations.push(conversation.id);
        }
        conversation.mark = conversation.mark.max(mark);
    }

    pub fn agent_changed(&mut self, agent: UserId) {
        if !self.agents.contains(&agent) {
            self.agents.push(agent);
        }
    }
}
