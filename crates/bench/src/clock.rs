//! The one place of the bench that reads the clock.

use std::time::Instant;

#[expect(clippy::disallowed_methods, reason = "measuring time is what the bench is for")]
pub fn now() -> Instant {
    Instant::now()
}

/// Milliseconds since then, with fractions.
pub fn ms_since(start: Instant) -> f64 {
    (now() - start).as_secs_f64() * 1_000.0
}
