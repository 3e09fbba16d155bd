//! A PostgreSQL server of our own, as it is set up by default: durable, on a free port of this machine.

use crate::Result;
use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
};

#[derive(Debug)]
pub struct Postgres {
    data: PathBuf,
    port: u16,
}

impl Postgres {
    pub fn start(folder: &Path) -> Result<Postgres> {
        let home = folder.join("postgres");
        fs::create_dir_all(&home)?;
        if is_root() {
            succeed(Command::new("chown").arg("postgres").arg(&home))?;
        }
        let data = home.join("data");
        succeed(program("initdb").args(["-A", "trust", "-U", "yingda", "-E", "UTF8", "-D"]).arg(&data))?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let options = format!("-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''");
        let log = home.join("log");
        succeed(
            program("pg_ctl").args(["start", "-w", "-s", "-o", &options, "-l"]).arg(log).arg("-D").arg(&data),
        )?;
        Ok(Postgres { data, port })
    }

    /// The address of a new, empty database.
    pub fn database(&self, name: &str) -> Result<String> {
        let port = self.port.to_string();
        succeed(program("createdb").args(["-h", "127.0.0.1", "-U", "yingda", "-p", &port, name]))?;
        Ok(format!("postgres://yingda@127.0.0.1:{port}/{name}"))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        _ = program("pg_ctl").args(["stop", "-w", "-s", "-m", "immediate", "-D"]).arg(&self.data).status();
    }
}

/// It refuses to run as root, so root hands over to its user. Debian keeps its programs off the PATH.
fn program(name: &str) -> Command {
    let path = newest().map_or_else(|| PathBuf::from(name), |bin| bin.join(name));
    if !is_root() {
        return Command::new(path);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(path).current_dir("/");
    command
}

fn newest() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let bins = versions.filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    bins.filter(|bin| bin.join("initdb").exists()).max()
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|it| std::os::unix::fs::MetadataExt::uid(&it) == 0)
}

fn succeed(command: &mut Command) -> Result<()> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?} ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr))
        .into())
}
