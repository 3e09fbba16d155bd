//! The rules of the house that no compiler knows. Each says in a sentence what is wrong, and where.

mod arrows;
mod files;
mod ids;
mod licences;
mod migrations;

use crate::{
    count::Count,
    shell::{self, Outcome, at_root, root},
};
use serde_json::Value;
use std::fs;

/// What a rule looks at.
struct House {
    metadata: Value,
    files: Vec<File>,
}

/// A tracked text file.
struct File {
    path: String,
    text: String,
}

/// A rule and its name. What it gives back are sentences about what is wrong.
type Rule = (&'static str, fn(&House) -> Vec<String>);

const RULES: [Rule; 7] = [
    ("crates point the right way", arrows::check),
    ("licences are free enough", licences::check),
    ("a file is one idea", files::check_length),
    ("nothing names this machine", files::check_words),
    ("no test is ignored, no lint silenced for good", files::check_silence),
    ("migrations that landed stay as they are", migrations::check),
    ("tests name the requirements that they prove", ids::check),
];

/// Without the crates that only other systems need.
const METADATA: [&str; 6] =
    ["metadata", "--format-version", "1", "--locked", "--filter-platform", "x86_64-unknown-linux-gnu"];

impl House {
    fn look() -> Result<House, String> {
        let metadata = shell::read(at_root("cargo", &METADATA))?;
        let metadata = serde_json::from_str(&metadata)
            .map_err(|error| format!("`cargo metadata` is not understood: {error}"))?;
        let names = shell::read(at_root("git", &["ls-files"]))?;
        // What is no text (a font, a picture) or was deleted in the working copy has nothing to check.
        let read = |path: &str| {
            fs::read_to_string(root().join(path)).ok().map(|text| File { path: path.to_owned(), text })
        };
        Ok(House { metadata, files: names.lines().filter_map(read).collect() })
    }
}

/// Runs every rule; each counts as one test.
pub fn count() -> Count {
    let house = match House::look() {
        Ok(house) => house,
        Err(sentence) => {
            println!("{sentence}");
            return Count::one(false);
        }
    };
    let mut sum = Count::default();
    for (name, rule) in RULES {
        let wrong = rule(&house);
        println!("{} {name}", if wrong.is_empty() { "ok  " } else { "FAIL" });
        for sentence in &wrong {
            println!("       {sentence}");
        }
        sum += Count::one(wrong.is_empty());
    }
    let named = ids::named_in_tests(&house);
    println!("     {} requirements are named in tests: {}", named.len(), named.join(" "));
    sum
}

pub fn print() -> Outcome {
    let count = count();
    if count.failed == 0 { Ok(()) } else { Err(format!("{} rules are broken", count.failed)) }
}

/// Lists the migrations that are there as landed.
pub fn accept() -> Outcome {
    migrations::accept(&House::look()?)
}
