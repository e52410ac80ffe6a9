//! The rule of availability in SQL: fragments of which each stands for one reason.
//!
//! In all fragments `s` is the SIM. The parameters are numbered in the order in which they first
//! stand in the statements, which every database understands alike: `$1` the country, `$2` the
//! time, `$3` the service, `$4` the time after which a use counts, `$5` the account, `$6` the time
//! after which a number that was given up rests, `$7` whether the service has patterns, `$8` the
//! SIM where only one is looked at.
//!
//! A fragment may be made of others, so whoever uses one has to import those as well.

/// [`Contested`](crate::domain::availability::UnavailableReason::Contested): another SIM that is
/// not retired claims the same number, and the operator has not said that it is this one's.
macro_rules! contested {
    () => {
        "EXISTS (SELECT 1 FROM sim o WHERE o.number = s.number AND o.id <> s.id \
         AND o.retired_at IS NULL \
         AND (s.number_source <> 'operator' OR o.number_source = 'operator'))"
    };
}

/// [`Rented`](crate::domain::availability::UnavailableReason::Rented): the SIM has a rental, or its
/// number has one that began on the card which this one replaced.
macro_rules! rented {
    () => {
        "(EXISTS (SELECT 1 FROM rental t WHERE t.sim_id = s.id AND t.state = 'active') OR \
         EXISTS (SELECT 1 FROM rental n WHERE n.number = s.number AND n.state = 'active'))"
    };
}

/// Nothing that stands in the SIM's own row keeps it from being sold at the time `$now`.
macro_rules! sellable_by_its_row {
    ($now:literal) => {
        concat!(
            "s.number IS NOT NULL AND s.retired_at IS NULL AND s.rests_until <= ",
            $now,
            " AND s.deaf_until <= ",
            $now
        )
    };
}

/// [`Purpose::Any`](crate::domain::availability::Purpose::Any): nothing that is a matter of the SIM
/// itself keeps it from being sold in the country.
macro_rules! sellable {
    () => {
        concat!(
            "s.country = $1 AND ",
            sellable_by_its_row!("$2"),
            " AND NOT ",
            rented!(),
            " AND NOT ",
            contested!()
        )
    };
}

/// The operator has said later than `$at` that the number is not used for the service.
macro_rules! unmarked {
    ($use:literal, $at:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM mark k WHERE k.number = ",
            $use,
            ".number AND k.service_id = ",
            $use,
            ".service_id AND k.unused_at >= ",
            $use,
            ".",
            $at,
            ")"
        )
    };
}

/// [`Used`](crate::domain::availability::UnavailableReason::Used): the number was used for the
/// service recently.
macro_rules! used_by_order {
    () => {
        concat!(
            "EXISTS (SELECT 1 FROM orders u WHERE u.number = s.number AND u.service_id = $3 AND \
             u.state = 'completed' AND u.ended_at > $4 AND NOT ",
            unmarked!("u", "ended_at"),
            ")"
        )
    };
}

/// `Used` as well: the operator has said so.
macro_rules! marked {
    () => {
        concat!(
            "EXISTS (SELECT 1 FROM mark m WHERE m.number = s.number AND m.service_id = $3 AND \
             m.used_at > $4 AND NOT ",
            unmarked!("m", "used_at"),
            ")"
        )
    };
}

/// [`UsedByTenant`](crate::domain::availability::UnavailableReason::UsedByTenant), or `Used` by an
/// order that it did not complete: another account was sent a message of the service recently.
macro_rules! used_by_message {
    () => {
        concat!(
            "EXISTS (SELECT 1 FROM trace e WHERE e.number = s.number AND e.service_id = $3 AND \
             e.last_at > $4 AND (e.account_id <> $5 OR $5 IS NULL) AND NOT ",
            unmarked!("e", "last_at"),
            ")"
        )
    };
}

/// [`Skipped`](crate::domain::availability::UnavailableReason::Skipped). Without an account `$5` is
/// NULL, which equals nothing.
macro_rules! skipped {
    () => {
        "EXISTS (SELECT 1 FROM orders k WHERE k.number = s.number AND k.service_id = $3 \
         AND k.account_id = $5 AND k.state = 'skipped')"
    };
}

/// [`Failing`](crate::domain::availability::UnavailableReason::Failing): the number rests for the
/// service.
macro_rules! failing {
    () => {
        "EXISTS (SELECT 1 FROM pair_health f WHERE f.number = s.number AND f.service_id = $3 AND \
         f.rests_until > $2)"
    };
}

/// [`RestsBetweenCustomers`][rests]: another account has just given the number up. Without an
/// account, any has.
///
/// [rests]: crate::domain::availability::UnavailableReason
macro_rules! rests {
    ($since:literal, $account:literal, $concerns:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM given_up g WHERE g.number = s.number AND g.at > ",
            $since,
            " AND (g.account_id <> ",
            $account,
            " OR ",
            $account,
            " IS NULL) AND (",
            $concerns,
            "))"
        )
    };
}

/// [`Busy`](crate::domain::availability::UnavailableReason::Busy): an order `r` runs on the SIM
/// that `$conflict` says is in the way.
macro_rules! busy {
    ($conflict:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM orders r WHERE r.sim_id = s.id AND r.expires_at > $2 ",
            "AND r.state IN ('open', 'completed') AND r.filed = 0 AND (",
            $conflict,
            "))"
        )
    };
}

/// `Busy` as well: the SIM is on probation, and has an open order.
macro_rules! tried {
    () => {
        concat!("(s.deaf_until > 0 AND ", busy!("r.state = 'open'"), ")")
    };
}

/// Orders for the service have failed on the number since its last code, too few for it to rest.
macro_rules! has_failed {
    () => {
        "EXISTS (SELECT 1 FROM pair_health h WHERE h.number = s.number AND h.service_id = $3 AND \
         h.failures > 0)"
    };
}

/// [`RestsAfterOrders`](crate::domain::availability::UnavailableReason::RestsAfterOrders): an order
/// completed on the number after `$5`.
macro_rules! ordered {
    () => {
        "EXISTS (SELECT 1 FROM orders p WHERE p.number = s.number AND p.state = 'completed' AND \
         p.ended_at > $5)"
    };
}

/// Whether the number was ever used by an order, or rented.
macro_rules! has_past {
    () => {
        "(EXISTS (SELECT 1 FROM orders p WHERE p.number = s.number AND p.state = 'completed') OR \
         EXISTS (SELECT 1 FROM rental p WHERE p.number = s.number) OR \
         EXISTS (SELECT 1 FROM rental_move p WHERE p.number = s.number))"
    };
}

pub(super) use {
    busy, failing, has_failed, has_past, marked, ordered, rests, sellable, sellable_by_its_row,
    skipped, tried, used_by_message, used_by_order,
};
pub(in crate::store) use {contested, rented, unmarked};
