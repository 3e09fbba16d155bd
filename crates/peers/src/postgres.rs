//! A PostgreSQL server of its own.

use crate::{Scratch, free_port, is_root, succeed};
use std::{
    path::PathBuf,
    process::Command,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU32, Ordering},
    },
};

/// It stops with its last user.
pub struct Postgres {
    scratch: Scratch,
    port: u16,
    options: String,
    databases: AtomicU32,
}

impl Postgres {
    /// The server that the tests of this process share while any of them uses it. It does not wait for the disk.
    pub fn shared() -> Arc<Postgres> {
        static SHARED: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let server = Arc::new(Postgres::start("-c fsync=off"));
            *shared = Arc::downgrade(&server);
            server
        })
    }

    /// One that stores as it does by default: a commit is on the disk.
    pub fn durable() -> Postgres {
        Self::start("-c shared_buffers=256MB -c max_wal_size=4GB")
    }

    fn start(more: &str) -> Self {
        let scratch = Scratch::new();
        if is_root() {
            succeed(Command::new("chown").arg("postgres").arg(scratch.path()), "postgresql");
        }
        let port = free_port();
        let options = format!(
            "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=200 {more}"
        );
        let server = Self { scratch, port, options, databases: AtomicU32::new(0) };
        let mut make = program("initdb");
        make.args(["-A", "trust", "-U", "yingda", "-E", "UTF8", "-N", "-D"]).arg(server.data());
        succeed(&mut make, "postgresql");
        server.start_again();
        server
    }

    fn data(&self) -> PathBuf {
        self.scratch.path().join("data")
    }

    /// After `stop`, on the same port with the same data.
    pub fn start_again(&self) {
        let log = self.scratch.path().join("log");
        let mut start = program("pg_ctl");
        start.args(["start", "-w", "-s", "-o", &self.options, "-l"]).arg(log).arg("-D").arg(self.data());
        succeed(&mut start, "postgresql");
    }

    /// At once, as in a crash.
    pub fn stop(&self) {
        let mut stop = program("pg_ctl");
        succeed(stop.args(["stop", "-w", "-s", "-m", "immediate", "-D"]).arg(self.data()), "postgresql");
    }

    /// The address of a fresh, empty database.
    pub async fn database(&self) -> String {
        let name = format!("store_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let (client, connection) = tokio_postgres::connect(&self.address("postgres"), tokio_postgres::NoTls)
            .await
            .expect("the server answers");
        let work =
            async move { client.batch_execute(&format!("CREATE DATABASE {name}")).await.map(|()| name) };
        let (name, _) = tokio::join!(work, connection);
        self.address(&name.expect("a database can be made"))
    }

    pub fn address(&self, database: &str) -> String {
        format!("postgres://yingda@127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let stop =
            program("pg_ctl").args(["stop", "-w", "-s", "-m", "immediate", "-D"]).arg(self.data()).output();
        // Stopped before, or gone: either way it does not run.
        let _ = stop;
    }
}

/// A program of PostgreSQL; it refuses to run as root, so root hands over to its user.
fn program(name: &str) -> Command {
    let path = newest_installed().map_or_else(|| PathBuf::from(name), |bin| bin.join(name));
    if is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(path).current_dir("/");
        command
    } else {
        Command::new(path)
    }
}

/// Debian keeps the server's programs off the PATH.
fn newest_installed() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let bins = versions.filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    bins.filter(|bin| bin.join("initdb").exists()).max()
}
