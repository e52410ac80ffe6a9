//! What customers were charged, added up.

use super::listing::{ListFilter, Listed, Selection, numbered};
use super::{ReadTx, StoreError};
use crate::domain::ledger::RevenueGroup;
use crate::domain::{Amount, Timestamp};

/// A quarter of an hour in microseconds.
const QUARTER_HOUR_US: i64 = 15 * 60 * 1_000_000;

/// What was charged for the orders and rentals of one group in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revenue {
    /// The name of the service or account, the country's code, the SIM's ICCID, or the beginning of
    /// the quarter of an hour in RFC 3339. `None` stands for what has none, as rentals have no
    /// service.
    pub group: Option<String>,
    pub currency: String,
    /// How many orders were charged.
    pub orders: i64,
    /// How many terms of rentals were charged.
    pub terms: i64,
    /// How often something was given back for an order or a rental.
    pub refunds: i64,
    /// What was charged less what was given back.
    pub amount: Amount,
}

/// The entries that are added up, each with its order or its rental.
const CHARGES: Listed = Listed {
    table: "ledger",
    id: "l.id",
    time: "l.created_at",
    account: "l.account_id = ?",
    service: "o.service_id = ?",
    number: "coalesce(o.number, r.number) IN (?)",
    sim: "coalesce(o.sim_id, r.sim_id) = ?",
    country: "coalesce(o.country, r.country) = ?",
    ..Listed::UNFILTERED
};

impl ReadTx<'_> {
    /// What was charged and given back of what a filter selects, the largest amounts first, or by
    /// time.
    pub fn revenue(
        &self,
        by: RevenueGroup,
        filter: &ListFilter,
    ) -> Result<Vec<Revenue>, StoreError> {
        let quarter = format!("l.created_at / {QUARTER_HOUR_US}");
        let (key, name, order) = match by {
            RevenueGroup::Service => (
                "o.service_id",
                "(SELECT name FROM service WHERE id = key)",
                "amount DESC, key \
                                                                               NULLS FIRST",
            ),
            RevenueGroup::Country => (
                "coalesce(o.country, r.country)",
                "key",
                "amount DESC, key \
                                                                                NULLS FIRST",
            ),
            RevenueGroup::Account => (
                "l.account_id",
                "(SELECT name FROM account WHERE id = key)",
                "amount DESC, key \
                                                                               NULLS FIRST",
            ),
            RevenueGroup::Sim => (
                "coalesce(o.sim_id, r.sim_id)",
                "(SELECT iccid FROM sim WHERE id = key)",
                "amount DESC, key NULLS FIRST",
            ),
            RevenueGroup::QuarterHour => (quarter.as_str(), "CAST(key AS text)", "key"),
        };
        let Selection { conditions, values } = self.selected(&CHARGES, filter)?;
        let sql = numbered(&format!(
            "WITH sums AS (SELECT {key} AS key, l.currency AS currency, count(*) FILTER (WHERE \
             l.kind = 'capture') AS orders, count(*) FILTER (WHERE l.kind IN ('rental', \
             'extension', 'renewal')) AS terms, count(*) FILTER (WHERE l.kind = 'refund') AS \
             refunds, CAST(-sum(l.balance_minor) AS bigint) AS amount FROM ledger l LEFT JOIN \
             orders o ON o.id = l.order_id LEFT JOIN rental r ON r.id = l.rental_id WHERE l.kind \
             IN ('capture', 'rental', 'extension', 'renewal', 'refund'){conditions} GROUP BY 1, 2) \
             SELECT {name}, currency, orders, terms, refunds, amount FROM sums ORDER BY {order}"
        ));
        self.all(&sql, values, |row| {
            let group: Option<String> = row.get(0)?;
            let begin = |quarter: String| {
                let number: i64 = quarter.parse().unwrap_or_default();
                Timestamp(number.saturating_mul(QUARTER_HOUR_US)).to_string()
            };
            let is_time = by == RevenueGroup::QuarterHour;
            Ok(Revenue {
                group: if is_time { group.map(begin) } else { group },
                currency: row.get(1)?,
                orders: row.get(2)?,
                terms: row.get(3)?,
                refunds: row.get(4)?,
                amount: Amount(row.get(5)?),
            })
        })
    }
}
