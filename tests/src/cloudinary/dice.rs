//! Chance that can be had again: the same seed throws the same numbers.

use std::time::Duration;

/// A small generator (`SplitMix64`).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is above 0.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.throw() >> 33).expect("31 bits") % bound
    }

    /// Whether something of this probability happens.
    pub fn happens(&mut self, probability: f64) -> bool {
        let bits = u32::try_from(self.throw() >> 32).expect("32 bits");
        f64::from(bits) < probability * f64::from(u32::MAX)
    }

    /// A while of at most `longest`.
    pub fn up_to(&mut self, longest: Duration) -> Duration {
        let bits = u32::try_from(self.throw() >> 32).expect("32 bits");
        longest.mul_f64(f64::from(bits) / f64::from(u32::MAX))
    }

    /// Thirty-two hexadecimal digits.
    pub fn token(&mut self) -> String {
        format!("{:016x}{:016x}", self.throw(), self.throw())
    }
}
