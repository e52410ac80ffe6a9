//! What the operator can ask of the channels for notices. The daemon puts the delivery behind it.

use super::BoxFuture;
use crate::domain::Timestamp;

/// A channel for notices, and what became of those that were sent over it since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChannelReport {
    pub name: String,
    /// The service that takes its notices, by its word in the configuration.
    pub kind: &'static str,
    /// How many messages were sent.
    pub sent: u64,
    /// How many attempts failed.
    pub failed: u64,
    /// When one was sent last.
    pub sent_at: Option<Timestamp>,
    /// Why the last attempt failed, unless it was successful.
    pub error: Option<String>,
}

/// The channels for notices.
pub trait Notifier: Send + Sync {
    /// All channels by name.
    fn channels(&self) -> Vec<ChannelReport>;

    /// Sends a test over one channel or, without a name, over each: which were sent, and why others
    /// were not. It is empty when there is no channel of this name.
    fn test(&self, name: Option<String>) -> BoxFuture<'_, Vec<(String, Result<(), String>)>>;
}
