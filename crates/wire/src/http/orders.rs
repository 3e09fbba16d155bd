//! Bodies about orders and goods.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yingda_core::order::{Order, OrderCheck, OrderItem, Substitute};

/// An order with its checklist.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StoredOrder {
    pub order: Order,
    pub customer_name: String,
    pub checks: Vec<OrderCheck>,
    /// Something of it has to be settled with the customer before it can go.
    pub unsure: bool,
    /// An exception is not arranged yet.
    pub troubled: bool,
    /// What to ask the customer where something is missing, in the caller's language.
    pub question: Option<String>,
}

/// The customer confirmed a line of the checklist.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyOrder {
    pub item: OrderItem,
    /// `false` takes it back.
    #[serde(default = "yes")]
    pub confirmed: bool,
    /// How: by telephone, in a chat …
    #[serde(default)]
    pub how: String,
}

fn yes() -> bool {
    true
}

/// Has the customer asked something about the order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskOrder {
    pub text: String,
}

/// Goods that may come instead, with words in which they can be offered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SubstituteOffer {
    pub substitute: Substitute,
    pub text: String,
}

/// Offers a substitute to the customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfferSubstitute {
    /// Key of the exception.
    pub exception: String,
    pub sku: String,
    pub text: String,
}

/// What became of orders that a shop brought.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BroughtOrders {
    pub created: u32,
    pub changed: u32,
    pub same: u32,
    pub wrong: Vec<WrongOrder>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WrongOrder {
    /// Its place in the list, from 0.
    pub place: u32,
    pub number: String,
    pub why: String,
}
