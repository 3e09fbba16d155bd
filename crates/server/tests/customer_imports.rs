//! What customers have beyond their names (B-36 to B-39): own fields, lists by them, tables in and out, checked cards.

use crate::files::upload;
use crate::office::{hire, make, set_up_customers};
use crate::support::{Folder, Person, Server, now};
use reqwest::StatusCode;
use serde_json::{Value, json};

/// A room number to find people by, an illness that only some may read, tiers and areas.
async fn clinic() -> (Server, Person) {
    let (server, admin) = Server::set_up().await;
    let text = |zh: &str| json!({ "zh": zh, "en": zh });
    let option = |key: &str, zh: &str| json!({ "key": key, "label": text(zh) });
    set_up_customers(
        &admin,
        json!({
            "fields": [
                { "key": "room", "label": text("房号"), "shape": "line" },
                { "key": "course", "label": text("病程"), "shape": "choice",
                  "options": [option("acute", "急性"), option("chronic", "慢性")] },
                { "key": "illness", "label": text("病史"), "shape": "line", "sensitive": true },
            ],
            "tiers": [option("gold", "金卡")],
            "areas": [option("east", "东区")],
            "check_days": 30,
        }),
    )
    .await;
    (server, admin)
}

fn names(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|it| it["customer"]["name"].as_str().unwrap()).collect()
}

