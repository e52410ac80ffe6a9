//! What each customer may do at a time and in a day, and what SIMs are sold for, in plain words.

use super::model::{Life, Model};
use super::*;

const DAY_S: i64 = 86_400;
/// So many orders must have ended before a customer is judged, by so many of the last ones.
const ENOUGH: usize = 50;
const JUDGED: usize = 100;
/// For how long a customer who gave up nearly all of them waits after each further one.
const PAUSE_S: i64 = 60;

/// What the operator allows a customer; `None` is no limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Allowed {
    pub(super) max_open: Option<usize>,
    pub(super) orders_per_day: Option<usize>,
    pub(super) spend_per_day: Option<i64>,
}

/// What counts for and against a customer.
#[derive(Debug)]
pub(super) struct Standing {
    allowed: Allowed,
    /// Whether the customer gave them up, of the orders that ended and did not lose their SIM.
    given_up: Vec<bool>,
    paused_until: i64,
    /// When something was charged for a rental.
    pub(super) terms: Vec<i64>,
}

impl Default for Standing {
    fn default() -> Standing {
        let allowed = Allowed { max_open: Some(1), orders_per_day: None, spend_per_day: None };
        Standing { allowed, given_up: Vec::new(), paused_until: 0, terms: Vec::new() }
    }
}

impl Standing {
    /// Whether more than 80 % of the last orders were given up.
    fn is_rationed(&self) -> bool {
        let last = &self.given_up[self.given_up.len().saturating_sub(JUDGED)..];
        let given_up = last.iter().filter(|given_up| **given_up).count();
        last.len() >= ENOUGH && given_up * 5 > last.len() * 4
    }
}

fn same_day(a: i64, b: i64) -> bool {
    a.div_euclid(DAY_S) == b.div_euclid(DAY_S)
}

impl Model {
    pub(super) fn limit(&mut self, account: usize, allowed: Allowed) -> String {
        self.standing[account].allowed = allowed;
        "done".into()
    }

    pub(super) fn set_pool(&mut self, sim: u16, pool: Pool) -> String {
        self.pools.insert(sim, pool);
        "done".into()
    }

    /// Whether a SIM is sold for orders, or else for rentals.
    pub(super) fn is_sold_for(&self, sim: u16, orders: bool) -> bool {
        match self.pools.get(&sim) {
            None | Some(Pool::Both) => true,
            Some(Pool::Orders) => orders,
            Some(Pool::Rentals) => !orders,
        }
    }

    /// An order ended with its SMS, by its customer or with its time.
    pub(super) fn note_end(&mut self, order: usize, given_up: bool, now: i64) {
        let (account, made_at) = (self.orders[order].account, self.orders[order].made_at);
        let standing = &mut self.standing[account];
        if given_up {
            let pause = if standing.is_rationed() { PAUSE_S } else { 0 };
            let until = (now + pause).max(made_at + self.min_cancel_age);
            standing.paused_until = standing.paused_until.max(until);
        }
        standing.given_up.push(given_up);
    }

    /// What keeps a customer from any order.
    pub(super) fn barrier(&self, account: usize, now: i64) -> Option<String> {
        let standing = &self.standing[account];
        let own = || self.orders.iter().filter(|order| order.account == account);
        let open = own().filter(|order| Model::is_open(order, now)).count();
        let is_full = standing.allowed.max_open.is_some_and(|most| open >= most);
        if open > 0 && (is_full || standing.is_rationed()) {
            return self.open_of(account, now).map(|oldest| format!("open {}", oldest + 1));
        }
        if now < standing.paused_until {
            return Some("paused".into());
        }
        let today = own().filter(|order| same_day(order.made_at, now)).count();
        let is_done = standing.allowed.orders_per_day.is_some_and(|most| today >= most);
        is_done.then(|| "limited orders_per_day".into())
    }

    /// Whether a customer may spend so much more today. Orders count on the day on which they are
    /// made, unless their price was given back.
    pub(super) fn may_spend(&self, account: usize, price: i64, now: i64) -> bool {
        let standing = &self.standing[account];
        let orders = self.orders.iter().filter(|order| {
            let is_paid = !matches!(order.life, Life::Over { .. }) && !order.refunded;
            order.account == account && is_paid && same_day(order.made_at, now)
        });
        let terms = standing.terms.iter().filter(|at| same_day(**at, now)).count();
        let spent: i64 = orders.map(|order| order.price).sum();
        let spent = spent + RENT * i64::try_from(terms).unwrap();
        standing.allowed.spend_per_day.is_none_or(|most| spent + price <= most)
    }

    /// The operator gives back what an order was charged.
    pub(super) fn refund(&mut self, order: usize) -> String {
        let order = &mut self.orders[order];
        if order.refunded || !matches!(order.life, Life::Completed { .. }) {
            return "refused".into();
        }
        order.refunded = true;
        self.balance[order.account] += order.price;
        "done".into()
    }
}
