//! What every answer has in common: health, headers, problems, limits.

use crate::support::Server;
use reqwest::{Method, StatusCode};
use serde_json::json;
use std::io::{Read, Write};

#[tokio::test]
async fn health_pages_and_the_document_are_there() {
    let server = Server::start().await;
    let anyone = server.nobody();
    for path in ["//healthz", "//readyz", "/healthz", "/readyz"] {
        assert_eq!(anyone.get(path).await.status, StatusCode::OK, "{path}");
    }
    let document = anyone.get("//openapi.json").await;
    assert!(document.body["openapi"].as_str().unwrap().starts_with("3.1"));
    assert!(document.body["paths"]["/api/v1/session"]["post"].is_object());
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let server = Server::start().await;
    let anyone = server.nobody();
    for path in ["//healthz", "/me", "//nowhere", "/setup"] {
        let answer = anyone.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        assert!(!answer.header("referrer-policy").is_empty(), "{path}");
    }
    assert_eq!(anyone.get("/me").await.header("cache-control"), "no-store");
    assert_eq!(anyone.get("/me").await.header("strict-transport-security"), "", "not over plain HTTP");
}

#[tokio::test]
async fn behind_a_trusted_proxy_with_tls_cookies_are_secure() {
    let server = Server::start_with(&[("YINGDA_PROXY_TRUSTED", "127.0.0.0/8")]).await;
    let proxied = server.nobody().with("x-forwarded-proto", "https").with("x-forwarded-for", "1.2.3.4");
    assert!(!proxied.get("/me").await.header("strict-transport-security").is_empty());
    let body = json!({ "token": server.set_up_token, "company": "", "login": "a.b", "name": "A",
        "password": crate::support::PASSWORD });
    assert!(proxied.post("/setup", body).await.header("set-cookie").contains("; Secure"));
}

/// Errors are RFC 9457 problems in the caller's language.
#[tokio::test]
async fn problems_say_what_happened_in_both_languages() {
    let server = Server::start().await;
    let zh = server.nobody().with("accept-language", "zh-CN");
    let en = server.nobody().with("accept-language", "en-US,en;q=0.9");
    let problem = zh.get("/me").await;
    assert!(problem.header("content-type").starts_with("application/problem+json"));
    assert_eq!(problem.status, StatusCode::UNAUTHORIZED);
    assert_eq!(problem.body["status"], 401);
    assert_eq!(problem.body["type"], "urn:yingda:problem:sign_in_first");
    assert_eq!(problem.body["title"], "尚未登录，或登录已过期。");
    assert_eq!(en.get("/me").await.body["detail"], "Sign in again.");
    assert_eq!(zh.get("/me?lang=en").await.body["detail"], "Sign in again.");
    assert_eq!(en.get("/nowhere").await.code(), "no_such_address");
    assert_eq!(en.delete("/setup").await.code(), "wrong_method");
}

#[tokio::test]
async fn bad_bodies_are_refused_with_the_place() {
    let server = Server::start_with(&[("YINGDA_LIMITS_BODY_KB", "16")]).await;
    let anyone = server.nobody().with("accept-language", "en");
    let post = |body: String| {
        let anyone = anyone.clone();
        async move { anyone.ask(Method::POST, "/session", Some(body)).await }
    };
    let broken = post("{\"login\": ".into()).await;
    assert_eq!((broken.status, broken.code()), (StatusCode::BAD_REQUEST, "bad_json"));
    assert!(broken.body["detail"].as_str().unwrap().contains("line 1 column"), "{}", broken.text);
    let wrong_type = post("{\"login\": 5, \"password\": \"x\"}".into()).await;
    assert_eq!(wrong_type.code(), "bad_json");
    assert!(wrong_type.body["detail"].as_str().unwrap().contains("login"), "{}", wrong_type.text);
    let large = post(format!("{{\"login\": \"{}\"}}", "x".repeat(20_000))).await;
    assert_eq!((large.status, large.code()), (StatusCode::PAYLOAD_TOO_LARGE, "too_large"));
    let no_json = anyone.ask(Method::POST, "/session", None).await;
    assert_eq!(no_json.code(), "wrong_media_type");
    let script = post("{\"login\": \"<script>\", \"password\": \"</script>\"}".into()).await;
    assert_eq!(script.code(), "sign_in_wrong");
    assert_eq!(anyone.get("//readyz").await.status, StatusCode::OK);
}

/// A socket that never sends a whole request is closed, and nobody else waits for it.
#[tokio::test]
async fn a_socket_that_never_speaks_is_closed() {
    let mut server = Server::start_with(&[("YINGDA_LIMITS_HEADER_SECONDS", "1")]).await;
    let address = server.url.strip_prefix("http://").unwrap().to_owned();
    let silent = std::net::TcpStream::connect(&address).unwrap();
    let mut slow = std::net::TcpStream::connect(&address).unwrap();
    slow.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-half").unwrap();
    assert_eq!(server.nobody().get("//healthz").await.status, StatusCode::OK);
    for mut socket in [silent, slow] {
        let mut rest = vec![];
        // Reading to the end only comes back when the server has closed the connection.
        let _ = socket.read_to_end(&mut rest);
        assert!(!String::from_utf8_lossy(&rest).contains("200 OK"));
    }
    assert!(server.is_running());
}

#[tokio::test]
async fn bytes_that_are_no_http_do_no_harm() {
    let mut server = Server::start().await;
    let address = server.url.strip_prefix("http://").unwrap().to_owned();
    for bytes in
        [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"[..], b"\xff\xfe\x00\x00", b"GET / HTTP/9.9\r\n\r\n"]
    {
        let mut socket = std::net::TcpStream::connect(&address).unwrap();
        socket.write_all(bytes).unwrap();
        socket.shutdown(std::net::Shutdown::Write).unwrap();
        let mut rest = vec![];
        let _ = socket.read_to_end(&mut rest);
        assert!(!String::from_utf8_lossy(&rest).contains("200 OK"));
    }
    assert_eq!(server.nobody().get("//healthz").await.status, StatusCode::OK);
    assert!(server.is_running());
}
