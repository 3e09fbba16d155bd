//! The OpenAPI document from the server, and the TypeScript types from the document.

use crate::shell::{self, Outcome, at_root, in_web, root};
use std::{fs, path::Path, process::Command};

const DOCUMENT: &str = "docs/openapi.json";
const TYPES: &str = "web/packages/wire/src/schema.ts";

/// Writes both files.
pub fn write() -> Outcome {
    let root = root();
    let document = document()?;
    put(&root.join(DOCUMENT), &document)?;
    put(&root.join(TYPES), &types(&root.join(DOCUMENT))?)
}

/// Fails when either file is not what would be written.
pub fn check() -> Outcome {
    let root = root();
    let mut stale = vec![];
    if fs::read_to_string(root.join(DOCUMENT)).ok() != Some(document()?) {
        stale.push(DOCUMENT);
    }
    if fs::read_to_string(root.join(TYPES)).ok() != Some(types(&root.join(DOCUMENT))?) {
        stale.push(TYPES);
    }
    if stale.is_empty() {
        return Ok(());
    }
    Err(format!("{} differs from what the Rust types give; run `cargo xtask codegen`", stale.join(" and ")))
}

fn document() -> Result<String, String> {
    // The whole workspace, as the tests build it: the package alone would be compiled with other features.
    shell::must(at_root("cargo", &["build", "--quiet", "--workspace"]))?;
    let server = shell::target()?.join("debug/yingda");
    let mut command = Command::new(&server);
    command.arg("openapi");
    let text = shell::read(command)?;
    Ok(format!("{}\n", text.trim_end()))
}

fn types(document: &Path) -> Result<String, String> {
    crate::web::install()?;
    let document = document.to_str().ok_or("the repository's path is no text")?;
    shell::read(in_web("npx", &["--no-install", "openapi-typescript", document, "--alphabetize"]))
}

fn put(path: &Path, text: &str) -> Outcome {
    let folder = path.parent().ok_or("a file lies in a folder")?;
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .map_err(|error| format!("{} could not be written: {error}", path.display()))
}
