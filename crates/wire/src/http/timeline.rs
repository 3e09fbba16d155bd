//! Everything about one customer, in the order in which it happened.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yingda_core::{At, id::*, lang::Text, medium::Medium};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimelineKind {
    Conversation,
    Ticket,
    Promise,
    Survey,
    Lead,
    Order,
    /// Their card was written, joined with another or parted from it.
    Card,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TimelineEntry {
    pub at: At,
    pub kind: TimelineKind,
    /// Of the conversation, ticket, promise, survey's answer, lead or order.
    pub id: String,
    /// The number that people know it by, where it has one.
    pub serial: String,
    pub text: String,
    /// Of which kind it is, as administrators called it.
    pub name: Option<Text>,
    /// A word of the product: a phase, `kept`, `answered`, `changed` …
    pub state: String,
    /// The state as administrators called it.
    pub state_name: Option<Text>,
    pub medium: Option<Medium>,
    pub by: Option<UserId>,
    /// Where it belongs, where it has no page of its own.
    pub conversation: Option<ConversationId>,
    pub ticket: Option<TicketId>,
}
