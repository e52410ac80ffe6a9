//! SIMs: what a modem tells of the one in it, what the operator says of its number, and who may be
//! given it.

use super::{Error, Gateway};
use crate::domain::Timestamp;
use crate::domain::country::Countries;
use crate::domain::sim::{KnownNumber, NumberSource, Sim, replaces};
use crate::store::Actor;

/// What a modem read from the SIM in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identified {
    /// The modem's IMEI.
    pub imei: String,
    /// ICCID, digits only.
    pub iccid: String,
    /// IMSI.
    pub imsi: Option<String>,
    /// The number as the SIM has it, and where on the SIM it stood.
    pub number: Option<(String, NumberSource)>,
}

/// A SIM as the operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimView {
    /// The SIM.
    pub sim: Sim,
    /// The port of the working modem that it is in.
    pub port: Option<String>,
    /// Whether it rests between tenants.
    pub resting: bool,
    /// Whether it is parked in a bank that can put it on the air.
    pub parked: bool,
}

impl SimView {
    /// Whether its number can be given out, or the first thing that stands in the way: `available`,
    /// `no-number`, `contested`, `retired`, `rented`, `resting`, `no-country`, `offline`;
    /// `parked` when a bank has to put it on the air first.
    pub fn state(&self) -> &'static str {
        match (&self.sim.number, &self.sim.country, &self.port) {
            (None, _, _) => "no-number",
            (Some(_), _, _) if self.sim.contested => "contested",
            _ if self.sim.retired_at.is_some() => "retired",
            _ if self.sim.rented => "rented",
            _ if self.resting => "resting",
            (Some(_), None, _) => "no-country",
            (Some(_), Some(_), None) if self.parked => "parked",
            (Some(_), Some(_), None) => "offline",
            (Some(_), Some(_), Some(_)) => "available",
        }
    }
}

impl Gateway {
    /// Takes what a modem read from its SIM. Answers the ICCID of the SIM that the modem had
    /// before, when that was another: what lies in the modem's own store came for that one
    /// (I12).
    pub async fn identified(&self, told: Identified) -> Result<Option<String>, Error> {
        let (now, settings, gateway) = (self.now(), self.settings(), self.clone());
        self.store
            .write(move |tx| {
                let known = tx.ensure_sim(&told.iccid, now)?;
                let sim = learn(known.clone(), &told, &settings.countries, now);
                if sim != known {
                    tx.save_sim(&sim)?;
                }
                let before = tx.custody(&told.imei)?;
                if before.is_none() {
                    tx.set_custody(&told.imei, sim.id, now)?;
                }
                gateway.keep_stay(tx, &told, sim.id, now)?;
                Ok(before.filter(|before| *before != told.iccid))
            })
            .await
    }

    /// The modem's own store holds nothing of an earlier SIM any more: from now on it is this
    /// SIM's.
    pub async fn emptied(&self, imei: String, iccid: String) -> Result<(), Error> {
        let now = self.now();
        self.store
            .write(move |tx| {
                let sim = tx.ensure_sim(&iccid, now)?;
                Ok(tx.set_custody(&imei, sim.id, now)?)
            })
            .await
    }

    /// All SIMs.
    pub async fn sims(&self) -> Result<Vec<SimView>, Error> {
        let now = self.now();
        let sims = self.store.read(|rows| rows.sims()).await?;
        Ok(sims.into_iter().map(|sim| self.view_sim(sim, now)).collect())
    }

    pub(super) fn view_sim(&self, sim: Sim, now: Timestamp) -> SimView {
        let port = self.board.port_of(&sim.iccid, now);
        let parked = port.is_none() && self.is_parked(&sim.iccid, now);
        SimView { port, resting: sim.rests_until > now, parked, sim }
    }

    /// The operator says which number a SIM has; also one that was never seen.
    pub async fn set_number(&self, iccid: String, number: String) -> Result<SimView, Error> {
        let iccid = iccid.trim().trim_end_matches(['F', 'f']).to_owned();
        if !(18..=22).contains(&iccid.len()) || !iccid.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Error::refused(
                "an ICCID is 18 to 22 digits, as `simbridge sim list` shows it",
            ));
        }
        let (now, settings, gateway) = (self.now(), self.settings(), self.clone());
        self.store
            .write(move |tx| {
                let known = tx.ensure_sim(&iccid, now)?;
                let home = known.imsi.as_deref().and_then(|imsi| settings.countries.of_imsi(imsi));
                let number = settings.countries.normalise(&number, home).ok_or_else(|| {
                    let countries = settings.countries.codes();
                    Error::refused(format!(
                        "not a number of {countries}: write it like +31612345678"
                    ))
                })?;
                let sim =
                    with_number(known, number, NumberSource::Operator, &settings.countries, now);
                tx.save_sim(&sim)?;
                let sim = tx.ensure_sim(&iccid, now)?;
                tx.note(Actor::Operator, "set the number of", format!("SIM {iccid}"), now)?;
                Ok(gateway.view_sim(sim, now))
            })
            .await
    }
}

/// The SIM with what a modem read from it.
fn learn(sim: Sim, told: &Identified, countries: &Countries, now: Timestamp) -> Sim {
    let imsi = told.imsi.clone().or(sim.imsi);
    let home = imsi.as_deref().and_then(|imsi| countries.of_imsi(imsi));
    let country = sim.country.or_else(|| home.map(|home| home.code.clone()));
    let number = told
        .number
        .as_ref()
        .and_then(|(raw, source)| Some((countries.normalise(raw, home)?, *source)));
    let sim = Sim { imsi, country, ..sim };
    match number {
        Some((number, source)) if replaces(sim.number.as_ref(), &number, source) => {
            with_number(sim, number, source, countries, now)
        }
        _ => sim,
    }
}

pub(super) fn with_number(
    sim: Sim,
    number: String,
    source: NumberSource,
    countries: &Countries,
    at: Timestamp,
) -> Sim {
    let country = countries.of_number(&number).map(|country| country.code.clone()).or(sim.country);
    Sim { number: Some(KnownNumber { number, source, at }), country, ..sim }
}
