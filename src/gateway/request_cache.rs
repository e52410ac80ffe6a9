//! What requests need most often, kept in memory beside the database: the account of each key, the
//! open orders, and what each number was used for.
//!
//! The cache only speeds up answers that the database would give too. An operation that ends an
//! order or changes a key removes it from here right after its commit, on the writer's thread and
//! therefore in the order of the commits. What is not cached is read from the database.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;

use crate::domain::allocation::Use;
use crate::domain::key::KeyRefusal;
use crate::domain::{AccountId, Msisdn, OrderId, ServiceId, Timestamp};
use crate::store::Holder;

/// How many keys are remembered at most. When one more comes, all are forgotten and looked up
/// again.
const MOST_KEYS: usize = 10_000;

/// How often it is written when keys were used last.
const USES_SAVED_EVERY: Duration = Duration::from_secs(60);

/// Of how many keys it is remembered until that is written that requests with them were refused:
/// most of those may be keys that there are not.
const MOST_REFUSALS: usize = 1000;

/// When each key was used last, by its SHA-256.
pub(super) type KeyUses = HashMap<[u8; 32], Timestamp>;

/// When a request with each key was refused last, and why, by the key's SHA-256.
pub(super) type KeyRefusals = HashMap<[u8; 32], (Timestamp, KeyRefusal)>;

/// What came of requests with keys and has not been written.
#[derive(Debug, Default)]
pub(super) struct KeyEvents {
    pub uses: KeyUses,
    pub refusals: KeyRefusals,
}

impl KeyEvents {
    pub fn is_empty(&self) -> bool {
        self.uses.is_empty() && self.refusals.is_empty()
    }
}

/// The cache. What it does not know it answers with `Err` and a generation: under that generation
/// the answer that was then looked up is remembered, unless it has changed in the meantime.
#[derive(Debug, Default)]
pub(super) struct RequestCache {
    keys: RwLock<Keys>,
    /// The keys that were used or refused since that was written last, and when it was.
    key_events: Mutex<(KeyEvents, Option<Timestamp>)>,
    /// Notified of each change of what keys open.
    key_changes: watch::Sender<()>,
    open: RwLock<HashMap<OrderId, OpenOrder>>,
    uses: RwLock<Uses>,
    /// The services and countries of which the last search found no number nearby, and countries
    /// of which one for a rental did not.
    scarce: RwLock<HashSet<(Option<ServiceId>, String)>>,
}

#[derive(Debug, Default)]
struct Keys {
    holders: HashMap<[u8; 32], Holder>,
    /// Grows with every change of what keys open, so that what was looked up before a change is not
    /// remembered after it.
    generation: u64,
}

/// What each number was used for, as far as somebody has asked: 16 bytes for each number and
/// service.
#[derive(Debug, Default)]
struct Uses {
    by_number: HashMap<Msisdn, Arc<[Use]>>,
    /// Grows with every use of a number, like that of [`Keys`].
    generation: u64,
}

#[derive(Debug, Clone, Copy)]
struct OpenOrder {
    account: AccountId,
    expires_at: Timestamp,
}

impl RequestCache {
    /// A cache that knows the orders that are open.
    pub(super) fn with_open_orders(orders: Vec<(OrderId, AccountId, Timestamp)>) -> RequestCache {
        let cache = RequestCache::default();
        for (order, account, expires_at) in orders {
            cache.add_open_order(order, account, expires_at);
        }
        cache
    }

    /// Whose account a key opens, by the key's SHA-256.
    pub(super) fn holder(&self, digest: &[u8; 32]) -> Result<Holder, u64> {
        let keys = self.keys.read();
        keys.holders.get(digest).cloned().ok_or(keys.generation)
    }

    /// Remembers whose account a key opens, unless keys have changed since `generation`.
    pub(super) fn remember_holder(&self, digest: [u8; 32], holder: &Holder, generation: u64) {
        let mut keys = self.keys.write();
        if keys.generation != generation {
            return;
        }
        if keys.holders.len() >= MOST_KEYS {
            keys.holders.clear();
        }
        keys.holders.insert(digest, holder.clone());
    }

    /// Forgets all keys, because what one of them opens has changed.
    pub(super) fn forget_keys(&self) {
        let mut keys = self.keys.write();
        keys.generation += 1;
        keys.holders.clear();
        drop(keys);
        self.key_changes.send_replace(());
    }

    /// Notes that a key was used. Answers what is to be written, if it is time.
    pub(super) fn note_key_use(&self, digest: [u8; 32], now: Timestamp) -> Option<KeyEvents> {
        self.note_key_event(now, |events| {
            events.uses.insert(digest, now);
        })
    }

