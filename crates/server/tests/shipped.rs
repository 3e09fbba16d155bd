//! What ships with the product follows a new release (SYS-42).

use crate::support::{Folder, Person, Server};
use reqwest::StatusCode;
use serde_json::{Value, json};

async fn role(admin: &Person, code: &str) -> Option<Value> {
    let roles = admin.get("/records/role?limit=100").await.body;
    roles["items"].as_array().unwrap().iter().find(|it| it["record"]["code"] == code).cloned()
}

fn grants(role: &Value, action: &str) -> bool {
    role["record"]["grants"].as_array().unwrap().iter().any(|it| it["action"] == action)
}

/// SYS-42: after an upgrade the shipped roles may do what the new release knows, and new roles are there; what somebody
/// changed stays as it is, and what somebody deleted stays away.
#[tokio::test]
async fn sys_42_shipped_roles_follow_a_release_unless_somebody_changed_them() {
    let folder = Folder::new();
    let (server, admin) = Server::set_up_in(&folder.0, &[]).await;
    let changed = role(&admin, "R-07").await.unwrap();
    let mut own = changed["record"].clone();
    own["grants"].as_array_mut().unwrap().retain(|it| it["action"] != "ticket_export");
    let at = format!("/records/role/{}", changed["id"].as_str().unwrap());
    let put = admin.clone().with("if-match", "\"1\"").put(&at, own).await;
    assert_eq!(put.status, StatusCode::OK, "{}", put.text);
    let gone = role(&admin, "R-13").await.unwrap();
    let at = format!("/records/role/{}", gone["id"].as_str().unwrap());
    let deleted = admin.clone().with("if-match", "\"1\"").delete(&at).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT, "{}", deleted.text);
    server.stop();

    // As an older release left it: agents knew no tickets, and there were no sellers.
    let store = rusqlite::Connection::open(folder.0.join("yingda.db")).unwrap();
    let agent = role_row(&store, "R-03");
    let mut body: Value = serde_json::from_str(&agent.1).unwrap();
    body["grants"].as_array_mut().unwrap().retain(|it| it["action"] != "ticket_read");
    let changed = "UPDATE record SET body = ?1 WHERE kind = 'role' AND id = ?2";
    assert_eq!(store.execute(changed, (body.to_string(), agent.0)).unwrap(), 1);
    let seller = role_row(&store, "R-06").0;
    assert_eq!(store.execute("DELETE FROM record WHERE kind = 'role' AND id = ?1", [seller]).unwrap(), 1);
    drop(store);

    let server = Server::start_in(&folder.0, &[]).await;
    let admin = server.sign_in("admin").await;
    let all = |body: &Value| {
        let has = |code: &str, action: &str| {
            let mut items = body["items"].as_array().unwrap().iter();
            items.any(|it| it["record"]["code"] == code && grants(it, action))
        };
        has("R-03", "ticket_read") && has("R-06", "lead_serve")
    };
    admin.eventually("/records/role?limit=100", all).await;
    assert!(!grants(&role(&admin, "R-07").await.unwrap(), "ticket_export"), "somebody wanted it so");
    assert_eq!(role(&admin, "R-13").await, None, "somebody deleted it");
    let history = admin.get("/audit?kind=record_changed&limit=5").await.body;
    assert_eq!(history["items"][0]["event"]["by"], json!({ "type": "system" }), "{history}");
}

fn role_row(store: &rusqlite::Connection, code: &str) -> (i64, String) {
    let pattern = format!("%\"code\":\"{code}\"%");
    let sql = "SELECT id, body FROM record WHERE kind = 'role' AND deleted_at IS NULL AND body LIKE ?1";
    store.query_row(sql, [pattern], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}
