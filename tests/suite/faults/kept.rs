//! What a host would have on disk, in memory.

use std::collections::{BTreeMap, HashMap, HashSet};

use simbridge::domain::modem::{MessageStore, ModemSnapshot, SimCard};
use simbridge::domain::{Iccid, ModemAtPort, ModemId, Moment, PortName};
use simbridge::driver::{Claim, Claims};
use simbridge::modem::{MessageOwner, RawPdu, Received};
use simbridge::sms::{Pdu, Purpose, TextEntry, TextMode, text_identity};

use super::business::Business;
use super::visits::Visits;

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
    /// The same for messages that may have come for another card than the one that was in.
    doubtful: HashMap<Vec<u8>, Option<String>>,
    /// The texts of all messages.
    known: HashSet<String>,
    /// The card that was last read in a modem, by what identifies the modem, and whether there may
    /// be messages of others in its own store.
    owners: HashMap<ModemId, (Iccid, bool)>,
    /// Which cards were in which modem.
    pub visits: Visits,
    /// The texts that were stored for the card that was in a modem before and after a visit of
    /// theirs, of which the session saw nothing: nothing tells whose they are.
    pub untold: HashSet<String>,
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
        self.known.extend(text.clone());
        if received.doubtful {
            return self.add_doubtful(identity, text);
        }
        self.check_owner(received, text.as_deref());
        let before = self.messages.insert((received.iccid.clone(), identity), text);
        self.again += usize::from(before.is_some());
    }

    fn add_doubtful(&mut self, identity: Vec<u8>, text: Option<String>) {
        let is_known = self.messages.keys().any(|(_, known)| *known == identity);
        if is_known || self.doubtful.insert(identity, text).is_some() {
            self.again += 1;
        }
    }

    fn check_owner(&mut self, received: &Received, text: Option<&str>) {
        let owner = text.and_then(|text| Some((text, self.owners_of_texts.get(text)?)));
        let Some((text, owner)) = owner.filter(|(_, owner)| *owner != received.iccid.as_str())
        else {
            return;
        };
        let was_in_own_store = received.slot.is_some_and(|slot| slot.store != MessageStore::Sim);
        if was_in_own_store && self.visits.left_unseen(&received.modem.port, owner) {
            self.untold.insert(text.to_owned());
        } else {
            self.misattributed.push(format!("{text:?} of {owner:?}: {received:?}"));
        }
    }

    /// Records the card of a modem, if this port may serve it.
    pub fn identified(
        &mut self,
        modem: &ModemAtPort,
        sim: &SimCard,
        now: Moment,
    ) -> Result<MessageOwner, Refusal> {
        self.visits.record_seen(&modem.port, sim.iccid.as_str());
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
        let known = self.owners.get(&modem.id);
        let are_doubtful = known.is_some_and(|(card, doubtful)| *doubtful || *card != sim.iccid);
        self.owners.insert(modem.id.clone(), (sim.iccid.clone(), are_doubtful));
        MessageOwner::of_store(are_doubtful)
    }

    pub fn emptied(&mut self, modem: ModemAtPort, iccid: Iccid) {
        if let Some(business) = &self.business {
            return business.emptied(modem, iccid);
        }
        self.owners.insert(modem.id, (iccid, false));
    }

    pub fn report(&mut self, snapshot: &ModemSnapshot, now: Moment) {
        if let Some(modem) = snapshot.modem() {
            self.claims.note_sighting(&modem.port, &modem.id, None, snapshot.iccid(), now);
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
        let all = self.messages.values().chain(self.doubtful.values());
        all.flatten().filter(|known| *known == text).count()
    }

    /// How many messages are nobody's, because they may have come for another card.
    pub fn doubtful(&self) -> usize {
        self.doubtful.len()
    }

    /// Whether a text is nobody's.
    pub fn is_doubtful(&self, text: &str) -> bool {
        self.doubtful.values().flatten().any(|known| known == text)
    }

    /// The messages that are no text for people, each by its card and its octets.
    pub fn others(&self) -> Vec<String> {
        let others = self.messages.iter().filter(|(_, text)| text.is_none());
        let shown = others.map(|((iccid, octets), _)| format!("{iccid}: {}", hex::encode(octets)));
        let mut shown: Vec<String> = shown.collect();
        let doubtful = self.doubtful.iter().filter(|(octets, text)| {
            text.is_none() && !self.messages.keys().any(|(_, known)| known == *octets)
        });
        shown.extend(doubtful.map(|(octets, _)| hex::encode(octets)));
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
