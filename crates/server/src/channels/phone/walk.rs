//! A caller in a flow: what the walker wants is ordered of the line, and what comes from the line is told to the walker.

use super::{Word, carry::Carry};
use crate::{
    app::App,
    flows::{self, World},
    http::conversations::ConversationNow,
    leads,
    site::question::Question,
    speech, tasks,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use yingda_core::{
    At,
    actor::Actor,
    command::{Act, Command, Envelope, Start},
    config::{Channel, Flow, FlowPrompt, LiveFlow, Setup},
    directory::Directory,
    engine::{Engine, Refused},
    flow::{self, End, Input, LANG, News, Spoken, Walk},
    id::*,
    lang::Lang,
    refusal::Refusal,
};
use yingda_store::conversation;
use yingda_voice::{Order, Sound};

/// Says that one may speak now.
const BEEP_HZ: f32 = 1_000.0;
const BEEP_MS: u32 = 250;
/// Who says nothing for so short leaves no word.
const SHORTEST_MS: u64 = 2_000;

/// The version that was live when the call came stays its own.
pub(super) struct Walking {
    id: FlowId,
    flow: Arc<Flow>,
    walk: Walk,
    zone: String,
}

/// Who waits is told their place now and then.
pub(super) struct Announce {
    every_s: u16,
    lang: Lang,
}

impl Walking {
    /// The flow of a number, where it has one that was published, and its words can be heard.
    pub fn of(app: &App, directory: &Directory, channel: &Channel) -> Option<Self> {
        let Setup::Phone(setup) = &channel.setup else { return None };
        let id = setup.flow?;
        let flow = directory.flows.get(&id).filter(|it| it.live.is_some())?.clone();
        let steps = flow.live.iter().flat_map(|live| live.graph.nodes.values());
        if !app.speech.is_there() && steps.filter_map(|node| node.step.prompt()).any(FlowPrompt::is_read) {
            tracing::warn!(flow = %id, "calls pass by their flow: nothing on this server reads its words aloud");
            return None;
        }
        let line = directory.queues.get(&channel.queue).map(|queue| queue.line).unwrap_or_default();
        Some(Self { id, flow, walk: Walk::default(), zone: directory.zone(line).to_owned() })
    }

    fn live(&self) -> Option<&LiveFlow> {
        self.flow.live.as_ref()
    }

    /// What is known of the caller before the first word.
    pub fn know(&mut self, from: &str, to: &str, start: &Start) {
        let yes = |is: bool| if is { "yes".to_owned() } else { String::new() };
        self.walk = Walk::new(BTreeMap::from([
            ("caller".to_owned(), from.to_owned()),
            ("dialled".to_owned(), to.to_owned()),
            ("customer".to_owned(), yes(start.customer.is_some())),
            ("vip".to_owned(), yes(start.vip)),
            (LANG.to_owned(), start.lang.of("zh", "en").to_owned()),
        ]));
    }

    /// The caller went.
    pub fn gone(&self) -> News {
        self.walk.left(End::Gone)
    }
}

/// Whether the conversation left its flow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Left {
    Done,
    /// Somebody took it out meanwhile, and is told of by an event.
    Already,
    Refused,
}

impl Carry {
    pub(super) async fn news(&self, actor: Actor, news: News) -> Result<(), Refused> {
        let command = Command::Conversation(self.conversation, Act::Walked { news });
        self.app.site.send(Envelope { actor, origin: None, command }).await.map(drop)
    }

    /// Whether a flow has the caller from here on.
    pub(super) async fn enter_flow(&mut self) -> bool {
        let Some((flow, version)) = self.walking.as_ref().and_then(|it| Some((it.id, it.live()?.version)))
        else {
            return false;
        };
        match self.news(Actor::System, News::Entered { flow, version }).await {
            Ok(()) => {
                self.walk(Input::Started).await;
                true
            }
            // They talk already, with another telephone of the same number.
            Err(refused) if refused.refusal == Refusal::WrongPhase => {
                self.walking = None;
                false
            }
            Err(refused) => {
                tracing::warn!(call = %self.call, refusal = ?refused.refusal, "a call could not enter its flow");
                self.walking = None;
                self.order(Order::HangUp);
                true
            }
        }
    }

