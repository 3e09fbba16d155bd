//! The listener: one task a connection, small buffers, and nothing kept for a connection beyond need.

use crate::{app::Shared, config, http, http::client::Peer, tasks};
use axum::{Router, body::Body, extract::ConnectInfo};
use hashbrown::HashMap;
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{Domain, Protocol, Socket, Type};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;
use tower::Service;

/// The kernel buffers so much for a socket that does not read; without a limit it is megabytes.
const SEND_BUFFER: usize = 64 * 1024;
/// The least that hyper takes.
const HTTP_BUFFER: usize = 8 * 1024;
const BACKLOG: i32 = 4_096;
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long open requests may still run after the word to stop.
const DRAIN: Duration = Duration::from_secs(10);
/// Within this time sockets are asked to go elsewhere, in so many steps.
const AWAY: Duration = Duration::from_secs(3);
const AWAY_STEPS: usize = 30;

/// Binds the address. Accepted sockets inherit these options, which spares system calls for each.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let named =
        |error: io::Error| io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"));
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_tcp_nodelay(true)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into()).map_err(named)?;
    socket.listen(BACKLOG).map_err(named)?;
    TcpListener::from_std(socket.into())
}

/// Serves until the process is asked to stop, then lets open requests end.
pub async fn run(app: Shared, listener: TcpListener, tls: Option<TlsAcceptor>) {
    let open = Arc::new(Open::default());
    let router = http::router(app.clone());
    let mut stopping = pin!(tasks::stopping());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stopping => break,
        };
        match accepted {
            Ok((stream, address)) => {
                // One connection too many is closed without a word: to answer it would cost what is short.
                if let Some(guest) = Open::enter(&open, address.ip(), &app.config.limits) {
                    let connection = Connection { router: router.clone(), address, guest };
                    tasks::start("connection", connection.serve(stream, tls.clone(), header_time(&app)));
                }
            }
            // Out of descriptors: those that are open go on, and the next moment may have one free.
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    tasks::start("away", send_away(app.clone()));
    let drained = tokio::time::timeout(DRAIN, open.all_gone()).await;
    if drained.is_err() {
        tracing::warn!(open = open.count.load(Relaxed), "connections still open at the end were cut");
    }
}

/// Sockets end a few at a time, so that their clients do not all knock at another door at once.
async fn send_away(app: Shared) {
    let some = app.hub.sockets().div_ceil(AWAY_STEPS).max(1);
    while app.hub.send_away(some) {
        tokio::time::sleep(AWAY / AWAY_STEPS as u32).await;
    }
}

fn header_time(app: &Shared) -> Duration {
    Duration::from_secs(app.config.limits.header_seconds.max(1).into())
}

struct Connection {
    router: Router,
    address: SocketAddr,
    guest: Guest,
}

impl Connection {
    async fn serve(self, stream: TcpStream, tls: Option<TlsAcceptor>, header_time: Duration) {
        let Some(tls) = tls else { return self.speak(stream, false, header_time).await };
        match tokio::time::timeout(HANDSHAKE.min(header_time), tls.accept(stream)).await {
            Ok(Ok(stream)) => self.speak(stream, true, header_time).await,
            Ok(Err(error)) => tracing::debug!(%error, peer = %self.address, "the TLS handshake failed"),
            Err(_) => tracing::debug!(peer = %self.address, "the TLS handshake took too long"),
        }
    }

    async fn speak<S>(self, stream: S, over_tls: bool, header_time: Duration)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let peer = ConnectInfo(Peer { address: self.address, over_tls });
        let router = self.router;
        let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(peer);
            router.clone().call(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(header_time)
            .max_buf_size(HTTP_BUFFER)
            .serve_connection(TokioIo::new(Counted { stream, _guest: self.guest }), service)
            .with_upgrades();
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = tasks::stopping() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::trace!(%error, peer = %self.address, "the connection ended early");
        }
    }
}

/// How many connections are open, altogether and from each address.
#[derive(Default)]
struct Open {
    count: AtomicU32,
    by_address: Mutex<HashMap<IpAddr, u32>>,
    gone: tokio::sync::Notify,
}

impl Open {
    fn enter(open: &Arc<Open>, address: IpAddr, limits: &config::Limits) -> Option<Guest> {
        if open.count.load(Relaxed) >= limits.connections {
            return None;
        }
        let mut by_address = open.by_address.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let here = by_address.entry(address).or_default();
        if *here >= limits.connections_per_address {
            return None;
        }
        *here += 1;
        open.count.fetch_add(1, Relaxed);
        Some(Guest { open: open.clone(), address })
    }

    async fn all_gone(&self) {
        while self.count.load(Relaxed) > 0 {
            self.gone.notified().await;
        }
    }
}

/// One open connection's place.
struct Guest {
    open: Arc<Open>,
    address: IpAddr,
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut by_address = self.open.by_address.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(here) = by_address.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                by_address.remove(&self.address);
            }
        }
        drop(by_address);
        self.open.count.fetch_sub(1, Relaxed);
        self.open.gone.notify_one();
    }
}

/// A stream that counts as open as long as anybody holds it, also after it became a WebSocket.
struct Counted<S> {
    stream: S,
    _guest: Guest,
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
