//! A small contact centre around the engine: its configuration, its people, its store.

use super::plan::Plan;
use std::collections::BTreeMap;
use yingda_core::{
    At,
    access::{Action, Grant, Scope},
    actor::Actor,
    agent::{Agent, AgentState},
    command::{Act, AgentAct, Command, Envelope, Sent, Start},
    config::*,
    conversation::{Content, Conversation, Phase, Place},
    directory::Directory,
    engine::{Engine, Rows},
    event::Author,
    id::*,
    lang::Text,
    log::Routed,
    medium::Medium,
};

pub struct World {
    pub engine: Engine,
    pub now: At,
    pub directory: Directory,
    /// What a store would hold after the last commit.
    pub conversations: BTreeMap<ConversationId, Conversation>,
    pub agents: BTreeMap<UserId, Agent>,
    pub seq: u64,
    /// Events of the last step.
    pub events: Vec<Routed>,
    /// Contacts that somebody was given by hand: they may exceed a limit.
    pub by_hand: bool,
    counters: BTreeMap<(u32, ConversationId), u32>,
}

const START: At = 1_780_000_000_000;

impl World {
    pub fn new(plan: &mut Plan) -> Self {
        let directory = directory(plan);
        let rows = Rows { directory: directory.clone(), writer: 1, ..Rows::default() };
        Self {
            engine: Engine::rebuild(rows, START),
            now: START,
            directory,
            conversations: BTreeMap::new(),
            agents: BTreeMap::new(),
            seq: 0,
            events: vec![],
            by_hand: false,
            counters: BTreeMap::new(),
        }
    }

    /// One thing happens.
    pub fn step(&mut self, plan: &mut Plan) -> String {
        self.now += match plan.below(12) {
            0 => plan.below(900_000),
            1 | 2 => plan.below(40_000),
            _ => plan.below(3_000),
        } as At;
        self.events.clear();
        if plan.one_in(25) {
            self.restart();
            return "restart".into();
        }
        let (actor, command) = self.choose(plan);
        let said = format!("{actor:?} {command:?}");
        let origin = match &command {
            Command::Conversation(id, _) if plan.one_in(2) => Some(self.sent(plan, *id)),
            _ => None,
        };
        self.handle(Envelope { actor, origin, command });
        said
    }

    fn sent(&mut self, plan: &mut Plan, id: ConversationId) -> Sent {
        let tab = 1 + plan.below(3) as u32;
        let n = self.counters.entry((tab, id)).or_default();
        // Now and then a retry of what was done already.
        if *n == 0 || !plan.one_in(5) {
            *n += 1;
        }
        Sent { tab: Tab(tab), n: *n, base: *n }
    }

    fn handle(&mut self, envelope: Envelope) {
        if let Command::Conversation(id, _) = &envelope.command
            && !self.engine.conversations.contains_key(id)
            && let Some(stored) = self.conversations.get(id)
        {
            self.engine.admit(stored.clone(), self.now);
        }
        // A refusal is an answer like any other; what it must not do is checked by `broken`.
        let _ = self.engine.handle(self.now, envelope);
        self.commit();
    }

    fn commit(&mut self) {
        let output = self.engine.drain();
        for conversation in output.conversations {
            self.conversations.insert(conversation.id, conversation);
        }
        for pulse in output.pulses {
            let stored = self.conversations.get_mut(&pulse.conversation);
            pulse.put(stored.expect("a conversation's first write is a whole one"));
        }
        for agent in output.agents {
            self.agents.insert(agent.id, agent);
        }
        self.events.extend(output.events);
        if let Some(last) = self.events.last() {
            self.seq = last.event.seq;
        }
    }

    pub fn rows(&self) -> Rows {
        // Through JSON, as a store would.
        let text = |value: &Conversation| serde_json::to_string(value).expect("JSON");
        let open = self.conversations.values().filter(|it| it.phase != Phase::Closed);
        Rows {
            directory: self.directory.clone(),
            conversations: open.map(|it| serde_json::from_str(&text(it)).expect("reads back")).collect(),
            agents: self.agents.values().cloned().collect(),
            // The server counts them again from the log; its own test proves that.
            figures: self.engine.figures.clone(),
            seq: self.seq,
            highest_id: self.conversations.keys().next_back().map_or(0, |id| id.0),
            writer: 1,
        }
    }

    fn restart(&mut self) {
        self.engine = Engine::rebuild(self.rows(), self.now);
        let here: Vec<_> =
            self.agents.values().filter(|it| it.state != AgentState::Offline).map(|it| it.id).collect();
        for agent in here {
            self.handle(system(Command::Agent(agent, AgentAct::Connected)));
        }
        self.handle(system(Command::Tick));
    }

