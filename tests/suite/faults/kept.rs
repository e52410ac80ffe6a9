//! What a host would have on disk, in memory.

use std::collections::{BTreeMap, HashMap, HashSet};

use simbridge::domain::modem::{ModemSnapshot, SimCard};
use simbridge::domain::{Iccid, ModemAtPort, ModemId};
use simbridge::modem::{MessageOwner, RawPdu, Received};
use simbridge::sms::{Pdu, Purpose, text_identity};

use super::business::Business;

/// Messages by card and identity, as in the database (the same message read twice is one), and the
/// card that owns the messages in each modem.
#[derive(Default)]
pub struct Kept {
    /// The text of each; `None` for a message that is no text for people.
    messages: HashMap<(Iccid, Vec<u8>), Option<String>>,
    /// The texts of all messages.
    known: HashSet<String>,
    /// The card for which messages lie in a modem's own store, by what identifies the modem.
    owners: HashMap<ModemId, Iccid>,
    /// How often the host was given a message that it had already.
    pub again: usize,
    /// PDUs that could not be decoded.
    pub unreadable: Vec<String>,
    /// The card that each text was sent to.
    pub owners_of_texts: HashMap<String, String>,
    /// The texts that were stored for another card, each with what the modem had said.
    pub misattributed: Vec<String>,
    /// The business that is told of everything too.
    pub business: Option<Business>,
}

impl Kept {
    pub fn store(&mut self, received: &Received) {
        if let Some(business) = &self.business {
            business.store(received);
        }
        if let RawPdu::TextMode(message) = &received.pdu {
            let (sender, text) = (message.sender(), message.text());
            let identity = text_identity(&sender, message.sent_at(), &text).into_bytes();
            return self.add(received, identity, Some(text));
        }
        let RawPdu::Octets(octets) = &received.pdu else {
            self.unreadable.push(format!("{received:?}"));
            return;
        };
        let Ok(decoded) = Pdu::decode(octets) else {
            self.unreadable.push(format!("{received:?}"));
            return;
        };
        self.add(received, decoded.identity(octets), text_for_people(&decoded));
    }

    fn add(&mut self, received: &Received, identity: Vec<u8>, text: Option<String>) {
        let owner = text.as_ref().and_then(|text| self.owners_of_texts.get(text));
        if owner.is_some_and(|owner| owner != received.iccid.as_str()) {
            self.misattributed.push(format!("{text:?} of {owner:?}: {received:?}"));
        }
        self.known.extend(text.clone());
        let before = self.messages.insert((received.iccid.clone(), identity), text);
        self.again += usize::from(before.is_some());
    }

    pub fn identified(&mut self, modem: &ModemAtPort, sim: &SimCard) -> MessageOwner {
        if let Some(business) = &self.business {
            return business.identified(modem, sim);
        }
        let owner = self.owners.entry(modem.id.clone()).or_insert_with(|| sim.iccid.clone());
        (*owner != sim.iccid).then(|| owner.clone()).into()
    }

    pub fn emptied(&mut self, modem: ModemAtPort, iccid: Iccid) {
        if let Some(business) = &self.business {
            return business.emptied(modem, iccid);
        }
        self.owners.insert(modem.id, iccid);
    }

    pub fn report(&self, snapshot: &ModemSnapshot) {
        if let Some(business) = &self.business {
            business.report(snapshot.clone());
        }
    }

    /// Whether there is a message with this text.
    pub fn has(&self, text: &str) -> bool {
        self.known.contains(text)
    }

    /// The number of messages with this text.
    pub fn count(&self, text: &str) -> usize {
        self.messages.values().flatten().filter(|known| *known == text).count()
    }

    /// The messages that are no text for people, each by its card and its octets.
    pub fn others(&self) -> Vec<String> {
        let others = self.messages.iter().filter(|(_, text)| text.is_none());
        let shown = others.map(|((iccid, octets), _)| format!("{iccid}: {}", hex::encode(octets)));
        let mut shown: Vec<String> = shown.collect();
        shown.sort();
        shown
    }

    /// All texts, sorted, each with the number of its messages and their cards.
    pub fn texts(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut texts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for ((iccid, _), text) in &self.messages {
            if let Some(text) = text {
                texts.entry(text).or_default().push(iccid.as_str());
            }
        }
        texts
    }
}

fn text_for_people(pdu: &Pdu) -> Option<String> {
    let Pdu::Deliver(deliver) = pdu else { return None };
    let text = deliver.text().text;
    (deliver.purpose() == Purpose::Text && !text.is_empty()).then_some(text)
}
