//! One secret key per installation, and all that is derived from it: visitor tokens, session hashes, sealed values.

use crate::{clock::Clock, random};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use sha2::Sha256;
use std::{fs, io, io::Write, path::Path};
use yingda_core::{
    At,
    id::{RecordId, VisitorId},
};

/// A visitor is remembered for so long after the last visit: each visit gives a fresh token.
const VISITOR_TOKEN_MS: At = 400 * 24 * 3_600_000;
const NONCE: usize = 12;
/// So many bytes of a seal stand in a link: short enough for an SMS, too long to be guessed.
const SEAL: usize = 12;
const OPERATOR_PREFIX: &str = "yo_";

pub struct Secrets {
    key: [u8; 32],
    clock: Clock,
}

impl Secrets {
    /// The key from the environment (`YINGDA_SECRET_KEY`, 64 hex digits), else from `<data>/secret.key`, which is
    /// made at the first start and readable by its owner only.
    pub fn open(data: &Path, from_environment: Option<&str>, clock: Clock) -> io::Result<Self> {
        let wrong = |place: String| {
            let message = format!("{place} must hold 64 hexadecimal digits (32 random bytes)");
            io::Error::new(io::ErrorKind::InvalidData, message)
        };
        let path = data.join("secret.key");
        let key = match from_environment {
            Some(text) => of_hex(text).ok_or_else(|| wrong("the variable YINGDA_SECRET_KEY".into()))?,
            None if path.exists() => {
                of_hex(&fs::read_to_string(&path)?).ok_or_else(|| wrong(path.display().to_string()))?
            }
            None => make_key(&path)?,
        };
        Ok(Self { key, clock })
    }

    /// A keyed hash; `purpose` keeps uses apart.
    pub fn mac(&self, purpose: &str, text: &[u8]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of every length");
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(text);
        mac.finalize().into_bytes().into()
    }

    /// What is stored of a token that only its bearer knows.
    pub fn token_hash(&self, token: &str) -> [u8; 32] {
        self.mac("token", token.as_bytes())
    }

    /// The token by which a browser shows that it is this visitor.
    pub fn visitor_token(&self, visitor: VisitorId) -> String {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&visitor.0.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.clock.now().to_be_bytes());
        let mac = self.mac("visitor", &bytes[..16]);
        bytes[16..].copy_from_slice(&mac[..16]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The visitor who bears this token, unless it is forged or too old.
    pub fn read_visitor_token(&self, token: &str) -> Option<VisitorId> {
        let mut bytes = [0; 32];
        let length = URL_SAFE_NO_PAD.decode_slice(token, &mut bytes).ok()?;
        let (text, mac) = bytes.split_at(16);
        let is_ours = length == 32 && same(mac, &self.mac("visitor", text)[..16]);
        let number = |part: &[u8]| i64::from_be_bytes(part.try_into().expect("eight bytes"));
        let age_ms = self.clock.now() - number(&text[8..]);
        (is_ours && age_ms < VISITOR_TOKEN_MS).then(|| VisitorId(number(&text[..8])))
    }

    /// A number that somebody outside carries, sealed so that they cannot make up another one.
    pub fn sealed_id(&self, purpose: &str, id: RecordId) -> String {
        let id = id.0.to_be_bytes();
        let seal = self.mac(purpose, &id);
        URL_SAFE_NO_PAD.encode([&id[..], &seal[..SEAL]].concat())
    }

    pub fn read_sealed_id(&self, purpose: &str, token: &str) -> Option<RecordId> {
        let mut bytes = [0; 8 + SEAL];
        let length = URL_SAFE_NO_PAD.decode_slice(token, &mut bytes).ok()?;
        let (id, seal) = bytes.split_at(8);
        let is_ours = length == bytes.len() && same(seal, &self.mac(purpose, id)[..SEAL]);
        is_ours.then(|| RecordId(i64::from_be_bytes(id.try_into().expect("eight bytes"))))
    }

    /// A token by which the command line on this machine, which can read the key, shows that it acts for the
    /// operator. It is good for two minutes.
    pub fn operator_token(&self) -> String {
        let at = self.clock.now().to_string();
        format!("{OPERATOR_PREFIX}{at}.{}", hex::encode(self.mac("operator", at.as_bytes())))
    }

    pub fn is_operator_token(&self, token: &str) -> bool {
        let Some((at, mac)) = token.strip_prefix(OPERATOR_PREFIX).and_then(|rest| rest.split_once('.'))
        else {
            return false;
        };
        let is_fresh = at.parse::<At>().is_ok_and(|at| (self.clock.now() - at).abs() < 120_000);
        is_fresh && same(mac.as_bytes(), hex::encode(self.mac("operator", at.as_bytes())).as_bytes())
    }

    /// Encrypts a value that is kept at rest.
    pub fn seal(&self, purpose: &str, plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE] = random::bytes();
        let mut sealed = plain.to_vec();
        self.cipher(purpose)
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut sealed)
            .expect("a short value can be sealed");
        [&nonce[..], &sealed].concat()
    }

    /// Decrypts what `seal` made; nothing when the key is another one or the bytes were changed.
    pub fn unseal(&self, purpose: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE)?;
        let mut plain = sealed.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let length = self.cipher(purpose).open_in_place(nonce, Aad::empty(), &mut plain).ok()?.len();
        plain.truncate(length);
        Some(plain)
    }

    fn cipher(&self, purpose: &str) -> LessSafeKey {
        let key = self.mac("seal", purpose.as_bytes());
        LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &key).expect("the key has 32 bytes"))
    }
}

