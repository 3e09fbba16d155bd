//! Reads a story, plays it to an engine, and compares what happened.
//!
//! A line is `[+seconds] who does what`; a line that begins with `>` is all that must have happened then, in order.
//! Visitors are `v1`, `v2`, …, VIPs `vip3`; the queue `sales` assigns at once, `care` offers.

use std::collections::BTreeMap;
use yingda_core::{
    At,
    access::{Action, Grant, Scope},
    actor::Actor,
    agent::AgentState,
    command::{Act, AgentAct, Command, Envelope, Sent, Start},
    config::*,
    conversation::{Content, Conversation, Place},
    directory::Directory,
    engine::{Engine, Refused, Rows},
    event::{Author, Fact, Subject},
    id::*,
    lang::Text,
    medium::Medium,
};

const PEOPLE: [&str; 5] = ["li", "chen", "wang", "zhao", "boss"];
const SALES: QueueId = QueueId(10);
const CARE: QueueId = QueueId(11);

pub fn check(story: &str) {
    let mut stage = Stage::new();
    let lines: Vec<&str> = story.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    for (index, line) in lines.iter().enumerate() {
        if line.starts_with('>') {
            continue;
        }
        let happened = stage.play(line);
        let expected = lines.get(index + 1).and_then(|next| next.strip_prefix('>')).map(str::trim);
        // The opening `… is ready` says nothing that a story has to repeat.
        if expected.is_none() && line.ends_with("is ready") {
            continue;
        }
        assert_eq!(happened, expected.unwrap_or(""), "after `{line}`");
    }
}

struct Stage {
    engine: Engine,
    now: At,
    conversations: BTreeMap<String, ConversationId>,
    /// What a store would hold.
    rows: BTreeMap<ConversationId, Conversation>,
}

impl Stage {
    fn new() -> Self {
        let rows = Rows { directory: directory(), writer: 1, ..Rows::default() };
        let now = 1_780_000_000_000;
        let mut stage = Self {
            engine: Engine::rebuild(rows, now),
            now,
            conversations: BTreeMap::new(),
            rows: BTreeMap::new(),
        };
        for name in PEOPLE {
            let answer = stage.tell(Actor::System, None, Command::Agent(person(name), AgentAct::Connected));
            assert!(answer.is_ok(), "{name} connects");
        }
        stage.engine.drain();
        stage
    }

    fn play(&mut self, line: &str) -> String {
        let (wait_s, deed) = match line.strip_prefix('+').and_then(|rest| rest.split_once(' ')) {
            Some((seconds, deed)) => (seconds.parse::<i64>().expect("seconds"), deed),
            None => (0, line),
        };
        // Time passes second by second, as a loop that wakes at deadlines sees it.
        let until = self.now + wait_s * 1_000;
        while let Some(due_at) = self.engine.next_deadline().filter(|due_at| *due_at <= until) {
            self.now = due_at.max(self.now);
            assert!(self.tell(Actor::System, None, Command::Tick).is_ok(), "a tick is never refused");
        }
        self.now = until;
        let (actor, sent, command) = self.read(deed);
        if let Command::Conversation(id, _) = &command
            && let Some(row) = self.rows.get(id)
        {
            self.engine.admit(row.clone(), self.now);
        }
        let answer = self.tell(actor, sent, command);
        let mut happened: Vec<String> = vec![];
        let output = self.engine.drain();
        self.rows.extend(output.conversations.into_iter().map(|it| (it.id, it)));
        for pulse in output.pulses {
            let row = self.rows.get_mut(&pulse.conversation).expect("its first write was a whole one");
            pulse.put(row);
        }
        for routed in output.events {
            if let (Subject::Conversation(id), Fact::ConversationStarted { .. }) =
                (routed.event.on, &routed.event.fact)
            {
                let name = deed.split(' ').next().unwrap_or_default();
                self.conversations.insert(name.into(), id);
            }
            happened.extend(self.name(routed.event.on, &routed.event.fact));
        }
        match answer {
            Err(Refused { refusal, expected }) => {
                let code = serde_json::to_value(refusal).expect("JSON");
                let expected = expected.map(|n| format!(",{n}")).unwrap_or_default();
                happened.push(format!("refused({}{expected})", code.as_str().unwrap_or_default()));
            }
            Ok(_) if happened.is_empty() && sent.is_some() => happened.push("done".into()),
            Ok(_) => {}
        }
        happened.join(" ")
    }