/// B-38: an administrator adds a field; it is on the card, a way to find people, and hidden from whom it is none of
/// their business.
#[tokio::test]
async fn b_38_own_fields_are_asked_found_filtered_and_hidden() {
    let (server, admin) = clinic().await;
    let values = json!({ "room": "12-501", "course": "chronic", "illness": "哮喘" });
    let card = json!({ "name": "王小芳", "tier": "gold", "area": "east", "values": values });
    let made = admin.post("/customers", card).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert_eq!(made.body["customer"]["values"], values);
    admin.post("/customers", json!({ "name": "李雷", "values": { "course": "acute" } })).await;
    for (query, found) in [
        ("q=12-501", vec!["王小芳"]),
        ("q=wxf", vec!["王小芳"]),
        ("q=小芳", vec!["王小芳"]),
        ("field=course&value=chronic", vec!["王小芳"]),
        ("field=course&value=acute&tier=gold", vec![]),
        ("tier=gold&area=east", vec!["王小芳"]),
        // Nobody finds people by what they may not see; the filter is not there.
        ("field=illness&value=哮喘", vec!["李雷", "王小芳"]),
        ("q=哮喘", vec![]),
    ] {
        assert_eq!(names(&admin.get(&format!("/customers?{query}")).await.body), found, "{query}");
    }
    let (agent, _) = hire(&server, &admin, "zhao", "R-03").await;
    let at = format!("/customers/{}", made.body["id"].as_str().unwrap());
    let shown = agent.get(&at).await.body["customer"].clone();
    assert_eq!(shown["values"]["illness"], "***", "{shown}");
    let mut changed = shown.clone();
    changed["company"] = "应答公司".into();
    let kept = agent.clone().with("if-match", "\"1\"").put(&at, changed).await;
    assert_eq!(kept.status, StatusCode::OK, "{}", kept.text);
    assert_eq!(admin.get(&at).await.body["customer"]["values"]["illness"], "哮喘", "what was hidden stays");
    let log = admin.get(&format!("/audit?on=customer:{}", made.body["id"].as_str().unwrap())).await;
    assert!(!log.text.contains("哮喘"), "{}", log.text);

    let wrong = json!({ "name": "x", "tier": "silver", "values": { "course": "long", "gone": "1" },
        "points": [{ "kind": "phone", "value": "call me" }] });
    let refused = admin.post("/customers", wrong).await;
    let fields: Vec<&str> =
        refused.body["fields"].as_array().unwrap().iter().map(|it| it["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["tier", "points.0.value", "values.course", "values.gone"]);
}

/// A table with one wrong line in thirty-three, and one that is there twice.
fn table(lines: usize) -> String {
    let mut all = String::from("姓名,手机号,房号,会员等级,说什么\n");
    for n in 0..lines {
        let phone = if n % 33 == 5 { "没有".to_owned() } else { format!("139{n:08}") };
        all.push_str(&format!("客户{n},{phone},9-{n},金卡,无\n"));
    }
    all.push_str("客户零,13900000000,10-0,金卡,无\n");
    all
}

async fn bring(admin: &Person, file: &str, more: Value) -> Value {
    let looked = admin.post("/customers/imports/look", json!({ "file": file })).await;
    assert_eq!(looked.status, StatusCode::OK, "{}", looked.text);
    let mut body = json!({ "file": file, "columns": looked.body["columns"], "match_by": "phone" });
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    let begun = admin.post("/customers/imports", body).await;
    assert_eq!(begun.status, StatusCode::CREATED, "{}", begun.text);
    let at = format!("/customers/imports/{}", begun.body["id"].as_str().unwrap());
    admin.eventually(&at, |it| it["state"] != "running").await
}

fn counts(import: &Value) -> [i64; 4] {
    ["created", "updated", "skipped", "rejected"].map(|key| import[key].as_i64().unwrap())
}

/// B-36: a table as Chinese Excel writes it is looked at, tried, brought in, and what is wrong comes back with reasons;
/// brought twice, everybody is there once.
#[tokio::test]
async fn b_36_a_table_is_brought_in_once_and_its_wrong_lines_come_back() {
    let (server, admin) = clinic().await;
    let table = table(990);
    let (bytes, ..) = encoding_rs::GB18030.encode(&table);
    let file = upload(&server, &admin, "客户.csv", &bytes).await;
    let looked = admin.post("/customers/imports/look", json!({ "file": file })).await.body;
    assert_eq!(looked["columns"], json!(["name", "phone", { "field": "room" }, "tier", "none"]), "{looked}");
    assert_eq!((looked["lines"].as_i64(), &looked["samples"][1][2]), (Some(991), &json!("9-1")));

    let tried = bring(&admin, &file, json!({ "trial": true, "completes": true })).await;
    assert_eq!((&tried["state"], counts(&tried)), (&json!("done"), [960, 1, 0, 30]));
    assert_eq!(names(&admin.get("/customers").await.body), NOTHING, "it was only tried");

    let brought = bring(&admin, &file, json!({ "completes": true })).await;
    // The last line is about the first customer, whom an earlier piece made.
    assert_eq!(counts(&brought), [960, 1, 0, 30], "{brought}");
    let rejected =
        admin.get(&format!("/customers/imports/{}/rejected", brought["id"].as_str().unwrap())).await;
    let lines: Vec<&str> = rejected.text.lines().collect();
    assert_eq!(lines.len(), 31);
    assert!(
        lines[1].contains("客户5,没有") && lines[1].contains("电话") && lines[1].ends_with(",7"),
        "{}",
        lines[1]
    );
    let first = admin.get("/customers?q=13900000000").await.body["items"][0]["customer"].clone();
    assert_eq!((&first["name"], &first["values"]["room"]), (&json!("客户零"), &json!("10-0")));

    let again = bring(&admin, &file, json!({ "completes": false })).await;
    assert_eq!(counts(&again), [0, 0, 961, 30]);
    let room = admin.get("/customers?field=room&value=9-77").await.body;
    assert_eq!(names(&room), ["客户77"]);

    let exported = admin.get("/customers/export?q=13900000000").await;
    assert!(exported.text.contains("客户零,13900000000"), "{}", exported.text);
    let file = upload(&server, &admin, "back.csv", exported.text.as_bytes()).await;
    let back = bring(&admin, &file, json!({ "completes": true })).await;
    assert_eq!(counts(&back), [0, 0, 1, 0], "what was written is read again, and is the same");
}

const NOTHING: [&str; 0] = [];

#[tokio::test]
async fn what_is_no_table_or_nobodys_is_refused() {
    let (server, admin) = clinic().await;
    let file = upload(&server, &admin, "a.csv", b"\xe5\xa7\x93\xe5\x90\x8d\nx\n").await;
    let (agent, _) = hire(&server, &admin, "zhao", "R-03").await;
    let look = json!({ "file": file });
    assert_eq!(agent.post("/customers/imports/look", look.clone()).await.status, StatusCode::FORBIDDEN);
    make(&admin, "user", json!({ "login": "other", "name": "o", "roles": [] })).await;
    for (columns, field) in
        [(json!([]), "columns"), (json!(["none"]), "columns"), (json!(["name"]), "match_by")]
    {
        let body = json!({ "file": file, "columns": columns, "match_by": "phone" });
        let refused = admin.post("/customers/imports", body).await;
        assert!(
            refused.body["fields"].as_array().unwrap().iter().any(|it| it["field"] == field),
            "{}",
            refused.text
        );
    }
    let picture =
        upload(&server, &admin, "a.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0")
            .await;
    let refused = admin.post("/customers/imports/look", json!({ "file": picture })).await;
    assert_eq!((refused.code(), &refused.body["fields"][0]["field"]), ("bad_value", &json!("file")));
}

/// B-39: what turned out to be wrong is marked until it is another, and who has not been checked for long is listed.
#[tokio::test]
async fn b_39_cards_are_checked_and_wrong_numbers_marked() {
    let (_server, admin) = clinic().await;
    let made = admin.post("/customers", json!({ "name": "王五", "phone": "13800138000" })).await.body;
    let at = format!("/customers/{}", made["id"].as_str().unwrap());
    let check = async |version: &str, wrong: Value| {
        let person = admin.clone().with("if-match", version);
        person.post(&format!("{at}/check"), json!({ "wrong": wrong })).await.body
    };
    let marked = check("\"1\"", json!(["phone"])).await;
    assert_eq!((&marked["suspect"], &marked["checked_at"]), (&json!(["phone"]), &made["checked_at"]));
    assert_eq!(names(&admin.get("/customers?suspect=true").await.body), ["王五"]);
    let mut card = marked["customer"].clone();
    card["phone"] = "13900139000".into();
    let repaired = admin.clone().with("if-match", "\"2\"").put(&at, card).await.body;
    assert!(
        repaired.get("suspect").is_none() && repaired["checked_at"].as_i64() > made["checked_at"].as_i64()
    );
    assert_eq!(names(&admin.get("/customers?suspect=true").await.body), NOTHING);
    assert_eq!(names(&admin.get("/customers?unchecked=true").await.body), NOTHING, "just looked at");
    // K-08: the number, and who is behind it.
    admin.post("/customers", json!({ "name": "李雷" })).await;
    let later = now() + 31 * 86_400_000;
    for (to, good, all) in [(now() + 1, 2, 2), (later, 0, 2)] {
        let rows = admin.get(&format!("/indicators?from=0&to={to}")).await.body;
        let row = rows.as_array().unwrap().iter().find(|it| it["key"] == "K-08").unwrap().clone();
        assert_eq!((&row["good"], &row["all"]), (&json!(good), &json!(all)), "{row}");
        for (part, count) in [("true", good), ("false", all - good)] {
            let cases = admin.get(&format!("/indicators/K-08/cases?from=0&to={to}&good={part}")).await.body;
            assert_eq!(cases["items"].as_array().unwrap().len(), count, "{part}");
        }
    }
    let confirmed = check("\"3\"", json!([])).await;
    assert!(confirmed["checked_at"].as_i64() >= repaired["checked_at"].as_i64());
}

/// B-36: the server is killed in the middle of a table and started again: it goes on where it was, and no line is there
/// twice although nothing tells who is there already.
#[tokio::test]
async fn b_36_an_import_goes_on_after_the_server_was_killed() {
    let folder = Folder::new();
    let (server, admin) = Server::set_up_in(&folder.0, &[]).await;
    const LINES: usize = 8_000;
    let mut table = String::from("姓名,手机号\n");
    (0..LINES).for_each(|n| table.push_str(&format!("客户{n},139{n:08}\n")));
    let file = upload(&server, &admin, "many.csv", table.as_bytes()).await;
    let body = json!({ "file": file, "columns": ["name", "phone"], "match_by": "" });
    let begun = admin.post("/customers/imports", body).await;
    assert_eq!(begun.status, StatusCode::CREATED, "{}", begun.text);
    let at = format!("/customers/imports/{}", begun.body["id"].as_str().unwrap());
    let half = admin.eventually(&at, |it| it["passed"].as_u64().is_some_and(|passed| passed > 400)).await;
    assert_eq!(half["state"], "running", "it is too quick to be killed: {half}");
    // The process gets no chance to tidy up.
    drop(server);
    let server = Server::start_in(&folder.0, &[]).await;
    let admin = server.sign_in("admin").await;
    let done = admin.eventually(&at, |it| it["state"] == "done").await;
    assert_eq!(counts(&done), [LINES as i64, 0, 0, 0], "{done}");
    let table = admin.get("/customers/export").await.text;
    let phones: Vec<&str> = table.lines().skip(1).map(|line| line.split(',').nth(2).unwrap()).collect();
    let different: std::collections::BTreeSet<&&str> = phones.iter().collect();
    assert_eq!((phones.len(), different.len()), (LINES, LINES), "no line is there twice");
}

/// B-36: a whole import is taken back: who was new goes, who was changed is again as before; who was changed since, or
/// has a ticket by now, stays and is told of.
#[tokio::test]
async fn b_36_a_whole_import_is_taken_back() {
    let (server, admin) = clinic().await;
    let old =
        json!({ "name": "王芳", "phone": "13900000001", "company": "老单位", "values": { "room": "1-1" } });
    let old = admin.post("/customers", old).await.body;
    let mut table = String::from("姓名,手机号,房号,单位\n");
    (0..500).for_each(|n| table.push_str(&format!("新客{n},139{n:08},9-{n},新单位\n")));
    let file = upload(&server, &admin, "wrong.csv", table.as_bytes()).await;
    let brought = bring(&admin, &file, json!({ "completes": true })).await;
    assert_eq!(counts(&brought), [499, 1, 0, 0], "{brought}");
    let at = format!("/customers/imports/{}", brought["id"].as_str().unwrap());
    let find = async |phone: &str| admin.get(&format!("/customers?q={phone}")).await.body["items"][0].clone();
    let changed = find("13900000007").await;
    let mut card = changed["customer"].clone();
    card["note"] = "常客".into();
    let path = |it: &Value| format!("/customers/{}", it["id"].as_str().unwrap());
    let put = admin.clone().with("if-match", "\"1\"").put(&path(&changed), card).await;
    assert_eq!(put.status, StatusCode::OK, "{}", put.text);
    let used = find("13900000008").await;
    let gone = find("13900000009").await;
    assert_eq!(
        admin.clone().with("if-match", "\"1\"").delete(&path(&gone)).await.status,
        StatusCode::NO_CONTENT
    );
    let related = json!({ "other": old["id"], "relation": "朋友", "on": true });
    assert_eq!(admin.post(&format!("{}/relations", path(&used)), related).await.status, StatusCode::OK);

    let (agent, _) = hire(&server, &admin, "zhao", "R-03").await;
    assert_eq!(agent.post(&format!("{at}/undo"), json!({})).await.status, StatusCode::FORBIDDEN);
    let begun = admin.post(&format!("{at}/undo"), json!({})).await;
    assert_eq!(begun.status, StatusCode::OK, "{}", begun.text);
    let undone = admin.eventually(&at, |it| it["state"] == "undone").await;
    let told = ["taken_back", "restored", "kept"].map(|key| undone[key].as_i64().unwrap());
    assert_eq!(told, [496, 1, 2], "{undone}");
    let names = names(&admin.get("/customers").await.body).join(" ");
    assert_eq!(names, "王芳 新客7 新客8");
    let restored = admin.get(&path(&old)).await.body;
    assert_eq!(restored["customer"], old["customer"], "{restored}");
    let kept = admin.get(&format!("{at}/kept?format=csv")).await.text;
    let kept: Vec<&str> = kept.lines().skip(1).collect();
    assert_eq!(kept.len(), 2, "{kept:?}");
    assert!(kept[0].contains("新客7") && kept[0].contains("改过"), "{kept:?}");
    assert!(kept[1].contains("新客8") && kept[1].contains("往来"), "{kept:?}");
    let again = admin.post(&format!("{at}/undo"), json!({})).await;
    assert_eq!((again.status, &again.body["state"]), (StatusCode::OK, &json!("undone")), "taken back once");
}
