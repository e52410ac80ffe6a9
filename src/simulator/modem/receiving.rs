//! The delivery of new messages to the host: stored and announced by `+CMTI`, or directly by `+CMT`
//! with `AT+CNMA` (TS 27.005 clauses 3.1, 3.4).

use super::command::{Arguments, Ask, Command};
use super::reply::{Failure, Outcome, Prompt, Reply, line, ok};
use super::settings::Indications;
use super::storage::Layout;
use super::store_name::StoreName;
use super::{Modem, Now, Quirk, in_range, text_mode};
use crate::simulator::memory::Pdu;
use crate::sms::{Class, Dcs};

/// The time after which `AT+CPMS?` on a Huawei is right.
const COUNTS_LAG_MS: u64 = 500;

/// What the modem did with a message that the network offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// The modem has it; the network forgets it.
    Taken,
    /// The modem has sent it to the host, and the network keeps it until
    /// [`Modem::take_acknowledged`].
    Pending,
    /// The store is full; the network tries again when there is room.
    Full,
    /// The modem is not registered, or waits for an acknowledgement.
    NotNow,
}

/// A direct delivery that the host has not acknowledged.
#[derive(Debug, Clone, Copy)]
pub struct Unacknowledged {
    /// When the modem gives up, and stops announcing messages.
    pub until_ms: u64,
    /// Whether the host has acknowledged it; the network does not know yet.
    pub done: bool,
}

enum Route {
    Store { tell: bool },
    Direct,
}

/// `CNMI`, `CSMS`, `CNMA`, and the port that unasked lines go to.
pub fn answer(modem: &mut Modem, command: &Command, _: Now) -> Option<Outcome> {
    Some(match (command.name.as_str(), &command.ask) {
        ("+CNMI", Ask::Test) => line(supported(modem)),
        ("+CNMI", Ask::Query) => {
            let Indications { mode, mt, bm, ds, bfr } = modem.settings.indications;
            line(format!("+CNMI: {mode},{mt},{bm},{ds},{bfr}"))
        }
        ("+CNMI", Ask::Set(arguments)) => set_indications(modem, arguments),
        ("+QURCCFG" | "^PORTSEL", Ask::Set(_)) if modem.has(Quirk::UrcsElsewhere) => {
            modem.settings.urcs_here = true;
            ok()
        }
        ("+CSMS", Ask::Test) => line("+CSMS: (0,1)"),
        ("+CSMS", Ask::Query) => line(format!("+CSMS: {},1,1,1", modem.settings.message_service)),
        ("+CSMS", Ask::Set(arguments)) => in_range(arguments.number(0), 1).and_then(|service| {
            modem.settings.message_service = service;
            line("+CSMS: 1,1,1")
        }),
        ("+CNMA", Ask::Test) => line("+CNMA: (0-2)"),
        ("+CNMA", Ask::Execute | Ask::Set(_)) if modem.has(Quirk::PromptAfterCnma) => {
            Ok(Reply::Prompt(Prompt::SendPdu { length: 0 }))
        }
        ("+CNMA", Ask::Execute) => acknowledge(modem, 0),
        ("+CNMA", Ask::Set(arguments)) => {
            in_range(arguments.number(0), 2).and_then(|n| acknowledge(modem, n))
        }
        _ => return None,
    })
}

/// The reply to `AT+CNMI=?`: `+CNMI: (0,1,2),…`
fn supported(modem: &Modem) -> String {
    let list = |values: &Vec<usize>| {
        let values: Vec<String> = values.iter().map(ToString::to_string).collect();
        format!("({})", values.join(","))
    };
    let lists: Vec<String> = modem.config.indications.iter().map(list).collect();
    format!("+CNMI: {}", lists.join(","))
}

fn set_indications(modem: &mut Modem, arguments: &Arguments) -> Outcome {
    let before = modem.settings.indications;
    let supported = &modem.config.indications;
    let value = |place: usize, before| {
        let value = arguments.number_or(place, before).ok_or(Failure::Error)?;
        let taken = arguments.omitted(place)
            || supported.get(place).is_some_and(|values| values.contains(&value));
        if taken { Ok(value) } else { Err(Failure::Error) }
    };
    let wanted = Indications {
        mode: value(0, before.mode)?,
        mt: value(1, before.mt)?,
        bm: value(2, before.bm)?,
        ds: value(3, before.ds)?,
        bfr: value(4, before.bfr)?,
    };
    modem.settings.indications = wanted;
    modem.deaf &= modem.stored() > 0;
    if wanted.mode != 0 {
        modem.output.release(wanted.bfr == 0);
    }
    ok()
}

fn acknowledge(modem: &mut Modem, n: usize) -> Outcome {
    match &mut modem.unacknowledged {
        Some(waiting) if !waiting.done && n < 2 => {
            waiting.done = true;
            modem.observed.acknowledged += 1;
            modem.observed.delivered += 1;
            ok()
        }
        Some(waiting) if !waiting.done => {
            modem.go_deaf();
            ok()
        }
        _ => Err(Failure::Cms(340)),
    }
}

/// Whether it is a status report (TS 23.040 clause 9.2.3.1).
fn is_report(pdu: &[u8]) -> bool {
    let first = pdu.first().and_then(|length| pdu.get(usize::from(*length) + 1));
    first.is_some_and(|first| first & 0x03 == 0x02)
}

/// The message as the network sends it once more: TP-MMS, TP-LP, TP-SRI and TP-RP are those of
/// another delivery; of a status report, TP-MMS and TP-LP (TS 23.040 clauses 9.2.2.1 and 9.2.2.3).
fn delivered_again(pdu: &Pdu) -> Pdu {
    let mut octets = pdu.to_vec();
    let first = octets.first().map_or(0, |length| usize::from(*length) + 1);
    if let Some(first) = octets.get_mut(first) {
        *first ^= if *first & 0x03 == 0x02 { 0x0c } else { 0xac };
    }
    octets.into()
}

