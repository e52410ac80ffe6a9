//! PDU mode, the stores, the indications. What a modem can do is asked (`=?`), set, and read back;
//! where it lies about that, the next candidate of a list is tried.

use std::collections::VecDeque;
use std::time::Duration;

use super::channel::Outcome;
use super::context::{Context, StorePlan};
use super::phase::{Next, Phase};
use super::profile::{Profile, Quirk};
use super::reply::Reply;
use super::serving::Serving;
use crate::at::{
    self, Choices, Command, Domain, Indications, MessageStore, Registration, SimTrouble,
    StoreSelection,
};
use crate::domain::Moment;
use crate::domain::modem::ModemReason;

/// A store that is still starting is asked again.
const PAUSE: Duration = Duration::from_secs(2);
/// Pauses before the modem is given up: a SIM full of messages takes half a minute to become
/// readable.
const PAUSES: u8 = 20;

/// Nothing is announced, and everything stored: for a modem that else would hand messages over with
/// their URC and acknowledge them itself.
const SILENT: Indications = Indications { mode: 2, mt: 0, bm: 0, ds: 0, bfr: 0 };

const fn cnmi(mode: u8, bm: u8, ds: u8, bfr: u8) -> Indications {
    Indications { mode, mt: 1, bm, ds, bfr }
}

/// Stored mode in the order of preference: no broadcasts, no status reports; then what picky models
/// take.
const INDICATIONS: [Indications; 9] = [
    cnmi(2, 0, 0, 0),
    cnmi(2, 0, 0, 1),
    cnmi(1, 0, 0, 0),
    cnmi(1, 0, 0, 1),
    cnmi(2, 0, 1, 0),
    cnmi(2, 0, 2, 0),
    cnmi(2, 2, 0, 0),
    cnmi(2, 2, 2, 0),
    cnmi(3, 0, 0, 0),
];

#[derive(Debug, Default)]
enum Step {
    #[default]
    Begin,
    /// The profile's own commands.
    Own(VecDeque<String>),
    PduMode,
    /// Still to be tried, the present one first.
    Service(VecDeque<u8>),
    StoresSupported,
    Select,
    IndicationsSupported,
    Indicate,
    IndicationsSet,
    Watch(usize),
    Finished,
    Failed(ModemReason),
}

#[derive(Debug, Default)]
pub(super) struct Configuring {
    step: Step,
    pause: Option<Moment>,
    pauses: u8,
    readable: Vec<MessageStore>,
    /// Still to be tried, the next one last.
    selections: Vec<StoreSelection>,
    selected: Option<StoreSelection>,
    /// Still to be tried, the next one last.
    indications: Vec<Indications>,
}

impl Configuring {
    pub fn next(&mut self, context: &mut Context, now: Moment) -> Next {
        if let Some(until) = self.pause.filter(|until| now < *until) {
            return Next::Wait(Some(until));
        }
        self.pause = None;
        if matches!(self.step, Step::Indicate) && self.indications.is_empty() {
            context.indications = None;
            self.step = Step::Watch(0);
        }
        if let Step::Begin = self.step {
            self.step = own_commands(context);
        }
        match &self.step {
            Step::Begin => Next::Wait(None),
            Step::Own(left) => match left.front() {
                Some(command) => Next::Send(Command::Own(command.clone())),
                None => {
                    self.step = Step::PduMode;
                    self.next(context, now)
                }
            },
            Step::PduMode => Next::Send(Command::PduMode),
            Step::Service(left) => Next::Send(Command::Service(left.front().copied().unwrap_or(0))),
            Step::StoresSupported => Next::Send(Command::StoresSupported),
            Step::Select => match self.selections.last() {
                Some(selection) => Next::Send(Command::SelectStores(*selection)),
                None => Next::GiveUp(ModemReason::NoMessageStore),
            },
            Step::IndicationsSupported => Next::Send(Command::IndicationsSupported),
            Step::Indicate => {
                Next::Send(Command::Indicate(self.indications.last().copied().unwrap_or_default()))
            }
            Step::IndicationsSet => Next::Send(Command::IndicationsSet),
            Step::Watch(number) => match Domain::ALL.get(*number) {
                Some(domain) => Next::Send(Command::WatchRegistration(*domain)),
                None => {
                    self.step = Step::Finished;
                    self.next(context, now)
                }
            },
            Step::Finished => self.finish(context, now),
            Step::Failed(reason) => Next::GiveUp(reason.clone()),
        }
    }

