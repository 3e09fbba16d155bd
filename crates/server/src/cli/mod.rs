//! The command line.

mod backup;
mod demo;
mod doctor;
mod office;
mod pack;
mod serve;
mod user;

use crate::{
    config::{self, Config},
    openapi,
    start::{self, StartError},
};
use clap::{Args, Parser, Subcommand};
use std::{fs, io, path::PathBuf, process::ExitCode};

/// Yingda 应答 answers a company's customers: web chat, queues, agents, records.
#[derive(Parser)]
#[command(name = "yingda", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start the server.
    Serve {
        #[command(flatten)]
        place: Place,
        /// Address and port to listen on, such as 127.0.0.1:8080; port 0 takes a free one.
        #[arg(long)]
        listen: Option<String>,
        /// On the first start, load demo data: a shop with the widget, agents, customers, a week of history.
        #[arg(long)]
        demo: bool,
    },
    /// Bring the store to this version and stop.
    Migrate {
        #[command(flatten)]
        place: Place,
    },
    /// Manage accounts, also while the server runs.
    User {
        #[command(flatten)]
        place: Place,
        #[command(subcommand)]
        what: user::User,
    },
    /// Load or clear the demo data.
    Demo {
        #[command(flatten)]
        place: Place,
        #[command(subcommand)]
        what: demo::Demo,
    },
    /// Template packs for lines of business: kinds of tickets, tags, replies.
    Pack {
        #[command(flatten)]
        place: Place,
        #[command(subcommand)]
        what: pack::Pack,
    },
    /// Check configuration, store, ports, clock, disk and files, and say what to do.
    Doctor {
        #[command(flatten)]
        place: Place,
    },
    /// Make a backup, also while the server runs; list, verify and remove them; make their key.
    Backup {
        #[command(flatten)]
        place: Place,
        #[command(subcommand)]
        what: Option<backup::Backup>,
    },
    /// Bring a backup back into an empty store, of whichever engine, and an empty data folder.
    Restore {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        what: backup::Wanted,
    },
    /// Print the OpenAPI document of all endpoints.
    Openapi,
}

/// Where configuration and data lie.
#[derive(Args, Clone, Default)]
struct Place {
    /// Folder of the embedded store, files and key.
    #[arg(long, global = true)]
    data: Option<PathBuf>,
    /// Configuration file; without it `<data>/yingda.toml`, if there is one.
    #[arg(long, global = true)]
    config: Option<PathBuf>,
}

impl Place {
    fn config(&self, flags: &[(&str, String)]) -> Result<Config, StartError> {
        let mut flags = flags.to_vec();
        flags.extend(self.data.iter().map(|data| ("data", data.display().to_string())));
        let environment =
            || std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
        let refuse = |error: config::ConfigError| StartError(error.to_string());
        let path = match &self.config {
            Some(path) => path.clone(),
            // Where the data lies is known without the file; the file in it may say all the rest.
            None => config::load(None, environment(), &flags).map_err(refuse)?.data.join("yingda.toml"),
        };
        let text = match fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.config.is_none() => None,
            Err(error) => {
                return Err(start::while_trying(format!("cannot read {}", path.display()))(error));
            }
        };
        let name = path.display().to_string();
        let source = text.as_deref().map(|text| config::Source { name: &name, text });
        config::load(source, environment(), &flags).map_err(refuse)
    }
}

/// The server did not start: what it needs is wrong or out of reach.
const CANNOT_START: u8 = 2;

pub fn run() -> ExitCode {
    // Outgoing and incoming TLS use one implementation; a second call would only find it set.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match Cli::parse().command {
        Command::Serve { place, listen, demo } => {
            let flags: Vec<_> = listen.map(|listen| ("listen", listen)).into_iter().collect();
            match place.config(&flags).and_then(|config| block_on(serve::run(config, demo))) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    eprintln!("yingda: {error}");
                    ExitCode::from(CANNOT_START)
                }
            }
        }
        Command::Migrate { place } => told(place.config(&[]).and_then(|config| block_on(migrate(config)))),
        Command::User { place, what } => {
            told(place.config(&[]).and_then(|config| block_on(user::run(config, what))))
        }
        Command::Demo { place, what } => {
            told(place.config(&[]).and_then(|config| block_on(demo::run(config, what))))
        }
        Command::Pack { place, what } => {
            told(place.config(&[]).and_then(|config| block_on(pack::run(config, what))))
        }
        Command::Doctor { place } => block_on(doctor::run(place.config(&[]))),
        Command::Backup { place, what } => {
            told(place.config(&[]).and_then(|config| block_on(backup::run(config, what))))
        }
        Command::Restore { place, what } => {
            told(place.config(&[]).and_then(|config| block_on(backup::restore(config, what))))
        }
        Command::Openapi => {
            println!("{}", openapi::document());
            ExitCode::SUCCESS
        }
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("the operating system gives threads").block_on(work)
}

fn told(result: Result<(), StartError>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("yingda: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn migrate(config: Config) -> Result<(), StartError> {
    let _lock = start::lock(&config.data)?;
    start::store(&config).await?.close().await;
    println!("The store {} is at this version.", start::public(&config.store_url()));
    Ok(())
}
