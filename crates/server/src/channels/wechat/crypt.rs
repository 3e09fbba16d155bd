//! Signatures and decryption of callbacks, as the platform's documents on message encryption (消息加解密说明) describe
//! them: AES-256-CBC under a key of 43 Base64 characters, and SHA-1 over what is sorted.

use aes::Aes256;
use base64::{
    Engine as _,
    alphabet::STANDARD as ALPHABET,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use cbc::cipher::{BlockModeDecrypt, KeyIvInit, block_padding::NoPadding};
use sha1::{Digest, Sha1};

/// The platform pads to whole blocks of this many bytes (PKCS #7).
const BLOCK: usize = 32;
/// So many random bytes stand in front.
const SALT: usize = 16;

/// Hex SHA-1 over the sorted parts.
pub fn signature(parts: &[&str]) -> String {
    let mut sorted = parts.to_vec();
    sorted.sort_unstable();
    hex::encode(Sha1::digest(sorted.concat()))
}

/// An EncodingAESKey as it stands on the platform's page.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl Key {
    pub fn parse(text: &str) -> Option<Self> {
        // 43 characters are 258 bits: the last two say nothing, whatever they are.
        let lax = GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::Indifferent);
        GeneralPurpose::new(&ALPHABET, lax).decode(text.trim()).ok()?.try_into().ok().map(Self)
    }

    fn iv(&self) -> [u8; 16] {
        let mut iv = [0; 16];
        iv.copy_from_slice(&self.0[..16]);
        iv
    }

    /// Gives the message, when it is for this receiver.
    pub fn open(&self, sealed: &str, receiver: &str) -> Option<Vec<u8>> {
        let mut bytes = STANDARD.decode(sealed.trim()).ok()?;
        let plain = cbc::Decryptor::<Aes256>::new(&self.0.into(), &self.iv().into())
            .decrypt_padded::<NoPadding>(&mut bytes)
            .ok()?;
        let pad = usize::from(*plain.last()?);
        let plain = plain.get(..plain.len().checked_sub(pad)?).filter(|_| (1..=BLOCK).contains(&pad))?;
        let (length, rest) = plain.get(SALT..)?.split_first_chunk::<4>()?;
        let (message, to) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        (to == receiver.as_bytes()).then(|| message.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";

    #[test]
    fn a_signature_is_the_sha1_of_the_sorted_parts() {
        // printf '1234561409735669token' | sha1sum
        assert_eq!(signature(&["token", "1409735669", "123456"]), "d9e2aab202e210ef3d405ed320992081e1173367");
    }

    #[test]
    fn what_is_sealed_opens_with_its_key_for_its_receiver_only() {
        // Made by OpenSSL's AES-256-CBC under KEY: "0123456789abcdef", the length, the message, "wx1", padding to 32.
        let sealed =
            "Q3stYC6hdFzMh9T8HCvyDORchGzARlxqyFUOtgi0n8H5RhYBfRcbSe8nE+q5Tcwu5uR8RvTWiSHsYOoHcre7Ow==";
        let key = Key::parse(KEY).unwrap();
        assert_eq!(key.open(sealed, "wx1").as_deref(), Some("<xml>你好</xml>".as_bytes()));
        assert_eq!(key.open(sealed, "wx2"), None);
        assert_eq!(Key::parse(&KEY.to_uppercase()).unwrap().open(sealed, "wx1"), None);
    }

    #[test]
    fn what_nobody_sealed_is_nothing() {
        let key = Key::parse(KEY).unwrap();
        for text in ["", "x", "AAAA", &STANDARD.encode([0; 32]), &STANDARD.encode([255; 64])] {
            assert_eq!(key.open(text, "wx1"), None, "{text}");
        }
        assert!(Key::parse("short").is_none());
    }
}
