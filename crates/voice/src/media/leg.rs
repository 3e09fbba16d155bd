//! One side of a call, as sound: where its packets go, what they are, and what becomes of those that come.

use super::{
    recorder::{Side, Tap},
    rtp::{Digits, Outgoing, Packet, Place},
    sound::{self, FRAME, Sound},
    web::Web,
};
use crate::{
    house,
    sip::sdp::{self, Codec, Direction, Local, Remote},
};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, Weak,
        atomic::{
            AtomicU16, AtomicU64,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
    time::Duration,
};
use tokio::{net::UdpSocket, sync::mpsc::UnboundedSender};
use tokio_util::sync::CancellationToken;

/// What a leg has to tell its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    Digit(char),
    /// A sound that was to be played once is over.
    Played,
}

/// Where legs get their ports from.
pub struct Ports {
    pub ip: IpAddr,
    first: u16,
    last: u16,
    next: AtomicU16,
}

impl Ports {
    pub fn new(ip: IpAddr, first: u16, last: u16) -> Self {
        Self { ip, first, last, next: AtomicU16::new(first) }
    }

    /// An even port that nobody has; the odd one beside it is left to its reports.
    fn bind(&self) -> io::Result<UdpSocket> {
        let count = (self.last - self.first) / 2 + 1;
        for _ in 0..count {
            let turn = |at: u16| Some(if at + 2 > self.last { self.first } else { at + 2 });
            let port = self.next.fetch_update(Relaxed, Relaxed, turn).unwrap_or(self.first);
            let any: IpAddr = if self.ip.is_ipv4() { [0, 0, 0, 0].into() } else { [0u16; 8].into() };
            if let Ok(socket) = std::net::UdpSocket::bind((any, port)) {
                socket.set_nonblocking(true)?;
                return UdpSocket::from_std(socket);
            }
        }
        Err(io::Error::new(io::ErrorKind::AddrInUse, "no port for sound is free"))
    }
}

/// How packets travel: bare over our own socket, or encrypted by the browser's rules.
enum Wire {
    Plain(Plain),
    Web(Web),
}

struct Plain {
    socket: UdpSocket,
    local: SocketAddr,
    remote: Mutex<Peer>,
}

#[derive(Clone, Copy, Default)]
struct Peer {
    /// What their description says.
    told: Option<SocketAddr>,
    /// Where their packets come from: behind an address translator that is the only true one.
    seen: Option<SocketAddr>,
    seen_ms: u64,
}

/// Nobody takes over a stream that runs; one that was silent may have moved.
const MOVED_AFTER_MS: u64 = 2000;

pub struct Leg {
    wire: Wire,
    session: u32,
    state: Mutex<State>,
    heard_ms: AtomicU64,
    said: UnboundedSender<Said>,
    /// Counts what was played: who plays stops when it is no more the last.
    playing: AtomicU64,
    closed: CancellationToken,
}

struct State {
    codec: Codec,
    digits_at: Option<u8>,
    digits: Digits,
    version: u32,
    direction: Direction,
    out: Outgoing,
    to: Weak<Leg>,
    tap: Option<(Tap, Side)>,
    buffer: Vec<u8>,
    payload: Vec<u8>,
    muted: bool,
    sent: u64,
}

impl Leg {
    pub fn plain(ports: &Ports, said: UnboundedSender<Said>) -> io::Result<Arc<Self>> {
        let socket = ports.bind()?;
        let local = SocketAddr::new(ports.ip, socket.local_addr()?.port());
        let wire = Wire::Plain(Plain { socket, local, remote: Mutex::default() });
        let leg = Self::new(wire, said);
        house::start(read(leg.clone()));
        Ok(leg)
    }

    pub async fn web(ip: IpAddr, said: UnboundedSender<Said>) -> Result<Arc<Self>, String> {
        let web = Web::new(ip)?;
        let leg = Self::new(Wire::Web(web), said);
        if let Wire::Web(web) = &leg.wire {
            web.hear_for(Arc::downgrade(&leg));
        }
        Ok(leg)
    }

