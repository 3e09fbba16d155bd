//! Writes the demo's history the way the site's loop does: the engine decides, and its events are chained and stored
//! together with the rows that follow. Only the clock is another one.

use crate::site::encode::{Encoder, Frame};
use hashbrown::HashMap;
use yingda_core::{
    At,
    actor::Actor,
    command::{Command, Envelope},
    engine::{Engine, Refused, Rows},
    event::{Audience, Fact, Private, Subject},
    id::{ConversationId, UserId},
    log::Cause,
    pulse::Pulse,
};
use yingda_store::{Batch, CommitError, ConversationWrite, Db, Statement};

/// So many events are stored at once.
const BATCH: usize = 1_000;

pub struct Book {
    db: Db,
    pub engine: Engine,
    encoder: Encoder,
    pending: Batch,
    /// The last instant: a timer that is due late fires now, as it would on a real clock.
    now: At,
    /// Where each conversation's write stands in the pending batch.
    places: HashMap<ConversationId, usize>,
    /// The latest of each conversation.
    pulses: HashMap<ConversationId, Pulse>,
}

impl Book {
    /// A book for an empty store.
    pub fn new(db: Db, now: At) -> Book {
        Book {
            db,
            engine: Engine::rebuild(Rows { writer: 1, ..Rows::default() }, now),
            encoder: Encoder::new([0; 32]),
            pending: Batch::default(),
            now,
            places: HashMap::new(),
            pulses: HashMap::new(),
        }
    }

    /// Lets the engine decide, and keeps what came of it together with these rows.
    pub async fn run(
        &mut self,
        now: At,
        actor: Actor,
        command: Command,
        rows: Vec<Statement>,
    ) -> Result<Result<Vec<Frame>, Refused>, CommitError> {
        let now = self.advance(now);
        if let Err(refused) = self.engine.handle(now, Envelope { actor, origin: None, command }) {
            return Ok(Err(refused));
        }
        self.keep(rows).await.map(Ok)
    }

    /// Keeps a fact that no command makes.
    pub async fn note(
        &mut self,
        now: At,
        by: Actor,
        on: Subject,
        fact: Fact,
        private: Option<Private>,
        rows: Vec<Statement>,
    ) -> Result<(), CommitError> {
        let to = match on {
            Subject::Visitor(_) => Audience::Customer,
            _ => Audience::Staff,
        };
        let now = self.advance(now);
        self.engine.note(Cause { now, by, from: None }, on, to, fact, private.map(Box::new), &[]);
        self.keep(rows).await.map(drop)
    }

    fn advance(&mut self, now: At) -> At {
        self.now = self.now.max(now);
        self.now
    }

    async fn keep(&mut self, rows: Vec<Statement>) -> Result<Vec<Frame>, CommitError> {
        let (batch, frames) = self.encoder.batch(self.engine.drain(), rows, self.now);
        let loses_a_holder = batch.conversations.iter().any(|write| {
            self.waiting_write(write.state.id).is_some_and(|it| {
                let gone =
                    |user: &UserId| write.state.agent != Some(*user) && !write.state.guests.contains(user);
                it.state.agent.iter().chain(&it.state.guests).any(gone)
            })
        });
        if loses_a_holder || self.pending.events.len() >= BATCH {
            self.flush().await?;
        }
        self.pending.events.extend(batch.events);
        for mut write in batch.conversations {
            // One write a conversation and batch: the later one stands for both.
            match self.waiting_write(write.state.id) {
                Some(earlier) => {
                    write.source = write.source.take().or(earlier.source.take());
                    *earlier = write;
                }
                None => {
                    self.places.insert(write.state.id, self.pending.conversations.len());
                    self.pending.conversations.push(write);
                }
            }
        }
        self.pulses.extend(batch.pulses.into_iter().map(|pulse| (pulse.conversation, pulse)));
        self.pending.agents.extend(batch.agents);
        self.pending.statements.extend(batch.statements);
        Ok(frames)
    }

    fn waiting_write(&mut self, id: ConversationId) -> Option<&mut ConversationWrite> {
        self.places.get(&id).map(|place| &mut self.pending.conversations[*place])
    }

    pub async fn flush(&mut self) -> Result<(), CommitError> {
        self.pending.pulses = self.pulses.drain().map(|(_, pulse)| pulse).collect();
        self.db.commit(std::mem::take(&mut self.pending)).await?;
        self.encoder.committed();
        self.places.clear();
        Ok(())
    }
}
