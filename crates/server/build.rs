//! The web parts are embedded as they were built last. A fresh checkout has none yet, and still compiles.

use std::{fs, path::Path};

fn main() {
    for app in ["console", "widget"] {
        let folder = Path::new("../../web/apps").join(app).join("dist");
        if let Err(error) = fs::create_dir_all(&folder) {
            println!("cargo::warning={} cannot be made: {error}", folder.display());
        }
        println!("cargo::rerun-if-changed={}", folder.display());
    }
}
