//! Which queue a contact enters, when it leaves for another, and how the dispatcher's choice is carried out.

use crate::{
    At,
    acd::{Members, QueueRules, Seat, Waiting},
    agent::AgentState,
    calendar,
    config::{OverflowTo, OverflowWhen, Queue},
    conversation::{Content, Mark, Offer, Phase, Place, Prefer},
    effect::{follower, way_out},
    engine::Engine,
    event::{
        Audience, Author, CloseReason, Fact, OfferEnd, Persona, Private, QueueExit, QueueReason, SegmentEnd,
    },
    id::*,
    log::Cause,
    medium::Medium,
    sites,
    timers::Timer,
    why::{self, Why},
};
use std::sync::Arc;

/// A VIP's contact counts as so many levels more urgent than its queue's.
const VIP_LEVELS: u8 = 20;
/// A contact flows over at most so many times in a row.
const MOST_HOPS: usize = 5;

impl Engine {
    pub(crate) fn queue_of(&self, id: ConversationId) -> Option<Arc<Queue>> {
        let queue = self.conversations.get(&id)?.queue?;
        self.directory.queues.get(&queue).cloned()
    }

    // ── what the dispatcher knows of queues and agents ──

    pub(crate) fn seat_queue(&mut self, id: QueueId) {
        let Some(queue) = self.directory.queues.get(&id) else { return self.acd.drop_queue(id) };
        let members = if queue.teams.is_empty() && queue.users.is_empty() {
            Members::All
        } else {
            Members::Users(
                self.directory.users.keys().copied().filter(|u| self.directory.serves(*u, queue)).collect(),
            )
        };
        self.acd.set_queue(id, QueueRules { strategy: queue.strategy, members });
    }

    /// Tells the dispatcher everything about an agent.
    pub(crate) fn seat(&mut self, id: UserId) {
        let (Some(agent), Some(user)) = (self.agents.get(&id), self.directory.users.get(&id)) else {
            return self.acd.drop_seat(id);
        };
        let serves = crate::access::scope(
            &self.directory,
            crate::actor::Actor::User { id },
            crate::access::Action::ConversationServe,
        );
        if user.disabled || serves.is_none() {
            return self.acd.drop_seat(id);
        }
        let mut limits = [0u8; Medium::ALL.len()];
        let mut used = [0u8; Medium::ALL.len()];
        for medium in Medium::ALL {
            limits[medium as usize] =
                user.limits.get(&medium).copied().unwrap_or_else(|| medium.usual_limit());
        }
        let mut load = 0;
        for held in &agent.holds {
            let Some(conversation) = self.conversations.get(held) else { continue };
            used[conversation.medium as usize] += 1;
            let limit = limits[conversation.medium as usize];
            load += crate::acd::share(limit, self.weight_of(conversation.queue));
        }
        self.acd.set_seat(Seat {
            agent: id,
            state: if agent.gone_at.is_some() && agent.state == AgentState::Ready {
                AgentState::NotReady
            } else {
                agent.state
            },
            media_off: agent.media_off.clone(),
            no_new: agent.no_new || agent.pending.is_some(),
            idle_since_at: agent.idle_since_at,
            limits,
            used,
            load,
            skills: user.skills.iter().map(|it| (it.skill, it.level)).collect(),
            offered: self.has_offer(id),
        });
    }

    fn has_offer(&self, agent: UserId) -> bool {
        self.offers.contains(&agent)
    }

    pub(crate) fn weight_of(&self, queue: Option<QueueId>) -> u16 {
        queue.and_then(|id| self.directory.queues.get(&id)).map_or(100, |queue| queue.weight_pct)
    }

    /// Puts a waiting conversation into the dispatcher.
    pub(crate) fn enlist(&mut self, id: ConversationId, now: At) {
        let Some(conversation) = self.conversations.get(&id) else { return };
        let Some(queue) = conversation.queue else { return };
        self.acd.enqueue(
            Waiting {
                conversation: id,
                queue,
                medium: conversation.medium,
                priority: conversation.priority,
                since_at: conversation.since_at,
                needs: conversation.needs.iter().cloned().collect(),
                prefer: conversation.prefer,
                refused_by: conversation.refused_by.iter().copied().collect(),
                weight_pct: self.weight_of(Some(queue)),
            },
            now,
        );
    }

