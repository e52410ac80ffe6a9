//! The card's PIN, its identity and its number (TS 27.007 clauses 5.6, 7.1, 7.4, 8.3, 8.18).

use super::command::{Arguments, Ask, Command};
use super::reply::{Failure, Outcome, Reply, line, ok};
use super::{Modem, Now, Quirk};
use crate::simulator::card::Lock;

/// `CPIN`, `CPINR`, `CIMI`, `CCID` under its several names, `CNUM`, `CLCK`, `CRSM`.
pub fn answer(modem: &mut Modem, command: &Command, _: Now) -> Option<Outcome> {
    let ask = &command.ask;
    Some(match (command.name.as_str(), ask) {
        (
            "+CPIN" | "+CPINR" | "+CIMI" | "+CCID" | "+ICCID" | "+QCCID" | "+CNUM" | "+CRSM",
            Ask::Test,
        ) => ok(),
        ("+CPIN", Ask::Query) => pin_state(modem),
        ("+CPIN", Ask::Set(arguments)) => enter(modem, arguments),
        ("+CPINR", Ask::Execute | Ask::Set(_)) => attempts(modem),
        ("+CIMI", Ask::Execute) => subscriber(modem),
        ("+CCID", Ask::Execute | Ask::Query) => iccid(modem, "+CCID: "),
        ("+ICCID" | "^ICCID", Ask::Execute | Ask::Query) => {
            iccid(modem, &format!("{}: ", command.name))
        }
        ("+QCCID", Ask::Execute) => iccid(modem, "+QCCID: "),
        ("+CNUM", Ask::Execute) => own_number(modem),
        ("+CLCK", Ask::Test) => line("+CLCK: (\"SC\")"),
        ("+CLCK", Ask::Set(arguments)) => facility(modem, arguments),
        ("+CRSM", Ask::Set(arguments)) => read_file(modem, arguments),
        _ => return None,
    })
}

/// A lock's state in the words of `AT+CPIN?`.
pub fn lock_words(lock: &Lock) -> &'static str {
    match lock {
        Lock::Off | Lock::Opened { .. } => "READY",
        Lock::Pin { .. } => "SIM PIN",
        Lock::Puk { .. } | Lock::Dead => "SIM PUK",
    }
}

fn pin_state(modem: &Modem) -> Outcome {
    match modem.shown_sim() {
        None => Err(Failure::Cme(10)),
        Some(card) if card.lock == Lock::Dead => Err(Failure::Cme(13)),
        Some(card) if !card.lock.is_open() => line(format!("+CPIN: {}", lock_words(&card.lock))),
        Some(_) => line(format!("+CPIN: {}", other_code(modem).unwrap_or("READY"))),
    }
}

/// The code that is wanted although the card's PIN is not.
fn other_code(modem: &Modem) -> Option<&'static str> {
    let codes = [
        (Quirk::NetworkLocked, "PH-NET PIN"),
        (Quirk::Pin2Wanted, "SIM PIN2"),
        (Quirk::Puk2Wanted, "SIM PUK2"),
    ];
    codes.into_iter().find_map(|(quirk, code)| modem.has(quirk).then_some(code))
}

fn enter(modem: &mut Modem, arguments: &Arguments) -> Outcome {
    let is_open = modem.sim.as_ref().is_some_and(|card| card.lock.is_open());
    if is_open && other_code(modem).is_some() {
        // The card's PIN is never the code of another lock.
        modem.observed.wrong_pins += 1;
        return Err(Failure::Cme(16));
    }
    let card = modem.sim.as_mut().ok_or(Failure::Cme(10))?;
    let lock = std::mem::replace(&mut card.lock, Lock::Dead);
    let (after, right) = match (&lock, arguments.count()) {
        (Lock::Pin { .. }, 1) => lock.enter_pin(arguments.text(0)),
        (Lock::Puk { .. }, 2) => lock.enter_puk(arguments.text(0), arguments.text(1)),
        (Lock::Puk { .. }, _) => {
            card.lock = lock;
            return Err(Failure::Cme(12));
        }
        _ => {
            card.lock = lock;
            return Err(Failure::Cme(3));
        }
    };
    card.lock = after;
    if right {
        return ok();
    }
    modem.observed.wrong_pins += 1;
    Err(Failure::Cme(if matches!(card.lock, Lock::Pin { .. }) { 16 } else { 12 }))
}

fn attempts(modem: &Modem) -> Outcome {
    let card = modem.sim.as_ref().ok_or(Failure::Cme(10))?;
    let (pin, puk) = card.lock.attempts();
    let lines = [format!("+CPINR: SIM PIN,{pin},3"), format!("+CPINR: SIM PUK,{puk},10")];
    Ok(Reply::Lines(lines.map(String::into_bytes).to_vec()))
}

/// The ICCID can be read whatever the PIN says.
fn iccid(modem: &Modem, prefix: &str) -> Outcome {
    let card = modem.shown_sim().ok_or(Failure::Cme(10))?;
    line(format!("{prefix}{}", card.iccid))
}

fn subscriber(modem: &mut Modem) -> Outcome {
    if let Some(card) = modem.believed_sim() {
        return line(card.imsi.as_str());
    }
    let card = modem.usable_sim().map_err(|fault| fault.cme())?;
    line(card.imsi.as_str())
}

fn own_number(modem: &mut Modem) -> Outcome {
    let charset = modem.settings.charset;
    let card = modem.usable_sim().map_err(|fault| fault.cme())?;
    let Some(number) = &card.own_number else { return ok() };
    let kind = if number.starts_with('+') { 145 } else { 129 };
    line(format!("+CNUM: \"\",\"{}\",{kind}", String::from_utf8_lossy(&charset.encode(number))))
}

fn facility(modem: &mut Modem, arguments: &Arguments) -> Outcome {
    if !arguments.text(0).eq_ignore_ascii_case("SC") || arguments.number(1) != Some(2) {
        return Err(Failure::Cme(4));
    }
    let card = modem.sim.as_ref().ok_or(Failure::Cme(10))?;
    line(format!("+CLCK: {}", u8::from(card.lock != Lock::Off)))
}

/// `READ BINARY` (176) of EF-ICCID (12258) only: ten octets with swapped nibbles (TS 31.102 clause
/// 4.2, 51.011 clause 10.1.1).
fn read_file(modem: &Modem, arguments: &Arguments) -> Outcome {
    let card = modem.sim.as_ref().ok_or(Failure::Cme(10))?;
    if (arguments.number(0), arguments.number(1)) != (Some(176), Some(12258)) {
        return line("+CRSM: 106,130");
    }
    line(format!("+CRSM: 144,0,\"{}\"", swapped(&card.iccid)))
}

/// An ICCID as it lies on the card: 20 digits in swapped pairs, `F` where there is no digit.
pub fn swapped(iccid: &str) -> String {
    let mut digits: Vec<char> = iccid.chars().collect();
    digits.resize(20, 'F');
    digits.chunks(2).flat_map(|pair| pair.iter().rev()).collect()
}
