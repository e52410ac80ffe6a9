//! What is asked over and over, kept in memory beside the database: which key opens which account,
//! which orders are open, what each number was used for.
//!
//! All of it only ever shorten the way to an answer that the database would give too. Whatever ends
//! an order or changes what a key opens takes it out here right after its commit, on the writer's
//! thread and therefore in the order of the commits; what is not here is looked up.

use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::domain::allocation::Use;
use crate::domain::{AccountId, OrderId, ServiceId, Timestamp};
use crate::store::Holder;

/// Keys that are remembered; past that all are forgotten and learnt anew.
const MOST_KEYS: usize = 10_000;

/// The memory.
#[derive(Debug, Default)]
pub(super) struct RequestCache {
    keys: RwLock<Keys>,
    open: RwLock<HashMap<OrderId, OpenOrder>>,
    uses: RwLock<Uses>,
    /// The services and countries whose last order found no number.
    scarce: RwLock<HashSet<(ServiceId, String)>>,
}

#[derive(Debug, Default)]
struct Keys {
    holders: HashMap<[u8; 32], Holder>,
    /// Grows with every change of what keys open: what was looked up before a change is not
    /// remembered after it.
    generation: u64,
}

/// What each number was used for, as far as somebody has asked. Sixteen bytes a number and service.
#[derive(Debug, Default)]
struct Uses {
    by_number: HashMap<String, Arc<[Use]>>,
    /// As that of [`Keys`].
    generation: u64,
}

#[derive(Debug, Clone, Copy)]
struct OpenOrder {
    account: AccountId,
    expires_at: Timestamp,
}

impl RequestCache {
    /// The memory with the orders that are open.
    pub(super) fn with(orders: Vec<(OrderId, AccountId, Timestamp)>) -> RequestCache {
        let hot = RequestCache::default();
        orders
            .into_iter()
            .for_each(|(order, account, expires_at)| hot.opened(order, account, expires_at));
        hot
    }

    /// Whom a key opens, if that is remembered; else the generation to remember the answer under.
    pub(super) fn holder(&self, digest: &[u8; 32]) -> Result<Holder, u64> {
        let keys = read(&self.keys);
        keys.holders.get(digest).cloned().ok_or(keys.generation)
    }

    /// Remembers whom a key opens, unless keys have changed since `generation`.
    pub(super) fn remember(&self, digest: [u8; 32], holder: &Holder, generation: u64) {
        let mut keys = write(&self.keys);
        if keys.generation != generation {
            return;
        }
        if keys.holders.len() >= MOST_KEYS {
            keys.holders.clear();
        }
        keys.holders.insert(digest, holder.clone());
    }

    /// What keys open has changed.
    pub(super) fn keys_changed(&self) {
        let mut keys = write(&self.keys);
        keys.generation += 1;
        keys.holders.clear();
    }

    /// An order was made.
    pub(super) fn opened(&self, order: OrderId, account: AccountId, expires_at: Timestamp) {
        write(&self.open).insert(order, OpenOrder { account, expires_at });
    }

    /// An order is not open any more.
    pub(super) fn ended(&self, order: OrderId) {
        write(&self.open).remove(&order);
    }

    /// What a number was used for, if that is remembered; else the generation to remember the
    /// answer under.
    pub(super) fn uses(&self, number: &str) -> Result<Arc<[Use]>, u64> {
        let uses = read(&self.uses);
        uses.by_number.get(number).cloned().ok_or(uses.generation)
    }

    /// Remembers what a number was used for, unless one has been used since `generation`.
    pub(super) fn remember_uses(&self, number: &str, found: &Arc<[Use]>, generation: u64) {
        let mut uses = write(&self.uses);
        if uses.generation == generation {
            uses.by_number.insert(number.to_owned(), Arc::clone(found));
        }
    }

    /// A number was used for something more.
    pub(super) fn used(&self, number: &str) {
        let mut uses = write(&self.uses);
        uses.generation += 1;
        uses.by_number.remove(number);
    }

    /// Whether the last order for a service in a country found no number.
    pub(super) fn is_scarce(&self, service: ServiceId, country: &str) -> bool {
        let scarce = read(&self.scarce);
        !scarce.is_empty() && scarce.contains(&(service, country.to_owned()))
    }

    /// An order for a service in a country found no number, or one.
    pub(super) fn scarce(&self, service: ServiceId, country: &str, none: bool) {
        if none != self.is_scarce(service, country) {
            let mut scarce = write(&self.scarce);
            let key = (service, country.to_owned());
            if none {
                scarce.insert(key)
            } else {
                scarce.remove(&key)
            };
        }
    }

    /// Whether it is known without asking that an order of this account waits for its SMS.
    pub(super) fn waits(&self, order: OrderId, account: AccountId, now: Timestamp) -> bool {
        read(&self.open)
            .get(&order)
            .is_some_and(|open| open.account == account && now < open.expires_at)
    }
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read()
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: AccountId = AccountId(1);

    fn holder() -> Holder {
        Holder { account: ANN, allowed: None }
    }

    #[test]
    fn a_key_that_changed_while_it_was_looked_up_is_not_remembered() {
        let hot = RequestCache::default();
        let generation = hot.holder(&[1; 32]).unwrap_err();
        hot.keys_changed();
        hot.remember([1; 32], &holder(), generation);
        let generation = hot.holder(&[1; 32]).unwrap_err();
        hot.remember([1; 32], &holder(), generation);
        assert_eq!(hot.holder(&[1; 32]).unwrap().account, ANN);
        hot.keys_changed();
        assert!(hot.holder(&[1; 32]).is_err());
    }

    #[test]
    fn more_keys_than_are_remembered_are_learnt_anew() {
        let hot = RequestCache::default();
        let digest = |n: usize| {
            let mut digest = [0; 32];
            digest[..8].copy_from_slice(&n.to_le_bytes());
            digest
        };
        for n in 0..=MOST_KEYS {
            let generation = hot.holder(&digest(n)).unwrap_err();
            hot.remember(digest(n), &holder(), generation);
            assert_eq!(hot.holder(&digest(n)).unwrap().account, ANN);
        }
        assert_eq!(read(&hot.keys).holders.len(), 1);
        assert!(hot.holder(&digest(0)).is_err());
    }

    #[test]
    fn what_a_number_was_used_for_is_forgotten_when_it_is_used_again() {
        let hot = RequestCache::default();
        let generation = hot.uses("+31").unwrap_err();
        hot.used("+32");
        hot.remember_uses("+31", &Arc::from([]), generation);
        let generation = hot.uses("+31").unwrap_err();
        hot.remember_uses("+31", &Arc::from([]), generation);
        assert!(hot.uses("+31").is_ok());
        hot.used("+31");
        assert!(hot.uses("+31").is_err());
    }

    #[test]
    fn an_order_waits_for_its_own_account_until_its_end() {
        let hot = RequestCache::default();
        hot.opened(OrderId(7), ANN, Timestamp(10));
        assert!(hot.waits(OrderId(7), ANN, Timestamp(9)));
        assert!(!hot.waits(OrderId(7), AccountId(2), Timestamp(9)));
        assert!(!hot.waits(OrderId(7), ANN, Timestamp(10)));
        hot.ended(OrderId(7));
        assert!(!hot.waits(OrderId(7), ANN, Timestamp(9)));
    }
}
