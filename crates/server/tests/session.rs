//! Setting up, signing in, and what keeps strangers out (SYS-42).

use crate::support::{PASSWORD, Server, run};
use reqwest::StatusCode;
use serde_json::json;

#[tokio::test]
async fn the_printed_link_makes_the_first_administrator_once() {
    let server = Server::start().await;
    let stranger = server.nobody();
    assert_eq!(stranger.get("/setup").await.body["needed"], true);
    let set_up = |token: &str, password: &str| json!({ "token": token, "company": "示例公司", "login": "Admin", "name": "管理员", "password": password });
    let token = server.set_up_token.clone().expect("an empty store prints a link");
    let wrong = stranger.post("/setup", set_up("guess", PASSWORD)).await;
    assert_eq!((wrong.status, wrong.code()), (StatusCode::FORBIDDEN, "set_up_token"));
    let weak = stranger.post("/setup", set_up(&token, "short")).await;
    assert_eq!((weak.status, weak.code()), (StatusCode::UNPROCESSABLE_ENTITY, "password_weak"));
    let done = stranger.post("/setup", set_up(&token, PASSWORD)).await;
    assert_eq!(done.status, StatusCode::CREATED, "{}", done.text);
    assert_eq!(done.body["login"], "admin");
    assert_eq!(done.body["may"]["manage_users"], "site");
    assert_eq!(done.body["settings"]["company"]["zh"], "示例公司");
    let again = stranger.post("/setup", set_up(&token, PASSWORD)).await;
    assert_eq!((again.status, again.code()), (StatusCode::CONFLICT, "set_up_done"));
    assert_eq!(stranger.get("/setup").await.body["needed"], false);
}

