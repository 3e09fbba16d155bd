//! Stores for tests: SQLite files and a PostgreSQL server of its own, both in temporary directories that go away.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU32, Ordering},
    },
};

/// A directory that is removed with its last user.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("yingda-test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("the temporary directory takes a new one");
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn sqlite(&self) -> String {
        format!("sqlite:{}", self.0.join("yingda.db").display())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A PostgreSQL server on a free port of 127.0.0.1. It stops with its last user.
pub struct Server {
    scratch: Scratch,
    port: u16,
    databases: AtomicU32,
}

impl Server {
    /// The server that the tests of this process share while any of them uses it.
    pub fn shared() -> Arc<Server> {
        static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let server = Arc::new(Server::start());
            *shared = Arc::downgrade(&server);
            server
        })
    }

    fn start() -> Self {
        let scratch = Scratch::new();
        if is_root() {
            succeed(Command::new("chown").arg("postgres").arg(scratch.path()));
        }
        let data = scratch.path().join("data");
        succeed(program("initdb").args(["-A", "trust", "-U", "yingda", "-E", "UTF8", "-N", "-D"]).arg(&data));
        // The port is free now; a test run that takes it in between fails loudly.
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port").port();
        let options = format!(
            "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off -c max_connections=200"
        );
        let log = scratch.path().join("log");
        succeed(
            program("pg_ctl").args(["start", "-w", "-s", "-o", &options, "-l"]).arg(log).arg("-D").arg(&data),
        );
        Self { scratch, port, databases: AtomicU32::new(0) }
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

impl Drop for Server {
    fn drop(&mut self) {
        let data = self.scratch.path().join("data");
        let _ = program("pg_ctl").args(["stop", "-w", "-s", "-m", "immediate", "-D"]).arg(data).status();
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

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|it| std::os::unix::fs::MetadataExt::uid(&it) == 0)
}

fn succeed(command: &mut Command) {
    let Output { status, stderr, stdout } = command.output().unwrap_or_else(|error| {
        panic!(
            "{command:?} did not start: {error}; PostgreSQL must be installed (apt-get install postgresql)"
        )
    });
    let text = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{command:?} ended with {status}: {text} {}", String::from_utf8_lossy(&stdout));
}
