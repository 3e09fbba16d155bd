//! NATS: how nodes reach each other. It carries no truth; what is lost on it is asked again or read from the store.

use async_nats::{Client, ConnectOptions, Event, connection::State};
use std::{path::Path, time::Duration};
use tokio::sync::watch;

/// A message stays below NATS's usual limit of 1 MB with room to spare.
pub const LARGEST: usize = 512 * 1024;
const CONNECT: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub struct Bus {
    pub client: Client,
    /// Several installations may share one NATS.
    installation: String,
    /// Of this site of it.
    prefix: String,
    /// Counts how often the connection was made.
    connected: watch::Receiver<u64>,
}

impl Bus {
    /// `installation` is the same on all nodes of all sites and nowhere else. Over TLS the authorities in the file are trusted, or
    /// those of the system where it names none.
    pub async fn connect(
        url: &str,
        authorities: &Path,
        installation: &str,
        site: &str,
        name: &str,
    ) -> Result<Self, async_nats::ConnectError> {
        let (count, connected) = watch::channel(0);
        let mut options = ConnectOptions::new()
            .name(format!("yingda {name}"))
            .no_echo()
            .connection_timeout(CONNECT)
            .ping_interval(Duration::from_secs(2))
            .max_reconnects(None)
            .reconnect_delay_callback(|attempt| Duration::from_millis((50 * attempt as u64).min(500)))
            .event_callback(move |event| {
                let count = count.clone();
                async move {
                    match event {
                        Event::Connected => count.send_modify(|count| *count += 1),
                        other => tracing::warn!(%other, "the bus"),
                    }
                }
            });
        if !authorities.as_os_str().is_empty() {
            options = options.add_root_certificates(authorities.to_owned());
        }
        let client = options.connect(url).await?;
        let installation = format!("yingda.{installation}");
        let prefix = match site {
            "" => installation.clone(),
            site => format!("{installation}.at.{site}"),
        };
        Ok(Self { client, installation, prefix, connected })
    }

    pub fn is_up(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// Changes whenever the connection is made anew: something may have been missed.
    pub fn connections(&self) -> watch::Receiver<u64> {
        self.connected.clone()
    }

    /// Calls to the owner of a site.
    pub fn calls(&self, site: i64) -> String {
        format!("{}.site.{site}.calls", self.prefix)
    }

    /// What the owner of a site has committed.
    pub fn told(&self, site: i64) -> String {
        format!("{}.site.{site}.told", self.prefix)
    }

    /// A site has no owner any more.
    pub fn free(&self, site: i64) -> String {
        format!("{}.site.{site}.free", self.prefix)
    }

    /// What one site asks another.
    pub fn between(&self, from: &str, to: &str) -> String {
        format!("{}.between.{to}.{from}", self.installation)
    }

    /// Answers to a node's calls; the last part says to which message.
    pub fn answers(&self, node: i64, message: &str) -> String {
        format!("{}.node.{node}.answers.{message}", self.prefix)
    }

    /// What is never stored: typing, who browses.
    pub fn gossip(&self) -> String {
        format!("{}.gossip", self.prefix)
    }
}
