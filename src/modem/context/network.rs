//! What the modem tells of the network, and whether it may be told to choose one.

use std::time::Duration;

use super::Context;
use crate::at::RegistrationDomain;
use crate::domain::Moment;
use crate::domain::modem::{ModemReason, Registration};

/// How often the modem is told at most to choose a network by itself. Another program may take it
/// off the network each time.
const CHOICE_INTERVAL: Duration = Duration::from_secs(3600);

impl Context {
    /// The most telling registration among the domains of the network.
    pub fn registration(&self) -> Option<Registration> {
        let known = self.domains.iter().map(|(_, registration)| *registration);
        known.reduce(|best, next| if next.weight() > best.weight() { next } else { best })
    }

    pub fn is_registered(&self) -> bool {
        self.registration().is_some_and(Registration::is_registered)
    }

    pub fn set_registration(&mut self, domain: RegistrationDomain, registration: Registration) {
        let before = self.registration();
        match self.domains.iter_mut().find(|(known, _)| *known == domain) {
            Some(entry) => entry.1 = registration,
            None => self.domains.push((domain, registration)),
        }
        let after = self.registration();
        self.changed |= before != after;
        if after != Some(Registration::Denied) {
            self.refusal = None;
        }
    }

    /// Notes that the registration has been asked for in all domains.
    pub fn note_registration_read(&mut self) {
        self.changed |= !std::mem::replace(&mut self.registration_read, true);
    }

    /// Notes whether the modem says that it was taken off the network (`AT+COPS=2`).
    pub fn set_deregistered(&mut self, deregistered: bool) {
        self.changed |= self.is_deregistered != deregistered;
        self.is_deregistered = deregistered;
    }

    /// Notes the modem's reason why the network refuses the card; `None` when it has none to give.
    pub fn set_refusal(&mut self, cause: Option<String>) {
        self.refusal = Some(cause);
        self.changed = true;
    }

    /// Whether the modem may be told to choose a network, because another program has taken it off:
    /// not if the profile or a command of the operator chooses one, and not again and again.
    pub fn may_choose_network(&self, now: Moment) -> bool {
        let is_profiled = self.profile.init.iter().any(|command| chooses_network(command));
        let was_long_ago = |chosen_at| now - chosen_at >= CHOICE_INTERVAL;
        self.is_deregistered
            && !is_profiled
            && !self.operator_chooses
            && self.network_chosen_at.is_none_or(was_long_ago)
    }

    /// Notes a command that the operator has typed.
    pub fn note_operators_command(&mut self, command: &str) {
        self.operator_chooses |= chooses_network(command);
    }

    pub(super) fn network_reason(&self) -> ModemReason {
        match self.registration() {
            _ if self.is_deregistered => ModemReason::Deregistered,
            Some(Registration::Denied) => {
                ModemReason::RegistrationDenied { cause: self.refusal.clone().flatten() }
            }
            Some(Registration::Emergency) => ModemReason::EmergencyOnly,
            Some(Registration::Searching) => ModemReason::Searching,
            Some(Registration::Idle) => ModemReason::NotSearching,
            _ if self.registration_read => ModemReason::NoRegistrationTold,
            _ => ModemReason::RegistrationBeingRead,
        }
    }
}

/// Whether a command chooses a network, or leaves one (27.007 clause 7.3).
fn chooses_network(command: &str) -> bool {
    let command = command.to_ascii_uppercase();
    command.contains("+COPS=") && !command.contains("+COPS=?") && !command.contains("+COPS=3")
}
