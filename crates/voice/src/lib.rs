//! The telephone: SIP, sound, recordings. The crate tells its host what happens (`Heard`) and takes orders (`Order`); who
//! may have a call, and what it is about, is decided elsewhere.

mod call;
mod house;
mod line;
pub mod media;
mod order;
pub mod sip;

pub use media::{recorder::Recording, sound::Sound};
pub use order::{Order, Party, Ring, Why};
pub use sip::desk::Origin;

use media::{leg::Ports, recorder::Recorder};
use rsipstack::{
    EndpointBuilder,
    dialog::dialog_layer::DialogLayer,
    sip::{Auth, HostWithPort, Param, Scheme, Transport, Uri},
    transaction::{
        endpoint::{EndpointInnerRef, EndpointOption},
        transaction::Transaction,
    },
    transport::{SipAddr, TransportLayer, udp::UdpConnection},
};
use sip::{
    digest::Digest,
    edge::{self, Bridge, Door, Gate, Lost},
    registrar::Registrar,
};
use std::{
    collections::HashMap,
    fmt, io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, RwLock, atomic::Ordering::Relaxed},
    time::Duration,
};
use tokio::{
    net::{TcpListener, UdpSocket},
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
};
use tokio_util::sync::CancellationToken;

/// What a call is named by, from its first event to its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(pub u64);

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:014x}", self.0)
    }
}

impl CallId {
    fn new() -> Self {
        Self(u64::from_be_bytes(house::bytes()) >> 11)
    }
}

#[derive(Clone, Debug)]
pub struct Settings {
    /// Where SIP comes in, by UDP and TCP.
    pub listen: SocketAddr,
    /// How others reach this machine: it stands in contacts and descriptions.
    pub host: IpAddr,
    pub realm: String,
    /// Whether SHA-256 is asked for. Phones that know only MD5, and give up when they see another word, cannot register then.
    pub strong_digest: bool,
    /// The ports of sound, first and last.
    pub sound: (u16, u16),
    /// Exchanges that need no password.
    pub trunks: Vec<IpAddr>,
    pub most_calls: usize,
    pub calls_per_second: u32,
    /// A leg that is silent for so long is gone.
    pub silence: Duration,
    /// What a caller hears who waits.
    pub music: Sound,
}

/// What happens. The events of one call come in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// An extension has a phone, or has none any more.
    Registered {
        name: String,
        present: bool,
    },
    Arrived {
        call: CallId,
        from: String,
        to: String,
        origin: Origin,
    },
    Digit {
        call: CallId,
        party: Party,
        digit: char,
    },
    /// The sound that was ordered is over.
    Played {
        call: CallId,
    },
    Ringing {
        call: CallId,
        name: String,
    },
    /// The second leg answered, and both hear each other.
    Answered {
        call: CallId,
        name: String,
    },
    /// The second leg did not come; the caller is still there.
    Refused {
        call: CallId,
        name: String,
        why: Why,
    },
    Held {
        call: CallId,
        by: Party,
        on: bool,
    },
    /// The second leg is gone, and the caller stays.
    Left {
        call: CallId,
        name: String,
    },
    Ended {
        call: CallId,
        by: Party,
        why: Why,
    },
    Recorded {
        call: CallId,
        recording: Recording,
    },
}

/// How much is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    pub calls: usize,
    pub dialogs: usize,
    pub transactions: usize,
}

pub(crate) struct Inner {
    settings: Settings,
    port: u16,
    endpoint: EndpointInnerRef,
    dialogs: Arc<DialogLayer>,
    gate: Arc<Gate>,
    digest: Digest,
    registrar: Arc<Registrar>,
    ports: Ports,
    recorder: Recorder,
    heard: UnboundedSender<Heard>,
    calls: Mutex<HashMap<CallId, UnboundedSender<Order>>>,
    passwords: RwLock<HashMap<String, String>>,
    lost: Lost,
    end: CancellationToken,
}

/// The telephone of a house. When it is dropped all calls end.
pub struct Voice(Arc<Inner>);

impl Voice {
    pub async fn start(settings: Settings) -> io::Result<(Self, UnboundedReceiver<Heard>)> {
        let end = CancellationToken::new();
        let gate = Arc::new(Gate::new(settings.most_calls, settings.calls_per_second));
        let (socket, listener) = bind(settings.listen).await?;
        let port = socket.local_addr()?.port();
        let outside = SocketAddr::new(settings.host, port);
        let layer = TransportLayer::new(end.clone());
        let door = Arc::new(Door { socket, gate: gate.clone() });
        let udp = UdpConnection::from_socket(door, Some(outside), Some(end.clone()))
            .await
            .map_err(io::Error::other)?;
        layer.add_transport(udp.into());
        let endpoint = EndpointBuilder::new()
            .with_user_agent("Yingda")
            .with_option(EndpointOption {
                callid_suffix: Some(settings.realm.clone()),
                ..EndpointOption::default()
            })
            .with_cancel_token(end.clone())
            .with_transport_layer(layer)
            .build();
        let mut requests = endpoint.incoming_transactions().map_err(io::Error::other)?;
        let (heard, told) = mpsc::unbounded_channel();
        let registrar = Arc::<Registrar>::default();
        let (gone, telling) = (registrar.clone(), heard.clone());
        let lost: Lost = Arc::new(move |from: &SipAddr| {
            for name in gone.lost(from) {
                let _ = telling.send(Heard::Registered { name, present: false });
            }
        });
        let inner = Arc::new(Inner {
            dialogs: Arc::new(DialogLayer::new(endpoint.inner.clone())),
            endpoint: endpoint.inner.clone(),
            port,
            gate,
            digest: Digest::new(&settings.realm, settings.strong_digest),
            registrar,
            ports: Ports::new(settings.host, settings.sound.0, settings.sound.1),
            recorder: Recorder::start()?,
            heard,
            calls: Mutex::default(),
            passwords: RwLock::default(),
            lost,
            end,
            settings,
        });
        house::start(async move { endpoint.serve().await });
        let (endpoint, gate, lost) = (inner.endpoint.clone(), inner.gate.clone(), inner.lost.clone());
        house::start(edge::listen(listener, endpoint, gate, lost, inner.end.clone()));
        let serving = inner.clone();
        house::start(async move {
            while let Some(Some(request)) = serving.end.run_until_cancelled(requests.recv()).await {
                serving.serve(request);
            }
        });
        Ok((Self(inner), told))
    }

