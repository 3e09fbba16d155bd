//! Clocks that are wrong.

use std::path::PathBuf;

/// What a process is started with whose wall clock is ahead by what stands in a file, such as `+3600s`: also while it
/// runs. Without the file it is right. Time that only runs on is left alone, as no machine's clock changes that.
pub fn faketime(file: &str) -> [(&'static str, String); 4] {
    [
        ("LD_PRELOAD", library().display().to_string()),
        ("FAKETIME_TIMESTAMP_FILE", file.to_owned()),
        ("FAKETIME_CACHE_DURATION", "1".to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ]
}

/// Debian has a folder for each kind of processor.
fn library() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").into_iter().flatten();
    let places = folders.filter_map(|it| Some(it.ok()?.path().join("faketime/libfaketimeMT.so.1")));
    places.into_iter().find(|it| it.exists()).expect("install it first: apt-get install libfaketime")
}
