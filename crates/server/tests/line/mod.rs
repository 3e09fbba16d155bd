//! Sockets as visitors and consoles hold them.

use crate::support::{Person, Server};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue},
};

/// Nothing in these tests takes that long; a test that hangs must fail.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Line {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Everything heard, in order.
    pub heard: Vec<Value>,
}

impl Line {
    pub async fn open(server: &Server, person: Option<&Person>) -> Line {
        let address = format!("{}/api/v1/ws", server.url.replacen("http", "ws", 1));
        let mut request = address.into_client_request().unwrap();
        if let Some(cookie) = person.and_then(|person| person.cookie.as_ref()) {
            request.headers_mut().insert("cookie", HeaderValue::from_str(cookie).unwrap());
        }
        let (socket, _) = connect_async(request).await.unwrap();
        Line { socket, heard: vec![] }
    }

    pub async fn say(&mut self, frame: Value) {
        self.say_raw(Message::text(frame.to_string())).await;
    }

    pub async fn say_raw(&mut self, message: Message) {
        // What the server thinks of it comes as a frame, or as the end of the line.
        let _ = self.socket.send(message).await;
    }

    /// The next frame; nothing when the line has ended.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.socket.next()).await;
            match message.unwrap_or_else(|_| panic!("a frame in time; heard {:#?}", self.heard))? {
                Ok(Message::Text(text)) => {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    self.heard.push(frame.clone());
                    return Some(frame);
                }
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// Waits for a frame that fits.
    pub async fn until(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        while let Some(frame) = self.next().await {
            if fits(&frame) {
                return frame;
            }
        }
        panic!("the line ended before {what}; heard {:#?}", self.heard)
    }

    pub async fn frame(&mut self, t: &str) -> Value {
        self.until(t, |frame| frame["t"] == t).await
    }

    pub async fn event(&mut self, kind: &str) -> Value {
        self.until(kind, |frame| frame["kind"] == kind).await
    }

    /// The texts of the messages heard, in order.
    pub fn texts(&self) -> Vec<String> {
        let messages = self.heard.iter().filter(|frame| frame["kind"] == "message_posted");
        messages.map(|frame| frame["text"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

/// A visitor who has the widget open; with the welcome.
pub async fn visit(server: &Server, widget: &str, tab: u32, more: Value) -> (Line, Value) {
    let mut line = Line::open(server, None).await;
    let mut hello = json!({ "t": "hello", "widget": widget, "tab": tab });
    for (key, value) in more.as_object().into_iter().flatten() {
        hello[key] = value.clone();
    }
    line.say(hello).await;
    let welcome = line.frame("welcome").await;
    (line, welcome)
}

/// A member of staff at the console, ready for contacts.
pub async fn work(server: &Server, person: &Person, id: &str) -> (Line, Value) {
    let mut line = Line::open(server, Some(person)).await;
    line.say(json!({ "t": "console", "tab": 7 })).await;
    let desk = line.frame("desk").await;
    line.say(json!({ "t": "agent", "agent": id, "n": 1, "do": "set_state", "state": "ready" })).await;
    let is_ready = |frame: &Value| frame["kind"] == "agent_state_changed" && frame["state"] == "ready";
    line.until("being ready", is_ready).await;
    (line, desk)
}

pub fn post(conversation: &Value, n: u32, text: &str) -> Value {
    json!({ "t": "do", "conversation": conversation, "n": n, "do": "post", "type": "text", "text": text })
}
