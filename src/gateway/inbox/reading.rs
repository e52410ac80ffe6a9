//! A PDU, decoded before the transaction so that the writer's thread need not do it.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::Pdu;
use crate::domain::{ModemId, SimId, Timestamp};
use crate::sms::{self, Deliver, TextEntry, TextMode};
use crate::store::{StoreError, WriteTx, as_stored};

pub(super) struct Reading {
    pub(super) raw: Vec<u8>,
    /// The digest that the part is stored with.
    pub(super) digest: [u8; 32],
    pub(super) decoded: Result<Decoded, String>,
}

/// What a PDU was read as.
pub(super) enum Decoded {
    Pdu(sms::Pdu),
    /// A message as the modem showed it in text mode, and the same as a PDU, where it showed all
    /// that is in it.
    TextMode(TextMode, Option<Box<sms::Pdu>>),
}

impl Reading {
    pub(super) fn new(pdu: Pdu) -> Reading {
        let (raw, decoded) = match pdu {
            Pdu::Octets(octets) => {
                let decoded = sms::Pdu::decode(&octets).map_err(|error| error.to_string());
                (octets, decoded.map(Decoded::Pdu))
            }
            Pdu::Text(line) => {
                (line.into_bytes(), Err("the PDU line is not hexadecimal".to_owned()))
            }
            Pdu::TextMode(message) => {
                let pdu = message.pdu().map(Box::new);
                // The parts of a long message are joined as PDUs.
                let raw = match &pdu {
                    Some(pdu) if is_part(pdu) => pdu.encode(),
                    _ => message.to_stored(),
                };
                (raw, Ok(Decoded::TextMode(message, pdu)))
            }
        };
        let digest = match &decoded {
            Ok(Decoded::Pdu(pdu)) => digest(&pdu.identity(&raw)),
            Ok(Decoded::TextMode(message, pdu)) => digest_in_text_mode(message, pdu.as_deref()),
            Err(_) => digest(&raw),
        };
        Reading { raw, digest, decoded }
    }

    /// The message, if it is one that was delivered and all that is in it is known.
    pub(super) fn deliver(&self) -> Option<&Deliver> {
        let pdu = match self.decoded.as_ref().ok()? {
            Decoded::Pdu(pdu) => pdu,
            Decoded::TextMode(_, pdu) => pdu.as_deref()?,
        };
        if let sms::Pdu::Deliver(deliver) = pdu { Some(deliver) } else { None }
    }

    /// The time stamp that the service centre gave the message; `None` when there is none that can
    /// be read, and for what is no delivered message.
    pub(super) fn stamp(&self) -> Option<Timestamp> {
        match self.decoded.as_ref().ok()? {
            Decoded::Pdu(sms::Pdu::Deliver(deliver)) => deliver.scts.to_utc().map(Timestamp::from),
            Decoded::Pdu(sms::Pdu::StatusReport(_) | sms::Pdu::Submit(_)) => None,
            Decoded::TextMode(message, _) if message.entry == TextEntry::Received => {
                message.sent_at().map(Timestamp::from)
            }
            Decoded::TextMode(..) => None,
        }
    }

    /// The address of the service centre, if the message was delivered and tells it.
    pub(super) fn smsc(&self) -> Option<String> {
        self.deliver()?.smsc.as_ref().map(ToString::to_string)
    }

