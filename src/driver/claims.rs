//! Which port serves which modem. A modem may have several ports, and several modems may tell the
//! same of themselves: in some pools every module has the same IMEI. The cards decide. Two ports
//! that show the same card at one time belong to one modem, of which one port is served; two ports
//! that show different cards at one time are two modems, whatever they tell.
//!
//! No two ports are read at the same moment. What a port shows holds from the first to the last of
//! its readings with the same result, and two ports can be compared once these times overlap.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::domain::{Iccid, ModemId, Moment, PortName};

/// After this long a port's readings count although those of another do not overlap with them: its
/// modem may be busy for long, or have no card.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a port shows while its session runs.
#[derive(Debug)]
struct Sighting {
    /// What the modem tells of itself.
    modem: ModemId,
    /// The USB device that the port belongs to.
    usb: Option<String>,
    /// Grows from each port that is seen to the next.
    number: u64,
    /// The card in the modem, if there is one that is known.
    card: Option<Iccid>,
    /// When that was first read, and when it was last read.
    since: Moment,
    until: Moment,
    /// Whether the modem with this card is served at this port.
    is_serving: bool,
    /// Whether it has been in this session.
    has_served: bool,
}

/// The answer to a port that would serve its modem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It may. `others` are the ports of other modems that tell the same.
    Granted { others: Vec<PortName> },
    /// The modem is served at this port.
    ServedOn(PortName),
    /// That is not certain yet. The card is to be read again, and so is that at these ports.
    Undecided(Vec<PortName>),
}

/// How much is known of a port whose modem keeps another port from being served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Presence {
    /// No session runs there.
    Gone,
    /// A session runs, but has no card to serve.
    Waiting,
    /// The modem is served there.
    Serving,
}

/// How two ports compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    OneModem,
    TwoModems,
    NotCertain,
}

impl Sighting {
    /// Whether both ports may belong to one modem, judged by all but the time of the readings.
    fn may_be(&self, other: &Sighting) -> bool {
        if self.modem == other.modem {
            return true;
        }
        if self.modem.is_imei() && other.modem.is_imei() {
            return false;
        }
        // A modem may tell its IMEI at one of its ports only.
        match (&self.usb, &other.usb) {
            (Some(ours), Some(theirs)) => ours == theirs,
            _ => self.card.is_some() && self.card == other.card,
        }
    }

    fn compare(&self, other: &Sighting) -> Comparison {
        let both_since = self.since.max(other.since);
        let is_certain = match other.card {
            Some(_) => {
                both_since <= self.until.min(other.until) || self.until - self.since >= PATIENCE
            }
            None => self.until - both_since >= PATIENCE,
        };
        match (is_certain, self.card == other.card) {
            (false, _) => Comparison::NotCertain,
            (true, true) => Comparison::OneModem,
            (true, false) => Comparison::TwoModems,
        }
    }

    fn set_card(&mut self, card: Option<&Iccid>, now: Moment) {
        if self.card.as_ref() != card {
            self.card = card.cloned();
            self.since = now;
            self.is_serving = false;
        }
        self.until = now;
    }
}

/// What all ports show, and which of them serve their modems.
#[derive(Debug, Default)]
pub struct Claims {
    sightings: HashMap<PortName, Sighting>,
    /// What several modems were found to tell of themselves.
    shared: HashSet<ModemId>,
    seen: u64,
}

impl Claims {
    /// Notes what a port shows of its modem, as far as it is known now.
    pub fn note_sighting(
        &mut self,
        port: &PortName,
        modem: &ModemId,
        usb: Option<&str>,
        card: Option<&Iccid>,
        now: Moment,
    ) {
        let known = self.sightings.get_mut(port).filter(|known| known.modem == *modem);
        if let Some(sighting) = known {
            // A card that is still known has not been read again for that.
            if sighting.card.as_ref() != card {
                sighting.set_card(card, now);
            }
            return;
        }
        self.seen += 1;
        let sighting = Sighting {
            modem: modem.clone(),
            usb: usb.map(str::to_owned),
            number: self.seen,
            card: card.cloned(),
            since: now,
            until: now,
            is_serving: false,
            has_served: false,
        };
        self.sightings.insert(port.clone(), sighting);
    }

