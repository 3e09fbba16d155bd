//! Long messages: cut into parts when they leave, and put together again when they come.
//!
//! Parts know each other by a header before their octets (3GPP TS 23.040, section 9.2.3.24) or by parameters beside them
//! (sar_*). What never becomes whole is given up, and shown to people as far as it came.

use super::pdu::{HAS_HEADER, Short};
use std::collections::BTreeMap;
use yingda_core::At;
use yingda_store::sms_part::{Part, Whole};

/// So long parts wait for each other: networks try for a day.
const LONGEST_MS: At = 24 * 3_600_000;
/// So many messages of a channel wait for parts, and of one sender.
const MOST: usize = 1_000;
const MOST_OF_SENDER: usize = 5;

/// The octets of a part as it leaves, with the header that tells its place.
pub fn headed(reference: u8, total: u8, part: u8, octets: &[u8]) -> Vec<u8> {
    [&[5, 0, 3, reference, total, part], octets].concat()
}

/// What a message says of itself as a part, and its octets without that.
pub fn place(short: &Short) -> (Option<(u16, u8, u8)>, &[u8]) {
    if short.esm_class & HAS_HEADER == 0 {
        let place = match short.sar {
            (Some(reference), Some(total), Some(part)) => real((reference, total, part)),
            _ => None,
        };
        return (place, &short.octets);
    }
    let Some((header, octets)) =
        short.octets.split_first().and_then(|(length, rest)| rest.split_at_checked(usize::from(*length)))
    else {
        return (None, &short.octets);
    };
    let (mut rest, mut place) = (header, None);
    while let [kind, length, more @ ..] = rest {
        let Some((value, after)) = more.split_at_checked(usize::from(*length)) else { break };
        match (kind, value) {
            (0x00, [reference, total, part]) => place = real((u16::from(*reference), *total, *part)),
            (0x08, [high, low, total, part]) => {
                place = real((u16::from_be_bytes([*high, *low]), *total, *part));
            }
            _ => {}
        }
        rest = after;
    }
    (place, octets)
}

/// One of one is a whole, and what has no place among the others as well.
fn real(place: (u16, u8, u8)) -> Option<(u16, u8, u8)> {
    let (_, total, part) = place;
    (total > 1 && (1..=total).contains(&part)).then_some(place)
}

/// Octets that belong together, and how they are written.
#[derive(Debug, Default, PartialEq)]
pub struct Joined {
    pub whole: Whole,
    pub coding: u8,
    pub octets: Vec<u8>,
    /// How many of its parts these are.
    pub parts: usize,
}

/// Messages of a channel that wait for parts.
#[derive(Debug, Default)]
pub struct Waiting(BTreeMap<Whole, BTreeMap<u8, Part>>);

impl Waiting {
    pub fn of(parts: Vec<Part>) -> Self {
        let mut waiting = Self::default();
        for part in parts {
            waiting.0.entry(part.whole.clone()).or_default().insert(part.part, part);
        }
        waiting
    }

    /// Takes a part in. The message, when it is whole by it.
    pub fn add(&mut self, part: Part) -> Option<Joined> {
        let (whole, total) = (part.whole.clone(), usize::from(part.whole.total));
        let parts = self.0.entry(whole.clone()).or_default();
        parts.entry(part.part).or_insert(part);
        if parts.len() < total { None } else { self.take(&whole) }
    }

    /// What waited too long, or is too much, as far as it came.
    pub fn give_up(&mut self, now: At) -> Vec<Joined> {
        let mut by_age: Vec<(At, Whole)> =
            self.0.iter().map(|(whole, parts)| (began(parts), whole.clone())).collect();
        by_age.sort_unstable();
        by_age.reverse();
        let (mut all, mut of_sender) = (0, BTreeMap::<String, usize>::new());
        by_age.retain(|(began_at, whole)| {
            let of_sender = of_sender.entry(whole.term.clone()).or_default();
            *of_sender += 1;
            all += 1;
            *of_sender > MOST_OF_SENDER || all > MOST || now - began_at >= LONGEST_MS
        });
        by_age.iter().filter_map(|(_, whole)| self.take(whole)).collect()
    }

