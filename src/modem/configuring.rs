//! Sets up PDU mode, the message stores and the announcement of new messages (`AT+CNMI`). The modem
//! is asked what it supports (`=?`); a setting is made and read back. Where it does not do what it
//! reports, the next candidate of a list is tried.

use std::collections::VecDeque;
use std::time::Duration;

use super::api::MessageOwner;
use super::channel::Outcome;
use super::context::{Context, StorePlan};
use super::phase::{Next, Phase};
use super::profile::{Profile, Quirk};
use super::reply::Reply;
use super::serving::Serving;
use crate::at::{
    self, Choices, Command, Indications, MessageStore, Registration, RegistrationDomain,
    SimTrouble, StoreSelection,
};
use crate::domain::Moment;
use crate::domain::modem::ModemReason;

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
/// How often a store without room is looked at again before another one is chosen.
const MAX_LOOKS: u8 = 2;
/// The pause before a command about the stores is sent once more after it was refused.
const REPEAT_PAUSE: Duration = Duration::from_millis(500);

/// Messages are stored and not announced. This is for a modem that would otherwise deliver messages
/// inside their URC and acknowledge them to the network by itself.
const SILENT: Indications = Indications { mode: 2, mt: 0, bm: 0, ds: 0, bfr: 0 };

/// Messages are stored and announced (`mt` 1).
const fn stored(mode: u8, bm: u8, ds: u8, bfr: u8) -> Indications {
    Indications { mode, mt: 1, bm, ds, bfr }
}

