//! The numbers of SIMs: set and forgotten by the operator, and why one can hardly be right.

use std::sync::Arc;
use std::time::Duration;

use super::{SimView, Sims};
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::country::Countries;
use crate::domain::sim::{KnownNumber, NumberSource, Sim};
use crate::domain::{Iccid, Msisdn, Timestamp};
use crate::gateway::Error;
use crate::store::{StoreError, WriteTx};

impl Sims {
    /// Sets a SIM's number in the operator's name. That of a SIM that was never seen is only set if
    /// it is to be added, as its ICCID is most likely mistyped.
    pub async fn set_number(
        self: &Arc<Self>,
        iccid: Iccid,
        number: String,
        add: bool,
    ) -> Result<SimView, Error> {
        let sims = Arc::clone(self);
        self.env.store.write(move |tx| sims.set_number_in(tx, &iccid, &number, add)).await
    }

    /// What [`Sims::set_number`] would answer. Nothing is changed.
    pub async fn try_number(
        self: &Arc<Self>,
        iccid: Iccid,
        number: String,
        add: bool,
    ) -> Result<SimView, Error> {
        let sims = Arc::clone(self);
        let tried = self
            .env
            .store
            .write(move |tx| tx.rehearse(|tx| sims.set_number_in(tx, &iccid, &number, add)));
        tried.await
    }

    pub(super) fn set_number_in(
        self: &Arc<Self>,
        tx: &WriteTx<'_>,
        iccid: &Iccid,
        number: &str,
        add: bool,
    ) -> Result<SimView, Error> {
        let (now, settings) = (self.env.now(), self.env.settings());
        let known = match tx.sim_by_iccid(iccid)? {
            Some(known) => known,
            None => {
                check_unseen(iccid, add)?;
                tx.ensure_sim(iccid, now)?
            }
        };
        let home = known.imsi.as_ref().and_then(|imsi| settings.countries.of_imsi(imsi));
        let number = settings.countries.normalise(number, home).ok_or_else(|| {
            Error::refused("not a number of any country: write it like +31612345678")
        })?;
        let before = known.number.as_ref().map(|known| known.number.shortened());
        let before = before.unwrap_or_else(|| "none".to_owned());
        let subject = format!("SIM {iccid}: {}, was {before}", number.shortened());
        let source = NumberSource::Operator;
        let sim = with_number(known.clone(), number, source, &settings.countries, now);
        tx.save_sim(&sim)?;
        let_number_rest(tx, &known, &sim, settings.rental_rest)?;
        let sim = tx.ensure_sim(iccid, now)?;
        tx.note(Actor::Operator, AuditAction::SetNumber, subject, now)?;
        let sims = Arc::clone(self);
        tx.after_commit(move || sims.snapshot.forget());
        Ok(self.view(sim, now))
    }

    /// Forgets a SIM's number, which is then found out again as that of a new SIM is.
    pub async fn clear_number(self: &Arc<Self>, iccid: Iccid) -> Result<SimView, Error> {
        let sims = Arc::clone(self);
        let cleared = self.env.store.write(move |tx| {
            sims.change_in(tx, &iccid, AuditAction::ClearedNumber, |tx, sim, _| {
                let settings = sims.env.settings();
                let before = sim.number.as_ref().map(|known| known.number.shortened());
                // The country of a number that was wrong is not the card's.
                let home = sim.imsi.as_ref().and_then(|imsi| settings.countries.of_imsi(imsi));
                let country = home.map(|country| country.code.clone());
                tx.save_sim(&Sim { number: None, country, ..sim })?;
                Ok(before.map(|number| format!(": was {number}")).unwrap_or_default())
            })
        });
        cleared.await
    }

    /// Why what a SIM tells cannot be its number, or its number can hardly be its own.
    pub(super) fn number_problem(&self, sim: &Sim) -> Option<String> {
        let countries = &self.env.settings().countries;
        let home = sim.imsi.as_ref().and_then(|imsi| countries.of_imsi(imsi));
        if let Some(told) = &sim.told {
            let of = home.map(|home| format!(" of {}", home.code)).unwrap_or_default();
            return Some(format!(
                "the card tells {told}, which is not a number{of}: set the right one by hand"
            ));
        }
        let number = &sim.number.as_ref()?.number;
        let of = countries.of_number(number)?;
        countries.is_foreign(number, home).then(|| {
            let home = home.map(|home| home.code.as_str()).unwrap_or_default();
            format!("the number is one of {}, the card one of {home}", of.code)
        })
    }
}

/// Refuses the ICCID of a SIM that was never seen, unless it is to be added and can be right.
fn check_unseen(iccid: &Iccid, add: bool) -> Result<(), Error> {
    let hint = "`simbridge sim list` shows those that there are";
    match (iccid.has_wrong_check_digit(), add) {
        (true, _) => Err(Error::refused(format!(
            "no SIM {iccid} was ever seen, and its last digit does not check the others: is one \
             mistyped?"
        ))
        .in_shell(hint)),
        (false, false) => Err(Error::refused(format!("no SIM {iccid} was ever seen"))
            .in_shell(format!("{hint}, and --create adds one"))),
        (false, true) => Ok(()),
    }
}

/// A number that had a tenant rests on whatever card it comes to.
pub(in crate::gateway) fn let_number_rest(
    tx: &WriteTx<'_>,
    before: &Sim,
    sim: &Sim,
    rest: Duration,
) -> Result<(), StoreError> {
    let number = |sim: &Sim| sim.number.as_ref().map(|known| known.number.clone());
    let new = number(sim).filter(|new| Some(new) != number(before).as_ref());
    let Some(new) = new else { return Ok(()) };
    let until = tx.rest_after_tenants(&new, rest)?;
    match until.filter(|until| *until > sim.rests_until) {
        Some(until) => tx.rest_sim(sim.id, until),
        None => Ok(()),
    }
}

pub(in crate::gateway) fn with_number(
    sim: Sim,
    number: Msisdn,
    source: NumberSource,
    countries: &Countries,
    at: Timestamp,
) -> Sim {
    let country = countries.of_number(&number).map(|country| country.code.clone()).or(sim.country);
    Sim { number: Some(KnownNumber { number, source, at }), told: None, country, ..sim }
}
