//! The one loop that owns a site's live state: handle, commit, fan out, one batch at a time.
//!
//! It drains what waits and never waits for more, so load makes batches and idleness adds no delay. Nothing is
//! acknowledged or shown before it is durable.

pub mod encode;
mod figures;
mod places;
mod rebuild;

use crate::{
    clock::Clock,
    hub::{Hub, SocketKey},
    tasks,
};
use encode::Encoder;
use places::Places;
use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, RwLock},
    time::Duration,
};
use tokio::sync::{mpsc, oneshot, watch};
pub use yingda_core::engine::{Done, Refused};
use yingda_core::{
    At,
    actor::Actor,
    command::{AgentAct, Command, Envelope},
    config::{Record, RecordKind},
    directory::Directory,
    engine::Engine,
    event::{Audience, Fact, Private, Subject},
    id::*,
    log::Cause,
    refusal::Refusal,
};
use yingda_store::{CommitError, Db, Statement};

/// At most so many commands a batch, and so many waiting.
const BATCH: usize = 256;
const INBOX: usize = 8_192;
/// While the store is away, try to reach it again this often.
const RETRY: Duration = Duration::from_millis(200);

/// The way to the loop.
#[derive(Clone)]
pub struct Site {
    inbox: mpsc::Sender<Ask>,
    position: watch::Receiver<u64>,
}

/// Something to be read of the live state.
type Look = Box<dyn FnOnce(&Engine, At) + Send>;

enum Ask {
    Command(Envelope, Reply),
    Change(Item, oneshot::Sender<Result<u64, Refused>>),
    Read(Look),
    /// Rows that may be written some time, with whatever is committed next.
    Ride(Statement),
}

enum Reply {
    Once(oneshot::Sender<Result<Done, Refused>>),
    /// A socket's command: its own event is the acknowledgement; only what has none is answered.
    Socket {
        to: SocketKey,
        n: u32,
        conversation: Option<ConversationId>,
    },
    Nobody,
}

/// A change of records: written in a transaction of its own.
#[derive(Debug)]
pub struct Item {
    pub by: Actor,
    pub facts: Vec<ItemFact>,
    pub writes: Vec<Statement>,
    /// Told to the engine and the directory after the commit.
    pub configure: Vec<Configure>,
}

#[derive(Debug)]
pub struct ItemFact {
    pub on: Subject,
    pub to: Audience,
    pub fact: Fact,
    pub private: Option<Box<Private>>,
}

#[derive(Debug)]
pub enum Configure {
    Record {
        kind: RecordKind,
        id: RecordId,
        record: Option<Box<Record>>,
    },
    /// What an API key may do; `None` when it is revoked.
    Key {
        id: ApiKeyId,
        actions: Option<Vec<yingda_core::access::Action>>,
    },
}

impl Site {
    /// A live command: to a conversation, an agent, a visitor, or the start of a conversation.
    pub async fn send(&self, envelope: Envelope) -> Result<Done, Refused> {
        let (reply, answer) = oneshot::channel();
        self.inbox
            .send(Ask::Command(envelope, Reply::Once(reply)))
            .await
            .map_err(|_| Refusal::Unavailable)?;
        answer.await.map_err(|_| Refusal::Unavailable)?
    }

