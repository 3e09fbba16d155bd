//! The other side of a channel: an HTTP server that takes every request, answers as told, and remembers when each came.

use crate::{Result, clock};
use bytes::{Buf, BytesMut};
use std::{net::SocketAddr, sync::Arc, time::Instant};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
};

#[derive(Debug)]
pub struct Provider {
    pub address: SocketAddr,
    /// When each request was there.
    pub taken: mpsc::UnboundedReceiver<Instant>,
    /// Ends with the provider.
    _tasks: JoinSet<()>,
}

type Answer = dyn Fn() -> String + Send + Sync;

impl Provider {
    /// `answer` makes the body of JSON that a request is answered with.
    pub async fn start(answer: impl Fn() -> String + Send + Sync + 'static) -> Result<Provider> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (tell, taken) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        let answer: Arc<Answer> = Arc::new(answer);
        tasks.spawn(async move {
            let mut lines = JoinSet::new();
            while let Ok((line, _)) = listener.accept().await {
                lines.spawn(serve(line, tell.clone(), answer.clone()));
            }
        });
        Ok(Provider { address, taken, _tasks: tasks })
    }
}

/// One connection, request after request.
async fn serve(mut line: TcpStream, tell: mpsc::UnboundedSender<Instant>, answer: Arc<Answer>) {
    let mut buffer = BytesMut::new();
    while request(&mut line, &mut buffer).await.is_some() {
        let told = answer();
        let length = told.len();
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{told}"
        );
        // Nobody may be measuring any more.
        _ = tell.send(clock::now());
        if line.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Reads a request to its end; nothing when the line has ended.
async fn request(line: &mut TcpStream, buffer: &mut BytesMut) -> Option<()> {
    loop {
        if let Some((head, length)) = head(buffer)
            && buffer.len() >= head + length
        {
            buffer.advance(head + length);
            return Some(());
        }
        if line.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}

/// Where the body begins, and how long it is.
fn head(bytes: &[u8]) -> Option<(usize, usize)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..end]).ok()?.to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:"))?.trim().parse().ok()?;
    Some((end, length))
}
