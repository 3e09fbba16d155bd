//! How long a visitor will wait, estimated from how fast the queue was answered lately.
//!
//! What counts is the time between answers while somebody waited: a queue that nobody waits in says nothing about its
//! speed. The n-th in line waits for n answers.

use crate::At;

/// An answer counts half as much after so long.
const HALF_LIFE_MS: f64 = 600_000.0;
/// With less than this left of all answers, nothing is measured any more.
const LEAST_WEIGHT: f64 = 0.5;
/// Who waited less was not kept waiting, and says nothing about how fast a queue moves.
const LEAST_WAIT_MS: i64 = 1_000;
/// The figure shown follows the measured one only when that has moved by so much: figures must not flicker.
const STEADY: f64 = 0.2;

/// The pace of one queue, exponentially weighted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WaitEstimate {
    last_at: At,
    /// Answers, each halved for every half-life since.
    answers: f64,
    /// The time that these answers took, weighted alike.
    took_ms: f64,
    /// Time for one answer, as shown.
    shown_ms: f64,
}

impl WaitEstimate {
    /// A contact of the queue was answered after so long a wait.
    pub fn answered(&mut self, now: At, waited_ms: i64) {
        if waited_ms < LEAST_WAIT_MS {
            return;
        }
        let kept = self.kept(now);
        // Since the last answer somebody waited: this contact, for as long as it did.
        let took_ms = (now - self.last_at).clamp(0, waited_ms) as f64;
        self.answers = self.answers * kept + 1.0;
        self.took_ms = self.took_ms * kept + took_ms;
        self.last_at = now.max(self.last_at);
        let pace_ms = self.took_ms / self.answers;
        if (pace_ms - self.shown_ms).abs() > STEADY * self.shown_ms {
            self.shown_ms = pace_ms;
        }
    }

    /// Seconds until the contact at this position (from 1) is answered, in friendly steps; none while nothing is
    /// measured.
    pub fn estimate(&self, position: u32, now: At) -> Option<u32> {
        let measured = self.answers * self.kept(now) >= LEAST_WEIGHT;
        measured.then(|| friendly(self.shown_ms * f64::from(position.max(1)) / 1_000.0))
    }

    /// What is left by now of what was counted at the last answer.
    fn kept(&self, now: At) -> f64 {
        (-((now - self.last_at).max(0) as f64) / HALF_LIFE_MS).exp2()
    }
}

/// Rounded up to steps that people use: nobody promises 347 seconds.
fn friendly(seconds: f64) -> u32 {
    let seconds = seconds.clamp(1.0, 4.0 * 3_600.0).ceil() as u32;
    let step = match seconds {
        0..=60 => 15,
        61..=600 => 60,
        601..=3_600 => 300,
        _ => 900,
    };
    seconds.div_ceil(step) * step
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: At = 1_000;

    /// A queue in which somebody always waits, answered every `every` seconds.
    fn answered_every(every: i64, from: At, count: i64) -> WaitEstimate {
        let mut wait = WaitEstimate::default();
        go_on(&mut wait, every, from, count);
        wait
    }

    fn go_on(wait: &mut WaitEstimate, every: i64, from: At, count: i64) -> At {
        for n in 1..=count {
            wait.answered(from + n * every * S, every * S);
        }
        from + count * every * S
    }

    #[test]
    fn nothing_is_said_before_anything_is_measured() {
        let mut wait = WaitEstimate::default();
        assert_eq!(wait.estimate(1, 0), None);
        // Somebody was answered at once: that does not tell how long others will wait.
        wait.answered(10 * S, 0);
        assert_eq!(wait.estimate(1, 10 * S), None);
    }

    #[test]
    fn the_wait_is_the_position_times_the_time_between_answers() {
        let wait = answered_every(40, 0, 10);
        let now = 400 * S;
        assert_eq!(wait.estimate(1, now), Some(45), "40 s, rounded up to a quarter of a minute");
        assert_eq!(wait.estimate(3, now), Some(120), "120 s are two minutes");
        assert_eq!(wait.estimate(4, now), Some(180), "160 s are not yet three minutes");
        assert_eq!(wait.estimate(20, now), Some(900), "800 s, rounded up to five minutes");
        assert_eq!(wait.estimate(200, now), Some(8_100), "8,000 s, rounded up to a quarter of an hour");
        assert_eq!(wait.estimate(9_999, now), Some(14_400), "nothing beyond four hours is said");
    }

    #[test]
    fn quiet_hours_do_not_make_a_queue_look_slow() {
        let mut wait = answered_every(30, 0, 10);
        // After eight quiet hours somebody waits half a minute again.
        let morning = 8 * 3_600 * S;
        assert_eq!(wait.estimate(1, morning), None, "what was measured last night is forgotten");
        wait.answered(morning, 30 * S);
        assert_eq!(wait.estimate(1, morning), Some(30));
    }

    #[test]
    fn a_new_pace_is_followed_within_some_half_lives() {
        let mut wait = answered_every(20, 0, 60);
        assert_eq!(wait.estimate(3, 1_200 * S), Some(60));
        // Half of the agents go home: an answer takes 40 s from now on.
        let later = go_on(&mut wait, 40, 1_200 * S, 60);
        assert_eq!(wait.estimate(3, later), Some(120));
    }

    #[test]
    fn small_changes_do_not_flicker() {
        let mut wait = answered_every(50, 0, 30);
        let before = wait.estimate(6, 1_500 * S);
        for n in 1..=40 {
            // 45 and 55 seconds in turn.
            wait.answered((1_500 + n * 50) * S, (45 + (n % 2) * 10) * S);
            assert_eq!(wait.estimate(6, (1_500 + n * 50) * S), before);
        }
    }
}
