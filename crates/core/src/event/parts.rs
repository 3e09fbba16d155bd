//! The small vocabularies of facts.

use crate::id::{ApiKeyId, FileId, RecordId};
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

/// A plan of visits was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PlanMade {
    pub plan: RecordId,
    pub name: String,
    pub visits: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PlanCancelled {
    pub plan: RecordId,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ApiKeyChanged {
    pub key: ApiKeyId,
    pub name: String,
    pub revoked: bool,
}
