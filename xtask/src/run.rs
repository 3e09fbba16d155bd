//! A demo on this machine: build, start, print where to look.

use crate::{
    shell::{self, Outcome, at_root},
    web,
};
use std::{
    net::{TcpListener, UdpSocket},
    os::unix::process::CommandExt,
};

/// Where the demo's telephone listens.
const PHONE: &str = "127.0.0.1:5060";

/// Becomes the server, so that ctrl-C reaches it and nothing else is left running.
pub fn run() -> Outcome {
    web::install()?;
    web::build()?;
    shell::must(at_root("cargo", &["build", "--release", "--package", "yingda-server"]))?;
    let server = shell::target()?.join("release/yingda");
    let server = server.to_str().ok_or("the target directory's path is no text")?;
    let mut command = at_root(server, &["serve", "--listen", "127.0.0.1:8080", "--data", "./data", "--demo"]);
    // A SIP phone on this machine reaches the shop's number without a password; where another exchange has the port, the
    // shop has no telephone.
    if UdpSocket::bind(PHONE).is_ok() && TcpListener::bind(PHONE).is_ok() {
        for (name, value) in [("YINGDA_PHONE_LISTEN", PHONE), ("YINGDA_PHONE_TRUNKS", "127.0.0.1")] {
            if std::env::var_os(name).is_none() {
                command.env(name, value);
            }
        }
    }
    let error = command.exec();
    Err(format!("{server} did not start: {error}"))
}
