//! Which card is it, what is its number, and whose are the messages in the modem's own store?

use std::collections::VecDeque;
use std::time::Duration;

use super::api::{Action, MessageOwner, Token};
use super::channel::Outcome;
use super::configuring::Configuring;
use super::context::Context;
use super::phase::{Next, Phase};
use super::reply::{self, Reply};
use super::sim_check::SimCheck;
use crate::at::{self, Command, IccidSource, SimTrouble};
use crate::domain::Moment;
use crate::domain::modem::{ModemReason, OwnNumber, SimCard};
use crate::domain::sim::NumberSource;

/// A card that is still starting is asked again.
const BUSY_PAUSE: Duration = Duration::from_secs(2);
/// That often.
const BUSY_TRIES: u8 = 5;
/// When no command reads the ICCID.
const UNREADABLE_PAUSE: Duration = Duration::from_secs(15);
/// When the host cannot take the card in.
const HOST_PAUSE: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
enum Step {
    /// The source that worked last, or the first of all.
    #[default]
    Begin,
    /// The sources that are still to be tried, the present one first.
    Iccid(VecDeque<IccidSource>),
    Unreadable,
    Imsi,
    OwnNumber,
    Phonebook,
    PhonebookEntry,
    Tell,
    Told(Token),
    Finished,
}

#[derive(Debug, Default)]
pub(super) struct Identifying {
    step: Step,
    pause: Option<Moment>,
    busy: u8,
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
            Step::Tell => self.tell(context),
            Step::Told(_) => Next::Wait(None),
            Step::Finished => Next::Enter(Phase::Configuring(Configuring::default())),
        }
    }

    fn tell(&mut self, context: &mut Context) -> Next {
        let (Some(sim), Some(identity)) = (self.card.clone(), context.identity.as_ref()) else {
            return Next::GiveUp(ModemReason::ModemOrSimUnknown);
        };
        let imei = identity.imei.clone();
        let token = context.token();
        self.step = Step::Told(token);
        context.set_sim(sim.clone());
        context.actions.push_back(Action::Identified { token, imei, sim });
        Next::Wait(None)
    }

    /// The host's answer; one to an earlier question is ignored.
    pub fn recorded(
        &mut self,
        context: &mut Context,
        token: Token,
        answer: Result<MessageOwner, ()>,
        now: Moment,
    ) {
        if !matches!(self.step, Step::Told(asked) if asked == token) {
            return;
        }
        match answer {
            Ok(owner) => {
                context.no_reason();
                context.own_store = owner;
                self.step = Step::Finished;
            }
            Err(()) => {
                context.set_reason(ModemReason::HostCannotRecordSim);
                self.step = Step::Tell;
                self.pause = Some(now + HOST_PAUSE);
            }
        }
    }

    pub fn ended(
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
                self.iccid_read(context, source, outcome, reply)
            }
            (Command::Imsi, Step::Imsi) => {
                let imsi = reply.find(at::imsi).filter(|_| outcome.is_ok());
                let imsi = imsi.and_then(|digits| digits.parse().ok());
                self.with_card(|card| card.imsi = imsi);
                self.step = Step::OwnNumber;
            }
            (Command::OwnNumber, Step::OwnNumber) => {
                let number = reply.find(at::own_number).filter(|_| outcome.is_ok());
                self.numbered(number, NumberSource::Cnum, Step::Phonebook);
            }
            (Command::OwnPhonebook, Step::Phonebook) => {
                self.step = if outcome.is_ok() { Step::PhonebookEntry } else { Step::Tell };
            }
            (Command::OwnPhonebookEntry, Step::PhonebookEntry) => {
                let number = reply.find(at::phonebook_number).filter(|_| outcome.is_ok());
                self.numbered(number, NumberSource::Phonebook, Step::Tell);
            }
            _ => return,
        }
        self.busy = 0;
    }

    fn iccid_read(
        &mut self,
        context: &mut Context,
        source: &IccidSource,
        outcome: Outcome,
        reply: &Reply,
    ) {
        let Step::Iccid(sources) = &mut self.step else { return };
        match reply.find(reply::iccid).filter(|_| outcome.is_ok()) {
            Some(iccid) => {
                context.iccid_source = Some(source.clone());
                context.card_known = true;
                context.no_reason();
                self.card = Some(SimCard { iccid, imsi: None, number: None });
                self.step = Step::Imsi;
            }
            None => {
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

    fn numbered(&mut self, number: Option<String>, source: NumberSource, otherwise: Step) {
        self.step = if number.is_some() { Step::Tell } else { otherwise };
        self.with_card(|card| card.number = number.map(|number| OwnNumber { number, source }));
    }
}
