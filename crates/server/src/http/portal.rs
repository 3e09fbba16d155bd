//! `/portal`: what is a customer's own, for whoever shows by a one-time code who they are. Pages without script; a
//! session of its own, and every form carries a seal of that session, so that no other site can send one.

use crate::{
    app::{App, Shared},
    auth::cookie,
    http::{
        client::Client,
        plain_page::plain,
        portal_pages::{self as pages, Told},
    },
    limits::Door,
    problem::Problem,
    proof,
    secrets::{fresh_token, same},
};
use axum::{
    Form, Router,
    extract::{FromRequestParts, State},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;
use yingda_core::{
    At,
    config::Portal,
    id::{ConversationId, RecordId},
    lang::Lang,
};
use yingda_store::{
    Batch, ReadError,
    customer::{self, Customer},
    portal as rows,
};

pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/portal", get(home))
        .route("/portal/code", post(code))
        .route("/portal/session", post(enter))
        .route("/portal/leave", post(leave))
}

const COOKIE: &str = "yingda_portal";
const ATTEMPT: &str = "portal-attempt";
const SESSION_MS: At = 8 * 3_600_000;

/// A customer who is signed in.
pub struct Guest {
    pub customer: Customer,
    pub portal: Portal,
    pub lang: Lang,
    token: String,
}

impl Guest {
    /// What every form of theirs carries.
    pub fn seal(&self, app: &App) -> String {
        hex::encode(&app.secrets.mac("portal-form", self.token.as_bytes())[..16])
    }

    /// Refuses a form that another site sent.
    pub fn check(&self, app: &App, seal: &str) -> Result<(), Box<Response>> {
        if same(seal.as_bytes(), self.seal(app).as_bytes()) {
            return Ok(());
        }
        let title = self.lang.of("请重新提交", "Please send it again");
        let text = self
            .lang
            .of("页面已过期，请返回后再试。", "The page is out of date; please go back and try again.");
        let html = format!("<h1>{title}</h1><p>{text}</p>");
        Err(Box::new(plain(StatusCode::FORBIDDEN, title, self.lang, &html)))
    }
}

/// Whoever is not signed in is led to where one signs in; where the portal is off there is none.
impl FromRequestParts<Shared> for Guest {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Response> {
        let lang = parts.extensions.get::<Client>().map_or(Lang::Zh, |client| client.lang);
        let lang = chosen(&parts.headers, parts.uri.query(), lang);
        let portal = on(app, lang).map_err(|page| *page)?;
        let found = who(app, &parts.headers).await.map_err(IntoResponse::into_response)?;
        match found {
            Some((token, customer)) => Ok(Guest { customer, portal, lang, token }),
            None => Err(Redirect::to(&format!("/portal?lang={}", pages::tag(lang))).into_response()),
        }
    }
}

/// `?lang=` wins over what was chosen before.
fn chosen(headers: &HeaderMap, query: Option<&str>, usual: Lang) -> Lang {
    let is_asked = query.is_some_and(|query| query.split('&').any(|it| it.starts_with("lang=")));
    match cookie(headers, "yingda_portal_lang").filter(|_| !is_asked) {
        Some(tag) => Lang::of_tag(tag),
        None => usual,
    }
}

fn on(app: &App, lang: Lang) -> Result<Portal, Box<Response>> {
    app.settings().portal.clone().ok_or_else(|| {
        let title = lang.of("没有这个页面", "There is no such page");
        Box::new(plain(StatusCode::NOT_FOUND, title, lang, &format!("<h1>{title}</h1>")))
    })
}

async fn who(app: &App, headers: &HeaderMap) -> Result<Option<(String, Customer)>, Problem> {
    let Some(token) = cookie(headers, COOKIE).filter(|token| !token.is_empty()) else { return Ok(None) };
    let hash = app.secrets.token_hash(token);
    let Some(id) = rows::who(&app.db, &hash, app.clock.now()).await? else { return Ok(None) };
    Ok(customer::living(&app.db, id).await?.map(|it| (token.to_owned(), it)))
}

