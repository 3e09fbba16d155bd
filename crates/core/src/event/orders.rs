//! What happens to orders and goods.

use crate::{
    At,
    id::*,
    order::{OrderItem, OrderNews, OrderTrouble, ShipmentWhat},
};
use serde::{Deserialize, Serialize};

/// An order came in, or the shop says something else of it. `fields` names what changed, none for a new one; the
/// values lie in `private`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OrderChanged {
    pub order: RecordId,
    pub version: i64,
    pub number: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    pub fields: Vec<String>,
}

/// The customer confirmed a line of an order's checklist, or that was taken back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OrderVerified {
    pub order: RecordId,
    pub item: OrderItem,
    pub confirmed: bool,
    pub how: String,
}

/// Somebody had the customer asked about an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OrderAsked {
    pub order: RecordId,
    pub text: String,
}

/// Something happened to a shipment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ShipmentReported {
    pub order: RecordId,
    pub carrier: String,
    pub tracking: String,
    pub what: ShipmentWhat,
    pub happened_at: At,
    pub place: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OrderExceptionFound {
    pub order: RecordId,
    pub number: String,
    /// Its key on the order.
    pub exception: String,
    pub what: OrderTrouble,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sku: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// The customer was offered something else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OrderOffered {
    pub order: RecordId,
    pub exception: String,
    pub sku: String,
    pub name: String,
}

/// What was agreed with the customer about an exception.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OrderArranged {
    pub order: RecordId,
    pub exception: String,
    pub substitute: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised_at: Option<At>,
    /// In cents.
    pub compensation: i64,
    pub resend: bool,
    pub text: String,
}

/// Words about an order left for its customer, or there was no door for them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OrderNoticed {
    pub order: RecordId,
    pub what: OrderNews,
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
    pub sent: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ProductChanged {
    pub product: RecordId,
    pub version: i64,
    pub sku: String,
    pub name: String,
}
