//! Unsolicited result codes: lines that a modem sends unasked. A line that is none of these is
//! ignored (`None`).

use super::fields::{fields, parse_int, payload, tag, unquote};
use super::pin::PinState;
use super::registration::{RegistrationDomain, parse_registration};
use crate::domain::modem::{MessageStore, Registration};

/// A URC that a session acts upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urc {
    /// `+CMTI`, `+CDSI`: a message or a status report lies in a store. No store when its name is
    /// unknown; no index when the modem gave none or −1.
    Stored {
        /// The store that holds the message.
        store: Option<MessageStore>,
        /// The index of the message in that store.
        index: Option<i32>,
    },
    /// `+CMT`, `+CDS`, `+CBM`: the next line is the PDU itself.
    Heading(Head),
    /// `+CREG` and its family: the registration changed.
    Registration(RegistrationDomain, Registration),
    /// Something happened to the SIM card.
    Sim(SimEvent),
    /// The SIM's messages can be read only now.
    MessagesReady,
    /// A store is full: nothing arrives until there is room.
    StoreFull,
    /// The modem says that its supply voltage is out of range, in words that its profile has.
    Voltage,
    /// The modem has restarted: all its settings may be lost.
    Booted,
    /// A line that nothing depends on, but that has no tag to distinguish it from a value that was
    /// asked for.
    Noise,
}

/// What happened to the card. After any of them its ICCID has to be read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SimEvent {
    /// A card is present, perhaps another one.
    Present,
    /// There is no card, or it cannot be used now.
    Absent,
    /// The card needs a PIN or PUK.
    Locked,
}

/// The kind of a message that comes with the URC itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectKind {
    /// `+CMT` announces an SMS-DELIVER.
    Message,
    /// `+CDS` announces a status report.
    Report,
    /// `+CBM` announces a cell broadcast.
    Broadcast,
}

/// The first line of a message that comes with the URC itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// What kind of message follows.
    pub kind: DirectKind,
    /// The octets of its TPDU, where the line says so.
    pub length: Option<usize>,
}

/// Reads a line as a URC.
pub fn parse_urc(line: &str) -> Option<Urc> {
    if let Some(found) = parse_untagged(line) {
        return Some(found);
    }
    match tag(line)? {
        "+CMTI" => Some(parse_stored(payload(line, "+CMTI:")?)),
        // A status report lies in a store (`<ds>` = 2 of `AT+CNMI`).
        "+CDSI" => Some(parse_stored(payload(line, "+CDSI:")?)),
        "+CMT" => Some(parse_heading(DirectKind::Message, payload(line, "+CMT:")?)),
        // In text mode the report stands on this line alone (27.005 3.4.1).
        "+CDS" if fields(payload(line, "+CDS:")?).count() > 2 => Some(Urc::Noise),
        "+CDS" => Some(parse_heading(DirectKind::Report, payload(line, "+CDS:")?)),
        "+CBM" => Some(parse_heading(DirectKind::Broadcast, payload(line, "+CBM:")?)),
        "+CREG" | "+CGREG" | "+CEREG" | "+C5GREG" => {
            let reported = parse_registration(line)?;
            (!reported.asked).then_some(Urc::Registration(reported.domain, reported.registration))
        }
        "+CIEV" => is_smsfull(line).then_some(Urc::StoreFull),
        "+QIND" => parse_qind(line),
        _ => parse_sim_event(line),
    }
}

/// Lines without a tag, or with one that is not followed by fields.
fn parse_untagged(line: &str) -> Option<Urc> {
    Some(match line {
        "RDY" | "APP RDY" | "START" | "MODEM:STARTUP" | "^SYSSTART" | "SYSSTART" | "^SHUTDOWN"
        | "NORMAL POWER DOWN" | "POWERED DOWN" => Urc::Booted,
        "SMS Ready" | "SMS READY" | "SMS DONE" => Urc::MessagesReady,
        _ if line.starts_with("^SMMEMFULL")
            || line.starts_with("SMS FULL")
            || line.starts_with("+SMS FULL") =>
        {
            Urc::StoreFull
        }
        "Call Ready" | "CALL READY" | "PB DONE" | "PB READY" | "RING" | "NO CARRIER" => Urc::Noise,
        // `*PSUTTZ: …` has a tag; the line that follows it, `DST: 1`, has none.
        _ if line.starts_with("DST:") => Urc::Noise,
        // `+PBREADY`, `^MODEMREADY` and the like.
        _ if line.starts_with(['+', '^', '#', '*', '%', '$', '!']) && tag(line).is_none() => {
            Urc::Noise
        }
        _ => return None,
    })
}

