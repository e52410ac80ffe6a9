//! The phonebooks "SM", read only, and "ON" (TS 27.007 clauses 8.11–8.14).

use super::command::{Arguments, Ask, Command};
use super::reply::{Failure, Line, Outcome, Reply, line, ok};
use super::{Modem, Now};

/// Carries out `CPBS`, `CPBR` and `CPBW`.
pub fn answer(modem: &mut Modem, command: &Command, _: Now) -> Option<Outcome> {
    Some(match (command.name.as_str(), &command.ask) {
        ("+CPBS", Ask::Test) => line("+CPBS: (\"SM\",\"ON\")"),
        ("+CPBS", Ask::Query) => selected(modem),
        ("+CPBS", Ask::Set(arguments)) => select(modem, arguments),
        ("+CPBR", Ask::Test) => {
            entries(modem).and_then(|all| line(format!("+CPBR: (1-{}),40,20", all.len())))
        }
        ("+CPBR", Ask::Set(arguments)) => read(modem, arguments),
        ("+CPBW", Ask::Test) => line("+CPBW: (1),40,(129,145),20"),
        ("+CPBW", Ask::Set(arguments)) => write(modem, arguments),
        _ => return None,
    })
}

fn select(modem: &mut Modem, arguments: &Arguments) -> Outcome {
    let name = arguments.text(0).to_ascii_uppercase();
    if !matches!(name.as_str(), "SM" | "ON") {
        return Err(Failure::Cme(4));
    }
    modem.usable_sim().map_err(|fault| fault.cme())?;
    modem.phonebook = name;
    ok()
}

fn selected(modem: &mut Modem) -> Outcome {
    let all = entries(modem)?;
    let used = all.iter().flatten().count();
    line(format!("+CPBS: \"{}\",{used},{}", modem.phonebook, all.len()))
}

/// The places of the selected phonebook.
fn entries(modem: &mut Modem) -> Result<Vec<Option<(String, String)>>, Failure> {
    let own = modem.phonebook == "ON";
    let card = modem.usable_sim().map_err(|fault| fault.cme())?;
    Ok(match own {
        true => vec![card.own_number.clone().map(|number| (number, "Own number".to_owned()))],
        false => card.phonebook.clone(),
    })
}

fn write(modem: &mut Modem, arguments: &Arguments) -> Outcome {
    if modem.phonebook != "ON" || arguments.number(0) != Some(1) {
        return Err(Failure::Cme(21));
    }
    let number = arguments.text(1).to_owned();
    modem.usable_sim().map_err(|fault| fault.cme())?.own_number =
        Some(number).filter(|number| !number.is_empty());
    ok()
}

fn read(modem: &mut Modem, arguments: &Arguments) -> Outcome {
    let charset = modem.settings.charset;
    let all = entries(modem)?;
    let first = arguments
        .number(0)
        .filter(|first| (1..=all.len()).contains(first))
        .ok_or(Failure::Cme(21))?;
    let last = arguments.number_or(1, first).ok_or(Failure::Error)?.min(all.len());
    let shown = |(place, entry): (usize, &Option<(String, String)>)| -> Option<Line> {
        let (number, name) = entry.as_ref()?;
        let kind = if number.starts_with('+') { 145 } else { 129 };
        let head = format!("+CPBR: {},\"{number}\",{kind},\"", place + 1).into_bytes();
        Some([head, charset.encode(name), b"\"".to_vec()].concat())
    };
    let lines = all
        .iter()
        .enumerate()
        .skip(first - 1)
        .take(last + 1 - first.min(last))
        .filter_map(shown)
        .collect();
    Ok(Reply::Lines(lines))
}
