//! Tickets as rows: whole as JSON, and in columns what lists and clocks ask for.

use crate::{
    Db, ReadError, Statement,
    event::SITE,
    file, page,
    sql::sql,
    value::{Row, args, word},
};
use yingda_core::{
    At,
    config::{FieldShape, TicketType},
    directory::Directory,
    id::*,
    ticket::Ticket,
};

sql! {
    INSERT = "
        INSERT INTO ticket (id, site, serial, of_type, version, line, state, phase, severity, team, owner, author,
            customer, conversation, parent, asks, words, body, due_at, next_at, created_at, updated_at, closed_at, request)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
            $23, $24)";
    UPDATE = "
        UPDATE ticket SET version = $2, state = $3, phase = $4, severity = $5, team = $6, owner = $7, customer = $8,
            asks = $9, words = $10, body = $11, due_at = $12, next_at = $13, updated_at = $14, closed_at = $15
        WHERE id = $1 AND version = $16";
    ADD_WATCHER = "INSERT INTO ticket_watcher (person, ticket) VALUES ($1, $2)";
    FORGET_WATCHERS = "DELETE FROM ticket_watcher WHERE ticket = $1";
    ADD_VALUE = "INSERT INTO ticket_value (of_type, field, term, is_open, ticket) VALUES ($1, $2, $3, $4, $5)";
    FORGET_VALUES = "DELETE FROM ticket_value WHERE ticket = $1";
    WITH_REQUEST = "SELECT body FROM ticket WHERE request = $1";
    ONE = "SELECT body FROM ticket WHERE id = $1";
    WITH_SERIAL = "SELECT body FROM ticket WHERE serial = $1";
    DUE = "SELECT body FROM ticket WHERE next_at <= $1 ORDER BY next_at LIMIT $2";
    NEXT_AT = "SELECT min(next_at) FROM ticket WHERE next_at IS NOT NULL";
    TASKS = "SELECT body FROM ticket WHERE parent = $1 ORDER BY id LIMIT 200";
    OPEN_TASKS = "SELECT count(*) FROM ticket WHERE parent = $1 AND closed_at IS NULL";
    /// The serials of one day lie together.
    LAST_SERIAL = "SELECT max(serial) FROM ticket WHERE serial > $1 AND serial < $2";
    IS_USED = "SELECT id FROM ticket WHERE of_type = $1 LIMIT 1";
    PUT_TYPE = "
        INSERT INTO ticket_type_version (of_type, version, body) VALUES ($1, $2, $3)
        ON CONFLICT (of_type, version) DO NOTHING";
    TYPE = "SELECT body FROM ticket_type_version WHERE of_type = $1 AND version = $2";
    /// Opened in a period, which is a range of ids.
    OPENED_IN = "
        SELECT body FROM ticket WHERE id >= $1 AND id < $2 AND $3 LIKE '%,' || of_type || ',%' ORDER BY id LIMIT $4";
    RUNNING = "
        SELECT body FROM ticket WHERE of_type = $1 AND closed_at IS NULL AND id > $2 ORDER BY id LIMIT $3";
}

/// Longer answers are read, not filtered by.
const MAX_TERM: usize = 100;

pub(crate) fn whole(row: &Row<'_>) -> Result<Ticket, ReadError> {
    row.json(0)
}

fn body(ticket: &Ticket) -> String {
    serde_json::to_string(ticket).expect("a ticket is plain data")
}

/// What a list may filter by: short answers of a kind that people choose or count.
fn terms<'a>(it: &'a Ticket, of: &'a TicketType) -> impl Iterator<Item = Statement> + 'a {
    let plain = |shape| {
        use FieldShape::*;
        matches!(shape, Choice | Number | Money | Formula | Date | Person | Consent | Phone | Email | Line)
    };
    let fields = of.fields.iter().filter(move |field| plain(field.shape) && !field.sensitive);
    fields.filter_map(move |field| {
        let term = it.values.get(&field.key)?.trim().to_lowercase();
        (term.chars().count() <= MAX_TERM).then(|| {
            Statement::new(ADD_VALUE, args![it.of.0, &*field.key, term, it.closed_at.is_none(), it.id.0])
        })
    })
}

/// The files that its fields name.
fn files<'a>(it: &'a Ticket, of: &'a TicketType) -> impl Iterator<Item = Statement> + 'a {
    let fields = of.fields.iter().filter(|field| field.shape == FieldShape::File);
    let named = fields.filter_map(|field| it.values.get(&field.key)?.parse().ok());
    named.map(|id| file::attach_to_ticket(FileId(id), it.id))
}

fn watchers(it: &Ticket) -> impl Iterator<Item = Statement> + '_ {
    it.watchers.iter().map(|user| Statement::new(ADD_WATCHER, args![user.0, it.id.0]))
}

