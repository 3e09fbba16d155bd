//! A commit is data: what happened, and the rows that follow from it.

use crate::Value;
use bytes::Bytes;
use yingda_core::{
    At,
    agent::Agent,
    conversation::{Conversation, Source},
    pulse::Pulse,
};

/// All of it is stored in one transaction, in this order, or none of it.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    pub events: Vec<EventRow>,
    pub conversations: Vec<ConversationWrite>,
    /// The hot path: no index, narrow rows.
    pub pulses: Vec<Pulse>,
    pub agents: Vec<AgentWrite>,
    pub statements: Vec<Statement>,
}

/// An event as it is stored. `body` comes back byte for byte.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRow {
    pub seq: u64,
    pub at: At,
    /// See [`crate::event::subject_code`].
    pub on_kind: i16,
    pub on_id: i64,
    pub kind: &'static str,
    pub audited: bool,
    /// See [`crate::event::actor_code`].
    pub actor_kind: i16,
    pub actor_id: i64,
    /// 0: the customer may see it, 1: staff only.
    pub audience: i16,
    /// The complete JSON frame.
    pub body: Bytes,
    pub private: Option<String>,
    pub salt: [u8; 16],
    pub digest: [u8; 32],
    pub hash: [u8; 32],
    /// The event of the same conversation before this one; 0 for the first, and for what concerns none.
    pub prev: u64,
}

/// A conversation's row as it is after the batch's events. Its pulse is stored apart.
#[derive(Clone, Debug)]
pub struct ConversationWrite {
    pub state: Conversation,
    /// `state` as JSON.
    pub live: String,
    /// Where the visitor came from; given at the start, kept when absent.
    pub source: Option<Source>,
}

#[derive(Clone, Debug)]
pub struct AgentWrite {
    pub agent: Agent,
}

/// One statement of a batch. Nouns make them; nobody writes SQL elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    pub sql: &'static str,
    pub args: Vec<Value>,
    /// How many rows it must touch; else the whole batch is rolled back as stale.
    pub guard: Option<u64>,
}

impl Statement {
    pub(crate) fn new(sql: &'static str, args: Vec<Value>) -> Self {
        Self { sql, args, guard: None }
    }

    pub(crate) fn guarded(sql: &'static str, args: Vec<Value>) -> Self {
        Self { sql, args, guard: Some(1) }
    }
}
