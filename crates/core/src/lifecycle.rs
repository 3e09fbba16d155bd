//! From the first word to the closing: start, words of both sides, wrap-up, closing, reopening.

use crate::{
    At,
    actor::Actor,
    agent::AgentState,
    command::{Sent, Start},
    config::BanWhat,
    conversation::{Content, Conversation, Mark, Phase, Prefer},
    effect::{follower, way_out},
    engine::{Done, Engine, Refused},
    event::{
        Audience, Author, CloseReason, Delivery, Fact, Origin, Private, QueueExit, QueueReason, SegmentEnd,
        WrapUpEnd,
    },
    id::*,
    log::Cause,
    refusal::Refusal,
    sites,
    timers::Timer,
    why::{self, Why},
};
use smallvec::SmallVec;

/// The why of a choice that a person made.
pub(crate) fn by_hand(waited_ms: i64, priority: u8) -> Why {
    Why {
        cause: why::Cause::ByHand,
        strategy: None,
        waited_ms,
        priority,
        relaxed: 0,
        candidates: vec![],
        candidate_count: 0,
        excluded: vec![],
    }
}

impl Engine {
    pub(crate) fn start(&mut self, cause: Cause, start: Start) -> Result<Done, Refused> {
        if let Actor::Visitor { id } = cause.by
            && id != start.visitor
        {
            return Err(Refusal::Forbidden.into());
        }
        // The same `Start` again: its answer was lost, its effect was not.
        for known in [start.previous, self.by_visitor.get(&start.visitor).copied()].into_iter().flatten() {
            if cause.from.is_some()
                && self.conversations.get(&known).is_some_and(|it| it.started_by == cause.from)
            {
                return Ok(self.done(Some(known)));
            }
        }
        if self.is_banned(start.visitor, cause.now) {
            return Err(Refusal::Banned.into());
        }
        if !self.directory.queues.contains_key(&start.queue) && start.agent.is_none() {
            return Err(Refusal::NotFound.into());
        }
        if let Some(content) = &start.content {
            check_content(content)?;
        }
        if let Some(open) = self.by_visitor.get(&start.visitor).copied() {
            // One conversation per visitor and medium: what is said goes into the open one.
            if let Some(content) = start.content {
                self.join_open(cause, open, content)?;
            }
            return Ok(self.done(Some(open)));
        }
        if start.reserved && !self.has_room(&start) {
            return Err(Refusal::Busy.into());
        }
        let id = ConversationId(self.fresh_id(cause.now));
        let mut conversation = Box::new(Conversation {
            id,
            visitor: start.visitor,
            customer: start.customer,
            medium: start.medium,
            line: self.directory.queues.get(&start.queue).map_or(start.line, |queue| queue.line),
            widget: start.widget,
            channel: start.channel,
            lang: start.lang,
            vip: start.vip,
            phase: Phase::Bot,
            started_at: cause.now,
            started_by: cause.from,
            spoke_at: cause.now,
            own_needs: start.needs.into_iter().collect(),
            queue: Some(start.queue).filter(|id| id.0 != 0),
            reserved_until_at: start.reserved.then(|| cause.now + sites::RESERVED_MS),
            ..Conversation::default()
        });
        let fact = Fact::ConversationStarted {
            visitor: start.visitor,
            customer: start.customer,
            medium: start.medium,
            line: conversation.line,
            widget: start.widget,
            channel: start.channel,
            lang: start.lang,
            source: start.source,
            fields: start.fields,
            vip: start.vip,
        };
        let private = (!start.personal.is_empty()).then(|| {
            Box::new(Private::Values { before: None, after: serde_json::to_value(&start.personal).ok() })
        });
        let seq = self.log.about_with(&mut conversation, cause, Audience::Customer, fact, private, &[]);
        if let Some(queue) = self.directory.queues.get(&start.queue) {
            conversation.prefer = self.preference(queue, start.last_agent, cause.now);
        }
        self.conversations.insert(id, conversation);
        self.by_visitor.insert(start.visitor, id);
        if let Some(content) = start.content {
            self.say(cause.then(), id, content, Author::Person);
        }
        match start.agent {
            Some(agent) => self.assign(cause.then(), id, agent, by_hand(0, 0)),
            None if start.in_flow => {}
            None => self.enter(cause, id, start.queue, QueueReason::New),
        }
        Ok(Done { seq, conversation: Some(id) })
    }

