//! Reads which card is in and what its number is, and asks the host which card owns the messages in
//! the modem's own store.

use std::collections::VecDeque;
use std::time::Duration;

use super::api::{Action, MessageOwner, NotRecorded, Token};
use super::channel::Outcome;
use super::charset;
use super::configuring::Configuring;
use super::context::Context;
use super::iccid_readings::{IccidReadings, Verdict};
use super::phase::{Next, Phase};
use super::reply::{self, Reply};
use super::sim_check::SimCheck;
use crate::at::{self, Command, IccidSource, SimTrouble};
use crate::domain::Moment;
use crate::domain::modem::{ModemReason, OwnNumber, SimCard};
use crate::domain::sim::NumberSource;

/// The pause before a card that is still starting is asked again.
const BUSY_PAUSE: Duration = Duration::from_secs(2);
/// How many times such a card is asked again.
const BUSY_TRIES: u8 = 5;
/// The pause before the next attempt when no command could read the ICCID.
const UNREADABLE_PAUSE: Duration = Duration::from_secs(15);
/// The pause before the card is read again to find out which modem it is in.
const UNCERTAIN_PAUSE: Duration = Duration::from_secs(1);
/// The pause before the host is asked again when it could not record the card.
const HOST_PAUSE: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
enum Step {
    #[default]
    Begin,
    /// The sources that are still to be tried, the present one first.
    Iccid(VecDeque<IccidSource>),
    Unreadable,
    Imsi,
    OwnNumber,
    Phonebook,
    PhonebookEntry,
    Record,
    Recording(Token),
    Finished,
}

#[derive(Debug, Default)]
pub(super) struct Identifying {
    step: Step,
    pause: Option<Moment>,
    busy: u8,
    readings: IccidReadings,
    card: Option<SimCard>,
}

impl Identifying {
    pub fn next(&mut self, context: &mut Context, now: Moment) -> Next {
        if let Some(until) = self.pause.filter(|until| now < *until) {
            return Next::Wait(Some(until));
        }
        self.pause = None;
        if let Step::Begin = self.step {
            self.step = Step::Iccid(context.iccid_sources());
        }
        match &self.step {
            Step::Begin => Next::Wait(None),
            Step::Iccid(sources) if !sources.is_empty() => {
                Next::Send(Command::Iccid(sources.front().cloned().unwrap_or(IccidSource::File)))
            }
            Step::Iccid(_) | Step::Unreadable => {
                context.set_reason(ModemReason::IccidUnreadable);
                Next::Enter(Phase::SimCheck(SimCheck::after(UNREADABLE_PAUSE, now)))
            }
            Step::Imsi => Next::Send(Command::Imsi),
            Step::OwnNumber => Next::Send(Command::OwnNumber),
            Step::Phonebook => Next::Send(Command::OwnPhonebook),
            Step::PhonebookEntry => Next::Send(Command::OwnPhonebookEntry),
            Step::Record => self.record(context),
            Step::Recording(_) => Next::Wait(None),
            Step::Finished => Next::Enter(Phase::Configuring(Configuring::default())),
        }
    }

    fn record(&mut self, context: &mut Context) -> Next {
        let (Some(sim), Some(modem)) = (self.card.clone(), context.modem()) else {
            return Next::GiveUp(ModemReason::ModemOrSimUnknown);
        };
        let token = context.new_token();
        self.step = Step::Recording(token);
        context.set_sim(sim.clone());
        context.actions.push_back(Action::Identified { token, modem, sim });
        Next::Wait(None)
    }

    /// Takes the host's answer. An answer to an earlier question is ignored.
    pub fn on_recorded(
        &mut self,
        context: &mut Context,
        token: Token,
        answer: Result<MessageOwner, NotRecorded>,
        now: Moment,
    ) {
        if !matches!(self.step, Step::Recording(asked) if asked == token) {
            return;
        }
        match answer {
            Ok(owner) => {
                context.clear_reason();
                context.own_store = owner;
                self.step = Step::Finished;
            }
            Err(NotRecorded::HostFailed) => {
                context.set_reason(ModemReason::HostCannotRecordSim);
                self.step = Step::Record;
                self.pause = Some(now + HOST_PAUSE);
            }
            Err(NotRecorded::ModemUncertain(other)) => {
                context.set_reason(ModemReason::MayBeServedOnOtherPort(other));
                self.step = Step::Iccid(context.iccid_sources());
                self.pause = Some(now + UNCERTAIN_PAUSE);
            }
        }
    }

    pub fn on_command_finished(
        &mut self,
        context: &mut Context,
        command: &Command,
        outcome: Outcome,
        reply: &Reply,
        now: Moment,
    ) {
        if outcome.sim_trouble() == Some(SimTrouble::Busy) && self.busy < BUSY_TRIES {
            self.busy += 1;
            self.pause = Some(now + BUSY_PAUSE);
            context.set_reason(ModemReason::SimStarting);
            return;
        }
        match (command, &self.step) {
            (Command::Iccid(source), Step::Iccid(..)) => {
                self.on_iccid_read(context, source, outcome, reply)
            }
            (Command::Imsi, Step::Imsi) => {
                let imsi = reply.find(at::parse_imsi).filter(|_| outcome.is_ok());
                let imsi = imsi.and_then(|digits| digits.parse().ok());
                self.with_card(|card| card.imsi = imsi);
                self.step = Step::OwnNumber;
            }
            (Command::OwnNumber, Step::OwnNumber) => {
                let read =
                    |line| at::parse_own_number(&charset::decode_strings(line, context.charset));
                let number = reply.find(read).filter(|_| outcome.is_ok());
                self.set_number(number, NumberSource::Cnum, Step::Phonebook);
            }
            (Command::OwnPhonebook, Step::Phonebook) => {
                self.step = if outcome.is_ok() { Step::PhonebookEntry } else { Step::Record };
            }
            (Command::OwnPhonebookEntry, Step::PhonebookEntry) => {
                let read = |line| {
                    at::parse_phonebook_number(&charset::decode_strings(line, context.charset))
                };
                let number = reply.find(read).filter(|_| outcome.is_ok());
                self.set_number(number, NumberSource::Phonebook, Step::Record);
            }
            _ => return,
        }
        self.busy = 0;
    }

    fn on_iccid_read(
        &mut self,
        context: &mut Context,
        source: &IccidSource,
        outcome: Outcome,
        reply: &Reply,
    ) {
        let Step::Iccid(sources) = &mut self.step else { return };
        let found = reply.find(reply::parse_iccid).filter(|_| outcome.is_ok());
        match found.map_or(Verdict::Unusable, |iccid| self.readings.judge(iccid)) {
            Verdict::Believed(iccid)
                if self.card.as_ref().is_some_and(|card| card.iccid == iccid) =>
            {
                self.step = Step::Record;
            }
            Verdict::Believed(iccid) => {
                context.iccid_source = Some(source.clone());
                context.card_known = true;
                context.clear_reason();
                self.card = Some(SimCard { iccid, imsi: None, number: None });
                self.step = Step::Imsi;
            }
            Verdict::ReadAgain => {}
            Verdict::Unusable => {
                sources.pop_front();
                if sources.is_empty() {
                    self.step = Step::Unreadable;
                }
            }
        }
    }

    fn with_card(&mut self, change: impl FnOnce(&mut SimCard)) {
        if let Some(card) = &mut self.card {
            change(card);
        }
    }

    fn set_number(&mut self, number: Option<String>, source: NumberSource, otherwise: Step) {
        self.step = if number.is_some() { Step::Record } else { otherwise };
        self.with_card(|card| card.number = number.map(|number| OwnNumber { number, source }));
    }
}
