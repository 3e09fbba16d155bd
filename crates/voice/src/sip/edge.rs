//! The doors: UDP and TCP sockets, and whoever brings the frames of a WebSocket. Bytes are screened here, before the stack
//! sees them; new calls are let in as long as there is room, and beyond that told when to come again.

use super::screen::{self, Plain, Refusal, Screened};
use crate::house;
use rsipstack::{
    sip::{SipMessage, Transport},
    transaction::endpoint::EndpointInnerRef,
    transport::{SipAddr, SipConnection, TransportEvent, channel::ChannelConnection},
};
use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::Instant,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UdpSocket},
    sync::mpsc,
};
use tokio_util::sync::CancellationToken;

const KEEPALIVE: &[u8] = b"\r\n\r\n";
const RETRY_AFTER_S: u32 = 2;
/// Messages that a connection has not taken yet; more than these, and it is not reading.
const QUEUE: usize = 256;

/// Who may come in while it is busy.
pub struct Gate {
    most_calls: usize,
    per_second: f64,
    pub live: AtomicUsize,
    pub closed: AtomicBool,
    bucket: Mutex<(Instant, f64)>,
    tag: String,
}

/// What becomes of the bytes that came.
pub enum Verdict {
    Pass(Vec<u8>),
    Answer(Vec<u8>),
    Drop,
}

impl Gate {
    pub fn new(most_calls: usize, per_second: u32) -> Self {
        Self {
            most_calls,
            per_second: per_second.into(),
            live: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            bucket: Mutex::new((house::now(), per_second.into())),
            tag: house::token(),
        }
    }

    pub fn look(&self, bytes: &[u8]) -> Verdict {
        match screen::screen(bytes) {
            Screened::Pass(plain) if plain.opens_call() && !self.admits() => {
                Verdict::Answer(Refusal::busy(RETRY_AFTER_S).answer(&plain, &self.tag))
            }
            Screened::Pass(plain) => Verdict::Pass(plain.bytes()),
            Screened::Refuse(refusal, plain) => Verdict::Answer(self.refuse(&refusal, &plain)),
            Screened::Drop => Verdict::Drop,
        }
    }

    fn refuse(&self, refusal: &Refusal, plain: &Plain) -> Vec<u8> {
        refusal.answer(plain, &self.tag)
    }

    /// A call more than the rate empties the bucket: what is let in is served in time, and nobody waits in a queue for an
    /// answer that comes too late.
    fn admits(&self) -> bool {
        if self.closed.load(Relaxed) || self.live.load(Relaxed) >= self.most_calls {
            return false;
        }
        let now = house::now();
        let (since, left) = &mut *self.bucket.lock().expect("no panic while it is held");
        *left = (*left + now.duration_since(*since).as_secs_f64() * self.per_second).min(self.per_second);
        *since = now;
        if *left < 1.0 {
            return false;
        }
        *left -= 1.0;
        true
    }
}

/// A UDP socket from which only screened messages are read.
pub struct Door {
    pub socket: UdpSocket,
    pub gate: Arc<Gate>,
}

#[async_trait::async_trait]
impl rsipstack::platform::net::UdpSocket for Door {
    async fn recv_from(&self, buffer: &mut [u8]) -> rsipstack::Result<(usize, SocketAddr)> {
        let mut raw = vec![0; 65_535];
        loop {
            let (length, from) = match self.socket.recv_from(&mut raw).await {
                Ok(received) => received,
                // It tells that somebody did not take a packet of ours.
                Err(_) => continue,
            };
            if raw[..length] == *KEEPALIVE {
                let _ = self.socket.send_to(b"\r\n", from).await;
                continue;
            }
            match self.gate.look(&raw[..length]) {
                Verdict::Pass(message) if message.len() <= buffer.len() => {
                    buffer[..message.len()].copy_from_slice(&message);
                    return Ok((message.len(), from));
                }
                Verdict::Answer(answer) => {
                    let _ = self.socket.send_to(&answer, from).await;
                }
                Verdict::Pass(_) | Verdict::Drop => {}
            }
        }
    }

    async fn send_to(&self, bytes: &[u8], to: SocketAddr) -> rsipstack::Result<usize> {
        Ok(self.socket.send_to(bytes, to).await?)
    }

    fn local_addr(&self) -> rsipstack::Result<SocketAddr> {
        Ok(self.socket.local_addr()?)
    }
}

/// Takes connections until all ends.
pub async fn listen(
    listener: TcpListener,
    endpoint: EndpointInnerRef,
    gate: Arc<Gate>,
    lost: Lost,
    end: CancellationToken,
) {
    while let Some(accepted) = end.run_until_cancelled(listener.accept()).await {
        let Ok((stream, from)) = accepted else {
            // Out of descriptors: the next try comes when something else had its turn.
            tokio::task::yield_now().await;
            continue;
        };
        let (endpoint, gate, lost, end) = (endpoint.clone(), gate.clone(), lost.clone(), end.clone());
        house::start(async move {
            if let Err(error) = serve(stream, from, &endpoint, &gate, &lost, end).await {
                tracing::debug!(%from, %error, "a SIP connection ended");
            }
        });
    }
}

