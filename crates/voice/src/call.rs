//! One call: a caller's leg, and at most one that was rung for them. An actor carries it; each of its events is answered at
//! once, and whatever happens, both legs end.

use crate::{
    CallId, Heard, Inner, Origin, Sound, house,
    line::{Line, content, digit_of},
    media::{
        leg::{Leg, Said},
        recorder::{Side, Tap},
    },
    order::{Order, Party, Ring, Why},
    sip::{registrar::Flow, sdp},
};
use rsipstack::{
    dialog::{
        dialog::{DialogState, DialogStateReceiver, TerminatedReason},
        invitation::{InviteAsyncResult, InviteOption},
        invite_dialog::InviteDialog,
    },
    sip::{HeadersExt, Request, StatusCode, StatusCodeKind, Uri},
};
use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    task::JoinHandle,
};

/// A caller whom the house gives no word in this time is let go.
const UNDECIDED: Duration = Duration::from_secs(180);
/// How long a phone that does not answer at all may hold up the next way to it.
const LOOKED_AT: Duration = Duration::from_secs(1);

struct Second {
    line: Line,
    ring: Ring,
    /// The other ways to the same extension.
    ways: VecDeque<Flow>,
    until: Instant,
    /// Until the other side answered.
    result: Option<JoinHandle<InviteAsyncResult>>,
    told: bool,
}

struct Call {
    id: CallId,
    inner: Arc<Inner>,
    caller: Line,
    offer: String,
    /// What was answered to the caller's description.
    answer: Option<String>,
    answered: bool,
    since: Instant,
    number: String,
    second: Option<Second>,
    tap: Option<Tap>,
    held: bool,
    held_by: Option<Party>,
}

/// Why the loop of a call ends.
type Over = (Party, Why);

pub(crate) fn arrive(
    inner: &Arc<Inner>,
    dialog: InviteDialog,
    changes: DialogStateReceiver,
    origin: Origin,
    request: &Request,
) {
    let user = |uri: Uri| uri.user().map(str::to_owned).unwrap_or_default();
    let from = request.from_header().ok().and_then(|it| it.uri().ok()).map(user).unwrap_or_default();
    let to = user(request.uri.clone());
    let offer = String::from_utf8_lossy(&request.body).into_owned();
    let id = CallId::new();
    let (sender, orders) = unbounded_channel();
    inner.calls.lock().expect("no panic while it is held").insert(id, sender);
    inner.gate.live.fetch_add(1, Relaxed);
    let inner = inner.clone();
    house::start(async move {
        match Line::caller(&inner, &dialog, changes, &offer).await {
            Some(caller) => {
                inner.tell(Heard::Arrived { call: id, from: from.clone(), to, origin });
                Call::new(id, inner.clone(), caller, offer, from).run(orders).await;
            }
            None => {
                let _ = dialog.reject(Some(StatusCode::NotAcceptableHere), None);
                inner.dialogs.remove_dialog(&dialog.id());
            }
        }
        inner.calls.lock().expect("no panic while it is held").remove(&id);
        inner.gate.live.fetch_sub(1, Relaxed);
    });
}

/// What comes from the second leg.
enum News {
    Changed(DialogState),
    Said(Said),
    Result(InviteAsyncResult),
    OutOfPatience,
}

async fn news_of(second: Option<&mut Second>) -> News {
    let Some(second) = second else { return std::future::pending().await };
    let until = second.until;
    let ringing = second.result.is_some();
    let result = async {
        match &mut second.result {
            Some(handle) => match handle.await {
                Ok(result) => result,
                Err(error) => Err(rsipstack::Error::Error(error.to_string())),
            },
            None => std::future::pending().await,
        }
    };
    // What was said before an answer is told before it.
    tokio::select! {
        biased;
        Some(change) = second.line.changes.recv() => News::Changed(change),
        result = result => News::Result(result),
        Some(said) = second.line.said.recv() => News::Said(said),
        () = tokio::time::sleep_until(until.into()), if ringing => News::OutOfPatience,
        else => std::future::pending().await,
    }
}

impl Call {
    fn new(id: CallId, inner: Arc<Inner>, caller: Line, offer: String, number: String) -> Self {
        Self {
            id,
            inner,
            caller,
            offer,
            answer: None,
            answered: false,
            since: house::now(),
            number,
            second: None,
            tap: None,
            held: false,
            held_by: None,
        }
    }

    fn tell(&self, heard: Heard) {
        self.inner.tell(heard);
    }