    /// What is said to begin with goes into the conversation that is open. A program's request that comes again was
    /// carried out; tabs count their beginnings apart from what they say.
    fn join_open(&mut self, cause: Cause, open: ConversationId, content: Content) -> Result<(), Refused> {
        let counted = cause.from.filter(|_| !matches!(cause.by, Actor::Visitor { .. }));
        if let Some(Origin { tab, n }) = counted
            && self.repeated(open, Sent { tab, n, base: n })?.is_some()
        {
            return Ok(());
        }
        self.post(cause, open, content, Author::Person)?;
        if let Some(conversation) = self.conversations.get_mut(&open) {
            Engine::remember(conversation, counted, cause.now);
        }
        Ok(())
    }

    fn is_banned(&self, visitor: VisitorId, now: At) -> bool {
        let name = visitor.to_string();
        self.directory.bans.values().any(|ban| {
            ban.what == BanWhat::Visitor && ban.value == name && ban.until_at.is_none_or(|until| until > now)
        })
    }

    /// Words of either side. A customer's words wake a conversation in wrap-up or one closed a short while ago.
    pub(crate) fn post(
        &mut self,
        cause: Cause,
        id: ConversationId,
        content: Content,
        author: Author,
    ) -> Result<Done, Refused> {
        check_content(&content)?;
        let Some(conversation) = self.conversations.get(&id) else { return Err(Refusal::NotFound.into()) };
        let from_customer = matches!(cause.by, Actor::Visitor { .. });
        match conversation.phase {
            // What the house itself says after the end, such as a survey's link, wakes nobody.
            Phase::Closed | Phase::WrapUp if cause.by == Actor::System && author == Author::Automatic => {}
            Phase::Closed | Phase::WrapUp if !from_customer => return Err(Refusal::Closed.into()),
            // A ban ends at once what its visitor could begin again.
            Phase::Closed | Phase::WrapUp if self.is_banned(conversation.visitor, cause.now) => {
                return Err(Refusal::Banned.into());
            }
            Phase::Closed => {
                let until_at = conversation.closed_at.unwrap_or(0)
                    + i64::from(self.directory.settings.reopen_hours) * 3_600_000;
                let merged = conversation.merged_into.is_some();
                if merged || cause.now > until_at || self.by_visitor.contains_key(&conversation.visitor) {
                    return Err(Refusal::Closed.into());
                }
                let seq = self.say(cause, id, content, author);
                self.reopen(cause.then(), id);
                return Ok(Done { seq, conversation: Some(id) });
            }
            Phase::WrapUp => {
                let seq = self.say(cause, id, content, author);
                self.resume_from_wrap_up(cause.then(), id);
                return Ok(Done { seq, conversation: Some(id) });
            }
            _ => {}
        }
        let seq = self.say(cause, id, content, author);
        Ok(Done { seq, conversation: Some(id) })
    }

    /// Appends a message and moves what a message moves.
    pub(crate) fn say(&mut self, cause: Cause, id: ConversationId, content: Content, author: Author) -> u64 {
        let Some(conversation) = self.conversations.get_mut(&id) else { return self.log.seq };
        conversation.preview = content.preview();
        conversation.spoke_at = cause.now;
        let way = way_out(&self.directory, conversation, cause, &content, author);
        let leaves_at = way.map(|(_, at)| at).filter(|at| *at > cause.now);
        let fact = Fact::MessagePosted { content, author, leaves_at };
        let seq = self.log.about(conversation, cause, Audience::Customer, fact);
        conversation.preview_of = seq;
        if let Some(way) = way {
            self.log.send(conversation, seq, way);
        } else if conversation.channel.is_some_and(|id| !self.directory.channels.contains_key(&id))
            && !matches!(cause.by, Actor::Visitor { .. })
        {
            let reason = "the channel was deleted".into();
            let fact = Fact::MessageDelivered { message: seq, state: Delivery::Failed, reason };
            self.log.about(conversation, cause.then(), Audience::Staff, fact);
        }
        match cause.by {
            Actor::Visitor { .. } => {
                conversation.unread = conversation.unread.saturating_add(1);
                conversation.unanswered_since_at.get_or_insert(cause.now);
                conversation.warned = false;
            }
            Actor::User { id: user } if author != Author::Automatic => {
                conversation.unanswered_since_at = None;
                conversation.unread = 0;
                conversation.read_by_staff = seq;
                let began_at = conversation.assigned_at;
                if let Some(began_at) = began_at
                    .filter(|_| conversation.agent == Some(user) && conversation.first_reply_at.is_none())
                {
                    conversation.first_reply_at = Some(cause.now);
                    let fact = Fact::FirstResponse {
                        agent: user,
                        segment: conversation.segment,
                        after_ms: cause.now - began_at,
                    };
                    self.log.about(conversation, cause.then(), Audience::Staff, fact);
                }
            }
            _ => {}
        }
        seq
    }

