//! Writes the demo's history the way the site's loop does: the engine decides, and its events are chained and stored
//! together with the rows that follow. Only the clock is another one.

use crate::site::encode::{Encoder, Frame};
use hashbrown::HashSet;
use yingda_core::{
    At,
    actor::Actor,
    command::{Command, Envelope},
    engine::{Engine, Refused, Rows},
    event::{Audience, Fact, Private, Subject},
    id::ConversationId,
    log::Cause,
};
use yingda_store::{Batch, CommitError, Db, Statement};

/// So many events are stored at once.
const BATCH: usize = 1_000;

pub struct Book {
    db: Db,
    pub engine: Engine,
    encoder: Encoder,
    pending: Batch,
    /// Conversations in the pending batch: one that comes again belongs into the next.
    touched: HashSet<ConversationId>,
}

impl Book {
    /// A book for an empty store.
    pub fn new(db: Db, now: At) -> Book {
        Book {
            db,
            engine: Engine::rebuild(Rows { writer: 1, ..Rows::default() }, now),
            encoder: Encoder::new([0; 32]),
            pending: Batch::default(),
            touched: HashSet::new(),
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
        self.engine.note(Cause { now, by, from: None }, on, to, fact, private.map(Box::new));
        self.keep(rows).await.map(drop)
    }

    async fn keep(&mut self, rows: Vec<Statement>) -> Result<Vec<Frame>, CommitError> {
        let output = self.engine.drain();
        let again = output.conversations.iter().any(|it| self.touched.contains(&it.conversation.id));
        if again || self.pending.events.len() >= BATCH {
            self.flush().await?;
        }
        self.touched.extend(output.conversations.iter().map(|it| it.conversation.id));
        let (batch, frames) = self.encoder.batch(output, rows);
        self.pending.events.extend(batch.events);
        self.pending.conversations.extend(batch.conversations);
        self.pending.agents.extend(batch.agents);
        self.pending.statements.extend(batch.statements);
        Ok(frames)
    }

    pub async fn flush(&mut self) -> Result<(), CommitError> {
        self.db.commit(std::mem::take(&mut self.pending)).await?;
        self.encoder.committed();
        self.touched.clear();
        Ok(())
    }
}
