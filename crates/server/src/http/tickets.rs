//! Tickets over HTTP: lists, boards, one ticket with all that belongs to it, and what people do with it.

use super::routes::{Routes, routes};
use crate::{
    app::{App, Shared},
    auth::Caller,
    http::{
        audit,
        body::Json,
        edit::{Tagged, id, page_size},
        files,
        idempotency::{self, Key, Once, Replay},
        table::{self, FormatQuery},
        ticket_sheet,
        ticket_shown::Viewer,
    },
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
use std::collections::BTreeMap;
use utoipa::IntoParams;
use yingda_core::{
    At,
    access::Action,
    config::{FieldShape, TicketPhase, TicketType},
    event::Subject,
    id::*,
    refusal::Refusal,
    ticket::{self, NewTicket, Readable, Ticket, TicketAct},
};
use yingda_store::{customer, event::Part, file, ticket as rows, ticket_list as lists};
use yingda_wire::http::{
    AuditRow, Page, StoredFile, StoredTicket, TicketActs, TicketBoard, TicketColumn, TicketDone, TicketRow,
};

pub fn routes() -> Routes {
    Routes::new()
        .routes(routes!(list, open))
        .routes(routes!(board))
        .routes(routes!(export))
        .routes(routes!(acts))
        .routes(routes!(read))
        .routes(routes!(act))
        .routes(routes!(history))
        .routes(routes!(of_conversation))
        .routes(routes!(files_of))
}

const EXPORT_ROWS: usize = 100_000;
/// So many cards a column shows; the list has the rest.
const COLUMN: usize = 50;
const MASS: usize = 500;

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// A part of its words, or its serial number.
    #[serde(default)]
    q: String,
    of: Option<TicketTypeId>,
    state: Option<String>,
    #[param(inline)]
    phase: Option<TicketPhase>,
    /// Only those not closed.
    #[serde(default)]
    open: bool,
    /// 1 (most severe) to 4.
    severity: Option<u8>,
    team: Option<TeamId>,
    /// An id, `me`, or `none` for what nobody has taken yet.
    owner: Option<String>,
    author: Option<String>,
    customer: Option<CustomerId>,
    /// Only what waits for somebody's approval.
    #[serde(default)]
    asks: bool,
    /// Only what runs out by this instant, or has.
    due_until: Option<At>,
    /// Key of a field of the kind in `of`, with `value`.
    field: Option<String>,
    value: Option<String>,
    /// The last of a range of answers that begins with `value`, such as of dates.
    value_to: Option<String>,
    /// `due`: the most urgent first; else the newest.
    #[serde(default)]
    sort: String,
    /// Opened at or after this instant, in milliseconds.
    from: Option<At>,
    /// Opened before this instant.
    to: Option<At>,
    cursor: Option<String>,
    limit: Option<usize>,
}

impl ListQuery {
    fn filter(&self, app: &App, caller: &Caller) -> Result<lists::Filter, Problem> {
        let readable = readable(app, caller, Action::TicketRead)?;
        let person = |text: &Option<String>| match text.as_deref() {
            None | Some("" | "none") => Ok(None),
            Some("me") => Ok(caller.user),
            Some(text) => {
                text.parse().map(Some).map_err(|_| Problem::field("owner", "不是编号。", "Is no id."))
            }
        };
        let value = match (&self.field, &self.value, self.of) {
            (Some(field), Some(value), Some(_)) => Some((field.clone(), value.clone())),
            _ => None,
        };
        // A state that is not closed is looked for among the few that run.
        let directory = app.directory();
        let kind = self.of.and_then(|of| directory.ticket_types.get(&of));
        let state = kind.and_then(|kind| kind.state(self.state.as_deref()?));
        let runs = value.is_some() && state.is_some_and(|state| state.phase != TicketPhase::Closed);
        Ok(lists::Filter {
            of: self.of,
            state: self.state.clone().filter(|state| !state.is_empty()),
            phase: self.phase,
            open: self.open || runs,
            severity: self.severity,
            team: self.team,
            owner: person(&self.owner)?,
            unowned: self.owner.as_deref() == Some("none"),
            customer: self.customer,
            author: person(&self.author)?,
            asks: self.asks,
            due_until: self.due_until,
            value,
            value_to: self.value_to.clone().filter(|it| !it.is_empty()),
            q: self.q.trim().to_owned(),
            by_due: self.sort == "due",
            from: self.from,
            to: self.to,
            readable: Some(readable).filter(|it| *it != Readable::Everything),
        })
    }
}

