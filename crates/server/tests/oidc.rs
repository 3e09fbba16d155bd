//! Signing in with an identity provider (OpenID Connect), against a small one that checks what it is sent.

use crate::support::{Answer, Folder, PASSWORD, Server, run};
use axum::{
    Json, Router,
    extract::{RawForm, State},
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use tokio::{net::TcpListener, task::JoinSet};

/// What the provider says next, and what it saw.
#[derive(Clone)]
struct Provider {
    url: String,
    claims: Arc<Mutex<Value>>,
    /// What the last authorization asked for.
    asked: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Provider {
    async fn start(tasks: &mut JoinSet<()>) -> Provider {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let provider = Provider { url, claims: Arc::default(), asked: Arc::default() };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discover))
            .route("/token", post(redeem))
            .with_state(provider.clone());
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        provider
    }

    /// The configuration of a server that believes it.
    fn trusted(&self) -> [(&str, &str); 5] {
        [
            ("YINGDA_OIDC_ISSUER", &self.url),
            ("YINGDA_OIDC_CLIENT_ID", "yingda"),
            ("YINGDA_OIDC_CLIENT_SECRET", "secret"),
            ("YINGDA_OIDC_NAME", "公司账号"),
            ("YINGDA_LIMITS_SIGN_IN_PER_MINUTE", "100"),
        ]
    }

    /// The person signs in here: notes what was asked for, and vouches for an address.
    fn vouch(&self, redirect: &Answer, email: &str, change: impl Fn(&mut Value)) {
        let address = reqwest::Url::parse(redirect.header("location")).unwrap();
        let asked: BTreeMap<String, String> = address.query_pairs().into_owned().collect();
        let mut claims = json!({
            "iss": self.url, "aud": "yingda", "exp": 4_000_000_000_i64, "nonce": asked["nonce"],
            "email": email, "email_verified": true,
        });
        change(&mut claims);
        *self.claims.lock().unwrap() = claims;
        *self.asked.lock().unwrap() = asked;
    }
}

async fn discover(State(provider): State<Provider>) -> Json<Value> {
    let url = provider.url;
    Json(
        json!({ "issuer": url, "authorization_endpoint": format!("{url}/authorize"), "token_endpoint": format!("{url}/token") }),
    )
}

async fn redeem(
    State(provider): State<Provider>,
    headers: HeaderMap,
    RawForm(form): RawForm,
) -> Result<Json<Value>, StatusCode> {
    let form = reqwest::Url::parse(&format!("http://x?{}", String::from_utf8_lossy(&form))).unwrap();
    let form: BTreeMap<String, String> = form.query_pairs().into_owned().collect();
    let asked = provider.asked.lock().unwrap().clone();
    let challenge = BASE64.encode(Sha256::digest(form["code_verifier"].as_bytes()));
    let is_known = headers["authorization"].to_str().unwrap().starts_with("Basic ");
    let is_right = form["code"] == "the-code"
        && form["redirect_uri"] == asked["redirect_uri"]
        && challenge == asked["code_challenge"];
    if !is_known || !is_right {
        return Err(StatusCode::BAD_REQUEST);
    }
    let claims = BASE64.encode(provider.claims.lock().unwrap().to_string());
    Ok(Json(json!({ "id_token": format!("e30.{claims}.c2ln") })))
}

