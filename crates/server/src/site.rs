//! The way to the one loop that owns a site's live state, on this node or on another.

mod crowd;
pub mod encode;
mod figures;
mod places;
pub mod question;
mod rebuild;
mod run;

use crate::{
    clock::Clock,
    cluster::{
        call::{Answer, Call, Order},
        far::{Far, Unanswered, Waiter},
        link::{Link, To},
    },
    gauges::Gauges,
    hub::{Hub, SocketKey},
    tasks,
};
use question::Question;
pub use rebuild::directory as stored_directory;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    sync::{Arc, RwLock},
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};
pub use yingda_core::engine::{Done, Refused};
use yingda_core::{
    At,
    actor::Actor,
    command::Envelope,
    config::{Record, RecordKind},
    directory::Directory,
    engine::Engine,
    event::{Audience, Fact, Private, Subject},
    id::*,
    refusal::Refusal,
};
use yingda_store::{Db, Statement};

/// So many commands may wait.
const INBOX: usize = 8_192;
/// While a site changes hands, whoever waits for an answer tries again this often and this long.
const PATIENCE: Duration = Duration::from_secs(5);
const RETRY: Duration = Duration::from_millis(150);
const CATCH_UP: Duration = Duration::from_secs(1);

/// The way to the site's loop, wherever it runs.
#[derive(Clone)]
pub struct Site {
    inner: Arc<Inner>,
}

struct Inner {
    /// This node's number; 0 where it is alone.
    node: i64,
    /// Where the loop runs here, the way into it.
    here: RwLock<Option<mpsc::Sender<Ask>>>,
    /// The way to other nodes, where there are any.
    far: Option<Far>,
    position: watch::Sender<u64>,
    gauges: Arc<Gauges>,
}

/// Something to be read of the live state.
type Look = Box<dyn FnOnce(&Engine, At) + Send>;

pub enum Ask {
    Command(Envelope, Reply),
    Change(Item, Reply),
    Read(Look),
    /// Rows that may be written some time, with whatever is committed next.
    Ride(Statement),
    /// All who have a console open on a node.
    Here {
        node: i64,
        users: Vec<UserId>,
    },
}

pub enum Reply {
    Once(oneshot::Sender<Result<Done, Refused>>),
    Changed(oneshot::Sender<Result<u64, Refused>>),
    /// A socket's command: its own event is the acknowledgement; only what has none is answered.
    Socket {
        to: SocketKey,
        n: u32,
        conversation: Option<ConversationId>,
    },
    /// Asked on another node.
    Far(To),
}

/// A change of records: written in a transaction of its own.
#[derive(Debug, Serialize, Deserialize)]
pub struct Item {
    pub by: Actor,
    pub facts: Vec<ItemFact>,
    pub writes: Vec<Statement>,
    /// Told to the engine and the directory after the commit.
    pub configure: Vec<Configure>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct ItemFact {
    pub on: Subject,
    pub to: Audience,
    pub fact: Fact,
    pub private: Option<Box<Private>>,
}

#[derive(Debug, Serialize, Deserialize)]
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
    /// Without a loop yet. `far` leads to where one may be.
    pub fn new(node: i64, far: Option<Far>) -> Self {
        let (position, _) = watch::channel(0);
        let gauges = Arc::default();
        Self { inner: Arc::new(Inner { node, here: RwLock::new(None), far, position, gauges }) }
    }

