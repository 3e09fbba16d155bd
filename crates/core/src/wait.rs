//! How long a visitor will wait, estimated from how fast the queue was answered lately.

use crate::At;

/// An answer counts half as much after so long.
const HALF_LIFE_MS: f64 = 600_000.0;
/// Fewer answers than this, as they still count, are no measurement.
const LEAST_WEIGHT: f64 = 0.5;
/// What is shown changes only when the measured rate has moved by so much since.
const STEADY: f64 = 0.2;

/// The rate at which one queue is answered, kept as an exponentially weighted count.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WaitEstimate {
    first_at: Option<At>,
    last_at: At,
    /// Answers, each halved for every half-life since.
    weight: f64,
    /// Answers a millisecond, as shown.
    shown: f64,
}

impl WaitEstimate {
    /// A contact of the queue was answered.
    pub fn answered(&mut self, now: At) {
        let _ = now;
    }

    /// Seconds until the contact at this position (from 1) is answered, in friendly steps; none before anything was
    /// measured.
    pub fn estimate(&self, position: u32, now: At) -> Option<u32> {
        let _ = (position, now);
        None
    }
}
