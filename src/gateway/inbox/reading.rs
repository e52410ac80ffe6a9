//! A PDU, decoded before the transaction so that the writer's thread need not do it.

use sha2::{Digest, Sha256};

use super::Pdu;
use crate::domain::Timestamp;
use crate::sms;
use crate::store::PartDigests;

pub(super) struct Reading {
    pub(super) raw: Vec<u8>,
    pub(super) digests: PartDigests,
    pub(super) decoded: Result<sms::Pdu, String>,
}

impl Reading {
    pub(super) fn new(pdu: Pdu) -> Reading {
        let (raw, decoded) = match pdu {
            Pdu::Octets(octets) => {
                let decoded = sms::Pdu::decode(&octets).map_err(|error| error.to_string());
                (octets, decoded)
            }
            Pdu::Text(line) => {
                (line.into_bytes(), Err("the PDU line is not hexadecimal".to_owned()))
            }
        };
        let digests = PartDigests {
            present: match &decoded {
                Ok(pdu) => digest(&pdu.identity(&raw)),
                Err(_) => digest(&raw),
            },
            former: digest(former_identity(&decoded, &raw)),
        };
        Reading { raw, digests, decoded }
    }

    /// The time stamp that the service centre gave the message; `None` when there is none that can
    /// be read, and for what is no delivered message.
    pub(super) fn stamp(&self) -> Option<Timestamp> {
        match self.decoded.as_ref().ok()? {
            sms::Pdu::Deliver(deliver) => deliver.scts.to_utc().map(Timestamp::from),
            sms::Pdu::StatusReport(_) | sms::Pdu::Submit(_) => None,
        }
    }
}

/// What parts were known by until schema 8: a delivered message by its whole TPDU, anything else by
/// all of its octets. A message may still lie in a modem, or come again, that was stored then.
fn former_identity<'r>(decoded: &Result<sms::Pdu, String>, raw: &'r [u8]) -> &'r [u8] {
    match decoded {
        Ok(sms::Pdu::Deliver(_)) => sms::tpdu(raw).unwrap_or(raw),
        _ => raw,
    }
}

fn digest(identity: &[u8]) -> [u8; 32] {
    Sha256::digest(identity).into()
}
