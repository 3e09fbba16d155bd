//! What happens to leads, to who belongs to whom, and to tickets that are one matter or wait for a day.

use crate::{
    id::*,
    lead::{LeadDeed, LeadNews, LeadStatus},
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

/// It is the same matter as another, which goes on; or it is not after all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TicketMerged {
    pub ticket: TicketId,
    pub into: TicketId,
    #[serde(rename = "is_on")]
    pub on: bool,
}

/// A date among its fields is so many days away; less than 0 is past.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TicketDateNear {
    pub ticket: TicketId,
    pub field: String,
    pub days: i16,
}
