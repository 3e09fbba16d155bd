//! One entry of the log: a fact, with where, by whom and when, and what it keeps to itself.

use super::{Audience, Fact, Origin, Subject};
use crate::{At, actor::Actor, config::Record, why::Why};
use serde::{Deserialize, Serialize};

/// One fact. `private` is stored apart and never fanned out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Event {
    /// Position in the site's log: gapless, starting at 1.
    pub seq: u64,
    pub at: At,
    pub on: Subject,
    pub by: Actor,
    pub to: Audience,
    /// The command that caused it, so that its sender knows its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Origin>,
    #[serde(flatten)]
    pub fact: Fact,
    #[serde(skip)]
    pub private: Option<Box<Private>>,
}

/// Kept out of what is sent: read on purpose, through the permission table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Private {
    Why(Why),
    Change {
        before: Option<Box<Record>>,
        after: Option<Box<Record>>,
    },
    /// Values of a consultation record or a customer, before and after.
    Values {
        before: Option<serde_json::Value>,
        after: Option<serde_json::Value>,
    },
    /// Where a sign-in came from.
    Origin {
        ip: String,
        agent: String,
    },
}
