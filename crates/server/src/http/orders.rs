//! Orders over HTTP (B-15 to B-17): lists, one order with its checklist, what shops and carriers say of it, and what is
//! arranged where something came in between.

use super::routes::{Routes, routes};
use crate::{
    app::{App, Shared},
    auth::Caller,
    http::{
        audit,
        body::Json,
        edit::{IfMatch, Tagged, page_size},
        idempotency::{self, Once, Replay},
        order_sheet,
        registers::number,
        table::{self, FormatQuery},
    },
    orders::{self, Put},
    problem::Problem,
    sheet::Sheet,
    tickets,
};
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use utoipa::IntoParams;
use yingda_core::{
    At,
    access::Action,
    config::MaskedField,
    event::Subject,
    id::*,
    mask,
    order::{self, Arrange, NewShipment, Order, OrderDraft, OrderState, Report},
};
use yingda_store::{customer, event::Part, order as rows};
use yingda_wire::http::{
    AskOrder, AuditRow, BroughtOrders, OfferSubstitute, Page, StoredOrder, SubstituteOffer, VerifyOrder,
    WrongOrder,
};

pub fn routes() -> Routes {
    Routes::new()
        .routes(routes!(list, create))
        .routes(routes!(export))
        .routes(routes!(import))
        .routes(routes!(read, change))
        .routes(routes!(ship))
        .routes(routes!(verify))
        .routes(routes!(ask))
        .routes(routes!(report))
        .routes(routes!(substitutes))
        .routes(routes!(offer))
        .routes(routes!(arrange))
        .routes(routes!(history))
}

const EXPORT_ROWS: usize = 100_000;
/// So many orders a shop brings at once.
const BROUGHT: usize = 500;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// A part of the number, the receiver's name, or the goods.
    #[serde(default)]
    q: String,
    #[param(inline)]
    state: Option<OrderState>,
    customer: Option<CustomerId>,
    /// Only those whose exception is followed up by this ticket.
    ticket: Option<TicketId>,
    /// Only those of which something has to be settled with the customer.
    #[serde(default)]
    unsure: bool,
    /// Only those with an exception that is not arranged yet.
    #[serde(default)]
    troubled: bool,
    /// `due`: what was promised the earliest first; else the newest.
    #[serde(default)]
    sort: String,
    /// Placed at or after this instant, in milliseconds.
    from: Option<At>,
    /// Placed before this instant.
    to: Option<At>,
    cursor: Option<String>,
    limit: Option<usize>,
}

impl ListQuery {
    fn filter(&self) -> rows::Filter {
        rows::Filter {
            q: self.q.trim().to_owned(),
            state: self.state,
            customer: self.customer,
            unsure: self.unsure,
            troubled: self.troubled,
            by_due: self.sort == "due",
            from: self.from,
            to: self.to,
        }
    }
}

/// Orders, the newest first.
#[utoipa::path(get, path = "/orders", tag = "orders", params(ListQuery),
    responses((status = 200, body = Page<StoredOrder>)))]
async fn list(
    State(app): State<Shared>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<StoredOrder>>, Problem> {
    app.reach(caller.actor, Action::OrderRead)?;
    let page = match query.ticket {
        Some(ticket) => {
            let ticket = tickets::find(&app, caller.actor, ticket).await?;
            yingda_store::Page { items: rows::of_ticket(&app.db, ticket.id).await?, next: None }
        }
        None => rows::list(&app.db, &query.filter(), query.cursor.as_deref(), page_size(query.limit)).await?,
    };
    Ok(Json(Page { items: shown_all(&app, &caller, page.items).await?, next: page.next }))
}

/// A new order. Without a customer it belongs to the one who has its `customer_external_id`, or its receiver's number.
#[utoipa::path(post, path = "/orders", tag = "orders", request_body = OrderDraft,
    params(("Idempotency-Key" = Option<String>, Header)), responses((status = 201, body = StoredOrder)))]
async fn create(State(app): State<Shared>, once: Once<OrderDraft>) -> Result<Response, Problem> {
    let Once { caller, body, key } = once;
    app.reach(caller.actor, Action::OrderWrite)?;
    let made = orders::create(&app, caller.actor, body, number(&app, key.as_ref())).await?;
    let replay =
        Replay::new(StatusCode::CREATED, &shown(&app, &caller, made.clone()).await?).tagged(made.version);
    if let Some(key) = key {
        idempotency::remember(&app, &key, &replay).await;
    }
    Ok(replay.into_response())
}

