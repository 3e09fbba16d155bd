//! Who sends a request, as far as the connection tells: address, whether over TLS, language.

use crate::{app::Shared, config::Config};
use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, header},
    middleware::Next,
    response::Response,
};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use yingda_core::lang::Lang;

/// The other end of a connection, put there by the accept loop.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    pub address: SocketAddr,
    pub over_tls: bool,
}

#[derive(Clone, Copy, Debug)]
pub struct Client {
    pub ip: IpAddr,
    pub is_secure: bool,
    pub lang: Lang,
}

/// A layer: works out the client once for all handlers.
pub async fn recognise(State(app): State<Shared>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<Peer>>().map_or(
        // Only a test that calls the router without a connection has no peer.
        Peer { address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0), over_tls: false },
        |info| info.0,
    );
    let lang = language(request.uri().query(), request.headers());
    let (ip, is_secure) = forwarded(&app.config, peer, request.headers());
    request.extensions_mut().insert(Client { ip, is_secure, lang });
    next.run(request).await
}

/// `?lang=` wins over `Accept-Language`.
fn language(query: Option<&str>, headers: &HeaderMap) -> Lang {
    let asked =
        query.into_iter().flat_map(|query| query.split('&')).find_map(|pair| pair.strip_prefix("lang="));
    let accepted = || headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    asked.or_else(accepted).map_or(Lang::Zh, Lang::of_tag)
}

/// The address that counts: the last one in `X-Forwarded-For` that is not a trusted proxy, and the peer's own
/// when the peer is not trusted at all.
fn forwarded(config: &Config, peer: Peer, headers: &HeaderMap) -> (IpAddr, bool) {
    let is_trusted = |ip: IpAddr| config.proxy.trusted.iter().any(|network| network.contains(ip));
    let peer_ip = peer.address.ip().to_canonical();
    if !is_trusted(peer_ip) {
        return (peer_ip, peer.over_tls || config.is_secure());
    }
    let chain: Vec<IpAddr> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|part| part.trim().parse().ok())
        .collect();
    let ip =
        chain.iter().rev().copied().find(|ip| !is_trusted(*ip)).or(chain.first().copied()).unwrap_or(peer_ip);
    let over_tls = headers.get("x-forwarded-proto").map_or(peer.over_tls, |proto| proto == "https");
    (ip.to_canonical(), over_tls || config.is_secure())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    fn seen(trusted: &str, peer: &str, forwarded_for: &str) -> String {
        let text = format!("[proxy]\ntrusted = [{trusted}]\n");
        let config = config::load(Some(config::Source { name: "f", text: &text }), [], &[]).unwrap();
        let peer = Peer { address: peer.parse().unwrap(), over_tls: false };
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", forwarded_for.parse().unwrap());
        headers.insert("x-forwarded-proto", "https".parse().unwrap());
        let (ip, is_secure) = forwarded(&config, peer, &headers);
        format!("{ip} {is_secure}")
    }

    #[test]
    fn forwarded_addresses_count_only_from_trusted_proxies() {
        assert_eq!(seen("", "9.9.9.9:1", "1.2.3.4"), "9.9.9.9 false");
        assert_eq!(seen("\"10.0.0.0/8\"", "10.0.0.1:1", "1.2.3.4"), "1.2.3.4 true");
        assert_eq!(
            seen("\"10.0.0.0/8\"", "10.0.0.1:1", "6.6.6.6, 1.2.3.4, 10.0.0.7"),
            "1.2.3.4 true",
            "what a client wrote in front of the proxies' entries is not believed"
        );
        assert_eq!(seen("\"10.0.0.0/8\"", "10.0.0.1:1", "junk"), "10.0.0.1 true");
    }

    #[test]
    fn the_query_names_the_language_before_the_header() {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, "en-GB,zh;q=0.5".parse().unwrap());
        assert_eq!(language(None, &headers), Lang::En);
        assert_eq!(language(Some("a=1&lang=zh-CN"), &headers), Lang::Zh);
        assert_eq!(language(None, &HeaderMap::new()), Lang::Zh);
    }
}
