//! A message from one of our SIMs to another, by whose sender the number of the first is learnt.

use std::sync::Arc;
use std::time::Duration;

use super::{NumberDiscovery, for_sim, record_failure};
use crate::domain::modem::SimTask;
use crate::domain::number_discovery::{DiscoveryAttempt, DiscoveryMethod};
use crate::domain::sim::{NumberSource, Sim};
use crate::domain::{Iccid, Msisdn, SimId, Timestamp};
use crate::gateway::environment::Environment;
use crate::gateway::{Error, ModemControl};
use crate::sms::{Address, Submit};
use crate::store::{Loopback, StoreError, WriteTx};

/// The text before the token in a message to one of our own SIMs.
const PREFIX: &str = "simbridge number check ";
/// The rule by which such messages are withheld from all customers.
pub(in crate::gateway) const RULE: &str = "loopback";
/// For how long a message proves the number: after that the SIM may have got another one.
const VALID: Duration = Duration::from_secs(7 * 24 * 3600);
/// For how long tokens are kept, so that a late message is still withheld from customers.
const KNOWN: Duration = Duration::from_secs(60 * 24 * 3600);

/// What a message from one of our SIMs to another is known by when it arrives.
#[derive(Clone)]
pub(in crate::gateway) struct Token(String);

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

impl NumberDiscovery {
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

    /// Whether a message is one that we sent to ourselves. If it is, the number is learnt from it.
    pub(in crate::gateway) fn take_loopback(
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
}
