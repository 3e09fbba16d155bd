//! Telephone numbers as terms: the same number written in several ways is one.

pub mod place;

/// Digits only. A mainland number loses its country code and a dialled leading zero; others keep theirs with `+`.
pub fn normal(number: &str) -> String {
    let is_international = number.trim_start().starts_with('+') || number.trim_start().starts_with("00");
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.strip_prefix("00").unwrap_or(&digits);
    let is_mobile = |it: &str| it.len() == 11 && it.starts_with('1');
    if let Some(own) = digits.strip_prefix("86").filter(|own| is_mobile(own)) {
        return own.to_owned();
    }
    if let Some(own) = digits.strip_prefix('0').filter(|own| is_mobile(own)) {
        return own.to_owned();
    }
    if is_international && !digits.starts_with("86") { format!("+{digits}") } else { digits.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::normal;

    #[test]
    fn one_number_has_one_form() {
        for written in
            ["13800138000", "+86 138 0013 8000", "8613800138000", "0086-138-0013-8000", "013800138000"]
        {
            assert_eq!(normal(written), "13800138000", "{written}");
        }
        assert_eq!(normal("+1 (202) 555-0123"), "+12025550123");
        assert_eq!(normal("106900001234"), "106900001234");
        assert_eq!(normal("010-88886666"), "01088886666");
    }
}
