//! One, two and three nodes with one site each, the same rate on each: what a message costs must stay what it was.
//!
//! Every site has a process on every node, as where each node may take each site over, and a site's visitors and agents
//! come by all of them. Two cores cannot show three times as many messages, so processor time is compared instead.

use crate::{
    Result,
    api::World,
    clock,
    nodes::Nodes,
    people::{self, Pace, Times, Visitor},
    spread::rounded,
};
use clap::Args;
use serde_json::{Value, json};
use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};
use tokio::{sync::watch, task::JoinSet};
use yingda_peers::Postgres;

#[derive(Args, Clone, Debug)]
pub struct Scale {
    #[arg(long, default_value_t = 3)]
    nodes: usize,
    /// Of each site.
    #[arg(long, default_value_t = 120)]
    visitors: usize,
    #[arg(long, default_value_t = 12)]
    agents: usize,
    /// Messages a second on each node.
    #[arg(long, default_value_t = 1_500)]
    rate: u32,
    #[arg(long, default_value_t = 15)]
    seconds: u64,
}

const WARM_UP: Duration = Duration::from_secs(3);

/// A site with everyone who is there.
struct Town {
    nodes: Nodes,
    visitors: Vec<Visitor>,
    agents: JoinSet<Result<Vec<people::Heard>>>,
}

impl Scale {
    pub async fn run(self) -> Result<Value> {
        let (mut costs, mut rejected) = (vec![], 0);
        for count in 1..=self.nodes.max(1) {
            let (cost, refused) = self.measure(count).await?;
            eprintln!("{count} nodes: {cost:.1} µs a message");
            costs.push(cost);
            rejected += refused;
        }
        let ratio = costs.last().unwrap_or(&0.0) / costs.first().unwrap_or(&1.0);
        Ok(json!({
            format!("cpu_ratio_{}_to_1", self.nodes): rounded(ratio),
            "cpu_us_per_message": costs.into_iter().map(rounded).collect::<Vec<_>>(),
            "rate_per_node": self.rate,
            "rejected": rejected,
        }))
    }

    /// Processor time of all processes for each message, in microseconds, and how many were refused.
    async fn measure(&self, count: usize) -> Result<(f64, u64)> {
        let postgres = Postgres::durable();
        let (stop, stopped) = watch::channel(false);
        let zero = clock::now();
        let mut towns = vec![];
        for site in 0..count {
            let name = format!("site-{site}");
            let store = postgres.database().await;
            let nodes = Nodes::start(count, &store, &[("YINGDA_SITE", &name)]).await?;
            towns.push(self.people(nodes, zero, &stopped).await?);
        }
        let begin = clock::now() + Duration::from_millis(200);
        let warm = begin + WARM_UP;
        let times = Times { zero, begin, warm, end: warm + Duration::from_secs(self.seconds) };
        let every = Duration::from_secs_f64(self.visitors as f64 / f64::from(self.rate.max(1)));
        let mut talks = JoinSet::new();
        for town in &mut towns {
            for visitor in town.visitors.drain(..) {
                let offset = every.mul_f64(visitor.number as f64 / self.visitors as f64);
                talks.spawn(people::talk(visitor, Pace::Every(every), times, offset));
            }
        }
        tokio::time::sleep_until(times.warm.into()).await;
        for server in towns.iter_mut().flat_map(|town| &mut town.nodes.servers) {
            server.reset_cpu()?;
        }
        tokio::time::sleep_until(times.end.into()).await;
        let mut cpu_us = 0.0;
        for server in towns.iter().flat_map(|town| &town.nodes.servers) {
            cpu_us += server.cpu_us()?;
        }
        let (mut acked, mut rejected, mut present) = (0, 0, vec![]);
        while let Some(talk) = talks.join_next().await {
            let (said, visitor) = talk??;
            acked += said.acked_in_time;
            rejected += said.rejected;
            present.push(visitor);
        }
        stop.send(true)?;
        for mut town in towns {
            while let Some(agent) = town.agents.join_next().await {
                agent??;
            }
            town.nodes.end().await?;
        }
        Ok((cpu_us / acked.max(1) as f64, rejected))
    }

    async fn people(
        &self,
        nodes: Nodes,
        zero: std::time::Instant,
        stopped: &watch::Receiver<bool>,
    ) -> Result<Town> {
        let doors = nodes.doors();
        let token = nodes.servers[0].set_up_token().await?;
        let chats_each = self.visitors.div_ceil(self.agents) + 2;
        let world = World::set_up(doors[0], &token, self.agents, chats_each).await?;
        let mut agents = JoinSet::new();
        for (number, agent) in world.agents.iter().enumerate() {
            let console = people::be_ready(doors[number % doors.len()], agent, number).await?;
            let stopped = stopped.clone();
            agents.spawn(async move {
                people::listen(console, zero, &Arc::new(AtomicU64::new(0)), stopped).await
            });
        }
        let mut visitors = vec![];
        for number in 0..self.visitors {
            let mut visitor = Visitor::come(doors[number % doors.len()], world.widget, number).await?;
            visitor.be_served().await?;
            visitors.push(visitor);
        }
        Ok(Town { nodes, visitors, agents })
    }
}
