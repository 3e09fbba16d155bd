//! The binary `yingda`.

mod api_keys;
mod app;
mod auth;
mod cli;
mod clock;
mod config;
mod csv;
mod files;
mod http;
mod hub;
mod limits;
mod outgoing;
mod passwords;
mod problem;
mod random;
mod secrets;
mod sentences;
mod serve;
mod sessions;
mod site;
mod sort_key;
mod tasks;
mod tls;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run()
}
