//! What a backup consists of.

use serde::{Deserialize, Serialize};
use yingda_core::At;
use yingda_store::backup::{Log, Table};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub name: String,
    /// The moment that it shows.
    pub made_at: At,
    /// Of Yingda.
    pub version: String,
    /// `sqlite` or `postgres`; it comes back into either.
    pub store: String,
    /// The last migration that ran.
    pub level: i64,
    pub logs: Vec<Log>,
    pub tables: Vec<Rows>,
    /// Paths below the data folder.
    pub files: Vec<File>,
    /// What all its chunks take, and what those take that no backup before it had.
    pub bytes: u64,
    pub new_bytes: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rows {
    pub table: Table,
    pub rows: u64,
    pub chunks: Vec<Chunk>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct File {
    pub path: String,
    pub bytes: u64,
    pub chunks: Vec<Chunk>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chunk {
    pub name: String,
    /// Rows in it, or bytes of a file.
    pub holds: u64,
    /// What it takes as it is kept.
    pub bytes: u64,
}

/// What a chunk's `holds` counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unit {
    Row,
    Byte,
}

impl Manifest {
    /// Every chunk, with what it belongs to.
    pub fn chunks(&self) -> impl Iterator<Item = (String, Unit, &Chunk)> {
        let of_rows = self.tables.iter().flat_map(|part| {
            part.chunks.iter().map(|chunk| (format!("table {}", part.table.name), Unit::Row, chunk))
        });
        let of_files = self.files.iter().flat_map(|part| {
            part.chunks.iter().map(|chunk| (format!("file {}", part.path), Unit::Byte, chunk))
        });
        of_rows.chain(of_files)
    }

    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|part| part.rows).sum()
    }

    pub fn events(&self) -> u64 {
        self.logs.iter().map(|log| log.last_seq).sum()
    }
}

/// A backup is called by its moment, so that names sort as moments do.
pub fn name_of(made_at: At) -> String {
    let at = jiff::Timestamp::from_millisecond(made_at).unwrap_or_default();
    at.strftime("%Y%m%dT%H%M%S%.3fZ").to_string()
}

/// The moment in a name; nothing for what is no name of a backup.
pub fn at_of(name: &str) -> Option<At> {
    let at = name.parse::<jiff::Timestamp>().ok()?.as_millisecond();
    (name_of(at) == name).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_its_moment() {
        for at in [1_795_305_600_000, 1_795_305_600_007] {
            assert_eq!(at_of(&name_of(at)), Some(at));
        }
        assert_eq!(name_of(1_795_305_600_007), "20261122T000000.007Z");
        assert_eq!(at_of("lost+found"), None);
    }
}
