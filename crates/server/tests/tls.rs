//! TLS by certificate files (SYS-42).

use crate::support::{Folder, Server};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use std::{fs, path::Path};

/// Writes a fresh certificate for this machine, and gives it as PEM.
fn write_certificate(folder: &Path) -> String {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    fs::write(folder.join("key.pem"), signing_key.serialize_pem()).unwrap();
    fs::write(folder.join("cert.pem"), cert.pem()).unwrap();
    cert.pem()
}

/// Whether the server at the address shows exactly this certificate.
async fn shows(url: &str, pem: &str) -> bool {
    // A client of its own, so that no open connection is used again.
    let trusted = reqwest::Certificate::from_pem(pem.as_bytes()).unwrap();
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([trusted]).build().unwrap();
    client.get(format!("{url}/healthz")).send().await.is_ok_and(|answer| answer.status().is_success())
}

#[tokio::test]
async fn a_new_certificate_is_taken_up_without_a_restart() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = Folder::new();
    let first = write_certificate(&folder.0);
    let [cert, key] = ["cert.pem", "key.pem"].map(|name| folder.0.join(name).display().to_string());
    let files = [("YINGDA_TLS_CERT", cert.as_str()), ("YINGDA_TLS_KEY", key.as_str())];
    let mut server = Server::start_with(&files).await;
    assert!(server.url.starts_with("https://"), "{}", server.url);
    assert!(shows(&server.url, &first).await);
    // A file that is no certificate changes nothing.
    fs::write(folder.0.join("cert.pem"), "half").unwrap();
    assert!(shows(&server.url, &first).await);
    let second = write_certificate(&folder.0);
    while !shows(&server.url, &second).await {
        assert!(server.is_running());
    }
    assert!(!shows(&server.url, &first).await);
}
