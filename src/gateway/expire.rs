//! What time alone brings about: orders whose lifetime is over, rentals whose end has come, long
//! messages whose rest has not come, texts and PDUs that were kept long enough.

use std::time::Duration;

use super::{Error, Gateway};
use crate::domain::rental::RentalState;
use crate::domain::{Order, Timestamp};
use crate::store::{Deadline, ReadTx, StoreError, WriteTx};

/// How much is done in one transaction, so that nobody waits long behind it.
const BATCH: usize = 200;
const LIMIT: i64 = 200;
/// How long after their end orders are filed: long messages of their time have been shown by then.
const FILING: Duration = Duration::from_secs(3600);

/// Writes off an open order whose lifetime is over.
pub(super) fn expire(
    gateway: &Gateway,
    tx: &WriteTx<'_>,
    due: Order,
    now: Timestamp,
) -> Result<(), Error> {
    match due.expire(now) {
        Ok(expired) => gateway.release(tx, &expired),
        // Ended by another operation of the same group.
        Err(_) => Ok(()),
    }
}

/// When it is worth while to look for what has been kept for `kept`, the first of which settled
/// then. A little late, so that a busy day's messages do not go one by one.
fn next_purge(settled: Option<Timestamp>, kept: Duration) -> Option<Timestamp> {
    const LATEST: Duration = Duration::from_secs(600);
    settled.map(|settled| settled.plus(kept).plus(LATEST.min(kept / 10)))
}

impl Gateway {
    /// Does what became due while nobody was there: all that must be before anybody is let in.
    pub async fn catch_up(&self) -> Result<(), Error> {
        loop {
            let gateway = self.clone();
            if self.env.store.write(move |tx| gateway.meet_some(tx)).await? == 0 {
                return Ok(());
            }
        }
    }

    /// Does everything that is due and answers when the next thing will be.
    pub async fn sweep(&self) -> Result<Option<Timestamp>, Error> {
        loop {
            let gateway = self.clone();
            let done = self.env.store.write(move |tx| {
                let met = gateway.meet_some(tx)?;
                Ok::<_, Error>(
                    met + gateway.purge_some(tx)?
                        + tx.file_orders(gateway.env.now().minus(FILING), LIMIT)?,
                )
            });
            if done.await? == 0 {
                break;
            }
        }
        let gateway = self.clone();
        self.env.store.read(move |rows| gateway.next_due(rows)).await
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
    fn meet_some(&self, tx: &WriteTx<'_>) -> Result<usize, Error> {
        let now = self.env.now();
        let mut done = self.begin_awaited_orders(tx)?;
        let mut due = tx.due(now, BATCH + self.failed.len())?;
        due.retain(|(_, deadline)| !self.failed.contains(*deadline));
        while let Some((_, deadline)) = due.pop_first() {
            done += 1;
            match tx.attempt(|tx| self.meet(tx, deadline, now))? {
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
    fn meet(
        &self,
        tx: &WriteTx<'_>,
        deadline: Deadline,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, Error> {
        match deadline {
            Deadline::Order(id) => {
                tx.order(id)?.map_or(Ok(()), |order| expire(self, tx, order, now))?
            }
            Deadline::Assembly(id) => {
                tx.assembly(id)?.map_or(Ok(()), |found| self.show_incomplete(tx, &found))?
            }
            Deadline::Rental(id) => {
                let Some(rental) = tx.rental(id)? else { return Ok(None) };
                let stepped = self.step_rental(tx, rental, now)?;
                return Ok((stepped.state == RentalState::Active).then_some(stepped.expires_at));
            }
        }
        Ok(None)
    }

    /// Blanks texts and PDUs that were kept long enough; answers of how many messages.
    fn purge_some(&self, tx: &WriteTx<'_>) -> Result<usize, StoreError> {
        let now = self.env.now();
        let texts = tx.due_texts(now.minus(self.env.settings().text_kept), LIMIT)?;
        let raw = tx.due_raw(now.minus(self.env.settings().raw_kept), LIMIT)?;
        texts.iter().try_for_each(|message| tx.blank_text(*message))?;
        raw.iter().try_for_each(|message| tx.blank_raw(*message))?;
        Ok(texts.len().max(raw.len()))
    }

    /// Returns when a deadline may have been added that is earlier than those known before.
    pub async fn deadlines_changed(&self) {
        self.wakeups.wait_for_deadlines().await;
    }
}