/// Orders as a shop tells them, at most 500 at once: those with a new number are made, those with a known one changed.
/// What is wrong with one keeps no other back.
#[utoipa::path(post, path = "/orders/import", tag = "orders", request_body = Vec<OrderDraft>,
    params(("Idempotency-Key" = Option<String>, Header)), responses((status = 200, body = BroughtOrders)))]
async fn import(State(app): State<Shared>, once: Once<Vec<OrderDraft>>) -> Result<Response, Problem> {
    let Once { caller, body, key } = once;
    app.reach(caller.actor, Action::OrderWrite)?;
    if body.len() > BROUGHT {
        return Err(Problem::field("orders", "一次最多 500 张订单。", "At most 500 orders at once."));
    }
    let mut brought = BroughtOrders::default();
    for (place, draft) in body.into_iter().enumerate() {
        let number = draft.number.clone();
        match orders::put(&app, caller.actor, draft).await {
            Ok((_, Put::New)) => brought.created += 1,
            Ok((_, Put::Changed)) => brought.changed += 1,
            Ok((_, Put::Same)) => brought.same += 1,
            Err(problem) if problem.is_ours() => return Err(problem),
            Err(problem) => {
                let why = problem.reasons(caller.lang);
                brought.wrong.push(WrongOrder { place: place as u32, number, why });
            }
        }
    }
    let replay = Replay::new(StatusCode::OK, &brought);
    if let Some(key) = key {
        idempotency::remember(&app, &key, &replay).await;
    }
    Ok(replay.into_response())
}

/// Orders as a table for spreadsheets. Needs the right to export customers, and leaves a trace.
#[utoipa::path(get, path = "/orders/export", tag = "orders", params(FormatQuery, ListQuery),
    responses((status = 200, content(
        (Vec<u8> = "text/csv"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    ))))]
async fn export(
    State(app): State<Shared>,
    caller: Caller,
    Query(format): Query<FormatQuery>,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    app.reach(caller.actor, Action::OrderRead)?;
    app.reach(caller.actor, Action::CustomerExport)?;
    let directory = app.directory();
    let mut sheet = Sheet::new(order_sheet::head(caller.lang));
    let mut cursor = None;
    while sheet.rows() < EXPORT_ROWS {
        let page = rows::list(&app.db, &query.filter(), cursor.as_deref(), 1_000).await?;
        for row in shown_all(&app, &caller, page.items).await? {
            sheet.add(order_sheet::cells(row, &directory, caller.lang));
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    audit::note_export(&app, &caller, "orders", sheet.rows() as u64).await?;
    table::sent(sheet, "orders", &format)
}

/// One order, by its id or by the shop's number.
#[utoipa::path(get, path = "/orders/{id}", tag = "orders", params(("id" = String, Path)),
    responses((status = 200, body = StoredOrder)))]
async fn read(
    State(app): State<Shared>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Tagged<StoredOrder>, Problem> {
    app.reach(caller.actor, Action::OrderRead)?;
    tagged(&app, &caller, orders::find(&app, &name).await?).await
}

/// Changes what the shop says of an order. What was masked and comes back as it was shown stays as it is.
#[utoipa::path(put, path = "/orders/{id}", tag = "orders", request_body = OrderDraft,
    params(("id" = String, Path), ("If-Match" = String, Header)), responses((status = 200, body = StoredOrder)))]
async fn change(
    State(app): State<Shared>,
    caller: Caller,
    Path(name): Path<String>,
    IfMatch(version): IfMatch,
    Json(mut draft): Json<OrderDraft>,
) -> Result<Tagged<StoredOrder>, Problem> {
    let before = written(&app, &caller, &name).await?;
    if before.version != version {
        return Err(Problem::stale(shown(&app, &caller, before).await?));
    }
    let masks = mask::of(&app.directory(), caller.actor);
    let seen = hidden(before.clone(), &masks);
    for (new, shown, stored) in [
        (&mut draft.receiver.name, &seen.order.receiver.name, &before.order.receiver.name),
        (&mut draft.receiver.phone, &seen.order.receiver.phone, &before.order.receiver.phone),
        (&mut draft.receiver.address, &seen.order.receiver.address, &before.order.receiver.address),
        (&mut draft.note, &seen.order.note, &before.order.note),
    ] {
        if *new == *shown {
            new.clone_from(stored);
        }
    }
    match orders::change(&app, caller.actor, &before, draft).await? {
        Ok(after) => tagged(&app, &caller, after).await,
        Err(now) => Err(Problem::stale(shown(&app, &caller, now).await?)),
    }
}

