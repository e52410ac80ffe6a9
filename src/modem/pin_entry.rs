//! Enters the PIN of a card once, in these steps:
//!  1. It asks how many attempts are left, by one command after the other. The last attempt is
//!     never used.
//!  2. It reads which card this is, if that is possible before the PIN is entered.
//!  3. It asks the host whether the PIN may be tried. The host records every attempt beforehand.
//!     Where no command tells how many attempts are left, the card must have accepted its PIN
//!     before, unless the configuration permits one attempt.
//!  4. It enters the PIN.
//!  5. It reads whether the card has accepted it.

use std::collections::VecDeque;
use std::time::Duration;

use super::api::{Action, Token};
use super::channel::Outcome;
use super::context::Context;
use super::iccid_readings::{IccidReadings, Verdict};
use super::reply::{self, Reply};
use crate::at::{Command, IccidSource, SimTrouble};
use crate::domain::modem::{ModemReason, PinPermission};
use crate::domain::{Iccid, Moment};

/// The PIN is entered only when at least this many attempts are left.
const MIN_ATTEMPTS: i32 = 2;
/// How often the card's state is read after a PIN that was not refused.
const STATE_READS: u8 = 4;
/// The pause before the host, which could not record the attempt, is asked again.
const HOST_PAUSE: Duration = Duration::from_secs(5);
/// The pause before a card that is busy is asked again.
const BUSY_PAUSE: Duration = Duration::from_secs(2);
/// How often one that is busy is asked again.
const BUSY_TRIES: u8 = 5;
/// After this many questions without an answer no more are asked: such a modem does not answer
/// commands that it does not know.
const MAX_SILENCES: u8 = 2;

#[derive(Debug)]
pub(super) struct PinEntry {
    step: Step,
    readings: IccidReadings,
    iccid: Option<Iccid>,
    /// Whether no command has told how many attempts are left.
    uncounted: bool,
    silences: u8,
    busy: u8,
    pause: Option<Moment>,
}

#[derive(Debug)]
enum Step {
    /// Asking how many attempts are left, with the command that has this number.
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
    /// Do nothing before this time; with `None`, before the host answers.
    Wait(Option<Moment>),
    /// The card stays locked, for this reason.
    GiveUp(ModemReason),
    /// Read the card's state, because the PIN has been entered.
    ReadState,
}

impl PinEntry {
    pub fn new() -> PinEntry {
        PinEntry {
            step: Step::Attempts(0),
            readings: IccidReadings::default(),
            iccid: None,
            uncounted: false,
            silences: 0,
            busy: 0,
            pause: None,
        }
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

    pub fn next(&mut self, context: &mut Context, now: Moment) -> Next {
        if let Some(until) = self.pause.filter(|until| now < *until) {
            return Next::Wait(Some(until));
        }
        self.pause = None;
        match &self.step {
            Step::Attempts(number) => {
                let question = context.pin_questions().nth(*number);
                if let Some(question) = question {
                    return Next::Send(Command::Own(question.command.clone()));
                }
                self.uncounted = true;
                self.step = Step::Iccid(context.iccid_sources());
                self.next(context, now)
            }
            Step::Iccid(sources) => match sources.front() {
                Some(source) => Next::Send(Command::Iccid(source.clone())),
                None => {
                    self.step = Step::AskHost;
                    self.next(context, now)
                }
            },
            Step::AskHost => {
                let Some(modem) = context.modem() else {
                    return Next::GiveUp(ModemReason::ModemUnknown);
                };
                let iccid = self.iccid.clone();
                let only_if_accepted = self.uncounted && !context.config.pin_without_count;
                let token = context.new_token();
                let question = Action::MayEnterPin { token, modem, iccid, only_if_accepted };
                context.actions.push_back(question);
                self.step = Step::AwaitHost(token);
                Next::Wait(None)
            }
            Step::AwaitHost(_) => Next::Wait(None),
            Step::Enter => match &context.config.pin {
                Some(pin) => Next::Send(Command::EnterPin(pin.digits().into())),
                None => Next::GiveUp(ModemReason::PinWanted),
            },
            Step::Entered(_) => Next::ReadState,
            Step::Failed(reason) => Next::GiveUp(reason.clone()),
        }
    }

    /// Takes the host's answer. An answer to an earlier question is ignored.
    pub fn on_answer(
        &mut self,
        context: &mut Context,
        token: Token,
        answer: Result<PinPermission, ()>,
        now: Moment,
    ) {
        if !matches!(self.step, Step::AwaitHost(asked) if asked == token) {
            return;
        }
        self.step = match answer {
            Ok(PinPermission::Granted) => Step::Enter,
            Ok(PinPermission::RefusedBefore) => {
                Step::Failed(ModemReason::PinRefusedBefore(self.iccid.clone()))
            }
            Ok(PinPermission::NeverAccepted) => Step::Failed(ModemReason::PinAttemptsUnknown),
            Err(()) => {
                // The card may be another one by then: everything is read again.
                context.set_reason(ModemReason::PinAttemptNotRecorded);
                *self = PinEntry { pause: Some(now + HOST_PAUSE), ..PinEntry::new() };
                return;
            }
        };
    }

    pub fn on_command_finished(
        &mut self,
        context: &Context,
        command: &Command,
        outcome: Outcome,
        reply: &Reply,
        now: Moment,
    ) {
        let is_busy = outcome.sim_trouble() == Some(SimTrouble::Busy);
        if is_busy && !matches!(self.step, Step::Enter) && self.busy < BUSY_TRIES {
            self.busy += 1;
            self.pause = Some(now + BUSY_PAUSE);
            return;
        }
        match (command, &mut self.step) {
            (Command::Own(_), Step::Attempts(number)) => {
                self.silences += u8::from(outcome == Outcome::Unanswered);
                let question = context.pin_questions().nth(*number);
                let left = question.and_then(|question| reply.find(|line| question.read(line)));
                self.step = match left.filter(|_| outcome.is_ok()) {
                    None if self.silences >= MAX_SILENCES => Step::Attempts(usize::MAX),
                    None => Step::Attempts(*number + 1),
                    Some(left) if left < MIN_ATTEMPTS => Step::Failed(ModemReason::PinLastAttempt),
                    Some(_) => Step::Iccid(context.iccid_sources()),
                };
            }
            (Command::Iccid(_), Step::Iccid(sources)) => {
                let found = reply.find(reply::parse_iccid).filter(|_| outcome.is_ok());
                match found.map_or(Verdict::Unusable, |iccid| self.readings.judge(iccid)) {
                    Verdict::Believed(iccid) => {
                        self.iccid = Some(iccid);
                        self.step = Step::AskHost;
                    }
                    Verdict::ReadAgain => {}
                    Verdict::Unusable => drop(sources.pop_front()),
                }
            }
            (Command::EnterPin(_), Step::Enter) => {
                // A card that is busy has not said whether it accepts the PIN.
                let refused = matches!(outcome, Outcome::Refused(_)) && !is_busy;
                self.step = Step::Entered(if refused { 0 } else { STATE_READS });
            }
            _ => {}
        }
    }
}
