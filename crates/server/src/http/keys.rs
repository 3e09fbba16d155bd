//! Keys of programs: made once, shown once, good for named actions until they expire or are revoked.

use super::routes::{Routes, routes};
use crate::{
    app::Shared,
    auth::{API_KEY_PREFIX, Caller},
    http::{
        body::Json,
        edit::id,
        idempotency::{self, Once, Replay},
    },
    problem::Problem,
    secrets::fresh_token,
    site::{Configure, Item, ItemFact},
};
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use yingda_core::{
    access::{self, Action, Reach},
    event::{ApiKeyChanged, Audience, Fact, Private, Subject},
    fault::Fault,
    id::{ApiKeyId, RecordId},
    refusal::Refusal,
};
use yingda_store::api_key as rows;
use yingda_wire::http::{ApiKey, NewApiKey};

pub fn routes() -> Routes {
    Routes::new().routes(routes!(list, create)).routes(routes!(revoke))
}

/// All keys, newest first; never the keys themselves.
#[utoipa::path(get, path = "/keys", tag = "integrations", responses((status = 200, body = Vec<ApiKey>)))]
async fn list(State(app): State<Shared>, caller: Caller) -> Result<Json<Vec<ApiKey>>, Problem> {
    app.reach(caller.actor, Action::ManageIntegrations)?;
    let keys = rows::all(&app.db).await?;
    Ok(Json(keys.into_iter().map(told).collect()))
}

/// A new key. The answer is the only place where the whole key ever stands.
#[utoipa::path(post, path = "/keys", tag = "integrations", request_body = NewApiKey,
    params(("Idempotency-Key" = Option<String>, Header)), responses((status = 201, body = ApiKey)))]
async fn create(State(app): State<Shared>, once: Once<NewApiKey>) -> Result<Response, Problem> {
    let Once { caller, body: mut new, key } = once;
    app.reach(caller.actor, Action::ManageIntegrations)?;
    new.actions.sort_unstable();
    new.actions.dedup();
    let now = app.clock.now();
    check(&app, &caller, &new, now)?;
    let secret = format!("{API_KEY_PREFIX}{}", fresh_token());
    let row = rows::ApiKey {
        id: ApiKeyId(app.next_id()),
        name: new.name.trim().to_owned(),
        prefix: secret[..API_KEY_PREFIX.len() + 6].to_owned(),
        actions: new.actions,
        created_at: now,
        last_used_at: None,
        expires_at: new.expires_at,
        revoked_at: None,
    };
    let hash = app.secrets.token_hash(&secret);
    let configure = Configure::Key { id: row.id, actions: Some(row.actions.clone()) };
    let mut item = changed(&caller, &row, false, configure);
    item.writes.push(rows::insert(&row, &hash));
    let replay = Replay::new(StatusCode::CREATED, &ApiKey { secret: Some(secret), ..told(row) });
    idempotency::change(&app, key, replay, item).await
}

fn check(app: &Shared, caller: &Caller, new: &NewApiKey, now: yingda_core::At) -> Result<(), Problem> {
    let mut problem = Problem::new(Refusal::BadValue);
    if new.name.trim().is_empty() || new.name.chars().count() > 100 {
        problem = problem.and_field("name", "1 到 100 个字符。", "1 to 100 characters.");
    }
    if new.actions.is_empty() {
        problem = problem.and_field("actions", "至少选择一项权限。", "Choose at least one action.");
    }
    let directory = app.directory();
    // Who manages roles decides what may be done; everyone else gives no more than they have.
    let is_free = access::scope(&directory, caller.actor, Action::ManageRoles) == Some(Reach::Everything);
    for (n, action) in new.actions.iter().enumerate().filter(|_| !is_free) {
        if access::scope(&directory, caller.actor, *action) != Some(Reach::Everything) {
            let text = Fault::BeyondOwn.text();
            problem = problem.and_field(format!("actions.{n}"), text.zh, text.en);
        }
    }
    if new.expires_at.is_some_and(|at| at <= now) {
        problem = problem.and_field("expires_at", "应在将来。", "Must lie in the future.");
    }
    if problem.fields.is_empty() { Ok(()) } else { Err(problem) }
}

/// Revokes a key. It opens nothing from this moment on.
#[utoipa::path(delete, path = "/keys/{id}", tag = "integrations", params(("id" = ApiKeyId, Path)),
    responses((status = 204)))]
async fn revoke(
    State(app): State<Shared>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<StatusCode, Problem> {
    app.reach(caller.actor, Action::ManageIntegrations)?;
    let id: ApiKeyId = id(&key)?;
    let keys = rows::all(&app.db).await?;
    let row = keys.into_iter().find(|it| it.id == id).ok_or_else(Problem::not_found)?;
    if row.revoked_at.is_none() {
        let mut item = changed(&caller, &row, true, Configure::Key { id, actions: None });
        item.writes.push(rows::revoke(id, app.clock.now()));
        app.site.change(item).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

fn changed(caller: &Caller, row: &rows::ApiKey, revoked: bool, configure: Configure) -> Item {
    let values = serde_json::to_value(told(row.clone())).ok();
    let (before, after) = if revoked { (values, None) } else { (None, values) };
    let fact = ItemFact {
        on: Subject::Record(RecordId(row.id.0)),
        to: Audience::Staff,
        fact: Fact::ApiKeyChanged(ApiKeyChanged { key: row.id, name: row.name.clone(), revoked }),
        private: Some(Box::new(Private::Values { before, after })),
    };
    Item { configure: vec![configure], ..Item::new(caller.actor, vec![fact], vec![]) }
}

fn told(row: rows::ApiKey) -> ApiKey {
    ApiKey {
        id: row.id,
        name: row.name,
        prefix: row.prefix,
        actions: row.actions,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
        expires_at: row.expires_at,
        revoked: row.revoked_at.is_some(),
        secret: None,
    }
}
