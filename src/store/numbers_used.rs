//! How many numbers orders have used up lately.

use super::orders::LISTED;
use super::{ReadTx, StoreError};
use crate::domain::{ServiceId, Timestamp};

/// The numbers that were used for a service in a country.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumbersUsed {
    pub service: ServiceId,
    pub country: String,
    pub count: i64,
}

impl ReadTx<'_> {
    /// The numbers of orders that were made at `since` or later and got their code. An order that
    /// uses a number again uses up none.
    pub fn numbers_used(&self, since: Timestamp) -> Result<Vec<NumbersUsed>, StoreError> {
        let first = self.first_id_from(&LISTED, since)?;
        let sql = "SELECT service_id, country, count(*) FROM orders WHERE id >= $1 AND state = \
                   'completed' AND reuse_of IS NULL AND created_at >= $2 GROUP BY 1, 2";
        self.all(sql, [first, since.0], |row| {
            Ok(NumbersUsed {
                service: ServiceId(row.get(0)?),
                country: row.get(1)?,
                count: row.get(2)?,
            })
        })
    }

    /// When the oldest order was made that there is.
    pub fn oldest_order_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT created_at FROM orders ORDER BY id LIMIT 1";
        self.first(sql, [], |row| row.get(0).map(Timestamp))
    }
}
