//! `kill -9` under load, again and again: what was acknowledged must be there once, and serving must go on at once.

use crate::{
    Result,
    api::World,
    check::{self, Faults},
    clock,
    fill::{self, Amount},
    people::{self, Visitor},
    server::{Folder, Server},
    socket::{self, Seen, loopback},
    spread::{Spread, rounded},
};
use clap::Args;
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::{sync::watch, task::JoinSet};
use yingda_core::id::WidgetId;

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
            let writer = Writer { visitor, n: 0, open: BTreeSet::new(), acked: vec![], after: 0 };
            writing.spawn(writer.write(address, world.widget, zero, stopped.clone()));
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

/// A visitor who writes through every crash: sends again what was not answered, under the same number.
struct Writer {
    visitor: Visitor,
    /// The last number given out.
    n: u32,
    open: BTreeSet<u32>,
    acked: Vec<u32>,
    /// Everything up to this position has been seen.
    after: u64,
}

const WINDOW: usize = 4;

impl Writer {
    async fn write(
        mut self,
        address: SocketAddr,
        widget: WidgetId,
        zero: Instant,
        stopped: watch::Receiver<bool>,
    ) -> Result<Writer> {
        while !(*stopped.borrow() && self.open.is_empty()) {
            // Any error here is the line that broke; what matters is what the next line brings.
            if self.exchange(zero, &stopped).await.is_err() {
                self.come_back(address, widget, zero).await;
            }
        }
        Ok(self)
    }

    /// Sends what the window allows, and reads one frame.
    async fn exchange(&mut self, zero: Instant, stopped: &watch::Receiver<bool>) -> Result<()> {
        while self.open.len() < WINDOW && !*stopped.borrow() {
            self.n += 1;
            self.open.insert(self.n);
            self.send(self.n, zero).await?;
        }
        let text = socket::next(&mut self.visitor.socket).await?;
        self.take_in(&Seen::of(&text)?);
        Ok(())
    }

    async fn send(&mut self, n: u32, zero: Instant) -> Result<()> {
        use futures_util::SinkExt;
        let base = self.open.first().copied().unwrap_or(n);
        let post = self.visitor.post(n, base, zero)?;
        Ok(self.visitor.socket.send(post).await?)
    }

    fn take_in(&mut self, seen: &Seen<'_>) {
        self.after = self.after.max(if seen.t == "event" { seen.seq } else { 0 });
        let own = seen.t == "done" || seen.is_message();
        if let Some(n) = seen.answers(self.visitor.tab).filter(|_| own)
            && self.open.remove(&n)
        {
            self.acked.push(n);
        }
    }

    /// Connects again until it works, takes in what was missed, and repeats what is unanswered.
    async fn come_back(&mut self, address: SocketAddr, widget: WidgetId, zero: Instant) {
        while self.resume(address, widget, zero).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn resume(&mut self, address: SocketAddr, widget: WidgetId, zero: Instant) -> Result<()> {
        let mut line = socket::open(address, loopback(self.visitor.number), "").await?;
        let token = Some(self.visitor.token.clone());
        socket::send(&mut line, &people::hello(widget, self.visitor.tab, token, Some(self.after))).await?;
        let welcome = loop {
            let text = socket::next(&mut line).await?;
            if Seen::of(&text)?.t == "welcome" {
                break text;
            }
        };
        #[derive(serde::Deserialize)]
        struct Missed<'a> {
            #[serde(borrow)]
            events: Vec<Seen<'a>>,
        }
        for mut seen in serde_json::from_str::<Missed<'_>>(&welcome)?.events {
            seen.t = "event".into();
            self.take_in(&seen);
        }
        self.visitor.socket = line;
        for n in self.open.clone() {
            self.send(n, zero).await?;
        }
        Ok(())
    }
}
