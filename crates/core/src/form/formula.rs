//! Formulas of computed fields: numbers, keys, `+ - * /`, a sign and brackets. Precedence is that of school.

use std::collections::BTreeMap;

/// Brackets may stand so deep.
const DEPTH: usize = 20;

/// What a formula is worth with these answers. Nothing where one is missing, is no number, or it divides by zero.
pub fn value(formula: &str, answers: &BTreeMap<String, String>) -> Option<f64> {
    let mut reader = Reader {
        text: formula.as_bytes(),
        at: 0,
        depth: 0,
        lookup: &|key| answers.get(key)?.trim().parse().ok(),
    };
    reader.whole().filter(|value| value.is_finite())
}

/// The keys that a formula names; nothing when it is none.
pub fn keys(formula: &str) -> Option<Vec<String>> {
    let found = std::cell::RefCell::new(vec![]);
    let note = |key: &str| {
        found.borrow_mut().push(key.to_owned());
        Some(1.0)
    };
    let mut reader = Reader { text: formula.as_bytes(), at: 0, depth: 0, lookup: &note };
    // A zero divisor is the business of the answers.
    reader.whole()?;
    Some(found.into_inner())
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    depth: usize,
    lookup: &'a dyn Fn(&str) -> Option<f64>,
}

impl Reader<'_> {
    fn whole(&mut self) -> Option<f64> {
        let value = self.sum()?;
        (self.peek().is_none()).then_some(value)
    }

    fn peek(&mut self) -> Option<u8> {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn sum(&mut self) -> Option<f64> {
        let mut value = self.product()?;
        while let Some(sign @ (b'+' | b'-')) = self.peek() {
            self.at += 1;
            let other = self.product()?;
            value = if sign == b'+' { value + other } else { value - other };
        }
        Some(value)
    }

    fn product(&mut self) -> Option<f64> {
        let mut value = self.factor()?;
        while let Some(sign @ (b'*' | b'/')) = self.peek() {
            self.at += 1;
            let other = self.factor()?;
            value = if sign == b'*' { value * other } else { value / other };
        }
        Some(value)
    }

    fn factor(&mut self) -> Option<f64> {
        match self.peek()? {
            b'-' => {
                self.at += 1;
                self.deeper(Self::factor).map(|value| -value)
            }
            b'(' => {
                self.at += 1;
                let value = self.deeper(Self::sum)?;
                (self.peek() == Some(b')')).then(|| self.at += 1)?;
                Some(value)
            }
            b'0'..=b'9' => self.word(|byte| byte.is_ascii_digit() || byte == b'.')?.parse().ok(),
            b'a'..=b'z' | b'_' => {
                let key =
                    self.word(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')?;
                (self.lookup)(&key)
            }
            _ => None,
        }
    }

    fn deeper(&mut self, read: fn(&mut Self) -> Option<f64>) -> Option<f64> {
        self.depth += 1;
        let value = if self.depth > DEPTH { None } else { read(self) };
        self.depth -= 1;
        value
    }

    fn word(&mut self, fits: fn(u8) -> bool) -> Option<String> {
        let begin = self.at;
        while self.text.get(self.at).is_some_and(|byte| fits(*byte)) {
            self.at += 1;
        }
        String::from_utf8(self.text[begin..self.at].to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e1_a_formula_counts_as_at_school() {
        let answers: BTreeMap<String, String> =
            [("price", "12.5"), ("count", "4"), ("off", "x")].map(|(k, v)| (k.into(), v.into())).into();
        for (formula, expected) in [
            ("price * count + 2", Some(52.0)),
            ("2 + price * count", Some(52.0)),
            ("(2 + price) * count", Some(58.0)),
            ("-price - -count", Some(-8.5)),
            ("price / 0", None),
            ("price / (count - 4)", None),
            ("off + 1", None),
            ("missing + 1", None),
            ("1 +", None),
            ("1 2", None),
            ("(1", None),
        ] {
            assert_eq!(value(formula, &answers), expected, "{formula}");
        }
        assert_eq!(keys("price*count - (price)"), Some(vec!["price".into(), "count".into(), "price".into()]));
        assert_eq!(keys("system('x')"), None);
        assert_eq!(keys(&"(".repeat(10_000)), None, "as deep as somebody likes to type");
    }
}
