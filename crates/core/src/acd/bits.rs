//! Sets of seats as bits. Who of 2,000 agents is able, ready and free is then asked of 32 words instead of 2,000
//! agents, and every exclusion can be counted exactly.

#[derive(Clone, Debug, Default)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    pub fn of_words(words: usize) -> Self {
        Self(vec![0; words])
    }

    pub fn grow(&mut self, words: usize) {
        self.0.resize(words, 0);
    }

    pub fn get(&self, slot: u32) -> bool {
        self.0[slot as usize / 64] >> (slot % 64) & 1 == 1
    }

    pub fn set(&mut self, slot: u32, on: bool) {
        let word = &mut self.0[slot as usize / 64];
        let bit = 1 << (slot % 64);
        if on {
            *word |= bit;
        } else {
            *word &= !bit;
        }
    }

    pub fn words(&self) -> &[u64] {
        &self.0
    }

    pub fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    pub fn meets(&self, other: &Bits) -> bool {
        self.0.iter().zip(&other.0).any(|(a, b)| a & b != 0)
    }

    pub fn count_common(&self, other: &Bits) -> u32 {
        self.0.iter().zip(&other.0).map(|(a, b)| (a & b).count_ones()).sum()
    }
}

/// The slots of one word of a set, in order.
pub(super) fn slots_of(word_index: usize, mut word: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        if word == 0 {
            return None;
        }
        let bit = word.trailing_zeros();
        word &= word - 1;
        Some(word_index as u32 * 64 + bit)
    })
}
