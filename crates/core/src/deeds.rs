//! What one may do to a conversation, and who may.

use crate::{
    At,
    access::{self, Action, Resource},
    actor::Actor,
    calendar,
    command::{Act, Sent},
    conversation::{Conversation, Flag, FollowUp, Mark, Phase, Place},
    directory::Directory,
    effect::Effect,
    engine::{Done, Engine, Refused},
    event::{Audience, CloseReason, Fact, OfferEnd, Private, QueueExit, QueueReason, SegmentEnd, WrapUpEnd},
    id::*,
    lifecycle::{by_hand, toggle},
    log::Cause,
    medium::Medium,
    proof::Step,
    refusal::Refusal,
};
use smallvec::SmallVec;

/// Longest note, comment or reason, in bytes.
const MAX_NOTE: usize = 4_000;

impl Engine {
    pub(crate) fn act(
        &mut self,
        cause: Cause,
        sent: Option<Sent>,
        id: ConversationId,
        act: Act,
    ) -> Result<Done, Refused> {
        self.may_act(cause.by, id, &act)?;
        if let Some(sent) = sent
            && let Some(done) = self.repeated(id, sent)?
        {
            return Ok(done);
        }
        let before = self.log.seq;
        let done = self.perform(cause, id, act)?;
        if let Some(conversation) = self.conversations.get_mut(&id) {
            Self::remember(conversation, cause.from, cause.now);
            if cause.from.is_some() || self.log.seq > before {
                self.log.mark(conversation, Mark::Touched);
            }
        }
        Ok(done)
    }

    /// Whether this actor may do this; one who may not know of the conversation learns nothing of it.
    fn may_act(&self, actor: Actor, id: ConversationId, act: &Act) -> Result<(), Refusal> {
        let Some(conversation) = self.conversations.get(&id) else { return Err(Refusal::NotFound) };
        match actor {
            Actor::System | Actor::Rule { .. } | Actor::Bot => return Ok(()),
            Actor::Visitor { id } if id != conversation.visitor => return Err(Refusal::NotFound),
            Actor::Visitor { .. } => {
                return match act {
                    Act::Post { .. }
                    | Act::Read { .. }
                    | Act::Recall { .. }
                    | Act::Close
                    // No client can say these: the server does, in the visitor's name.
                    | Act::Prove { .. }
                    | Act::Walked { .. }
                    | Act::Rate { .. } => Ok(()),
                    _ => Err(Refusal::Forbidden),
                };
            }
            Actor::User { .. } | Actor::Api { .. } => {}
        }
        let mut holders: SmallVec<[UserId; 4]> = conversation.guests.iter().copied().collect();
        holders.extend(conversation.agent);
        holders.extend(conversation.offer.map(|offer| offer.agent));
        holders.extend(conversation.last_agent.filter(|_| conversation.agent.is_none()));
        let on = Resource { holders: &holders, queue: conversation.queue };
        let allowed = |action| access::allows(&self.directory, actor, action, on);
        let serves = conversation
            .queue
            .and_then(|it| self.directory.queues.get(&it))
            .is_some_and(|queue| actor.user().is_some_and(|user| self.directory.serves(user, queue)));
        if !allowed(Action::ConversationRead) && !allowed(Action::ConversationServe) && !serves {
            return Err(Refusal::NotFound);
        }
        let holds = match actor {
            Actor::User { id } => conversation.agent == Some(id) || conversation.guests.contains(&id),
            _ => allowed(Action::ConversationServe),
        };
        let owns = match actor {
            Actor::User { id } => conversation.agent == Some(id),
            _ => holds,
        };
        let enough = match act {
            Act::Post { .. } | Act::Recall { .. } | Act::AskRating | Act::Prove { .. } => holds,
            Act::Read { .. } | Act::Focus { .. } | Act::Leave => holds,
            Act::Note { .. } => holds || allowed(Action::ConversationWhisper),
            Act::Accept => conversation.offer.is_some_and(|offer| Some(offer.agent) == actor.user()),
            Act::Decline => {
                conversation.offer.is_some_and(|offer| Some(offer.agent) == actor.user())
                    && allowed(Action::ConversationDecline)
            }
            Act::Pick => allowed(Action::ConversationPick) || (serves && self.may_pick(actor)),
            Act::Transfer { .. } | Act::Invite { .. } | Act::ReturnToQueue => {
                (owns && allowed(Action::ConversationTransfer)) || allowed(Action::ConversationReassign)
            }
            Act::TakeOver => allowed(Action::ConversationTakeOver),
            Act::Reassign { .. } => allowed(Action::ConversationReassign),
            Act::Close | Act::EndWrapUp => owns || allowed(Action::ConversationReassign),
            Act::MergeInto { conversation: into } => {
                let into = self.conversations.get(into).and_then(|it| it.agent);
                allowed(Action::ConversationMerge) || (owns && into.is_some() && into == actor.user())
            }
            Act::MarkSpam => allowed(Action::ConversationSpam),
            Act::Rate { .. } => false,
            Act::Tag { .. } | Act::Untag { .. } | Act::Flag { .. } | Act::Unflag | Act::FollowUp { .. } => {
                holds || allowed(Action::ConversationServe)
            }
            Act::LinkCustomer { .. } => allowed(Action::CustomerWrite) || holds,
            Act::RecordSaved { .. } => allowed(Action::ConsultWrite),
            Act::RemindOfFollowUp { .. }
            | Act::Called { .. }
            | Act::Walked { .. }
            | Act::Delivered { .. }
            | Act::HandTo { .. }
            | Act::Settle { .. } => false,
        };
        if enough { Ok(()) } else { Err(Refusal::Forbidden) }
    }

