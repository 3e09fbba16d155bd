//! Messages from visitors to their agents' sockets, durable and acknowledged after the commit.

use crate::{
    Result,
    api::World,
    bare,
    check::{self, Faults},
    clock, fill,
    people::{self, Heard, Pace, Said, Times},
    server::{Folder, Given, Server},
    spread::{Spread, micros, rounded},
};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{sync::watch, task::JoinSet};
use yingda_peers::Postgres;

#[derive(Args, Clone, Debug)]
pub struct Messages {
    #[command(flatten)]
    given: Given,
    #[arg(long, default_value_t = 500)]
    visitors: usize,
    #[arg(long, default_value_t = 50)]
    agents: usize,
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Unacknowledged messages of a visitor.
    #[arg(long, default_value_t = 1)]
    window: u32,
    /// Messages a second from all visitors together, instead of as many as possible.
    #[arg(long, conflicts_with = "window")]
    rate: Option<u32>,
    /// Messages that are stored before.
    #[arg(long, default_value_t = 0, conflicts_with = "address")]
    stored: u64,
    /// Where the server stores; PostgreSQL is started here, with a disk that is waited for.
    #[arg(long, value_enum, default_value = "sqlite", conflicts_with_all = ["address", "stored"])]
    store: Store,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Store {
    Sqlite,
    Postgres,
}

const BARE: Duration = Duration::from_secs(4);
/// A message's event with its frame, in bytes: what a row of the bare measurement carries.
const BODY: usize = 400;
const WARM_UP: Duration = Duration::from_secs(2);

impl Messages {
    pub async fn run(self) -> Result<Value> {
        match self.store {
            Store::Sqlite => self.run_embedded().await,
            Store::Postgres => self.run_on_postgres().await,
        }
    }

    async fn run_on_postgres(self) -> Result<Value> {
        let (folder, postgres) = (Folder::new()?, Postgres::durable());
        let bare_before = bare::commits_per_s(&postgres.database().await, BARE, BODY).await?;
        let settings = [("YINGDA_STORE".to_owned(), postgres.database().await)];
        let mut server = Server::start_as(folder.path(), &settings).await?;
        let chats_each = self.visitors.div_ceil(self.agents) + 2;
        let token = server.set_up_token().await?;
        let world = World::set_up(server.address, &token, self.agents, chats_each).await?;
        let mut figures = self.measure(&mut server, &world).await?;
        server.stop().await?;
        let bare_after = bare::commits_per_s(&postgres.database().await, BARE, BODY).await?;
        let bare = (bare_before + bare_after) / 2.0;
        let share = figures["acked_per_s"].as_f64().unwrap_or(0.0) / bare;
        figures["bare_commits_per_s"] = json!(bare.round());
        figures["bare_commits_per_s_before"] = json!(bare_before.round());
        figures["bare_commits_per_s_after"] = json!(bare_after.round());
        figures["share_of_bare"] = json!(rounded(share));
        Ok(figures)
    }

    async fn run_embedded(self) -> Result<Value> {
        let folder = Folder::new()?;
        let bare_before = bare::rows_per_s(folder.path(), BARE, BODY)?;
        let mut server = Server::start_unless(self.given.clone(), folder.path()).await?;
        let chats_each = self.visitors.div_ceil(self.agents) + 2;
        let token = server.set_up_token().await?;
        let world = World::set_up(server.address, &token, self.agents, chats_each).await?;
        if self.stored > 0 {
            let address = server.address;
            server.stop().await?;
            fill::fill(&fill::store_file(folder.path()), &world.cast(), fill::Amount::messages(self.stored))
                .await?;
            server = Server::start_at(folder.path(), address).await?;
        }
        let mut figures = self.measure(&mut server, &world).await?;
        server.stop().await?;
        let bare_after = bare::rows_per_s(folder.path(), BARE, BODY)?;
        let bare = (bare_before + bare_after) / 2.0;
        let share = figures["acked_per_s"].as_f64().unwrap_or(0.0) / bare;
        figures["bare_rows_per_s"] = json!(bare.round());
        figures["bare_rows_per_s_before"] = json!(bare_before.round());
        figures["bare_rows_per_s_after"] = json!(bare_after.round());
        figures["share_of_bare"] = json!(rounded(share));
        Ok(figures)
    }

