//! When messages that nobody asked for may leave, and which words end them.

use crate::{At, calendar, config::SmsRules};

const MINUTE_MS: At = 60_000;
const DAY_MINUTES: At = 1_440;

/// Whether it is a quiet hour now; then the instant at which it ends.
pub fn quiet_until(rules: &SmsRules, zone: &str, now: At) -> Option<At> {
    let (from, until) = (At::from(rules.quiet_from), At::from(rules.quiet_until));
    if from == until {
        return None;
    }
    let midnight = calendar::day_start(zone, now);
    let minute = (now - midnight) / MINUTE_MS;
    let is_quiet =
        if from < until { (from..until).contains(&minute) } else { minute >= from || minute < until };
    let day = if minute < until { 0 } else { DAY_MINUTES };
    is_quiet.then(|| midnight + (day + until) * MINUTE_MS)
}

/// Whether a customer's words ask for no more of it.
pub fn is_stop(rules: &SmsRules, text: &str) -> bool {
    let said = text.trim().trim_end_matches(['。', '.', '！', '!']);
    rules.stop_words.iter().any(|word| word.trim().to_lowercase() == said.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-22 00:00 in Shanghai.
    const MIDNIGHT: At = 1_795_276_800_000;
    const HOUR: At = 3_600_000;

    #[test]
    fn quiet_hours_span_midnight() {
        let rules = SmsRules::default();
        let quiet = |hour: At| quiet_until(&rules, "Asia/Shanghai", MIDNIGHT + hour * HOUR);
        assert_eq!(quiet(7), Some(MIDNIGHT + 8 * HOUR));
        assert_eq!(quiet(8), None);
        assert_eq!(quiet(20), None);
        assert_eq!(quiet(21), Some(MIDNIGHT + 32 * HOUR));
        let noon = SmsRules { quiet_from: 720, quiet_until: 840, ..SmsRules::default() };
        assert_eq!(quiet_until(&noon, "Asia/Shanghai", MIDNIGHT + 13 * HOUR), Some(MIDNIGHT + 14 * HOUR));
        assert_eq!(quiet_until(&noon, "Asia/Shanghai", MIDNIGHT + 14 * HOUR), None);
        let never = SmsRules { quiet_from: 0, quiet_until: 0, ..SmsRules::default() };
        assert_eq!(quiet_until(&never, "Asia/Shanghai", MIDNIGHT), None);
    }

    #[test]
    fn a_stop_word_stands_alone() {
        let rules = SmsRules::default();
        assert!(is_stop(&rules, " 退订。") && is_stop(&rules, "td") && is_stop(&rules, "Stop"));
        assert!(!is_stop(&rules, "怎么退订") && !is_stop(&rules, "不要停"));
    }
}