pub fn readable(app: &App, caller: &Caller, action: Action) -> Result<Readable, Problem> {
    ticket::readable(&app.directory(), caller.actor, action).ok_or_else(|| Refusal::Forbidden.into())
}

/// Tickets, the newest or the most urgent first.
#[utoipa::path(get, path = "/tickets", tag = "tickets", params(ListQuery),
    responses((status = 200, body = Page<TicketRow>)))]
async fn list(
    State(app): State<Shared>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<TicketRow>>, Problem> {
    let filter = query.filter(&app, &caller)?;
    let page = lists::list(&app.db, &filter, query.cursor.as_deref(), page_size(query.limit)).await?;
    let items = Viewer::new(&app, &caller).rows(page.items).await?;
    Ok(Json(Page { items, next: page.next }))
}

/// Opens a ticket.
#[utoipa::path(post, path = "/tickets", tag = "tickets", request_body = NewTicket,
    params(("Idempotency-Key" = Option<String>, Header)), responses((status = 201, body = TicketRow)))]
async fn open(State(app): State<Shared>, once: Once<NewTicket>) -> Result<Response, Problem> {
    let Once { caller, body, key } = once;
    if !ticket::may_open(&app.directory(), caller.actor) {
        return Err(Refusal::Forbidden.into());
    }
    names_customer(&app, &caller, body.customer).await?;
    if let Some(of) = app.directory().ticket_types.get(&body.of) {
        files::may_pass_on(&app, &caller, &named_files(of, &body.values)).await?;
    }
    let request = key.as_ref().map(|key: &Key| key.number(&app));
    let stored = tickets::open(&app, caller.actor, body, request).await?;
    let version = stored.version;
    let row = Viewer::new(&app, &caller).row(stored).await?;
    let replay = Replay::new(StatusCode::CREATED, &row).tagged(version);
    if let Some(key) = key {
        idempotency::remember(&app, &key, &replay).await;
    }
    Ok(replay.into_response())
}

/// One ticket, with its kind, sub-tasks and links.
#[utoipa::path(get, path = "/tickets/{id}", tag = "tickets", params(("id" = TicketId, Path)),
    responses((status = 200, body = StoredTicket)))]
async fn read(
    State(app): State<Shared>,
    caller: Caller,
    Path(ticket): Path<String>,
) -> Result<Tagged<StoredTicket>, Problem> {
    let found = match ticket.parse() {
        Ok(id) => tickets::find(&app, caller.actor, id).await?,
        // A serial number is what people say to each other.
        Err(_) => {
            let found = rows::with_serial(&app.db, &ticket).await?.ok_or_else(Problem::not_found)?;
            tickets::find(&app, caller.actor, found.id).await?
        }
    };
    let version = found.version;
    Ok(Tagged(StatusCode::OK, version, Viewer::new(&app, &caller).whole(found).await?))
}

/// Does something with a ticket.
#[utoipa::path(post, path = "/tickets/{id}/acts", tag = "tickets", request_body = TicketAct,
    params(("id" = TicketId, Path)), responses((status = 200, body = StoredTicket)))]
async fn act(
    State(app): State<Shared>,
    caller: Caller,
    Path(ticket): Path<String>,
    Json(act): Json<TicketAct>,
) -> Result<Tagged<StoredTicket>, Problem> {
    let viewer = Viewer::new(&app, &caller);
    let ticket = id(&ticket)?;
    let after = act_as(&app, &viewer, ticket, act).await;
    let after = match after {
        // Whoever was slower sees the ticket as it is now, as far as they may.
        Err(problem) if problem.current.is_some() => {
            let now = tickets::find(&app, caller.actor, ticket).await?;
            return Err(Problem::stale(viewer.whole(now).await?));
        }
        other => other?,
    };
    let version = after.version;
    Ok(Tagged(StatusCode::OK, version, viewer.whole(after).await?))
}

