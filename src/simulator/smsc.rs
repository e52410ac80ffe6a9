//! The service centre: the subscribers and the messages that wait for them (TS 23.040 clause 3.1).
//!
//! A subscriber whose card was removed while it was attached is lost: the network pages it in vain
//! where it was, and the service centre tries again after pauses that grow. That ends when the
//! subscriber attaches or sends something: the network sees that messages wait and alerts the
//! service centre, which then sends them all (TS 23.040 clauses 3.2.6, 3.2.7 and 10.3). For a
//! subscriber that has detached, or was never attached, the service centre waits for the next
//! attach.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, Utc};

use super::card::SimCard;
use super::digits::Country;
use super::error::SimulatorError;
use super::memory::Pdu;
use super::modem::{Modem, Now, Offer};
use super::scenario::StoredPlan;
use super::special::SpecialMessage;
use crate::sms::{Address, Deliver, Scts, Submit};

/// The default pauses between attempts in milliseconds. The last one is repeated.
const PAUSES_MS: [u64; 4] = [60_000, 120_000, 300_000, 900_000];

/// All subscribers and their messages.
pub struct ServiceCentre {
    subscribers: Vec<Subscriber>,
    by_number: HashMap<String, usize>,
    by_imsi: HashMap<String, usize>,
    pauses_ms: Vec<u64>,
    reference: u8,
}

/// A number, and the messages that wait for it.
struct Subscriber {
    number: String,
    service_centre: Address,
    waiting: VecDeque<Pdu>,
    /// The modem that last registered with this subscriber's card.
    modem_slot: Option<usize>,
    reach: Reach,
}

/// Whether the network can find a subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// It is found wherever it is registered.
    Known,
    /// The network looks for it where it no longer is.
    Lost {
        /// The card is in a modem again, but that has not attached since.
        back: bool,
        /// The next attempt, if messages wait.
        retry: Option<Retry>,
    },
}

/// The next attempt of the service centre.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Retry {
    at_ms: u64,
    /// The number of attempts so far.
    attempts: usize,
}

impl ServiceCentre {
    /// Starts without subscribers. `pauses_ms` are the pauses between attempts; `None` stands for
    /// those of most networks.
    pub fn new(pauses_ms: Option<Vec<u64>>) -> Self {
        let pauses_ms =
            pauses_ms.filter(|pauses| !pauses.is_empty()).unwrap_or_else(|| PAUSES_MS.to_vec());
        Self {
            subscribers: Vec::new(),
            by_number: HashMap::new(),
            by_imsi: HashMap::new(),
            pauses_ms,
            reference: 0,
        }
    }

    /// Adds the subscriber with this card and its number.
    pub fn subscribe(&mut self, card: &SimCard) {
        let place = self.subscribers.len();
        self.by_number.insert(card.number.clone(), place);
        self.by_imsi.insert(card.imsi.clone(), place);
        self.subscribers.push(Subscriber {
            number: card.number.clone(),
            service_centre: Address::parse(&card.service_centre),
            waiting: VecDeque::new(),
            modem_slot: None,
            reach: Reach::Known,
        });
    }

    /// The number of messages that wait for a number; zero for one that nobody has.
    pub fn waiting(&self, number: &str) -> usize {
        self.by_number
            .get(number)
            .and_then(|s| self.subscribers.get(*s))
            .map_or(0, |s| s.waiting.len())
    }

    /// Notes that the card of an attached subscriber was removed without the network's knowledge.
    pub fn lose(&mut self, imsi: &str, now: Now) {
        let place = self.by_imsi.get(imsi);
        let Some(subscriber) = place.and_then(|s| self.subscribers.get_mut(*s)) else { return };
        let retry = match subscriber.reach {
            Reach::Lost { retry, .. } => retry,
            Reach::Known => None,
        };
        subscriber.reach = Reach::Lost { back: false, retry };
        if !subscriber.waiting.is_empty() {
            subscriber.fail(&self.pauses_ms, now.ms);
        }
    }

    /// Delivers to a registered modem the messages that wait for its card, and remembers where the
    /// card is. `alive` says that the modem has just attached or sent something. Returns when the
    /// network will find the subscriber, if it does not find it yet.
    pub fn deliver(
        &mut self,
        place: usize,
        modem: &mut Modem,
        alive: bool,
        now: Now,
    ) -> Option<u64> {
        let known = modem.sim().and_then(|card| self.by_imsi.get(&card.imsi));
        let subscriber = known.and_then(|s| self.subscribers.get_mut(*s))?;
        subscriber.modem_slot = Some(place);
        if alive {
            subscriber.reach = Reach::Known;
        }
        if let Some(found_ms) = subscriber.found_ms(&self.pauses_ms, now.ms)? {
            return Some(found_ms);
        }
        if modem.take_acknowledged() {
            subscriber.waiting.pop_front();
        }
        while let Some(pdu) = subscriber.waiting.front() {
            match modem.offer(pdu, now) {
                Offer::Taken => subscriber.waiting.pop_front(),
                Offer::Pending | Offer::Full | Offer::NotNow => return None,
            };
        }
        None
    }

