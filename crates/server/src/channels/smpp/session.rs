//! One session with a server: logged in as a transceiver, kept alive from both sides, begun anew whenever it ends.

use super::{
    inward::{Came, Inward},
    line::{Answer, Keeper, Line, Request},
    pdu::{self, Frame, Short},
    status::{self, Meaning, meaning},
};
use crate::{
    app::Shared,
    channels::{
        connector::Failure,
        keys::Keys,
        standing::{Teller, Way},
        wire::{self, Wire},
    },
    jobs::Duty,
    tasks,
};
use bytes::{Bytes, BytesMut};
use rusmpp::{
    Pdu,
    pdus::{DeliverSmResp, SubmitSmResp},
};
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, split},
    sync::{Mutex, mpsc, oneshot},
    time::{sleep, sleep_until, timeout},
};
use yingda_core::{
    config::{Channel, Security, SmppSetup},
    id::ChannelId,
};

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A server that is well takes no longer to answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// After so much silence the server is asked whether it is there.
const SILENCE: Duration = Duration::from_secs(30);
/// So many messages await their answer at once where nothing else is set.
const WINDOW: u16 = 10;
/// What came and is not stored yet; beyond that the server keeps it.
const MOST_WAITING: usize = 1_000;
/// So many are stored in one commit.
const TOGETHER: usize = 256;