/// A new ticket; its serial number may be taken by another. `request` is the number of the request that opened it, so
/// that the same one opens no second.
pub fn insert(it: &Ticket, of: &TicketType, directory: &Directory, request: Option<i64>) -> Vec<Statement> {
    let insert = Statement::new(
        INSERT,
        args![
            it.id.0,
            SITE,
            &*it.serial,
            it.of.0,
            it.version,
            it.line.0,
            &*it.state,
            word(it.phase),
            i64::from(it.severity),
            it.team.map(|id| id.0),
            it.owner.map(|id| id.0),
            it.author.map(|id| id.0),
            it.customer.map(|id| id.0),
            it.conversation.map(|id| id.0),
            it.parent.map(|id| id.0),
            it.approval.is_some(),
            it.words(of),
            body(it),
            it.due_at(),
            it.next_at(of, directory),
            it.created_at,
            it.updated_at,
            it.closed_at,
            request,
        ],
    );
    std::iter::once(insert).chain(watchers(it)).chain(terms(it, of)).chain(files(it, of)).collect()
}

/// The next version of a ticket; stale unless the stored one is `before`.
pub fn update(before: &Ticket, it: &Ticket, of: &TicketType, directory: &Directory) -> Vec<Statement> {
    let update = Statement::guarded(
        UPDATE,
        args![
            it.id.0,
            it.version,
            &*it.state,
            word(it.phase),
            i64::from(it.severity),
            it.team.map(|id| id.0),
            it.owner.map(|id| id.0),
            it.customer.map(|id| id.0),
            it.approval.is_some(),
            it.words(of),
            body(it),
            it.due_at(),
            it.next_at(of, directory),
            it.updated_at,
            it.closed_at,
            before.version,
        ],
    );
    let mut all = vec![update];
    if before.watchers != it.watchers {
        all.push(Statement::new(FORGET_WATCHERS, args![it.id.0]));
        all.extend(watchers(it));
    }
    let is_other_kind = before.of_version != it.of_version;
    if is_other_kind || before.values != it.values || before.closed_at.is_none() != it.closed_at.is_none() {
        all.push(Statement::new(FORGET_VALUES, args![it.id.0]));
        all.extend(terms(it, of));
        all.extend(files(it, of));
    }
    all
}

pub async fn get(db: &Db, id: TicketId) -> Result<Option<Ticket>, ReadError> {
    db.query_one(ONE, args![id.0], whole).await
}

/// What a request opened.
pub async fn with_request(db: &Db, request: i64) -> Result<Option<Ticket>, ReadError> {
    db.query_one(WITH_REQUEST, args![request], whole).await
}

pub async fn with_serial(db: &Db, serial: &str) -> Result<Option<Ticket>, ReadError> {
    db.query_one(WITH_SERIAL, args![serial], whole).await
}

/// The tickets whose clocks have something to say by now, the longest overdue first.
pub async fn due(db: &Db, now: At, limit: usize) -> Result<Vec<Ticket>, ReadError> {
    db.query(DUE, args![now, limit as i64], whole).await
}

/// When the next clock of all has something to say.
pub async fn next_at(db: &Db) -> Result<Option<At>, ReadError> {
    Ok(db.query_one(NEXT_AT, args![], |row| row.get(0)).await?.flatten())
}

/// The sub-tasks of a ticket, in the order in which they were opened.
pub async fn tasks(db: &Db, parent: TicketId) -> Result<Vec<Ticket>, ReadError> {
    db.query(TASKS, args![parent.0], whole).await
}

pub async fn open_tasks(db: &Db, parent: TicketId) -> Result<usize, ReadError> {
    let count = db.query_one(OPEN_TASKS, args![parent.0], |row| row.get::<i64>(0)).await?;
    Ok(count.unwrap_or_default() as usize)
}

/// The highest serial number that begins so.
pub async fn last_serial(db: &Db, beginning: &str) -> Result<Option<String>, ReadError> {
    // They go on with digits, and every digit stands before a colon.
    let end = format!("{beginning}:");
    Ok(db.query_one(LAST_SERIAL, args![beginning, end], |row| row.get(0)).await?.flatten())
}

/// Whether tickets of a kind exist.
pub async fn is_used(db: &Db, of: TicketTypeId) -> Result<bool, ReadError> {
    Ok(db.query_one(IS_USED, args![of.0], |row| row.get::<i64>(0)).await?.is_some())
}

/// Keeps a version of a kind.
pub fn put_type(id: TicketTypeId, version: i64, of: &TicketType) -> Statement {
    let body = serde_json::to_string(of).expect("a kind of ticket is plain data");
    Statement::new(PUT_TYPE, args![id.0, version, body])
}

/// A kind as it was at a version.
pub async fn type_at(db: &Db, id: TicketTypeId, version: i64) -> Result<Option<TicketType>, ReadError> {
    db.query_one(TYPE, args![id.0, version], |row| row.json(0)).await
}

/// Tickets of a kind that are not closed, after an id.
pub async fn running(
    db: &Db,
    of: TicketTypeId,
    after: TicketId,
    limit: usize,
) -> Result<Vec<Ticket>, ReadError> {
    db.query(RUNNING, args![of.0, after.0, limit as i64], whole).await
}

/// Tickets of these kinds that were opened from one instant on and before another.
pub async fn opened_in(
    db: &Db,
    of: &[TicketTypeId],
    from: At,
    to: At,
    limit: usize,
) -> Result<Vec<Ticket>, ReadError> {
    let of = page::among(of.iter().map(|id| id.0));
    let args = args![yingda_core::id::first_at(from), yingda_core::id::first_at(to), of, limit as i64];
    db.query(OPENED_IN, args, whole).await
}
