//! `kill -9` under load, again and again: what was acknowledged must be there once, and serving must go on at once.

use crate::{
    Result,
    api::World,
    check::{self, Faults},
    clock,
    fill::{self, Amount},
    people::Visitor,
    server::{Folder, Server},
    spread::{Spread, rounded},
    writer::Writer,
};
use clap::Args;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::{sync::watch, task::JoinSet};

#[derive(Args, Clone, Debug)]
pub struct Crash {
    #[arg(long, default_value_t = 20)]
    kills: u32,
    #[arg(long, default_value_t = 100)]
    visitors: usize,
    #[arg(long, default_value_t = 100_000)]
    stored_conversations: u64,
    #[arg(long, default_value_t = 5_000)]
    open: u64,
    /// The write-ahead log that the first restart finds.
    #[arg(long, default_value_t = 256)]
    wal_mib: u64,
}

const AGENTS: usize = 10;

impl Crash {
    pub async fn run(self) -> Result<Value> {
        let folder = Folder::new()?;
        let server = Server::start(folder.path()).await?;
        let address = server.address;
        let chats_each = self.visitors.div_ceil(AGENTS) + 2;
        let world = World::set_up(address, &server.set_up_token().await?, AGENTS, chats_each).await?;
        let waiting_in = Some(world.quiet_queue().await?);
        server.stop().await?;
        let amount = Amount {
            conversations: self.stored_conversations,
            messages_each: 10,
            open: self.open,
            waiting_in,
        };
        fill::fill(&fill::store_file(folder.path()), &world.cast(), amount).await?;
        fill::grow_wal(&fill::store_file(folder.path()), self.wal_mib << 20)?;

        let mut server = Server::start_at(folder.path(), address).await?;
        let mut ready = vec![server.ready_ms];
        let come = (0..self.visitors).map(|number| Visitor::come(address, world.widget, number));
        let visitors = futures_util::future::try_join_all(come).await?;
        let (stop, stopped) = watch::channel(false);
        let zero = clock::now();
        let mut writing = JoinSet::new();
        for visitor in visitors {
            let writer = Writer::new(visitor, vec![address], world.widget);
            writing.spawn(writer.write(zero, stopped.clone()));
        }
        for kill in 0..self.kills {
            // Not in step with anything: a different moment of a batch each time.
            tokio::time::sleep(Duration::from_millis(400 + u64::from(kill) * 137 % 600)).await;
            server.kill().await?;
            server = Server::start_at(folder.path(), address).await?;
            ready.push(server.ready_ms);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        stop.send(true)?;
        let mut faults = Faults::default();
        let mut acked = 0;
        while let Some(writer) = writing.join_next().await {
            let writer = writer??;
            acked += writer.acked.len();
            let stored = check::stored(&world.admin, writer.visitor.conversation, writer.visitor.tab).await?;
            faults += check::compare(&writer.acked, &stored);
        }
        let chain = world.admin.get("/audit/verify").await?;
        server.stop().await?;
        let first = ready[0];
        let ready = Spread::new(ready);
        Ok(json!({
            "lost": faults.lost,
            "doubled": faults.doubled,
            "reordered": faults.reordered,
            "ready_ms": rounded(ready.max()),
            "ready_first_ms": rounded(first),
            "ready_p50_ms": rounded(ready.at(0.5)),
            "acked": acked,
            "kills": self.kills,
            "chain_broken_at": chain["broken_at"],
        }))
    }
}