    async fn run(mut self, mut orders: UnboundedReceiver<Order>) {
        let end = self.inner.end.clone();
        let mut ticks = house::every(LOOKED_AT);
        let (by, why) = loop {
            let over = tokio::select! {
                () = end.cancelled() => Some((Party::House, Why::HungUp)),
                Some(change) = self.caller.changes.recv() => self.caller_changed(change).await,
                Some(said) = self.caller.said.recv() => self.heard(Party::Caller, said),
                news = news_of(self.second.as_mut()) => match news {
                    News::Changed(change) => self.second_changed(change).await,
                    News::Said(said) => self.heard(Party::Second, said),
                    News::Result(result) => self.second_result(result).await,
                    News::OutOfPatience => self.second_lost(Why::NoAnswer),
                },
                order = orders.recv() => match order {
                    Some(order) => self.obey(order).await,
                    None => Some((Party::House, Why::HungUp)),
                },
                _ = ticks.tick() => self.look(),
            };
            if let Some(over) = over {
                break over;
            }
        };
        self.end(by, why).await;
    }

    async fn end(mut self, by: Party, why: Why) {
        let (id, inner) = (self.id, self.inner.clone());
        let tap = self.tap.take();
        drop(self);
        inner.tell(Heard::Ended { call: id, by, why });
        if let Some(tap) = tap {
            keep(&inner, id, tap).await;
        }
    }

    fn heard(&self, party: Party, said: Said) -> Option<Over> {
        match said {
            Said::Digit(digit) => {
                // Whoever knows the menu need not hear it to its end.
                if party == Party::Caller && self.second.is_none() {
                    self.caller.leg.stop();
                }
                self.tell(Heard::Digit { call: self.id, party, digit });
            }
            Said::Played if party == Party::Caller => self.tell(Heard::Played { call: self.id }),
            Said::Played => {}
        }
        None
    }

    /// Nobody speaks for ever without a sound, and nobody waits for ever for a word of the house.
    fn look(&self) -> Option<Over> {
        let most = self.inner.settings.silence;
        let gone = |line: &Line| !line.leg.on_hold() && line.leg.silent_for() > most;
        if !self.answered {
            return (house::now() - self.since > UNDECIDED).then_some((Party::House, Why::NoAnswer));
        }
        let second = self.second.as_ref().filter(|it| it.result.is_none());
        if gone(&self.caller) {
            return Some((Party::Caller, Why::Silent));
        }
        second.filter(|it| gone(&it.line)).map(|_| (Party::Second, Why::Silent))
    }

    async fn caller_changed(&mut self, change: DialogState) -> Option<Over> {
        match change {
            DialogState::Terminated(_, reason) => {
                self.caller.open = false;
                let why = match reason {
                    TerminatedReason::UacCancel => Why::Cancelled,
                    TerminatedReason::Timeout => Why::Unreachable,
                    _ => Why::HungUp,
                };
                return Some((Party::Caller, why));
            }
            // A caller who described nothing does so with the ACK.
            DialogState::Confirmed(..) if self.offer.trim().is_empty() => {
                let ack = self.caller.dialog.last_remote_ack();
                let body = ack.map(|ack| String::from_utf8_lossy(&ack.body).into_owned()).unwrap_or_default();
                self.offer = if body.trim().is_empty() { " -".to_owned() } else { body };
                if !self.caller.leg.accepted(&self.offer).await {
                    return Some((Party::House, Why::NoCommonSound));
                }
            }
            DialogState::Updated(_, request, handle) => {
                self.caller.asked(&request, &handle).await;
                self.connect();
            }
            other => self.other(Party::Caller, other).await,
        }
        None
    }

    async fn second_changed(&mut self, change: DialogState) -> Option<Over> {
        let call = self.id;
        let second = self.second.as_mut()?;
        match change {
            DialogState::Early(..) if !second.told => {
                second.told = true;
                let name = second.ring.name.clone();
                self.tell(Heard::Ringing { call, name });
            }
            DialogState::Terminated(..) if second.result.is_none() => {
                second.line.open = false;
                return self.second_left();
            }
            DialogState::Updated(_, request, handle) => {
                second.line.asked(&request, &handle).await;
                self.connect();
            }
            other => self.other(Party::Second, other).await,
        }
        None
    }

    async fn other(&self, party: Party, change: DialogState) {
        match change {
            DialogState::Info(_, request, handle) => {
                if let Some(digit) = digit_of(&request) {
                    self.heard(party, Said::Digit(digit));
                }
                let _ = handle.reply(StatusCode::OK).await;
            }
            DialogState::Options(_, _, handle) => {
                let _ = handle.reply(StatusCode::OK).await;
            }
            DialogState::Notify(_, _, handle)
            | DialogState::Refer(_, _, handle)
            | DialogState::Message(_, _, handle)
            | DialogState::Publish(_, _, handle) => {
                let _ = handle.reply(StatusCode::MethodNotAllowed).await;
            }
            _ => {}
        }
    }