    /// Whether this message was stored before, for this SIM or for any other that was in this
    /// modem.
    pub(super) fn is_known_of_modem(
        &self,
        tx: &WriteTx<'_>,
        sim: SimId,
        modem: &ModemId,
    ) -> Result<bool, StoreError> {
        let mut sims = tx.sims_with_part_at(modem, self.stamp())?;
        sims.push(sim);
        for sim in sims {
            if self.is_known(tx, sim)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether this message was stored before, from its PDU or as it was shown in text mode.
    pub(super) fn is_known(&self, tx: &WriteTx<'_>, sim: SimId) -> Result<bool, StoreError> {
        let stamp = self.stamp();
        if tx.has_part(sim, &self.digest, stamp)? {
            return Ok(true);
        }
        let pdu = match &self.decoded {
            Ok(Decoded::Pdu(pdu)) => pdu,
            Ok(Decoded::TextMode(message, pdu)) => {
                return self.is_known_in_text_mode(tx, sim, message, pdu.as_deref());
            }
            Err(_) => return Ok(false),
        };
        let others = tx.other_digests(sim, stamp)?;
        if others.former && tx.has_part(sim, &former_digest(pdu, &self.raw), stamp)? {
            return Ok(true);
        }
        match others.text_mode.then(|| digest_as_text(pdu)).flatten() {
            Some(digest) => tx.has_part(sim, &digest, stamp),
            None => Ok(false),
        }
    }

    /// The same for a message in text mode, by its other digests: the modem may have shown a PDU,
    /// or more of it, or less, when it was stored.
    fn is_known_in_text_mode(
        &self,
        tx: &WriteTx<'_>,
        sim: SimId,
        message: &TextMode,
        pdu: Option<&sms::Pdu>,
    ) -> Result<bool, StoreError> {
        let stamp = self.stamp();
        let as_text = digest_of_shown(message);
        for digest in [Some(as_text), pdu.map(digest_of_pdu)].into_iter().flatten() {
            if digest != self.digest && tx.has_part(sim, &digest, stamp)? {
                return Ok(true);
            }
        }
        let (sender, sent_at) = (message.sender(), message.sent_at());
        let digest_of = |text: &str| text_digest(&sender, sent_at, &as_stored(text));
        let shown = digest_of(&message.text());
        let texts = tx.texts_of_parts(sim, stamp, &sender)?;
        Ok(texts.iter().any(|text| digest_of(text) == shown))
    }

    /// Whether it is a message as the modem showed it in text mode.
    pub(super) fn is_text_mode(&self) -> bool {
        matches!(self.decoded, Ok(Decoded::TextMode(..)))
    }
}

/// The digest that a message in text mode is stored with. For a text it is that of what text mode
/// alone makes of it, because that is known of its PDU too, and the modem may have shown less of it
/// before. For what is shown in octets and says nothing, for parts of long messages and for reports
/// it is that of the PDU.
fn digest_in_text_mode(message: &TextMode, pdu: Option<&sms::Pdu>) -> [u8; 32] {
    match pdu {
        Some(pdu @ sms::Pdu::Deliver(_)) => {
            let is_exact = message.shows_octets();
            let is_text = !is_part(pdu) && !message.text().trim().is_empty();
            if is_exact && !is_text { digest_of_pdu(pdu) } else { digest_of_shown(message) }
        }
        Some(pdu) => digest_of_pdu(pdu),
        None => digest_of_shown(message),
    }
}

fn digest_of_shown(message: &TextMode) -> [u8; 32] {
    text_digest(&message.sender(), message.sent_at(), &message.text())
}

fn digest_of_pdu(pdu: &sms::Pdu) -> [u8; 32] {
    digest(&pdu.identity(&pdu.encode()))
}

fn is_part(pdu: &sms::Pdu) -> bool {
    matches!(pdu, sms::Pdu::Deliver(deliver) if deliver.concat().is_some())
}

/// The digest that a message would have if it was shown in text mode, where that can be known: not
/// for a part of a long message.
fn digest_as_text(pdu: &sms::Pdu) -> Option<[u8; 32]> {
    let sms::Pdu::Deliver(deliver) = pdu else { return None };
    let sender = deliver.originator.to_string();
    let digest = || text_digest(&sender, deliver.scts.to_utc(), &deliver.text().text);
    deliver.concat().is_none().then(digest)
}

/// What parts were known by until schema 8: a delivered message by its whole TPDU, anything else by
/// all of its octets. A message may still lie in a modem, or come again, that was stored then.
fn former_digest(pdu: &sms::Pdu, raw: &[u8]) -> [u8; 32] {
    match pdu {
        sms::Pdu::Deliver(_) => digest(sms::tpdu(raw).unwrap_or(raw)),
        sms::Pdu::StatusReport(_) | sms::Pdu::Submit(_) => digest(raw),
    }
}

fn text_digest(sender: &str, sent_at: Option<DateTime<Utc>>, text: &str) -> [u8; 32] {
    digest(sms::text_identity(sender, sent_at, text).as_bytes())
}

fn digest(identity: &[u8]) -> [u8; 32] {
    Sha256::digest(identity).into()
}
