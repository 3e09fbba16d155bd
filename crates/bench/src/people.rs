//! Visitors who write and agents who listen, as their browsers would.

use crate::{
    Result,
    api::{Agent, World},
    clock,
    socket::{self, Seen, Socket, loopback},
    spread::micros,
};
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};
use tokio::{sync::watch, time::sleep_until};
use tokio_tungstenite::tungstenite::Message;
use yingda_core::{
    agent::AgentState,
    command::{Act, AgentAct},
    conversation::{Content, Source},
    event::Author,
    id::{ConversationId, Tab, WidgetId},
};
use yingda_wire::frame::{AgentFrame, ClientFrame, ConsoleHello, DoFrame, Hello, LEVEL, StartFrame};

/// Pads a message to the length of a usual sentence.
const SENTENCE: &str = "您好，请问这件衣服的蓝色大号什么时候有货，可以今天发出吗？";

/// A visitor with a conversation.
#[derive(Debug)]
pub struct Visitor {
    pub socket: Socket,
    pub tab: Tab,
    pub number: usize,
    pub token: String,
    pub conversation: ConversationId,
}

#[derive(Deserialize)]
struct Welcomed {
    token: String,
}

pub fn hello(widget: WidgetId, tab: Tab, token: Option<String>, after: Option<u64>) -> ClientFrame {
    let source = Source { page: "http://shop.example/dress".into(), ..Source::default() };
    ClientFrame::Hello(Hello {
        widget,
        token,
        tab,
        lang: None,
        identity: None,
        source,
        consent: false,
        after,
        level: LEVEL,
    })
}

/// The tab of the visitor with this number.
pub fn tab_of(number: usize) -> Tab {
    Tab(number as u32 + 1)
}

impl Visitor {
    /// Opens the widget and begins a conversation.
    pub async fn come(address: SocketAddr, widget: WidgetId, number: usize) -> Result<Visitor> {
        let tab = tab_of(number);
        let mut socket = socket::open(address, loopback(number), "").await?;
        socket::send(&mut socket, &hello(widget, tab, None, None)).await?;
        let token = loop {
            let text = socket::next(&mut socket).await?;
            let seen = Seen::of(&text)?;
            match seen.t.as_ref() {
                "welcome" => break serde_json::from_str::<Welcomed>(&text)?.token,
                "refused" | "bad" => return Err(format!("hello was answered {text}").into()),
                _ => {}
            }
        };
        let content = Some(Content::Text { text: SENTENCE.into() });
        let start = StartFrame { n: 1, base: 1, topic: None, fields: Default::default(), content };
        socket::send(&mut socket, &ClientFrame::Start(start)).await?;
        let conversation = socket::wait(&mut socket, |seen| {
            (seen.kind == "conversation_started").then(|| seen.conversation()).flatten()
        })
        .await?;
        Ok(Visitor { socket, tab, number, token, conversation })
    }

    /// Waits until an agent has the conversation.
    pub async fn be_served(&mut self) -> Result<()> {
        socket::wait(&mut self.socket, |seen| (seen.kind == "assigned").then_some(())).await
    }

    pub fn post(&self, n: u32, base: u32, since: Instant) -> Result<Message> {
        let text = format!("{} {n} {} {SENTENCE}", self.number, micros(clock::now() - since));
        let act = Act::Post { content: Content::Text { text }, author: Author::Person };
        socket::frame(&ClientFrame::Do(DoFrame { conversation: self.conversation, n, base, act }))
    }
}

/// A few at a time, as no site's visitors come all in one moment.
const TOGETHER: usize = 20;

pub async fn all_come(world: &World, address: SocketAddr, count: usize) -> Result<Vec<Visitor>> {
    let mut visitors = Vec::with_capacity(count);
    for from in (0..count).step_by(TOGETHER) {
        let some = (from..count.min(from + TOGETHER)).map(|number| async move {
            let mut visitor = Visitor::come(address, world.widget, number).await?;
            visitor.be_served().await?;
            Result::<Visitor>::Ok(visitor)
        });
        visitors.extend(futures_util::future::try_join_all(some).await?);
    }
    Ok(visitors)
}

/// How visitors write.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// So many unacknowledged messages at most; the next one follows at once.
    Window(u32),
    /// One message in this span, whatever the answers do.
    Every(Duration),
}

/// When a measurement begins and ends.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// What times in messages count from.
    pub zero: Instant,
    /// When visitors begin to write.
    pub begin: Instant,
    /// Before this, nothing counts: caches fill.
    pub warm: Instant,
    pub end: Instant,
}

/// What a visitor said.
#[derive(Debug)]
pub struct Said {
    pub number: usize,
    pub tab: Tab,
    pub conversation: ConversationId,
    /// Numbers that were acknowledged.
    pub acked: Vec<u32>,
    /// Acknowledged between warm-up and end.
    pub acked_in_time: u64,
    pub rejected: u64,
    pub first_refusal: Option<String>,
}

