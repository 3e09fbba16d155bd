//! Questions to lists that are shared (saved views): with a team or with everybody, by who may.

use crate::office::{hire, join, make};
use crate::support::{Person, Server};
use reqwest::StatusCode;
use serde_json::{Value, json};

async fn seen(person: &Person) -> Vec<String> {
    let all = person.get("/views?room=tickets").await;
    assert_eq!(all.status, StatusCode::OK, "{}", all.text);
    all.body.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect()
}

/// SYS-20: a leader shares a view with a team; others see none of it, and whoever decides on nothing shares nothing.
#[tokio::test]
async fn sys_20_a_view_is_shared_with_a_team() {
    let (server, admin) = Server::set_up().await;
    let (agent, agent_id) = hire(&server, &admin, "li", "R-03").await;
    let (other, _) = hire(&server, &admin, "wang", "R-03").await;
    let (leader, leader_id) = hire(&server, &admin, "boss", "R-08").await;
    let team = make(&admin, "team", json!({ "name": { "zh": "售后组", "en": "" } })).await.body["id"].clone();
    for id in [&agent_id, &leader_id] {
        join(&admin, id, team.as_str().unwrap()).await;
    }
    let view = |name: &str, team: Value| json!({ "room": "tickets", "name": name, "team": team, "query": { "severity": "1", "columns": "serial,title" } });
    let denied = agent.post("/views", view("急件", Value::Null)).await;
    assert_eq!(denied.status, StatusCode::FORBIDDEN);
    let made = leader.post("/views", view(" 急件 ", team.clone())).await;
    assert_eq!((made.status, &made.body["name"]), (StatusCode::CREATED, &json!("急件")), "{}", made.text);
    assert_eq!(admin.post("/views", view("全部急件", Value::Null)).await.status, StatusCode::CREATED);
    let again = leader.post("/views", view("急件", team)).await;
    assert_eq!(again.body["fields"][0]["field"], "name", "{}", again.text);
    let wrong = leader.post("/views", view("", json!("5"))).await;
    assert_eq!(wrong.body["fields"].as_array().unwrap().len(), 2, "{}", wrong.text);
    assert_eq!(
        (seen(&agent).await, seen(&other).await),
        (vec!["急件".into(), "全部急件".into()], vec!["全部急件".into()])
    );
    assert_eq!(agent.get("/views?room=customers").await.body, json!([]));
    let at = format!("/views/{}", made.body["id"].as_str().unwrap());
    assert_eq!(agent.delete(&at).await.status, StatusCode::FORBIDDEN);
    assert_eq!(leader.delete(&at).await.status, StatusCode::NO_CONTENT);
    assert_eq!(leader.delete(&at).await.status, StatusCode::NOT_FOUND);
    assert_eq!(seen(&agent).await, ["全部急件"]);
}
