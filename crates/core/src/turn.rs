//! Why a contact went on: into a queue and out of it, from an offer, a segment, a wrap-up, to its end.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum QueueReason {
    New,
    Topic,
    Transfer,
    Overflow,
    /// An offer ended without an answer.
    Unanswered,
    /// The agent went away, or gave it back.
    Returned,
    Reopened,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum QueueExit {
    Answered,
    /// The customer left before an answer.
    Abandoned,
    Overflow,
    Transfer,
    /// It became an offline message.
    Message,
    Closed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OfferEnd {
    Accepted,
    Declined,
    TimedOut,
    /// The customer left, or someone else took it.
    Withdrawn,
    AgentLeft,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    Ended,
    Idle,
    Abandoned,
    Message,
    Spam,
    Merged,
    /// Another site's contact, which that site took back or did not confirm.
    Withdrawn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SegmentEnd {
    Closed,
    Transferred,
    TakenOver,
    Reassigned,
    Returned,
    AgentAway,
}

/// How the work after a contact ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WrapUpEnd {
    Done,
    TimeLimit,
    /// The customer wrote again: the same agent goes on.
    CustomerWrote,
    AgentLeft,
}