#[tokio::test]
async fn the_provider_vouches_for_a_person() {
    let mut tasks = JoinSet::new();
    let provider = Provider::start(&mut tasks).await;
    let environment = provider.trusted();
    let (server, _admin) = Server::set_up_with(&environment).await;
    let password = [("YINGDA_PASSWORD", PASSWORD)];
    assert!(run(&server.data, &["user", "add", "li@example.com"], &password).status.success());
    assert_eq!(server.nobody().get("/setup").await.body["oidc"], "公司账号");

    let state = |redirect: &Answer| redirect.header("set-cookie").split(';').next().unwrap().to_owned();
    let back = |redirect: &Answer| {
        let state = state(redirect);
        format!("/session/oidc/callback?code=the-code&state={}", state.split_once('=').unwrap().1)
    };
    let mut person = server.nobody();
    let redirect = person.get("/session/oidc").await;
    assert_eq!(redirect.status, 303, "{}", redirect.text);
    provider.vouch(&redirect, "Li@Example.com", |_| ());
    assert_eq!(person.get(&back(&redirect)).await.code(), "sign_in_wrong", "another browser came back");
    person.cookie = Some(state(&redirect));
    let signed_in = person.get(&back(&redirect)).await;
    assert_eq!(
        (signed_in.status.as_u16(), signed_in.header("location")),
        (303, "/console/"),
        "{}",
        signed_in.text
    );
    person.keep_cookie(&signed_in);
    assert_eq!(person.get("/me").await.body["login"], "li@example.com");
    person.cookie = Some(state(&redirect));
    assert_eq!(person.get(&back(&redirect)).await.code(), "sign_in_wrong", "a state works once");

    type Change = fn(&mut Value);
    let lies: [(&str, &str, Change); 6] = [
        ("nobody here", "other@example.com", |_| ()),
        ("meant for another", "li@example.com", |claims| claims["aud"] = "other".into()),
        ("past its time", "li@example.com", |claims| claims["exp"] = 1.into()),
        ("another request's", "li@example.com", |claims| claims["nonce"] = "x".into()),
        ("another provider's", "li@example.com", |claims| claims["iss"] = "https://evil.example".into()),
        ("not verified", "li@example.com", |claims| claims["email_verified"] = false.into()),
    ];
    for (what, email, change) in lies {
        let mut person = server.nobody();
        let redirect = person.get("/session/oidc").await;
        provider.vouch(&redirect, email, change);
        person.cookie = Some(state(&redirect));
        assert_eq!(person.get(&back(&redirect)).await.code(), "sign_in_wrong", "{what}");
    }
}

/// SYS-42: where the settings ask for a second factor, the provider's word counts as one, over a restart too; a password
/// alone does not.
#[tokio::test]
async fn who_comes_from_the_provider_is_not_asked_for_a_second_factor() {
    let mut tasks = JoinSet::new();
    let provider = Provider::start(&mut tasks).await;
    let environment = provider.trusted();
    let folder = Folder::new();
    let (server, admin) = Server::set_up_in(&folder.0, &environment).await;
    let password = [("YINGDA_PASSWORD", PASSWORD)];
    assert!(run(&server.data, &["user", "add", "li@example.com"], &password).status.success());
    let settings = admin.get("/records/settings").await.body["items"][0].clone();
    let mut record = settings["record"].clone();
    record["require_totp"] = true.into();
    let path = format!("/records/settings/{}", settings["id"].as_str().unwrap());
    let strict = admin.clone().with("if-match", &settings["version"].to_string()).put(&path, record).await;
    assert_eq!(strict.status, 200, "{}", strict.text);

    let mut person = server.nobody();
    let redirect = person.get("/session/oidc").await;
    provider.vouch(&redirect, "li@example.com", |_| ());
    let state = redirect.header("set-cookie").split(';').next().unwrap().to_owned();
    let code = format!("/session/oidc/callback?code=the-code&state={}", state.split_once('=').unwrap().1);
    person.cookie = Some(state);
    let signed_in = person.get(&code).await;
    person.keep_cookie(&signed_in);
    assert_eq!(person.get("/records/tag").await.code(), "", "the provider asked for it");
    assert_eq!(admin.get("/records/tag").await.code(), "totp_needed");
    drop(server);
    let server = Server::start_in(&folder.0, &environment).await;
    for (cookie, code) in [(person.cookie, ""), (admin.cookie, "totp_needed")] {
        let mut back = server.nobody();
        back.cookie = cookie;
        assert_eq!(back.get("/records/tag").await.code(), code);
    }
}

#[tokio::test]
async fn without_a_provider_there_is_no_such_way() {
    let server = Server::start().await;
    assert_eq!(server.nobody().get("/session/oidc").await.code(), "not_found");
    assert!(server.nobody().get("/setup").await.body["oidc"].is_null());
}
