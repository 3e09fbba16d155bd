//! Client processes full of visitors who are just there: one process may hold only so many descriptors.

use crate::{
    Result, clock,
    people::{self, Visitor},
    socket::{self, Seen, Socket, loopback},
};
use clap::Args;
use futures_util::StreamExt;
use std::{net::SocketAddr, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    sync::{mpsc, watch},
    task::JoinSet,
};
use yingda_core::id::{Tab, WidgetId};
use yingda_wire::frame::ClientFrame;

/// A client process full of visitors.
pub struct Crowd {
    child: Child,
    words: Lines<BufReader<ChildStdout>>,
}

impl Crowd {
    /// So many visitors, spread over client processes; they have come when this returns.
    pub async fn gather(
        address: SocketAddr,
        widget: WidgetId,
        count: usize,
        processes: usize,
    ) -> Result<Vec<Crowd>> {
        let each = count.div_ceil(processes).max(1);
        let mut crowds = vec![];
        for from in (0..count).step_by(each) {
            crowds.push(Crowd::start(address, widget, from, each.min(count - from))?);
        }
        for crowd in &mut crowds {
            crowd.hear("here").await?;
        }
        Ok(crowds)
    }

    fn start(address: SocketAddr, widget: WidgetId, from: usize, count: usize) -> Result<Crowd> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["hold", "--server", &address.to_string(), "--widget", &widget.to_string()]);
        command.args(["--from", &from.to_string(), "--count", &count.to_string()]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let words = BufReader::new(child.stdout.take().ok_or("its output is piped")?).lines();
        Ok(Crowd { child, words })
    }

    /// Waits for a word from it; gives what stands behind the word.
    pub async fn hear(&mut self, word: &str) -> Result<String> {
        let line = self.words.next_line().await?.ok_or("a client process ended early")?;
        let rest = line.strip_prefix(word).ok_or_else(|| format!("a client process said {line}"))?;
        Ok(rest.trim().to_owned())
    }

    /// Cuts every line at once; `hear("back")` then tells when all have come back.
    pub async fn cut(&mut self) -> Result<()> {
        Ok(self.child.stdin.as_mut().ok_or("its input is piped")?.write_all(b"cut\n").await?)
    }

    /// Sends everyone home; how many were gone already.
    pub async fn leave(&mut self) -> Result<usize> {
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
                .map(|number| Visitor::come(self.server, self.widget, self.from + number));
            visitors.extend(futures_util::future::try_join_all(some).await?);
        }
        println!("here");
        let mut staying = JoinSet::new();
        let (backs, mut back) = mpsc::channel(self.count.max(1));
        let mut words = BufReader::new(tokio::io::stdin()).lines();
        let mut gone = 0;
        let (cut, _) = watch::channel(());
        for visitor in visitors {
            staying.spawn(stay(visitor, self.server, self.widget, cut.subscribe(), backs.clone()));
        }
        loop {
            tokio::select! {
                word = words.next_line() => match word?.as_deref() {
                    Some("cut") => {
                        let start = clock::now();
                        cut.send(())?;
                        for _ in 0..self.count {
                            back.recv().await.ok_or("nobody is left")?;
                        }
                        println!("back {}", clock::ms_since(start));
                    }
                    _ => break,
                },
                Some(_) = staying.join_next() => gone += 1,
            }
        }
        println!("gone {gone}");
        Ok(())
    }
}

/// Reads and beats until the line ends. When all lines are cut, it comes back as the widget does.
async fn stay(
    mut visitor: Visitor,
    server: SocketAddr,
    widget: WidgetId,
    mut cut: watch::Receiver<()>,
    backs: mpsc::Sender<()>,
) -> Result<()> {
    let phase = BEAT.mul_f64((visitor.number % 1_000) as f64 / 1_000.0);
    let mut beat = tokio::time::interval_at(tokio::time::Instant::now() + phase, BEAT);
    loop {
        tokio::select! {
            frame = visitor.socket.next() => { frame.ok_or("ended")??; }
            Ok(()) = cut.changed() => {
                let mut pause = RETRY;
                drop(visitor.socket);
                visitor.socket = loop {
                    let draw = f64::from(visitor.number as u32 % 1_009) / 1_009.0;
                    tokio::time::sleep(pause.mul_f64(0.5 + draw / 2.0)).await;
                    match come_back(server, widget, visitor.tab, visitor.number, &visitor.token).await {
                        Ok(socket) => break socket,
                        Err(_) => pause = (pause * 2).min(RETRY_MOST),
                    }
                };
                backs.send(()).await?;
            }
            _ = beat.tick() => socket::send(&mut visitor.socket, &ClientFrame::Ping { id: 0 }).await?,
        }
    }
}

/// The widget waits so long before it connects again, up to twice as long each time, and scattered.
const RETRY: Duration = Duration::from_millis(400);
const RETRY_MOST: Duration = Duration::from_secs(15);

async fn come_back(
    server: SocketAddr,
    widget: WidgetId,
    tab: Tab,
    number: usize,
    token: &str,
) -> Result<Socket> {
    let mut line = socket::open(server, loopback(number), "").await?;
    socket::send(&mut line, &people::hello(widget, tab, Some(token.to_owned()), None)).await?;
    loop {
        let text = socket::next(&mut line).await?;
        match Seen::of(&text)?.t.as_ref() {
            "welcome" => return Ok(line),
            "bad" | "refused" => return Err(format!("hello was answered {text}").into()),
            _ => {}
        }
    }
}