    /// A closed conversation begins to wait again, first for its last agent.
    fn reopen(&mut self, cause: Cause, id: ConversationId) {
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        let last_agent = conversation.last_agent;
        conversation.closed_at = None;
        conversation.phase = Phase::Bot;
        conversation.warned = false;
        self.by_visitor.insert(conversation.visitor, id);
        self.log.about(conversation, cause, Audience::Customer, Fact::ConversationReopened { last_agent });
        if let Some(agent) = last_agent {
            let wait_s = conversation
                .queue
                .and_then(|id| self.directory.queues.get(&id))
                .map_or(0, |it| it.last_agent_wait_s);
            conversation.prefer =
                Some(Prefer { agent, until_at: cause.now + i64::from(wait_s.max(30)) * 1_000 });
        }
        if let Some(queue) = conversation.queue {
            self.enter(cause, id, queue, QueueReason::Reopened);
        } else if let Some(agent) = last_agent {
            self.assign(cause, id, agent, by_hand(0, 0));
        }
    }

    /// The customer wrote while the agent was still wrapping up: the same agent goes on.
    fn resume_from_wrap_up(&mut self, cause: Cause, id: ConversationId) {
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        let Some(agent) = conversation.agent else { return };
        let fact = wrap_up_ended(conversation, agent, WrapUpEnd::CustomerWrote, cause.now);
        self.log.about(conversation, cause, Audience::Staff, fact);
        conversation.closed_at = None;
        self.by_visitor.insert(conversation.visitor, id);
        let fact = Fact::ConversationReopened { last_agent: Some(agent) };
        self.log.about(conversation, cause, Audience::Customer, fact);
        let why = Why { cause: why::Cause::LastAgent, ..by_hand(0, conversation.priority) };
        self.assign(cause, id, agent, why);
    }

    pub(crate) fn warn_idle(&mut self, now: At, id: ConversationId) {
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        let text = match conversation.lang {
            crate::lang::Lang::Zh => "您好，您还在吗？如果没有其他问题，会话稍后将自动结束。",
            crate::lang::Lang::En => {
                "Are you still there? If there is nothing else, this chat will end by itself shortly."
            }
        };
        conversation.warned = true;
        conversation.spoke_at = now;
        self.log.about(
            conversation,
            Cause::system(now),
            Audience::Customer,
            Fact::IdleWarned { text: text.into() },
        );
        self.arm_conversation(id);
        if let Some(conversation) = self.conversations.get_mut(&id)
            && let Some(queue) = conversation.queue.and_then(|queue| self.directory.queues.get(&queue))
        {
            let left_s = queue.idle_close_s.saturating_sub(queue.idle_warn_s);
            conversation.idle_armed = true;
            self.timers.set(now + i64::from(left_s) * 1_000, Timer::Idle(id));
        }
    }