/// As long as the channel is switched on.
pub async fn run(duty: Duty, id: ChannelId, channel: Arc<Channel>, setup: SmppSetup) {
    let keeper = Keeper::of(id);
    let mut teller = Teller::new(id, Way::In);
    let inward = Arc::new(Mutex::new(Inward::new(duty.clone(), id, setup.clone())));
    let mut pause = FIRST_PAUSE;
    loop {
        let keys = Keys::of(&duty.app, &duty.db, id).await.map_err(|error| error.to_string());
        let begun = async { begin(&duty.app, &setup, &keys?).await };
        let error = match begun.await {
            Ok(begun) => {
                teller.well(&duty).await;
                pause = FIRST_PAUSE;
                Session::new(&duty, &channel, &setup).serve(begun, &keeper, &inward).await
            }
            Err(error) => error,
        };
        keeper.is(Line::Away(error.clone()));
        teller.fails(&duty, &error).await;
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// A session that is logged in, and what came behind the answer.
pub struct Begun {
    wire: Wire,
    buffer: BytesMut,
}

pub async fn connect(app: &Shared, setup: &SmppSetup) -> Result<Wire, String> {
    let stream = wire::connect(&app.outgoing.door, &setup.server).await?;
    match setup.server.security {
        Security::Tls => wire::encrypt(stream, &setup.server.host).await,
        Security::None | Security::Starttls => Ok(Wire::Plain(stream)),
    }
}

async fn begin(app: &Shared, setup: &SmppSetup, keys: &Keys) -> Result<Begun, String> {
    let wire = connect(app, setup).await?;
    log_in(wire, setup, keys).await
}

pub async fn log_in(mut wire: Wire, setup: &SmppSetup, keys: &Keys) -> Result<Begun, String> {
    let mut buffer = BytesMut::new();
    pdu::put(&mut buffer, status::OK, 1, pdu::bind(setup, keys.get("password"))?);
    let work = async {
        wire.write_all(&buffer).await.map_err(|error| format!("logging in: {error}"))?;
        buffer.clear();
        loop {
            while let Some(frame) = pdu::take(&mut buffer)? {
                match frame.id {
                    pdu::BIND_TRANSCEIVER_RESP | pdu::GENERIC_NACK if frame.status == status::OK => {
                        return Ok(());
                    }
                    pdu::BIND_TRANSCEIVER_RESP | pdu::GENERIC_NACK => {
                        return Err(format!("bind_transceiver: {}", status::told(frame.status)));
                    }
                    _ => {}
                }
            }
            match wire.read_buf(&mut buffer).await {
                Ok(0) => return Err("bind_transceiver: the server ended the connection".to_owned()),
                Ok(_) => {}
                Err(error) => return Err(format!("bind_transceiver: {error}")),
            }
        }
    };
    let seconds = PATIENCE.as_secs();
    timeout(PATIENCE, work)
        .await
        .map_err(|_| format!("bind_transceiver: no answer within {seconds} seconds"))??;
    Ok(Begun { wire, buffer })
}

impl Begun {
    /// Logs out again.
    pub async fn end(mut self) {
        let mut buffer = BytesMut::new();
        pdu::put(&mut buffer, status::OK, 2, Pdu::Unbind);
        // It was of use already.
        let _ = timeout(PATIENCE, self.wire.write_all(&buffer)).await;
    }
}

/// A message whose answer has not come.
struct Pending {
    reply: oneshot::Sender<Result<Answer, Failure>>,
    since: Instant,
}

struct Session<'a> {
    duty: &'a Duty,
    window: usize,
    /// The time that one message takes, where there is a rate.
    turn: Duration,
    next_turn: Instant,
    /// What a server that was sent too much gets to rest, doubled each time.
    rest: Duration,
    number: u32,
    pending: BTreeMap<u32, Pending>,
    heard: Instant,
    /// The server was asked whether it is there.
    asked: Option<Instant>,
    out: BytesMut,
}

impl<'a> Session<'a> {
    fn new(duty: &'a Duty, channel: &Channel, setup: &SmppSetup) -> Self {
        let now = duty.app.clock.instant();
        let turn = match channel.per_second {
            0 => Duration::ZERO,
            rate => Duration::from_secs(1) / u32::from(rate),
        };
        Self {
            duty,
            window: usize::from(if setup.window == 0 { WINDOW } else { setup.window }),
            turn,
            next_turn: now,
            rest: FIRST_PAUSE,
            number: 1,
            pending: BTreeMap::new(),
            heard: now,
            asked: None,
            out: BytesMut::new(),
        }
    }

    /// Until it ends; why it did.
    async fn serve(mut self, begun: Begun, keeper: &Keeper, inward: &Arc<Mutex<Inward>>) -> String {
        let (give, mut requests) = mpsc::channel(self.window);
        let (came, answers) = take_in(inward.clone());
        keeper.is(Line::Bound(give));
        let error = match self.go_on(begun, &mut requests, &came, answers).await {
            Ok(never) => match never {},
            Err(error) => error,
        };
        keeper.is(Line::Away(error.clone()));
        // What has not left is no try; what has may have arrived.
        requests.close();
        while let Some(request) = requests.recv().await {
            // Who asked may have gone.
            let _ = request.reply.send(Err(Failure::Down(error.clone())));
        }
        error
    }

    async fn go_on(
        &mut self,
        Begun { wire, mut buffer }: Begun,
        requests: &mut mpsc::Receiver<Request>,
        came: &mpsc::Sender<Came>,
        mut answers: mpsc::Receiver<(u32, u32)>,
    ) -> Result<std::convert::Infallible, String> {
        let (mut reader, mut writer) = split(wire);
        loop {
            let mut ended = None;
            while let Some(frame) = pdu::take(&mut buffer)? {
                ended = ended.or(self.hear(frame, came));
            }
            if !self.out.is_empty() {
                let written = timeout(PATIENCE, writer.write_all(&self.out)).await;
                written.map_err(|_| "the server takes nothing any more")?.map_err(|error| cut(&error))?;
                self.out.clear();
            }
            if let Some(why) = ended {
                return Err(why);
            }
            tokio::select! {
                read = reader.read_buf(&mut buffer) => match read {
                    Ok(0) => return Err("the server ended the connection".into()),
                    Ok(_) => self.heard = self.now(),
                    Err(error) => return Err(cut(&error)),
                },
                Some(request) = next(requests, self.next_turn), if self.pending.len() < self.window => {
                    self.send(request);
                }
                Some((number, status)) = answers.recv() => {
                    self.answer(number, status);
                    while let Ok((number, status)) = answers.try_recv() {
                        self.answer(number, status);
                    }
                }
                () = sleep_until(self.wakes().into()) => self.look()?,
            }
        }
    }

    fn now(&self) -> Instant {
        self.duty.app.clock.instant()
    }

    fn send(&mut self, Request { message, reply }: Request) {
        // Numbers go up to 2^31 - 1 and begin anew (SMPP 3.4, section 3.2).
        self.number = if self.number >= 0x7FFF_FFFF { 1 } else { self.number + 1 };
        pdu::put(&mut self.out, status::OK, self.number, message);
        let since = self.now();
        self.pending.insert(self.number, Pending { reply, since });
        self.next_turn = self.next_turn.max(since) + self.turn;
    }

    fn answer(&mut self, number: u32, status: u32) {
        pdu::put(&mut self.out, status, number, DeliverSmResp::default());
    }

    /// Why the session ends, where it does.
    fn hear(&mut self, frame: Frame, came: &mpsc::Sender<Came>) -> Option<String> {
        let Frame { id, status, number, pdu, body } = frame;
        match id {
            pdu::DELIVER_SM => {
                let short = match &pdu {
                    Some(Pdu::DeliverSm(it)) => Ok(Short::from(it)),
                    _ => Err(hex::encode(&body)),
                };
                if came.try_send(Came { number, short }).is_err() {
                    self.answer(number, status::FULL);
                }
            }
            pdu::SUBMIT_SM_RESP | pdu::GENERIC_NACK => self.answered(number, status, pdu, &body),
            pdu::ENQUIRE_LINK => pdu::put(&mut self.out, status::OK, number, Pdu::EnquireLinkResp),
            pdu::UNBIND => {
                pdu::put(&mut self.out, status::OK, number, Pdu::UnbindResp);
                return Some("the server ended the session (unbind)".into());
            }
            answer if answer & pdu::ANSWER != 0 => {}
            _ => pdu::put(&mut self.out, status::UNKNOWN_COMMAND, number, Pdu::GenericNack),
        }
        // Whatever it says, it is there.
        self.asked = None;
        None
    }

    fn answered(&mut self, number: u32, status: u32, pdu: Option<Pdu>, body: &Bytes) {
        let Some(pending) = self.pending.remove(&number) else { return };
        match meaning(status) {
            Meaning::Throttled => {
                self.next_turn = self.now() + self.rest;
                self.rest = (self.rest * 2).min(LONGEST_PAUSE);
            }
            _ => self.rest = FIRST_PAUSE,
        }
        let name = match pdu {
            Some(Pdu::SubmitSmResp(it)) => SubmitSmResp::message_id(&it).as_str().to_owned(),
            // Some end the name with the command instead of an octet of zero.
            _ => String::from_utf8_lossy(body).trim_matches('\0').to_owned(),
        };
        // Who asked may have gone.
        let _ = pending.reply.send(Ok(Answer { status, name }));
    }

    /// When there is something to look after, though nothing happens.
    fn wakes(&self) -> Instant {
        let link = self.asked.map_or(self.heard + SILENCE, |asked| asked + PATIENCE);
        self.oldest().map_or(link, |since| link.min(since + PATIENCE))
    }

    fn oldest(&self) -> Option<Instant> {
        self.pending.values().map(|it| it.since).min()
    }

    fn look(&mut self) -> Result<(), String> {
        let now = self.now();
        if self.asked.is_some_and(|asked| now >= asked + PATIENCE) {
            return Err("the server does not answer enquire_link".into());
        }
        if self.oldest().is_some_and(|since| now >= since + PATIENCE) {
            return Err("the server does not answer submit_sm".into());
        }
        if self.asked.is_none() && now >= self.heard + SILENCE {
            self.number += 1;
            pdu::put(&mut self.out, status::OK, self.number, Pdu::EnquireLink);
            self.asked = Some(now);
        }
        Ok(())
    }
}

fn cut(error: &std::io::Error) -> String {
    format!("the connection was cut: {error}")
}

/// The next message, when its turn has come.
async fn next(requests: &mut mpsc::Receiver<Request>, turn: Instant) -> Option<Request> {
    sleep_until(turn.into()).await;
    requests.recv().await
}

/// Stores what comes in a task of its own, so that the session goes on meanwhile. It ends with the session, once all is
/// stored.
fn take_in(inward: Arc<Mutex<Inward>>) -> (mpsc::Sender<Came>, mpsc::Receiver<(u32, u32)>) {
    let (came, mut coming) = mpsc::channel::<Came>(MOST_WAITING);
    let (answer, answers) = mpsc::channel(MOST_WAITING);
    tasks::start("smpp intake", async move {
        let mut inward = inward.lock().await;
        inward.begin();
        let mut together = vec![];
        loop {
            let look = inward.tidy().await;
            let wait = look.map_or(LONGEST_PAUSE * 60, |at| inward.until(at));
            let count = match timeout(wait, coming.recv_many(&mut together, TOGETHER)).await {
                Ok(0) => return,
                Ok(count) => count,
                Err(_) => continue,
            };
            for (number, status) in inward.keep(together.drain(..count).collect()).await {
                // The session may have ended: the server says it again in the next.
                let _ = answer.send((number, status)).await;
            }
        }
    });
    (came, answers)
}