/// Writes at a pace until the end, then waits for the last acknowledgements. Gives the visitor back, still there.
pub async fn talk(
    mut visitor: Visitor,
    pace: Pace,
    times: Times,
    offset: Duration,
) -> Result<(Said, Visitor)> {
    let mut said = Said {
        number: visitor.number,
        tab: visitor.tab,
        conversation: visitor.conversation,
        acked: vec![],
        acked_in_time: 0,
        rejected: 0,
        first_refusal: None,
    };
    let give_up = sleep_until((times.end + Duration::from_secs(10)).into());
    tokio::pin!(give_up);
    let mut next_at = times.begin + offset;
    let (mut n, mut waiting) = (0_u32, 0_u32);
    loop {
        let now = clock::now();
        let sending = now < times.end;
        let mut due = match pace {
            Pace::Window(window) if sending => window - waiting.min(window),
            Pace::Every(_) if sending && now >= next_at => 1,
            _ => 0,
        };
        if let Pace::Every(every) = pace
            && due > 0
        {
            next_at += every;
        }
        if due > 0 {
            while due > 0 {
                n += 1;
                let post = visitor.post(n, n - waiting, times.zero)?;
                visitor.socket.feed(post).await?;
                (waiting, due) = (waiting + 1, due - 1);
            }
            visitor.socket.flush().await?;
            continue;
        }
        if !sending && waiting == 0 {
            break;
        }
        let paced = matches!(pace, Pace::Every(_)) && sending;
        let text = tokio::select! {
            text = socket::next(&mut visitor.socket) => text?,
            () = sleep_until(next_at.min(times.end).into()), if paced => continue,
            () = &mut give_up => break,
        };
        let seen = Seen::of(&text)?;
        if let Some(answered) = seen.answers(visitor.tab).filter(|_| seen.t == "done" || seen.is_message()) {
            said.acked.push(answered);
            waiting = waiting.saturating_sub(1);
            let now = clock::now();
            said.acked_in_time += u64::from(now >= times.warm && now < times.end);
        } else if seen.t == "refused" {
            said.rejected += 1;
            waiting = waiting.saturating_sub(1);
            said.first_refusal.get_or_insert_with(|| text.to_string());
        } else if seen.t == "bad" {
            return Err(format!("a message was answered {text}").into());
        }
    }
    Ok((said, visitor))
}

/// A message as it came to an agent's socket.
#[derive(Clone, Copy, Debug)]
pub struct Heard {
    pub visitor: u32,
    pub n: u32,
    /// Microseconds from zero to the visitor's sending.
    pub sent: u32,
    /// Microseconds from there to here.
    pub took: u32,
}

/// Signs on as ready.
pub async fn be_ready(address: SocketAddr, agent: &Agent, number: usize) -> Result<Socket> {
    let mut socket = socket::open(address, loopback(60_000 + number), &agent.cookie).await?;
    let tab = Tab(1_000_000 + number as u32);
    socket::send(&mut socket, &ClientFrame::Console(ConsoleHello { tab, after: None, level: LEVEL })).await?;
    socket::wait(&mut socket, |seen| (seen.t == "desk").then_some(())).await?;
    let act = AgentAct::SetState { state: AgentState::Ready, reason: String::new() };
    socket::send(&mut socket, &ClientFrame::Agent(AgentFrame { agent: agent.id, n: 1, act })).await?;
    let is_done = |seen: &Seen<'_>| seen.t == "done" || seen.kind == "agent_state_changed";
    socket::wait(&mut socket, |seen| is_done(seen).then_some(())).await?;
    Ok(socket)
}

/// Reads until told to stop: a socket that is not read is one that the server rightly drops.
pub async fn listen(
    mut socket: Socket,
    zero: Instant,
    heard_in_all: &AtomicU64,
    mut stop: watch::Receiver<bool>,
) -> Result<Vec<Heard>> {
    let mut heard = vec![];
    let mut beat = tokio::time::interval(Duration::from_secs(10));
    loop {
        let text = tokio::select! {
            next = socket.next() => match next.ok_or("an agent's socket ended")?? {
                Message::Text(text) => text,
                Message::Close(why) => return Err(format!("the server closed an agent's socket: {why:?}").into()),
                _ => continue,
            },
            _ = beat.tick() => {
                socket::send(&mut socket, &ClientFrame::Ping { id: 0 }).await?;
                continue;
            }
            _ = stop.changed() => return Ok(heard),
        };
        let seen = Seen::of(&text)?;
        let Some((visitor, n, sent)) = spoken(&seen) else { continue };
        let took = micros(clock::now() - zero).saturating_sub(sent);
        heard.push(Heard { visitor, n, sent, took });
        heard_in_all.fetch_add(1, Ordering::Relaxed);
    }
}

/// Visitor, number and time of sending, as `Visitor::post` wrote them.
fn spoken(seen: &Seen<'_>) -> Option<(u32, u32, u32)> {
    if !seen.is_message() {
        return None;
    }
    let mut words = seen.text.split(' ').map(str::parse);
    Some((words.next()?.ok()?, words.next()?.ok()?, words.next()?.ok()?))
}