    fn may_pick(&self, actor: Actor) -> bool {
        access::scope(&self.directory, actor, Action::ConversationPick).is_some()
    }

    fn perform(&mut self, cause: Cause, id: ConversationId, act: Act) -> Result<Done, Refused> {
        let Some(conversation) = self.conversations.get_mut(&id) else {
            return Err(Refusal::NotFound.into());
        };
        let user = cause.by.user();
        match act {
            Act::Post { content, author } => return self.post(cause, id, content, author),
            Act::Note { text, mentions } => {
                check_text(&text)?;
                let mentioned: SmallVec<[UserId; 2]> = mentions.clone();
                let fact = Fact::NotePosted { text, mentions };
                self.log.about_with(conversation, cause, Audience::Staff, fact, None, &mentioned);
            }
            Act::Read { up_to } => {
                let by_visitor = matches!(cause.by, Actor::Visitor { .. });
                let mark = if by_visitor {
                    &mut conversation.read_by_visitor
                } else {
                    &mut conversation.read_by_staff
                };
                if up_to <= *mark || up_to > self.log.seq {
                    return Ok(self.done(Some(id)));
                }
                *mark = up_to;
                if !by_visitor {
                    conversation.unread = 0;
                }
                self.log.about(conversation, cause, Audience::Customer, Fact::Read { up_to });
            }
            Act::Recall { message } => {
                // Who wrote it, and when, is checked by the edge against the stored event.
                if conversation.preview_of == message {
                    conversation.preview.clear();
                }
                self.log.about(conversation, cause, Audience::Customer, Fact::MessageRecalled { message });
                if conversation.channel.is_some() {
                    self.log.effects.push(Effect::Unsend { message });
                }
            }
            Act::Delivered { message, state, reason } => {
                let fact = Fact::MessageDelivered { message, state, reason };
                self.log.about(conversation, cause, Audience::Staff, fact);
            }
            Act::HandTo { agent } => self.hand_to(cause, id, agent)?,
            Act::Settle { taken } => self.settle(cause, id, taken),
            Act::Accept => self.accept(cause, id)?,
            Act::Decline => self.end_offer(cause, id, OfferEnd::Declined),
            Act::Pick => {
                let user = user.ok_or(Refusal::Forbidden)?;
                self.hand_to(cause, id, user)?;
            }
            Act::Transfer { to, note } => self.transfer(cause, id, to, note)?,
            Act::Invite { agent } => self.invite(cause, id, agent)?,
            Act::Leave => {
                let user = user.ok_or(Refusal::Forbidden)?;
                if !conversation.guests.contains(&user) {
                    return Err(Refusal::WrongPhase.into());
                }
                conversation.guests.retain(|guest| *guest != user);
                self.log.about_with(
                    conversation,
                    cause,
                    Audience::Staff,
                    Fact::GuestLeft { agent: user },
                    None,
                    &[user],
                );
            }
            Act::TakeOver => {
                let user = user.ok_or(Refusal::Forbidden)?;
                self.hand_over(cause, id, user, SegmentEnd::TakenOver)?;
            }
            Act::Reassign { agent } => {
                self.available(id, agent)?;
                self.hand_over(cause, id, agent, SegmentEnd::Reassigned)?;
            }
            Act::ReturnToQueue => self.return_to_queue(cause, id, SegmentEnd::Returned)?,
            Act::Close => match conversation.phase {
                Phase::Closed | Phase::WrapUp => return Err(Refusal::Closed.into()),
                Phase::Waiting | Phase::Offered | Phase::Bot if user.is_none() => {
                    self.close(cause, id, CloseReason::Abandoned);
                }
                _ => self.close(cause, id, CloseReason::Ended),
            },
            Act::EndWrapUp => {
                if conversation.phase != Phase::WrapUp {
                    return Err(Refusal::WrongPhase.into());
                }
                self.end_wrap_up(cause, id, WrapUpEnd::Done);
            }
            Act::Rate { score, comment } => {
                if !(1..=5).contains(&score) {
                    return Err(Refusal::BadValue.into());
                }
                if comment.len() > MAX_NOTE {
                    return Err(Refusal::TooLong.into());
                }
                conversation.rating = Some(score);
                let agent = conversation.agent.or(conversation.last_agent);
                let fact = Fact::Rated { score, comment, segment: conversation.segment, agent };
                self.log.about(conversation, cause, Audience::Customer, fact);
            }
            Act::AskRating => {
                let fact = Fact::RatingAsked { segment: conversation.segment };
                self.log.about(conversation, cause, Audience::Customer, fact);
            }
            Act::Tag { tag } => {
                if !self.directory.tags.contains_key(&tag) {
                    return Err(Refusal::NotFound.into());
                }
                toggle(&mut conversation.tags, tag, true)?;
                self.log.about(conversation, cause, Audience::Staff, Fact::Tagged { tag });
            }
            Act::Untag { tag } => {
                toggle(&mut conversation.tags, tag, false)?;
                self.log.about(conversation, cause, Audience::Staff, Fact::Untagged { tag });
            }
            Act::Flag { colour, text } => {
                check_length(&text)?;
                let text = signed(&self.directory, &text, user, conversation.line, cause.now);
                conversation.flag =
                    Some(Flag { colour, text: text.clone(), by: user.unwrap_or_default(), at: cause.now });
                self.log.about(conversation, cause, Audience::Staff, Fact::Flagged { colour, text });
            }
            Act::Unflag => {
                conversation.flag = None;
                self.log.about(conversation, cause, Audience::Staff, Fact::Unflagged);
            }
            Act::FollowUp { at, text } => {
                check_length(&text)?;
                conversation.follow_up_at = at;
                conversation.follow_up =
                    at.map(|_| FollowUp { by: user, text: text.clone(), is_told: false });
                self.log.about(conversation, cause, Audience::Staff, Fact::FollowUpSet { due_at: at, text });
            }
            Act::RemindOfFollowUp { due_at } => {
                // What was done or moved meanwhile is not due any more, and nobody is told twice.
                if conversation.follow_up_at == Some(due_at)
                    && let Some(promise) = conversation.follow_up.as_mut().filter(|it| !it.is_told)
                {
                    promise.is_told = true;
                    let text = promise.text.clone();
                    let agent = promise.by.or(conversation.agent).or(conversation.last_agent);
                    let fact = Fact::FollowUpDue { agent, due_at, text };
                    self.log.about_with(conversation, cause, Audience::Staff, fact, None, agent.as_slice());
                }
            }
            Act::Called { call, step } => {
                self.log.about(conversation, cause, Audience::Staff, step.fact(call));
            }
            Act::Walked { news } => self.walked(cause, id, news)?,
            Act::LinkCustomer { customer } => {
                if conversation.customer != Some(customer) {
                    // What was proven is that one was another.
                    conversation.proven_until_at = None;
                }
                conversation.customer = Some(customer);
                // A browser may be anybody's the next day; an address is somebody's.
                if conversation.channel.is_some() {
                    self.log.effects.push(Effect::Know { visitor: conversation.visitor, customer });
                }
                self.log.about(conversation, cause, Audience::Staff, Fact::CustomerLinked { customer });
            }
            Act::Prove { step } => {
                let (to, fact) = match step {
                    Step::Sent { point, label, until_at } => {
                        (Audience::Customer, Fact::CodeSent { point, label, until_at })
                    }
                    Step::Refused { why, left } => (Audience::Customer, Fact::CodeRefused { why, left }),
                    Step::Proven { point, label, until_at } => {
                        conversation.proven_until_at = Some(until_at);
                        (Audience::Customer, Fact::IdentityProven { point, label, until_at })
                    }
                };
                self.log.about(conversation, cause, to, fact);
            }
            Act::MergeInto { conversation: other } => self.merge(cause, id, other)?,
            Act::MarkSpam => {
                self.log.about(conversation, cause, Audience::Staff, Fact::MarkedSpam);
                self.close(cause.then(), id, CloseReason::Spam);
            }
            Act::Focus { ms } => {
                let agent = user.ok_or(Refusal::Forbidden)?;
                if !(1..=3_600_000).contains(&ms) {
                    return Err(Refusal::BadValue.into());
                }
                self.log.about(conversation, cause, Audience::Staff, Fact::Focus { agent, ms });
            }
            Act::RecordSaved { form, complete, before, after } => {
                conversation.record_done = complete;
                conversation.record_due =
                    if complete { None } else { conversation.record_due.or(Some(form)) };
                let agent = user.unwrap_or_default();
                let private = Some(Box::new(Private::Values { before, after: Some(after) }));
                let fact = Fact::RecordSaved { agent, form, complete };
                self.log.about_with(conversation, cause, Audience::Staff, fact, private, &[]);
            }
        }
        Ok(self.done(Some(id)))
    }

