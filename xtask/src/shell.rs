//! Running other programs.

use std::{
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};

/// What a task comes to; the error is a sentence for a person.
pub type Outcome = Result<(), String>;

/// The repository's root.
pub fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().expect("xtask lies in the root").to_path_buf()
}

/// A program started at the root.
pub fn at_root(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    command
}

/// A program started in the web workspace.
pub fn in_web(program: &str, arguments: &[&str]) -> Command {
    let mut command = at_root(program, arguments);
    command.current_dir(root().join("web"));
    command
}

fn spelled(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy()];
    words.extend(command.get_args().map(|word| word.to_string_lossy()));
    words.join(" ")
}

/// Runs it in the open; a failure names the command.
pub fn must(mut command: Command) -> Outcome {
    let status =
        command.status().map_err(|error| format!("`{}` did not start: {error}", spelled(&command)))?;
    if status.success() { Ok(()) } else { Err(format!("`{}` ended with {status}", spelled(&command))) }
}

/// Runs it and gives back what it wrote to standard output.
pub fn read(mut command: Command) -> Result<String, String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("`{}` did not start: {error}", spelled(&command)))?;
    if !output.status.success() {
        return Err(format!("`{}` ended with {}", spelled(&command), output.status));
    }
    String::from_utf8(output.stdout)
        .map_err(|_| format!("`{}` wrote something that is no text", spelled(&command)))
}

/// Runs it, shows what it writes as it comes, and keeps it for counting.
pub fn tee(mut command: Command) -> (bool, String) {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::null());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            println!("`{}` did not start: {error}", spelled(&command));
            return (false, String::new());
        }
    };
    let kept = Arc::new(Mutex::new(String::new()));
    let out = child.stdout.take().expect("piped above");
    let err = child.stderr.take().expect("piped above");
    let readers = [show(out, kept.clone()), show(err, kept.clone())];
    let ok = child.wait().is_ok_and(|status| status.success());
    for reader in readers {
        reader.join().expect("a reader only copies lines");
    }
    let kept = kept.lock().expect("both readers have ended").clone();
    (ok, kept)
}

fn show(from: impl Read + Send + 'static, kept: Arc<Mutex<String>>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        while from.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let text = String::from_utf8_lossy(&line);
            // A closed terminal must not end the tests: the count at the end is what matters.
            _ = std::io::stdout().lock().write_all(text.as_bytes());
            kept.lock().expect("the other reader only copies lines").push_str(&text);
            line.clear();
        }
    })
}

/// Where cargo puts what it builds.
pub fn target() -> Result<PathBuf, String> {
    let text = read(at_root("cargo", &["metadata", "--format-version", "1", "--no-deps"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&text)
        .map_err(|error| format!("`cargo metadata` is not understood: {error}"))?;
    metadata["target_directory"]
        .as_str()
        .map(PathBuf::from)
        .ok_or_else(|| "`cargo metadata` names no target directory".into())
}
