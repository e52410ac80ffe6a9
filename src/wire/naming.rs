//! Names on either side: a site says `/dev/ttyUSB0`, and the centre knows `ams:/dev/ttyUSB0`. What
//! a site says is given the centre's names, and what the centre asks of a site loses them. Each
//! match is exhaustive, so that a new word with a name in it is not forgotten.

use std::sync::Arc;

use super::words::{Question, Report, Request};
use crate::domain::bank::{BankReport, RadioReport, SwitchRecord};
use crate::domain::modem::{ModemIdentity, ModemReason, ModemSnapshot};
use crate::domain::{PortName, SiteName};
use crate::modem::Received;

impl<T> Question<T> {
    /// The question of a site, in the names that the centre knows.
    #[must_use]
    pub fn at(self, site: &SiteName) -> Question<T> {
        match self {
            Question::RecordIdentity { modem, others, sim } => Question::RecordIdentity {
                modem: site.modem(&modem),
                others: others.iter().map(|port| site.port(port)).collect(),
                sim,
            },
            Question::RecordEmptiedStore { modem, iccid } => {
                Question::RecordEmptiedStore { modem: site.modem(&modem), iccid }
            }
            Question::PermitPin { modem, iccid, only_if_accepted } => {
                Question::PermitPin { modem: site.modem(&modem), iccid, only_if_accepted }
            }
            Question::RecordAcceptedPin { modem, iccid } => {
                Question::RecordAcceptedPin { modem: site.modem(&modem), iccid }
            }
            Question::Store(received) => {
                let modem = site.modem(&received.modem);
                Question::Store(Received { modem, ..received })
            }
            Question::ReadSlots { bank } => Question::ReadSlots { bank: site.bank(&bank) },
            Question::SaveSlot { bank, record } => {
                Question::SaveSlot { bank: site.bank(&bank), record }
            }
            Question::SaveSwitch(record) => {
                let (bank, port) = (site.bank(&record.bank), site.port(&record.port));
                Question::SaveSwitch(SwitchRecord { bank, port, ..record })
            }
            Question::ReadDemands { sims } => Question::ReadDemands { sims },
            Question::Release { iccid } => Question::Release { iccid },
        }
    }
}

impl<T> Report<T> {
    /// The report of a site, in the names that the centre knows.
    #[must_use]
    pub fn at(self, site: &SiteName) -> Report<T> {
        match self {
            Report::Port { snapshot, age } => {
                Report::Port { snapshot: name_snapshot(snapshot, site), age }
            }
            Report::PortRemoved(port) => Report::PortRemoved(site.port(&port)),
            Report::Bank(report) => Report::Bank(name_bank(report, site)),
            Report::BankGone(bank) => Report::BankGone(site.bank(&bank)),
            Report::Reclaimed(iccid) => Report::Reclaimed(iccid),
            Report::PinNotEntered(number) => Report::PinNotEntered(number),
        }
    }
}

impl Request {
    /// The site that the request goes to, and the request in the names that are used there; `None`
    /// for one to the centre itself.
    pub fn for_site(self) -> Option<(SiteName, Request)> {
        let own = |port: &PortName| {
            let (site, port) = SiteName::of_port(port.as_str())?;
            Some((site, PortName::from_stored(port)))
        };
        match self {
            Request::Detail { port } => {
                own(&port).map(|(site, port)| (site, Request::Detail { port }))
            }
            Request::Recording { port } => {
                own(&port).map(|(site, port)| (site, Request::Recording { port }))
            }
            Request::Modem { port, request } => {
                own(&port).map(|(site, port)| (site, Request::Modem { port, request }))
            }
            Request::Switch { bank, radio, slot } => {
                let (site, bank) = SiteName::of_bank(&bank)?;
                let port = SiteName::of_port(&radio).filter(|(of_radio, _)| *of_radio == site);
                let radio = port.map_or(radio.as_str(), |(_, port)| port).to_owned();
                let bank = bank.to_owned();
                Some((site, Request::Switch { bank, radio, slot }))
            }
        }
    }
}

