//! The server under test: a process of its own on a free port, with a folder of its own.

use crate::{Result, clock};
use std::{
    fs::{self, File},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};
use tokio::process::{Child, Command};

/// Limits per address would measure themselves: all load comes from one machine here.
const UNLIMITED: [(&str, &str); 6] = [
    ("YINGDA_LIMITS_SIGN_IN_PER_MINUTE", "1000000"),
    ("YINGDA_LIMITS_HELLO_PER_MINUTE", "10000000"),
    ("YINGDA_LIMITS_MESSAGE_PER_MINUTE", "10000000"),
    ("YINGDA_LIMITS_CONNECTIONS", "1000000"),
    ("YINGDA_LIMITS_CONNECTIONS_PER_ADDRESS", "1000000"),
    ("YINGDA_LOG_LEVEL", "warn"),
];

/// A folder that is deleted in the end.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Result<Folder> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("yingda-bench-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path)?;
        Ok(Folder(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        _ = fs::remove_dir_all(&self.0);
    }
}

/// Where the server is when it is not our own.
#[derive(clap::Args, Clone, Debug)]
pub struct Given {
    /// An empty server that runs already; without it one is started here.
    #[arg(long, requires = "token")]
    address: Option<SocketAddr>,
    /// The token of that server's one-time set-up link.
    #[arg(long, requires = "address")]
    token: Option<String>,
}

#[derive(Debug)]
pub struct Server {
    pub address: SocketAddr,
    /// Absent when the server is not our own.
    child: Option<Child>,
    token: Option<String>,
    log: PathBuf,
    ticks_at_start: u64,
    pub ready_ms: f64,
}

impl Server {
    pub async fn start_unless(given: Given, folder: &Path) -> Result<Server> {
        let Some(address) = given.address else { return Self::start(folder).await };
        let log = PathBuf::new();
        Ok(Server { address, child: None, token: given.token, log, ticks_at_start: 0, ready_ms: 0.0 })
    }

    /// Starts the binary beside this one and waits until it serves.
    pub async fn start(folder: &Path) -> Result<Server> {
        Self::start_at(folder, free_address()?).await
    }

    pub async fn start_at(folder: &Path, address: SocketAddr) -> Result<Server> {
        Self::start_with(folder, address, &[], &[]).await
    }

    /// With settings of its own, as variables of the environment.
    pub async fn start_as(folder: &Path, settings: &[(String, String)]) -> Result<Server> {
        Self::start_with(folder, free_address()?, settings, &[]).await
    }

    /// Another binary than the one beside this.
    pub async fn start_from(
        binary: &Path,
        folder: &Path,
        address: SocketAddr,
        settings: &[(String, String)],
    ) -> Result<Server> {
        Self::start_binary(binary, folder, address, settings, &[]).await
    }

    /// With the demo's shop and people.
    pub async fn start_demo(folder: &Path) -> Result<Server> {
        Self::start_with(folder, free_address()?, &[], &["--demo"]).await
    }

    async fn start_with(
        folder: &Path,
        address: SocketAddr,
        settings: &[(String, String)],
        more: &[&str],
    ) -> Result<Server> {
        Self::start_binary(&binary()?, folder, address, settings, more).await
    }

    async fn start_binary(
        binary: &Path,
        folder: &Path,
        address: SocketAddr,
        settings: &[(String, String)],
        more: &[&str],
    ) -> Result<Server> {
        fs::create_dir_all(folder)?;
        let log = folder.join("server.log");
        let file = File::options().create(true).append(true).open(&log)?;
        let mut command = Command::new(binary);
        command
            .arg("serve")
            .arg("--listen")
            .arg(address.to_string())
            .arg("--data")
            .arg(folder.join("data"))
            .args(more);
        command
            .envs(UNLIMITED)
            .envs(settings.iter().map(|(key, value)| (key, value)))
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .kill_on_drop(true);
        let start = clock::now();
        let mut child = command.spawn()?;
        while !serves(address, start + Duration::from_secs(120)).await? {
            if let Some(status) = child.try_wait()? {
                return Err(format!("the server ended with {status}: {}", fs::read_to_string(&log)?).into());
            }
        }
        let ready_ms = clock::ms_since(start);
        let child = Some(child);
        Ok(Server { address, child, token: None, log, ticks_at_start: 0, ready_ms })
    }

