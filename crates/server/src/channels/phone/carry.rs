//! One call from its first ring to the last word about it.

use super::{
    Word, locked,
    walk::{Announce, Walking},
};
use crate::{
    app::Shared,
    channels::{attach, heard::Message, reach, say},
    http::conversations::ConversationNow,
};
use bytes::Bytes;
use std::path::PathBuf;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use yingda_core::{
    At,
    actor::Actor,
    agent::AgentState,
    call::{Miss, Party, Step},
    command::{Act, AgentAct, Command, Envelope, Sent},
    conversation::Content,
    engine::Refused,
    event::{Event, Fact},
    flow::Input,
    id::*,
    phone,
    refusal::Refusal,
};
use yingda_store::{Batch, ReadError, address, conversation, visitor::Visitor};
use yingda_voice::{self as voice, CallId, Heard, Order, Recording, Ring, Why};
use yingda_wire::http::CallWish;

/// So long an agent's phone rings after they took the call.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);
/// Commands of a call are counted from this tab: a visitor's own tabs are drawn at random.
const TAB: Tab = Tab(u32::MAX - 1);

pub(super) struct Carry {
    pub(super) app: Shared,
    pub(super) call: CallId,
    pub(super) channel: ChannelId,
    record: bool,
    pub(super) from: String,
    to: String,
    /// Once it has one.
    pub(super) conversation: ConversationId,
    visitor: VisitorId,
    /// Whose it is, by the conversation.
    pub(super) agent: Option<UserId>,
    talking_since: Option<At>,
    talked_ms: i64,
    pub(super) segments: u32,
    /// Recordings that are still to come.
    pub(super) recording: u32,
    /// Those of them that were left for a machine: they come first.
    pub(super) mails: u32,
    /// Who ended it, when that is known before the line is.
    ended_by: Option<Party>,
    pub(super) closed: bool,
    /// The way to this task.
    pub(super) own: UnboundedSender<Word>,
    /// While a flow has the caller.
    pub(super) walking: Option<Walking>,
    pub(super) announce: Option<Announce>,
    /// Something is to be heard to its end.
    pub(super) saying: bool,
    /// Counts what was waited for.
    pub(super) turn: u64,
}

impl Carry {
    pub fn new(
        app: Shared,
        call: CallId,
        channel: ChannelId,
        record: bool,
        from: String,
        to: String,
        own: UnboundedSender<Word>,
    ) -> Self {
        Self {
            app,
            call,
            channel,
            record,
            from,
            to,
            conversation: ConversationId(0),
            visitor: VisitorId(0),
            agent: None,
            talking_since: None,
            talked_ms: 0,
            segments: 0,
            recording: 0,
            mails: 0,
            ended_by: None,
            closed: false,
            own,
            walking: None,
            announce: None,
            saying: false,
            turn: 0,
        }
    }

    pub(super) fn order(&self, order: Order) {
        if let Some(phone) = self.app.phone.get() {
            phone.voice.order(self.call, order);
        }
    }

    pub async fn run(mut self, mut words: UnboundedReceiver<Word>) {
        self.order(Order::Ringing);
        if let Err(error) = self.begin().await {
            tracing::warn!(call = %self.call, refusal = ?error.refusal, "a call found no conversation");
            return self.order(Order::HangUp);
        }
        self.told(Step::Started { number: self.to.clone() }).await;
        self.order(Order::Answer);
        if !self.enter_flow().await {
            self.order(Order::Music);
        }
        // Who was free may have it already.
        if self.walking.is_none()
            && let Ok(Some(now)) = self.app.site.ask(ConversationNow::of(self.conversation)).await
            && let Some(agent) = now.agent
        {
            self.assigned(agent);
        }
        let mut line_is_up = true;
        while line_is_up || self.recording > 0 {
            let Some(word) = words.recv().await else { break };
            match word {
                Word::Heard(Heard::Ended { by, why, .. }) => {
                    line_is_up = false;
                    self.ended(by, why).await;
                }
                Word::Heard(heard) => self.heard(heard).await,
                Word::Event(event) => self.happened(&event),
                Word::Wish(wish) => self.wished(wish).await,
                Word::Time(turn) => self.time(turn).await,
                Word::Ready(user) => {
                    if self.agent == Some(user) && self.talking_since.is_none() {
                        self.ring(user);
                    }
                }
            }
        }
        if let Some(phone) = self.app.phone.get() {
            locked(&phone.lines).remove(&self.conversation);
        }
    }

