//! S3-compatible storage: OpenStack Swift with its S3 interface, on one disk.

use crate::{Scratch, free_port, succeed};
use std::{
    fs,
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Mutex, PoisonError},
};

const ACCOUNT: &str = "AUTH_yingda";

/// It stops with its user.
pub struct S3 {
    scratch: Scratch,
    port: u16,
    servers: Vec<Child>,
    proxy: Mutex<Option<Child>>,
}

impl S3 {
    pub const BUCKET: &str = "files";
    pub const KEY: &str = "yingda:files";
    pub const SECRET: &str = "a-secret-for-tests";

    /// With one empty bucket.
    #[expect(clippy::new_without_default, reason = "it starts processes")]
    pub fn new() -> Self {
        let mut storage =
            Self { scratch: Scratch::new(), port: free_port(), servers: vec![], proxy: Mutex::default() };
        fs::create_dir_all(storage.path("disk/one")).expect("a folder can be made");
        storage.write("swift.conf", SWIFT);
        let ports = ["account", "container", "object"].map(|kind| (kind, free_port()));
        for (kind, port) in ports {
            storage.ring(kind, port);
            storage.write(
                &format!("{kind}.conf"),
                &SERVER.replace("KIND", kind).replace("PORT", &port.to_string()),
            );
            let server = storage.run(kind);
            storage.servers.push(server);
        }
        storage.write("proxy.conf", &PROXY.replace("PORT", &storage.port.to_string()));
        storage.write("inner.conf", INNER);
        storage.start_again();
        for (_, port) in ports {
            answers(port);
        }
        storage.make_bucket();
        storage
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// After `stop`, on the same port with the same content.
    pub fn start_again(&self) {
        *self.proxy.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.run("proxy"));
        answers(self.port);
    }

    /// Nobody answers any more; what was stored stays.
    pub fn stop(&self) {
        if let Some(mut proxy) = self.proxy.lock().unwrap_or_else(PoisonError::into_inner).take() {
            end(&mut proxy);
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let user = Command::new("id").arg("-un").output().expect("this user has a name");
        let text = text
            .replace("USER", String::from_utf8_lossy(&user.stdout).trim())
            .replace("FOLDER", &self.scratch.path().display().to_string())
            .replace("SECRET", Self::SECRET);
        fs::write(self.path(name), text).expect("the folder takes a file");
    }

    /// Which server holds what: here there is but one of each kind.
    fn ring(&self, kind: &str, port: u16) {
        let file = self.path(&format!("{kind}.builder"));
        let place = format!("r1z1-127.0.0.1:{port}/one");
        for what in [&["create", "1", "1", "0"][..], &["add", &place, "1"], &["rebalance"]] {
            succeed(Command::new("swift-ring-builder").arg(&file).args(what), "swift");
        }
    }

    fn run(&self, kind: &str) -> Child {
        let program = format!("/usr/bin/swift-{kind}-server");
        let mut command = Command::new(&program);
        command.arg(self.path(&format!("{kind}.conf"))).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap_or_else(|error| {
            panic!("{program} did not start: {error}; install it first: apt-get install swift-{kind}")
        })
    }

    /// Through Swift's own door: the one of S3 wants the signatures that it is there to try.
    fn make_bucket(&self) {
        let program = format!(
            "from swift.common.internal_client import InternalClient as It; It({:?}, 'yingda', 1).create_container({ACCOUNT:?}, {:?})",
            self.path("inner.conf"),
            Self::BUCKET
        );
        succeed(Command::new("/usr/bin/python3").arg("-c").arg(program), "swift-proxy");
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        self.stop();
        self.servers.iter_mut().for_each(end);
    }
}

fn end(child: &mut Child) {
    // It may have ended by itself.
    let _ = child.kill();
    let _ = child.wait();
}

fn answers(port: u16) {
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        std::thread::yield_now();
    }
}

const SWIFT: &str = "\
[swift-hash]
swift_hash_path_suffix = yingda
[storage-policy:0]
name = one
default = yes
";

const SERVER: &str = "\
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = PORT
workers = 0
user = USER
swift_dir = FOLDER
devices = FOLDER/disk
mount_check = false
[pipeline:main]
pipeline = KIND-server
[app:KIND-server]
use = egg:swift#KIND
";

/// No memcached runs: this is no cache, but the pipeline wants one.
const PROXY: &str = "\
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = PORT
workers = 0
user = USER
swift_dir = FOLDER
[pipeline:main]
pipeline = catch_errors cache s3api tempauth slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_yingda_files = SECRET .admin
[filter:slo]
use = egg:swift#slo
";

const INNER: &str = "\
[DEFAULT]
swift_dir = FOLDER
[pipeline:main]
pipeline = catch_errors cache proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
";
