//! Finds out a SIM's number when neither the operator's list nor the card has it: the mobile
//! operator is asked by USSD; if that fails and the settings allow it, the SIM sends a message to
//! another of our SIMs, which sees the number as the sender.
//!
//! A SIM without a number has neither orders nor a tenant, so nobody waits in the meantime. Each
//! attempt is on disk before it is made, so that a restart does not repeat it. An attempt is made
//! for one card, and counts only if that card was in the modem before and after it.

mod loopback;

use std::sync::Arc;

use super::background::Wakeups;
use super::environment::Environment;
use super::sim_presence::SimPresence;
use super::sims::{Sims, let_number_rest, with_number};
use super::{Error, ModemControl, SimView};
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::modem::{ModemRequest, SimTask};
use crate::domain::number_discovery::{DiscoveryAttempt, DiscoveryMethod};
use crate::domain::sim::{NumberSource, Sim, replaces};
use crate::domain::{Iccid, Imsi, PortName, SimId, Timestamp};
use crate::sms;
use crate::store::{StoreError, WriteTx};
pub(super) use loopback::{RULE, Token};
const NO_CODE: &str = "no file says by which code this SIM's mobile operator tells its number; \
                       give the code, like *100#";

/// A SIM whose number should be asked for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The SIM's ICCID.
    pub iccid: Iccid,
    /// The SIM's IMSI, which identifies its mobile operator.
    pub imsi: Option<Imsi>,
    /// Whether to ask by USSD.
    pub ussd: bool,
    /// Whether to ask by a message.
    pub loopback: bool,
}

fn for_sim(iccid: &Iccid, task: SimTask) -> ModemRequest {
    ModemRequest::ForSim { iccid: iccid.clone(), task }
}

/// Finds out the numbers of SIMs that are not known otherwise.
pub struct NumberDiscovery {
    env: Arc<Environment>,
    presence: Arc<SimPresence>,
    sims: Arc<Sims>,
    wakeups: Arc<Wakeups>,
}

impl NumberDiscovery {
    pub(super) fn new(
        env: Arc<Environment>,
        presence: Arc<SimPresence>,
        sims: Arc<Sims>,
        wakeups: Arc<Wakeups>,
    ) -> NumberDiscovery {
        NumberDiscovery { env, presence, sims, wakeups }
    }

    /// Waits until a SIM has become ready or was found to be deaf, or the settings of the discovery
    /// may have changed.
    pub async fn wait_for_ready_sims(&self) {
        self.wakeups.wait_for_ready_sims().await;
    }

    /// The SIMs in working modems whose number is not known and for which an attempt is due, and
    /// when to look again.
    pub async fn due_discoveries(&self) -> Result<(Vec<Wanted>, Option<Timestamp>), Error> {
        let now = self.env.now();
        let read = self.env.store.read(move |rows| {
            let mut found = Vec::new();
            for id in rows.numberless()? {
                found.extend(
                    rows.sim(id)?
                        .map(|sim| Ok::<_, StoreError>((sim, rows.asks(id)?)))
                        .transpose()?,
                );
            }
            Ok::<_, StoreError>((found, rows.next_ask(now)?))
        });
        let (found, next) = read.await?;
        let works =
            found.into_iter().filter(|(sim, _)| self.presence.is_on_air(sim.iccid.as_str(), now));
        let wanted = works.map(|(sim, asks)| {
            let due = |method| asks.iter().all(|ask| ask.method != method || ask.next_at <= now);
            let settings = self.env.settings();
            let (ussd, loopback) = (settings.ask_ussd, settings.ask_loopback);
            let (ussd, loopback) =
                (ussd && due(DiscoveryMethod::Ussd), loopback && due(DiscoveryMethod::Loopback));
            Wanted { iccid: sim.iccid, imsi: sim.imsi, ussd, loopback }
        });
        Ok((wanted.filter(|wanted| wanted.ussd || wanted.loopback).collect(), next))
    }

    /// The attempts that were made so far to find out a SIM's number.
    pub async fn attempts(&self, iccid: &Iccid) -> Result<Vec<DiscoveryAttempt>, Error> {
        let iccid = iccid.clone();
        let read = self.env.store.read(move |rows| match rows.sim_by_iccid(&iccid)? {
            Some(sim) => rows.asks(sim.id),
            None => Ok(Vec::new()),
        });
        Ok(read.await?)
    }

    /// Asks the SIM's mobile operator by USSD, by default with the code that the hardware files
    /// have for it.
    pub async fn ask_by_ussd(
        self: &Arc<Self>,
        modems: &dyn ModemControl,
        iccid: &Iccid,
        code: Option<String>,
    ) -> Result<SimView, Error> {
        let (sim, port) = self.sim_on_modem(iccid).await?;
        let known = || sim.imsi.as_ref().and_then(|imsi| modems.own_number_code(imsi));
        let code = code.or_else(known);
        self.begin_attempt(sim.id, DiscoveryMethod::Ussd, code.is_some()).await?;
        let Some(code) = code else {
            return Err(self
                .record_failed_attempt(sim.id, DiscoveryMethod::Ussd, NO_CODE.to_owned())
                .await?);
        };
        let request = for_sim(iccid, SimTask::Ussd(code));
        let asked = modems.request(port, request).await;
        let number = asked.map_err(|error| error.to_string()).and_then(|reply| {
            let number = sms::number_in_ussd(&reply.join(" "), None);
            number.ok_or_else(|| {
                "there is no number in the network's answer: set it by hand".to_owned()
            })
        });
        match number {
            Ok(number) => self.learn_from_ussd(sim.id, number, NumberSource::Ussd).await,
            Err(failure) => {
                Err(self.record_failed_attempt(sim.id, DiscoveryMethod::Ussd, failure).await?)
            }
        }
    }