/// `+CMTI: "SM",3` and with more behind it (`"SM",1,"MMS PUSH",2,1`).
fn parse_stored(text: &str) -> Urc {
    let mut parts = fields(text);
    let store = parts.next().and_then(MessageStore::parse);
    let index = parts.next().and_then(parse_int).filter(|index| *index >= 0);
    Urc::Stored { store, index }
}

/// `+CMT: ,24`, `+CMT: "name",24`, `+CDS: 25`, ZTE's `+CDS: ,25`.
fn parse_heading(kind: DirectKind, text: &str) -> Urc {
    let length =
        fields(text).last().and_then(parse_int).and_then(|octets| usize::try_from(octets).ok());
    Urc::Heading(Head { kind, length })
}

/// Quectel: `+QIND: SMS DONE`, `+QIND: "smsfull","ME"`.
fn parse_qind(line: &str) -> Option<Urc> {
    if payload(line, "+QIND:").map(unquote) == Some("SMS DONE") {
        return Some(Urc::MessagesReady);
    }
    is_smsfull(line).then_some(Urc::StoreFull)
}

/// `+CIEV: smsfull,1` (Telit, Cinterion) and the like; a 0 at the end says that there is room
/// again.
fn is_smsfull(line: &str) -> bool {
    let named = line.to_ascii_lowercase().contains("smsfull");
    named && fields(line).last().and_then(parse_int) != Some(0)
}

