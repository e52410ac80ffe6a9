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
    /// It is read in two places in turn, so that one of the two is a copy.
    InTwoPlaces,
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
    pub const ALL: [UnavailableReason; 18] = [
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
        UnavailableReason::InTwoPlaces,
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
            UnavailableReason::InTwoPlaces => "in-two-places",
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
            UnavailableReason::InTwoPlaces => "in_two_places",
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
    /// It is read in two places in turn ([`super::two_places`]), and in which it is, is not known.
    InTwoPlaces,
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
            UnavailableReason::InTwoPlaces => self.reachability == Reachability::InTwoPlaces,
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
mod tests;
