//! Who registers or calls: digest with MD5 and SHA-256 (RFC 8760), nonces that are ours and live for a while, and a wait for
//! whoever guesses.

use crate::house;
use md5::Md5;
use sha2::{Digest as _, Sha256};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::Mutex,
    time::{Duration, Instant},
};

const NONCE_LIVES: Duration = Duration::from_secs(300);
/// Each challenge makes one; whoever floods forces out only the oldest.
const MOST_NONCES: usize = 20_000;
const GUESSES: u32 = 10;
const GUESSES_WITHIN: Duration = Duration::from_secs(60);
const BLOCKED_FOR: Duration = Duration::from_secs(300);
const MOST_SOURCES: usize = 50_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// No word of who it is, or an outdated one.
    Challenge {
        stale: bool,
    },
    Wrong,
    /// Too many guesses from there.
    Blocked,
}

struct Nonce {
    born: Instant,
    /// The highest count that was used with it: an answer that was overheard is worth nothing.
    count: u32,
}

struct Source {
    since: Instant,
    wrong: u32,
    blocked_until: Option<Instant>,
}

#[derive(Default)]
pub struct Digest {
    realm: String,
    strong: bool,
    nonces: Mutex<HashMap<String, Nonce>>,
    sources: Mutex<HashMap<IpAddr, Source>>,
}

impl Digest {
    pub fn new(realm: &str, strong: bool) -> Self {
        Self { realm: realm.to_owned(), strong, ..Self::default() }
    }

    /// The challenges, the better one first. Only MD5 where phones have to register that refuse to speak with anybody who
    /// knows more than it, as browsers' do.
    pub fn challenges(&self, stale: bool, web: bool) -> Vec<String> {
        let nonce = house::token();
        let now = house::now();
        let mut nonces = self.nonces.lock().expect("no panic while it is held");
        if nonces.len() >= MOST_NONCES {
            nonces.retain(|_, it| now.duration_since(it.born) < NONCE_LIVES);
        }
        if nonces.len() >= MOST_NONCES
            && let Some(oldest) = nonces.iter().min_by_key(|(_, it)| it.born).map(|(key, _)| key.clone())
        {
            nonces.remove(&oldest);
        }
        nonces.insert(nonce.clone(), Nonce { born: now, count: 0 });
        let stale = if stale { ", stale=true" } else { "" };
        let algorithms: &[_] = if self.strong && !web { &["SHA-256", "MD5"] } else { &["MD5"] };
        algorithms
            .iter()
            .map(|algorithm| {
                let realm = &self.realm;
                format!(
                    r#"Digest realm="{realm}", nonce="{nonce}", algorithm={algorithm}, qop="auth"{stale}"#
                )
            })
            .collect()
    }

    /// Checks an `Authorization` and tells whose it is.
    pub fn check(
        &self,
        header: Option<&str>,
        method: &str,
        from: IpAddr,
        password_of: impl Fn(&str) -> Option<String>,
    ) -> Result<String, Denied> {
        let now = house::now();
        if self.is_blocked(from, now) {
            return Err(Denied::Blocked);
        }
        let Some(answer) = header.and_then(Answer::read) else {
            return Err(Denied::Challenge { stale: false });
        };
        self.spend(&answer, now)?;
        // A name that nobody has costs the same work as a wrong password.
        let password = password_of(answer.username);
        let right = answer.expected(method, password.as_deref().unwrap_or_default());
        let same = constant_time_equal(right.as_bytes(), answer.response.to_ascii_lowercase().as_bytes());
        if password.is_some() && same && answer.realm == self.realm {
            self.sources.lock().expect("no panic while it is held").remove(&from);
            return Ok(answer.username.to_owned());
        }
        self.guessed(from, now);
        Err(Denied::Wrong)
    }

    fn spend(&self, answer: &Answer, now: Instant) -> Result<(), Denied> {
        let mut nonces = self.nonces.lock().expect("no panic while it is held");
        let Some(nonce) = nonces.get_mut(answer.nonce) else { return Err(Denied::Challenge { stale: true }) };
        let count = match answer.qop {
            Some(_) => u32::from_str_radix(answer.nc, 16).unwrap_or(0),
            None => nonce.count + 1,
        };
        if now.duration_since(nonce.born) >= NONCE_LIVES || count <= nonce.count {
            return Err(Denied::Challenge { stale: true });
        }
        nonce.count = count;
        Ok(())
    }

    fn is_blocked(&self, from: IpAddr, now: Instant) -> bool {
        let sources = self.sources.lock().expect("no panic while it is held");
        sources.get(&from).and_then(|it| it.blocked_until).is_some_and(|until| now < until)
    }

    fn guessed(&self, from: IpAddr, now: Instant) {
        let mut sources = self.sources.lock().expect("no panic while it is held");
        if sources.len() >= MOST_SOURCES {
            sources.retain(|_, it| now.duration_since(it.since) < BLOCKED_FOR);
        }
        let source = sources.entry(from).or_insert(Source { since: now, wrong: 0, blocked_until: None });
        if now.duration_since(source.since) > GUESSES_WITHIN {
            *source = Source { since: now, wrong: 0, blocked_until: None };
        }
        source.wrong += 1;
        if source.wrong >= GUESSES {
            tracing::warn!(%from, "too many wrong passwords: blocked for a while");
            source.blocked_until = Some(now + BLOCKED_FOR);
        }
    }
}

