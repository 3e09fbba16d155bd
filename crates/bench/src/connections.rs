//! Many visitors who are just there: what each costs the server, and whether any is dropped.

use crate::{
    Result,
    api::World,
    crowd::Crowd,
    server::{Folder, Given, Server},
    spread::rounded,
};
use clap::Args;
use serde_json::{Value, json};
use std::time::Duration;

#[derive(Args, Clone, Debug)]
pub struct Connections {
    #[command(flatten)]
    given: Given,
    #[arg(long, default_value_t = 19_000)]
    count: usize,
    /// So long they stay after each has sent and received one message.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Client processes: each may hold 20,000 descriptors.
    #[arg(long, default_value_t = 4)]
    processes: usize,
}

impl Connections {
    pub async fn run(self) -> Result<Value> {
        let folder = Folder::new()?;
        let mut server = Server::start_unless(self.given.clone(), folder.path()).await?;
        let world = World::set_up(server.address, &server.set_up_token().await?, 1, 1).await?;
        if server.is_own() {
            // Hashing passwords takes memory that it gives back late: count from a fresh process.
            let address = server.address;
            server.stop().await?;
            server = Server::start_at(folder.path(), address).await?;
        }
        let before = server.rss_bytes()?;
        let crowds = Crowd::gather(server.address, world.widget, self.count, self.processes).await?;
        // Memory that came and went with the handshakes is given back within moments.
        tokio::time::sleep(Duration::from_secs(self.seconds)).await;
        let after = server.rss_bytes()?;
        let mut dropped = 0;
        for mut crowd in crowds {
            dropped += crowd.leave().await?;
        }
        let cpu_ms = server.cpu_us()? / 1_000.0;
        server.stop().await?;
        Ok(json!({
            "bytes_per_connection": (after.saturating_sub(before) as f64 / self.count as f64).round(),
            "dropped": dropped,
            "count": self.count,
            "server_rss_mib": rounded(after as f64 / 1_048_576.0),
            "server_cpu_ms": cpu_ms,
        }))
    }
}
