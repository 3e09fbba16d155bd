//! The audit log (SYS-42, Q-15): complete, filtered, exported, and proof against tampering.

use crate::office::{hire, make};
use crate::support::Server;
use reqwest::StatusCode;
use serde_json::json;

#[tokio::test]
async fn every_change_is_found_by_kind_person_and_thing() {
    let (server, admin) = Server::set_up().await;
    let (_, user) = hire(&server, &admin, "li", "R-03").await;
    let me = admin.get("/me").await.body["id"].as_str().unwrap().to_owned();
    let of_user = admin.get(&format!("/audit?on=record:{user}")).await;
    let row = &of_user.body["items"][0];
    assert_eq!(row["kind"], "record_changed");
    assert_eq!(row["by"], json!({ "type": "user", "id": me }));
    assert_eq!(row["private"]["after"]["login"], "li");
    let by_me = admin.get(&format!("/audit?by=user:{me}&kind=secret_changed")).await;
    assert_eq!(by_me.body["items"].as_array().unwrap().len(), 1, "{}", by_me.text);
    assert!(!by_me.text.contains("argon2"), "no secret stands in the log");
    assert_eq!(admin.get("/audit?on=nobody:1").await.status, StatusCode::BAD_REQUEST);
    let (mut seqs, mut path) = (vec![], "/audit?limit=3".to_owned());
    loop {
        let page = admin.get(&path).await;
        seqs.extend(page.body["items"].as_array().unwrap().iter().map(|it| it["seq"].as_u64().unwrap()));
        let Some(next) = page.body["next"].as_str() else { break };
        path = format!("/audit?limit=3&cursor={next}");
    }
    assert!(seqs.windows(2).all(|two| two[0] > two[1]), "newest first, none twice: {seqs:?}");
    let table = admin.get("/audit/export?kind=record_changed").await;
    assert!(table.text.starts_with('\u{feff}') && table.text.lines().count() > 3, "{}", table.text);
    assert_eq!(admin.get("/audit?kind=exported").await.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn sys_42_a_row_that_was_changed_behind_our_back_is_named() {
    let (server, admin) = Server::set_up().await;
    make(&admin, "tag", json!({ "name": { "zh": "投诉", "en": "" } })).await;
    let whole = admin.get("/audit/verify").await;
    assert_eq!(whole.body["broken_at"], json!(null), "{}", whole.text);
    let checked = whole.body["checked"].as_i64().unwrap();
    assert!(checked > 5);
    assert_eq!(whole.body["head"].as_str().unwrap().len(), 64);
    let db = rusqlite::Connection::open(server.data.join("yingda.db")).unwrap();
    let seq = checked - 2;
    let done = db.execute("UPDATE event SET actor_id = actor_id + 1 WHERE seq = ?1", [seq as i64]).unwrap();
    assert_eq!(done, 1);
    assert_eq!(admin.get("/audit/verify").await.body["broken_at"], json!(seq));
    db.execute("UPDATE event SET actor_id = actor_id - 1 WHERE seq = ?1", [seq as i64]).unwrap();
    assert_eq!(
        admin.get("/audit/verify").await.body["broken_at"],
        json!(null),
        "put back, it is whole again"
    );
    db.execute("UPDATE event SET private_body = '{}' WHERE seq = ?1", [seq as i64]).unwrap();
    assert_eq!(admin.get("/audit/verify").await.body["broken_at"], json!(seq), "the hidden part counts too");
    db.execute("DELETE FROM event WHERE seq = ?1", [seq as i64]).unwrap();
    assert_eq!(
        admin.get("/audit/verify").await.body["broken_at"],
        json!(seq),
        "a missing row is a broken one"
    );
}
