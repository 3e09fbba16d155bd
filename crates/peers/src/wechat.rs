//! A platform like WeChat's, in a process of its own: see `wechat.mjs` for what it does and how tests steer it.

use crate::Scratch;
use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

pub struct Wechat {
    process: Child,
    address: String,
    _folder: Scratch,
}

impl Wechat {
    #[expect(clippy::new_without_default, reason = "it starts a process")]
    pub fn new() -> Self {
        let folder = Scratch::new();
        let script = folder.path().join("wechat.mjs");
        std::fs::write(&script, include_str!("wechat.mjs")).expect("the folder takes a file");
        let started = Command::new("node").arg(&script).stdout(Stdio::piped()).spawn();
        let mut process = started.unwrap_or_else(|error| panic!("node did not start: {error}"));
        let mut port = String::new();
        let output = process.stdout.take().expect("its output is ours");
        BufReader::new(output).read_line(&mut port).expect("it says where it listens");
        Self { process, address: format!("http://127.0.0.1:{}", port.trim()), _folder: folder }
    }

    /// Its base address.
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Wechat {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
