//! Entering a card's PIN, once. In this order: how many attempts are left (one is not touched);
//! which card it is, as far as it tells before its PIN; may it be tried (the host remembers every
//! try before it is made); the PIN; what came of it.

use std::collections::VecDeque;

use super::api::{Action, Token};
use super::channel::Outcome;
use super::context::Context;
use super::reply::{self, Reply};
use crate::at::{Command, IccidSource};
use crate::domain::Iccid;
use crate::domain::modem::ModemReason;

/// Fewer are not touched.
const LEAST_ATTEMPTS: i32 = 2;
/// After a PIN that was not refused.
const LOOKS: u8 = 4;

#[derive(Debug)]
pub(super) struct Unlocking {
    step: Step,
    iccid: Option<Iccid>,
}

#[derive(Debug)]
enum Step {
    /// The questions of the profile that are left, by number.
    Attempts(usize),
    Iccid(VecDeque<IccidSource>),
    Ask,
    Asked(Token),
    Enter,
    /// How often to look what the card says now: it may take a moment to take a PIN in.
    Entered(u8),
    Over(ModemReason),
}

/// What to do next.
#[derive(Debug)]
pub(super) enum Want {
    Send(Command),
    Wait,
    /// It is over; why the card is still locked.
    Give(ModemReason),
    /// The PIN was entered: look what the card says.
    Look,
}

impl Unlocking {
    pub fn begin() -> Unlocking {
        Unlocking { step: Step::Attempts(0), iccid: None }
    }

    /// The PIN has been sent.
    pub fn has_entered(&self) -> bool {
        matches!(self.step, Step::Entered(_))
    }

    /// The card still wants its PIN after it was entered. Whether to look again.
    pub fn still_locked(&mut self) -> bool {
        match &mut self.step {
            Step::Entered(looks) if *looks > 0 => {
                *looks -= 1;
                true
            }
            _ => false,
        }
    }

    pub fn iccid(&self) -> Option<&Iccid> {
        self.iccid.as_ref()
    }

    pub fn next(&mut self, context: &mut Context) -> Want {
        match &self.step {
            Step::Attempts(number) => match context.pin_questions().get(*number) {
                Some(question) => Want::Send(Command::Own(question.command.clone())),
                None => Want::Give(ModemReason::PinAttemptsUnknown),
            },
            Step::Iccid(sources) => match sources.front() {
                Some(source) => Want::Send(Command::Iccid(source.clone())),
                None => {
                    self.step = Step::Ask;
                    self.next(context)
                }
            },
            Step::Ask => {
                let Some(identity) = &context.identity else {
                    return Want::Give(ModemReason::ModemUnknown);
                };
                let (imei, iccid) = (identity.imei.clone(), self.iccid.clone());
                let token = context.token();
                context.actions.push_back(Action::MayEnterPin { token, imei, iccid });
                self.step = Step::Asked(token);
                Want::Wait
            }
            Step::Asked(_) => Want::Wait,
            Step::Enter => match &context.config.pin {
                Some(pin) => Want::Send(Command::EnterPin(pin.digits().into())),
                None => Want::Give(ModemReason::PinWanted),
            },
            Step::Entered(_) => Want::Look,
            Step::Over(reason) => Want::Give(reason.clone()),
        }
    }

    /// The host's answer; one to an earlier question is ignored.
    pub fn allowed(&mut self, token: Token, answer: Result<bool, ()>) {
        if !matches!(self.step, Step::Asked(asked) if asked == token) {
            return;
        }
        self.step = match answer {
            Ok(true) => Step::Enter,
            Ok(false) => Step::Over(ModemReason::PinRefusedBefore),
            Err(()) => Step::Over(ModemReason::PinAttemptNotRecorded),
        };
    }

    pub fn ended(&mut self, context: &Context, command: &Command, outcome: Outcome, reply: &Reply) {
        match (command, &mut self.step) {
            (Command::Own(_), Step::Attempts(number)) => {
                let questions = context.pin_questions();
                let left = questions
                    .get(*number)
                    .and_then(|question| reply.find(|line| question.read(line)));
                self.step = match left.filter(|_| outcome.is_ok()) {
                    None => Step::Attempts(*number + 1),
                    Some(left) if left < LEAST_ATTEMPTS => Step::Over(ModemReason::PinLastAttempt),
                    Some(_) => Step::Iccid(context.iccid_sources()),
                };
            }
            (Command::Iccid(_), Step::Iccid(sources)) => {
                match reply.find(reply::iccid).filter(|_| outcome.is_ok()) {
                    Some(iccid) => {
                        self.iccid = Some(iccid);
                        self.step = Step::Ask;
                    }
                    None => drop(sources.pop_front()),
                }
            }
            (Command::EnterPin(_), Step::Enter) => {
                let refused = matches!(outcome, Outcome::Refused(_));
                self.step = Step::Entered(if refused { 0 } else { LOOKS });
            }
            _ => {}
        }
    }
}
