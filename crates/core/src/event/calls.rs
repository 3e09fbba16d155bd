//! What happens on the telephone.

use crate::{
    call::{Miss, Party},
    id::{FileId, UserId},
};
use serde::{Deserialize, Serialize};

/// A call came in; `number` is the one that was dialled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CallStarted {
    pub call: String,
    pub number: String,
}

/// Caller and agent hear each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CallAnswered {
    pub call: String,
    pub agent: UserId,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CallMissed {
    pub call: String,
    pub agent: UserId,
    pub why: Miss,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CallHeld {
    pub call: String,
    // An event has an `on` already: what it is about.
    #[serde(rename = "is_on")]
    pub on: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CallEnded {
    pub call: String,
    // An event has a `by` already.
    #[serde(rename = "ended_by")]
    pub by: Party,
    pub talk_ms: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CallRecorded {
    pub call: String,
    pub file: FileId,
    pub name: String,
    pub size: u64,
    pub sha256: String,
    pub ms: i64,
}
