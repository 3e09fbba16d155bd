//! The telephone.

use super::metrics::address;
use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phone {
    /// Where SIP comes in, by UDP and TCP; nowhere, unless somebody asks for it.
    #[serde(deserialize_with = "address")]
    pub listen: Option<SocketAddr>,
    /// How others reach this machine; empty is the address that is listened at.
    pub host: String,
    pub trunks: Vec<IpAddr>,
    pub first_port: u16,
    pub last_port: u16,
    pub strong_digest: bool,
    /// What reads words aloud: see `speech::Speech::find`.
    pub speech: String,
}

impl Phone {
    /// What stands in contacts and descriptions.
    pub fn host(&self, listen: SocketAddr) -> Result<IpAddr, String> {
        match self.host.as_str() {
            "" if listen.ip().is_unspecified() => {
                Err("`phone.host` has to name this machine's address where `phone.listen` names none".into())
            }
            "" => Ok(listen.ip()),
            named => named.parse().map_err(|_| format!("`phone.host`: `{named}` is no address")),
        }
    }
}
