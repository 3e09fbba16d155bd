//! A PostgreSQL server of its own.

use crate::{
    Scratch,
    disk::{SlowDisk, SmallDisk},
    free_port, is_root, succeed,
};
use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// It stops with its last user.
pub struct Postgres {
    scratch: Scratch,
    pub(crate) port: u16,
    options: String,
    databases: AtomicU32,
    disk: Option<SmallDisk>,
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

    /// One that also speaks TLS, with this certificate and its key as PEM.
    pub fn sealed(certificate: &str, key: &str) -> Postgres {
        let scratch = Scratch::new();
        let mut options = "-c fsync=off -c ssl=on".to_owned();
        for (name, text, setting) in [("cert", certificate, "ssl_cert_file"), ("key", key, "ssl_key_file")] {
            let path = scratch.path().join(name);
            fs::write(&path, text).expect("the folder takes a file");
            fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("it is ours");
            give(&path);
            options += &format!(" -c {setting}={}", path.display());
        }
        Self::start_in(scratch, &options)
    }

    /// One whose disk `fill_disk` can fill.
    pub fn on_small_disk(mib: u32) -> Postgres {
        let scratch = Scratch::new();
        // Its log lies elsewhere, so that it can say what it lacks.
        let data = scratch.path().join("data");
        fs::create_dir(&data).expect("the folder is new");
        let disk = SmallDisk::mount(&data, mib);
        give(&data);
        let mut server = Self::start_in(scratch, "-c max_wal_size=64MB -c min_wal_size=32MB");
        server.disk = Some(disk);
        server
    }

    fn start(more: &str) -> Self {
        Self::start_in(Scratch::new(), more)
    }

    fn start_in(scratch: Scratch, more: &str) -> Self {
        give(scratch.path());
        let server = Self::prepare(scratch, more);
        let mut make = program("initdb");
        make.args(["-A", "trust", "-U", "yingda", "-E", "UTF8", "-N", "-D"]).arg(server.data());
        succeed(&mut make, "postgresql");
        server.start_again();
        server
    }

    fn prepare(scratch: Scratch, more: &str) -> Self {
        let port = free_port();
        let options = format!(
            "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=200 {more}"
        );
        Self { scratch, port, options, databases: AtomicU32::new(0), disk: None }
    }

    /// A second server that follows this one, by the command of the guide.
    pub(crate) fn standby(&self, name: &str) -> Postgres {
        let scratch = Scratch::new();
        give(scratch.path());
        let server = Self::prepare(scratch, "");
        let first = format!("host=127.0.0.1 port={} user=yingda application_name={name}", self.port);
        let mut copy = program("pg_basebackup");
        copy.args(["-d", &first, "-R", "-X", "stream", "-c", "fast", "-C", "-S", name, "-D"])
            .arg(server.data());
        succeed(&mut copy, "postgresql");
        server.start_again();
        server
    }

    /// A standby becomes a server of its own, which takes writes.
    pub fn promote(&self) {
        succeed(program("pg_ctl").args(["promote", "-w", "-s", "-D"]).arg(self.data()), "postgresql");
    }

    /// Runs a statement; how many rows it gave or changed.
    pub(crate) async fn ask(&self, sql: &str) -> u64 {
        let connecting = tokio_postgres::connect(&self.address("postgres"), tokio_postgres::NoTls).await;
        let (client, connection) = connecting.expect("the server answers");
        let work = async move { client.execute(sql, &[]).await };
        let (outcome, _) = tokio::join!(work, connection);
        outcome.unwrap_or_else(|error| panic!("{sql}: {error:?}"))
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

    /// Nothing more can be written, until `free_disk`.
    pub fn fill_disk(&self) {
        self.disk.as_ref().expect("it was started on a small disk").fill();
    }

    /// There is room again. A server that gave up for want of it is started, as an operator would.
    pub fn free_disk(&self) {
        self.disk.as_ref().expect("it was started on a small disk").free();
        let runs = program("pg_ctl").arg("status").arg("-D").arg(self.data()).output();
        if !runs.is_ok_and(|output| output.status.success()) {
            self.start_again();
        }
    }

    /// While it is kept, each of the server's writes waits so much longer for the disk.
    pub fn slow(&self, by: Duration) -> SlowDisk {
        SlowDisk::under(&self.data(), by)
    }

    /// What the server had to say.
    pub fn log(&self) -> String {
        fs::read_to_string(self.scratch.path().join("log")).unwrap_or_default()
    }

    /// At once, as in a crash.
    pub fn stop(&self) {
        let mut stop = program("pg_ctl");
        succeed(stop.args(["stop", "-w", "-s", "-m", "immediate", "-D"]).arg(self.data()), "postgresql");
    }

    /// The address of a fresh, empty database.
    pub async fn database(&self) -> String {
        let name = format!("store_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.ask(&format!("CREATE DATABASE {name}")).await;
        self.address(&name)
    }

    /// The address of a fresh, empty schema beside others in one database.
    pub async fn schema(&self) -> String {
        let name = format!("site_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.ask(&format!("CREATE SCHEMA {name}")).await;
        format!("{}?options=-csearch_path%3D{name}", self.address("postgres"))
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
        self.disk = None;
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

/// To the user who runs the server, if that is another one.
fn give(path: &Path) {
    if is_root() {
        succeed(Command::new("chown").arg("postgres").arg(path), "postgresql");
    }
}