    /// Notes that the card was read again at a port, and is the same.
    pub fn confirm(&mut self, port: &PortName, now: Moment) {
        if let Some(sighting) = self.sightings.get_mut(port) {
            sighting.until = now;
        }
    }

    /// Claims the modem at a port for it, where this card has just been read.
    pub fn claim(&mut self, port: &PortName, card: &Iccid, now: Moment) -> Claim {
        if let Some(sighting) = self.sightings.get_mut(port) {
            sighting.set_card(Some(card), now);
        }
        let Some(ours) = self.sightings.get(port) else {
            return Claim::Granted { others: Vec::new() };
        };
        let (mut others, mut uncertain) = (Vec::new(), Vec::new());
        let rivals = self.sightings.iter().filter(|(name, theirs)| {
            *name != port
                && theirs.has_served
                && ours.may_be(theirs)
                && !self.is_apart(ours, theirs)
        });
        for (name, theirs) in rivals {
            match ours.compare(theirs) {
                Comparison::OneModem if theirs.is_serving => return Claim::ServedOn(name.clone()),
                Comparison::OneModem => {}
                Comparison::TwoModems if ours.modem == theirs.modem => others.push(name.clone()),
                Comparison::TwoModems => {}
                Comparison::NotCertain => uncertain.push(name.clone()),
            }
        }
        if !uncertain.is_empty() {
            return Claim::Undecided(uncertain);
        }
        if !others.is_empty() {
            self.shared.insert(ours.modem.clone());
        }
        if let Some(ours) = self.sightings.get_mut(port) {
            (ours.is_serving, ours.has_served) = (true, true);
        }
        others.sort();
        Claim::Granted { others }
    }

    /// Whether a port without a card cannot be another one of a modem: its modem tells what several
    /// are known to tell, and nothing else connects it with the other port.
    fn is_apart(&self, ours: &Sighting, theirs: &Sighting) -> bool {
        let is_one_device = ours.usb.is_some() && ours.usb == theirs.usb;
        theirs.card.is_none() && self.shared.contains(&theirs.modem) && !is_one_device
    }

    /// Another port whose modem this port's may be, where this port has no card that could tell:
    /// nothing is lost if it is passed over for a while.
    pub fn may_be_spare(&self, port: &PortName) -> Option<PortName> {
        let ours = self.sightings.get(port).filter(|ours| ours.card.is_none())?;
        if self.shared.contains(&ours.modem) {
            return None;
        }
        let on_another_device = |theirs: &Sighting| match (&ours.usb, &theirs.usb) {
            (Some(ours), Some(theirs)) => ours != theirs,
            _ => false,
        };
        let is_first = |theirs: &Sighting| theirs.card.is_some() || theirs.number < ours.number;
        let mut rivals: Vec<(&PortName, &Sighting)> = self
            .sightings
            .iter()
            .filter(|(name, theirs)| {
                *name != port
                    && theirs.modem == ours.modem
                    && is_first(theirs)
                    && !on_another_device(theirs)
            })
            .collect();
        rivals.sort_by_key(|(_, theirs)| (!theirs.is_serving, theirs.number));
        rivals.first().map(|(name, _)| (*name).clone())
    }

    /// Forgets a port whose session has ended.
    pub fn release(&mut self, port: &PortName) {
        self.sightings.remove(port);
    }

    pub(crate) fn presence(&self, port: &PortName) -> Presence {
        match self.sightings.get(port) {
            None => Presence::Gone,
            Some(sighting) if sighting.is_serving => Presence::Serving,
            Some(_) => Presence::Waiting,
        }
    }
}

#[cfg(test)]
mod tests;
