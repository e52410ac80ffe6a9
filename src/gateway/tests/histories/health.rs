//! What the model knows of the health of numbers and of SIMs.

use std::collections::BTreeMap;

use super::model::ModelOrder;
use super::*;

const DAY_S: i64 = 86_400;
/// What is given up earlier tells nothing.
const JUDGED_AFTER_S: i64 = 60;

/// What speaks against a SIM's number for a service.
#[derive(Debug, Default, Clone)]
struct Pair {
    in_a_row: u32,
    rests: u32,
    rests_until: i64,
}

/// Failures of numbers for services, and silent orders of SIMs.
#[derive(Debug, Default)]
pub(super) struct Health {
    pairs: BTreeMap<(u16, usize), Pair>,
    /// When a failure of an account counted last.
    counted: BTreeMap<(u16, usize, usize), i64>,
    /// The services of the silent orders of a SIM since it heard something.
    silent: BTreeMap<u16, Vec<usize>>,
    deaf_until: BTreeMap<u16, i64>,
}

impl Health {
    pub(super) fn may_be_sold(&self, sim: u16, now: i64) -> bool {
        self.deaf_until.get(&sim).is_none_or(|until| *until <= now)
    }

    /// Whether a SIM that seemed deaf is tried again, and has heard nothing since.
    pub(super) fn is_on_probation(&self, sim: u16, now: i64) -> bool {
        self.deaf_until.get(&sim).is_some_and(|until| *until <= now)
    }

    pub(super) fn is_failing(&self, sim: u16, service: usize, now: i64) -> bool {
        self.pairs.get(&(sim, service)).is_some_and(|pair| pair.rests_until > now)
    }

    pub(super) fn has_failed(&self, sim: u16, service: usize) -> bool {
        self.pairs.get(&(sim, service)).is_some_and(|pair| pair.in_a_row > 0)
    }

    pub(super) fn code(&mut self, order: &ModelOrder) {
        self.pairs.remove(&(order.sim, order.service));
    }

    pub(super) fn hears(&mut self, sim: u16) {
        self.silent.remove(&sim);
        self.deaf_until.remove(&sim);
    }

    /// An order was given up.
    pub(super) fn given_up(&mut self, order: &ModelOrder, now: i64) {
        let began = order.made_at.max(order.ends_at - LIFETIME_S);
        if !order.awaits && now >= began + JUDGED_AFTER_S {
            self.failure(order, now);
        }
    }

    /// An order's lifetime was over without an SMS.
    pub(super) fn expired(&mut self, order: &ModelOrder, now: i64) {
        if order.awaits {
            return;
        }
        self.failure(order, now);
        let silent = self.silent.entry(order.sim).or_default();
        silent.push(order.service);
        let first = silent[0];
        if silent.len() >= 3 && silent.iter().any(|service| *service != first) {
            self.deaf_until.insert(order.sim, now + DAY_S);
        }
    }

    fn failure(&mut self, order: &ModelOrder, now: i64) {
        let by = (order.sim, order.service, order.account);
        if self.counted.get(&by).is_some_and(|last| *last > now - DAY_S) {
            return;
        }
        self.counted.insert(by, now);
        let pair = self.pairs.entry((order.sim, order.service)).or_default();
        pair.in_a_row += 1;
        if pair.in_a_row >= 3 && now >= pair.rests_until {
            pair.rests_until = now + (DAY_S << pair.rests).min(30 * DAY_S);
            pair.rests += 1;
        }
    }
}
