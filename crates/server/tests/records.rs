//! Records: versions, repetition, references, history (SYS-42, SYS-73, Q-15).

use crate::office::{first, hire, make, program, role};
use crate::support::Server;
use reqwest::StatusCode;
use serde_json::json;

fn tag(name: &str) -> serde_json::Value {
    json!({ "kind": "tag", "name": { "zh": name, "en": "" } })
}

#[tokio::test]
async fn a_change_names_the_version_it_is_based_on() {
    let (_server, admin) = Server::set_up().await;
    let made = make(&admin, "tag", tag("投诉")).await;
    assert_eq!(made.header("etag"), "\"1\"");
    let path = format!("/records/tag/{}", made.body["id"].as_str().unwrap());
    let blind = admin.put(&path, tag("表扬")).await;
    assert_eq!((blind.status, blind.code()), (StatusCode::PRECONDITION_REQUIRED, "version_needed"));
    let first = admin.clone().with("if-match", "\"1\"").put(&path, tag("表扬")).await;
    assert_eq!((first.status, &first.body["version"]), (StatusCode::OK, &json!(2)), "{}", first.text);
    let second = admin.clone().with("if-match", "\"1\"").put(&path, tag("建议")).await;
    assert_eq!((second.status, second.code()), (StatusCode::CONFLICT, "stale"));
    assert_eq!(second.body["current"]["record"]["name"]["zh"], "表扬", "the loser sees what is there now");
    let english =
        admin.clone().with("if-match", "\"1\"").with("accept-language", "en").put(&path, tag("x")).await;
    assert_eq!(english.body["title"], "The record changed after you read it.");
}

#[tokio::test]
async fn a_deleted_record_is_gone_from_lists_and_comes_back() {
    let (_server, admin) = Server::set_up().await;
    let made = make(&admin, "tag", tag("投诉")).await;
    let id = made.body["id"].as_str().unwrap();
    let path = format!("/records/tag/{id}");
    assert_eq!(admin.clone().with("if-match", "1").delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(admin.get("/records/tag").await.body["items"], json!([]));
    assert_eq!(admin.get("/records/tag?deleted=true").await.body["items"][0]["id"], id);
    let back = admin.post(&format!("{path}/restore"), json!({})).await;
    assert_eq!((back.status, &back.body["version"]), (StatusCode::OK, &json!(3)), "{}", back.text);
    let history = admin.get(&format!("{path}/history")).await;
    let rows = history.body["items"].as_array().unwrap();
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[1]["event"]["deleted"], true);
    assert_eq!(rows[1]["private"]["before"]["name"]["zh"], "投诉", "who deleted what is on record (Q-15)");
    assert_eq!(rows[1]["by"]["type"], "user");
}

#[tokio::test]
async fn what_is_wrong_is_told_field_by_field_and_nothing_is_stored() {
    let (_server, admin) = Server::set_up().await;
    let queue = json!({
        "kind": "queue", "name": { "zh": "售后", "en": "" }, "line": "1", "priority": 200,
        "needs": [{ "skill": "5", "level": 9 }],
    });
    let refused = admin.post("/records/queue", queue).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::UNPROCESSABLE_ENTITY, "bad_value"));
    let fields: Vec<_> = refused.body["fields"].as_array().unwrap().iter().map(|it| &it["field"]).collect();
    assert_eq!(fields, ["line", "needs.0.skill", "needs.0.level", "priority"]);
    assert_eq!(admin.get("/records/queue").await.body["items"].as_array().unwrap().len(), 1);
    let unknown = admin.post("/records/tag", json!({ "kind": "tag", "nmae": 1 })).await;
    assert_eq!((unknown.status, unknown.code()), (StatusCode::BAD_REQUEST, "bad_json"), "{}", unknown.text);
    let other = admin.post("/records/tag", json!({ "kind": "skill", "name": { "zh": "x", "en": "" } })).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(admin.get("/records/nonsense").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_others_use_stays() {
    let (_server, admin) = Server::set_up().await;
    let queue = first(&admin, "queue").await;
    let version = admin.get(&format!("/records/queue/{queue}")).await.header("etag").to_owned();
    let refused = admin.clone().with("if-match", &version).delete(&format!("/records/queue/{queue}")).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::CONFLICT, "in_use"));
    assert!(refused.body["detail"].as_str().unwrap().contains("网站客服"), "{}", refused.text);
    let me = admin.get("/me").await.body["id"].as_str().unwrap().to_owned();
    let last = admin.clone().with("if-match", "1").delete(&format!("/records/user/{me}")).await;
    assert_eq!(last.status, StatusCode::CONFLICT, "the last administrator stays (SYS-42)");
}

