//! Which crate may use which.

use super::House;

/// A crate of ours and those that it may use, outside tests.
const MAY_USE: [(&str, &[&str]); 10] = [
    ("yingda-core", &[]),
    ("yingda-wire", &["yingda-core"]),
    ("yingda-store", &["yingda-core"]),
    ("yingda-report", &["yingda-core"]),
    ("yingda-print", &[]),
    ("yingda-voice", &[]),
    (
        "yingda-server",
        &["yingda-core", "yingda-wire", "yingda-store", "yingda-report", "yingda-print", "yingda-voice"],
    ),
    ("yingda-peers", &[]),
    ("yingda-bench", &["yingda-core", "yingda-peers", "yingda-wire", "yingda-store"]),
    ("xtask", &[]),
];

/// What would let the rules do something instead of deciding it.
const NOT_IN_CORE: [&str; 8] =
    ["tokio", "axum", "hyper", "rusqlite", "tokio-postgres", "reqwest", "getrandom", "tracing"];

pub fn check(house: &House) -> Vec<String> {
    let mut wrong = vec![];
    let packages = house.metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    for package in packages.iter().filter(|package| package["source"].is_null()) {
        let name = package["name"].as_str().unwrap_or_default();
        let Some((_, allowed)) = MAY_USE.iter().find(|(it, _)| *it == name) else {
            wrong.push(format!("{name} is a new crate: add it and its arrows to xtask/src/tidy/arrows.rs"));
            continue;
        };
        let uses = package["dependencies"].as_array().map(Vec::as_slice).unwrap_or_default();
        for used in uses.iter().filter(|used| used["kind"].as_str() != Some("dev")) {
            let used_name = used["name"].as_str().unwrap_or_default();
            if used["path"].is_string() && !allowed.contains(&used_name) {
                wrong.push(format!(
                    "{name} must not use {used_name}: the arrows between crates point the other way"
                ));
            }
            if name == "yingda-core" && NOT_IN_CORE.contains(&used_name) {
                wrong.push(format!(
                    "yingda-core must not use {used_name}: it performs no I/O and reads no clock"
                ));
            }
        }
    }
    wrong
}