fn name_snapshot(snapshot: ModemSnapshot, site: &SiteName) -> ModemSnapshot {
    let ModemSnapshot {
        port,
        state,
        reason,
        identity,
        profile,
        sim,
        signal_dbm,
        operator,
        registration,
        stores,
        warnings,
    } = snapshot;
    let identity =
        identity.map(|identity| ModemIdentity { id: site.modem_id(&identity.id), ..identity });
    ModemSnapshot {
        port: site.port(&port),
        state,
        reason: reason.map(|reason| name_reason(reason, site)),
        identity,
        profile,
        sim,
        signal_dbm,
        operator,
        registration,
        stores: Arc::clone(&stores),
        warnings: Arc::clone(&warnings),
    }
}

fn name_bank<T>(report: BankReport<T>, site: &SiteName) -> BankReport<T> {
    let BankReport {
        name,
        profile,
        at,
        radios,
        slots,
        switch_time,
        sell_within,
        visit_on_view,
        trouble,
    } = report;
    let radios =
        radios.into_iter().map(|radio| RadioReport { port: site.port(&radio.port), ..radio });
    BankReport {
        name: site.bank(&name),
        profile,
        at,
        radios: radios.collect(),
        slots,
        switch_time,
        sell_within,
        visit_on_view,
        trouble,
    }
}

/// Names are in the reasons that point to another port.
fn name_reason(reason: ModemReason, site: &SiteName) -> ModemReason {
    match reason {
        ModemReason::ServedOnOtherPort(port) => ModemReason::ServedOnOtherPort(site.port(&port)),
        ModemReason::MayBeServedOnOtherPort(port) => {
            ModemReason::MayBeServedOnOtherPort(site.port(&port))
        }
        ModemReason::Failed { cause, step } => {
            ModemReason::Failed { cause: Box::new(name_reason(*cause, site)), step }
        }
        ModemReason::BeingOpened
        | ModemReason::BeingProbed
        | ModemReason::SimBeingChecked
        | ModemReason::SimBeingRead
        | ModemReason::BeingSetUp
        | ModemReason::RegistrationBeingRead
        | ModemReason::Searching
        | ModemReason::NotSearching
        | ModemReason::NoRegistrationTold
        | ModemReason::NothingAtPath
        | ModemReason::NoPermission
        | ModemReason::HeldBy { .. }
        | ModemReason::HeldByAnother
        | ModemReason::CannotOpen(_)
        | ModemReason::OpenTimedOut
        | ModemReason::OpenAborted
        | ModemReason::CannotConnect(_)
        | ModemReason::NotRfc2217
        | ModemReason::LineInUse(_)
        | ModemReason::LineRefused(_)
        | ModemReason::LineClosed
        | ModemReason::ServerSilent
        | ModemReason::LineSilent
        | ModemReason::HungUp
        | ModemReason::ReadFailed(_)
        | ModemReason::WriteFailed(_)
        | ModemReason::WriteTimedOut
        | ModemReason::SiteSilent
        | ModemReason::Silent
        | ModemReason::AnswersInDigits
        | ModemReason::SettingsLost
        | ModemReason::ModemUnknown
        | ModemReason::ModemOrSimUnknown
        | ModemReason::CommandsUnanswered
        | ModemReason::StoppedAnswering
        | ModemReason::Restarted
        | ModemReason::RestartedByOperator
        | ModemReason::PinAllowedAgain
        | ModemReason::RestartedAfterFullStore
        | ModemReason::TextMode
        | ModemReason::NoMessageStore
        | ModemReason::StoreNotReady
        | ModemReason::StoreUnavailable(_)
        | ModemReason::NoIndications
        | ModemReason::HostCannotStore
        | ModemReason::OffAir
        | ModemReason::RegistrationDenied { .. }
        | ModemReason::EmergencyOnly
        | ModemReason::Deregistered
        | ModemReason::NoSim
        | ModemReason::SimNotReady
        | ModemReason::SimStarting
        | ModemReason::SimStateUnreadable
        | ModemReason::SimFailure
        | ModemReason::SimBeingReadAgain
        | ModemReason::SimFailsInUse
        | ModemReason::SimBlocked
        | ModemReason::ModemLocked(_)
        | ModemReason::IccidUnreadable
        | ModemReason::HostCannotRecordSim
        | ModemReason::PinWanted
        | ModemReason::PukWanted
        | ModemReason::PinAttemptsUnknown
        | ModemReason::PinLastAttempt
        | ModemReason::PinRefused(_)
        | ModemReason::PinRefusedBefore(_)
        | ModemReason::PinAttemptNotRecorded
        | ModemReason::ProbeTimedOut => reason,
    }
}
