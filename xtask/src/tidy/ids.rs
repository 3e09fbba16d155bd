//! Requirement ids, such as SYS-01d or Q-05: a test names the ones that it proves.

use super::{File, House};
use std::collections::BTreeSet;

const FAMILIES: [&str; 6] = ["SYS-", "SP-", "B-", "K-", "Q-", "R-"];

/// What the main job serves and a test can prove by itself.
const DUE: [&str; 12] = [
    "SYS-01d", "SYS-01f", "SYS-04", "SYS-06", "SYS-42", "SYS-43", "SYS-70", "SYS-73", "SYS-74", "SYS-75",
    "B-01", "B-09",
];

pub fn check(house: &House) -> Vec<String> {
    let named = named_in_tests(house);
    let missing = DUE.iter().filter(|due| !named.iter().any(|it| it == *due));
    missing.map(|due| format!("no test names {due}")).collect()
}

/// All ids that tests name, in order.
pub fn named_in_tests(house: &House) -> Vec<String> {
    let mut found = BTreeSet::new();
    for file in &house.files {
        collect(test_part(file), &mut found);
    }
    found.into_iter().collect()
}

/// The part of a file that is test code.
fn test_part(file: &File) -> &str {
    let path = &file.path;
    let whole = path.contains("/tests/")
        || path.ends_with("/tests.rs")
        || path.contains("web/e2e/")
        || path.contains(".test.ts")
        || path.contains(".spec.ts");
    if whole {
        return &file.text;
    }
    let inner = path.ends_with(".rs").then(|| file.text.find("#[cfg(test)]")).flatten();
    inner.map_or("", |from| &file.text[from..])
}

fn collect(text: &str, found: &mut BTreeSet<String>) {
    for word in text.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '-') {
        let Some(rest) = FAMILIES.iter().find_map(|family| word.strip_prefix(family)) else { continue };
        let letter = rest.trim_start_matches(|sign: char| sign.is_ascii_digit());
        let digits = rest.len() - letter.len();
        if (1..=3).contains(&digits) && letter.len() <= 1 && letter.bytes().all(|it| it.is_ascii_lowercase())
        {
            found.insert(word.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_from_other_words() {
        let mut found = BTreeSet::new();
        collect("(SYS-01d) and Q-05; not UTF-8, A-1, B-, R-2026, SYS-01dx", &mut found);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["Q-05", "SYS-01d"]);
    }
}
