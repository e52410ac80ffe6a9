//! Which SIM an order may have: who may be on one SIM at the same time, and what stands in a SIM's
//! way.

use std::collections::HashMap;

use super::{ServiceId, Timestamp};

/// What a new order asks of the SIM that it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SharingPolicy {
    /// No open order may be on the SIM.
    Alone {
        /// Also no order that still collects without patterns: both would take what nobody claims.
        among_collecting: bool,
    },
    /// Open orders of other services are fine when their services have patterns too.
    Shared,
}

/// The passes over the stock for a new order, in order: a SIM without open orders is always taken
/// first.
///
/// A service without patterns has its SIM to itself; others share when the operator allows it
/// (`share_sim`).
pub fn passes(service_has_patterns: bool, share_sim: bool) -> &'static [SharingPolicy] {
    match (service_has_patterns, share_sim) {
        (false, _) => &[SharingPolicy::Alone { among_collecting: true }],
        (true, false) => &[SharingPolicy::Alone { among_collecting: false }],
        (true, true) => &[SharingPolicy::Alone { among_collecting: false }, SharingPolicy::Shared],
    }
}

/// The most that may be on a SIM which an order may still have: its last pass.
pub fn widest(service_has_patterns: bool, share_sim: bool) -> SharingPolicy {
    let alone = SharingPolicy::Alone { among_collecting: !service_has_patterns };
    passes(service_has_patterns, share_sim).last().copied().unwrap_or(alone)
}

/// What a number was used for, and when last: it is not sold for that again (I8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use {
    /// The service.
    pub service: ServiceId,
    /// When the last order of it was completed.
    pub at: Timestamp,
}

/// An order that runs on a SIM when another is to join it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActiveOrder {
    /// Its service.
    pub service: ServiceId,
    /// Whether it waits for its first SMS; else it collects.
    pub open: bool,
    /// Whether its service has patterns.
    pub patterned: bool,
}

impl SharingPolicy {
    /// Whether an order for `service` may join `neighbour` on a SIM.
    pub fn allows(self, service: ServiceId, neighbour: ActiveOrder) -> bool {
        let ActiveOrder { service: theirs, open, patterned } = neighbour;
        match self {
            SharingPolicy::Alone { among_collecting: false } => !open,
            SharingPolicy::Alone { among_collecting: true } => !open && patterned,
            SharingPolicy::Shared => !open || (patterned && theirs != service),
        }
    }
}

/// A SIM that is on sale and on the air, with what only some services care about.
#[derive(Debug, Clone, Default)]
pub struct OnSale<'s> {
    /// What its number was used for.
    pub uses: &'s [Use],
    /// What it was skipped for by the account that asks.
    pub skips: &'s [ServiceId],
    /// What runs on it.
    pub neighbours: &'s [ActiveOrder],
}

/// For each of `services` how many of `sims` it could be given. What was used until `used_since`
/// does not count.
///
/// Its cost is that of the SIMs and of what was done with them, not of services times SIMs.
pub fn count_stock(
    services: &[(ServiceId, SharingPolicy)],
    sims: &[OnSale<'_>],
    used_since: Timestamp,
) -> HashMap<ServiceId, usize> {
    let company: HashMap<ServiceId, SharingPolicy> = services.iter().copied().collect();
    let mut counts: HashMap<ServiceId, usize> =
        services.iter().map(|(service, _)| (*service, sims.len())).collect();
    let mut denied: Vec<ServiceId> = Vec::new();
    for sim in sims {
        denied.clear();
        denied.extend(sim.uses.iter().filter(|used| used.at > used_since).map(|used| used.service));
        denied.extend(sim.skips);
        if !sim.neighbours.is_empty() {
            let allows = |service, company: SharingPolicy| {
                sim.neighbours.iter().all(|n| company.allows(service, *n))
            };
            denied.extend(
                services.iter().filter(|(s, company)| !allows(*s, *company)).map(|(s, _)| *s),
            );
        }
        denied.sort_unstable();
        denied.dedup();
        for service in denied.iter().filter(|service| company.contains_key(service)) {
            counts.entry(*service).and_modify(|count| *count -= 1);
        }
    }
    counts
}

/// What is known of one SIM when somebody asks for a number for a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SimCandidate {
    /// Its number is known.
    pub has_number: bool,
    /// Another SIM claims its number.
    pub contested: bool,
    /// The operator sells it no more.
    pub retired: bool,
    /// It has a tenant.
    pub rented: bool,
    /// It rests between tenants.
    pub resting: bool,
    /// It is in a working modem that spoke lately.
    pub online: bool,
    /// It is parked in a SIM bank.
    pub parked: bool,
    /// Its number was used for the service within the cool-down.
    pub used: bool,
    /// The account skipped its number for the service.
    pub skipped: bool,
    /// Orders on it stand in the way.
    pub busy: bool,
}

/// Why a SIM is not available.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnavailableReason {
    /// Its number is not known.
    NoNumber,
    /// Two SIMs claim its number.
    Contested,
    /// The operator sells it no more.
    Retired,
    /// It has a tenant.
    Rented,
    /// It rests between tenants.
    Resting,
    /// Its number was used for the service.
    Used,
    /// The account skipped its number for the service.
    Skipped,
    /// It is in no working modem.
    Offline,
    /// Orders on it stand in the way.
    Busy,
    /// It is parked in a SIM bank, and no radio could have it on the air in time.
    Parked,
}

