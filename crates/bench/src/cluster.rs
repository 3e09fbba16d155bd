//! Several nodes on one PostgreSQL and one NATS, visitors on all of them, and one thing after another that breaks.

use crate::{
    Result,
    api::{Agent, World},
    check::{self, Faults},
    clock,
    people::{self, Visitor},
    server::{Folder, Server},
    socket,
    spread::rounded,
    wire::Wire,
    writer::Writer,
};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::{collections::BTreeMap, net::SocketAddr, time::Duration};
use tokio::{sync::watch, task::JoinSet};
use yingda_peers::{Nats, Postgres};
use yingda_store::{Db, lease};

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
    /// So long PostgreSQL is gone when it is.
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
}

impl Fault {
    const ALL: [Fault; 8] = [
        Fault::Owner,
        Fault::Other,
        Fault::Frozen,
        Fault::Drained,
        Fault::Postgres,
        Fault::Nats,
        Fault::Split,
        Fault::SplitOther,
    ];
}

const AGENTS: usize = 6;
/// A visitor who is not served for so long will not be.
const GIVE_UP: Duration = Duration::from_secs(60);
const SPLIT: Duration = Duration::from_secs(2);

struct Nodes {
    folder: Folder,
    postgres: Postgres,
    nats: Nats,
    db: Db,
    settings: Vec<(String, String)>,
    servers: Vec<Server>,
    /// Each node's way to the bus.
    wires: Vec<Wire>,
}

impl Cluster {
    pub async fn run(self) -> Result<Value> {
        let mut nodes = Nodes::start(self.nodes).await?;
        let doors = nodes.doors();
        let token = nodes.servers[0].set_up_token().await?;
        let chats_each = self.visitors.div_ceil(AGENTS) + 2;
        let world = World::set_up(doors[0], &token, AGENTS, chats_each).await?;
        let (stop, stopped) = watch::channel(false);
        let mut consoles = JoinSet::new();
        for (number, agent) in world.agents.iter().cloned().enumerate() {
            consoles.spawn(serve(agent, number, doors.clone(), stopped.clone()));
        }
        let mut visitors = vec![];
        for number in 0..self.visitors {
            let door = doors[number % doors.len()];
            visitors.push((number, Visitor::come(door, world.widget, number).await?));
        }
        let zero = clock::now();
        let (mut writing, mut progress) = (JoinSet::new(), vec![]);
        for (number, visitor) in visitors {
            let mut doors = doors.clone();
            doors.rotate_left(number % self.nodes);
            let writer = Writer::new(visitor, doors, world.widget);
            progress.push(writer.progress());
            writing.spawn(writer.write(zero, stopped.clone()));
        }
        let mut breaks = vec![];
        for turn in 0..self.kills {
            be_calm(&mut progress, self.calm_messages).await?;
            let fault = self.faults[turn % self.faults.len()];
            eprintln!("{turn}: {fault:?}");
            nodes.suffer(fault, Duration::from_secs(self.gone_seconds)).await?;
            breaks.push(format!("{fault:?}").to_lowercase());
        }
        be_calm(&mut progress, self.calm_messages).await?;
        stop.send(true)?;
        let (mut faults, mut acked, mut silence) = (Faults::default(), 0, Duration::ZERO);
        while let Some(writer) = writing.join_next().await {
            let writer = writer??;
            acked += writer.acked.len();
            silence = silence.max(writer.silence);
            let stored = check::stored(&world.admin, writer.visitor.conversation, writer.visitor.tab).await?;
            faults += check::compare(&writer.acked, &stored);
        }
        consoles.shutdown().await;
        let chain = world.admin.get("/audit/verify").await?;
        let logs = nodes.end().await?;
        let panics = logs.iter().flat_map(|log| log.lines()).filter(|line| line.contains("panicked")).count();
        let owners = owners(&logs);
        Ok(json!({
            "lost": faults.lost,
            "doubled": faults.doubled,
            "reordered": faults.reordered,
            "longest_silence_ms": rounded(silence.as_secs_f64() * 1_000.0),
            "owners_max": owners.values().copied().max().unwrap_or_default(),
            "take_overs": owners.len(),
            "panics": panics,
            "acked": acked,
            "chain_broken_at": chain["broken_at"],
            "faults": breaks,
        }))
    }
}

