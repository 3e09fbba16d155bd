//! Registers: what came and went is taken down under a number, found again, and whom it concerns is told.

use super::routes::{Routes, routes};
use crate::{
    app::{App, Shared},
    auth::Caller,
    http::{
        audit,
        body::Json,
        edit::{IfMatch, Tagged, id, page_size},
        idempotency::{self, Key, Once, Replay},
        records::refuse,
        register_sheet,
        table::{self, FormatQuery},
    },
    problem::Problem,
    sheet::Sheet,
    site::{Item, ItemFact},
};
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::IntoParams;
use yingda_core::{
    At,
    access::Action,
    calendar,
    event::{Audience, Fact, Private, Subject},
    id::RecordId,
    refusal::Refusal,
    register::{Book, Entry, Visit},
};
use yingda_store::{
    Statement,
    register::{self as rows, Filter, Stored},
};
use yingda_wire::http::{Page, StoredEntry};

pub fn routes() -> Routes {
    Routes::new().routes(routes!(list, create)).routes(routes!(export)).routes(routes!(read, change, delete))
}

/// Two who take something down in the same moment want the same number: so often is the next one tried.
const TRIES: u32 = 20;
const EXPORT_ROWS: usize = 100_000;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// A part of any of its words, or of its number.
    #[serde(default)]
    q: String,
    /// Only those with something still to do.
    #[serde(default)]
    open: bool,
    /// Happened at or after this instant, in milliseconds.
    from: Option<At>,
    /// Happened before this instant.
    to: Option<At>,
    cursor: Option<String>,
    limit: Option<usize>,
}

impl ListQuery {
    fn filter(&self) -> Filter {
        Filter { q: self.q.trim().to_owned(), open: self.open, from: self.from, to: self.to }
    }
}

/// Entries of a register, the newest first.
#[utoipa::path(get, path = "/registers/{book}", tag = "registers", params(("book" = Book, Path), ListQuery),
    responses((status = 200, body = Page<StoredEntry>)))]
async fn list(
    State(app): State<Shared>,
    caller: Caller,
    Path(book): Path<String>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<StoredEntry>>, Problem> {
    let book = readable(&app, &caller, &book)?;
    let limit = page_size(query.limit);
    let page = rows::list(&app.db, book, &query.filter(), query.cursor.as_deref(), limit).await?;
    let barred = if book == Book::Visit { barred(&app).await? } else { vec![] };
    let now = app.clock.now();
    let items = page.items.into_iter().map(|row| shown(row, &barred, now)).collect();
    Ok(Json(Page { items, next: page.next }))
}

/// Takes something down, and gives its number. Whom it concerns is told at once.
#[utoipa::path(post, path = "/registers/{book}", tag = "registers", request_body = Entry,
    params(("book" = Book, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = StoredEntry)))]
async fn create(
    State(app): State<Shared>,
    Path(book): Path<String>,
    once: Once<Entry>,
) -> Result<Response, Problem> {
    let Once { caller, body, key } = once;
    let book = writable(&app, &caller, &book)?;
    fits(&app, book, &body)?;
    let stored = numbered(&app, &caller, body, key.as_ref()).await?;
    let replay = Replay::new(StatusCode::CREATED, &told(&app, stored).await?).tagged(1);
    if let Some(key) = key {
        idempotency::remember(&app, &key, &replay).await;
    }
    Ok(replay.into_response())
}

/// Gives an entry the next number of its day and stores it.
async fn numbered(app: &App, caller: &Caller, entry: Entry, key: Option<&Key>) -> Result<Stored, Problem> {
    let book = entry.book();
    let id = number(app, key);
    if let Some(known) = rows::get(&app.db, book, id).await? {
        return Ok(known);
    }
    for serial in serials(app, book).await? {
        if let Some(stored) = put(app, caller, id, serial, entry.clone(), vec![]).await? {
            return Ok(stored);
        }
    }
    Err(Refusal::Busy.into())
}

/// The same request has the same entry, however often it comes.
pub fn number(app: &App, key: Option<&Key>) -> RecordId {
    RecordId(key.map_or_else(|| app.next_id(), |key| key.number(app)))
}

/// Somebody who came to the counter stands in the register too. The contact itself does not depend on it.
pub async fn visited(app: &App, caller: &Caller, visit: Visit) {
    if let Err(problem) = numbered(app, caller, Entry::Visit(visit), None).await {
        tracing::warn!(code = ?problem.code, "a visit at the counter could not be put into the register");
    }
}

