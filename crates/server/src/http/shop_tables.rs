//! Orders and goods out of tables: looked at first, tried, and brought in a piece at a time, as fast as the caller asks
//! for the next one. A line that was brought twice says the same twice.

use super::routes::{Routes, routes};
use crate::{
    app::{App, Shared},
    auth::Caller,
    grid::Grid,
    http::{body::Json, products, table},
    orders::{self, Put},
    problem::Problem,
    tickets,
};
use axum::extract::State;
use std::collections::HashMap;
use yingda_core::{
    access::Action,
    fault::Refused,
    id::RecordId,
    lang::Lang,
    order::{
        self, OrderDraft, Product,
        columns::{OrderColumn, ProductColumn, draft, guess_order, guess_product, product},
    },
    refusal::Refusal,
};
use yingda_store::{order as order_rows, product as product_rows};
use yingda_wire::http::{
    BroughtTable, LookAtImport, OrderTable, OrderTableLook, ProductTable, ProductTableLook, RejectedLine,
};

const SAMPLES: usize = 5;
/// So many lines are looked at before the caller hears how far it is.
const PIECE: usize = 100;

pub fn routes() -> Routes {
    Routes::new()
        .routes(routes!(look_at_orders))
        .routes(routes!(bring_orders))
        .routes(routes!(look_at_products))
        .routes(routes!(bring_products))
}

/// What an uploaded table of orders holds, and what its columns probably are.
#[utoipa::path(post, path = "/orders/table/look", tag = "orders", request_body = LookAtImport,
    responses((status = 200, body = OrderTableLook)))]
async fn look_at_orders(
    State(app): State<Shared>,
    caller: Caller,
    Json(body): Json<LookAtImport>,
) -> Result<Json<OrderTableLook>, Problem> {
    app.reach(caller.actor, Action::OrderWrite)?;
    let (_, grid) = table::uploaded(&app, &caller, body.file).await?;
    let columns = once(&grid, guess_order);
    let (samples, lines, headings) = shown(grid);
    Ok(Json(OrderTableLook { headings, columns, samples, lines }))
}

/// What an uploaded table of goods holds, and what its columns probably are.
#[utoipa::path(post, path = "/products/table/look", tag = "orders", request_body = LookAtImport,
    responses((status = 200, body = ProductTableLook)))]
async fn look_at_products(
    State(app): State<Shared>,
    caller: Caller,
    Json(body): Json<LookAtImport>,
) -> Result<Json<ProductTableLook>, Problem> {
    app.reach(caller.actor, Action::OrderWrite)?;
    let (_, grid) = table::uploaded(&app, &caller, body.file).await?;
    let columns = once(&grid, guess_product);
    let (samples, lines, headings) = shown(grid);
    Ok(Json(ProductTableLook { headings, columns, samples, lines }))
}

/// What each column is; of two that look the same the first.
fn once<T: Default + PartialEq>(grid: &Grid, guess: fn(&str) -> T) -> Vec<T> {
    let mut all: Vec<T> = vec![];
    for heading in &grid.headings {
        let column = guess(heading);
        all.push(if all.contains(&column) { T::default() } else { column });
    }
    all
}

fn shown(grid: Grid) -> (Vec<Vec<String>>, u64, Vec<String>) {
    let lines = grid.lines.len() as u64;
    (grid.lines.into_iter().take(SAMPLES).collect(), lines, grid.headings)
}

/// Says what is wrong with what the columns are said to be.
fn check<T: Default + PartialEq>(
    grid: &Grid,
    columns: &[T],
    key: &T,
    zh: &str,
    en: &str,
) -> Result<(), Problem> {
    let mut problem = Problem::new(Refusal::BadValue);
    if grid.lines.is_empty() {
        problem = problem.and_field("file", "表头下面没有内容。", "There is nothing below the heading.");
    }
    if columns.len() != grid.headings.len() || !columns.contains(key) {
        problem = problem.and_field("columns", zh, en);
    }
    for (n, column) in columns.iter().enumerate() {
        if *column != T::default() && columns[..n].contains(column) {
            let (zh, en) = ("与另一列相同。", "The same as another column.");
            problem = problem.and_field(format!("columns.{n}"), zh, en);
        }
    }
    if problem.fields.is_empty() { Ok(()) } else { Err(problem) }
}

/// Brings a piece of a table of orders in, or only tries: lines of one number that follow each other are one order.
/// Known orders are changed. `next` goes back as `from` until there is none.
#[utoipa::path(post, path = "/orders/table", tag = "orders", request_body = OrderTable,
    responses((status = 200, body = BroughtTable)))]
