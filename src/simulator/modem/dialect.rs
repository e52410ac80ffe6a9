//! What this modem answers otherwise than the standards: data of the scenario, an entry for each command.

use super::command::Command;
use super::reply::{Failure, Outcome, Reply};
use super::{Modem, Now};
use crate::simulator::card::SimCard;

/// Answers from the modem's own table. The last line may be a final result; without one the reply ends with `OK`.
pub fn answer(modem: &mut Modem, command: &Command, _: Now) -> Option<Outcome> {
    let shown = command.shown();
    let (_, reply) = modem.config.replies.iter().find(|(known, _)| known.eq_ignore_ascii_case(&shown))?;
    let filled = fill(modem, reply);
    let mut lines: Vec<&str> = filled.lines().collect();
    let failure = match lines.last().copied() {
        Some("ERROR") => Some(Failure::Error),
        Some(last) => code(last, "+CME ERROR: ").map(Failure::Cme).or(code(last, "+CMS ERROR: ").map(Failure::Cms)),
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

fn code(line: &str, prefix: &str) -> Option<u16> {
    line.strip_prefix(prefix)?.parse().ok()
}

fn fill(modem: &Modem, reply: &str) -> String {
    let card = modem.sim.as_ref();
    let of_card = |what: fn(&SimCard) -> &String| card.map(what).cloned().unwrap_or_default();
    reply
        .replace("{imei}", &modem.config.imei)
        .replace("{iccid}", &of_card(|card| &card.iccid))
        .replace("{imsi}", &of_card(|card| &card.imsi))
        .replace("{number}", &of_card(|card| &card.number))
}
