//! The binary `yingda`.

mod app;
mod auth;
mod backup;
mod channels;
mod cli;
mod clock;
mod cluster;
mod config;
mod csv;
mod defaults;
mod demo;
mod exposition;
mod files;
mod flows;
mod gauges;
mod grid;
mod health;
mod http;
mod hub;
mod identify;
mod jobs;
mod join;
mod latest;
mod leads;
mod letters;
mod limits;
mod lock;
mod metrics;
mod oidc;
mod openapi;
mod order_notices;
mod orders;
mod outgoing;
mod packs;
mod passwords;
mod problem;
mod promises;
mod proof;
mod queue_now;
mod random;
mod recall;
mod rules;
mod secrets;
mod sentences;
mod serve;
mod sessions;
mod sheet;
mod site;
mod socket;
mod speech;
mod start;
mod surveys;
mod tasks;
mod ticket_kinds;
mod tickets;
mod tls;
mod totp;
mod trace;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run()
}
