//! What an event is about, who may see it, and whose command it was.

use crate::id::*;
use serde::{Deserialize, Serialize};

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    Conversation(ConversationId),
    User(UserId),
    Visitor(VisitorId),
    Customer(CustomerId),
    Record(RecordId),
    Ticket(TicketId),
    Site,
}

impl Subject {
    /// A number that keeps apart what shares a numeric id; part of the log's index.
    pub fn id(self) -> i64 {
        match self {
            Subject::Conversation(id) => id.0,
            Subject::User(id) => id.0,
            Subject::Visitor(id) => id.0,
            Subject::Customer(id) => id.0,
            Subject::Record(id) => id.0,
            Subject::Ticket(id) => id.0,
            Subject::Site => 0,
        }
    }

    pub fn conversation(self) -> Option<ConversationId> {
        match self {
            Subject::Conversation(id) => Some(id),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// The customer of the conversation, and staff.
    Customer,
    Staff,
}

/// A client's identity for one command: `n` counts up per tab and conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Origin {
    pub tab: Tab,
    pub n: u32,
}
