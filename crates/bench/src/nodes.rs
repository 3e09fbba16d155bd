//! Several nodes on one PostgreSQL and one NATS.

use crate::{
    Result, clock,
    server::{self, Folder, Server},
    wire::Wire,
};
use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};
use yingda_peers::Nats;
use yingda_store::{Db, lease};

pub struct Nodes {
    folder: Folder,
    pub nats: Nats,
    pub db: Db,
    settings: Vec<(String, String)>,
    /// What is started, from now on.
    pub binary: PathBuf,
    pub servers: Vec<Server>,
    /// Each node's way to the bus.
    pub wires: Vec<Wire>,
}

/// How a process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Asked,
    Killed,
}

impl Nodes {
    /// On a store that has room for them, each with more settings of its own.
    pub async fn start(count: usize, store: &str, more: &[(&str, &str)]) -> Result<Nodes> {
        Self::start_from(server::binary()?, count, store, more).await
    }

    /// From another binary than the one beside this.
    pub async fn start_from(
        binary: PathBuf,
        count: usize,
        store: &str,
        more: &[(&str, &str)],
    ) -> Result<Nodes> {
        let nats = Nats::new();
        let db = Db::open(store).await?;
        let folder = Folder::new()?;
        let key = "5a".repeat(32);
        let files = folder.path().join("files").display().to_string();
        let settings = [
            ("YINGDA_STORE", store.to_owned()),
            ("YINGDA_SECRET_KEY", key),
            ("YINGDA_FILES", files),
            ("YINGDA_LOG_LEVEL", "info,refinery_core=warn,tokio_postgres=warn,async_nats=warn".into()),
        ];
        let more = more.iter().map(|(key, value)| (*key, (*value).to_owned()));
        let settings = settings.into_iter().chain(more).map(|(key, value)| (key.to_owned(), value)).collect();
        let mut nodes = Nodes { folder, nats, db, settings, binary, servers: vec![], wires: vec![] };
        for number in 0..count {
            nodes.wires.push(Wire::to(nodes.nats.address()).await?);
            let folder = nodes.place(number);
            let settings = nodes.settings_of(number);
            let address = server::free_address()?;
            nodes.servers.push(Server::start_from(&nodes.binary, &folder, address, &settings).await?);
        }
        Ok(nodes)
    }

    /// Where a node keeps what is its own.
    pub fn place(&self, number: usize) -> PathBuf {
        self.folder.path().join(format!("n{number}"))
    }

    pub fn settings_of(&self, number: usize) -> Vec<(String, String)> {
        let place = self.place(number).display().to_string();
        let own = |(key, value): &(String, String)| (key.clone(), value.replace("{node}", &place));
        let mut settings: Vec<_> = self.settings.iter().map(own).collect();
        settings.push(("YINGDA_NODE".into(), format!("n{number}")));
        settings.push(("YINGDA_BUS".into(), format!("nats://{}", self.wires[number].address)));
        settings
    }

    pub fn doors(&self) -> Vec<SocketAddr> {
        self.servers.iter().map(|server| server.address).collect()
    }

    /// Which of our nodes owns the site now.
    pub async fn owner(&self) -> Result<usize> {
        self.owner_but(None).await
    }

    /// The same, when it is not this one any more.
    pub async fn owner_but(&self, former: Option<usize>) -> Result<usize> {
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

    /// A node ends, by force or asked to, and a new process takes its place.
    pub async fn start_again(&mut self, number: usize, how: End) -> Result<()> {
        let server = self.servers.remove(number);
        let address = server.address;
        match how {
            End::Asked => server.stop().await?,
            End::Killed => server.kill().await?,
        }
        let settings = self.settings_of(number);
        let fresh = Server::start_from(&self.binary, &self.place(number), address, &settings).await?;
        self.servers.insert(number, fresh);
        Ok(())
    }

    /// Ends all, and gives what they had to say, former processes included.
    pub async fn end(self) -> Result<Vec<String>> {
        let mut logs = vec![];
        for server in self.servers {
            logs.push(server.log()?);
            server.stop().await?;
        }
        Ok(logs)
    }
}

/// How many nodes said of each fence that they own the site under it.
pub fn owners(logs: &[String]) -> BTreeMap<u64, usize> {
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
