//! Who looks at what: counters that grow when something that pages show has changed, one for each
//! topic and one for each account. They are raised after the commit.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use parking_lot::Mutex;
use tokio::sync::watch;

use super::BoxFuture;
pub use crate::domain::topic::Topic;
use crate::domain::{AccountId, bank::BankReport};
use crate::store::{Changes, WriteTx};

/// Counters of changes, one for each topic.
pub struct Topics {
    changes: Arc<Changes>,
    /// Counters of changes of the accounts that somebody follows.
    accounts: Mutex<HashMap<AccountId, watch::Sender<u64>>>,
}

/// Somebody who follows topics, accounts or both.
pub struct TopicFollower(Vec<watch::Receiver<u64>>);

impl Topics {
    pub(super) fn new(changes: Arc<Changes>) -> Topics {
        Topics { changes, accounts: Mutex::default() }
    }

    /// Follows topics and, with an account, what is told of it: its orders, the messages of its
    /// rentals, its balance. What changes from now on is told.
    pub fn follow(&self, topics: &[Topic], account: Option<AccountId>) -> TopicFollower {
        let of_topics = topics.iter().map(|topic| self.changes.follow(*topic));
        let of_account = account.map(|account| {
            let mut accounts = self.accounts.lock();
            accounts.entry(account).or_default().subscribe()
        });
        TopicFollower(of_topics.chain(of_account).collect())
    }

    /// Something of a topic has changed that is in no database, or is not seen there.
    pub(super) fn raise(&self, topic: Topic) {
        self.changes.raise(topic);
    }

    /// Something of an account has changed.
    fn raise_account(&self, account: AccountId) {
        let mut accounts = self.accounts.lock();
        let Some(counter) = accounts.get(&account) else { return };
        if counter.is_closed() {
            accounts.remove(&account);
        } else {
            counter.send_modify(|count| *count = count.wrapping_add(1));
        }
    }

    /// Something of an account changes with this operation.
    pub(super) fn raise_account_after(self: &Arc<Self>, tx: &WriteTx<'_>, account: AccountId) {
        let topics = Arc::clone(self);
        tx.after_commit(move || topics.raise_account(account));
    }
}

impl TopicFollower {
    /// Waits until something has changed since this was asked last, or since following began.
    pub async fn changed(&mut self) {
        let mut waiting: Vec<BoxFuture<'_, ()>> = Vec::with_capacity(self.0.len());
        for counter in &mut self.0 {
            waiting.push(Box::pin(async move {
                // The senders live as long as the gateway; an account's until nobody follows it.
                if counter.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }));
        }
        poll_fn(|context| {
            let is_ready =
                |waiting: &mut BoxFuture<'_, ()>| Pin::new(waiting).poll(context).is_ready();
            if waiting.iter_mut().any(is_ready) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

/// Whether two reports of a bank look the same on a page.
pub(super) fn looks_the_same(before: &BankReport, after: &BankReport) -> bool {
    let same_bank = before.trouble == after.trouble
        && before.switch_time == after.switch_time
        && before.sell_within == after.sell_within
        && before.visit_on_view == after.visit_on_view
        && before.profile == after.profile;
    same_bank && before.radios == after.radios && before.slots == after.slots
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn has_changed(follower: &mut TopicFollower) -> bool {
        let mut changed = std::pin::pin!(follower.changed());
        poll_fn(|context| Poll::Ready(changed.as_mut().poll(context).is_ready())).await
    }

    #[tokio::test]
    async fn each_follows_its_topics_and_its_account_and_is_told_once() {
        let topics = Topics::new(Arc::default());
        let (one, two) = (AccountId(1), AccountId(2));
        let mut sims = topics.follow(&[Topic::Sims, Topic::Modems], None);
        let mut portal = topics.follow(&[Topic::Services], Some(one));
        topics.raise(Topic::Orders);
        topics.raise_account(two);
        assert!(!has_changed(&mut sims).await && !has_changed(&mut portal).await);
        topics.raise(Topic::Modems);
        topics.raise_account(one);
        topics.raise_account(one);
        assert!(has_changed(&mut sims).await && has_changed(&mut portal).await);
        assert!(!has_changed(&mut sims).await && !has_changed(&mut portal).await);
    }

    #[test]
    fn accounts_that_nobody_follows_are_forgotten() {
        let topics = Topics::new(Arc::default());
        drop(topics.follow(&[], Some(AccountId(1))));
        topics.raise_account(AccountId(1));
        assert!(topics.accounts.lock().is_empty());
    }
}
