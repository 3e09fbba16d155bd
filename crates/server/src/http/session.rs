//! Signing in and out, and one's own account.

use super::routes::{Routes, routes};
use crate::{
    app::{App, Shared},
    auth::{COOKIE, SignedIn},
    channels::phone,
    http::{body::Json, client::Client},
    limits::Door,
    passwords,
    problem::{Code, Problem},
    secrets::fresh_token,
    sessions::{Session, SessionId},
    site::{Item, ItemFact, question::Question},
    totp,
};
use axum::{
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use utoipa::IntoParams;
use yingda_core::{
    At, access,
    actor::Actor,
    config::{RecordKind, User},
    conversation::Phase,
    engine::Engine,
    event::{Audience, Fact, Private, SecretKind, SignInMethod, Subject},
    id::UserId,
    mask,
    refusal::Refusal,
};
use yingda_store::{
    Statement,
    credential::{self, Credential},
    preference, session as rows,
};
use yingda_wire::{
    http::{ChangePassword, Me, Name, SignIn, TotpCode, TotpSecret},
    problem as wire,
};

const MAX_PREFERENCES: usize = 32 * 1024;

pub fn routes() -> Routes {
    Routes::new()
        .routes(routes!(sign_in, sign_out))
        .routes(routes!(who_am_i))
        .routes(routes!(set_preferences))
        .routes(routes!(change_password))
        .routes(routes!(begin_totp, confirm_totp, remove_totp))
}

/// Sign in. The answer sets the session cookie.
///
/// After five wrong passwords in a row the account is locked for a while.
#[utoipa::path(post, path = "/session", tag = "session", request_body = SignIn,
    responses((status = 200, body = Me), (status = 401, body = wire::Problem), (status = 423, body = wire::Problem)))]
async fn sign_in(
    State(app): State<Shared>,
    client: Client,
    headers: HeaderMap,
    Json(body): Json<SignIn>,
) -> Result<Response, Problem> {
    let now = app.clock.now();
    app.limits.pass(Door::SignIn, client.ip, now)?;
    // A whole text pasted into the wrong field is nobody's login.
    let login: String = body.login.trim().to_lowercase().chars().take(64).collect();
    // One try at a time for each account, so that parallel guesses are counted like others.
    let _turn = app.passwords.turn(&login).await;
    let found = credential::of_login(&app.db, &login).await?;
    let hash = found.as_ref().map(|it| it.password_hash.clone()).filter(|hash| !hash.is_empty());
    let fits = app.passwords.fits(&body.password, hash).await;
    let Some(known) = found else { return Err(failed(&app, client, &headers, &login, None).await?.into()) };
    if known.locked_until_at > now {
        return Err(Code::Locked.into());
    }
    let user = app.directory().users.get(&known.user).filter(|user| !user.disabled).cloned();
    let (true, Some(user)) = (fits, user) else {
        return Err(failed(&app, client, &headers, &login, Some(&known)).await?.into());
    };
    let step = match (&known.totp_secret, body.code.as_deref().map(str::trim).filter(|code| !code.is_empty()))
    {
        (None, _) => None,
        (Some(_), None) => return Err(Code::SecondFactorNeeded.into()),
        (Some(sealed), Some(code)) => match totp::check(&app.secrets, sealed, code, now) {
            Some(step) if step > known.totp_step => Some(step),
            _ => {
                let code = failed(&app, client, &headers, &login, Some(&known)).await?;
                return Err(if code == Code::SignInWrong { Code::SecondFactorWrong } else { code }.into());
            }
        },
    };
    let method = if step.is_some() { SignInMethod::PasswordAndCode } else { SignInMethod::Password };
    let mut writes = vec![credential::succeeded(known.user)];
    writes.extend(step.map(|step| credential::use_totp(known.user, step)));
    let cookie = open_session(&app, client, &headers, known.user, &user, method, writes).await?;
    Ok(([(header::SET_COOKIE, cookie)], Json(me(&app, known.user).await?)).into_response())
}

/// Counts a wrong try. All of them look the same to the caller.
async fn failed(
    app: &App,
    client: Client,
    headers: &HeaderMap,
    login: &str,
    known: Option<&Credential>,
) -> Result<Code, Problem> {
    let config = &app.config.session;
    let (now, lock_ms) = (app.clock.now(), i64::from(config.lock_minutes) * 60_000);
    let locked = match known {
        Some(it) => it.failed_count + 1 >= i64::from(config.lock_after),
        None => app.passwords.stranger_failed(login, now, config.lock_after, lock_ms),
    };
    let locked_until_at = now + lock_ms;
    let writes = known.map(|it| credential::failed(it.user, config.lock_after.into(), locked_until_at));
    let fact = Fact::SignInFailed { login: login.to_owned(), locked };
    let on = known.map_or(Subject::Site, |it| Subject::User(it.user));
    let by = Actor::System;
    note(app, by, on, fact, origin(client, headers), writes.into_iter().collect()).await?;
    Ok(if locked { Code::Locked } else { Code::SignInWrong })
}

