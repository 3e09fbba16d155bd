//! Names and covers for what is kept: keyed and encrypted where the operator gave a key, else only hashed.

use super::{Failed, trying};
use crate::{config, random, secrets::same};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use hmac::{Hmac, KeyInit, Mac};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use sha2::{Digest, Sha256};
use std::{
    fs,
    io::{Read, Write},
};

const VARIABLE: &str = "YINGDA_BACKUP_KEY";
const NONCE: usize = 12;
const HASH: usize = 32;

/// What the operator holds.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl Key {
    pub fn fresh() -> Self {
        Self(random::bytes())
    }

    pub fn text(&self) -> String {
        hex::encode(self.0)
    }

    /// From the environment, else from the configured file; nothing where neither is given.
    pub fn of(config: &config::Backup) -> Result<Option<Key>, Failed> {
        let (text, place) = match std::env::var(VARIABLE) {
            Ok(text) => (text, format!("the variable {VARIABLE}")),
            Err(_) if config.key_file.as_os_str().is_empty() => return Ok(None),
            Err(_) => {
                let place = config.key_file.display().to_string();
                let text = fs::read_to_string(&config.key_file);
                (text.map_err(trying(format!("cannot read the key of backups, {place}")))?, place)
            }
        };
        let wrong =
            || Failed(format!("{place} must hold 32 random bytes, as 64 hexadecimal digits or base64"));
        Key::read(&text).map(Some).ok_or_else(wrong)
    }

    fn read(text: &str) -> Option<Key> {
        let text = text.trim();
        let bytes = hex::decode(text).ok().or_else(|| STANDARD.decode(text).ok())?;
        Some(Key(bytes.try_into().ok()?))
    }

    /// A key for one purpose in one folder.
    fn derive(&self, purpose: &str, salt: &[u8]) -> [u8; 32] {
        mac(&self.0, &[purpose.as_bytes(), &[0], salt])
    }
}

fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

pub(super) enum Seal {
    Locked { naming: [u8; 32], cipher: Box<LessSafeKey> },
    Plain,
}

impl Seal {
    pub fn new(key: Option<&Key>, salt: &[u8]) -> Self {
        let Some(key) = key else { return Seal::Plain };
        let cipher = UnboundKey::new(&CHACHA20_POLY1305, &key.derive("content", salt));
        let cipher = Box::new(LessSafeKey::new(cipher.expect("the key has 32 bytes")));
        Seal::Locked { naming: key.derive("name", salt), cipher }
    }

    /// Tells a wrong key at once; says nothing about the right one.
    pub fn proof(&self) -> String {
        match self {
            Seal::Locked { naming, .. } => hex::encode(mac(naming, &[b"proof"])),
            Seal::Plain => String::new(),
        }
    }

    pub fn has_proof(&self, proof: &str) -> bool {
        same(self.proof().as_bytes(), proof.as_bytes())
    }

    /// Equal content has equal names, which tell nothing of it to one without the key.
    pub fn name(&self, content: &[u8]) -> String {
        match self {
            Seal::Locked { naming, .. } => hex::encode(mac(naming, &[content])),
            Seal::Plain => hex::encode(Sha256::digest(content)),
        }
    }

    /// Compressed and covered; it opens only as what it is called.
    pub fn close(&self, called: &str, content: &[u8]) -> Vec<u8> {
        let mut packer = DeflateEncoder::new(Vec::with_capacity(content.len() / 3), Compression::fast());
        let packed = packer.write_all(content).and_then(|()| packer.finish());
        let mut packed = packed.expect("memory takes all that is written");
        match self {
            Seal::Locked { cipher, .. } => {
                let nonce: [u8; NONCE] = random::bytes();
                cipher
                    .seal_in_place_append_tag(
                        Nonce::assume_unique_for_key(nonce),
                        Aad::from(called.as_bytes()),
                        &mut packed,
                    )
                    .expect("a chunk is far below the cipher's limit");
                [&nonce[..], &packed].concat()
            }
            Seal::Plain => [&plain_hash(called, &packed)[..], &packed].concat(),
        }
    }

    /// Nothing when it is another thing, was changed, or has another key.
    pub fn open(&self, called: &str, mut closed: Vec<u8>) -> Option<Vec<u8>> {
        let packed = match self {
            Seal::Locked { cipher, .. } => {
                let (nonce, sealed) = closed.split_at_mut_checked(NONCE)?;
                let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
                &*cipher.open_in_place(nonce, Aad::from(called.as_bytes()), sealed).ok()?
            }
            Seal::Plain => {
                let (hash, packed) = closed.split_at_checked(HASH)?;
                (hash == plain_hash(called, packed)).then_some(packed)?
            }
        };
        let mut content = Vec::with_capacity(packed.len() * 4);
        DeflateDecoder::new(packed).read_to_end(&mut content).ok()?;
        Some(content)
    }
}

fn plain_hash(called: &str, packed: &[u8]) -> [u8; HASH] {
    let mut hash = Sha256::new();
    hash.update(called.as_bytes());
    hash.update([0]);
    hash.update(packed);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_opens_with_its_key_and_under_its_name_only() {
        let key = Key::read(&"ab".repeat(32)).unwrap();
        let seal = Seal::new(Some(&key), b"salt");
        let closed = seal.close("a", b"what was said, what was said, what was said");
        let opened = |seal: &Seal, called| seal.open(called, closed.clone());
        assert_eq!(opened(&seal, "a").as_deref(), Some(&b"what was said, what was said, what was said"[..]));
        assert_eq!(opened(&seal, "b"), None);
        assert_eq!(opened(&Seal::new(Some(&Key::fresh()), b"salt"), "a"), None);
        assert_eq!(opened(&Seal::new(Some(&key), b"other"), "a"), None);
        assert_eq!(opened(&Seal::Plain, "a"), None);
        assert!(!closed.windows(4).any(|part| part == b"what"));
        assert_ne!(seal.name(b"x"), Seal::Plain.name(b"x"), "a name does not tell its content");
        assert_ne!(closed, seal.close("a", b"what was said, what was said, what was said"));
    }

    #[test]
    fn a_key_is_read_in_both_spellings_and_a_short_one_is_none() {
        let key = Key::fresh();
        assert_eq!(Key::read(&format!("{}\n", key.text())).unwrap().0, key.0);
        assert_eq!(Key::read(&STANDARD.encode(key.0)).unwrap().0, key.0);
        assert!(Key::read("").is_none() && Key::read(&key.text()[2..]).is_none());
    }
}
