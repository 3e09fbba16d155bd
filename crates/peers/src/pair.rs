//! Two PostgreSQL servers, of which the second follows the first by streaming replication.

use crate::Postgres;

pub struct Pair {
    pub first: Postgres,
    pub second: Postgres,
}

impl Pair {
    /// Both run. `synchronous`: the first answers a commit when the second has it on its disk too.
    pub async fn begin(synchronous: bool) -> Pair {
        let first = Postgres::durable();
        let second = first.standby(NAME);
        // Not before there is one to wait for, and not where a copy of the folder would take it along.
        if synchronous {
            first.ask(&format!("ALTER SYSTEM SET synchronous_standby_names = '{NAME}'")).await;
            first.ask("SELECT pg_reload_conf()").await;
        }
        let wanted = if synchronous { "sync" } else { "async" };
        let state = format!(
            "SELECT 1 FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = '{wanted}'"
        );
        while first.ask(&state).await == 0 {}
        Pair { first, second }
    }

    /// The address of a fresh, empty database, wherever it can be written at the moment.
    pub async fn database(&self) -> String {
        let own = self.first.database().await;
        let (place, name) = own.rsplit_once('/').expect("an address ends with the database");
        format!("{place},127.0.0.1:{}/{name}?target_session_attrs=read-write", self.second.port)
    }
}

/// What the standby calls itself.
const NAME: &str = "yingda_standby";