/// Stores a new entry with what belongs to it. Nothing when another took its serial number.
pub async fn put(
    app: &App,
    caller: &Caller,
    id: RecordId,
    serial: String,
    entry: Entry,
    also: Vec<Statement>,
) -> Result<Option<Stored>, Problem> {
    let now = app.clock.now();
    let author = caller.user;
    let row = Stored { id, serial, version: 1, entry, author, created_at: now, updated_at: now };
    let mut writes = vec![rows::insert(&row, now)];
    writes.extend(also);
    let item = Item::new(caller.actor, facts(&row, 1, None, false), writes);
    match app.site.change(item).await {
        Ok(_) => Ok(Some(row)),
        Err(refused) if refused.refusal == Refusal::NameTaken => Ok(None),
        Err(refused) => Err(refused.into()),
    }
}

/// The serial numbers of this day that may be free: the next one, and as many more as others may take meanwhile.
pub async fn serials(app: &App, book: Book) -> Result<impl Iterator<Item = String> + use<>, Problem> {
    let directory = app.directory();
    let line = directory.lines.keys().next().copied().unwrap_or_default();
    let day = calendar::date_text(directory.zone(line), app.clock.now()).replace('-', "");
    let series = format!("{}{day}-", book.prefix());
    let last = rows::last_serial(&app.db, book, &series).await?;
    let n: u32 = last.and_then(|it| it.strip_prefix(&series)?.parse().ok()).unwrap_or_default();
    Ok((n + 1..=n + TRIES).map(move |n| format!("{series}{n:04}")))
}

/// One entry.
#[utoipa::path(get, path = "/registers/{book}/{id}", tag = "registers",
    params(("book" = Book, Path), ("id" = RecordId, Path)), responses((status = 200, body = StoredEntry)))]
async fn read(
    State(app): State<Shared>,
    caller: Caller,
    Path((book, entry)): Path<(String, String)>,
) -> Result<Tagged<StoredEntry>, Problem> {
    let book = readable(&app, &caller, &book)?;
    tagged(&app, find(&app, book, &entry).await?).await
}

/// Changes an entry: handed over, signed for, gone.
#[utoipa::path(put, path = "/registers/{book}/{id}", tag = "registers", request_body = Entry,
    params(("book" = Book, Path), ("id" = RecordId, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = StoredEntry)))]
async fn change(
    State(app): State<Shared>,
    caller: Caller,
    Path((book, entry)): Path<(String, String)>,
    IfMatch(version): IfMatch,
    Json(after): Json<Entry>,
) -> Result<Tagged<StoredEntry>, Problem> {
    let book = writable(&app, &caller, &book)?;
    fits(&app, book, &after)?;
    let before = find(&app, book, &entry).await?;
    if before.version != version {
        return Err(Problem::stale(told(&app, before).await?));
    }
    let now = app.clock.now();
    let row = Stored { entry: after, ..before.clone() };
    let writes = vec![rows::update(&row, now)];
    let facts = facts(&row, version + 1, Some(&before.entry), false);
    store(&app, &caller, book, row.id, facts, writes).await?;
    tagged(&app, find(&app, book, &entry).await?).await
}

/// Strikes an entry out; it stays in the log.
#[utoipa::path(delete, path = "/registers/{book}/{id}", tag = "registers",
    params(("book" = Book, Path), ("id" = RecordId, Path), ("If-Match" = String, Header)),
    responses((status = 204)))]
async fn delete(
    State(app): State<Shared>,
    caller: Caller,
    Path((book, entry)): Path<(String, String)>,
    IfMatch(version): IfMatch,
) -> Result<StatusCode, Problem> {
    let book = writable(&app, &caller, &book)?;
    let before = find(&app, book, &entry).await?;
    let writes = vec![rows::delete(before.id, version, app.clock.now())];
    let facts = facts(&before, version + 1, Some(&before.entry), true);
    store(&app, &caller, book, before.id, facts, writes).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn store(
    app: &App,
    caller: &Caller,
    book: Book,
    id: RecordId,
    facts: Vec<ItemFact>,
    writes: Vec<Statement>,
) -> Result<(), Problem> {
    match app.site.change(Item::new(caller.actor, facts, writes)).await {
        Ok(_) => Ok(()),
        Err(refused) if refused.refusal == Refusal::Stale => {
            let now = rows::get(&app.db, book, id).await?.ok_or_else(Problem::not_found)?;
            Err(Problem::stale(told(app, now).await?))
        }
        Err(refused) => Err(refused.into()),
    }
}

/// The register as a table for spreadsheets. Needs the right to export, and leaves a trace.
#[utoipa::path(get, path = "/registers/{book}/export", tag = "registers",
    params(("book" = Book, Path), FormatQuery, ListQuery), responses((status = 200, content(
        (Vec<u8> = "text/csv"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    ))))]
