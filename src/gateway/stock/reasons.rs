//! Why a SIM cannot be given out, by the rule of [`availability`](crate::domain::availability), for
//! all SIMs of a country or for one.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::Stock;
use crate::domain::allocation::{ActiveOrder, Rest, Use};
use crate::domain::availability::{
    Purpose, Reachability, SimCandidate, SimUsage, UnavailableReason,
};
use crate::domain::sim::Sim;
use crate::domain::{AccountId, Msisdn, Rental, ServiceId, SimId, Timestamp};
use crate::gateway::Error;
use crate::gateway::shared_reading::{Freshness, SharedReading};
use crate::store::{ReadTx, StoreError};

/// How long the SIMs of a country are shared. Reading thousands takes tens of milliseconds.
const SHARED_FOR: Duration = Duration::from_secs(1);

/// For whom and for what the SIMs of a country are looked through.
pub(super) struct Asked {
    pub(super) account: Option<AccountId>,
    pub(super) purpose: Purpose,
    pub(super) now: Timestamp,
    /// The numbers that the account has skipped for the service.
    pub(super) skipped: HashSet<Msisdn>,
}

/// What keeps numbers from orders that other orders on them have left behind.
#[derive(Default)]
struct NumberRests<'n> {
    /// The orders that others have just given up.
    given_up: HashMap<&'n Msisdn, Vec<Rest>>,
    /// The numbers that rest for the service because its last orders failed.
    failing: HashSet<&'n Msisdn>,
}

/// The SIMs of a country with what orders have done with them, at one moment. Where the SIMs are
/// and for whom they are wanted is not in it.
pub(super) struct CountrySims {
    sims: Vec<(Sim, Arc<[Use]>)>,
    active_orders: HashMap<SimId, Vec<ActiveOrder>>,
    /// The orders that were just given up, with who did.
    rests: Vec<(Msisdn, AccountId, Rest)>,
    /// The numbers that rest for a service because its last orders failed.
    failing: Vec<(Msisdn, ServiceId)>,
}

/// The SIMs of each country that somebody has asked about. The countries are those that can be
/// named, so they are not many.
#[derive(Default)]
pub(super) struct SharedCountries(Mutex<HashMap<String, Arc<SharedReading<CountrySims>>>>);

impl CountrySims {
    pub(super) fn read(
        stock: &Stock,
        rows: &ReadTx<'_>,
        country: &str,
    ) -> Result<CountrySims, StoreError> {
        let now = stock.env.horizon().orders;
        let with_uses = |sim: Sim| {
            let number = sim.number.as_ref().map(|known| &known.number);
            let uses = number.map(|number| stock.uses(rows, number)).transpose()?;
            Ok((sim, uses.unwrap_or_default()))
        };
        let sims = rows.sims_of_country(country)?.into_iter().map(with_uses);
        Ok(CountrySims {
            sims: sims.collect::<Result<_, StoreError>>()?,
            active_orders: rows.active_orders(now)?,
            rests: rows.rests(stock.rest_since(now))?,
            failing: rows.failing_pairs(now)?,
        })
    }
}

impl Stock {
    /// The SIMs of the country with this code as they are now.
    pub(super) async fn sims_of(
        self: &Arc<Self>,
        country: String,
    ) -> Result<CountrySims, StoreError> {
        let stock = Arc::clone(self);
        let read = self.env.store.read(move |rows| CountrySims::read(&stock, rows, &country));
        read.await
    }

    /// The same for all who ask at about that time.
    pub(super) async fn shared_sims_of(
        self: &Arc<Self>,
        country: String,
        freshness: Freshness,
    ) -> Result<Arc<CountrySims>, Error> {
        let of_country = Arc::clone(self.explained.0.lock().entry(country.clone()).or_default());
        let shared = (freshness, SHARED_FOR);
        Ok(of_country.get(&self.env, shared, self.sims_of(country)).await?)
    }