    // ── entering and leaving a queue ──

    /// Sends a conversation into a queue, or on from there where the queue's rules say so.
    pub(crate) fn enter(&mut self, cause: Cause, id: ConversationId, queue: QueueId, reason: QueueReason) {
        let (target, hopped) = self.target(cause.now, id, queue);
        let reason = if hopped { QueueReason::Overflow } else { reason };
        match target {
            OverflowTo::Queue(queue) => self.join(cause, id, queue, reason),
            OverflowTo::Message => self.close(cause.then(), id, CloseReason::Message),
        }
    }

    /// Follows overflow rules that apply on entering.
    fn target(&self, now: At, id: ConversationId, from: QueueId) -> (OverflowTo, bool) {
        let mut queue = from;
        for hop in 0..MOST_HOPS {
            let Some(rules) = self.directory.queues.get(&queue) else { break };
            let hit = rules.overflow.iter().find(|overflow| match overflow.when {
                OverflowWhen::WaitedS(_) => false,
                OverflowWhen::Longer(most) => self.acd.waiting_in(queue).count >= most,
                OverflowWhen::Closed => {
                    let hours = rules.calendar.and_then(|id| self.directory.calendars.get(&id));
                    hours.is_some_and(|hours| !calendar::is_open(hours, now))
                }
                OverflowWhen::Unstaffed => {
                    let medium = self.conversations.get(&id).map_or(Medium::Chat, |it| it.medium);
                    !self.acd.staffed(queue, medium, &self.needs_of(id, rules))
                }
            });
            match hit.map(|overflow| overflow.to) {
                Some(OverflowTo::Queue(next)) if next != queue => queue = next,
                Some(OverflowTo::Message) => return (OverflowTo::Message, true),
                _ => return (OverflowTo::Queue(queue), hop > 0),
            }
        }
        (OverflowTo::Queue(queue), queue != from)
    }

    fn needs_of(&self, id: ConversationId, queue: &Queue) -> Vec<crate::config::Need> {
        let own = self.conversations.get(&id).map(|it| it.own_needs.as_slice()).unwrap_or_default();
        let mut needs = own.to_vec();
        needs.extend(queue.needs.iter().filter(|need| !own.iter().any(|it| it.skill == need.skill)).cloned());
        needs
    }

    fn join(&mut self, cause: Cause, id: ConversationId, queue_id: QueueId, reason: QueueReason) {
        let Some(queue) = self.directory.queues.get(&queue_id).cloned() else { return };
        let needs = self.needs_of(id, &queue);
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        let keeps_place = matches!(reason, QueueReason::Unanswered | QueueReason::Returned);
        conversation.phase = Phase::Waiting;
        conversation.agent = None;
        conversation.offer = None;
        conversation.wrap_until_at = None;
        if conversation.queue != Some(queue_id) {
            conversation.refused_by.clear();
        }
        conversation.queue = Some(queue_id);
        conversation.queued_at = cause.now;
        if !keeps_place {
            conversation.since_at = cause.now;
        }
        conversation.needs = needs.into();
        conversation.priority =
            queue.priority.saturating_add(if conversation.vip { VIP_LEVELS } else { 0 }).clamp(1, 99);
        let fact = Fact::Queued {
            queue: queue_id,
            reason,
            priority: conversation.priority,
            since_at: conversation.since_at,
            threshold_s: queue.threshold_s,
            preview: conversation.preview.clone(),
        };
        self.log.about(conversation, cause.then(), Audience::Staff, fact);
        let day_at = self.directory.day_at(queue.line, cause.now);
        self.figures.of(queue_id, day_at).entered += 1;
        self.enlist(id, cause.now);
        self.arm_conversation(id);
    }

