//! `yingda demo`: it fills an empty store only, and removes nothing but a demo.

use crate::line::{post, visit, work};
use crate::support::{Folder, Server, run};
use reqwest::StatusCode;
use serde_json::json;

#[test]
fn clearing_removes_a_demo_and_leaves_everything_else_alone() {
    let real = Folder::new();
    assert!(
        run(&real.0, &["user", "add", "li.na"], &[("YINGDA_PASSWORD", "vt8-kupfer-wald")]).status.success()
    );
    let refused = run(&real.0, &["demo", "clear"], &[]);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("nothing was removed"));
    assert!(real.0.join("yingda.db").exists());
    let refused = run(&real.0, &["demo", "load"], &[]);
    assert!(!refused.status.success(), "demo data never mixes with what is there");
    assert!(String::from_utf8_lossy(&run(&real.0, &["user", "list"], &[]).stdout).contains("li.na"));

    let demo = Folder::new();
    let loaded = run(&demo.0, &["demo", "load"], &[]);
    assert!(String::from_utf8_lossy(&loaded.stdout).contains("yingda-demo"), "the logins are printed");
    assert!(run(&demo.0, &["demo", "clear"], &[]).status.success());
    assert!(!demo.0.join("yingda.db").exists());
    let nothing = run(&demo.0, &["demo", "clear"], &[]);
    assert!(!nothing.status.success() && !demo.0.join("yingda.db").exists());
}

/// SYS-51, Q-16: one program beside nothing else is a trial version: from an empty folder to the first chat by what it
/// prints itself, and the same again after it was stopped.
#[tokio::test]
async fn sys_51_q_16_one_command_from_nothing_to_the_first_chat() {
    let folder = Folder::new();
    let server = Server::start_demo(&folder.0).await;
    assert_eq!(server.set_up_token, None, "there are people already");
    let login = |name: &str| {
        let line = server.printed.iter().find(|line| line.trim().starts_with(name));
        let line = line.unwrap_or_else(|| panic!("{name} is printed: {:#?}", server.printed));
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    let mut people = vec![];
    for name in ["admin", "limin"] {
        let mut person = server.nobody();
        let answer = person.try_password(name, &login(name)).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}: {}", answer.text);
        person.keep_cookie(&answer);
        people.push(person);
    }
    let [admin, agent] = &people[..] else { unreachable!("two signed in") };
    let week = admin.get("/conversations?limit=200").await.body;
    assert_eq!(week["items"].as_array().unwrap().len(), 200, "a week of history to look at");
    let id = agent.get("/me").await.body["id"].as_str().unwrap().to_owned();
    let (mut desk, _) = work(&server, agent, &id).await;
    let widgets = admin.get("/records/widget").await.body;
    let widget = widgets["items"][0]["id"].as_str().unwrap();
    let (mut visitor, _) = visit(&server, widget, 1, json!({})).await;
    let first = json!({ "type": "text", "text": "这件有货吗" });
    visitor.say(json!({ "t": "start", "n": 1, "content": first })).await;
    let assigned = desk.event("assigned").await;
    let conversation = &assigned["on"]["conversation"];
    desk.say(post(conversation, 1, "有的，今天就能发")).await;
    visitor.until("the answer", |frame| frame["text"] == "有的，今天就能发").await;

    drop((desk, visitor));
    assert_eq!(server.stop(), Some(0));
    let again = Server::start_demo(&folder.0).await;
    let mut admin = again.nobody();
    let answer = admin.try_password("admin", "yingda-demo").await;
    admin.keep_cookie(&answer);
    let found = admin.get(&format!("/conversations/{}", conversation.as_str().unwrap())).await;
    assert_eq!(found.status, StatusCode::OK, "nothing is loaded over what is there");
}
