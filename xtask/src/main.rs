//! What people and machines do with this repository: `cargo xtask run | test | codegen | tidy | archive`.

mod archive;
mod codegen;
mod count;
mod debian;
mod run;
mod shell;
mod test;
mod tidy;
mod web;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <task>

  run                build everything and start a demo on http://127.0.0.1:8080
  test               every check and test there is; ends with `N passed, N failed`
  codegen [--check]  write docs/openapi.json and the TypeScript types, or only see whether they are fresh
  tidy [--accept]    the rules of the house; --accept lists new migrations as landed
  archive            a release that installs offline on glibc 2.28 or newer";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = match words[..] {
        ["run"] => run::run(),
        ["test"] => return if test::test() { ExitCode::SUCCESS } else { ExitCode::FAILURE },
        ["codegen"] => codegen::write(),
        ["codegen", "--check"] => codegen::check(),
        ["tidy"] => tidy::print(),
        ["tidy", "--accept"] => tidy::accept(),
        ["archive"] => archive::make(),
        _ => Err(USAGE.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("{sentence}");
            ExitCode::FAILURE
        }
    }
}
