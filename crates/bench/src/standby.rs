//! A warm second PostgreSQL takes over: what is lost by it, and for how long nobody is served.

use crate::{Result, clock, load::Load, nodes::Nodes, spread::rounded};
use clap::Args;
use serde_json::{Value, json};
use yingda_peers::Pair;

#[derive(Args, Clone, Debug)]
pub struct Standby {
    #[arg(long, default_value_t = 3)]
    nodes: usize,
    #[arg(long, default_value_t = 60)]
    visitors: usize,
    /// A commit does not wait for the standby: faster, and the last moments may be lost.
    #[arg(long)]
    asynchronous: bool,
    /// So many of each visitor's messages are acknowledged before the primary dies, and after.
    #[arg(long, default_value_t = 200)]
    calm_messages: usize,
}

impl Standby {
    pub async fn run(self) -> Result<Value> {
        let pair = Pair::begin(!self.asynchronous).await;
        let nodes = Nodes::start(self.nodes, &pair.database().await, &[]).await?;
        let mut load = Load::begin(&nodes, self.visitors).await?;
        load.goes_on(self.calm_messages).await?;
        pair.first.stop();
        let start = clock::now();
        pair.second.promote();
        let promoted_ms = clock::ms_since(start);
        load.goes_on(1).await?;
        let served_ms = clock::ms_since(start);
        load.goes_on(self.calm_messages).await?;
        let mut figures = load.end(nodes).await?;
        figures["synchronous"] = json!(!self.asynchronous);
        figures["rpo_messages"] = figures["lost"].clone();
        figures["rto_ms"] = json!(rounded(served_ms));
        figures["promoted_ms"] = json!(rounded(promoted_ms));
        Ok(figures)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::assert_whole;

    /// SYS-44, Q-13: the primary dies, the standby is promoted by the command of the guide, and the nodes go on by
    /// themselves with everything that was acknowledged, well within a minute.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_standby_takes_over_and_nothing_is_lost() {
        _ = rustls::crypto::ring::default_provider().install_default();
        let short = Standby { nodes: 3, visitors: 12, asynchronous: false, calm_messages: 30 };
        let figures = short.run().await.unwrap();
        assert_whole(&figures);
        assert_eq!(figures["rpo_messages"], 0, "{figures}");
        assert!(figures["rto_ms"].as_f64() <= Some(60_000.0), "{figures}");
    }
}
