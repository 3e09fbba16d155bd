//! Many running clocks of tickets: how late they are told, over a restart too, and what it costs to keep them.

use crate::{
    Result, clock, fill,
    server::Server,
    spread::rounded,
    tickets::{Office, kind},
};
use clap::Args;
use serde_json::{Value, json};
use std::{collections::HashMap, time::Duration};
use yingda_core::{At, directory::Directory, id::IdMaker};
use yingda_store::{Batch, ticket as rows};

#[derive(Args, Clone, Debug)]
pub struct Sla {
    #[arg(long, default_value_t = 100_000)]
    clocks: usize,
    /// So many of them run out in the measured time.
    #[arg(long, default_value_t = 1_000)]
    due: usize,
    /// The measured time; in its second half the server is stopped and started again.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

const HOUR: At = 3_600_000;
/// The server is away so long.
const AWAY: Duration = Duration::from_secs(5);

impl Sla {
    pub async fn run(self) -> Result<Value> {
        let office = Office::set_up().await?;
        let begin = clock::wall() + 15_000;
        let due = self.fill(&office, begin).await?;
        let half = Duration::from_secs(self.seconds / 2);
        let server = Server::start_at(office.folder.path(), office.address).await?;
        wait_until(begin).await;
        let before = server.cpu_us()?;
        tokio::time::sleep(half).await;
        let cpu_percent = (server.cpu_us()? - before) / half.as_micros() as f64 * 100.0;
        server.stop().await?;
        let stopped = clock::wall();
        tokio::time::sleep(AWAY).await;
        let server = Server::start_at(office.folder.path(), office.address).await?;
        let ready = clock::wall();
        wait_until(begin + (self.seconds * 1_000) as At + 3_000).await;
        server.stop().await?;
        let told = told(&fill::store_file(office.folder.path()))?;
        // What fell due less than a second before the stop had no second to be told in.
        let away = stopped - 1_000..ready;
        let late = due.iter().map(|(ticket, due_at)| {
            let told_at = told.get(ticket)?;
            let could_at = if away.contains(due_at) { ready } else { *due_at };
            Some(told_at - could_at)
        });
        let late: Option<Vec<At>> = late.collect();
        let late = late.ok_or("a clock that ran out was never told")?;
        Ok(json!({
            "late_max_ms": late.iter().max(),
            "cpu_percent": rounded(cpu_percent),
            "clocks": self.clocks,
            "told": late.len(),
        }))
    }

    /// Stores running clocks; gives the tickets whose clock runs out in the measured time, and when.
    async fn fill(&self, office: &Office, begin: At) -> Result<HashMap<i64, At>> {
        let db = office.store().await?;
        let (of, directory) = (kind(), Directory::default());
        let mut ids = IdMaker::new(1, 0);
        let mut due = HashMap::new();
        let mut batch = Batch::default();
        for n in 0..self.clocks {
            let id = ids.next(begin - 72 * HOUR + n as At);
            let mut it = office.ticket(n, id, begin - 47 * HOUR, &of)?;
            let due_at = if n < self.due {
                due.insert(id, begin + (self.seconds * 1_000) as At * n as At / self.due as At);
                due[&id]
            } else {
                begin + HOUR + n as At * 100
            };
            it.clocks[0].due_at = due_at;
            batch.statements.extend(rows::insert(&it, &of, &directory, None));
            if batch.statements.len() >= 4_000 {
                db.commit(std::mem::take(&mut batch)).await?;
            }
        }
        db.commit(batch).await?;
        db.close().await;
        Ok(due)
    }
}

async fn wait_until(at: At) {
    tokio::time::sleep(Duration::from_millis((at - clock::wall()).max(0) as u64)).await;
}

/// When each ticket's clock was told.
fn told(file: &std::path::Path) -> Result<HashMap<i64, At>> {
    let store = rusqlite::Connection::open(file)?;
    let mut read = store.prepare("SELECT on_id, occurred_at FROM event WHERE kind = 'ticket_clock_rang'")?;
    let rows = read.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}