    /// When the next of them has waited too long.
    pub fn ends_at(&self) -> Option<At> {
        self.0.values().map(|parts| began(parts) + LONGEST_MS).min()
    }

    fn take(&mut self, whole: &Whole) -> Option<Joined> {
        let parts = self.0.remove(whole)?;
        let coding = parts.values().next().map_or(0, |it| it.coding);
        let octets = parts.values().flat_map(|it| it.body.iter().copied()).collect();
        Some(Joined { whole: whole.clone(), coding, octets, parts: parts.len() })
    }
}

fn began(parts: &BTreeMap<u8, Part>) -> At {
    parts.values().map(|it| it.received_at).min().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(term: &str, reference: u16, part: u8, received_at: At) -> Part {
        let whole = Whole { term: term.into(), receiver: "106".into(), reference, total: 3 };
        Part { whole, part, coding: 0, body: vec![b'0' + part], received_at }
    }

    #[test]
    fn sys_10_a_part_is_known_by_its_header_or_by_its_parameters() {
        let headed = |octets: Vec<u8>| Short { esm_class: HAS_HEADER, octets, ..Short::default() };
        let short = headed(super::headed(7, 2, 1, b"abc"));
        assert_eq!(place(&short), (Some((7, 2, 1)), &b"abc"[..]));
        let wide = headed(vec![6, 8, 4, 1, 7, 2, 2, b'x']);
        assert_eq!(place(&wide), (Some((0x0107, 2, 2)), &b"x"[..]));
        let ports = headed(vec![11, 5, 4, 0, 1, 0, 2, 0, 3, 9, 2, 2, b'x']);
        assert_eq!(place(&ports), (Some((9, 2, 2)), &b"x"[..]), "among other elements");
        assert_eq!(place(&headed(vec![5, 0, 3, 7, 1, 1, b'x'])), (None, &b"x"[..]), "one of one");
        assert_eq!(place(&headed(vec![5, 0, 3, 7, 2, 3, b'x'])), (None, &b"x"[..]), "the third of two");
        assert_eq!(place(&headed(vec![200, 0])), (None, &[200, 0][..]), "a header longer than all");
        let beside = Short { sar: (Some(7), Some(2), Some(2)), octets: b"x".to_vec(), ..Short::default() };
        assert_eq!(place(&beside), (Some((7, 2, 2)), &b"x"[..]));
    }

    #[test]
    fn sys_10_parts_come_in_any_order_and_twice() {
        let mut waiting = Waiting::of(vec![part("a", 1, 3, 0)]);
        assert_eq!(waiting.add(part("a", 1, 1, 1)), None);
        assert_eq!(waiting.add(part("a", 1, 1, 2)), None);
        assert_eq!(waiting.add(part("b", 1, 2, 2)), None, "another sender's");
        let joined = waiting.add(part("a", 1, 2, 3)).unwrap();
        assert_eq!((joined.octets.as_slice(), joined.parts), (&b"123"[..], 3));
        assert_eq!(waiting.0.len(), 1);
    }

    #[test]
    fn sys_10_what_never_becomes_whole_is_given_up_the_oldest_first() {
        let mut waiting = Waiting::default();
        for n in 0..6 {
            waiting.add(part("a", n, 2, At::from(n)));
        }
        let given_up = waiting.give_up(10);
        assert_eq!(given_up.iter().map(|it| it.whole.reference).collect::<Vec<u16>>(), [0]);
        assert_eq!((given_up[0].octets.as_slice(), given_up[0].parts), (&b"2"[..], 1));
        assert_eq!(waiting.ends_at(), Some(1 + LONGEST_MS));
        assert_eq!(waiting.give_up(2 + LONGEST_MS).len(), 2);
        for n in 0..1_100 {
            waiting.add(part(&n.to_string(), 0, 1, 3 + LONGEST_MS));
        }
        waiting.give_up(4 + LONGEST_MS);
        assert_eq!(waiting.0.len(), MOST);
    }
}