    /// A socket's command. `Busy` when too many wait.
    pub fn post(
        &self,
        envelope: Envelope,
        to: SocketKey,
        n: u32,
        conversation: Option<ConversationId>,
    ) -> Result<(), Refusal> {
        let reply = Reply::Socket { to, n, conversation };
        self.inbox.try_send(Ask::Command(envelope, reply)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Refusal::Busy,
            mpsc::error::TrySendError::Closed(_) => Refusal::Unavailable,
        })
    }

    /// What the server itself tells the engine; nobody waits for the answer.
    pub async fn tell(&self, command: Command) {
        let envelope = Envelope { actor: Actor::System, origin: None, command };
        // A loop that has ended has nothing left to tell.
        let _ = self.inbox.send(Ask::Command(envelope, Reply::Nobody)).await;
    }

    /// A change of records, with what it is to be known for. A guard that does not match is `Stale`.
    pub async fn change(&self, item: Item) -> Result<u64, Refused> {
        let (reply, answer) = oneshot::channel();
        self.inbox.send(Ask::Change(item, reply)).await.map_err(|_| Refusal::Unavailable)?;
        answer.await.map_err(|_| Refusal::Unavailable)?
    }

    /// Reads something of the live state. All that was committed by then is in it, and nothing else.
    pub async fn ask<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Engine, At) -> T + Send + 'static,
    ) -> Result<T, Refused> {
        let (reply, answer) = oneshot::channel();
        let read = Box::new(move |engine: &Engine, now: At| {
            // Whoever asked may have gone.
            let _ = reply.send(read(engine, now));
        });
        self.inbox.send(Ask::Read(read)).await.map_err(|_| Refusal::Unavailable)?;
        Ok(answer.await.map_err(|_| Refusal::Unavailable)?)
    }

    /// Writes rows that nobody waits for, with the next commit.
    pub async fn ride(&self, statement: Statement) {
        // Such rows are worth less than a stop.
        let _ = self.inbox.send(Ask::Ride(statement)).await;
    }

    /// Follows the position up to which everything is committed and sent.
    pub fn position(&self) -> watch::Receiver<u64> {
        self.position.clone()
    }

    /// Rebuilds the live state from the store and starts the loop.
    pub async fn start(
        db: Db,
        hub: Hub,
        clock: Clock,
        directory: Arc<RwLock<Arc<Directory>>>,
    ) -> Result<Site, yingda_store::ReadError> {
        let rebuilt = rebuild::rebuild(&db, rebuild::directory(&db).await?, clock.now()).await?;
        know_all(&hub, &rebuilt.engine);
        *directory.write().unwrap_or_else(|poisoned| poisoned.into_inner()) =
            Arc::new(rebuilt.engine.directory.clone());
        tasks::start("visitors", hub.clone().tell_of_visitors());
        let (inbox, commands) = mpsc::channel(INBOX);
        let (sent, position) = watch::channel(rebuilt.engine.seq());
        let encoder = Encoder::new(rebuilt.head);
        let site = Loop {
            db,
            hub,
            clock,
            directory,
            engine: rebuilt.engine,
            encoder,
            places: Places::default(),
            sent,
            riders: vec![],
            away: None,
            singly: 0,
        };
        tasks::start("site", site.run(commands));
        Ok(Site { inbox, position })
    }
}

struct Loop {
    db: Db,
    hub: Hub,
    clock: Clock,
    directory: Arc<RwLock<Arc<Directory>>>,
    engine: Engine,
    encoder: Encoder,
    places: Places,
    sent: watch::Sender<u64>,
    riders: Vec<Statement>,
    /// Why the live state is not to be trusted until it is rebuilt.
    away: Option<Refusal>,
    /// After a failed commit, so many batches of one command each, so that only what fails alone is refused.
    singly: usize,
}

/// An answer that waits for the commit.
type Answer = (Reply, Result<Done, Refused>, bool);

impl Loop {
    async fn run(mut self, mut commands: mpsc::Receiver<Ask>) {
        let mut inbox = Vec::with_capacity(BATCH);
        loop {
            let now = self.clock.now();
            let wake = [self.engine.next_deadline(), self.places.next(now)].into_iter().flatten().min();
            let wait = match (self.away, wake) {
                (Some(_), _) => RETRY,
                (None, Some(at)) => Duration::from_millis((at - now).clamp(0, 60_000) as u64),
                (None, None) => Duration::from_secs(60),
            };
            let most = if self.singly > 0 { 1 } else { BATCH };
            tokio::select! {
                biased;
                count = commands.recv_many(&mut inbox, most) => if count == 0 { return },
                () = tokio::time::sleep(wait) => {}
            }
            if self.away.is_some() && !self.recover().await {
                self.refuse_all(&mut inbox);
                continue;
            }
            self.batch(&mut inbox).await;
            self.singly = self.singly.saturating_sub(1);
            self.push_places();
        }
    }