    /// Notes that a request with a key was refused. Answers what is to be written, if it is time.
    pub(super) fn note_key_refusal(
        &self,
        digest: [u8; 32],
        why: KeyRefusal,
        now: Timestamp,
    ) -> Option<KeyEvents> {
        self.note_key_event(now, |events| {
            let refusals = &mut events.refusals;
            if refusals.len() < MOST_REFUSALS || refusals.contains_key(&digest) {
                refusals.insert(digest, (now, why));
            }
        })
    }

    fn note_key_event(
        &self,
        now: Timestamp,
        note: impl FnOnce(&mut KeyEvents),
    ) -> Option<KeyEvents> {
        let (events, saved_at) = &mut *self.key_events.lock();
        note(events);
        // A clock that was set back must not make it wait.
        let is_early = |saved: Timestamp| saved <= now && now.since(saved) < USES_SAVED_EVERY;
        if saved_at.is_some_and(is_early) {
            return None;
        }
        *saved_at = Some(now);
        Some(std::mem::take(events))
    }

    /// What came of requests with keys and has not been written.
    pub(super) fn take_key_events(&self) -> KeyEvents {
        std::mem::take(&mut self.key_events.lock().0)
    }

    /// Follows the changes of what keys open.
    pub(super) fn follow_keys(&self) -> watch::Receiver<()> {
        self.key_changes.subscribe()
    }

    /// Adds an order that was made, or gives it another end.
    pub(super) fn add_open_order(&self, order: OrderId, account: AccountId, expires_at: Timestamp) {
        self.open.write().insert(order, OpenOrder { account, expires_at });
    }

    /// Removes an order that is no longer open.
    pub(super) fn remove_open_order(&self, order: OrderId) {
        self.open.write().remove(&order);
    }

    /// What a number was used for.
    pub(super) fn uses_of(&self, number: &Msisdn) -> Result<Arc<[Use]>, u64> {
        let uses = self.uses.read();
        uses.by_number.get(number).cloned().ok_or(uses.generation)
    }