impl Nodes {
    async fn start(count: usize) -> Result<Nodes> {
        let (postgres, nats) = (Postgres::durable(), Nats::new());
        let address = postgres.database().await;
        let db = Db::open(&address).await?;
        let folder = Folder::new()?;
        let key = "5a".repeat(32);
        let files = folder.path().join("files").display().to_string();
        let settings = [
            ("YINGDA_STORE", address),
            ("YINGDA_SECRET_KEY", key),
            ("YINGDA_FILES", files),
            ("YINGDA_LOG_LEVEL", "info,refinery_core=warn,tokio_postgres=warn,async_nats=warn".into()),
        ];
        let settings: Vec<_> = settings.map(|(key, value)| (key.to_owned(), value)).into();
        let mut nodes = Nodes { folder, postgres, nats, db, settings, servers: vec![], wires: vec![] };
        for number in 0..count {
            nodes.wires.push(Wire::to(nodes.nats.address()).await?);
            let folder = nodes.place(number);
            nodes.servers.push(Server::start_as(&folder, &nodes.settings_of(number)).await?);
        }
        Ok(nodes)
    }

    fn place(&self, number: usize) -> std::path::PathBuf {
        self.folder.path().join(format!("n{number}"))
    }

    fn settings_of(&self, number: usize) -> Vec<(String, String)> {
        let mut settings = self.settings.clone();
        settings.push(("YINGDA_NODE".into(), format!("n{number}")));
        settings.push(("YINGDA_BUS".into(), format!("nats://{}", self.wires[number].address)));
        settings
    }

    fn doors(&self) -> Vec<SocketAddr> {
        self.servers.iter().map(|server| server.address).collect()
    }

    /// Which of our nodes owns the site now.
    async fn owner(&self) -> Result<usize> {
        self.owner_but(None).await
    }

