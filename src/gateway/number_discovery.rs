//! Finds out a SIM's number when neither the operator's list nor the card has it: the mobile
//! operator is asked by USSD; if that fails and the settings allow it, the SIM sends a message to
//! another of our SIMs, which sees the number as the sender.
//!
//! A SIM without a number has neither orders nor a tenant, so nobody waits in the meantime. Each
//! attempt is on disk before it is made, so that a restart does not repeat it. An attempt is made
//! for one card, and counts only if that card was in the modem before and after it.

use std::sync::Arc;
use std::time::Duration;

use super::background::Wakeups;
use super::environment::Environment;
use super::sim_presence::SimPresence;
use super::sims::{Sims, let_number_rest, with_number};
use super::{Error, ModemControl, SimView};
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::modem::{ModemRequest, SimTask};
use crate::domain::number_discovery::{DiscoveryAttempt, DiscoveryMethod};
use crate::domain::sim::{NumberSource, Sim, replaces};
use crate::domain::{Iccid, Imsi, Msisdn, PortName, SimId, Timestamp};
use crate::sms::{self, Address, Submit};
use crate::store::{Loopback, StoreError, WriteTx};

/// The text before the token in a message to one of our own SIMs.
const PREFIX: &str = "simbridge number check ";
const NO_CODE: &str = "no file says by which code this SIM's mobile operator tells its number; \
                       give the code, like *100#";
/// The rule by which such messages are withheld from all customers.
pub(super) const RULE: &str = "loopback";
/// For how long a message proves the number: after that the SIM may have got another one.
const VALID: Duration = Duration::from_secs(7 * 24 * 3600);
/// For how long tokens are kept, so that a late message is still withheld from customers.
const KNOWN: Duration = Duration::from_secs(60 * 24 * 3600);

/// What a message from one of our SIMs to another is known by when it arrives.
#[derive(Clone)]
pub(super) struct Token(String);

impl Token {
    pub fn draw(env: &Environment) -> Result<Token, Error> {
        let random = env.random_bytes()?;
        Ok(Token(random.iter().take(16).map(|octet| char::from(b'a' + octet % 26)).collect()))
    }

    /// The text of the message.
    pub fn text(&self) -> String {
        format!("{PREFIX}{}", self.0)
    }

    /// Saves the message, before it is sent.
    pub fn save(&self, tx: &WriteTx<'_>, sent: &Loopback) -> Result<(), StoreError> {
        tx.add_loopback(&self.0, sent, sent.sent_at.minus(KNOWN))
    }
}

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
                "there is no number in the network's answer; set it by `simbridge sim set-number`"
                    .to_owned()
            })
        });
        match number {
            Ok(number) => self.learn_from_ussd(sim.id, number, NumberSource::Ussd).await,
            Err(failure) => {
                Err(self.record_failed_attempt(sim.id, DiscoveryMethod::Ussd, failure).await?)
            }
        }
    }

    /// Sends a message from the SIM to another of our SIMs, at most once a day because it costs
    /// what a message costs. Answers when it has been sent; the number is learnt when it is
    /// received.
    pub async fn ask_by_loopback(
        self: &Arc<Self>,
        modems: &dyn ModemControl,
        iccid: &Iccid,
    ) -> Result<(), Error> {
        let (sim, port) = self.sim_on_modem(iccid).await?;
        let (receiver, number) = self.receiver_for(&sim).await?;
        let token = Token::draw(&self.env)?;
        let message = Submit::compose(&Address::parse(number.as_str()), &token.text(), 0)
            .into_iter()
            .next()
            .map(|part| part.encode());
        let pdu = message.unwrap_or_default();
        let now = self.env.now();
        let loopback =
            Loopback { sim: sim.id, receiver, sent_at: now, confirmed: false, originator: None };
        let noted = token.clone();
        self.env
            .store
            .write(move |tx| {
                let before = tx
                    .asks(sim.id)?
                    .into_iter()
                    .find(|ask| ask.method == DiscoveryMethod::Loopback);
                if let Some(earliest) = before
                    .as_ref()
                    .map(DiscoveryAttempt::earliest)
                    .filter(|earliest| *earliest > now)
                {
                    return Err(Error::refused(format!(
                        "a message to ask for this SIM's number was sent already; each costs \
                         money, the next may be sent at {earliest}"
                    )));
                }
                let ask = DiscoveryAttempt::begun(DiscoveryMethod::Loopback, before.as_ref(), now);
                tx.save_ask(
                    sim.id,
                    &DiscoveryAttempt {
                        failure: Some("sent; it has not come yet".to_owned()),
                        ..ask
                    },
                )?;
                Ok(noted.save(tx, &loopback)?)
            })
            .await?;
        let sent = modems.request(port, for_sim(iccid, SimTask::Send(pdu))).await;
        if let Err(error) = sent {
            let failure = error.to_string();
            return Err(self
                .record_failed_attempt(sim.id, DiscoveryMethod::Loopback, failure)
                .await?);
        }
        let discovery = Arc::clone(self);
        self.env
            .store
            .write(move |tx| {
                tx.confirm_loopback(&token.0)?;
                discovery.learn_by_loopback(tx, &token.0, now)
            })
            .await
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

    /// Whether a message is one that we sent to ourselves. If it is, the number is learnt from it.
    pub(super) fn take_loopback(
        &self,
        tx: &WriteTx<'_>,
        sim: SimId,
        sender: &str,
        text: &str,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let Some(token) = text.strip_prefix(PREFIX).map(str::trim) else { return Ok(false) };
        let Some(loopback) = tx.loopback(token)? else { return Ok(false) };
        if loopback.receiver == sim && loopback.originator.is_none() {
            tx.loopback_came(token, sender)?;
            self.learn_by_loopback(tx, token, now)?;
        }
        Ok(true)
    }

    /// Learns the number once the message was received and it is certain that our SIM sent it.
    fn learn_by_loopback(
        &self,
        tx: &WriteTx<'_>,
        token: &str,
        now: Timestamp,
    ) -> Result<(), Error> {
        let Some(Loopback { sim, sent_at, confirmed: true, originator: Some(originator), .. }) =
            tx.loopback(token)?
        else {
            return Ok(());
        };
        if now.since(sent_at) > VALID {
            return Ok(());
        }
        if let Err(Error::Refused(failure)) =
            self.learn_number(tx, sim, &originator, NumberSource::Loopback, now)
        {
            record_failure(tx, sim, DiscoveryMethod::Loopback, failure)?;
        }
        Ok(())
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
                "the network tells another number than the one that is known; set the right one \
                 by `simbridge sim set-number`",
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

    /// Another of our SIMs that can receive a message: in a working modem, with a number that no
    /// other SIM claims, and of the same country if there is one.
    async fn receiver_for(&self, sender: &Sim) -> Result<(SimId, Msisdn), Error> {
        let others = self.sims.list().await?.into_iter().filter(|view| {
            view.sim.id != sender.id
                && view.port.is_some()
                && !view.sim.contested
                && view.sim.retired_at.is_none()
        });
        let numbered = others.filter_map(|view| {
            let abroad = view.sim.country != sender.country;
            view.sim.number.map(|known| (abroad, view.sim.rented, view.sim.id, known.number))
        });
        let best = numbered.min_by_key(|(abroad, rented, id, _)| (*abroad, *rented, *id));
        best.map(|(_, _, id, number)| (id, number)).ok_or_else(|| {
            Error::refused(
                "no other SIM with a known number is on a working modem: nobody could take the \
                 message",
            )
        })
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
