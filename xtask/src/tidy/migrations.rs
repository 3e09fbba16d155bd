//! A migration that landed has run somewhere: changing it would leave that place behind for ever.

use super::{File, House};
use crate::shell::{Outcome, root};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fs};

const LIST: &str = "crates/store/migrations.sha256";
const FOLDER: &str = "crates/store/migrations/";

pub fn check(house: &House) -> Vec<String> {
    let listed = house.files.iter().find(|file| file.path == LIST);
    let listed: BTreeMap<&str, &str> = listed
        .map(|file| {
            file.text
                .lines()
                .filter_map(|line| line.split_once("  "))
                .map(|(hash, path)| (path, hash))
                .collect()
        })
        .unwrap_or_default();
    let present: BTreeMap<&str, String> =
        migrations(house).map(|file| (file.path.as_str(), hash(&file.text))).collect();
    let mut wrong = vec![];
    for (path, hash) in &listed {
        match present.get(path) {
            None => wrong.push(format!("{path} landed and must stay: bring it back")),
            Some(now) if now != hash => {
                wrong.push(format!("{path} landed and must stay as it was: write a new migration instead"));
            }
            Some(_) => {}
        }
    }
    for path in present.keys().filter(|path| !listed.contains_key(**path)) {
        wrong.push(format!("{path} is new: `cargo xtask tidy --accept` lists it as landed"));
    }
    wrong
}

pub fn accept(house: &House) -> Outcome {
    let mut list = String::new();
    for file in migrations(house) {
        list.push_str(&format!("{}  {}\n", hash(&file.text), file.path));
    }
    fs::write(root().join(LIST), list).map_err(|error| format!("{LIST} could not be written: {error}"))
}

fn migrations(house: &House) -> impl Iterator<Item = &File> {
    house.files.iter().filter(|file| file.path.starts_with(FOLDER))
}

fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}
