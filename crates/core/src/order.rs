//! Orders (B-15 to B-17): what was bought, whether it can be sent as it stands, where it is, and what was arranged when
//! something came in between. Nothing here knows a store.

mod arrange;
pub mod columns;
mod edit;
mod goods;
mod notice;
mod ship;
mod verify;

pub use arrange::{Arrange, Report, arrange, ask, offer, offer_text, opened, report};
pub use edit::{Deed, OrderDraft, change, create, tidy};
pub use goods::{Difference, Product, StoredProduct, Substitute, substitutes};
pub use notice::{NoticeText, OrderNews, OrderNotice, OrderSettings, question, told, words};
pub use ship::{NewShipment, Shipment, ShipmentEvent, ShipmentWhat, exceptions, overdue, ship};
pub use verify::{
    CheckState, Confirmation, OrderCheck, OrderItem, OrderLack, address_lacks, confirm, is_sure, verify,
};

use crate::{At, id::*, lang::Text};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An order of the shop's, with what became of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Order {
    pub id: RecordId,
    pub version: i64,
    /// As the shop tells it.
    pub order: OrderDraft,
    /// What the shop says and its shipments say, whichever is further.
    pub state: OrderState,
    pub shipments: Vec<Shipment>,
    /// What the customer confirmed.
    pub confirmed: BTreeMap<OrderItem, Confirmation>,
    pub exceptions: Vec<OrderException>,
    /// What the customer is told about it.
    pub notices: Vec<OrderNotice>,
    pub created_at: At,
    pub updated_at: At,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    #[default]
    Placed,
    Confirmed,
    Shipped,
    Delivered,
    Returned,
    Cancelled,
}

impl OrderState {
    pub const ALL: [OrderState; 6] = [
        OrderState::Placed,
        OrderState::Confirmed,
        OrderState::Shipped,
        OrderState::Delivered,
        OrderState::Returned,
        OrderState::Cancelled,
    ];

    pub fn name(self) -> Text {
        let (zh, en) = match self {
            OrderState::Placed => ("已下单", "Placed"),
            OrderState::Confirmed => ("已确认", "Confirmed"),
            OrderState::Shipped => ("已发货", "Shipped"),
            OrderState::Delivered => ("已送达", "Delivered"),
            OrderState::Returned => ("已退回", "Returned"),
            OrderState::Cancelled => ("已取消", "Cancelled"),
        };
        Text::new(zh, en)
    }

    /// The one of this name, in either language.
    pub fn read(name: &str) -> Option<OrderState> {
        OrderState::ALL.into_iter().find(|it| is_called(&it.name(), name))
    }

    /// Nothing is on its way any more.
    pub fn is_over(self) -> bool {
        self >= OrderState::Delivered
    }
}

/// A position of an order. Money is in cents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct OrderLine {
    pub sku: String,
    pub name: String,
    pub quantity: u32,
    /// Of one.
    pub price: i64,
    pub note: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Receiver {
    pub name: String,
    pub phone: String,
    pub address: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OrderPayment {
    #[default]
    Unpaid,
    Paid,
    OnDelivery,
    Refunded,
}

impl OrderPayment {
    pub const ALL: [OrderPayment; 4] =
        [OrderPayment::Unpaid, OrderPayment::Paid, OrderPayment::OnDelivery, OrderPayment::Refunded];

    pub fn name(self) -> Text {
        let (zh, en) = match self {
            OrderPayment::Unpaid => ("未付款", "Unpaid"),
            OrderPayment::Paid => ("已付款", "Paid"),
            OrderPayment::OnDelivery => ("货到付款", "On delivery"),
            OrderPayment::Refunded => ("已退款", "Refunded"),
        };
        Text::new(zh, en)
    }

    /// The one of this name, in either language.
    pub fn read(name: &str) -> Option<OrderPayment> {
        OrderPayment::ALL.into_iter().find(|it| is_called(&it.name(), name))
    }
}

/// 已付款 and 付款 are the same, and so are `Paid` and `paid`.
fn is_called(names: &Text, name: &str) -> bool {
    let name = name.trim();
    names.zh.trim_start_matches('已') == name.trim_start_matches('已') || names.en.eq_ignore_ascii_case(name)
}

/// What can come between an order and its customer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OrderTrouble {
    #[default]
    Stock,
    Delay,
    Refused,
    Lost,
    Damaged,
    Wrong,
}

