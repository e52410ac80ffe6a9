//! What commits have changed, by topic. SQLite itself tells of each row that is written
//! (`sqlite3_update_hook`), so that no operation can forget to, whatever it writes.

use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::watch;

use crate::domain::topic::Topic;

/// A counter for each topic, which grows with each commit that has changed something of it.
#[derive(Debug, Default)]
pub struct Changes {
    counters: [watch::Sender<u64>; Topic::ALL.len()],
    /// The topics of the rows that the open transaction has written, a bit for each.
    written: AtomicU32,
}

impl Changes {
    /// Follows the changes of a topic.
    pub fn follow(&self, topic: Topic) -> watch::Receiver<u64> {
        self.sender(topic).map_or_else(|| watch::channel(0).1, watch::Sender::subscribe)
    }

    /// Tells those who follow a topic that something of it has changed.
    pub fn raise(&self, topic: Topic) {
        if let Some(counter) = self.sender(topic) {
            counter.send_modify(|count| *count = count.wrapping_add(1));
        }
    }

    /// Notes that the open transaction has written a row of a table.
    pub(super) fn note(&self, table: &str) {
        if let Some(topic) = topic_of(table) {
            self.written.fetch_or(bit(topic), Ordering::Relaxed);
        }
    }

    /// The transaction has ended: what it has written is there if it was committed.
    pub(super) fn transaction_ended(&self, is_committed: bool) {
        let written = self.written.swap(0, Ordering::Relaxed);
        if is_committed {
            let is_written = |topic: &Topic| written & bit(*topic) != 0;
            Topic::ALL.into_iter().filter(is_written).for_each(|topic| self.raise(topic));
        }
    }

    fn sender(&self, topic: Topic) -> Option<&watch::Sender<u64>> {
        self.counters.get(topic.index())
    }
}

fn bit(topic: Topic) -> u32 {
    1 << topic.index()
}

/// The topic that a table's rows are shown under. Of tables without row ids SQLite tells nothing,
/// and those that only the daemon itself uses belong to none.
fn topic_of(table: &str) -> Option<Topic> {
    Some(match table {
        "orders" => Topic::Orders,
        "rental" | "rental_move" => Topic::Rentals,
        "message" | "part" | "part_2" | "attribution" => Topic::Messages,
        "sim" | "number_ask" | "stay" | "hearing_test" | "loopback" => Topic::Sims,
        "service" | "service_pattern" | "service_price" | "removed_service" => Topic::Services,
        "account" | "account_price" | "api_key" | "ledger" | "ledger_2" | "login" | "invite"
        | "webhook_endpoint" | "erasure" => Topic::Accounts,
        "bank_move" => Topic::Banks,
        "alarm" => Topic::Alarms,
        "site" => Topic::System,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_raises_the_topics_of_what_it_has_written_and_a_rollback_none() {
        let changes = Changes::default();
        let mut orders = changes.follow(Topic::Orders);
        let mut accounts = changes.follow(Topic::Accounts);
        changes.note("orders");
        changes.note("kept_answer");
        assert!(!orders.has_changed().unwrap(), "it is not committed yet");
        changes.transaction_ended(true);
        assert!(orders.has_changed().unwrap() && !accounts.has_changed().unwrap());
        orders.mark_unchanged();
        changes.note("ledger");
        changes.transaction_ended(false);
        changes.transaction_ended(true);
        assert!(!accounts.has_changed().unwrap());
        changes.raise(Topic::Accounts);
        assert!(accounts.has_changed().unwrap() && !orders.has_changed().unwrap());
        accounts.mark_unchanged();
    }
}
