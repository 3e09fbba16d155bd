//! Customers out of tables, and back into tables: looked at first, tried, brought in with progress, and kept.

use super::routes::{Routes, routes};
use crate::{
    app::Shared,
    auth::Caller,
    grid::Grid,
    http::{
        audit::note_export,
        body::Json,
        customers::{ListQuery, told},
        edit::{id, page_size},
        idempotency::{self, Once, Replay},
        table::{self, FormatQuery, sent},
    },
    jobs::{import_undo, imports::WAKE},
    problem::Problem,
    sheet::Sheet,
    site::{Item, ItemFact},
};
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;
use utoipa::IntoParams;
use yingda_core::{
    access::Action,
    config::{Choice, Field},
    customer::{
        CustomerKind,
        columns::{self, Column},
    },
    event::{Audience, CustomerImportUndone, Fact, Subject},
    id::{CustomerId, RecordId},
    lang::Text,
    mask,
    refusal::Refusal,
};
use yingda_store::{customer, customer_import as rows, customer_import_undo as undone, customer_list};
use yingda_wire::http::{CustomerImport, ImportLook, LookAtImport, NewCustomerImport, Page};

const SAMPLES: usize = 5;
/// As many as a spreadsheet can be asked to hold.
const MOST_EXPORTED: usize = 200_000;

/// The columns of an export, as faults name fields.
const EXPORTED: [&str; 14] = [
    "external_id",
    "name",
    "phone",
    "email",
    "company",
    "address",
    "vip",
    "kind",
    "tier",
    "area",
    "owner",
    "tags",
    "points",
    "note",
];

pub fn routes() -> Routes {
    Routes::new()
        .routes(routes!(look))
        .routes(routes!(list, create))
        .routes(routes!(read))
        .routes(routes!(cancel))
        .routes(routes!(undo))
        .routes(routes!(kept))
        .routes(routes!(rejected))
        .routes(routes!(export))
}

/// Who may bring in many may also change what customers have.
fn may(app: &Shared, caller: &Caller) -> Result<(), Problem> {
    app.reach(caller.actor, Action::CustomerWrite)?;
    app.reach(caller.actor, Action::CustomerExport)?;
    Ok(())
}

/// What an uploaded table holds, and what its columns probably are.
#[utoipa::path(post, path = "/customers/imports/look", tag = "customers", request_body = LookAtImport,
    responses((status = 200, body = ImportLook)))]
async fn look(
    State(app): State<Shared>,
    caller: Caller,
    Json(body): Json<LookAtImport>,
) -> Result<Json<ImportLook>, Problem> {
    may(&app, &caller)?;
    let (_, grid) = table::uploaded(&app, &caller, body.file).await?;
    let directory = app.directory();
    let mut guessed: Vec<Column> = vec![];
    for heading in &grid.headings {
        let column = columns::guess(heading, &directory.settings.customers);
        guessed.push(if guessed.contains(&column) { Column::None } else { column });
    }
    Ok(Json(ImportLook {
        lines: grid.lines.len() as u64,
        samples: grid.lines.into_iter().take(SAMPLES).collect(),
        headings: grid.headings,
        columns: guessed,
    }))
}

/// Brings a table in, or only tries. It goes on by itself; ask for it to see how far it is.
#[utoipa::path(post, path = "/customers/imports", tag = "customers", request_body = NewCustomerImport,
    params(("Idempotency-Key" = Option<String>, Header)), responses((status = 201, body = CustomerImport)))]
