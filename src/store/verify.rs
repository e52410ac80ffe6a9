//! Whether what is in the database can be: the books, who has which number, and the file itself.

use super::{ReadTx, StoreError};
use crate::domain::calendar::add_months;

/// A rule: what is wrong with a row that the statement finds, and the statement; it answers the
/// row's name.
type Rule = (&'static str, &'static str);

const RULES: &[Rule] = &[
    (
        "its balance or its holds are not the sums of its ledger entries",
        "SELECT 'account ' || a.id FROM account a LEFT JOIN (SELECT account_id, \
         sum(balance_minor) AS balance, sum(held_minor) AS held FROM ledger GROUP BY account_id) \
         l ON l.account_id = a.id WHERE a.balance_minor <> coalesce(l.balance, 0) OR a.held_minor \
         <> coalesce(l.held, 0)",
    ),
    (
        "its holds are not the prices of its open orders",
        "SELECT 'account ' || a.id FROM account a WHERE a.held_minor <> (SELECT \
         coalesce(sum(o.price_minor), 0) FROM orders o WHERE o.account_id = a.id AND o.state = \
         'open')",
    ),
    (
        "its price was not held once",
        "SELECT 'order ' || o.id FROM orders o WHERE (SELECT count(*) FROM ledger l WHERE \
         l.order_id = o.id AND l.kind = 'hold' AND l.held_minor = o.price_minor AND l.account_id \
         = o.account_id) <> 1",
    ),
    (
        "its hold did not end as it did",
        "SELECT 'order ' || o.id FROM orders o WHERE (SELECT count(*) FROM ledger l WHERE \
         l.order_id = o.id AND l.kind <> 'hold') <> (o.state <> 'open') OR (o.state <> 'open' AND \
         NOT EXISTS (SELECT 1 FROM ledger l WHERE l.order_id = o.id AND l.account_id = \
         o.account_id AND l.held_minor = -o.price_minor AND l.kind = CASE o.state WHEN \
         'completed' THEN 'capture' ELSE 'release' END AND l.balance_minor = CASE o.state WHEN \
         'completed' THEN -o.price_minor ELSE 0 END))",
    ),
    (
        "it has two open orders for one service",
        "SELECT 'SIM ' || s.iccid FROM orders o JOIN sim s ON s.id = o.sim_id WHERE o.state = \
         'open' GROUP BY s.iccid, o.service_id HAVING count(*) > 1",
    ),
    (
        "it is rented and has an open order",
        "SELECT 'SIM ' || s.iccid FROM sim s WHERE EXISTS (SELECT 1 FROM orders o WHERE o.sim_id \
         = s.id AND o.state = 'open') AND EXISTS (SELECT 1 FROM rental r WHERE r.sim_id = s.id \
         AND r.state = 'active')",
    ),
    (
        "it began before the one before it on that SIM had ended",
        "SELECT 'rental ' || b.id FROM rental a JOIN rental b ON b.sim_id = a.sim_id AND b.id > \
         a.id WHERE b.started_at < coalesce(a.ended_at, a.expires_at)",
    ),
    (
        "its terms were not each charged once",
        "SELECT 'rental ' || r.id FROM rental r WHERE (SELECT count(*) FROM ledger l WHERE \
         l.rental_id = r.id AND l.account_id = r.account_id AND l.kind IN ('rental', 'extension', \
         'renewal')) <> r.terms",
    ),
    (
        "it came to another SIM than the order's or the rental's",
        "SELECT 'message ' || m.id FROM message m LEFT JOIN orders o ON o.id = m.order_id LEFT \
         JOIN rental r ON r.id = m.rental_id WHERE o.sim_id <> m.sim_id OR r.sim_id <> m.sim_id",
    ),
    (
        "it came before its order or its rental began",
        "SELECT 'message ' || m.id FROM message m LEFT JOIN orders o ON o.id = m.order_id LEFT \
         JOIN rental r ON r.id = m.rental_id WHERE o.created_at > m.received_at OR r.started_at > \
         m.received_at",
    ),
    (
        "an order that was completed has no message",
        "SELECT 'order ' || o.id FROM orders o WHERE o.state = 'completed' AND NOT EXISTS (SELECT \
         1 FROM message m WHERE m.order_id = o.id)",
    ),
];

/// Two accounts had one number for one service, the later one within `$1` microseconds (negative:
/// for ever) of the earlier.
const SOLD_TWICE: &str = "SELECT 'order ' || b.id FROM orders a JOIN orders b ON b.number = \
                          a.number AND b.service_id = a.service_id AND b.account_id <> \
                          a.account_id AND b.id > a.id AND b.state = 'completed' WHERE a.state = \
                          'completed' AND ($1 < 0 OR b.created_at < a.ended_at + $1)";

/// A row is there whose parent is not.
const ORPHANS: &str =
    "SELECT \"table\" || ' row ' || coalesce(rowid, '') FROM pragma_foreign_key_check";

/// How many checks there are; each may take minutes in a large database.
pub const CHECKS: usize = RULES.len() + 4;

impl ReadTx<'_> {
    /// Everything that one check finds wrong, in words; `cooldown_us` is how long a used number is
    /// not sold again, for ever without.
    pub fn faults(
        &self,
        check: usize,
        cooldown_us: Option<i64>,
    ) -> Result<Vec<String>, StoreError> {
        if let Some((wrong, sql)) = RULES.get(check) {
            return self.all(sql, [], |row| Ok(format!("{}: {wrong}", row.get::<_, String>(0)?)));
        }
        match check - RULES.len() {
            0 => self.all(SOLD_TWICE, [cooldown_us.unwrap_or(-1)], |row| {
                Ok(format!(
                    "{}: its number was another account's for that service",
                    row.get::<_, String>(0)?
                ))
            }),
            1 => self.months_wrong(),
            2 => self.all(ORPHANS, [], |row| {
                Ok(format!("{}: what it belongs to is not there", row.get::<_, String>(0)?))
            }),
            3 => {
                let said: Vec<String> = self.all("PRAGMA integrity_check", [], |row| row.get(0))?;
                Ok(said
                    .into_iter()
                    .filter(|said| said != "ok")
                    .map(|said| format!("the file: {said}"))
                    .collect())
            }
            _ => Ok(Vec::new()),
        }
    }

    fn months_wrong(&self) -> Result<Vec<String>, StoreError> {
        let rentals = self.rentals(i64::MAX)?;
        let wrong =
            rentals.iter().filter(|r| add_months(r.started_at, r.months) != Some(r.expires_at));
        Ok(wrong
            .map(|rental| {
                format!("rental {}: its end is not its months after its start", rental.id)
            })
            .collect())
    }
}
