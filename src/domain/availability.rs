//! When a SIM can be sold, and why not.
//!
//! [`SimCandidate::unavailable_for`] is the rule. What picks a SIM from the whole stock runs in the
//! database, so `store/availability.rs` states the same rule in SQL; a property test there compares
//! the two over random histories.

use super::allocation::{ActiveOrder, Rest, SharingPolicy, Use, UsedBy};
use super::sim::{Pool, Sim};
use super::{AccountId, ServiceId, Timestamp};

/// Why a SIM cannot be given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UnavailableReason {
    /// Its number is not known.
    NoNumber,
    /// Another SIM claims the same number; both are held back until the operator says whose it is.
    Contested,
    /// The operator has retired it.
    Retired,
    /// It is kept for rentals, or for orders.
    OtherPool,
    /// It is rented, or its number still is although the card was replaced.
    Rented,
    /// It rests between two rentals.
    Resting,
    /// It is deaf: several orders of several services in a row were silent. For a tenant, also
    /// while it is on probation.
    Deaf,
    /// Its country is not known.
    NoCountry,
    /// Its number was used for the service within the cool-down, by an order.
    Used,
    /// A tenant was sent a message of the service to its number within the cool-down.
    UsedByTenant,
    /// The account has skipped its number for the service.
    Skipped,
    /// An order completed on its number too short a while ago for a tenant.
    RestsAfterOrders,
    /// Another account has just given its number up, or its order expired, without the SMS.
    RestsBetweenCustomers,
    /// The last orders for the service on its number failed.
    Failing,
    /// It is in no working modem and in no SIM bank.
    Offline,
    /// Orders that run on it do not allow another one, or it is on probation and has an open one.
    Busy,
    /// It is parked in a SIM bank, and no radio can register it in time.
    Parked,
}

impl UnavailableReason {
    /// All reasons in the order in which they are looked for: what lasts longest comes first, so
    /// that an operator reads the reason that most needs attention.
    pub const ALL: [UnavailableReason; 17] = [
        UnavailableReason::Retired,
        UnavailableReason::OtherPool,
        UnavailableReason::NoNumber,
        UnavailableReason::Contested,
        UnavailableReason::Rented,
        UnavailableReason::Resting,
        UnavailableReason::Deaf,
        UnavailableReason::NoCountry,
        UnavailableReason::Used,
        UnavailableReason::UsedByTenant,
        UnavailableReason::Skipped,
        UnavailableReason::RestsAfterOrders,
        UnavailableReason::Failing,
        UnavailableReason::RestsBetweenCustomers,
        UnavailableReason::Offline,
        UnavailableReason::Busy,
        UnavailableReason::Parked,
    ];

    /// The word in `sim list` and in the metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            UnavailableReason::NoNumber => "no-number",
            UnavailableReason::Contested => "contested",
            UnavailableReason::Retired => "retired",
            UnavailableReason::OtherPool => "other-pool",
            UnavailableReason::Rented => "rented",
            UnavailableReason::Resting => "resting",
            UnavailableReason::Deaf => "deaf",
            UnavailableReason::NoCountry => "no-country",
            UnavailableReason::Used => "used",
            UnavailableReason::UsedByTenant => "used-by-tenant",
            UnavailableReason::Skipped => "skipped",
            UnavailableReason::RestsAfterOrders => "rests-after-orders",
            UnavailableReason::RestsBetweenCustomers => "rests-between-customers",
            UnavailableReason::Failing => "failing",
            UnavailableReason::Offline => "offline",
            UnavailableReason::Busy => "busy",
            UnavailableReason::Parked => "parked",
        }
    }

    /// The key in the JSON of `explain`, which has underscores where the word has hyphens.
    pub fn as_json_key(self) -> &'static str {
        match self {
            UnavailableReason::NoNumber => "no_number",
            UnavailableReason::NoCountry => "no_country",
            UnavailableReason::OtherPool => "other_pool",
            UnavailableReason::UsedByTenant => "used_by_tenant",
            UnavailableReason::RestsAfterOrders => "rests_after_orders",
            UnavailableReason::RestsBetweenCustomers => "rests_between_customers",
            other => other.as_str(),
        }
    }
}

