//! What is known of a modem.

use std::sync::Arc;

use super::{card, iccid, modem, port};
use crate::domain::modem::{
    DeviceLock, FinalResult, MessageStore, MessageTrouble, ModemIdentity, ModemReason,
    ModemSnapshot, ModemState, ModemWarning, RecoveryStep, Registration, StoreFill,
};
use crate::domain::sim::NumberSource;

fn final_results() -> [FinalResult; 8] {
    [
        FinalResult::Ok,
        FinalResult::Error,
        FinalResult::Cme(Some(13)),
        FinalResult::Cms(None),
        FinalResult::NoCarrier,
        FinalResult::Busy,
        FinalResult::NoAnswer,
        FinalResult::NoDialtone,
    ]
}

pub fn reasons() -> Vec<ModemReason> {
    use ModemReason as R;
    let text = || "as the system says".to_owned();
    let failed = |cause| R::Failed { cause: Box::new(cause), step: RecoveryStep::Reopen };
    let locks = [
        DeviceLock::Card,
        DeviceLock::FirstCard,
        DeviceLock::Network,
        DeviceLock::NetworkSubset,
        DeviceLock::ServiceProvider,
        DeviceLock::Company,
        DeviceLock::Other,
    ];
    let with_data = [
        R::HeldBy { program: "minicom".to_owned(), pid: 17 },
        R::CannotOpen(text()),
        R::ServedOnOtherPort(port(2)),
        R::MayBeServedOnOtherPort(port(3)),
        R::CannotConnect(text()),
        R::LineInUse(text()),
        R::LineRefused(text()),
        R::ReadFailed(text()),
        R::WriteFailed(text()),
        R::StoreUnavailable(MessageStore::Both),
        R::RegistrationDenied { cause: Some(text()) },
        R::PinRefused(None),
        R::PinRefusedBefore(Some(iccid(1))),
        failed(failed(R::ServedOnOtherPort(port(4)))),
    ];
    let bare = [
        R::BeingOpened,
        R::BeingProbed,
        R::SimBeingChecked,
        R::SimBeingRead,
        R::BeingSetUp,
        R::RegistrationBeingRead,
        R::Searching,
        R::NotSearching,
        R::NoRegistrationTold,
        R::NothingAtPath,
        R::NoPermission,
        R::HeldByAnother,
        R::OpenTimedOut,
        R::OpenAborted,
        R::NotRfc2217,
        R::LineClosed,
        R::ServerSilent,
        R::LineSilent,
        R::HungUp,
        R::WriteTimedOut,
        R::SiteSilent,
        R::Silent,
        R::AnswersInDigits,
        R::SettingsLost,
        R::ModemUnknown,
        R::ModemOrSimUnknown,
        R::CommandsUnanswered,
        R::StoppedAnswering,
        R::Restarted,
        R::RestartedByOperator,
        R::RestartedAfterFullStore,
        R::TextMode,
        R::NoMessageStore,
        R::StoreNotReady,
        R::NoIndications,
        R::HostCannotStore,
        R::OffAir,
        R::EmergencyOnly,
        R::Deregistered,
        R::NoSim,
        R::SimNotReady,
        R::SimStarting,
        R::SimStateUnreadable,
        R::SimFailure,
        R::SimBeingReadAgain,
        R::SimFailsInUse,
        R::SimBlocked,
        R::IccidUnreadable,
        R::HostCannotRecordSim,
        R::PinWanted,
        R::PukWanted,
        R::PinAttemptsUnknown,
        R::PinLastAttempt,
        R::PinAllowedAgain,
        R::PinAttemptNotRecorded,
        R::ProbeTimedOut,
    ];
    let locked = locks.map(R::ModemLocked);
    bare.into_iter().chain(with_data).chain(locked).collect()
}

/// A snapshot in which every field is set.
pub fn snapshot(number: u32, state: ModemState) -> ModemSnapshot {
    let stores = [
        MessageStore::Sim,
        MessageStore::Modem,
        MessageStore::Both,
        MessageStore::Reports,
        MessageStore::Broadcasts,
        MessageStore::Adaptor,
    ];
    let troubles = final_results().map(MessageTrouble::ReadRefused).into_iter().chain([
        MessageTrouble::ReadUnanswered,
        MessageTrouble::Misfit,
        MessageTrouble::DeleteRefused(FinalResult::Error),
    ]);
    let stuck = troubles.map(|trouble| ModemWarning::MessageStuck {
        store: MessageStore::Modem,
        index: -1,
        trouble,
    });
    let others = [ModemWarning::Voltage("UNDER-VOLTAGE".to_owned()), ModemWarning::NoRoom];
    ModemSnapshot {
        port: port(number),
        state,
        reason: Some(ModemReason::ServedOnOtherPort(port(2))),
        identity: Some(ModemIdentity {
            id: modem(number).id,
            imei: "861234567890123".parse().ok(),
            manufacturer: "Quectel".to_owned(),
            model: "EC25".to_owned(),
            firmware: Some("EC25EFAR06A03M4G".to_owned()),
        }),
        profile: Some("quectel".to_owned()),
        sim: Some(card(NumberSource::Cnum)),
        signal_dbm: Some(-71),
        operator: Some("KPN".to_owned()),
        registration: Some(Registration::Home),
        stores: Arc::new(
            stores.map(|store| StoreFill { store, used: 1, total: 10 }).into_iter().collect(),
        ),
        warnings: Arc::new(stuck.chain(others).collect()),
    }
}
