//! A client's WebSocket with small buffers, and as much of a frame as a load generator must understand.

use crate::Result;
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::{
    borrow::Cow,
    net::{Ipv4Addr, SocketAddr},
};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, Utf8Bytes, client::IntoClientRequest, protocol::WebSocketConfig},
};
use yingda_core::{
    event::Origin,
    id::{ConversationId, Tab},
};
use yingda_wire::frame::ClientFrame;

pub type Socket = WebSocketStream<TcpStream>;

/// What is read of a server's frame: whole frames would cost the generator more than the server.
#[derive(Debug, Deserialize)]
pub struct Seen<'a> {
    #[serde(default, borrow)]
    pub t: Cow<'a, str>,
    #[serde(default)]
    pub seq: u64,
    #[serde(default, borrow)]
    pub kind: Cow<'a, str>,
    /// What an event is about; frames of other kinds use the same key for something else.
    #[serde(default, borrow)]
    on: Option<&'a RawValue>,
    #[serde(default)]
    pub from: Option<Origin>,
    #[serde(default, borrow)]
    pub text: Cow<'a, str>,
    #[serde(default)]
    pub n: u32,
}

impl Seen<'_> {
    pub fn of(frame: &str) -> Result<Seen<'_>> {
        serde_json::from_str(frame).map_err(|error| format!("{error} in {frame}").into())
    }

    /// The conversation that an event is about.
    pub fn conversation(&self) -> Option<ConversationId> {
        #[derive(Deserialize)]
        struct On {
            conversation: Option<ConversationId>,
        }
        serde_json::from_str::<On>(self.on?.get()).ok()?.conversation
    }

    pub fn is_message(&self) -> bool {
        self.kind == "message_posted"
    }

    /// The number under which this tab sent what is answered here.
    pub fn answers(&self, tab: Tab) -> Option<u32> {
        match self.t.as_ref() {
            "event" => self.from.filter(|from| from.tab == tab).map(|from| from.n),
            "done" => Some(self.n),
            _ => None,
        }
    }
}

/// Connects from one of this machine's many loopback addresses.
pub async fn open(address: SocketAddr, source: Ipv4Addr, cookie: &str) -> Result<Socket> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((source, 0).into())?;
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    let mut request = format!("ws://{address}/api/v1/ws").into_client_request()?;
    if !cookie.is_empty() {
        request.headers_mut().insert("cookie", cookie.parse()?);
    }
    let config = WebSocketConfig::default().read_buffer_size(1024).write_buffer_size(4096);
    Ok(client_async_with_config(request, stream, Some(config)).await?.0)
}

pub fn frame(frame: &ClientFrame) -> Result<Message> {
    Ok(Message::text(serde_json::to_string(frame)?))
}

pub async fn send(socket: &mut Socket, what: &ClientFrame) -> Result<()> {
    Ok(socket.send(frame(what)?).await?)
}

/// The next text; what keeps the line alive is passed over.
pub async fn next(socket: &mut Socket) -> Result<Utf8Bytes> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => return Ok(text),
            Some(Ok(Message::Close(why))) => {
                return Err(format!("the server closed the socket: {why:?}").into());
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(error.into()),
            None => return Err("the socket ended".into()),
        }
    }
}

/// Reads on until a frame is what is waited for; a refusal or a complaint is an error.
pub async fn wait<T>(socket: &mut Socket, mut wanted: impl FnMut(&Seen<'_>) -> Option<T>) -> Result<T> {
    loop {
        let text = next(socket).await?;
        let seen = Seen::of(&text)?;
        if let Some(found) = wanted(&seen) {
            return Ok(found);
        }
        if matches!(seen.t.as_ref(), "refused" | "bad" | "signed_out") {
            return Err(format!("the server answered {text}").into());
        }
    }
}

/// One of 65,025 loopback addresses, so that no limit of ports or per address is met.
pub fn loopback(number: usize) -> Ipv4Addr {
    let [.., third, fourth] = (number as u32 % 65_000).to_be_bytes();
    Ipv4Addr::new(127, 1, third, fourth.max(1))
}
