//! How the last backup of this installation went, in a file beside the data: the command line, the server and who
//! looks after both read the same.

use super::{Failed, manifest::Manifest, trying};
use serde::{Deserialize, Serialize};
use std::{fs, path::Path};
use yingda_core::At;

const FILE: &str = "last-backup.json";

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Last {
    pub at: At,
    /// Of the backup, where one was made.
    pub name: Option<String>,
    /// Else why not.
    pub error: Option<String>,
    pub bytes: u64,
    pub new_bytes: u64,
}

impl Last {
    pub(super) fn of(at: At, outcome: &Result<Manifest, Failed>) -> Last {
        match outcome {
            Ok(it) => Last {
                at,
                name: Some(it.name.clone()),
                error: None,
                bytes: it.bytes,
                new_bytes: it.new_bytes,
            },
            Err(error) => Last { at, name: None, error: Some(error.to_string()), bytes: 0, new_bytes: 0 },
        }
    }

    /// Nothing where none was ever tried.
    pub fn read(data: &Path) -> Option<Last> {
        serde_json::from_slice(&fs::read(data.join(FILE)).ok()?).ok()
    }

    pub(super) fn write(&self, data: &Path) -> Result<(), Failed> {
        let path = data.join(FILE);
        let part = data.join(format!("{FILE}.part"));
        let text = serde_json::to_vec_pretty(self).map_err(trying("the last backup has no words"))?;
        let written = fs::write(&part, text).and_then(|()| fs::rename(&part, &path));
        written.map_err(trying(format!("cannot write {}", path.display())))
    }
}
