//! How a channel stands, for whoever looks at the gateway from any node: a row that changes when it does.

use crate::jobs::Duty;
use serde::{Deserialize, Serialize};
use yingda_core::{At, id::ChannelId};
use yingda_store::{Batch, Db, ReadError, channel as rows};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Standing {
    /// What fails, as the other side put it; empty while all is well.
    pub error: String,
    pub since_at: At,
}

/// The two directions of a channel stand or fall apart.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    In,
    Out,
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Way::In => "in",
            Way::Out => "out",
        }
    }
}

pub async fn of(db: &Db, channel: ChannelId, way: Way) -> Result<Option<Standing>, ReadError> {
    let text = rows::mark(db, channel, way.name()).await?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Remembers what was told last, and writes down only what is new.
#[derive(Debug)]
pub struct Teller {
    channel: ChannelId,
    way: Way,
    last: Option<Standing>,
}

impl Teller {
    pub fn new(channel: ChannelId, way: Way) -> Self {
        Self { channel, way, last: None }
    }

    pub async fn well(&mut self, duty: &Duty) {
        self.tell(duty, String::new()).await;
    }

    pub async fn fails(&mut self, duty: &Duty, error: &str) {
        self.tell(duty, error.chars().take(500).collect()).await;
    }

    async fn tell(&mut self, duty: &Duty, error: String) {
        if self.last.as_ref().is_some_and(|last| last.error == error) {
            return;
        }
        if error.is_empty() {
            tracing::info!(channel = self.channel.0, way = self.way.name(), "a channel works");
        } else {
            tracing::warn!(channel = self.channel.0, way = self.way.name(), error, "a channel does not work");
        }
        let standing = Standing { error, since_at: duty.app.clock.now() };
        let text = serde_json::to_string(&standing).expect("a standing is JSON");
        let statements = vec![rows::put_mark(self.channel, self.way.name(), &text)];
        match duty.db.commit(Batch { statements, ..Batch::default() }).await {
            Ok(()) => self.last = Some(standing),
            Err(error) => tracing::warn!(%error, "how a channel stands could not be written down"),
        }
    }
}
