//! How an order is given a SIM: which orders may run on one SIM at the same time, in which passes
//! the stock is searched, and how many numbers there are for each service.

use super::availability::SimUsage;
use super::{AccountId, ServiceId, Timestamp};

/// Which orders may already run on the SIM that a new order is given. An order runs from when it is
/// made until its lifetime is over: it is open until its first SMS and collects further ones
/// afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SharingPolicy {
    /// None at all. A parked SIM is sold only in this way.
    Exclusive,
    /// No open order, but collecting ones.
    Alone {
        /// Also no collecting order whose service has no patterns, because that order and the new
        /// one would both take the messages that no service claims.
        among_collecting: bool,
    },
    /// Open orders of other services, as long as those services have patterns.
    Shared,
}

/// The passes over the stock for a new order, first to last: a SIM without open orders is
/// preferred.
///
/// An order of a service without patterns has its SIM to itself; others share a SIM if the operator
/// allows it (`share_sim`).
pub fn passes(service_has_patterns: bool, share_sim: bool) -> &'static [SharingPolicy] {
    match (service_has_patterns, share_sim) {
        (false, _) => &[SharingPolicy::Alone { among_collecting: true }],
        (true, false) => &[SharingPolicy::Alone { among_collecting: false }],
        (true, true) => &[SharingPolicy::Alone { among_collecting: false }, SharingPolicy::Shared],
    }
}

/// The policy of the last pass, which allows the most: what it does not allow is not sold.
pub fn widest(service_has_patterns: bool, share_sim: bool) -> SharingPolicy {
    let alone = SharingPolicy::Alone { among_collecting: !service_has_patterns };
    passes(service_has_patterns, share_sim).last().copied().unwrap_or(alone)
}

/// A service that a number was used for. The number is not sold for it again within the cool-down
/// ([invariant 8](crate#what-always-holds)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use {
    pub service: ServiceId,
    /// When it was used for the service last.
    pub at: Timestamp,
    pub by: UsedBy,
}

/// How a number was used for a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UsedBy {
    /// An order for the service completed.
    Completion,
    /// An order for the service completed before the operator said that the number is not used.
    Unmarked,
    /// The operator said so.
    Mark,
    /// An order of this account was given a message of the service without being completed by it,
    /// or was most likely meant by one that came too late.
    Order(AccountId),
    /// A rental of this account was given a message of the service.
    Rental(AccountId),
}

impl UsedBy {
    /// The account that was sent the messages.
    pub fn account(self) -> Option<AccountId> {
        match self {
            UsedBy::Completion | UsedBy::Unmarked | UsedBy::Mark => None,
            UsedBy::Order(account) | UsedBy::Rental(account) => Some(account),
        }
    }

    /// Whether it keeps the number from an order of this account; without one, from orders of
    /// accounts that have not used the number. What an account itself was sent does not keep the
    /// number from it, unless that completed an order: a number is ordered for a service once.
    pub fn concerns(self, account: Option<AccountId>) -> bool {
        match self {
            UsedBy::Completion | UsedBy::Mark => true,
            UsedBy::Unmarked => false,
            UsedBy::Order(by) | UsedBy::Rental(by) => Some(by) != account,
        }
    }
}

/// An order that another account gave up on a number, or that expired there without its SMS. What
/// it waited for may come late, so for some time the number goes to nobody else who would be given
/// that: to no order for the same service, to none of a service without patterns if this one had
/// none either, and to no tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rest {
    pub service: ServiceId,
    /// Whether its service had patterns.
    pub patterned: bool,
}

impl Rest {
    /// Whether an order for `service` could be given what comes late.
    pub fn concerns(self, service: ServiceId, patterned: bool) -> bool {
        self.service == service || !(self.patterned || patterned)
    }
}

/// What orders for a service want of their SIMs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    pub service: ServiceId,
    /// Which orders may already run there.
    pub sharing: SharingPolicy,
    /// Whether the service has patterns.
    pub patterned: bool,
}

/// An order that runs on a SIM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActiveOrder {
    pub account: AccountId,
    /// The service that the order is for.
    pub service: ServiceId,
    /// Whether it still waits for its first SMS; otherwise it collects.
    pub open: bool,
    /// Whether its service had patterns when the order was made.
    pub patterned: bool,
}

impl SharingPolicy {
    /// Whether an order for `service` may run on a SIM beside `other`.
    pub fn allows(self, service: ServiceId, other: ActiveOrder) -> bool {
        let ActiveOrder { service: theirs, open, patterned, .. } = other;
        match self {
            SharingPolicy::Exclusive => false,
            SharingPolicy::Alone { among_collecting: false } => !open,
            SharingPolicy::Alone { among_collecting: true } => !open && patterned,
            SharingPolicy::Shared => !open || (patterned && theirs != service),
        }
    }
}

