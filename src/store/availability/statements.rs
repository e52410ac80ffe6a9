//! The statements that search for a SIM, made of the fragments for single reasons.
//!
//! Whether a SIM can be sold is a column of the result and not a condition, so that a search can
//! stop after so many SIMs, whether they can be sold or not: this bounds what it costs. A country's
//! SIMs are read a window at a time. SQLite works out a row when it is asked for the next one, but
//! a server works out all that a statement selects.

use super::SearchScope;
use super::reasons::{
    busy, contested, failing, has_failed, has_past, marked, ordered, rented, rests, sellable,
    sellable_by_its_row, skipped, tried, unmarked, used_by_message, used_by_order,
};
use crate::domain::allocation::SharingPolicy;

/// SIMs, each with whether an order can have it: 0 if it cannot, 2 if it can but something speaks
/// against it, 1 otherwise. The columns are those of [`for_rental`].
macro_rules! select_whether {
    ($($condition:expr),+) => {
        concat!(
            "SELECT s.id, s.iccid, s.number, CASE WHEN ",
            $($condition,)+
            " THEN CASE WHEN ",
            has_failed!(),
            " THEN 2 ELSE 1 END ELSE 0 END, s.last_given_at FROM sim s WHERE "
        )
    };
}

/// A window of a country's SIMs, in the order in which they are given out: those given out longest
/// ago come first. It begins after the SIM with this time and id.
macro_rules! window {
    ($after:literal, $count:literal) => {
        concat!(
            "s.country = $1 AND s.number IS NOT NULL AND (s.last_given_at, s.id) > (",
            $after,
            ") ORDER BY s.last_given_at, s.id LIMIT ",
            $count
        )
    };
}

/// SIMs, each with whether an order may have it, when `$conflict` says which orders it may not
/// share one with. `$which` says which SIMs.
macro_rules! for_order {
    ($conflict:literal, $which:expr) => {
        concat!(
            select_whether!(
                sellable!(),
                " AND s.pool <> 'rentals' AND NOT ",
                used_by_order!(),
                " AND NOT ",
                marked!(),
                " AND NOT ",
                used_by_message!(),
                " AND NOT ",
                skipped!(),
                " AND NOT ",
                failing!(),
                " AND NOT ",
                rests!(
                    "$6",
                    "$5",
                    "g.service_id = $3 OR (g.patterned = 0 AND CAST($7 AS bigint) = 0)"
                ),
                " AND NOT ",
                busy!($conflict),
                " AND NOT ",
                tried!()
            ),
            $which
        )
    };
}

/// SIMs, each with whether a rental may have it, and whether its number has a past. `$3` is the
/// time after which a number that was given up rests, `$4` the account, `$5` the time after which a
/// completed order keeps a number from tenants, `$6` the SIM where only one is looked at. The
/// columns are the SIM's id, its ICCID, its number, whether it may be had, and when it was given
/// out last.
macro_rules! for_rental {
    ($which:expr) => {
        concat!(
            "SELECT s.id, s.iccid, s.number, CASE WHEN ",
            sellable!(),
            " AND s.deaf_until = 0 AND s.pool <> 'orders' AND NOT ",
            rests!("$3", "$4", "1 = 1"),
            " AND NOT ",
            busy!("1 = 1"),
            " AND NOT ",
            ordered!(),
            " THEN CASE WHEN ",
            has_past!(),
            " THEN 1 ELSE 0 END END, s.last_given_at FROM sim s WHERE ",
            $which
        )
    };
}

/// The SIMs that can be sold at all, in the order in which they are given out.
pub(super) const SELLABLE: &str = concat!(
    "SELECT s.id, s.iccid, s.number, s.pool, s.deaf_until > 0 FROM sim s WHERE ",
    sellable!(),
    " ORDER BY s.last_given_at, s.id"
);

/// The SIMs that are contested or rented, some of them twice. To find all of them at once costs
/// less than to ask about each SIM: only numbers of several SIMs can be contested, and there are
/// fewer rentals than SIMs.
macro_rules! contested_or_rented {
    () => {
        concat!(
            "SELECT s.id FROM sim s WHERE s.number IN (SELECT number FROM sim WHERE number ",
            "IS NOT NULL GROUP BY number HAVING count(*) > 1) AND ",
            contested!(),
            " UNION ALL SELECT t.sim_id FROM rental t WHERE t.state = 'active' ",
            "UNION ALL SELECT s.id FROM rental n JOIN sim s ON s.number = n.number ",
            "WHERE n.state = 'active'"
        )
    };
}

/// The SIMs of the countries from `$2` on and before `$3`, if that is not NULL, each with whether
/// it can be sold at all.
pub(super) const SIMS_OF_RANGE: &str = concat!(
    "SELECT s.id, s.iccid, s.number, s.pool, s.deaf_until > 0, s.country, s.last_given_at, ",
    "CASE WHEN ",
    sellable_by_its_row!("$1"),
    " AND s.id NOT IN (",
    contested_or_rented!(),
    ") THEN 1 ELSE 0 END FROM sim s ",
    "WHERE s.country >= $2 AND (CAST($3 AS text) IS NULL OR s.country < $3)"
);

/// The SIMs of a scope, each with whether a rental may have it.
pub(super) fn for_rental(scope: SearchScope) -> &'static str {
    match scope {
        SearchScope::Sim(_) => for_rental!("s.id = $6"),
        SearchScope::All | SearchScope::First(_) => for_rental!(window!("$6, $7", "$8")),
    }
}

/// The SIMs of a scope, each with whether an order may have it. The conditions on `r` are
/// [`SharingPolicy::allows`], negated.
pub(super) fn for_order(sharing: SharingPolicy, scope: SearchScope) -> &'static str {
    macro_rules! of_scope {
        ($conflict:literal) => {
            match scope {
                SearchScope::Sim(_) => for_order!($conflict, "s.id = $8"),
                SearchScope::All | SearchScope::First(_) => {
                    for_order!($conflict, window!("$8, $9", "$10"))
                }
            }
        };
    }
    match sharing {
        SharingPolicy::Exclusive => of_scope!("1 = 1"),
        SharingPolicy::Alone { among_collecting: false } => of_scope!("r.state = 'open'"),
        SharingPolicy::Alone { among_collecting: true } => {
            of_scope!("r.state = 'open' OR r.patterned = 0")
        }
        SharingPolicy::Shared => {
            of_scope!("r.state = 'open' AND (r.patterned = 0 OR r.service_id = $3)")
        }
    }
}
