//! `yingda demo`: it fills an empty store only, and removes nothing but a demo.

use crate::support::{Folder, run};

#[test]
fn clearing_removes_a_demo_and_leaves_everything_else_alone() {
    let real = Folder::new();
    assert!(
        run(&real.0, &["user", "add", "li.na"], &[("YINGDA_PASSWORD", "vt8-kupfer-wald")]).status.success()
    );
    let refused = run(&real.0, &["demo", "clear"], &[]);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("nothing was removed"));
    assert!(real.0.join("yingda.db").exists());
    let refused = run(&real.0, &["demo", "load"], &[]);
    assert!(!refused.status.success(), "demo data never mixes with what is there");
    assert!(String::from_utf8_lossy(&run(&real.0, &["user", "list"], &[]).stdout).contains("li.na"));

    let demo = Folder::new();
    let loaded = run(&demo.0, &["demo", "load"], &[]);
    assert!(String::from_utf8_lossy(&loaded.stdout).contains("yingda-demo"), "the logins are printed");
    assert!(run(&demo.0, &["demo", "clear"], &[]).status.success());
    assert!(!demo.0.join("yingda.db").exists());
    let nothing = run(&demo.0, &["demo", "clear"], &[]);
    assert!(!nothing.status.success() && !demo.0.join("yingda.db").exists());
}
