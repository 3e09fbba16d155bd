//! What people want of tickets, and what is decided on it.

use super::Ticket;
use crate::{
    At,
    actor::Actor,
    config::TicketType,
    directory::Directory,
    event::{Fact, Private},
    id::*,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A ticket that is to be opened.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewTicket {
    pub of: TicketTypeId,
    pub title: String,
    #[serde(default)]
    pub line: Option<LineId>,
    /// 1 (most severe) to 4; absent: as usual for its kind.
    #[serde(default)]
    pub severity: Option<u8>,
    #[serde(default)]
    pub team: Option<TeamId>,
    #[serde(default)]
    pub owner: Option<UserId>,
    #[serde(default)]
    pub customer: Option<CustomerId>,
    #[serde(default)]
    pub conversation: Option<ConversationId>,
    /// Makes it a sub-task of that ticket.
    #[serde(default)]
    pub parent: Option<TicketId>,
    /// Other tickets that it belongs with; they name it as well.
    #[serde(default)]
    pub links: Vec<TicketId>,
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// When the customer first raised it; absent: now.
    #[serde(default)]
    pub received_at: Option<At>,
}

/// What somebody does with a ticket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
pub enum TicketAct {
    /// Changes what is given. `was` holds the answers on which the change is based: another's change of the same
    /// field in between is a conflict, of another field none.
    Edit {
        #[serde(default)]
        title: Option<String>,
        #[serde(default)]
        severity: Option<u8>,
        #[serde(default)]
        customer: Option<CustomerId>,
        #[serde(default)]
        received_at: Option<At>,
        #[serde(default)]
        values: BTreeMap<String, String>,
        #[serde(default)]
        was: BTreeMap<String, String>,
    },
    /// Goes a way of its kind. `force` goes it although something is missing: for who may approve, with a reason.
    Move {
        way: String,
        #[serde(default)]
        values: BTreeMap<String, String>,
        #[serde(default)]
        reason: String,
        #[serde(default)]
        force: bool,
    },
    /// Answers a move that waits for approval.
    Approve {
        yes: bool,
        #[serde(default)]
        reason: String,
    },
    Assign {
        #[serde(default)]
        team: Option<TeamId>,
        #[serde(default)]
        owner: Option<UserId>,
    },
    /// Words on the ticket, for colleagues; or what the customer was told, in which case it counts as an answer.
    Note {
        text: String,
        #[serde(default)]
        files: Vec<FileId>,
        #[serde(default)]
        told: bool,
    },
    /// The customer was tried to be reached.
    Attempt {
        text: String,
    },
    Check {
        item: String,
        done: bool,
    },
    Watch {
        user: UserId,
        on: bool,
    },
    /// Somebody wants it to go faster (催办).
    Urge {
        #[serde(default)]
        text: String,
    },
    Link {
        ticket: TicketId,
        on: bool,
    },
    /// It is the same matter as another: this one closes and counts no more, the other goes on from when the customer
    /// first raised either. Off takes it back.
    Merge {
        into: TicketId,
        on: bool,
    },
}

/// What is decided on.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    pub directory: &'a Directory,
    pub of: &'a TicketType,
    pub by: Actor,
    pub now: At,
    /// Sub-tasks that are not closed.
    pub open_tasks: usize,
    /// Purposes to which the ticket's customer agrees.
    pub consents: &'a [String],
}

/// A ticket as it is after, what happened, and who is told of it.
#[derive(Debug)]
pub struct Decided {
    pub ticket: Ticket,
    pub facts: Vec<(Fact, Option<Private>)>,
    pub tells: Vec<UserId>,
}
