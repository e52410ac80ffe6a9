//! Answers of this modem that differ from the standards: data of the scenario, with one entry for
//! each command.

use super::command::{Ask, Command};
use super::reply::{Failure, Outcome, Reply};
use super::{Modem, Now, Quirk, sim};

/// Answers from the modem's own table. The last line may be a final result; without one the reply
/// ends with `OK`. A reply about the card is an error when there is none.
pub fn answer(modem: &mut Modem, command: &Command, _: Now) -> Option<Outcome> {
    let shown = command.shown();
    if let Some(outcome) = count_of_attempts(modem, command) {
        return outcome;
    }
    let config = &modem.config;
    let Some((_, reply)) =
        config.replies.iter().find(|(known, _)| known.eq_ignore_ascii_case(&shown))
    else {
        return refuses(modem, command, &shown).then_some(Err(Failure::Error));
    };
    let Some(filled) = fill(modem, reply) else { return Some(Err(Failure::Cme(10))) };
    let mut lines: Vec<&str> = filled.lines().collect();
    let failure = match lines.last().copied() {
        Some("ERROR") => Some(Failure::Error),
        Some(last) => code(last, "+CME ERROR: ")
            .map(Failure::Cme)
            .or(code(last, "+CMS ERROR: ").map(Failure::Cms)),
        None => None,
    };
    if failure.is_some() || lines.last() == Some(&"OK") {
        lines.pop();
    }
    Some(match failure {
        Some(failure) => Err(failure),
        None => Ok(Reply::Lines(lines.into_iter().map(|line| line.as_bytes().to_vec()).collect())),
    })
}

/// The commands by which vendors tell how many attempts are left for the PIN.
const VENDORS_COUNTS: [&str; 9] =
    ["+QPINC", "^CPIN", "+SPIC", "#PCT", "^SPIC", "+CPINC", "+UPINCNT", "+QTRPIN", "+ZPINPUK"];

/// Decides about a command that asks for the attempts left, if the modem has a quirk about it.
/// `Some(None)` leaves it to the standard.
fn count_of_attempts(modem: &Modem, command: &Command) -> Option<Option<Outcome>> {
    let (none, standard) = (modem.has(Quirk::NoPinCount), modem.has(Quirk::StandardCountOnly));
    match command.name.as_str() {
        "+CPINR" if none => Some(Some(Err(Failure::Error))),
        "+CPINR" if standard => Some(None),
        name if (none || standard) && VENDORS_COUNTS.contains(&name) => {
            Some(Some(Err(Failure::Error)))
        }
        _ => None,
    }
}

/// Refuses commands that this model does not know or accept.
fn refuses(modem: &Modem, command: &Command, shown: &str) -> bool {
    let listed = |entry: &String| match entry.contains(['=', '?']) {
        true => shown.to_ascii_uppercase().starts_with(&entry.to_ascii_uppercase()),
        false => entry.eq_ignore_ascii_case(&command.name),
    };
    let flagged = match &command.ask {
        Ask::Set(arguments) => command.name == "+CMGD" && arguments.count() > 1,
        _ => false,
    };
    modem.config.unknown.iter().any(listed)
        || command.name == "+CMGL" && modem.has(Quirk::NoList)
        || flagged && modem.has(Quirk::DeleteWithoutFlag)
}

fn code(line: &str, prefix: &str) -> Option<u16> {
    line.strip_prefix(prefix)?.parse().ok()
}

/// Fills in a reply; `None` when it is about the card and there is none.
fn fill(modem: &Modem, reply: &str) -> Option<String> {
    let reply = reply.replace("{imei}", &modem.config.imei);
    if !reply.contains('{') {
        return Some(reply);
    }
    let card = modem.shown_sim()?;
    let (pin, puk) = card.lock.attempts();
    let filled = reply
        .replace("{iccid}", &card.iccid)
        .replace("{iccid.swapped}", &sim::swapped(&card.iccid))
        .replace("{imsi}", &card.imsi)
        .replace("{number}", &card.number)
        .replace("{lock}", sim::lock_words(&card.lock))
        .replace("{pin}", &pin.to_string())
        .replace("{puk}", &puk.to_string());
    Some(filled)
}
