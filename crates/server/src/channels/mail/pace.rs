//! Two machines that answer each other without saying so stop here: who writes faster than people do counts as one.

use std::collections::{BTreeMap, VecDeque};
use yingda_core::At;

const MOST_A_MINUTE: usize = 10;
const MINUTE_MS: At = 60_000;
/// So many senders are remembered; then those who are silent are forgotten.
const MOST_SENDERS: usize = 10_000;

/// When each sender wrote lately.
#[derive(Debug, Default)]
pub struct Pace(BTreeMap<String, VecDeque<At>>);

impl Pace {
    /// Whether this one, which came at this instant, is one too many for a person.
    pub fn is_too_fast(&mut self, address: &str, came_at: At) -> bool {
        if self.0.len() >= MOST_SENDERS {
            self.0.retain(|_, times| times.back().is_some_and(|last| *last > came_at - MINUTE_MS));
        }
        let times = self.0.entry(address.to_lowercase()).or_default();
        while times.front().is_some_and(|first| *first <= came_at - MINUTE_MS) {
            times.pop_front();
        }
        times.push_back(came_at);
        times.truncate(MOST_A_MINUTE + 1);
        times.len() > MOST_A_MINUTE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_mails_a_minute_are_a_persons_and_more_a_machines() {
        let mut pace = Pace::default();
        for n in 0..10 {
            assert!(!pace.is_too_fast("a@example.com", n * 1_000));
        }
        assert!(pace.is_too_fast("A@example.com", 11_000));
        assert!(!pace.is_too_fast("b@example.com", 11_000), "others are counted apart");
        assert!(!pace.is_too_fast("a@example.com", 120_000), "a minute later it is forgotten");
    }
}
