//! One connection's two directions, whichever way it came.

use crate::hub::Out;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use bytes::Bytes;
use futures_util::SinkExt;
use std::time::Duration;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use yingda_wire::frame::ServerFrame;

/// Each frame of a visitor takes a turn of this length: 200 a second for long. Whoever sends faster is read slower,
/// and loses nothing.
const TURN: Duration = Duration::from_millis(5);
/// So many turns may be taken in advance.
const BURST: u32 = 300;

/// Whoever does not take what is sent within this time is gone.
const WRITE_DEADLINE: Duration = Duration::from_secs(15);

pub struct Line {
    way: Way,
    turn: Duration,
    /// When the turns of all frames so far are over.
    turns_end: Instant,
}

pub enum Way {
    Socket(Box<WebSocket>),
    /// Server-sent events and POST.
    Stream {
        heard: mpsc::Receiver<String>,
        say: mpsc::Sender<Bytes>,
    },
}

pub enum Heard {
    Text(Utf8Bytes),
    /// Something that is no text.
    Other,
}

impl Line {
    pub fn new(way: Way) -> Self {
        Self { way, turn: TURN, turns_end: Instant::now() }
    }

    /// The other end is one of us, and read as fast as it writes.
    pub fn trust(&mut self) {
        self.turn = Duration::ZERO;
    }

    /// The next frame; `None` when the other end is gone or broke the protocol.
    pub async fn hear(&mut self) -> Option<Heard> {
        loop {
            let now = Instant::now();
            if self.turns_end > now + BURST * TURN {
                sleep_until(self.turns_end - BURST * TURN).await;
            }
            let heard = self.way.hear().await?;
            self.turns_end = self.turns_end.max(now) + self.turn;
            if let Some(heard) = heard {
                return Some(heard);
            }
        }
    }

    /// Sends all, with one flush. False when the other end does not take it.
    pub async fn send(&mut self, frames: &mut Vec<Out>) -> bool {
        let work = async {
            for out in frames.drain(..) {
                match &mut self.way {
                    Way::Socket(socket) => {
                        // Frames are JSON made by us, so they are UTF-8.
                        let text = Utf8Bytes::try_from(out.bytes).ok()?;
                        socket.feed(Message::Text(text)).await.ok()?;
                    }
                    Way::Stream { say, .. } => say.send(out.bytes).await.ok()?,
                }
            }
            if let Way::Socket(socket) = &mut self.way {
                socket.flush().await.ok()?;
            }
            Some(())
        };
        matches!(tokio::time::timeout(WRITE_DEADLINE, work).await, Ok(Some(())))
    }

    /// Sends one frame, and does not mind when nobody takes it.
    pub async fn say(&mut self, frame: &ServerFrame) {
        self.send(&mut vec![Out::of(frame)]).await;
    }

    pub async fn close(self) {
        if let Way::Socket(mut socket) = self.way {
            // The other end may be gone already.
            let _ = tokio::time::timeout(WRITE_DEADLINE, socket.send(Message::Close(None))).await;
        }
    }
}

impl Way {
    /// One message; nothing inside when the library has answered it.
    async fn hear(&mut self) -> Option<Option<Heard>> {
        match self {
            Way::Stream { heard, .. } => Some(Some(Heard::Text(heard.recv().await?.into()))),
            Way::Socket(socket) => match socket.recv().await?.ok()? {
                Message::Text(text) => Some(Some(Heard::Text(text))),
                Message::Binary(_) => Some(Some(Heard::Other)),
                Message::Close(_) => None,
                Message::Ping(_) | Message::Pong(_) => Some(None),
            },
        }
    }
}
