//! The one place that reads the clock.

use std::time::{Instant, SystemTime, UNIX_EPOCH};
use yingda_core::At;

/// Wall time read once, then monotonic: it never runs backwards.
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
        self.wall_at + self.start.elapsed().as_millis() as At
    }
}
