//! The telephone's calls as conversations. `crates/voice` holds the lines and tells what happens on them; each call has a
//! task here that turns that into commands of its conversation, and what becomes of the conversation into orders.

mod carry;
mod walk;

use crate::{
    app::{App, Shared},
    config, random,
    start::StartError,
    tasks,
};
use carry::Carry;
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
pub use walk::PlaceOf;
use yingda_core::{
    actor::Actor,
    command::{Act, Command, Envelope},
    config::Setup,
    event::Event,
    id::*,
    medium::Medium,
    phone,
};
use yingda_store::conversation;
use yingda_voice::{CallId, Heard, Order, Origin, Settings, Sound, Voice};
use yingda_wire::http::CallWish;

/// How many calls one node takes at once, and begins in a second.
const MOST_CALLS: usize = 500;
const CALLS_PER_SECOND: u32 = 200;
/// A line without any sound is gone.
const SILENCE: Duration = Duration::from_secs(45);

/// The exchange of this node, and the passwords of people's phones.
pub struct Phone {
    pub voice: Voice,
    passwords: Mutex<HashMap<UserId, String>>,
    /// The call of each conversation that has one.
    lines: Mutex<HashMap<ConversationId, UnboundedSender<Word>>>,
}

/// What a call's task is told.
enum Word {
    /// From the line.
    Heard(Heard),
    /// From the conversation.
    Event(Box<Event>),
    /// A phone of somebody's is there now.
    Ready(UserId),
    /// From whoever serves it, by the console or a program.
    Wish(CallWish),
    /// The time that was waited for is over.
    Time(u64),
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Phone {
    /// The password with which a member of staff registers a phone, the same for as long as the process lives.
    pub fn admit(&self, user: UserId) -> String {
        let mut passwords = locked(&self.passwords);
        let password = passwords.entry(user).or_insert_with(|| hex::encode(random::bytes::<16>()));
        self.voice.admit(&user.to_string(), Some(password.clone()));
        password.clone()
    }

    /// False when the conversation has no call.
    pub fn wish(&self, conversation: ConversationId, wish: CallWish) -> bool {
        locked(&self.lines).get(&conversation).is_some_and(|line| line.send(Word::Wish(wish)).is_ok())
    }
}

/// Whoever is signed in nowhere any more has no phone either.
pub fn forget_absent(app: &App, user: UserId) {
    let Some(phone) = app.phone.get() else { return };
    if !app.sessions.is_signed_in(user, app.clock.now()) && locked(&phone.passwords).remove(&user).is_some() {
        phone.voice.admit(&user.to_string(), None);
    }
}

/// Opens the exchange, where one is configured.
pub async fn start(app: &Shared) -> Result<Option<SocketAddr>, StartError> {
    let config = &app.config.phone;
    let Some(listen) = config.listen else { return Ok(None) };
    let settings = settings(config, listen).map_err(StartError)?;
    let cannot = |error| StartError(format!("cannot take calls at {listen}: {error}"));
    let (voice, heard) = Voice::start(settings).await.map_err(cannot)?;
    let address = SocketAddr::new(listen.ip(), voice.port());
    let phone = Phone { voice, passwords: Mutex::default(), lines: Mutex::default() };
    if app.phone.set(phone).is_err() {
        return Err(StartError("the telephone was started twice".into()));
    }
    let events = app.hub.telephone();
    tasks::start("telephone", run(app.clone(), heard, events));
    Ok(Some(address))
}

fn settings(config: &config::Phone, listen: SocketAddr) -> Result<Settings, String> {
    if config.first_port >= config.last_port {
        return Err("`phone.first_port` has to be below `phone.last_port`".into());
    }
    Ok(Settings {
        listen,
        host: config.host(listen)?,
        realm: "yingda".into(),
        strong_digest: config.strong_digest,
        sound: (config.first_port, config.last_port),
        trunks: config.trunks.clone(),
        most_calls: MOST_CALLS,
        calls_per_second: CALLS_PER_SECOND,
        silence: SILENCE,
        music: Sound::music(),
    })
}

async fn run(app: Shared, mut heard: UnboundedReceiver<Heard>, mut events: UnboundedReceiver<Event>) {
    let Some(phone) = app.phone.get() else { return };
    sweep(&app).await;
    let mut calls: HashMap<CallId, UnboundedSender<Word>> = HashMap::new();
    loop {
        tokio::select! {
            Some(heard) = heard.recv() => hear(&app, &mut calls, heard),
            Some(event) = events.recv() => {
                let line = event.on.conversation().and_then(|id| locked(&phone.lines).get(&id).cloned());
                if let Some(line) = line {
                    let _ = line.send(Word::Event(Box::new(event)));
                }
            }
            () = tasks::stopping() => break,
        }
        calls.retain(|_, line| !line.is_closed());
    }
    phone.voice.drain();
}

fn hear(app: &Shared, calls: &mut HashMap<CallId, UnboundedSender<Word>>, heard: Heard) {
    let call = match &heard {
        Heard::Registered { name, present } => {
            if let Some(user) = name.parse().ok().map(UserId).filter(|_| *present) {
                calls.values().for_each(|line| drop(line.send(Word::Ready(user))));
            }
            return;
        }
        Heard::Arrived { call, from, to, origin } => {
            if let Some(line) = arrive(app, *call, from, to, origin) {
                calls.insert(*call, line);
            }
            return;
        }
        Heard::Digit { call, .. }
        | Heard::Played { call }
        | Heard::Ringing { call, .. }
        | Heard::Answered { call, .. }
        | Heard::Refused { call, .. }
        | Heard::Held { call, .. }
        | Heard::Left { call, .. }
        | Heard::Ended { call, .. }
        | Heard::Recorded { call, .. } => *call,
    };
    if let Some(line) = calls.get(&call) {
        let _ = line.send(Word::Heard(heard));
    }
}

/// A call for one of our numbers gets a task; any other is refused.
fn arrive(
    app: &Shared,
    call: CallId,
    from: &str,
    to: &str,
    origin: &Origin,
) -> Option<UnboundedSender<Word>> {
    let phone = app.phone.get()?;
    let directory = app.directory();
    let dialled = phone::normal(to);
    let found = directory.channels.iter().filter(|(_, it)| it.enabled).find_map(|(id, channel)| {
        let Setup::Phone(setup) = &channel.setup else { return None };
        let ours = setup.numbers.iter().any(|number| number == to || phone::normal(number) == dialled);
        ours.then_some((*id, setup.record))
    });
    let Some((channel, record)) = found.filter(|_| *origin == Origin::Trunk) else {
        tracing::info!(%call, to, "a call for a number that nobody has");
        phone.voice.order(call, Order::HangUp);
        return None;
    };
    let (line, words) = unbounded_channel();
    let carry = Carry::new(app.clone(), call, channel, record, from.to_owned(), to.to_owned(), line.clone());
    tasks::start("call", carry.run(words));
    Some(line)
}

/// Calls do not outlive the process that held them: what is left of them ends as lost.
async fn sweep(app: &Shared) {
    // Another node's calls go on.
    if app.cluster.is_some() {
        return;
    }
    let open = match conversation::open_live(&app.db).await {
        Ok(open) => open,
        Err(error) => return tracing::warn!(%error, "calls that broke off are not closed yet"),
    };
    for lost in open.into_iter().filter(|it| it.medium == Medium::Voice) {
        let command = Command::Conversation(lost.id, Act::Close);
        let _ = app.site.send(Envelope { actor: Actor::System, origin: None, command }).await;
    }
}
