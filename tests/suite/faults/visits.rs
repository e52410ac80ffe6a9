//! Which card was in which modem, and whether the modem's session saw it.

use std::collections::HashMap;

use simbridge::domain::PortName;

/// The time that a card was in a modem.
struct Visit {
    iccid: String,
    was_seen: bool,
}

/// The visits of cards to each modem, in their order.
#[derive(Default)]
pub struct Visits {
    by_port: HashMap<PortName, Vec<Visit>>,
}

impl Visits {
    /// Records which card is in a modem now.
    pub fn record(&mut self, port: PortName, iccid: Option<String>) {
        let visits = self.by_port.entry(port).or_default();
        if visits.last().map(|visit| &visit.iccid) != iccid.as_ref() {
            let iccid = iccid.unwrap_or_default();
            visits.push(Visit { iccid, was_seen: false });
        }
    }

    /// Records that the session has read this card.
    pub fn record_seen(&mut self, port: &PortName, iccid: &str) {
        let last = self.by_port.get_mut(port).and_then(|visits| visits.last_mut());
        last.filter(|visit| visit.iccid == iccid).into_iter().for_each(|visit| {
            visit.was_seen = true;
        });
    }

    /// Whether this card was last in the modem without being seen, and is out again.
    pub fn left_unseen(&self, port: &PortName, iccid: &str) -> bool {
        let Some((_, past)) = self.by_port.get(port).and_then(|visits| visits.split_last()) else {
            return false;
        };
        past.iter().rev().find(|visit| visit.iccid == iccid).is_some_and(|visit| !visit.was_seen)
    }
}
