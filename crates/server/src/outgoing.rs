//! Requests that we send ourselves. They reach the public net, and private networks only where the configuration
//! names them: an address that an administrator types must not become a door into the house.

use crate::config::Network;
use reqwest::{
    Client, RequestBuilder, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::Policy,
};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

/// All requests that we send ourselves leave by this one.
#[derive(Clone, Debug)]
pub struct Outgoing {
    pub door: Door,
    client: Client,
}

impl Outgoing {
    pub fn new(private: &[Network]) -> reqwest::Result<Self> {
        let door = Door::new(private);
        let client = door.client()?;
        Ok(Self { door, client })
    }

    /// A POST to an address that may be reached.
    pub fn post(&self, url: &str) -> Result<RequestBuilder, String> {
        Ok(self.client.post(self.admitted(url)?))
    }

    pub fn get(&self, url: &str) -> Result<RequestBuilder, String> {
        Ok(self.client.get(self.admitted(url)?))
    }

    fn admitted(&self, url: &str) -> Result<Url, String> {
        let url = Url::parse(url).map_err(|error| error.to_string())?;
        if self.door.admits_url(&url) {
            return Ok(url);
        }
        Err("the address lies in a private network that the configuration does not allow".into())
    }
}

/// An error with its causes down to the first, without the address: that may hold a key.
pub fn told(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(it) = cause {
        words = format!("{words}: {it}");
        cause = it.source();
    }
    words.chars().take(500).collect()
}

/// Which addresses may be reached.
#[derive(Clone, Debug)]
pub struct Door {
    private: Arc<[Network]>,
}

impl Door {
    pub fn new(private: &[Network]) -> Self {
        Self { private: private.into() }
    }

    pub fn admits(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        is_public(ip) || self.private.iter().any(|network| network.contains(ip))
    }

    /// Whether an address may be tried at all: a host that is an address is not looked up, so it is judged here.
    pub fn admits_url(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        matches!(url.scheme(), "http" | "https")
            && !host.is_empty()
            && literal.map_or(true, |ip| self.admits(ip))
    }

    /// A client that connects to admitted addresses only, follows no redirects and waits ten seconds at most.
    fn client(&self) -> reqwest::Result<Client> {
        Client::builder()
            .dns_resolver(self.clone())
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(10))
            .user_agent(concat!("yingda/", env!("CARGO_PKG_VERSION")))
            .build()
    }
}

impl Resolve for Door {
    /// The addresses that were checked are those that are connected to: nothing can change in between.
    fn resolve(&self, name: Name) -> Resolving {
        let door = self.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let admitted: Vec<SocketAddr> = found.filter(|address| door.admits(address.ip())).collect();
            if admitted.is_empty() {
                return Err(format!("{} has no address that may be reached", name.as_str()).into());
            }
            Ok(Box::new(admitted.into_iter()) as Addrs)
        })
    }
}

fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let is_reserved = ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_broadcast()
        || ip.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19));
    !is_reserved
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    // Global unicast only, and in it neither documentation nor the ways of wrapping an IPv4 address.
    a & 0xe000 == 0x2000 && !(a == 0x2001 && (b == 0xdb8 || b == 0)) && a != 0x2002
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_networks_are_out_of_reach_unless_named() {
        let closed = Door::new(&[]);
        for ip in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "198.18.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fd00::1",
            "fe80::1",
            "::ffff:127.0.0.1",
            "2002:7f00:1::",
            "64:ff9b::7f00:1",
        ] {
            assert!(!closed.admits(ip.parse().unwrap()), "{ip}");
        }
        for ip in ["8.8.8.8", "1.1.1.1", "2606:4700::1111"] {
            assert!(closed.admits(ip.parse().unwrap()), "{ip}");
        }
        let opened = Door::new(&[Network::parse("10.1.0.0/16").unwrap()]);
        assert!(opened.admits("10.1.2.3".parse().unwrap()));
        assert!(!opened.admits("10.2.2.3".parse().unwrap()));
    }

    #[test]
    fn an_address_in_a_url_is_judged_however_it_is_written() {
        let closed = Door::new(&[]);
        for url in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://[::1]:80/",
            "http://[::ffff:10.0.0.1]/",
            "ftp://example.com/",
            "file:///etc/passwd",
        ] {
            assert!(!Url::parse(url).is_ok_and(|url| closed.admits_url(&url)), "{url}");
        }
        assert!(closed.admits_url(&Url::parse("https://example.com/hook").unwrap()));
    }
}