    /// Handles what waits, commits it together, then tells everyone.
    async fn batch(&mut self, inbox: &mut Vec<Ask>) {
        let now = self.clock.now();
        let mut answers: Vec<Answer> = Vec::with_capacity(inbox.len());
        let mut reads = vec![];
        for ask in inbox.drain(..) {
            match ask {
                Ask::Command(envelope, reply) => {
                    self.fetch(&envelope).await;
                    let before = self.engine.seq();
                    match catch_unwind(AssertUnwindSafe(|| self.engine.handle(now, envelope))) {
                        Ok(result) => {
                            let own_event = result.as_ref().is_ok_and(|done| done.seq > before);
                            answers.push((reply, result, own_event));
                        }
                        Err(_) => {
                            tracing::error!("the engine panicked on a command; rebuilding");
                            self.answer(reply, Err(Refusal::BadValue.into()), false);
                            self.fail(Refusal::Unavailable, std::mem::take(&mut answers));
                            return;
                        }
                    }
                }
                Ask::Change(item, reply) => {
                    // What was decided before has to be stored before.
                    if !self.commit(std::mem::take(&mut answers)).await {
                        // Whoever asked may have gone.
                        let _ = reply.send(Err(Refusal::Unavailable.into()));
                        return;
                    }
                    let result = self.change(now, item).await;
                    let away = self.away.is_some();
                    // Whoever asked may have gone.
                    let _ = reply.send(result);
                    if away {
                        return;
                    }
                }
                Ask::Read(read) => reads.push(read),
                Ask::Ride(statement) => self.riders.push(statement),
            }
        }
        let tick = Envelope { actor: Actor::System, origin: None, command: Command::Tick };
        if self.engine.handle(now, tick).is_err() {
            tracing::error!("the engine refused a tick");
        }
        if self.commit(answers).await {
            for read in reads {
                read(&self.engine, now);
            }
        }
    }

