//! A message centre of SMS, in a process of its own: see `smpp.cjs` for what it does and how tests steer it.

use crate::Scratch;
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

pub struct Smpp {
    process: Child,
    address: String,
    port: u16,
    _folder: Scratch,
}

impl Smpp {
    /// Who may log in.
    pub const SYSTEM_ID: &str = "yingda";
    pub const PASSWORD: &str = "geheim";

    #[expect(clippy::new_without_default, reason = "it starts a process")]
    pub fn new() -> Self {
        Self::start(None)
    }

    /// By TLS from the first byte, with this certificate and its key, in PEM.
    pub fn with_tls(certificate: &str, key: &str) -> Self {
        Self::start(Some((certificate, key)))
    }

    fn start(tls: Option<(&str, &str)>) -> Self {
        let folder = Scratch::new();
        let script = folder.path().join("smpp.cjs");
        std::fs::write(&script, include_str!("smpp.cjs")).expect("the folder takes a file");
        let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/node_modules");
        let mut command = Command::new("node");
        command.arg(&script).env("NODE_PATH", &modules).stdout(Stdio::piped());
        if let Some((certificate, key)) = tls {
            command.env("CERTIFICATE", certificate).env("KEY", key);
        }
        let mut process = command.spawn().unwrap_or_else(|error| panic!("node did not start: {error}"));
        let mut ports = String::new();
        let output = process.stdout.take().expect("its output is ours");
        BufReader::new(output).read_line(&mut ports).expect("it says where it listens");
        let (steering, port) = ports
            .trim()
            .split_once(' ')
            .unwrap_or_else(|| panic!("the message centre did not start; install it first: npm ci in web"));
        let port = port.parse().expect("a port is a number");
        Self { process, address: format!("http://127.0.0.1:{steering}"), port, _folder: folder }
    }

    /// Where it is steered.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Where it speaks SMPP.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Smpp {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
