//! Bodies about leads and messages that were left.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use yingda_core::{
    At,
    id::*,
    lead::{LeadDeed, LeadLevel, LeadStatus, Validity},
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LeaveMessage {
    pub widget: WidgetId,
    #[serde(default)]
    pub token: Option<String>,
    pub fields: BTreeMap<String, String>,
}

/// The message is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LeftMessage {
    pub id: RecordId,
    /// Shows later that one is the visitor who left it.
    pub token: String,
}

/// An offline message (留言) to follow up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Lead {
    pub id: RecordId,
    pub version: i64,
    pub at: At,
    pub widget: WidgetId,
    pub visitor: Option<VisitorId>,
    pub customer: Option<CustomerId>,
    pub fields: BTreeMap<String, String>,
    pub status: LeadStatus,
    pub owner: Option<UserId>,
    pub answer: String,
    pub area: String,
    pub level: Option<LeadLevel>,
    pub validity: Validity,
    pub given_at: Option<At>,
    /// The last contact that was written down.
    pub touched_at: Option<At>,
    /// When it goes to somebody else, unless a contact is written down.
    pub reclaim_at: Option<At>,
    /// What happened to it, oldest first; only of one that is read by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<LeadNote>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LeadChange {
    pub status: LeadStatus,
    #[serde(default)]
    pub answer: String,
}

/// What happened to a lead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LeadNote {
    pub at: At,
    pub what: LeadDeed,
    pub author: Option<UserId>,
    /// Who got it or lost it.
    pub person: Option<UserId>,
    pub text: String,
}
