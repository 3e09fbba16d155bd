//! The first start: whoever has the printed link becomes the first administrator.

use super::routes::{Routes, routes};
use crate::{
    app::Shared,
    http::{body::Json, client::Client, records, session},
    limits::Door,
    passwords,
    problem::{Code, Problem},
    secrets::same,
    site::{Configure, Item, ItemFact},
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use yingda_core::{
    actor::Actor,
    config::{Record, RecordKind, Settings, User},
    event::{Audience, Fact, Private, SignInMethod, Subject},
    id::{RecordId, UserId},
    lang::Text,
    record, roles,
};
use yingda_store::{credential, record as rows, sound::sort_key};
use yingda_wire::{
    http::{Me, SetUp},
    problem as wire,
};

pub fn routes() -> Routes {
    Routes::new().routes(routes!(state, set_up))
}

#[derive(Serialize, ToSchema)]
struct SetUpState {
    /// Nobody can sign in yet.
    needed: bool,
    /// What stands on the button for the identity provider, where one is configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    oidc: Option<String>,
}

/// Whether the first administrator is still to be made.
#[utoipa::path(get, path = "/setup", tag = "session", responses((status = 200, body = SetUpState)))]
async fn state(State(app): State<Shared>) -> Json<SetUpState> {
    let needed = app.set_up_token.lock().await.is_some();
    Json(SetUpState { needed, oidc: app.oidc.as_ref().map(|it| it.config.name.clone()) })
}

/// Make the first administrator, with the token of the link that the server printed. Signs in at once.
#[utoipa::path(post, path = "/setup", tag = "session", request_body = SetUp,
    responses((status = 201, body = Me), (status = 403, body = wire::Problem), (status = 409, body = wire::Problem)))]
async fn set_up(
    State(app): State<Shared>,
    client: Client,
    headers: HeaderMap,
    Json(body): Json<SetUp>,
) -> Result<Response, Problem> {
    let now = app.clock.now();
    app.limits.pass(Door::SignIn, client.ip, now)?;
    // Held to the end: of two requests with the right token one comes too late.
    let mut token = app.set_up_token.lock().await;
    let expected = token.as_deref().ok_or(Code::SetUpDone)?;
    if !same(expected.as_bytes(), body.token.as_bytes()) {
        return Err(Code::SetUpToken.into());
    }
    let directory = app.directory();
    let login = body.login.trim().to_lowercase();
    let roles = directory.roles.iter().filter(|(_, role)| role.code == roles::OWNER);
    let user = User {
        login: login.clone(),
        name: body.name.trim().to_owned(),
        staff_no: "1001".into(),
        roles: roles.map(|(id, _)| *id).collect(),
        ..User::default()
    };
    let first = Record::User(user.clone());
    records::refuse(record::check(&first, None, &directory))?;
    if !passwords::is_strong(&body.password, &login, directory.settings.password_min) {
        return Err(session::weak(&app));
    }
    let hash = app.passwords.hash(&body.password).await;
    let id = UserId(app.next_id());
    let mut writes = vec![
        rows::insert(RecordId(id.0), &first, &sort_key(&user.name), now),
        credential::insert(id, &login, &hash, now),
    ];
    let mut facts = vec![changed(RecordKind::User, RecordId(id.0), 1, &user.name, None, &first)];
    let mut configure = vec![known(RecordId(id.0), first)];
    let company = body.company.trim();
    if !company.is_empty()
        && let Some(stored) = rows::list(&app.db, RecordKind::Settings, "", false, None, 1).await?.items.pop()
    {
        let settings = Settings { company: Text::new(company, company), ..(*directory.settings).clone() };
        let after = Record::Settings(Box::new(settings));
        records::refuse(record::check(&after, Some(stored.id), &directory))?;
        let key = sort_key(&after.name().zh);
        writes.push(rows::update(stored.id, &after, &key, stored.version, now));
        let (before, version) = (Some(stored.record), stored.version + 1);
        facts.push(changed(RecordKind::Settings, stored.id, version, "", before, &after));
        configure.push(known(stored.id, after));
    }
    app.site.change(Item { configure, ..Item::new(Actor::System, facts, writes) }).await?;
    *token = None;
    let user = Arc::new(user);
    let cookie =
        session::open_session(&app, client, &headers, id, &user, SignInMethod::Password, vec![]).await?;
    let me = session::me(&app, id).await?;
    Ok((StatusCode::CREATED, [(header::SET_COOKIE, cookie)], Json(me)).into_response())
}

fn known(id: RecordId, record: Record) -> Configure {
    Configure::Record { kind: record.kind(), id, record: Some(Box::new(record)) }
}

/// The fact that a record is new or changed, with before and after.
pub fn changed(
    kind: RecordKind,
    id: RecordId,
    version: i64,
    name: &str,
    before: Option<Record>,
    after: &Record,
) -> ItemFact {
    ItemFact {
        on: Subject::Record(id),
        to: Audience::Staff,
        fact: Fact::RecordChanged { record: kind, id, version, name: name.to_owned(), deleted: false },
        private: Some(Box::new(Private::Change {
            before: before.map(Box::new),
            after: Some(Box::new(after.clone())),
        })),
    }
}
