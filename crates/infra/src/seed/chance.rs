//! Chance that can be repeated: each part of the data, and each row of it, has a stream of its own, so that a row can be made
//! without those before it.

use std::ops::RangeInclusive;

use chacha20::ChaCha8Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

/// Where streams come from.
#[derive(Clone, Copy)]
pub(super) struct Chance([u8; 32]);

impl Chance {
    /// The same for the same name and numbers, and for no others.
    pub(super) fn new(name: &str, numbers: impl IntoIterator<Item = u64>) -> Self {
        let mut hash = Sha256::new_with_prefix(name);
        for number in numbers {
            hash.update(number.to_be_bytes());
        }
        Self(hash.finalize().into())
    }

    /// That of a part.
    pub(super) fn part(&self, name: &str) -> Self {
        Self(Sha256::new_with_prefix(self.0).chain_update(name).finalize().into())
    }

    /// The stream of a row.
    pub(super) fn dice(&self, row: u32) -> Dice {
        let mut stream = ChaCha8Rng::from_seed(self.0);
        stream.set_stream(row.into());
        Dice(stream)
    }

    /// Bytes that only this part has.
    pub(super) fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        for (to, from) in bytes.iter_mut().zip(self.0) {
            *to = from;
        }
        bytes
    }
}

/// A stream of chance.
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    /// Any number below the limit; 0 where that is 0.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        let product = u128::from(self.0.next_u64()) * u128::from(limit);
        u64::try_from(product >> 64).unwrap_or_default()
    }

    /// Any number below the limit; 0 where that is 0.
    pub(super) fn number(&mut self, limit: u32) -> u32 {
        u32::try_from(self.below(limit.into())).unwrap_or_default()
    }

    /// Any number of the range.
    pub(super) fn within(&mut self, range: RangeInclusive<u32>) -> u32 {
        range.start().saturating_add(self.number(range.end().abs_diff(*range.start()).saturating_add(1)))
    }

    /// Any of these; the default where there are none.
    pub(super) fn any<T: Copy + Default>(&mut self, of: &[T]) -> T {
        let number = self.below(u64::try_from(of.len()).unwrap_or_default());
        usize::try_from(number).ok().and_then(|number| of.get(number)).copied().unwrap_or_default()
    }

    /// The numbers below the limit in any order.
    pub(super) fn shuffled(&mut self, limit: u32) -> Vec<u32> {
        let mut numbers: Vec<u32> = (0..limit).collect();
        for left in (1..numbers.len()).rev() {
            let other = self.below(u64::try_from(left).unwrap_or_default().saturating_add(1));
            numbers.swap(left, usize::try_from(other).unwrap_or_default());
        }
        numbers
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Chance;

    #[test]
    fn a_stream_is_the_same_wherever_it_is_asked_for() {
        // Noted once: what was seeded anywhere at any time with this program is the same.
        let mut dice = Chance::new("a", [1, 2]).part("b").dice(3);
        let first: Vec<u64> = (0..4).map(|_| dice.below(1_000_000)).collect();
        assert_eq!(first, NOTED);
        let streams = [
            Chance::new("a", [1, 2]).part("b").dice(4),
            Chance::new("a", [1, 2]).part("c").dice(3),
            Chance::new("a", [1, 3]).part("b").dice(3),
            Chance::new("b", [1, 2]).part("b").dice(3),
        ];
        for mut other in streams {
            assert_ne!((0..4).map(|_| other.below(1_000_000)).collect::<Vec<_>>(), NOTED);
        }
    }

    const NOTED: [u64; 4] = [355_940, 359_466, 812_033, 419_926];

    #[test]
    fn every_number_of_a_range_comes_up_and_no_other() {
        let mut dice = Chance::new("", []).dice(0);
        let seen: BTreeSet<u32> = (0..200).map(|_| dice.within(3..=7)).collect();
        assert_eq!(seen, (3..=7).collect());
        assert_eq!((dice.below(0), dice.number(1), dice.any::<u8>(&[])), (0, 0, 0));
        let mut shuffled = dice.shuffled(100);
        assert!(!shuffled.is_sorted());
        shuffled.sort_unstable();
        assert_eq!(shuffled, (0..100).collect::<Vec<_>>());
    }
}
