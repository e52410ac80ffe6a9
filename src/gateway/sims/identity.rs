//! What modems read from the SIMs in them, and in which modems the SIMs have been.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::Sims;
use super::numbers::{let_number_rest, with_number};
use crate::domain::country::Countries;
use crate::domain::sim::{NumberSource, Sim, replaces};
use crate::domain::two_places::{ReadPeriod, TwoPlaces};
use crate::domain::{Iccid, Imsi, ModemAtPort, ModemId, PortName, SiteName, Timestamp};
use crate::gateway::Error;
use crate::store::{LastSim, LocationPeriod, OwnStore, StoreError, WriteTx};

/// For how long location periods are kept after their end.
const LOCATIONS_KEPT: Duration = Duration::from_secs(366 * 24 * 3600);
/// How many of a SIM's last location periods are looked at for whether it is in two places. One
/// that goes from modem to modem more often within ten minutes has other troubles.
const PERIODS_LOOKED_AT: i64 = 8;

/// How much is kept of what a SIM tells as its number and cannot be one.
const TOLD_CHARS: usize = 32;

/// What a modem read from the SIM in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identified {
    /// The modem that the SIM is in.
    pub modem: ModemAtPort,
    /// The ports at which other modems tell the same of themselves as this one.
    pub others: Vec<PortName>,
    /// The SIM's ICCID.
    pub iccid: Iccid,
    /// The SIM's IMSI, once read.
    pub imsi: Option<Imsi>,
    /// The number as the SIM has it, and where on the SIM it stood.
    pub number: Option<(String, NumberSource)>,
}

impl Sims {
    /// Records what a modem read from its SIM. Answers whether what lies in the modem's own store
    /// may have come for other SIMs, which were in it since that was last empty
    /// ([invariant 12](crate#what-always-holds)).
    pub async fn record_identity(self: &Arc<Self>, read: Identified) -> Result<bool, Error> {
        let (now, settings, sims) = (self.env.now(), self.env.settings(), Arc::clone(self));
        self.env
            .store
            .write(move |tx| {
                let known = tx.ensure_sim(&read.iccid, now)?;
                let sim = with_identity(known.clone(), &read, &settings.countries, now);
                if sim != known {
                    tx.save_sim(&sim)?;
                    let_number_rest(tx, &known, &sim, settings.rental_rest)?;
                }
                if !read.others.is_empty() {
                    let id = &read.modem.id;
                    let at = |port: &PortName| ModemAtPort { id: id.clone(), port: port.clone() };
                    let others: Vec<ModemAtPort> = read.others.iter().map(at).collect();
                    tx.share_modem_id(id, &others, now)?;
                }
                let modem = &tx.modem_id(&read.modem)?;
                let before = tx.own_store(modem)?;
                let store = match before {
                    Some(store) if store.sim == sim.id => store,
                    other => OwnStore { sim: sim.id, others_until: other.map(|_| now) },
                };
                if before != Some(store) {
                    tx.set_own_store(modem, store, now)?;
                }
                let position = sims.banks.position_of(tx, &read.modem.port, &read.iccid)?;
                let forget_before = now.minus(LOCATIONS_KEPT);
                tx.record_location(sim.id, modem, position.as_ref(), now, forget_before)?;
                sims.look_for_two_places(tx, &sim, now)?;
                Ok(store.others_until.is_some())
            })
            .await
    }

    /// Has a SIM held back that was just read in one place after the other, in turn.
    fn look_for_two_places(
        self: &Arc<Self>,
        tx: &WriteTx<'_>,
        sim: &Sim,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let period = |period: LocationPeriod| ReadPeriod {
            site: SiteName::of_modem_id(period.modem.as_str()).map(|(site, _)| site),
            since: period.since,
            seen_at: period.seen_at,
        };
        let periods = tx.sim_locations(sim.id, PERIODS_LOOKED_AT)?.into_iter().map(period);
        if let Some(places) = TwoPlaces::find(&periods.collect::<Vec<_>>(), now) {
            let (sims, id, iccid) = (Arc::clone(self), sim.id, sim.iccid.clone());
            tx.after_commit(move || sims.presence.in_two_places.add(id, iccid, places, now));
        }
        Ok(())
    }

