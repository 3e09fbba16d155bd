//! The widget in a real browser: what a first page view loads, and how soon the first message is durable.

use crate::{
    Result,
    server::{self, Folder, Server},
};
use clap::Args;
use serde_json::Value;
use std::path::PathBuf;
use tokio::process::Command;

#[derive(Args, Clone, Debug)]
pub struct Widget {
    /// The web workspace, where the browser's driver is installed.
    #[arg(long, default_value = "web")]
    web: PathBuf,
}

impl Widget {
    pub async fn run(self) -> Result<Value> {
        let folder = Folder::new()?;
        let server = Server::start_demo(folder.path()).await?;
        let script = self.web.join("e2e/bench/widget.mjs");
        let mut command = Command::new("node");
        command.arg(&script).arg(format!("http://{}", server.address)).stderr(std::process::Stdio::inherit());
        let output = command.output().await?;
        server.stop().await?;
        if !output.status.success() {
            return Err(format!("{} ended with {}", script.display(), output.status).into());
        }
        let text = String::from_utf8(output.stdout)?;
        let line = text.lines().last().ok_or("the browser's script printed nothing")?;
        let mut figures: Value = serde_json::from_str(line)?;
        figures["binary"] = server::binary()?.display().to_string().into();
        Ok(figures)
    }
}