    fn accept(&mut self, cause: Cause, id: ConversationId) -> Result<(), Refusal> {
        let conversation = self.conversations.get_mut(&id).ok_or(Refusal::NotFound)?;
        let offer = conversation.offer.ok_or(Refusal::OfferGone)?;
        let (waited_ms, priority) = (cause.now - conversation.queued_at, conversation.priority);
        conversation.offer = None;
        conversation.phase = Phase::Waiting;
        let fact = Fact::OfferEnded {
            agent: offer.agent,
            queue: conversation.queue.unwrap_or_default(),
            end: OfferEnd::Accepted,
            after_ms: cause.now - offer.made_at,
        };
        self.log.about_with(conversation, cause, Audience::Staff, fact, None, &[offer.agent]);
        self.offers.remove(&offer.agent);
        self.leave_queue(cause.then(), id, QueueExit::Answered);
        // The why of the choice was stored with the offer.
        let why = crate::why::Why { cause: crate::why::Cause::AgentFree, ..by_hand(waited_ms, priority) };
        self.assign(cause.then(), id, offer.agent, why);
        Ok(())
    }

    /// A named agent is ready and has room for one more of this medium.
    pub(crate) fn available(&self, id: ConversationId, agent: UserId) -> Result<(), Refusal> {
        use crate::agent::AgentState;
        let Some(it) = self.agents.get(&agent).filter(|_| self.directory.users.contains_key(&agent)) else {
            return Err(Refusal::NotFound);
        };
        let Some(conversation) = self.conversations.get(&id) else { return Err(Refusal::NotFound) };
        if it.state != AgentState::Ready || it.gone_at.is_some() {
            return Err(Refusal::AgentAway);
        }
        let weight_pct = self.weight_of(conversation.queue);
        let fits = self.acd.seat(agent).is_none_or(|seat| seat.fits(conversation.medium, weight_pct));
        if fits { Ok(()) } else { Err(Refusal::AgentFull) }
    }