    /// The same, when it is not this one any more.
    async fn owner_but(&self, former: Option<usize>) -> Result<usize> {
        let give_up = clock::now() + Duration::from_secs(30);
        while clock::now() < give_up {
            if let Some(number) = lease::owner(&self.db, 1).await?
                && let Some(node) =
                    lease::nodes(&self.db).await?.into_iter().find(|node| node.number == number)
                && let Some(index) = node.name.strip_prefix('n').and_then(|text| text.parse().ok())
                && former != Some(index)
            {
                return Ok(index);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err("nobody owns the site".into())
    }

    /// Breaks something and mends it.
    async fn suffer(&mut self, fault: Fault, gone: Duration) -> Result<()> {
        match fault {
            Fault::Owner => {
                let owner = self.owner().await?;
                self.start_again(owner, false).await
            }
            Fault::Other => {
                let other = (self.owner().await? + 1) % self.servers.len();
                self.start_again(other, false).await
            }
            Fault::Drained => {
                let owner = self.owner().await?;
                self.start_again(owner, true).await
            }
            Fault::Frozen => {
                let owner = self.owner().await?;
                self.servers[owner].signal("STOP").await?;
                self.owner_but(Some(owner)).await?;
                self.servers[owner].signal("CONT").await
            }
            Fault::Postgres => {
                self.postgres.stop();
                self.postgres.start_again();
                Ok(())
            }
            Fault::Gone => {
                self.postgres.stop();
                tokio::time::sleep(gone).await;
                self.postgres.start_again();
                Ok(())
            }
            Fault::Split => {
                let owner = self.owner().await?;
                self.split(owner).await;
                Ok(())
            }
            Fault::SplitOther => {
                let other = (self.owner().await? + 1) % self.servers.len();
                self.split(other).await;
                Ok(())
            }
            Fault::Nats => {
                self.nats.stop();
                self.nats.start_again();
                Ok(())
            }
        }
    }

    async fn split(&self, number: usize) {
        self.wires[number].cut(true);
        tokio::time::sleep(SPLIT).await;
        self.wires[number].cut(false);
    }

    /// A node ends, by force or asked to, and a new process takes its place.
    async fn start_again(&mut self, number: usize, asked: bool) -> Result<()> {
        let server = self.servers.remove(number);
        let address = server.address;
        if asked {
            server.stop().await?
        } else {
            server.kill().await?
        };
        let fresh = Server::start_as_at(&self.place(number), address, &self.settings_of(number)).await?;
        self.servers.insert(number, fresh);
        Ok(())
    }

    /// Ends all, and gives what they had to say, former processes included.
    async fn end(self) -> Result<Vec<String>> {
        let mut logs = vec![];
        for server in self.servers {
            logs.push(server.log()?);
            server.stop().await?;
        }
        Ok(logs)
    }
}

/// How many nodes said of each fence that they own the site under it.
fn owners(logs: &[String]) -> BTreeMap<u64, usize> {
    let mut owners = BTreeMap::new();
    for line in logs.iter().flat_map(|log| log.lines()).filter(|line| line.contains("owns the site ")) {
        let plain = strip(line);
        let fence = plain.split("fence=").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok());
        if let Some(fence) = fence {
            *owners.entry(fence).or_default() += 1;
        }
    }
    owners
}

/// Until each visitor has so many more acknowledgements.
async fn be_calm(progress: &mut [watch::Receiver<usize>], messages: usize) -> Result<()> {
    let enough: Vec<usize> = progress.iter().map(|acked| *acked.borrow() + messages).collect();
    let all = async {
        for (acked, enough) in progress.iter_mut().zip(enough) {
            acked.wait_for(|it| *it >= enough).await?;
        }
        Result::<()>::Ok(())
    };
    tokio::time::timeout(GIVE_UP, all).await.map_err(|_| "visitors are not served any more")?
}

/// A line of a log without its colours.
fn strip(line: &str) -> String {
    let mut plain = String::new();
    let mut signs = line.chars();
    while let Some(sign) = signs.next() {
        if sign == '\u{1b}' {
            signs.by_ref().find(|sign| *sign == 'm');
        } else {
            plain.push(sign);
        }
    }
    plain
}

/// An agent who signs on again wherever a door is open.
async fn serve(agent: Agent, number: usize, doors: Vec<SocketAddr>, stopped: watch::Receiver<bool>) {
    let mut door = number;
    while !*stopped.borrow() {
        door += 1;
        if let Ok(mut socket) = people::be_ready(doors[door % doors.len()], &agent, number).await {
            while socket::next(&mut socket).await.is_ok() {}
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SYS-71, Q-07: whichever node is lost, no message is. The short form; `yingda-bench cluster` is the long one, and
    /// measures how long anybody is not served.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_cluster_loses_nothing_whatever_breaks() {
        _ = rustls::crypto::ring::default_provider().install_default();
        let faults = Fault::ALL.to_vec();
        let short = Cluster {
            nodes: 3,
            kills: faults.len(),
            visitors: 12,
            faults,
            gone_seconds: 3,
            calm_messages: 30,
        };
        let figures = short.run().await.unwrap();
        let is_zero = |key: &str| figures[key] == 0;
        assert!(is_zero("lost") && is_zero("doubled") && is_zero("reordered"), "{figures}");
        assert_eq!(figures["owners_max"], 1, "{figures}");
        assert_eq!(figures["panics"], 0, "{figures}");
        assert!(figures["chain_broken_at"].is_null(), "{figures}");
        assert!(figures["acked"].as_u64().unwrap() > 100, "{figures}");
        assert!(figures["take_overs"].as_u64().unwrap() >= 4, "{figures}");
    }
}
