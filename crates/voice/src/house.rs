//! The one place of this crate that reads the clock, draws randomness and starts tasks.

use std::{
    future::Future,
    sync::LazyLock,
    time::{Duration, Instant},
};
use tokio::task::JoinHandle;

/// Calls are measured in monotonic time alone; what hour it was is the host's matter.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn now() -> Instant {
    Instant::now()
}

static START: LazyLock<Instant> = LazyLock::new(now);

/// Milliseconds since the first question: small enough for an atomic.
pub fn now_ms() -> u64 {
    now().saturating_duration_since(*START).as_millis() as u64
}

/// Fresh random bytes from the operating system.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut buffer = [0; N];
    // Without a source of randomness no nonce is safe: nothing can go on.
    getrandom::fill(&mut buffer).expect("the operating system gives random bytes");
    buffer
}

pub fn token() -> String {
    hex::encode(bytes::<12>())
}

/// Starts a task; a panic in it ends nothing else.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn start<F>(work: F) -> JoinHandle<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    tokio::spawn(work)
}

/// A tick every so often, from now on; after a pause the missed ones are not made up for.
pub fn every(span: Duration) -> tokio::time::Interval {
    let mut interval = tokio::time::interval(span);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    interval
}
