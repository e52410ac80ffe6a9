//! Which SIMs of a country are on sale, and for what.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::super::Stock;
use super::super::conditions::Conditions;
use super::PROPOSALS;
use super::candidates::{Candidate, Parked};
use crate::domain::allocation::Use;
use crate::domain::availability::SimUsage;
use crate::domain::sim::Pool;
use crate::domain::{AccountId, Msisdn, SimId, Timestamp};
use crate::gateway::sim_presence::SimPresence;
use crate::store::{ReadTx, SellableSim, StoreError};

/// How many SIMs are remembered whose numbers rest for all but one account.
const MOST_RESTING: usize = 1024;

/// The SIMs on sale, as they are found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) on_air: Vec<Candidate>,
    /// The parked SIMs that have no active orders.
    pub(super) parked: Parked<Vec<Candidate>>,
    /// The first that a rental could be given: those on the air, and those that are parked.
    pub(super) rentable: [Vec<SimId>; 2],
    /// The first of those whose numbers rest for all but this account.
    pub(super) rentable_by: Vec<(AccountId, SimId)>,
}

impl Found {
    /// Those among these sellable SIMs.
    pub(super) fn read(
        stock: &Stock,
        rows: &ReadTx<'_>,
        sims: Vec<SellableSim>,
        conditions: &Conditions,
    ) -> Result<Found, StoreError> {
        let mut found = Found::default();
        let (presence, now) = (&stock.presence, conditions.now);
        let mut resting: HashMap<&Msisdn, Option<AccountId>> = HashMap::new();
        for (number, account, _) in &conditions.rests {
            let by = resting.entry(number).or_insert(Some(*account));
            *by = by.filter(|known| known == account);
        }
        let uses = stock.uses_of_all(rows, &sims)?;
        let on_air = presence.which_can_be_given(&sims, now);
        for ((sold, uses), is_on_air) in sims.into_iter().zip(uses).zip(on_air) {
            let SellableSim { sim, iccid, number, .. } = sold;
            let active_orders = conditions.active_orders.get(&sim).cloned().unwrap_or_default();
            let usage =
                SimUsage { uses: &uses, active_orders: &active_orders, ..SimUsage::default() };
            let is_let = sold.pool != Pool::Orders && !sold.on_probation;
            if is_let
                && active_orders.is_empty()
                && !usage.was_ordered_since(conditions.ordered_since)
            {
                match resting.get(&number) {
                    None => found.add_rentable(presence, sim, iccid.as_str(), is_on_air, now),
                    Some(Some(by)) if found.rentable_by.len() < MOST_RESTING => {
                        found.rentable_by.push((*by, sim));
                    }
                    Some(_) => {}
                }
            }
            let is_tried = sold.on_probation && usage.has_open_order();
            if sold.pool == Pool::Rentals || is_tried {
                continue;
            }
            let candidate =
                |wait, active_orders| Candidate { sim, number, uses, active_orders, wait };
            if is_on_air {
                found.on_air.push(candidate(Duration::ZERO, active_orders));
            } else if active_orders.is_empty()
                && let Some(pool) = &conditions.pool
                && let Some(offer) = presence.parked_offer(pool, sim, iccid.as_str(), now)
            {
                let candidate = candidate(offer.wait, active_orders);
                found.parked.entry(offer.place).or_default().push(candidate);
            }
        }
        Ok(found)
    }

    fn add_rentable(
        &mut self,
        presence: &SimPresence,
        sim: SimId,
        iccid: &str,
        is_on_air: bool,
        now: Timestamp,
    ) {
        let [on_air, parked] = &mut self.rentable;
        let sims = if is_on_air { on_air } else { parked };
        if sims.len() < PROPOSALS && (is_on_air || presence.can_be_rented_parked(sim, iccid, now)) {
            sims.push(sim);
        }
    }
}

impl Stock {
    /// What the number of each of several SIMs was used for, in their order.
    fn uses_of_all(
        &self,
        rows: &ReadTx<'_>,
        sims: &[SellableSim],
    ) -> Result<Vec<Arc<[Use]>>, StoreError> {
        let known = self.cache.known_uses(sims.iter().map(|sold| &sold.number));
        let each = sims.iter().zip(known);
        each.map(|(sold, uses)| uses.map_or_else(|| self.uses(rows, &sold.number), Ok)).collect()
    }

    pub(in crate::gateway::stock) fn uses(
        &self,
        rows: &ReadTx<'_>,
        number: &Msisdn,
    ) -> Result<Arc<[Use]>, StoreError> {
        match self.cache.uses_of(number) {
            Ok(uses) => Ok(uses),
            Err(generation) => {
                let uses: Arc<[Use]> = rows.uses(number)?.into();
                self.cache.remember_uses(number, &uses, generation);
                Ok(uses)
            }
        }
    }
}
