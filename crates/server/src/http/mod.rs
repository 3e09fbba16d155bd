//! HTTP: one router, the layers around it, and the handlers by noun.

pub mod acts;
pub mod arrivals;
pub mod assets;
pub mod audit;
pub mod batches;
pub mod body;
pub mod channels;
pub mod client;
pub mod compose;
mod consents;
pub mod consult;
mod conversation_sheet;
pub mod conversations;
mod customer_imports;
pub mod customer_merge;
pub mod customers;
mod duplicates;
pub mod edit;
pub mod files;
pub mod floor;
mod flows;
pub mod health;
pub mod hooks;
pub mod idempotency;
pub mod indicators;
pub mod keys;
pub mod leads;
pub mod letters;
pub mod nodes;
pub mod oidc;
mod order_sheet;
mod orders;
pub mod packs;
pub mod phone;
mod plain_page;
pub mod plans;
mod portal;
mod portal_orders;
mod portal_pages;
mod portal_talks;
mod portal_tickets;
mod products;
pub mod promises;
pub mod proof;
pub mod records;
pub mod register_notes;
mod register_sheet;
pub mod registers;
mod relations;
pub mod reports;
pub mod routes;
pub mod rules;
mod segments;
pub mod session;
pub mod setup;
pub mod shared_views;
mod shop_tables;
mod split;
mod survey_form;
mod survey_pages;
mod survey_paper;
mod surveys;
mod table;
mod ticket_migration;
mod ticket_paper;
mod ticket_sheet;
mod ticket_shown;
pub mod tickets;
mod timeline;
pub mod transcript;
pub mod users;
pub mod visitor_pages;
pub mod visitors;
pub mod webhooks;

use crate::{app::Shared, openapi, problem, socket, trace};
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    http::{HeaderName, HeaderValue, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use futures_util::FutureExt;
use routes::Routes;
use std::panic::AssertUnwindSafe;

/// All documented addresses, below `/api/v1`. `largest_file` is in bytes.
pub fn api(largest_file: usize) -> Routes {
    Routes::new()
        .merge(session::routes())
        .merge(setup::routes())
        .merge(oidc::routes())
        .merge(records::routes())
        .merge(packs::routes())
        .merge(users::routes())
        .merge(conversations::routes())
        .merge(acts::routes())
        .merge(consult::routes())
        .merge(transcript::routes())
        .merge(customer_imports::routes())
        .merge(customers::routes())
        .merge(customer_merge::routes())
        .merge(proof::routes())
        .merge(letters::routes())
        .merge(split::routes())
        .merge(registers::routes())
        .merge(register_notes::routes())
        .merge(leads::routes())
        .merge(tickets::routes())
        .merge(ticket_paper::routes())
        .merge(ticket_migration::routes())
        .merge(orders::routes())
        .merge(products::routes())
        .merge(shop_tables::routes())
        .merge(shared_views::routes())
        .merge(promises::routes())
        .merge(rules::routes())
        .merge(plans::routes())
        .merge(indicators::routes())
        .merge(surveys::routes())
        .merge(segments::routes())
        .merge(relations::routes())
        .merge(timeline::routes())
        .merge(visitors::routes())
        .merge(files::routes(largest_file))
        .merge(floor::routes())
        .merge(nodes::routes())
        .merge(keys::routes())
        .merge(webhooks::routes())
        .merge(channels::routes())
        .merge(arrivals::routes())
        .merge(phone::routes())
        .merge(flows::routes())
        .merge(batches::routes())
        .merge(compose::routes())
        .merge(consents::routes())
        .merge(duplicates::routes())
        .merge(reports::routes())
        .merge(audit::routes())
}

/// All addresses of the server.
pub fn router(app: Shared) -> Router {
    let api = api(app.config.limits.upload_bytes()).into_router();
    let document = get(|| async { ([(header::CONTENT_TYPE, "application/json")], openapi::document()) });
    let api = api
        .merge(socket::routes())
        .merge(hooks::routes())
        .merge(health::routes())
        .route("/openapi.json", document.clone());
    Router::new()
        .nest("/api/v1", api)
        .route("/openapi.json", document)
        .merge(health::routes())
        .merge(assets::routes())
        .merge(visitor_pages::routes())
        .merge(survey_pages::routes())
        .merge(phone::doors())
        .merge(portal::routes())
        .merge(portal_orders::routes())
        .merge(portal_talks::routes())
        .merge(portal_tickets::routes(app.config.limits.upload_bytes()))
        .layer(DefaultBodyLimit::max(app.config.limits.body_bytes()))
        .layer(middleware::from_fn(catch_panics))
        .layer(middleware::from_fn(problem::tell))
        .layer(middleware::from_fn(security_headers))
        .layer(middleware::from_fn_with_state(app.clone(), trace::follow))
        .layer(middleware::from_fn_with_state(app.clone(), client::recognise))
        .with_state(app)
}

/// A bug in one handler is that request's problem, not the process's.
async fn catch_panics(request: Request, next: Next) -> Response {
    let address = request.uri().path().to_owned();
    AssertUnwindSafe(next.run(request))
        .catch_unwind()
        .await
        .unwrap_or_else(|_| problem::Problem::broken("a handler panicked", address).into_response())
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

#[cfg(test)]
mod tests {
    use super::*;
    use tower::ServiceExt;

    #[tokio::test]
    async fn a_panic_is_one_requests_problem() {
        async fn broken() {
            panic!("on purpose")
        }
        let router: Router = Router::new()
            .route("/", get(broken))
            .layer(middleware::from_fn(catch_panics))
            .layer(middleware::from_fn(problem::tell));
        let answer =
            router.oneshot(Request::get("/").body(axum::body::Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), 500);
        let body = axum::body::to_bytes(answer.into_body(), 10_000).await.unwrap();
        assert!(String::from_utf8_lossy(&body).contains("urn:yingda:problem:broken"));
    }
}
