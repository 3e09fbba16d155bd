//! What administrators set up: one set of addresses for every kind. Each change passes the site's loop with its
//! version, and is an event with before and after.

use super::routes::{Routes, routes};
use crate::{
    app::{App, Shared},
    auth::Caller,
    channels::platform,
    http::{
        audit,
        body::Json,
        edit::{IfMatch, Tagged, id, page_size},
        idempotency::{self, Once, Replay},
        session,
    },
    identify::widget_secret,
    jobs::webhooks,
    problem::Problem,
    site::{Configure, Item, ItemFact, question::Question},
};
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;
use yingda_core::{
    At,
    actor::Actor,
    config::{Channel, Record, RecordKind, Setup},
    engine::Engine,
    event::{Audience, Fact, Private, Subject},
    fault::{Fault, Wrong},
    id::{QueueId, RecordId, UserId, WebhookId},
    record,
    refusal::Refusal,
};
use yingda_store::{
    Statement, credential, event::Part, record as rows, session as sessions, sound::sort_key,
};
use yingda_wire::http::{AuditRow, Page, Stored};

pub fn routes() -> Routes {
    Routes::new()
        .routes(routes!(list, create))
        .routes(routes!(read, change, delete))
        .routes(routes!(restore))
        .routes(routes!(history))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// A part of the name.
    #[serde(default)]
    q: String,
    cursor: Option<String>,
    limit: Option<usize>,
    /// Those that were deleted, instead of those that are there.
    #[serde(default)]
    deleted: bool,
}

/// Records of a kind, by name.
#[utoipa::path(get, path = "/records/{kind}", tag = "records", params(("kind" = RecordKind, Path), ListQuery),
    responses((status = 200, body = Page<Stored>)))]
async fn list(
    State(app): State<Shared>,
    caller: Caller,
    Path(kind): Path<String>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<Stored>>, Problem> {
    let kind = of_name(&kind)?;
    let directory = app.directory();
    if !record::may_list(&directory, caller.actor, kind) {
        return Err(Refusal::Forbidden.into());
    }
    let limit = page_size(query.limit);
    let page = rows::list(&app.db, kind, &query.q, query.deleted, query.cursor.as_deref(), limit).await?;
    let readable = page.items.into_iter().filter(|it| record::may_read(&directory, caller.actor, &it.record));
    Ok(Json(Page { items: readable.map(told).collect(), next: page.next }))
}

/// A new record. A webhook's and a widget's signing secret stand in this answer.
#[utoipa::path(post, path = "/records/{kind}", tag = "records", request_body = Record,
    params(("kind" = RecordKind, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = Stored)))]
async fn create(
    State(app): State<Shared>,
    Path(kind): Path<String>,
    once: Once<Record>,
) -> Result<Response, Problem> {
    let kind = of_name(&kind)?;
    let Once { caller, body: record, key } = once;
    if record.kind() != kind {
        return Err(wrong_kind(kind));
    }
    let directory = app.directory();
    if !record::may_write(&directory, caller.actor, &record) {
        return Err(Refusal::Forbidden.into());
    }
    let mut wrong = record::check(&record, None, &directory);
    wrong.extend(record::check_gift(None, &record, caller.actor, &directory));
    wrong.extend(record::check_live(None, &record));
    // The name may be taken by this very request, which came twice at once.
    if !wrong.is_empty()
        && let Some(answered) = idempotency::answered(&app, key.as_ref()).await?
    {
        return Ok(answered);
    }
    refuse(wrong)?;
    if kind == RecordKind::Settings && !rows::list(&app.db, kind, "", false, None, 1).await?.items.is_empty()
    {
        return Err(Refusal::NameTaken.into());
    }
    let (id, now) = (RecordId(app.next_id()), app.clock.now());
    let stored = Stored {
        id,
        version: 1,
        created_at: now,
        updated_at: now,
        secret: secret(&app, id, &record),
        record: record.clone(),
    };
    let mut writes = vec![rows::insert(id, &record, &sort_key_of(&record), now)];
    writes.extend(kept_version(id, 1, &record));
    let replay = Replay::new(StatusCode::CREATED, &stored).tagged(1);
    let change = Change { id, version: 1, before: None, after: Some(record) };
    idempotency::change(&app, key, replay, change.item(caller.actor, kind, writes)).await
}

