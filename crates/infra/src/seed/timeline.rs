//! When the rows of a table came into being, and the ids that go with that: both ascend with the number of the row.

use std::ops::Range;

use aviary_domain::id::RawId;

use super::chance::Chance;

/// The first moment: 2024-01-01T00:00:00Z. Fixed, so that the same is made whenever it is made.
const BEGIN: i64 = 1_704_067_200_000;
/// How long everything takes: two years, in milliseconds.
const LENGTH: i64 = 731 * 24 * 60 * 60 * 1000;
/// In how many parts the whole time is told.
const PARTS: i64 = 100;

/// The rows of a table in the order of their time, evenly spread but for some jitter.
pub(super) struct Timeline {
    begin: i64,
    length: i64,
    rows: i64,
    /// The middle of every id, which no other seeding and no other table has.
    mark: [u8; 5],
}

impl Timeline {
    /// So many rows within these hundredths of the whole time.
    pub(super) fn new(chance: &Chance, within: Range<u8>, rows: u32) -> Self {
        let begin = BEGIN + LENGTH / PARTS * i64::from(within.start);
        let length = LENGTH / PARTS * (i64::from(within.end) - i64::from(within.start)).max(0);
        Self { begin, length, rows: rows.into(), mark: chance.part("ids").bytes() }
    }

    /// When a row was made, in milliseconds since the Unix epoch.
    pub(super) fn time(&self, number: u32) -> i64 {
        let rows = self.rows.max(1);
        // Multiples of the golden section jump about evenly.
        let jump = number.wrapping_mul(0x9E37_79B9);
        let step = (self.length / rows).saturating_mul(i64::from(jump)) >> 32;
        self.begin + self.length.saturating_mul(i64::from(number)) / rows + step
    }

    /// The id of a row: seconds, mark, number. Ids ascend with their numbers.
    pub(super) fn id(&self, number: u32) -> RawId {
        let seconds = u32::try_from(self.time(number).div_euclid(1000)).unwrap_or(u32::MAX);
        let number = number.to_be_bytes().into_iter().skip(1);
        let bytes = seconds.to_be_bytes().into_iter().chain(self.mark).chain(number);
        let mut id = RawId::default();
        for (to, from) in id.iter_mut().zip(bytes) {
            *to = from;
        }
        id
    }

    /// How many rows are there by then; at least the first one.
    pub(super) fn there_by(&self, time: i64) -> u32 {
        let passed = i128::from((time - self.begin).clamp(0, self.length));
        let there = passed * i128::from(self.rows) / i128::from(self.length.max(1));
        u32::try_from(there.clamp(1, i128::from(self.rows.max(1)))).unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    use super::{BEGIN, Chance, LENGTH, Timeline};

    #[test]
    fn times_and_ids_ascend_within_their_time() {
        let chance = Chance::new("test", []);
        for rows in [1, 2, 7, 1_000, 16_000_000] {
            let line = Timeline::new(&chance, 20..100, rows);
            let numbers =
                (0..500).map(|part| rows / 500 * part + part.min(rows % 500)).take(usize::try_from(rows).unwrap());
            let made: Vec<_> = numbers.map(|number| (line.time(number), line.id(number))).collect();
            assert!(made.is_sorted_by(|one, two| one.0 <= two.0 && one.1 < two.1), "{rows}");
            assert_eq!(made[0].0, BEGIN + LENGTH / 5);
            assert!(line.time(rows - 1) < BEGIN + LENGTH);
            let near = [0, 1, rows / 2, rows - 1].map(|number| line.id(number.min(rows - 1)));
            assert!(near.is_sorted());
        }
        let others =
            [Timeline::new(&chance.part("other"), 20..100, 9), Timeline::new(&Chance::new("x", []), 20..100, 9)];
        for other in others {
            assert_ne!(other.id(0), Timeline::new(&chance, 20..100, 9).id(0));
        }
    }

    #[test]
    fn only_what_is_made_by_then_is_there() {
        let line = Timeline::new(&Chance::new("test", []), 0..100, 1_000);
        assert_eq!((line.there_by(0), line.there_by(i64::MAX / 2)), (1, 1_000));
        for time in (BEGIN..BEGIN + LENGTH).step_by(usize::try_from(LENGTH / 999).unwrap()) {
            let there = line.there_by(time);
            assert!(line.time(there - 1) <= time, "{there}");
            assert!(there == 1_000 || line.time(there + 1) > time, "{there}");
        }
    }
}
