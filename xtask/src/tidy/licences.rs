//! Under which licences others' code may come in.

use super::House;
use serde_json::Value;

const ALLOWED: [&str; 16] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "BlueOak-1.0.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

pub fn check(house: &House) -> Vec<String> {
    let mut wrong = vec![];
    let packages = house.metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    for package in packages.iter().filter(|package| !package["source"].is_null()) {
        judge(&mut wrong, "crate", package["name"].as_str(), package["license"].as_str());
    }
    let lock = house.files.iter().find(|file| file.path == "web/package-lock.json");
    let lock = lock.and_then(|file| serde_json::from_str::<Value>(&file.text).ok()).unwrap_or_default();
    let packages = lock["packages"].as_object().into_iter().flatten();
    // What only builds or tests is not given to anyone.
    for (name, package) in
        packages.filter(|(name, it)| name.starts_with("node_modules/") && it["dev"] != true)
    {
        if package["link"] != true {
            judge(&mut wrong, "npm package", Some(name), package["license"].as_str());
        }
    }
    wrong
}

fn judge(wrong: &mut Vec<String>, what: &str, name: Option<&str>, licence: Option<&str>) {
    let name = name.unwrap_or_default();
    match licence {
        Some(licence) if is_allowed(licence) => {}
        Some(licence) => wrong.push(format!("{what} {name} comes under {licence}, which is not on the list")),
        None => wrong.push(format!("{what} {name} names no licence")),
    }
}

/// An SPDX expression: one of several with OR, all of them with AND. `A/B` is an old way to write OR.
fn is_allowed(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ");
    let expression = expression.trim();
    let parts = split_outside(expression, " OR ");
    if parts.len() > 1 {
        return parts.into_iter().any(is_allowed);
    }
    let parts = split_outside(expression, " AND ");
    if parts.len() > 1 {
        return parts.into_iter().all(is_allowed);
    }
    match expression.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(inner) => is_allowed(inner),
        None => ALLOWED.contains(&expression),
    }
}

/// Splits where the word stands outside all parentheses.
fn split_outside<'a>(text: &'a str, word: &str) -> Vec<&'a str> {
    let mut parts = vec![];
    let (mut depth, mut from) = (0, 0);
    for (at, sign) in text.char_indices() {
        match sign {
            '(' => depth += 1,
            ')' => depth -= 1,
            ' ' if depth == 0 && text[at..].starts_with(word) => {
                parts.push(&text[from..at]);
                from = at + word.len();
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::is_allowed;

    #[test]
    fn expressions_are_weighed() {
        for good in ["MIT", "MIT/Apache-2.0", "GPL-3.0 OR MIT", "(MIT OR Apache-2.0) AND Unicode-3.0"] {
            assert!(is_allowed(good), "{good}");
        }
        for bad in ["GPL-3.0", "MIT AND GPL-3.0", "(MIT OR Apache-2.0) AND OpenSSL", ""] {
            assert!(!is_allowed(bad), "{bad}");
        }
    }
}