    /// Takes a conversation out of its queue and says why.
    pub(crate) fn leave_queue(&mut self, cause: Cause, id: ConversationId, exit: QueueExit) {
        self.withdraw_offer(cause, id);
        self.acd.remove(id);
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        let Some(queue_id) = conversation.queue.filter(|_| conversation.phase == Phase::Waiting) else {
            return;
        };
        let waited_ms = cause.now - conversation.queued_at;
        let fact = Fact::QueueLeft { queue: queue_id, exit, waited_ms };
        self.log.about(conversation, cause.then(), Audience::Staff, fact);
        let Some(queue) = self.directory.queues.get(&queue_id).cloned() else { return };
        let day_at = self.directory.day_at(queue.line, cause.now);
        let in_time = waited_ms <= i64::from(queue.threshold_s) * 1_000;
        self.figures.of(queue_id, day_at).left(exit, in_time);
        if exit == QueueExit::Answered {
            self.figures.wait(queue_id).answered(cause.now, waited_ms);
        }
    }

    /// An offer that nobody has to answer any more.
    fn withdraw_offer(&mut self, cause: Cause, id: ConversationId) {
        if self.conversations.get(&id).is_some_and(|it| it.offer.is_some()) {
            self.close_offer(cause, id, OfferEnd::Withdrawn);
        }
    }

    pub(crate) fn check_overflow(&mut self, now: At, id: ConversationId) {
        let Some(conversation) = self.conversations.get(&id) else { return };
        if conversation.phase != Phase::Waiting {
            return;
        }
        let waited_ms = now - conversation.queued_at;
        let Some(queue) = self.queue_of(id) else { return };
        let hit = queue.overflow.iter().find(|overflow| {
            matches!(overflow.when, OverflowWhen::WaitedS(after_s) if waited_ms >= i64::from(after_s) * 1_000)
        });
        let cause = Cause::system(now);
        match hit.map(|overflow| overflow.to) {
            Some(OverflowTo::Queue(to)) if Some(to) != conversation.queue => {
                let since_at = conversation.since_at;
                self.leave_queue(cause, id, QueueExit::Overflow);
                self.enter(cause, id, to, QueueReason::Overflow);
                self.keep_place(id, since_at, now);
            }
            Some(OverflowTo::Message) => {
                self.leave_queue(cause, id, QueueExit::Message);
                self.close(cause, id, CloseReason::Message);
            }
            _ => {}
        }
    }

    /// A contact that flowed over has waited already: its waiting counts in the new queue.
    fn keep_place(&mut self, id: ConversationId, since_at: At, now: At) {
        if let Some(conversation) = self.conversations.get_mut(&id)
            && conversation.phase == Phase::Waiting
        {
            conversation.since_at = since_at;
            self.acd.remove(id);
            self.enlist(id, now);
        }
    }

    // ── the dispatcher's choice ──

    /// Gives out everything that can be given out now.
    pub(crate) fn dispatch(&mut self, now: At) {
        while let Some(choice) = self.acd.next(now) {
            let Some(queue) = self.directory.queues.get(&choice.queue) else { continue };
            let own = self.directory.users.get(&choice.agent).and_then(|user| user.auto_accept);
            let auto = own.unwrap_or(queue.auto_accept);
            let timeout_ms = i64::from(queue.answer_timeout_s.max(1)) * 1_000;
            let cause = Cause::system(now);
            // Its place may be older than its wait in this queue, and waits are measured by queue.
            let queued_at = self.conversations.get(&choice.conversation).map_or(now, |it| it.queued_at);
            let why = Why { waited_ms: now - queued_at, ..choice.why };
            if auto {
                self.leave_queue(cause, choice.conversation, QueueExit::Answered);
                self.assign(cause, choice.conversation, choice.agent, why);
            } else {
                self.offer(cause, choice.conversation, choice.agent, why, timeout_ms);
            }
        }
    }

    fn offer(&mut self, cause: Cause, id: ConversationId, agent: UserId, why: Why, timeout_ms: i64) {
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        let Some(queue) = conversation.queue else { return };
        let until_at = cause.now + timeout_ms;
        conversation.phase = Phase::Offered;
        conversation.offer = Some(Offer { agent, made_at: cause.now, until_at });
        let private = Some(Box::new(Private::Why(why)));
        let fact = Fact::Offered { agent, queue, until_at };
        self.log.about_with(conversation, cause, Audience::Staff, fact, private, &[]);
        self.acd.remove(id);
        self.timers.set(until_at, Timer::Offer(id));
        self.offers.insert(agent);
        self.seat(agent);
    }

