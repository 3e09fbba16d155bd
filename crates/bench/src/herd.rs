//! Every line is cut at once: how soon all are back, and how the server serves others meanwhile.

use crate::{
    Result,
    api::World,
    clock,
    crowd::Crowd,
    people::{self, Pace, Times},
    server::{Folder, Server},
    spread::{Spread, micros, rounded},
};
use clap::Args;
use serde_json::{Value, json};
use std::{sync::Arc, sync::atomic::AtomicU64, time::Duration};
use tokio::{sync::watch, task::JoinSet};

#[derive(Args, Clone, Debug)]
pub struct Herd {
    #[arg(long, default_value_t = 19_000)]
    count: usize,
    /// Client processes: each may hold 20,000 descriptors.
    #[arg(long, default_value_t = 4)]
    processes: usize,
}

/// They are served all the time.
const OTHERS: usize = 20;
const EVERY: Duration = Duration::from_millis(100);
const BEFORE: Duration = Duration::from_secs(2);
/// So long the others are watched after the cut.
const WATCHED: Duration = Duration::from_secs(12);

impl Herd {
    pub async fn run(self) -> Result<Value> {
        let folder = Folder::new()?;
        let server = Server::start(folder.path()).await?;
        let world = World::set_up(server.address, &server.set_up_token().await?, 2, OTHERS / 2 + 2).await?;
        let zero = clock::now();
        let (stop, stopped) = watch::channel(false);
        let mut agents = JoinSet::new();
        for (number, agent) in world.agents.iter().enumerate() {
            let console = people::be_ready(server.address, agent, number).await?;
            let stopped = stopped.clone();
            agents.spawn(async move {
                people::listen(console, zero, &Arc::new(AtomicU64::new(0)), stopped).await
            });
        }
        // Those who talk are numbered above all others.
        let mut others = vec![];
        for number in 0..OTHERS {
            let mut visitor =
                people::Visitor::come(server.address, world.widget, self.count + number).await?;
            visitor.be_served().await?;
            others.push(visitor);
        }
        let mut crowds = Crowd::gather(server.address, world.widget, self.count, self.processes).await?;
        let begin = clock::now() + Duration::from_millis(200);
        let warm = begin + BEFORE;
        let times = Times { zero, begin, warm, end: warm + WATCHED };
        let mut talks = JoinSet::new();
        for (number, visitor) in others.into_iter().enumerate() {
            let offset = EVERY.mul_f64(number as f64 / OTHERS as f64);
            talks.spawn(people::talk(visitor, Pace::Every(EVERY), times, offset));
        }
        tokio::time::sleep_until(warm.into()).await;
        let start = clock::now();
        for crowd in &mut crowds {
            crowd.cut().await?;
        }
        for crowd in &mut crowds {
            crowd.hear("back").await?;
        }
        let all_back_ms = clock::ms_since(start);
        let back_us = micros(clock::now() - zero);
        let mut rejected = 0;
        while let Some(talk) = talks.join_next().await {
            rejected += talk??.0.rejected;
        }
        stop.send(true)?;
        let mut heard = vec![];
        while let Some(agent) = agents.join_next().await {
            heard.extend(agent??);
        }
        let warm_us = micros(warm - zero);
        let meanwhile = heard.iter().filter(|it| it.sent >= warm_us && it.sent < back_us);
        let latencies = Spread::of_micros(meanwhile.map(|it| it.took).collect());
        let mut gone = 0;
        for mut crowd in crowds {
            gone += crowd.leave().await?;
        }
        server.stop().await?;
        Ok(json!({
            "all_back_ms": rounded(all_back_ms),
            "served_meanwhile_p99_ms": rounded(latencies.at(0.99)),
            "served_meanwhile_max_ms": rounded(latencies.max()),
            "rejected": rejected,
            "count": self.count,
            "lost_for_good": gone,
        }))
    }
}
