//! The engine decides. It holds a site's live state in memory, and turns commands into events.
//!
//! It never waits, reads no clock and touches nothing outside itself. `handle` either refuses and changes nothing,
//! or changes the state and appends to the log; `drain` hands the log to the one who commits it.

use crate::{
    At,
    acd::Dispatcher,
    actor::Actor,
    agent::{Agent, AgentState},
    command::{Command, Envelope, Sent, VisitorAct},
    config::{Record, RecordKind},
    conversation::{Conversation, Mark, Phase, Sender},
    directory::Directory,
    effect::Effect,
    event::{Audience, Fact, Origin, Private, Subject},
    figures::Figures,
    id::*,
    log::{Cause, Log, Route, Routed},
    pulse::Pulse,
    refusal::Refusal,
    timers::Timers,
};
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::collections::{BTreeMap, BTreeSet};

pub struct Engine {
    pub directory: Directory,
    pub conversations: HashMap<ConversationId, Box<Conversation>>,
    pub agents: BTreeMap<UserId, Agent>,
    pub acd: Dispatcher,
    pub figures: Figures,
    /// The open conversation of each visitor.
    pub by_visitor: HashMap<VisitorId, ConversationId>,
    /// Agents who have an offer to answer.
    pub(crate) offers: BTreeSet<UserId>,
    pub(crate) timers: Timers,
    pub(crate) log: Log,
    ids: IdMaker,
}

/// A command was carried out, now or before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// The position of its own event, or of the log when it had none.
    pub seq: u64,
    pub conversation: Option<ConversationId>,
}

/// A command was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    pub refusal: Refusal,
    /// For `Gap`: the number expected next.
    pub expected: Option<u32>,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, expected: None }
    }
}

/// What a batch leaves to be committed and sent.
#[derive(Debug, Default)]
pub struct Output {
    pub events: Vec<Routed>,
    /// Those of which more changed than their pulse.
    pub conversations: Vec<Conversation>,
    /// Of all that were touched.
    pub pulses: Vec<Pulse>,
    pub agents: Vec<Agent>,
    pub effects: Vec<Effect>,
}

/// What a rebuild reads: rows, never events.
#[derive(Default)]
pub struct Rows {
    pub directory: Directory,
    pub conversations: Vec<Conversation>,
    pub agents: Vec<Agent>,
    /// Today's counts so far.
    pub figures: Figures,
    /// The last position stored.
    pub seq: u64,
    pub highest_id: i64,
    pub writer: u16,
}

impl Engine {
    /// Builds the live state from rows: at the start, and after a failed commit. Agents get a fresh grace period
    /// while their connections announce themselves again.
    pub fn rebuild(rows: Rows, now: At) -> Self {
        let mut engine = Engine {
            directory: rows.directory,
            conversations: HashMap::with_capacity(rows.conversations.len()),
            agents: BTreeMap::new(),
            acd: Dispatcher::default(),
            figures: rows.figures,
            by_visitor: HashMap::new(),
            offers: BTreeSet::new(),
            timers: Timers::default(),
            log: Log { seq: rows.seq, ..Log::default() },
            ids: IdMaker::new(rows.writer, rows.highest_id),
        };
        engine.acd.set_aging(i64::from(engine.directory.settings.aging_s) * 1_000);
        for queue in engine.directory.queues.keys().copied().collect::<Vec<_>>() {
            engine.seat_queue(queue);
        }
        for mut agent in rows.agents {
            if agent.state != AgentState::Offline && agent.gone_at.is_none() {
                agent.gone_at = Some(now);
            }
            engine.agents.insert(agent.id, agent);
        }
        for user in engine.directory.users.keys().copied().collect::<Vec<_>>() {
            engine.agents.entry(user).or_insert_with(|| Agent { id: user, ..Agent::default() });
        }
        let gone: Vec<_> =
            engine.agents.values().filter(|agent| agent.gone_at.is_some()).map(|a| a.id).collect();
        for agent in gone {
            engine.arm_grace(agent);
        }
        let mut conversations = rows.conversations;
        conversations.sort_by_key(|conversation| conversation.id);
        for conversation in conversations {
            engine.admit(conversation, now);
        }
        for agent in engine.agents.keys().copied().collect::<Vec<_>>() {
            engine.seat(agent);
        }
        engine
    }

