//! Today's figures of the live view (SYS-22).

use crate::line::{visit, work};
use crate::office::{first, hire};
use crate::reports::counted;
use crate::support::{Folder, Person, Server};
use serde_json::{Value, json};

const FIGURES: [&str; 5] = ["entered", "answered", "answered_in_time", "abandoned", "abandoned_in_time"];

async fn today(admin: &Person, queue: &str) -> Vec<Value> {
    let floor = admin.get("/floor").await.body;
    let now = floor["queues"].as_array().unwrap().iter().find(|it| it["queue"] == queue).unwrap();
    FIGURES.map(|figure| now[figure].clone()).to_vec()
}

/// A restart forgets nothing of the day: neither what the reports had counted by then nor what they had not.
#[tokio::test]
async fn sys_22_a_restart_keeps_the_figures_of_the_day() {
    let folder = Folder::new();
    let (server, admin) = Server::set_up_in(&folder.0, &[]).await;
    let (queue, widget) = (first(&admin, "queue").await, first(&admin, "widget").await);
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let ask = async |server: &Server, tab: u32| {
        let (mut visitor, _) = visit(server, &widget, tab, json!({})).await;
        visitor.say(json!({ "t": "start", "n": 1, "content": { "type": "text", "text": "你好" } })).await;
        let conversation = visitor.event("conversation_started").await["on"]["conversation"].clone();
        (visitor, conversation)
    };
    // One who gives up before anybody is there, two who are answered.
    let (mut tired, conversation) = ask(&server, 1).await;
    tired.say(json!({ "t": "do", "conversation": conversation, "n": 1, "do": "close" })).await;
    tired.event("conversation_closed").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    for tab in [2, 3] {
        ask(&server, tab).await;
        desk.event("assigned").await;
    }
    let figures = [3, 2, 2, 1, 1].map(Value::from).to_vec();
    assert_eq!(today(&admin, &queue).await, figures);

    // Dropping the server kills it: perhaps nothing of it is counted yet.
    drop((desk, server));
    let server = Server::start_in(&folder.0, &[]).await;
    let admin = server.sign_in("admin").await;
    assert_eq!(today(&admin, &queue).await, figures);
    counted(&admin, "/reports/live?by=queue", 3.0).await;
    drop(server);
    let server = Server::start_in(&folder.0, &[]).await;
    let admin = server.sign_in("admin").await;
    assert_eq!(today(&admin, &queue).await, figures, "from what was counted");
    ask(&server, 4).await;
    assert_eq!(today(&admin, &queue).await[0], 4, "and the day goes on");
}