#[tokio::test]
async fn signing_in_gives_a_cookie_that_ends_with_signing_out() {
    let (server, _) = Server::set_up().await;
    let mut person = server.nobody();
    assert_eq!(person.get("/me").await.code(), "sign_in_first");
    let answer = person.try_password("ADMIN ", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let cookie = answer.header("set-cookie");
    for part in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    person.keep_cookie(&answer);
    let me = person.get("/me").await;
    assert_eq!(me.body["name"], "管理员");
    assert_eq!(me.body["has_totp"], false);
    assert!(me.body["names"].as_array().unwrap().iter().any(|name| name["kind"] == "queue"));
    assert_eq!(person.delete("/session").await.status, StatusCode::NO_CONTENT);
    assert_eq!(person.get("/me").await.status, StatusCode::UNAUTHORIZED, "the cookie is worth nothing now");
}

#[tokio::test]
async fn a_session_outlives_a_restart_of_the_server() {
    let folder = crate::support::Folder::new();
    let server = Server::start_in(&folder.0, &[]).await;
    let mut admin = server.nobody();
    let body = json!({ "token": server.set_up_token, "company": "", "login": "admin", "name": "A", "password": PASSWORD });
    let answer = admin.post("/setup", body).await;
    admin.keep_cookie(&answer);
    assert_eq!(server.stop(), Some(0), "a stop by signal is no failure");
    let server = Server::start_in(&folder.0, &[]).await;
    assert_eq!(server.set_up_token, None);
    let mut again = server.nobody();
    again.cookie = admin.cookie;
    assert_eq!(again.get("/me").await.status, StatusCode::OK);
}

/// SYS-42: the sixth try is refused even with the right password; an operator unlocks.
#[tokio::test]
async fn five_wrong_passwords_lock_the_account() {
    let (server, admin) = Server::set_up().await;
    let stranger = server.nobody();
    for n in 1..=5 {
        let answer = stranger.try_password("admin", "not the password").await;
        let expected = if n < 5 { "sign_in_wrong" } else { "locked" };
        assert_eq!(answer.code(), expected, "try {n}");
    }
    let sixth = stranger.try_password("admin", PASSWORD).await;
    assert_eq!((sixth.status, sixth.code()), (StatusCode::LOCKED, "locked"));
    assert_eq!(admin.get("/me").await.status, StatusCode::OK, "who is signed in stays so");
    let output = run(&server.data, &["user", "unlock", "admin"], &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(stranger.try_password("admin", PASSWORD).await.status, StatusCode::OK);
}

/// SYS-42: guesses that run side by side are counted like guesses one after another.
#[tokio::test]
async fn parallel_guesses_do_not_slip_past_the_lock() {
    let (server, _) = Server::set_up().await;
    let stranger = server.nobody();
    let guesses = (0..8).map(|_| {
        let stranger = stranger.clone();
        async move { stranger.try_password("admin", "not the password").await.code().to_owned() }
    });
    let codes = futures_util::future::join_all(guesses).await;
    assert_eq!(codes.iter().filter(|code| *code == "sign_in_wrong").count(), 4, "{codes:?}");
    assert_eq!(stranger.try_password("admin", PASSWORD).await.code(), "locked");
}

#[tokio::test]
async fn unknown_logins_are_answered_like_wrong_passwords() {
    let (server, _) = Server::set_up().await;
    let stranger = server.nobody();
    for n in 1..=6 {
        let unknown = stranger.try_password("nobody", "not the password").await;
        let wrong = stranger.try_password("admin", "not the password").await;
        assert_eq!((unknown.status, unknown.body), (wrong.status, wrong.body), "try {n}");
    }
}

#[tokio::test]
async fn too_many_tries_from_one_address_have_to_wait() {
    let (server, _) = Server::set_up_with(&[("YINGDA_LIMITS_SIGN_IN_PER_MINUTE", "3")]).await;
    let stranger = server.nobody();
    // The set-up was one of the three.
    for _ in 0..2 {
        assert_eq!(stranger.try_password("x", "y").await.code(), "sign_in_wrong");
    }
    let answer = stranger.try_password("x", "y").await;
    assert_eq!((answer.status, answer.code()), (StatusCode::TOO_MANY_REQUESTS, "too_many_requests"));
    assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0);
}

#[tokio::test]
async fn a_second_sign_in_ends_the_first() {
    let (server, first) = Server::set_up().await;
    let second = server.sign_in("admin").await;
    assert_eq!(second.get("/me").await.status, StatusCode::OK);
    assert_eq!(first.get("/me").await.code(), "sign_in_first");
}

/// SYS-42: another site's page cannot use the cookie.
#[tokio::test]
async fn a_change_needs_proof_that_our_own_page_sent_it() {
    let (server, admin) = Server::set_up().await;
    let browser = admin.without("x-yingda");
    let change =
        |person: crate::support::Person| async move { person.put("/me/preferences", json!({})).await };
    assert_eq!(change(browser.clone()).await.code(), "cross_site");
    let elsewhere = change(browser.clone().with("origin", "https://evil.example")).await;
    assert_eq!((elsewhere.status, elsewhere.code()), (StatusCode::FORBIDDEN, "cross_site"));
    assert_eq!(change(browser.clone().with("sec-fetch-site", "cross-site")).await.code(), "cross_site");
    assert_eq!(change(browser.clone().with("sec-fetch-site", "same-site")).await.code(), "cross_site");
    assert_eq!(change(browser.clone().with("origin", &server.url)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(
        change(browser.clone().with("sec-fetch-site", "same-origin")).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(browser.get("/me").await.status, StatusCode::OK, "reading needs no proof");
}

#[tokio::test]
async fn preferences_come_back_as_they_were() {
    let (_server, admin) = Server::set_up().await;
    let wanted = json!({ "theme": "dark", "sounds": { "assigned": true } });
    assert_eq!(admin.put("/me/preferences", wanted.clone()).await.status, StatusCode::NO_CONTENT);
    assert_eq!(admin.get("/me").await.body["preferences"], wanted);
    assert_eq!(admin.put("/me/preferences", json!([1])).await.code(), "bad_value");
}

#[tokio::test]
async fn a_changed_password_ends_other_sessions_and_the_old_password() {
    let (server, _) = Server::set_up_with(&[("YINGDA_LIMITS_SIGN_IN_PER_MINUTE", "100")]).await;
    let person = server.sign_in("admin").await;
    let change = |old: &str, new: &str| json!({ "old": old, "new": new });
    assert_eq!(person.post("/me/password", change("wrong", "new-and-long-1")).await.code(), "sign_in_wrong");
    let weak = person.post("/me/password", change(PASSWORD, "admin-admin-1")).await;
    assert_eq!(weak.code(), "password_weak");
    assert_eq!(weak.body["fields"][0]["field"], "password");
    let changed = person.post("/me/password", change(PASSWORD, "new-and-long-1")).await;
    assert_eq!(changed.status, StatusCode::NO_CONTENT, "{}", changed.text);
    assert_eq!(person.get("/me").await.status, StatusCode::OK);
    let stranger = server.nobody();
    assert_eq!(stranger.try_password("admin", PASSWORD).await.code(), "sign_in_wrong");
    assert_eq!(stranger.try_password("admin", "new-and-long-1").await.status, StatusCode::OK);
}

/// SYS-42: an optional second factor, whose codes work once.
#[tokio::test]
async fn a_second_factor_asks_for_a_code_that_works_once() {
    let (server, admin) = Server::set_up_with(&[("YINGDA_LIMITS_SIGN_IN_PER_MINUTE", "100")]).await;
    let begun = admin.post("/me/totp", json!({})).await;
    assert_eq!(begun.status, StatusCode::OK, "{}", begun.text);
    assert!(begun.body["uri"].as_str().unwrap().starts_with("otpauth://totp/"), "{}", begun.text);
    let secret = totp_rs::Secret::try_from_base32(begun.body["secret"].as_str().unwrap()).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    // One step early and one late are also right: three codes without waiting for the clock.
    let now = std::fs::metadata(server.data.join("secret.key")).unwrap().modified().unwrap();
    let now = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let code = |step: i64| totp.generate(now.saturating_add_signed(step * 30)).to_string();
    assert_eq!(admin.put("/me/totp", json!({ "code": "000000" })).await.code(), "code_wrong");
    let confirmed = admin.put("/me/totp", json!({ "code": code(0) })).await;
    assert_eq!(confirmed.status, StatusCode::NO_CONTENT, "{}", confirmed.text);
    let mut person = server.nobody();
    assert_eq!(person.try_password("admin", PASSWORD).await.code(), "code_needed");
    let with = |code: String| json!({ "login": "admin", "password": PASSWORD, "code": code });
    assert_eq!(person.post("/session", with(code(0))).await.code(), "code_wrong", "it was used to confirm");
    let signed_in = person.post("/session", with(code(1))).await;
    assert_eq!(signed_in.status, StatusCode::OK, "{}", signed_in.text);
    person.keep_cookie(&signed_in);
    assert_eq!(person.get("/me").await.body["has_totp"], true);
    assert_eq!(person.post("/session", with(code(1))).await.code(), "code_wrong", "a code works once");
}
