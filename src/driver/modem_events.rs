//! What the driver needs of the rest of the daemon.

use std::future::Future;

use super::recovery::Step;
use crate::modem::{Answered, MessageOwner, Received, SimCard, Snapshot};

/// The host could not do it now. The driver tries again later; a message stays in its modem until
/// then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct HostError {
    /// Why, without a message's text.
    pub reason: String,
}

impl HostError {
    /// With this reason.
    pub fn new(reason: impl Into<String>) -> HostError {
        HostError { reason: reason.into() }
    }
}

/// The daemon's side. Calls for different modems, and several `store`s of one modem, are under way
/// at the same time; the `store`s of one modem are polled for the first time in the order in which
/// the messages were read.
pub trait ModemEvents: Send + Sync + 'static {
    /// On every change, and after every keep-alive. Must not block.
    fn report(&self, snapshot: Snapshot);

    /// This port is not served any more. Must not block.
    fn removed(&self, _port: &str) {}
    /// A command was answered, or not. Must not block.
    fn answered(&self, _port: &str, _answered: Answered) {}

    /// A step of the recovery ladder is taken. Must not block.
    fn recovering(&self, _port: &str, _step: Step) {}

    /// This card is in this modem. The answer says whose messages may still lie in the modem's own
    /// store.
    fn identified(
        &self,
        imei: &str,
        sim: &SimCard,
    ) -> impl Future<Output = Result<MessageOwner, HostError>> + Send;

    /// The modem's own store holds nothing of the former card any more: custody moves to this card.
    fn emptied(
        &self,
        imei: &str,
        iccid: &str,
    ) -> impl Future<Output = Result<(), HostError>> + Send;

    /// May a PIN be entered? `Ok(true)` means that the try is on disk, so that there is never a
    /// second one. Without this, none is entered.
    fn may_enter_pin(
        &self,
        _imei: &str,
        _iccid: Option<&str>,
    ) -> impl Future<Output = Result<bool, HostError>> + Send {
        async { Ok(false) }
    }

    /// The card took the PIN: the try may be forgotten.
    fn pin_accepted(
        &self,
        _imei: &str,
        _iccid: Option<&str>,
    ) -> impl Future<Output = Result<(), HostError>> + Send {
        async { Ok(()) }
    }

    /// `Ok` means committed on disk; only then is the message deleted from the modem.
    fn store(&self, received: Received) -> impl Future<Output = Result<(), HostError>> + Send;
}