    /// A closed conversation that is touched again, or a repeated start's former one, is read back first.
    async fn fetch(&mut self, envelope: &Envelope) {
        let wanted = match &envelope.command {
            Command::Conversation(id, yingda_core::command::Act::MergeInto { conversation }) => {
                [Some(*id), Some(*conversation)]
            }
            Command::Conversation(id, _) => [Some(*id), None],
            Command::Start(start) => [start.previous, None],
            _ => [None, None],
        };
        for id in wanted.into_iter().flatten() {
            if self.engine.conversations.contains_key(&id) {
                continue;
            }
            match yingda_store::conversation::get(&self.db, id).await {
                Ok(Some(conversation)) => self.engine.admit(conversation, self.clock.now()),
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(%error, conversation = id.0, "a conversation could not be read back")
                }
            }
        }
    }

    /// Stores what the engine decided and tells everyone. False when it was not stored: the state is rebuilt.
    async fn commit(&mut self, answers: Vec<Answer>) -> bool {
        let output = self.engine.drain();
        let quiet = output.events.is_empty() && output.pulses.is_empty() && output.agents.is_empty();
        if quiet && self.riders.is_empty() {
            self.answer_all(answers);
            return true;
        }
        let (batch, frames) = self.encoder.batch(output, std::mem::take(&mut self.riders));
        match self.db.commit(batch).await {
            Ok(()) => {
                self.encoder.committed();
                self.hub.publish(&frames);
                self.places.note(&frames, self.clock.now());
                self.sent.send_replace(self.engine.seq());
                self.answer_all(answers);
                true
            }
            Err(error) => {
                tracing::error!(%error, "a batch was not stored; rebuilding from the rows");
                let refusal = match error {
                    CommitError::DiskFull => Refusal::DiskFull,
                    _ => Refusal::Unavailable,
                };
                // Alone and still not storable: it is the command that is at fault.
                let alone =
                    self.singly > 0 && matches!(error, CommitError::Failed(_) | CommitError::Conflict { .. });
                self.fail(if alone { Refusal::BadValue } else { refusal }, answers);
                false
            }
        }
    }

    async fn change(&mut self, now: At, item: Item) -> Result<u64, Refused> {
        let before = self.engine.seq();
        let cause = Cause { now, by: item.by, from: None };
        for fact in item.facts {
            self.engine.note(cause, fact.on, fact.to, fact.fact, fact.private);
        }
        let output = self.engine.drain();
        let (mut batch, frames) = self.encoder.batch(output, vec![]);
        batch.statements = item.writes;
        match self.db.commit(batch).await {
            Ok(()) => {
                self.encoder.committed();
                self.hub.publish(&frames);
                self.sent.send_replace(self.engine.seq());
            }
            Err(error) => {
                self.encoder.rolled_back();
                self.engine.retract(before);
                return Err(match error {
                    CommitError::Stale { .. } => Refusal::Stale,
                    CommitError::Conflict { .. } => Refusal::NameTaken,
                    CommitError::DiskFull => Refusal::DiskFull,
                    CommitError::Unavailable(_) => {
                        // Perhaps it was stored after all: only the rows know.
                        self.away = Some(Refusal::Unavailable);
                        Refusal::Unavailable
                    }
                    CommitError::Failed(why) => {
                        tracing::error!(why, "a change of records was not stored");
                        Refusal::BadValue
                    }
                }
                .into());
            }
        }
        let seq = self.engine.seq();
        self.configure(now, item.configure);
        Ok(seq)
    }

    /// Committed configuration becomes known to the engine, the edges and the sockets.
    fn configure(&mut self, now: At, changes: Vec<Configure>) {
        if changes.is_empty() {
            return;
        }
        for change in changes {
            match change {
                Configure::Record { kind, id, record } => {
                    let command = Command::Configure { kind, id, record };
                    let envelope = Envelope { actor: Actor::System, origin: None, command };
                    if self.engine.handle(now, envelope).is_err() {
                        tracing::error!(id = id.0, "the engine refused a configuration");
                    }
                }
                Configure::Key { id, actions } => {
                    match actions {
                        Some(actions) => self.engine.directory.keys.insert(id, Arc::new(actions)),
                        None => self.engine.directory.keys.remove(&id),
                    };
                }
            }
        }
        let fresh = Arc::new(self.engine.directory.clone());
        *self.directory.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = fresh.clone();
        self.hub.refresh(&fresh);
    }

    fn answer_all(&self, answers: Vec<Answer>) {
        for (reply, result, own_event) in answers {
            self.answer(reply, result, own_event);
        }
    }

    fn answer(&self, reply: Reply, result: Result<Done, Refused>, own_event: bool) {
        match reply {
            // Whoever asked may have gone.
            Reply::Once(to) => drop(to.send(result)),
            Reply::Socket { to, n, conversation } => self.hub.answer(to, n, conversation, result, own_event),
            Reply::Nobody => {}
        }
    }

    /// Nothing of the batch is stored: say so to all, and trust only the rows from here on.
    fn fail(&mut self, refusal: Refusal, answers: Vec<Answer>) {
        self.away = Some(refusal);
        self.singly = BATCH;
        for (reply, result, _) in answers {
            let result = result.and(Err(refusal.into()));
            self.answer(reply, result, false);
        }
    }

    fn refuse_all(&mut self, inbox: &mut Vec<Ask>) {
        let refusal = self.away.unwrap_or(Refusal::Unavailable);
        for ask in inbox.drain(..) {
            match ask {
                Ask::Command(_, reply) => self.answer(reply, Err(refusal.into()), false),
                // Whoever asked may have gone.
                Ask::Change(_, reply) => drop(reply.send(Err(refusal.into()))),
                // Dropping a read tells its asker that there is no answer.
                Ask::Read(_) => {}
                Ask::Ride(statement) => self.riders.push(statement),
            }
        }
        self.riders.truncate(INBOX);
    }

    /// The one recovery path, the same as at the start: rows, never memory.
    async fn recover(&mut self) -> bool {
        let now = self.clock.now();
        match rebuild::rebuild(&self.db, self.engine.directory.clone(), now).await {
            Ok(rebuilt) => {
                self.engine = rebuilt.engine;
                know_all(&self.hub, &self.engine);
                self.encoder = Encoder::new(rebuilt.head);
                self.away = None;
                for user in self.hub.connected_users() {
                    let command = Command::Agent(user, AgentAct::Connected);
                    let envelope = Envelope { actor: Actor::System, origin: None, command };
                    if self.engine.handle(now, envelope).is_err() {
                        tracing::warn!(user = user.0, "a connected user is not known any more");
                    }
                }
                self.hub.reload_everyone();
                tracing::info!(seq = self.engine.seq(), "the live state is rebuilt");
                true
            }
            Err(error) => {
                tracing::warn!(%error, "the store is still away");
                false
            }
        }
    }

    fn push_places(&mut self) {
        let now = self.clock.now();
        self.places.push(&self.engine, &self.hub, now);
    }
}

/// Tells the hub who takes part in each open conversation.
fn know_all(hub: &Hub, engine: &Engine) {
    for conversation in engine.conversations.values() {
        hub.know(
            conversation.id,
            conversation.visitor,
            conversation.guests.iter().copied().chain(conversation.agent),
        );
    }
}

/// Which widgets can be answered now, for the edges.
pub fn staffed(engine: &Engine, now: At) -> BTreeMap<WidgetId, bool> {
    let widgets = &engine.directory.widgets;
    widgets.iter().map(|(id, widget)| (*id, engine.is_staffed(widget.queue, now))).collect()
}