    /// What each of several numbers was used for, in their order, as far as it is known: like
    /// [`RequestCache::uses_of`], but the lock is taken once.
    pub(super) fn known_uses<'n>(
        &self,
        numbers: impl Iterator<Item = &'n Msisdn>,
    ) -> Vec<Option<Arc<[Use]>>> {
        let uses = self.uses.read();
        numbers.map(|number| uses.by_number.get(number).cloned()).collect()
    }

    /// Remembers what a number was used for, unless some number was used since `generation`.
    pub(super) fn remember_uses(&self, number: &Msisdn, found: &Arc<[Use]>, generation: u64) {
        let mut uses = self.uses.write();
        if uses.generation == generation {
            uses.by_number.insert(number.clone(), Arc::clone(found));
        }
    }

    /// Forgets what a number was used for, because it was used for something more.
    pub(super) fn forget_uses_of(&self, number: &Msisdn) {
        let mut uses = self.uses.write();
        uses.generation += 1;
        uses.by_number.remove(number);
    }

    /// Whether the last search in a country, for a service or for a rental, found no number nearby.
    pub(super) fn is_scarce(&self, service: Option<ServiceId>, country: &str) -> bool {
        let scarce = self.scarce.read();
        !scarce.is_empty() && scarce.contains(&(service, country.to_owned()))
    }

    /// Remembers whether a search found no number nearby.
    pub(super) fn set_scarce(&self, service: Option<ServiceId>, country: &str, is_scarce: bool) {
        if is_scarce != self.is_scarce(service, country) {
            let mut scarce = self.scarce.write();
            let key = (service, country.to_owned());
            if is_scarce {
                scarce.insert(key)
            } else {
                scarce.remove(&key)
            };
        }
    }

    /// Whether an order of this account is known to wait for its SMS.
    pub(super) fn is_waiting(&self, order: OrderId, account: AccountId, now: Timestamp) -> bool {
        self.open
            .read()
            .get(&order)
            .is_some_and(|open| open.account == account && now < open.expires_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::allocation::UsedBy;
    use crate::domain::fair_use::Allowance;
    use crate::domain::key::{KeyMode, Scopes};

    const ANN: AccountId = AccountId(1);

    fn holder() -> Holder {
        Holder {
            account: ANN,
            allowed: None,
            expires_at: None,
            scopes: Scopes::All,
            prefix: String::new(),
            spend_per_day: Allowance::Unlimited,
            mode: KeyMode::Live,
        }
    }

    #[test]
    fn a_key_that_changed_while_it_was_looked_up_is_not_remembered() {
        let cache = RequestCache::default();
        let generation = cache.holder(&[1; 32]).unwrap_err();
        cache.forget_keys();
        cache.remember_holder([1; 32], &holder(), generation);
        let generation = cache.holder(&[1; 32]).unwrap_err();
        cache.remember_holder([1; 32], &holder(), generation);
        assert_eq!(cache.holder(&[1; 32]).unwrap().account, ANN);
        cache.forget_keys();
        assert!(cache.holder(&[1; 32]).is_err());
    }

    #[test]
    fn the_uses_of_keys_are_written_once_a_minute_and_none_is_lost() {
        let (cache, at) = (RequestCache::default(), |s: i64| Timestamp(s * 1_000_000));
        let used = |key: u8, second| cache.note_key_use([key; 32], at(second)).map(|it| it.uses);
        assert_eq!(used(1, 100), Some([([1; 32], at(100))].into()));
        assert_eq!(used(1, 101), None);
        assert_eq!(used(2, 159), None);
        let both: KeyUses = [([1; 32], at(160)), ([2; 32], at(159))].into();
        assert_eq!(used(1, 160), Some(both));
        assert_eq!(used(1, 161), None);
        assert_eq!(cache.take_key_events().uses, [([1; 32], at(161))].into());
        assert!(cache.take_key_events().is_empty());
        assert!(used(1, 50).is_some(), "the clock was set back");
    }

    #[test]
    fn refusals_of_keys_are_written_once_a_minute_and_those_of_made_up_keys_are_bounded() {
        let (cache, at) = (RequestCache::default(), |s: i64| Timestamp(s * 1_000_000));
        assert!(cache.note_key_use([1; 32], at(100)).is_some());
        for n in 0..2 * MOST_REFUSALS {
            let mut digest = [0; 32];
            digest[..8].copy_from_slice(&n.to_le_bytes());
            assert!(cache.note_key_refusal(digest, KeyRefusal::Closed, at(101)).is_none());
        }
        assert!(cache.note_key_refusal([0; 32], KeyRefusal::Scope, at(102)).is_none());
        let refusals = cache.note_key_use([1; 32], at(160)).unwrap().refusals;
        assert_eq!(refusals.len(), MOST_REFUSALS);
        assert_eq!(refusals[&[0; 32]], (at(102), KeyRefusal::Scope), "the last one holds");
    }

    #[test]
    fn when_too_many_keys_are_remembered_all_are_looked_up_again() {
        let cache = RequestCache::default();
        let digest = |n: usize| {
            let mut digest = [0; 32];
            digest[..8].copy_from_slice(&n.to_le_bytes());
            digest
        };
        for n in 0..=MOST_KEYS {
            let generation = cache.holder(&digest(n)).unwrap_err();
            cache.remember_holder(digest(n), &holder(), generation);
            assert_eq!(cache.holder(&digest(n)).unwrap().account, ANN);
        }
        assert_eq!(cache.keys.read().holders.len(), 1);
        assert!(cache.holder(&digest(0)).is_err());
    }

    #[test]
    fn what_a_number_was_used_for_is_forgotten_when_it_is_used_again() {
        let (cache, number) = (RequestCache::default(), Msisdn::from_stored("+31"));
        let generation = cache.uses_of(&number).unwrap_err();
        cache.forget_uses_of(&Msisdn::from_stored("+32"));
        cache.remember_uses(&number, &Arc::from([]), generation);
        let generation = cache.uses_of(&number).unwrap_err();
        cache.remember_uses(&number, &Arc::from([]), generation);
        assert!(cache.uses_of(&number).is_ok());
        cache.forget_uses_of(&number);
        assert!(cache.uses_of(&number).is_err());
    }

    #[test]
    fn of_several_numbers_it_is_told_in_their_order_what_is_known() {
        let cache = RequestCache::default();
        let numbers = ["+31", "+32", "+33"].map(Msisdn::from_stored);
        let used =
            |service| Use { service: ServiceId(service), at: Timestamp(1), by: UsedBy::Mark };
        for (number, service) in [(&numbers[2], 3), (&numbers[0], 1)] {
            let generation = cache.uses_of(number).unwrap_err();
            cache.remember_uses(number, &Arc::from([used(service)]), generation);
        }
        let known = cache.known_uses(numbers.iter());
        let known: Vec<_> = known.iter().map(|uses| uses.as_deref()).collect();
        assert_eq!(known, [Some(&[used(1)][..]), None, Some(&[used(3)][..])]);
    }

    #[test]
    fn an_order_waits_for_its_own_account_until_its_end() {
        let cache = RequestCache::default();
        cache.add_open_order(OrderId(7), ANN, Timestamp(10));
        assert!(cache.is_waiting(OrderId(7), ANN, Timestamp(9)));
        assert!(!cache.is_waiting(OrderId(7), AccountId(2), Timestamp(9)));
        assert!(!cache.is_waiting(OrderId(7), ANN, Timestamp(10)));
        cache.remove_open_order(OrderId(7));
        assert!(!cache.is_waiting(OrderId(7), ANN, Timestamp(9)));
    }
}