    /// The caller's number is who they are: the same visitor, customer and history as the last time.
    async fn begin(&mut self) -> Result<(), Refused> {
        let app = self.app.clone();
        let away = |_: ReadError| Refused::from(Refusal::Unavailable);
        let directory = app.directory();
        let channel = directory.channels.get(&self.channel).ok_or(Refusal::NotFound)?;
        let term = phone::normal(&self.from);
        // A hidden number is a new stranger each time.
        let term = if term.is_empty() { format!("hidden-{}", self.call) } else { term };
        let now = app.clock.now();
        let fresh = Visitor {
            id: VisitorId(app.next_id()),
            name: self.from.clone(),
            first_seen_at: now,
            last_seen_at: now,
            ..Visitor::default()
        };
        reach::meet(&app.db, self.channel, &term, &self.from, &fresh).await.map_err(away)?;
        let address = address::get(&app.db, self.channel, &term).await.map_err(away)?;
        let address = address.ok_or(Refusal::Unavailable)?;
        let n = address.last_n + 1;
        let statements = vec![address::numbered(self.channel, &term, n, now)];
        let numbered = app.db.commit(Batch { statements, ..Batch::default() }).await;
        numbered.map_err(ReadError::from).map_err(away)?;
        let number = if self.from.is_empty() { String::new() } else { term };
        let message = Message { name: self.from.clone(), phone: number, ..Message::default() };
        let latest = conversation::of_visitor(&app.db, address.visitor, 1).await.map_err(away)?.pop();
        let mut start = say::begin(&app, &app.db, &address, channel, latest, message).await.map_err(away)?;
        self.walking = Walking::of(&app, &directory, channel);
        if let Some(walking) = &mut self.walking {
            walking.know(&self.from, &self.to, &start);
            start.in_flow = true;
        }
        let actor = Actor::Visitor { id: address.visitor };
        let origin = Some(Sent { tab: TAB, n, base: n });
        let done =
            app.site.send(Envelope { actor, origin, command: Command::Start(Box::new(start)) }).await?;
        self.visitor = address.visitor;
        self.conversation = done.conversation.ok_or(Refusal::Unavailable)?;
        if let Some(phone) = app.phone.get() {
            locked(&phone.lines).insert(self.conversation, self.own.clone());
        }
        Ok(())
    }

    /// Does something to the conversation; what is refused is too late, and nothing to worry about.
    async fn act(&self, actor: Actor, act: Act) {
        let command = Command::Conversation(self.conversation, act);
        if let Err(refused) = self.app.site.send(Envelope { actor, origin: None, command }).await {
            tracing::debug!(call = %self.call, refusal = ?refused.refusal, "a call's conversation went on without it");
        }
    }

    async fn told(&self, step: Step) {
        self.act(Actor::System, Act::Called { call: self.call.to_string(), step }).await;
    }

    /// The conversation went on.
    fn happened(&mut self, event: &Event) {
        match &event.fact {
            Fact::Assigned { agent, .. } => self.assigned(*agent),
            Fact::SegmentEnded { .. } => self.alone(),
            Fact::ConversationClosed { .. } => {
                self.closed = true;
                let by_agent = matches!(event.by, Actor::User { .. });
                self.ended_by.get_or_insert(if by_agent { Party::Agent } else { Party::House });
                self.order(Order::HangUp);
            }
            _ => {}
        }
    }

    fn assigned(&mut self, agent: UserId) {
        if self.agent != Some(agent) {
            // People have it: what the flow still wanted is of no more use.
            self.walking = None;
            self.saying = false;
            self.turn += 1;
            self.alone();
            self.agent = Some(agent);
            self.ring(agent);
        }
    }

    /// Nobody serves it: the caller waits.
    fn alone(&mut self) {
        if self.agent.take().is_some() {
            self.pause();
            self.order(Order::StopRinging);
            self.order(Order::Release);
            self.order(Order::Music);
            self.announce_again();
        }
    }

    fn pause(&mut self) {
        if let Some(since) = self.talking_since.take() {
            self.talked_ms += self.app.clock.now() - since;
        }
    }

    fn ring(&mut self, agent: UserId) {
        self.segments += 1;
        let path = self.kept_at();
        self.order(Order::Ring(Ring {
            name: agent.to_string(),
            caller: self.from.clone(),
            patience: PATIENCE,
            record: self.record.then_some(path),
            stay: true,
        }));
    }

    /// Where sound lies until it is whole.
    pub(super) fn kept_at(&self) -> PathBuf {
        self.app.config.data.join("recordings").join(format!("{}-{}.wav", self.call, self.segments))
    }