/// One record.
#[utoipa::path(get, path = "/records/{kind}/{id}", tag = "records",
    params(("kind" = RecordKind, Path), ("id" = RecordId, Path)), responses((status = 200, body = Stored)))]
async fn read(
    State(app): State<Shared>,
    caller: Caller,
    Path((kind, record)): Path<(String, String)>,
) -> Result<Tagged<Stored>, Problem> {
    let found = find(&app, &caller, of_name(&kind)?, id(&record)?).await?;
    let may_write = record::may_write(&app.directory(), caller.actor, &found.record);
    if found.deleted_at.is_some() && !may_write {
        return Err(Problem::not_found());
    }
    let mut answer = tagged(found);
    // Whoever puts the widget on a site signs that site's customers with it.
    if may_write && let Record::Widget(_) = answer.2.record {
        answer.2.secret = secret(&app, answer.2.id, &answer.2.record);
    }
    Ok(answer)
}

/// Changes a record. `If-Match` names the version that was read; when it is no longer the last one, the answer is
/// 409 with the record as it is now.
#[utoipa::path(put, path = "/records/{kind}/{id}", tag = "records", request_body = Record,
    params(("kind" = RecordKind, Path), ("id" = RecordId, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = Stored)))]
async fn change(
    State(app): State<Shared>,
    caller: Caller,
    Path((kind, record)): Path<(String, String)>,
    IfMatch(version): IfMatch,
    Json(after): Json<Record>,
) -> Result<Tagged<Stored>, Problem> {
    let (kind, id) = (of_name(&kind)?, id(&record)?);
    if after.kind() != kind {
        return Err(wrong_kind(kind));
    }
    let before = find(&app, &caller, kind, id).await?;
    let directory = app.directory();
    let may = |record| record::may_write(&directory, caller.actor, record);
    if !may(&before.record) || !may(&after) {
        return Err(Refusal::Forbidden.into());
    }
    if before.deleted_at.is_some() {
        return Err(Problem::not_found());
    }
    if before.version != version {
        return Err(Problem::stale(told(before)));
    }
    let mut wrong = record::check(&after, Some(id), &directory);
    wrong.extend(record::check_gift(Some(&before.record), &after, caller.actor, &directory));
    wrong.extend(record::check_live(Some(&before.record), &after));
    if !record::leaves_a_door(kind, id, Some(&after), &directory) {
        wrong.push(Wrong { field: "roles".into(), fault: Fault::LastDoor });
    }
    refuse(wrong)?;
    let now = app.clock.now();
    let mut writes = vec![rows::update(id, &after, &sort_key_of(&after), version, now)];
    writes.extend(follow_user(&app, id.into(), &before.record, &after).await?);
    writes.extend(kept_version(id, version + 1, &after));
    let change = Change { id, version: version + 1, before: Some(before.record), after: Some(after.clone()) };
    apply(&app, &caller, kind, change, writes).await?;
    if let Record::User(user) = &after
        && user.disabled
    {
        session::end_sessions(&app, id.into(), None, "disabled");
    }
    let stored = Stored {
        id,
        version: version + 1,
        created_at: before.created_at,
        updated_at: now,
        record: after,
        secret: None,
    };
    Ok(Tagged(StatusCode::OK, version + 1, stored))
}

/// Deletes a record, so that it can be restored. What others use stays.
#[utoipa::path(delete, path = "/records/{kind}/{id}", tag = "records",
    params(("kind" = RecordKind, Path), ("id" = RecordId, Path), ("If-Match" = String, Header)),
    responses((status = 204)))]
