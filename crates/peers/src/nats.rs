//! A NATS server of its own.

use crate::{free_port, wait_for};
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Mutex, PoisonError},
};

/// It stops with its user.
pub struct Nats {
    port: u16,
    /// Certificate and key, where it speaks TLS.
    sealed: Option<[PathBuf; 2]>,
    child: Mutex<Option<Child>>,
}

impl Nats {
    #[expect(clippy::new_without_default, reason = "it starts a process")]
    pub fn new() -> Self {
        Self::begin(None)
    }

    /// One that speaks only TLS, with these PEM files.
    pub fn sealed(certificate: PathBuf, key: PathBuf) -> Self {
        Self::begin(Some([certificate, key]))
    }

    fn begin(sealed: Option<[PathBuf; 2]>) -> Self {
        let nats = Self { port: free_port(), sealed, child: Mutex::new(None) };
        nats.start_again();
        nats
    }

    pub fn url(&self) -> String {
        let scheme = if self.sealed.is_some() { "tls" } else { "nats" };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// After `stop`, on the same port.
    pub fn start_again(&self) {
        let mut command = Command::new(program());
        command.args(["-a", "127.0.0.1", "-p", &self.port.to_string()]);
        if let Some([certificate, key]) = &self.sealed {
            command.arg("--tls").arg("--tlscert").arg(certificate).arg("--tlskey").arg(key);
        }
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.unwrap_or_else(|error| {
            panic!("nats-server did not start: {error}; install it first: apt-get install nats-server")
        });
        *self.child.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
        wait_for(self.port);
    }

    /// At once, as in a crash.
    pub fn stop(&self) {
        if let Some(mut child) = self.child.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Debian keeps it where only root's PATH looks.
fn program() -> &'static str {
    let there = std::path::Path::new("/usr/sbin/nats-server").exists();
    if there { "/usr/sbin/nats-server" } else { "nats-server" }
}
