//! Whether backups could be restored: every chunk is read, opened, hashed and counted.

use super::{
    Failed, Pace, Tell, Vault,
    manifest::{Chunk, Unit},
    vault::Hurt,
};
use std::collections::BTreeMap;
use yingda_store::backup as store;

pub struct Verified {
    pub chunks: u64,
    pub bytes: u64,
    /// A sentence for each thing that is not as it was written.
    pub findings: Vec<String>,
}

/// Every chunk once, with all that need it.
pub fn verify(vault: &Vault, names: &[String], tell: Tell) -> Result<Verified, Failed> {
    let mut findings = vec![];
    let mut needed: BTreeMap<String, (Unit, Chunk, Vec<String>)> = BTreeMap::new();
    for name in names {
        let manifest = match vault.manifest(name) {
            Ok(manifest) => manifest,
            Err(hurt) => {
                findings.push(format!("the manifest of backup {name} is {}", hurt.word()));
                continue;
            }
        };
        for part in &manifest.tables {
            let held: u64 = part.chunks.iter().map(|chunk| chunk.holds).sum();
            if held != part.rows {
                let (table, rows) = (&part.table.name, part.rows);
                findings.push(format!("backup {name} has {held} rows of table {table}, not {rows}"));
            }
        }
        for (part, unit, chunk) in manifest.chunks() {
            let (.., users) =
                needed.entry(chunk.name.clone()).or_insert_with(|| (unit, chunk.clone(), vec![]));
            users.push(format!("{part} of backup {name}"));
        }
    }
    let mut pace = Pace::new(tell);
    for (name, (unit, chunk, users)) in &needed {
        pace.step("verifying", chunk.bytes as usize)?;
        if let Err(hurt) = examine(vault, *unit, chunk) {
            findings.push(format!("chunk {name} is {}: {}", hurt.word(), users.join(", ")));
        }
    }
    Ok(Verified { chunks: pace.chunks, bytes: pace.bytes, findings })
}

pub(super) fn examine(vault: &Vault, unit: Unit, chunk: &Chunk) -> Result<(), Hurt> {
    let content = vault.get(&chunk.name)?;
    let holds = match unit {
        Unit::Byte => content.len() as u64,
        Unit::Row => store::count(&content).map_err(|_| Hurt::Damaged)?,
    };
    if holds == chunk.holds { Ok(()) } else { Err(Hurt::Damaged) }
}
