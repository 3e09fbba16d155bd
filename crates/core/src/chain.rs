//! The hash chain over the log: tampering with a stored event shows.
//!
//! `digest = SHA-256(salt ‖ len(body) ‖ body ‖ private)` and `hash = SHA-256(prev ‖ header ‖ digest)`. Erasing a
//! person's data removes body, private part and salt; header and digest stay, and so does the chain.

use crate::At;
use sha2::{Digest, Sha256};

pub type Hash = [u8; 32];

/// What stays of an event for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    pub site: i64,
    pub seq: u64,
    pub at: At,
    pub on_kind: i16,
    pub on_id: i64,
    pub kind: &'a str,
    pub actor_kind: i16,
    pub actor_id: i64,
    pub audience: i16,
}

pub fn digest(salt: &[u8], body: &[u8], private: Option<&str>) -> Hash {
    let mut hash = Sha256::new();
    hash.update(salt);
    hash.update((body.len() as u64).to_be_bytes());
    hash.update(body);
    hash.update(private.unwrap_or_default());
    hash.finalize().into()
}

pub fn link(prev: &Hash, header: Header<'_>, digest: &Hash) -> Hash {
    let mut hash = Sha256::new();
    hash.update(prev);
    hash.update(header.site.to_be_bytes());
    hash.update(header.seq.to_be_bytes());
    hash.update(header.at.to_be_bytes());
    hash.update(header.on_kind.to_be_bytes());
    hash.update(header.on_id.to_be_bytes());
    hash.update((header.kind.len() as u64).to_be_bytes());
    hash.update(header.kind);
    hash.update(header.actor_kind.to_be_bytes());
    hash.update(header.actor_id.to_be_bytes());
    hash.update(header.audience.to_be_bytes());
    hash.update(digest);
    hash.finalize().into()
}

/// An event as it is kept. After an erasure header, digest and hash are left.
#[derive(Clone, Copy, Debug)]
pub struct Kept<'a> {
    pub header: Header<'a>,
    pub salt: Option<&'a [u8]>,
    pub body: Option<&'a [u8]>,
    pub private: Option<&'a str>,
    pub digest: Hash,
    pub hash: Hash,
}

/// The first event that is not as it was written, and the head of the chain before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken {
    pub seq: u64,
    pub head: Hash,
}

/// The head of the chain after these events, which follow the event numbered `seq` with the hash `head`.
pub fn verify<'a>(head: Hash, seq: u64, events: impl IntoIterator<Item = Kept<'a>>) -> Result<Hash, Broken> {
    events.into_iter().zip(seq + 1..).try_fold(head, |head, (event, seq)| {
        let is_whole = match (event.salt, event.body) {
            (Some(salt), Some(body)) => digest(salt, body, event.private) == event.digest,
            // Only the digest vouches for what was erased, and an erasure leaves nothing else behind.
            (None, None) => event.private.is_none(),
            _ => false,
        };
        let hash = link(&head, event.header, &event.digest);
        let follows = is_whole && event.header.seq == seq && event.hash == hash;
        if follows { Ok(hash) } else { Err(Broken { seq, head }) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: [u8; 16] =
        [0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff];

    fn header(kind: &str) -> Header<'_> {
        Header {
            site: 1,
            seq: 1,
            at: 1_795_305_600_000,
            on_kind: 0,
            on_id: 42,
            kind,
            actor_kind: 1,
            actor_id: 9,
            audience: 0,
        }
    }

    /// The expected values come from `sha256sum` over the same bytes, put together with `xxd`.
    #[test]
    fn hashes_are_those_of_other_programs() {
        let plain = digest(&SALT, br#"{"a":1}"#, None);
        assert_eq!(hex::encode(plain), "7755a517fb706d0c38c3187b3f813df2e40a11d013d745dd73925a1d25112ffd");
        let with_private = digest(&SALT, br#"{"a":1}"#, Some(r#"{"ip":"x"}"#));
        assert_eq!(
            hex::encode(with_private),
            "b29c2751bc65a9ba7f49e4d47d892b7215990310d036f12ce5f30c0db2df4dff"
        );
        let hash = link(&[0; 32], header("message_posted"), &plain);
        assert_eq!(hex::encode(hash), "82c5dcd9971016f4d551fe001d94760543ec6dbaad794db2b0acfeef6b9db2b0");
    }

    #[test]
    fn every_part_of_an_event_counts() {
        let plain = digest(&SALT, b"body", None);
        assert_ne!(plain, digest(&[0; 16], b"body", None));
        assert_ne!(plain, digest(&SALT, b"bodY", None));
        assert_ne!(plain, digest(&SALT, b"bo", Some("dy")), "text cannot move from body to private part");

        let base = header("rated");
        let hash = link(&[0; 32], base, &plain);
        let changed = [
            link(&[1; 32], base, &plain),
            link(&[0; 32], base, &[0; 32]),
            link(&[0; 32], header("rate"), &plain),
            link(&[0; 32], Header { site: 2, ..base }, &plain),
            link(&[0; 32], Header { seq: 2, ..base }, &plain),
            link(&[0; 32], Header { at: base.at + 1, ..base }, &plain),
            link(&[0; 32], Header { on_kind: 1, ..base }, &plain),
            link(&[0; 32], Header { on_id: 43, ..base }, &plain),
            link(&[0; 32], Header { actor_kind: 2, ..base }, &plain),
            link(&[0; 32], Header { actor_id: 8, ..base }, &plain),
            link(&[0; 32], Header { audience: 1, ..base }, &plain),
        ];
        assert!(!changed.contains(&hash));
    }
    #[test]
    fn the_first_event_that_was_touched_is_found() {
        let bodies = ["one", "two", "three", "four"];
        let mut head = [0; 32];
        let events: Vec<Kept> = (1..)
            .zip(bodies)
            .map(|(seq, body)| {
                let header = Header { seq, ..header("message_posted") };
                let digest = digest(&SALT, body.as_bytes(), None);
                head = link(&head, header, &digest);
                let (salt, body) = (Some(&SALT[..]), Some(body.as_bytes()));
                Kept { header, salt, body, private: None, digest, hash: head }
            })
            .collect();
        let check = |change: &dyn Fn(&mut Vec<Kept<'_>>)| {
            let mut events = events.clone();
            change(&mut events);
            verify([0; 32], 0, events).map_err(|broken| broken.seq)
        };
        assert_eq!(check(&|_| {}), Ok(head));
        let erase = |events: &mut Vec<Kept<'_>>| (events[1].salt, events[1].body) = (None, None);
        assert_eq!(check(&erase), Ok(head), "an erasure leaves the chain whole");
        assert_eq!(check(&|events| events[2].body = Some(b"threE")), Err(3), "a changed word");
        assert_eq!(check(&|events| events[2].private = Some("{}")), Err(3), "something added");
        assert_eq!(check(&|events| events[1].body = None), Err(2), "half an erasure");
        assert_eq!(check(&|events| events[3].header.actor_id = 1), Err(4), "somebody else's name");
        assert_eq!(check(&|events| _ = events.remove(1)), Err(2), "an event that is gone");
        assert_eq!(check(&|events| events.swap(0, 1)), Err(1), "another order");
        // Who rewrites an event with all that belongs to it still breaks the one after it.
        let rewritten = check(&|events| {
            events[1].body = Some(b"tvo");
            events[1].digest = digest(&SALT, b"tvo", None);
            events[1].hash = link(&events[0].hash, events[1].header, &events[1].digest);
        });
        assert_eq!(rewritten, Err(3));
    }
}
