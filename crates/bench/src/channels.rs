//! The gateway under load: how fast it delivers while one target is dead, how exactly it holds a rate, and how fast it
//! reads a mailbox.

use crate::{
    Result,
    api::{Api, World},
    clock,
    mail::Mail,
    provider::Provider,
    server::{Folder, Server},
    spread::{Spread, rounded},
};
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

#[derive(Args, Clone, Debug)]
pub struct Channels {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Clone, Debug)]
enum What {
    /// Deliveries to two targets while a third is dead, and a fourth one's delay meanwhile.
    Gateway(Gateway),
    /// A batch through a channel with a rate, and receipts for all of it.
    Sms(Sms),
    /// A full mailbox becomes conversations.
    Mail(Mail),
}

#[derive(Args, Clone, Debug)]
struct Gateway {
    #[arg(long, default_value_t = 60_000)]
    count: usize,
}

#[derive(Args, Clone, Debug)]
struct Sms {
    #[arg(long, default_value_t = 100_000)]
    count: usize,
    #[arg(long, default_value_t = 2_000)]
    per_second: u32,
}

impl Channels {
    pub async fn run(self) -> Result<Value> {
        match self.what {
            What::Gateway(it) => it.run().await,
            What::Sms(it) => it.run().await,
            What::Mail(it) => it.run().await,
        }
    }
}

/// So many numbers one batch may have.
const PIECE: usize = 10_000;
/// Whoever hears nothing for so long hears nothing any more.
const DEAF: Duration = Duration::from_secs(20);

struct Site {
    _folder: Folder,
    server: Server,
    world: World,
}

impl Site {
    async fn new() -> Result<Site> {
        let folder = Folder::new()?;
        let settings = [("YINGDA_OUTGOING_PRIVATE_NETWORKS".to_owned(), "127.0.0.0/8".to_owned())];
        let server = Server::start_as(folder.path(), &settings).await?;
        let token = server.set_up_token().await?;
        let world = World::set_up(server.address, &token, 1, 10).await?;
        Ok(Site { _folder: folder, server, world })
    }

    /// An SMS channel towards an address. Gives its id and where it takes callbacks.
    async fn channel(&self, name: &str, address: &str, per_second: u32) -> Result<(String, String)> {
        let rules = json!({ "quiet_from": 0, "quiet_until": 0, "per_number_a_day": 0 });
        let setup = json!({
            "type": "sms_http", "url": format!("http://{address}/"), "rules": rules,
            "body": "{\"to\":{to:json},\"text\":{text:json}}", "id_at": "id",
            "receipt_id": "id", "receipt_state": "state", "delivered_states": ["DELIVRD"],
        });
        let record = json!({
            "kind": "channel", "name": { "zh": name, "en": "" }, "enabled": true, "queue": self.world.queue,
            "per_second": per_second, "setup": setup,
        });
        let admin = &self.world.admin;
        let made = admin.send(Method::POST, "/records/channel", Some(&record)).await?.bytes().await?;
        let id =
            serde_json::from_slice::<Value>(&made)?["id"].as_str().ok_or("a channel has an id")?.to_owned();
        let all = admin.get("/channels").await?;
        let found = all.as_array().and_then(|all| all.iter().find(|it| it["id"] == id.as_str()));
        let callback = found.and_then(|it| it["callback"].as_str()).ok_or("a channel has a callback")?;
        Ok((id, callback.trim_start_matches("/api/v1").to_owned()))
    }
}

async fn batch(admin: &Api, channel: &str, text: &str, numbers: std::ops::Range<usize>) -> Result<String> {
    let receivers: Vec<Value> = numbers.map(|number| json!({ "to": format!("139{number:08}") })).collect();
    let body = json!({ "channel": channel, "name": "bench", "text": text, "receivers": receivers });
    let made = admin.send(Method::POST, "/batches", Some(&body)).await?.bytes().await?;
    let made: Value = serde_json::from_slice(&made)?;
    Ok(made["id"].as_str().ok_or("a batch has an id")?.to_owned())
}

