//! Who may see what (SYS-42, Q-12): the role matrix, masked fields, other people's things, hostile text.

use crate::office::{first, hire, program};
use crate::support::{Person, Server};
use reqwest::StatusCode;
use serde_json::{Value, json};

/// A contact that waits in the first queue, with a customer of its own.
async fn contact(server: &Server, admin: &Person, text: &str) -> (String, String) {
    let robot = program(server, admin, &["conversation_serve", "conversation_read", "customer_write"]).await;
    let customer = json!({ "name": "李雷", "phone": "13812345678", "email": "li@example.com", "address": "上海市浦东新区" });
    let customer = robot.post("/customers", customer).await.body["id"].as_str().unwrap().to_owned();
    let queue = first(admin, "queue").await;
    let new = json!({ "queue": queue, "customer": customer, "text": text });
    let made = robot.post("/conversations", new).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    (made.body["conversation"].as_str().unwrap().to_owned(), customer)
}

#[tokio::test]
async fn sys_42_every_role_sees_what_it_is_for_and_nothing_else() {
    let (server, admin) = Server::set_up().await;
    let addresses = [
        "/customers",
        "/conversations",
        "/floor",
        "/visitors/live",
        "/audit",
        "/keys",
        "/records/user",
        "/records/webhook",
        "/records/tag",
        "/leads",
        "/conversations/export",
    ];
    let expected = [
        ("R-03", "++.+....++."),
        ("R-07", "++++....++."),
        ("R-08", "++++..+.+++"),
        ("R-10", "++......++."),
        ("R-17", "..+.+++++.."),
        ("R-19", "....+...+.."),
    ];
    let mut table = vec![];
    for (n, (code, _)) in expected.iter().enumerate() {
        let (person, _) = hire(&server, &admin, &format!("person{n}"), code).await;
        let mut row = String::new();
        for address in addresses {
            let status = person.get(address).await.status;
            assert!([StatusCode::OK, StatusCode::FORBIDDEN].contains(&status), "{code} {address}: {status}");
            row.push(if status == StatusCode::OK { '+' } else { '.' });
        }
        table.push((*code, row));
    }
    let expected: Vec<_> = expected.iter().map(|(code, row)| (*code, row.to_string())).collect();
    assert_eq!(table, expected, "columns: {addresses:?}");
    let stranger = server.nobody();
    for address in addresses {
        assert_eq!(stranger.get(address).await.status, StatusCode::UNAUTHORIZED, "{address}");
    }
}

#[tokio::test]
async fn sys_42_an_agent_sees_a_masked_number_and_cannot_store_the_mask() {
    let (server, admin) = Server::set_up().await;
    let (_, customer) = contact(&server, &admin, "你好").await;
    let (agent, _) = hire(&server, &admin, "li", "R-03").await;
    let path = format!("/customers/{customer}");
    let seen = agent.get(&path).await;
    assert_eq!(seen.body["customer"]["phone"], "138******78");
    assert_eq!(agent.get("/customers?q=lilei").await.body["items"][0]["customer"]["phone"], "138******78");
    assert_eq!(agent.get("/customers?q=5678").await.body["items"], json!([]), "digits cannot be tried out");
    assert_eq!(agent.get("/customers?q=13812345678").await.body["items"][0]["id"], customer.as_str());
    let mut changed = seen.body["customer"].clone();
    changed["name"] = "李磊".into();
    let put = agent.clone().with("if-match", seen.header("etag")).put(&path, changed).await;
    assert_eq!(put.status, StatusCode::OK, "{}", put.text);
    let (leader, _) = hire(&server, &admin, "zhang", "R-07").await;
    let whole = leader.get(&path).await;
    assert_eq!(whole.body["customer"]["phone"], "13812345678");
    assert_eq!(whole.body["customer"]["name"], "李磊");
}