fn parse_sim_event(line: &str) -> Option<Urc> {
    let present = |yes: bool| if yes { SimEvent::Present } else { SimEvent::Absent };
    let event = match tag(line)? {
        "+CPIN" => match PinState::parse(line)? {
            PinState::Ready => SimEvent::Present,
            PinState::Absent | PinState::NotReady => SimEvent::Absent,
            PinState::Pin | PinState::Puk | PinState::Blocked | PinState::Locked(_) => {
                SimEvent::Locked
            }
        },
        // Quectel: the card has been initialised.
        "+QUSIM" => SimEvent::Present,
        // Quectel: <enabled>,<inserted>.
        "+QSIMSTAT" => {
            present(fields(payload(line, "+QSIMSTAT:")?).nth(1).and_then(parse_int)? == 1)
        }
        // Telit: 0 removed, 1 inserted, 2 unlocked, 3 messages and phonebook readable.
        "#QSS" => match fields(payload(line, "#QSS:")?).last().and_then(parse_int)? {
            0 => SimEvent::Absent,
            3 => return Some(Urc::MessagesReady),
            _ => SimEvent::Present,
        },
        // Huawei: 0 invalid, 1 valid, 255 no card.
        "^SIMST" => present(fields(payload(line, "^SIMST:")?).next().and_then(parse_int)? == 1),
        // Cinterion: 0 removed, 1 inserted.
        "^SCKS" => present(fields(payload(line, "^SCKS:")?).last().and_then(parse_int)? == 1),
        // u-blox: 0 no card, 1 to 3 PIN or PUK wanted, 4 and up working.
        "+UUSIMSTAT" => match fields(payload(line, "+UUSIMSTAT:")?).next().and_then(parse_int)? {
            0 => SimEvent::Absent,
            1..=3 => SimEvent::Locked,
            _ => SimEvent::Present,
        },
        _ => return None,
    };
    Some(Urc::Sim(event))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse_stored(store: Option<MessageStore>, index: Option<i32>) -> Option<Urc> {
        Some(Urc::Stored { store, index })
    }

    #[test]
    fn new_message_indications_of_all_kinds() {
        let table = [
            ("+CMTI: \"SM\",3", parse_stored(Some(MessageStore::Sim), Some(3))),
            ("+CMTI:\"ME\",0", parse_stored(Some(MessageStore::Modem), Some(0))),
            ("+CMTI: \"ME\",-1", parse_stored(Some(MessageStore::Modem), None)),
            ("+CMTI: \"SM\",1,\"MMS PUSH\",2,1", parse_stored(Some(MessageStore::Sim), Some(1))),
            ("+CMTI: \"XX\",1", parse_stored(None, Some(1))),
            ("+CMTI: ", parse_stored(None, None)),
            ("+CMTI: \"SM\"", parse_stored(Some(MessageStore::Sim), None)),
            ("+CDSI: \"SM\",4", parse_stored(Some(MessageStore::Sim), Some(4))),
            ("+CMTIX: \"SM\",1", None),
        ];
        for (line, expected) in table {
            assert_eq!(parse_urc(line), expected, "{line}");
        }
    }

    #[test]
    fn messages_that_come_with_a_second_line() {
        let head = |kind, length| Some(Urc::Heading(Head { kind, length }));
        let table = [
            ("+CMT: ,24", head(DirectKind::Message, Some(24))),
            ("+CMT: \"Jan, de\",24", head(DirectKind::Message, Some(24))),
            ("+CMT: 24", head(DirectKind::Message, Some(24))),
            ("+CDS: 25", head(DirectKind::Report, Some(25))),
            ("+CDS: ,25", head(DirectKind::Report, Some(25))),
            ("+CBM: 88", head(DirectKind::Broadcast, Some(88))),
            ("+CMT:", head(DirectKind::Message, None)),
        ];
        for (line, expected) in table {
            assert_eq!(parse_urc(line), expected, "{line}");
        }
    }

    #[test]
    fn sim_events_of_seven_vendors() {
        let table = [
            ("+CPIN: READY", SimEvent::Present),
            ("+CPIN:NOT READY", SimEvent::Absent),
            ("+CPIN: NOT INSERTED", SimEvent::Absent),
            ("+CPIN: SIM REMOVED", SimEvent::Absent),
            ("+CPIN: SIM PIN", SimEvent::Locked),
            ("+QUSIM: 1", SimEvent::Present),
            ("+QSIMSTAT: 1,0", SimEvent::Absent),
            ("+QSIMSTAT: 1,1", SimEvent::Present),
            ("#QSS: 0", SimEvent::Absent),
            ("#QSS: 1", SimEvent::Present),
            ("^SIMST: 255,0", SimEvent::Absent),
            ("^SIMST:1", SimEvent::Present),
            ("^SCKS: 0", SimEvent::Absent),
            ("+UUSIMSTAT: 4", SimEvent::Present),
        ];
        for (line, expected) in table {
            assert_eq!(parse_urc(line), Some(Urc::Sim(expected)), "{line}");
        }
    }

    #[test]
    fn boot_noise_full_stores_and_registration() {
        let table = [
            ("RDY", Some(Urc::Booted)),
            ("SMS Ready", Some(Urc::MessagesReady)),
            ("+QIND: SMS DONE", Some(Urc::MessagesReady)),
            ("#QSS: 3", Some(Urc::MessagesReady)),
            ("^SMMEMFULL: \"SM\"", Some(Urc::StoreFull)),
            ("SMS FULL", Some(Urc::StoreFull)),
            ("+CIEV: smsfull,1", Some(Urc::StoreFull)),
            ("+CIEV: smsfull,0", None),
            ("+CIEV: rssi,3", None),
            ("+QIND: \"smsfull\",\"ME\"", Some(Urc::StoreFull)),
            ("+CREG: 1", Some(Urc::Registration(RegistrationDomain::Circuit, Registration::Home))),
            (
                "+CEREG: 5,\"00A1\",\"01B2C3\",7",
                Some(Urc::Registration(RegistrationDomain::Lte, Registration::Roaming)),
            ),
            ("+CREG: 0,1", None),
            ("Call Ready", Some(Urc::Noise)),
            ("+PBREADY", Some(Urc::Noise)),
            ("*PSUTTZ: 2026, 6, 22, 12, 57, 3, \"+8\", 1", None),
            ("DST: 1", Some(Urc::Noise)),
            ("^RSSI: 20", None),
            ("+ZPAS: \"LTE\",\"CS_PS\"", None),
        ];
        for (line, expected) in table {
            assert_eq!(parse_urc(line), expected, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_survived(line: String, head in "[+^#][A-Z]{1,6}: ?") {
            parse_urc(&line);
            parse_urc(&format!("{head}{line}"));
        }
    }
}