/// Who is told that a connection is gone.
pub type Lost = Arc<dyn Fn(&SipAddr) + Send + Sync>;

async fn serve(
    stream: TcpStream,
    from: SocketAddr,
    endpoint: &EndpointInnerRef,
    gate: &Gate,
    lost: &Lost,
    end: CancellationToken,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut reader, mut writer) = stream.into_split();
    let (send, mut sent) = mpsc::channel::<Vec<u8>>(QUEUE);
    let mut bridge = Bridge::open(endpoint, from, Transport::Tcp, send.clone(), lost, end.clone()).await?;
    house::start(async move {
        while let Some(message) = sent.recv().await {
            if writer.write_all(&message).await.is_err() {
                return;
            }
        }
    });
    let mut buffer = Vec::new();
    let mut chunk = vec![0; 16_384];
    while let Some(read) = end.run_until_cancelled(reader.read(&mut chunk)).await {
        let length = read?;
        if length == 0 {
            break;
        }
        buffer.extend_from_slice(&chunk[..length]);
        if !bridge.cut(&mut buffer, gate, &send).await {
            break;
        }
    }
    Ok(())
}

/// A connection that is ours, as the stack sees it.
pub struct Bridge {
    connection: ChannelConnection,
    incoming: tokio::sync::mpsc::UnboundedSender<TransportEvent>,
    from: SocketAddr,
    address: SipAddr,
    endpoint: EndpointInnerRef,
    lost: Lost,
}

impl Drop for Bridge {
    fn drop(&mut self) {
        let connection = SipConnection::Channel(self.connection.clone());
        self.endpoint.transport_layer.remove_connection(&connection);
        (self.lost)(&self.address);
    }
}

impl Bridge {
    /// What the stack sends goes to `send`.
    pub async fn open(
        endpoint: &EndpointInnerRef,
        from: SocketAddr,
        transport: Transport,
        send: mpsc::Sender<Vec<u8>>,
        lost: &Lost,
        end: CancellationToken,
    ) -> io::Result<Self> {
        let (incoming, received) = mpsc::unbounded_channel();
        let (outgoing, mut to_send) = mpsc::unbounded_channel();
        let address = SipAddr::new(transport, from.into());
        let connection = ChannelConnection::create_connection(
            received,
            outgoing,
            address.clone(),
            Some(end.child_token()),
        )
        .await
        .map_err(io::Error::other)?;
        endpoint.transport_layer.add_connection(SipConnection::Channel(connection.clone()));
        house::start(async move {
            while let Some(event) = to_send.recv().await {
                if let TransportEvent::Incoming(message, ..) = event
                    && send.send(message.to_bytes()).await.is_err()
                {
                    return;
                }
            }
        });
        Ok(Self { connection, incoming, from, address, endpoint: endpoint.clone(), lost: lost.clone() })
    }

    /// Takes whole messages off the front of a stream. False when it makes no sense any more.
    async fn cut(&mut self, buffer: &mut Vec<u8>, gate: &Gate, send: &mpsc::Sender<Vec<u8>>) -> bool {
        loop {
            let blank = buffer.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            if blank >= KEEPALIVE.len() && send.send(b"\r\n".to_vec()).await.is_err() {
                return false;
            }
            buffer.drain(..blank);
            match screen::frame(buffer) {
                Ok(None) => return true,
                Ok(Some(length)) => {
                    let message: Vec<u8> = buffer.drain(..length).collect();
                    self.take(&message, gate, send).await;
                }
                Err(error) => {
                    tracing::debug!(from = %self.from, error, "a stream that is no SIP");
                    return false;
                }
            }
        }
    }

    /// Takes one message.
    pub async fn take(&self, message: &[u8], gate: &Gate, send: &mpsc::Sender<Vec<u8>>) {
        match gate.look(message) {
            Verdict::Answer(answer) => {
                let _ = send.send(answer).await;
            }
            Verdict::Drop => {}
            Verdict::Pass(bytes) => {
                let transport = self.address.r#type.unwrap_or_default();
                let read = match SipMessage::try_from(bytes.as_slice()) {
                    Ok(message) => SipConnection::update_msg_received(message, self.from, transport),
                    Err(error) => Err(error.into()),
                };
                match read {
                    Ok(message) => {
                        let connection = SipConnection::Channel(self.connection.clone());
                        let event = TransportEvent::Incoming(message, connection, self.address.clone());
                        let _ = self.incoming.send(event);
                    }
                    Err(error) => tracing::debug!(from = %self.from, %error, "a message that cannot be read"),
                }
            }
        }
    }
}
