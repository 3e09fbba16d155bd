//! Keeps the node's number, and the site for as long as it is this node's; takes it when nobody owns it.

use super::{Cluster, LEASE_MS, NODE_MS, SITE, link::Link, owner};
use crate::{
    app::Shared,
    jobs::{self, Jobs},
    site::Means,
    start::{self, StartError, while_trying},
    tasks,
};
use async_nats::Subscriber;
use futures_util::StreamExt;
use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};
use tokio::{task::JoinHandle, time::MissedTickBehavior};
use yingda_store::{
    ReadError,
    lease::{self, Fence},
};

/// Twice within a second, so that a site without an owner is found soon.
const TICK: Duration = Duration::from_millis(500);
/// A node without a bus waits for its former lease to end before it serves.
const ALONE_TICK: Duration = Duration::from_millis(100);
const ALONE_TICKS: u32 = 40;
/// A store that does not answer by then is away.
const ANSWER: Duration = Duration::from_secs(2);
/// On the way out the loop may still finish what it holds.
const FINISH: Duration = Duration::from_secs(5);

struct Keeper {
    app: Shared,
    cluster: Arc<Cluster>,
    link: Option<Link>,
    owned: Option<Owned>,
}

/// What runs while the site is ours.
struct Owned {
    fence: Fence,
    running: JoinHandle<()>,
    calls: Option<JoinHandle<()>>,
    _jobs: Jobs,
}

pub async fn start(app: Shared, cluster: Arc<Cluster>, link: Option<Link>) -> Result<(), StartError> {
    let free = match &cluster.bus {
        Some(bus) => {
            let listening = bus.client.subscribe(bus.free(SITE)).await;
            Some(listening.map_err(while_trying("cannot listen on the bus"))?)
        }
        None => None,
    };
    let mut keeper = Keeper { app, cluster, link, owned: None };
    let unknown = "cannot learn from the store who owns the site";
    keeper.tick().await.map_err(while_trying(unknown))?;
    // Alone: whose lease still holds can only be this node's former life.
    for _ in 0..ALONE_TICKS {
        if keeper.cluster.bus.is_some() || keeper.owned.is_some() {
            break;
        }
        tokio::time::sleep(ALONE_TICK).await;
        keeper.tick().await.map_err(while_trying(unknown))?;
    }
    tasks::start("keep", keeper.run(free));
    Ok(())
}

impl Keeper {
    async fn run(mut self, mut free: Option<Subscriber>) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = said(&mut free) => {}
                () = ended(&mut self.owned) => tracing::warn!("the site's loop has ended"),
                () = tasks::stopping() => return self.leave().await,
            }
            if let Err(error) = self.tick().await {
                tracing::warn!(%error, "the lease waits for the store");
            }
        }
    }

    async fn tick(&mut self) -> Result<(), ReadError> {
        let db = &self.app.db.clone();
        let (number, run) = (self.cluster.number, self.cluster.run);
        let start = self.app.clock.instant();
        match within(lease::stay(db, number, run, NODE_MS)).await? {
            Some(now_at) => self.app.clock.follow(now_at),
            None => {
                tracing::error!(number, "this node was away so long that another one has its number; ending");
                self.lose().await;
                tasks::stop();
                return Ok(());
            }
        }
        self.cluster.renewal_us.store(start.elapsed().as_micros() as u64, Relaxed);
        if self.owned.as_ref().is_some_and(|owned| owned.running.is_finished()) {
            self.lose().await;
        }
        match self.owned.as_ref().map(|owned| owned.fence) {
            Some(fence) => {
                if within(lease::renew(db, fence, number, LEASE_MS)).await?.is_none() {
                    tracing::warn!("another node owns the site now");
                    self.lose().await;
                }
            }
            None => {
                if let Some(held) = within(lease::take(db, SITE, number, LEASE_MS)).await? {
                    self.own(held.fence).await?;
                }
            }
        }
        let there: Vec<i64> = within(lease::nodes(db)).await?.iter().map(|node| node.number).collect();
        self.app.hub.nodes(&there);
        self.app.site.announce(self.app.hub.connected_users()).await;
        Ok(())
    }

    /// The site is ours: rebuild it from the rows, and answer for it.
    async fn own(&mut self, fence: Fence) -> Result<(), ReadError> {
        let app = &self.app;
        let db = app.db.under(fence);
        let listening = match &self.cluster.bus {
            Some(bus) => bus.client.subscribe(bus.calls(SITE)).await.ok(),
            None => None,
        };
        let running = app.site.own(Means::of(app, db.clone(), self.link.clone())).await?;
        let calls = match (listening, self.link.clone()) {
            (Some(calls), Some(link)) => {
                link.tell(&[], *app.site.position().borrow(), true);
                Some(tasks::start("calls", owner::serve(app.clone(), link, calls)))
            }
            _ => None,
        };
        let jobs = jobs::start(app, &db);
        self.owned = Some(Owned { fence, running, calls, _jobs: jobs });
        app.hub.refresh(&app.directory());
        tracing::info!(fence = fence.number, seq = *app.site.position().borrow(), "this node owns the site");
        if app.directory().roles.is_empty()
            && let Err(error) = start::install_defaults(app).await
        {
            tracing::error!(%error, "the defaults were not written");
        }
        Ok(())
    }

    /// Stops all that only an owner does, and waits for the loop's end.
    async fn lose(&mut self) {
        let Some(owned) = self.owned.take() else { return };
        if let Some(calls) = owned.calls {
            calls.abort();
        }
        self.app.site.disown();
        // One that has ended was waited for already, and cannot be twice.
        if !owned.running.is_finished() && tokio::time::timeout(FINISH, owned.running).await.is_err() {
            tracing::warn!("the site's loop did not end in time; the store refuses what it still writes");
        }
    }

    /// Hands the site over and gives the number back.
    async fn leave(mut self) {
        let fence = self.owned.as_ref().map(|owned| owned.fence);
        self.lose().await;
        let (db, number) = (&self.app.db, self.cluster.number);
        let given = async {
            if let Some(fence) = fence {
                lease::give_back(db, fence, number).await?;
                if let Some(bus) = &self.cluster.bus {
                    // Without this word the others find out within a second.
                    let _ = bus.client.publish(bus.free(SITE), "".into()).await;
                    let _ = bus.client.flush().await;
                }
            }
            lease::leave(db, number, self.cluster.run).await
        };
        if let Err(error) = within(given).await {
            tracing::warn!(%error, "the lease was not given back; it ends by itself");
        }
        self.cluster.gone.notify_one();
    }
}

async fn within<T>(work: impl Future<Output = Result<T, ReadError>>) -> Result<T, ReadError> {
    let late = || ReadError::Unavailable("no answer in time".into());
    tokio::time::timeout(ANSWER, work).await.unwrap_or_else(|_| Err(late()))
}

/// Another node has let go of the site.
async fn said(free: &mut Option<Subscriber>) {
    let heard = match free {
        Some(free) => free.next().await,
        None => None,
    };
    if heard.is_none() {
        std::future::pending::<()>().await;
    }
}

async fn ended(owned: &mut Option<Owned>) {
    match owned {
        Some(owned) if !owned.running.is_finished() => {
            // A panic in the loop ends it like everything else.
            let _ = (&mut owned.running).await;
        }
        _ => std::future::pending().await,
    }
}