    fn transfer(&mut self, cause: Cause, id: ConversationId, to: Place, note: String) -> Result<(), Refused> {
        check_length(&note)?;
        match to {
            Place::Agent(agent) => {
                if self.conversations.get(&id).is_some_and(|it| it.agent == Some(agent)) {
                    return Err(Refusal::AlreadyYours.into());
                }
                self.available(id, agent)?;
            }
            Place::Queue(queue) if !self.directory.queues.contains_key(&queue) => {
                return Err(Refusal::NotFound.into());
            }
            Place::Queue(_) => {}
        }
        let Some(conversation) = self.conversations.get_mut(&id) else {
            return Err(Refusal::NotFound.into());
        };
        if matches!(conversation.phase, Phase::Closed | Phase::WrapUp) {
            return Err(Refusal::Closed.into());
        }
        if !note.trim().is_empty() {
            let fact = Fact::NotePosted { text: note, mentions: SmallVec::new() };
            self.log.about(conversation, cause.then(), Audience::Staff, fact);
        }
        match to {
            Place::Agent(agent) => self.hand_over(cause, id, agent, SegmentEnd::Transferred),
            Place::Queue(queue) => {
                self.leave(cause, id, SegmentEnd::Transferred, Some(to));
                self.enter(cause, id, queue, QueueReason::Transfer);
                Ok(())
            }
        }
    }