    /// Ends a conversation, whatever it is doing. With an agent, the wrap-up begins.
    pub(crate) fn close(&mut self, cause: Cause, id: ConversationId, reason: CloseReason) {
        let Some(conversation) = self.conversations.get(&id) else { return };
        let (phase, agent) = (conversation.phase, conversation.agent);
        if matches!(phase, Phase::Closed | Phase::WrapUp) {
            return;
        }
        if matches!(phase, Phase::Waiting | Phase::Offered) {
            let exit = match reason {
                CloseReason::Abandoned => QueueExit::Abandoned,
                CloseReason::Message => QueueExit::Message,
                _ => QueueExit::Closed,
            };
            self.leave_queue(cause, id, exit);
        }
        if agent.is_some() {
            self.end_segment(cause, id, SegmentEnd::Closed, None);
        }
        let queue = self.queue_of(id);
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        conversation.closed_at = Some(cause.now);
        conversation.unanswered_since_at = None;
        let into = conversation.merged_into;
        let fact = Fact::ConversationClosed { reason, agent, into };
        conversation.reserved_until_at = None;
        let seq = self.log.about(conversation, cause, Audience::Customer, fact);
        if sites::is_guest(&self.directory, conversation) && reason != CloseReason::Withdrawn {
            let home = conversation.channel.map(|channel| (channel, cause.now));
            home.into_iter().for_each(|way| self.log.send(conversation, seq, way));
        }
        // Of what was merged the customer talks on elsewhere.
        if let Some(channel) =
            follower(&self.directory, conversation).filter(|_| reason != CloseReason::Merged)
        {
            self.log.send(conversation, seq, (channel, cause.now));
        }
        self.by_visitor.remove(&conversation.visitor);
        for guest in std::mem::take(&mut conversation.guests) {
            self.log.about_with(
                conversation,
                cause.then(),
                Audience::Staff,
                Fact::GuestLeft { agent: guest },
                None,
                &[guest],
            );
        }
        let Some(agent) = agent else {
            conversation.phase = Phase::Closed;
            return;
        };
        conversation.last_agent = Some(agent);
        let asks =
            conversation.widget.and_then(|id| self.directory.widgets.get(&id)).is_none_or(|it| it.ask_rating);
        let asks = asks && conversation.medium.is_live();
        if asks && conversation.rating.is_none() && matches!(reason, CloseReason::Ended | CloseReason::Idle) {
            let fact = Fact::RatingAsked { segment: conversation.segment };
            self.log.about(conversation, cause.then(), Audience::Customer, fact);
        }
        if matches!(reason, CloseReason::Spam | CloseReason::Withdrawn) {
            conversation.record_due = None;
        } else if let Some(form) =
            queue.as_ref().and_then(|queue| queue.form).filter(|_| !conversation.record_done)
        {
            conversation.record_due = Some(form);
            self.log.about(conversation, cause.then(), Audience::Staff, Fact::RecordDue { agent, form });
        }
        let wrap_up_s = queue.map_or(0, |queue| queue.wrap_up_s);
        let present = self.agents.get(&agent).is_some_and(|it| it.state != AgentState::Offline);
        let needs_none = matches!(reason, CloseReason::Merged | CloseReason::Withdrawn);
        if wrap_up_s == 0 || !present || needs_none {
            conversation.phase = Phase::Closed;
            conversation.agent = None;
            self.log.mark(conversation, Mark::Changed);
            self.release(cause.now, agent, id);
            return;
        }
        let until_at = cause.now + i64::from(wrap_up_s) * 1_000;
        conversation.phase = Phase::WrapUp;
        conversation.wrap_until_at = Some(until_at);
        let fact = Fact::WrapUpStarted { agent, segment: conversation.segment, until_at };
        self.log.about(conversation, cause.then(), Audience::Staff, fact);
        self.timers.set(until_at, Timer::WrapUp(id));
    }

    pub(crate) fn end_wrap_up(&mut self, cause: Cause, id: ConversationId, end: WrapUpEnd) {
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        let Some(agent) = conversation.agent.filter(|_| conversation.phase == Phase::WrapUp) else { return };
        let fact = wrap_up_ended(conversation, agent, end, cause.now);
        self.log.about(conversation, cause, Audience::Staff, fact);
        conversation.phase = Phase::Closed;
        conversation.wrap_until_at = None;
        conversation.agent = None;
        self.release(cause.now, agent, id);
    }
}

fn wrap_up_ended(conversation: &Conversation, agent: UserId, end: WrapUpEnd, now: At) -> Fact {
    let took_ms = now - conversation.closed_at.unwrap_or(now);
    Fact::WrapUpEnded { agent, segment: conversation.segment, end, took_ms }
}

/// Words must say something and be of a length that a frame carries.
pub(crate) fn check_content(content: &Content) -> Result<(), Refusal> {
    match content {
        Content::Text { text } if text.trim().is_empty() => Err(Refusal::Empty),
        Content::Text { text } if text.len() > Content::MAX_TEXT => Err(Refusal::TooLong),
        Content::File { name, mime, .. } if name.len() > 300 || mime.len() > 120 => Err(Refusal::TooLong),
        Content::Mail { mail } => mail.check(),
        _ => Ok(()),
    }
}

/// At most this many of anything that people add to a conversation.
pub(crate) const MOST_MARKS: usize = 20;

pub(crate) fn toggle<T: PartialEq, const N: usize>(
    list: &mut SmallVec<[T; N]>,
    item: T,
    on: bool,
) -> Result<(), Refusal>
where
    [T; N]: smallvec::Array<Item = T>,
{
    match (list.iter().position(|it| *it == item), on) {
        (None, true) if list.len() >= MOST_MARKS => Err(Refusal::TooLong),
        (None, true) => {
            list.push(item);
            Ok(())
        }
        (Some(place), false) => {
            list.remove(place);
            Ok(())
        }
        _ => Err(Refusal::Empty),
    }
}
