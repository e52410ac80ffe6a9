//! One switch of one radio, as a sequence of steps that each have a deadline.

use std::time::Duration;

use super::api::{BankAction, SessionStatus};
use super::profile::{Adapter, BankProfile};
use crate::domain::bank::{RadioState, SwitchReason};
use crate::domain::modem::RequestError;
use crate::domain::{Iccid, Moment};

/// How long a session that is still starting is asked repeatedly to go off the air.
const SESSION_START: Duration = Duration::from_secs(120);
/// The time from one such request to the next.
const ASK_INTERVAL: Duration = Duration::from_secs(2);
/// A modem that reports for this long that there is no SIM is taken to have none.
const NO_SIM: Duration = Duration::from_secs(10);
/// How long an answer of the gateway or the session is awaited. Both always answer, a session that
/// empties its stores within a minute; the limit is for an answer that the driver has lost.
const ANSWER: Duration = Duration::from_secs(150);
/// How long the bank's answer is awaited; it may have other radios to switch first.
const BANK_ANSWER: Duration = Duration::from_secs(600);

/// What a switch is waiting for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// The answer whether the SIM may go off the air.
    Releasing { until: Moment },
    /// The session, which is still starting: it is asked to go off the air once more at `again`.
    SessionStarting { again: Moment, until: Moment },
    /// The session, which empties its stores and goes off the air.
    GoingOffAir { until: Moment },
    /// The pause between the radio's going off the air and the switch.
    Pausing { until: Moment },
    /// The bank's answer to the switch command.
    Switching { until: Moment },
    /// The time that the bank's relays take to settle.
    Settling { until: Moment },
    /// The session, which is to resume.
    Resuming { until: Moment },
    /// The ICCID, which the session reads.
    Identifying {
        until: Moment,
        /// Since when the modem has said that there is no SIM.
        no_sim_since: Option<Moment>,
    },
    /// A network that accepts the SIM.
    Registering { until: Moment },
}

/// A radio, the slot that is to be put on it, and the profile of their bank.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'b> {
    pub radio: usize,
    pub local_slot: u32,
    pub profile: &'b BankProfile,
}

/// A switch that is under way.
#[derive(Clone, Debug)]
pub(super) struct Switch {
    pub slot: u32,
    pub reason: SwitchReason,
    /// The SIM that was on the radio.
    pub previous: Option<Iccid>,
    /// Whether that SIM was on the air.
    pub was_on_air: bool,
    /// The SIMs that were released for this switch.
    pub released: Vec<Iccid>,
    /// The SIM that should be in the slot, if it is known.
    pub expected: Option<Iccid>,
    step: Step,
    /// When the radio went off the air.
    pub off_air_since: Option<Moment>,
    /// How many times the bank has been sent the switch command.
    pub attempts: u8,
    /// The last failure, in words for an operator.
    pub failure: Option<String>,
}

/// The result of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// The switch goes on, with these actions.
    Continue(Vec<BankAction>),
    /// This SIM was read.
    SimRead(Iccid),
    /// There is no SIM in the slot.
    NoSim,
    /// The SIM is on the air.
    Registered,
    /// No network accepts the SIM.
    NotRegistered,
    /// The switch failed; [`Switch::failure`] says why.
    Failed,
    /// The switch was refused before anything was done.
    Refused,
}

impl Progress {
    fn wait() -> Progress {
        Progress::Continue(Vec::new())
    }
}

impl Switch {
    /// Prepares a switch. It starts with [`Switch::begin`].
    pub fn new(
        slot: u32,
        reason: SwitchReason,
        previous: Option<Iccid>,
        was_on_air: bool,
        expected: Option<Iccid>,
    ) -> Switch {
        Switch {
            slot,
            reason,
            previous,
            was_on_air,
            released: Vec::new(),
            expected,
            step: Step::Releasing { until: Moment::default() },
            off_air_since: None,
            attempts: 0,
            failure: None,
        }
    }

    /// Begins the switch, or begins it again. The SIM that is on the radio now has to be released
    /// first.
    pub fn begin(&mut self, on_radio: Option<Iccid>, radio: usize, now: Moment) -> BankAction {
        match on_radio {
            Some(iccid) => {
                self.step = Step::Releasing { until: now + ANSWER };
                BankAction::RequestRelease { radio, iccid }
            }
            None => self.take_off_air(None, radio, now),
        }
    }

    fn take_off_air(&mut self, iccid: Option<Iccid>, radio: usize, now: Moment) -> BankAction {
        self.step = Step::GoingOffAir { until: now + ANSWER };
        BankAction::TakeOffAir { radio, iccid }
    }

    /// Takes the answer whether a SIM may go off the air.
    pub fn on_release_answer(
        &mut self,
        radio: usize,
        iccid: &Iccid,
        granted: bool,
        now: Moment,
    ) -> Progress {
        match self.step {
            Step::Releasing { .. } if granted => {
                self.released.push(iccid.clone());
                Progress::Continue(vec![self.take_off_air(Some(iccid.clone()), radio, now)])
            }
            Step::Releasing { .. } => Progress::Refused,
            // The answer is no longer awaited; the SIM is reclaimed with the others.
            _ => {
                self.released.extend(granted.then(|| iccid.clone()));
                Progress::wait()
            }
        }
    }

