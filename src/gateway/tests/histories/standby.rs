//! The SIMs of the model's bank.

use super::model::ModelLong;
use super::*;

impl Model {
    pub(super) fn on_air(&self, sim: u16, now: i64) -> bool {
        self.seen_at.get(&sim).is_some_and(|seen| now - seen < 200)
    }

    /// Whether something keeps a SIM from leaving.
    pub(super) fn stays(&self, sim: u16, now: i64) -> bool {
        let awaited = |long: &ModelLong| {
            long.sim == sim && long.shown.is_none() && now < long.from + PATIENCE_S
        };
        self.running(sim, now).any(|order| order.life == Life::Open)
            || self.longs.iter().any(awaited)
    }

    /// Whether a SIM is parked in the bank, and the bank believed.
    pub(super) fn parked(&self, sim: u16, now: i64) -> bool {
        let fresh = self.told_at.is_some_and(|told| now - told < 300);
        fresh && sim > SIMS && self.radio != Some(sim) && !self.on_air(sim, now)
    }

    /// Whether the bank's radio could take a SIM: nothing holds the one on it, and no other is
    /// awaited.
    pub(super) fn radio_is_free(&self, now: i64) -> bool {
        let awaited = self.orders.iter().any(|order| order.awaits && Self::is_open(order, now));
        !awaited && self.radio.is_none_or(|sim| !self.stays(sim, now))
    }

    /// A SIM is on the bank's radio and works: what was sold of it begins.
    pub(super) fn switch_in(&mut self, sim: u16, now: i64) {
        self.radio = Some(sim);
        self.seen_at.insert(sim, now);
        self.away.remove(&sim);
        let waiting = self.orders.iter_mut().filter(|order| order.sim == sim && order.awaits);
        for order in waiting.filter(|order| Model::is_open(order, now)) {
            order.awaits = false;
            order.ends_at = order.made_at.max(now + LIFETIME_S);
        }
    }
}
