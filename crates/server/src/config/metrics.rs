//! Where figures are told to a collector.

use serde::{Deserialize, Deserializer, de};
use std::net::SocketAddr;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Nowhere, unless somebody asks for it.
    #[serde(deserialize_with = "address")]
    pub listen: Option<SocketAddr>,
}

pub(super) fn address<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(from)?;
    if text.is_empty() {
        return Ok(None);
    }
    let refuse = |_| de::Error::custom(format!("`{text}` is no address such as 127.0.0.1:9464"));
    text.parse().map(Some).map_err(refuse)
}
