//! The small vocabularies of facts.

use crate::{config::Record, id::FileId, why::Why};
use serde::{Deserialize, Serialize};

/// Who wrote a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Author {
    #[default]
    Person,
    Bot,
    /// Greeting, waiting text and other set phrases.
    Automatic,
    /// A person sent what the machine or a canned reply suggested.
    Suggestion,
}

impl Author {
    pub fn is_person(&self) -> bool {
        *self == Author::Person
    }
}

/// How far a message went outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = MessageDelivery))]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// The next server has it.
    Sent,
    /// It reached the customer's device or mailbox.
    Delivered,
    Failed,
}

/// What there is to say to somebody about a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TicketNews {
    Assigned,
    Moved,
    Noted,
    Urged,
    ApprovalAsked,
    ApprovalAnswered,
    Watched,
    /// A part of a clock's time has passed.
    Reminder,
    Late,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SignInMethod {
    Password,
    PasswordAndCode,
    Oidc,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SecretKind {
    Password,
    SecondFactor,
}

/// How an agent appears to customers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Persona {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar: Option<FileId>,
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