/// All words of [`word`].
pub fn words() -> Vec<&'static str> {
    [None].into_iter().chain(UnavailableReason::ALL.map(Some)).map(word).collect()
}

/// The word in `sim list` for a SIM that can be given out, or for why it cannot.
pub fn word(unavailable: Option<UnavailableReason>) -> &'static str {
    unavailable.map_or("available", UnavailableReason::as_str)
}

/// What a word of [`words`] stands for; `None` if it is none of them.
pub fn from_word(text: &str) -> Option<Option<UnavailableReason>> {
    let all = [None].into_iter().chain(UnavailableReason::ALL.map(Some));
    all.into_iter().find(|known| word(*known) == text)
}

/// Whether a SIM can receive messages now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reachability {
    /// It is in a working modem that has reported recently.
    OnAir,
    /// It is parked in a SIM bank that could put it into a modem.
    Parked,
    /// It is in no working modem, and in no SIM bank that could put it into one.
    Offline,
}

/// What a SIM is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// No particular order or rental: only what is a matter of the SIM itself counts.
    Any,
    /// An order for a service.
    Order {
        /// The service that the number is for.
        service: ServiceId,
        /// The account that the number is for; `None` for one that has used no number.
        account: Option<AccountId>,
        /// Which other orders may run on the SIM.
        sharing: SharingPolicy,
        /// A number that was used for the service after this moment is not sold for it again.
        used_since: Timestamp,
        /// Whether the service has patterns.
        patterned: bool,
    },
    /// A rental. It has the SIM to itself.
    Rental {
        /// A number on which an order completed after this moment is not let yet.
        ordered_since: Timestamp,
    },
}

impl Purpose {
    /// Whether SIMs of this pool are sold for it.
    pub fn is_served_by(self, pool: Pool) -> bool {
        match self {
            Purpose::Any => true,
            Purpose::Order { .. } => pool != Pool::Rentals,
            Purpose::Rental { .. } => pool != Pool::Orders,
        }
    }

    /// The service that an order is for.
    pub fn service(self) -> Option<ServiceId> {
        match self {
            Purpose::Order { service, .. } => Some(service),
            Purpose::Any | Purpose::Rental { .. } => None,
        }
    }

    /// The same for an account that has used no number.
    pub fn of_anybody(self) -> Purpose {
        match self {
            Purpose::Order { service, sharing, used_since, patterned, .. } => {
                Purpose::Order { service, account: None, sharing, used_since, patterned }
            }
            other => other,
        }
    }
}

/// What orders have done with a SIM and what they are doing on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SimUsage<'u> {
    /// The services that its number was used for, by whomever.
    pub uses: &'u [Use],
    /// The services for which the account that asks has skipped its number.
    pub skips: &'u [ServiceId],
    /// The services for which its number rests because the last orders failed.
    pub failing: &'u [ServiceId],
    /// The orders that other accounts than the one that asks have just given up on its number.
    pub rests: &'u [Rest],
    /// The orders that run on it.
    pub active_orders: &'u [ActiveOrder],
}

/// A SIM that somebody might be given, with everything that the decision depends on.
#[derive(Debug, Clone, Copy)]
pub struct SimCandidate<'c> {
    pub sim: &'c Sim,
    /// What orders have done with it. For [`Purpose::Any`] it may be left empty.
    pub usage: SimUsage<'c>,
    /// Whether it can receive messages now.
    pub reachability: Reachability,
}