    /// The token of the one-time set-up link that an empty server prints.
    pub async fn set_up_token(&self) -> Result<String> {
        if let Some(token) = &self.token {
            return Ok(token.clone());
        }
        let give_up = clock::now() + Duration::from_secs(10);
        loop {
            let text = fs::read_to_string(&self.log)?;
            if let Some((_, rest)) = text.split_once("setup?token=") {
                let token: String = rest
                    .chars()
                    .take_while(|sign| sign.is_ascii_alphanumeric() || "-_".contains(*sign))
                    .collect();
                if rest.len() > token.len() {
                    return Ok(token);
                }
            }
            if clock::now() > give_up {
                return Err(format!("the server printed no set-up link: {text}").into());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub fn is_own(&self) -> bool {
        self.child.is_some()
    }

    pub fn log(&self) -> Result<String> {
        Ok(fs::read_to_string(&self.log)?)
    }

    /// Sends a signal by its name, such as STOP or CONT.
    pub async fn signal(&self, name: &str) -> Result<()> {
        let id = self.child.as_ref().and_then(Child::id).ok_or("the server has ended already")?;
        Command::new("kill").args([&format!("-{name}"), &id.to_string()]).status().await?;
        Ok(())
    }

    /// `kill -9`.
    pub async fn kill(self) -> Result<()> {
        if let Some(mut child) = self.child {
            child.kill().await?;
        }
        Ok(())
    }

    /// Asks our own server to end, and waits until it did.
    pub async fn stop(self) -> Result<()> {
        let Some(mut child) = self.child else { return Ok(()) };
        let id = child.id().ok_or("the server has ended already")?;
        Command::new("kill").args(["-TERM", &id.to_string()]).status().await?;
        tokio::time::timeout(Duration::from_secs(30), child.wait()).await??;
        Ok(())
    }

    /// A file of the kernel's about the process; `None` when it is not ours.
    fn process(&self, file: &str) -> Result<Option<String>> {
        let Some(child) = &self.child else { return Ok(None) };
        let id = child.id().ok_or("the server has ended")?;
        Ok(Some(fs::read_to_string(format!("/proc/{id}/{file}"))?))
    }

    /// Processor time in hundredths of a second, by the kernel's count.
    fn ticks(&self) -> Result<u64> {
        let Some(stat) = self.process("stat")? else { return Ok(0) };
        // The second field is the name in parentheses; user and system time are the 14th and 15th.
        let (_, rest) = stat.rsplit_once(')').ok_or("/proc/…/stat is not understood")?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let field = |at: usize| fields.get(at).and_then(|it| it.parse::<u64>().ok());
        Ok(field(11).zip(field(12)).map(|(user, system)| user + system).ok_or("/proc/…/stat is too short")?)
    }

    /// Processor time since the start, or since counting began again.
    pub fn cpu_us(&self) -> Result<f64> {
        Ok(self.ticks()?.saturating_sub(self.ticks_at_start) as f64 * 10_000.0)
    }

    /// Counts processor time from here on.
    pub fn reset_cpu(&mut self) -> Result<()> {
        self.ticks_at_start = self.ticks()?;
        Ok(())
    }

    pub fn rss_bytes(&self) -> Result<u64> {
        self.status("VmRSS:")
    }

    /// The most that was resident since the start, or since counting began again.
    pub fn peak_mib(&self) -> Result<f64> {
        Ok(self.status("VmHWM:")? as f64 / 1_048_576.0)
    }

    /// Counts the peak from here on (proc(5), `clear_refs`).
    pub fn reset_peak(&self) -> Result<()> {
        let Some(id) = self.child.as_ref().and_then(Child::id) else { return Ok(()) };
        Ok(fs::write(format!("/proc/{id}/clear_refs"), "5")?)
    }

    fn status(&self, name: &str) -> Result<u64> {
        let Some(status) = self.process("status")? else { return Ok(0) };
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib: u64 = line.ok_or_else(|| format!("no {name}"))?.trim().trim_end_matches(" kB").parse()?;
        Ok(kib * 1024)
    }

    pub fn rss_mib(&self) -> Result<f64> {
        Ok(self.rss_bytes()? as f64 / 1_048_576.0)
    }
}

pub fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// The server's binary lies beside the bench's own.
pub fn binary() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    // Tests lie one folder deeper.
    let folder = own.parent().ok_or("this program lies nowhere")?;
    let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    let binary = folder.join("yingda");
    if binary.exists() {
        return Ok(binary);
    }
    Err(format!("{} is not there: build yingda-server in the same profile", binary.display()).into())
}

/// Whether it answers 200; asks every millisecond until it may be seen to have ended.
async fn serves(address: SocketAddr, give_up: Instant) -> Result<bool> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let ask = async {
        let mut socket = tokio::net::TcpStream::connect(address).await?;
        socket.write_all(b"GET /readyz HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n").await?;
        let mut head = [0; 12];
        socket.read_exact(&mut head).await?;
        Ok::<_, std::io::Error>(head.ends_with(b"200"))
    };
    if clock::now() > give_up {
        return Err("the server did not serve within two minutes".into());
    }
    let ready = ask.await.unwrap_or(false);
    if !ready {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(ready)
}