    /// Ends an offer and leaves the conversation waiting.
    fn close_offer(&mut self, cause: Cause, id: ConversationId, end: OfferEnd) -> Option<UserId> {
        let conversation = self.conversations.get_mut(&id)?;
        let offer = conversation.offer.take()?;
        conversation.phase = Phase::Waiting;
        let fact = Fact::OfferEnded {
            agent: offer.agent,
            queue: conversation.queue.unwrap_or_default(),
            end,
            after_ms: cause.now - offer.made_at,
        };
        self.log.about_with(conversation, cause, Audience::Staff, fact, None, &[offer.agent]);
        self.offers.remove(&offer.agent);
        self.seat(offer.agent);
        Some(offer.agent)
    }

    /// An offer was not taken: the contact goes back to its place, without this agent.
    pub(crate) fn end_offer(&mut self, cause: Cause, id: ConversationId, end: OfferEnd) {
        let Some(agent) = self.close_offer(cause, id, end) else { return };
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        conversation.refused_by.push(agent);
        self.log.mark(conversation, Mark::Changed);
        let medium = conversation.medium;
        self.enlist(id, cause.now);
        self.arm_conversation(id);
        if end == OfferEnd::TimedOut {
            self.missed(cause, agent, medium);
        }
    }

    /// Those who declined or missed it may be asked again.
    pub(crate) fn ask_again(&mut self, now: At, id: ConversationId) {
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        if conversation.phase == Phase::Waiting && !conversation.refused_by.is_empty() {
            conversation.refused_by.clear();
            self.log.mark(conversation, Mark::Changed);
            self.enlist(id, now);
        }
    }

    /// Who missed contacts and is back may be asked for them at once: they wait in their old places.
    pub(crate) fn ask_back(&mut self, now: At, agent: UserId) {
        let all = self.conversations.values();
        let missed = all.filter(|it| it.phase == Phase::Waiting && it.refused_by.contains(&agent));
        for id in missed.map(|it| it.id).collect::<Vec<_>>() {
            let Some(conversation) = self.conversations.get_mut(&id) else { continue };
            conversation.refused_by.retain(|it| *it != agent);
            self.log.mark(conversation, Mark::Changed);
            self.enlist(id, now);
        }
    }

    /// The agent has it from now on.
    pub(crate) fn assign(&mut self, cause: Cause, id: ConversationId, agent: UserId, why: Why) {
        let Some(user) = self.directory.users.get(&agent).cloned() else { return };
        let persona = self.persona(agent);
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        let limit =
            user.limits.get(&conversation.medium).copied().unwrap_or(conversation.medium.usual_limit());
        let queue = conversation.queue.and_then(|queue| self.directory.queues.get(&queue)).cloned();
        conversation.phase = Phase::Active;
        conversation.agent = Some(agent);
        conversation.prefer = None;
        conversation.refused_by.clear();
        conversation.segment += 1;
        conversation.assigned_at = Some(cause.now);
        conversation.first_reply_at = None;
        conversation.wrap_until_at = None;
        conversation.warned = false;
        let fact = Fact::Assigned {
            agent,
            segment: conversation.segment,
            queue: conversation.queue,
            team: user.team,
            waited_ms: why.waited_ms,
            threshold_s: queue.as_ref().map_or(0, |queue| queue.threshold_s),
            by_hand: why.cause == why::Cause::ByHand,
            share: crate::acd::share(limit, queue.as_ref().map_or(100, |queue| queue.weight_pct)) as u16,
            persona: persona.clone(),
        };
        let private = Some(Box::new(Private::Why(why)));
        let seq = self.log.about_with(conversation, cause, Audience::Customer, fact, private, &[]);
        let helper = sites::helper(&self.directory, conversation);
        if let Some(channel) = helper {
            // What was said so far goes along.
            self.log.send(conversation, seq, (channel, cause.now));
        } else if let Some(channel) = follower(&self.directory, conversation) {
            self.log.send(conversation, seq, (channel, cause.now));
        }
        let greeting =
            queue.map(|queue| queue.greeting.get(conversation.lang).to_owned()).unwrap_or_default();
        let greets = helper.is_none() && !sites::is_guest(&self.directory, conversation);
        if greets && !greeting.is_empty() && conversation.segment == 1 && conversation.medium.is_live() {
            let content = Content::Text { text: greeting.replace("{agent}", &persona.name) };
            let by = Cause { by: crate::actor::Actor::User { id: agent }, ..cause.then() };
            let way = way_out(&self.directory, conversation, by, &content, Author::Automatic);
            let fact = Fact::MessagePosted { content, author: Author::Automatic, leaves_at: None };
            let seq = self.log.about(conversation, by, Audience::Customer, fact);
            if let Some(way) = way {
                self.log.send(conversation, seq, way);
            }
            conversation.spoke_at = cause.now;
        }
        self.hold(cause.now, agent, id);
        self.arm_conversation(id);
    }

