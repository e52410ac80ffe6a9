//! The service centre: who has which number, and what waits for whom (TS 23.040 clause 3.1).

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, Utc};

use super::card::SimCard;
use super::digits::Country;
use super::error::SimulatorError;
use super::memory::Pdu;
use super::modem::{Modem, Now, Offer};
use crate::sms::{Address, Deliver, Scts, Submit};

/// All subscribers and their messages.
#[derive(Default)]
pub struct ServiceCentre {
    subscribers: Vec<Subscriber>,
    by_number: HashMap<String, usize>,
    by_imsi: HashMap<String, usize>,
    reference: u8,
}

/// A number, and what waits for it at the service centre.
struct Subscriber {
    number: String,
    service_centre: Address,
    waiting: VecDeque<Pdu>,
    /// The modem that last registered with this subscriber's card.
    bay: Option<usize>,
}

impl ServiceCentre {
    /// Gives a card's number to its subscriber.
    pub fn subscribe(&mut self, card: &SimCard) {
        let place = self.subscribers.len();
        self.by_number.insert(card.number.clone(), place);
        self.by_imsi.insert(card.imsi.clone(), place);
        self.subscribers.push(Subscriber {
            number: card.number.clone(),
            service_centre: Address::parse(&card.service_centre),
            waiting: VecDeque::new(),
            bay: None,
        });
    }

    /// Messages that wait for a number; none for a number that nobody has.
    pub fn waiting(&self, number: &str) -> usize {
        self.by_number.get(number).and_then(|s| self.subscribers.get(*s)).map_or(0, |s| s.waiting.len())
    }

    /// Hands a registered modem what waits for its card, and remembers where the card is.
    pub fn deliver(&mut self, place: usize, modem: &mut Modem, now: Now) {
        let known = modem.sim().and_then(|card| self.by_imsi.get(&card.imsi));
        let Some(subscriber) = known.and_then(|s| self.subscribers.get_mut(*s)) else { return };
        subscriber.bay = Some(place);
        if modem.take_acknowledged() {
            subscriber.waiting.pop_front();
        }
        while let Some(pdu) = subscriber.waiting.front() {
            match modem.offer(pdu, now) {
                Offer::Taken => subscriber.waiting.pop_front(),
                Offer::Pending | Offer::Full | Offer::NotNow => return,
            };
        }
    }

    fn subscriber(&mut self, number: &str) -> Result<&mut Subscriber, SimulatorError> {
        let place = self.by_number.get(number);
        place.and_then(|s| self.subscribers.get_mut(*s)).ok_or_else(|| SimulatorError::unknown_number(number))
    }

    /// Takes a text in; the number of parts, and the modem to wake.
    pub fn accept_text(
        &mut self,
        from: &str,
        to: &str,
        text: &str,
        now: DateTime<Utc>,
    ) -> Result<(usize, Option<usize>), SimulatorError> {
        let reference = self.reference;
        let subscriber = self.subscriber(to)?;
        let parts = compose(Some(&subscriber.service_centre), from, to, text, now, reference);
        let count = parts.len();
        subscriber.waiting.extend(parts);
        let bay = subscriber.bay;
        if count > 1 {
            self.reference = reference.wrapping_add(1);
        }
        Ok((count, bay))
    }

    /// Takes a TPDU in as it is; the modem to wake.
    pub fn accept_tpdu(&mut self, to: &str, tpdu: &[u8]) -> Result<Option<usize>, SimulatorError> {
        let subscriber = self.subscriber(to)?;
        // An empty service centre's address: one octet of zero.
        subscriber.waiting.push_back([&[0], tpdu].concat().into());
        Ok(subscriber.bay)
    }

    /// Takes in what a modem's host sent in PDU mode; the modem to wake. Protocol, coding and user data stay as they are; originator and time stamp are the network's.
    pub fn accept_submit(
        &mut self,
        from: &str,
        to: &str,
        message: Submit,
        now: DateTime<Utc>,
    ) -> Result<Option<usize>, SimulatorError> {
        let subscriber = self.subscriber(to)?;
        let delivered = Deliver {
            smsc: Some(subscriber.service_centre.clone()),
            more_to_send: false,
            loop_prevention: false,
            status_report: false,
            reply_path: message.reply_path,
            originator: Address::parse(from),
            pid: message.pid,
            dcs: message.dcs,
            scts: Scts::from_utc(now, Country::of_number(&subscriber.number).zone_quarter_hours()),
            user_data: message.user_data,
        };
        subscriber.waiting.push_back(delivered.encode().into());
        Ok(subscriber.bay)
    }
}

/// The PDUs of a text, stamped in the receiver's country's time.
pub fn compose(
    centre: Option<&Address>,
    from: &str,
    to: &str,
    text: &str,
    now: DateTime<Utc>,
    reference: u8,
) -> Vec<Pdu> {
    let scts = Scts::from_utc(now, Country::of_number(to).zone_quarter_hours());
    let parts = Deliver::compose(centre, &Address::parse(from), scts, text, reference);
    parts.iter().map(|part| Pdu::from(part.encode())).collect()
}
