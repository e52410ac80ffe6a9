//! What a host would have on disk, in memory.

use std::collections::{BTreeMap, HashMap};

use simbridge::domain::{Iccid, Imei};
use simbridge::modem::{MessageOwner, RawPdu, Received};
use simbridge::sms::{Deliver, tpdu};

/// Messages by card and TPDU, as in the database (the same TPDU read twice is one message), and the
/// card that owns the messages in each modem.
#[derive(Default)]
pub struct Kept {
    messages: HashMap<(Iccid, Vec<u8>), String>,
    /// The card for which messages lie in a modem's own store, by IMEI.
    owners: HashMap<Imei, Iccid>,
    /// How often the host was given a message that it had already.
    pub again: usize,
    /// PDUs that could not be decoded.
    pub unreadable: Vec<String>,
}

impl Kept {
    pub fn store(&mut self, received: &Received) {
        let RawPdu::Octets(octets) = &received.pdu else {
            self.unreadable.push(format!("{received:?}"));
            return;
        };
        let (Some(message), Ok(decoded)) = (tpdu(octets), Deliver::decode(octets)) else {
            self.unreadable.push(format!("{received:?}"));
            return;
        };
        let before =
            self.messages.insert((received.iccid.clone(), message.to_vec()), decoded.text().text);
        self.again += usize::from(before.is_some());
    }

    pub fn identified(&mut self, imei: &Imei, iccid: &Iccid) -> MessageOwner {
        let owner = self.owners.entry(imei.clone()).or_insert_with(|| iccid.clone());
        (owner != iccid).then(|| owner.clone()).into()
    }

    pub fn emptied(&mut self, imei: Imei, iccid: Iccid) {
        self.owners.insert(imei, iccid);
    }

    /// The number of messages with this text.
    pub fn count(&self, text: &str) -> usize {
        self.messages.values().filter(|known| *known == text).count()
    }

    /// All texts, sorted, each with the number of its messages and their cards.
    pub fn texts(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut texts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for ((iccid, _), text) in &self.messages {
            texts.entry(text).or_default().push(iccid.as_str());
        }
        texts
    }
}
