//! Files in S3-compatible storage, with a real one.

use crate::{
    files::{PNG, Visitor},
    office::first,
    support::{Folder, Server, run},
};
use reqwest::StatusCode;
use serde_json::Value;
use std::process::Output;
use yingda_peers::S3;

fn environment(storage: &str, place: &'static str) -> [(&'static str, String); 4] {
    [
        ("YINGDA_FILES", place.to_owned()),
        ("YINGDA_S3_ENDPOINT", storage.to_owned()),
        ("YINGDA_S3_KEY", S3::KEY.to_owned()),
        ("YINGDA_S3_SECRET", S3::SECRET.to_owned()),
    ]
}

fn lent<'a>(owned: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    owned.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// SYS-42, SYS-43, SYS-71: uploads and downloads, a storage that is away for a while, wrong settings, and a backup that
/// goes from one place in the bucket to another.
#[tokio::test]
async fn files_in_a_bucket_are_there_for_every_node_and_for_the_backup() {
    let storage = S3::new();
    let one = environment(&storage.url(), "s3://files/one");
    let one = lent(&one);
    let data = Folder::new();
    let (server, admin) = Server::set_up_in(&data.0, &one).await;
    let visitor = Visitor::new(&server, &first(&admin, "widget").await).await;
    let long: String = (0..400_000).map(|n| format!("第{n}行\n")).collect();
    let mut ids = vec![];
    for (name, content) in [("截图.png", PNG), ("a.txt", long.as_bytes()), ("b.txt", long.as_bytes())] {
        let stored: Value = visitor.upload(name, content).await.json().await.unwrap();
        let id = stored["id"].as_str().unwrap_or_else(|| panic!("{stored}")).to_owned();
        let fetched = visitor.fetch(&id).await;
        assert_eq!(fetched.headers()["content-length"].to_str().unwrap(), content.len().to_string());
        assert_eq!(fetched.bytes().await.unwrap(), content);
        ids.push(id);
    }
    assert!(!data.0.join("files").exists(), "nothing lies beside the store");
    assert!(said(&run(&data.0, &["doctor"], &one)).contains("the bucket files answers"));

    storage.stop();
    for away in [visitor.upload("c.png", PNG).await, visitor.fetch(&ids[0]).await] {
        assert_eq!(
            (away.status(), away.headers()["retry-after"].to_str().unwrap()),
            (StatusCode::SERVICE_UNAVAILABLE, "5")
        );
        let problem: Value = away.json().await.unwrap();
        assert_eq!(problem["code"], "files_away");
        assert!(problem["title"].as_str().unwrap().contains("文件存储暂时不可用"), "{problem}");
    }
    assert_eq!(admin.get("/me").await.status, StatusCode::OK, "everything else goes on");
    storage.start_again();
    assert_eq!(visitor.fetch(&ids[0]).await.bytes().await.unwrap(), PNG);

    let made = run(&data.0, &["backup"], &one);
    assert!(said(&made).contains("3 files"), "two contents and the key: {}", said(&made));
    let two = environment(&storage.url(), "s3://files/two");
    let two = lent(&two);
    let grown = Folder::new();
    let backups = data.0.join("backups").display().to_string();
    let restored = run(&grown.0, &["restore", &backups], &two);
    assert!(restored.status.success(), "{}", said(&restored));
    assert_eq!(server.stop(), Some(0));
    let server = Server::start_in(&grown.0, &two).await;
    let visitor = visitor.at(&server);
    for (id, content) in ids.iter().zip([PNG, long.as_bytes(), long.as_bytes()]) {
        assert_eq!(visitor.fetch(id).await.bytes().await.unwrap(), content);
    }
}

/// What cannot work says so in one sentence, and ends with its own code.
#[tokio::test]
async fn wrong_settings_of_the_storage_are_one_clear_sentence() {
    let storage = S3::new();
    let folder = Folder::new();
    let good = environment(&storage.url(), "s3://files");
    let nobody = "http://127.0.0.1:9";
    for (name, value, names) in [
        ("YINGDA_FILES", "s3://other", "no bucket other"),
        ("YINGDA_S3_KEY", "", "`s3.key` and `s3.secret` are not set"),
        ("YINGDA_S3_KEY", "yingda:nobody", "refuses `s3.key`"),
        ("YINGDA_S3_SECRET", "wrong", "refuses `s3.key`"),
        ("YINGDA_S3_ENDPOINT", nobody, nobody),
    ] {
        let mut wrong = lent(&good);
        wrong.retain(|(other, _)| *other != name);
        wrong.push((name, value));
        let output = run(&folder.0, &["serve", "--listen", "127.0.0.1:0"], &wrong);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        let last = said.lines().last().unwrap();
        assert!(last.starts_with("yingda: ") && last.contains(names), "{said}");
    }
}