/// A new session, after the rule for second sign-ins. Gives the cookie to set.
pub async fn open_session(
    app: &App,
    client: Client,
    headers: &HeaderMap,
    id: UserId,
    user: &Arc<User>,
    method: SignInMethod,
    mut writes: Vec<Statement>,
) -> Result<String, Problem> {
    let now = app.clock.now();
    let takes_over = app.settings().second_sign_in_takes_over;
    if !takes_over && app.sessions.is_signed_in(id, now) {
        return Err(Problem::new(Refusal::SignedInElsewhere).on(&*user.login, &*user.login));
    }
    let token = fresh_token();
    let session = app.secrets.token_hash(&token);
    let vouched = method == SignInMethod::Oidc;
    writes.push(rows::end_all_of(id, None));
    writes.push(rows::insert(&rows::Session {
        token_hash: session,
        user: id,
        created_at: now,
        seen_at: now,
        expires_at: now + app.sessions.idle_ms,
        ip: client.ip.to_string(),
        browser: browser(headers),
        vouched,
    }));
    let fact = Fact::SignedIn { user: id, method };
    let by = Actor::User { id };
    note(app, by, Subject::User(id), fact, origin(client, headers), writes).await.map_err(|problem| {
        // The only guard is that a code works once.
        if problem.code == Code::Refused(Refusal::Stale) { Code::SecondFactorWrong.into() } else { problem }
    })?;
    end_sessions(app, id, None, "elsewhere");
    let has_totp = method == SignInMethod::PasswordAndCode;
    let opened = Session { user: id, seen_at: now, stored_at: now, has_totp, is_vouched: vouched };
    app.sessions.add(session, opened);
    Ok(cookie(client, &token))
}

fn cookie(client: Client, token: &str) -> String {
    let secure = if client.is_secure { "; Secure" } else { "" };
    // The browser may keep it for as long as it could be used; how long that is, the server decides.
    let seconds = if token.is_empty() { 0 } else { 30 * 86_400 };
    format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}")
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SignOutQuery {
    /// Also with open conversations: they go back to their queues.
    #[serde(default)]
    force: bool,
}

/// Sign out. Refused while one still holds active conversations, unless forced.
#[utoipa::path(delete, path = "/session", tag = "session", params(SignOutQuery),
    responses((status = 204), (status = 409, body = wire::Problem)))]
async fn sign_out(
    State(app): State<Shared>,
    signed_in: SignedIn,
    Query(query): Query<SignOutQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let SignedIn { user, session, client, .. } = signed_in;
    if !query.force && app.site.ask(ActiveWork { user }).await? {
        return Err(Refusal::ActiveWork.into());
    }
    let fact = Fact::SignedOut { user };
    let by = Actor::User { id: user };
    note(&app, by, Subject::User(user), fact, origin(client, &headers), vec![rows::end(&session)]).await?;
    app.sessions.remove(&session);
    app.hub.sign_out(user, Some(session), "signed_out");
    phone::forget_absent(&app, user);
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie(client, ""))]).into_response())
}

/// Whether an agent is in the middle of a conversation.
#[derive(Debug, Serialize, Deserialize)]
pub struct ActiveWork {
    user: UserId,
}

impl Question for ActiveWork {
    type Answer = bool;

    fn answer(self, engine: &Engine, _: At) -> bool {
        let held = engine.agents.get(&self.user).into_iter().flat_map(|agent| &agent.holds);
        held.filter_map(|id| engine.conversations.get(id)).any(|it| it.phase == Phase::Active)
    }
}

/// Who I am and what I may do.
#[utoipa::path(get, path = "/me", tag = "session",
    responses((status = 200, body = Me), (status = 401, body = wire::Problem)))]
async fn who_am_i(State(app): State<Shared>, signed_in: SignedIn) -> Result<Json<Me>, Problem> {
    Ok(Json(me(&app, signed_in.user).await?))
}

