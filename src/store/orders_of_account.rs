//! The orders that an account made in a span of time, a part of them at a time.

use rusqlite::params;

use super::listing::{ListFilter, Page};
use super::orders::{LISTED, ORDER, order};
use super::{ReadTx, StoreError};
use crate::domain::{AccountId, Msisdn, Order, RowLimit, ServiceId, Timestamp};

/// The orders of an account that were made in a span of time, and which of them are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderSpan {
    /// Made at this time or later.
    pub from: Option<Timestamp>,
    /// Made before this time.
    pub to: Option<Timestamp>,
    /// Whether the oldest come first rather than the newest.
    pub oldest_first: bool,
    /// How many of the first are left out.
    pub offset: u32,
    /// How many there are at most.
    pub limit: u32,
}

impl OrderSpan {
    /// The time of the span, for a list of orders.
    fn filter(self) -> ListFilter {
        ListFilter { from: self.from, to: self.to, ..ListFilter::newest(RowLimit::ALL) }
    }
}

impl ReadTx<'_> {
    /// The orders that an account made in a span of time, as far as they are wanted.
    pub fn orders_made_in(
        &self,
        account: AccountId,
        span: OrderSpan,
    ) -> Result<Vec<Order>, StoreError> {
        let ids = self.ids_of(&LISTED, &span.filter(), Page::Newest)?;
        let direction = if span.oldest_first { "" } else { "DESC" };
        let sql = format!(
            "{ORDER} WHERE account_id = $1 AND id >= $2 AND id < $3 ORDER BY id {direction} LIMIT \
             $4 OFFSET $5"
        );
        let values = params![account.0, ids.start, ids.end, span.limit, span.offset];
        self.all(&sql, values, order)?.into_iter().collect()
    }

    /// How many orders an account made in a span of time, whatever part of them is wanted.
    pub fn count_made_in(&self, account: AccountId, span: OrderSpan) -> Result<i64, StoreError> {
        let ids = self.ids_of(&LISTED, &span.filter(), Page::Newest)?;
        let sql = "SELECT count(*) FROM orders WHERE account_id = $1 AND id >= $2 AND id < $3";
        self.number(sql, [account.0, ids.start, ids.end])
    }

    /// The newest order of an account.
    pub fn newest_order_of(&self, account: AccountId) -> Result<Option<Order>, StoreError> {
        let sql = format!("{ORDER} WHERE account_id = $1 ORDER BY id DESC LIMIT 1");
        self.first(&sql, [account.0], order)?.transpose()
    }

    /// The newest order of an account that a number got a code of a service with.
    pub fn newest_completed_order(
        &self,
        account: AccountId,
        service: ServiceId,
        number: &Msisdn,
    ) -> Result<Option<Order>, StoreError> {
        let sql = format!(
            "{ORDER} WHERE number = $1 AND service_id = $2 AND account_id = $3 AND state = \
             'completed' ORDER BY ended_at DESC, id DESC LIMIT 1"
        );
        self.first(&sql, params![number.as_str(), service.0, account.0], order)?.transpose()
    }
}
