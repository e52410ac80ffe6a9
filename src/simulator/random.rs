//! Numbers that look random and are the same each time.

/// SplitMix64 (Steele, Lea, Flood 2014): small, seeded, the same everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Random(u64);

impl Random {
    /// The same seed gives the same numbers.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// At least 0, less than the limit.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    /// At least and at most.
    pub fn between(&mut self, (least, most): (u64, u64)) -> u64 {
        least + self.below(most - least + 1)
    }

    /// Any octets, a line or two of them.
    pub fn octets(&mut self) -> Vec<u8> {
        let count = 1 + self.below(200);
        (0..count).map(|_| u8::try_from(self.below(256)).unwrap_or(0)).collect()
    }

    /// One of them.
    pub fn one_of<T: Clone, const N: usize>(&mut self, values: &[T; N]) -> T {
        let place = usize::try_from(self.below(N as u64)).unwrap_or(0);
        let mut shuffled = values.iter().cycle().skip(place);
        #[expect(
            clippy::expect_used,
            reason = "every list of this file has at least one entry, and a cycle has no end"
        )]
        shuffled.next().cloned().expect("an entry")
    }
}
