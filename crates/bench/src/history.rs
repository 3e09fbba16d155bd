//! Reading when much is stored: lists, one conversation, and each filter.

use crate::{
    Result,
    api::World,
    clock, fill,
    server::{Folder, Server},
    spread::{Spread, rounded},
};
use clap::Args;
use serde_json::{Value, json};

#[derive(Args, Clone, Debug)]
pub struct History {
    #[arg(long, default_value_t = 10_000_000)]
    messages: u64,
    /// Requests of each kind.
    #[arg(long, default_value_t = 200)]
    requests: usize,
}

const AGENTS: usize = 50;
const DAY: i64 = 86_400_000;

impl History {
    pub async fn run(self) -> Result<Value> {
        let folder = Folder::new()?;
        let server = Server::start(folder.path()).await?;
        let address = server.address;
        let world = World::set_up(address, &server.set_up_token().await?, AGENTS, 5).await?;
        server.stop().await?;
        let start = clock::now();
        fill::fill(&fill::store_file(folder.path()), &world.cast(), fill::Amount::messages(self.messages))
            .await?;
        let filled_s = clock::ms_since(start) / 1_000.0;
        eprintln!("stored {} messages in {filled_s:.0} s", self.messages);
        let server = Server::start_at(folder.path(), address).await?;
        let mut figures = self.measure(&world).await?;
        figures["store_mb"] = json!(std::fs::metadata(fill::store_file(folder.path()))?.len() / 1_000_000);
        figures["fill_s"] = json!(rounded(filled_s));
        figures["server_rss_mib"] = json!(rounded(server.rss_mib()?));
        figures["ready_ms"] = json!(rounded(server.ready_ms));
        server.stop().await?;
        Ok(figures)
    }

    async fn measure(&self, world: &World) -> Result<Value> {
        let api = &world.admin;
        let mut ids = vec![];
        let mut cursor = String::new();
        let mut list = vec![];
        for _ in 0..self.requests {
            let (page, ms) = api.timed(&format!("/conversations?limit=50{cursor}")).await?;
            list.push(ms);
            let items = page["items"].as_array().ok_or("a list has items")?;
            ids.extend(items.iter().filter_map(|item| item["id"].as_str().map(str::to_owned)));
            cursor = page["next"].as_str().map(|next| format!("&cursor={next}")).unwrap_or_default();
        }
        let mut open = vec![];
        for id in ids.iter().step_by((ids.len() / self.requests).max(1)) {
            let (_, first) = api.timed(&format!("/conversations/{id}")).await?;
            let (_, second) = api.timed(&format!("/conversations/{id}/events?limit=100")).await?;
            open.push(first + second);
        }
        let newest = api.get("/conversations?limit=1").await?["items"][0]["started_at"].as_i64().unwrap_or(0);
        let mut filters = serde_json::Map::new();
        let mut worst: f64 = 0.0;
        for name in ["customer", "agent", "queue", "time", "tag", "agent_tag_time"] {
            let mut spans = vec![];
            for number in 0..self.requests {
                spans.push(
                    api.timed(&format!("/conversations?limit=50&{}", filter(world, name, number, newest)))
                        .await?
                        .1,
                );
            }
            let p95 = Spread::new(spans).at(0.95);
            worst = worst.max(p95);
            filters.insert(name.into(), json!(rounded(p95)));
        }
        Ok(json!({
            "list_p95_ms": rounded(Spread::new(list).at(0.95)),
            "open_p95_ms": rounded(Spread::new(open).at(0.95)),
            "filter_p95_ms": rounded(worst),
            "filters_p95_ms": filters,
        }))
    }
}

fn filter(world: &World, name: &str, number: usize, newest: i64) -> String {
    let spread = number as i64 * 7_919;
    let agent = world.agents[number % world.agents.len()].id;
    let from = newest - DAY * (number as i64 % 90);
    let time = format!("from={from}&to={}", from + DAY);
    match name {
        "customer" => format!("customer={}", fill::customer(spread)),
        "agent" => format!("agent={agent}"),
        "queue" => format!("queue={}", world.queue),
        "time" => time,
        "tag" => format!("tag={}", fill::tag(spread)),
        _ => format!("agent={agent}&tag={}&{time}", fill::tag(spread)),
    }
}
