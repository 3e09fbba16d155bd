//! The command line: accounts, doctor, configuration errors.

use crate::support::{Folder, PASSWORD, Server, run};
use reqwest::StatusCode;
use std::{fs, process::Output};

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[tokio::test]
async fn a_wrong_configuration_is_refused_with_its_line() {
    let folder = Folder::new();
    let file = folder.0.join("yingda.toml");
    fs::write(&file, "[limits]\nuplaod_mb = 3\n").unwrap();
    for command in ["serve", "doctor", "migrate"] {
        let output = run(&folder.0, &[command], &[]);
        assert!(!output.status.success());
        let said = text(&output);
        assert!(said.contains("yingda.toml line 2"), "{said}");
        assert!(said.contains("`limits.upload_mb`"), "{said}");
    }
    assert!(!folder.0.join("yingda.db").exists());
}

#[tokio::test]
async fn the_doctor_finds_a_healthy_and_a_broken_installation() {
    let (server, _admin) = Server::set_up().await;
    let output = run(&server.data, &["doctor"], &[]);
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    for what in ["configuration", "store", "port", "clock", "disk space", "file folder"] {
        assert!(said.contains(what), "{said}");
    }
    assert!(said.contains("is running at"), "{said}");
    let address = server.url.strip_prefix("http://").unwrap().to_owned();
    let other = Folder::new();
    let output = run(&other.0, &["doctor"], &[("YINGDA_LISTEN", &address), ("YINGDA_TLS_CERT", "none.pem")]);
    let said = text(&output);
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("cannot listen on"), "the port is taken: {said}");
    assert!(said.contains("none.pem"), "{said}");
}

#[tokio::test]
async fn two_servers_never_share_a_data_folder() {
    let server = Server::start().await;
    let output = run(&server.data, &["serve", "--listen", "127.0.0.1:0"], &[]);
    assert!(!output.status.success());
    assert!(text(&output).contains(&server.url), "{}", text(&output));
}

#[tokio::test]
async fn accounts_are_managed_with_and_without_a_running_server() {
    let folder = Folder::new();
    let password = [("YINGDA_PASSWORD", PASSWORD)];
    let add = ["user", "add", "li.na", "--name", "李娜", "--role", "R-03", "--role", "R-07"];
    let output = run(&folder.0, &add, &password);
    assert!(output.status.success(), "{}", text(&output));
    let server = Server::start_in(&folder.0, &[]).await;
    assert_eq!(server.set_up_token, None, "somebody can sign in");
    let person = server.sign_in("li.na").await;
    assert_eq!(person.get("/me").await.body["name"], "李娜");
    let said = text(&run(&folder.0, &["user", "list"], &[]));
    assert!(said.contains("li.na") && said.contains("R-03 R-07"), "{said}");
    let output = run(&folder.0, &["user", "add", "li.na"], &password);
    assert!(!output.status.success(), "the login is taken");
    let output = run(&folder.0, &["user", "add", "x.y", "--role", "R-99"], &password);
    assert!(text(&output).contains("there is no role R-99"), "{}", text(&output));
    let changed = run(&folder.0, &["user", "password", "li.na"], &[("YINGDA_PASSWORD", "another-long-one")]);
    assert!(changed.status.success(), "{}", text(&changed));
    assert_eq!(person.get("/me").await.status, StatusCode::UNAUTHORIZED, "a new password ends sessions");
    assert_eq!(server.nobody().try_password("li.na", "another-long-one").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_disabled_account_is_out_at_once() {
    let (server, admin) = Server::set_up().await;
    let password = [("YINGDA_PASSWORD", PASSWORD)];
    assert!(run(&server.data, &["user", "add", "agent"], &password).status.success());
    let agent = server.sign_in("agent").await;
    assert_eq!(agent.get("/me").await.status, StatusCode::OK);
    let output = run(&server.data, &["user", "disable", "agent"], &[]);
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(agent.get("/me").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(server.nobody().try_password("agent", PASSWORD).await.code(), "sign_in_wrong");
    let last = run(&server.data, &["user", "disable", "admin"], &[]);
    assert!(!last.status.success(), "the last administrator stays");
    assert_eq!(admin.get("/me").await.status, StatusCode::OK);
}

#[test]
fn the_api_document_is_printed() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_yingda")).arg("openapi").output().unwrap();
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(document["paths"].as_object().unwrap().len() > 10);
}
