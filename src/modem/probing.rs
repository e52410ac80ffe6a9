//! Finds out whether a modem answers, and which modem it is.

use std::time::Duration;

use super::channel::Outcome;
use super::charset;
use super::context::Context;
use super::greeting::Greeting;
use super::phase::{Next, Phase};
use super::reply::Reply;
use super::sim_check::SimCheck;
use crate::at::{self, Charset, Command};
use crate::domain::modem::ModemIdentity;
use crate::domain::{Imei, ModemId, Moment};

/// The number of attempts to read the IMEI: a modem that has just started may refuse to tell it.
const IMEI_TRIES: u8 = 4;
/// The number of such attempts that may be left without an answer.
const UNANSWERED_IMEI_TRIES: u8 = 2;
/// The pause after a refusal.
const IMEI_PAUSE: Duration = Duration::from_secs(2);
/// How often a modem is asked again that has refused to tell anything of itself.
const MAX_ROUNDS: u8 = 2;
/// The pause before that.
const ROUND_PAUSE: Duration = Duration::from_secs(5);
/// The names of manufacturer, model and firmware are cut to this many characters.
const MAX_NAME: usize = 80;

#[derive(Debug, Default, PartialEq, Eq)]
enum Step {
    #[default]
    Greeting,
    EchoOff,
    NumericErrors,
    Charset,
    PlainCharset(Charset),
    Imei,
    ImeiAlone,
    SerialNumber,
    Information,
    Manufacturer,
    Model,
    Firmware,
    Functionality,
    SwitchOn,
    Finished,
}

#[derive(Debug, Default)]
pub(super) struct Probing {
    step: Step,
    tries: u8,
    greeting: Greeting,
    charset: Option<Charset>,
    /// When to go on.
    pause: Option<Moment>,
    /// How often everything was asked again.
    rounds: u8,
    imei: Option<Imei>,
    serial: Option<ModemId>,
    manufacturer: Option<String>,
    model: Option<String>,
    firmware: Option<String>,
    /// The lines of a reply that should have one, so that the question is asked again.
    candidates: Vec<String>,
}

/// What a reply says of a name.
enum Name {
    Known(String),
    /// It has several lines.
    Unsure,
}

impl Probing {
    /// Begins for a modem that has just been restarted, which may take a while to answer.
    pub fn after_restart() -> Probing {
        Probing { greeting: Greeting::after_restart(), ..Probing::default() }
    }

    pub fn next(&mut self, context: &mut Context, now: Moment) -> Next {
        if let Some(until) = self.pause.filter(|until| now < *until) {
            return Next::Wait(Some(until));
        }
        self.pause = None;
        match self.step {
            Step::Greeting => self.greeting.next(now),
            Step::EchoOff => Next::Send(Command::EchoOff),
            Step::NumericErrors => Next::Send(Command::NumericErrors),
            Step::Charset => Next::Send(Command::Charset),
            Step::PlainCharset(charset) => Next::Send(Command::SetCharset(charset)),
            Step::Imei => Next::Send(Command::Imei),
            Step::ImeiAlone => Next::Send(Command::ImeiAlone),
            Step::SerialNumber => Next::Send(Command::SerialNumber),
            Step::Information => Next::Send(Command::Information),
            Step::Manufacturer => Next::Send(Command::Manufacturer),
            Step::Model => Next::Send(Command::Model),
            Step::Firmware => Next::Send(Command::Firmware),
            Step::Functionality => Next::Send(Command::Functionality),
            Step::SwitchOn => Next::Send(Command::SetFunctionality(1)),
            Step::Finished => {
                let identity = self.identity(context);
                context.charset = self.charset;
                context.set_identity(identity);
                Next::Enter(Phase::SimCheck(SimCheck::default()))
            }
        }
    }

    /// What identifies the modem, as far as it has told that itself.
    fn told_id(&self) -> Option<ModemId> {
        let imei = self.imei.as_ref().filter(|imei| imei.is_distinct()).map(ModemId::from);
        imei.or_else(|| self.serial.clone())
    }

    /// What the modem is. One that tells less of itself after a restart is still the same.
    fn identity(&mut self, context: &Context) -> ModemIdentity {
        let unknown = || "unknown".to_owned();
        let model = self.model.take().unwrap_or_else(unknown);
        let told = self.told_id();
        let tells_less = |before: &&ModemIdentity| {
            let told_less = told.as_ref().is_none_or(|id| before.id.is_imei() && !id.is_imei());
            before.model == model && told_less
        };
        let (id, imei) = match context.identity.as_ref().filter(tells_less) {
            Some(before) => (before.id.clone(), before.imei.clone()),
            None => {
                let id = told.unwrap_or_else(|| context.config.fallback_id.clone());
                (id, self.imei.take())
            }
        };
        ModemIdentity {
            id,
            imei,
            manufacturer: self.manufacturer.take().unwrap_or_else(unknown),
            model,
            firmware: self.firmware.take(),
        }
    }

    /// Whether the modem has told nothing of itself, as one that is still starting may do.
    fn is_unknown(&self) -> bool {
        self.told_id().is_none() && self.manufacturer.is_none() && self.model.is_none()
    }

