//! Enters the PIN of a card once, in these steps:
//!  1. It asks how many attempts are left. The last one is never used.
//!  2. It reads which card this is, if that is possible before the PIN is entered.
//!  3. It asks the host whether the PIN may be tried. The host records every attempt beforehand.
//!  4. It enters the PIN.
//!  5. It reads whether the card has accepted it.

use std::collections::VecDeque;

use super::api::{Action, Token};
use super::channel::Outcome;
use super::context::Context;
use super::reply::{self, Reply};
use crate::at::{Command, IccidSource};
use crate::domain::Iccid;
use crate::domain::modem::ModemReason;

/// The PIN is entered only when at least this many attempts are left.
const MIN_ATTEMPTS: i32 = 2;
/// How often the card's state is read after a PIN that was not refused.
const STATE_READS: u8 = 4;

#[derive(Debug)]
pub(super) struct Unlocking {
    step: Step,
    iccid: Option<Iccid>,
}

#[derive(Debug)]
enum Step {
    /// Asking how many attempts are left, with the command at this position of the profile.
    Attempts(usize),
    Iccid(VecDeque<IccidSource>),
    AskHost,
    AwaitHost(Token),
    Enter,
    /// The PIN has been sent. The number says how often the card's state may still be read: a card
    /// may take a moment to accept a PIN.
    Entered(u8),
    Failed(ModemReason),
}

/// What to do next.
#[derive(Debug)]
pub(super) enum Next {
    Send(Command),
    Wait,
    /// The card stays locked, for this reason.
    GiveUp(ModemReason),
    /// Read the card's state, because the PIN has been entered.
    ReadState,
}

impl Unlocking {
    pub fn new() -> Unlocking {
        Unlocking { step: Step::Attempts(0), iccid: None }
    }

    /// Whether the PIN has been sent.
    pub fn has_entered(&self) -> bool {
        matches!(self.step, Step::Entered(_))
    }

    /// Notes that the card still requires its PIN after it was entered. Returns whether to read its
    /// state once more.
    pub fn on_still_locked(&mut self) -> bool {
        match &mut self.step {
            Step::Entered(reads_left) if *reads_left > 0 => {
                *reads_left -= 1;
                true
            }
            _ => false,
        }
    }

    pub fn iccid(&self) -> Option<&Iccid> {
        self.iccid.as_ref()
    }

    pub fn next(&mut self, context: &mut Context) -> Next {
        match &self.step {
            Step::Attempts(number) => match context.pin_questions().get(*number) {
                Some(question) => Next::Send(Command::Own(question.command.clone())),
                None => Next::GiveUp(ModemReason::PinAttemptsUnknown),
            },
            Step::Iccid(sources) => match sources.front() {
                Some(source) => Next::Send(Command::Iccid(source.clone())),
                None => {
                    self.step = Step::AskHost;
                    self.next(context)
                }
            },
            Step::AskHost => {
                let Some(identity) = &context.identity else {
                    return Next::GiveUp(ModemReason::ModemUnknown);
                };
                let (imei, iccid) = (identity.imei.clone(), self.iccid.clone());
                let token = context.new_token();
                context.actions.push_back(Action::MayEnterPin { token, imei, iccid });
                self.step = Step::AwaitHost(token);
                Next::Wait
            }
            Step::AwaitHost(_) => Next::Wait,
            Step::Enter => match &context.config.pin {
                Some(pin) => Next::Send(Command::EnterPin(pin.digits().into())),
                None => Next::GiveUp(ModemReason::PinWanted),
            },
            Step::Entered(_) => Next::ReadState,
            Step::Failed(reason) => Next::GiveUp(reason.clone()),
        }
    }

    /// Takes the host's answer. An answer to an earlier question is ignored.
    pub fn on_answer(&mut self, token: Token, answer: Result<bool, ()>) {
        if !matches!(self.step, Step::AwaitHost(asked) if asked == token) {
            return;
        }
        self.step = match answer {
            Ok(true) => Step::Enter,
            Ok(false) => Step::Failed(ModemReason::PinRefusedBefore),
            Err(()) => Step::Failed(ModemReason::PinAttemptNotRecorded),
        };
    }

    pub fn on_command_finished(
        &mut self,
        context: &Context,
        command: &Command,
        outcome: Outcome,
        reply: &Reply,
    ) {
        match (command, &mut self.step) {
            (Command::Own(_), Step::Attempts(number)) => {
                let questions = context.pin_questions();
                let left = questions
                    .get(*number)
                    .and_then(|question| reply.find(|line| question.read(line)));
                self.step = match left.filter(|_| outcome.is_ok()) {
                    None => Step::Attempts(*number + 1),
                    Some(left) if left < MIN_ATTEMPTS => Step::Failed(ModemReason::PinLastAttempt),
                    Some(_) => Step::Iccid(context.iccid_sources()),
                };
            }
            (Command::Iccid(_), Step::Iccid(sources)) => {
                match reply.find(reply::iccid).filter(|_| outcome.is_ok()) {
                    Some(iccid) => {
                        self.iccid = Some(iccid);
                        self.step = Step::AskHost;
                    }
                    None => drop(sources.pop_front()),
                }
            }
            (Command::EnterPin(_), Step::Enter) => {
                let refused = matches!(outcome, Outcome::Refused(_));
                self.step = Step::Entered(if refused { 0 } else { STATE_READS });
            }
            _ => {}
        }
    }
}
