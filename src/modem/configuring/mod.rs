//! Sets up PDU mode, the message stores and the announcement of new messages (`AT+CNMI`). The modem
//! is asked what it supports (`=?`); a setting is made and read back. Where it does not do what it
//! reports, the next candidate of a list is tried.

mod indications;
mod store_choice;

use std::collections::VecDeque;
use std::time::Duration;

use super::api::MessageOwner;
use super::channel::Outcome;
use super::context::Context;
use super::phase::{Next, Phase};
use super::reply::Reply;
use super::serving::Serving;
use crate::at::{
    self, Command, Indications, MessageStore, Registration, RegistrationDomain, SimTrouble,
    StoreSelection,
};
use crate::domain::Moment;
use crate::domain::modem::ModemReason;
use store_choice::{StoreChoice, Verdict};

/// The pause before a command is repeated because the message store is still starting.
const RETRY_PAUSE: Duration = Duration::from_secs(2);
/// How many times a command is repeated. A SIM full of messages takes half a minute to become
/// readable.
const MAX_RETRIES: u8 = 20;
/// How many times a command is repeated that a modem refuses because it is busy: it will take the
/// command later, and a reset would only have it begin again.
const MAX_BUSY_RETRIES: u8 = 60;
/// The pause between the later ones of them.
const LONG_RETRY_PAUSE: Duration = Duration::from_secs(5);

/// How many times that is repeated which switches to PDU mode. Messages can be read without it.
const MAX_PDU_MODE_RETRIES: u8 = 4;
/// The pause before a command about the stores is sent once more after it was refused.
const REPEAT_PAUSE: Duration = Duration::from_millis(500);

#[derive(Debug, Default)]
enum Step {
    #[default]
    Begin,
    /// Asking whether the modem's own store is empty, before anything can arrive in it for the card
    /// that is in: then nothing in it is of another card.
    OwnStore,
    /// Sending the commands of the profile; those that are left.
    ProfileCommands(VecDeque<String>),
    PduMode,
    /// Text mode is to show all there is of a message: the modem may keep to it, and another
    /// program may set it at any time.
    TextParameters,
    /// Trying values of `AT+CSMS`; those that are left, the present one first.
    Service(VecDeque<u8>),
    StoresSupported,
    SelectStores,
    IndicationsSupported,
    SetIndications,
    /// Reading back what `AT+CNMI` was set to.
    ReadIndications,
    /// Asking for URCs about the registration in the domain at this position.
    WatchRegistration(usize),
    Finished,
}

#[derive(Debug, Default)]
pub(super) struct Configuring {
    step: Step,
    /// Nothing is sent before this time.
    paused_until: Option<Moment>,
    retries: u8,
    /// Whether the command about stores that was just refused was sent before.
    repeated: bool,
    stores: StoreChoice,
    /// The selection of stores that was chosen.
    selected: Option<StoreSelection>,
    /// Settings of `AT+CNMI` that are still to be tried, the next one last.
    indications: Vec<Indications>,
}

impl Configuring {
    pub fn next(&mut self, context: &mut Context, now: Moment) -> Next {
        if let Some(until) = self.paused_until.filter(|until| now < *until) {
            return Next::Wait(Some(until));
        }
        self.paused_until = None;
        if matches!(self.step, Step::SetIndications) && self.indications.is_empty() {
            // No setting works, so sweeps alone find the messages.
            context.indications = None;
            self.step = Step::WatchRegistration(0);
        }
        if let Step::Begin = self.step {
            self.step = match context.own_store {
                MessageOwner::Current => profile_commands(context),
                MessageOwner::Unknown => Step::OwnStore,
            };
        }
        match &self.step {
            Step::Begin => Next::Wait(None),
            Step::OwnStore => Next::Send(Command::StoresSelected),
            Step::ProfileCommands(left) => match left.front() {
                Some(command) => Next::Send(Command::Own(command.clone())),
                None => {
                    self.step = Step::PduMode;
                    self.next(context, now)
                }
            },
            Step::PduMode => Next::Send(Command::PduMode),
            Step::TextParameters => Next::Send(Command::AllTextParameters),
            Step::Service(left) => Next::Send(Command::Service(left.front().copied().unwrap_or(0))),
            Step::StoresSupported => Next::Send(Command::StoresSupported),
            Step::SelectStores => match self.stores.next() {
                Some(selection) => Next::Send(Command::SelectStores(selection)),
                None => Next::GiveUp(ModemReason::NoMessageStore),
            },
            Step::IndicationsSupported => Next::Send(Command::IndicationsSupported),
            Step::SetIndications => {
                Next::Send(Command::Indicate(self.indications.last().copied().unwrap_or_default()))
            }
            Step::ReadIndications => Next::Send(Command::IndicationsSet),
            Step::WatchRegistration(number) => match RegistrationDomain::ALL.get(*number) {
                Some(domain) => Next::Send(Command::WatchRegistration(*domain)),
                None => {
                    self.step = Step::Finished;
                    self.next(context, now)
                }
            },
            Step::Finished => self.finish(context, now),
        }
    }

