//! One switch of one radio: a step after the other, each with its deadline.

use std::time::Duration;

use super::api::{BankAction, Seen};
use super::model::Radio;
use super::plan::Choice;
use super::profile::BankProfile;
use crate::domain::Moment;
use crate::modem::RequestError;

/// A session that is still starting is asked again to leave, for so long.
const STARTING: Duration = Duration::from_secs(120);
/// So often.
const AGAIN: Duration = Duration::from_secs(2);
/// A modem that says for so long that there is no card has none.
const NO_CARD: Duration = Duration::from_secs(10);
/// The host and the session answer in any case, a session that empties its stores within a minute;
/// should the driver have lost the answer, it is not waited for for ever.
const ANSWER: Duration = Duration::from_secs(150);
/// The same for the bank, which has other radios to switch before.
const LOST: Duration = Duration::from_secs(600);

/// What is being waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The host's word that the card may leave.
    Asking { until: Moment },
    /// The session is still starting: it is asked to leave at `again`.
    Starting { again: Moment, until: Moment },
    /// The session's stores are emptied.
    Leaving { until: Moment },
    /// The radio is off; the switch comes then.
    Pausing { until: Moment },
    /// The bank's answer.
    Moving { until: Moment },
    /// The bank has switched, and its relays settle.
    Settling { until: Moment },
    /// The session's word that it comes back.
    Returning { until: Moment },
    /// The ICCID; since when the modem has said that there is no card.
    Identifying { until: Moment, no_card: Option<Moment> },
    /// The network.
    Registering { until: Moment },
}

/// A switch under way.
#[derive(Clone, Debug)]
pub(super) struct Switch {
    pub slot: u32,
    pub why: &'static str,
    /// The card that was on the radio.
    pub before: Option<String>,
    /// It was on the air.
    pub worked: bool,
    /// The cards that have leave because of this switch.
    pub let_go: Vec<String>,
    /// The card that is to come, where that is known.
    pub wanted: Option<String>,
    pub step: Step,
    /// Since when the radio has been deaf.
    pub began: Option<Moment>,
    /// How often the bank has been told.
    pub tries: u8,
    /// What went wrong last, in words.
    pub fault: Option<String>,
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// It goes on.
    On(Vec<BankAction>),
    /// This card was read.
    Read(String),
    /// There is no card.
    NoCard,
    /// The card is on the air, or no network takes it.
    Registered(bool),
    /// It went wrong; why stands in `fault`.
    Failed,
    /// Nothing has been done yet, and nothing will be.
    Refused,
}

impl Switch {
    /// Begins; a card that is on the radio has to be let go first.
    pub fn begin(
        choice: &Choice,
        radio: &Radio,
        wanted: Option<String>,
        place: usize,
        now: Moment,
    ) -> (Switch, BankAction) {
        let mut switch = Switch {
            slot: choice.slot,
            why: choice.why,
            before: radio.card().map(str::to_owned),
            worked: radio.ready_since.is_some(),
            let_go: Vec::new(),
            wanted,
            step: Step::Asking { until: now },
            began: None,
            tries: 0,
            fault: None,
        };
        let action = switch.again(switch.before.clone(), place, now);
        (switch, action)
    }

    /// Once more, with the card that is on the radio now.
    pub fn again(&mut self, on: Option<String>, radio: usize, now: Moment) -> BankAction {
        match on {
            Some(iccid) => {
                self.step = Step::Asking { until: now + ANSWER };
                BankAction::MayLeave { radio, iccid }
            }
            None => self.leave(None, radio, now),
        }
    }

    fn leave(&mut self, iccid: Option<String>, radio: usize, now: Moment) -> BankAction {
        self.step = Step::Leaving { until: now + ANSWER };
        BankAction::Leave { radio, iccid }
    }

    pub fn may_leave(&mut self, radio: usize, iccid: &str, yes: bool, now: Moment) -> Progress {
        match self.step {
            Step::Asking { .. } if yes => {
                self.let_go.push(iccid.to_owned());
                Progress::On(vec![self.leave(Some(iccid.to_owned()), radio, now)])
            }
            Step::Asking { .. } => Progress::Refused,
            // Nobody waits for the answer any more; the leave is taken back with the others.
            _ => {
                self.let_go.extend(yes.then(|| iccid.to_owned()));
                Progress::On(Vec::new())
            }
        }
    }

    pub fn left(
        &mut self,
        radio: usize,
        row: u32,
        profile: &BankProfile,
        said: Result<(), RequestError>,
        now: Moment,
    ) -> Progress {
        if !matches!(self.step, Step::Leaving { .. }) {
            return Progress::On(Vec::new());
        }
        match said {
            Ok(()) => {
                self.began = self.began.or(Some(now));
                if profile.pause().is_zero() || profile.adapter == super::Adapter::Serial {
                    return self.tell(radio, row, now);
                }
                self.step = Step::Pausing { until: now + profile.pause() };
                Progress::On(Vec::new())
            }
            Err(RequestError::Starting) => {
                self.step = Step::Starting { again: now + AGAIN, until: now + STARTING };
                Progress::On(Vec::new())
            }
            Err(error) => {
                self.fault = Some(error.to_string());
                if self.began.is_some() { Progress::Failed } else { Progress::Refused }
            }
        }
    }