    /// Takes a conversation's row into memory: at a rebuild, or when a closed one is touched again.
    pub fn admit(&mut self, conversation: Conversation, now: At) {
        let id = conversation.id;
        if self.conversations.contains_key(&id) {
            return;
        }
        if conversation.phase == Phase::Closed {
            // It leaves again with the next drain, unless something wakes it.
            self.log.conversations.push(id);
        } else {
            self.by_visitor.insert(conversation.visitor, id);
        }
        self.offers.extend(conversation.offer.map(|offer| offer.agent));
        self.conversations.insert(id, Box::new(conversation));
        self.arm_conversation(id);
        if matches!(self.conversations[&id].phase, Phase::Waiting) {
            self.enlist(id, now);
        }
    }

    pub fn seq(&self) -> u64 {
        self.log.seq
    }

    pub fn fresh_id(&mut self, now: At) -> i64 {
        self.ids.next(now)
    }

    /// Decides one command.
    pub fn handle(&mut self, now: At, envelope: Envelope) -> Result<Done, Refused> {
        let Envelope { actor, origin, command } = envelope;
        let cause = Cause { now, by: actor, from: origin.map(|sent| Origin { tab: sent.tab, n: sent.n }) };
        let result = match command {
            Command::Conversation(id, act) => self.act(cause, origin, id, act),
            Command::Start(start) => self.start(cause, *start),
            Command::Agent(agent, act) => self.agent_act(cause, agent, act),
            Command::Visitor(visitor, act) => self.visitor_act(cause, visitor, act),
            Command::Configure { kind, id, record } => Ok(self.configure(now, kind, id, record.as_deref())),
            Command::Tick => Ok(self.done(None)),
        };
        // A refused command changed nothing, but time has passed.
        self.run_timers(now);
        self.dispatch(now);
        result
    }

    /// Numbers a fact that others decided: records, sign-ins, exports. It changes no live state.
    pub fn note(
        &mut self,
        cause: Cause,
        on: Subject,
        to: Audience,
        fact: Fact,
        private: Option<Box<Private>>,
        readers: &[UserId],
    ) -> u64 {
        let users = match &on {
            Subject::User(id) => std::slice::from_ref(id),
            _ => readers,
        };
        let route = Route { users: SmallVec::from_slice(users), ..Route::default() };
        self.log.push(cause, on, to, fact, private, route)
    }

    /// Takes back notes that could not be stored; nothing else may have happened since `seq`.
    pub fn retract(&mut self, seq: u64) {
        self.log.events.retain(|it| it.event.seq <= seq);
        self.log.seq = seq;
    }

    /// When `Tick` is due next.
    pub fn next_deadline(&self) -> Option<At> {
        [self.timers.next(), self.acd.next_deadline()].into_iter().flatten().min()
    }

    /// Hands over what happened since the last time.
    pub fn drain(&mut self) -> Output {
        let mut output = Output {
            events: std::mem::take(&mut self.log.events),
            effects: std::mem::take(&mut self.log.effects),
            ..Output::default()
        };
        for id in std::mem::take(&mut self.log.conversations) {
            let Some(conversation) = self.conversations.get_mut(&id) else { continue };
            let mark = std::mem::take(&mut conversation.mark);
            if mark == Mark::Changed {
                output.conversations.push((**conversation).clone());
            }
            if mark != Mark::Clean {
                output.pulses.push(Pulse::of(conversation));
            }
            // A closed conversation leaves the memory with its last write; its row brings it back.
            if conversation.phase == Phase::Closed {
                self.forget(id);
            }
        }
        output.agents.extend(self.log.agents.drain(..).filter_map(|id| self.agents.get(&id).cloned()));
        output
    }

