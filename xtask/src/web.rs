//! The web workspace: its packages, and what it builds for the server to carry.

use crate::shell::{self, Outcome, in_web, root};
use std::{fs, path::Path, time::SystemTime};

/// Written after a build. It lies among the packages, so that a fresh install builds anew.
const BUILT: &str = "web/node_modules/.built";

/// Installs from the lockfile, unless that was done since the lockfile changed.
pub fn install() -> Outcome {
    let done = changed_at(&root().join("web/node_modules/.package-lock.json"));
    if done.is_some() && done >= changed_at(&root().join("web/package-lock.json")) {
        return Ok(());
    }
    shell::must(in_web("npm", &["ci"]))
}

/// Builds console and widget, unless that was done since a source changed.
pub fn build() -> Outcome {
    let stamp = root().join(BUILT);
    let built =
        ["console", "widget"].iter().all(|app| root().join("web/apps").join(app).join("dist").exists());
    let newest = ["web/apps", "web/packages", "web/package-lock.json"]
        .iter()
        .filter_map(|part| newest_in(&root().join(part)))
        .max();
    if built && changed_at(&stamp) >= newest {
        return Ok(());
    }
    shell::must(in_web("npm", &["run", "build"]))?;
    fs::write(&stamp, "").map_err(|error| format!("{BUILT} could not be written: {error}"))
}

fn changed_at(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}

/// The latest change of a source under a path.
fn newest_in(path: &Path) -> Option<SystemTime> {
    let name = path.file_name()?.to_str()?;
    if matches!(name, "node_modules" | "dist") {
        return None;
    }
    let Ok(entries) = fs::read_dir(path) else { return changed_at(path) };
    entries.flatten().filter_map(|entry| newest_in(&entry.path())).max()
}
