//! SIMs: what a modem reads from its SIM, what the operator enters about it, where it has been,
//! and whether its PIN may be entered.

mod list;
mod several;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Error;
use super::banks::Banks;
use super::environment::Environment;
use super::last_messages::LastMessages;
use super::listing::{ListRequest, check_state, find_country, readings};
use super::shared_reading::SharedReading;
use super::sim_presence::SimPresence;
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::availability::{
    self, Purpose, Reachability, SimCandidate, SimUsage, UnavailableReason,
};
use crate::domain::country::Countries;
use crate::domain::modem::PinPermission;
use crate::domain::sim::{KnownNumber, NumberSource, Pool, Sim, replaces};
use crate::domain::{Iccid, Imsi, ModemAtPort, ModemId, Msisdn, PortName, SimId, Timestamp};
use crate::store::{
    AwaitedMessage, BankPosition, LastSim, LocationPeriod, OwnStore, ReadTx, SimActivity,
    StoreError, WriteTx,
};
pub use list::{SimPage, SimsWanted, WantedDigits, sim_states};
pub use several::{ImportedSim, SimEdit, SimImport};

/// For how long location periods are kept after their end.
const LOCATIONS_KEPT: Duration = Duration::from_secs(366 * 24 * 3600);

/// How much is kept of what a SIM tells as its number and cannot be one.
const TOLD_CHARS: usize = 32;

/// What a modem read from the SIM in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identified {
    /// The modem.
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

/// A SIM as the operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimView {
    /// The SIM.
    pub sim: Sim,
    /// The port of the working modem that it is in.
    pub port: Option<PortName>,
    /// The bank, and its slot, in which it was last found.
    pub position: Option<BankPosition>,
    /// Until when it rests between two rentals, if it does now.
    pub rests_until: Option<Timestamp>,
    /// Why it cannot be given out, as far as that is a matter of the SIM itself; `None` when it
    /// can.
    pub unavailable: Option<UnavailableReason>,
    /// Since when it is not where it can receive what is sent to it, if it is rented.
    pub tenant_without_since: Option<Timestamp>,
    /// Why its number can hardly be its own, in words for the operator.
    pub number_problem: Option<String>,
    /// The name of the network that it is of, if its IMSI tells one that is known.
    pub home_operator: Option<String>,
}

/// The word for a rented SIM that is off the air.
const RENTED_OFF_AIR: &str = "rented_off_air";
/// How long a rented SIM may be off the air before the operator is told.
const OFF_AIR_FOR: Duration = Duration::from_secs(60);

impl SimView {
    /// Whether it can be given out, or why not, in the word that `sim list` shows.
    pub fn state(&self) -> &'static str {
        match (self.unavailable, self.tenant_without_since) {
            (Some(UnavailableReason::Rented), Some(_)) => RENTED_OFF_AIR,
            (unavailable, _) => availability::word(unavailable),
        }
    }
}

/// The operator's SIMs.
pub struct Sims {
    env: Arc<Environment>,
    presence: Arc<SimPresence>,
    banks: Arc<Banks>,
    last_messages: Arc<LastMessages>,
    snapshot: SharedReading<Vec<SimView>>,
}

