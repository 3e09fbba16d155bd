//! SYS-43: backup and restore as an operator does them, from one engine to the other.

use crate::support::{Folder, Person, Server, run};
use reqwest::StatusCode;
use std::{fs, process::Output};
use yingda_peers::Postgres;

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn good(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(output));
    text(output)
}

fn bad(output: &Output) -> String {
    assert!(!output.status.success(), "{}", text(output));
    text(output)
}

/// Somebody who was signed in before the restore still is, and finds the log whole.
async fn goes_on(server: &Server, before: &Person) {
    let mut again = server.nobody();
    again.cookie = before.cookie.clone();
    assert_eq!(again.get("/me").await.status, StatusCode::OK, "key and sessions came along");
    let audit = again.get("/audit/verify").await;
    assert_eq!(audit.status, StatusCode::OK, "{}", audit.text);
    assert_eq!(audit.body["broken_at"], serde_json::Value::Null, "{}", audit.text);
}

#[tokio::test]
async fn sys_43_a_running_server_comes_back_on_postgres_and_then_on_sqlite_again() {
    let (server, admin) = Server::set_up().await;
    let files = server.data.join("files/ab");
    fs::create_dir_all(&files).unwrap();
    fs::write(files.join("abcd"), "an uploaded file").unwrap();
    let outside = Folder::new();
    let backups = outside.0.join("backups").display().to_string();
    let key = good(&run(&server.data, &["backup", "key"], &[])).trim().to_owned();
    assert_eq!(key.len(), 64);
    let environment = [("YINGDA_BACKUP_FOLDER", backups.as_str()), ("YINGDA_BACKUP_KEY", key.as_str())];
    let said = good(&run(&server.data, &["backup"], &environment));
    assert!(said.contains("Made backup") && !said.contains("NOT encrypted"), "{said}");
    good(&run(&server.data, &["backup"], &environment));
    let listed = good(&run(&server.data, &["backup", "list"], &environment));
    assert_eq!(listed.lines().count(), 3, "{listed}");
    assert!(listed.contains("They are encrypted"), "{listed}");
    assert!(good(&run(&server.data, &["backup", "verify"], &environment)).contains("2 backups are whole"));
    assert!(good(&run(&server.data, &["doctor"], &environment)).contains("0 h old, encrypted"));
    let said = bad(&run(&server.data, &["restore", &backups], &environment));
    assert!(said.contains("another yingda uses the folder"), "{said}");

    let engine = Postgres::shared();
    let database = engine.database().await;
    let grown = Folder::new();
    let on_postgres = [environment[0], environment[1], ("YINGDA_STORE", database.as_str())];
    let said = bad(&run(&grown.0, &["restore", &backups], &[on_postgres[2]]));
    assert!(said.contains("are encrypted: give their key"), "{said}");
    let said = good(&run(&grown.0, &["restore", &backups], &on_postgres));
    assert!(said.contains("Every hash is right"), "{said}");
    assert_eq!(fs::read_to_string(grown.0.join("files/ab/abcd")).unwrap(), "an uploaded file");
    let elsewhere = Folder::new();
    let said = bad(&run(&elsewhere.0, &["restore", &backups], &on_postgres));
    assert!(said.contains("the database holds data already"), "{said}");
    let server_on_postgres = Server::start_in(&grown.0, &on_postgres[2..]).await;
    goes_on(&server_on_postgres, &admin).await;

    // And back: one folder takes the backups of both engines.
    good(&run(&grown.0, &["backup"], &on_postgres));
    good(&run(&elsewhere.0, &["restore", &backups], &environment));
    let small_again = Server::start_in(&elsewhere.0, &[]).await;
    goes_on(&small_again, &admin).await;

    let nowhere = Folder::new();
    let early = ["restore", &backups, "--until", "2020-01-01T00:00:00+08:00"];
    assert!(bad(&run(&nowhere.0, &early, &environment)).contains("every backup in"));
    assert!(!nowhere.0.join("yingda.db").exists());
    let chunk = fs::read_dir(outside.0.join("backups/chunks")).unwrap().next().unwrap().unwrap().path();
    fs::remove_dir_all(chunk).unwrap();
    let said = bad(&run(&server.data, &["backup", "verify"], &environment));
    assert!(said.contains("is missing: table") || said.contains("is missing: file"), "{said}");
}

/// Where a folder is configured the server makes the first backup by itself, soon after the start.
#[tokio::test]
async fn sys_43_the_server_makes_backups_by_itself() {
    let outside = Folder::new();
    let backups = outside.0.join("backups");
    let folder = backups.display().to_string();
    let server =
        Server::start_with(&[("YINGDA_BACKUP_FOLDER", &folder), ("YINGDA_LOG_LEVEL", "error")]).await;
    // Who asks while the server is at it is told to come again; what is asked for is in the end there.
    let environment = [("YINGDA_BACKUP_FOLDER", folder.as_str())];
    while !server.data.join("last-backup.json").exists() {
        tokio::task::yield_now().await;
    }
    let listed = good(&run(&server.data, &["backup", "list"], &environment));
    assert!(listed.contains("NOT encrypted"), "{listed}");
    assert_eq!(listed.lines().count(), 2, "{listed}");
}