impl UnavailableReason {
    /// All, in the order in which they are looked for: what lasts longest first.
    pub const ALL: [UnavailableReason; 10] = [
        UnavailableReason::NoNumber,
        UnavailableReason::Contested,
        UnavailableReason::Retired,
        UnavailableReason::Rented,
        UnavailableReason::Resting,
        UnavailableReason::Used,
        UnavailableReason::Skipped,
        UnavailableReason::Offline,
        UnavailableReason::Busy,
        UnavailableReason::Parked,
    ];

    /// The word that operators read.
    pub fn as_str(self) -> &'static str {
        match self {
            UnavailableReason::NoNumber => "no_number",
            UnavailableReason::Contested => "contested",
            UnavailableReason::Retired => "retired",
            UnavailableReason::Rented => "rented",
            UnavailableReason::Resting => "resting",
            UnavailableReason::Used => "used",
            UnavailableReason::Skipped => "skipped",
            UnavailableReason::Offline => "offline",
            UnavailableReason::Busy => "busy",
            UnavailableReason::Parked => "parked",
        }
    }
}

impl SimCandidate {
    /// The first thing that stands in the way, if anything does.
    pub fn obstacle(self) -> Option<UnavailableReason> {
        let stands = |obstacle: &UnavailableReason| match obstacle {
            UnavailableReason::NoNumber => !self.has_number,
            UnavailableReason::Contested => self.contested,
            UnavailableReason::Retired => self.retired,
            UnavailableReason::Rented => self.rented,
            UnavailableReason::Resting => self.resting,
            UnavailableReason::Used => self.used,
            UnavailableReason::Skipped => self.skipped,
            UnavailableReason::Offline => !self.online && !self.parked,
            UnavailableReason::Busy => self.busy,
            UnavailableReason::Parked => !self.online,
        };
        UnavailableReason::ALL.into_iter().find(stands)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_reason_a_sim_the_lasting_one_first() {
        let good = SimCandidate { has_number: true, online: true, ..SimCandidate::default() };
        assert_eq!(good.obstacle(), None);
        for (prospect, expected) in [
            (SimCandidate { online: false, ..good }, UnavailableReason::Offline),
            (SimCandidate { online: false, parked: true, ..good }, UnavailableReason::Parked),
            (
                SimCandidate { online: false, parked: true, busy: true, ..good },
                UnavailableReason::Busy,
            ),
            (SimCandidate { online: false, rented: true, ..good }, UnavailableReason::Rented),
            (SimCandidate { used: true, busy: true, ..good }, UnavailableReason::Used),
            (SimCandidate { skipped: true, ..good }, UnavailableReason::Skipped),
            (SimCandidate { busy: true, ..good }, UnavailableReason::Busy),
            (SimCandidate { resting: true, online: false, ..good }, UnavailableReason::Resting),
            (SimCandidate { retired: true, rented: true, ..good }, UnavailableReason::Retired),
            (SimCandidate { contested: true, ..good }, UnavailableReason::Contested),
            (SimCandidate { has_number: false, ..good }, UnavailableReason::NoNumber),
        ] {
            assert_eq!(prospect.obstacle(), Some(expected), "{prospect:?}");
        }
    }

    const S: ServiceId = ServiceId(1);
    const T: ServiceId = ServiceId(2);

    #[test]
    fn who_bears_whom() {
        let neighbour = |service, open, patterned| ActiveOrder { service, open, patterned };
        let alone = SharingPolicy::Alone { among_collecting: false };
        let quiet = SharingPolicy::Alone { among_collecting: true };
        for (company, beside, borne) in [
            (alone, neighbour(T, true, true), false),
            (alone, neighbour(S, false, false), true),
            (quiet, neighbour(T, false, false), false),
            (quiet, neighbour(T, false, true), true),
            (SharingPolicy::Shared, neighbour(T, true, true), true),
            (SharingPolicy::Shared, neighbour(S, true, true), false),
            (SharingPolicy::Shared, neighbour(T, true, false), false),
            (SharingPolicy::Shared, neighbour(S, false, false), true),
        ] {
            assert_eq!(company.allows(S, beside), borne, "{company:?} {beside:?}");
        }
    }

    #[test]
    fn how_many_numbers_there_are_for_each_service() {
        let services =
            [(S, SharingPolicy::Shared), (T, SharingPolicy::Alone { among_collecting: true })];
        let used = |service, at| Use { service, at: Timestamp(at) };
        let open = [ActiveOrder { service: S, open: true, patterned: true }];
        let (used_s, used_long_ago, both) =
            ([used(S, 9)], [used(S, 5)], [used(S, 9), used(ServiceId(77), 9)]);
        let sims = [
            OnSale::default(),
            OnSale { uses: &used_s, ..OnSale::default() },
            OnSale { uses: &used_long_ago, ..OnSale::default() },
            OnSale { uses: &both, skips: &[S, T], ..OnSale::default() },
            OnSale { uses: &used_s, neighbours: &open, ..OnSale::default() },
        ];
        let counts = count_stock(&services, &sims, Timestamp(5));
        assert_eq!((counts[&S], counts[&T], counts.len()), (2, 3, 2));
    }

    #[test]
    fn the_widest_pass_is_the_last() {
        assert_eq!(widest(true, true), SharingPolicy::Shared);
        assert_eq!(widest(true, false), SharingPolicy::Alone { among_collecting: false });
        assert_eq!(widest(false, true), SharingPolicy::Alone { among_collecting: true });
    }
}
