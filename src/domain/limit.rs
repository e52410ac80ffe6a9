//! How many rows of a list are asked for.

use serde::Deserialize;

/// The newest so many rows; 0 means all of them, in requests and on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct RowLimit(u32);

impl RowLimit {
    /// No limit.
    pub const ALL: RowLimit = RowLimit(0);

    /// The most rows that a query may answer, for SQL's `LIMIT`.
    pub fn rows(self) -> i64 {
        if self == RowLimit::ALL { i64::MAX } else { i64::from(self.0) }
    }
}

impl From<u32> for RowLimit {
    fn from(limit: u32) -> RowLimit {
        RowLimit(limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_0_is_all() {
        assert_eq!([RowLimit::from(0).rows(), RowLimit::from(2).rows()], [i64::MAX, 2]);
    }
}
