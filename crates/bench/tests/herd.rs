//! The short form of what `yingda-bench` measures with processes of its own.

use serde_json::Value;
use std::process::Command;

/// every line is cut at once, all come back, and whoever was not cut is served meanwhile. The long form has 19,000
/// lines and says how long it took.
#[test]
fn all_who_are_cut_at_once_come_back() {
    let mut herd = Command::new(env!("CARGO_BIN_EXE_yingda-bench"));
    let output = herd.args(["herd", "--count", "300", "--processes", "2"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let figures: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!((&figures["lost_for_good"], &figures["rejected"]), (&0.into(), &0.into()), "{figures}");
}
