//! The audit log: who did what, when, and proof that nobody changed it since.

use super::routes::{Routes, routes};
use crate::{
    app::Shared,
    auth::Caller,
    csv::Csv,
    http::{
        body::Json,
        edit::{download, page_size},
    },
    problem::{Code, Problem},
    site::{Item, ItemFact},
};
use axum::{
    extract::{Query, State},
    response::Response,
};
use serde::Deserialize;
use std::collections::BTreeSet;
use utoipa::IntoParams;
use yingda_core::{
    At,
    access::Action,
    actor::Actor,
    chain::{self, Broken, Hash, Header, Kept},
    config::MaskedField,
    directory::Directory,
    event::{Audience, Fact, Subject},
    id::*,
    lang::Lang,
    mask,
};
use yingda_store::{
    Db,
    event::{self as rows, AuditFilter, StoredEvent},
};
use yingda_wire::http::{AuditRow, ChainCheck, Page};

pub fn routes() -> Routes {
    Routes::new().routes(routes!(list)).routes(routes!(verify)).routes(routes!(export))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AuditQuery {
    /// An event's kind, such as `record_changed`.
    kind: Option<String>,
    /// Who did it: `user:<id>`, `api:<id>`, `visitor:<id>`, `bot` or `system`.
    by: Option<String>,
    /// What it concerns: `conversation:<id>`, `user:<id>`, `visitor:<id>`, `customer:<id>`, `record:<id>` or `site`.
    on: Option<String>,
    /// From this instant on, in milliseconds.
    from: Option<At>,
    /// Before this instant.
    to: Option<At>,
    cursor: Option<String>,
    limit: Option<usize>,
}

impl AuditQuery {
    fn filter(&self) -> Result<AuditFilter, Problem> {
        let bad = || Problem::new(Code::BadQuery);
        Ok(AuditFilter {
            kind: self.kind.clone().filter(|kind| !kind.is_empty()),
            by: self.by.as_deref().map(|text| read_actor(text).ok_or_else(bad)).transpose()?,
            on: self.on.as_deref().map(|text| read_subject(text).ok_or_else(bad)).transpose()?,
            from: self.from,
            to: self.to,
            before: self.cursor.as_deref().map(read_cursor).transpose()?,
        })
    }
}

fn read_actor(text: &str) -> Option<Actor> {
    match text.split_once(':') {
        Some(("user", id)) => Some(Actor::User { id: id.parse().ok()? }),
        Some(("api", id)) => Some(Actor::Api { id: id.parse().ok()? }),
        Some(("visitor", id)) => Some(Actor::Visitor { id: id.parse().ok()? }),
        Some(("rule", id)) => Some(Actor::Rule { id: id.parse().ok()?, run: RecordId(0) }),
        None if text == "bot" => Some(Actor::Bot),
        None if text == "system" => Some(Actor::System),
        _ => None,
    }
}

fn read_subject(text: &str) -> Option<Subject> {
    match text.split_once(':') {
        Some(("conversation", id)) => Some(Subject::Conversation(id.parse().ok()?)),
        Some(("user", id)) => Some(Subject::User(id.parse().ok()?)),
        Some(("visitor", id)) => Some(Subject::Visitor(id.parse().ok()?)),
        Some(("customer", id)) => Some(Subject::Customer(id.parse().ok()?)),
        Some(("record", id)) => Some(Subject::Record(id.parse().ok()?)),
        Some(("ticket", id)) => Some(Subject::Ticket(id.parse().ok()?)),
        None if text == "site" => Some(Subject::Site),
        _ => None,
    }
}

/// The audit log, newest first. Where one person's deeds are asked for, a page may be short or empty and still name a
/// next one: so much of the log was searched for it.
#[utoipa::path(get, path = "/audit", tag = "audit", params(AuditQuery),
    responses((status = 200, body = Page<AuditRow>)))]
async fn list(
    State(app): State<Shared>,
    caller: Caller,
    Query(query): Query<AuditQuery>,
) -> Result<Json<Page<AuditRow>>, Problem> {
    app.reach(caller.actor, Action::AuditRead)?;
    let limit = page_size(query.limit);
    let found = rows::audit(&app.db, &query.filter()?, limit).await?;
    let masks = mask::of(&app.directory(), caller.actor);
    let items = found.events.into_iter().map(|event| told(event, &masks)).collect();
    Ok(Json(Page { items, next: found.next.map(|seq| seq.to_string()) }))
}

