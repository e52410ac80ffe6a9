//! What time alone brings about: orders whose lifetime is over, rentals whose end has come, long
//! messages whose rest has not come, texts and PDUs that were kept long enough.

use std::sync::Arc;
use std::time::Duration;

use super::Error;
use super::background::{FailedDeadlines, Wakeups};
use super::environment::Environment;
use super::inbox::Assemblies;
use super::orders::Orders;
use super::rentals::Rentals;
use crate::domain::Timestamp;
use crate::domain::rental::RentalState;
use crate::store::{Deadline, ReadTx, StoreError, WriteTx};

/// How much is done in one transaction, so that nobody waits long behind it.
const BATCH: usize = 200;
const LIMIT: i64 = 200;
/// How long after their end orders are filed: long messages of their time have been shown by then.
const FILING: Duration = Duration::from_secs(3600);

/// When it is worth while to look for what has been kept for `kept`, the first of which settled
/// then. A little late, so that a busy day's messages do not go one by one.
fn next_purge(settled: Option<Timestamp>, kept: Duration) -> Option<Timestamp> {
    const LATEST: Duration = Duration::from_secs(600);
    settled.map(|settled| settled.plus(kept).plus(LATEST.min(kept / 10)))
}

/// Does what is due.
pub struct Sweeper {
    env: Arc<Environment>,
    wakeups: Arc<Wakeups>,
    failed: Arc<FailedDeadlines>,
    orders: Arc<Orders>,
    rentals: Arc<Rentals>,
    assemblies: Arc<Assemblies>,
}

impl Sweeper {
    pub(super) fn new(
        env: Arc<Environment>,
        wakeups: Arc<Wakeups>,
        failed: Arc<FailedDeadlines>,
        orders: Arc<Orders>,
        rentals: Arc<Rentals>,
        assemblies: Arc<Assemblies>,
    ) -> Sweeper {
        Sweeper { env, wakeups, failed, orders, rentals, assemblies }
    }

    /// Does what became due while nobody was there: all that must be before anybody is let in.
    pub async fn run_overdue_deadlines(self: &Arc<Self>) -> Result<(), Error> {
        loop {
            let sweeper = Arc::clone(self);
            if self.env.store.write(move |tx| sweeper.run_overdue_batch(tx)).await? == 0 {
                return Ok(());
            }
        }
    }

    /// Does everything that is due and answers when the next thing will be.
    pub async fn run_due_work(self: &Arc<Self>) -> Result<Option<Timestamp>, Error> {
        loop {
            let sweeper = Arc::clone(self);
            let done = self.env.store.write(move |tx| {
                let met = sweeper.run_overdue_batch(tx)?;
                Ok::<_, Error>(
                    met + sweeper.purge_batch(tx)?
                        + tx.file_orders(sweeper.env.now().minus(FILING), LIMIT)?,
                )
            });
            if done.await? == 0 {
                break;
            }
        }
        let sweeper = Arc::clone(self);
        self.env.store.read(move |rows| sweeper.next_due(rows)).await
    }

    fn next_due(&self, rows: &ReadTx<'_>) -> Result<Option<Timestamp>, Error> {
        let text = next_purge(rows.next_text_settled()?, self.env.settings().text_kept);
        let raw = next_purge(rows.next_raw_settled()?, self.env.settings().raw_kept);
        // One more than are set aside: the first that is not.
        let waiting = rows.due(Timestamp(i64::MAX), self.failed.len() + 1)?;
        let waiting = waiting
            .into_iter()
            .filter(|(_, deadline)| !self.failed.contains(*deadline))
            .map(|(at, _)| at);
        let filing = rows.next_to_file()?.map(|over| over.plus(FILING));
        Ok(waiting.chain(text).chain(raw).chain(filing).min())
    }

    /// Does some of what is due, one thing after the other in the order of their times, as if there
    /// had been no outage; answers how much. What cannot be done is set aside and told, and the
    /// others are done.
    fn run_overdue_batch(&self, tx: &WriteTx<'_>) -> Result<usize, Error> {
        let now = self.env.now();
        let mut done = self.orders.begin_awaited_orders(tx)?;
        let mut due = tx.due(now, BATCH + self.failed.len())?;
        due.retain(|(_, deadline)| !self.failed.contains(*deadline));
        while let Some((_, deadline)) = due.pop_first() {
            done += 1;
            match tx.attempt(|tx| self.run_deadline(tx, deadline, now))? {
                Ok(next) => {
                    due.extend(next.filter(|next| *next <= now).map(|next| (next, deadline)))
                }
                Err(Error::Store(error)) if !error.is_of_a_row() => return Err(error.into()),
                Err(error) => {
                    tracing::error!(event = "set_aside", %deadline, %error, "what is due cannot be done; it is left as it is");
                    self.failed.add(deadline, tx.sim_of(deadline)?);
                }
            }
        }
        Ok(done)
    }

    /// Does one thing whose time has come; answers when its next one comes.
    fn run_deadline(
        &self,
        tx: &WriteTx<'_>,
        deadline: Deadline,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, Error> {
        match deadline {
            Deadline::Order(id) => {
                tx.order(id)?.map_or(Ok(()), |order| self.orders.expire(tx, order, now))?
            }
            Deadline::Assembly(id) => tx
                .assembly(id)?
                .map_or(Ok(()), |found| self.assemblies.show_incomplete(tx, &found))?,
            Deadline::Rental(id) => {
                let Some(rental) = tx.rental(id)? else { return Ok(None) };
                let stepped = self.rentals.step(tx, rental, now)?;
                return Ok((stepped.state == RentalState::Active).then_some(stepped.expires_at));
            }
        }
        Ok(None)
    }

    /// Blanks texts and PDUs that were kept long enough; answers of how many messages.
    fn purge_batch(&self, tx: &WriteTx<'_>) -> Result<usize, StoreError> {
        let now = self.env.now();
        let texts = tx.due_texts(now.minus(self.env.settings().text_kept), LIMIT)?;
        let raw = tx.due_raw(now.minus(self.env.settings().raw_kept), LIMIT)?;
        texts.iter().try_for_each(|message| tx.blank_text(*message))?;
        raw.iter().try_for_each(|message| tx.blank_raw(*message))?;
        Ok(texts.len().max(raw.len()))
    }

    /// Returns when a deadline may have been added that is earlier than those known before.
    pub async fn wait_for_changed_deadlines(&self) {
        self.wakeups.wait_for_deadlines().await;
    }
}
