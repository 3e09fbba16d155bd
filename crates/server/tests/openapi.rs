//! The document and the router are one (SYS-73): whatever is described is there.

use crate::support::Server;
use reqwest::{Method, StatusCode};

#[tokio::test]
async fn sys_73_every_described_call_has_a_handler() {
    let server = Server::start().await;
    let stranger = server.nobody();
    let document = stranger.get("/openapi.json").await;
    assert_eq!(document.status, StatusCode::OK);
    let paths = document.body["paths"].as_object().unwrap();
    assert!(paths.len() > 45, "{}", paths.len());
    for (path, item) in paths {
        for method in item.as_object().unwrap().keys() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let address = format!("/{}", path.replace("{id}", "1").replace("{kind}", "tag"));
            let body = (method != Method::GET).then(|| "{}".to_owned());
            let answer = stranger.ask(method.clone(), &address, body).await;
            let missing = ["no_such_address", "wrong_method"].contains(&answer.code());
            assert!(!missing && !answer.status.is_server_error(), "{method} {path}: {}", answer.text);
        }
    }
}
