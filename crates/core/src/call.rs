//! A telephone call, as far as its conversation has to know of it. What a call is named by stays the same in all of it.

use crate::{
    event::{self, Fact},
    id::*,
};
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
            Step::Started { number } => Fact::CallStarted(event::CallStarted { call, number }),
            Step::Answered { agent } => Fact::CallAnswered(event::CallAnswered { call, agent }),
            Step::Missed { agent, why } => Fact::CallMissed(event::CallMissed { call, agent, why }),
            Step::Held { on } => Fact::CallHeld(event::CallHeld { call, on }),
            Step::Ended { by, talk_ms } => Fact::CallEnded(event::CallEnded { call, by, talk_ms }),
            Step::Recorded { file, name, size, sha256, ms } => {
                Fact::CallRecorded(event::CallRecorded { call, file, name, size, sha256, ms })
            }
        }
    }
}
