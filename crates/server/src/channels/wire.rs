//! Connections to servers of mail and SMS: through the door that keeps private networks out of reach, in the clear or by TLS.

use crate::outgoing::Door;
use lettre::transport::smtp::client::AsyncTokioStream;
use rustls::{ClientConfig, crypto::ring, pki_types::ServerName};
use rustls_platform_verifier::BuilderVerifierExt;
use socket2::{SockRef, TcpKeepalive};
use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use yingda_core::config::Endpoint;

const CONNECT: Duration = Duration::from_secs(15);
/// A connection that is silent for long is asked whether the other side is still there.
const ASK_AFTER: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Connects to the first of the host's addresses that may be reached and answers.
pub async fn connect(door: &Door, to: &Endpoint) -> Result<TcpStream, String> {
    let (host, port) = (to.host.as_str(), to.port);
    if host.is_empty() || port == 0 {
        return Err("no server is set".into());
    }
    let found: Vec<SocketAddr> =
        within(&format!("looking up {host}"), lookup_host((host, port))).await?.collect();
    let admitted: Vec<SocketAddr> = found.into_iter().filter(|it| door.admits(it.ip())).collect();
    let mut wrong = format!("{host} has no address that may be reached: private networks need to be allowed");
    for address in admitted {
        match within(&format!("connecting to {address}"), TcpStream::connect(address)).await {
            Ok(stream) => {
                let keepalive = TcpKeepalive::new().with_time(ASK_AFTER).with_interval(ASK_AFTER / 4);
                // Without these it works as well, only worse.
                let _ = SockRef::from(&stream).set_tcp_keepalive(&keepalive);
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(error) => wrong = error,
        }
    }
    Err(wrong)
}

/// Makes a connection private (RFC 8314), whether at its beginning or after STARTTLS.
pub async fn encrypt(stream: TcpStream, host: &str) -> Result<Wire, String> {
    let name = ServerName::try_from(host.to_owned()).map_err(|_| format!("{host} is not a server's name"))?;
    let connector = TlsConnector::from(tls()?);
    let stream = within(&format!("TLS with {host}"), connector.connect(name, stream)).await?;
    Ok(Wire::Tls(Box::new(stream)))
}

/// Trusts whom this machine trusts.
fn tls() -> Result<Arc<ClientConfig>, String> {
    static TLS: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(known) = TLS.get() {
        return Ok(known.clone());
    }
    let made = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_platform_verifier())
        .map_err(|error| format!("this machine's certificates cannot be read: {error}"))?
        .with_no_client_auth();
    Ok(TLS.get_or_init(|| Arc::new(made)).clone())
}

async fn within<T>(what: &str, work: impl Future<Output = io::Result<T>>) -> Result<T, String> {
    match timeout(CONNECT, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(format!("{what}: {error}")),
        Err(_) => Err(format!("{what}: no answer within {} seconds", CONNECT.as_secs())),
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Plain(stream) => TcpStream::peer_addr(stream),
            Self::Tls(stream) => stream.get_ref().0.peer_addr(),
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