    /// Takes an IMEI or a serial number that the modem tells, whichever it is.
    fn take_identity(&mut self, imei: Option<Imei>, serial: Option<ModemId>) {
        if self.imei.is_none() || imei.as_ref().is_some_and(Imei::is_distinct) {
            self.imei = imei.or(self.imei.take());
        }
        self.serial = self.serial.take().or(serial);
    }

    /// Notes what a command that asks who the modem is has returned, and goes on with `otherwise`
    /// if that does not identify it.
    fn on_identity_asked(&mut self, outcome: Outcome, reply: &Reply, otherwise: Step) -> Step {
        if outcome.is_ok() {
            let serial = |line| at::parse_serial_number(line).and_then(ModemId::of_serial);
            self.take_identity(reply.find(at::parse_imei), reply.find(serial));
        }
        // A serial number is the better identity only where no IMEI can be had.
        let asks_on = self.imei.is_none() && otherwise == Step::ImeiAlone;
        if self.told_id().is_some() && !asks_on { Step::Manufacturer } else { otherwise }
    }

    /// Reads a name from the lines of a reply. Where there are several, one of them belongs to
    /// nothing, and the question is asked once more: the name is what both replies have.
    fn read_name(&mut self, reply: &Reply) -> Option<Name> {
        let values = reply.lines().map(at::value).filter(|value| !value.is_empty());
        let names: Vec<String> = values.map(|text| text.chars().take(MAX_NAME).collect()).collect();
        let before = std::mem::take(&mut self.candidates);
        if before.is_empty() && names.len() > 1 {
            self.candidates = names;
            return Some(Name::Unsure);
        }
        let in_both = names.iter().find(|name| before.contains(name));
        in_both.or(names.first()).cloned().map(Name::Known)
    }

    pub fn on_command_finished(
        &mut self,
        command: &Command,
        outcome: Outcome,
        reply: &Reply,
        now: Moment,
    ) {
        if self.step == Step::Greeting {
            if self.greeting.on_command_finished(command, outcome, now) {
                self.step = Step::EchoOff;
            }
            return;
        }
        if outcome == Outcome::InDigits {
            self.greeting.on_digits();
            self.step = Step::Greeting;
            return;
        }
        let is_name = matches!(command, Command::Manufacturer | Command::Model | Command::Firmware);
        let name = match (is_name && outcome.is_ok()).then(|| self.read_name(reply)).flatten() {
            Some(Name::Unsure) => return,
            Some(Name::Known(name)) => Some(name),
            None => None,
        };
        self.step = match command {
            Command::EchoOff => Step::NumericErrors,
            Command::NumericErrors => Step::Charset,
            Command::Charset => {
                self.charset = reply.find(at::parse_charset).filter(|_| outcome.is_ok());
                charset::choose_plain(self.charset, None).map_or(Step::Imei, Step::PlainCharset)
            }
            Command::SetCharset(tried) if outcome.is_ok() => {
                self.charset = Some(*tried);
                Step::Imei
            }
            Command::SetCharset(tried) => charset::choose_plain(self.charset, Some(*tried))
                .map_or(Step::Imei, Step::PlainCharset),
            Command::Imei if !outcome.is_ok() && self.tries + 1 < imei_tries(outcome) => {
                let is_refused = matches!(outcome, Outcome::Refused(_));
                self.pause = is_refused.then(|| now + IMEI_PAUSE);
                return self.tries += 1;
            }
            Command::Imei => self.on_identity_asked(outcome, reply, Step::ImeiAlone),
            Command::ImeiAlone => self.on_identity_asked(outcome, reply, Step::SerialNumber),
            Command::SerialNumber => self.on_identity_asked(outcome, reply, Step::Information),
            Command::Information => {
                if outcome.is_ok() {
                    let serial =
                        |line| at::parse_labelled_serial(line).and_then(ModemId::of_serial);
                    self.take_identity(reply.find(at::parse_labelled_imei), reply.find(serial));
                }
                Step::Manufacturer
            }
            Command::Manufacturer => {
                self.manufacturer = name;
                Step::Model
            }
            Command::Model => {
                self.model = name;
                Step::Firmware
            }
            Command::Firmware => {
                self.firmware = name;
                if self.is_unknown() && self.rounds < MAX_ROUNDS {
                    self.rounds += 1;
                    self.pause = Some(now + ROUND_PAUSE);
                    Step::Imei
                } else {
                    Step::Functionality
                }
            }
            // A bank's switch that was aborted, or another program, may have left the radio off (0,
            // 4; 7 with Huawei), or the modem in a power saving mode (5 to 9 with Telit, Siemens).
            Command::Functionality => {
                match reply.find(at::parse_functionality).filter(|_| outcome.is_ok()) {
                    Some(functionality) if functionality != 1 => Step::SwitchOn,
                    _ => Step::Finished,
                }
            }
            Command::SetFunctionality(_) => Step::Finished,
            _ => return,
        };
        self.tries = 0;
    }
}

fn imei_tries(outcome: Outcome) -> u8 {
    if outcome == Outcome::Unanswered { UNANSWERED_IMEI_TRIES } else { IMEI_TRIES }
}