    fn subscriber(&mut self, number: &str) -> Result<&mut Subscriber, SimulatorError> {
        let place = self.by_number.get(number);
        place
            .and_then(|s| self.subscribers.get_mut(*s))
            .ok_or_else(|| SimulatorError::unknown_number(number))
    }

    /// Accepts a text. Returns the number of parts and the modem to wake.
    pub fn accept_text(
        &mut self,
        from: &str,
        to: &str,
        text: &str,
        now: Now,
    ) -> Result<(usize, Option<usize>), SimulatorError> {
        let reference = self.reference;
        let centre = self.subscriber(to)?.service_centre.clone();
        let parts = compose(Some(&centre), from, to, text, now.utc, reference);
        let count = parts.len();
        let modem_slot = self.accept(to, parts, now)?;
        if count > 1 {
            self.reference = reference.wrapping_add(1);
        }
        Ok((count, modem_slot))
    }

    /// Accepts a message that is no text. Returns the modem to wake.
    pub fn accept_special(
        &mut self,
        kind: SpecialMessage,
        from: &str,
        to: &str,
        text: &str,
        now: Now,
    ) -> Result<Option<usize>, SimulatorError> {
        let centre = self.subscriber(to)?.service_centre.clone();
        let scts = Scts::from_utc(now.utc, Country::of_number(to).zone_quarter_hours());
        self.accept(to, vec![kind.pdu(Some(&centre), from, text, scts)], now)
    }

    /// Accepts a TPDU as it is. Returns the modem to wake.
    pub fn accept_tpdu(
        &mut self,
        to: &str,
        tpdu: &[u8],
        now: Now,
    ) -> Result<Option<usize>, SimulatorError> {
        // The address of the service centre is left empty: one octet of zero.
        self.accept(to, vec![[&[0], tpdu].concat().into()], now)
    }

    fn accept(
        &mut self,
        to: &str,
        parts: Vec<Pdu>,
        now: Now,
    ) -> Result<Option<usize>, SimulatorError> {
        self.subscriber(to)?;
        let place = self.by_number.get(to);
        let Some(subscriber) = place.and_then(|s| self.subscribers.get_mut(*s)) else {
            return Ok(None);
        };
        subscriber.waiting.extend(parts);
        subscriber.fail(&self.pauses_ms, now.ms);
        Ok(subscriber.modem_slot)
    }

    /// Accepts a message that a modem's host sent in PDU mode. Protocol, coding and user data stay
    /// as they are; the network adds originator and time stamp. Returns the modem to wake.
    pub fn accept_submit(
        &mut self,
        from: &str,
        to: &str,
        message: Submit,
        now: Now,
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
            scts: Scts::from_utc(
                now.utc,
                Country::of_number(&subscriber.number).zone_quarter_hours(),
            ),
            user_data: message.user_data,
        };
        self.accept(to, vec![delivered.encode().into()], now)
    }
}

impl Subscriber {
    /// Notes a failed attempt to reach a lost subscriber, and schedules the next one.
    fn fail(&mut self, pauses_ms: &[u64], now_ms: u64) {
        if let Reach::Lost { retry, .. } = &mut self.reach {
            retry.get_or_insert(Retry { at_ms: now_ms + pause(pauses_ms, 0), attempts: 0 });
        }
    }

    /// When the network finds the subscriber, whose card is in a registered modem. `Some(None)`
    /// means now, and `None` that it is not looked for.
    fn found_ms(&mut self, pauses_ms: &[u64], now_ms: u64) -> Option<Option<u64>> {
        let Reach::Lost { back, retry } = &mut self.reach else { return Some(None) };
        let just_back = !std::mem::replace(back, true);
        let retry = retry.as_mut()?;
        // All attempts while the card was away have failed.
        while just_back && retry.at_ms <= now_ms {
            retry.attempts += 1;
            retry.at_ms += pause(pauses_ms, retry.attempts);
        }
        if retry.at_ms > now_ms {
            return Some(Some(retry.at_ms));
        }
        self.reach = Reach::Known;
        Some(None)
    }
}

fn pause(pauses_ms: &[u64], attempts: usize) -> u64 {
    pauses_ms.get(attempts).or(pauses_ms.last()).copied().unwrap_or_default().max(1)
}

/// Makes the PDUs of a message that is in a store from the start.
pub fn stored(
    centre: Option<&Address>,
    to: &str,
    message: &StoredPlan,
    now: DateTime<Utc>,
    reference: u8,
) -> Vec<Pdu> {
    let StoredPlan { from, text, kind, draft } = message;
    if *draft {
        let drafts = Submit::compose(&Address::parse(from), text, reference);
        return drafts.iter().map(|part| Pdu::from(part.encode())).collect();
    }
    let scts = || Scts::from_utc(now, Country::of_number(to).zone_quarter_hours());
    match kind {
        Some(kind) => vec![kind.pdu(centre, from, text, scts())],
        None => compose(centre, from, to, text, now, reference),
    }
}

/// Makes the PDUs of a text, with time stamps in the local time of the receiver's country.
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
