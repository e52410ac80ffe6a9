//! Why a SIM cannot be given out, by the rule of [`availability`](crate::domain::availability), for
//! all SIMs of a country or for one.

use std::collections::{HashMap, HashSet};

use super::Stock;
use crate::domain::allocation::{ActiveOrder, Rest};
use crate::domain::availability::{
    Purpose, Reachability, SimCandidate, SimUsage, UnavailableReason,
};
use crate::domain::sim::Sim;
use crate::domain::{AccountId, Msisdn, Rental, Timestamp};
use crate::store::{ReadTx, StoreError};

/// For whom and for what the SIMs of a country are looked through.
pub(super) struct Asked<'a> {
    pub(super) country: &'a str,
    pub(super) account: Option<AccountId>,
    pub(super) purpose: Purpose,
    pub(super) now: Timestamp,
    /// The numbers that the account has skipped for the service.
    pub(super) skipped: HashSet<Msisdn>,
}

/// What keeps numbers from orders that other orders on them have left behind.
#[derive(Default)]
struct NumberRests {
    /// The orders that others have just given up.
    given_up: HashMap<Msisdn, Vec<Rest>>,
    /// The numbers that rest for the service because its last orders failed.
    failing: HashSet<Msisdn>,
}

impl Stock {
    /// The SIMs of the country, each with why it is not available, or `None` if it is.
    pub(super) fn unavailable_reasons(
        &self,
        rows: &ReadTx<'_>,
        asked: &Asked<'_>,
    ) -> Result<Vec<(Sim, Option<UnavailableReason>)>, StoreError> {
        let active_orders = rows.active_orders(asked.now)?;
        let rests = NumberRests::of_all(rows, asked, self.rest_since(asked.now))?;
        let reason = |sim: Sim| {
            let running = active_orders.get(&sim.id).map_or(&[][..], Vec::as_slice);
            let unavailable = self.unavailable_reason(rows, asked, &sim, running, &rests)?;
            Ok((sim, unavailable))
        };
        rows.sims_of_country(asked.country)?.into_iter().map(reason).collect()
    }

    /// Why a SIM on which these orders run is not available, or `None` if it is.
    fn unavailable_reason(
        &self,
        rows: &ReadTx<'_>,
        asked: &Asked<'_>,
        sim: &Sim,
        active_orders: &[ActiveOrder],
        rests: &NumberRests,
    ) -> Result<Option<UnavailableReason>, StoreError> {
        let Asked { purpose, now, .. } = *asked;
        let number = sim.number.as_ref().map(|known| &known.number);
        let uses = number.map(|number| self.uses(rows, number)).transpose()?;
        let for_service =
            |has: bool| purpose.service().filter(|_| has).map_or_else(Vec::new, |one| vec![one]);
        let skips = for_service(number.is_some_and(|number| asked.skipped.contains(number)));
        let failing = for_service(number.is_some_and(|number| rests.failing.contains(number)));
        let given_up = number.and_then(|number| rests.given_up.get(number));
        let usage = SimUsage {
            rests: given_up.map_or(&[][..], Vec::as_slice),
            failing: &failing,
            uses: uses.as_deref().unwrap_or_default(),
            skips: &skips,
            active_orders,
        };
        let reachability = self.reachability(sim, purpose, now);
        Ok(SimCandidate { sim, usage, reachability }.unavailable_for(purpose, now))
    }

    /// Why a rental cannot be moved to a SIM, or `None` if it can: as for a new rental, but its own
    /// number may be on another card now.
    pub(in crate::gateway) fn unavailable_to_move(
        &self,
        rows: &ReadTx<'_>,
        rental: &Rental,
        sim: &Sim,
    ) -> Result<Option<UnavailableReason>, StoreError> {
        let now = self.env.horizon().orders;
        let purpose = Purpose::Rental { ordered_since: self.ordered_since(rows, now)? };
        let (account, skipped) = (Some(rental.account), HashSet::new());
        let asked = Asked { country: &rental.country, account, purpose, now, skipped };
        let has_own_number = sim.number.as_ref().is_some_and(|known| known.number == rental.number);
        let rented = sim.rented && (!has_own_number || rows.has_tenant(sim.id)?);
        let sim = Sim { rented, ..sim.clone() };
        let active_orders = rows.active_orders_on(sim.id, now)?;
        let number = sim.number.as_ref().map(|known| &known.number);
        let rests = NumberRests::of_one(rows, &asked, number, self.rest_since(now))?;
        self.unavailable_reason(rows, &asked, &sim, &active_orders, &rests)
    }

    /// Whether a SIM can receive messages. A tenant may be given a parked one.
    fn reachability(&self, sim: &Sim, purpose: Purpose, now: Timestamp) -> Reachability {
        let (presence, iccid) = (&self.presence, sim.iccid.as_str());
        let is_rental = matches!(purpose, Purpose::Rental { .. });
        match () {
            () if presence.is_on_air(iccid, now) => Reachability::OnAir,
            () if is_rental && presence.can_be_rented_parked(sim.id, iccid, now) => {
                Reachability::OnAir
            }
            () if presence.is_parked(&sim.iccid, now) => Reachability::Parked,
            () => Reachability::Offline,
        }
    }
}

impl NumberRests {
    /// Of all numbers. They are read at once: asking for each would take as long as all else.
    fn of_all(
        rows: &ReadTx<'_>,
        asked: &Asked<'_>,
        rest_since: Timestamp,
    ) -> Result<NumberRests, StoreError> {
        let mut given_up: HashMap<Msisdn, Vec<Rest>> = HashMap::new();
        for (number, by, rest) in rows.rests(rest_since)? {
            if asked.account != Some(by) {
                given_up.entry(number).or_default().push(rest);
            }
        }
        let failing = rows.failing_pairs(asked.now)?.into_iter();
        let failing = failing.filter(|(_, service)| asked.purpose.service() == Some(*service));
        Ok(NumberRests { given_up, failing: failing.map(|(number, _)| number).collect() })
    }

    /// The rests of one number alone.
    fn of_one(
        rows: &ReadTx<'_>,
        asked: &Asked<'_>,
        number: Option<&Msisdn>,
        rest_since: Timestamp,
    ) -> Result<NumberRests, StoreError> {
        let mut rests = NumberRests::default();
        let Some(number) = number else { return Ok(rests) };
        let given_up = rows.rests_of(number, asked.account, rest_since)?;
        rests.given_up.insert(number.clone(), given_up);
        if let Some(service) = asked.purpose.service()
            && rows.pair_health(number, service)?.rests_until > asked.now
        {
            rests.failing.insert(number.clone());
        }
        Ok(rests)
    }
}
