//! A visitor who writes through everything that breaks: sends again what was not answered, under the same number.

use crate::{
    Result, clock,
    people::{self, Visitor},
    socket::{self, Seen, loopback},
};
use std::{
    collections::BTreeSet,
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::sync::watch;
use yingda_core::id::WidgetId;

pub struct Writer {
    pub visitor: Visitor,
    pub acked: Vec<u32>,
    /// How many acknowledgements there were, for whoever waits for more.
    progress: watch::Sender<usize>,
    /// The longest span without an acknowledgement while one was due.
    pub silence: Duration,
    /// Where the service may be reached; the next one is tried when one fails.
    doors: Vec<SocketAddr>,
    door: usize,
    widget: WidgetId,
    /// The last number given out.
    n: u32,
    open: BTreeSet<u32>,
    /// Everything up to this position has been seen.
    after: u64,
    answered_at: Instant,
    /// What was refused for the moment is sent again then.
    again_at: Option<Instant>,
}

const WINDOW: usize = 4;
const AGAIN: Duration = Duration::from_millis(100);
/// Whoever hears nothing for so long tries another door.
const DEAF: Duration = Duration::from_millis(1_500);
/// Between messages of one visitor.
const PAUSE: Duration = Duration::from_millis(5);

impl Writer {
    /// The visitor came through the first door.
    pub fn new(visitor: Visitor, doors: Vec<SocketAddr>, widget: WidgetId) -> Self {
        Self {
            visitor,
            acked: vec![],
            progress: watch::channel(0).0,
            silence: Duration::ZERO,
            doors,
            door: 0,
            widget,
            n: 0,
            open: BTreeSet::new(),
            after: 0,
            answered_at: clock::now(),
            again_at: None,
        }
    }

    pub fn progress(&self) -> watch::Receiver<usize> {
        self.progress.subscribe()
    }

    /// Until told to stop and everything is answered.
    pub async fn write(mut self, zero: Instant, stopped: watch::Receiver<bool>) -> Result<Writer> {
        self.answered_at = clock::now();
        while !(*stopped.borrow() && self.open.is_empty()) {
            // Any error here is the line that broke; what matters is what the next line brings.
            if self.exchange(zero, &stopped).await.is_err() {
                self.come_back(zero).await;
            }
        }
        Ok(self)
    }

    /// Sends what the window allows, and reads one frame.
    async fn exchange(&mut self, zero: Instant, stopped: &watch::Receiver<bool>) -> Result<()> {
        while self.open.len() < WINDOW && !*stopped.borrow() && self.again_at.is_none() {
            self.n += 1;
            self.open.insert(self.n);
            self.send(self.n, zero).await?;
            tokio::time::sleep(PAUSE).await;
        }
        let again_at = self.again_at.unwrap_or_else(|| clock::now() + DEAF);
        match tokio::time::timeout_at(again_at.into(), socket::next(&mut self.visitor.socket)).await {
            Ok(text) => self.take_in(&Seen::of(&text?)?),
            Err(_) if self.again_at.take().is_some() => {
                for n in self.open.clone() {
                    self.send(n, zero).await?;
                }
            }
            Err(_) => return Err("nothing was heard".into()),
        }
        Ok(())
    }

    async fn send(&mut self, n: u32, zero: Instant) -> Result<()> {
        use futures_util::SinkExt;
        let base = self.open.first().copied().unwrap_or(n);
        let post = self.visitor.post(n, base, zero)?;
        Ok(self.visitor.socket.send(post).await?)
    }

    fn take_in(&mut self, seen: &Seen<'_>) {
        self.after = self.after.max(if seen.t == "event" { seen.seq } else { 0 });
        if seen.t == "refused" && self.open.contains(&seen.n) {
            self.again_at.get_or_insert_with(|| clock::now() + AGAIN);
        }
        let own = seen.t == "done" || seen.is_message();
        if let Some(n) = seen.answers(self.visitor.tab).filter(|_| own)
            && self.open.remove(&n)
        {
            self.acked.push(n);
            self.progress.send_replace(self.acked.len());
            let now = clock::now();
            self.silence = self.silence.max(now - self.answered_at);
            self.answered_at = now;
        }
    }

    /// Connects again until it works, takes in what was missed, and repeats what is unanswered.
    async fn come_back(&mut self, zero: Instant) {
        loop {
            self.door += 1;
            let resumed = tokio::time::timeout(DEAF, self.resume(zero)).await;
            if matches!(resumed, Ok(Ok(()))) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn resume(&mut self, zero: Instant) -> Result<()> {
        let address = self.doors[self.door % self.doors.len()];
        let mut line = socket::open(address, loopback(self.visitor.number), "").await?;
        let token = Some(self.visitor.token.clone());
        let hello = people::hello(self.widget, self.visitor.tab, token, Some(self.after));
        socket::send(&mut line, &hello).await?;
        let welcome = loop {
            let text = socket::next(&mut line).await?;
            match Seen::of(&text)?.t.as_ref() {
                "welcome" => break text,
                "bad" | "refused" => return Err(format!("hello was answered {text}").into()),
                _ => {}
            }
        };
        #[derive(serde::Deserialize)]
        struct Missed<'a> {
            #[serde(borrow)]
            events: Vec<Seen<'a>>,
        }
        for mut seen in serde_json::from_str::<Missed<'_>>(&welcome)?.events {
            seen.t = "event".into();
            self.take_in(&seen);
        }
        self.visitor.socket = line;
        self.again_at = None;
        for n in self.open.clone() {
            self.send(n, zero).await?;
        }
        Ok(())
    }
}