impl OrderTrouble {
    pub fn as_str(self) -> &'static str {
        match self {
            OrderTrouble::Stock => "stock",
            OrderTrouble::Delay => "delay",
            OrderTrouble::Refused => "refused",
            OrderTrouble::Lost => "lost",
            OrderTrouble::Damaged => "damaged",
            OrderTrouble::Wrong => "wrong",
        }
    }

    pub fn name(self) -> Text {
        let (zh, en) = match self {
            OrderTrouble::Stock => ("缺货", "out of stock"),
            OrderTrouble::Delay => ("延误", "delayed"),
            OrderTrouble::Refused => ("拒收", "refused"),
            OrderTrouble::Lost => ("丢件", "lost"),
            OrderTrouble::Damaged => ("破损", "damaged"),
            OrderTrouble::Wrong => ("发错", "wrong goods"),
        };
        Text::new(zh, en)
    }
}

/// Something that went wrong, once; its key says what of which.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct OrderException {
    pub key: String,
    pub what: OrderTrouble,
    /// Of which goods, where it is not the whole order.
    pub sku: String,
    pub text: String,
    pub since_at: At,
    /// The case that follows it up.
    pub ticket: Option<TicketId>,
    /// No case could be opened: there is no kind of ticket for it, or it asks for more.
    pub without_ticket: bool,
    pub offers: Vec<OrderOffer>,
    pub arranged: Option<Arranged>,
}

/// A substitute that the customer was offered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct OrderOffer {
    pub sku: String,
    pub name: String,
    pub offered_at: At,
    pub offered_by: Option<UserId>,
}

/// What was agreed with the customer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Arranged {
    pub arranged_at: At,
    pub arranged_by: Option<UserId>,
    /// The goods that come instead.
    pub substitute: String,
    pub promised_at: Option<At>,
    /// In cents.
    pub compensation: i64,
    /// It is sent once more.
    pub resend: bool,
    pub text: String,
}

impl Order {
    pub fn exception(&self, key: &str) -> Option<&OrderException> {
        self.exceptions.iter().find(|it| it.key == key)
    }

    pub fn line(&self, sku: &str) -> Option<&OrderLine> {
        self.order.lines.iter().find(|line| line.sku == sku)
    }

    pub fn is_troubled(&self) -> bool {
        self.exceptions.iter().any(|it| it.arranged.is_none())
    }

    /// Something of it has to be settled with the customer before it can go.
    pub fn is_unsure(&self) -> bool {
        self.state < OrderState::Shipped && !is_sure(self)
    }

    /// When the product itself has something to do: at once, or when what was promised has passed.
    pub fn next_at(&self) -> Option<At> {
        let is_waiting = self.notices.iter().any(OrderNotice::is_waiting)
            || self.exceptions.iter().any(|it| it.ticket.is_none() && !it.without_ticket);
        if is_waiting {
            return Some(self.updated_at);
        }
        let promised_at = self.order.promised_at.filter(|_| !self.state.is_over())?;
        self.exception(&ship::delay_key(promised_at)).is_none().then_some(promised_at)
    }

    /// What a search looks through.
    pub fn search_words(&self) -> String {
        let Receiver { name, phone, .. } = &self.order.receiver;
        let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
        let goods = self.order.lines.iter().flat_map(|line| [line.sku.as_str(), line.name.as_str()]);
        let tracking = self.shipments.iter().map(|it| it.tracking.as_str());
        let parts = [self.order.number.as_str(), name, &digits].into_iter().chain(goods).chain(tracking);
        let mut words = parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ").to_lowercase();
        // A list of a thousand goods is not searched whole.
        words.truncate(words.floor_char_boundary(4_000));
        words
    }
}

/// Money as people read it.
pub fn money(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let cents = cents.unsigned_abs();
    format!("{sign}{}.{:02}", cents / 100, cents % 100)
}

#[cfg(test)]
mod tests;
