//! What a tracked file may look like.

use super::{File, House};

const MAX_LINES: usize = 600;

/// Written by `cargo xtask codegen`.
const GENERATED: [&str; 1] = ["web/packages/wire/src/schema.ts"];

/// Rules name what they forbid.
const RULES: &str = "xtask/src/tidy/";

/// Places that exist on one machine only, and hosts that packages come from: neither helps anyone elsewhere.
const FORBIDDEN: [&str; 10] = [
    "/root/",
    "/work/",
    "/home/user",
    "/Users/",
    "../shared",
    "registry.npmjs.org",
    "index.crates.io",
    "static.crates.io",
    "files.pythonhosted.org",
    "deb.debian.org",
];

pub fn check_length(house: &House) -> Vec<String> {
    let code = |file: &&File| {
        [".rs", ".ts", ".tsx", ".vue"].iter().any(|end| file.path.ends_with(end))
            && !GENERATED.contains(&file.path.as_str())
    };
    let long = house.files.iter().filter(code).map(|file| (file, file.text.lines().count()));
    long.filter(|(_, lines)| *lines > MAX_LINES)
        .map(|(file, lines)| {
            format!("{} has {lines} lines; over {MAX_LINES} it is two ideas: split it", file.path)
        })
        .collect()
}

pub fn check_words(house: &House) -> Vec<String> {
    let mut wrong = vec![];
    for file in house.files.iter().filter(|file| !file.path.starts_with(RULES)) {
        for (number, line) in file.text.lines().enumerate() {
            if let Some(word) = FORBIDDEN.into_iter().find(|word| line.contains(word)) {
                wrong.push(format!(
                    "{}:{} says `{word}`, which means nothing elsewhere",
                    file.path,
                    number + 1
                ));
            }
        }
    }
    wrong
}

pub fn check_silence(house: &House) -> Vec<String> {
    let mut wrong = vec![];
    for file in house.files.iter().filter(|file| !file.path.starts_with(RULES)) {
        let words: &[&str] = match file.path.rsplit('.').next() {
            Some("rs") => &["#[ignore", "#[allow(", "#![allow("],
            Some("ts" | "tsx" | "vue") => {
                &["test.skip(", "it.skip(", "test.only(", "it.only(", "waitForTimeout("]
            }
            _ => continue,
        };
        for (number, line) in file.text.lines().enumerate() {
            if let Some(word) = words.iter().find(|word| line.trim_start().starts_with(**word)) {
                wrong.push(format!(
                    "{}:{} has `{word}`: mend it, delete it or expect it",
                    file.path,
                    number + 1
                ));
            }
        }
    }
    wrong
}