impl Modem {
    /// Takes a message from the network.
    pub fn offer(&mut self, pdu: &Pdu, now: Now) -> Offer {
        if !self.is_registered() || self.unacknowledged.is_some() {
            return Offer::NotNow;
        }
        match self.route(pdu) {
            Route::Store { tell } => self.store_message(pdu, tell, now),
            Route::Direct => self.hand_over(pdu, now),
        }
    }

    /// Whether the host has acknowledged the message that the network keeps. Returns `true` once.
    pub fn take_acknowledged(&mut self) -> bool {
        let done = self.unacknowledged.is_some_and(|waiting| waiting.done);
        if done {
            self.unacknowledged = None;
        }
        done
    }

    /// How a message is delivered: a status report as `<ds>` says, anything else as `<mt>` does.
    /// Messages of class 2 are stored even in direct mode, and those of
    /// class 0 are delivered directly even in stored mode (TS 27.005 tables 3.4.1-1, -2).
    fn route(&self, pdu: &Pdu) -> Route {
        let Indications { mt, ds, .. } = self.settings.indications;
        if is_report(pdu) {
            return if ds == 1 { Route::Direct } else { Route::Store { tell: mt != 0 } };
        }
        let class = Layout::of(pdu).and_then(|layout| Dcs(layout.dcs).class());
        match (mt, class) {
            (0, _) => Route::Store { tell: false },
            (1 | 3, Some(Class::Flash)) | (3, Some(Class::Terminal)) => Route::Direct,
            (2, Some(Class::Sim)) | (1 | 3, _) => Route::Store { tell: true },
            _ => Route::Direct,
        }
    }

    fn store_message(&mut self, pdu: &Pdu, tell: bool, now: Now) -> Offer {
        let [.., name] = self.settings.stores;
        if self.store_is_busy(now) {
            return Offer::NotNow;
        }
        if name == StoreName::Sm && self.has(Quirk::CardWithoutRoom) {
            return self.no_room(name);
        }
        let Ok(store) = self.store(name) else { return Offer::NotNow };
        let Some(index) = store.put(pdu.clone()) else { return self.no_room(name) };
        self.observed.delivered += 1;
        self.counts_right_ms = now.ms + COUNTS_LAG_MS;
        self.announce(name, index, tell);
        if self.faults.doubles() || self.has(Quirk::DeliversTwice) {
            let again = self.store(name).ok().and_then(|store| store.put(pdu.clone()));
            again.iter().for_each(|index| self.announce(name, *index, tell));
        }
        if self.faults.redelivers() {
            let again = self.store(name).ok().and_then(|store| store.put(delivered_again(pdu)));
            again.iter().for_each(|index| self.announce(name, *index, tell));
        }
        Offer::Taken
    }

    fn announce(&mut self, name: StoreName, index: usize, tell: bool) {
        if !tell || self.deaf {
            return;
        }
        let line = match (self.has(Quirk::CmtiWithoutIndex), self.has(Quirk::CmtiWithMore)) {
            (true, _) => format!("+CMTI: \"{name}\",-1"),
            (_, true) => format!("+CMTI: \"{name}\",{index},\"MMS PUSH\",2,1"),
            _ => format!("+CMTI: \"{name}\",{index}"),
        };
        self.indicate(line.as_bytes());
    }

    /// Announces a full store once, until something is deleted.
    fn no_room(&mut self, name: StoreName) -> Offer {
        self.deaf |= self.has(Quirk::DeafWhenFull);
        if !std::mem::replace(&mut self.full_told, true) {
            for line in self.config.store_full.clone() {
                self.urc(&line.replace("{store}", &name.to_string()));
            }
        }
        Offer::Full
    }

    /// Sends a message to the host. What nobody would hear stays at the network: a modem that
    /// acknowledges by itself would lose it, whatever the host does.
    fn hand_over(&mut self, pdu: &Pdu, now: Now) -> Offer {
        if self.loses_urcs() {
            return Offer::NotNow;
        }
        let text = if self.shows_text() {
            text_mode::direct(&self.settings, pdu)
        } else {
            let length = Layout::tpdu_length(pdu);
            let head = if is_report(pdu) { "+CDS: " } else { "+CMT: ," };
            format!("{head}{length}\r\n{}", hex::encode_upper(pdu)).into_bytes()
        };
        self.indicate(&text);
        if self.settings.message_service == 0 {
            self.observed.delivered += 1;
            return Offer::Taken;
        }
        self.unacknowledged =
            Some(Unacknowledged { until_ms: now.ms + self.config.acknowledge_ms, done: false });
        Offer::Pending
    }

    /// Sends the result code of a message, or keeps it in mode 0 of `AT+CNMI`.
    fn indicate(&mut self, text: &[u8]) {
        if self.settings.indications.mode == 0 {
            if !self.faults.drops_urc() {
                self.output.hold([b"\r\n", text, b"\r\n"].concat());
            }
        } else {
            self.say(text);
        }
    }

    pub(super) fn expire_acknowledgement(&mut self, now: Now) {
        if self.unacknowledged.is_some_and(|waiting| !waiting.done && waiting.until_ms <= now.ms) {
            self.go_deaf();
        }
    }

    /// Gives up a direct delivery that was not acknowledged: the network gets an RP-ERROR, and the
    /// modem announces nothing more, because it takes the host to be gone (TS 27.005 clause 3.4.4).
    pub(super) fn go_deaf(&mut self) {
        self.unacknowledged = None;
        self.settings.indications.mt = 0;
        self.settings.indications.ds = 0;
    }
}
