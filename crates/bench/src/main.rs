//! `yingda-bench`: each subcommand measures one promise and prints one JSON object as its last line.

mod api;
mod bare;
mod channels;
mod check;
mod clock;
mod cluster;
mod connections;
mod crash;
mod crowd;
mod customers;
mod dispatch;
mod fill;
mod herd;
mod history;
mod load;
mod mail;
mod messages;
mod nodes;
mod people;
mod provider;
mod restore;
mod scale;
mod server;
mod sla;
mod soak;
mod socket;
mod spread;
mod standby;
mod start;
mod tickets;
mod upgrade;
mod widget;
mod wire;
mod writer;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

type Error = Box<dyn std::error::Error + Send + Sync>;
type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, Parser)]
#[command(
    version,
    about = "Measures Yingda on this machine: it starts its own server, beside its own binary."
)]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Messages from visitors to their agents' sockets, durable and acknowledged after the commit.
    Messages(messages::Messages),
    /// Many visitors who are just there: memory of each, and whether any is dropped.
    Connections(connections::Connections),
    /// How many assignments a second the dispatcher decides.
    Dispatch(dispatch::Dispatch),
    /// `kill -9` under load: nothing acknowledged is lost or doubled, and serving goes on.
    Crash(crash::Crash),
    /// Several nodes on PostgreSQL and NATS, and everything that can break: nothing acknowledged is lost or doubled.
    Cluster(cluster::Cluster),
    /// The gateway: deliveries beside a dead target, and a rate that is held.
    Channels(channels::Channels),
    /// Lists, filters and single conversations among many stored messages.
    History(history::History),
    /// Every line is cut at once: how soon all are back.
    Herd(herd::Herd),
    /// Half of the peak for a long time: memory stays flat.
    Soak(soak::Soak),
    /// Several nodes with one site each: what a message costs.
    Scale(scale::Scale),
    /// The widget's first page view in Chromium.
    Widget(widget::Widget),
    /// From an empty folder to serving; idle memory; the binary's size.
    Start(start::Start),
    /// Backup, a second one, and restore of a filled store, by the command line.
    Restore(restore::Restore),
    /// One node after another is replaced under load, from a former build to this one.
    Upgrade(upgrade::Upgrade),
    /// The primary PostgreSQL dies under load, and its standby takes over.
    Standby(standby::Standby),
    /// Tickets opened by HTTP, and lists, filters and boards among many.
    Tickets(tickets::Tickets),
    /// Customers found among many: by name, sound, initials, parts of a number.
    Customers(customers::Customers),
    /// A table of customers brought in.
    Import(customers::Import),
    /// Many running clocks of tickets: how late they are told, and what they cost.
    Sla(sla::Sla),
    #[command(hide = true)]
    Hold(crowd::Hold),
}

#[tokio::main]
async fn main() -> ExitCode {
    // Only plain HTTP to this machine is spoken, but the client asks for a provider of TLS all the same.
    _ = rustls::crypto::ring::default_provider().install_default();
    let outcome = match Cli::parse().what {
        What::Messages(it) => it.run().await,
        What::Connections(it) => it.run().await,
        What::Dispatch(it) => it.run(),
        What::Crash(it) => it.run().await,
        What::Cluster(it) => it.run().await,
        What::Channels(it) => it.run().await,
        What::Herd(it) => it.run().await,
        What::Soak(it) => it.run().await,
        What::Scale(it) => it.run().await,
        What::History(it) => it.run().await,
        What::Widget(it) => it.run().await,
        What::Start(it) => it.run().await,
        What::Restore(it) => it.run().await,
        What::Upgrade(it) => it.run().await,
        What::Standby(it) => it.run().await,
        What::Tickets(it) => it.run().await,
        What::Customers(it) => it.run().await,
        What::Import(it) => it.run().await,
        What::Sla(it) => it.run().await,
        What::Hold(it) => {
            return it.run().await.map_or_else(failed, |()| ExitCode::SUCCESS);
        }
    };
    match outcome {
        Ok(figures) => {
            println!("{figures}");
            ExitCode::SUCCESS
        }
        Err(error) => failed(error),
    }
}

fn failed(error: Error) -> ExitCode {
    eprintln!("the measurement did not run to its end: {error}");
    ExitCode::FAILURE
}
