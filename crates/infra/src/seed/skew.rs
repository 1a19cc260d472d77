//! The skew of real life: the second comes up about half as often as the first, the third a third as often (Zipf's law). All
//! in whole numbers, so that every machine makes the same of it.

use super::chance::Dice;

/// The weight of rank 1 where nothing flattens the head. Even the millionth has a million of it.
const UNIT: u64 = 1 << 40;

/// Things of unequal weight.
pub(super) struct Weights {
    /// The weights of all up to here together.
    sums: Vec<u64>,
}

impl Weights {
    /// Things whose weight is one part in (rank + head); the ranks count from 0. A head of 1 is Zipf's law as it is written;
    /// the greater it is, the less the first ones stand out (Mandelbrot's form). Without a rank a thing has no weight.
    pub(super) fn of_ranks(ranks: impl IntoIterator<Item = Option<u32>>, head: u32) -> Self {
        let weight = |rank: u32| UNIT / u64::from(rank).saturating_add(u64::from(head.max(1)));
        let sums = ranks.into_iter().scan(0_u64, |sum, rank| {
            *sum = sum.saturating_add(rank.map_or(0, weight));
            Some(*sum)
        });
        Self { sums: sums.collect() }
    }

    /// So many things in the order of their ranks.
    pub(super) fn in_order(things: u32, head: u32) -> Self {
        Self::of_ranks((0..things).map(Some), head)
    }

    /// One of the first so many, by weight; the first where none has any.
    pub(super) fn draw_of_first(&self, things: u32, dice: &mut Dice) -> u32 {
        let things = usize::try_from(things).unwrap_or(usize::MAX).min(self.sums.len());
        let first = self.sums.get(..things).unwrap_or_default();
        let point = dice.below(first.last().copied().unwrap_or_default());
        u32::try_from(first.partition_point(|sum| *sum <= point)).unwrap_or_default()
    }

    /// One of all, by weight.
    pub(super) fn draw(&self, dice: &mut Dice) -> u32 {
        self.draw_of_first(u32::MAX, dice)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::Weights;
    use crate::seed::chance::Chance;

    #[test]
    fn ranks_come_up_as_zipf_found() {
        let weights = Weights::in_order(1_000, 1);
        let mut dice = Chance::new("zipf", []).dice(0);
        let mut seen = HashMap::<u32, u32>::new();
        for _ in 0..100_000 {
            *seen.entry(weights.draw(&mut dice)).or_default() += 1;
        }
        // One part in 7.485, which is the sum of 1/1 to 1/1000.
        for (rank, expected) in [(0, 13_359), (1, 6_680), (9, 1_336), (99, 134)] {
            let found = seen[&rank];
            assert!(found.abs_diff(expected) < expected / 3, "rank {rank}: {found} for {expected}");
        }
    }

    #[test]
    fn what_is_not_there_yet_or_has_no_rank_is_never_drawn() {
        let weights = Weights::of_ranks([Some(5), None, Some(0), None, Some(1)], 1);
        let mut dice = Chance::new("ranks", []).dice(0);
        for _ in 0..1_000 {
            assert!([0, 2, 4].contains(&weights.draw(&mut dice)));
            assert!([0, 2].contains(&weights.draw_of_first(4, &mut dice)));
            assert_eq!(weights.draw_of_first(1, &mut dice), 0);
        }
        assert_eq!(Weights::in_order(0, 1).draw(&mut dice), 0);
    }
}
