//! The loop: handle, commit, fan out, one batch at a time.
//!
//! It drains what waits and never waits for more, so load makes batches and idleness adds no delay. Nothing is
//! acknowledged or shown before it is durable.

use super::{
    Ask, Configure, Done, Inner, Item, ItemFact, Means, Refused, Reply,
    crowd::{Crowd, Moved},
    encode::{Encoder, Frame},
    know_all,
    places::Places,
    rebuild::{self, Rebuilt},
};
use crate::{
    channels,
    clock::Clock,
    cluster::{call::Answer, link::Link},
    gauges::{Gauges, Timing},
    hub::Hub,
    latest::Latest,
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};
use tokio::sync::{mpsc, watch};
use yingda_core::{
    At,
    actor::Actor,
    command::{AgentAct, Command, Envelope},
    directory::Directory,
    engine::Engine,
    event::Subject,
    id::{TicketId, UserId},
    log::Cause,
    refusal::Refusal,
};
use yingda_store::{CommitError, Db, Statement};

/// At most so many commands a batch.
const BATCH: usize = 256;
/// At most so many changes of records in one transaction, so that live work never waits long behind them.
const TOGETHER: usize = 64;
/// Rows that nobody waits for are kept up to so many while the store is away.
const RIDERS: usize = 8_192;
/// While the store is away, try to reach it again this often.
const RETRY: Duration = Duration::from_millis(200);

/// Why the live state is not to be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Away {
    /// Until it is rebuilt from the rows; so far this is the answer.
    Until(Refusal),
    /// The site belongs to another node.
    ForGood,
}

pub struct Loop {
    db: Db,
    hub: Hub,
    clock: Clock,
    directory: Latest<Directory>,
    engine: Engine,
    encoder: Encoder,
    places: Places,
    sent: watch::Sender<u64>,
    riders: Vec<Statement>,
    crowd: Crowd,
    /// The way to other nodes, where there are any.
    link: Option<Link>,
    gauges: Arc<Gauges>,
    /// Why the live state is not to be trusted until it is rebuilt.
    away: Option<Away>,
    /// After a failed commit, so many batches of one command each, so that only what fails alone is refused.
    singly: usize,
}

/// An answer that waits for the commit.
type Answered = (Reply, Result<Done, Refused>, bool);

impl Loop {
    pub fn new(means: Means, rebuilt: Rebuilt, site: &Inner) -> Self {
        let Means { db, hub, clock, directory, link } = means;
        let (encoder, engine) = (Encoder::new(rebuilt.head), rebuilt.engine);
        let (sent, gauges) = (site.position.clone(), site.gauges.clone());
        let (places, crowd) = (Places::default(), Crowd::of(site.node));
        let (riders, away, singly) = (vec![], None, 0);
        let it = Self {
            db,
            hub,
            clock,
            directory,
            link,
            engine,
            encoder,
            places,
            sent,
            riders,
            crowd,
            gauges,
            away,
            singly,
        };
        it.know();
        it
    }

    /// Until nobody can ask any more, or the site belongs to another node.
    pub async fn run(mut self, mut commands: mpsc::Receiver<Ask>) {
        let mut inbox = Vec::with_capacity(BATCH);
        loop {
            let now = self.clock.now();
            let wakes = [self.engine.next_deadline(), self.places.next(now), self.crowd.next()];
            let wake = wakes.into_iter().flatten().min();
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
            if self.away == Some(Away::ForGood) {
                return self.refuse(inbox.drain(..));
            }
            if self.away.is_some() && !self.recover().await {
                self.refuse(inbox.drain(..));
                continue;
            }
            self.batch(&mut inbox).await;
            self.singly = self.singly.saturating_sub(1);
            self.push_places();
            if self.away == Some(Away::ForGood) {
                return;
            }
        }
    }

