//! Why a command was not carried out. A refusal is decided before any change of state.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The actor may not do this, or may not know that it exists.
    NotFound,
    Forbidden,
    /// The conversation is closed.
    Closed,
    /// The conversation is not in a state that allows this.
    WrongPhase,
    /// Somebody else holds it.
    NotYours,
    AlreadyYours,
    AgentFull,
    AgentAway,
    QueueFull,
    QueueClosed,
    OfferGone,
    /// Nothing but blanks, or nothing changed.
    Empty,
    TooLong,
    TooLate,
    BadValue,
    BreakQuotaFull,
    /// Sign-out with open contacts needs a hand-over first.
    ActiveWork,
    SignedInElsewhere,
    Banned,
    /// The customer wants no unasked messages there.
    OptedOut,
    /// The record changed since it was read.
    Stale,
    NameTaken,
    InUse,
    /// A command before this one is missing; send again from the named number on.
    Gap,
    /// Too many commands wait; try again in a moment.
    Busy,
    /// The store is away; nothing was lost, try again in a moment.
    Unavailable,
    /// The disk is full: nothing new can be stored.
    DiskFull,
}
