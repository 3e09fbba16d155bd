//! A member of staff's connection.

use super::{
    Caller, SILENCE, bad,
    line::{Heard, Line},
    problem,
    visitor::{refusal, short},
};
use crate::{
    app::Shared,
    hub::{Frames, Out, SocketKey},
    problem::Code,
    site::question::Question,
    trace,
};
use serde::{Deserialize, Serialize};
use yingda_core::{
    At,
    access::{self, Action, Resource},
    actor::Actor,
    command::{Act, Command, Envelope, Sent},
    conversation::{Conversation, Phase},
    engine::Engine,
    event::Persona,
    id::*,
    lang::Lang,
    medium::Medium,
    refusal::Refusal,
};
use yingda_wire::frame::{ClientFrame, ConsoleHello, Desk, DoFrame, LEVEL, QueueNow, ServerFrame};

/// So many conversations come with the desk; the rest by HTTP.
const MOST: usize = 1_000;

pub async fn serve(app: Shared, mut line: Line, caller: Caller, hello: ConsoleHello) {
    let lang = caller.client.lang;
    let Some(signed_in) = caller.signed_in else {
        return line.say(&problem(Code::SignInFirst, lang)).await;
    };
    if app.settings().require_totp && !signed_in.state.has_second_factor() {
        return line.say(&problem(Code::TotpNeeded, lang)).await;
    }
    line.trust();
    let user = signed_in.user;
    let (key, queue, is_first) = app.hub.join_staff(user, signed_in.session, lang, &app.directory());
    if is_first {
        app.site.announce(app.hub.connected_users()).await;
    }
    let mut talk = Talk { app: app.clone(), key, user, session: signed_in.session, tab: hello.tab, lang };
    talk.run(line, queue).await;
    if app.hub.leave(key).is_some() {
        app.site.announce(app.hub.connected_users()).await;
    }
}

struct Talk {
    app: Shared,
    key: SocketKey,
    user: UserId,
    session: crate::sessions::SessionId,
    tab: Tab,
    lang: Lang,
}

impl Talk {
    async fn run(&mut self, mut line: Line, mut queue: Frames) {
        let Some((desk, seen)) = Box::pin(self.desk()).await else {
            return line.say(&problem(Code::Refused(Refusal::Unavailable), self.lang)).await;
        };
        let mut out = vec![desk];
        if self.may(Action::VisitorRead) {
            let visitors = self.app.hub.live_visitors();
            out.extend(visitors.chunks(50).enumerate().map(|(index, some)| {
                Out::of(&ServerFrame::Visitors { all: index == 0, visitors: some.to_vec(), gone: vec![] })
            }));
        }
        if !line.send(&mut out).await {
            return;
        }
        loop {
            let heard = tokio::select! {
                biased;
                count = queue.take(&mut out, 64) => {
                    // Events up to the desk's position were in it.
                    out.retain(|out| out.seq == 0 || out.seq > seen);
                    if count == 0 || !line.send(&mut out).await {
                        return line.close().await;
                    }
                    continue;
                }
                heard = tokio::time::timeout(SILENCE, line.hear()) => heard,
            };
            // A session that was ended elsewhere ends here at once.
            if self.app.sessions.touch(self.session, self.app.clock.now()).is_none() {
                let ended = ServerFrame::SignedOut { reason: "ended".into() };
                line.say(&ended).await;
                return line.close().await;
            }
            let reply = match heard {
                Ok(Some(Heard::Text(text))) => Box::pin(self.hear(&text)).await,
                Ok(Some(Heard::Other)) => Some(bad("Frames are text.")),
                Ok(None) | Err(_) => return,
            };
            if let Some(reply) = reply {
                line.say(&reply).await;
            }
        }
    }

    fn actor(&self) -> Actor {
        Actor::User { id: self.user }
    }

    fn may(&self, action: Action) -> bool {
        access::scope(&self.app.directory(), self.actor(), action).is_some()
    }

    async fn hear(&mut self, text: &str) -> Option<ServerFrame> {
        let frame = match serde_json::from_str(text) {
            Ok(frame) => frame,
            Err(error) => return Some(bad(&error.to_string())),
        };
        match frame {
            ClientFrame::Do(frame) => {
                let app = self.app.clone();
                trace::command(&app, "do", self.act(frame)).await
            }
            ClientFrame::Agent(frame) => {
                let work = async { self.post(Command::Agent(frame.agent, frame.act), None, frame.n, None) };
                trace::command(&self.app, "agent", work).await
            }
            ClientFrame::Typing(frame) => {
                self.app.hub.typing(self.actor(), frame.conversation, frame.on, String::new());
                None
            }
            ClientFrame::Watch { conversation, on } => {
                if !on || self.may_watch(conversation).await {
                    self.app.hub.watch(self.key, conversation, on);
                    return None;
                }
                Some(refusal(Refusal::NotFound, 0, Some(conversation), self.lang))
            }
            ClientFrame::InviteVisitor { visitor, text } => self.invite(visitor, &text).await,
            ClientFrame::Ping { id } => {
                Some(ServerFrame::Pong { id, seq: *self.app.site.position().borrow() })
            }
            _ => Some(bad("This frame is not for consoles.")),
        }
    }

