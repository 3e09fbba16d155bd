//! What happens to leads, to who belongs to whom, and to tickets that are one matter or wait for a day.

use crate::{
    id::*,
    lead::{LeadDeed, LeadNews, LeadStatus},
    medium::Medium,
};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

/// A message that was left was claimed, answered or done.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LeadChanged {
    pub lead: RecordId,
    pub version: i64,
    pub status: LeadStatus,
    pub what: Option<LeadDeed>,
    /// Who got it or lost it.
    pub person: Option<UserId>,
}

/// Somebody is told of a lead: it is theirs, or no longer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LeadTold {
    pub lead: RecordId,
    pub name: String,
    pub what: LeadNews,
}

/// Somebody is something to somebody else, or is it no longer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CustomersRelated {
    pub customer: CustomerId,
    pub other: CustomerId,
    pub relation: String,
    #[serde(rename = "is_on")]
    pub on: bool,
}

/// A customer agreed to something, or took it back. What shows it lies in `private`.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ConsentNoted {
    pub customer: CustomerId,
    pub purpose: String,
    pub channel: Option<Medium>,
    pub given: bool,
}

/// Two who look like one person are not, or perhaps are after all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CustomersToldApart {
    pub customer: CustomerId,
    pub other: CustomerId,
    pub different: bool,
}

/// A whole table of customers is taken back: who was new goes, who was changed is again as before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CustomerImportUndone {
    pub import: RecordId,
}

/// A customer wants no messages that they did not ask for, or wants them again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OptOutNoted {
    pub customer: CustomerId,
    pub channel: Medium,
    pub out: bool,
}

/// It is the same matter as another, which goes on; or it is not after all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TicketMerged {
    pub ticket: TicketId,
    pub into: TicketId,
    #[serde(rename = "is_on")]
    pub on: bool,
}

/// A question to a list is shared with a team, or with everybody; or no longer.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ViewShared {
    pub view: RecordId,
    pub name: String,
    pub team: Option<TeamId>,
    #[serde(rename = "is_on")]
    pub on: bool,
}

/// It goes on by another version of its kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TicketMigrated {
    pub ticket: TicketId,
    pub version: i64,
    pub before_kind: i64,
    pub after_kind: i64,
    /// States.
    pub before: String,
    pub after: String,
}

/// A date among its fields is so many days away; less than 0 is past.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TicketDateNear {
    pub ticket: TicketId,
    pub field: String,
    pub days: i16,
}