    fn forget(&mut self, id: ConversationId) {
        if let Some(conversation) = self.conversations.remove(&id)
            && self.by_visitor.get(&conversation.visitor) == Some(&id)
        {
            self.by_visitor.remove(&conversation.visitor);
        }
    }

    pub(crate) fn done(&self, conversation: Option<ConversationId>) -> Done {
        Done { seq: self.log.seq, conversation }
    }

    /// Checks a client's counting against the row: `Some` when the command was done before.
    pub(crate) fn repeated(&self, id: ConversationId, sent: Sent) -> Result<Option<Done>, Refused> {
        let Some(conversation) = self.conversations.get(&id) else { return Err(Refusal::NotFound.into()) };
        let last = conversation.senders.iter().find(|sender| sender.tab == sent.tab).map_or(0, |it| it.n);
        if sent.n <= last {
            return Ok(Some(Done { seq: conversation.last_seq, conversation: Some(id) }));
        }
        let expected = (last + 1).max(sent.base);
        if sent.n == expected {
            Ok(None)
        } else {
            Err(Refused { refusal: Refusal::Gap, expected: Some(expected) })
        }
    }

    /// Remembers that a tab's command was done.
    pub(crate) fn remember(conversation: &mut Conversation, origin: Option<Origin>, now: At) {
        const MOST: usize = 32;
        let Some(Origin { tab, n }) = origin else { return };
        if let Some(sender) = conversation.senders.iter_mut().find(|sender| sender.tab == tab) {
            (sender.n, sender.at) = (n, now);
            return;
        }
        if conversation.senders.len() >= MOST {
            let oldest =
                (0..conversation.senders.len()).min_by_key(|&i| conversation.senders[i].at).unwrap_or(0);
            conversation.senders.swap_remove(oldest);
        }
        conversation.senders.push(Sender { tab, n, at: now });
    }

    fn visitor_act(&mut self, cause: Cause, visitor: VisitorId, act: VisitorAct) -> Result<Done, Refused> {
        if cause.by != (Actor::Visitor { id: visitor }) {
            return Err(Refusal::Forbidden.into());
        }
        let fact = match act {
            VisitorAct::InvitationShown { invitation, variant, page } => {
                Fact::InvitationShown { invitation, variant, page: page.chars().take(500).collect() }
            }
            VisitorAct::InvitationAnswered { invitation, accepted } => {
                Fact::InvitationAnswered { invitation, accepted }
            }
            VisitorAct::AcceptNotice { widget, version, guardian } => {
                Fact::NoticeAccepted { widget, version, guardian }
            }
        };
        let route = Route { visitor: Some(visitor), ..Route::default() };
        self.log.push(cause, Subject::Visitor(visitor), Audience::Customer, fact, None, route);
        Ok(self.done(None))
    }

    /// A committed change of configuration becomes known.
    fn configure(&mut self, now: At, kind: RecordKind, id: RecordId, record: Option<&Record>) -> Done {
        self.directory.apply(kind, id, record);
        match kind {
            RecordKind::Queue => self.seat_queue(id.into()),
            RecordKind::User => {
                let user = UserId::from(id);
                self.agents.entry(user).or_insert_with(|| Agent {
                    id: user,
                    since_at: now,
                    ..Agent::default()
                });
                self.seat_queues();
                self.seat(user);
            }
            RecordKind::Team => self.seat_queues(),
            RecordKind::Settings => self.acd.set_aging(i64::from(self.directory.settings.aging_s) * 1_000),
            _ => {}
        }
        self.done(None)
    }

    fn seat_queues(&mut self) {
        for queue in self.directory.queues.keys().copied().collect::<BTreeSet<_>>() {
            self.seat_queue(queue);
        }
    }
}