#[tokio::test]
async fn the_same_request_again_has_one_effect_and_the_same_answer() {
    let (_server, admin) = Server::set_up().await;
    let sender = admin.clone().with("idempotency-key", "tag-1");
    let first = sender.post("/records/tag", tag("投诉")).await;
    assert_eq!(first.status, StatusCode::CREATED);
    let again = sender.post("/records/tag", tag("投诉")).await;
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    assert_eq!(again.header("etag"), "\"1\"");
    let other = sender.post("/records/tag", tag("表扬")).await;
    assert_eq!((other.status, other.code()), (StatusCode::UNPROCESSABLE_ENTITY, "key_reused"));
    let at_once = admin.clone().with("idempotency-key", "tag-2");
    let (one, two) =
        tokio::join!(at_once.post("/records/tag", tag("建议")), at_once.post("/records/tag", tag("建议")));
    assert_eq!(
        (one.status, two.status),
        (StatusCode::CREATED, StatusCode::CREATED),
        "{} {}",
        one.text,
        two.text
    );
    assert_eq!(one.body["id"], two.body["id"]);
    assert_eq!(admin.get("/records/tag").await.body["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn lists_go_on_with_a_cursor_and_sort_by_sound() {
    let (_server, admin) = Server::set_up().await;
    for name in ["张", "安", "李", "昂", "王"] {
        make(&admin, "tag", tag(name)).await;
    }
    let (mut names, mut path) = (vec![], "/records/tag?limit=2".to_owned());
    loop {
        let page = admin.get(&path).await;
        let items = page.body["items"].as_array().unwrap().clone();
        names.extend(items.iter().map(|it| it["record"]["name"]["zh"].as_str().unwrap().to_owned()));
        let Some(next) = page.body["next"].as_str() else { break };
        path = format!("/records/tag?limit=2&cursor={next}");
    }
    assert_eq!(names, ["安", "昂", "李", "王", "张"]);
    assert_eq!(admin.get("/records/tag?cursor=nonsense").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_personal_reply_is_seen_by_its_owner_only() {
    let (server, admin) = Server::set_up().await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (other, _) = hire(&server, &admin, "wang", "R-03").await;
    let reply = |owner: serde_json::Value| json!({ "kind": "reply", "title": { "zh": "问候", "en": "" }, "text": { "zh": "您好", "en": "" }, "owner": owner });
    assert_eq!(agent.post("/records/reply", reply(json!(null))).await.status, StatusCode::FORBIDDEN);
    let own = make(&agent, "reply", reply(json!(id))).await;
    let path = format!("/records/reply/{}", own.body["id"].as_str().unwrap());
    assert_eq!(agent.get("/records/reply").await.body["items"].as_array().unwrap().len(), 1);
    for stranger in [&other, &admin] {
        assert_eq!(stranger.get(&path).await.status, StatusCode::NOT_FOUND);
        assert_eq!(stranger.get("/records/reply").await.body["items"], json!([]));
        let taken = stranger.clone().with("if-match", "1").put(&path, reply(json!(id))).await;
        assert_eq!(taken.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(other.post("/records/reply", reply(json!(id))).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn sys_42_a_changed_role_counts_at_once() {
    let (server, admin) = Server::set_up().await;
    let (agent, _) = hire(&server, &admin, "li", "R-03").await;
    assert_eq!(agent.get("/customers").await.status, StatusCode::OK);
    let path = format!("/records/role/{}", role(&admin, "R-03").await);
    let before = admin.get(&path).await;
    let mut record = before.body["record"].clone();
    record["grants"] = json!([]);
    let done = admin.clone().with("if-match", before.header("etag")).put(&path, record).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    assert_eq!(agent.get("/customers").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn sys_73_a_key_does_what_it_is_for_until_it_is_revoked() {
    let (server, admin) = Server::set_up().await;
    let robot = program(&server, &admin, &["manage_tags", "customer_read"]).await;
    make(&robot, "tag", tag("来自程序")).await;
    assert_eq!(robot.get("/customers").await.status, StatusCode::OK);
    assert_eq!(robot.get("/audit").await.status, StatusCode::FORBIDDEN);
    assert_eq!(robot.post("/customers", json!({ "name": "x" })).await.status, StatusCode::FORBIDDEN);
    let keys = admin.get("/keys").await;
    let key = &keys.body[0];
    assert!(key["secret"].is_null() && key["prefix"].as_str().unwrap().len() == 9, "{}", keys.text);
    let revoked = admin.delete(&format!("/keys/{}", key["id"].as_str().unwrap())).await;
    assert_eq!(revoked.status, StatusCode::NO_CONTENT);
    assert_eq!(robot.get("/customers").await.code(), "bad_token");
    let unknown = server.nobody().with("authorization", "Bearer yk_guess").get("/customers").await;
    assert_eq!((unknown.status, unknown.code()), (StatusCode::UNAUTHORIZED, "bad_token"));
}
