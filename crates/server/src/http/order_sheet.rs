//! Orders as lines of a table.

use super::transcript::local_time;
use yingda_core::{
    directory::Directory,
    lang::Lang,
    order::{OrderPayment, OrderState, money},
};
use yingda_wire::http::StoredOrder;

pub fn head(lang: Lang) -> Vec<&'static str> {
    match lang {
        Lang::Zh => vec![
            "订单号",
            "状态",
            "下单时间",
            "承诺到货",
            "客户",
            "商品",
            "金额",
            "付款",
            "收货人",
            "电话",
            "地址",
            "快递",
            "待确认",
            "异常",
            "备注",
        ],
        Lang::En => vec![
            "Order",
            "State",
            "Placed",
            "Promised",
            "Customer",
            "Goods",
            "Amount",
            "Payment",
            "Receiver",
            "Telephone",
            "Address",
            "Shipments",
            "To confirm",
            "Exceptions",
            "Note",
        ],
    }
}

pub fn state_name(state: OrderState, lang: Lang) -> &'static str {
    match state {
        OrderState::Placed => lang.of("已下单", "Placed"),
        OrderState::Confirmed => lang.of("已确认", "Confirmed"),
        OrderState::Shipped => lang.of("已发货", "Shipped"),
        OrderState::Delivered => lang.of("已送达", "Delivered"),
        OrderState::Returned => lang.of("已退回", "Returned"),
        OrderState::Cancelled => lang.of("已取消", "Cancelled"),
    }
}

fn payment_name(payment: OrderPayment, lang: Lang) -> &'static str {
    match payment {
        OrderPayment::Unpaid => lang.of("未付款", "Unpaid"),
        OrderPayment::Paid => lang.of("已付款", "Paid"),
        OrderPayment::OnDelivery => lang.of("货到付款", "On delivery"),
        OrderPayment::Refunded => lang.of("已退款", "Refunded"),
    }
}

pub fn cells(row: StoredOrder, directory: &Directory, lang: Lang) -> Vec<String> {
    let StoredOrder { order: it, customer_name, unsure, .. } = row;
    let zone = directory.zone(it.order.line.unwrap_or_default());
    let goods: Vec<String> =
        it.order.lines.iter().map(|line| format!("{} {} × {}", line.sku, line.name, line.quantity)).collect();
    let parcels: Vec<String> =
        it.shipments.iter().map(|it| format!("{} {}", it.carrier, it.tracking)).collect();
    let open = it.exceptions.iter().filter(|it| it.arranged.is_none());
    let troubles: Vec<String> = open.map(|it| it.what.name().get(lang).to_owned()).collect();
    vec![
        it.order.number,
        state_name(it.state, lang).to_owned(),
        local_time(it.order.placed_at, zone),
        it.order.promised_at.map(|at| local_time(at, zone)).unwrap_or_default(),
        customer_name,
        goods.join("; "),
        money(it.order.amount),
        payment_name(it.order.payment, lang).to_owned(),
        it.order.receiver.name,
        it.order.receiver.phone,
        it.order.receiver.address,
        parcels.join("; "),
        if unsure { lang.of("是", "yes").to_owned() } else { String::new() },
        troubles.join("; "),
        it.order.note,
    ]
}
