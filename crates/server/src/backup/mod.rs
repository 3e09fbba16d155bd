//! Backups: one folder holds many of them, and each further one writes only what is new.
//!
//! Rows travel in the form of `yingda_store::backup`, the same from either engine, in chunks whose borders stay where
//! rows did not change; files in chunks of four MiB. A chunk is named by the hash of its content, so equal ones are kept
//! once (`vault`). With a key, names are keyed hashes and content is encrypted (`seal`). A manifest says which chunks
//! make a backup (`manifest`); it is written last. `docs/adr/0005-one-backup-for-both-stores.md` has the reasons.

mod last;
mod make;
mod manifest;
mod prune;
mod restore;
mod seal;
mod vault;
mod verify;

#[cfg(test)]
mod tests;

pub use last::Last;
pub use make::make;
pub use manifest::at_of;
pub use prune::prune;
pub use restore::{pick, restore};
pub use seal::Key;
pub use vault::Vault;
pub use verify::verify;

use crate::start::StartError;
use std::{fmt, ops::ControlFlow};

/// What could not be done with backups, as a sentence.
#[derive(Debug)]
pub struct Failed(pub String);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Failed> for StartError {
    fn from(failed: Failed) -> Self {
        StartError(failed.0)
    }
}

/// Says what was tried when it failed.
fn trying<E: fmt::Display>(what: impl fmt::Display) -> impl FnOnce(E) -> Failed {
    move |error| Failed(format!("{what}: {error}"))
}

/// How far long work has come; whoever hears it may break it off.
pub type Tell = Box<dyn FnMut(&Progress<'_>) -> ControlFlow<()> + Send>;

pub struct Progress<'a> {
    /// A table, or what else is worked on.
    pub what: &'a str,
    /// Chunks and bytes of all that was worked on.
    pub chunks: u64,
    pub bytes: u64,
}

/// Counts and tells.
struct Pace {
    tell: Tell,
    chunks: u64,
    bytes: u64,
}

impl Pace {
    fn new(tell: Tell) -> Self {
        Self { tell, chunks: 0, bytes: 0 }
    }

    fn step(&mut self, what: &str, bytes: usize) -> Result<(), Failed> {
        (self.chunks, self.bytes) = (self.chunks + 1, self.bytes + bytes as u64);
        match (self.tell)(&Progress { what, chunks: self.chunks, bytes: self.bytes }) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Failed("it was broken off".into())),
        }
    }
}
