//! The one place that reads the clock.

use std::{
    sync::atomic::{AtomicI64, Ordering::Relaxed},
    time::{Instant, SystemTime, UNIX_EPOCH},
};
use yingda_core::At;

/// What is added to every node's own time so that it is the database's.
static AHEAD_MS: AtomicI64 = AtomicI64::new(0);
/// The latest instant that was told.
static TOLD: AtomicI64 = AtomicI64::new(0);

/// Wall time read once, then monotonic, and in a cluster led by the database's clock: it never runs backwards, whatever
/// happens to the machine's.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    wall_at: At,
    start: Instant,
}

#[expect(clippy::disallowed_methods, reason = "this is the place")]
impl Clock {
    pub fn new() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |span| span.as_millis() as At);
        Self { wall_at: wall, start: Instant::now() }
    }

    pub fn now(&self) -> At {
        self.at(Instant::now())
    }

    /// The time at a moment that was measured just now: one look at the clock serves both.
    pub fn at(&self, instant: Instant) -> At {
        let now = self.own(instant) + AHEAD_MS.load(Relaxed);
        TOLD.fetch_max(now, Relaxed).max(now)
    }

    fn own(&self, instant: Instant) -> At {
        self.wall_at + (instant - self.start).as_millis() as At
    }

    /// For measuring how long something takes.
    pub fn instant(&self) -> Instant {
        Instant::now()
    }

    /// At the start: it tells the database's time, even where the machine's own is ahead.
    pub fn begin(&self, now_at: At) {
        self.follow(now_at);
        TOLD.store(now_at, Relaxed);
    }

    /// From here on it tells the database's time, which was `now_at` a moment ago.
    pub fn follow(&self, now_at: At) {
        AHEAD_MS.store(now_at - self.own(Instant::now()), Relaxed);
    }
}