async fn create(State(app): State<Shared>, once: Once<NewCustomerImport>) -> Result<Response, Problem> {
    let Once { caller, body: new, key } = once;
    may(&app, &caller)?;
    let (file, grid) = table::uploaded(&app, &caller, new.file).await?;
    check(&new, &grid)?;
    let now = app.clock.now();
    let plan = rows::Plan {
        hash: file.hash,
        name: file.name,
        lines: grid.lines.len() as u64,
        headings: grid.headings,
        columns: new.columns,
        match_by: new.match_by,
        completes: new.completes,
        is_trial: new.trial,
    };
    let id = RecordId(app.next_id());
    let import = rows::Import {
        id,
        author: caller.user,
        state: "running".into(),
        passed: 0,
        created: 0,
        updated: 0,
        skipped: 0,
        rejected: 0,
        created_at: now,
        ended_at: None,
        undone_by: None,
        undo_after: CustomerId(0),
        undone: rows::Undone::default(),
        plan,
    };
    let fact = ItemFact {
        on: Subject::Record(id),
        to: Audience::Staff,
        fact: Fact::CustomersImported { import: id, lines: import.plan.lines, trial: new.trial },
        private: None,
    };
    let writes = vec![rows::insert(id, caller.user, &import.plan, now)];
    let replay = Replay::new(StatusCode::CREATED, &shown(import));
    let answer = idempotency::change(&app, key, replay, Item::new(caller.actor, vec![fact], writes)).await?;
    WAKE.notify_one();
    Ok(answer)
}

fn check(new: &NewCustomerImport, grid: &Grid) -> Result<(), Problem> {
    let mut problem = Problem::new(Refusal::BadValue);
    if grid.lines.is_empty() {
        problem = problem.and_field("file", "表头下面没有内容。", "There is nothing below the heading.");
    }
    let brings = |column: &Column| new.columns.contains(column);
    let named = [Column::Name, Column::Phone, Column::Email, Column::ExternalId];
    if new.columns.len() != grid.headings.len() || !named.iter().any(brings) {
        problem = problem.and_field(
            "columns",
            "请为每一列选择内容，其中至少有姓名、电话、邮箱、编号之一。",
            "Say what each column is; one of them has to be name, phone, e-mail or number.",
        );
    }
    for (n, column) in new.columns.iter().enumerate() {
        if *column != Column::None && new.columns[..n].contains(column) {
            let (zh, en) = ("与另一列相同。", "The same as another column.");
            problem = problem.and_field(format!("columns.{n}"), zh, en);
        }
    }
    let has_key = match new.match_by.as_str() {
        "" => true,
        "phone" => brings(&Column::Phone),
        "email" => brings(&Column::Email),
        "external" => brings(&Column::ExternalId),
        _ => false,
    };
    if !has_key {
        let (zh, en) = ("用来对照的那一列没有选。", "The column to compare by is not among them.");
        problem = problem.and_field("match_by", zh, en);
    }
    if problem.fields.is_empty() { Ok(()) } else { Err(problem) }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PageQuery {
    cursor: Option<String>,
    limit: Option<usize>,
}

/// Imports, the newest first.
#[utoipa::path(get, path = "/customers/imports", tag = "customers", params(PageQuery),
    responses((status = 200, body = Page<CustomerImport>)))]
async fn list(
    State(app): State<Shared>,
    caller: Caller,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<CustomerImport>>, Problem> {
    may(&app, &caller)?;
    let page = rows::list(&app.db, query.cursor.as_deref(), page_size(query.limit)).await?;
    Ok(Json(Page { items: page.items.into_iter().map(shown).collect(), next: page.next }))
}

async fn found(app: &Shared, import: &str) -> Result<rows::Import, Problem> {
    rows::get(&app.db, id(import)?).await?.ok_or_else(Problem::not_found)
}

/// How far an import is.
#[utoipa::path(get, path = "/customers/imports/{id}", tag = "customers", params(("id" = RecordId, Path)),
    responses((status = 200, body = CustomerImport)))]
async fn read(
    State(app): State<Shared>,
    caller: Caller,
    Path(import): Path<String>,
) -> Result<Json<CustomerImport>, Problem> {
    may(&app, &caller)?;
    found(&app, &import).await.map(|it| Json(shown(it)))
}

/// Stops an import. What came in stays.
#[utoipa::path(post, path = "/customers/imports/{id}/cancel", tag = "customers", params(("id" = RecordId, Path)),
    responses((status = 200, body = CustomerImport)))]