    async fn obey(&mut self, order: Order) -> Option<Over> {
        match order {
            Order::Ringing => {
                let _ = self.caller.dialog.ringing(None, None);
            }
            Order::Early if !self.answered => {
                let answer = self.described().await?;
                let _ = self.caller.dialog.ringing(content(), Some(answer.into_bytes()));
            }
            Order::Answer if !self.answered => {
                let Some(answer) = self.described().await else {
                    self.caller.refusal = StatusCode::NotAcceptableHere;
                    return Some((Party::House, Why::NoCommonSound));
                };
                if let Err(error) = self.caller.dialog.accept(content(), Some(answer.into_bytes())) {
                    tracing::debug!(call = %self.id, %error, "a call could not be answered");
                    return Some((Party::Caller, Why::Unreachable));
                }
                self.answered = true;
            }
            Order::Early | Order::Answer => {}
            Order::Play(sound) => self.caller.leg.play(sound, false),
            Order::Music => self.caller.leg.play(self.inner.settings.music.clone(), true),
            Order::Keep(path) => {
                if self.tap.is_none() && self.second.is_none() {
                    self.tap(path);
                }
            }
            Order::Kept => self.untap(),
            Order::Ring(ring) => {
                if self.second.is_none() {
                    let ways = self.inner.registrar.flows(&ring.name).into();
                    let until = house::now() + ring.patience;
                    self.ring(ring, ways, until).await;
                }
            }
            Order::StopRinging => {
                if self.second.as_ref().is_some_and(|it| it.result.is_some()) {
                    self.second = None;
                }
            }
            Order::Hold | Order::Resume => {
                self.held = matches!(order, Order::Hold);
                self.connect();
            }
            Order::Mute(on) => {
                if let Some(second) = &self.second {
                    second.line.leg.mute(on);
                }
            }
            Order::Release => {
                if let Some(second) = self.second.take_if(|it| it.result.is_none()) {
                    self.alone(second);
                }
            }
            Order::HangUp => {
                self.caller.refusal = StatusCode::BusyHere;
                return Some((Party::House, Why::HungUp));
            }
        }
        None
    }

    /// Our side of the description; it stays the same until they change theirs.
    async fn described(&mut self) -> Option<String> {
        if self.answer.is_none() {
            self.answer = match self.offer.trim().is_empty() {
                true => self.caller.leg.offer(sdp::Codec::Pcma).await,
                false => self.caller.leg.answer(&self.offer).await,
            };
        }
        self.answer.clone()
    }

    /// Rings the next way to an extension.
    async fn ring(&mut self, ring: Ring, mut ways: VecDeque<Flow>, until: Instant) {
        while let Some(flow) = ways.pop_front() {
            match self.call(&ring, &flow).await {
                Ok((line, result)) => {
                    self.second = Some(Second { line, ring, ways, until, result: Some(result), told: false });
                    return;
                }
                Err(error) => {
                    tracing::debug!(call = %self.id, name = ring.name, error, "a phone was not rung")
                }
            }
        }
        self.tell(Heard::Refused { call: self.id, name: ring.name, why: Why::Unreachable });
    }