async fn bring_orders(
    State(app): State<Shared>,
    caller: Caller,
    Json(body): Json<OrderTable>,
) -> Result<Json<BroughtTable>, Problem> {
    app.reach(caller.actor, Action::OrderWrite)?;
    let (_, grid) = table::uploaded(&app, &caller, body.file).await?;
    let (zh, en) =
        ("请为每一列选择内容，其中要有订单号。", "Say what each column is; one is the order's number.");
    check(&grid, &body.columns, &OrderColumn::Number, zh, en)?;
    let at = body.columns.iter().position(|it| *it == OrderColumn::Number).unwrap_or_default();
    let directory = app.directory();
    let line = directory.lines.keys().next().copied().unwrap_or_default();
    let zone = directory.zone(line);
    let mut brought = BroughtTable::default();
    let mut from = body.from as usize;
    let end = (from + PIECE).min(grid.lines.len());
    while from < end {
        let number = grid.lines[from][at].trim();
        let rest = &grid.lines[from..];
        let same =
            if number.is_empty() { 1 } else { rest.iter().take_while(|it| it[at].trim() == number).count() };
        let lines: Vec<&[String]> = rest[..same].iter().map(Vec::as_slice).collect();
        let known = order_rows::with_number(&app.db, number).await?;
        let (it, wrong) = draft(&body.columns, &lines, known.as_ref().map(|it| &it.order), zone);
        let done = match wrong.as_slice() {
            [] if body.trial => try_order(&app, it, known.as_ref()),
            [] => orders::put(&app, caller.actor, it).await.map(|(_, put)| put),
            wrong => Err(tickets::wrong(wrong)),
        };
        count(&mut brought, done, from, &grid.lines[from], caller.lang)?;
        from += same;
    }
    brought.next = (from < grid.lines.len()).then_some(from as u64);
    Ok(Json(brought))
}

/// What would become of it.
fn try_order(app: &App, it: OrderDraft, known: Option<&order::Order>) -> Result<Put, Problem> {
    let (now, directory) = (app.clock.now(), app.directory());
    let decided: Result<Put, Refused> = match known {
        None => order::create(it, RecordId(0), now, &directory).map(|_| Put::New),
        Some(known) => order::change(known, it, now, &directory)
            .map(|changed| if changed.is_some() { Put::Changed } else { Put::Same }),
    };
    decided.map_err(tickets::problem)
}

/// Brings a piece of a table of goods in, or only tries. Known goods are completed. `next` goes back as `from` until
/// there is none.
#[utoipa::path(post, path = "/products/table", tag = "orders", request_body = ProductTable,
    responses((status = 200, body = BroughtTable)))]
async fn bring_products(
    State(app): State<Shared>,
    caller: Caller,
    Json(body): Json<ProductTable>,
) -> Result<Json<BroughtTable>, Problem> {
    app.reach(caller.actor, Action::OrderWrite)?;
    let (_, grid) = table::uploaded(&app, &caller, body.file).await?;
    let (zh, en) =
        ("请为每一列选择内容，其中要有商品编号。", "Say what each column is; one is the goods' number.");
    check(&grid, &body.columns, &ProductColumn::Sku, zh, en)?;
    let at = body.columns.iter().position(|it| *it == ProductColumn::Sku).unwrap_or_default();
    let mut brought = BroughtTable::default();
    let from = (body.from as usize).min(grid.lines.len());
    let end = (from + PIECE).min(grid.lines.len());
    // What a trial would have made: nobody else knows of it.
    let mut tried: HashMap<String, Product> = HashMap::new();
    for (n, line) in grid.lines[from..end].iter().enumerate() {
        let sku = line[at].trim();
        let stored = product_rows::with_sku(&app.db, sku).await?;
        let known = tried.get(sku).or(stored.as_ref().map(|it| &it.product));
        let (mut it, wrong) = product(&body.columns, line, known);
        it.tidy();
        let wrong = if wrong.is_empty() { it.check() } else { wrong };
        let done = match wrong.as_slice() {
            [] if body.trial => {
                let put = match known {
                    None => Put::New,
                    Some(known) if *known == it => Put::Same,
                    Some(_) => Put::Changed,
                };
                tried.insert(sku.to_owned(), it);
                Ok(put)
            }
            [] => products::put(&app, caller.actor, it).await,
            wrong => Err(tickets::wrong(wrong)),
        };
        count(&mut brought, done, from + n, line, caller.lang)?;
    }
    brought.next = (end < grid.lines.len()).then_some(end as u64);
    Ok(Json(brought))
}

/// What is wrong with one line keeps no other back; what is wrong here ends it.
fn count(
    brought: &mut BroughtTable,
    done: Result<Put, Problem>,
    line: usize,
    cells: &[String],
    lang: Lang,
) -> Result<(), Problem> {
    match done {
        Ok(Put::New) => brought.created += 1,
        Ok(Put::Changed) => brought.changed += 1,
        Ok(Put::Same) => brought.same += 1,
        Err(problem) if problem.is_ours() => return Err(problem),
        // The heading is the first line.
        Err(problem) => brought.rejected.push(RejectedLine {
            line: (line + 2) as u64,
            cells: cells.to_vec(),
            why: problem.reasons(lang),
        }),
    }
    Ok(())
}
