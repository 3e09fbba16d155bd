//! The two addresses of signing in with an identity provider: there, and back.

use super::routes::{Routes, routes};
use crate::{
    app::Shared,
    auth::cookie,
    http::{client::Client, session},
    limits::Door,
    oidc::{Failed, Oidc},
    problem::{Code, Problem},
    secrets::same,
};
use axum::{
    extract::{Query, State},
    http::{HeaderMap, header},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use utoipa::IntoParams;
use yingda_core::event::SignInMethod;
use yingda_wire::problem as wire;

/// Ties the way back to the browser that set out.
const STATE: &str = "yingda_oidc";
const BACK: &str = "/api/v1/session/oidc/callback";

pub fn routes() -> Routes {
    Routes::new().routes(routes!(leave)).routes(routes!(come_back))
}

/// Sign in with the company's identity provider: sends the browser there.
#[utoipa::path(get, path = "/session/oidc", tag = "session",
    responses((status = 303), (status = 404, body = wire::Problem)))]
async fn leave(State(app): State<Shared>, client: Client, headers: HeaderMap) -> Result<Response, Problem> {
    let oidc = provider(&app)?;
    let now = app.clock.now();
    app.limits.pass(Door::SignIn, client.ip, now)?;
    let (address, state) = oidc.begin(&callback(&app, client, &headers)?, now).await.map_err(away)?;
    Ok(([(header::SET_COOKIE, state_cookie(client, &state, 600))], Redirect::to(&address)).into_response())
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Answer {
    #[serde(default)]
    state: String,
    #[serde(default)]
    code: String,
}

/// The provider sends the browser back here with a code. A user is known by login or e-mail address.
#[utoipa::path(get, path = "/session/oidc/callback", tag = "session", params(Answer),
    responses((status = 303), (status = 401, body = wire::Problem)))]
async fn come_back(
    State(app): State<Shared>,
    client: Client,
    headers: HeaderMap,
    Query(answer): Query<Answer>,
) -> Result<Response, Problem> {
    let oidc = provider(&app)?;
    let now = app.clock.now();
    app.limits.pass(Door::SignIn, client.ip, now)?;
    let began = cookie(&headers, STATE).unwrap_or_default();
    if answer.code.is_empty() || !same(began.as_bytes(), answer.state.as_bytes()) {
        return Err(Code::SignInWrong.into());
    }
    let callback = callback(&app, client, &headers)?;
    let who = oidc.finish(&callback, &answer.state, &answer.code, now).await.map_err(away)?;
    let directory = app.directory();
    let is_meant =
        |login: &str, email: &str| login == who || (!email.is_empty() && email.to_lowercase() == who);
    let mut meant = directory.users.iter().filter(|(_, it)| !it.disabled && is_meant(&it.login, &it.email));
    // Of two people with one address neither is certain.
    let (Some((id, user)), None) = (meant.next(), meant.next()) else {
        tracing::info!("the provider knows somebody who has no account here");
        return Err(Code::SignInWrong.into());
    };
    let method = SignInMethod::Oidc;
    let session = session::open_session(&app, client, &headers, *id, user, method, vec![]).await?;
    let cookies = [session, state_cookie(client, "", 0)].map(|cookie| (header::SET_COOKIE, cookie));
    Ok((AppendHeaders(cookies), Redirect::to("/console/")).into_response())
}

fn provider(app: &Shared) -> Result<&Oidc, Problem> {
    app.oidc.as_ref().ok_or_else(Problem::not_found)
}

/// The address that is registered with the provider.
fn callback(app: &Shared, client: Client, headers: &HeaderMap) -> Result<String, Problem> {
    if !app.config.public_url.is_empty() {
        return Ok(format!("{}{BACK}", app.config.public_url.trim_end_matches('/')));
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).ok_or(Code::BadQuery)?;
    Ok(format!("{}://{host}{BACK}", if client.is_secure { "https" } else { "http" }))
}

fn state_cookie(client: Client, state: &str, seconds: u32) -> String {
    let secure = if client.is_secure { "; Secure" } else { "" };
    format!("{STATE}={state}; Path=/api/v1/session/oidc; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}")
}

fn away(Failed(why): Failed) -> Problem {
    tracing::warn!(why, "nobody was signed in through the identity provider");
    Code::SignInWrong.into()
}