impl Sims {
    pub(super) fn new(
        env: Arc<Environment>,
        presence: Arc<SimPresence>,
        banks: Arc<Banks>,
        last_messages: Arc<LastMessages>,
    ) -> Sims {
        Sims { env, presence, banks, last_messages, snapshot: SharedReading::default() }
    }

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
                Ok(store.others_until.is_some())
            })
            .await
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

    /// Whether a PIN may be entered now. When it may, the try is on disk already, so that a wrong
    /// PIN is entered once and never again for that card, whatever restarts
    /// ([invariant 10](crate#what-always-holds)).
    ///
    /// With `only_if_accepted` it may be entered only into a card that has accepted one before and
    /// has refused none since.
    ///
    /// A card is identified by its ICCID if that can be read before the PIN is entered, else by its
    /// modem. The PIN itself is not stored, not even as a digest: one of four digits would be as
    /// good as the digits.
    pub async fn may_enter_pin(
        &self,
        modem: &ModemAtPort,
        iccid: Option<&Iccid>,
        only_if_accepted: bool,
    ) -> Result<PinPermission, Error> {
        let (now, modem, iccid) = (self.env.now(), modem.clone(), iccid.cloned());
        self.env
            .store
            .write(move |tx| {
                // A try from before it was known that several modems tell the same may have been
                // made in any of them.
                if tx.has_refused_pin(&pin_key(&modem.id, iccid.as_ref()))? {
                    return Ok(PinPermission::RefusedBefore);
                }
                let card = pin_key(&tx.modem_id(&modem)?, iccid.as_ref());
                Ok(tx.note_pin_try(&card, only_if_accepted, now)?)
            })
            .await
    }

    /// Records that the card accepted the PIN, so that a right PIN works at every start. Of a card
    /// without an ICCID the try is only forgotten: the next one in that modem may be another.
    pub async fn record_accepted_pin(
        &self,
        modem: &ModemAtPort,
        iccid: Option<&Iccid>,
    ) -> Result<(), Error> {
        let (now, modem, iccid) = (self.env.now(), modem.clone(), iccid.cloned());
        let record = move |tx: &WriteTx<'_>| {
            let card = pin_key(&tx.modem_id(&modem)?, iccid.as_ref());
            match iccid {
                Some(_) => tx.note_accepted_pin(&card, now),
                None => tx.forget_pin_try(&card),
            }
        };
        self.env.store.write(move |tx| Ok(record(tx)?)).await
    }

    /// What several modems were found to tell of themselves, so that it identifies none of them.
    pub async fn shared_modem_ids(&self) -> Result<Vec<ModemId>, Error> {
        Ok(self.env.store.read(|rows| rows.shared_modem_ids()).await?)
    }

    /// All SIMs.
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

    /// One SIM.
    pub async fn find(&self, iccid: Iccid) -> Result<SimView, Error> {
        let now = self.env.now();
        let known = self
            .env
            .store
            .read(move |rows| rows.sim_by_iccid(&iccid)?.ok_or_else(|| no_sim(&iccid)));
        Ok(self.view(known.await?, now))
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

    fn named_in(&self, rows: &ReadTx<'_>, text: &str) -> Result<Iccid, Error> {
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
        let tried = self.env.store.write(move |tx| {
            let mut set = None;
            let undone = tx.attempt(|tx| {
                set = Some(sims.set_number_in(tx, &iccid, &number, add)?);
                Err::<(), _>(Error::refused("this was only tried"))
            });
            undone.map(|undone| (set, undone))
        });
        match tried.await? {
            (Some(set), _) => Ok(set),
            (None, refused) => {
                Err(refused.err().unwrap_or_else(|| Error::refused("nothing was tried")))
            }
        }
    }

    fn set_number_in(
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

    /// Removes a SIM that was never in a modem, such as one whose ICCID was mistyped.
    pub async fn remove(self: &Arc<Self>, iccid: Iccid) -> Result<(), Error> {
        let (sims, now) = (Arc::clone(self), self.env.now());
        self.env
            .store
            .write(move |tx| {
                let sim = tx.sim_by_iccid(&iccid)?.ok_or_else(|| no_sim(&iccid))?;
                if !tx.sim_locations(sim.id, 1)?.is_empty() || !tx.remove_unused_sim(sim.id)? {
                    return Err(Error::refused(format!(
                        "SIM {iccid} has been in a modem, so it stays; `simbridge sim retire \
                         {iccid}` takes it off sale for good"
                    )));
                }
                let subject = format!("SIM {iccid}");
                tx.note(Actor::Operator, AuditAction::Removed, subject, now)?;
                tx.after_commit(move || sims.snapshot.forget());
                Ok(())
            })
            .await
    }

    /// Keeps a SIM from new customers for so long; for no time makes it available at once.
    pub async fn set_rest(
        self: &Arc<Self>,
        iccid: Iccid,
        rest: Duration,
    ) -> Result<SimView, Error> {
        let sims = Arc::clone(self);
        self.env.store.write(move |tx| sims.rest_in(tx, &iccid, rest)).await
    }

    fn rest_in(
        self: &Arc<Self>,
        tx: &WriteTx<'_>,
        iccid: &Iccid,
        rest: Duration,
    ) -> Result<SimView, Error> {
        self.change_in(tx, iccid, AuditAction::SetRest, move |tx, sim, now| {
            tx.rest_sim(sim.id, now.plus(rest))?;
            Ok(match rest.is_zero() {
                true => ": ended".to_owned(),
                false => format!(": until {}", now.plus(rest)),
            })
        })
    }

    /// Sets what a SIM is sold for. Whoever has it keeps it to the end.
    pub async fn set_pool(self: &Arc<Self>, iccid: Iccid, pool: Pool) -> Result<SimView, Error> {
        let sims = Arc::clone(self);
        self.env.store.write(move |tx| sims.pool_in(tx, &iccid, pool)).await
    }

    fn pool_in(
        self: &Arc<Self>,
        tx: &WriteTx<'_>,
        iccid: &Iccid,
        pool: Pool,
    ) -> Result<SimView, Error> {
        self.change_in(tx, iccid, AuditAction::SetPool, move |tx, sim, _| {
            tx.set_pool(sim.id, pool)?;
            Ok(format!(": {}, was {}", pool.as_str(), sim.pool.as_str()))
        })
    }

    /// Takes a SIM off sale, or puts it back. Whoever has it keeps it to the end.
    pub async fn set_retired(
        self: &Arc<Self>,
        iccid: Iccid,
        retired: bool,
    ) -> Result<SimView, Error> {
        let sims = Arc::clone(self);
        self.env.store.write(move |tx| sims.retire_in(tx, &iccid, retired)).await
    }

    fn retire_in(
        self: &Arc<Self>,
        tx: &WriteTx<'_>,
        iccid: &Iccid,
        retired: bool,
    ) -> Result<SimView, Error> {
        let action = if retired { AuditAction::Retired } else { AuditAction::TookBack };
        self.change_in(tx, iccid, action, move |tx, sim, now| {
            tx.retire_sim(sim.id, retired.then_some(now))?;
            Ok(String::new())
        })
    }

    /// Changes a SIM as the operator asked. `change` answers what the audit has behind the ICCID.
    fn change_in(
        self: &Arc<Self>,
        tx: &WriteTx<'_>,
        iccid: &Iccid,
        action: AuditAction<'static>,
        change: impl FnOnce(&WriteTx<'_>, Sim, Timestamp) -> Result<String, Error>,
    ) -> Result<SimView, Error> {
        let now = self.env.now();
        let sim = tx.sim_by_iccid(iccid)?.ok_or_else(|| no_sim(iccid))?;
        let id = sim.id;
        let detail = change(tx, sim, now)?;
        tx.note(Actor::Operator, action, format!("SIM {iccid}{detail}"), now)?;
        let sims = Arc::clone(self);
        tx.after_commit(move || sims.snapshot.forget());
        let sim = tx.sim(id)?.ok_or_else(|| no_sim(iccid))?;
        Ok(self.view(sim, now))
    }

    pub(super) fn view(&self, sim: Sim, now: Timestamp) -> SimView {
        let port = self.presence.modems.port_of(&sim.iccid, now);
        let reachability = match port {
            Some(_) => Reachability::OnAir,
            None if self.presence.is_parked(&sim.iccid, now) => Reachability::Parked,
            None => Reachability::Offline,
        };
        let candidate = SimCandidate { sim: &sim, usage: SimUsage::default(), reachability };
        let unavailable = candidate.unavailable_for(Purpose::Any, now);
        let rests_until = (sim.rests_until > now).then_some(sim.rests_until);
        let off_air_since = || self.presence.off_air_since(&sim.iccid, now);
        let tenant_without_since = sim.rented.then(off_air_since).flatten();
        let number_problem = self.number_problem(&sim);
        let home_operator = self.home_operator(&sim);
        let position = self.presence.position_of(&sim.iccid);
        SimView {
            port,
            position,
            rests_until,
            unavailable,
            tenant_without_since,
            number_problem,
            home_operator,
            sim,
        }
    }

    fn home_operator(&self, sim: &Sim) -> Option<String> {
        let settings = self.env.settings();
        settings.home_networks.name_of(sim.imsi.as_ref()?).map(str::to_owned)
    }

    /// Why what a SIM tells cannot be its number, or its number can hardly be its own.
    fn number_problem(&self, sim: &Sim) -> Option<String> {
        let countries = &self.env.settings().countries;
        let home = sim.imsi.as_ref().and_then(|imsi| countries.of_imsi(imsi));
        if let Some(told) = &sim.told {
            let of = home.map(|home| format!(" of {}", home.code)).unwrap_or_default();
            return Some(format!(
                "the card tells {told}, which is not a number{of}; `simbridge sim set-number` sets \
                 the right one"
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

/// The name under which a try of a PIN is stored.
fn pin_key(modem: &ModemId, iccid: Option<&Iccid>) -> String {
    match iccid {
        Some(iccid) => format!("iccid {iccid}"),
        None if modem.is_imei() => format!("imei {modem}"),
        None => format!("modem {modem}"),
    }
}

/// Refuses the ICCID of a SIM that was never seen, unless it is to be added and can be right.
fn check_unseen(iccid: &Iccid, add: bool) -> Result<(), Error> {
    let hint = "`simbridge sim list` shows those that there are";
    match (iccid.has_wrong_check_digit(), add) {
        (true, _) => Err(Error::refused(format!(
            "no SIM {iccid} was ever seen, and its last digit does not check the others: is one \
             mistyped? {hint}"
        ))),
        (false, false) => Err(Error::refused(format!(
            "no SIM {iccid} was ever seen; {hint}, and --create adds one"
        ))),
        (false, true) => Ok(()),
    }
}

/// The refusal of a text that names no known SIM.
pub fn no_sim(iccid: impl fmt::Display) -> Error {
    Error::refused(format!("no SIM {iccid}; `simbridge sim list` shows them"))
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

/// A number that had a tenant rests on whatever card it comes to.
pub(super) fn let_number_rest(
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

pub(super) fn with_number(
    sim: Sim,
    number: Msisdn,
    source: NumberSource,
    countries: &Countries,
    at: Timestamp,
) -> Sim {
    let country = countries.of_number(&number).map(|country| country.code.clone()).or(sim.country);
    Sim { number: Some(KnownNumber { number, source, at }), told: None, country, ..sim }
}