    /// The SIMs that are held back because they are read in two places, by their ICCIDs.
    pub fn in_two_places(&self) -> Vec<(Iccid, TwoPlaces)> {
        self.presence.in_two_places.all(self.env.now())
    }

    /// Records that the modem's own store no longer holds messages of an earlier SIM: what is in it
    /// from now on came for this SIM.
    pub async fn record_emptied_store(
        &self,
        modem: ModemAtPort,
        iccid: Iccid,
    ) -> Result<(), Error> {
        let now = self.env.now();
        self.env
            .store
            .write(move |tx| {
                let sim = tx.ensure_sim(&iccid, now)?;
                let store = OwnStore { sim: sim.id, others_until: None };
                Ok(tx.set_own_store(&tx.modem_id(&modem)?, store, now)?)
            })
            .await
    }

    /// What several modems were found to tell of themselves, so that it identifies none of them.
    pub async fn shared_modem_ids(&self) -> Result<Vec<ModemId>, Error> {
        Ok(self.env.store.read(|rows| rows.shared_modem_ids()).await?)
    }

    /// The SIMs that these modems had last, by their ports, unless they were read in other modems
    /// since.
    pub async fn last_in(
        &self,
        modems: Vec<ModemAtPort>,
    ) -> Result<HashMap<PortName, LastSim>, Error> {
        if modems.is_empty() {
            return Ok(HashMap::new());
        }
        let read = self.env.store.read(move |rows| {
            let mut last = HashMap::new();
            for modem in modems {
                if let Some(sim) = rows.last_sim_in(&rows.modem_id(&modem)?)? {
                    last.insert(modem.port, sim);
                }
            }
            Ok::<_, StoreError>(last)
        });
        let mut last = read.await?;
        for sim in last.values_mut() {
            // Whether it is back soon may not be certain yet.
            sim.seen_at = self.presence.left_at(&sim.iccid).unwrap_or(sim.seen_at).max(sim.seen_at);
        }
        Ok(last)
    }

    /// Those of these SIMs that were read in a modem, each with the site of the last one; `None` is
    /// this daemon itself.
    pub async fn last_sites(
        &self,
        iccids: Vec<Iccid>,
    ) -> Result<Vec<(Iccid, Option<SiteName>)>, Error> {
        let read = self.env.store.read(move |rows| {
            let mut sites = Vec::new();
            for iccid in iccids {
                if let Some(modem) = rows.last_modem_of(&iccid)? {
                    let site = SiteName::of_modem_id(modem.as_str()).map(|(site, _)| site);
                    sites.push((iccid, site));
                }
            }
            Ok::<_, StoreError>(sites)
        });
        Ok(read.await?)
    }

    /// A SIM's newest `limit` location periods, newest first.
    pub async fn locations(&self, iccid: &Iccid, limit: u32) -> Result<Vec<LocationPeriod>, Error> {
        let iccid = iccid.clone();
        let read = self.env.store.read(move |rows| match rows.sim_by_iccid(&iccid)? {
            Some(sim) => rows.sim_locations(sim.id, i64::from(limit)),
            None => Ok(Vec::new()),
        });
        Ok(read.await?)
    }
}

/// The SIM with what a modem read from it.
fn with_identity(sim: Sim, read: &Identified, countries: &Countries, now: Timestamp) -> Sim {
    let imsi = read.imsi.clone().or(sim.imsi);
    let home = imsi.as_ref().and_then(|imsi| countries.of_imsi(imsi));
    let country = sim.country.or_else(|| home.map(|home| home.code.clone()));
    let (number, told) = match &read.number {
        None => (None, sim.told.clone()),
        Some((raw, source)) => match countries.normalise(raw, home) {
            Some(number) => (Some((number, *source)), None),
            None => (None, Some(raw.chars().take(TOLD_CHARS).collect())),
        },
    };
    let sim = Sim { imsi, country, told, ..sim };
    match number {
        Some((number, source)) if replaces(sim.number.as_ref(), &number, source) => {
            with_number(sim, number, source, countries, now)
        }
        _ => sim,
    }
}