    /// Writes a SIM's known number into the card's own-number phonebook; answers the number as it
    /// was read back.
    pub async fn write_number(
        &self,
        modems: &dyn ModemControl,
        iccid: &Iccid,
    ) -> Result<String, Error> {
        let (sim, port) = self.sim_on_modem(iccid).await?;
        let number =
            sim.number.ok_or_else(|| Error::refused("this SIM's number is not known"))?.number;
        let asked =
            modems.request(port, for_sim(iccid, SimTask::WriteNumber(number.to_string()))).await;
        let asked = asked.map_err(|error| Error::Refused(error.to_string()))?;
        let (now, written) = (self.env.now(), asked.join(" "));
        let subject = format!("SIM {iccid}");
        self.env
            .store
            .write(move |tx| tx.note(Actor::Operator, AuditAction::WroteNumber, subject, now))
            .await?;
        Ok(written)
    }

    async fn learn_from_ussd(
        self: &Arc<Self>,
        sim: SimId,
        number: String,
        source: NumberSource,
    ) -> Result<SimView, Error> {
        let (now, discovery) = (self.env.now(), Arc::clone(self));
        let learnt = self
            .env
            .store
            .write(move |tx| discovery.learn_number(tx, sim, &number, source, now))
            .await;
        match learnt {
            Ok(sim) => Ok(self.sims.view(sim, now)),
            Err(Error::Refused(failure)) => {
                Err(self.record_failed_attempt(sim, DiscoveryMethod::Ussd, failure).await?)
            }
            Err(error) => Err(error),
        }
    }

    /// Stores the number that the network has of a SIM, unless a stronger source has another.
    fn learn_number(
        &self,
        tx: &WriteTx<'_>,
        id: SimId,
        raw: &str,
        source: NumberSource,
        now: Timestamp,
    ) -> Result<Sim, Error> {
        let gone = StoreError::Row { table: "sim", key: id.to_string(), fault: "is not there" };
        let sim = tx.sim(id)?.ok_or(gone)?;
        let settings = self.env.settings();
        let countries = &settings.countries;
        let home = sim.imsi.as_ref().and_then(|imsi| countries.of_imsi(imsi));
        let number = countries.normalise(raw, home).ok_or_else(|| {
            Error::refused("what the network told is not a number of any country")
        })?;
        if sim.number.as_ref().is_some_and(|known| known.number != number && known.source > source)
        {
            return Err(Error::refused(
                "the network tells another number than the one that is known: set the right one \
                 by hand",
            ));
        }
        let number_of_note = number.shortened();
        let before = sim.clone();
        let learnt = if replaces(sim.number.as_ref(), &number, source) {
            with_number(sim, number, source, countries, now)
        } else {
            sim
        };
        tx.save_sim(&learnt)?;
        let_number_rest(tx, &before, &learnt, settings.rental_rest)?;
        tx.forget_asks(id)?;
        tx.note(
            Actor::Daemon,
            AuditAction::LearntNumber { source },
            format!("SIM {}: {}", learnt.iccid, number_of_note),
            now,
        )?;
        Ok(tx.sim(id)?.unwrap_or(learnt))
    }

    /// The SIM, and the port of the working modem that it is in.
    async fn sim_on_modem(&self, iccid: &Iccid) -> Result<(Sim, PortName), Error> {
        let view = self.sims.find(iccid.clone()).await?;
        let port =
            view.port.ok_or_else(|| Error::refused("this SIM is in no working modem now"))?;
        Ok((view.sim, port))
    }

    /// Records an attempt that is about to be made. One that is not possible does not delay the
    /// next.
    async fn begin_attempt(
        &self,
        sim: SimId,
        method: DiscoveryMethod,
        possible: bool,
    ) -> Result<(), Error> {
        let now = self.env.now();
        self.env
            .store
            .write(move |tx| {
                let before =
                    tx.asks(sim)?.into_iter().find(|ask| ask.method == method).filter(|_| possible);
                Ok(tx.save_ask(sim, &DiscoveryAttempt::begun(method, before.as_ref(), now))?)
            })
            .await
    }

    /// Records why an attempt failed, and returns that as the error.
    async fn record_failed_attempt(
        &self,
        sim: SimId,
        method: DiscoveryMethod,
        failure: String,
    ) -> Result<Error, Error> {
        let noted = failure.clone();
        self.env.store.write(move |tx| record_failure(tx, sim, method, noted)).await?;
        Ok(Error::Refused(failure))
    }
}

/// Records why the last attempt by a method failed.
fn record_failure(
    tx: &WriteTx<'_>,
    sim: SimId,
    method: DiscoveryMethod,
    failure: String,
) -> Result<(), Error> {
    let asked = tx.asks(sim)?.into_iter().find(|ask| ask.method == method);
    if let Some(ask) = asked {
        tx.save_ask(sim, &DiscoveryAttempt { failure: Some(failure), ..ask })?;
    }
    Ok(())
}
