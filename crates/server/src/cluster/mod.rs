//! Many nodes, one service. The store says which node owns the site; the others take sockets and requests as well, ask
//! the owner over the bus, and hear from it what was committed. The embedded store has one process and needs none of it.

pub mod bus;
pub mod call;
pub mod far;
pub mod gossip;
mod keep;
pub mod link;
mod owner;
mod sessions;
mod told;
mod versions;

use crate::{
    app::Shared,
    clock::Clock,
    config::Config,
    hub::Hub,
    random,
    secrets::Secrets,
    site::{self, Site},
    start::{StartError, while_trying},
    tasks,
};
use bus::Bus;
use far::{Far, Outbox};
use gossip::{Ear, Mouth};
use link::{Link, Outbound};
use std::sync::{Arc, atomic::AtomicU64};
use tokio::sync::Notify;
use yingda_core::At;
use yingda_store::{
    Db, conversation, event,
    lease::{self, Newcomer},
};

/// The one site of a single-site installation.
pub const SITE: i64 = 1;
/// A lease is renewed twice a second and holds for three.
const LEASE_MS: At = 3_000;
/// A node's number outlives a pause that its lease does not.
const NODE_MS: At = 15_000;

/// This process among the others.
pub struct Cluster {
    pub number: i64,
    run: i64,
    pub name: String,
    pub started_at: At,
    /// Without one the node is alone, and still holds its lease.
    pub bus: Option<Bus>,
    /// How long the store took to renew, in microseconds.
    pub renewal_us: AtomicU64,
    /// Sign-ins changed on another node.
    pub sessions: Arc<Notify>,
    /// The site was handed over on the way out.
    pub gone: Notify,
}

/// A node that has its number and its place, before it serves.
pub struct Joined {
    pub cluster: Arc<Cluster>,
    pub hub: Hub,
    pub site: Site,
    pub parts: Option<Parts>,
}

/// The ends of the ways to other nodes that tasks run.
pub struct Parts {
    far: Far,
    outbox: Outbox,
    ear: Ear,
    link: Link,
    outbound: Outbound,
}

/// Leases a number, sets the clock by the database's, and finds the others.
pub async fn join(config: &Config, secrets: &Secrets, clock: Clock, db: &Db) -> Result<Joined, StartError> {
    let reading = "cannot join the other nodes in the store";
    clock.begin(lease::now(db).await.map_err(while_trying(reading))?);
    let name = if config.node.is_empty() { usual_name(config) } else { config.node.clone() };
    let (version, level) = (env!("CARGO_PKG_VERSION").to_owned(), yingda_store::level());
    for other in lease::nodes(db).await.map_err(while_trying(reading))? {
        if !versions::fit(&other.version, &version) {
            return Err(StartError(format!(
                "the node {} runs version {} (schema {}), this one is {version} (schema {level}); versions side by side may be one step apart: update in between",
                other.name, other.version, other.level
            )));
        }
    }
    let bus = match config.bus.as_str() {
        "" => None,
        url => {
            let authorities = &config.bus_ca;
            if !authorities.as_os_str().is_empty() {
                let reading = format!("cannot read `bus_ca` {}", authorities.display());
                std::fs::read(authorities).map_err(while_trying(reading))?;
            }
            let installation = hex::encode(&secrets.mac("bus", b"")[..6]);
            let bus = Bus::connect(url, authorities, &installation, &config.site, &name).await;
            Some(bus.map_err(while_trying(format!("cannot reach the bus {}", crate::start::public(url))))?)
        }
    };
    let run = i64::from_le_bytes(random::bytes()) & i64::MAX;
    let newcomer = Newcomer { run, name: name.clone(), version, level };
    let number = lease::join(db, &newcomer, NODE_MS).await.map_err(while_trying(reading))?;
    let number = number.ok_or_else(|| StartError("1,022 nodes are there already; no more fit".into()))?;
    let sessions: Arc<Notify> = Arc::default();
    let parts = bus.is_some().then(|| {
        let (mouth, ear) = Mouth::new();
        let (far, outbox) = Far::new(clock);
        let (link, outbound) = Link::new(sessions.clone());
        (mouth, Parts { far, outbox, ear, link, outbound })
    });
    let (mouth, parts) = parts.unzip();
    let cluster = Arc::new(Cluster {
        number,
        run,
        name,
        started_at: clock.now(),
        bus,
        renewal_us: AtomicU64::new(0),
        sessions,
        gone: Notify::new(),
    });
    let site = Site::new(number, parts.as_ref().map(|parts| parts.far.clone()));
    Ok(Joined { cluster, hub: Hub::new(mouth), site, parts })
}

/// What the host is called, and the port.
pub fn usual_name(config: &Config) -> String {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("{host}:{}", config.listen.port())
}

/// Listens to the others, learns how things stand, and from here on owns the site whenever nobody else does. Returns
/// when the node can serve, or knows that another one does.
pub async fn start(app: &Shared, cluster: Arc<Cluster>, parts: Option<Parts>) -> Result<(), StartError> {
    let reading = "cannot read the store";
    let link = match (parts, cluster.bus.clone()) {
        (Some(parts), Some(bus)) => {
            let listen = async |subject: String| {
                bus.client.subscribe(subject).await.map_err(while_trying("cannot listen on the bus"))
            };
            let told = listen(bus.told(SITE)).await?;
            let gossip = listen(bus.gossip()).await?;
            let answers = listen(bus.answers(cluster.number, "*")).await?;
            // Listen first, then read: what is committed in between arrives, or is seen to be missing.
            let head = event::head(&app.db).await.map_err(while_trying(reading))?;
            app.site.reached(head.map_or(0, |(seq, _)| seq));
            for it in conversation::open_live(&app.db).await.map_err(while_trying(reading))? {
                app.hub.know(it.id, it.visitor, it.guests.iter().copied().chain(it.agent));
            }
            let stored = site::stored_directory(&app.db).await.map_err(while_trying(reading))?;
            app.directory.put(stored);

            let Parts { far, outbox, ear, link, outbound } = parts;
            let (number, hub) = (cluster.number, app.hub.clone());
            tasks::start("far", far.run(bus.clone(), SITE, number, outbox, answers, hub.clone()));
            tasks::start("gossip", ear.run(bus.clone(), number, gossip, hub));
            tasks::start("told", told::follow(app.clone(), bus.clone(), told, cluster.sessions.clone()));
            tasks::start("link", outbound.run(bus, app.site.clone()));
            tasks::start("renew_sessions", sessions::follow(app.clone(), cluster.sessions.clone()));
            Some(link)
        }
        _ => None,
    };
    keep::start(app.clone(), cluster, link).await
}
