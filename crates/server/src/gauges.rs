//! How long the site's loop takes and how much it does, counted without locks so that looking costs it nothing.

use std::{
    array::from_fn,
    sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};
use yingda_core::At;

/// Each power of two is cut into so many parts: a figure is at most an eighth too high.
const PARTS: u64 = 8;
const PART_BITS: u32 = PARTS.trailing_zeros();
/// The last bucket ends at 2²⁷, more than two minutes in microseconds, and also takes all that is longer.
const BUCKETS: usize = (28 - PART_BITS as usize) * PARTS as usize;
/// The last minute is kept in slots of five seconds, and one more is being filled.
const SLOT_MS: At = 5_000;
const RECENT: i64 = 12;
const SLOTS: usize = RECENT as usize + 1;

/// Whole numbers by size: all since the start, and those of the last minute.
pub struct Histogram {
    all: [AtomicU64; BUCKETS],
    sum: AtomicU64,
    slots: [Slot; SLOTS],
}

struct Slot {
    /// Which five seconds these are.
    number: AtomicI64,
    counts: [AtomicU32; BUCKETS],
}

/// A bucket holds the numbers above the one before it, up to and with its own.
fn bucket(value: u64) -> usize {
    let below = value.saturating_sub(1);
    if below < PARTS {
        return below as usize;
    }
    let power = below.ilog2();
    let part = (below >> (power - PART_BITS)) - PARTS;
    (((power - PART_BITS + 1) as u64 * PARTS + part) as usize).min(BUCKETS - 1)
}

/// The largest number of a bucket.
fn largest(bucket: usize) -> u64 {
    let next = bucket as u64 + 1;
    if next <= PARTS {
        return next;
    }
    let power = next / PARTS - 1;
    (PARTS + next % PARTS) << power
}

impl Default for Histogram {
    fn default() -> Self {
        let slot = |_| Slot { number: AtomicI64::new(-1), counts: from_fn(|_| AtomicU32::new(0)) };
        Self { all: from_fn(|_| AtomicU64::new(0)), sum: AtomicU64::new(0), slots: from_fn(slot) }
    }
}

impl Histogram {
    /// One writer at a time: the loop. Whoever reads meanwhile may miss what is being written.
    pub fn note(&self, value: u64, times: u32, now: At) {
        if times == 0 {
            return;
        }
        let bucket = bucket(value);
        self.all[bucket].fetch_add(times.into(), Relaxed);
        self.sum.fetch_add(value * u64::from(times), Relaxed);
        let number = now.div_euclid(SLOT_MS);
        let slot = &self.slots[number.rem_euclid(SLOTS as i64) as usize];
        if slot.number.swap(number, Relaxed) != number {
            slot.counts.iter().for_each(|count| count.store(0, Relaxed));
        }
        slot.counts[bucket].fetch_add(times, Relaxed);
    }

    /// What the last minute brought.
    pub fn recent(&self, now: At) -> Recent {
        let present = now.div_euclid(SLOT_MS);
        let mut counts = vec![0; BUCKETS];
        for slot in &self.slots {
            if (present - RECENT..=present).contains(&slot.number.load(Relaxed)) {
                for (sum, count) in counts.iter_mut().zip(&slot.counts) {
                    *sum += u64::from(count.load(Relaxed));
                }
            }
        }
        Recent { total: counts.iter().sum(), counts }
    }

    /// How many there have been up to each of these powers of two, then all of them, and their sum.
    pub fn since_start(&self, powers: std::ops::RangeInclusive<u32>) -> SinceStart {
        let counts: Vec<u64> = self.all.iter().map(|count| count.load(Relaxed)).collect();
        let up_to = |power: u32| counts[..=bucket(1 << power)].iter().sum();
        SinceStart {
            up_to: powers.map(|power| (1 << power, up_to(power))).collect(),
            count: counts.iter().sum(),
            sum: self.sum.load(Relaxed),
        }
    }
}

pub struct Recent {
    counts: Vec<u64>,
    pub total: u64,
}

impl Recent {
    /// The number that this share of all does not exceed; `None` where there was nothing.
    pub fn percentile(&self, share: f64) -> Option<u64> {
        let wanted = ((self.total as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        let found = self.counts.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        found.map(largest)
    }
}

pub struct SinceStart {
    pub up_to: Vec<(u64, u64)>,
    pub count: u64,
    pub sum: u64,
}

/// What the loop counts. Times are in microseconds.
#[derive(Default)]
pub struct Gauges {
    /// From the moment a batch is taken up until its commands may be answered; each command counts.
    pub command: Histogram,
    pub commit: Histogram,
    /// Commands that were stored together.
    pub batch: Histogram,
    pub done: AtomicU64,
    pub refused: AtomicU64,
    pub events: AtomicU64,
    /// Batches of which nothing was stored.
    pub failed_batches: AtomicU64,
}

/// A batch on its way into the store.
#[derive(Clone, Copy)]
pub struct Timing {
    /// When it was taken up, and when the store was asked.
    pub begun: Instant,
    pub asked: Instant,
}

impl Gauges {
    pub fn stored(&self, timing: Timing, ended: Instant, commands: usize, events: usize, now: At) {
        let us = |span: Duration| span.as_micros() as u64;
        self.command.note(us(ended - timing.begun), commands as u32, now);
        self.commit.note(us(ended - timing.asked), 1, now);
        self.batch.note(commands as u64, u32::from(commands > 0), now);
        self.events.fetch_add(events as u64, Relaxed);
    }

    pub fn answered(&self, done: usize, refused: usize) {
        self.done.fetch_add(done as u64, Relaxed);
        self.refused.fetch_add(refused as u64, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_each_other_without_a_gap() {
        assert!((0..=9).map(bucket).eq([0, 0, 1, 2, 3, 4, 5, 6, 7, 8]));
        for it in 0..BUCKETS - 1 {
            let edge = largest(it);
            assert_eq!((bucket(edge), bucket(edge + 1)), (it, it + 1), "{edge}");
        }
        for power in 0..28 {
            assert_eq!(largest(bucket(1 << power)), 1 << power, "powers of two are edges");
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn a_percentile_is_at_most_an_eighth_too_high() {
        let it = Histogram::default();
        (1..=10_000).for_each(|us| it.note(us, 1, 1_000));
        let recent = it.recent(1_000);
        assert_eq!(recent.total, 10_000);
        for (share, exact) in [(0.5, 5_000), (0.99, 9_900), (1.0, 10_000), (0.0, 1)] {
            let told = recent.percentile(share).unwrap();
            assert!((exact..=exact + exact / 8 + 1).contains(&told), "{share}: {told}");
        }
        assert_eq!(Histogram::default().recent(0).percentile(0.5), None);
    }

    #[test]
    fn what_is_older_than_a_minute_is_forgotten_but_stays_in_the_sum() {
        let it = Histogram::default();
        it.note(100, 3, 0);
        it.note(900, 1, 59_000);
        assert_eq!(it.recent(60_000).total, 4);
        assert_eq!(it.recent(65_000).total, 1, "the first five seconds are over a minute old");
        it.note(7, 1, SLOTS as At * SLOT_MS);
        assert_eq!(
            it.recent(SLOTS as At * SLOT_MS).total,
            2,
            "a slot that is used again forgets what it held"
        );
        let all = it.since_start(6..=10);
        assert_eq!(all.up_to, [(64, 1), (128, 4), (256, 4), (512, 4), (1_024, 5)]);
        assert_eq!((all.count, all.sum), (5, 1_207));
    }
}