    /// Out of its queue or out of its agent's hands.
    fn leave(&mut self, cause: Cause, id: ConversationId, reason: SegmentEnd, to: Option<Place>) {
        if self.conversations.get(&id).is_some_and(|it| it.agent.is_some()) {
            self.end_segment(cause, id, reason, to);
        } else {
            self.leave_queue(cause, id, QueueExit::Transfer);
        }
    }

    /// From whoever has it, or from its queue, to this agent.
    pub(crate) fn hand_over(
        &mut self,
        cause: Cause,
        id: ConversationId,
        to: UserId,
        reason: SegmentEnd,
    ) -> Result<(), Refused> {
        let Some(conversation) = self.conversations.get(&id) else { return Err(Refusal::NotFound.into()) };
        if conversation.agent == Some(to) {
            return Err(Refusal::AlreadyYours.into());
        }
        if matches!(conversation.phase, Phase::Closed | Phase::WrapUp) {
            return Err(Refusal::Closed.into());
        }
        let waited_ms = if conversation.agent.is_some() { 0 } else { cause.now - conversation.queued_at };
        let why = by_hand(waited_ms, conversation.priority);
        if conversation.agent.is_none() {
            self.leave_queue(cause, id, QueueExit::Answered);
        } else {
            self.end_segment(cause, id, reason, Some(Place::Agent(to)));
        }
        if let Some(conversation) = self.conversations.get_mut(&id) {
            conversation.guests.retain(|guest| *guest != to);
        }
        self.assign(cause, id, to, why);
        Ok(())
    }

    /// Back to its old place in the queue it came from.
    pub(crate) fn return_to_queue(
        &mut self,
        cause: Cause,
        id: ConversationId,
        reason: SegmentEnd,
    ) -> Result<(), Refused> {
        let Some(conversation) = self.conversations.get_mut(&id) else {
            return Err(Refusal::NotFound.into());
        };
        let (Some(agent), Some(queue)) = (conversation.agent, conversation.queue) else {
            return Err(Refusal::WrongPhase.into());
        };
        if conversation.phase != Phase::Active {
            return Err(Refusal::WrongPhase.into());
        }
        if reason == SegmentEnd::Returned {
            conversation.refused_by.push(agent);
        }
        self.end_segment(cause, id, reason, Some(Place::Queue(queue)));
        self.enter(cause, id, queue, QueueReason::Returned);
        Ok(())
    }