impl SimCandidate<'_> {
    /// The first reason why the SIM cannot be given out for `purpose` at `now`; `None` when it can.
    pub fn unavailable_for(&self, purpose: Purpose, now: Timestamp) -> Option<UnavailableReason> {
        let (sim, usage) = (self.sim, self.usage);
        let on_probation = sim.is_on_probation(now);
        let is_denied_to_tenants = on_probation && matches!(purpose, Purpose::Rental { .. });
        let is_tried = on_probation && usage.has_open_order() && purpose != Purpose::Any;
        let applies = |reason: &UnavailableReason| match reason {
            UnavailableReason::NoNumber => sim.number.is_none(),
            UnavailableReason::Contested => sim.contested,
            UnavailableReason::Retired => sim.retired_at.is_some(),
            UnavailableReason::OtherPool => !purpose.is_served_by(sim.pool),
            UnavailableReason::Rented => sim.rented,
            UnavailableReason::Resting => sim.rests_until > now,
            UnavailableReason::Deaf => sim.deaf_until > now || is_denied_to_tenants,
            UnavailableReason::NoCountry => sim.country.is_none(),
            UnavailableReason::Used => usage.is_used_for(purpose, false),
            UnavailableReason::UsedByTenant => usage.is_used_for(purpose, true),
            UnavailableReason::Skipped => usage.is_skipped_for(purpose),
            UnavailableReason::RestsAfterOrders => usage.rests_after_orders(purpose),
            UnavailableReason::RestsBetweenCustomers => usage.rests_for(purpose),
            UnavailableReason::Failing => usage.is_failing_for(purpose),
            UnavailableReason::Offline => self.reachability == Reachability::Offline,
            UnavailableReason::Busy => usage.is_busy_for(purpose) || is_tried,
            UnavailableReason::Parked => self.reachability == Reachability::Parked,
        };
        UnavailableReason::ALL.into_iter().find(applies)
    }
}

