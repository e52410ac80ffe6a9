//! What decides in every country alike which numbers can be given out.

use std::collections::HashMap;
use std::sync::Arc;

use super::Stock;
use crate::domain::allocation::{ActiveOrder, Rest, SharingPolicy, widest};
use crate::domain::{AccountId, Msisdn, Service, ServiceId, SimId, Timestamp};
use crate::gateway::parked::FreeRadios;
use crate::store::{ReadTx, StoreError};

/// What holds in all countries at one moment.
pub(super) struct Conditions {
    /// The moment.
    pub(super) now: Timestamp,
    /// The services that can be ordered, by id.
    pub(super) services: Vec<(Arc<Service>, SharingPolicy)>,
    pub(super) share_sim: bool,
    /// A number that was used for a service after this moment is not sold for it again.
    pub(super) used_since: Timestamp,
    /// A number on which an order completed after this moment is not let yet.
    pub(super) ordered_since: Timestamp,
    pub(super) active_orders: HashMap<SimId, Vec<ActiveOrder>>,
    /// The radios that could put a parked SIM on the air, if there are banks.
    pub(super) pool: Option<FreeRadios>,
    /// The numbers that rest, with the accounts for which they do not.
    pub(super) rests: Vec<(Msisdn, AccountId, Rest)>,
    /// The numbers that rest for a service because the last orders failed.
    failing: HashMap<ServiceId, Vec<Msisdn>>,
}

impl Conditions {
    pub(super) fn read(stock: &Stock, rows: &ReadTx<'_>) -> Result<Conditions, StoreError> {
        let now = stock.env.horizon().orders;
        let share_sim = stock.share_sim();
        let services = rows.services()?.into_iter().filter(|service| service.enabled);
        let services = services.map(|service| {
            let sharing = widest(service.has_patterns(), share_sim);
            (Arc::new(service), sharing)
        });
        let mut failing: HashMap<ServiceId, Vec<Msisdn>> = HashMap::new();
        for (number, service) in rows.failing_pairs(now)? {
            failing.entry(service).or_default().push(number);
        }
        Ok(Conditions {
            now,
            services: services.collect(),
            share_sim,
            used_since: stock.used_since(now),
            ordered_since: stock.ordered_since(rows, now)?,
            active_orders: rows.active_orders(now)?,
            pool: stock.presence.free_radios(rows, now)?,
            rests: rows.rests(stock.rest_since(now))?,
            failing,
        })
    }

    /// The numbers that rest for orders of an account, or of somebody else, for a service.
    pub(super) fn resting(
        &self,
        account: Option<AccountId>,
        service: &Service,
    ) -> impl Iterator<Item = &Msisdn> {
        let (id, patterned) = (service.id, service.has_patterns());
        let rests = self
            .rests
            .iter()
            .filter(move |(_, by, rest)| account != Some(*by) && rest.concerns(id, patterned));
        rests.map(|(number, ..)| number).chain(self.failing(id))
    }

    /// The numbers that rest for a service because the last orders for it failed.
    pub(super) fn failing(&self, service: ServiceId) -> impl Iterator<Item = &Msisdn> {
        self.failing.get(&service).into_iter().flatten()
    }
}
