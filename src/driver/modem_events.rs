//! What the driver needs from the rest of the daemon.

use std::future::Future;

use crate::domain::modem::{ModemSnapshot, PinPermission, RecoveryStep, SimCard};
use crate::domain::{Iccid, ModemAtPort, PortName};
use crate::modem::{CommandOutcome, MessageOwner, Received};

/// The host could not do now what the driver asked for. The driver asks again later; until then a
/// message stays in its modem.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct HostError {
    /// The reason, which never contains the text of a message.
    pub reason: String,
}

impl HostError {
    /// Makes an error with this reason.
    pub fn new(reason: impl Into<String>) -> HostError {
        HostError { reason: reason.into() }
    }
}

/// The host of the driver: the rest of the daemon, as the driver sees it. Calls for different
/// modems, and several `store`s of one modem, run concurrently; the `store`s of one modem are
/// polled for the first time in the order in which the messages were read.
pub trait ModemEvents: Send + Sync + 'static {
    /// A port reports its state: on every change and after every keep-alive. Must not block.
    fn report(&self, snapshot: ModemSnapshot);

    /// A port is no longer served. Must not block.
    fn on_port_removed(&self, _port: &PortName) {}

    /// A command to the modem has finished, answered or not. Must not block.
    fn on_command_finished(&self, _port: &PortName, _outcome: CommandOutcome) {}

    /// The driver is about to take a recovery step. Must not block.
    fn on_recovery_step(&self, _port: &PortName, _step: RecoveryStep) {}

    /// Records that a SIM card is in a modem. The answer says whose messages may still be in the
    /// modem's own store. `others` are the ports at which other modems tell the same of themselves
    /// as this one.
    fn record_identity(
        &self,
        modem: &ModemAtPort,
        others: &[PortName],
        sim: &SimCard,
    ) -> impl Future<Output = Result<MessageOwner, HostError>> + Send;

    /// Records that the modem's own store no longer holds any message of another card: from now
    /// on its messages belong to this card.
    fn record_emptied_store(
        &self,
        modem: &ModemAtPort,
        iccid: &Iccid,
    ) -> impl Future<Output = Result<(), HostError>> + Send;

    /// Permits that a PIN is entered, or not; with `only_if_accepted`, only into a card that has
    /// accepted one before. If it does, the attempt has been recorded on disk, so that a wrong PIN
    /// is never entered a second time. By default no PIN is entered.
    fn permit_pin(
        &self,
        _modem: &ModemAtPort,
        _iccid: Option<&Iccid>,
        _only_if_accepted: bool,
    ) -> impl Future<Output = Result<PinPermission, HostError>> + Send {
        async { Ok(PinPermission::NeverAccepted) }
    }

    /// Records that the card has accepted the PIN.
    fn record_accepted_pin(
        &self,
        _modem: &ModemAtPort,
        _iccid: Option<&Iccid>,
    ) -> impl Future<Output = Result<(), HostError>> + Send {
        async { Ok(()) }
    }

    /// Stores a message. `Ok` means that it has been committed to disk; only then is it deleted
    /// from the modem.
    fn store(&self, received: Received) -> impl Future<Output = Result<(), HostError>> + Send;
}
