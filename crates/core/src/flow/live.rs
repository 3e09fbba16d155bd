//! A flow in a conversation: what it tells, and where the conversation goes from it.

use super::{End, News};
use crate::{
    conversation::Phase,
    engine::{Engine, Refused},
    event::{Audience, CloseReason, Fact, FlowCollected, FlowEntered, QueueReason, SegmentEnd},
    id::ConversationId,
    log::Cause,
    refusal::Refusal,
};

/// A customer tells a flow at most so much.
const MOST: usize = 40;

impl Engine {
    pub(crate) fn walked(&mut self, cause: Cause, id: ConversationId, news: News) -> Result<(), Refused> {
        let found = self.conversations.get_mut(&id);
        // Once people have it the flow has nothing more to say.
        let conversation = found.filter(|it| it.phase == Phase::Bot).ok_or(Refusal::WrongPhase)?;
        let fact = match &news {
            News::Entered { flow, version } => {
                Fact::FlowEntered(FlowEntered { flow: *flow, version: *version })
            }
            News::Collected(told) => {
                conversation.collected.retain(|it| it.key != told.key);
                if conversation.collected.len() < MOST {
                    conversation.collected.push(told.clone());
                }
                Fact::FlowCollected(FlowCollected { collected: told.clone() })
            }
            News::Left(left) => {
                match left.end {
                    End::Agent(agent) => self.available(id, agent)?,
                    End::Queue(queue) if !self.directory.queues.contains_key(&queue) => {
                        return Err(Refusal::NotFound.into());
                    }
                    _ => {}
                }
                Fact::FlowLeft((**left).clone())
            }
        };
        let Some(conversation) = self.conversations.get_mut(&id) else { return Ok(()) };
        if let News::Left(left) = &news {
            conversation.lang = left.lang;
        }
        self.log.about(conversation, cause, Audience::Staff, fact);
        let News::Left(left) = news else { return Ok(()) };
        match left.end {
            End::Queue(queue) => self.enter(cause, id, queue, QueueReason::New),
            End::Agent(agent) => self.hand_over(cause.then(), id, agent, SegmentEnd::Transferred)?,
            End::Gone if !left.resolved => self.close(cause.then(), id, CloseReason::Abandoned),
            End::Gone | End::HungUp => self.close(cause.then(), id, CloseReason::Ended),
        }
        Ok(())
    }
}
