//! A commit is data: what happened, and the rows that follow from it.

use crate::Value;
use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::Error as _};
use std::{collections::HashMap, sync::LazyLock};
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

/// The text of a statement; named, so that serde does not take it for borrowed.
type Sql = &'static str;

/// One statement of a batch. Nouns make them; nobody writes SQL elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    /// Between nodes it goes by its name: no SQL travels.
    #[serde(serialize_with = "write_name", deserialize_with = "read_name")]
    pub sql: Sql,
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

/// Each statement's name by its text, and the other way round.
static NAMES: LazyLock<HashMap<&'static str, String>> = LazyLock::new(|| {
    crate::statements().into_iter().map(|(noun, name, sql)| (sql, format!("{noun}.{name}"))).collect()
});
static TEXTS: LazyLock<HashMap<&'static str, &'static str>> =
    LazyLock::new(|| NAMES.iter().map(|(sql, name)| (name.as_str(), *sql)).collect());

fn write_name<S: Serializer>(sql: &&'static str, to: S) -> Result<S::Ok, S::Error> {
    let name = NAMES.get(sql).ok_or_else(|| S::Error::custom("a statement that no noun lists"))?;
    to.serialize_str(name)
}

fn read_name<'de, D: Deserializer<'de>>(from: D) -> Result<&'static str, D::Error> {
    let name = String::deserialize(from)?;
    let text = TEXTS.get(name.as_str()).copied();
    text.ok_or_else(|| D::Error::custom(format!("this version has no statement {name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_travels_by_name_and_unknown_ones_are_refused() {
        let (_, _, sql) = crate::statements()[0];
        let statement = Statement { sql, args: vec![Value::Int(1), Value::Null], guard: Some(1) };
        let text = serde_json::to_string(&statement).unwrap();
        assert!(!text.contains(sql) && !text.contains("INTO"), "{text}");
        assert_eq!(serde_json::from_str::<Statement>(&text).unwrap(), statement);
        let unknown = text.replace(NAMES[sql].as_str(), "nobody.DROP");
        assert!(serde_json::from_str::<Statement>(&unknown).is_err());
    }
}
