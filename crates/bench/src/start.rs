//! From nothing to serving, and what an idle stack costs.

use crate::{
    Result,
    server::{self, Folder, Server},
    spread::rounded,
};
use clap::Args;
use serde_json::{Value, json};
use std::time::Duration;

#[derive(Args, Clone, Debug)]
pub struct Start {
    /// So long it idles before its memory is read.
    #[arg(long, default_value_t = 5)]
    idle_seconds: u64,
}

impl Start {
    pub async fn run(self) -> Result<Value> {
        let folder = Folder::new()?;
        let server = Server::start(folder.path()).await?;
        tokio::time::sleep(Duration::from_secs(self.idle_seconds)).await;
        let figures = json!({
            "ready_ms": rounded(server.ready_ms),
            "idle_rss_mib": rounded(server.rss_mib()?),
            "binary_mb": rounded(std::fs::metadata(server::binary()?)?.len() as f64 / 1e6),
        });
        server.stop().await?;
        Ok(figures)
    }
}
