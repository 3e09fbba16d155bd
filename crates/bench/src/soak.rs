//! Half of what the server can take, for a long time: memory must stay flat, and nothing may go wrong.

use crate::{
    Result,
    api::World,
    clock,
    people::{self, Pace, Times},
    server::{Folder, Server},
    spread::rounded,
};
use clap::Args;
use serde_json::{Value, json};
use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};
use tokio::{sync::watch, task::JoinSet};

#[derive(Args, Clone, Debug)]
pub struct Soak {
    #[arg(long, default_value_t = 30.0)]
    minutes: f64,
    #[arg(long, default_value_t = 500)]
    visitors: usize,
    #[arg(long, default_value_t = 50)]
    agents: usize,
    /// Messages a second; half of what `messages --window 1` reaches.
    #[arg(long, default_value_t = 14_000)]
    rate: u32,
}

const SAMPLE: Duration = Duration::from_secs(1);
const WARM_UP: Duration = Duration::from_secs(10);

impl Soak {
    pub async fn run(self) -> Result<Value> {
        let folder = Folder::new()?;
        let server = Server::start(folder.path()).await?;
        let chats_each = self.visitors.div_ceil(self.agents) + 2;
        let token = server.set_up_token().await?;
        let world = World::set_up(server.address, &token, self.agents, chats_each).await?;
        let zero = clock::now();
        let (stop, stopped) = watch::channel(false);
        let heard = Arc::new(AtomicU64::new(0));
        let mut agents = JoinSet::new();
        for (number, agent) in world.agents.iter().enumerate() {
            let console = people::be_ready(server.address, agent, number).await?;
            let (heard, stopped) = (heard.clone(), stopped.clone());
            agents.spawn(
                async move { people::listen(console, zero, &heard, stopped).await.map(|it| it.len()) },
            );
        }
        let visitors = people::all_come(&world, server.address, self.visitors).await?;
        let begin = clock::now() + Duration::from_millis(200);
        let warm = begin + WARM_UP;
        let seconds = self.minutes * 60.0;
        let times = Times { zero, begin, warm, end: warm + Duration::from_secs_f64(seconds) };
        let every = Duration::from_secs_f64(self.visitors as f64 / f64::from(self.rate.max(1)));
        let mut talks = JoinSet::new();
        for visitor in visitors {
            let offset = every.mul_f64(visitor.number as f64 / self.visitors as f64);
            talks.spawn(people::talk(visitor, Pace::Every(every), times, offset));
        }
        tokio::time::sleep_until(times.warm.into()).await;
        let mut rss = vec![];
        while clock::now() < times.end {
            tokio::time::sleep(SAMPLE).await;
            rss.push(server.rss_mib()?);
        }
        let (mut errors, mut acked) = (0, 0);
        while let Some(talk) = talks.join_next().await {
            match talk? {
                Ok((said, _)) => {
                    errors += said.rejected;
                    acked += said.acked_in_time;
                }
                Err(_) => errors += 1,
            }
        }
        stop.send(true)?;
        while let Some(agent) = agents.join_next().await {
            errors += u64::from(agent?.is_err());
        }
        server.stop().await?;
        let third = rss.len() / 3;
        let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len().max(1) as f64;
        let (middle, last) = (mean(&rss[third..2 * third]), mean(&rss[2 * third..]));
        Ok(json!({
            "rss_growth_percent": rounded((last / middle - 1.0) * 100.0),
            "errors": errors,
            "rss_middle_mib": rounded(middle),
            "rss_last_mib": rounded(last),
            "acked": acked,
            "acked_per_s": (acked as f64 / seconds).round(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// nobody is refused or dropped, and every word is acknowledged. The short form; the long one watches memory.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_steady_load_is_served_without_an_error() {
        _ = rustls::crypto::ring::default_provider().install_default();
        let short = Soak { minutes: 0.1, visitors: 30, agents: 5, rate: 300 };
        let figures = short.run().await.unwrap();
        assert_eq!(figures["errors"], 0, "{figures}");
        assert!(figures["acked"].as_u64() >= Some(1_500), "{figures}");
    }
}