/// Whether every event's hash still follows from the one before it, from the first to the last.
#[utoipa::path(get, path = "/audit/verify", tag = "audit", responses((status = 200, body = ChainCheck)))]
async fn verify(State(app): State<Shared>, caller: Caller) -> Result<Json<ChainCheck>, Problem> {
    app.reach(caller.actor, Action::AuditRead)?;
    Ok(Json(check_chain(&app.db).await?))
}

/// Reads the whole log and computes its chain anew.
pub async fn check_chain(db: &Db) -> Result<ChainCheck, Problem> {
    let (mut head, mut checked): (Hash, u64) = ([0; 32], 0);
    loop {
        let events = rows::since(db, checked, 2_000).await?;
        if events.is_empty() {
            return Ok(ChainCheck { checked, broken_at: None, head: hex::encode(head) });
        }
        match chain::verify(head, checked, events.iter().map(kept)) {
            Ok(hash) => (head, checked) = (hash, checked + events.len() as u64),
            Err(Broken { seq, head }) => {
                return Ok(ChainCheck { checked: seq - 1, broken_at: Some(seq), head: hex::encode(head) });
            }
        }
    }
}

fn kept(event: &StoredEvent) -> Kept<'_> {
    // A hash of the wrong length is no hash: nothing follows from zeros.
    let hash = |bytes: &[u8]| bytes.try_into().unwrap_or([0; 32]);
    Kept {
        header: Header {
            site: 1,
            seq: event.seq,
            at: event.at,
            on_kind: event.on_kind,
            on_id: event.on_id,
            kind: &event.kind,
            actor_kind: event.actor_kind,
            actor_id: event.actor_id,
            audience: event.audience,
        },
        salt: event.salt.as_deref(),
        body: event.body.as_deref(),
        private: event.private.as_deref(),
        digest: hash(&event.digest),
        hash: hash(&event.hash),
    }
}

/// How many lines an export has at most; who needs more asks for shorter spans.
const EXPORT_ROWS: usize = 100_000;

/// The audit log as a table. The export itself is an event.
#[utoipa::path(get, path = "/audit/export", tag = "audit", params(AuditQuery),
    responses((status = 200, body = Vec<u8>, content_type = "text/csv")))]
async fn export(
    State(app): State<Shared>,
    caller: Caller,
    Query(query): Query<AuditQuery>,
) -> Result<Response, Problem> {
    app.reach(caller.actor, Action::AuditRead)?;
    let directory = app.directory();
    let masks = mask::of(&directory, caller.actor);
    let mut filter = query.filter()?;
    let mut csv = Csv::new(match caller.lang {
        Lang::Zh => ["序号", "时间（UTC）", "操作者", "姓名", "对象", "类型", "内容", "变更", "哈希"],
        Lang::En => ["Position", "Time (UTC)", "By", "Name", "On", "Kind", "Event", "Change", "Hash"],
    });
    let mut rows = 0;
    while rows < EXPORT_ROWS {
        let found = rows::audit(&app.db, &filter, 1_000).await?;
        rows += found.events.len();
        for event in found.events {
            let on = subject_name(event.on_kind, event.on_id);
            let row = told(event, &masks);
            csv.line([
                row.seq.to_string(),
                time(row.at),
                actor_name(row.by),
                person(&directory, row.by),
                on,
                row.kind,
                row.event.to_string(),
                row.private.map(|private| private.to_string()).unwrap_or_default(),
                row.hash,
            ]);
        }
        let Some(next) = found.next else { break };
        filter.before = Some(next);
    }
    note_export(&app, &caller, "audit", rows as u64).await?;
    Ok(download("audit.csv", "text/csv; charset=utf-8", csv.into_bytes()))
}

/// An export leaves a trace: who took how much of what.
pub async fn note_export(app: &Shared, caller: &Caller, what: &str, rows: u64) -> Result<(), Problem> {
    let fact = ItemFact {
        on: Subject::Site,
        to: Audience::Staff,
        fact: Fact::Exported { what: what.into(), rows },
        private: None,
    };
    app.site.change(Item::new(caller.actor, vec![fact], vec![])).await?;
    Ok(())
}

/// A subject as the filter takes it.
fn subject_name(kind: i16, id: i64) -> String {
    match kind {
        1 => format!("conversation:{id}"),
        2 => format!("user:{id}"),
        3 => format!("visitor:{id}"),
        4 => format!("customer:{id}"),
        5 => format!("record:{id}"),
        _ => "site".into(),
    }
}

/// A member of staff by name; a number tells a reader little.
fn person(directory: &Directory, by: Actor) -> String {
    match by {
        Actor::User { id } => directory.users.get(&id).map(|user| user.name.clone()).unwrap_or_default(),
        _ => String::new(),
    }
}

