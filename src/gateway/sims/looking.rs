//! The SIMs that the operator looks for, and what was received on them.

use std::collections::HashMap;
use std::sync::Arc;

use super::{OFF_AIR_FOR, SimView, Sims, no_sim, sim_states};
use crate::domain::{Iccid, Msisdn, SimId, Timestamp};
use crate::gateway::Error;
use crate::gateway::listing::{ListRequest, check_state, find_country, readings};
use crate::store::{AwaitedMessage, ReadTx, SimActivity};

impl Sims {
    /// All SIMs, in the order in which they were first seen.
    pub async fn list(&self) -> Result<Vec<SimView>, Error> {
        let now = self.env.now();
        let sims = self.env.store.read(|rows| rows.sims()).await?;
        Ok(sims.into_iter().map(|sim| self.view(sim, now)).collect())
    }

    /// Those of these rented SIMs that have been off the air for too long, each since when.
    pub fn off_air(&self, rented: &[Iccid]) -> Vec<(Iccid, Timestamp)> {
        let now = self.env.now();
        let off_air = rented.iter().filter_map(|iccid| {
            let since = self.presence.off_air_since(iccid, now)?;
            (now.since(since) >= OFF_AIR_FOR).then(|| (iccid.clone(), since))
        });
        off_air.collect()
    }

    /// The SIMs that the operator asks for, in the order in which they were first seen.
    pub async fn search(&self, request: ListRequest) -> Result<Vec<SimView>, Error> {
        let countries = &self.env.settings().countries;
        let numbers = request.number.map(|text| readings(countries, &text)).transpose()?;
        let country = request.country.map(|code| find_country(countries, &code)).transpose()?;
        let state = request.state.map(|word| check_state(word, &sim_states())).transpose()?;
        let mut found = self.list().await?;
        found.retain(|view| {
            let number = view.sim.number.as_ref().map(|known| &known.number);
            let has_number = |all: &Vec<Msisdn>| number.is_some_and(|number| all.contains(number));
            numbers.as_ref().is_none_or(has_number)
                && request.iccid.as_ref().is_none_or(|iccid| view.sim.iccid.as_str() == iccid)
                && country.as_ref().is_none_or(|code| view.sim.country.as_ref() == Some(code))
                && state.as_ref().is_none_or(|word| view.state() == word)
        });
        Ok(found)
    }

    /// The activity of all SIMs, with what was received since the start.
    pub async fn activity(&self) -> Result<HashMap<SimId, SimActivity>, Error> {
        let stored = self.env.store.read(|rows| rows.sim_activity()).await?;
        let activity = stored.into_iter().map(|of_sim| (of_sim.sim, self.until_now(of_sim)));
        Ok(activity.collect())
    }

    /// The activity of some SIMs, with what was received since the start.
    pub(super) async fn activity_of_several(
        &self,
        sims: &[SimView],
    ) -> Result<HashMap<SimId, SimActivity>, Error> {
        if sims.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<SimId> = sims.iter().map(|view| view.sim.id).collect();
        let read = self.env.store.read(move |rows| {
            let known = ids.into_iter().map(|id| rows.activity_of_sim(id));
            known.collect::<Result<Vec<_>, _>>()
        });
        let known = read.await?.into_iter().flatten();
        Ok(known.map(|of_sim| (of_sim.sim, self.until_now(of_sim))).collect())
    }

    /// The activity of one SIM, with what was received since the start.
    pub async fn activity_of(&self, sim: SimId) -> Result<Option<SimActivity>, Error> {
        let stored = self.env.store.read(move |rows| rows.activity_of_sim(sim)).await?;
        Ok(stored.map(|of_sim| self.until_now(of_sim)))
    }

    fn until_now(&self, mut of_sim: SimActivity) -> SimActivity {
        let since_start = self.last_messages.of(of_sim.sim);
        of_sim.last_message_at = since_start.max(of_sim.last_message_at);
        of_sim
    }

    /// The SIM with this ICCID. Refused if none was ever seen.
    pub async fn find(&self, iccid: Iccid) -> Result<SimView, Error> {
        let now = self.env.now();
        let known = self
            .env
            .store
            .read(move |rows| rows.sim_by_iccid(&iccid)?.ok_or_else(|| no_sim(&iccid)));
        Ok(self.view(known.await?, now))
    }

    /// The long messages of a SIM whose rest is awaited.
    pub async fn awaited_messages(&self, sim: SimId) -> Result<Vec<AwaitedMessage>, Error> {
        let now = self.env.now();
        Ok(self.env.store.read(move |rows| rows.awaited_messages(sim, now)).await?)
    }

    /// The ICCID of the SIM that the operator names by its ICCID or its number. Whether there is a
    /// SIM with that ICCID is not checked here.
    pub async fn named(self: &Arc<Self>, text: String) -> Result<Iccid, Error> {
        if let Ok(iccid) = text.parse::<Iccid>() {
            return Ok(iccid);
        }
        let sims = Arc::clone(self);
        self.env.store.read(move |rows| sims.named_in(rows, &text)).await
    }

    pub(super) fn named_in(&self, rows: &ReadTx<'_>, text: &str) -> Result<Iccid, Error> {
        let fault = match text.parse::<Iccid>() {
            Ok(iccid) => return Ok(iccid),
            Err(fault) => fault,
        };
        let mut found = Vec::new();
        for number in &self.env.settings().countries.readings(text) {
            found.extend(rows.sims_with_number(number)?);
        }
        match &found[..] {
            [] => Err(Error::refused(format!("no SIM {text}; {fault}"))),
            [only] => Ok(only.clone()),
            several => {
                let several: Vec<&str> = several.iter().map(Iccid::as_str).collect();
                Err(Error::refused(format!(
                    "several SIMs have that number: name one by its ICCID, {}",
                    several.join(" or ")
                )))
            }
        }
    }
}