    fn choose(&mut self, plan: &mut Plan) -> (Actor, Command) {
        let agent = UserId(100 + plan.below(5) as i64);
        let user = Actor::User { id: agent };
        let known: Vec<ConversationId> = self.conversations.keys().rev().take(12).copied().collect();
        let held: Vec<_> = self.engine.agents.get(&agent).map(|it| it.holds.to_vec()).unwrap_or_default();
        let text = |n: u64| Content::Text { text: format!("m{n}") };
        let act = |id, act| Command::Conversation(id, act);
        match plan.below(26) {
            0..=5 => {
                let visitor = VisitorId(1_000 + plan.below(14) as i64);
                let start = Start {
                    visitor,
                    queue: QueueId(10 + plan.below(3) as i64),
                    vip: plan.one_in(5),
                    content: Some(text(plan.below(1_000))),
                    last_agent: plan.one_in(3).then_some((agent, self.now - 1_000)),
                    ..Start::default()
                };
                (Actor::Visitor { id: visitor }, Command::Start(Box::new(start)))
            }
            6 | 7 => (Actor::System, Command::Agent(agent, AgentAct::Connected)),
            8 => (Actor::System, Command::Agent(agent, AgentAct::Disconnected)),
            9..=12 => {
                let state = [AgentState::Ready, AgentState::Ready, AgentState::NotReady, AgentState::Offline];
                let state = plan.pick(&state).unwrap_or_default();
                (user, Command::Agent(agent, AgentAct::SetState { state, reason: String::new() }))
            }
            13 => (user, Command::Agent(agent, AgentAct::Resume { medium: Medium::Chat })),
            14 => (user, Command::Agent(agent, AgentAct::NoNew { on: plan.one_in(2) })),
            15 | 16 => {
                let Some(id) = plan.pick(&known) else { return (Actor::System, Command::Tick) };
                let visitor = self.conversations[&id].visitor;
                let what = if plan.one_in(4) {
                    Act::Close
                } else {
                    Act::Post { content: text(plan.below(1_000)), author: Author::Person }
                };
                (Actor::Visitor { id: visitor }, act(id, what))
            }
            17 | 18 => {
                let offered: Vec<_> =
                    known.iter().copied().filter(|id| self.is_offered(*id, agent)).collect();
                let Some(id) = plan.pick(&offered) else { return (Actor::System, Command::Tick) };
                (user, act(id, if plan.one_in(3) { Act::Decline } else { Act::Accept }))
            }
            19..=23 => {
                let Some(id) = plan.pick(&held) else { return (Actor::System, Command::Tick) };
                let what = match plan.below(8) {
                    0 | 1 => Act::Post { content: text(plan.below(1_000)), author: Author::Person },
                    2 | 3 => Act::Close,
                    4 => Act::EndWrapUp,
                    5 => Act::ReturnToQueue,
                    6 => Act::Transfer {
                        to: Place::Queue(QueueId(10 + plan.below(3) as i64)),
                        note: String::new(),
                    },
                    _ => Act::Transfer {
                        to: Place::Agent(UserId(100 + plan.below(5) as i64)),
                        note: "n".into(),
                    },
                };
                (user, act(id, what))
            }
            24 => {
                let Some(id) = plan.pick(&known) else { return (Actor::System, Command::Tick) };
                self.by_hand |= self.conversations[&id].agent != Some(agent);
                (
                    Actor::User { id: UserId(100) },
                    act(id, if plan.one_in(2) { Act::TakeOver } else { Act::Pick }),
                )
            }
            _ => (Actor::System, Command::Tick),
        }
    }

    fn is_offered(&self, id: ConversationId, agent: UserId) -> bool {
        self.conversations.get(&id).and_then(|it| it.offer).is_some_and(|offer| offer.agent == agent)
    }
}

fn system(command: Command) -> Envelope {
    Envelope { actor: Actor::System, origin: None, command }
}

fn directory(plan: &mut Plan) -> Directory {
    let mut directory = Directory::default();
    let mut put = |id: i64, record: Record| directory.apply(record.kind(), RecordId(id), Some(&record));
    let all = [
        Action::ConversationServe,
        Action::ConversationRead,
        Action::ConversationTransfer,
        Action::ConversationDecline,
        Action::ConversationPick,
        Action::ConversationTakeOver,
        Action::ConversationReassign,
    ];
    let grants = all.map(|action| Grant { action, scope: Scope::Site }).to_vec();
    put(1, Record::Role(Role { name: Text::new("客服", "Agent"), grants, ..Role::default() }));
    put(2, Record::Team(Team::default()));
    put(3, Record::Line(Line { zone: "Asia/Shanghai".into(), ..Line::default() }));
    for id in 0..5 {
        let skills =
            (0..2).map(|skill| SkillLevel { skill: SkillId(20 + skill), level: plan.below(6) as u8 });
        let user = User {
            login: format!("a{id}"),
            name: format!("a{id}"),
            roles: vec![RoleId(1)],
            team: (id % 2 == 0).then_some(TeamId(2)),
            skills: skills.filter(|it| it.level > 0).collect(),
            limits: [(Medium::Chat, 1 + plan.below(3) as u8)].into(),
            ..User::default()
        };
        put(100 + id, Record::User(user));
    }
    for id in 0..3 {
        let strategies =
            [Strategy::LongestIdle, Strategy::LeastLoaded, Strategy::RoundRobin, Strategy::HighestSkill];
        let level = 1 + plan.below(4) as u8;
        let relax = vec![Relax { after_s: 20, level: plan.below(u64::from(level)) as u8 }];
        let need = Need { skill: SkillId(20 + plan.below(2) as i64), level, relax };
        let queue = Queue {
            line: LineId(3),
            teams: if id == 1 { vec![TeamId(2)] } else { vec![] },
            strategy: plan.pick(&strategies).unwrap_or_default(),
            needs: if plan.one_in(2) { vec![need] } else { vec![] },
            priority: 30 + 20 * id as u8,
            max_waiting: None,
            auto_accept: plan.one_in(2),
            wrap_up_s: [0, 30][plan.below(2) as usize],
            last_agent_wait_s: [0, 25][plan.below(2) as usize],
            idle_warn_s: 300,
            idle_close_s: 600,
            overflow: if id == 0 {
                vec![Overflow { when: OverflowWhen::WaitedS(120), to: OverflowTo::Queue(QueueId(11)) }]
            } else {
                vec![]
            },
            ..Queue::default()
        };
        put(10 + id, Record::Queue(queue));
    }
    directory
}
