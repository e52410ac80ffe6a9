//! What time alone brings about: orders whose lifetime is over, long messages whose rest has not come.

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
        let next = self.store.read(|rows| {
            let (order, assembly) = (rows.next_order_due()?, rows.next_assembly_due()?);
            Ok::<_, StoreError>([order, assembly].into_iter().flatten().min())
        });
        Ok(next.await?)
    }

    fn sweep_some(&self, tx: &Tx<'_>) -> Result<usize, Error> {
        let now = self.now();
        let orders = tx.due_orders(now, BATCH)?;
        let assemblies = tx.due_assemblies(now, BATCH)?;
        let done = orders.len().max(assemblies.len());
        for order in orders {
            expire(self, tx, order, now)?;
        }
        for assembly in assemblies {
            self.show_incomplete(tx, &assembly)?;
        }
        Ok(done)
    }

    /// Returns when a deadline may have been added that is earlier than those known before.
    pub async fn deadlines_changed(&self) {
        self.deadlines.notified().await;
    }
}
