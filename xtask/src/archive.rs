//! A release that installs without a network on anything with glibc 2.28 (麒麟 V10, 统信 20, RHEL 8, Debian 10).

use crate::{
    shell::{self, Outcome, at_root},
    web,
};
use std::{fs, path::Path};

const GLIBC: (u32, u32) = (2, 28);
const TARGET: &str = "x86_64-unknown-linux-gnu";
/// What lies in the archive beside the binary.
const WITH: [&str; 6] = [
    "deploy/install.sh",
    "deploy/yingda.service",
    "LICENSE",
    "CHANGELOG.md",
    "docs/operator.md",
    "docs/operator.en.md",
];

pub fn make() -> Outcome {
    web::install()?;
    web::build()?;
    let target = format!("{TARGET}.{}.{}", GLIBC.0, GLIBC.1);
    let words = ["zigbuild", "--release", "--package", "yingda-server", "--target", &target];
    shell::must(at_root("cargo", &words))
        .map_err(|error| format!("{error}; it needs two tools: pip install cargo-zigbuild ziglang"))?;
    let built = shell::target()?.join(TARGET).join("release");
    let binary = built.join("yingda");
    let newest = newest_glibc(&binary)?;
    if newest > GLIBC {
        return Err(format!(
            "the binary asks for glibc {}.{}, newer than {}.{}",
            newest.0, newest.1, GLIBC.0, GLIBC.1
        ));
    }
    let name = format!("yingda-{}-linux-x86_64", version()?);
    let folder = built.join(&name);
    let told = |error: std::io::Error| format!("{}: {error}", folder.display());
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(told)?;
    }
    fs::create_dir_all(&folder).map_err(told)?;
    fs::copy(&binary, folder.join("yingda")).map_err(told)?;
    for file in WITH {
        let place = Path::new(file);
        let own = place.file_name().ok_or("a file of the archive has no name")?;
        fs::copy(shell::root().join(place), folder.join(own)).map_err(told)?;
    }
    let archive = built.join(format!("{name}.tar.gz"));
    let text = |path: &Path| path.to_str().map(str::to_owned).ok_or("the target directory's path is no text");
    let (archive, built) = (text(&archive)?, text(&built)?);
    // The same content gives the same archive.
    let words = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0", "-C", &built];
    shell::must(at_root("tar", &[&["-czf", &archive][..], &words, &[&name]].concat()))?;
    println!("{archive}: glibc {}.{} or newer", newest.0, newest.1);
    Ok(())
}

/// The newest version of glibc of which the binary uses anything.
fn newest_glibc(binary: &Path) -> Result<(u32, u32), String> {
    let binary = binary.to_str().ok_or("the binary's path is no text")?;
    let symbols = shell::read(at_root("objdump", &["-T", binary]))?;
    let versions = symbols.split("GLIBC_").skip(1).filter_map(|rest| {
        let mut parts = rest.split(|sign: char| !sign.is_ascii_digit());
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    });
    versions.max().ok_or_else(|| "the binary names no version of glibc".into())
}

fn version() -> Result<String, String> {
    let id = shell::read(at_root("cargo", &["pkgid", "--package", "yingda-server"]))?;
    id.trim().rsplit(['#', '@']).next().map(str::to_owned).ok_or_else(|| "the version is not known".into())
}
