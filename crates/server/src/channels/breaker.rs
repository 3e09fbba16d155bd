//! A circuit breaker: a target that does not answer is left alone for a while, then asked once.

use yingda_core::At;

/// So many failures in a row, and the target counts as down.
const FAILURES: u32 = 5;
const FIRST_PAUSE_MS: At = 2_000;
const LONGEST_PAUSE_MS: At = 300_000;

#[derive(Debug, Default)]
pub struct Breaker {
    failures: u32,
    /// Closed for traffic until then; a single try goes through afterwards.
    pub until_at: Option<At>,
    pauses: u32,
}

impl Breaker {
    /// How many may be on their way at once now.
    pub fn admits(&self, now: At, usual: usize) -> usize {
        match self.until_at {
            None => usual,
            Some(until_at) if now < until_at => 0,
            Some(_) => 1,
        }
    }

    /// The target answered, whatever it said. True when it was down.
    pub fn answered(&mut self) -> bool {
        let was_down = self.until_at.is_some();
        *self = Self::default();
        was_down
    }

    /// The target did not answer. True when it goes down by this.
    pub fn silent(&mut self, now: At) -> bool {
        self.failures += 1;
        let was_down = self.until_at.is_some();
        if !was_down && self.failures < FAILURES {
            return false;
        }
        let pause_ms = (FIRST_PAUSE_MS << self.pauses.min(16)).min(LONGEST_PAUSE_MS);
        self.pauses += 1;
        self.until_at = Some(now + pause_ms);
        !was_down
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_failures_in_a_row_tries_once_and_closes_with_an_answer() {
        let mut breaker = Breaker::default();
        for _ in 0..4 {
            assert!(!breaker.silent(0));
        }
        assert!(!breaker.answered(), "an answer in between starts the count anew");
        for _ in 0..4 {
            assert!(!breaker.silent(0));
        }
        assert_eq!(breaker.admits(0, 8), 8);
        assert!(breaker.silent(0), "the fifth in a row");
        assert_eq!(breaker.admits(1_999, 8), 0);
        assert_eq!(breaker.admits(2_000, 8), 1, "one try");
        assert!(!breaker.silent(2_000));
        assert_eq!(breaker.admits(5_999, 8), 0, "the pause doubles");
        assert!(breaker.answered());
        assert_eq!(breaker.admits(5_999, 8), 8);
    }

    #[test]
    fn pauses_grow_to_five_minutes_and_no_further() {
        let mut breaker = Breaker::default();
        for _ in 0..40 {
            breaker.silent(0);
        }
        assert_eq!(breaker.until_at, Some(LONGEST_PAUSE_MS));
    }
}
