//! Duplicate customers (B-36): a search through all of them, merged or told apart.

use crate::office::{hire, set_up_customers};
use crate::support::{Person, Server};
use reqwest::StatusCode;
use serde_json::{Value, json};

async fn customer(admin: &Person, values: Value) -> String {
    let made = admin.post("/customers", values).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.body["id"].as_str().unwrap().to_owned()
}

/// Who was found, with what they share; who share most come first.
async fn found(person: &Person) -> Vec<(String, String, String)> {
    let begun = person.post("/customers/duplicates", json!({})).await;
    assert_eq!(begun.status, StatusCode::OK, "{}", begun.text);
    person.eventually("/customers/duplicates", |it| it["run"]["state"] == "done").await;
    listed(person, "").await
}

async fn listed(person: &Person, query: &str) -> Vec<(String, String, String)> {
    let page = person.get(&format!("/customers/duplicates/pairs?{query}")).await.body;
    let name = |it: &Value| it["customer"]["name"].as_str().unwrap().to_owned();
    let shares = |it: &Value| {
        let all = it["shares"].as_array().unwrap().iter().map(|it| it.as_str().unwrap());
        all.collect::<Vec<_>>().join(" ")
    };
    let items = page["items"].as_array().unwrap();
    items.iter().map(|it| (name(&it["a"]), name(&it["b"]), shares(it))).collect()
}

fn pair(a: &str, b: &str, shares: &str) -> (String, String, String) {
    (a.into(), b.into(), shares.into())
}

/// B-36: number, mail, the platform's id, and the sound of a name with another sign; a lent number, a shared company or
/// a switchboard alone say nothing. A merge and its undoing, and a word that two are not the same, are remembered.
#[tokio::test]
async fn b_36_a_search_finds_who_is_perhaps_one_person() {
    let (server, admin) = Server::set_up().await;
    let text = |zh: &str| json!({ "zh": zh, "en": zh });
    let field = json!({ "key": "id_no", "label": text("证件号"), "shape": "line" });
    set_up_customers(&admin, json!({ "fields": [field] })).await;
    let one = customer(&admin, json!({ "name": "张伟", "phone": "13800138000", "company": "甲公司" })).await;
    let further = json!([{ "kind": "phone", "value": "+86 138-0013-8000" }]);
    let two = customer(&admin, json!({ "name": "章伟", "points": further, "company": "甲公司" })).await;
    customer(
        &admin,
        json!({ "name": "李雷", "email": "Li@example.com", "values": { "id_no": "4401061990" } }),
    )
    .await;
    customer(&admin, json!({ "name": "李雷", "values": { "id_no": "4401061990" } })).await;
    customer(&admin, json!({ "name": "韩梅", "email": "li@example.com" })).await;
    let openid = json!([{ "kind": "other", "value": "oX123456" }]);
    customer(&admin, json!({ "name": "微信客户", "points": openid })).await;
    customer(&admin, json!({ "name": "赵静", "points": openid })).await;
    // A lent number, a name alone, and a switchboard.
    let lent = json!([{ "kind": "relay", "value": "17000000001" }]);
    customer(&admin, json!({ "name": "王芳", "points": lent })).await;
    customer(&admin, json!({ "name": "王芳", "points": lent })).await;
    for n in 0..11 {
        customer(&admin, json!({ "name": format!("员工{n}"), "phone": "010-88886666", "company": "乙公司" }))
            .await;
    }
    let (agent, _) = hire(&server, &admin, "li", "R-03").await;
    let (watcher, _) = hire(&server, &admin, "audit", "R-19").await;
    assert_eq!(watcher.post("/customers/duplicates", json!({})).await.status, StatusCode::FORBIDDEN);
    let all = [
        pair("张伟", "章伟", "phone name company"),
        pair("李雷", "李雷", "name values.id_no"),
        pair("李雷", "韩梅", "email"),
        pair("微信客户", "赵静", "points"),
    ];
    assert_eq!(found(&admin).await, all);
    assert_eq!(admin.get("/customers/duplicates").await.body["open"], 4);
    assert_eq!(listed(&agent, "limit=1").await, all[..1]);

    let page = admin.get("/customers/duplicates/pairs?limit=3").await.body;
    let (a, b) = (&page["items"][2]["a"]["id"], &page["items"][2]["b"]["id"]);
    // Which comes first does not matter.
    let apart = json!({ "a": b, "b": a, "different": true });
    assert_eq!(agent.put("/customers/duplicates/pairs", apart).await.status, StatusCode::NO_CONTENT);
    let merge = admin.clone().with("if-match", "\"1\"");
    let merged =
        merge.post(&format!("/customers/{one}/merge"), json!({ "customer": two, "version": 1 })).await;
    assert_eq!(merged.status, StatusCode::OK, "{}", merged.text);
    let left = [all[1].clone(), all[3].clone()];
    assert_eq!(listed(&admin, "").await, left, "decided at once");
    assert_eq!(found(&admin).await, left, "and the next search knows");
    assert_eq!(listed(&admin, "different=true").await, all[2..3]);
    let first = admin.get("/customers/duplicates/pairs?limit=1").await.body;
    let next = first["next"].as_str().unwrap();
    let rest = admin.get(&format!("/customers/duplicates/pairs?limit=1&cursor={next}")).await;
    assert_eq!(rest.body["items"][0]["shares"], json!(["points"]));
    let merges = admin.get(&format!("/customers/{one}/merges")).await.body;
    let undo = format!("/customers/{one}/merges/{}/undo", merges[0]["id"].as_str().unwrap());
    assert_eq!(admin.post(&undo, json!({})).await.status, StatusCode::OK);
    assert_eq!(found(&admin).await.len(), 3, "taken apart, they are two again");
    let nobody = json!({ "a": one, "b": a, "different": true });
    assert_eq!(admin.put("/customers/duplicates/pairs", nobody).await.status, StatusCode::NOT_FOUND);
}