    fn post(
        &self,
        command: Command,
        origin: Option<Sent>,
        n: u32,
        conversation: Option<ConversationId>,
    ) -> Option<ServerFrame> {
        let envelope = Envelope { actor: self.actor(), origin, command };
        let refused = self.app.site.post(envelope, self.key, n, conversation).err()?;
        Some(refusal(refused, n, conversation, self.lang))
    }

    async fn act(&mut self, frame: DoFrame) -> Option<ServerFrame> {
        let DoFrame { conversation, n, base, act } = frame;
        if let Act::Recall { message } = act
            && let Err(refused) = crate::recall::check(&self.app, self.actor(), conversation, message).await
        {
            return Some(refusal(refused, n, Some(conversation), self.lang));
        }
        let origin = Sent { tab: self.tab, n, base };
        self.post(Command::Conversation(conversation, act), Some(origin), n, Some(conversation))
    }

    /// One may watch what one may read: one's own, or with the right to look over shoulders.
    async fn may_watch(&self, id: ConversationId) -> bool {
        self.app.site.ask(MayWatch { actor: self.actor(), id }).await.unwrap_or(false)
    }

    /// Speaks first to someone who browses (SYS-74).
    async fn invite(&self, visitor: VisitorId, text: &str) -> Option<ServerFrame> {
        if !self.may(Action::VisitorInvite) {
            return Some(refusal(Refusal::Forbidden, 0, None, self.lang));
        }
        let persona = self.app.site.ask(PersonaOf { user: self.user }).await.ok();
        let frame = ServerFrame::Invite { invitation: None, variant: false, text: short(text, 500), persona };
        let there = self.app.hub.invite(self.user, visitor, &frame, self.app.clock.now());
        (!there).then(|| refusal(Refusal::NotFound, 0, None, self.lang))
    }

    async fn desk(&self) -> Option<(Out, u64)> {
        let user = self.user;
        let me = crate::http::session::me(&self.app, user).await.ok()?;
        let snapshot = self.app.site.ask(DeskOf { user }).await.ok()?;
        let seq = snapshot.seq;
        for conversation in &snapshot.conversations {
            let people = conversation.guests.iter().copied().chain(conversation.agent);
            self.app.hub.know(conversation.id, conversation.visitor, people);
        }
        let desk = Desk {
            me,
            level: LEVEL,
            seq,
            now_at: self.app.clock.now(),
            conversations: snapshot.conversations,
            agents: snapshot.agents,
            queues: snapshot.queues,
            media: vec![Medium::Chat],
        };
        Some((Out::of(&ServerFrame::Desk(Box::new(desk))), seq))
    }
}

/// Whether somebody may listen to a conversation.
#[derive(Debug, Serialize, Deserialize)]
pub struct MayWatch {
    actor: Actor,
    id: ConversationId,
}

impl Question for MayWatch {
    type Answer = bool;

    fn answer(self, engine: &Engine, _: At) -> bool {
        let Some(conversation) = engine.conversations.get(&self.id) else { return false };
        let mut holders: Vec<UserId> = conversation.guests.to_vec();
        holders.extend(conversation.agent);
        let on = Resource { holders: &holders, queue: conversation.queue };
        let may = |action| access::allows(&engine.directory, self.actor, action, on);
        may(Action::ConversationMonitor) || may(Action::ConversationRead)
    }
}

/// How a user appears to customers.
#[derive(Debug, Serialize, Deserialize)]
pub struct PersonaOf {
    user: UserId,
}

impl Question for PersonaOf {
    type Answer = Persona;

    fn answer(self, engine: &Engine, _: At) -> Persona {
        engine.persona(self.user)
    }
}

/// What a user's console shows, as of one position.
#[derive(Debug, Serialize, Deserialize)]
pub struct DeskOf {
    user: UserId,
}

#[derive(Serialize, Deserialize)]
pub struct Snapshot {
    seq: u64,
    conversations: Vec<Conversation>,
    agents: Vec<yingda_core::agent::Agent>,
    queues: Vec<QueueNow>,
}

impl Question for DeskOf {
    type Answer = Snapshot;

    fn answer(self, engine: &Engine, now: At) -> Snapshot {
        let user = self.user;
        let view = crate::hub::View::of(&engine.directory, user);
        let mut conversations: Vec<Conversation> = engine
            .conversations
            .values()
            .filter(|it| {
                it.agent == Some(user)
                    || it.guests.contains(&user)
                    || it.offer.is_some_and(|offer| offer.agent == user)
                    || (matches!(it.phase, Phase::Waiting | Phase::Offered)
                        && it.queue.is_some_and(|queue| view.sees_queue(queue)))
            })
            .map(|it| (**it).clone())
            .collect();
        conversations.sort_by_key(|it| (it.agent != Some(user), it.since_at, it.id));
        conversations.truncate(MOST);
        let agents = engine.agents.values().filter(|agent| view.sees_agent(agent.id)).cloned().collect();
        let queues = crate::queue_now::queues_now(engine, |queue| view.sees_queue(queue), now);
        Snapshot { seq: engine.seq(), conversations, agents, queues }
    }
}
