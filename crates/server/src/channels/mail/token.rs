//! Access tokens for mailboxes that know no password: renewed with a refresh token (RFC 6749, section 6) a minute
//! before they run out, and handed over by XOAUTH2.

use crate::{
    app::Shared,
    channels::{
        keys::{self, Keys},
        template::encode,
    },
    outgoing,
};
use serde::Deserialize;
use std::collections::BTreeMap;
use tokio::sync::Mutex;
use yingda_core::{
    At,
    config::{MailSetup, OAuth},
    id::ChannelId,
};
use yingda_store::Batch;

/// A token is renewed this long before it runs out.
const BEFORE_MS: At = 60_000;
/// What a token lives for whose answer does not say.
const USUAL_S: i64 = 600;

struct Token {
    text: String,
    until_at: At,
}

/// Reading and sending share a token; while one renews it, the other waits.
static TOKENS: Mutex<BTreeMap<ChannelId, Token>> = Mutex::const_new(BTreeMap::new());

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    #[serde(default)]
    expires_in: Option<i64>,
    #[serde(default)]
    refresh_token: String,
}

/// What a mailbox is opened with.
#[derive(Clone, PartialEq)]
pub enum Credential {
    Password(String),
    Token(String),
}

pub async fn credential(
    app: &Shared,
    id: ChannelId,
    setup: &MailSetup,
    keys: &Keys,
) -> Result<Credential, String> {
    let Some(oauth) = &setup.oauth else { return Ok(Credential::Password(keys.get("password").to_owned())) };
    let mut tokens = TOKENS.lock().await;
    let now = app.clock.now();
    if let Some(token) = tokens.get(&id).filter(|it| it.until_at > now) {
        return Ok(Credential::Token(token.text.clone()));
    }
    let token = renew(app, id, oauth).await.map_err(|error| format!("renewing the access token: {error}"))?;
    let text = token.text.clone();
    tokens.insert(id, token);
    Ok(Credential::Token(text))
}

/// The server refused it: the next one is fresh.
pub async fn forget(id: ChannelId, refused: &Credential) {
    let mut tokens = TOKENS.lock().await;
    if let Credential::Token(text) = refused
        && tokens.get(&id).is_some_and(|it| it.text == *text)
    {
        tokens.remove(&id);
    }
}

async fn renew(app: &Shared, id: ChannelId, oauth: &OAuth) -> Result<Token, String> {
    // Read anew: the last renewal may have brought another one.
    let keys = Keys::of(app, &app.db, id).await.map_err(|error| error.to_string())?;
    let mut form = format!(
        "grant_type=refresh_token&refresh_token={}&client_id={}",
        encode(keys.get("refresh_token")),
        encode(&oauth.client),
    );
    for (name, value) in [("client_secret", keys.get("client_secret")), ("scope", &oauth.scope)] {
        if !value.is_empty() {
            form.push_str(&format!("&{name}={}", encode(value)));
        }
    }
    let request = app.outgoing.post(&oauth.token_url)?;
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
    let answer = request.send().await.map_err(outgoing::told)?;
    let status = answer.status();
    let text = answer.text().await.map_err(outgoing::told)?;
    if !status.is_success() {
        return Err(format!("answered {status}: {}", text.chars().take(300).collect::<String>()));
    }
    let answer: Answer =
        serde_json::from_str(&text).map_err(|error| format!("the answer holds no token: {error}"))?;
    if !answer.refresh_token.is_empty() && answer.refresh_token != keys.get("refresh_token") {
        let statements = vec![keys::put(app, id, "refresh_token", &answer.refresh_token)];
        let kept = app.db.commit(Batch { statements, ..Batch::default() }).await;
        kept.map_err(|error| format!("the new refresh token could not be kept: {error}"))?;
    }
    let life_ms = answer.expires_in.unwrap_or(USUAL_S) * 1_000;
    Ok(Token { text: answer.access_token, until_at: app.clock.now() + life_ms - BEFORE_MS })
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credential")
    }
}