    fn tell(&mut self, radio: usize, row: u32, now: Moment) -> Progress {
        self.step = Step::Moving { until: now + LOST };
        self.tries = self.tries.saturating_add(1);
        Progress::On(vec![BankAction::Switch { radio, row }])
    }

    /// The bank has answered. Whatever it says, the radio comes back: its ICCID tells what came of
    /// it.
    pub fn switched(&mut self, said: Result<(), String>, profile: &BankProfile, now: Moment) {
        if matches!(self.step, Step::Moving { .. }) {
            self.fault = said.err();
            self.step = Step::Settling { until: now + profile.settle() };
        }
    }

    pub fn returned(&mut self, said: Result<(), RequestError>, profile: &BankProfile, now: Moment) {
        if matches!(self.step, Step::Returning { .. }) {
            // A session that is not off the air any more has begun anew by itself, and reads the
            // ICCID too.
            self.fault = self.fault.take().or(said.err().map(|error| error.to_string()));
            self.step = Step::Identifying { until: now + profile.identify(), no_card: None };
        }
    }

    /// The radio's session says something, or time has passed.
    pub fn look(
        &mut self,
        radio: usize,
        row: u32,
        profile: &BankProfile,
        seen: &Seen,
        now: Moment,
    ) -> Progress {
        match &mut self.step {
            Step::Starting { until, .. } if *until <= now => {
                self.fault = Some("the modem does not become ready".to_owned());
                if self.began.is_some() { Progress::Failed } else { Progress::Refused }
            }
            // A card has been read meanwhile: it has to be let go like any other.
            Step::Starting { again, .. } if *again <= now => {
                if self.before.is_none() {
                    self.before.clone_from(&seen.iccid);
                }
                Progress::On(vec![self.again(
                    seen.iccid.clone().or(self.before.clone()),
                    radio,
                    now,
                )])
            }
            Step::Asking { until } | Step::Leaving { until } if *until <= now => {
                self.fault = Some("the radio's session does not answer".to_owned());
                if self.began.is_some() { Progress::Failed } else { Progress::Refused }
            }
            Step::Returning { until } if *until <= now => {
                self.returned(Err(RequestError::TimedOut), profile, now);
                Progress::On(Vec::new())
            }
            Step::Pausing { until } if *until <= now => self.tell(radio, row, now),
            Step::Moving { until } if *until <= now => {
                self.switched(Err("the bank's answer was lost".to_owned()), profile, now);
                Progress::On(Vec::new())
            }
            Step::Settling { until } if *until <= now => {
                self.step = Step::Returning { until: now + ANSWER };
                Progress::On(vec![BankAction::Return { radio, restart: profile.restart }])
            }
            Step::Identifying { until, no_card } => {
                if let Some(iccid) = &seen.iccid {
                    return Progress::Read(iccid.clone());
                }
                *no_card = if seen.no_card { no_card.or(Some(now)) } else { None };
                if no_card.is_some_and(|since| now - since >= NO_CARD) {
                    return Progress::NoCard;
                }
                if *until > now {
                    return Progress::On(Vec::new());
                }
                let reason =
                    seen.reason.clone().unwrap_or_else(|| "no ICCID was read in time".to_owned());
                self.fault = self.fault.take().or(Some(reason));
                Progress::Failed
            }
            Step::Registering { .. } if seen.works => Progress::Registered(true),
            Step::Registering { until } if *until <= now => Progress::Registered(false),
            _ => Progress::On(Vec::new()),
        }
    }

    /// A card was read that is taken for the right one: now the network.
    pub fn register(&mut self, profile: &BankProfile, now: Moment) {
        self.fault = None;
        self.step = Step::Registering { until: now + profile.register() };
    }

    pub fn deadline(&self) -> Option<Moment> {
        match &self.step {
            Step::Asking { until } | Step::Leaving { until } | Step::Returning { until } => {
                Some(*until)
            }
            Step::Starting { again, until } => Some((*again).min(*until)),
            Step::Identifying { until, no_card } => {
                Some(no_card.map_or(*until, |since| (since + NO_CARD).min(*until)))
            }
            Step::Pausing { until }
            | Step::Moving { until }
            | Step::Settling { until }
            | Step::Registering { until } => Some(*until),
        }
    }

    /// The step in a word for people.
    pub fn doing(&self) -> &'static str {
        match self.step {
            Step::Asking { .. } | Step::Starting { .. } | Step::Leaving { .. } => "draining",
            Step::Pausing { .. } | Step::Moving { .. } | Step::Settling { .. } => "switching",
            Step::Returning { .. } | Step::Identifying { .. } => "starting",
            Step::Registering { .. } => "registering",
        }
    }
}
