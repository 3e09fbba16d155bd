//! HTTP: one router, the layers around it, and the handlers by noun.

pub mod assets;
pub mod body;
pub mod client;
pub mod health;

use crate::{app::Shared, problem};
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    http::{HeaderName, HeaderValue, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;

/// All addresses of the server.
pub fn router(app: Shared) -> Router {
    let api = Router::new();
    Router::new()
        .nest("/api/v1", api.merge(health::routes()))
        .merge(health::routes())
        .merge(assets::routes())
        .layer(DefaultBodyLimit::max(app.config.limits.body_bytes()))
        .layer(middleware::from_fn(catch_panics))
        .layer(middleware::from_fn(problem::tell))
        .layer(middleware::from_fn(security_headers))
        .layer(middleware::from_fn_with_state(app.clone(), client::recognise))
        .with_state(app)
}

/// A bug in one handler is that request's problem, not the process's.
async fn catch_panics(request: Request, next: Next) -> Response {
    let address = request.uri().path().to_owned();
    AssertUnwindSafe(next.run(request)).catch_unwind().await.unwrap_or_else(|_| {
        problem::Problem::broken("a handler panicked", address).into_response()
    })
}

/// What every answer says to browsers. Pages add their own content security policy.
async fn security_headers(request: Request, next: Next) -> Response {
    const HEADERS: [(HeaderName, &str); 4] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "strict-origin-when-cross-origin"),
        (HeaderName::from_static("permissions-policy"), "geolocation=(), camera=(), microphone=(self)"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    let is_secure = request.extensions().get::<client::Client>().is_some_and(|client| client.is_secure);
    let is_api = request.uri().path().starts_with("/api/");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if is_secure {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(year);
    }
    if is_api {
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    // Nothing may load or run anything unless its page says so; only widget pages may be framed elsewhere.
    let nothing = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; base-uri 'none'");
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(nothing);
    response
}