async fn delete(
    State(app): State<Shared>,
    caller: Caller,
    Path((kind, record)): Path<(String, String)>,
    IfMatch(version): IfMatch,
) -> Result<StatusCode, Problem> {
    let (kind, id) = (of_name(&kind)?, id(&record)?);
    let before = find(&app, &caller, kind, id).await?;
    let directory = app.directory();
    if !record::may_write(&directory, caller.actor, &before.record) {
        return Err(Refusal::Forbidden.into());
    }
    if before.deleted_at.is_some() {
        return Err(Problem::not_found());
    }
    if before.version != version {
        return Err(Problem::stale(told(before)));
    }
    let users = record::uses(kind, id, &directory);
    if !users.is_empty() {
        let named = |lang| {
            let names: Vec<_> = users.iter().take(5).map(|name| name.get(lang)).collect();
            names.join(if lang == yingda_core::lang::Lang::Zh { "、" } else { ", " })
        };
        let problem = Problem::new(Refusal::InUse);
        return Err(problem.on(named(yingda_core::lang::Lang::Zh), named(yingda_core::lang::Lang::En)));
    }
    if kind == RecordKind::Settings || is_used(&app, kind, id).await? {
        return Err(Refusal::InUse.into());
    }
    if !record::leaves_a_door(kind, id, None, &directory) {
        let text = Fault::LastDoor.text();
        return Err(Problem::new(Refusal::InUse).on(text.zh, text.en));
    }
    let mut writes = vec![rows::delete(kind, id, version, app.clock.now())];
    if kind == RecordKind::User {
        writes.push(sessions::end_all_of(id.into(), None));
    }
    let change = Change { id, version: version + 1, before: Some(before.record), after: None };
    apply(&app, &caller, kind, change, writes).await?;
    if kind == RecordKind::User {
        session::end_sessions(&app, id.into(), None, "disabled");
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Takes back a deletion.
#[utoipa::path(post, path = "/records/{kind}/{id}/restore", tag = "records",
    params(("kind" = RecordKind, Path), ("id" = RecordId, Path)), responses((status = 200, body = Stored)))]