    fn tell(
        &mut self,
        actor: Actor,
        origin: Option<Sent>,
        command: Command,
    ) -> Result<yingda_core::engine::Done, Refused> {
        self.engine.handle(self.now, Envelope { actor, origin, command })
    }

    fn read(&self, deed: &str) -> (Actor, Option<Sent>, Command) {
        let words: Vec<&str> = deed.split(' ').collect();
        let who = actor(words[0]);
        let user = person(words[0]);
        let on = |name: &str, act: Act| Command::Conversation(self.conversations[name], act);
        let state =
            |state, reason: &str| Command::Agent(user, AgentAct::SetState { state, reason: reason.into() });
        let text = || Content::Text { text: "…".into() };
        let command = match &words[1..] {
            ["passes"] => return (Actor::System, None, Command::Tick),
            ["is", "ready"] => state(AgentState::Ready, ""),
            ["takes", "a", "break"] => state(AgentState::NotReady, "break"),
            ["signs", "out"] => state(AgentState::Offline, ""),
            ["loses", "connection"] => {
                return (Actor::System, None, Command::Agent(user, AgentAct::Disconnected));
            }
            ["connects"] => return (Actor::System, None, Command::Agent(user, AgentAct::Connected)),
            ["resumes", "chat"] => Command::Agent(user, AgentAct::Resume { medium: Medium::Chat }),
            ["starts", queue] => Command::Start(Box::new(Start {
                visitor: visitor(words[0]),
                queue: queue_named(queue),
                vip: words[0].starts_with("vip"),
                content: Some(text()),
                ..Start::default()
            })),
            ["reserves", queue] => Command::Start(Box::new(Start {
                visitor: visitor(words[0]),
                queue: queue_named(queue),
                reserved: true,
                ..Start::default()
            })),
            ["is", "taken"] => return (Actor::System, None, on(words[0], Act::Settle { taken: true })),
            ["is", "let", "go"] => return (Actor::System, None, on(words[0], Act::Settle { taken: false })),
            ["says", name] => on(name, Act::Post { content: text(), author: Author::Person }),
            ["says", name, "as", n] => {
                let n = n.parse().expect("a number");
                let sent = Sent { tab: Tab(1), n, base: 0 };
                return (who, Some(sent), on(name, Act::Post { content: text(), author: Author::Person }));
            }
            ["closes", name] => on(name, Act::Close),
            ["ends", "wrap-up", "of", name] => on(name, Act::EndWrapUp),
            ["accepts", name] => on(name, Act::Accept),
            ["declines", name] => on(name, Act::Decline),
            ["takes", name, "over"] => on(name, Act::TakeOver),
            ["gives", name, "to", to] => on(name, Act::Reassign { agent: person(to) }),
            ["transfers", name, "to", "queue", to] => {
                on(name, Act::Transfer { to: Place::Queue(queue_named(to)), note: "see above".into() })
            }
            ["transfers", name, "to", to] => {
                on(name, Act::Transfer { to: Place::Agent(person(to)), note: "see above".into() })
            }
            other => panic!("the script knows no `{other:?}`"),
        };
        (who, None, command)
    }