async fn cancel(
    State(app): State<Shared>,
    caller: Caller,
    Path(import): Path<String>,
) -> Result<Json<CustomerImport>, Problem> {
    may(&app, &caller)?;
    let import = found(&app, &import).await?;
    if import.ended_at.is_none() {
        let fact = ItemFact {
            on: Subject::Record(import.id),
            to: Audience::Staff,
            fact: Fact::CustomerImportStopped { import: import.id },
            private: None,
        };
        let writes = vec![rows::end(import.id, "cancelled", app.clock.now())];
        match app.site.change(Item::new(caller.actor, vec![fact], writes)).await {
            // It ended meanwhile.
            Err(refused) if refused.refusal != Refusal::Stale => return Err(refused.into()),
            _ => {}
        }
    }
    Ok(Json(shown(rows::get(&app.db, import.id).await?.ok_or_else(Problem::not_found)?)))
}

/// Takes a whole import back: who was new goes, who was changed is again as before. Who was changed since, or has
/// something to do with somebody by now, stays; what stayed can be read as a table.
#[utoipa::path(post, path = "/customers/imports/{id}/undo", tag = "customers", params(("id" = RecordId, Path)),
    responses((status = 200, body = CustomerImport)))]
async fn undo(
    State(app): State<Shared>,
    caller: Caller,
    Path(import): Path<String>,
) -> Result<Json<CustomerImport>, Problem> {
    may(&app, &caller)?;
    let import = found(&app, &import).await?;
    if import.plan.is_trial {
        return Err(Refusal::WrongPhase.into());
    }
    if !import.state.starts_with("und") {
        let fact = ItemFact {
            on: Subject::Record(import.id),
            to: Audience::Staff,
            fact: Fact::CustomerImportUndone(CustomerImportUndone { import: import.id }),
            private: None,
        };
        let since = app.clock.now() - import_undo::WITHIN_MS;
        let writes = vec![undone::begin(import.id, caller.user, since)];
        match app.site.change(Item::new(caller.actor, vec![fact], writes)).await {
            // It still runs, or ended too long ago.
            Err(refused) if refused.refusal == Refusal::Stale => return Err(Refusal::TooLate.into()),
            done => done?,
        };
        WAKE.notify_one();
    }
    Ok(Json(shown(rows::get(&app.db, import.id).await?.ok_or_else(Problem::not_found)?)))
}

/// Who stayed as they are when an import was taken back, and why.
#[utoipa::path(get, path = "/customers/imports/{id}/kept", tag = "customers",
    params(("id" = RecordId, Path), FormatQuery),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
async fn kept(
    State(app): State<Shared>,
    caller: Caller,
    Path(import): Path<String>,
    Query(format): Query<FormatQuery>,
) -> Result<Response, Problem> {
    may(&app, &caller)?;
    let import = found(&app, &import).await?;
    let directory = app.directory();
    let masks = mask::of(&directory, caller.actor);
    let head = [("姓名", "Name"), ("电话", "Phone"), ("邮箱", "E-mail"), ("原因", "Reason")];
    let head = head.map(|(zh, en)| Text::new(zh, en).get(caller.lang).to_owned());
    let mut sheet = Sheet::new(head.to_vec());
    let mut after = CustomerId(0);
    loop {
        let found = undone::kept(&app.db, import.id, after, 500).await?;
        let Some(last) = found.last() else { break };
        after = last.customer;
        let now = customer::of_ids(&app.db, found.iter().map(|it| it.customer)).await?;
        for (row, it) in now.into_iter().zip(found) {
            let why = if it.kept.as_deref() == Some("used") {
                Text::new("已有往来", "Somebody has to do with them")
            } else {
                Text::new("导入后有人改过", "Changed since")
            };
            let card = told(row, &masks, &directory).customer;
            sheet.add(vec![card.name, card.phone, card.email, why.get(caller.lang).to_owned()]);
        }
    }
    sent(sheet, "kept", &format)
}

/// The lines that were not taken, as they were, with the reasons.
#[utoipa::path(get, path = "/customers/imports/{id}/rejected", tag = "customers",
    params(("id" = RecordId, Path), FormatQuery),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
