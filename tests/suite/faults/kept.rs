//! What a host would have on disk, in memory.

use std::collections::{BTreeMap, HashMap, HashSet};

use simbridge::domain::{Iccid, ModemId};
use simbridge::modem::{MessageOwner, RawPdu, Received};
use simbridge::sms::{Pdu, Purpose, text_identity};

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
}

impl Kept {
    pub fn store(&mut self, received: &Received) {
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
        self.known.extend(text.clone());
        let before = self.messages.insert((received.iccid.clone(), identity), text);
        self.again += usize::from(before.is_some());
    }

    pub fn identified(&mut self, modem: &ModemId, iccid: &Iccid) -> MessageOwner {
        let owner = self.owners.entry(modem.clone()).or_insert_with(|| iccid.clone());
        (owner != iccid).then(|| owner.clone()).into()
    }

    pub fn emptied(&mut self, modem: ModemId, iccid: Iccid) {
        self.owners.insert(modem, iccid);
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
