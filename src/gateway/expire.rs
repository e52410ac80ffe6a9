//! What time alone brings about: orders whose lifetime is over, rentals whose end has come, long messages whose rest has not
//! come, texts and PDUs that were kept long enough.

use std::time::Duration;

use super::{Error, Gateway};
use crate::domain::{Order, Timestamp};
use crate::store::{StoreError, Tx};

/// How much is done in one transaction, so that nobody waits long behind it.
const BATCH: i64 = 200;

/// Writes off an open order whose lifetime is over.
pub(super) fn expire(gateway: &Gateway, tx: &Tx<'_>, due: Order, now: Timestamp) -> Result<(), Error> {
    match due.expire(now) {
        Ok(expired) => gateway.release(tx, &expired),
        // Ended by another operation of the same group.
        Err(_) => Ok(()),
    }
}

/// When it is worth while to look for what has been kept for `kept`, the first of which settled then. A little late, so that
/// a busy day's messages do not go one by one.
fn next_purge(settled: Option<Timestamp>, kept: Duration) -> Option<Timestamp> {
    const LATEST: Duration = Duration::from_secs(600);
    settled.map(|settled| settled.plus(kept).plus(LATEST.min(kept / 10)))
}

impl Gateway {
    /// Does everything that is due and answers when the next thing will be.
    pub async fn sweep(&self) -> Result<Option<Timestamp>, Error> {
        loop {
            let gateway = self.clone();
            let done = self.store.write(move |tx| gateway.sweep_some(tx)).await?;
            if done < usize::try_from(BATCH).unwrap_or(usize::MAX) {
                break;
            }
        }
        let (text_kept, raw_kept) = (self.settings().text_kept, self.settings().raw_kept);
        let next = self.store.read(move |rows| {
            let text = next_purge(rows.next_text_settled()?, text_kept);
            let raw = next_purge(rows.next_raw_settled()?, raw_kept);
            let (order, assembly, rental) =
                (rows.next_order_due()?, rows.next_assembly_due()?, rows.next_rental_due()?);
            Ok::<_, StoreError>([order, assembly, rental, text, raw].into_iter().flatten().min())
        });
        Ok(next.await?)
    }

    fn sweep_some(&self, tx: &Tx<'_>) -> Result<usize, Error> {
        let now = self.now();
        let orders = tx.due_orders(now, BATCH)?;
        let assemblies = tx.due_assemblies(now, BATCH)?;
        let rentals = tx.due_rentals(now, BATCH)?;
        let done = orders.len().max(assemblies.len()).max(rentals.len()).max(self.purge_some(tx, now)?);
        for order in orders {
            expire(self, tx, order, now)?;
        }
        for assembly in assemblies {
            self.show_incomplete(tx, &assembly)?;
        }
        for rental in rentals {
            self.settle_rental(tx, rental, now)?;
        }
        Ok(done)
    }

    /// Blanks texts and PDUs that were kept long enough; answers of how many messages.
    fn purge_some(&self, tx: &Tx<'_>, now: Timestamp) -> Result<usize, Error> {
        let texts = tx.due_texts(now.minus(self.settings().text_kept), BATCH)?;
        let raw = tx.due_raw(now.minus(self.settings().raw_kept), BATCH)?;
        texts.iter().try_for_each(|message| tx.blank_text(*message))?;
        raw.iter().try_for_each(|message| tx.blank_raw(*message))?;
        Ok(texts.len().max(raw.len()))
    }

    /// Once the operation is on disk, what is due next is looked for anew.
    pub(super) fn deadlines_change_after(&self, tx: &Tx<'_>) {
        let deadlines = std::sync::Arc::clone(&self.deadlines);
        tx.after_commit(move || deadlines.notify_one());
    }

    /// Returns when a deadline may have been added that is earlier than those known before.
    pub async fn deadlines_changed(&self) {
        self.deadlines.notified().await;
    }
}
