//! Real servers for tests and measurements, in temporary folders on free ports of 127.0.0.1. Whatever goes wrong here
//! is a panic with its reason: without its peers no test can go on.

mod clock;
mod disk;
mod dovecot;
mod nats;
mod pair;
mod phone;
mod postfix;
mod postgres;
mod s3;
mod smpp;
mod talk;
mod wechat;

pub use clock::faketime;
pub use disk::SlowDisk;
pub use dovecot::Dovecot;
pub use nats::Nats;
pub use pair::Pair;
pub use phone::{Account, Phone, phones_address};
pub use postfix::Postfix;
pub use postgres::Postgres;
pub use s3::S3;
pub use smpp::Smpp;
pub use wechat::Wechat;

use std::{
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::atomic::{AtomicU32, Ordering},
};

/// A directory that is removed with its last user.
pub struct Scratch(PathBuf);

impl Scratch {
    #[expect(clippy::new_without_default, reason = "it makes a folder")]
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("yingda-peer-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
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

/// Free now; a run that takes it in between fails loudly.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port").port()
}

/// Until something listens there.
fn wait_for(port: u16) {
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        std::thread::yield_now();
    }
}

/// Makes a folder of a scratch one's, owned by another user.
fn folder(scratch: &Scratch, name: &str, owner: &str) -> PathBuf {
    let path = scratch.path().join(name);
    std::fs::create_dir_all(&path).expect("a scratch folder takes another");
    succeed(Command::new("chown").arg(owner).arg(&path), "coreutils");
    path
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|it| std::os::unix::fs::MetadataExt::uid(&it) == 0)
}

fn succeed(command: &mut Command, package: &str) {
    let Output { status, stderr, stdout } = command.output().unwrap_or_else(|error| {
        panic!("{command:?} did not start: {error}; install it first: apt-get install {package}")
    });
    let text = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{command:?} ended with {status}: {text} {}", String::from_utf8_lossy(&stdout));
}
