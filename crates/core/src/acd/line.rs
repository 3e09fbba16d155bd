//! An ordered line of contacts: quick at both ends, where contacts are taken and arrive, and able to tell a place in
//! it without counting one by one.

use crate::id::ConversationId;
use std::collections::VecDeque;

/// What a line is ordered by: an instant or a rank, and the contact to break ties.
pub(super) type Key = (i64, ConversationId);

const CHUNK: usize = 256;

/// Sorted chunks, none of them empty.
#[derive(Clone, Debug, Default)]
pub(super) struct Line(VecDeque<VecDeque<Key>>);

impl Line {
    pub fn insert(&mut self, key: Key) {
        // Nearly all arrive at the end, and a line that grows there keeps full chunks behind it.
        if self.0.back().is_none_or(|chunk| chunk.back().is_none_or(|last| *last < key)) {
            return match self.0.back_mut() {
                Some(chunk) if chunk.len() < CHUNK => chunk.push_back(key),
                _ => self.0.push_back(VecDeque::from([key])),
            };
        }
        let at = self.chunk_of(key);
        let chunk = &mut self.0[at];
        match chunk.binary_search(&key) {
            Ok(_) => return,
            Err(place) => chunk.insert(place, key),
        }
        if chunk.len() > CHUNK {
            let rest = chunk.split_off(CHUNK / 2);
            self.0.insert(at + 1, rest);
        }
    }

    pub fn remove(&mut self, key: Key) -> bool {
        // Nearly all leave from the front.
        let at = if self.first() == Some(key) { 0 } else { self.chunk_of(key) };
        let Some(chunk) = self.0.get_mut(at) else { return false };
        let place = if chunk.front() == Some(&key) { Ok(0) } else { chunk.binary_search(&key) };
        let Ok(place) = place else { return false };
        chunk.remove(place);
        if chunk.is_empty() {
            self.0.remove(at);
        } else if chunk.len() < CHUNK / 8 && at + 1 < self.0.len() && self.0[at + 1].len() < CHUNK / 2 {
            // Removals all over a long line must not leave it in crumbs.
            if let Some(mut next) = self.0.remove(at + 1) {
                self.0[at].append(&mut next);
            }
        }
        true
    }

    pub fn first(&self) -> Option<Key> {
        self.0.front()?.front().copied()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.iter().map(VecDeque::len).sum()
    }

    /// How many stand before a key.
    pub fn before(&self, key: Key) -> usize {
        let at = self.chunk_of(key);
        let full: usize = self.0.iter().take(at).map(VecDeque::len).sum();
        full + self.0.get(at).map_or(0, |chunk| chunk.partition_point(|other| *other < key))
    }

    pub fn iter(&self) -> impl Iterator<Item = Key> {
        self.0.iter().flatten().copied()
    }

    fn chunk_of(&self, key: Key) -> usize {
        self.0.partition_point(|chunk| chunk.back().is_some_and(|last| *last < key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// A small generator for tests: the same numbers from the same seed everywhere.
    fn rolls(mut seed: u64) -> impl FnMut(u64) -> u64 {
        move |below| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        }
    }

    #[test]
    fn a_line_is_a_sorted_set_that_knows_places() {
        let mut roll = rolls(7);
        let (mut line, mut set) = (Line::default(), BTreeSet::new());
        for step in 0..20_000 {
            // It grows for the first half and shrinks in the second.
            let key = (roll(3_000) as i64, ConversationId(roll(3) as i64));
            if roll(10) < if step < 10_000 { 7 } else { 3 } {
                line.insert(key);
                set.insert(key);
            } else {
                assert_eq!(line.remove(key), set.remove(&key));
            }
            if step % 500 == 0 {
                assert!(line.iter().eq(set.iter().copied()));
                assert_eq!(line.before(key), set.range(..key).count());
                assert_eq!((line.first(), line.len()), (set.first().copied(), set.len()));
            }
        }
        for key in set {
            assert!(line.remove(key));
        }
        assert!(line.is_empty());
    }
}