/// Does something as somebody who sees no more than their roles allow, and passes on no more than they may show.
async fn act_as(app: &App, viewer: &Viewer<'_>, ticket: TicketId, act: TicketAct) -> Result<Ticket, Problem> {
    let caller = viewer.caller;
    let act = viewer.unmask(ticket, act).await?;
    if let TicketAct::Edit { customer, .. } = &act {
        names_customer(app, caller, *customer).await?;
    }
    let files = match &act {
        TicketAct::Note { files, .. } => files.clone(),
        TicketAct::Edit { values, .. } | TicketAct::Move { values, .. } if !values.is_empty() => {
            let found = tickets::find(app, caller.actor, ticket).await?;
            let of = tickets::kind_of(app, &found).await?;
            let known = named_files(&of, &found.values);
            named_files(&of, values).into_iter().filter(|id| !known.contains(id)).collect()
        }
        _ => vec![],
    };
    files::may_pass_on(app, caller, &files).await?;
    tickets::act(app, caller.actor, ticket, act).await
}

/// A ticket shows its customer's name: only who may see customers puts one there.
async fn names_customer(app: &App, caller: &Caller, id: Option<CustomerId>) -> Result<(), Problem> {
    let Some(id) = id else { return Ok(()) };
    app.reach(caller.actor, Action::CustomerRead)?;
    let known = customer::living(&app.db, id).await?.is_some();
    let unknown = || Problem::field("customer", "不存在或已删除。", "Does not exist, or was deleted.");
    known.then_some(()).ok_or_else(unknown)
}

fn named_files(of: &TicketType, values: &BTreeMap<String, String>) -> Vec<FileId> {
    let fields = of.fields.iter().filter(|field| field.shape == FieldShape::File);
    fields.filter_map(|field| values.get(&field.key)?.parse().ok().map(FileId)).collect()
}

/// Does the same with many tickets, each on its own.
#[utoipa::path(post, path = "/tickets/acts", tag = "tickets", request_body = TicketActs,
    responses((status = 200, body = Vec<TicketDone>)))]
async fn acts(
    State(app): State<Shared>,
    caller: Caller,
    Json(body): Json<TicketActs>,
) -> Result<Json<Vec<TicketDone>>, Problem> {
    readable(&app, &caller, Action::TicketWrite)?;
    if body.tickets.len() > MASS {
        let (zh, en) = (format!("一次最多 {MASS} 张。"), format!("At most {MASS} at once."));
        return Err(Problem::field("tickets", zh, en));
    }
    let viewer = Viewer::new(&app, &caller);
    let mut done = Vec::with_capacity(body.tickets.len());
    for ticket in body.tickets {
        let serial = rows::get(&app.db, ticket).await?.map(|it| it.serial).unwrap_or_default();
        let problem = match act_as(&app, &viewer, ticket, body.act.clone()).await {
            Ok(_) => None,
            Err(problem) => Some(problem.sentence(caller.lang)),
        };
        done.push(TicketDone { ticket, serial, problem });
    }
    Ok(Json(done))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct HistoryQuery {
    cursor: Option<String>,
    limit: Option<usize>,
}

/// What happened to a ticket, the newest first.
#[utoipa::path(get, path = "/tickets/{id}/history", tag = "tickets",
    params(("id" = TicketId, Path), HistoryQuery), responses((status = 200, body = Page<AuditRow>)))]
async fn history(
    State(app): State<Shared>,
    caller: Caller,
    Path(ticket): Path<String>,
    Query(query): Query<HistoryQuery>,
) -> Result<Json<Page<AuditRow>>, Problem> {
    let found = tickets::find(&app, caller.actor, id(&ticket)?).await?;
    let part = match query.cursor.as_deref() {
        Some(cursor) => Part::Before(audit::read_cursor(cursor)?),
        None => Part::Latest,
    };
    let limit = page_size(query.limit);
    let on = Subject::Ticket(found.id);
    let events = yingda_store::event::of_subject(&app.db, on, part, limit + 1, false).await?;
    let viewer = Viewer::new(&app, &caller);
    let mut page = audit::page(events.into_iter().rev(), limit, &viewer.masks);
    let of = tickets::kind_of(&app, &found).await?;
    page.items.iter_mut().for_each(|row| viewer.hide(&of, row));
    Ok(Json(page))
}

