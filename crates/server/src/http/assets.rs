//! The web parts, embedded in the binary: console, widget, demo page.

use crate::app::Shared;
use axum::{
    Router,
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use hashbrown::HashMap;
use rust_embed::{EmbeddedFile, RustEmbed};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::{
    fmt::Write as _,
    io::Write as _,
    sync::{LazyLock, Mutex},
};
use yingda_core::id::WidgetId;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../web/apps/console/dist"]
struct Console;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../web/apps/widget/dist"]
struct Widget;

pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/", get(|| async { Redirect::temporary("/console/") }))
        .route("/console", get(|| async { Redirect::permanent("/console/") }))
        .route("/console/", get(|headers: HeaderMap| async move { console("", &headers) }))
        .route(
            "/console/{*path}",
            get(|Path(path): Path<String>, headers: HeaderMap| async move { console(&path, &headers) }),
        )
        .route("/widget/frame", get(frame))
        .route(
            "/widget/{*path}",
            get(|Path(path): Path<String>, headers: HeaderMap| async move { widget(&path, &headers) }),
        )
        .route("/demo", get(|| async { Redirect::permanent("/demo/") }))
        .route("/demo/", get(|headers: HeaderMap| async move { demo("index.html", &headers) }))
        .route(
            "/demo/{*path}",
            get(|Path(path): Path<String>, headers: HeaderMap| async move { demo(&path, &headers) }),
        )
}