/// What happened to a shipment, as the shop or its carrier tells. The same event again changes nothing; the customer is
/// told once.
#[utoipa::path(post, path = "/orders/{id}/shipments", tag = "orders", request_body = NewShipment,
    params(("id" = String, Path)), responses((status = 200, body = StoredOrder)))]
async fn ship(
    State(app): State<Shared>,
    caller: Caller,
    Path(name): Path<String>,
    Json(new): Json<NewShipment>,
) -> Result<Tagged<StoredOrder>, Problem> {
    let it = written(&app, &caller, &name).await?;
    tagged(&app, &caller, orders::ship(&app, caller.actor, it.id, new).await?).await
}

/// Takes down that the customer confirmed a line of the checklist, or takes it back.
#[utoipa::path(post, path = "/orders/{id}/verify", tag = "orders", request_body = VerifyOrder,
    params(("id" = String, Path)), responses((status = 200, body = StoredOrder)))]
async fn verify(
    State(app): State<Shared>,
    caller: Caller,
    Path(name): Path<String>,
    Json(said): Json<VerifyOrder>,
) -> Result<Tagged<StoredOrder>, Problem> {
    let it = written(&app, &caller, &name).await?;
    let after = orders::confirm(&app, caller.actor, it.id, said.item, said.confirmed, &said.how).await?;
    tagged(&app, &caller, after).await
}

/// Has the customer asked something about the order, by the first door that is open to them.
#[utoipa::path(post, path = "/orders/{id}/ask", tag = "orders", request_body = AskOrder,
    params(("id" = String, Path)), responses((status = 200, body = StoredOrder)))]
async fn ask(
    State(app): State<Shared>,
    caller: Caller,
    Path(name): Path<String>,
    Json(said): Json<AskOrder>,
) -> Result<Tagged<StoredOrder>, Problem> {
    let it = written(&app, &caller, &name).await?;
    tagged(&app, &caller, orders::ask(&app, caller.actor, it.id, &said.text).await?).await
}

/// Takes down that something came in between: out of stock, late, lost … It opens a ticket, once.
#[utoipa::path(post, path = "/orders/{id}/exception", tag = "orders", request_body = Report,
    params(("id" = String, Path)), responses((status = 200, body = StoredOrder)))]
async fn report(
    State(app): State<Shared>,
    caller: Caller,
    Path(name): Path<String>,
    Json(said): Json<Report>,
) -> Result<Tagged<StoredOrder>, Problem> {
    let it = written(&app, &caller, &name).await?;
    tagged(&app, &caller, orders::report(&app, caller.actor, it.id, said).await?).await
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ExceptionQuery {
    /// Key of the exception.
    exception: String,
}

/// What may come instead, beside what was ordered: price, stock, and what differs. What is there comes first. The words
/// of an offer are in the caller's language.
#[utoipa::path(get, path = "/orders/{id}/substitutes", tag = "orders",
    params(("id" = String, Path), ExceptionQuery), responses((status = 200, body = Vec<SubstituteOffer>)))]
async fn substitutes(
    State(app): State<Shared>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<ExceptionQuery>,
) -> Result<Json<Vec<SubstituteOffer>>, Problem> {
    app.reach(caller.actor, Action::OrderRead)?;
    let it = orders::find(&app, &name).await?;
    let exception = it.exception(&query.exception).ok_or_else(Problem::not_found)?;
    let all = orders::substitutes(&app, &it, exception).await?;
    let offer = |substitute| SubstituteOffer {
        text: order::offer_text(&it, exception.what, &substitute, caller.lang),
        substitute,
    };
    Ok(Json(all.into_iter().map(offer).collect()))
}

/// Offers a substitute to the customer, by the first door that is open to them. The ticket notes what they were told.
#[utoipa::path(post, path = "/orders/{id}/offer", tag = "orders", request_body = OfferSubstitute,
    params(("id" = String, Path)), responses((status = 200, body = StoredOrder)))]
