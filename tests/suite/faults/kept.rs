//! What a host would have on disk, in memory.

use std::collections::{BTreeMap, HashMap, HashSet};

use simbridge::domain::modem::{ModemSnapshot, SimCard};
use simbridge::domain::{Iccid, ModemAtPort, ModemId, Moment, PortName};
use simbridge::driver::{Claim, Claims};
use simbridge::modem::{MessageOwner, RawPdu, Received};
use simbridge::sms::{Pdu, Purpose, TextEntry, TextMode, text_identity};

use super::business::Business;

/// Why a port may not serve its modem.
pub enum Refusal {
    /// The modem is served on this other port.
    ServedOn(PortName),
    /// It may be the modem at this other port.
    Uncertain(PortName),
}

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
    /// Which port serves which modem.
    claims: Claims,
    /// The ports whose cards are to be read again.
    doubted: HashSet<PortName>,
}

impl Kept {
    pub fn store(&mut self, received: &Received) {
        if let Some(business) = &self.business {
            business.store(received);
        }
        let decoded = match &received.pdu {
            RawPdu::Octets(octets) => Pdu::decode(octets).ok(),
            RawPdu::Text(_) => None,
            RawPdu::TextMode(message) => match message.pdu() {
                Some(Pdu::Deliver(_)) | None if !message.text().is_empty() => {
                    return self.add_text_mode(received, message);
                }
                pdu => pdu,
            },
        };
        match (decoded, &received.pdu) {
            (Some(pdu), _) => self.add_pdu(received, &pdu),
            (None, RawPdu::TextMode(message)) => self.add(received, message.to_stored(), None),
            (None, _) => self.unreadable.push(format!("{received:?}")),
        }
    }

    /// Adds a message with a text that was shown in text mode.
    fn add_text_mode(&mut self, received: &Received, message: &TextMode) {
        let (sender, text) = (message.sender(), message.text());
        let is_for_people = match message.pdu() {
            Some(pdu) => {
                matches!(&pdu, Pdu::Deliver(deliver) if deliver.purpose() == Purpose::Text)
            }
            None => message.entry == TextEntry::Received && message.unexplained_octets().is_none(),
        };
        let identity = text_identity(&sender, message.sent_at(), &text).into_bytes();
        self.add(received, identity, is_for_people.then_some(text));
    }

    fn add_pdu(&mut self, received: &Received, pdu: &Pdu) {
        let text = text_for_people(pdu);
        let identity = match (pdu, &text) {
            // The same text may have been shown in text mode.
            (Pdu::Deliver(deliver), Some(text)) => {
                let sender = deliver.originator.to_string();
                text_identity(&sender, deliver.scts.to_utc(), text).into_bytes()
            }
            _ => pdu.identity(&pdu.encode()),
        };
        self.add(received, identity, text);
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

    /// Records the card of a modem, if this port may serve it.
    pub fn identified(
        &mut self,
        modem: &ModemAtPort,
        sim: &SimCard,
        now: Moment,
    ) -> Result<MessageOwner, Refusal> {
        match self.claims.claim(&modem.port, &sim.iccid, now) {
            Claim::Granted { others } => Ok(self.record(modem, others, sim)),
            Claim::ServedOn(other) => Err(Refusal::ServedOn(other)),
            Claim::Undecided(ports) => {
                self.doubted.extend(ports.iter().cloned());
                Err(Refusal::Uncertain(ports.into_iter().next().unwrap()))
            }
        }
    }

    fn record(
        &mut self,
        modem: &ModemAtPort,
        others: Vec<PortName>,
        sim: &SimCard,
    ) -> MessageOwner {
        if let Some(business) = &self.business {
            return business.identified(modem, others, sim);
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

    pub fn report(&mut self, snapshot: &ModemSnapshot, now: Moment) {
        if let Some(modem) = snapshot.modem() {
            self.claims.see(&modem.port, &modem.id, None, snapshot.iccid(), now);
        }
        if let Some(business) = &self.business {
            business.report(snapshot.clone());
        }
    }

    /// Notes that the card was read again at a port, and is the same.
    pub fn confirm_card(&mut self, port: &PortName, now: Moment) {
        self.claims.confirm(port, now);
    }

    /// Whether the card at a port is to be read again. Tells it once.
    pub fn take_doubt(&mut self, port: &PortName) -> bool {
        self.doubted.remove(port)
    }

    /// Gives up the modem that a port serves, because its session has ended.
    pub fn release(&mut self, port: &PortName) {
        self.claims.release(port);
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