/// What a console needs to know about its user.
pub async fn me(app: &App, id: UserId) -> Result<Me, Problem> {
    let directory = app.directory();
    let user = directory.users.get(&id).ok_or(Code::SignInFirst)?;
    let credential = credential::get(&app.db, id).await?;
    let preferences =
        preference::get(&app.db, id).await?.unwrap_or_else(|| Value::Object(Default::default()));
    let mut names = vec![];
    macro_rules! name {
        ($kind:ident, $map:ident, |$it:ident| $name:expr, $colour:expr) => {
            names.extend(directory.$map.iter().map(|(id, $it)| Name {
                kind: RecordKind::$kind,
                id: yingda_core::id::RecordId(id.0),
                name: $name,
                colour: $colour,
                medium: None,
            }));
        };
    }
    name!(User, users, |it| yingda_core::lang::Text::new(&it.name, &it.name), None);
    name!(Team, teams, |it| it.name.clone(), None);
    name!(Line, lines, |it| it.name.clone(), None);
    name!(Skill, skills, |it| it.name.clone(), None);
    name!(Queue, queues, |it| it.name.clone(), None);
    name!(Tag, tags, |it| it.name.clone(), Some(it.colour));
    name!(Segment, segments, |it| it.name.clone(), None);
    name!(Flow, flows, |it| it.name.clone(), None);
    name!(Form, forms, |it| it.name.clone(), None);
    name!(Widget, widgets, |it| it.name.clone(), None);
    // Whoever serves may ask for those that are still asked.
    let asked = directory.surveys.iter().filter(|(_, it)| !it.retired);
    names.extend(asked.map(|(id, it)| Name {
        kind: RecordKind::Survey,
        id: yingda_core::id::RecordId(id.0),
        name: it.name.clone(),
        colour: None,
        medium: None,
    }));
    // Whoever takes down a letter chooses by which channel it came.
    names.extend(directory.channels.iter().filter(|(_, it)| it.enabled).map(|(id, it)| Name {
        kind: RecordKind::Channel,
        id: yingda_core::id::RecordId(id.0),
        name: it.name.clone(),
        colour: None,
        medium: Some(it.setup.medium()),
    }));
    Ok(Me {
        id,
        login: user.login.clone(),
        name: user.name.clone(),
        staff_no: user.staff_no.clone(),
        avatar: user.avatar,
        team: user.team,
        may: access::may(&directory, user),
        masks: mask::of(&directory, Actor::User { id }).into_iter().collect(),
        queues: directory.queues_of(id),
        has_totp: credential.is_some_and(|it| it.totp_secret.is_some()),
        preferences,
        names,
        settings: (*directory.settings).clone(),
    })
}

/// Keep my language, theme, sounds and keys: any JSON object, stored as it is.
#[utoipa::path(put, path = "/me/preferences", tag = "session", request_body = Value,
    responses((status = 204), (status = 422, body = wire::Problem)))]
async fn set_preferences(
    State(app): State<Shared>,
    signed_in: SignedIn,
    Json(body): Json<Value>,
) -> Result<StatusCode, Problem> {
    if !body.is_object() || body.to_string().len() > MAX_PREFERENCES {
        return Err(Problem::field(
            "",
            "须为不超过 32 KiB 的 JSON 对象。",
            "Must be a JSON object of at most 32 KiB.",
        ));
    }
    let by = Actor::User { id: signed_in.user };
    let writes = vec![preference::put(signed_in.user, &body)];
    app.site.change(Item::new(by, vec![], writes)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Change my password. My other sessions end.
#[utoipa::path(post, path = "/me/password", tag = "session", request_body = ChangePassword,
    responses((status = 204), (status = 401, body = wire::Problem), (status = 422, body = wire::Problem)))]
async fn change_password(
    State(app): State<Shared>,
    signed_in: SignedIn,
    headers: HeaderMap,
    Json(body): Json<ChangePassword>,
) -> Result<StatusCode, Problem> {
    let SignedIn { user, session, client, .. } = signed_in;
    app.limits.pass(Door::SignIn, client.ip, app.clock.now())?;
    let credential = credential::get(&app.db, user).await?.ok_or(Code::SignInWrong)?;
    let _turn = app.passwords.turn(&credential.login).await;
    if credential.locked_until_at > app.clock.now() {
        return Err(Code::Locked.into());
    }
    if !app.passwords.fits(&body.old, Some(credential.password_hash.clone())).await {
        let login = credential.login.clone();
        return Err(failed(&app, client, &headers, &login, Some(&credential)).await?.into());
    }
    if !passwords::is_strong(&body.new, &credential.login, app.settings().password_min) {
        return Err(weak(&app));
    }
    let hash = app.passwords.hash(&body.new).await;
    let writes =
        vec![credential::set_password(user, &hash, app.clock.now()), rows::end_all_of(user, Some(&session))];
    secret_changed(&app, user, SecretKind::Password, origin(client, &headers), writes).await?;
    end_sessions(&app, user, Some(session), "password_changed");
    Ok(StatusCode::NO_CONTENT)
}

/// Why a password is refused, with the length that is asked for.
pub fn weak(app: &App) -> Problem {
    let min = app.settings().password_min.max(passwords::LEAST);
    Problem::new(Code::PasswordWeak).and_field(
        "password",
        format!("至少 {min} 个字符，不含用户名，也不是常见密码。"),
        format!("At least {min} characters, without the user name, and not a common password."),
    )
}