/// Compares without telling by its time where two secrets differ.
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

/// A fresh token of 32 random bytes, as text.
pub fn fresh_token() -> String {
    URL_SAFE_NO_PAD.encode(random::bytes::<32>())
}

fn of_hex(text: &str) -> Option<[u8; 32]> {
    hex::decode(text.trim()).ok()?.try_into().ok()
}

fn make_key(path: &Path) -> io::Result<[u8; 32]> {
    use std::os::unix::fs::OpenOptionsExt;
    let key: [u8; 32] = random::bytes();
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{}", hex::encode(key))?;
    file.sync_all()?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(fill: u8) -> Secrets {
        Secrets { key: [fill; 32], clock: Clock::new() }
    }

    #[test]
    fn a_visitor_token_is_good_only_as_it_was_made() {
        let ours = secrets(1);
        let token = ours.visitor_token(VisitorId(77));
        assert_eq!(ours.read_visitor_token(&token), Some(VisitorId(77)));
        assert_eq!(secrets(2).read_visitor_token(&token), None, "another installation's token");
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(ours.read_visitor_token(std::str::from_utf8(&changed).unwrap()), None);
        }
        assert_eq!(ours.read_visitor_token(""), None);
        assert_eq!(ours.read_visitor_token(&"A".repeat(4_000)), None);
    }

    #[test]
    fn an_operator_token_is_good_only_here_and_now() {
        let token = secrets(1).operator_token();
        assert!(secrets(1).is_operator_token(&token));
        assert!(!secrets(2).is_operator_token(&token));
        let (_, mac) = token.split_once('.').unwrap();
        assert!(!secrets(1).is_operator_token(&format!("yo_1.{mac}")));
        assert!(!secrets(1).is_operator_token("yo_"));
    }

    #[test]
    fn a_sealed_value_opens_with_the_same_key_and_purpose_only() {
        let sealed = secrets(1).seal("totp", b"secret");
        assert_eq!(secrets(1).unseal("totp", &sealed).as_deref(), Some(&b"secret"[..]));
        assert_eq!(secrets(2).unseal("totp", &sealed), None);
        assert_eq!(secrets(1).unseal("other", &sealed), None);
        assert_eq!(secrets(1).unseal("totp", &sealed[..5]), None);
        assert!(!sealed.windows(6).any(|part| part == b"secret"));
    }
}
