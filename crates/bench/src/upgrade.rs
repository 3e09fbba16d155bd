//! A rolling upgrade: every node is asked to end and comes back as this build, one after another, under load.

use crate::{
    Result,
    load::Load,
    nodes::{End, Nodes},
    server::{self, Folder},
};
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tokio::process::Command;
use yingda_peers::Postgres;

#[derive(Args, Clone, Debug)]
pub struct Upgrade {
    #[arg(long, default_value_t = 3)]
    nodes: usize,
    #[arg(long, default_value_t = 60)]
    visitors: usize,
    /// The former binary.
    #[arg(long, conflicts_with = "commit")]
    previous: Option<PathBuf>,
    /// The former version as git knows it: it is built here, which takes minutes. Without either the newest tag.
    #[arg(long)]
    commit: Option<String>,
    /// So many of each visitor's messages are acknowledged before each node, and after the last.
    #[arg(long, default_value_t = 200)]
    calm_messages: usize,
}

impl Upgrade {
    pub async fn run(self) -> Result<Value> {
        let scratch = Folder::new()?;
        let previous = match &self.previous {
            Some(binary) => binary.clone(),
            None => build(&scratch, self.commit.clone()).await?,
        };
        self.from(previous).await
    }

    async fn from(self, previous: PathBuf) -> Result<Value> {
        let postgres = Postgres::durable();
        let store = postgres.database().await;
        let was = version(&previous).await?;
        let mut nodes = Nodes::start_from(previous, self.nodes, &store, &[]).await?;
        let mut load = Load::begin(&nodes, self.visitors).await?;
        nodes.binary = server::binary()?;
        for number in 0..self.nodes {
            load.goes_on(self.calm_messages).await?;
            nodes.start_again(number, End::Asked).await?;
        }
        load.goes_on(self.calm_messages).await?;
        let is = version(&nodes.binary).await?;
        let mut figures = load.end(nodes).await?;
        figures["from"] = json!(was);
        figures["to"] = json!(is);
        Ok(figures)
    }
}

async fn version(binary: &Path) -> Result<String> {
    let output = Command::new(binary).arg("--version").output().await?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// The server as of a commit, or of the newest tag, in a folder of its own.
async fn build(scratch: &Folder, commit: Option<String>) -> Result<PathBuf> {
    let commit = match commit {
        Some(commit) => commit,
        None => said("git", &["describe", "--tags", "--abbrev=0"]).await.map_err(
            |_| "no version has a tag yet: name a build with --previous, or a commit with --commit",
        )?,
    };
    let (tree, target) = (scratch.path().join("tree"), scratch.path().join("target"));
    let (tree, target) = (tree.display().to_string(), target.display().to_string());
    said("git", &["worktree", "add", "--detach", &tree, commit.trim()]).await?;
    let manifest = format!("{tree}/Cargo.toml");
    let mut words =
        vec!["build", "-p", "yingda-server", "--manifest-path", &manifest, "--target-dir", &target];
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    if profile == "release" {
        words.push("--release");
    }
    let built = said("cargo", &words).await;
    said("git", &["worktree", "remove", "--force", &tree]).await?;
    built?;
    Ok(scratch.path().join("target").join(profile).join("yingda"))
}

async fn said(program: &str, words: &[&str]) -> Result<String> {
    let output = Command::new(program).args(words).output().await?;
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout)?),
        false => {
            Err(format!("{program} {}: {}", words.join(" "), String::from_utf8_lossy(&output.stderr)).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::assert_whole;

    /// node by node is drained and replaced while people write; nothing is lost, and everyone is served again
    /// within five seconds. The short form has the same build on both sides.
    #[tokio::test(flavor = "multi_thread")]
    async fn an_upgrade_node_by_node_loses_nothing() {
        _ = rustls::crypto::ring::default_provider().install_default();
        let short = Upgrade { nodes: 3, visitors: 12, previous: None, commit: None, calm_messages: 30 };
        let figures = short.from(server::binary().unwrap()).await.unwrap();
        assert_whole(&figures);
        assert!(figures["longest_silence_ms"].as_f64() <= Some(5_000.0), "{figures}");
    }
}
