//! Whether the PIN of a card may be entered.

use super::Sims;
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::modem::PinPermission;
use crate::domain::{Iccid, ModemAtPort, ModemId};
use crate::gateway::Error;
use crate::store::{PinTry, WriteTx};

impl Sims {
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
        Ok(self.record_pin_try(modem, iccid, only_if_accepted).await?.0)
    }

    /// The same for somebody whom the answer may not reach. When the PIN may be entered, also
    /// returns the try, for [`Sims::undo_pin_try`].
    pub async fn record_pin_try(
        &self,
        modem: &ModemAtPort,
        iccid: Option<&Iccid>,
        only_if_accepted: bool,
    ) -> Result<(PinPermission, Option<PinTry>), Error> {
        let (now, modem, iccid) = (self.env.now(), modem.clone(), iccid.cloned());
        self.env
            .store
            .write(move |tx| {
                // A try from before it was known that several modems tell the same may have been
                // made in any of them.
                if tx.has_refused_pin(&pin_key(&modem.id, iccid.as_ref()))? {
                    return Ok((PinPermission::RefusedBefore, None));
                }
                let card = pin_key(&tx.modem_id(&modem)?, iccid.as_ref());
                Ok(tx.note_pin_try(&card, only_if_accepted, now)?)
            })
            .await
    }

    /// Forgets a try that is known not to have been made.
    pub async fn undo_pin_try(&self, pin_try: PinTry) -> Result<(), Error> {
        self.env.store.write(move |tx| Ok(tx.undo_pin_try(&pin_try)?)).await
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

    /// Allows that the PIN is entered once more into a card that has refused one, or of which that
    /// is not known: the operator has put the PIN right, or knows that it was never entered.
    /// Returns whether it had not been allowed already.
    pub async fn allow_pin_again(&self, iccid: Iccid) -> Result<bool, Error> {
        let now = self.env.now();
        self.env
            .store
            .write(move |tx| {
                let card = card_key(&iccid);
                if !tx.has_refused_pin(&card)? {
                    return Ok(false);
                }
                tx.forget_pin_try(&card)?;
                tx.note(Actor::Operator, AuditAction::AllowedPin, format!("SIM {iccid}"), now)?;
                Ok(true)
            })
            .await
    }
}

/// The name under which a try of a PIN is stored.
fn pin_key(modem: &ModemId, iccid: Option<&Iccid>) -> String {
    match iccid {
        Some(iccid) => card_key(iccid),
        None if modem.is_imei() => format!("imei {modem}"),
        None => format!("modem {modem}"),
    }
}

/// The name under which a try of the PIN of a card with a known ICCID is stored.
fn card_key(iccid: &Iccid) -> String {
    format!("iccid {iccid}")
}