/// The files of a ticket: of its notes and of its fields.
#[utoipa::path(get, path = "/tickets/{id}/files", tag = "tickets", params(("id" = TicketId, Path)),
    responses((status = 200, body = Vec<StoredFile>)))]
async fn files_of(
    State(app): State<Shared>,
    caller: Caller,
    Path(ticket): Path<String>,
) -> Result<Json<Vec<StoredFile>>, Problem> {
    let found = tickets::find(&app, caller.actor, id(&ticket)?).await?;
    let files = file::of_ticket(&app.db, found.id).await?;
    Ok(Json(files.into_iter().map(files::told).collect()))
}

/// The tickets that came out of a conversation.
#[utoipa::path(get, path = "/conversations/{id}/tickets", tag = "tickets", params(("id" = ConversationId, Path)),
    responses((status = 200, body = Vec<TicketRow>)))]
async fn of_conversation(
    State(app): State<Shared>,
    caller: Caller,
    Path(conversation): Path<String>,
) -> Result<Json<Vec<TicketRow>>, Problem> {
    let readable = readable(&app, &caller, Action::TicketRead)?;
    let mut found = lists::of_conversation(&app.db, id(&conversation)?).await?;
    found.retain(|it| readable.holds(it));
    Ok(Json(Viewer::new(&app, &caller).rows(found).await?))
}

/// The tickets of a kind by their states.
#[utoipa::path(get, path = "/tickets/board", tag = "tickets", params(ListQuery),
    responses((status = 200, body = TicketBoard)))]
async fn board(
    State(app): State<Shared>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<TicketBoard>, Problem> {
    let of = query.of.ok_or_else(|| Problem::field("of", "必填。", "Required."))?;
    let directory = app.directory();
    let kind = directory.ticket_types.get(&of).ok_or_else(Problem::not_found)?;
    let filter = lists::Filter { by_due: false, ..query.filter(&app, &caller)? };
    let counts = lists::counts(&app.db, &lists::Filter { open: true, state: None, ..filter.clone() }).await?;
    let viewer = Viewer::new(&app, &caller);
    let mut columns = vec![];
    for state in &kind.states {
        let filter = lists::Filter { state: Some(state.key.clone()), ..filter.clone() };
        let page = lists::list(&app.db, &filter, None, COLUMN).await?;
        let count = counts.iter().find(|(key, _)| *key == state.key).map_or(0, |(_, count)| *count);
        columns.push(TicketColumn {
            state: state.key.clone(),
            count: (state.phase != TicketPhase::Closed).then_some(count),
            items: viewer.rows(page.items).await?,
        });
    }
    Ok(Json(TicketBoard { columns }))
}

/// The list as a table for spreadsheets, with the fields of the kind where one is asked for. Leaves a trace.
#[utoipa::path(get, path = "/tickets/export", tag = "tickets", params(FormatQuery, ListQuery),
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
    let may = readable(&app, &caller, Action::TicketExport)?;
    let mut filter = query.filter(&app, &caller)?;
    // One may export no more than one may read, and read no more than one may export.
    if may != Readable::Everything {
        filter.readable = Some(may);
    }
    let directory = app.directory();
    let kind = query.of.and_then(|of| directory.ticket_types.get(&of).cloned());
    let viewer = Viewer::new(&app, &caller);
    let mut sheet = Sheet::new(ticket_sheet::head(kind.as_deref(), caller.lang));
    let mut cursor = None;
    while sheet.rows() < EXPORT_ROWS {
        let page = lists::list(&app.db, &filter, cursor.as_deref(), 1_000).await?;
        for row in viewer.rows(page.items).await? {
            let of = tickets::kind_of(&app, &row.ticket).await?;
            sheet.add(ticket_sheet::cells(&row, &of, kind.as_deref(), &directory, caller.lang));
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    audit::note_export(&app, &caller, "tickets", sheet.rows() as u64).await?;
    table::sent(sheet, "tickets", &format)
}
