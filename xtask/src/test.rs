//! Every check and test there is, one after the other; nothing stops early.

use crate::{
    codegen,
    count::{self, Count},
    debian,
    shell::{self, Outcome, at_root, in_web},
    tidy, web,
};
use std::{process::Command, time::Instant};

/// Runs everything and prints the sum as the last line. Whether nothing failed.
pub fn test() -> bool {
    let mut run = Run::default();
    run.check("Debian packages", debian::prepare);
    run.check("format", || shell::must(at_root("cargo", &["fmt", "--all", "--check"])));
    run.check("web packages", web::install);
    run.check("web build", web::build);
    run.check("clippy", || shell::must(at_root("cargo", &CLIPPY)));
    run.step("tidy", tidy::count);
    run.step("Rust tests", || {
        let (ok, output) = shell::tee(at_root("cargo", &["test", "--workspace", "--no-fail-fast"]));
        count::cargo(&output).with_exit(ok)
    });
    // The same set of packages as the tests, so that nothing is compiled twice.
    run.check("server for the browser", || shell::must(at_root("cargo", &["build", "--workspace"])));
    run.check("codegen is fresh", codegen::check);
    run.check("web types", || shell::must(in_web("npm", &["run", "check"])));
    run.step("web unit tests", || {
        let (ok, output) = shell::tee(colourless(in_web("npm", &["test"])));
        count::vitest(&output).with_exit(ok)
    });
    run.step("browser tests", browser);
    run.finish()
}

const CLIPPY: [&str; 6] = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];

fn browser() -> Count {
    let server = match shell::target() {
        Ok(target) => target.join("debug/yingda"),
        Err(sentence) => {
            println!("{sentence}");
            return Count::one(false);
        }
    };
    let mut command = colourless(in_web("npm", &["run", "e2e"]));
    command.env("YINGDA", server);
    let (ok, output) = shell::tee(command);
    count::playwright(&output).with_exit(ok)
}

fn colourless(mut command: Command) -> Command {
    command.env("NO_COLOR", "1").env_remove("FORCE_COLOR").env("CI", "true");
    command
}

#[derive(Default)]
struct Run {
    sum: Count,
    failed: Vec<&'static str>,
}

impl Run {
    /// A step that passes or fails as a whole.
    fn check(&mut self, name: &'static str, work: impl FnOnce() -> Outcome) {
        self.step(name, || {
            let outcome = work();
            if let Err(sentence) = &outcome {
                println!("{sentence}");
            }
            Count::one(outcome.is_ok())
        });
    }

    #[expect(clippy::disallowed_methods, reason = "people want to see how long a step took")]
    fn step(&mut self, name: &'static str, work: impl FnOnce() -> Count) {
        println!("\n── {name} ──");
        let start = Instant::now();
        let count = work();
        println!(
            "── {name}: {} passed, {} failed in {} s",
            count.passed,
            count.failed,
            start.elapsed().as_secs()
        );
        if count.failed > 0 {
            self.failed.push(name);
        }
        self.sum += count;
    }

    fn finish(self) -> bool {
        println!();
        if !self.failed.is_empty() {
            println!("failed: {}", self.failed.join(", "));
        }
        println!("{} passed, {} failed", self.sum.passed, self.sum.failed);
        self.sum.failed == 0
    }
}