    fn here(&self) -> Option<mpsc::Sender<Ask>> {
        self.inner.here.read().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    pub fn is_here(&self) -> bool {
        self.here().is_some()
    }

    /// What the loop counts while it runs here.
    pub fn gauges(&self) -> &Gauges {
        &self.inner.gauges
    }

    pub fn node(&self) -> i64 {
        self.inner.node
    }

    /// A live command: to a conversation, an agent, a visitor, or the start of a conversation.
    pub async fn send(&self, envelope: Envelope) -> Result<Done, Refused> {
        if let Some(here) = self.here() {
            let (reply, answer) = oneshot::channel();
            let ask = Ask::Command(envelope, Reply::Once(reply));
            here.send(ask).await.map_err(|_| Refusal::Unavailable)?;
            return answer.await.map_err(|_| Refusal::Unavailable)?;
        }
        match self.call(Call::Command(envelope.actor, envelope.origin, Order::of(envelope.command)?)).await? {
            Answer::Done(result, _) => {
                self.catch_up(result.map_or(0, |done| done.seq)).await;
                result
            }
            _ => Err(Refusal::Unavailable.into()),
        }
    }

    /// A socket's command. `Busy` when too many wait.
    pub fn post(
        &self,
        envelope: Envelope,
        to: SocketKey,
        n: u32,
        conversation: Option<ConversationId>,
    ) -> Result<(), Refusal> {
        if let Some(here) = self.here() {
            let reply = Reply::Socket { to, n, conversation };
            return here.try_send(Ask::Command(envelope, reply)).map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => Refusal::Busy,
                mpsc::error::TrySendError::Closed(_) => Refusal::Unavailable,
            });
        }
        let far = self.inner.far.as_ref().ok_or(Refusal::Unavailable)?;
        let call = Call::Command(envelope.actor, envelope.origin, Order::of(envelope.command)?);
        far.post(call, Waiter::Socket { to, n, conversation })
    }

    /// A change of records, with what it is to be known for. A guard that does not match is `Stale`.
    pub async fn change(&self, item: Item) -> Result<u64, Refused> {
        if let Some(here) = self.here() {
            let (reply, answer) = oneshot::channel();
            here.send(Ask::Change(item, Reply::Changed(reply))).await.map_err(|_| Refusal::Unavailable)?;
            return answer.await.map_err(|_| Refusal::Unavailable)?;
        }
        match self.call(Call::Change(item)).await? {
            Answer::Changed(result) => {
                self.catch_up(result.unwrap_or_default()).await;
                result
            }
            _ => Err(Refusal::Unavailable.into()),
        }
    }

    /// Asks something of the live state. All that was committed by then is in the answer, and nothing else.
    pub async fn ask<Q: Question>(&self, question: Q) -> Result<Q::Answer, Refused> {
        if let Some(here) = self.here() {
            let (reply, answer) = oneshot::channel();
            let read = Box::new(move |engine: &Engine, now: At| {
                // Whoever asked may have gone.
                let _ = reply.send(question.answer(engine, now));
            });
            here.send(Ask::Read(read)).await.map_err(|_| Refusal::Unavailable)?;
            return Ok(answer.await.map_err(|_| Refusal::Unavailable)?);
        }
        match self.call(Call::Ask(question.into())).await? {
            Answer::Told(told) => {
                serde_json::from_str(told.get()).map_err(|_| Refused::from(Refusal::Unavailable))
            }
            _ => Err(Refusal::Unavailable.into()),
        }
    }

    /// Writes rows that nobody waits for, with the next commit.
    pub async fn ride(&self, statement: Statement) {
        // Such rows are worth less than a stop.
        match (self.here(), &self.inner.far) {
            (Some(here), _) => drop(here.send(Ask::Ride(statement)).await),
            (None, Some(far)) => drop(far.post(Call::Ride(statement), Waiter::Nobody)),
            (None, None) => {}
        }
    }

    /// Puts something into the loop that runs here.
    pub async fn give(&self, ask: Ask) -> Result<(), Refusal> {
        let here = self.here().ok_or(Refusal::Unavailable)?;
        here.send(ask).await.map_err(|_| Refusal::Unavailable)
    }

    /// Tells the owner who has a console open on this node.
    pub async fn announce(&self, users: Vec<UserId>) {
        // Told again soon.
        match (self.here(), &self.inner.far) {
            (Some(here), _) => drop(here.send(Ask::Here { node: self.inner.node, users }).await),
            (None, Some(far)) => drop(far.post(Call::Here(users), Waiter::Nobody)),
            (None, None) => {}
        }
    }

    /// Asks the owner, and waits while the site changes hands as long as nobody can have carried it out.
    async fn call(&self, call: Call) -> Result<Answer, Refused> {
        let far = self.inner.far.as_ref().ok_or(Refusal::Unavailable)?;
        let text = call.text()?;
        let work = async {
            loop {
                // This node may have become the owner meanwhile, and its own word does not come back to it.
                if let (Some(here), Ok(call)) = (self.here(), serde_json::from_str(text.get())) {
                    return call_here(here, call).await;
                }
                match far.call(text.clone()).await {
                    Ok(answer) => return Ok(answer),
                    Err(Unanswered::Silent) => return Err(Refusal::Unavailable.into()),
                    Err(Unanswered::NotDelivered) => tokio::time::sleep(RETRY).await,
                }
            }
        };
        tokio::time::timeout(PATIENCE, work).await.unwrap_or(Err(Refusal::Unavailable.into()))
    }

    /// Waits until this node knows what was committed on another, so that whoever made a change finds it made.
    async fn catch_up(&self, seq: u64) {
        let mut position = self.position();
        // The bus may have lost it; then it comes with the next word.
        let _ = tokio::time::timeout(CATCH_UP, position.wait_for(|reached| *reached >= seq)).await;
    }

    /// Follows the position up to which everything is committed and sent.
    pub fn position(&self) -> watch::Receiver<u64> {
        self.inner.position.subscribe()
    }

    /// What this node knows to be committed, as another one told it.
    pub fn reached(&self, seq: u64) {
        self.inner.position.send_replace(seq);
    }

    /// Rebuilds the live state from the store and runs the loop on this node, until the store says that another node
    /// owns the site, or `disown` is called.
    pub async fn own(
        &self,
        db: Db,
        hub: Hub,
        clock: Clock,
        directory: Arc<RwLock<Arc<Directory>>>,
        link: Option<Link>,
    ) -> Result<JoinHandle<()>, yingda_store::ReadError> {
        let stored = rebuild::directory(&db).await?;
        let rebuilt = rebuild::rebuild(&db, stored, clock.now()).await?;
        know_all(&hub, &rebuilt.engine);
        let fresh = Arc::new(rebuilt.engine.directory.clone());
        *directory.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = fresh;
        let (inbox, commands) = mpsc::channel(INBOX);
        self.inner.position.send_replace(rebuilt.engine.seq());
        let sent = self.inner.position.clone();
        let gauges = self.inner.gauges.clone();
        let work = run::Loop::new(db, hub, clock, directory, rebuilt, sent, link, gauges, self.inner.node);
        let site = self.clone();
        let running = tasks::start("site", async move {
            work.run(commands).await;
            site.disown();
        });
        *self.inner.here.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(inbox);
        Ok(running)
    }

    /// The loop ends when it has done what waits. From here on the way leads to another node.
    pub fn disown(&self) {
        self.inner.here.write().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
    }
}

/// What was meant for another node, carried out here.
async fn call_here(here: mpsc::Sender<Ask>, call: Call) -> Result<Answer, Refused> {
    let away = Refused::from(Refusal::Unavailable);
    match call {
        Call::Command(actor, origin, order) => {
            let (reply, answer) = oneshot::channel();
            let envelope = Envelope { actor, origin, command: order.command() };
            here.send(Ask::Command(envelope, Reply::Once(reply))).await.map_err(|_| away)?;
            Ok(Answer::Done(answer.await.map_err(|_| away)?, false))
        }
        Call::Change(item) => {
            let (reply, answer) = oneshot::channel();
            here.send(Ask::Change(item, Reply::Changed(reply))).await.map_err(|_| away)?;
            Ok(Answer::Changed(answer.await.map_err(|_| away)?))
        }
        Call::Ask(question) => {
            let (reply, answer) = oneshot::channel();
            // Whoever asked may have gone.
            let read =
                Box::new(move |engine: &Engine, now: At| drop(reply.send(question.answer(engine, now))));
            here.send(Ask::Read(read)).await.map_err(|_| away)?;
            Ok(Answer::Told(answer.await.map_err(|_| away)?))
        }
        Call::Ride(_) | Call::Here(_) => Err(away),
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
