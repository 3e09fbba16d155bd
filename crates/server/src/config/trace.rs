//! Where requests are followed.

use super::files::address;
use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    /// Nowhere, unless somebody asks for it.
    #[serde(deserialize_with = "address")]
    pub endpoint: String,
    pub one_in: u32,
}