#[tokio::test]
async fn other_peoples_conversations_do_not_exist() {
    let (server, admin) = Server::set_up().await;
    let (conversation, _) = contact(&server, &admin, "我要投诉").await;
    // The queue's own teams serve it from now on; the two agents are of another one.
    let queue = first(&admin, "queue").await;
    let stored = admin.get(&format!("/records/queue/{queue}")).await;
    let mut record = stored.body["record"].clone();
    record["users"] = json!([admin.get("/me").await.body["id"]]);
    let done = admin
        .clone()
        .with("if-match", stored.header("etag"))
        .put(&format!("/records/queue/{queue}"), record)
        .await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    let (agent, _) = hire(&server, &admin, "li", "R-03").await;
    for part in ["", "/events", "/assignments", "/transcript", "/consult"] {
        let answer = agent.get(&format!("/conversations/{conversation}{part}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{part}: {}", answer.text);
    }
    let path = format!("/conversations/{conversation}/acts");
    let act = agent.post(&path, json!({ "do": "post", "type": "text", "text": "x" })).await;
    assert_eq!(act.status, StatusCode::NOT_FOUND);
    for id in ["0", "-1", "99999999999999999999", "abc", "1%27--", "../1"] {
        let status = agent.get(&format!("/conversations/{id}")).await.status;
        assert_eq!(status, StatusCode::NOT_FOUND, "{id}");
    }
    assert_eq!(agent.get("/conversations").await.body["items"], json!([]));
}

#[tokio::test]
async fn sys_73_a_contact_is_brought_in_answered_and_closed_by_a_program_alone() {
    let (server, admin) = Server::set_up().await;
    let (conversation, customer) = contact(&server, &admin, "有现货吗？").await;
    let robot = program(&server, &admin, &["conversation_serve", "conversation_read", "customer_read"]).await;
    let found = robot.get(&format!("/conversations/{conversation}")).await;
    assert_eq!(found.body["row"]["customer_name"], "李雷");
    assert_eq!(found.body["live"]["phase"], "waiting");
    let said = robot.get(&format!("/conversations/{conversation}/events")).await;
    let kinds: Vec<_> = said.body["events"].as_array().unwrap().iter().map(|it| it["kind"].clone()).collect();
    assert!(kinds.contains(&json!("message_posted")) && kinds.contains(&json!("queued")), "{kinds:?}");
    let tagged = robot.clone().with("idempotency-key", "note-1");
    let note = json!({ "do": "follow_up", "at": null, "text": "回电" });
    let path = format!("/conversations/{conversation}/acts");
    let (one, two) = (tagged.post(&path, note.clone()).await, tagged.post(&path, note).await);
    assert_eq!((one.status, &one.text), (two.status, &two.text), "{}", one.text);
    for query in [
        "q=lilei".to_owned(),
        format!("q={conversation}"),
        "q=现货".into(),
        format!("customer={customer}"),
        "phase=waiting".into(),
        "phase=open&from=0".into(),
    ] {
        let list = robot.get(&format!("/conversations?{query}")).await;
        assert_eq!(list.body["items"][0]["id"], conversation.as_str(), "{query}: {}", list.text);
    }
    assert_eq!(robot.get("/conversations?phase=closed").await.body["items"], json!([]));
    assert_eq!(robot.get("/conversations?phase=nonsense").await.status, StatusCode::BAD_REQUEST);
    let of_customer = robot.get(&format!("/customers/{customer}/conversations")).await;
    assert_eq!(of_customer.body["items"][0]["id"], conversation.as_str());
}

#[tokio::test]
async fn hostile_text_comes_back_as_text() {
    const EVIL: &str = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'{{7*7}}\u{202e}";
    let (server, admin) = Server::set_up().await;
    let (conversation, _) = contact(&server, &admin, EVIL).await;
    let robot = program(&server, &admin, &["conversation_read", "customer_write", "customer_read"]).await;
    let customer = json!({ "name": EVIL, "note": EVIL, "company": EVIL, "address": EVIL });
    let made = robot.post("/customers", customer).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert_eq!(made.body["customer"]["note"], EVIL, "nothing that was written is lost");
    assert_eq!(made.header("content-type"), "application/json");
    assert_eq!(made.header("x-content-type-options"), "nosniff");
    let page = robot.get(&format!("/conversations/{conversation}/transcript?format=html")).await;
    assert!(!page.text.contains("<script") && !page.text.contains("<img"), "{}", page.text);
    assert!(page.text.contains("&lt;script&gt;alert(1)"));
    assert!(page.header("content-disposition").starts_with("attachment"));
    let problem = robot.post("/records/tag", json!({ "kind": EVIL })).await;
    assert_eq!(problem.header("content-type"), "application/problem+json; charset=utf-8");
    let mail = robot.post("/customers", json!({ "email": "\"><script>@x.y" })).await;
    assert_eq!(mail.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn an_export_needs_the_right_and_leaves_a_trace() {
    let (server, admin) = Server::set_up().await;
    contact(&server, &admin, "=HYPERLINK(\"http://evil\")").await;
    let (agent, _) = hire(&server, &admin, "li", "R-03").await;
    assert_eq!(agent.get("/conversations/export").await.status, StatusCode::FORBIDDEN);
    let robot = program(&server, &admin, &["conversation_read", "customer_export"]).await;
    let table = robot.get("/conversations/export?format=csv&phase=open").await;
    assert!(table.text.contains("\"'=HYPERLINK(\"\"http://evil\"\")\""), "{}", table.text);
    let in_words =
        async |lang| robot.get(&format!("/conversations/export?format=csv&lang={lang}")).await.text;
    assert!(in_words("zh").await.contains("在线聊天,等待中"), "state and channel in the reader's words");
    assert!(in_words("en").await.contains("Chat,Waiting"));
    let book = robot.get("/conversations/export?format=xlsx").await;
    assert!(book.text.starts_with("PK"), "an XLSX file is a ZIP archive");
    let trace = admin.get("/audit?kind=exported").await;
    let traces: Vec<&Value> =
        trace.body["items"].as_array().unwrap().iter().map(|it| &it["event"]["rows"]).collect();
    assert_eq!(traces, [1, 1, 1, 1], "{}", trace.text);
}

#[tokio::test]
async fn b_01_an_unfinished_record_is_kept_and_stays_owed() {
    let (server, admin) = Server::set_up().await;
    let (conversation, _) = contact(&server, &admin, "你好").await;
    let robot = program(
        &server,
        &admin,
        &["conversation_serve", "conversation_read", "consult_read", "consult_write"],
    )
    .await;
    let form = first(&admin, "form").await;
    let fields = admin.get(&format!("/records/form/{form}")).await.body["record"]["fields"].clone();
    let path = format!("/conversations/{conversation}/consult");
    assert_eq!(robot.get(&path).await.status, StatusCode::NOT_FOUND);
    let empty = robot.put(&path, json!({ "form": form, "values": {} })).await;
    assert_eq!((empty.status, &empty.body["complete"]), (StatusCode::OK, &json!(false)), "{}", empty.text);
    let owed = robot.get("/conversations?record_due=true").await;
    assert_eq!(owed.body["items"][0]["id"], conversation.as_str(), "待补记录: {}", owed.text);
    let based_on = |version: &str| robot.clone().with("if-match", version);
    let wrong = based_on("1").put(&path, json!({ "form": form, "values": { "nonsense": "x" } })).await;
    assert_eq!(wrong.body["fields"][0]["field"], "values.nonsense");
    let mut values = serde_json::Map::new();
    for field in fields.as_array().unwrap() {
        let leaf = |mut option: &Value| {
            while let Some(child) = option["children"].as_array().and_then(|all| all.first()) {
                option = child;
            }
            option["key"].clone()
        };
        let value = match field["shape"].as_str().unwrap() {
            "choice" => leaf(&field["options"][0]),
            "number" => "3".into(),
            "date" => "2026-01-31".into(),
            "phone" => "13812345678".into(),
            "email" => "li@example.com".into(),
            "consent" => "yes".into(),
            _ => "客户询问现货".into(),
        };
        values.insert(field["key"].as_str().unwrap().to_owned(), value);
    }
    let stale = based_on("0").put(&path, json!({ "form": form, "values": values })).await;
    assert_eq!(stale.code(), "stale");
    let whole =
        robot.clone().with("if-match", "1").put(&path, json!({ "form": form, "values": values })).await;
    assert_eq!(
        (&whole.body["complete"], &whole.body["version"]),
        (&json!(true), &json!(2)),
        "{}",
        whole.text
    );
    assert_eq!(robot.get("/conversations?record_due=true").await.body["items"], json!([]));
    let trace = admin.get(&format!("/audit?kind=record_saved&on=conversation:{conversation}")).await;
    assert_eq!(trace.body["items"].as_array().unwrap().len(), 2, "edits keep their history");
}