    /// Where SIP comes in.
    pub fn port(&self) -> u16 {
        self.0.port
    }

    /// An extension, and the password with which its phones register. None takes it away.
    pub fn admit(&self, name: &str, password: Option<String>) {
        let mut passwords = self.0.passwords.write().expect("no panic while it is held");
        match password {
            Some(password) => drop(passwords.insert(name.to_owned(), password)),
            None => {
                passwords.remove(name);
                drop(passwords);
                self.0.registrar.unbind(name, None);
                self.0.registered(name);
            }
        }
    }

    /// Whether a phone of an extension could ring.
    pub fn has_phone(&self, name: &str) -> bool {
        !self.0.registrar.flows(name).is_empty()
    }

    /// False when there is no such call any more.
    pub fn order(&self, call: CallId, order: Order) -> bool {
        let calls = self.0.calls.lock().expect("no panic while it is held");
        calls.get(&call).is_some_and(|orders| orders.send(order).is_ok())
    }

    pub fn load(&self) -> Load {
        Load {
            calls: self.0.gate.live.load(Relaxed),
            dialogs: self.0.dialogs.len(),
            transactions: self.0.endpoint.get_stats().running_transactions,
        }
    }

    /// No new calls; those that run go on.
    pub fn drain(&self) {
        self.0.gate.closed.store(true, Relaxed);
    }

    /// Carries a WebSocket: its frames come in by `incoming`, and `outgoing` takes what is to be sent.
    pub async fn web(
        &self,
        from: SocketAddr,
        mut incoming: mpsc::Receiver<Vec<u8>>,
        outgoing: mpsc::Sender<Vec<u8>>,
    ) -> io::Result<()> {
        let inner = self.0.clone();
        let end = inner.end.clone();
        let bridge =
            Bridge::open(&inner.endpoint, from, Transport::Ws, outgoing.clone(), &inner.lost, end.clone())
                .await?;
        while let Some(Some(frame)) = end.run_until_cancelled(incoming.recv()).await {
            // A browser says so that it is there.
            if frame.iter().all(u8::is_ascii_whitespace) {
                let _ = outgoing.send(b"\r\n".to_vec()).await;
            } else {
                bridge.take(&frame, &inner.gate, &outgoing).await;
            }
        }
        Ok(())
    }
}

/// Both on one port. Where any will do, one that is free for both is looked for.
async fn bind(listen: SocketAddr) -> io::Result<(UdpSocket, TcpListener)> {
    let mut tries = if listen.port() == 0 { 20 } else { 1 };
    loop {
        tries -= 1;
        let socket = UdpSocket::bind(listen).await?;
        match TcpListener::bind(SocketAddr::new(listen.ip(), socket.local_addr()?.port())).await {
            Ok(listener) => return Ok((socket, listener)),
            Err(error) if tries == 0 => return Err(error),
            Err(_) => {}
        }
    }
}

impl Drop for Voice {
    fn drop(&mut self) {
        self.0.end.cancel();
    }
}

impl Inner {
    fn serve(self: &Arc<Self>, request: Transaction) {
        let inner = self.clone();
        house::start(async move { sip::desk::serve(inner, request).await });
    }

    fn password_of(&self, name: &str) -> Option<String> {
        self.passwords.read().expect("no panic while it is held").get(name).cloned()
    }

    fn registered(&self, name: &str) {
        let present = !self.registrar.flows(name).is_empty();
        self.tell(Heard::Registered { name: name.to_owned(), present });
    }

    fn tell(&self, heard: Heard) {
        // Without a host there is nobody who could order anything: calls end by themselves.
        let _ = self.heard.send(heard);
    }

    /// How others reach us on a way.
    fn contact(&self, transport: Option<Transport>) -> Uri {
        let transport = transport.filter(|it| *it != Transport::Udp);
        Uri { params: transport.map(Param::Transport).into_iter().collect(), ..self.address("yingda") }
    }

    fn address(&self, user: &str) -> Uri {
        Uri {
            scheme: Some(Scheme::Sip),
            auth: Some(Auth { user: user.to_owned(), password: None }),
            host_with_port: HostWithPort::from(SocketAddr::new(self.settings.host, self.port)),
            ..Uri::default()
        }
    }
}
