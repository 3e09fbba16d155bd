//! A demo on this machine: build, start, print where to look.

use crate::{
    shell::{self, Outcome, at_root},
    web,
};
use std::os::unix::process::CommandExt;

/// Becomes the server, so that ctrl-C reaches it and nothing else is left running.
pub fn run() -> Outcome {
    web::install()?;
    web::build()?;
    shell::must(at_root("cargo", &["build", "--release", "--package", "yingda-server"]))?;
    let server = shell::target()?.join("release/yingda");
    let server = server.to_str().ok_or("the target directory's path is no text")?;
    let error =
        at_root(server, &["serve", "--listen", "127.0.0.1:8080", "--data", "./data", "--demo"]).exec();
    Err(format!("{server} did not start: {error}"))
}
