//! What this process knows of itself and of the other nodes. It is looked after every second and told from memory, so
//! that the answer also comes while the store or the bus is away.

use crate::{
    app::{App, Shared},
    clock::Clock,
    cluster::{Cluster, SITE, usual_name},
    config::Config,
    gauges::Histogram,
    tasks,
};
use std::{
    sync::{Mutex, MutexGuard, atomic::Ordering::Relaxed},
    time::Duration,
};
use tokio::time::{MissedTickBehavior, interval, timeout};
use yingda_core::At;
use yingda_store::{Db, ReadError, lease};
use yingda_wire::http::{Node, NodeFigures, Nodes, Standing};

const PACE: Duration = Duration::from_secs(1);
/// A store that does not answer by then is away.
const ANSWER: Duration = Duration::from_secs(2);

pub struct Health {
    name: String,
    pub started_at: At,
    seen: Mutex<Seen>,
}

/// As it was a moment ago.
struct Seen {
    /// Empty where the embedded store has this process alone.
    nodes: Vec<lease::Node>,
    owner: Option<i64>,
    store: Standing,
    bus: Standing,
}

impl Health {
    pub fn new(config: &Config, clock: Clock, cluster: Option<&Cluster>) -> Self {
        let (name, started_at) = match cluster {
            Some(cluster) => (cluster.name.clone(), cluster.started_at),
            None if config.node.is_empty() => (usual_name(config), clock.now()),
            None => (config.node.clone(), clock.now()),
        };
        // It would not have started without either.
        let well = Standing { up: true, since_at: started_at };
        let seen = Seen { nodes: vec![], owner: None, store: well, bus: well };
        Self { name, started_at, seen: Mutex::new(seen) }
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    pub fn store(&self) -> Standing {
        self.lock().store
    }

    pub fn bus(&self, app: &App) -> Option<Standing> {
        app.cluster.as_ref()?.bus.as_ref()?;
        Some(self.lock().bus)
    }

    /// All nodes as the store last told of them; this one is always among them.
    pub fn nodes(&self, app: &App) -> Nodes {
        let now_at = app.clock.now();
        let (others, owner) = {
            let seen = self.lock();
            (seen.nodes.clone(), seen.owner)
        };
        let own = app.site.node();
        let mut nodes: Vec<Node> = others
            .into_iter()
            .filter(|it| it.number != own)
            .map(|it| Node {
                number: it.number,
                name: it.name,
                version: it.version,
                level: it.level,
                started_at: it.started_at,
                until_at: Some(it.until_at),
                this: false,
                owns: owner == Some(it.number) && !app.site.is_here(),
                figures: app.hub.figures(Some(it.number), now_at),
            })
            .chain([self.own(app, now_at)])
            .collect();
        nodes.sort_by_key(|node| node.number);
        Nodes { now_at, site: app.config.site.clone(), nodes }
    }

    fn own(&self, app: &App, now_at: At) -> Node {
        let number = app.site.node();
        let until_at = self.lock().nodes.iter().find(|it| it.number == number).map(|it| it.until_at);
        Node {
            number,
            name: self.name.clone(),
            version: env!("CARGO_PKG_VERSION").into(),
            level: yingda_store::level(),
            started_at: self.started_at,
            until_at,
            this: true,
            owns: app.site.is_here(),
            figures: Some(app.hub.figures(None, now_at).unwrap_or_else(|| self.figures(app))),
        }
    }

    /// How this node is doing now.
    fn figures(&self, app: &App) -> NodeFigures {
        let (gauges, connected, now) = (app.site.gauges(), app.hub.connected(), app.clock.now());
        let (command_p50_ms, command_p99_ms, commands) = of(&gauges.command, now);
        let (commit_p50_ms, commit_p99_ms, _) = of(&gauges.commit, now);
        NodeFigures {
            at: now,
            visitor_sockets: connected.visitor_sockets,
            console_sockets: connected.console_sockets,
            visitors: connected.visitors,
            commands,
            command_p50_ms,
            command_p99_ms,
            commit_p50_ms,
            commit_p99_ms,
            renewal_ms: app.cluster.as_ref().map(|it| ms(it.renewal_us.load(Relaxed))),
            store: self.store(),
            bus: self.bus(app),
        }
    }
}

fn ms(us: u64) -> f64 {
    us as f64 / 1_000.0
}

/// Half of them took no longer than this, 99 of 100 no longer than that, and how many there were.
fn of(times: &Histogram, now: At) -> (Option<f64>, Option<f64>, u64) {
    let recent = times.recent(now);
    (recent.percentile(0.5).map(ms), recent.percentile(0.99).map(ms), recent.total)
}

/// Looks every second, as long as the process lives.
pub async fn watch(app: Shared) {
    let mut ticks = interval(PACE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = tasks::stopping() => return,
        }
        let answer = timeout(ANSWER, ask(&app.db)).await;
        let now = app.clock.now();
        {
            let mut seen = app.health.lock();
            stand(&mut seen.store, matches!(answer, Ok(Ok(_))), now);
            if let Some(bus) = app.cluster.as_ref().and_then(|it| it.bus.as_ref()) {
                stand(&mut seen.bus, bus.is_up(), now);
            }
            if let Ok(Ok((nodes, owner))) = answer {
                (seen.nodes, seen.owner) = (nodes, owner);
            }
        }
        app.hub.tell_figures(app.health.figures(&app));
    }
}

/// Who is there and who owns the site. The embedded store has nobody else; it only has to answer.
async fn ask(db: &Db) -> Result<(Vec<lease::Node>, Option<i64>), ReadError> {
    match db {
        Db::Postgres(..) => Ok((lease::nodes(db).await?, lease::owner(db, SITE).await?)),
        Db::Sqlite(_) => db.ping().await.map(|()| (vec![], None)),
    }
}

fn stand(it: &mut Standing, up: bool, now: At) {
    if it.up != up {
        *it = Standing { up, since_at: now };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_when_it_is_so_changes_only_when_it_changes() {
        let mut it = Standing { up: true, since_at: 1 };
        stand(&mut it, true, 2);
        assert_eq!(it, Standing { up: true, since_at: 1 });
        stand(&mut it, false, 3);
        stand(&mut it, false, 4);
        assert_eq!(it, Standing { up: false, since_at: 3 });
    }
}