    fn finish(&mut self, context: &mut Context, now: Moment) -> Next {
        context.losses = 0;
        if context.domains.is_empty() {
            context.domains.push((RegistrationDomain::Circuit, Registration::Unknown));
        }
        match context.indications {
            _ if context.format.is_text() => context.set_reason(ModemReason::TextMode),
            Some(_) => context.clear_reason(),
            None => context.set_reason(ModemReason::NoIndications),
        }
        context.changed = true;
        let chosen = self.selected.map(|selection| selection.read);
        Next::Enter(Phase::Serving(Box::new(Serving::new(chosen, context, now))))
    }

    pub fn on_command_finished(
        &mut self,
        context: &mut Context,
        command: &Command,
        outcome: Outcome,
        reply: &Reply,
        now: Moment,
    ) {
        if !outcome.is_ok() && self.repeats(context, command, outcome, now) {
            return;
        }
        self.repeated = false;
        self.on_step_finished(context, command, outcome.is_ok(), reply, now);
    }

    /// Has a command that failed sent once more after a pause, if that is worth it. Returns whether
    /// it is.
    fn repeats(
        &mut self,
        context: &mut Context,
        command: &Command,
        outcome: Outcome,
        now: Moment,
    ) -> bool {
        if self.retries < self.worthwhile_retries(command, outcome) {
            self.retries += 1;
            let is_late = self.retries > MAX_RETRIES;
            self.paused_until = Some(now + if is_late { LONG_RETRY_PAUSE } else { RETRY_PAUSE });
            context.set_reason(ModemReason::StoreNotReady);
            return true;
        }
        let about_stores = matches!(command, Command::StoresSupported | Command::SelectStores(_));
        // A single refusal does not decide where messages are to arrive.
        let is_first = about_stores && !std::mem::replace(&mut self.repeated, true);
        if is_first {
            self.paused_until = Some(now + REPEAT_PAUSE);
        }
        is_first
    }

