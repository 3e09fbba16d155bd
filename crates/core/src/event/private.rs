//! What an event keeps to itself.

use crate::{config::Record, why::Why};
use serde::{Deserialize, Serialize};

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
