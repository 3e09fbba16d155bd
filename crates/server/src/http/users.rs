//! What administrators do to other people's accounts beside their record: a password, the end of a lock-out.

use super::routes::{Routes, routes};
use crate::{
    app::{App, Shared},
    auth::Caller,
    http::{body::Json, edit::id, records, session},
    passwords,
    problem::Problem,
    site::{Item, ItemFact},
};
use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use std::sync::Arc;
use yingda_core::{
    access::Action,
    config::{Record, User},
    event::{Audience, Fact, Private, SecretKind, Subject},
    id::UserId,
    record,
};
use yingda_store::{Statement, credential, session as sessions};
use yingda_wire::http::SetPassword;

pub fn routes() -> Routes {
    Routes::new().routes(routes!(set_password)).routes(routes!(unlock))
}

/// Gives a person a first or new password, and ends their sessions.
#[utoipa::path(post, path = "/users/{id}/password", tag = "records", request_body = SetPassword,
    params(("id" = UserId, Path)), responses((status = 204)))]
async fn set_password(
    State(app): State<Shared>,
    caller: Caller,
    Path(user): Path<String>,
    Json(body): Json<SetPassword>,
) -> Result<StatusCode, Problem> {
    let id: UserId = id(&user)?;
    let user = managed(&app, &caller, id)?;
    if !passwords::is_strong(&body.password, &user.login, app.settings().password_min) {
        return Err(session::weak(&app));
    }
    let (hash, now) = (app.passwords.hash(&body.password).await, app.clock.now());
    let write = match credential::get(&app.db, id).await? {
        Some(_) => credential::set_password(id, &hash, now),
        None => credential::insert(id, &user.login, &hash, now),
    };
    let fact = Fact::SecretChanged { user: id, what: SecretKind::Password };
    note(&app, &caller, id, fact, vec![write, sessions::end_all_of(id, None)]).await?;
    session::end_sessions(&app, id, None, "password_changed");
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a lock-out after wrong passwords.
#[utoipa::path(post, path = "/users/{id}/unlock", tag = "records", params(("id" = UserId, Path)),
    responses((status = 204)))]
async fn unlock(
    State(app): State<Shared>,
    caller: Caller,
    Path(user): Path<String>,
) -> Result<StatusCode, Problem> {
    let id: UserId = id(&user)?;
    managed(&app, &caller, id)?;
    credential::get(&app.db, id).await?.ok_or_else(Problem::not_found)?;
    note(&app, &caller, id, Fact::SignInUnlocked { user: id }, vec![credential::succeeded(id)]).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A person whose account the caller may manage. Who takes over an account has its rights: nobody gets at more than
/// they have.
fn managed(app: &App, caller: &Caller, id: UserId) -> Result<Arc<User>, Problem> {
    app.reach(caller.actor, Action::ManageUsers)?;
    let directory = app.directory();
    let user = directory.users.get(&id).cloned().ok_or_else(Problem::not_found)?;
    let gift = Record::User((*user).clone());
    records::refuse(record::check_gift(None, &gift, caller.actor, &directory))?;
    Ok(user)
}

async fn note(
    app: &App,
    caller: &Caller,
    user: UserId,
    fact: Fact,
    writes: Vec<Statement>,
) -> Result<(), Problem> {
    let fact = ItemFact {
        on: Subject::User(user),
        to: Audience::Staff,
        fact,
        private: Some(Box::new(Private::Origin { ip: caller.ip.to_string(), agent: String::new() })),
    };
    app.site.change(Item::new(caller.actor, vec![fact], writes)).await?;
    Ok(())
}