    /// An event in a word.
    fn name(&self, on: Subject, fact: &Fact) -> Option<String> {
        let who = match on {
            Subject::Conversation(id) => {
                let found = self.conversations.iter().find(|(_, it)| **it == id);
                found.map(|(name, _)| name.clone()).unwrap_or_default()
            }
            Subject::User(id) => name_of(id),
            _ => String::new(),
        };
        let word = |value: &dyn erased::Word| value.word();
        let s = |ms: &i64| ms / 1_000;
        let what = match fact {
            Fact::ConversationStarted { .. } => "started".into(),
            Fact::MessagePosted { .. } => "said".into(),
            Fact::NotePosted { .. } => "noted".into(),
            Fact::Queued { queue, .. } => format!("queued({})", queue_name(*queue)),
            Fact::QueueLeft { queue, exit, waited_ms } => {
                format!("left({},{},{})", queue_name(*queue), word(exit), s(waited_ms))
            }
            Fact::Offered { agent, .. } => format!("offered({})", name_of(*agent)),
            Fact::OfferEnded { agent, end, after_ms, .. } => {
                format!("offer_ended({},{},{})", name_of(*agent), word(end), s(after_ms))
            }
            Fact::Assigned { agent, .. } => format!("assigned({})", name_of(*agent)),
            Fact::SegmentEnded { agent, reason, talk_ms, .. } => {
                format!("segment_ended({},{},{})", name_of(*agent), word(reason), s(talk_ms))
            }
            Fact::FirstResponse { after_ms, .. } => format!("first_response({})", s(after_ms)),
            Fact::ConversationClosed { reason, .. } => format!("closed({})", word(reason)),
            Fact::RatingAsked { .. } => "rating_asked".into(),
            Fact::WrapUpStarted { agent, .. } => format!("wrap_up({})", name_of(*agent)),
            Fact::WrapUpEnded { end, took_ms, .. } => format!("wrap_up_ended({},{})", word(end), s(took_ms)),
            Fact::ConversationReopened { .. } => "reopened".into(),
            Fact::IdleWarned { .. } => "warned".into(),
            Fact::AgentStateChanged { state, reason, pending, media_off, .. } => {
                let mut parts: Vec<String> = vec![];
                parts.extend(Some(reason.clone()).filter(|reason| !reason.is_empty()));
                parts.extend(pending.map(|pending| format!("then {}", word(&pending))));
                parts.extend(media_off.iter().map(|medium| format!("{} off", word(medium))));
                if parts.is_empty() { word(state) } else { format!("{}({})", word(state), parts.join(",")) }
            }
            other => other.kind().into(),
        };
        Some(format!("{who}:{what}"))
    }
}

mod erased {
    /// The word that stands for a value outside.
    pub trait Word {
        fn word(&self) -> String;
    }

    impl<T: serde::Serialize> Word for T {
        fn word(&self) -> String {
            let value = serde_json::to_value(self).expect("JSON");
            value.as_str().unwrap_or_default().to_owned()
        }
    }
}

fn actor(name: &str) -> Actor {
    if PEOPLE.contains(&name) {
        Actor::User { id: person(name) }
    } else {
        Actor::Visitor { id: visitor(name) }
    }
}

fn person(name: &str) -> UserId {
    PEOPLE.iter().position(|it| *it == name).map(|index| UserId(100 + index as i64)).unwrap_or_default()
}

fn name_of(id: UserId) -> String {
    PEOPLE[(id.0 - 100) as usize].into()
}

fn visitor(name: &str) -> VisitorId {
    VisitorId(name.trim_start_matches(char::is_alphabetic).parse().unwrap_or_default())
}

fn queue_named(name: &str) -> QueueId {
    if name == "sales" { SALES } else { CARE }
}

fn queue_name(id: QueueId) -> &'static str {
    if id == SALES { "sales" } else { "care" }
}

/// li and chen serve sales, wang and zhao care; boss may do what supervisors do.
fn directory() -> Directory {
    let mut directory = Directory::default();
    let mut put = |id: i64, record: Record| directory.apply(record.kind(), RecordId(id), Some(&record));
    let grants =
        |actions: &[Action], scope| actions.iter().map(|action| Grant { action: *action, scope }).collect();
    let own = [Action::ConversationServe, Action::ConversationTransfer, Action::ConversationDecline];
    let all = [Action::ConversationRead, Action::ConversationTakeOver, Action::ConversationReassign];
    let role = |name: &str, grants| Role { name: Text::new(name, name), grants, ..Role::default() };
    put(1, Record::Role(role("agent", grants(&own, Scope::Own))));
    put(2, Record::Role(role("supervisor", grants(&all, Scope::Site))));
    put(3, Record::Line(Line { zone: "Asia/Shanghai".into(), ..Line::default() }));
    for (index, name) in PEOPLE.iter().enumerate() {
        let user = User {
            login: (*name).into(),
            name: (*name).into(),
            roles: vec![RoleId(if *name == "boss" { 2 } else { 1 })],
            limits: [(Medium::Chat, 2)].into(),
            ..User::default()
        };
        put(100 + index as i64, Record::User(user));
    }
    let queue = |users: Vec<UserId>| Queue { line: LineId(3), users, wrap_up_s: 30, ..Queue::default() };
    let sales = Queue { last_agent_wait_s: 30, ..queue(vec![person("li"), person("chen")]) };
    put(SALES.0, Record::Queue(sales));
    let flow = Overflow { when: OverflowWhen::WaitedS(120), to: OverflowTo::Queue(SALES) };
    let care =
        Queue { auto_accept: false, overflow: vec![flow], ..queue(vec![person("wang"), person("zhao")]) };
    put(CARE.0, Record::Queue(care));
    directory
}