    pub(crate) fn hold(&mut self, now: At, agent: UserId, id: ConversationId) {
        let Some(it) = self.agents.get_mut(&agent) else { return };
        if !it.holds.contains(&id) {
            it.holds.push(id);
        }
        it.idle_since_at = now;
        self.log.agent_changed(agent);
        self.seat(agent);
    }

    /// How an agent appears to customers.
    pub fn persona(&self, agent: UserId) -> Persona {
        self.directory.persona(agent)
    }

    /// Place and estimated wait of a waiting conversation.
    pub fn place(&self, id: ConversationId, now: At) -> Option<(u32, Option<u32>)> {
        let position = self.acd.position(id)?;
        let queue = self.conversations.get(&id)?.queue?;
        Some((position, self.figures.waits.get(&queue).and_then(|wait| wait.estimate(position, now))))
    }

    /// Whether somebody could answer a new contact of this queue now.
    pub fn is_staffed(&self, queue: QueueId, now: At) -> bool {
        let Some(rules) = self.directory.queues.get(&queue) else { return false };
        let hours = rules.calendar.and_then(|id| self.directory.calendars.get(&id));
        hours.is_none_or(|hours| calendar::is_open(hours, now))
            && self.acd.staffed(queue, Medium::Chat, &rules.needs)
    }

    /// Ends the present agent's part, for a transfer or a return.
    pub(crate) fn end_segment(
        &mut self,
        cause: Cause,
        id: ConversationId,
        reason: SegmentEnd,
        to: Option<Place>,
    ) {
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        let Some(agent) = conversation.agent else { return };
        let helper = sites::helper(&self.directory, conversation);
        let talk_ms = cause.now - conversation.assigned_at.unwrap_or(cause.now);
        let fact = Fact::SegmentEnded { agent, segment: conversation.segment, reason, talk_ms, to };
        let seq = self.log.about(conversation, cause.then(), Audience::Staff, fact);
        if let Some(channel) = helper {
            self.log.send(conversation, seq, (channel, cause.now));
        }
        if reason != SegmentEnd::Closed {
            conversation.agent = None;
            conversation.unanswered_since_at.get_or_insert(cause.now);
            self.release(cause.now, agent, id);
        }
    }

    /// The agent no longer holds it.
    pub(crate) fn release(&mut self, now: At, agent: UserId, id: ConversationId) {
        let Some(it) = self.agents.get_mut(&agent) else { return };
        it.holds.retain(|held| *held != id);
        if it.holds.is_empty() {
            it.idle_since_at = now;
        }
        self.log.agent_changed(agent);
        self.apply_pending(now, agent);
        self.seat(agent);
    }

    /// Prefer whoever served this customer last, for as long as the queue says.
    pub(crate) fn preference(&self, queue: &Queue, last: Option<(UserId, At)>, now: At) -> Option<Prefer> {
        let (agent, served_at) = last?;
        let within_ms = i64::from(queue.last_agent_within_days) * 86_400_000;
        (queue.last_agent_wait_s > 0 && now - served_at <= within_ms)
            .then(|| Prefer { agent, until_at: now + i64::from(queue.last_agent_wait_s) * 1_000 })
    }
}
