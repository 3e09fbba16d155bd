//! One connection's two directions, whichever way it came.

use crate::hub::Out;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use bytes::Bytes;
use futures_util::SinkExt;
use std::time::Duration;
use tokio::sync::mpsc;
use yingda_wire::frame::ServerFrame;

/// Whoever does not take what is sent within this time is gone.
const WRITE_DEADLINE: Duration = Duration::from_secs(15);

pub enum Line {
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
    /// The next frame; `None` when the other end is gone or broke the protocol.
    pub async fn hear(&mut self) -> Option<Heard> {
        match self {
            Line::Stream { heard, .. } => Some(Heard::Text(heard.recv().await?.into())),
            Line::Socket(socket) => loop {
                match socket.recv().await?.ok()? {
                    Message::Text(text) => return Some(Heard::Text(text)),
                    Message::Binary(_) => return Some(Heard::Other),
                    Message::Close(_) => return None,
                    // Answered by the library.
                    Message::Ping(_) | Message::Pong(_) => {}
                }
            },
        }
    }

    /// Sends all, with one flush. False when the other end does not take it.
    pub async fn send(&mut self, frames: &mut Vec<Out>) -> bool {
        let work = async {
            for out in frames.drain(..) {
                match self {
                    Line::Socket(socket) => {
                        // Frames are JSON made by us, so they are UTF-8.
                        let text = Utf8Bytes::try_from(out.bytes).ok()?;
                        socket.feed(Message::Text(text)).await.ok()?;
                    }
                    Line::Stream { say, .. } => say.send(out.bytes).await.ok()?,
                }
            }
            if let Line::Socket(socket) = self {
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
        if let Line::Socket(mut socket) = self {
            // The other end may be gone already.
            let _ = tokio::time::timeout(WRITE_DEADLINE, socket.send(Message::Close(None))).await;
        }
    }
}