    /// Takes the session's answer to [`BankAction::TakeOffAir`].
    pub fn on_off_air(
        &mut self,
        target: Target<'_>,
        result: Result<(), RequestError>,
        now: Moment,
    ) -> Progress {
        if !matches!(self.step, Step::GoingOffAir { .. }) {
            return Progress::wait();
        }
        match result {
            Ok(()) => {
                self.off_air_since = self.off_air_since.or(Some(now));
                let pause = target.profile.pause();
                // On a serial line the pause is made between the commands instead.
                if pause.is_zero() || target.profile.adapter == Adapter::Serial {
                    return self.command_bank(target, now);
                }
                self.step = Step::Pausing { until: now + pause };
                Progress::wait()
            }
            Err(RequestError::Starting) => {
                let (again, until) = (now + ASK_INTERVAL, now + SESSION_START);
                self.step = Step::SessionStarting { again, until };
                Progress::wait()
            }
            Err(error) => self.fail(error.to_string()),
        }
    }

    fn command_bank(&mut self, target: Target<'_>, now: Moment) -> Progress {
        self.step = Step::Switching { until: now + BANK_ANSWER };
        self.attempts = self.attempts.saturating_add(1);
        let Target { radio, local_slot, .. } = target;
        Progress::Continue(vec![BankAction::Switch { radio, local_slot }])
    }

    fn fail(&mut self, failure: String) -> Progress {
        self.failure = Some(failure);
        if self.off_air_since.is_some() { Progress::Failed } else { Progress::Refused }
    }

    /// Takes the bank's answer to the switch command. Whatever it is, the session is resumed,
    /// because only the ICCID shows whether the bank has switched.
    pub fn on_switched(&mut self, result: Result<(), String>, profile: &BankProfile, now: Moment) {
        if matches!(self.step, Step::Switching { .. }) {
            self.failure = result.err();
            self.step = Step::Settling { until: now + profile.settle() };
        }
    }

    /// Takes the session's answer to [`BankAction::ResumeSession`]. A session that answers that it
    /// is not off the air was restarted meanwhile, and reads the ICCID as well.
    pub fn on_session_resumed(
        &mut self,
        result: Result<(), RequestError>,
        profile: &BankProfile,
        now: Moment,
    ) {
        if matches!(self.step, Step::Resuming { .. }) {
            let failure = result.err().map(|error| error.to_string());
            self.failure = self.failure.take().or(failure);
            self.step = Step::Identifying { until: now + profile.identify(), no_sim_since: None };
        }
    }

    /// Takes the step that the session's status or the time allows.
    pub fn advance(
        &mut self,
        target: Target<'_>,
        session: &SessionStatus,
        now: Moment,
    ) -> Progress {
        let Target { radio, profile, .. } = target;
        match &mut self.step {
            Step::SessionStarting { until, .. } if *until <= now => {
                self.fail("the modem does not become ready".to_owned())
            }
            Step::SessionStarting { again, .. } if *again <= now => {
                // If a SIM has been read meanwhile, it has to be released first.
                if self.previous.is_none() {
                    self.previous.clone_from(&session.iccid);
                }
                let on_radio = session.iccid.clone().or(self.previous.clone());
                Progress::Continue(vec![self.begin(on_radio, radio, now)])
            }
            Step::Releasing { until } | Step::GoingOffAir { until } if *until <= now => {
                self.fail("the radio's session does not answer".to_owned())
            }
            Step::Resuming { until } if *until <= now => {
                self.on_session_resumed(Err(RequestError::TimedOut), profile, now);
                Progress::wait()
            }
            Step::Pausing { until } if *until <= now => self.command_bank(target, now),
            Step::Switching { until } if *until <= now => {
                self.on_switched(Err("the bank's answer was lost".to_owned()), profile, now);
                Progress::wait()
            }
            Step::Settling { until } if *until <= now => {
                self.step = Step::Resuming { until: now + ANSWER };
                let restart = profile.restart;
                Progress::Continue(vec![BankAction::ResumeSession { radio, restart }])
            }
            Step::Identifying { until, no_sim_since } => {
                if let Some(iccid) = &session.iccid {
                    return Progress::SimRead(iccid.clone());
                }
                *no_sim_since = if session.no_sim { no_sim_since.or(Some(now)) } else { None };
                if no_sim_since.is_some_and(|since| now - since >= NO_SIM) {
                    return Progress::NoSim;
                }
                if *until > now {
                    return Progress::wait();
                }
                let reason = session.reason.clone();
                let reason = reason.unwrap_or_else(|| "no ICCID was read in time".to_owned());
                self.failure = self.failure.take().or(Some(reason));
                Progress::Failed
            }
            Step::Registering { .. } if session.ready => Progress::Registered,
            Step::Registering { until } if *until <= now => Progress::NotRegistered,
            _ => Progress::wait(),
        }
    }

    /// Accepts the SIM that was read, and waits for a network to accept it.
    pub fn await_network(&mut self, profile: &BankProfile, now: Moment) {
        self.failure = None;
        self.step = Step::Registering { until: now + profile.register() };
    }

    /// When [`Switch::advance`] has to be called if nothing happens earlier.
    pub fn deadline(&self) -> Moment {
        match &self.step {
            Step::Releasing { until }
            | Step::GoingOffAir { until }
            | Step::Pausing { until }
            | Step::Switching { until }
            | Step::Settling { until }
            | Step::Resuming { until }
            | Step::Registering { until } => *until,
            Step::SessionStarting { again, until } => (*again).min(*until),
            Step::Identifying { until, no_sim_since } => {
                no_sim_since.map_or(*until, |since| (since + NO_SIM).min(*until))
            }
        }
    }

    /// What the radio is doing while the switch is in its present step.
    pub fn radio_state(&self) -> RadioState {
        match self.step {
            Step::Releasing { .. } | Step::SessionStarting { .. } | Step::GoingOffAir { .. } => {
                RadioState::Draining
            }
            Step::Pausing { .. } | Step::Switching { .. } | Step::Settling { .. } => {
                RadioState::Switching
            }
            Step::Resuming { .. } | Step::Identifying { .. } => RadioState::Starting,
            Step::Registering { .. } => RadioState::Registering,
        }
    }
}
