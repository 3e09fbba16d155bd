//! What the shop says of an order, and how it changes.

use super::{Order, OrderItem, OrderLine, OrderPayment, OrderState, Receiver, ship};
use crate::{
    At,
    directory::Directory,
    event::{Fact, OrderChanged, Private},
    fault::{Fault, Faults, Refused, Wrong},
    id::*,
};
use serde::{Deserialize, Serialize};

/// What happened to an order, with what is kept apart.
pub type Deed = (Fact, Option<Private>);

const MAX_LINES: usize = 200;
const MAX_CENTS: i64 = 1_000_000_000_000;

/// An order as the shop tells it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct OrderDraft {
    /// The shop's own number; no two orders have the same.
    pub number: String,
    pub customer: Option<CustomerId>,
    /// The shop's own id of the customer: who has it on their card is the customer, where none is named.
    pub customer_external_id: String,
    pub line: Option<LineId>,
    pub placed_at: At,
    pub lines: Vec<OrderLine>,
    /// All that is to be paid, in cents.
    pub amount: i64,
    pub payment: OrderPayment,
    pub receiver: Receiver,
    /// By when it should be there.
    pub promised_at: Option<At>,
    pub state: OrderState,
    pub note: String,
}

/// Texts without blanks around them; an order that names no instant was placed now.
pub fn tidy(draft: &mut OrderDraft, now: At) {
    let OrderDraft { number, customer_external_id, receiver, note, lines, .. } = draft;
    let Receiver { name, phone, address } = receiver;
    let own = lines.iter_mut().flat_map(|line| [&mut line.sku, &mut line.name, &mut line.note]);
    for text in [number, customer_external_id, name, phone, address, note].into_iter().chain(own) {
        *text = text.trim().to_owned();
    }
    if draft.placed_at == 0 {
        draft.placed_at = now;
    }
}

/// What makes it unusable. What the customer still has to say is no fault: it is on the checklist.
fn check(draft: &OrderDraft, directory: &Directory) -> Vec<Wrong> {
    let mut faults = Faults::default();
    faults.unless(!draft.number.is_empty(), "number", Fault::Missing);
    faults.length("number", &draft.number, 64);
    faults.length("customer_external_id", &draft.customer_external_id, 100);
    faults.length("receiver.name", &draft.receiver.name, 100);
    faults.length("receiver.phone", &draft.receiver.phone, 40);
    faults.length("receiver.address", &draft.receiver.address, 300);
    faults.length("note", &draft.note, 2_000);
    faults.range("amount", draft.amount, 0, MAX_CENTS);
    let known = draft.line.is_none_or(|line| directory.lines.contains_key(&line));
    faults.unless(known, "line", Fault::Unknown);
    faults.unless(draft.lines.len() <= MAX_LINES, "lines", Fault::TooMany(MAX_LINES));
    for (n, line) in draft.lines.iter().enumerate() {
        faults.length(format!("lines.{n}.sku"), &line.sku, 64);
        faults.length(format!("lines.{n}.name"), &line.name, 200);
        faults.length(format!("lines.{n}.note"), &line.note, 500);
        faults.range(&format!("lines.{n}.quantity"), line.quantity, 0, 1_000_000);
        faults.range(&format!("lines.{n}.price"), line.price, 0, MAX_CENTS);
    }
    faults.0
}

/// A new order under a free id.
pub fn create(
    mut draft: OrderDraft,
    id: RecordId,
    now: At,
    directory: &Directory,
) -> Result<(Order, Vec<Deed>), Refused> {
    tidy(&mut draft, now);
    let wrong = check(&draft, directory);
    if !wrong.is_empty() {
        return Err(Refused::Wrong(wrong));
    }
    let mut order =
        Order { id, version: 1, order: draft, created_at: now, updated_at: now, ..Order::default() };
    order.state = ship::state_of(&order);
    let fact = Fact::OrderChanged(OrderChanged {
        order: id,
        version: 1,
        number: order.order.number.clone(),
        customer: order.order.customer,
        fields: vec![],
    });
    let deed = (fact, Some(Private::Values { before: None, after: values(&order.order) }));
    Ok((order, vec![deed]))
}

/// Changes what the shop says; nothing where it says the same as before. What was confirmed and is otherwise now is
/// not confirmed any more.
pub fn change(
    before: &Order,
    mut draft: OrderDraft,
    now: At,
    directory: &Directory,
) -> Result<Option<(Order, Vec<Deed>)>, Refused> {
    tidy(&mut draft, before.order.placed_at);
    let wrong = check(&draft, directory);
    if !wrong.is_empty() {
        return Err(Refused::Wrong(wrong));
    }
    let fields = differences(&before.order, &draft);
    if fields.is_empty() {
        return Ok(None);
    }
    let mut after = next(before, now);
    after.order = draft;
    after.state = ship::state_of(&after);
    let (old, new) = (&before.order, &after.order);
    let goods = |order: &super::OrderDraft| {
        order.lines.iter().map(|line| (line.sku.clone(), line.name.clone())).collect::<Vec<_>>()
    };
    let counts = |order: &super::OrderDraft| order.lines.iter().map(|line| line.quantity).collect::<Vec<_>>();
    after.confirmed.retain(|item, _| match item {
        OrderItem::Goods => goods(old) == goods(new),
        OrderItem::Quantity => counts(old) == counts(new),
        OrderItem::Receiver => old.receiver.name == new.receiver.name,
        OrderItem::Phone => old.receiver.phone == new.receiver.phone,
        OrderItem::Address => old.receiver.address == new.receiver.address,
        OrderItem::Payment => old.payment == new.payment && old.amount == new.amount,
    });
    let fact = Fact::OrderChanged(OrderChanged {
        order: after.id,
        version: after.version,
        number: after.order.number.clone(),
        customer: after.order.customer,
        fields,
    });
    let private = Private::Values { before: values(&before.order), after: values(&after.order) };
    Ok(Some((after, vec![(fact, Some(private))])))
}

pub(super) fn next(before: &Order, now: At) -> Order {
    Order { version: before.version + 1, updated_at: now, ..before.clone() }
}

pub(super) fn values(draft: &OrderDraft) -> Option<serde_json::Value> {
    serde_json::to_value(draft).ok()
}

/// The names of what differs.
fn differences(before: &OrderDraft, after: &OrderDraft) -> Vec<String> {
    let pairs = [
        ("number", before.number != after.number),
        ("customer", before.customer != after.customer),
        ("customer_external_id", before.customer_external_id != after.customer_external_id),
        ("line", before.line != after.line),
        ("placed_at", before.placed_at != after.placed_at),
        ("lines", before.lines != after.lines),
        ("amount", before.amount != after.amount),
        ("payment", before.payment != after.payment),
        ("receiver.name", before.receiver.name != after.receiver.name),
        ("receiver.phone", before.receiver.phone != after.receiver.phone),
        ("receiver.address", before.receiver.address != after.receiver.address),
        ("promised_at", before.promised_at != after.promised_at),
        ("state", before.state != after.state),
        ("note", before.note != after.note),
    ];
    pairs.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name.to_owned()).collect()
}
