//! How much of something each of many holds at the moment, such as connections or bytes, with a
//! limit for each.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use parking_lot::Mutex;

/// Counts what is held, by holder. Clones share their counts.
#[derive(Debug)]
pub(super) struct Shares<K: Hash + Eq>(Arc<Mutex<HashMap<K, usize>>>);

/// What is held by one, until it is dropped.
#[derive(Debug)]
pub(super) struct Share<K: Hash + Eq> {
    shares: Shares<K>,
    holder: K,
    amount: usize,
}

impl<K: Hash + Eq> Default for Shares<K> {
    fn default() -> Shares<K> {
        Shares(Arc::default())
    }
}

impl<K: Hash + Eq> Clone for Shares<K> {
    fn clone(&self) -> Shares<K> {
        Shares(Arc::clone(&self.0))
    }
}

impl<K: Hash + Eq + Clone> Shares<K> {
    /// Gives `amount` more to a holder, unless that would be more than `limit` in all. Holders of
    /// nothing take no memory.
    pub(super) fn take(&self, holder: K, amount: usize, limit: usize) -> Option<Share<K>> {
        let mut held = self.0.lock();
        let present = held.get(&holder).copied().unwrap_or(0);
        let wanted = present.checked_add(amount).filter(|wanted| *wanted <= limit)?;
        held.insert(holder.clone(), wanted);
        Some(Share { shares: self.clone(), holder, amount })
    }
}

impl<K: Hash + Eq> Share<K> {
    /// Who holds it.
    pub(super) fn holder(&self) -> &K {
        &self.holder
    }
}

impl<K: Hash + Eq> Drop for Share<K> {
    fn drop(&mut self) {
        let mut held = self.shares.0.lock();
        if let Some(count) = held.get_mut(&self.holder) {
            *count -= self.amount;
            if *count == 0 {
                held.remove(&self.holder);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_holds_no_more_than_the_limit_and_who_holds_nothing_is_forgotten() {
        let shares = Shares::default();
        let two = shares.take("a", 2, 3);
        assert!(two.is_some() && shares.take("a", 2, 3).is_none());
        let one = shares.take("a", 1, 3);
        assert!(
            one.is_some() && shares.take("b", 3, 3).is_some(),
            "another has a share of its own"
        );
        drop(two);
        assert!(shares.take("a", 3, 3).is_none() && shares.take("a", 2, 3).is_some());
        drop(one);
        assert!(shares.0.lock().is_empty());
        assert!(shares.take("a", usize::MAX, usize::MAX).is_some());
    }
}
