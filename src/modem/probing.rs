//! Finds out whether a modem answers, and which modem it is.

use super::channel::Outcome;
use super::context::Context;
use super::phase::{Next, Phase};
use super::reply::Reply;
use super::sim_check::SimCheck;
use crate::at::{self, Command};
use crate::domain::Imei;
use crate::domain::modem::{ModemIdentity, ModemReason};

/// The number of `AT`s without an answer after which the port is opened again. A modem that is
/// still starting takes some seconds to answer.
const GREETINGS: u8 = 10;
/// The same number after the modem was restarted.
const GREETINGS_AFTER_RESTART: u8 = 90;
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
    restarted: bool,
    imei: Option<Imei>,
    manufacturer: Option<String>,
    model: Option<String>,
    firmware: Option<String>,
}

impl Probing {
    /// Begins for a modem that has just been restarted, which may take a while to answer.
    pub fn after_restart() -> Probing {
        Probing { restarted: true, ..Probing::default() }
    }

    pub fn next(&mut self, context: &mut Context) -> Next {
        let greetings = if self.restarted { GREETINGS_AFTER_RESTART } else { GREETINGS };
        match self.step {
            Step::Greeting if self.tries >= greetings => Next::GiveUp(ModemReason::Silent),
            Step::Imei if self.tries >= IMEI_TRIES => Next::GiveUp(ModemReason::NoImei),
            Step::Greeting => Next::Send(Command::Attention),
            Step::EchoOff => Next::Send(Command::EchoOff),
            Step::NumericErrors => Next::Send(Command::NumericErrors),
            Step::Imei => Next::Send(Command::Imei),
            Step::Manufacturer => Next::Send(Command::Manufacturer),
            Step::Model => Next::Send(Command::Model),
            Step::Firmware => Next::Send(Command::Firmware),
            Step::Functionality => Next::Send(Command::Functionality),
            Step::SwitchOn => Next::Send(Command::SetFunctionality(1)),
            Step::Finished => match self.imei.take() {
                Some(imei) => {
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

    pub fn on_command_finished(&mut self, command: &Command, outcome: Outcome, reply: &Reply) {
        let name = || {
            let named = |line| Some(at::value(line)).filter(|value| !value.is_empty());
            outcome
                .is_ok()
                .then(|| reply.find(named))
                .flatten()
                .map(|text| text.chars().take(MAX_NAME).collect())
        };
        self.step = match command {
            Command::Attention if !outcome.is_ok() => return self.tries += 1,
            Command::Attention => Step::EchoOff,
            Command::EchoOff => Step::NumericErrors,
            Command::NumericErrors => Step::Imei,
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
            // A bank's switch that was aborted, or another program, may have left the radio off.
            Command::Functionality => {
                match reply.find(at::functionality).filter(|_| outcome.is_ok()) {
                    Some(0 | 4) => Step::SwitchOn,
                    _ => Step::Finished,
                }
            }
            Command::SetFunctionality(_) => Step::Finished,
            _ => return,
        };
        self.tries = 0;
    }
}
