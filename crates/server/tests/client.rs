//! The sample client of the docs does everything through the API alone (SYS-73).

use crate::office::program;
use crate::support::Server;
use std::process::Command;

#[tokio::test]
async fn sys_73_the_sample_client_runs_from_end_to_end() {
    let (server, admin) = Server::set_up().await;
    let actions = [
        "conversation_serve",
        "conversation_read",
        "customer_read",
        "customer_write",
        "consult_read",
        "consult_write",
        "manage_tags",
        "report_read",
        "audit_read",
    ];
    let robot = program(&server, &admin, &actions).await;
    let (_, bearer) = robot.headers.iter().find(|(name, _)| name == "authorization").unwrap();
    let key = bearer.strip_prefix("Bearer ").unwrap();
    let client = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/examples/client.py");
    let output = Command::new("python3")
        .args(["-B", client])
        .env("YINGDA_URL", &server.url)
        .env("YINGDA_KEY", key)
        .output()
        .expect("python3 is installed");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    for line in [
        "an old version is refused: stale",
        "record complete: True",
        "I want my money back.",
        "found again by its tag: True",
        "events, whole",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
}