/// How many of `sims`, all of them on sale and on the air, could be given to an order for each of
/// `services` of an account that has used none of their numbers. Uses until `used_since` do not
/// count.
///
/// This is [`SimCandidate::unavailable_for`](super::availability::SimCandidate::unavailable_for)
/// for all services at once. Its cost grows with the number of SIMs and of their uses, not with the
/// number of services times the number of SIMs. The services are in the order of their ids, and so
/// are the counts.
pub fn count_stock(
    services: &[Wanted],
    sims: &[SimUsage<'_>],
    used_since: Timestamp,
) -> Vec<usize> {
    let mut counts = vec![sims.len(); services.len()];
    // Which SIM has denied each service last: each denies it once at most.
    let mut denied_by = vec![None; services.len()];
    for (n, sim) in sims.iter().enumerate() {
        let mut deny = |place: usize| {
            if let (Some(by), Some(count)) = (denied_by.get_mut(place), counts.get_mut(place))
                && by.replace(n) != Some(n)
            {
                *count -= 1;
            }
        };
        let is_counted = |used: &&Use| used.at > used_since && used.by.concerns(None);
        let used = sim.uses.iter().filter(is_counted).map(|used| &used.service);
        let denied = used.chain(sim.skips).chain(sim.failing);
        denied.filter_map(|service| place_of(*service, services)).for_each(&mut deny);
        if sim.active_orders.is_empty() && sim.rests.is_empty() {
            continue;
        }
        for (place, wanted) in services.iter().enumerate() {
            let allows = |order: &ActiveOrder| wanted.sharing.allows(wanted.service, *order);
            let rests = |rest: &Rest| rest.concerns(wanted.service, wanted.patterned);
            if !sim.active_orders.iter().all(allows) || sim.rests.iter().any(rests) {
                deny(place);
            }
        }
    }
    counts
}

/// The place of a service among those in the order of their ids, which mostly have no gaps.
fn place_of(service: ServiceId, services: &[Wanted]) -> Option<usize> {
    let first = services.first()?.service;
    let guess = usize::try_from(service.0.checked_sub(first.0)?).ok()?;
    match services.get(guess) {
        Some(wanted) if wanted.service == service => Some(guess),
        _ => services.binary_search_by_key(&service, |wanted| wanted.service).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: ServiceId = ServiceId(1);
    const T: ServiceId = ServiceId(2);
    const FAR: ServiceId = ServiceId(40);

    #[test]
    fn which_orders_may_run_on_one_sim() {
        let order = |service, open, patterned| ActiveOrder {
            account: AccountId(1),
            service,
            open,
            patterned,
        };
        let alone = SharingPolicy::Alone { among_collecting: false };
        let alone_among_collecting = SharingPolicy::Alone { among_collecting: true };
        for (sharing, other, allowed) in [
            (SharingPolicy::Exclusive, order(T, false, true), false),
            (alone, order(T, true, true), false),
            (alone, order(S, false, false), true),
            (alone_among_collecting, order(T, false, false), false),
            (alone_among_collecting, order(T, false, true), true),
            (SharingPolicy::Shared, order(T, true, true), true),
            (SharingPolicy::Shared, order(S, true, true), false),
            (SharingPolicy::Shared, order(T, true, false), false),
            (SharingPolicy::Shared, order(S, false, false), true),
        ] {
            assert_eq!(sharing.allows(S, other), allowed, "{sharing:?} {other:?}");
        }
    }

    #[test]
    fn stock_is_counted_for_each_service() {
        let alone = SharingPolicy::Alone { among_collecting: true };
        let services = [
            Wanted { service: S, sharing: SharingPolicy::Shared, patterned: true },
            Wanted { service: T, sharing: alone, patterned: false },
            Wanted { service: FAR, sharing: SharingPolicy::Shared, patterned: true },
        ];
        let used =
            |service, at| Use { service, at: Timestamp(at), by: UsedBy::Rental(AccountId(1)) };
        let open = [ActiveOrder { account: AccountId(1), service: S, open: true, patterned: true }];
        let unknown = [ServiceId(0), ServiceId(39), ServiceId(77)].map(|id| used(id, 9));
        let (used_s, used_long_ago, both) =
            ([used(S, 9)], [used(S, 5)], [&[used(S, 9), used(FAR, 9)], &unknown[..]].concat());
        let sims = [
            SimUsage::default(),
            SimUsage { uses: &used_s, ..SimUsage::default() },
            SimUsage { uses: &used_long_ago, ..SimUsage::default() },
            SimUsage { uses: &both, skips: &[S, T], ..SimUsage::default() },
            SimUsage { uses: &used_s, active_orders: &open, ..SimUsage::default() },
            SimUsage { rests: &[Rest { service: S, patterned: true }], ..SimUsage::default() },
        ];
        let counts = count_stock(&services, &sims, Timestamp(5));
        assert_eq!(counts, [2, 4, 5]);
    }

    #[test]
    fn a_late_code_concerns_the_orders_that_could_be_given_it() {
        for (patterned, service, to_patterned, concerns) in [
            (true, S, true, true),
            (true, T, true, false),
            (true, T, false, false),
            (false, S, false, true),
            (false, T, false, true),
            (false, T, true, false),
        ] {
            let rest = Rest { service: S, patterned };
            assert_eq!(rest.concerns(service, to_patterned), concerns, "{rest:?} {service:?}");
        }
    }

    #[test]
    fn the_widest_policy_is_that_of_the_last_pass() {
        assert_eq!(widest(true, true), SharingPolicy::Shared);
        assert_eq!(widest(true, false), SharingPolicy::Alone { among_collecting: false });
        assert_eq!(widest(false, true), SharingPolicy::Alone { among_collecting: true });
    }
}