    fn finish(&mut self, context: &mut Context, now: Moment) -> Next {
        context.losses = 0;
        if context.domains.is_empty() {
            context.domains.push((Domain::Circuit, Registration::Unknown));
        }
        match context.indications {
            Some(_) => context.no_reason(),
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
        let asked_again = !ok && self.asks_again(command, outcome);
        if asked_again && self.pauses < PAUSES {
            self.pauses += 1;
            self.pause = Some(now + PAUSE);
            return context.set_reason(ModemReason::StoreNotReady);
        }
        match (command, &mut self.step) {
            (Command::Own(_), Step::Own(left)) => drop(left.pop_front()),
            (Command::PduMode, Step::PduMode) if ok => self.step = services(context),
            (Command::PduMode, Step::PduMode) => self.step = Step::Failed(ModemReason::NoPduMode),
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
            (Command::SelectStores(selection), Step::Select) => {
                if let Some(fill) = reply.find(at::store_fill) {
                    context.filled(selection.read, fill);
                }
                self.selection_ended(context, *selection, ok);
            }
            (Command::IndicationsSupported, Step::IndicationsSupported) => {
                let supported = |line| at::payload(line, "+CNMI:").map(at::groups);
                let supported = reply.find(supported).filter(|_| ok);
                self.plan_indications(context, supported.as_deref());
            }
            (Command::Indicate(_), Step::Indicate) if ok => self.step = Step::IndicationsSet,
            (Command::Indicate(_), Step::Indicate) => drop(self.indications.pop()),
            (Command::IndicationsSet, Step::IndicationsSet) => {
                self.indications_read(context, reply.find(at::indications).filter(|_| ok));
            }
            (Command::WatchRegistration(domain), Step::Watch(number)) => {
                if ok && context.domains.iter().all(|(known, _)| known != domain) {
                    context.domains.push((*domain, Registration::Unknown));
                }
                self.step = Step::Watch(*number + 1);
            }
            _ => {}
        }
    }

    /// Whether the command is worth another try: the card is busy, or it is one without which
    /// nothing works.
    fn asks_again(&self, command: &Command, outcome: Outcome) -> bool {
        let busy = outcome.sim_trouble() == Some(SimTrouble::Busy);
        let last = matches!(command, Command::SelectStores(_)) && self.selections.len() == 1;
        busy || last || *command == Command::PduMode
    }

    /// The card's store for arriving messages: so they go where the card goes. Both stores are
    /// read, or the view of both where there is no other way to the modem's own.
    fn plan_stores(&mut self, profile: &Profile, lists: &[Vec<MessageStore>]) {
        let told = &profile.stores;
        let parameters = told.parameters.unwrap_or_else(|| u8::try_from(lists.len()).unwrap_or(0));
        let none = Vec::new();
        let readable = lists.first().unwrap_or(&none);
        let receiving = lists.get(2).or(lists.first()).unwrap_or(&none);
        let has = |store: &MessageStore| readable.is_empty() || readable.contains(store);
        self.readable =
            match (has(&MessageStore::Sim), has(&MessageStore::Modem), has(&MessageStore::Both)) {
                (true, true, _) => vec![MessageStore::Sim, MessageStore::Modem],
                (_, _, true) => vec![MessageStore::Both],
                (_, true, _) => vec![MessageStore::Modem],
                _ => vec![MessageStore::Sim],
            };
        if !told.read.is_empty() {
            self.readable.clone_from(&told.read);
        }
        let possible = |store: &MessageStore| receiving.is_empty() || receiving.contains(store);
        let usual = [MessageStore::Sim, MessageStore::Modem, MessageStore::Both]
            .into_iter()
            .filter(possible);
        let mut receive = told.receive.clone();
        receive.extend(usual.filter(|store| !told.receive.contains(store)));
        let counts: &[u8] =
            if parameters == 0 { &[3, 2, 1] } else { std::slice::from_ref(&parameters) };
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
        self.step = Step::Select;
    }

    fn selection_ended(&mut self, context: &mut Context, selection: StoreSelection, ok: bool) {
        self.selections.pop();
        if ok {
            let (receive, parameters) = (selection.receive, selection.parameters);
            let readable = std::mem::take(&mut self.readable);
            context.plan = StorePlan { readable, receive, parameters };
            self.selected = Some(selection);
            self.step = Step::IndicationsSupported;
        }
    }

    /// What the profile says comes first, then what the modem says it takes; then the rest, because
    /// some take what they do not name.
    ///
    /// A message that comes with its URC (`mt` 2, 3) lies nowhere but here: that is chosen only
    /// where it is acknowledged when it is on disk, never where the modem acknowledges by
    /// itself.
    fn plan_indications(&mut self, context: &Context, supported: Option<&[Choices]>) {
        let withholds = context.acknowledges && !context.profile.has(Quirk::NoAcknowledge);
        let profiled =
            context.profile.indications.iter().filter(|profiled| profiled.mt < 2 || withholds);
        let fits = |wanted: &Indications| {
            let Some(lists) = supported else { return true };
            let values = [wanted.mode, wanted.mt, wanted.bm, wanted.ds, wanted.bfr];
            lists.iter().zip(values).all(|(list, value)| list.allows(i32::from(value)))
        };
        let (named, unnamed): (Vec<_>, Vec<_>) = INDICATIONS.into_iter().partition(fits);
        self.indications = profiled.copied().chain(named).chain(unnamed).chain([SILENT]).collect();
        self.indications.reverse();
        self.step = Step::Indicate;
    }

    /// What is set counts, not what was accepted.
    fn indications_read(&mut self, context: &mut Context, set: Option<Indications>) {
        let tried = self.indications.pop();
        let mt = tried.map_or(1, |tried| tried.mt);
        if set.is_none_or(|set| set.mt == mt && set.mode != 0) {
            context.indications = tried.filter(|tried| *tried != SILENT);
            self.step = Step::Watch(0);
        } else {
            self.step = Step::Indicate;
        }
    }
}

fn own_commands(context: &Context) -> Step {
    let profile = &context.profile;
    Step::Own(profile.urc_port.iter().chain(&profile.init).cloned().collect())
}

fn services(context: &Context) -> Step {
    let services = &context.profile.services;
    Step::Service(if services.is_empty() {
        VecDeque::from([0])
    } else {
        services.iter().copied().collect()
    })
}
