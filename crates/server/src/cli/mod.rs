//! The command line.

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Yingda 应答: answers a company's customers.
#[derive(Parser)]
#[command(name = "yingda", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start the server.
    Serve,
}

pub fn run() -> ExitCode {
    match Cli::parse().command {
        Command::Serve => ExitCode::SUCCESS,
    }
}