async fn export(
    State(app): State<Shared>,
    caller: Caller,
    Path(book): Path<String>,
    Query(format): Query<FormatQuery>,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let book = readable(&app, &caller, &book)?;
    app.reach(caller.actor, Action::CustomerExport)?;
    let directory = app.directory();
    let mut sheet = Sheet::new(register_sheet::head(book, caller.lang));
    let mut cursor = None;
    while sheet.rows() < EXPORT_ROWS {
        let page = rows::list(&app.db, book, &query.filter(), cursor.as_deref(), 1_000).await?;
        for row in page.items {
            sheet.add(register_sheet::cells(row, &directory, caller.lang));
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let name = format!("register-{}", book.as_str());
    audit::note_export(&app, &caller, &name, sheet.rows() as u64).await?;
    table::sent(sheet, &name, &format)
}

/// Whoever serves contacts keeps the house's books; groups of customers belong to who may see customers.
fn readable(app: &App, caller: &Caller, book: &str) -> Result<Book, Problem> {
    let book = named(book)?;
    let action = if book == Book::Group { Action::CustomerRead } else { Action::ConversationServe };
    app.reach(caller.actor, action)?;
    Ok(book)
}

fn writable(app: &App, caller: &Caller, book: &str) -> Result<Book, Problem> {
    let book = named(book)?;
    let action = if book == Book::Group { Action::CustomerWrite } else { Action::ConversationServe };
    app.reach(caller.actor, action)?;
    Ok(book)
}

fn named(book: &str) -> Result<Book, Problem> {
    serde_json::from_value(book.into()).map_err(|_| Problem::not_found())
}

fn fits(app: &App, book: Book, entry: &Entry) -> Result<(), Problem> {
    if entry.book() != book {
        return Err(Problem::field("book", "与地址里的登记簿不同。", "Is not the register in the address."));
    }
    refuse(entry.check(&app.directory()))
}

async fn find(app: &App, book: Book, entry: &str) -> Result<Stored, Problem> {
    rows::get(&app.db, book, id(entry)?).await?.ok_or_else(Problem::not_found)
}

/// The change for the log, and word to whom it concerns.
fn facts(row: &Stored, version: i64, before: Option<&Entry>, deleted: bool) -> Vec<ItemFact> {
    let book = row.entry.book();
    let value = |entry: &Entry| serde_json::to_value(entry).ok();
    let after = (!deleted).then(|| value(&row.entry)).flatten();
    let changed = ItemFact {
        on: Subject::Record(row.id),
        to: Audience::Staff,
        fact: Fact::EntryChanged { book, entry: row.id, version, serial: row.serial.clone(), deleted },
        private: Some(Box::new(Private::Values { before: before.and_then(value), after })),
    };
    let told = row.entry.tells(before).filter(|_| !deleted).map(|user| ItemFact {
        on: Subject::User(user),
        to: Audience::Staff,
        fact: Fact::EntryTold {
            book,
            entry: row.id,
            serial: row.serial.clone(),
            text: row.entry.gist().to_owned(),
        },
        private: None,
    });
    std::iter::once(changed).chain(told).collect()
}

async fn tagged(app: &App, row: Stored) -> Result<Tagged<StoredEntry>, Problem> {
    Ok(Tagged(StatusCode::OK, row.version, told(app, row).await?))
}

async fn told(app: &App, row: Stored) -> Result<StoredEntry, Problem> {
    let barred = if row.entry.book() == Book::Visit { barred(app).await? } else { vec![] };
    Ok(shown(row, &barred, app.clock.now()))
}

fn shown(row: Stored, barred: &[Stored], now: At) -> StoredEntry {
    let warnings = warnings(&row.entry, barred, now);
    let Stored { id, serial, version, entry, author, created_at, updated_at } = row;
    StoredEntry { id, serial, version, author, created_at, updated_at, entry, warnings }
}

/// A list of those who are not let in that is longer than this is no list that anyone keeps.
const BARRED: usize = 1_000;

async fn barred(app: &App) -> Result<Vec<Stored>, Problem> {
    let filter = Filter { open: true, ..Filter::default() };
    Ok(rows::list(&app.db, Book::Barred, &filter, None, BARRED).await?.items)
}

/// Why a visitor, who is not gone yet, should not simply be let in.
fn warnings(entry: &Entry, barred: &[Stored], now: At) -> Vec<String> {
    let Entry::Visit(visit) = entry else { return vec![] };
    if visit.left_at.is_some() {
        return vec![];
    }
    let about = barred.iter().filter_map(|it| match &it.entry {
        Entry::Barred(one) if one.names(&visit.name, &visit.phone, now) => {
            Some(if one.reason.trim().is_empty() { it.serial.clone() } else { one.reason.clone() })
        }
        _ => None,
    });
    about.collect()
}