    fn invite(&mut self, cause: Cause, id: ConversationId, agent: UserId) -> Result<(), Refused> {
        let by = cause.by.user().ok_or(Refusal::Forbidden)?;
        let there = self.agents.get(&agent).is_some_and(|it| it.state != crate::agent::AgentState::Offline);
        if !there {
            return Err(Refusal::AgentAway.into());
        }
        let persona = self.persona(agent);
        let Some(conversation) = self.conversations.get_mut(&id) else {
            return Err(Refusal::NotFound.into());
        };
        if conversation.phase != Phase::Active {
            return Err(Refusal::WrongPhase.into());
        }
        if conversation.agent == Some(agent) || conversation.guests.contains(&agent) {
            return Err(Refusal::AlreadyYours.into());
        }
        conversation.guests.push(agent);
        self.log.about(conversation, cause, Audience::Staff, Fact::GuestJoined { agent, by, persona });
        Ok(())
    }

    /// Joins one conversation of a person to another of the same person.
    fn merge(&mut self, cause: Cause, id: ConversationId, into: ConversationId) -> Result<(), Refused> {
        let (same, threads) = match (self.conversations.get(&id), self.conversations.get(&into)) {
            (Some(a), Some(b)) => (same_person(a, b) && id != into, threads(a, b)),
            _ => return Err(Refusal::NotFound.into()),
        };
        if !same {
            return Err(Refusal::BadValue.into());
        }
        let Some(conversation) = self.conversations.get_mut(&id) else {
            return Err(Refusal::NotFound.into());
        };
        if conversation.merged_into.is_some() {
            return Err(Refusal::WrongPhase.into());
        }
        conversation.merged_into = Some(into);
        self.log.effects.extend(threads);
        if conversation.phase == Phase::WrapUp {
            self.end_wrap_up(cause, id, WrapUpEnd::Done);
        } else if conversation.phase == Phase::Closed {
            let fact =
                Fact::ConversationClosed { reason: CloseReason::Merged, agent: None, into: Some(into) };
            self.log.about(conversation, cause, Audience::Staff, fact);
        } else {
            self.close(cause, id, CloseReason::Merged);
        }
        Ok(())
    }
}

fn same_person(a: &Conversation, b: &Conversation) -> bool {
    a.visitor == b.visitor || (a.customer.is_some() && a.customer == b.customer)
}

/// By mail each thread is a visitor of its own.
fn threads(from: &Conversation, into: &Conversation) -> Option<Effect> {
    let channel = from.channel.filter(|_| from.medium == Medium::Mail && from.channel == into.channel)?;
    let from_is_later = from.spoke_at > into.spoke_at;
    let join = Effect::JoinThreads { channel, from: from.visitor, into: into.visitor, from_is_later };
    (from.visitor != into.visitor).then_some(join)
}

fn check_text(text: &str) -> Result<(), Refusal> {
    if text.trim().is_empty() { Err(Refusal::Empty) } else { check_length(text) }
}

fn check_length(text: &str) -> Result<(), Refusal> {
    if text.len() > MAX_NOTE { Err(Refusal::TooLong) } else { Ok(()) }
}

/// A flag's text ends with who wrote it and on which day (B-09).
fn signed(directory: &Directory, text: &str, user: Option<UserId>, line: LineId, now: At) -> String {
    let staff_no = user.and_then(|id| directory.users.get(&id)).map_or("", |user| user.staff_no.as_str());
    let zone = directory.zone(line);
    let date = calendar::date_text(zone, now);
    let parts = [text.trim(), staff_no, &date].into_iter().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(" ")
}
