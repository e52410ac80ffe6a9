//! Numbers that look random and are the same each time, for simulations and tests.

/// SplitMix64 (Steele, Lea, Flood 2014), a small generator. The same seed gives the same numbers on
/// every machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Random(u64);

impl Random {
    /// A generator that begins with this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `limit` - 1; 0 when the limit is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    /// A number from `least` to `most`.
    pub fn between(&mut self, (least, most): (u64, u64)) -> u64 {
        least + self.below(most - least + 1)
    }

    /// An index into a list of this length; 0 when the list is empty.
    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// From 1 to 200 octets.
    pub fn octets(&mut self) -> Vec<u8> {
        let count = 1 + self.below(200);
        (0..count).map(|_| u8::try_from(self.below(256)).unwrap_or(0)).collect()
    }

    /// One of the values.
    pub fn one_of<T: Clone, const N: usize>(&mut self, values: &[T; N]) -> T {
        let place = self.index(N);
        let mut rotated = values.iter().cycle().skip(place);
        #[expect(
            clippy::expect_used,
            reason = "no caller has an empty list, and a cycle has no end"
        )]
        rotated.next().cloned().expect("an entry")
    }
}
