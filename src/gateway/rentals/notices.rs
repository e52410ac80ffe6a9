//! A tenant is told some days before the end of a rental that it ends soon, also when it is to be
//! renewed then.

use super::Rentals;
use crate::domain::event::EventKind;
use crate::domain::{RentalId, Timestamp};
use crate::gateway::Error;
use crate::store::WriteTx;

impl Rentals {
    /// Tells the tenant of a rental that it ends soon, if that is so at `now`. When that is done
    /// again is planned with each event that tells of its end.
    pub(in crate::gateway) fn tell_of_end(
        &self,
        tx: &WriteTx<'_>,
        id: RentalId,
        now: Timestamp,
    ) -> Result<(), Error> {
        match tx.rental(id)?.filter(|rental| rental.is_active(now)) {
            Some(rental) => self.tell(tx, &rental, EventKind::RentalExpiring, now),
            // Its end has come, and is told itself.
            None => tx.plan_notice(id, None)?,
        }
        Ok(())
    }
}