async fn rejected(
    State(app): State<Shared>,
    caller: Caller,
    Path(import): Path<String>,
    Query(format): Query<FormatQuery>,
) -> Result<Response, Problem> {
    may(&app, &caller)?;
    let import = found(&app, &import).await?;
    let mut head: Vec<String> = import.plan.headings.clone();
    let (why, line) = (Text::new("原因", "Reason"), Text::new("行号", "Line"));
    head.extend([why, line].map(|it| it.get(caller.lang).to_owned()));
    let mut sheet = Sheet::new(head);
    let mut after = 0;
    loop {
        let found = rows::rejected(&app.db, import.id, after, 5_000).await?;
        let Some(last) = found.last() else { break };
        after = last.line;
        for it in found {
            let mut line = it.cells;
            let reasons: Vec<&str> = it.reasons.iter().map(|it| it.get(caller.lang)).collect();
            line.push(reasons.join(" "));
            line.push(it.line.to_string());
            sheet.add(line);
        }
    }
    sent(sheet, "rejected", &format)
}

fn shown(it: rows::Import) -> CustomerImport {
    let is_over = matches!(it.state.as_str(), "done" | "cancelled" | "failed") && !it.plan.is_trial;
    let undo_until = it.ended_at.filter(|_| is_over).map(|at| at + import_undo::WITHIN_MS);
    CustomerImport {
        id: it.id,
        name: it.plan.name,
        state: it.state,
        trial: it.plan.is_trial,
        lines: it.plan.lines,
        passed: it.passed,
        created: it.created,
        updated: it.updated,
        skipped: it.skipped,
        rejected: it.rejected,
        created_at: it.created_at,
        ended_at: it.ended_at,
        taken_back: it.undone.taken_back,
        restored: it.undone.restored,
        kept: it.undone.kept,
        undo_until_at: undo_until,
    }
}

/// Customers as a table that can be brought in again.
#[utoipa::path(get, path = "/customers/export", tag = "customers", params(ListQuery, FormatQuery),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
async fn export(
    State(app): State<Shared>,
    caller: Caller,
    Query(query): Query<ListQuery>,
    Query(format): Query<FormatQuery>,
) -> Result<Response, Problem> {
    app.reach(caller.actor, Action::CustomerExport)?;
    let directory = app.directory();
    let settings = &directory.settings.customers;
    let masks = mask::of(&directory, caller.actor);
    let filter = query.filter(&directory, app.clock.now());
    let lang = caller.lang;
    let own = settings.fields.iter().map(|field| format!("values.{}", field.key));
    let head = EXPORTED.map(str::to_owned).into_iter().chain(own);
    let head: Vec<String> = head.map(|it| columns::heading(&it, settings).get(lang).to_owned()).collect();
    let mut sheet = Sheet::new(head);
    let mut cursor = None;
    loop {
        let page = customer_list::list(&app.db, &filter, cursor.as_deref(), 500).await?;
        for row in page.items {
            let it = told(row, &masks, &directory).customer;
            let owner = it.owner.and_then(|id| directory.users.get(&id)).map(|it| it.name.clone());
            let tags = it.tags.iter().filter_map(|id| directory.tags.get(id)).map(|it| it.name.get(lang));
            let label = |options: &[Choice], key: &str| {
                yingda_core::form::choice(options, key)
                    .map_or(key.to_owned(), |it| it.label.get(lang).to_owned())
            };
            let tags = tags.collect::<Vec<_>>().join("、");
            let other = it.points.first().map(|it| it.value.clone()).unwrap_or_default();
            let mut line = vec![
                it.external_id,
                it.name,
                it.phone,
                it.email,
                it.company,
                it.address,
                if it.vip { Text::new("是", "Yes").get(lang).to_owned() } else { String::new() },
                match it.kind {
                    CustomerKind::Company => Text::new("企业", "Company").get(lang).to_owned(),
                    CustomerKind::Person => String::new(),
                },
                label(&settings.tiers, &it.tier),
                label(&settings.areas, &it.area),
                owner.unwrap_or_default(),
                tags,
                other,
                it.note,
            ];
            let answer = |field: &Field| {
                let value = it.values.get(&field.key).cloned().unwrap_or_default();
                if field.options.is_empty() { value } else { label(&field.options, &value) }
            };
            line.extend(settings.fields.iter().map(answer));
            sheet.add(line);
        }
        cursor = page.next;
        if cursor.is_none() || sheet.rows() >= MOST_EXPORTED {
            break;
        }
    }
    note_export(&app, &caller, "customers", sheet.rows() as u64).await?;
    sent(sheet, "customers", &format)
}
