//! The way to the one loop that owns a site's live state, on this node or on another.

mod crowd;
pub mod encode;
mod figures;
mod places;
pub mod question;
mod rebuild;
mod run;

use crate::{
    app::App,
    clock::Clock,
    cluster::{
        call::{Answer, Call, Order},
        far::{Far, Unanswered, Waiter},
        link::{Link, To},
    },
    gauges::Gauges,
    hub::{Hub, SocketKey},
    latest::Latest,
    tasks,
};
use question::Question;
pub use rebuild::directory as stored_directory;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
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

/// What a loop works with.
pub struct Means {
    /// Under the owner's fence.
    pub db: Db,
    pub hub: Hub,
    pub clock: Clock,
    pub directory: Latest<Directory>,
    /// The way to other nodes, where there are any.
    pub link: Option<Link>,
}

impl Means {
    pub fn of(app: &App, db: Db, link: Option<Link>) -> Self {
        let (hub, directory) = (app.hub.clone(), app.directory.clone());
        Self { db, hub, clock: app.clock, directory, link }
    }
}

/// A change of records: written in a transaction of its own.
#[derive(Debug, Serialize, Deserialize)]
pub struct Item {
    pub by: Actor,
    pub facts: Vec<ItemFact>,
    pub writes: Vec<Statement>,
    /// Told to the engine and the directory after the commit.
    pub configure: Vec<Configure>,
    /// Staff who are shown what happened to each ticket.
    #[serde(default)]
    pub readers: Vec<(TicketId, Vec<UserId>)>,
}

impl Item {
    /// Rows and what happened, without consequences for the live state.
    pub fn new(by: Actor, facts: Vec<ItemFact>, writes: Vec<Statement>) -> Self {
        Self { by, facts, writes, configure: vec![], readers: vec![] }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
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
        self.inner.here.read().unwrap_or_else(PoisonError::into_inner).clone()
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
        // Here it need not be written down.
        if let Some(here) = self.here() {
            return look(here, move |engine, now| question.answer(engine, now)).await;
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

    /// Asks the owner, and waits while the site changes hands as long as nobody can have carried it out. That may end
    /// with this node as the owner, and what one says to all does not come back to oneself.
    async fn call(&self, call: Call) -> Result<Answer, Refused> {
        if let Some(here) = self.here() {
            return call_here(here, call).await;
        }
        let far = self.inner.far.as_ref().ok_or(Refusal::Unavailable)?;
        let text = call.text()?;
        let work = async {
            loop {
                match far.call(text.clone()).await {
                    Ok(answer) => return Ok(answer),
                    Err(Unanswered::Silent) => return Err(Refusal::Unavailable.into()),
                    Err(Unanswered::NotDelivered) => tokio::time::sleep(RETRY).await,
                }
                if let Some(here) = self.here() {
                    return call_here(here, call).await;
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
    pub async fn own(&self, means: Means) -> Result<JoinHandle<()>, yingda_store::ReadError> {
        let rebuilt = rebuild::rebuild(&means.db, means.clock.now()).await?;
        let (inbox, commands) = mpsc::channel(INBOX);
        let work = run::Loop::new(means, rebuilt, &self.inner);
        let site = self.clone();
        let running = tasks::start("site", async move {
            work.run(commands).await;
            site.disown();
        });
        *self.inner.here.write().unwrap_or_else(PoisonError::into_inner) = Some(inbox);
        Ok(running)
    }

    /// The loop ends when it has done what waits. From here on the way leads to another node.
    pub fn disown(&self) {
        self.inner.here.write().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// The loop runs here: no words are needed.
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
            let told = look(here, move |engine, now| question.answer(engine, now)).await;
            told.map(Answer::Told)
        }
        // Nobody waits for an answer to these.
        Call::Ride(_) | Call::Here(_) => Err(away),
    }
}

async fn look<T: Send + 'static>(
    here: mpsc::Sender<Ask>,
    read: impl FnOnce(&Engine, At) -> T + Send + 'static,
) -> Result<T, Refused> {
    let (reply, answer) = oneshot::channel();
    // Whoever asked may have gone.
    let read = Box::new(move |engine: &Engine, now: At| drop(reply.send(read(engine, now))));
    here.send(Ask::Read(read)).await.map_err(|_| Refusal::Unavailable)?;
    Ok(answer.await.map_err(|_| Refusal::Unavailable)?)
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
