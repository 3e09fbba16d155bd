//! Counting what the test runners report.

/// How many passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub passed: u64,
    pub failed: u64,
}

impl std::ops::AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl Count {
    /// One check that is itself the test.
    pub fn one(ok: bool) -> Self {
        Self { passed: u64::from(ok), failed: u64::from(!ok) }
    }

    /// A runner that broke before it could count counts as one failure.
    pub fn with_exit(self, ok: bool) -> Self {
        if ok || self.failed > 0 { self } else { Self { failed: 1, ..self } }
    }
}

/// Sums `test result: ok. 12 passed; 0 failed; …` lines. Ignored tests are forbidden here, so they fail.
pub fn cargo(output: &str) -> Count {
    let mut sum = Count::default();
    for line in output.lines().filter(|line| line.starts_with("test result: ")) {
        sum.passed += number_before(line, "passed");
        sum.failed += number_before(line, "failed") + number_before(line, "ignored");
    }
    sum
}

/// Sums vitest's `Tests  1 failed | 12 passed (13)` lines.
pub fn vitest(output: &str) -> Count {
    let mut sum = Count::default();
    for line in output.lines() {
        let line = plain(line);
        let Some(rest) = line.trim_start().strip_prefix("Tests ") else { continue };
        sum.passed += number_before(rest, "passed");
        sum.failed +=
            number_before(rest, "failed") + number_before(rest, "skipped") + number_before(rest, "todo");
    }
    sum
}

/// Sums Playwright's closing lines, such as `  12 passed (1.2m)`. What did not run or was skipped fails; what passed at
/// its second try ("flaky") passes, and Playwright names it right there.
pub fn playwright(output: &str) -> Count {
    let mut sum = Count::default();
    for line in output.lines() {
        let line = plain(line);
        let mut words = line.split_whitespace();
        let (Some(Ok(number)), Some(word)) = (words.next().map(str::parse::<u64>), words.next()) else {
            continue;
        };
        match word {
            "passed" | "flaky" => sum.passed += number,
            "failed" | "skipped" | "interrupted" | "did" => sum.failed += number,
            _ => {}
        }
    }
    sum
}

/// The number that stands right before a word; 0 when the word is not there.
fn number_before(line: &str, word: &str) -> u64 {
    let words: Vec<&str> =
        line.split(|sign: char| !sign.is_alphanumeric()).filter(|it| !it.is_empty()).collect();
    let found = words.windows(2).find(|pair| pair[1] == word);
    found.and_then(|pair| pair[0].parse().ok()).unwrap_or(0)
}

/// Without terminal colours.
fn plain(line: &str) -> String {
    let mut text = String::new();
    let mut signs = line.chars();
    while let Some(sign) = signs.next() {
        if sign != '\u{1b}' {
            text.push(sign);
            continue;
        }
        signs.by_ref().take_while(|sign| !sign.is_ascii_alphabetic()).for_each(drop);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_runner_is_counted() {
        let text = "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n\
                    noise 3 failed\n\
                    test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured\n";
        assert_eq!(cargo(text), Count { passed: 14, failed: 2 });
        let text = " \u{1b}[2mTest Files \u{1b}[22m 2 passed (2)\n\u{1b}[2m      Tests \u{1b}[22m 1 failed | 12 passed (13)\n";
        assert_eq!(vitest(text), Count { passed: 12, failed: 1 });
        let text = "Running 6 tests using 1 worker\n  1 failed\n    a test\n  1 flaky\n    a test\n  1 did not run\n  3 passed (1.2m)\n";
        assert_eq!(playwright(text), Count { passed: 4, failed: 2 });
    }

    #[test]
    fn a_runner_that_breaks_is_a_failure() {
        assert_eq!(Count::default().with_exit(false), Count { passed: 0, failed: 1 });
        assert_eq!(Count { passed: 4, failed: 2 }.with_exit(false), Count { passed: 4, failed: 2 });
        assert_eq!(Count { passed: 4, failed: 0 }.with_exit(true), Count { passed: 4, failed: 0 });
    }
}
