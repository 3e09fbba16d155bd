//! Who calls: a person with a session cookie, or a program with an API key.

use crate::{
    app::{App, Shared},
    http::client::Client,
    problem::{Code, Problem},
    sessions::{Session, SessionId},
};
use axum::{
    extract::{FromRef, FromRequestParts, OptionalFromRequestParts},
    http::{HeaderMap, Method, header, request::Parts},
};
use std::{convert::Infallible, net::IpAddr, time::Duration};
use yingda_core::{actor::Actor, directory::Directory, id::UserId, lang::Lang};
use yingda_store::api_key;

pub const COOKIE: &str = "yingda_session";

/// Somebody who may ask for things. What exactly is decided by `App::allows`.
#[derive(Clone, Debug)]
pub struct Caller {
    pub actor: Actor,
    pub user: Option<UserId>,
    pub lang: Lang,
    pub ip: IpAddr,
}

/// A caller, if any. A bad cookie or key is no caller.
#[derive(Clone, Debug)]
pub struct OptionalCaller(pub Option<Caller>);

/// A person who signed in with a browser, perhaps without the second factor that the settings ask for: enough to
/// see oneself, set that factor up, and sign out.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub user: UserId,
    pub session: SessionId,
    pub state: Session,
    pub client: Client,
}

/// Address and language of the request.
pub fn client(parts: &Parts) -> Client {
    // The layer `recognise` stands before every handler.
    *parts.extensions.get::<Client>().expect("the client was recognised by the outer layer")
}

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(client(parts))
    }
}

impl<S> FromRequestParts<S> for SignedIn
where
    S: Sync,
    Shared: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let app = Shared::from_ref(state);
        let signed_in = by_cookie(&app, parts).await?.ok_or(Code::SignInFirst)?;
        came_from_us(&app, parts)?;
        Ok(signed_in)
    }
}

impl<S> FromRequestParts<S> for Caller
where
    S: Sync,
    Shared: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let app = Shared::from_ref(state);
        let client = client(parts);
        if let Some(token) = bearer(&parts.headers) {
            let actor = by_token(&app, token).await?.ok_or(Code::BadToken)?;
            return Ok(Caller { actor, user: None, lang: client.lang, ip: client.ip });
        }
        let signed_in = SignedIn::from_request_parts(parts, state).await?;
        if app.settings().require_totp && !signed_in.state.has_second_factor() {
            return Err(Code::TotpNeeded.into());
        }
        let user = signed_in.user;
        Ok(Caller { actor: Actor::User { id: user }, user: Some(user), lang: client.lang, ip: client.ip })
    }
}

impl<S> OptionalFromRequestParts<S> for Caller
where
    S: Sync,
    Shared: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Problem> {
        Ok(<Caller as FromRequestParts<S>>::from_request_parts(parts, state).await.ok())
    }
}

impl<S> FromRequestParts<S> for OptionalCaller
where
    S: Sync,
    Shared: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        Ok(OptionalCaller(<Caller as FromRequestParts<S>>::from_request_parts(parts, state).await.ok()))
    }
}

pub const API_KEY_PREFIX: &str = "yk_";

/// A program with its key, or the operator's own command line on this machine.
async fn by_token(app: &App, token: &str) -> Result<Option<Actor>, Problem> {
    if app.secrets.is_operator_token(token) {
        return Ok(Some(Actor::System));
    }
    if !token.starts_with(API_KEY_PREFIX) {
        return Ok(None);
    }
    let now = app.clock.now();
    let found = api_key::of_secret(&app.db, &app.secrets.token_hash(token)).await?;
    let Some(key) = found.filter(|key| key.is_valid(now)) else { return Ok(None) };
    // A minute more or less does not matter, and spares a write for each request.
    if key.last_used_at.is_none_or(|at| now - at > 60_000) {
        app.site.ride(api_key::used(key.id, now)).await;
    }
    Ok(Some(Actor::Api { id: key.id }))
}

/// The token of `Authorization: Bearer …`.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ").map(str::trim)
}

/// A cookie's value.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// The session that the request's cookie names; nothing without a cookie or when it has ended.
pub async fn by_cookie(app: &App, parts: &Parts) -> Result<Option<SignedIn>, Problem> {
    let Some(token) = cookie(&parts.headers, COOKIE) else { return Ok(None) };
    let session = app.secrets.token_hash(token);
    let client = client(parts);
    let state = match app.sessions.touch(session, app.clock.now()) {
        Some(state) => state,
        None if app.cluster.is_some() => match opened_elsewhere(app, session).await? {
            Some(state) => state,
            None => return Ok(None),
        },
        None => return Ok(None),
    };
    let is_here = |directory: &Directory| directory.users.get(&state.user).is_some_and(|user| !user.disabled);
    let is_known = is_here(&app.directory()) || (app.cluster.is_some() && learns_of(app, is_here).await);
    if !is_known {
        return Ok(None);
    }
    Ok(Some(SignedIn { user: state.user, session, state, client }))
}

/// Whether somebody who was made on another node a moment ago becomes known here.
async fn learns_of(app: &App, is_here: impl Fn(&Directory) -> bool) -> bool {
    const PATIENCE: Duration = Duration::from_secs(1);
    let mut follow = app.directory.follow();
    tokio::time::timeout(PATIENCE, follow.wait_for(|it| is_here(it))).await.is_ok_and(|it| it.is_ok())
}

/// A sign-in on another node, of which this one has not heard yet.
async fn opened_elsewhere(app: &App, session: SessionId) -> Result<Option<Session>, Problem> {
    let now = app.clock.now();
    if yingda_store::session::get(&app.db, &session, now).await?.is_none() {
        return Ok(None);
    }
    let open = yingda_store::session::open(&app.db, now).await?;
    app.sessions.renew(&[], open.into_iter().map(Session::stored));
    Ok(app.sessions.touch(session, now))
}

/// A browser sends our cookie along with other sites' requests too, so a change needs proof that our own page sent
/// it: a header that only scripts of our origin may set, or the browser's own word.
pub fn came_from_us(app: &App, parts: &Parts) -> Result<(), Problem> {
    if matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS) || is_from_us(app, &parts.headers)
    {
        Ok(())
    } else {
        Err(Code::CrossSite.into())
    }
}

fn is_from_us(app: &App, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if text("x-yingda").is_some() {
        return true;
    }
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text("origin") else { return false };
    let host = |url: &str| url.split_once("://").map(|(_, rest)| rest.trim_end_matches('/').to_owned());
    let origin = host(origin);
    origin.is_some() && (origin.as_deref() == text("host") || origin == host(&app.config.public_url))
}
