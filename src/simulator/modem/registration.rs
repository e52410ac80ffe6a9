//! The network as the modem reports it (registration, operator, signal), and switching the radio on
//! and off (TS 27.007 clauses 7.2, 7.3, 8.2, 8.5).

use super::command::{Arguments, Ask, Command};
use super::reply::{Failure, Outcome, Reply, line, ok};
use super::{Modem, Now, Power, Quirk, in_range};
use crate::simulator::card::Lock;
use crate::simulator::digits::Country;

/// Registered on the home network.
pub const HOME: usize = 1;
const SEARCHING: usize = 2;
const NOT_REGISTERED: usize = 0;
const DENIED: usize = 3;
const SMS_ONLY: usize = 6;

/// In the order of `Settings::registration`.
const REPORTS: [&str; 4] = ["+CREG", "+CGREG", "+CEREG", "+C5GREG"];
/// The place of `+C5GREG` among them. Only a modem that is on a 5G network alone knows it.
const FIVE_G: usize = 3;
const PLACE: &str = "\"00C3\",\"0001A2B3\",7";

/// `CREG`, `CGREG`, `CEREG`, `C5GREG`, `COPS`, `CSQ`, `CFUN`.
pub fn answer(modem: &mut Modem, command: &Command, now: Now) -> Option<Outcome> {
    let report = REPORTS.iter().position(|name| *name == command.name);
    if let Some(report) = report.filter(|report| *report != FIVE_G || modem.is_on_five_g()) {
        return Some(reports(modem, report, &command.ask));
    }
    Some(match (command.name.as_str(), &command.ask) {
        ("+CSQ", Ask::Execute) => {
            line(format!("+CSQ: {},99", if modem.coverage { 24 } else { 99 }))
        }
        ("+CSQ", Ask::Test) => line("+CSQ: (0-31,99),(0-7,99)"),
        ("+COPS", Ask::Query) => operator(modem),
        ("+COPS", Ask::Test) => operators(modem),
        ("+COPS", Ask::Set(arguments)) => choose(modem, arguments, now),
        ("+CFUN", Ask::Query) => match modem.power {
            Power::RadioOff { functionality } => line(format!("+CFUN: {functionality}")),
            _ => line("+CFUN: 1"),
        },
        ("+CFUN", Ask::Test) => line("+CFUN: (0,1,4),(0,1)"),
        ("+CFUN", Ask::Set(arguments)) => functionality(modem, arguments, now),
        _ => return None,
    })
}

impl Modem {
    /// The `<stat>` of `AT+CREG`.
    pub(super) fn registration(&self) -> usize {
        let usable = self.shown_sim().filter(|card| card.lock.is_open());
        if self.power != Power::Full || self.deregistered || self.has(Quirk::NetworkLocked) {
            return NOT_REGISTERED;
        }
        match (usable, self.coverage) {
            (Some(card), _) if self.denied || card.denied => DENIED,
            // A card that is no longer connected cannot authenticate, so no network accepts the
            // modem again.
            (Some(_), _) if !self.belief.is_right() => {
                if self.reported == HOME {
                    HOME
                } else {
                    DENIED
                }
            }
            (Some(_), true) if self.searching_until_ms == 0 => HOME,
            (Some(_), _) => SEARCHING,
            (None, _) => NOT_REGISTERED,
        }
    }

    /// Whether the network can reach this modem: it is registered, and the card with which it
    /// registered is still connected.
    pub fn is_registered(&self) -> bool {
        self.registration() == HOME && self.belief.is_right()
    }

    /// Whether the modem has registered since this was last called.
    pub fn take_fresh_attach(&mut self) -> bool {
        std::mem::take(&mut self.attached_afresh)
    }

    pub(super) fn report_registration(&mut self) {
        for (place, level) in self.settings.registration.into_iter().enumerate() {
            let name = REPORTS.get(place).copied().unwrap_or_default();
            match (level, self.told(place, self.reported)) {
                (0, _) => {}
                (2, HOME) => self.urc(&format!("{name}: {HOME},{PLACE}")),
                (_, status) => self.urc(&format!("{name}: {status}")),
            }
        }
    }

