//! The limit on how many rows of a list are returned.

use serde::Deserialize;

/// How many of the newest rows of a list are wanted. In requests and on the command line, 0 means
/// all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct RowLimit(u32);

impl RowLimit {
    /// The limit that allows all rows.
    pub const ALL: RowLimit = RowLimit(0);

    /// The number for SQL's `LIMIT`.
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
