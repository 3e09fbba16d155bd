//! The one place of the bench that reads the clock.

use std::time::{Instant, SystemTime, UNIX_EPOCH};
use yingda_core::At;

#[expect(clippy::disallowed_methods, reason = "measuring time is what the bench is for")]
pub fn now() -> Instant {
    Instant::now()
}

/// Milliseconds since then, with fractions.
pub fn ms_since(start: Instant) -> f64 {
    (now() - start).as_secs_f64() * 1_000.0
}

/// The machine's calendar, which the server shares.
#[expect(clippy::disallowed_methods, reason = "what is filled in has instants like those of the server")]
pub fn wall() -> At {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |it| it.as_millis() as At)
}
