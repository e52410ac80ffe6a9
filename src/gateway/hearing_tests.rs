//! Tests whether SIMs that are taken to be deaf are so: another SIM here sends each a message, if
//! the settings allow what that costs. One that comes is as any other message: the SIM is sold
//! again. While none comes, the SIM stays off sale, and is tested again and again, ever more
//! seldom.

use std::sync::Arc;

use super::environment::Environment;
use super::number_discovery::Token;
use super::sim_presence::SimPresence;
use super::sims::Sims;
use super::{Error, ModemControl};
use crate::domain::modem::{ModemRequest, SimTask};
use crate::domain::sim::Sim;
use crate::domain::{Iccid, PortName, SimId, Timestamp, health};
use crate::sms::{Address, Submit};
use crate::store::Loopback;

/// The tests of SIMs that are taken to be deaf.
pub struct HearingTests {
    env: Arc<Environment>,
    presence: Arc<SimPresence>,
    sims: Arc<Sims>,
}

/// A SIM that sends the message of a test.
struct Sender {
    sim: SimId,
    iccid: Iccid,
    port: PortName,
}

impl HearingTests {
    pub(super) fn new(
        env: Arc<Environment>,
        presence: Arc<SimPresence>,
        sims: Arc<Sims>,
    ) -> HearingTests {
        HearingTests { env, presence, sims }
    }

    /// The SIMs in working modems that are to be tested now, and when the next one is.
    pub async fn due_tests(&self) -> Result<(Vec<Iccid>, Option<Timestamp>), Error> {
        if !self.env.settings().ask_loopback {
            return Ok((Vec::new(), None));
        }
        let now = self.env.now();
        let deaf = self.env.store.read(|rows| rows.deaf_sims()).await?;
        let next = deaf.iter().map(|(_, _, next)| *next).filter(|next| *next > now).min();
        let due = deaf.into_iter().filter(|(_, iccid, next)| {
            *next <= now && self.presence.is_on_air(iccid.as_str(), now)
        });
        Ok((due.map(|(_, iccid, _)| iccid).collect(), next))
    }

    /// Sends a SIM that is taken to be deaf a message from another one: each time from the next
    /// that can, for the fault may be the sender's. That it was sent is on disk before it is, so
    /// that a restart sends no second one.
    pub async fn test(
        self: &Arc<Self>,
        modems: &dyn ModemControl,
        iccid: &Iccid,
    ) -> Result<(), Error> {
        let deaf = self.sims.find(iccid.clone()).await?.sim;
        let number = deaf.number.clone().ok_or_else(|| {
            Error::refused("nothing can be sent to a SIM whose number is not known")
        })?;
        let senders = self.senders_for(&deaf).await?;
        let token = Token::draw(&self.env)?;
        let (now, id, noted) = (self.env.now(), deaf.id, token.clone());
        let sender = self.env.store.write(move |tx| {
            let tests = tx.hearing_tests(id)?;
            let next = now.plus(health::pause_after_test(tests));
            tx.save_hearing_test(id, tests + 1, next)?;
            let turn = usize::try_from(tests).unwrap_or(0) % senders.len().max(1);
            let sender = senders.into_iter().nth(turn).ok_or_else(|| {
                Error::refused("no other SIM is on a working modem: nobody can send the message")
            })?;
            let (sim, originator) = (sender.sim, None);
            let sent = Loopback { sim, receiver: id, sent_at: now, confirmed: false, originator };
            noted.save(tx, &sent)?;
            Ok::<_, Error>(sender)
        });
        let sender = sender.await?;
        let parts = Submit::compose(&Address::parse(number.number.as_str()), &token.text(), 0);
        let pdu = parts.first().map(|part| part.encode()).unwrap_or_default();
        let request = ModemRequest::ForSim { iccid: sender.iccid, task: SimTask::Send(pdu) };
        let sent = modems.request(sender.port, request).await;
        sent.map(drop).map_err(|error| Error::Refused(error.to_string()))
    }

    /// The other SIMs in working modems, best first: of the same country, without a tenant, and
    /// not deaf themselves.
    async fn senders_for(&self, deaf: &Sim) -> Result<Vec<Sender>, Error> {
        let mut others = self.sims.list().await?;
        others.retain(|view| {
            view.sim.id != deaf.id && view.port.is_some() && view.sim.retired_at.is_none()
        });
        others.sort_by_key(|view| {
            let abroad = view.sim.country != deaf.country;
            (abroad, view.sim.rented, view.sim.deaf_until, view.sim.id)
        });
        let sender = |view: super::SimView| {
            Some(Sender { sim: view.sim.id, iccid: view.sim.iccid, port: view.port? })
        };
        Ok(others.into_iter().filter_map(sender).collect())
    }
}
