//! A channel's passwords and keys: sealed in the store, opened when they are used.

use crate::app::App;
use std::collections::BTreeMap;
use yingda_core::id::ChannelId;
use yingda_store::{Db, ReadError, Statement, channel as rows};

/// Opened secrets by name. They are never shown: only which there are.
#[derive(Clone, Default)]
pub struct Keys(BTreeMap<String, String>);

impl Keys {
    pub async fn of(app: &App, db: &Db, channel: ChannelId) -> Result<Self, ReadError> {
        let sealed = rows::secrets(db, channel).await?;
        let open = |sealed: &[u8]| {
            let plain = app.secrets.unseal("channel", sealed)?;
            String::from_utf8(plain).ok()
        };
        Ok(Self(sealed.into_iter().filter_map(|(name, sealed)| Some((name, open(&sealed)?))).collect()))
    }

    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

pub fn put(app: &App, channel: ChannelId, name: &str, value: &str) -> Statement {
    rows::put_secret(channel, name, &app.secrets.seal("channel", value.as_bytes()))
}
