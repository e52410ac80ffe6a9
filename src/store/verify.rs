//! Consistency checks of the whole database, for `simbridge verify`: the accounts, who has had
//! which number, and the file itself.

use std::time::Duration;

use super::engine::Connection;
use super::{ListFilter, ReadTx, StoreError};
use crate::domain::calendar::add_months;
use crate::domain::{Rental, RowLimit};

/// A rule: what is wrong with each row that the statement finds, and the statement, whose only
/// column is the row's name for people.
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
        "the balance after it is not that after the entry before and what it adds, or the \
         account's is another",
        "SELECT 'ledger entry ' || l.id FROM (SELECT id, account_id, balance_minor, \
         balance_after, lag(balance_after) OVER of_account AS before, lead(id) OVER of_account AS \
         next FROM ledger WINDOW of_account AS (PARTITION BY account_id ORDER BY id)) l JOIN \
         account a ON a.id = l.account_id WHERE l.balance_after <> l.before + l.balance_minor OR \
         (l.next IS NULL AND l.balance_after <> a.balance_minor)",
    ),
    (
        "its holds are not the sum of its open orders' prices",
        "SELECT 'account ' || a.id FROM account a WHERE a.held_minor <> (SELECT \
         coalesce(sum(o.price_minor), 0) FROM orders o WHERE o.account_id = a.id AND o.state = \
         'open')",
    ),
    (
        "what it has spent on its last day is not the sum of that day's ledger entries, or it made \
         more orders then",
        "SELECT 'account ' || a.id FROM account a WHERE a.day_spent_minor <> (SELECT \
         coalesce(sum(l.held_minor - l.balance_minor), 0) FROM ledger l WHERE l.account_id = a.id \
         AND l.day = a.day_began_at) OR a.day_orders < (SELECT count(*) FROM ledger l WHERE \
         l.account_id = a.id AND l.day = a.day_began_at AND l.kind = 'hold')",
    ),
    (
        "what was spent with it on its last day is not the sum of that day's ledger entries",
        "SELECT 'key ' || k.prefix FROM api_key k WHERE k.day_spent_minor <> (SELECT \
         coalesce(sum(l.held_minor - l.balance_minor), 0) FROM ledger l WHERE l.account_id = \
         k.account_id AND l.key_prefix = k.prefix AND l.day = k.day_began_at)",
    ),
    (
        "its price was not held exactly once",
        "SELECT 'order ' || o.id FROM orders o WHERE (SELECT count(*) FROM ledger l WHERE \
         l.order_id = o.id AND l.kind = 'hold' AND l.held_minor = o.price_minor AND l.account_id \
         = o.account_id) <> 1",
    ),
    (
        "its hold was not ended in the way that the order ended",
        "SELECT 'order ' || o.id FROM orders o WHERE (SELECT count(*) FROM ledger l WHERE \
         l.order_id = o.id AND l.kind NOT IN ('hold', 'refund')) <> CASE o.state WHEN 'open' THEN \
         0 ELSE 1 END OR (o.state <> 'open' AND NOT EXISTS (SELECT 1 FROM ledger l WHERE \
         l.order_id = o.id AND l.account_id = o.account_id AND l.held_minor = -o.price_minor AND \
         l.kind = CASE o.state WHEN 'completed' THEN 'capture' ELSE 'release' END AND \
         l.balance_minor = CASE o.state WHEN 'completed' THEN -o.price_minor ELSE 0 END))",
    ),
    (
        "it was refunded more than once, or more than it was charged, or another account was",
        "SELECT 'order ' || r.order_id FROM (SELECT order_id, count(*) AS refunds, min(account_id) \
         AS account_id, min(balance_minor) AS balance_minor, max(held_minor) AS held_minor FROM \
         ledger WHERE kind = 'refund' AND order_id IS NOT NULL GROUP BY order_id) AS r WHERE \
         r.refunds > 1 OR r.balance_minor <= 0 OR r.held_minor <> 0 OR NOT EXISTS (SELECT 1 FROM \
         ledger c WHERE c.order_id = r.order_id AND c.kind = 'capture' AND c.account_id = \
         r.account_id AND r.balance_minor <= -c.balance_minor)",
    ),
    (
        "more was given back than it was charged, or another account was given it",
        "SELECT 'rental ' || f.rental_id FROM ledger f WHERE f.kind = 'refund' AND f.rental_id IS \
         NOT NULL GROUP BY f.rental_id HAVING min(f.balance_minor) <= 0 OR max(f.held_minor) <> 0 \
         OR (SELECT sum(l.balance_minor) FROM ledger l WHERE l.rental_id = f.rental_id) > 0 OR \
         EXISTS (SELECT 1 FROM ledger l JOIN rental r ON r.id = l.rental_id WHERE l.rental_id = \
         f.rental_id AND l.account_id <> r.account_id)",
    ),
    (
        "what was given back for it is not what the ledger says",
        "SELECT 'outage ' || o.id || ' of rental ' || o.rental_id FROM outage o WHERE \
         o.credit_minor <> coalesce((SELECT l.balance_minor FROM ledger l WHERE l.cause = \
         'rental:' || o.rental_id || ':outage:' || o.id), 0)",
    ),
    (
        "it was canceled, and not all that it has cost was given back",
        "SELECT 'rental ' || r.id FROM rental r WHERE r.ending = 'canceled' AND (SELECT \
         sum(l.balance_minor) FROM ledger l WHERE l.rental_id = r.id) <> 0",
    ),
    (
        "it is over, and its SIM is still counted as off the air",
        "SELECT 'rental ' || r.id FROM outage o JOIN rental r ON r.id = o.rental_id WHERE \
         o.ended_at IS NULL AND r.state = 'ended'",
    ),
    (
        "it is a refund of no order and no rental",
        "SELECT 'ledger entry ' || id FROM ledger WHERE kind = 'refund' AND order_id IS NULL AND \
         rental_id IS NULL",
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
        "it began before the previous rental of that SIM had ended",
        "WITH had AS (SELECT id, sim_id, coalesce(moved_at, started_at) AS since, \
         coalesce(ended_at, expires_at) AS until FROM rental UNION ALL SELECT rental_id, sim_id, \
         from_at, to_at FROM rental_move) SELECT 'rental ' || b.id FROM had a JOIN had b ON \
         b.sim_id = a.sim_id AND b.id <> a.id WHERE (b.since, b.id) > (a.since, a.id) AND b.since \
         < a.until",
    ),
    (
        "it began before its number had rested after orders",
        "SELECT 'rental ' || r.id FROM rental r WHERE EXISTS (SELECT 1 FROM orders o WHERE \
         o.number = r.number AND o.state = 'completed' AND o.ended_at > \
         coalesce(r.moved_at, r.started_at) - r.order_rest_us AND o.ended_at <= \
         coalesce(r.moved_at, r.started_at))",
    ),
    (
        "its terms were not charged exactly once each",
        "SELECT 'rental ' || r.id FROM rental r WHERE (SELECT count(*) FROM ledger l WHERE \
         l.rental_id = r.id AND l.account_id = r.account_id AND l.kind IN ('rental', 'extension', \
         'renewal')) <> r.terms",
    ),
    (
        "it was received by another SIM than that of its order or rental",
        "SELECT 'message ' || m.id FROM message m LEFT JOIN orders o ON o.id = m.order_id LEFT \
         JOIN rental r ON r.id = m.rental_id WHERE o.sim_id <> m.sim_id OR \
         (r.sim_id <> m.sim_id AND NOT EXISTS (SELECT 1 FROM rental_move v WHERE v.rental_id = \
         r.id AND v.sim_id = m.sim_id))",
    ),
    (
        "it was received before its order or rental began",
        "SELECT 'message ' || m.id FROM message m LEFT JOIN orders o ON o.id = m.order_id LEFT \
         JOIN rental r ON r.id = m.rental_id WHERE o.created_at > m.received_at OR r.started_at > \
         m.received_at",
    ),
    (
        "it was received before its rental was moved to its SIM",
        "SELECT 'message ' || m.id FROM rental r JOIN message m ON m.rental_id = r.id AND m.sim_id \
         = r.sim_id WHERE r.moved_at > m.received_at AND NOT EXISTS (SELECT 1 FROM rental_move v \
         WHERE v.rental_id = r.id AND v.sim_id = m.sim_id AND v.from_at <= m.received_at)",
    ),
    (
        "it is no text and was given to a customer",
        "SELECT 'message ' || id FROM message WHERE kind <> 'text' AND (order_id IS NOT NULL OR \
         rental_id IS NOT NULL)",
    ),
    (
        "it is completed and has no message",
        "SELECT 'order ' || o.id FROM orders o WHERE o.state = 'completed' AND NOT EXISTS (SELECT \
         1 FROM message m WHERE m.order_id = o.id)",
    ),
    (
        "it is taken to be deaf, and was not silent for several services",
        "SELECT 'SIM ' || iccid FROM sim WHERE deaf_until <> 0 AND (silent_orders < 3 OR \
         silent_mixed = 0)",
    ),
    (
        "it rests for failures that it did not have",
        "SELECT 'number ' || substr(number, length(number) - 2) || ' for service ' || service_id \
         FROM pair_health WHERE rests > 0 AND failures < 3",
    ),
    (
        "it was erased, and something personal of it is left",
        "SELECT 'account ' || a.id FROM account a WHERE a.erased_at IS NOT NULL AND NOT EXISTS \
         (SELECT 1 FROM erasure e WHERE e.account_id = a.id) AND (a.balance_minor <> 0 OR \
         a.suspended_at IS NULL OR EXISTS (SELECT 1 FROM api_key k WHERE k.account_id = a.id AND \
         (k.revoked_at IS NULL OR k.label IS NOT NULL OR k.allowed IS NOT NULL)) OR a.id IN \
         (SELECT account_id FROM event) OR EXISTS (SELECT 1 FROM webhook_endpoint w \
         WHERE w.account_id = a.id) OR EXISTS (SELECT 1 FROM login g WHERE g.account_id = a.id) OR \
         EXISTS (SELECT 1 FROM test_order t WHERE t.account_id = \
         a.id) OR EXISTS (SELECT 1 FROM test_rental t WHERE t.account_id = a.id) OR EXISTS (SELECT \
         1 FROM orders o WHERE \
         o.account_id = a.id AND o.client_ref IS NOT NULL) OR EXISTS (SELECT 1 FROM ledger l WHERE \
         l.account_id = a.id AND (l.note IS NOT NULL OR EXISTS (SELECT 1 FROM message m WHERE \
         m.order_id = l.order_id AND (m.text IS NOT NULL OR m.raw = 1)) OR EXISTS (SELECT 1 FROM \
         message m WHERE m.rental_id = l.rental_id AND (m.text IS NOT NULL OR m.raw = 1)))))",
    ),
    (
        "it belongs to another account than its order or rental",
        "SELECT 'event ' || e.id FROM event e LEFT JOIN orders o ON o.id = e.order_id LEFT JOIN \
         rental r ON r.id = e.rental_id WHERE o.account_id <> e.account_id OR r.account_id <> \
         e.account_id",
    ),
    (
        "it is of another account's event than its endpoint",
        "SELECT 'delivery ' || d.id FROM webhook_delivery d JOIN event e ON e.id = d.event_id JOIN \
         webhook_endpoint p ON p.id = d.endpoint_id WHERE p.account_id <> e.account_id",
    ),
    (
        "it is of a test key's event and a live endpoint, or of a live event and a test endpoint",
        "SELECT 'delivery ' || d.id FROM webhook_delivery d JOIN event e ON e.id = d.event_id JOIN \
         webhook_endpoint p ON p.id = d.endpoint_id WHERE e.kind <> 'webhook.test' AND (e.test_id \
         IS NOT NULL) <> (p.test = 1)",
    ),
    (
        "it waits for an earlier one, and there is none that waits",
        "SELECT 'delivery ' || d.id FROM webhook_delivery d WHERE d.state = 'waiting' AND \
         d.next_at IS NULL AND NOT EXISTS (SELECT 1 FROM webhook_delivery w WHERE w.endpoint_id = \
         d.endpoint_id AND w.subject = d.subject AND w.event_id < d.event_id AND w.state = \
         'waiting' AND w.repeated = 0)",
    ),
    (
        "it is about a message whose text is not kept any more",
        "SELECT 'event ' || e.id FROM event e JOIN message m ON m.id = e.message_id WHERE m.text \
         IS NULL",
    ),
    (
        "its outcome is none that it can have in its state",
        "SELECT 'order ' || id FROM orders WHERE outcome IS NOT NULL AND (state = 'open' OR \
         outcome <> 'reported' AND outcome NOT IN (CASE state WHEN 'completed' THEN 'code' WHEN \
         'expired' THEN 'silent' ELSE 'quit_early' END, CASE state WHEN 'completed' THEN \
         'sms_without_code' WHEN 'expired' THEN 'sim_lost' ELSE 'quit_late' END))",
    ),
];

