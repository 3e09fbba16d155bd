//! What a build of the server needs beside its sources.

use flate2::{Compression, write::GzEncoder};
use std::{env, error::Error, fs, io::Write, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    web()?;
    if env::var("PROFILE")? == "release" {
        document()?;
        fold();
    }
    Ok(())
}

/// The web parts are embedded as they were built last. A fresh checkout has none yet, and still compiles.
fn web() -> Result<(), Box<dyn Error>> {
    for app in ["console", "widget"] {
        let folder = Path::new("../../web/apps").join(app).join("dist");
        fs::create_dir_all(&folder)?;
        println!("cargo::rerun-if-changed={}", folder.display());
    }
    Ok(())
}

/// The OpenAPI document goes into a release compressed.
fn document() -> Result<(), Box<dyn Error>> {
    const DOCUMENT: &str = "../../docs/openapi.json";
    println!("cargo::rerun-if-changed={DOCUMENT}");
    let file = fs::File::create(Path::new(&env::var("OUT_DIR")?).join("openapi.json.gz"))?;
    let mut encoder = GzEncoder::new(file, Compression::best());
    encoder.write_all(fs::read_to_string(DOCUMENT)?.trim_end().as_bytes())?;
    encoder.finish()?;
    Ok(())
}

/// Functions that came out the same, of which generic code has many, become one. LLD can do that, which is Rust's own
/// linker on this target; whoever chose another one gets the larger program.
fn fold() {
    let is_ours = env::var("TARGET").is_ok_and(|it| it == "x86_64-unknown-linux-gnu");
    if is_ours && env::var("RUSTC_LINKER").is_err() {
        println!("cargo::rustc-link-arg-bins=-Wl,--icf=all");
    }
}
