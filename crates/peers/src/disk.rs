//! Disks that are full or slow.

use crate::succeed;
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// A disk of its own under a folder, so small that it can be filled. Mounting it takes root.
pub struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    pub fn mount(folder: &Path, mib: u32) -> Self {
        let size = format!("size={mib}m");
        succeed(
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "none"]).arg(folder),
            "mount (as root)",
        );
        Self { folder: folder.to_owned() }
    }

    pub fn fill(&self) {
        let mut ballast = fs::File::create(self.ballast()).expect("an empty file has room");
        let much = vec![7; 1 << 20];
        while ballast.write_all(&much).is_ok() {}
    }

    pub fn free(&self) {
        fs::remove_file(self.ballast()).expect("the disk was filled");
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a process that is about to end may still hold a file.
        let _ = Command::new("umount").arg("--lazy").arg(&self.folder).output();
    }
}

/// A tracer that holds up a server's synchronous writes; they are fast again when it goes.
pub struct SlowDisk(Child);

impl SlowDisk {
    /// Under a PostgreSQL with this data folder: its processes, and those that come.
    pub fn under(data: &Path, by: Duration) -> Self {
        let file = fs::read_to_string(data.join("postmaster.pid")).expect("the server runs");
        let first = file.lines().next().expect("its first line is the process").to_owned();
        let children = fs::read_to_string(format!("/proc/{first}/task/{first}/children")).unwrap_or_default();
        let delay = format!("inject=fdatasync,fsync:delay_enter={}", by.as_micros());
        let mut tracer = Command::new("strace");
        tracer.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync,fsync", "-e", &delay]);
        for process in children.split_whitespace().chain([first.as_str()]) {
            tracer.args(["-p", process]);
        }
        let tracer = tracer.stdin(Stdio::null()).stderr(Stdio::null()).spawn();
        Self(tracer.unwrap_or_else(|error| {
            panic!("strace did not start: {error}; install it first: apt-get install strace")
        }))
    }
}

impl Drop for SlowDisk {
    fn drop(&mut self) {
        // Asked to end, it lets go of the processes; they run on.
        let _ = Command::new("kill").arg(self.0.id().to_string()).output();
        let _ = self.0.wait();
    }
}