    /// Goes on to the next step, or to the next candidate of this one.
    fn on_step_finished(
        &mut self,
        context: &mut Context,
        command: &Command,
        ok: bool,
        reply: &Reply,
        now: Moment,
    ) {
        match (command, &mut self.step) {
            (Command::StoresSelected, Step::OwnStore) => {
                let messages = |line| at::parse_message_count(line, MessageStore::Modem);
                context.own_store_emptied |= ok && reply.find(messages) == Some(0);
                self.step = profile_commands(context);
            }
            (Command::Own(_), Step::ProfileCommands(left)) => drop(left.pop_front()),
            (Command::PduMode, Step::PduMode) if ok => {
                context.format.on_accepted();
                self.step = Step::TextParameters;
            }
            (Command::PduMode, Step::PduMode) => {
                context.format.on_refused(now);
                self.step = Step::TextParameters;
            }
            (Command::AllTextParameters, Step::TextParameters) => {
                self.step = first_service(context);
            }
            (Command::Service(_), Step::Service(left)) => {
                let service = left.pop_front();
                context.acknowledges = ok && service == Some(1);
                if ok || left.is_empty() {
                    self.step = Step::StoresSupported;
                }
            }
            (Command::StoresSupported, Step::StoresSupported) => {
                let lists =
                    reply.find(at::parse_stores_supported).filter(|_| ok).unwrap_or_default();
                self.stores = StoreChoice::plan(&context.profile.stores, &lists);
                self.step = Step::SelectStores;
            }
            (Command::SelectStores(selection), Step::SelectStores) => {
                let fills = reply.find(at::parse_store_fills).unwrap_or_default();
                if let Some(fill) = fills.first() {
                    context.set_store_fill(selection.read, *fill);
                }
                let room = selection.room(&fills).filter(|_| ok);
                self.on_stores_selected(context, *selection, ok, room, now);
            }
            (Command::IndicationsSupported, Step::IndicationsSupported) => {
                let supported = |line| at::payload(line, "+CNMI:").map(at::parse_choices);
                let supported = reply.find(supported).filter(|_| ok);
                self.plan_indications(context, supported.as_deref());
            }
            (Command::Indicate(_), Step::SetIndications) if ok => {
                self.step = Step::ReadIndications;
            }
            (Command::Indicate(_), Step::SetIndications) => drop(self.indications.pop()),
            (Command::IndicationsSet, Step::ReadIndications) => {
                self.on_indications_read(context, reply.find(at::parse_indications).filter(|_| ok));
            }
            (Command::WatchRegistration(domain), Step::WatchRegistration(number)) => {
                let next = *number + domains_done(context, *domain, ok);
                self.step = Step::WatchRegistration(next);
            }
            _ => {}
        }
    }

    /// Takes the result of a selection of stores, into which so many messages fit.
    fn on_stores_selected(
        &mut self,
        context: &mut Context,
        selection: StoreSelection,
        ok: bool,
        room: Option<u32>,
        now: Moment,
    ) {
        match self.stores.on_selected(selection, ok, room) {
            Verdict::LookAgain => {
                self.paused_until = Some(now + RETRY_PAUSE);
                context.set_reason(ModemReason::StoreNotReady);
            }
            Verdict::TryNext => {}
            Verdict::Chosen(plan) => {
                context.plan = plan;
                context.set_no_room(room == Some(0));
                self.selected = Some(selection);
                self.step = Step::IndicationsSupported;
            }
        }
    }

    /// How many more tries a command that failed is worth in all: most if card or modem are busy,
    /// some if nothing works without this command.
    fn worthwhile_retries(&self, command: &Command, outcome: Outcome) -> u8 {
        let is_last = matches!(command, Command::SelectStores(_)) && self.stores.is_last();
        match outcome.sim_trouble() {
            Some(SimTrouble::Busy) => MAX_BUSY_RETRIES,
            // Messages can be read in text mode too.
            _ if *command == Command::PduMode && matches!(outcome, Outcome::Refused(_)) => {
                MAX_PDU_MODE_RETRIES
            }
            _ if is_last || *command == Command::PduMode => MAX_RETRIES,
            _ => 0,
        }
    }
}

/// Notes whether the modem reports the registration in a domain. Returns how many domains are done
/// with that.
fn domains_done(context: &mut Context, domain: RegistrationDomain, ok: bool) -> usize {
    if ok && context.domains.iter().all(|(known, _)| *known != domain) {
        context.domains.push((domain, Registration::Unknown));
    }
    // A modem without LTE has no 5G either.
    if ok || domain != RegistrationDomain::Lte { 1 } else { RegistrationDomain::ALL.len() }
}

/// The step that sends the commands of the profile.
fn profile_commands(context: &Context) -> Step {
    let profile = &context.profile;
    Step::ProfileCommands(profile.urc_port.iter().chain(&profile.init).cloned().collect())
}

/// The step that tries the values of `AT+CSMS`.
fn first_service(context: &Context) -> Step {
    let services = &context.profile.services;
    Step::Service(if services.is_empty() {
        VecDeque::from([0])
    } else {
        services.iter().copied().collect()
    })
}
