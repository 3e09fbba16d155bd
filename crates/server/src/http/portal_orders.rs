//! A customer's own orders on the portal: where they are, and by when they come (B-16).

use crate::{
    app::{App, Shared},
    http::{
        portal::Guest,
        portal_pages::{self as pages, back, nothing, page},
        transcript::{escape, local_time},
    },
    problem::Problem,
};
use axum::{
    Router,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use serde::Deserialize;
use std::fmt::Write;
use yingda_core::{
    At,
    lang::Lang,
    order::{Order, ShipmentWhat, money},
};
use yingda_store::{customer, order as rows};

pub fn routes() -> Router<Shared> {
    Router::new().route("/portal/orders", get(look_up)).route("/portal/orders/{id}", get(one))
}

const MOST: usize = 100;

/// The orders with a box for a number; nothing where there are none.
pub async fn list(app: &App, guest: &Guest) -> Result<String, Problem> {
    let lang = guest.lang;
    let filter = rows::Filter { customer: Some(guest.customer.id), ..rows::Filter::default() };
    let found = rows::list(&app.db, &filter, None, MOST).await?.items;
    if found.is_empty() {
        return Ok(String::new());
    }
    let lines: Vec<String> = found
        .iter()
        .map(|it| {
            let goods = it.order.lines.first().map_or("", |line| line.name.as_str());
            format!(
                "<a href=\"/portal/orders/{}\">{}</a><br><small>{} · {} · {}</small>",
                it.id,
                escape(&it.order.number),
                escape(goods),
                it.state.name().get(lang),
                promised(app, it, lang),
            )
        })
        .collect();
    let mut html = pages::list(lang.of("我的订单", "My orders"), &lines, "");
    let _ = write!(
        html,
        "<form method=\"get\" action=\"/portal/orders\"><label><span>{}</span><input name=\"number\" maxlength=\"64\" \
         required></label><button>{}</button></form>",
        lang.of("按订单号查询", "Find an order by its number"),
        lang.of("查询", "Find"),
    );
    Ok(html)
}

fn moment(app: &App, it: &Order, at: At) -> String {
    let directory = app.directory();
    let line = it.order.line.or_else(|| directory.lines.keys().next().copied()).unwrap_or_default();
    local_time(at, directory.zone(line)).chars().take(16).collect()
}

fn promised(app: &App, it: &Order, lang: Lang) -> String {
    match it.order.promised_at.filter(|_| !it.state.is_over()) {
        Some(at) => format!("{} <time>{}</time>", lang.of("预计送达", "expected"), moment(app, it, at)),
        None => format!("<time>{}</time>", moment(app, it, it.order.placed_at)),
    }
}

/// What the carrier said, as customers read it.
fn what_name(what: ShipmentWhat, lang: Lang) -> &'static str {
    match what {
        ShipmentWhat::Packed => lang.of("已打包", "Packed"),
        ShipmentWhat::Shipped => lang.of("已发货", "Shipped"),
        ShipmentWhat::InTransit => lang.of("运输中", "On its way"),
        ShipmentWhat::Delayed => lang.of("延误", "Delayed"),
        ShipmentWhat::OutForDelivery => lang.of("派送中", "Out for delivery"),
        ShipmentWhat::Delivered => lang.of("已送达", "Delivered"),
        ShipmentWhat::Refused => lang.of("拒收", "Refused"),
        ShipmentWhat::Lost => lang.of("丢件", "Lost"),
        ShipmentWhat::Damaged => lang.of("破损", "Damaged"),
        ShipmentWhat::Returned => lang.of("已退回", "Returned"),
    }
}

/// An order of this customer; another's does not exist.
async fn own(app: &App, guest: &Guest, name: &str) -> Result<Order, Response> {
    let found = match name.parse() {
        Ok(id) => rows::get(&app.db, id).await,
        Err(_) => Ok(None),
    };
    let failed = |error| Problem::from(error).into_response();
    let found = match found.map_err(failed)? {
        Some(found) => Some(found),
        None => rows::with_number(&app.db, name).await.map_err(failed)?,
    };
    let found = found.ok_or_else(|| nothing(guest.lang))?;
    // An order of somebody who became a part of this customer is theirs as well.
    let whose = match found.order.customer {
        Some(id) => customer::living(&app.db, id).await.map_err(failed)?,
        None => None,
    };
    if whose.is_none_or(|it| it.id != guest.customer.id) {
        return Err(nothing(guest.lang));
    }
    Ok(found)
}

#[derive(Deserialize)]
struct NumberQuery {
    #[serde(default)]
    number: String,
}

async fn look_up(
    State(app): State<Shared>,
    guest: Guest,
    Query(query): Query<NumberQuery>,
) -> Result<Response, Response> {
    let found = own(&app, &guest, query.number.trim()).await?;
    Ok(Redirect::to(&format!("/portal/orders/{}", found.id)).into_response())
}

async fn one(State(app): State<Shared>, guest: Guest, Path(id): Path<String>) -> Result<Response, Response> {
    let it = own(&app, &guest, &id).await?;
    let lang = guest.lang;
    let mut html = format!(
        "{}<h1>{}</h1><p>{} · {}</p>",
        back(lang),
        escape(&it.order.number),
        it.state.name().get(lang),
        promised(&app, &it, lang),
    );
    let lines: Vec<String> = it
        .order
        .lines
        .iter()
        .map(|line| {
            let price = money(line.price);
            format!(
                "{}<br><small>{} · {} × {price}</small>",
                escape(&line.name),
                escape(&line.sku),
                line.quantity
            )
        })
        .collect();
    html += &pages::list(lang.of("商品", "Goods"), &lines, "–");
    let _ = write!(html, "<p>{} {}</p>", lang.of("合计", "Total"), money(it.order.amount));
    for shipment in &it.shipments {
        let title = format!("{} {}", escape(&shipment.carrier), escape(&shipment.tracking));
        let events: Vec<String> = shipment
            .events
            .iter()
            .rev()
            .map(|event| {
                let name = what_name(event.what, lang);
                let time = moment(&app, &it, event.happened_at);
                format!("{name}<br><small><time>{time}</time> {}</small>", escape(&event.place))
            })
            .collect();
        html += &pages::list(&title, &events, lang.of("还没有消息。", "Nothing was heard yet."));
    }
    let receiver = &it.order.receiver;
    let _ = write!(
        html,
        "<h2>{}</h2><p>{}<br>{}<br>{}</p>",
        lang.of("收货信息", "Receiver"),
        escape(&receiver.name),
        escape(&receiver.phone),
        escape(&receiver.address),
    );
    Ok(page(StatusCode::OK, lang, &html))
}