async fn offer(
    State(app): State<Shared>,
    caller: Caller,
    Path(name): Path<String>,
    Json(said): Json<OfferSubstitute>,
) -> Result<Tagged<StoredOrder>, Problem> {
    let it = written(&app, &caller, &name).await?;
    let OfferSubstitute { exception, sku, text } = &said;
    tagged(&app, &caller, orders::offer(&app, caller.actor, it.id, exception, sku, text).await?).await
}

/// Takes down what was agreed about an exception: a substitute, a new date, a compensation, a second parcel. The ticket
/// moves on with it; what the ticket still asks for is told as wrong fields.
#[utoipa::path(post, path = "/orders/{id}/arrange", tag = "orders", request_body = Arrange,
    params(("id" = String, Path)), responses((status = 200, body = StoredOrder)))]
async fn arrange(
    State(app): State<Shared>,
    caller: Caller,
    Path(name): Path<String>,
    Json(said): Json<Arrange>,
) -> Result<Tagged<StoredOrder>, Problem> {
    let it = written(&app, &caller, &name).await?;
    tagged(&app, &caller, orders::arrange(&app, caller.actor, it.id, said).await?).await
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct HistoryQuery {
    cursor: Option<String>,
    limit: Option<usize>,
}

/// All that happened to an order, the newest first, with what it was before and after.
#[utoipa::path(get, path = "/orders/{id}/history", tag = "orders", params(("id" = String, Path), HistoryQuery),
    responses((status = 200, body = Page<AuditRow>)))]
async fn history(
    State(app): State<Shared>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<HistoryQuery>,
) -> Result<Json<Page<AuditRow>>, Problem> {
    app.reach(caller.actor, Action::OrderRead)?;
    let found = orders::find(&app, &name).await?;
    let part = match query.cursor.as_deref() {
        Some(cursor) => Part::Before(audit::read_cursor(cursor)?),
        None => Part::Latest,
    };
    let limit = page_size(query.limit);
    let on = Subject::Record(found.id);
    let events = yingda_store::event::of_subject(&app.db, on, part, limit + 1, false).await?;
    let masks = mask::of(&app.directory(), caller.actor);
    Ok(Json(audit::page(events.into_iter().rev(), limit, &masks)))
}

/// An order that the caller may change.
async fn written(app: &App, caller: &Caller, name: &str) -> Result<Order, Problem> {
    app.reach(caller.actor, Action::OrderWrite)?;
    orders::find(app, name).await
}

async fn tagged(app: &App, caller: &Caller, it: Order) -> Result<Tagged<StoredOrder>, Problem> {
    let version = it.version;
    Ok(Tagged(StatusCode::OK, version, shown(app, caller, it).await?))
}

async fn shown(app: &App, caller: &Caller, it: Order) -> Result<StoredOrder, Problem> {
    shown_all(app, caller, vec![it]).await?.pop().ok_or_else(Problem::not_found)
}

async fn shown_all(app: &App, caller: &Caller, found: Vec<Order>) -> Result<Vec<StoredOrder>, Problem> {
    let masks = mask::of(&app.directory(), caller.actor);
    let mut names: BTreeMap<CustomerId, String> = BTreeMap::new();
    let mut all = Vec::with_capacity(found.len());
    for it in found {
        if let Some(id) = it.order.customer
            && !names.contains_key(&id)
        {
            let found = customer::living(&app.db, id).await?;
            names.insert(id, found.map(|it| mask::within(&it.card.name, &masks)).unwrap_or_default());
        }
        all.push(StoredOrder {
            customer_name: it.order.customer.and_then(|id| names.get(&id).cloned()).unwrap_or_default(),
            checks: order::verify(&it),
            unsure: it.is_unsure(),
            troubled: it.is_troubled(),
            question: order::question(&it, caller.lang),
            order: hidden(it, &masks),
        });
    }
    Ok(all)
}

/// An order as the roles may see it.
fn hidden(mut it: Order, masks: &BTreeSet<MaskedField>) -> Order {
    let receiver = &mut it.order.receiver;
    receiver.name = mask::within(&receiver.name, masks);
    if masks.contains(&MaskedField::Phone) {
        receiver.phone = mask::phone(&receiver.phone);
    }
    if masks.contains(&MaskedField::Address) {
        receiver.address = mask::address(&receiver.address);
    }
    it.order.note = mask::within(&it.order.note, masks);
    it
}
