//! The announcement of new messages: which settings of `AT+CNMI` are tried, and whether one is in
//! effect.

use super::super::context::Context;
use super::super::profile::Quirk;
use super::{Configuring, Step};
use crate::at::{Choices, Indications};

/// Messages are stored and not announced. This is for a modem that would otherwise deliver messages
/// inside their URC and acknowledge them to the network by itself.
const SILENT: Indications = Indications { mode: 2, mt: 0, bm: 0, ds: 0, bfr: 0 };

/// Messages are stored and announced (`mt` 1).
const fn stored_and_announced(mode: u8, bm: u8, ds: u8, bfr: u8) -> Indications {
    Indications { mode, mt: 1, bm, ds, bfr }
}

/// Settings in which messages are stored and announced, in order of preference: without broadcasts
/// and status reports first, then those that some models accept alone.
const INDICATIONS: [Indications; 9] = [
    stored_and_announced(2, 0, 0, 0),
    stored_and_announced(2, 0, 0, 1),
    stored_and_announced(1, 0, 0, 0),
    stored_and_announced(1, 0, 0, 1),
    stored_and_announced(2, 0, 1, 0),
    stored_and_announced(2, 0, 2, 0),
    stored_and_announced(2, 2, 0, 0),
    stored_and_announced(2, 2, 2, 0),
    stored_and_announced(3, 0, 0, 0),
];

impl Configuring {
    /// Plans which settings of `AT+CNMI` to try: those of the profile first, then those that the
    /// modem reports as supported, then the others, because some modems accept what they do not
    /// report.
    ///
    /// A message that arrives inside its URC (`mt` 2 or 3) is in no store. Such a setting is used
    /// only where we acknowledge the message to the network once it is on disk, never where the
    /// modem acknowledges it by itself.
    pub(super) fn plan_indications(&mut self, context: &Context, supported: Option<&[Choices]>) {
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
    pub(super) fn on_indications_read(&mut self, context: &mut Context, set: Option<Indications>) {
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