async fn restore(
    State(app): State<Shared>,
    caller: Caller,
    Path((kind, record)): Path<(String, String)>,
) -> Result<Tagged<Stored>, Problem> {
    let (kind, id) = (of_name(&kind)?, id(&record)?);
    let before = find(&app, &caller, kind, id).await?;
    let directory = app.directory();
    if !record::may_write(&directory, caller.actor, &before.record) {
        return Err(Refusal::Forbidden.into());
    }
    if before.deleted_at.is_none() {
        return Ok(tagged(before));
    }
    // The world went on meanwhile: what it names may be gone, and its name taken.
    let mut wrong = record::check(&before.record, Some(id), &directory);
    wrong.extend(record::check_gift(None, &before.record, caller.actor, &directory));
    refuse(wrong)?;
    let mut writes = vec![rows::restore(kind, id, before.version, app.clock.now())];
    writes.extend(kept_version(id, before.version + 1, &before.record));
    let change = Change { id, version: before.version + 1, before: None, after: Some(before.record) };
    apply(&app, &caller, kind, change, writes).await?;
    Ok(tagged(find(&app, &caller, kind, id).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct HistoryQuery {
    cursor: Option<String>,
    limit: Option<usize>,
}

/// Who changed it, when, from what to what; newest first.
#[utoipa::path(get, path = "/records/{kind}/{id}/history", tag = "records",
    params(("kind" = RecordKind, Path), ("id" = RecordId, Path), HistoryQuery),
    responses((status = 200, body = Page<AuditRow>)))]
async fn history(
    State(app): State<Shared>,
    caller: Caller,
    Path((kind, record)): Path<(String, String)>,
    Query(query): Query<HistoryQuery>,
) -> Result<Json<Page<AuditRow>>, Problem> {
    let found = find(&app, &caller, of_name(&kind)?, id(&record)?).await?;
    let directory = app.directory();
    if !record::may_write(&directory, caller.actor, &found.record) {
        return Err(Refusal::Forbidden.into());
    }
    let part = match query.cursor.as_deref() {
        Some(cursor) => Part::Before(audit::read_cursor(cursor)?),
        None => Part::Latest,
    };
    let limit = page_size(query.limit);
    let events =
        yingda_store::event::of_subject(&app.db, Subject::Record(found.id), part, limit + 1, false).await?;
    let masks = yingda_core::mask::of(&directory, caller.actor);
    Ok(Json(audit::page(events.into_iter().rev(), limit, &masks)))
}

/// One change of a record, as it is told to the log and to the rules.
struct Change {
    id: RecordId,
    version: i64,
    before: Option<Record>,
    after: Option<Record>,
}

impl Change {
    fn item(self, by: Actor, kind: RecordKind, writes: Vec<Statement>) -> Item {
        let name = self.after.as_ref().or(self.before.as_ref()).map(Record::name).unwrap_or_default();
        let fact = Fact::RecordChanged {
            record: kind,
            id: self.id,
            version: self.version,
            name: name.get(yingda_core::lang::Lang::Zh).to_owned(),
            deleted: self.after.is_none(),
        };
        let configure = Configure::Record { kind, id: self.id, record: self.after.clone().map(Box::new) };
        let private = Private::Change { before: self.before.map(Box::new), after: self.after.map(Box::new) };
        let fact = ItemFact {
            on: Subject::Record(self.id),
            to: Audience::Staff,
            fact,
            private: Some(Box::new(private)),
        };
        Item { configure: vec![configure], ..Item::new(by, vec![fact], writes) }
    }
}

/// Hands a change to the loop; who was slower gets the record as it is now.
async fn apply(
    app: &App,
    caller: &Caller,
    kind: RecordKind,
    change: Change,
    writes: Vec<Statement>,
) -> Result<(), Problem> {
    let id = change.id;
    match app.site.change(change.item(caller.actor, kind, writes)).await {
        Ok(_) => Ok(()),
        Err(refused) if refused.refusal == Refusal::Stale => {
            Err(Problem::stale(told(find(app, caller, kind, id).await?)))
        }
        Err(refused) => Err(refused.into()),
    }
}

/// Stores a new record that somebody who may change its kind brought. `also` goes with it.
pub async fn add(
    app: &App,
    by: Actor,
    id: RecordId,
    it: Record,
    also: Vec<Statement>,
) -> Result<(), Problem> {
    let (kind, now) = (it.kind(), app.clock.now());
    let mut writes = vec![rows::insert(id, &it, &sort_key_of(&it), now)];
    writes.extend(kept_version(id, 1, &it));
    writes.extend(also);
    let change = Change { id, version: 1, before: None, after: Some(it) };
    app.site.change(change.item(by, kind, writes)).await?;
    Ok(())
}

/// Stores a record's next version.
pub async fn replace(
    app: &App,
    by: Actor,
    before: rows::StoredRecord,
    after: Record,
    also: Vec<Statement>,
) -> Result<(), Problem> {
    let (id, kind, version) = (before.id, after.kind(), before.version);
    refuse(record::check(&after, Some(id), &app.directory()))?;
    let mut writes = vec![rows::update(id, &after, &sort_key_of(&after), version, app.clock.now())];
    writes.extend(kept_version(id, version + 1, &after));
    writes.extend(also);
    let change = Change { id, version: version + 1, before: Some(before.record), after: Some(after) };
    app.site.change(change.item(by, kind, writes)).await?;
    Ok(())
}

/// Deletes a record that nothing uses.
pub async fn take_away(
    app: &App,
    by: Actor,
    before: rows::StoredRecord,
    also: Vec<Statement>,
) -> Result<(), Problem> {
    let (id, kind, version) = (before.id, before.record.kind(), before.version);
    if is_used(app, kind, id).await? || !record::uses(kind, id, &app.directory()).is_empty() {
        return Err(Refusal::InUse.into());
    }
    let mut writes = vec![rows::delete(kind, id, version, app.clock.now())];
    writes.extend(also);
    let change = Change { id, version: version + 1, before: Some(before.record), after: None };
    app.site.change(change.item(by, kind, writes)).await?;
    Ok(())
}

/// Whether work goes on that needs this record.
async fn is_used(app: &App, kind: RecordKind, id: RecordId) -> Result<bool, Problem> {
    match kind {
        RecordKind::TicketType => Ok(yingda_store::ticket::is_used(&app.db, id.into()).await?),
        RecordKind::Survey => Ok(yingda_store::survey::is_used(&app.db, id.into()).await?),
        _ => holds_work(app, kind, id).await,
    }
}

/// A record that the caller may read, deleted or not.
pub(super) async fn find(
    app: &App,
    caller: &Caller,
    kind: RecordKind,
    id: RecordId,
) -> Result<rows::StoredRecord, Problem> {
    let found = rows::get(&app.db, kind, id).await?.ok_or_else(Problem::not_found)?;
    if !record::may_read(&app.directory(), caller.actor, &found.record) {
        return Err(Problem::not_found());
    }
    Ok(found)
}

/// Whether somebody is being served there at this moment.
async fn holds_work(app: &App, kind: RecordKind, id: RecordId) -> Result<bool, Problem> {
    Ok(app.site.ask(Serving { kind, id }).await?)
}

/// Whether a queue or a user has open conversations.
#[derive(Debug, Serialize, Deserialize)]
pub struct Serving {
    kind: RecordKind,
    id: RecordId,
}

impl Question for Serving {
    type Answer = bool;

    fn answer(self, engine: &Engine, _: At) -> bool {
        let (queue, user) = (QueueId::from(self.id), UserId::from(self.id));
        engine.conversations.values().any(|it| match self.kind {
            RecordKind::Queue => it.queue == Some(queue),
            RecordKind::User => it.agent == Some(user),
            _ => false,
        })
    }
}

/// What a person signs in with goes with the record: a new login, or no sign-in at all.
async fn follow_user(
    app: &App,
    id: UserId,
    before: &Record,
    after: &Record,
) -> Result<Vec<Statement>, Problem> {
    let (Record::User(before), Record::User(after)) = (before, after) else { return Ok(vec![]) };
    let mut writes = vec![];
    if before.login != after.login && credential::get(&app.db, id).await?.is_some() {
        writes.push(credential::set_login(id, &after.login));
    }
    if after.disabled {
        writes.push(sessions::end_all_of(id, None));
    }
    Ok(writes)
}

/// Every version of a kind of ticket is kept: what runs stays on its own. Of flows those are that were published.
pub fn kept_version(id: RecordId, version: i64, record: &Record) -> Option<Statement> {
    match record {
        Record::Flow(flow) => flow.live.as_ref().map(|live| yingda_store::flow::put(id.into(), live)),
        Record::TicketType(of) => Some(yingda_store::ticket::put_type(id.into(), version, of)),
        _ => None,
    }
}

/// The secret that signs for this record, told when it is made.
fn secret(app: &App, id: RecordId, record: &Record) -> Option<String> {
    match record {
        Record::Webhook(_) => Some(webhooks::secret(&app.secrets, WebhookId::from(id))),
        Record::Widget(_) => Some(widget_secret(app, id.into())),
        Record::Channel(Channel { setup: Setup::Platform(_), .. }) => Some(platform::key(app, id.into())),
        _ => None,
    }
}

fn of_name(kind: &str) -> Result<RecordKind, Problem> {
    RecordKind::parse(kind).ok_or_else(Problem::not_found)
}

fn wrong_kind(kind: RecordKind) -> Problem {
    Problem::field("kind", format!("应为 {}。", kind.as_str()), format!("Must be {}.", kind.as_str()))
}

fn sort_key_of(record: &Record) -> Vec<u8> {
    sort_key(record.name().get(yingda_core::lang::Lang::Zh))
}

pub(super) fn told(found: rows::StoredRecord) -> Stored {
    Stored {
        id: found.id,
        version: found.version,
        created_at: found.created_at,
        updated_at: found.updated_at,
        record: found.record,
        secret: None,
    }
}

pub(super) fn tagged(found: rows::StoredRecord) -> Tagged<Stored> {
    Tagged(StatusCode::OK, found.version, told(found))
}

/// All that is wrong, in one answer.
pub fn refuse(wrong: Vec<Wrong>) -> Result<(), Problem> {
    if wrong.is_empty() { Ok(()) } else { Err(crate::tickets::wrong(&wrong)) }
}
