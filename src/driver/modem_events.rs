//! What the driver needs of the rest of the daemon.

use std::future::Future;

use crate::domain::modem::{ModemSnapshot, RecoveryStep, SimCard};
use crate::domain::{Iccid, Imei, PortName};
use crate::modem::{CommandOutcome, MessageOwner, Received};

/// The host could not do it now. The driver tries again later; a message stays in its modem until
/// then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct HostError {
    /// Why, without a message's text.
    pub reason: String,
}

impl HostError {
    /// An error with this reason.
    pub fn new(reason: impl Into<String>) -> HostError {
        HostError { reason: reason.into() }
    }
}

/// The daemon's side of the driver. Calls for different modems, and several `store`s of one modem,
/// are under way at the same time; the `store`s of one modem are polled for the first time in the
/// order in which the messages were read.
pub trait ModemEvents: Send + Sync + 'static {
    /// Takes a port's report: one on every change, and one after every keep-alive. Must not block.
    fn report(&self, snapshot: ModemSnapshot);

    /// A port is not served any more. Must not block.
    fn removed(&self, _port: &PortName) {}

    /// A command has ended, answered or not. Must not block.
    fn command_ended(&self, _port: &PortName, _outcome: CommandOutcome) {}

    /// A recovery step is taken. Must not block.
    fn recovering(&self, _port: &PortName, _step: RecoveryStep) {}

    /// Records that a SIM card is in a modem. The answer says whose messages may still be in the
    /// modem's own store.
    fn identified(
        &self,
        imei: &Imei,
        sim: &SimCard,
    ) -> impl Future<Output = Result<MessageOwner, HostError>> + Send;

    /// Records that the modem's own store holds nothing of the previous card any more: from now on
    /// its messages are this card's.
    fn emptied(
        &self,
        imei: &Imei,
        iccid: &Iccid,
    ) -> impl Future<Output = Result<(), HostError>> + Send;

    /// Whether a PIN may be entered. `Ok(true)` means that the attempt is on disk, so that there is
    /// never a second one. By default no PIN is entered.
    fn may_enter_pin(
        &self,
        _imei: &Imei,
        _iccid: Option<&Iccid>,
    ) -> impl Future<Output = Result<bool, HostError>> + Send {
        async { Ok(false) }
    }

    /// The card accepted the PIN: the record of the attempt may be forgotten.
    fn pin_accepted(
        &self,
        _imei: &Imei,
        _iccid: Option<&Iccid>,
    ) -> impl Future<Output = Result<(), HostError>> + Send {
        async { Ok(()) }
    }

    /// Stores a message. `Ok` means that it is committed on disk; only then is it deleted from the
    /// modem.
    fn store(&self, received: Received) -> impl Future<Output = Result<(), HostError>> + Send;
}