    fn pace(&self) -> Pace {
        match self.rate {
            None => Pace::Window(self.window.max(1)),
            Some(rate) => Pace::Every(Duration::from_secs_f64(self.visitors as f64 / f64::from(rate.max(1)))),
        }
    }

    async fn measure(&self, server: &mut Server, world: &World) -> Result<Value> {
        let address = server.address;
        let zero = clock::now();
        let heard_in_all = Arc::new(AtomicU64::new(0));
        let (stop, stopped) = watch::channel(false);
        let mut agents = JoinSet::new();
        let ready = world.agents.iter().enumerate().map(|(n, agent)| people::be_ready(address, agent, n));
        for console in futures_util::future::try_join_all(ready).await? {
            let (heard_in_all, stopped) = (heard_in_all.clone(), stopped.clone());
            agents.spawn(async move { people::listen(console, zero, &heard_in_all, stopped).await });
        }
        let visitors = people::all_come(world, address, self.visitors).await?;
        eprintln!("{} visitors are served after {:.0} ms", self.visitors, clock::ms_since(zero));
        let begin = clock::now() + Duration::from_millis(200);
        let warm = begin + WARM_UP;
        let times = Times { zero, begin, warm, end: warm + Duration::from_secs(self.seconds) };
        let mut talks = JoinSet::new();
        let pace = self.pace();
        for visitor in visitors {
            let offset = match pace {
                Pace::Window(_) => Duration::ZERO,
                Pace::Every(every) => every.mul_f64(visitor.number as f64 / self.visitors as f64),
            };
            talks.spawn(people::talk(visitor, pace, times, offset));
        }
        tokio::time::sleep_until(times.warm.into()).await;
        server.reset_cpu()?;
        tokio::time::sleep_until(times.end.into()).await;
        let cpu_us = server.cpu_us()?;
        let rss = server.rss_mib()?;

        let mut said = vec![];
        // Visitors stay until all is heard: nobody leaves while a message is on its way.
        let mut present = vec![];
        while let Some(talk) = talks.join_next().await {
            let (words, visitor) = talk??;
            said.push(words);
            present.push(visitor);
        }
        let acked: u64 = said.iter().map(|it| it.acked.len() as u64).sum();
        let give_up = clock::now() + Duration::from_secs(10);
        while heard_in_all.load(Ordering::Relaxed) < acked && clock::now() < give_up {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stop.send(true)?;
        let mut heard = vec![];
        while let Some(agent) = agents.join_next().await {
            heard.push(agent??);
        }
        let faults = self.faults(world, &said, &heard).await?;
        let warm_us = micros(times.warm - times.zero);
        let counted = heard.iter().flatten().filter(|it| it.sent >= warm_us);
        let latencies = Spread::of_micros(counted.map(|it| it.took).collect());
        let in_time: u64 = said.iter().map(|it| it.acked_in_time).sum();
        if let Some(refusal) = said.iter().find_map(|it| it.first_refusal.as_ref()) {
            eprintln!("a refusal: {refusal}");
        }
        Ok(json!({
            "acked_per_s": (in_time as f64 / self.seconds as f64).round(),
            "p50_ms": rounded(latencies.at(0.50)),
            "p99_ms": rounded(latencies.at(0.99)),
            "max_ms": rounded(latencies.max()),
            "lost": faults.lost,
            "doubled": faults.doubled,
            "reordered": faults.reordered,
            "rejected": said.iter().map(|it| it.rejected).sum::<u64>(),
            "acked": acked,
            "server_cpu_us_per_message": rounded(cpu_us / in_time.max(1) as f64),
            "server_rss_mib": rounded(rss),
        }))
    }

    /// Against both what agents saw and what is stored.
    async fn faults(&self, world: &World, said: &[Said], heard: &[Vec<Heard>]) -> Result<Faults> {
        let mut heard_of = vec![vec![]; self.visitors];
        for it in heard.iter().flatten() {
            heard_of[it.visitor as usize].push(it.n);
        }
        let mut faults = Faults::default();
        for words in said {
            faults += check::compare(&words.acked, &heard_of[words.number]);
            let stored = check::stored(&world.admin, words.conversation, words.tab).await?;
            faults += check::compare(&words.acked, &stored);
        }
        Ok(faults)
    }
}
