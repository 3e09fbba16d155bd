//! Where mail servers hand mails over.

use super::metrics::address;
use serde::Deserialize;
use std::net::SocketAddr;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// Nowhere, unless somebody asks for it.
    #[serde(deserialize_with = "address")]
    pub listen: Option<SocketAddr>,
}