    /// Handles what waits, commits it together, then tells everyone.
    async fn batch(&mut self, inbox: &mut Vec<Ask>) {
        let begun = self.clock.instant();
        let now = self.clock.at(begun);
        let mut answers: Vec<Answered> = Vec::with_capacity(inbox.len());
        let mut reads = vec![];
        let mut asks = inbox.drain(..).peekable();
        while let Some(ask) = asks.next() {
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
                            return self.refuse(asks);
                        }
                    }
                }
                Ask::Change(item, reply) => {
                    // What was decided before has to be stored before.
                    if !self.commit(std::mem::take(&mut answers), begun).await {
                        self.answer_change(reply, Err(Refusal::Unavailable.into()));
                        return self.refuse(asks);
                    }
                    let mut changes = vec![(item, reply)];
                    while changes.len() < TOGETHER
                        && let Some(Ask::Change(..)) = asks.peek()
                        && let Some(Ask::Change(item, reply)) = asks.next()
                    {
                        changes.push((item, reply));
                    }
                    self.changes(now, changes).await;
                    if self.away.is_some() {
                        return self.refuse(asks);
                    }
                }
                Ask::Read(read) => reads.push(read),
                Ask::Ride(statement) => self.riders.push(statement),
                Ask::Here { node, users } => {
                    let moved = self.crowd.hear(node, users, now);
                    self.tell_of(moved, now);
                }
            }
        }
        let silent = self.crowd.silent(now);
        self.tell_of(silent, now);
        let tick = Envelope { actor: Actor::System, origin: None, command: Command::Tick };
        if self.engine.handle(now, tick).is_err() {
            tracing::error!("the engine refused a tick");
        }
        if self.commit(answers, begun).await {
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
    async fn commit(&mut self, answers: Vec<Answered>, begun: Instant) -> bool {
        let output = self.engine.drain();
        let quiet = output.events.is_empty() && output.pulses.is_empty() && output.agents.is_empty();
        if quiet && self.riders.is_empty() {
            self.answer_all(answers);
            return true;
        }
        let leaves = !output.effects.is_empty();
        let (batch, frames) =
            self.encoder.batch(output, std::mem::take(&mut self.riders), self.clock.at(begun));
        let timing = Timing { begun, asked: self.clock.instant() };
        match self.db.commit(batch).await {
            Ok(()) => {
                self.note(timing, answers.len(), frames.len());
                self.encoder.committed();
                self.spread(&frames, false);
                self.sent.send_replace(self.engine.seq());
                self.places.note(&frames, self.clock.now());
                if leaves {
                    channels::LEAVING.notify_waiters();
                }
                self.answer_all(answers);
                true
            }
            Err(CommitError::Fenced) => {
                self.end(answers);
                false
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

    /// Changes of records that wait together are stored together. Where one of them cannot be, each is stored alone, so
    /// that only what fails alone is refused.
    async fn changes(&mut self, now: At, changes: Vec<(Item, Reply)>) {
        let is_plain = changes.iter().all(|(item, _)| item.configure.is_empty());
        if changes.len() == 1 || !is_plain {
            return self.one_by_one(now, changes).await;
        }
        let before = self.engine.seq();
        let mut statements = vec![];
        let mut reached = vec![];
        for (item, _) in &changes {
            self.note_facts(now, item.by, item.facts.iter().cloned(), &item.readers);
            statements.extend(item.writes.iter().cloned());
            reached.push(self.engine.seq());
        }
        let output = self.engine.drain();
        let (mut batch, frames) = self.encoder.batch(output, vec![], now);
        batch.statements = statements;
        let begun = self.clock.instant();
        if self.db.commit(batch).await.is_err() {
            self.encoder.rolled_back();
            self.engine.retract(before);
            return self.one_by_one(now, changes).await;
        }
        self.note(Timing { begun, asked: begun }, 0, frames.len());
        self.encoder.committed();
        self.spread(&frames, false);
        self.sent.send_replace(self.engine.seq());
        for ((_, reply), seq) in changes.into_iter().zip(reached) {
            self.answer_change(reply, Ok(seq));
        }
    }

    async fn one_by_one(&mut self, now: At, changes: Vec<(Item, Reply)>) {
        for (item, reply) in changes {
            // Once the site is lost, the rest is not tried any more.
            let result = if self.away.is_some() {
                Err(Refusal::Unavailable.into())
            } else {
                self.change(now, item).await
            };
            self.answer_change(reply, result);
        }
    }

    fn note_facts(
        &mut self,
        now: At,
        by: Actor,
        facts: impl Iterator<Item = ItemFact>,
        readers: &[(TicketId, Vec<UserId>)],
    ) {
        let cause = Cause { now, by, from: None };
        for fact in facts {
            let readers = readers.iter().find(|(ticket, _)| fact.on == Subject::Ticket(*ticket));
            let readers = readers.map_or(&[][..], |(_, users)| users);
            self.engine.note(cause, fact.on, fact.to, fact.fact, fact.private, readers);
        }
    }

    async fn change(&mut self, now: At, item: Item) -> Result<u64, Refused> {
        let before = self.engine.seq();
        self.note_facts(now, item.by, item.facts.into_iter(), &item.readers);
        let output = self.engine.drain();
        let (mut batch, frames) = self.encoder.batch(output, vec![], now);
        batch.statements = item.writes;
        let begun = self.clock.instant();
        match self.db.commit(batch).await {
            Ok(()) => {
                self.note(Timing { begun, asked: begun }, 0, frames.len());
                self.encoder.committed();
                self.spread(&frames, !item.configure.is_empty());
            }
            Err(error) => {
                self.encoder.rolled_back();
                self.engine.retract(before);
                return Err(match error {
                    CommitError::Stale { .. } => Refusal::Stale,
                    CommitError::Conflict { .. } => Refusal::NameTaken,
                    CommitError::DiskFull => Refusal::DiskFull,
                    CommitError::Fenced => {
                        self.end(vec![]);
                        Refusal::Unavailable
                    }
                    CommitError::Unavailable(_) => {
                        // Perhaps it was stored after all: only the rows know.
                        self.away = Some(Away::Until(Refusal::Unavailable));
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
        // Whoever reads the log on from here finds the configuration that goes with it.
        self.sent.send_replace(seq);
        Ok(seq)
    }

    fn note(&self, timing: Timing, commands: usize, events: usize) {
        let ended = self.clock.instant();
        self.gauges.stored(timing, ended, commands, events, self.clock.at(ended));
    }

    /// Committed events go to everyone on this node, and to the other nodes.
    fn spread(&self, frames: &[Frame], reload: bool) {
        self.hub.publish(frames);
        if let Some(link) = &self.link {
            link.tell(frames, self.engine.seq(), reload);
        }
    }

    /// Consoles were opened or closed somewhere.
    fn tell_of(&mut self, moved: Moved, now: At) {
        let came = moved.came.into_iter().map(|user| (user, AgentAct::Connected));
        let gone = moved.gone.into_iter().map(|user| (user, AgentAct::Disconnected));
        for (user, act) in came.chain(gone) {
            let envelope =
                Envelope { actor: Actor::System, origin: None, command: Command::Agent(user, act) };
            if self.engine.handle(now, envelope).is_err() {
                tracing::warn!(user = user.0, "a connected user is not known any more");
            }
        }
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
        let fresh = self.directory.put(self.engine.directory.clone());
        self.hub.refresh(&fresh);
    }

    /// What was rebuilt becomes known around the loop.
    fn know(&self) {
        know_all(&self.hub, &self.engine);
        self.directory.put(self.engine.directory.clone());
        self.sent.send_replace(self.engine.seq());
    }

    fn answer_all(&self, answers: Vec<Answered>) {
        let refused = answers.iter().filter(|(_, result, _)| result.is_err()).count();
        self.gauges.answered(answers.len() - refused, refused);
        for (reply, result, own_event) in answers {
            self.answer(reply, result, own_event);
        }
    }

    fn answer(&self, reply: Reply, result: Result<Done, Refused>, own_event: bool) {
        match reply {
            // Whoever asked may have gone.
            Reply::Once(to) => drop(to.send(result)),
            Reply::Socket { to, n, conversation } => self.hub.answer(to, n, conversation, result, own_event),
            Reply::Far(to) => to.answer(Answer::Done(result, own_event)),
            Reply::Changed(_) => {}
        }
    }

    fn answer_change(&self, reply: Reply, result: Result<u64, Refused>) {
        match reply {
            // Whoever asked may have gone.
            Reply::Changed(to) => drop(to.send(result)),
            Reply::Far(to) => to.answer(Answer::Changed(result)),
            Reply::Once(_) | Reply::Socket { .. } => {}
        }
    }

    /// Nothing of the batch is stored: say so to all, and trust only the rows from here on.
    fn fail(&mut self, refusal: Refusal, answers: Vec<Answered>) {
        self.away = Some(Away::Until(refusal));
        self.singly = BATCH;
        self.gauges.failed_batches.fetch_add(1, Relaxed);
        self.gauges.answered(0, answers.len());
        for (reply, result, _) in answers {
            let result = result.and(Err(refusal.into()));
            self.answer(reply, result, false);
        }
    }

    /// Another node owns the site: whoever waits asks there.
    fn end(&mut self, answers: Vec<Answered>) {
        tracing::warn!("another node owns the site now");
        self.fail(Refusal::Unavailable, answers);
        self.away = Some(Away::ForGood);
    }

    /// Those who cannot be heard now are told so.
    fn refuse(&mut self, asks: impl Iterator<Item = Ask>) {
        let refusal = match self.away {
            Some(Away::Until(refusal)) => refusal,
            _ => Refusal::Unavailable,
        };
        for ask in asks {
            match ask {
                Ask::Command(_, reply) => self.answer(reply, Err(refusal.into()), false),
                Ask::Change(_, reply) => self.answer_change(reply, Err(refusal.into())),
                // Dropping a read tells its asker that there is no answer.
                Ask::Read(_) => {}
                Ask::Ride(statement) => self.riders.push(statement),
                // Told again soon, and not forgotten meanwhile.
                Ask::Here { node, users } => drop(self.crowd.hear(node, users, self.clock.now())),
            }
        }
        self.riders.truncate(RIDERS);
    }

    /// The one recovery path, the same as at the start: rows, never memory.
    async fn recover(&mut self) -> bool {
        let now = self.clock.now();
        match rebuild::rebuild(&self.db, now).await {
            Ok(rebuilt) => {
                self.engine = rebuilt.engine;
                self.know();
                self.encoder = Encoder::new(rebuilt.head);
                self.away = None;
                self.tell_of(Moved { came: self.crowd.everyone(), gone: vec![] }, now);
                self.hub.refresh(&self.engine.directory);
                if let Some(link) = &self.link {
                    link.tell(&[], self.engine.seq(), true);
                }
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