/// A file of the console; an address without one is a page of the program that runs in the browser.
fn console(path: &str, headers: &HeaderMap) -> Response {
    const POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; media-src 'self' data: blob:; \
        style-src 'self' 'unsafe-inline'; font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; \
        base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
    let is_file = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    let found = Console::get(path).map(|file| (path, file));
    let page = || Console::get("index.html").map(|file| ("index.html", file));
    match found.or_else(|| if is_file { None } else { page() }) {
        Some((name, file)) => answer(name, &file, headers, POLICY),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The loader and whatever else other sites' pages take from us.
fn widget(path: &str, headers: &HeaderMap) -> Response {
    let Some(file) = Widget::get(path) else { return StatusCode::NOT_FOUND.into_response() };
    let mut response = answer(path, &file, headers, "default-src 'none'; frame-ancestors 'none'");
    let anywhere = HeaderValue::from_static("cross-origin");
    response.headers_mut().insert("cross-origin-resource-policy", anywhere);
    response
}

fn demo(path: &str, headers: &HeaderMap) -> Response {
    const POLICY: &str = "default-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; \
        base-uri 'none'; object-src 'none'";
    let path = format!("demo/{path}");
    match Widget::get(&path) {
        Some(file) => answer(&path, &file, headers, POLICY),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The widget's frame, which is also the page `/chat/{widget}`.
const PAGE: &str = "frame.html";

#[derive(Deserialize)]
struct FrameQuery {
    widget: Option<WidgetId>,
}

/// The widget's page, with its scripts inside. It may be framed by the widget's own origins only.
async fn frame(State(app): State<Shared>, Query(query): Query<FrameQuery>, headers: HeaderMap) -> Response {
    let Some(file) = Widget::get(PAGE) else { return StatusCode::NOT_FOUND.into_response() };
    let directory = app.directory();
    let origins =
        query.widget.and_then(|id| directory.widgets.get(&id)).map(|widget| widget.origins.join(" "));
    let ancestors = origins.filter(|origins| !origins.is_empty()).unwrap_or_else(|| "*".to_owned());
    answer(PAGE, &file, &headers, &frame_policy(&file, &ancestors))
}

/// What the widget's page may do, and who may frame it.
fn frame_policy(page: &EmbeddedFile, ancestors: &str) -> String {
    let mut policy = "default-src 'none'; connect-src 'self'; img-src 'self' data: blob:; media-src 'self' \
        data: blob:; style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'self'; script-src 'self'"
        .to_owned();
    for hash in &*inline_scripts(page) {
        let _ = write!(policy, " 'sha256-{hash}'");
    }
    let _ = write!(policy, "; frame-ancestors {ancestors}");
    policy
}

/// The widget as a page of its own, with what stands in it for browsers that run no script.
pub(super) fn chat_page(without_script: &str, asked: &HeaderMap) -> Response {
    let Some(file) = Widget::get(PAGE) else { return StatusCode::NOT_FOUND.into_response() };
    let page = String::from_utf8_lossy(&file.data).replacen("<!--noscript-->", without_script, 1);
    let accepted =
        asked.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let response = Response::builder()
        .header(header::CONTENT_TYPE, "text/html; charset=utf-8")
        .header(header::CACHE_CONTROL, "no-cache")
        .header(header::VARY, "accept-encoding")
        .header(header::CONTENT_SECURITY_POLICY, frame_policy(&file, "'none'"));
    let response = if accepted.contains("gzip") {
        response.header(header::CONTENT_ENCODING, "gzip").body(Body::from(gzip(page.as_bytes())))
    } else {
        response.body(Body::from(page))
    };
    response.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

/// Hashes of the scripts that stand in a page, so that no other script runs in it.
fn inline_scripts(page: &EmbeddedFile) -> Vec<String> {
    let text = String::from_utf8_lossy(&page.data);
    text.split("<script")
        .skip(1)
        .filter_map(|rest| rest.split_once('>'))
        .filter(|(attributes, _)| !attributes.contains("src="))
        .filter_map(|(_, rest)| rest.split_once("</script>"))
        .map(|(script, _)| STANDARD.encode(Sha256::digest(script.as_bytes())))
        .collect()
}

/// Compressed copies, made when first asked for.
static COMPRESSED: LazyLock<Mutex<HashMap<[u8; 32], Bytes>>> = LazyLock::new(Mutex::default);

fn compressed(file: &EmbeddedFile) -> Bytes {
    let mut known = COMPRESSED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    known.entry(file.metadata.sha256_hash()).or_insert_with(|| gzip(&file.data)).clone()
}

fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(vec![], Compression::best());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.expect("writing to memory does not fail").into()
}

fn answer(path: &str, file: &EmbeddedFile, asked: &HeaderMap, policy: &str) -> Response {
    let (mime, is_text) = mime(path);
    let etag = format!("\"{}\"", hex::encode(&file.metadata.sha256_hash()[..12]));
    let text = |name| asked.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
    // Vite puts a hash into the names of what lies in `assets`: such a file never changes.
    let cache = if path.contains("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = Response::builder()
        .header(header::CONTENT_TYPE, mime)
        .header(header::ETAG, &etag)
        .header(header::CACHE_CONTROL, cache)
        .header(header::VARY, "accept-encoding")
        .header(header::CONTENT_SECURITY_POLICY, policy);
    let body = if text(header::IF_NONE_MATCH).contains(&etag) {
        response = response.status(StatusCode::NOT_MODIFIED);
        Body::empty()
    } else if is_text && text(header::ACCEPT_ENCODING).contains("gzip") {
        response = response.header(header::CONTENT_ENCODING, "gzip");
        Body::from(compressed(file))
    } else {
        Body::from(file.data.clone())
    };
    // An origin that an administrator wrote might not fit into a header.
    response.body(body).unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

/// The type by a file's ending, and whether compression helps.
fn mime(path: &str) -> (&'static str, bool) {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => ("text/html; charset=utf-8", true),
        "js" | "mjs" => ("text/javascript; charset=utf-8", true),
        "css" => ("text/css; charset=utf-8", true),
        "svg" => ("image/svg+xml", true),
        "json" | "map" | "webmanifest" => ("application/json", true),
        "txt" => ("text/plain; charset=utf-8", true),
        "png" => ("image/png", false),
        "jpg" | "jpeg" => ("image/jpeg", false),
        "webp" => ("image/webp", false),
        "ico" => ("image/x-icon", false),
        "woff2" => ("font/woff2", false),
        "mp3" => ("audio/mpeg", false),
        "ogg" => ("audio/ogg", false),
        "wav" => ("audio/wav", false),
        _ => ("application/octet-stream", false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn compression_gives_back_the_same_bytes() {
        let page = "<p>你好</p>".repeat(1_000);
        let mut back = String::new();
        let packed = gzip(page.as_bytes());
        flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut back).unwrap();
        assert_eq!(back, page);
        assert!(packed.len() < page.len() / 10);
    }
}