    async fn call(&self, ring: &Ring, flow: &Flow) -> Result<(Line, JoinHandle<InviteAsyncResult>), String> {
        let inner = &self.inner;
        let (said, hears) = unbounded_channel();
        let leg = if flow.web {
            Leg::web(inner.settings.host, said).await?
        } else {
            Leg::plain(&inner.ports, said).map_err(|error| error.to_string())?
        };
        let offer = leg.offer(self.caller.leg.codec()).await.ok_or("no description")?;
        let (states, changes) = inner.dialogs.new_dialog_state_channel();
        let option = InviteOption {
            caller: inner.address(&self.number),
            // The stack puts it in quotes; nothing in it may end them.
            caller_display_name: Some(
                ring.caller.replace(|sign: char| sign.is_control() || "\"\\".contains(sign), ""),
            )
            .filter(|it| !it.is_empty()),
            callee: Uri::try_from(flow.contact.as_str()).map_err(|error| error.to_string())?,
            destination: Some(flow.from.clone()),
            contact: inner.contact(flow.from.r#type),
            offer: Some(offer.into_bytes()),
            ..InviteOption::default()
        };
        let rung = inner.dialogs.do_invite_async(option, states).map_err(|error| error.to_string());
        let (dialog, result) = match rung {
            Ok(rung) => rung,
            Err(error) => {
                leg.close();
                return Err(error);
            }
        };
        let refusal = StatusCode::Decline;
        Ok((Line { inner: inner.clone(), dialog, changes, leg, said: hears, open: true, refusal }, result))
    }

    async fn second_result(&mut self, result: InviteAsyncResult) -> Option<Over> {
        let second = self.second.as_mut()?;
        second.result = None;
        let response = result.ok().and_then(|(_, response)| response);
        let status = response.as_ref().map(|it| it.status_code.clone());
        match (response, status) {
            (Some(response), Some(status)) if status.kind() == StatusCodeKind::Successful => {
                let body = String::from_utf8_lossy(&response.body).into_owned();
                if !second.line.leg.accepted(&body).await {
                    return self.second_lost(Why::NoCommonSound);
                }
                self.answered_by_second();
                None
            }
            (_, status) => {
                second.line.open = false;
                let why = match status.map(u16::from) {
                    Some(486 | 600) => Why::Busy,
                    Some(603 | 480) => Why::Declined,
                    Some(488 | 606) => Why::NoCommonSound,
                    Some(487) => Why::NoAnswer,
                    _ => Why::Unreachable,
                };
                let second = self.second.take()?;
                // Another phone of theirs may still be reached.
                if why == Why::Unreachable && !second.ways.is_empty() {
                    let Second { ring, ways, until, line, .. } = second;
                    drop(line);
                    self.ring(ring, ways, until).await;
                    return None;
                }
                self.tell(Heard::Refused { call: self.id, name: second.ring.name, why });
                None
            }
        }
    }

    fn answered_by_second(&mut self) {
        let Some(second) = &self.second else { return };
        let (name, path) = (second.ring.name.clone(), second.ring.record.clone());
        // What was said to a machine is one thing, and what follows another.
        self.untap();
        if let Some(path) = path {
            self.tap(path);
        }
        self.held = false;
        self.connect();
        self.tell(Heard::Answered { call: self.id, name });
    }

    /// What is said from here on is kept.
    fn tap(&mut self, path: PathBuf) {
        let tap = self.inner.recorder.begin(self.id.0, path);
        self.caller.leg.record(Some((tap.clone(), Side::Left)));
        self.tap = Some(tap);
    }

    fn untap(&mut self) {
        self.caller.leg.record(None);
        if let Some(tap) = self.tap.take() {
            let (inner, id) = (self.inner.clone(), self.id);
            house::start(async move { keep(&inner, id, tap).await });
        }
    }

    /// The one that is rung will not come.
    fn second_lost(&mut self, why: Why) -> Option<Over> {
        let second = self.second.take()?;
        self.tell(Heard::Refused { call: self.id, name: second.ring.name.clone(), why });
        None
    }

    /// The second leg hung up.
    fn second_left(&mut self) -> Option<Over> {
        let second = self.second.take()?;
        if !second.ring.stay {
            return Some((Party::Second, Why::HungUp));
        }
        self.alone(second);
        None
    }

    /// The caller is alone with the house again; what was said is kept.
    fn alone(&mut self, second: Second) {
        let name = second.ring.name.clone();
        drop(second);
        self.untap();
        self.caller.leg.part();
        self.held = false;
        self.held_by = None;
        self.tell(Heard::Left { call: self.id, name });
    }

    /// Lets both hear each other, or what they hear while one of them holds.
    fn connect(&mut self) {
        let Some(second) = self.second.as_ref().filter(|it| it.result.is_none()) else { return };
        let (caller, other) = (&self.caller.leg, &second.line.leg);
        let by = match (self.held, other.on_hold(), caller.on_hold()) {
            (true, ..) => Some(Party::House),
            (_, true, _) => Some(Party::Second),
            (.., true) => Some(Party::Caller),
            _ => None,
        };
        let tap = self.tap.clone().filter(|_| by.is_none()).map(|tap| (tap, Side::Right));
        // What is said beside a call on hold is nobody's business.
        other.record(tap);
        match by {
            None => caller.join(other),
            Some(by) => {
                caller.part();
                other.part();
                let music = || self.inner.settings.music.clone();
                // Whoever holds hears nothing, and whoever is held hears music.
                let (to_caller, to_other) = match by {
                    Party::Caller => (Sound::silence(), music()),
                    _ => (music(), Sound::silence()),
                };
                caller.play(to_caller, true);
                other.play(to_other, true);
            }
        }
        if self.held_by != by {
            let (on, who) = (by.is_some(), by.or(self.held_by));
            self.held_by = by;
            if let Some(by) = who {
                self.tell(Heard::Held { call: self.id, by, on });
            }
        }
    }
}

async fn keep(inner: &Inner, call: CallId, tap: Tap) {
    match tap.end().await {
        Ok(recording) => inner.tell(Heard::Recorded { call, recording }),
        Err(error) => tracing::error!(%call, %error, "a recording was lost"),
    }
}
