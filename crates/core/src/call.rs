//! A telephone call, as far as its conversation has to know of it. What a call is named by stays the same in all of it.

use crate::{event::Fact, id::*};
use serde::{Deserialize, Serialize};

/// Who ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = CallParty))]
#[serde(rename_all = "snake_case")]
pub enum Party {
    Caller,
    Agent,
    /// Nobody hung up: the product did, because of what was done to the conversation.
    House,
    /// No sound came any more, or the line broke.
    Line,
}

/// Why an agent's phone did not take a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = CallMiss))]
#[serde(rename_all = "snake_case")]
pub enum Miss {
    Busy,
    Declined,
    NoAnswer,
    /// No phone of theirs is there.
    NoPhone,
}

/// A call came in; `number` is the one that was dialled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = CallStarted))]
pub struct Started {
    pub call: String,
    pub number: String,
}

/// Caller and agent hear each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = CallAnswered))]
pub struct Answered {
    pub call: String,
    pub agent: UserId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = CallMissed))]
pub struct Missed {
    pub call: String,
    pub agent: UserId,
    pub why: Miss,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = CallHeld))]
pub struct Held {
    pub call: String,
    // An event has an `on` already: what it is about.
    pub is_on: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = CallEnded))]
pub struct Ended {
    pub call: String,
    // An event has a `by` already.
    pub ended_by: Party,
    pub talk_ms: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = CallRecorded))]
pub struct Recorded {
    pub call: String,
    pub file: FileId,
    pub name: String,
    pub size: u64,
    pub sha256: String,
    pub ms: i64,
}

/// What happened on the line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    Started { number: String },
    Answered { agent: UserId },
    Missed { agent: UserId, why: Miss },
    Held { on: bool },
    Ended { by: Party, talk_ms: i64 },
    Recorded { file: FileId, name: String, size: u64, sha256: String, ms: i64 },
}

impl Step {
    pub fn fact(self, call: String) -> Fact {
        match self {
            Step::Started { number } => Fact::CallStarted(Started { call, number }),
            Step::Answered { agent } => Fact::CallAnswered(Answered { call, agent }),
            Step::Missed { agent, why } => Fact::CallMissed(Missed { call, agent, why }),
            Step::Held { on } => Fact::CallHeld(Held { call, is_on: on }),
            Step::Ended { by, talk_ms } => Fact::CallEnded(Ended { call, ended_by: by, talk_ms }),
            Step::Recorded { file, name, size, sha256, ms } => {
                Fact::CallRecorded(Recorded { call, file, name, size, sha256, ms })
            }
        }
    }
}
