//! Many visitors who are just there: what each costs the server, and whether any is dropped.

use crate::{
    Result,
    api::World,
    people,
    server::{Folder, Given, Server},
    socket,
    spread::rounded,
};
use clap::Args;
use futures_util::StreamExt;
use serde_json::{Value, json};
use std::{net::SocketAddr, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    task::JoinSet,
};
use yingda_core::id::WidgetId;
use yingda_wire::frame::ClientFrame;

#[derive(Args, Clone, Debug)]
pub struct Connections {
    #[command(flatten)]
    given: Given,
    #[arg(long, default_value_t = 19_000)]
    count: usize,
    /// So long they stay after each has sent and received one message.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Client processes: each may hold 20,000 descriptors.
    #[arg(long, default_value_t = 4)]
    processes: usize,
}

impl Connections {
    pub async fn run(self) -> Result<Value> {
        let folder = Folder::new()?;
        let mut server = Server::start_unless(self.given.clone(), folder.path()).await?;
        let world = World::set_up(server.address, &server.set_up_token().await?, 1, 1).await?;
        if server.is_own() {
            // Hashing passwords takes memory that it gives back late: count from a fresh process.
            let address = server.address;
            server.stop().await?;
            server = Server::start_at(folder.path(), address).await?;
        }
        let before = server.rss_bytes()?;
        let each = self.count.div_ceil(self.processes);
        let mut crowds = vec![];
        for from in (0..self.count).step_by(each) {
            let count = each.min(self.count - from);
            crowds.push(Crowd::gather(server.address, world.widget, from, count).await?);
        }
        for crowd in &mut crowds {
            crowd.hear("here").await?;
        }
        // Memory that came and went with the handshakes is given back within moments.
        tokio::time::sleep(Duration::from_secs(self.seconds)).await;
        let after = server.rss_bytes()?;
        let mut dropped = 0;
        for mut crowd in crowds {
            dropped += crowd.leave().await?;
        }
        let cpu_ms = server.cpu_us()? / 1_000.0;
        server.stop().await?;
        Ok(json!({
            "bytes_per_connection": (after.saturating_sub(before) as f64 / self.count as f64).round(),
            "dropped": dropped,
            "count": self.count,
            "server_rss_mib": rounded(after as f64 / 1_048_576.0),
            "server_cpu_ms": cpu_ms,
        }))
    }
}

/// A client process full of visitors.
struct Crowd {
    child: Child,
    words: Lines<BufReader<ChildStdout>>,
}

impl Crowd {
    async fn gather(address: SocketAddr, widget: WidgetId, from: usize, count: usize) -> Result<Crowd> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["hold", "--server", &address.to_string(), "--widget", &widget.to_string()]);
        command.args(["--from", &from.to_string(), "--count", &count.to_string()]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let words = BufReader::new(child.stdout.take().ok_or("its output is piped")?).lines();
        Ok(Crowd { child, words })
    }

    /// Waits for a word from it; gives what stands behind the word.
    async fn hear(&mut self, word: &str) -> Result<String> {
        let line = self.words.next_line().await?.ok_or("a client process ended early")?;
        let rest = line.strip_prefix(word).ok_or_else(|| format!("a client process said {line}"))?;
        Ok(rest.trim().to_owned())
    }

    /// Sends everyone home; how many were gone already.
    async fn leave(&mut self) -> Result<usize> {
        self.child.stdin.take().ok_or("its input is piped")?.write_all(b"leave\n").await?;
        let gone = self.hear("gone").await?.parse()?;
        self.child.wait().await?;
        Ok(gone)
    }
}

/// The client process: connects, lets each say one thing and hear it, then stays.
#[derive(Args, Clone, Debug)]
pub struct Hold {
    #[arg(long)]
    server: SocketAddr,
    #[arg(long)]
    widget: WidgetId,
    #[arg(long)]
    from: usize,
    #[arg(long)]
    count: usize,
}

/// A widget says that it is there about this often.
const BEAT: Duration = Duration::from_secs(25);

impl Hold {
    pub async fn run(self) -> Result<()> {
        let mut visitors = Vec::with_capacity(self.count);
        for from in (0..self.count).step_by(50) {
            let some = (from..self.count.min(from + 50))
                .map(|number| people::Visitor::come(self.server, self.widget, self.from + number));
            visitors.extend(futures_util::future::try_join_all(some).await?);
        }
        println!("here");
        let mut staying = JoinSet::new();
        for visitor in visitors {
            staying.spawn(stay(visitor));
        }
        let mut words = BufReader::new(tokio::io::stdin()).lines();
        let mut gone = 0;
        loop {
            tokio::select! {
                _ = words.next_line() => break,
                Some(_) = staying.join_next() => gone += 1,
            }
        }
        println!("gone {gone}");
        Ok(())
    }
}

/// Reads and beats until the line ends.
async fn stay(mut visitor: people::Visitor) -> Result<()> {
    let phase = BEAT.mul_f64((visitor.number % 1_000) as f64 / 1_000.0);
    let mut beat = tokio::time::interval_at(tokio::time::Instant::now() + phase, BEAT);
    loop {
        tokio::select! {
            frame = visitor.socket.next() => { frame.ok_or("ended")??; }
            _ = beat.tick() => socket::send(&mut visitor.socket, &ClientFrame::Ping { id: 0 }).await?,
        }
    }
}