    async fn left(&self, news: News) -> Left {
        match self.news(Actor::System, news).await {
            Ok(()) => Left::Done,
            Err(refused) if refused.refusal == Refusal::WrongPhase => Left::Already,
            Err(_) => Left::Refused,
        }
    }

    pub(super) async fn walk(&mut self, mut input: Input) {
        let Some(mut walking) = self.walking.take() else { return };
        self.turn += 1;
        self.saying = false;
        // Whatever comes ends what was being kept.
        if self.mails > 0 {
            self.order(Order::Kept);
        }
        let app = self.app.clone();
        let flow = walking.flow.clone();
        let Some(live) = &flow.live else { return };
        let world = World { app: &app, zone: walking.zone.clone(), has_orders: true, has_tickets: true };
        loop {
            let turn = flows::go(&world, &live.graph, walking.walk, input).await;
            walking.walk = turn.walk;
            for told in turn.collected {
                if let Err(refused) = self.news(Actor::System, News::Collected(told)).await {
                    tracing::debug!(call = %self.call, refusal = ?refused.refusal, "a flow went on without its conversation");
                }
            }
            input = match turn.act {
                flow::Act::Say { said } | flow::Act::Ask { said } => match self.say(&said).await {
                    true => break,
                    false => Input::Said,
                },
                flow::Act::Listen { wait_s } => {
                    self.wake_in(wait_s);
                    break;
                }
                flow::Act::Record { most_s } => {
                    self.segments += 1;
                    self.order(Order::Keep(self.kept_at()));
                    self.order(Order::Play(Sound::tone(BEEP_HZ, BEEP_MS)));
                    self.recording += 1;
                    self.mails += 1;
                    self.wake_in(most_s);
                    break;
                }
                flow::Act::Queue { queue, every_s } => {
                    let lang = walking.walk.lang();
                    let mut left = self.left(walking.walk.left(End::Queue(queue))).await;
                    if left == Left::Refused {
                        // The queue is gone: they wait in the number's own.
                        let own = app.directory().channels.get(&self.channel).map(|it| it.queue);
                        left = self.left(walking.walk.left(End::Queue(own.unwrap_or_default()))).await;
                    }
                    match left {
                        Left::Done => self.order(Order::Music),
                        Left::Already => return,
                        Left::Refused => return self.order(Order::HangUp),
                    }
                    if every_s > 0 {
                        self.announce = Some(Announce { every_s, lang });
                        self.wake_in(every_s);
                    }
                    return;
                }
                flow::Act::Transfer { agent } => {
                    match self.left(walking.walk.left(End::Agent(agent))).await {
                        Left::Done => return self.order(Order::Music),
                        Left::Already => return,
                        Left::Refused => Input::Away,
                    }
                }
                // Of what is left nothing needs the line any more.
                flow::Act::HangUp | flow::Act::Hours { .. } | flow::Act::Query { .. } => {
                    if self.left(walking.walk.left(End::HungUp)).await == Left::Refused {
                        self.order(Order::HangUp);
                    }
                    return;
                }
            };
        }
        self.walking = Some(walking);
    }

    /// What a caller left becomes a lead, so that somebody calls back.
    pub(super) async fn left_words(&self, ms: u64) {
        if ms < SHORTEST_MS {
            return;
        }
        let now = self.app.site.ask(ConversationNow::of(self.conversation)).await.ok().flatten();
        let found = match now {
            Some(found) => Some(found),
            None => conversation::get(&self.app.db, self.conversation).await.ok().flatten(),
        };
        let Some(of) = found else { return };
        if let Err(refused) = leads::left_by_voice(&self.app, &of, &self.from, ms / 1_000).await {
            tracing::error!(call = %self.call, refusal = ?refused.refusal, "a voicemail stands in its conversation only");
        }
    }