/// Finds orders whose number another account had for the same service at most `$1` microseconds
/// earlier; when `$1` is negative, at any time earlier.
const SOLD_TWICE: &str = "SELECT 'order ' || b.id FROM orders a JOIN orders b ON b.number = \
                          a.number AND b.service_id = a.service_id AND b.account_id <> \
                          a.account_id AND b.id > a.id AND b.state = 'completed' WHERE a.state = \
                          'completed' AND (CAST($1 AS bigint) < 0 OR b.created_at < a.ended_at + \
                          $1) AND NOT EXISTS (SELECT 1 FROM mark k WHERE k.number = a.number AND \
                          k.service_id = a.service_id AND k.unused_at >= a.ended_at)";

/// Finds orders whose number another account had been sent a message of the same service to at most
/// `$1` microseconds before they were made; when `$1` is negative, at any time before. What
/// became known only later, because patterns changed or a message was stored late, does not count.
const SOLD_AFTER_MESSAGE: &str = "SELECT 'order ' || o.id FROM orders o WHERE EXISTS (SELECT 1 \
                                  FROM trace e WHERE e.number = o.number AND e.service_id = \
                                  o.service_id AND e.account_id <> o.account_id AND \
                                  (e.noted_after < o.id AND e.first_at < o.created_at AND \
                                  (CAST($1 AS bigint) < 0 OR o.created_at < e.first_at + $1) OR \
                                  e.last_noted_after < o.id AND e.last_at < o.created_at AND ($1 \
                                  < 0 OR o.created_at < e.last_at + $1)) AND NOT EXISTS (SELECT 1 \
                                  FROM mark k WHERE k.number = e.number AND k.service_id = \
                                  e.service_id AND k.unused_at >= e.first_at))";

