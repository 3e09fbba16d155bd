//! Orders as lines of a table.

use super::transcript::local_time;
use yingda_core::{directory::Directory, lang::Lang, order::money};
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
        it.state.name().get(lang).to_owned(),
        local_time(it.order.placed_at, zone),
        it.order.promised_at.map(|at| local_time(at, zone)).unwrap_or_default(),
        customer_name,
        goods.join("; "),
        money(it.order.amount),
        it.order.payment.name().get(lang).to_owned(),
        it.order.receiver.name,
        it.order.receiver.phone,
        it.order.receiver.address,
        parcels.join("; "),
        if unsure { lang.of("是", "yes").to_owned() } else { String::new() },
        troubles.join("; "),
        it.order.note,
    ]
}
