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
        for (purpose, sold) in [(Purpose::Any, true), (SHARED, for_order), (RENTAL, for_rental)] {
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
    use Reachability::{InTwoPlaces, Offline, OnAir, Parked};
    use UnavailableReason as Reason;
    for (usage, reachability, for_order, for_rental) in [
        (nothing, OnAir, None, None),
        (nothing, Offline, Some(Reason::Offline), Some(Reason::Offline)),
        (nothing, Parked, Some(Reason::Parked), Some(Reason::Parked)),
        (nothing, InTwoPlaces, Some(Reason::InTwoPlaces), Some(Reason::InTwoPlaces)),
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
    let order = (service(), any::<bool>(), any::<bool>()).prop_map(|(service, open, patterned)| {
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
        prop_assert_eq!(counted.len(), services.len());
        for (Wanted { service, sharing, patterned }, counted) in services.into_iter().zip(counted) {
            let account = None;
            let purpose =
                Purpose::Order { service, account, sharing, used_since, patterned };
            let allowed = usages.iter().filter(|usage| {
                let reachability = Reachability::OnAir;
                let candidate = SimCandidate { sim: &sim, usage: **usage, reachability };
                candidate.unavailable_for(purpose, NOW).is_none()
            });
            prop_assert_eq!(counted, allowed.count());
        }
    }
}