/// Begin a second factor: a secret for an authenticator app, which counts once a code confirms it.
#[utoipa::path(post, path = "/me/totp", tag = "session", responses((status = 200, body = TotpSecret)))]
async fn begin_totp(State(app): State<Shared>, signed_in: SignedIn) -> Result<Json<TotpSecret>, Problem> {
    let directory = app.directory();
    let user = directory.users.get(&signed_in.user).ok_or(Code::SignInFirst)?;
    let (secret, sealed) = totp::begin(&app.secrets, &user.login, &directory.settings.company);
    let by = Actor::User { id: signed_in.user };
    let writes = vec![credential::set_totp_pending(signed_in.user, Some(&sealed))];
    app.site.change(Item::new(by, vec![], writes)).await?;
    Ok(Json(secret))
}

/// Confirm the second factor by its first code.
#[utoipa::path(put, path = "/me/totp", tag = "session", request_body = TotpCode,
    responses((status = 204), (status = 401, body = wire::Problem), (status = 409, body = wire::Problem)))]
async fn confirm_totp(
    State(app): State<Shared>,
    signed_in: SignedIn,
    headers: HeaderMap,
    Json(body): Json<TotpCode>,
) -> Result<StatusCode, Problem> {
    let SignedIn { user, client, .. } = signed_in;
    app.limits.pass(Door::SignIn, client.ip, app.clock.now())?;
    let credential = credential::get(&app.db, user).await?.ok_or(Code::SignInFirst)?;
    let sealed = credential.totp_pending.ok_or(Refusal::OfferGone)?;
    let now = app.clock.now();
    let step = totp::check(&app.secrets, &sealed, body.code.trim(), now).ok_or(Code::SecondFactorWrong)?;
    let writes = vec![credential::set_totp(user, Some(&sealed), step, now)];
    secret_changed(&app, user, SecretKind::SecondFactor, origin(client, &headers), writes).await?;
    app.sessions.set_totp(user, true);
    Ok(StatusCode::NO_CONTENT)
}

/// Remove the second factor; a code shows that it is still mine to remove.
#[utoipa::path(delete, path = "/me/totp", tag = "session", request_body = TotpCode,
    responses((status = 204), (status = 401, body = wire::Problem)))]
async fn remove_totp(
    State(app): State<Shared>,
    signed_in: SignedIn,
    headers: HeaderMap,
    Json(body): Json<TotpCode>,
) -> Result<StatusCode, Problem> {
    let SignedIn { user, client, .. } = signed_in;
    app.limits.pass(Door::SignIn, client.ip, app.clock.now())?;
    let credential = credential::get(&app.db, user).await?.ok_or(Code::SignInFirst)?;
    let sealed = credential.totp_secret.ok_or_else(Problem::not_found)?;
    let now = app.clock.now();
    let step = totp::check(&app.secrets, &sealed, body.code.trim(), now).ok_or(Code::SecondFactorWrong)?;
    if step <= credential.totp_step {
        return Err(Code::SecondFactorWrong.into());
    }
    let writes = vec![credential::set_totp(user, None, step, now)];
    secret_changed(&app, user, SecretKind::SecondFactor, origin(client, &headers), writes).await?;
    app.sessions.set_totp(user, false);
    Ok(StatusCode::NO_CONTENT)
}

async fn secret_changed(
    app: &App,
    user: UserId,
    what: SecretKind,
    origin: Box<Private>,
    writes: Vec<Statement>,
) -> Result<(), Problem> {
    let fact = Fact::SecretChanged { user, what };
    note(app, Actor::User { id: user }, Subject::User(user), fact, origin, writes).await
}

/// One fact for staff, with its rows.
async fn note(
    app: &App,
    by: Actor,
    on: Subject,
    fact: Fact,
    origin: Box<Private>,
    writes: Vec<Statement>,
) -> Result<(), Problem> {
    let facts = vec![ItemFact { on, to: Audience::Staff, fact, private: Some(origin) }];
    app.site.change(Item::new(by, facts, writes)).await?;
    Ok(())
}

fn origin(client: Client, headers: &HeaderMap) -> Box<Private> {
    Box::new(Private::Origin { ip: client.ip.to_string(), agent: browser(headers) })
}

fn browser(headers: &HeaderMap) -> String {
    let name = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    name.chars().take(200).collect()
}

/// Ends all sessions of a person at once, in memory and on sockets; the rows go with the change that caused it.
pub fn end_sessions(app: &App, user: UserId, except: Option<SessionId>, reason: &str) {
    for ended in app.sessions.remove_user(user, except) {
        app.hub.sign_out(user, Some(ended), reason);
    }
    phone::forget_absent(app, user);
}
