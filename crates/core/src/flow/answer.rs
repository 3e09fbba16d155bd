//! What a query tells of an order or a ticket: what may be said to whoever knows its number, and no name or address.

use crate::{
    At,
    lang::Lang,
    order::{Order, OrderState, money},
    ticket::Ticket,
};
use std::collections::BTreeMap;

type Values = BTreeMap<String, String>;

fn values<const N: usize>(pairs: [(&str, String); N]) -> Values {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// `day` makes a date, such as 2026-11-23, of an instant.
pub fn of_order(it: &Order, lang: Lang, day: impl Fn(At) -> String) -> Values {
    let state = match it.state {
        OrderState::Placed => lang.of("已下单，等待确认", "placed, and waits to be confirmed"),
        OrderState::Confirmed => lang.of("已确认，正在备货", "confirmed, and is being packed"),
        OrderState::Shipped => lang.of("已发货，正在路上", "on its way"),
        OrderState::Delivered => lang.of("已送达", "delivered"),
        OrderState::Returned => lang.of("已退回", "returned"),
        OrderState::Cancelled => lang.of("已取消", "cancelled"),
    };
    let last = it.shipments.last();
    let due_at = last.and_then(|it| it.eta).or(it.order.promised_at).filter(|_| !it.state.is_over());
    values([
        ("order_number", it.order.number.clone()),
        ("order_state", state.to_owned()),
        ("order_total", money(it.order.amount)),
        ("order_due", due_at.map(day).unwrap_or_default()),
        ("order_carrier", last.map(|it| it.carrier.clone()).unwrap_or_default()),
        ("order_tracking", last.map(|it| it.tracking.clone()).unwrap_or_default()),
    ])
}

/// `state` is its state in words.
pub fn of_ticket(it: &Ticket, state: &str, day: impl Fn(At) -> String) -> Values {
    let due_at = it.due_at().filter(|_| it.closed_at.is_none());
    values([
        ("ticket_serial", it.serial.clone()),
        ("ticket_state", state.to_owned()),
        ("ticket_due", due_at.map(day).unwrap_or_default()),
    ])
}
