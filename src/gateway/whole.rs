//! The gateway as a whole: its settings, its clock, its database, and how much it has to do.

use std::sync::Arc;
use std::time::Duration;

use super::{Error, Gateway, Settings, Topic};
use crate::domain::clock_trust::ClockTrust;
use crate::domain::modem::ModemSnapshot;
use crate::domain::{AccountId, Currency, PortName, Timestamp};
use crate::store::StoreError;

impl Gateway {
    /// The accounts' currency.
    pub fn currency(&self) -> Currency {
        self.settings().currency
    }

    /// The operator's settings as they are now.
    pub fn settings(&self) -> Arc<Settings> {
        self.0.env.settings()
    }

    /// Replaces the settings. Orders and rentals that run keep the end and the price that they were
    /// made with.
    pub fn apply_settings(&self, settings: Settings) {
        self.0.env.replace_settings(settings);
        self.0.wakeups.settings_changed();
    }

    /// The clock was set forward: it went ahead by so much more than time has passed.
    pub fn clock_was_set(&self, ahead: Duration) {
        self.0.clocks.own_clock_was_set(self.now());
        self.0.presence.clock_was_set(ahead);
        self.0.sites.clock_was_set(ahead);
        self.0.rentals.clock_was_set(ahead);
        self.0.wakeups.deadlines_changed();
    }

    /// How far this machine's clock can be relied on, and the time until which what cannot be
    /// undone is done.
    pub fn clock_trust(&self) -> (ClockTrust, Timestamp) {
        (self.0.env.clock_trust(), self.0.env.certain_now())
    }

    /// The service centres whose newest time stamps contradict each other.
    pub fn contradicted_network_clocks(&self) -> Vec<String> {
        self.0.clocks.contradicted(self.now())
    }

    /// Takes a modem's report that was made so long ago, and wakes those that wait for what it has
    /// changed: the number of a SIM that works now may have to be found out, and the lifetimes of
    /// orders on it begin; orders on one that has left may have to end.
    pub fn report_modem(&self, snapshot: ModemSnapshot, age: Duration) {
        let now = self.now();
        let reported = self.modems().report_seen(snapshot, now.minus(age), now);
        reported.announce(&self.0.wakeups, &self.0.topics);
    }

    /// Forgets a port that is no longer served.
    pub fn forget_port(&self, port: &PortName) {
        self.modems().remove(port, self.now());
        self.0.topics.raise(Topic::Modems);
        self.0.wakeups.deadlines_changed();
    }

    /// A SIM works now that did not before.
    #[cfg(test)]
    pub(super) fn sim_became_ready(&self) {
        self.0.wakeups.sim_became_ready();
    }

    /// The time by the injected clock.
    pub fn now(&self) -> Timestamp {
        self.0.env.now()
    }

    /// When the operator's day ends that is now, and with it the limits of the day.
    pub fn day_ends_at(&self) -> Timestamp {
        self.0.env.day_after(self.0.env.now())
    }

    /// Fails when the database's files were not where they should be when somebody looked last.
    /// Then nothing is stored any more, and customers must not be told what may be lost.
    pub fn require_database(&self) -> Result<(), Error> {
        let store = &self.0.env.store;
        if store.has_lost_place() { Ok(store.check_place()?) } else { Ok(()) }
    }

    /// Looks whether the database's files are where they were. If not, the writer saves what it
    /// can.
    pub async fn check_database(&self) -> Result<(), Error> {
        let store = self.0.env.store.clone();
        // A disk that hangs must hold nobody else up.
        let looked = tokio::task::spawn_blocking(move || store.check_place()).await;
        let checked = looked.unwrap_or(Err(StoreError::Gone));
        if checked.is_err() {
            // It fails like every other operation. That is how the writer notices.
            let _ = self.0.env.store.touch().await;
        }
        Ok(checked?)
    }

    /// How many long polls wait at this moment.
    pub fn poll_count(&self) -> usize {
        self.orders().poll_count() + self.rentals().poll_count() + self.sandbox().poll_count()
    }

    /// Whether so much of one account's waits to be written that its customers should come again
    /// later.
    pub fn is_overloaded_by(&self, account: AccountId) -> bool {
        self.0.env.store.is_crowded_by(account)
    }

    /// Whether so much waits to be written that customers should come again later.
    pub fn is_overloaded(&self) -> bool {
        self.0.env.store.is_crowded()
    }
}