fn constant_time_equal(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && left.iter().zip(right).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}

#[derive(Default)]
struct Answer<'a> {
    username: &'a str,
    realm: &'a str,
    nonce: &'a str,
    uri: &'a str,
    response: &'a str,
    algorithm: &'a str,
    cnonce: &'a str,
    nc: &'a str,
    qop: Option<&'a str>,
}

impl<'a> Answer<'a> {
    fn read(header: &'a str) -> Option<Self> {
        let (scheme, rest) = header.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("digest") {
            return None;
        }
        let mut answer = Self::default();
        for part in super::screen::values(rest) {
            let (key, value) = part.split_once('=')?;
            let value = value.trim().trim_matches('"');
            match key.trim().to_ascii_lowercase().as_str() {
                "username" => answer.username = value,
                "realm" => answer.realm = value,
                "nonce" => answer.nonce = value,
                "uri" => answer.uri = value,
                "response" => answer.response = value,
                "algorithm" => answer.algorithm = value,
                "cnonce" => answer.cnonce = value,
                "nc" => answer.nc = value,
                "qop" => answer.qop = Some(value),
                _ => {}
            }
        }
        (!answer.username.is_empty() && !answer.nonce.is_empty()).then_some(answer)
    }

    fn expected(&self, method: &str, password: &str) -> String {
        let hash = |text: String| match self.algorithm.to_ascii_uppercase().as_str() {
            "SHA-256" => hex::encode(Sha256::digest(text)),
            _ => hex::encode(Md5::digest(text)),
        };
        let one = hash(format!("{}:{}:{password}", self.username, self.realm));
        let two = hash(format!("{method}:{}", self.uri));
        match self.qop {
            Some(qop) => hash(format!("{one}:{}:{}:{}:{qop}:{two}", self.nonce, self.nc, self.cnonce)),
            None => hash(format!("{one}:{}:{two}", self.nonce)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn known(name: &str) -> Option<String> {
        (name == "alice").then(|| "wonder".to_owned())
    }

    /// What a phone sends back to a challenge.
    fn respond(digest: &Digest, algorithm: &str, password: &str, nc: &str) -> String {
        let nonce = digest.challenges(false, false)[0].split('"').nth(3).map(str::to_owned).expect("a nonce");
        with_nonce(&nonce, algorithm, password, nc)
    }

    fn with_nonce(nonce: &str, algorithm: &str, password: &str, nc: &str) -> String {
        let answer = Answer {
            username: "alice",
            realm: "house",
            nonce,
            uri: "sip:house",
            algorithm,
            cnonce: "c",
            nc,
            qop: Some("auth"),
            ..Answer::default()
        };
        let response = answer.expected("REGISTER", password);
        format!(
            r#"Digest username="alice", realm="house", nonce="{nonce}", uri="sip:house", response="{response}", algorithm={algorithm}, cnonce="c", nc={nc}, qop=auth"#
        )
    }

    #[test]
    fn sys_05_the_example_of_rfc_7616_gives_its_answers() {
        let answer = |algorithm| Answer {
            username: "Mufasa",
            realm: "http-auth@example.org",
            nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            uri: "/dir/index.html",
            algorithm,
            cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            nc: "00000001",
            qop: Some("auth"),
            ..Answer::default()
        };
        assert_eq!(answer("MD5").expected("GET", "Circle of Life"), "8ca523f5e9506fed4657c9700eebdbec");
        assert_eq!(
            answer("SHA-256").expected("GET", "Circle of Life"),
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
        );
    }

    #[test]
    fn sys_05_the_right_password_opens_and_an_answer_counts_once() {
        let digest = Digest::new("house", true);
        assert!(digest.challenges(false, false)[0].contains("SHA-256"), "the better one stands first");
        assert_eq!(
            Digest::new("house", false).challenges(false, false).len(),
            1,
            "and is offered only where all know it"
        );
        for algorithm in ["MD5", "SHA-256"] {
            let header = respond(&digest, algorithm, "wonder", "00000001");
            assert_eq!(digest.check(Some(&header), "REGISTER", FROM, known), Ok("alice".to_owned()));
            let again = digest.check(Some(&header), "REGISTER", FROM, known);
            assert_eq!(again, Err(Denied::Challenge { stale: true }), "it was overheard");
        }
        assert_eq!(digest.check(None, "REGISTER", FROM, known), Err(Denied::Challenge { stale: false }));
        let foreign = with_nonce("made-up", "MD5", "wonder", "00000001");
        assert_eq!(
            digest.check(Some(&foreign), "REGISTER", FROM, known),
            Err(Denied::Challenge { stale: true })
        );
    }

    #[test]
    fn sys_05_whoever_guesses_waits() {
        let digest = Digest::new("house", true);
        for _ in 0..GUESSES {
            let header = respond(&digest, "MD5", "guess", "00000001");
            assert_eq!(digest.check(Some(&header), "REGISTER", FROM, known), Err(Denied::Wrong));
        }
        let right = respond(&digest, "MD5", "wonder", "00000001");
        assert_eq!(digest.check(Some(&right), "REGISTER", FROM, known), Err(Denied::Blocked));
        let elsewhere = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
        assert_eq!(digest.check(Some(&right), "REGISTER", elsewhere, known), Ok("alice".to_owned()));
    }
}
