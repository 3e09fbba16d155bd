//! Signing in with the company's own identity provider: OpenID Connect, authorization code with PKCE.
//!
//! The identity token comes straight from the provider's token endpoint over its own connection, so the connection
//! vouches for it (OpenID Connect Core 3.1.3.7); its claims are checked all the same.

use crate::{config, random, secrets::same};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use hashbrown::HashMap;
use reqwest::Url;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{fmt::Display, sync::Mutex, time::Duration};
use tokio::sync::OnceCell;
use yingda_core::At;

/// A person has so long to sign in at the provider.
const PENDING_MS: At = 10 * 60_000;
/// More begun sign-ins than this are a flood.
const MOST_PENDING: usize = 10_000;

pub struct Oidc {
    pub config: config::Oidc,
    client: reqwest::Client,
    provider: OnceCell<Provider>,
    /// By `state`.
    pending: Mutex<HashMap<String, Pending>>,
}

/// What the provider's discovery document says.
#[derive(Clone, Debug, Deserialize)]
struct Provider {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
}

struct Pending {
    nonce: String,
    verifier: String,
    at: At,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

/// Why somebody was not signed in: for the log, never for the stranger.
#[derive(Debug)]
pub struct Failed(pub String);

fn failed<E: Display>(what: &'static str) -> impl FnOnce(E) -> Failed {
    move |error| Failed(format!("{what}: {error}"))
}

impl Oidc {
    /// Nothing when no provider is configured. The provider is asked for only when somebody signs in.
    pub fn new(config: &config::Oidc) -> Option<Self> {
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(10))
            .redirect(reqwest::redirect::Policy::none())
            .build();
        let is_on = !config.issuer.is_empty() && !config.client_id.is_empty();
        is_on.then(|| Self {
            config: config.clone(),
            client: client.expect("a client with a time limit can be made"),
            provider: OnceCell::new(),
            pending: Mutex::default(),
        })
    }

    async fn provider(&self) -> Result<&Provider, Failed> {
        let issuer = self.config.issuer.trim_end_matches('/');
        let found = self.provider.get_or_try_init(|| async {
            let what = "the provider's discovery document";
            let address = format!("{issuer}/.well-known/openid-configuration");
            let answer = self.client.get(address).send().await.map_err(failed(what))?;
            let provider: Provider = answer.json().await.map_err(failed(what))?;
            if provider.issuer.trim_end_matches('/') != issuer {
                return Err(Failed(format!("the provider calls itself {}", provider.issuer)));
            }
            Ok(provider)
        });
        found.await
    }

    /// Where to send the browser, and the state that its cookie keeps.
    pub async fn begin(&self, callback: &str, now: At) -> Result<(String, String), Failed> {
        let provider = self.provider().await?;
        let [state, nonce, verifier] = std::array::from_fn(|_| BASE64.encode(random::bytes::<32>()));
        let challenge = BASE64.encode(Sha256::digest(verifier.as_bytes()));
        let address = Url::parse_with_params(
            &provider.authorization_endpoint,
            [
                ("response_type", "code"),
                ("scope", "openid email profile"),
                ("client_id", &self.config.client_id),
                ("redirect_uri", callback),
                ("state", &state),
                ("nonce", &nonce),
                ("code_challenge", &challenge),
                ("code_challenge_method", "S256"),
            ],
        );
        let address = address.map_err(failed("the provider's authorization endpoint"))?;
        let mut pending = self.pending.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        pending.retain(|_, it| now - it.at < PENDING_MS);
        if pending.len() >= MOST_PENDING {
            return Err(Failed("too many sign-ins were begun and not finished".into()));
        }
        pending.insert(state.clone(), Pending { nonce, verifier, at: now });
        Ok((address.into(), state))
    }

    /// Redeems the code for who it is: the configured claim. A state works once.
    pub async fn finish(&self, callback: &str, state: &str, code: &str, now: At) -> Result<String, Failed> {
        let pending = self.pending.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).remove(state);
        let pending = pending.filter(|it| now - it.at < PENDING_MS);
        let pending =
            pending.ok_or_else(|| Failed("the sign-in was not begun here, or too long ago".into()))?;
        let provider = self.provider().await?;
        let what = "the provider's token endpoint";
        let form = Url::parse_with_params(
            "http://form",
            [
                ("grant_type", "authorization_code"),
                ("code", code),
                ("redirect_uri", callback),
                ("client_id", &self.config.client_id),
                ("code_verifier", &pending.verifier),
            ],
        );
        let form = form.map_err(failed(what))?.query().unwrap_or_default().to_owned();
        let answer = self
            .client
            .post(&provider.token_endpoint)
            .basic_auth(&self.config.client_id, Some(&self.config.client_secret))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form)
            .send()
            .await
            .and_then(reqwest::Response::error_for_status)
            .map_err(failed(what))?;
        let tokens: Tokens = answer.json().await.map_err(failed(what))?;
        let claims = claims(&tokens.id_token).ok_or_else(|| Failed("the identity token is no JWT".into()))?;
        self.check(provider, &claims, &pending.nonce, now).map_err(|why| Failed(why.into()))
    }

    fn check(
        &self,
        provider: &Provider,
        claims: &Value,
        nonce: &str,
        now: At,
    ) -> Result<String, &'static str> {
        let id = &*self.config.client_id;
        let audience = &claims["aud"];
        if claims["iss"] != *provider.issuer {
            return Err("the identity token is another provider's");
        }
        let is_among = audience.as_array().is_some_and(|all| all.iter().any(|it| it == id));
        if !(audience == id || is_among) {
            return Err("the identity token is meant for somebody else");
        }
        if claims["exp"].as_i64().is_none_or(|at| at * 1_000 <= now) {
            return Err("the identity token is past its time");
        }
        if !same(claims["nonce"].as_str().unwrap_or_default().as_bytes(), nonce.as_bytes()) {
            return Err("the identity token answers another request");
        }
        // Anybody can claim an address that the provider did not verify.
        if self.config.claim == "email" && claims["email_verified"] == false {
            return Err("the provider did not verify the address");
        }
        let who = claims[&self.config.claim].as_str().map(|who| who.trim().to_lowercase());
        who.filter(|who| !who.is_empty()).ok_or("the identity token lacks the configured claim")
    }
}

/// The claims of a JWT.
fn claims(token: &str) -> Option<Value> {
    let payload = token.split('.').nth(1)?;
    serde_json::from_slice(&BASE64.decode(payload.trim_end_matches('=')).ok()?).ok()
}