impl SimUsage<'_> {
    /// Whether nothing that orders have done or do keeps the SIM from being given out.
    pub fn allows(&self, purpose: Purpose) -> bool {
        let is_used = [false, true].iter().any(|tenant| self.is_used_for(purpose, *tenant));
        !(is_used || self.is_skipped_for(purpose) || self.is_busy_for(purpose))
    }

    /// Whether its number was used for the service by somebody whose use counts, an order or a
    /// `tenant`.
    fn is_used_for(&self, purpose: Purpose, tenant: bool) -> bool {
        match purpose {
            Purpose::Any | Purpose::Rental { .. } => false,
            Purpose::Order { service, account, used_since, .. } => self.uses.iter().any(|used| {
                used.service == service
                    && used.at > used_since
                    && matches!(used.by, UsedBy::Rental(_)) == tenant
                    && used.by.concerns(account)
            }),
        }
    }

    fn is_skipped_for(&self, purpose: Purpose) -> bool {
        match purpose {
            Purpose::Any | Purpose::Rental { .. } => false,
            Purpose::Order { service, .. } => self.skips.contains(&service),
        }
    }

    fn is_failing_for(&self, purpose: Purpose) -> bool {
        purpose.service().is_some_and(|service| self.failing.contains(&service))
    }

    fn rests_after_orders(&self, purpose: Purpose) -> bool {
        match purpose {
            Purpose::Any | Purpose::Order { .. } => false,
            Purpose::Rental { ordered_since } => self.was_ordered_since(ordered_since),
        }
    }

    /// Whether an order completed on its number after `since`.
    pub fn was_ordered_since(&self, since: Timestamp) -> bool {
        let is_order = |used: &Use| matches!(used.by, UsedBy::Completion | UsedBy::Unmarked);
        self.uses.iter().any(|used| is_order(used) && used.at > since)
    }

    fn rests_for(&self, purpose: Purpose) -> bool {
        match purpose {
            Purpose::Any => false,
            Purpose::Order { service, patterned, .. } => {
                self.rests.iter().any(|rest| rest.concerns(service, patterned))
            }
            Purpose::Rental { .. } => !self.rests.is_empty(),
        }
    }

    /// Whether an order that runs on it still waits for its first SMS.
    pub fn has_open_order(&self) -> bool {
        self.active_orders.iter().any(|order| order.open)
    }

    fn is_busy_for(&self, purpose: Purpose) -> bool {
        match purpose {
            Purpose::Any => false,
            Purpose::Order { service, sharing, .. } => {
                !self.active_orders.iter().all(|order| sharing.allows(service, *order))
            }
            Purpose::Rental { .. } => !self.active_orders.is_empty(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::allocation::{Wanted, count_stock};
    use crate::domain::sim::{KnownNumber, NumberSource};
    use crate::domain::{AccountId, Iccid, Msisdn, SimId};

    const NOW: Timestamp = Timestamp(100);
    const SERVICE: ServiceId = ServiceId(1);
    const ANN: AccountId = AccountId(1);
    const BOB: AccountId = AccountId(2);
    const SHARED: Purpose = Purpose::Order {
        service: SERVICE,
        account: Some(ANN),
        sharing: SharingPolicy::Shared,
        used_since: Timestamp(50),
        patterned: true,
    };

    const RENTAL: Purpose = Purpose::Rental { ordered_since: Timestamp(50) };

    fn sim() -> Sim {
        Sim {
            id: SimId(1),
            iccid: Iccid::from_stored("8931440400000000001"),
            imsi: None,
            number: Some(KnownNumber {
                number: Msisdn::from_stored("+31612345678"),
                source: NumberSource::Cnum,
                at: Timestamp(0),
            }),
            told: None,
            country: Some("NL".into()),
            contested: false,
            rented: false,
            rests_until: NOW,
            retired_at: None,
            pool: Pool::Both,
            deaf_until: Timestamp(0),
        }
    }

    fn active(service: ServiceId, open: bool) -> ActiveOrder {
        ActiveOrder { account: AccountId(1), service, open, patterned: true }
    }

    #[test]
    fn what_is_a_matter_of_the_sim_counts_for_every_purpose() {
        let good = sim();
        let cases = [
            (good.clone(), None),
            (Sim { number: None, ..good.clone() }, Some(UnavailableReason::NoNumber)),
            (Sim { contested: true, ..good.clone() }, Some(UnavailableReason::Contested)),
            (
                Sim { retired_at: Some(NOW), rented: true, ..good.clone() },
                Some(UnavailableReason::Retired),
            ),
            (Sim { rented: true, ..good.clone() }, Some(UnavailableReason::Rented)),
            (Sim { rests_until: Timestamp(101), ..good.clone() }, Some(UnavailableReason::Resting)),
            (Sim { deaf_until: Timestamp(101), ..good.clone() }, Some(UnavailableReason::Deaf)),
            (Sim { country: None, ..good }, Some(UnavailableReason::NoCountry)),
        ];
        for (sim, expected) in cases {
            let usage = SimUsage::default();
            let candidate = SimCandidate { sim: &sim, usage, reachability: Reachability::OnAir };
            for purpose in [Purpose::Any, RENTAL, SHARED] {
                assert_eq!(candidate.unavailable_for(purpose, NOW), expected, "{purpose:?}");
            }
        }
    }

    #[test]
    fn a_sim_is_sold_for_what_it_is_kept_for() {
        for (pool, for_order, for_rental) in
            [(Pool::Both, true, true), (Pool::Orders, true, false), (Pool::Rentals, false, true)]
        {
            let sim = Sim { pool, ..sim() };
            let usage = SimUsage::default();
            let candidate = SimCandidate { sim: &sim, usage, reachability: Reachability::OnAir };
            for (purpose, sold) in [(Purpose::Any, true), (SHARED, for_order), (RENTAL, for_rental)]
            {
                let expected = (!sold).then_some(UnavailableReason::OtherPool);
                assert_eq!(candidate.unavailable_for(purpose, NOW), expected, "{purpose:?}");
            }
        }
    }

    #[test]
    fn a_sim_on_probation_has_one_order_at_a_time_and_no_tenant() {
        let open = [ActiveOrder { account: BOB, ..active(ServiceId(2), true) }];
        let collecting = [ActiveOrder { account: BOB, ..active(ServiceId(2), false) }];
        let deaf = Some(UnavailableReason::Deaf);
        let busy = Some(UnavailableReason::Busy);
        for (deaf_until, active_orders, for_order, for_rental) in [
            (0, &open[..], None, busy),
            (101, &[], deaf, deaf),
            (100, &[], None, deaf),
            (100, &collecting, None, deaf),
            (100, &open, busy, deaf),
        ] {
            let sim = Sim { deaf_until: Timestamp(deaf_until), ..sim() };
            let usage = SimUsage { active_orders, ..SimUsage::default() };
            let candidate = SimCandidate { sim: &sim, usage, reachability: Reachability::OnAir };
            assert_eq!(candidate.unavailable_for(SHARED, NOW), for_order, "{candidate:?}");
            assert_eq!(candidate.unavailable_for(RENTAL, NOW), for_rental, "{candidate:?}");
        }
    }

    #[test]
    fn the_lasting_reason_comes_first() {
        let sim = sim();
        let (used, used_long_ago) = (
            [Use { service: SERVICE, at: Timestamp(51), by: UsedBy::Completion }],
            [Use { service: SERVICE, at: Timestamp(50), by: UsedBy::Completion }],
        );
        let by = |by| [Use { service: SERVICE, at: Timestamp(51), by }];
        let (own, own_order) = (by(UsedBy::Rental(ANN)), by(UsedBy::Order(ANN)));
        let (marked, unmarked) = (by(UsedBy::Mark), by(UsedBy::Unmarked));
        let (tenants, others) = (by(UsedBy::Rental(BOB)), by(UsedBy::Order(BOB)));
        let (busy, collecting) = ([active(SERVICE, true)], [active(SERVICE, false)]);
        let nothing = SimUsage::default();
        use Reachability::{Offline, OnAir, Parked};
        use UnavailableReason as Reason;
        for (usage, reachability, for_order, for_rental) in [
            (nothing, OnAir, None, None),
            (nothing, Offline, Some(Reason::Offline), Some(Reason::Offline)),
            (nothing, Parked, Some(Reason::Parked), Some(Reason::Parked)),
            (
                SimUsage { uses: &used, ..nothing },
                Offline,
                Some(Reason::Used),
                Some(Reason::RestsAfterOrders),
            ),
            (SimUsage { uses: &used_long_ago, ..nothing }, OnAir, None, None),
            (SimUsage { uses: &marked, ..nothing }, OnAir, Some(Reason::Used), None),
            (SimUsage { uses: &unmarked, ..nothing }, OnAir, None, Some(Reason::RestsAfterOrders)),
            (SimUsage { uses: &own, ..nothing }, OnAir, None, None),
            (SimUsage { uses: &own_order, ..nothing }, OnAir, None, None),
            (SimUsage { uses: &tenants, ..nothing }, OnAir, Some(Reason::UsedByTenant), None),
            (SimUsage { uses: &others, ..nothing }, OnAir, Some(Reason::Used), None),
            (SimUsage { skips: &[SERVICE], ..nothing }, OnAir, Some(Reason::Skipped), None),
            (SimUsage { skips: &[ServiceId(2)], ..nothing }, OnAir, None, None),
            (SimUsage { failing: &[SERVICE], ..nothing }, OnAir, Some(Reason::Failing), None),
            (SimUsage { failing: &[ServiceId(2)], ..nothing }, OnAir, None, None),
            (
                SimUsage { rests: &[Rest { service: SERVICE, patterned: true }], ..nothing },
                Offline,
                Some(Reason::RestsBetweenCustomers),
                Some(Reason::RestsBetweenCustomers),
            ),
            (
                SimUsage { rests: &[Rest { service: ServiceId(2), patterned: false }], ..nothing },
                OnAir,
                None,
                Some(Reason::RestsBetweenCustomers),
            ),
            (
                SimUsage { active_orders: &busy, ..nothing },
                Parked,
                Some(Reason::Busy),
                Some(Reason::Busy),
            ),
            (SimUsage { active_orders: &collecting, ..nothing }, OnAir, None, Some(Reason::Busy)),
            (
                SimUsage { active_orders: &busy, ..nothing },
                Offline,
                Some(Reason::Offline),
                Some(Reason::Offline),
            ),
        ] {
            let candidate = SimCandidate { sim: &sim, usage, reachability };
            assert_eq!(candidate.unavailable_for(SHARED, NOW), for_order, "{candidate:?}");
            assert_eq!(candidate.unavailable_for(RENTAL, NOW), for_rental);
        }
    }

    #[test]
    fn every_reason_has_a_word_and_a_key_of_its_own() {
        for key in [UnavailableReason::as_str, UnavailableReason::as_json_key] {
            let keys: HashMap<_, _> = UnavailableReason::ALL.map(|reason| (key(reason), ())).into();
            assert_eq!(keys.len(), UnavailableReason::ALL.len());
        }
        assert_eq!(word(None), "available");
        assert_eq!(word(Some(UnavailableReason::NoNumber)), "no-number");
        assert_eq!(UnavailableReason::NoNumber.as_json_key(), "no_number");
    }

    fn service() -> impl Strategy<Value = ServiceId> {
        (1..4_i64).prop_map(ServiceId)
    }

    fn sharing() -> impl Strategy<Value = SharingPolicy> {
        prop_oneof![
            any::<bool>().prop_map(|among_collecting| SharingPolicy::Alone { among_collecting }),
            Just(SharingPolicy::Shared),
            Just(SharingPolicy::Exclusive),
        ]
    }

    fn used_by() -> impl Strategy<Value = UsedBy> {
        prop_oneof![
            Just(UsedBy::Completion),
            Just(UsedBy::Unmarked),
            Just(UsedBy::Mark),
            (1..3_i64).prop_map(|by| UsedBy::Order(AccountId(by))),
            (1..3_i64).prop_map(|by| UsedBy::Rental(AccountId(by))),
        ]
    }

    type Usage = (Vec<Use>, [Vec<ServiceId>; 2], Vec<Rest>, Vec<ActiveOrder>);

    /// Uses; skips and failing services; rests; and running orders of one SIM.
    fn usage() -> impl Strategy<Value = Usage> {
        let used = (service(), 48..53_i64, used_by()).prop_map(|(service, at, by)| Use {
            service,
            at: Timestamp(at),
            by,
        });
        let order =
            (service(), any::<bool>(), any::<bool>()).prop_map(|(service, open, patterned)| {
                ActiveOrder { account: AccountId(1), service, open, patterned }
            });
        let rest =
            (service(), any::<bool>()).prop_map(|(service, patterned)| Rest { service, patterned });
        let few = || 0..3_usize;
        (
            proptest::collection::vec(used, few()),
            [(); 2].map(|()| proptest::collection::vec(service(), few())),
            proptest::collection::vec(rest, few()),
            proptest::collection::vec(order, few()),
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        /// The catalogue's counts are made for all services at once; they follow the same rule.
        #[test]
        fn counted_stock_is_what_the_rule_allows(
            usages in proptest::collection::vec(usage(), 0..6),
            policies in proptest::collection::vec((sharing(), any::<bool>()), 3),
        ) {
            let services = (1..).map(ServiceId).zip(policies);
            let services: Vec<Wanted> = services
                .map(|(service, (sharing, patterned))| Wanted { service, sharing, patterned })
                .collect();
            let usages: Vec<SimUsage<'_>> = usages
                .iter()
                .map(|(uses, [skips, failing], rests, active_orders)| SimUsage {
                    uses,
                    skips,
                    failing,
                    rests,
                    active_orders,
                })
                .collect();
            let used_since = Timestamp(50);
            let counted = count_stock(&services, &usages, used_since);
            let sim = sim();
            for Wanted { service, sharing, patterned } in services {
                let account = None;
                let purpose =
                    Purpose::Order { service, account, sharing, used_since, patterned };
                let allowed = usages.iter().filter(|usage| {
                    let reachability = Reachability::OnAir;
                    let candidate = SimCandidate { sim: &sim, usage: **usage, reachability };
                    candidate.unavailable_for(purpose, NOW).is_none()
                });
                prop_assert_eq!(counted[&service], allowed.count());
            }
        }
    }
}
