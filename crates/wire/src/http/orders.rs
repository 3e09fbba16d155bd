//! Bodies about orders and goods.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yingda_core::{
    id::FileId,
    order::{
        Order, OrderCheck, OrderItem, Substitute,
        columns::{OrderColumn, ProductColumn},
    },
};

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

/// What a table of orders holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OrderTableLook {
    pub headings: Vec<String>,
    /// What each column probably is.
    pub columns: Vec<OrderColumn>,
    /// The first lines.
    pub samples: Vec<Vec<String>>,
    pub lines: u64,
}

/// What a table of goods holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProductTableLook {
    pub headings: Vec<String>,
    /// What each column probably is.
    pub columns: Vec<ProductColumn>,
    /// The first lines.
    pub samples: Vec<Vec<String>>,
    pub lines: u64,
}

/// A piece of a table of orders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderTable {
    pub file: FileId,
    /// What each column is.
    pub columns: Vec<OrderColumn>,
    /// The first line, from 0; the answer says which comes next.
    #[serde(default)]
    pub from: u64,
    /// Nothing is written but what would be.
    #[serde(default)]
    pub trial: bool,
}

/// A piece of a table of goods.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductTable {
    pub file: FileId,
    /// What each column is.
    pub columns: Vec<ProductColumn>,
    /// The first line, from 0; the answer says which comes next.
    #[serde(default)]
    pub from: u64,
    /// Nothing is written but what would be.
    #[serde(default)]
    pub trial: bool,
}

/// What became of a piece of a table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BroughtTable {
    pub created: u64,
    pub changed: u64,
    pub same: u64,
    pub rejected: Vec<RejectedLine>,
    /// The first line of the next piece; absent at the end.
    pub next: Option<u64>,
}

/// A line that was not taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RejectedLine {
    /// As a spreadsheet counts: the heading is line 1.
    pub line: u64,
    pub cells: Vec<String>,
    pub why: String,
}