/// Finds rows that refer to rows which do not exist.
const ORPHANS: &str =
    "SELECT \"table\" || ' row ' || coalesce(rowid, '') FROM pragma_foreign_key_check";

/// How many checks there are. They are carried out one at a time, because each may take minutes on
/// a large database.
pub const CHECKS: usize = RULES.len() + 5;

impl ReadTx<'_> {
    /// Everything that check number `check` finds wrong, in words for the operator. For the time of
    /// `cooldown` a number that was used for a service is not sold for it again; without a value,
    /// never.
    pub fn faults(
        &self,
        check: usize,
        cooldown: Option<Duration>,
    ) -> Result<Vec<String>, StoreError> {
        if let Some((wrong, sql)) = RULES.get(check) {
            return self.all(sql, [], |row| Ok(format!("{}: {wrong}", row.get::<String>(0)?)));
        }
        let cooldown_us =
            cooldown.map_or(-1, |time| i64::try_from(time.as_micros()).unwrap_or(i64::MAX / 2));
        match check - RULES.len() {
            0 => self.all(SOLD_TWICE, [cooldown_us], |row| {
                Ok(format!(
                    "{}: its number was sold to another account for the same service before",
                    row.get::<String>(0)?
                ))
            }),
            1 => self.rentals_of_wrong_length(),
            2 | 3 if !matches!(self.connection(), Connection::Sqlite(_)) => Ok(Vec::new()),
            2 => self.all(ORPHANS, [], |row| {
                Ok(format!("{}: it refers to a row that does not exist", row.get::<String>(0)?))
            }),
            3 => {
                let found: Vec<String> =
                    self.all("PRAGMA integrity_check", [], |row| row.get(0))?;
                Ok(found
                    .into_iter()
                    .filter(|line| line != "ok")
                    .map(|line| format!("the file: {line}"))
                    .collect())
            }
            4 => self.all(SOLD_AFTER_MESSAGE, [cooldown_us], |row| {
                Ok(format!(
                    "{}: another account had been sent a message of the same service to its number",
                    row.get::<String>(0)?
                ))
            }),
            _ => Ok(Vec::new()),
        }
    }

    fn rentals_of_wrong_length(&self) -> Result<Vec<String>, StoreError> {
        let rentals = self.rentals(&ListFilter::newest(RowLimit::ALL))?;
        let paid_for = |r: &Rental| add_months(r.started_at, r.months);
        let wrong = rentals
            .iter()
            .filter(|r| paid_for(r).map(|paid| paid.plus(r.free)) != Some(r.expires_at));
        Ok(wrong
            .map(|rental| {
                format!(
                    "rental {}: its end is not as many months and free days after its start as it \
                     has",
                    rental.id
                )
            })
            .collect())
    }
}