    async fn heard(&mut self, heard: Heard) {
        match heard {
            Heard::Answered { .. } => {
                let Some(agent) = self.agent else { return };
                self.talking_since = Some(self.app.clock.now());
                self.recording += u32::from(self.record);
                self.told(Step::Answered { agent }).await;
            }
            Heard::Refused { why, .. } => self.refused(why).await,
            Heard::Digit { party: voice::Party::Caller, digit, .. } if self.walking.is_some() => {
                self.walk(Input::Digit(digit)).await
            }
            // A key ends what is heard, and who waits hears on.
            Heard::Digit { party: voice::Party::Caller, .. } if self.talking_since.is_none() => {
                self.order(Order::Music)
            }
            Heard::Played { .. } => self.played().await,
            Heard::Held { on, .. } => self.told(Step::Held { on }).await,
            Heard::Left { .. } if self.agent.is_some() && self.talking_since.is_some() => {
                self.hung_up().await
            }
            Heard::Recorded { recording, .. } => {
                self.recording = self.recording.saturating_sub(1);
                let ms = recording.ms;
                self.keep(recording).await;
                if self.mails > 0 {
                    self.mails -= 1;
                    self.left_words(ms).await;
                }
            }
            _ => {}
        }
    }

    /// The agent hung up: the work on it begins.
    async fn hung_up(&mut self) {
        self.pause();
        self.ended_by = Some(Party::Agent);
        let by = self.agent.map_or(Actor::System, |id| Actor::User { id });
        self.act(by, Act::Close).await;
    }

    async fn wished(&mut self, wish: CallWish) {
        match wish {
            CallWish::Hold => self.order(Order::Hold),
            CallWish::Resume => self.order(Order::Resume),
            CallWish::Mute => self.order(Order::Mute(true)),
            CallWish::Unmute => self.order(Order::Mute(false)),
            CallWish::HangUp => self.hung_up().await,
            CallWish::Ring => {
                if let Some(agent) = self.agent.filter(|_| self.talking_since.is_none()) {
                    self.ring(agent);
                }
            }
        }
    }

    async fn refused(&mut self, why: Why) {
        let Some(agent) = self.agent else { return };
        let miss = match why {
            Why::Busy => Miss::Busy,
            Why::Declined | Why::Cancelled | Why::HungUp => Miss::Declined,
            Why::NoAnswer => Miss::NoAnswer,
            Why::Unreachable | Why::Silent | Why::NoCommonSound => Miss::NoPhone,
        };
        self.told(Step::Missed { agent, why: miss }).await;
        // Without a phone it waits with them until there is one; who does not answer gets no next call.
        if miss != Miss::NoPhone {
            let away = AgentAct::SetState { state: AgentState::NotReady, reason: String::new() };
            let command = Command::Agent(agent, away);
            let _ = self.app.site.send(Envelope { actor: Actor::System, origin: None, command }).await;
            self.act(Actor::System, Act::ReturnToQueue).await;
        }
    }

    /// The line is gone.
    async fn ended(&mut self, by: voice::Party, why: Why) {
        self.pause();
        let by = self.ended_by.unwrap_or(match (by, why) {
            (_, Why::Silent | Why::Unreachable | Why::NoCommonSound) => Party::Line,
            (voice::Party::Caller, _) => Party::Caller,
            (voice::Party::Second, _) => Party::Agent,
            (voice::Party::House, _) => Party::House,
        });
        self.told(Step::Ended { by, talk_ms: self.talked_ms }).await;
        if let Some(walking) = self.walking.take() {
            let gone = self.news(Actor::Visitor { id: self.visitor }, walking.gone()).await;
            self.closed = gone.is_ok();
        }
        if !self.closed {
            // Who still waited has given up.
            self.act(Actor::Visitor { id: self.visitor }, Act::Close).await;
        }
    }

    /// The recording becomes a file of the conversation.
    async fn keep(&self, recording: Recording) {
        let Recording { path, sha256, ms } = recording;
        let kept = async {
            let content = tokio::fs::read(&path).await.map_err(|error| error.to_string())?;
            let name = format!("{}.wav", self.call);
            attach::keep_message(&self.app, &name, Bytes::from(content)).await
        };
        match kept.await {
            Ok(Content::File { file, name, size, .. }) => {
                self.told(Step::Recorded { file, name, size, sha256, ms: ms as i64 }).await;
                let _ = tokio::fs::remove_file(&path).await;
            }
            Ok(_) => {}
            // It stays where it is, whole.
            Err(error) => tracing::error!(path = %path.display(), error, "a recording could not be kept"),
        }
    }
}