    fn new(wire: Wire, said: UnboundedSender<Said>) -> Arc<Self> {
        let random = u64::from_be_bytes(house::bytes());
        let out = Outgoing::new(random as u32, (random >> 32) as u16, (random >> 16) as u32);
        let state = State {
            codec: Codec::Pcma,
            digits_at: None,
            digits: Digits::default(),
            version: 1,
            direction: Direction::Both,
            out,
            to: Weak::new(),
            tap: None,
            buffer: Vec::with_capacity(12 + FRAME),
            payload: Vec::with_capacity(FRAME),
            muted: false,
            sent: 0,
        };
        Arc::new(Self {
            wire,
            session: (random >> 33) as u32,
            state: Mutex::new(state),
            heard_ms: AtomicU64::new(house::now_ms()),
            said,
            playing: AtomicU64::new(0),
            closed: CancellationToken::new(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic while it is held")
    }

    pub fn codec(&self) -> Codec {
        self.state().codec
    }

    /// Since when nothing came.
    pub fn silent_for(&self) -> Duration {
        Duration::from_millis(house::now_ms().saturating_sub(self.heard_ms.load(Relaxed)))
    }

    /// Whether they neither send nor listen as in a talk.
    pub fn on_hold(&self) -> bool {
        matches!(self.state().direction, Direction::SendOnly | Direction::Neither)
    }

    /// Answers their description. The first of their codecs that we speak is taken.
    pub async fn answer(&self, offer: &str) -> Option<String> {
        match &self.wire {
            Wire::Plain(plain) => {
                let remote = sdp::read(offer)?;
                let codec = *remote.codecs.first()?;
                self.take(plain, &remote, codec);
                Some(self.local(plain).answer(&remote, codec))
            }
            Wire::Web(web) => {
                let (answer, codec, digits) = web.answer(offer).await.ok()?;
                let mut state = self.state();
                (state.codec, state.digits_at) = (codec, digits);
                Some(answer)
            }
        }
    }

    pub async fn offer(&self, first: Codec) -> Option<String> {
        match &self.wire {
            Wire::Plain(plain) => Some(self.local(plain).offer(first)),
            Wire::Web(web) => web.offer(first).await.ok(),
        }
    }

    /// Takes the answer to our offer. In it the numbers are ours.
    pub async fn accepted(&self, answer: &str) -> bool {
        match &self.wire {
            Wire::Plain(plain) => {
                let Some(mut remote) = sdp::read(answer) else { return false };
                let Some(codec) = remote.codecs.first().copied() else { return false };
                remote.digits = remote.digits.map(|_| sdp::DIGITS);
                self.take(plain, &remote, codec);
                true
            }
            Wire::Web(web) => {
                let Ok((codec, digits)) = web.accepted(answer).await else { return false };
                let mut state = self.state();
                (state.codec, state.digits_at) = (codec, digits);
                true
            }
        }
    }

    fn local(&self, plain: &Plain) -> Local {
        Local { place: plain.local, session: self.session, version: self.state().version }
    }

    fn take(&self, plain: &Plain, remote: &Remote, codec: Codec) {
        let mut peer = plain.remote.lock().expect("no panic while it is held");
        if !remote.place.ip().is_unspecified() && peer.told != Some(remote.place) {
            *peer = Peer { told: Some(remote.place), ..Peer::default() };
        }
        drop(peer);
        let mut state = self.state();
        state.codec = codec;
        state.digits_at = remote.digits;
        state.direction = remote.direction;
        state.version += 1;
        // Whoever holds sends nothing, and is not lost for that.
        self.heard_ms.store(house::now_ms(), Relaxed);
    }

    /// Both hear each other from here on.
    pub fn join(self: &Arc<Self>, other: &Arc<Self>) {
        self.stop();
        other.stop();
        self.state().to = Arc::downgrade(other);
        other.state().to = Arc::downgrade(self);
        self.heard_ms.store(house::now_ms(), Relaxed);
        other.heard_ms.store(house::now_ms(), Relaxed);
    }

    /// What it says goes nowhere.
    pub fn part(&self) {
        self.state().to = Weak::new();
    }

    pub fn mute(&self, on: bool) {
        self.state().muted = on;
    }

    /// What it says is kept, on one side.
    pub fn record(&self, tap: Option<(Tap, Side)>) {
        self.state().tap = tap;
    }

    /// Ends what is played.
    pub fn stop(&self) {
        self.playing.fetch_add(1, Release);
    }

    /// Plays a sound in place of what was played before: once, or round and round.
    pub fn play(self: &Arc<Self>, sound: Sound, again: bool) {
        let turn = self.playing.fetch_add(1, Release) + 1;
        let leg = Arc::downgrade(self);
        house::start(async move { play(leg, turn, sound, again).await });
    }

    /// A packet of theirs.
    pub(super) fn hear(&self, packet: &Packet<'_>) {
        let now_ms = house::now_ms();
        self.heard_ms.store(now_ms, Relaxed);
        let mut state = self.state();
        if Some(packet.payload_type) == state.digits_at {
            let digit = state.digits.hear(packet);
            drop(state);
            if let Some(digit) = digit {
                let _ = self.said.send(Said::Digit(digit));
            }
            return;
        }
        let Some(codec) = Codec::of(packet.payload_type) else { return };
        if state.muted {
            return;
        }
        if let Some((tap, side)) = &state.tap {
            tap.hear(*side, now_ms, packet.timestamp, codec, packet.payload);
        }
        let to = state.to.upgrade();
        drop(state);
        if let Some(to) = to {
            to.pass(packet, codec, now_ms);
        }
    }

    /// Sends on what another leg said.
    fn pass(&self, packet: &Packet<'_>, codec: Codec, now_ms: u64) {
        let state = &mut *self.state();
        let place = state.out.pass(packet, now_ms);
        sound::convert(codec, state.codec, packet.payload, &mut state.payload);
        self.send(state, place);
    }

    fn send_own(&self, samples: &[i16]) {
        let state = &mut *self.state();
        let place = state.out.own(house::now_ms());
        sound::encode(state.codec, samples, &mut state.payload);
        self.send(state, place);
    }

    fn send(&self, state: &mut State, place: Place) {
        if matches!(state.direction, Direction::SendOnly | Direction::Neither) {
            return;
        }
        let payload_type = state.codec.payload();
        state.sent += 1;
        match &self.wire {
            Wire::Plain(plain) => {
                let peer = *plain.remote.lock().expect("no panic while it is held");
                let Some(to) = peer.seen.or(peer.told) else { return };
                let Place { marker, sequence, timestamp } = place;
                let source = state.out.source;
                let packet =
                    Packet { payload_type, marker, sequence, timestamp, source, payload: &state.payload };
                packet.write(&mut state.buffer);
                // A full buffer loses sound, as a network does; waiting would lose more.
                let _ = plain.socket.try_send_to(&state.buffer, to);
            }
            Wire::Web(web) => web.send(payload_type, place, &state.payload),
        }
    }

    pub fn close(&self) {
        self.stop();
        self.part();
        self.record(None);
        self.closed.cancel();
        if let Wire::Web(web) = &self.wire {
            web.close();
        }
    }
}

impl Plain {
    /// Whether a packet may be theirs.
    fn admit(&self, from: SocketAddr) -> bool {
        let now_ms = house::now_ms();
        let mut peer = self.remote.lock().expect("no panic while it is held");
        let free = peer.told.is_some() && peer.seen.is_none_or(|_| now_ms - peer.seen_ms > MOVED_AFTER_MS);
        if peer.seen != Some(from) && !free {
            return false;
        }
        (peer.seen, peer.seen_ms) = (Some(from), now_ms);
        true
    }
}

/// Reads until the leg is closed.
async fn read(leg: Arc<Leg>) {
    let Wire::Plain(plain) = &leg.wire else { return };
    let mut buffer = [0; 2048];
    while let Some(received) = leg.closed.run_until_cancelled(plain.socket.recv_from(&mut buffer)).await {
        // An error tells of a packet of ours that nobody took: theirs may come all the same.
        if let Ok((length, from)) = received
            && let Some(packet) = Packet::read(&buffer[..length])
            && plain.admit(from)
        {
            leg.hear(&packet);
        }
    }
}

async fn play(leg: Weak<Leg>, turn: u64, sound: Sound, again: bool) {
    let mut ticks = house::every(Duration::from_millis(20));
    let mut at = 0;
    let mut frame = [0; FRAME];
    loop {
        ticks.tick().await;
        let Some(leg) = leg.upgrade() else { return };
        if leg.playing.load(Acquire) != turn {
            return;
        }
        if at >= sound.0.len() {
            if !again || sound.0.is_empty() {
                let _ = leg.said.send(Said::Played);
                return;
            }
            at = 0;
        }
        let part = &sound.0[at..(at + FRAME).min(sound.0.len())];
        frame[..part.len()].copy_from_slice(part);
        frame[part.len()..].fill(0);
        at += part.len();
        leg.send_own(&frame);
    }
}