    /// How this model reports the registration by the command at this position of `REPORTS`.
    fn told(&self, place: usize, registration: usize) -> usize {
        let lte_only = self.knows_lte() && (self.has(Quirk::LteOnly) || self.has(Quirk::SmsOnly));
        match (registration, place) {
            (HOME, 0..FIVE_G) if self.is_on_five_g() => NOT_REGISTERED,
            (HOME, 0 | 1) if lte_only => NOT_REGISTERED,
            (HOME, 2) if self.has(Quirk::SmsOnly) => SMS_ONLY,
            (told, _) => told,
        }
    }

    fn knows_lte(&self) -> bool {
        !self.config.unknown.iter().any(|name| name == "+CEREG")
    }

    /// Whether the modem is registered with a 5G network alone, which one without LTE cannot be.
    fn is_on_five_g(&self) -> bool {
        self.knows_lte() && self.has(Quirk::FiveGOnly)
    }

    fn country(&self) -> Country {
        Country::of_number(self.shown_sim().map_or("", |card| &card.number))
    }
}

fn reports(modem: &mut Modem, report: usize, ask: &Ask) -> Outcome {
    let name = REPORTS.get(report).copied().unwrap_or_default();
    let registration = modem.told(report, modem.registration());
    let level = modem.settings.registration.get_mut(report).ok_or(Failure::Error)?;
    match ask {
        Ask::Test => line(format!("{name}: (0-2)")),
        Ask::Query if *level == 2 && registration == HOME => {
            line(format!("{name}: 2,{HOME},{PLACE}"))
        }
        Ask::Query => line(format!("{name}: {level},{registration}")),
        Ask::Set(arguments) => {
            *level = in_range(arguments.number(0), 2)?;
            ok()
        }
        Ask::Execute => Err(Failure::Error),
    }
}

fn operator(modem: &Modem) -> Outcome {
    if modem.deregistered {
        return line("+COPS: 2");
    }
    if modem.registration() != HOME {
        return line("+COPS: 0");
    }
    let (long, short, numeric) = modem.country().operator();
    let format = modem.settings.operator_format;
    let name = match format {
        0 => long,
        1 => short,
        _ => numeric,
    };
    line(format!("+COPS: 0,{format},\"{name}\",7"))
}

fn operators(modem: &Modem) -> Outcome {
    let (long, short, numeric) = modem.country().operator();
    line(format!("+COPS: (2,\"{long}\",\"{short}\",\"{numeric}\",7),,(0,3),(0-2)"))
}

fn choose(modem: &mut Modem, arguments: &Arguments, now: Now) -> Outcome {
    match arguments.number(0) {
        Some(3) => {
            modem.settings.operator_format = in_range(arguments.number(1), 2)?;
            ok()
        }
        Some(2) => {
            modem.deregistered = true;
            ok()
        }
        Some(0 | 1 | 4) => {
            if std::mem::replace(&mut modem.deregistered, false) {
                modem.search(now.ms);
            }
            ok()
        }
        _ => Err(Failure::Error),
    }
}

fn functionality(modem: &mut Modem, arguments: &Arguments, now: Now) -> Outcome {
    let wanted =
        arguments.number(0).filter(|wanted| matches!(wanted, 0 | 1 | 4)).ok_or(Failure::Error)?;
    let restart = in_range(arguments.number_or(1, 0), 1)? == 1;
    if restart {
        return Ok(Reply::Reboot);
    }
    if wanted == 1 {
        if let Power::RadioOff { functionality } = modem.power {
            modem.power = Power::Full;
            modem.search(now.ms);
            // Only 0 has switched off the card; 4 concerns the radio alone.
            if functionality == 0 {
                modem.switch_card_on();
            }
        }
        return ok();
    }
    modem.power = Power::RadioOff { functionality: wanted };
    if wanted == 0
        && let Some(card) = &mut modem.sim
    {
        card.lock = std::mem::replace(&mut card.lock, Lock::Dead).power_cycled();
    }
    ok()
}