async fn home(
    State(app): State<Shared>,
    client: Client,
    headers: HeaderMap,
    uri: axum::http::Uri,
) -> Result<Response, Response> {
    let lang = chosen(&headers, uri.query(), client.lang);
    let portal = on(&app, lang).map_err(|page| *page)?;
    let found = who(&app, &headers).await.map_err(IntoResponse::into_response)?;
    let page = match found {
        Some((token, customer)) => {
            let guest = Guest { customer, portal, lang, token };
            pages::home(&app, &guest).await.map_err(IntoResponse::into_response)?
        }
        None => pages::sign_in(&app, &portal, lang, "", None, StatusCode::OK),
    };
    // The language stays with the pages that follow.
    let keep =
        format!("yingda_portal_lang={}; Path=/portal; SameSite=Lax; Max-Age=31536000", pages::tag(lang));
    Ok((AppendHeaders([(header::SET_COOKIE, keep)]), page).into_response())
}

#[derive(Deserialize)]
struct CodeForm {
    #[serde(default)]
    to: String,
}

/// Sends a code, or seems to: nobody learns here whom we know.
async fn code(
    State(app): State<Shared>,
    client: Client,
    headers: HeaderMap,
    Form(form): Form<CodeForm>,
) -> Result<Response, Response> {
    let lang = chosen(&headers, None, client.lang);
    let portal = on(&app, lang).map_err(|page| *page)?;
    let attempt = RecordId(app.next_id());
    let sent = match app.limits.pass(Door::SignIn, client.ip, app.clock.now()) {
        Ok(()) => proof::sign_in(&app, ConversationId(attempt.0), &form.to, lang).await,
        Err(problem) => Err(problem),
    };
    Ok(match sent {
        Ok(()) => {
            let attempt = app.secrets.sealed_id(ATTEMPT, attempt);
            pages::say_code(&app, lang, &attempt, &form.to, None, StatusCode::OK)
        }
        Err(problem) => {
            let (told, status) = Told::of(problem, lang);
            pages::sign_in(&app, &portal, lang, &form.to, Some(&told), status)
        }
    })
}

#[derive(Deserialize)]
struct EnterForm {
    #[serde(default)]
    attempt: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    to: String,
}

async fn enter(
    State(app): State<Shared>,
    client: Client,
    headers: HeaderMap,
    Form(form): Form<EnterForm>,
) -> Result<Response, Response> {
    let lang = chosen(&headers, None, client.lang);
    let portal = on(&app, lang).map_err(|page| *page)?;
    let Some(attempt) = app.secrets.read_sealed_id(ATTEMPT, &form.attempt) else {
        return Ok(pages::sign_in(&app, &portal, lang, "", None, StatusCode::FORBIDDEN));
    };
    let proven = match app.limits.pass(Door::SignIn, client.ip, app.clock.now()) {
        Ok(()) => proof::signed_in(&app, ConversationId(attempt.0), &form.code).await,
        Err(problem) => Err(problem),
    };
    let customer = match proven {
        Ok(customer) => customer,
        Err(problem) => {
            let (told, status) = Told::of(problem, lang);
            return Ok(pages::say_code(&app, lang, &form.attempt, &form.to, Some(&told), status));
        }
    };
    let (token, now) = (fresh_token(), app.clock.now());
    let write = rows::insert(&app.secrets.token_hash(&token), customer, now, now + SESSION_MS);
    let stored = app.db.commit(Batch { statements: vec![write], ..Batch::default() }).await;
    stored.map_err(|error| Problem::from(ReadError::from(error)).into_response())?;
    let cookie = [(header::SET_COOKIE, held(client, &token, SESSION_MS / 1_000))];
    Ok((AppendHeaders(cookie), Redirect::to("/portal")).into_response())
}

fn held(client: Client, token: &str, seconds: At) -> String {
    let secure = if client.is_secure { "; Secure" } else { "" };
    format!("{COOKIE}={token}; Path=/portal; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}")
}

#[derive(Deserialize)]
struct SealForm {
    #[serde(default)]
    seal: String,
}

async fn leave(
    State(app): State<Shared>,
    client: Client,
    guest: Guest,
    Form(form): Form<SealForm>,
) -> Result<Response, Response> {
    guest.check(&app, &form.seal).map_err(|page| *page)?;
    let write = rows::end(&app.secrets.token_hash(&guest.token));
    let ended = app.db.commit(Batch { statements: vec![write], ..Batch::default() }).await;
    ended.map_err(|error| Problem::from(ReadError::from(error)).into_response())?;
    let cookie = [(header::SET_COOKIE, held(client, "", 0))];
    Ok((AppendHeaders(cookie), Redirect::to("/portal")).into_response())
}
