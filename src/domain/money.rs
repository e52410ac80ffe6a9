//! Amounts of money, in integer minor units (cents) and never in floating point.

/// An amount in minor units of the currency that the context names. [`Currency`] reads and writes
/// it, as it knows how many decimals the minor unit is.
///
/// [`Currency`]: super::Currency
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Amount(pub i64);

impl Amount {
    /// An amount of zero.
    pub const ZERO: Amount = Amount(0);

    /// The sum; `None` when it does not fit into `i64`.
    pub fn checked_add(self, other: Amount) -> Option<Amount> {
        self.0.checked_add(other.0).map(Amount)
    }

    /// The difference; `None` when it does not fit into `i64`.
    pub fn checked_sub(self, other: Amount) -> Option<Amount> {
        self.0.checked_sub(other.0).map(Amount)
    }
}