/// Settings in which messages are stored and announced, in order of preference: without broadcasts
/// and status reports first, then those that some models accept alone.
const INDICATIONS: [Indications; 9] = [
    stored(2, 0, 0, 0),
    stored(2, 0, 0, 1),
    stored(1, 0, 0, 0),
    stored(1, 0, 0, 1),
    stored(2, 0, 1, 0),
    stored(2, 0, 2, 0),
    stored(2, 2, 0, 0),
    stored(2, 2, 2, 0),
    stored(3, 0, 0, 0),
];

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
    readable: Vec<MessageStore>,
    /// Selections of stores that are still to be tried, the next one last.
    selections: Vec<StoreSelection>,
    selected: Option<StoreSelection>,
    /// How often a store without room was looked at again.
    looks: u8,
    /// The first selection in which messages would arrive in a store without room.
    without_room: Option<StoreSelection>,
    /// Whether no store has room, so that one without is chosen.
    accepts_no_room: bool,
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
            Step::SelectStores => match self.selections.last() {
                Some(selection) => Next::Send(Command::SelectStores(*selection)),
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
        let ok = outcome.is_ok();
        let retries = self.worthwhile_retries(command, outcome);
        if !ok && self.retries < retries {
            self.retries += 1;
            let is_late = self.retries > MAX_RETRIES;
            self.paused_until = Some(now + if is_late { LONG_RETRY_PAUSE } else { RETRY_PAUSE });
            return context.set_reason(ModemReason::StoreNotReady);
        }
        let about_stores = matches!(command, Command::StoresSupported | Command::SelectStores(_));
        if !ok && about_stores && !std::mem::replace(&mut self.repeated, true) {
            // A single refusal does not decide where messages are to arrive.
            self.paused_until = Some(now + REPEAT_PAUSE);
            return;
        }
        self.repeated = false;
        match (command, &mut self.step) {
            (Command::StoresSelected, Step::OwnStore) => {
                let messages = |line| at::messages_in(line, MessageStore::Modem);
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
                let lists = reply.find(at::stores_supported).filter(|_| ok).unwrap_or_default();
                self.plan_stores(&context.profile, &lists);
            }
            (Command::SelectStores(selection), Step::SelectStores) => {
                let fills = reply.find(at::store_fills).unwrap_or_default();
                if let Some(fill) = fills.first() {
                    context.set_store_fill(selection.read, *fill);
                }
                let room = selection.room(&fills).filter(|_| ok);
                self.on_stores_selected(context, *selection, ok, room, now);
            }
            (Command::IndicationsSupported, Step::IndicationsSupported) => {
                let supported = |line| at::payload(line, "+CNMI:").map(at::groups);
                let supported = reply.find(supported).filter(|_| ok);
                self.plan_indications(context, supported.as_deref());
            }
            (Command::Indicate(_), Step::SetIndications) if ok => {
                self.step = Step::ReadIndications;
            }
            (Command::Indicate(_), Step::SetIndications) => drop(self.indications.pop()),
            (Command::IndicationsSet, Step::ReadIndications) => {
                self.on_indications_read(context, reply.find(at::indications).filter(|_| ok));
            }
            (Command::WatchRegistration(domain), Step::WatchRegistration(number)) => {
                if ok && context.domains.iter().all(|(known, _)| known != domain) {
                    context.domains.push((*domain, Registration::Unknown));
                }
                // A modem without LTE has no 5G either.
                let next = if ok || *domain != RegistrationDomain::Lte {
                    1
                } else {
                    RegistrationDomain::ALL.len()
                };
                self.step = Step::WatchRegistration(*number + next);
            }
            _ => {}
        }
    }

    /// How many more tries a command that failed is worth in all: most if card or modem are busy,
    /// some if nothing works without this command.
    fn worthwhile_retries(&self, command: &Command, outcome: Outcome) -> u8 {
        let is_last = matches!(command, Command::SelectStores(_)) && self.selections.len() == 1;
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

    /// Plans which stores to read and where messages are to arrive. `lists` are the stores that the
    /// modem reports for each parameter of `AT+CPMS`.
    ///
    /// Messages arrive in the card's own store if possible, so that they move with the card. Both
    /// stores are read, or `MT`, the view of both, where the modem's own cannot be read otherwise.
    fn plan_stores(&mut self, profile: &Profile, lists: &[Vec<MessageStore>]) {
        let overrides = &profile.stores;
        let parameters =
            overrides.parameters.unwrap_or_else(|| u8::try_from(lists.len()).unwrap_or(0));
        let none = Vec::new();
        let receiving = lists.get(2).or(lists.first()).unwrap_or(&none);
        self.readable = if overrides.read.is_empty() {
            stores_to_read(lists.first().unwrap_or(&none))
        } else {
            overrides.read.clone()
        };
        let possible = |store: &MessageStore| receiving.is_empty() || receiving.contains(store);
        let usual = [MessageStore::Sim, MessageStore::Modem, MessageStore::Both]
            .into_iter()
            .filter(possible);
        let mut receive = overrides.receive.clone();
        receive.extend(usual.filter(|store| !overrides.receive.contains(store)));
        let mut counts = vec![parameters];
        counts.extend([3, 2, 1].into_iter().filter(|count| *count != parameters));
        counts.retain(|count| *count > 0);
        let fallback = self.readable.first().copied().unwrap_or(MessageStore::Sim);
        for receive in receive {
            let read = if self.readable.contains(&receive) { receive } else { fallback };
            self.selections.extend(counts.iter().map(|count| StoreSelection {
                read,
                receive,
                parameters: *count,
            }));
        }
        if self.selections.is_empty() {
            self.selections.push(StoreSelection {
                read: fallback,
                receive: fallback,
                parameters: 1,
            });
        }
        self.selections.reverse();
        self.step = Step::SelectStores;
    }

    /// Takes the result of a selection. `room` is how many messages fit into the store in which
    /// messages arrive, if the modem says so. One without any room is not chosen while there is
    /// another, because the network holds back what finds no room (23.040 9.2.3.22).
    fn on_stores_selected(
        &mut self,
        context: &mut Context,
        selection: StoreSelection,
        ok: bool,
        room: Option<u32>,
        now: Moment,
    ) {
        let is_without_room = room == Some(0) && !self.accepts_no_room;
        if is_without_room && self.looks < MAX_LOOKS {
            // A card that is still being read has no room yet.
            self.looks += 1;
            self.paused_until = Some(now + RETRY_PAUSE);
            return context.set_reason(ModemReason::StoreNotReady);
        }
        self.selections.pop();
        if is_without_room {
            self.without_room.get_or_insert(selection);
            self.selections.retain(|other| other.receive != selection.receive);
        } else if ok {
            let (receive, parameters) = (selection.receive, selection.parameters);
            let readable = std::mem::take(&mut self.readable);
            let unavailable = Vec::new();
            context.plan = StorePlan { readable, unavailable, receive, parameters };
            context.set_no_room(room == Some(0));
            self.selected = Some(selection);
            self.step = Step::IndicationsSupported;
        }
        if self.selections.is_empty()
            && let Some(first) = self.without_room.take()
        {
            self.accepts_no_room = true;
            self.selections.push(first);
        }
    }

    /// Plans which settings of `AT+CNMI` to try: those of the profile first, then those that the
    /// modem reports as supported, then the others, because some modems accept what they do not
    /// report.
    ///
    /// A message that arrives inside its URC (`mt` 2 or 3) is in no store. Such a setting is used
    /// only where we acknowledge the message to the network once it is on disk, never where the
    /// modem acknowledges it by itself.
    fn plan_indications(&mut self, context: &Context, supported: Option<&[Choices]>) {
        let we_acknowledge = context.acknowledges && !context.profile.has(Quirk::NoAcknowledge);
        let profiled =
            context.profile.indications.iter().filter(|profiled| profiled.mt < 2 || we_acknowledge);
        let fits = |wanted: &Indications| {
            let Some(lists) = supported else { return true };
            let values = [wanted.mode, wanted.mt, wanted.bm, wanted.ds, wanted.bfr];
            lists.iter().zip(values).all(|(list, value)| list.allows(i32::from(value)))
        };
        let (named, unnamed): (Vec<_>, Vec<_>) = INDICATIONS.into_iter().partition(fits);
        self.indications = profiled.copied().chain(named).chain(unnamed).chain([SILENT]).collect();
        self.indications.reverse();
        self.step = Step::SetIndications;
    }

    /// Checks the setting that was read back, because modems also accept settings that they ignore.
    fn on_indications_read(&mut self, context: &mut Context, set: Option<Indications>) {
        let tried = self.indications.pop();
        let mt = tried.map_or(1, |tried| tried.mt);
        if set.is_none_or(|set| set.mt == mt && set.mode != 0) {
            context.indications = tried.filter(|tried| *tried != SILENT);
            self.step = Step::WatchRegistration(0);
        } else {
            self.step = Step::SetIndications;
        }
    }
}

/// The stores to read, of those that the modem reports as readable. A modem that reports none is
/// taken to have all.
fn stores_to_read(readable: &[MessageStore]) -> Vec<MessageStore> {
    let has = |store| readable.is_empty() || readable.contains(&store);
    match (has(MessageStore::Sim), has(MessageStore::Modem), has(MessageStore::Both)) {
        (true, true, _) => vec![MessageStore::Sim, MessageStore::Modem],
        (_, _, true) => vec![MessageStore::Both],
        (_, true, _) => vec![MessageStore::Modem],
        _ => vec![MessageStore::Sim],
    }
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
