//! TLS by certificate files, read again when they change.

use crate::{config, tasks};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use std::{
    fs, io,
    path::Path,
    sync::{Arc, RwLock},
    time::{Duration, SystemTime},
};
use tokio_rustls::TlsAcceptor;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().unwrap_or_else(|poisoned| poisoned.into_inner()).clone())
    }
}

/// The acceptor, and a task that keeps its certificate fresh.
pub fn acceptor(files: config::Tls) -> io::Result<TlsAcceptor> {
    let mut known = changed_at(&files);
    let current = Arc::new(Current(RwLock::new(read(&files)?)));
    let mut server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_cert_resolver(current.clone());
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    tasks::start("certificates", async move {
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = tasks::stopping() => return,
            }
            let now = changed_at(&files);
            if now == known {
                continue;
            }
            known = now;
            match read(&files) {
                Ok(key) => {
                    *current.0.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = key;
                    tracing::info!(cert = %files.cert.display(), "the certificate was read again");
                }
                // Half-written files: the old certificate stays, and the next change is tried again.
                Err(error) => tracing::warn!(%error, "the new certificate cannot be used; the old one stays"),
            }
        }
    });
    Ok(TlsAcceptor::from(Arc::new(server)))
}

fn changed_at(files: &config::Tls) -> [Option<SystemTime>; 2] {
    [&files.cert, &files.key].map(|path| fs::metadata(path).and_then(|it| it.modified()).ok())
}

/// Reads both files and checks that they belong together.
pub fn read(files: &config::Tls) -> io::Result<Arc<CertifiedKey>> {
    let wrong = |path: &Path, why: &dyn std::fmt::Display| {
        io::Error::new(io::ErrorKind::InvalidData, format!("{}: {why}", path.display()))
    };
    let chain = CertificateDer::pem_file_iter(&files.cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| wrong(&files.cert, &error))?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| wrong(&files.key, &error))?;
    CertifiedKey::from_der(chain, key, &ring::default_provider())
        .map(Arc::new)
        .map_err(|error| wrong(&files.cert, &error))
}
