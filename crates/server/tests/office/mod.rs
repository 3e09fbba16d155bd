//! People and programs of a company, hired over the same API that consoles use.

use crate::support::{Answer, PASSWORD, Person, Server};
use reqwest::StatusCode;
use serde_json::{Value, json};

/// The id of a role by its code.
pub async fn role(admin: &Person, code: &str) -> String {
    let roles = admin.get("/records/role").await;
    let items = roles.body["items"].as_array().unwrap();
    let found = items.iter().find(|role| role["record"]["code"] == code);
    found.unwrap_or_else(|| panic!("there is a role {code}"))["id"].as_str().unwrap().to_owned()
}

/// The id of the first record of a kind.
pub async fn first(admin: &Person, kind: &str) -> String {
    let found = admin.get(&format!("/records/{kind}")).await;
    assert_eq!(found.status, StatusCode::OK, "{}", found.text);
    found.body["items"][0]["id"].as_str().unwrap_or_else(|| panic!("no {kind}: {}", found.text)).to_owned()
}

/// A new record; its answer.
pub async fn make(admin: &Person, kind: &str, mut record: Value) -> Answer {
    record["kind"] = kind.into();
    let answer = admin.post(&format!("/records/{kind}"), record).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    answer
}

/// What customers of the site have, instead of what the settings say.
pub async fn set_up_customers(admin: &Person, customers: Value) {
    set_up(admin, "customers", customers).await;
}

/// One part of the settings, instead of what they say.
pub async fn set_up(admin: &Person, part: &str, value: Value) {
    let settings = admin.get("/records/settings").await.body["items"][0].clone();
    let mut record = settings["record"].clone();
    record[part] = value;
    let at = format!("/records/settings/{}", settings["id"].as_str().unwrap());
    let version = format!("\"{}\"", settings["version"]);
    let set = admin.clone().with("if-match", &version).put(&at, record).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.text);
}

/// A new member of staff with one role, signed in. Gives the person and their id.
pub async fn hire(server: &Server, admin: &Person, login: &str, code: &str) -> (Person, String) {
    let user = json!({ "login": login, "name": login, "roles": [role(admin, code).await] });
    let id = make(admin, "user", user).await.body["id"].as_str().unwrap().to_owned();
    let set = admin.post(&format!("/users/{id}/password"), json!({ "password": PASSWORD })).await;
    assert_eq!(set.status, StatusCode::NO_CONTENT, "{}", set.text);
    (server.sign_in(login).await, id)
}

/// Puts somebody into a team.
pub async fn join(admin: &Person, user: &str, team: &str) {
    let at = format!("/records/user/{user}");
    let found = admin.get(&at).await;
    let mut record = found.body["record"].clone();
    record["team"] = team.into();
    let put = admin.clone().with("if-match", found.header("etag")).put(&at, record).await;
    assert_eq!(put.status, StatusCode::OK, "{}", put.text);
}

/// A program with a key for these actions.
pub async fn program(server: &Server, admin: &Person, actions: &[&str]) -> Person {
    let made = admin.post("/keys", json!({ "name": "program", "actions": actions })).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let key = made.body["secret"].as_str().unwrap();
    server.nobody().without("x-yingda").with("authorization", &format!("Bearer {key}"))
}
