//! Finds out whether a modem answers, and which modem it is.

use super::channel::Outcome;
use super::charset;
use super::context::Context;
use super::greeting::Greeting;
use super::phase::{Next, Phase};
use super::reply::Reply;
use super::sim_check::SimCheck;
use crate::at::{self, Charset, Command};
use crate::domain::modem::{ModemIdentity, ModemReason};
use crate::domain::{Imei, Moment};

/// The number of attempts to read the IMEI.
const IMEI_TRIES: u8 = 3;
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
    imei: Option<Imei>,
    manufacturer: Option<String>,
    model: Option<String>,
    firmware: Option<String>,
}

impl Probing {
    /// Begins for a modem that has just been restarted, which may take a while to answer.
    pub fn after_restart() -> Probing {
        Probing { greeting: Greeting::after_restart(), ..Probing::default() }
    }

    pub fn next(&mut self, context: &mut Context, now: Moment) -> Next {
        match self.step {
            Step::Greeting => self.greeting.next(now),
            Step::Imei if self.tries >= IMEI_TRIES => Next::GiveUp(ModemReason::NoImei),
            Step::EchoOff => Next::Send(Command::EchoOff),
            Step::NumericErrors => Next::Send(Command::NumericErrors),
            Step::Charset => Next::Send(Command::Charset),
            Step::PlainCharset(charset) => Next::Send(Command::SetCharset(charset)),
            Step::Imei => Next::Send(Command::Imei),
            Step::Manufacturer => Next::Send(Command::Manufacturer),
            Step::Model => Next::Send(Command::Model),
            Step::Firmware => Next::Send(Command::Firmware),
            Step::Functionality => Next::Send(Command::Functionality),
            Step::SwitchOn => Next::Send(Command::SetFunctionality(1)),
            Step::Finished => match self.imei.take() {
                Some(imei) => {
                    context.charset = self.charset;
                    context.set_identity(self.identity(imei));
                    Next::Enter(Phase::SimCheck(SimCheck::default()))
                }
                None => Next::GiveUp(ModemReason::NoImei),
            },
        }
    }

    fn identity(&mut self, imei: Imei) -> ModemIdentity {
        let unknown = || "unknown".to_owned();
        ModemIdentity {
            imei,
            manufacturer: self.manufacturer.take().unwrap_or_else(unknown),
            model: self.model.take().unwrap_or_else(unknown),
            firmware: self.firmware.take(),
        }
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
        let name = || {
            let named = |line| Some(at::value(line)).filter(|value| !value.is_empty());
            outcome
                .is_ok()
                .then(|| reply.find(named))
                .flatten()
                .map(|text| text.chars().take(MAX_NAME).collect())
        };
        self.step = match command {
            Command::EchoOff => Step::NumericErrors,
            Command::NumericErrors => Step::Charset,
            Command::Charset => {
                self.charset = reply.find(at::charset).filter(|_| outcome.is_ok());
                charset::plainer(self.charset, None).map_or(Step::Imei, Step::PlainCharset)
            }
            Command::SetCharset(tried) if outcome.is_ok() => {
                self.charset = Some(*tried);
                Step::Imei
            }
            Command::SetCharset(tried) => {
                charset::plainer(self.charset, Some(*tried)).map_or(Step::Imei, Step::PlainCharset)
            }
            Command::Imei => match reply.find(at::imei).filter(|_| outcome.is_ok()) {
                Some(imei) => {
                    self.imei = imei.parse().ok();
                    Step::Manufacturer
                }
                None => return self.tries += 1,
            },
            Command::Manufacturer => {
                self.manufacturer = name();
                Step::Model
            }
            Command::Model => {
                self.model = name();
                Step::Firmware
            }
            Command::Firmware => {
                self.firmware = name();
                Step::Functionality
            }
            // A bank's switch that was aborted, or another program, may have left the radio off (0,
            // 4; 7 with Huawei), or the modem in a power saving mode (5 to 9 with Telit, Siemens).
            Command::Functionality => {
                match reply.find(at::functionality).filter(|_| outcome.is_ok()) {
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
