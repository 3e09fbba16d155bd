//! Several nodes on one PostgreSQL and one NATS, visitors on all of them, and one thing after another that breaks.

use crate::{
    Result, clock,
    load::Load,
    nodes::{End, Nodes},
};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::{fs, net::SocketAddr, time::Duration};
use yingda_peers::{Postgres, faketime};

#[derive(Args, Clone, Debug)]
pub struct Cluster {
    #[arg(long, default_value_t = 3)]
    nodes: usize,
    /// So many times something breaks.
    #[arg(long, default_value_t = 10)]
    kills: usize,
    #[arg(long, default_value_t = 60)]
    visitors: usize,
    /// What breaks, in turns.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Fault::ALL)]
    faults: Vec<Fault>,
    /// So long PostgreSQL is gone, or its disk full, when it is.
    #[arg(long, default_value_t = 30)]
    gone_seconds: u64,
    /// So many of each visitor's messages are acknowledged before each fault, and after the last.
    #[arg(long, default_value_t = 200)]
    calm_messages: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Fault {
    /// The node that owns the site is killed.
    Owner,
    /// Another node is killed.
    Other,
    /// The owner stands still past its lease, and wakes up.
    Frozen,
    /// The owner is asked to end.
    Drained,
    /// PostgreSQL crashes and is started again.
    Postgres,
    /// NATS crashes and is started again.
    Nats,
    /// The owner and the bus do not see each other; the owner and the store do.
    Split,
    /// Another node and the bus do not see each other.
    SplitOther,
    /// PostgreSQL is gone for a while.
    Gone,
    /// The disk of PostgreSQL is full for a while.
    FullDisk,
    /// The disk of PostgreSQL takes its time over every write.
    SlowDisk,
    /// The owner's clock jumps an hour ahead, and back.
    Clock,
}

impl Fault {
    /// Those that nobody has to wait out.
    const ALL: [Fault; 10] = [
        Fault::Owner,
        Fault::Other,
        Fault::Frozen,
        Fault::Drained,
        Fault::Postgres,
        Fault::Nats,
        Fault::Split,
        Fault::SplitOther,
        Fault::SlowDisk,
        Fault::Clock,
    ];
}

const SPLIT: Duration = Duration::from_secs(2);
/// What a write to a slow disk takes more.
const SLOW: Duration = Duration::from_millis(300);
/// So many of each visitor's messages are acknowledged while the disk is slow or the clock is wrong.
const MEANWHILE: usize = 20;
/// Room for a long run, soon filled.
const SMALL_DISK_MIB: u32 = 1_024;
/// What the owner's clock is ahead or behind.
const CLOCK: &str = "clock";

struct Scene {
    postgres: Postgres,
    nodes: Nodes,
    load: Load,
}

impl Cluster {
    pub async fn run(self) -> Result<Value> {
        let postgres = match self.faults.contains(&Fault::FullDisk) {
            true => Postgres::on_small_disk(SMALL_DISK_MIB),
            false => Postgres::durable(),
        };
        let clock = self.faults.contains(&Fault::Clock).then(|| faketime("{node}/clock"));
        let clock = clock.iter().flatten().map(|(key, value)| (*key, value.as_str())).collect::<Vec<_>>();
        let nodes = Nodes::start(self.nodes, &postgres.database().await, &clock).await?;
        let load = Load::begin(&nodes, self.visitors).await?;
        let mut scene = Scene { postgres, nodes, load };
        let mut breaks = vec![];
        for turn in 0..self.kills {
            scene.load.goes_on(self.calm_messages).await?;
            let fault = self.faults[turn % self.faults.len()];
            eprintln!("{turn}: {fault:?}");
            scene.suffer(fault, Duration::from_secs(self.gone_seconds)).await?;
            breaks.push(format!("{fault:?}").to_lowercase());
        }
        scene.load.goes_on(self.calm_messages).await?;
        let mut figures = scene.load.end(scene.nodes).await?;
        figures["faults"] = json!(breaks);
        Ok(figures)
    }
}

impl Scene {
    /// Breaks something and mends it.
    async fn suffer(&mut self, fault: Fault, gone: Duration) -> Result<()> {
        let nodes = &mut self.nodes;
        match fault {
            Fault::Owner => {
                let owner = nodes.owner().await?;
                nodes.start_again(owner, End::Killed).await?;
            }
            Fault::Other => {
                let other = (nodes.owner().await? + 1) % nodes.servers.len();
                nodes.start_again(other, End::Killed).await?;
            }
            Fault::Drained => {
                let owner = nodes.owner().await?;
                nodes.start_again(owner, End::Asked).await?;
            }
            Fault::Frozen => {
                let owner = nodes.owner().await?;
                nodes.servers[owner].signal("STOP").await?;
                nodes.owner_but(Some(owner)).await?;
                nodes.servers[owner].signal("CONT").await?;
            }
            Fault::Postgres => {
                self.postgres.stop();
                self.postgres.start_again();
            }
            Fault::Gone => {
                self.postgres.stop();
                tokio::time::sleep(gone).await;
                self.postgres.start_again();
            }
            Fault::FullDisk => {
                self.postgres.fill_disk();
                tokio::time::sleep(gone).await;
                if !self.postgres.log().contains("No space left on device") {
                    return Err("the disk was not full".into());
                }
                self.postgres.free_disk();
            }
            Fault::SlowDisk => {
                let slow = self.postgres.slow(SLOW);
                self.load.goes_on(MEANWHILE).await?;
                drop(slow);
            }
            Fault::Clock => {
                let owner = nodes.owner().await?;
                let file = nodes.place(owner).join(CLOCK);
                let [wrong, right] = [owner, (owner + 1) % nodes.servers.len()].map(|it| nodes.doors()[it]);
                fs::write(&file, "+3600s")?;
                let give_up = clock::now() + Duration::from_secs(10);
                while hour(wrong).await? == hour(right).await? {
                    if clock::now() > give_up {
                        return Err("the clock did not jump".into());
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                self.load.goes_on(MEANWHILE).await?;
                fs::write(&file, "+0s")?;
                self.load.goes_on(MEANWHILE).await?;
            }
            Fault::Split => {
                let owner = nodes.owner().await?;
                split(nodes, owner).await;
            }
            Fault::SplitOther => {
                let other = (nodes.owner().await? + 1) % nodes.servers.len();
                split(nodes, other).await;
            }
            Fault::Nats => {
                nodes.nats.stop();
                nodes.nats.start_again();
            }
        }
        Ok(())
    }
}

/// Of the clock on a node's wall, which stands in each of its answers.
async fn hour(node: SocketAddr) -> Result<String> {
    let answer = reqwest::get(format!("http://{node}/readyz")).await?;
    let date = answer.headers().get("date").ok_or("an answer has a date")?.to_str()?;
    Ok(date.split([' ', ':']).nth(4).ok_or("a date has an hour")?.to_owned())
}

async fn split(nodes: &Nodes, number: usize) {
    nodes.wires[number].cut(true);
    tokio::time::sleep(SPLIT).await;
    nodes.wires[number].cut(false);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::assert_whole;

    async fn short(faults: Vec<Fault>) -> Value {
        _ = rustls::crypto::ring::default_provider().install_default();
        let kills = faults.len();
        let short = Cluster { nodes: 3, kills, visitors: 12, faults, gone_seconds: 3, calm_messages: 30 };
        let figures = short.run().await.unwrap();
        assert_whole(&figures);
        figures
    }

    /// SYS-71, Q-07: whichever node is lost, no message is. The short form; `yingda-bench cluster` is the long one, and
    /// measures how long anybody is not served.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_cluster_loses_nothing_whatever_breaks() {
        let figures = short(Fault::ALL.to_vec()).await;
        assert!(figures["take_overs"].as_u64() >= Some(4), "{figures}");
    }

    /// the store comes back, or finds room again, and everything that people wrote meanwhile is there once.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_store_that_is_gone_or_full_for_a_while_loses_nothing() {
        short(vec![Fault::Gone, Fault::FullDisk, Fault::Postgres]).await;
    }
}