impl Gateway {
    async fn run(self) -> Result<Value> {
        let site = Site::new().await?;
        let admin = &site.world.admin;
        let plain = || "{}".to_owned();
        let (mut first, mut second) = (Provider::start(plain).await?, Provider::start(plain).await?);
        let mut watched = Provider::start(plain).await?;
        // Nobody listens there any more.
        let dead = Provider::start(plain).await?.address;
        let (dead, _) = site.channel("dead", &dead.to_string(), 0).await?;
        let (one, _) = site.channel("one", &first.address.to_string(), 0).await?;
        let (two, _) = site.channel("two", &second.address.to_string(), 0).await?;
        let (watch, _) = site.channel("watch", &watched.address.to_string(), 0).await?;
        let began = clock::now();
        batch(admin, &dead, "x", 0..PIECE).await?;
        let each = self.count / 2;
        let plan = async {
            for from in (0..each).step_by(PIECE) {
                let numbers = from..each.min(from + PIECE);
                batch(admin, &one, "x", numbers.clone()).await?;
                batch(admin, &two, "x", numbers).await?;
            }
            Result::<()>::Ok(())
        };
        let take = async {
            let ends = tokio::try_join!(all(&mut first, each), all(&mut second, each))?;
            Result::<Instant>::Ok(ends.0.max(ends.1))
        };
        // One at a time through a channel of its own: from asking to arriving.
        let delays = Mutex::new(vec![]);
        let probe = async {
            loop {
                let asked = clock::now();
                batch(admin, &watch, "probe", 0..1).await?;
                let came = tokio::time::timeout(DEAF, watched.taken.recv()).await?.ok_or("it ended")?;
                let delay_ms = (came - asked).as_secs_f64() * 1_000.0;
                delays.lock().unwrap_or_else(PoisonError::into_inner).push(delay_ms);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let ((), ended) = tokio::select! {
            done = async { tokio::try_join!(plan, take) } => done?,
            failed = probe => return failed,
        };
        let seconds = (ended - began).as_secs_f64();
        let now = admin.get("/channels").await?;
        let of = |id: &str| now.as_array().and_then(|all| all.iter().find(|it| it["id"] == id)).cloned();
        let delays = Spread::new(delays.into_inner().unwrap_or_else(PoisonError::into_inner));
        Ok(json!({
            "delivered": each * 2,
            "per_s": rounded((each * 2) as f64 / seconds),
            "healthy_p50_ms": rounded(delays.at(0.5)),
            "healthy_p99_ms": rounded(delays.at(0.99)),
            "dead_waiting": of(&dead).map(|it| it["outbox"]["waiting"].clone()),
            "server_rss_mib": site.server.rss_mib()?,
        }))
    }
}

/// Until so many came; when the last one did.
async fn all(provider: &mut Provider, count: usize) -> Result<Instant> {
    let mut last = clock::now();
    for n in 0..count {
        let came = tokio::time::timeout(DEAF, provider.taken.recv()).await;
        let came = came.map_err(|_| format!("after {n} of {count} nothing more came"))?;
        last = came.ok_or("the provider ended")?;
    }
    Ok(last)
}

impl Sms {
    async fn run(self) -> Result<Value> {
        let site = Site::new().await?;
        let admin = &site.world.admin;
        let names = AtomicU64::new(0);
        let mut provider = Provider::start(move || {
            json!({ "id": format!("r{}", names.fetch_add(1, Ordering::Relaxed)) }).to_string()
        })
        .await?;
        let (channel, callback) = site.channel("sms", &provider.address.to_string(), self.per_second).await?;
        let mut batches = vec![];
        for from in (0..self.count).step_by(PIECE) {
            batches.push(batch(admin, &channel, "x", from..self.count.min(from + PIECE)).await?);
        }
        let (mut times, mut told) = (vec![], 0);
        while times.len() < self.count {
            let came = tokio::time::timeout(DEAF, provider.taken.recv()).await;
            let came =
                came.map_err(|_| format!("after {} of {} nothing more came", times.len(), self.count))?;
            times.push(came.ok_or("the provider ended")?);
            // Receipts come some hundreds at a time, as providers send them.
            if times.len() - told >= 200 || times.len() == self.count {
                let receipts: Vec<Value> = (told..times.len())
                    .map(|n| json!({ "id": format!("r{n}"), "state": "DELIVRD" }))
                    .collect();
                told = times.len();
                admin.send(Method::POST, &callback, Some(&json!(receipts))).await?;
            }
        }
        // What left while batches were still being planned says nothing of the rate.
        let from = times.len() / 5;
        let seconds = (times[times.len() - 1] - times[from]).as_secs_f64();
        let rate = (times.len() - 1 - from) as f64 / seconds;
        let error = (rate / f64::from(self.per_second) - 1.0).abs() * 100.0;
        let mut delivered = 0;
        let give_up = clock::now() + Duration::from_secs(60);
        while delivered < self.count as i64 && clock::now() < give_up {
            delivered = 0;
            for id in &batches {
                let now = admin.get(&format!("/batches/{id}")).await?;
                delivered += now["states"]["delivered"].as_i64().unwrap_or_default();
            }
        }
        Ok(json!({
            "sent": times.len(),
            "rate_per_s": rounded(rate),
            "rate_error_percent": rounded(error),
            "unmatched": self.count as i64 - delivered,
            "server_rss_mib": site.server.rss_mib()?,
        }))
    }
}