    /// The SIMs of the country, each with why it is not available, or `None` if it is.
    pub(super) fn unavailable_reasons<'s>(
        &self,
        asked: &Asked,
        found: &'s CountrySims,
    ) -> Vec<(&'s Sim, Option<UnavailableReason>)> {
        let rests = NumberRests::of_all(asked, found);
        let reason = |(sim, uses): &'s (Sim, Arc<[Use]>)| {
            let running = found.active_orders.get(&sim.id).map_or(&[][..], Vec::as_slice);
            (sim, self.unavailable_reason(asked, sim, (uses, running), &rests))
        };
        found.sims.iter().map(reason).collect()
    }

    /// Why a SIM whose number was used so, and on which these orders run, is not available, or
    /// `None` if it is.
    fn unavailable_reason(
        &self,
        asked: &Asked,
        sim: &Sim,
        (uses, active_orders): (&[Use], &[ActiveOrder]),
        rests: &NumberRests<'_>,
    ) -> Option<UnavailableReason> {
        let Asked { purpose, now, .. } = *asked;
        let number = sim.number.as_ref().map(|known| &known.number);
        let for_service =
            |has: bool| purpose.service().filter(|_| has).map_or_else(Vec::new, |one| vec![one]);
        let skips = for_service(number.is_some_and(|number| asked.skipped.contains(number)));
        let failing = for_service(number.is_some_and(|number| rests.failing.contains(number)));
        let given_up = number.and_then(|number| rests.given_up.get(number));
        let usage = SimUsage {
            rests: given_up.map_or(&[][..], Vec::as_slice),
            failing: &failing,
            uses,
            skips: &skips,
            active_orders,
        };
        let reachability = self.reachability(sim, purpose, now);
        SimCandidate { sim, usage, reachability }.unavailable_for(purpose, now)
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
        let asked = Asked { account, purpose, now, skipped };
        let has_own_number = sim.number.as_ref().is_some_and(|known| known.number == rental.number);
        let rented = sim.rented && (!has_own_number || rows.has_tenant(sim.id)?);
        let sim = Sim { rented, ..sim.clone() };
        let active_orders = rows.active_orders_on(sim.id, now)?;
        let number = sim.number.as_ref().map(|known| &known.number);
        let rests = NumberRests::of_one(rows, &asked, number, self.rest_since(now))?;
        let uses = number.map(|number| self.uses(rows, number)).transpose()?.unwrap_or_default();
        Ok(self.unavailable_reason(&asked, &sim, (&uses, &active_orders), &rests))
    }

    /// Whether a SIM can receive messages. A tenant may be given a parked one.
    fn reachability(&self, sim: &Sim, purpose: Purpose, now: Timestamp) -> Reachability {
        let (presence, iccid) = (&self.presence, sim.iccid.as_str());
        let is_rental = matches!(purpose, Purpose::Rental { .. });
        match () {
            () if presence.in_two_places.contains(sim.id, now) => Reachability::InTwoPlaces,
            () if presence.is_on_air(iccid, now) => Reachability::OnAir,
            () if is_rental && presence.can_be_rented_parked(sim.id, iccid, now) => {
                Reachability::OnAir
            }
            () if presence.is_parked(&sim.iccid, now) => Reachability::Parked,
            () => Reachability::Offline,
        }
    }
}

impl<'n> NumberRests<'n> {
    /// Of all numbers of a country.
    fn of_all(asked: &Asked, found: &'n CountrySims) -> NumberRests<'n> {
        let mut given_up: HashMap<&Msisdn, Vec<Rest>> = HashMap::new();
        for (number, by, rest) in &found.rests {
            if asked.account != Some(*by) {
                given_up.entry(number).or_default().push(*rest);
            }
        }
        let failing = found.failing.iter();
        let failing = failing.filter(|(_, service)| asked.purpose.service() == Some(*service));
        NumberRests { given_up, failing: failing.map(|(number, _)| number).collect() }
    }

    /// The rests of one number alone.
    fn of_one(
        rows: &ReadTx<'_>,
        asked: &Asked,
        number: Option<&'n Msisdn>,
        rest_since: Timestamp,
    ) -> Result<NumberRests<'n>, StoreError> {
        let mut rests = NumberRests::default();
        let Some(number) = number else { return Ok(rests) };
        rests.given_up.insert(number, rows.rests_of(number, asked.account, rest_since)?);
        if let Some(service) = asked.purpose.service()
            && rows.pair_health(number, service)?.rests_until > asked.now
        {
            rests.failing.insert(number);
        }
        Ok(rests)
    }
}