pub fn actor_name(by: Actor) -> String {
    match by {
        Actor::Visitor { id } => format!("visitor:{id}"),
        Actor::User { id } => format!("user:{id}"),
        Actor::Api { id } => format!("api:{id}"),
        Actor::Bot => "bot".into(),
        Actor::System => "system".into(),
        Actor::Rule { id, .. } => format!("rule:{id}"),
    }
}

/// An instant as people and spreadsheets read it, in UTC.
fn time(at: At) -> String {
    jiff::Timestamp::from_millisecond(at)
        .map_or_else(|_| at.to_string(), |time| time.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// Events, newest first and one more than wanted, as a page.
pub fn page(
    events: impl IntoIterator<Item = StoredEvent>,
    limit: usize,
    masks: &BTreeSet<MaskedField>,
) -> Page<AuditRow> {
    let mut items: Vec<_> = events.into_iter().map(|event| told(event, masks)).collect();
    let is_more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| is_more).map(|last| last.seq.to_string());
    Page { items, next }
}

pub fn read_cursor(cursor: &str) -> Result<u64, Problem> {
    cursor.parse().map_err(|_| Problem::new(Code::BadQuery))
}

fn told(event: StoredEvent, masks: &BTreeSet<MaskedField>) -> AuditRow {
    let body = event.body.as_deref().and_then(|body| serde_json::from_slice(body).ok());
    let private = event.private.as_deref().and_then(|text| serde_json::from_str(text).ok());
    AuditRow {
        seq: event.seq,
        at: event.at,
        by: actor_of(event.actor_kind, event.actor_id),
        audience: if event.audience == 0 { Audience::Customer } else { Audience::Staff },
        kind: event.kind,
        event: body.unwrap_or_default(),
        private: private.map(|private| masked(private, masks)),
        hash: hex::encode(event.hash),
    }
}

fn actor_of(kind: i16, id: i64) -> Actor {
    match kind {
        1 => Actor::Bot,
        2 => Actor::Visitor { id: VisitorId(id) },
        3 => Actor::User { id: UserId(id) },
        4 => Actor::Api { id: ApiKeyId(id) },
        5 => Actor::Rule { id: RuleId(id), run: RecordId(0) },
        _ => Actor::System,
    }
}

/// Values before and after tell as little as the fields themselves do.
fn masked(value: serde_json::Value, masks: &BTreeSet<MaskedField>) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .map(|(key, value)| {
                let value = match (key.as_str(), value) {
                    ("phone", Value::String(it)) if masks.contains(&MaskedField::Phone) => {
                        mask::phone(&it).into()
                    }
                    ("email", Value::String(it)) if masks.contains(&MaskedField::Email) => {
                        mask::email(&it).into()
                    }
                    ("address", Value::String(it)) if masks.contains(&MaskedField::Address) => {
                        mask::address(&it).into()
                    }
                    ("ip", Value::String(it)) if masks.contains(&MaskedField::Ip) => mask::ip(&it).into(),
                    (_, value) => masked(value, masks),
                };
                (key, value)
            })
            .collect(),
        Value::Array(items) => items.into_iter().map(|it| masked(it, masks)).collect(),
        Value::String(text) => mask::within(&text, masks).into(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn before_and_after_are_masked_like_the_fields() {
        let masks = BTreeSet::from([MaskedField::Phone]);
        let change = serde_json::json!({"before": {"phone": "13812345678", "name": "李"}, "after": null});
        assert_eq!(
            masked(change, &masks),
            serde_json::json!({"before": {"phone": "138******78", "name": "李"}, "after": null})
        );
    }

    #[test]
    fn actors_and_subjects_are_named_in_addresses() {
        assert_eq!(read_actor("user:7"), Some(Actor::User { id: UserId(7) }));
        assert_eq!(read_actor("system"), Some(Actor::System));
        assert_eq!(read_actor("user:x"), None);
        assert_eq!(read_subject("record:9"), Some(Subject::Record(RecordId(9))));
        assert_eq!(read_subject("nobody:9"), None);
        for (kind, id) in [(1, 7), (2, 7), (3, 7), (4, 7), (5, 7), (0, 0)] {
            let name = subject_name(kind, id);
            assert!(read_subject(&name).is_some(), "{name}");
        }
        for by in [Actor::Bot, Actor::System, Actor::Api { id: ApiKeyId(1) }] {
            assert_eq!(read_actor(&actor_name(by)), Some(by));
        }
    }
}