    /// False when there is nothing to be heard.
    async fn say(&mut self, said: &Spoken) -> bool {
        match speech::sound(&self.app, said).await {
            Ok(sound) => {
                self.order(Order::Play(sound));
                self.saying = true;
                true
            }
            Err(error) => {
                tracing::warn!(call = %self.call, error, "a prompt could not be said");
                false
            }
        }
    }

    /// What was to be heard is over.
    pub(super) async fn played(&mut self) {
        if !std::mem::take(&mut self.saying) {
            return;
        }
        if self.walking.is_some() {
            self.walk(Input::Said).await;
        } else if self.agent.is_none() {
            self.order(Order::Music);
        }
    }

    /// Of several, only the last one counts.
    pub(super) fn wake_in(&mut self, seconds: u16) {
        self.turn += 1;
        let (turn, own) = (self.turn, self.own.clone());
        let span = Duration::from_secs(seconds.into());
        tasks::go_on("call timer", async move {
            tokio::time::sleep(span).await;
            let _ = own.send(Word::Time(turn));
        });
    }

    pub(super) async fn time(&mut self, turn: u64) {
        if turn != self.turn {
            return;
        }
        if self.walking.is_some() {
            return self.walk(Input::TimedOut).await;
        }
        let Some(Announce { every_s, lang }) = self.announce else { return };
        if self.agent.is_some() || self.closed {
            return;
        }
        if let Ok(Some((position, wait_s))) = self.app.site.ask(PlaceOf { id: self.conversation }).await {
            let said = Spoken { text: place(position, wait_s, lang), lang, ..Spoken::default() };
            self.say(&said).await;
        }
        self.wake_in(every_s);
    }

    /// Who is given back waits on, and is told so.
    pub(super) fn announce_again(&mut self) {
        if let Some(Announce { every_s, .. }) = self.announce {
            self.wake_in(every_s);
        }
    }
}

fn place(position: u32, wait_s: Option<u32>, lang: Lang) -> String {
    let spoken = |number: u32| {
        flow::say::words(flow::say::Form::Number, &number.to_string(), lang).join(lang.of("", " "))
    };
    let mut text = match (position, lang) {
        (0 | 1, Lang::Zh) => "您是下一位，请稍候。".to_owned(),
        (0 | 1, Lang::En) => "You are next. Please hold on.".to_owned(),
        (_, Lang::Zh) => format!("您前面还有{}位，请稍候。", spoken(position - 1)),
        (_, Lang::En) => format!("You are number {} in line. Please hold on.", spoken(position)),
    };
    if let Some(minutes) = wait_s.map(|it| it.div_ceil(60).max(1)) {
        text.push_str(&match lang {
            Lang::Zh => {
                format!("预计等待约{}分钟。", if minutes == 2 { "两".into() } else { spoken(minutes) })
            }
            Lang::En if minutes == 1 => " It will take about a minute.".to_owned(),
            Lang::En => format!(" It will take about {} minutes.", spoken(minutes)),
        });
    }
    text
}

/// Where in its queue a conversation waits, and for how many seconds more.
#[derive(Debug, Serialize, Deserialize)]
pub struct PlaceOf {
    id: ConversationId,
}

impl Question for PlaceOf {
    type Answer = Option<(u32, Option<u32>)>;

    fn answer(self, engine: &Engine, now: At) -> Self::Answer {
        engine.place(self.id, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sys_04_a_place_in_the_queue_is_told_in_words() {
        assert_eq!(place(1, None, Lang::Zh), "您是下一位，请稍候。");
        assert_eq!(place(12, Some(61), Lang::Zh), "您前面还有十一位，请稍候。预计等待约两分钟。");
        assert_eq!(
            place(3, Some(10), Lang::En),
            "You are number three in line. Please hold on. It will take about a minute."
        );
    }
}
