//! Custody: by which modem each SIM was carried, when, and where in a bank the card sat.

use std::time::Duration;

use super::{Error, Gateway, Identified};
use crate::domain::{SimId, Timestamp};
use crate::store::{LocationPeriod, WriteTx};

/// For how long stays are kept after their end.
const KEPT: Duration = Duration::from_secs(366 * 24 * 3600);

impl Gateway {
    /// A SIM's newest `limit` stays, newest first.
    pub async fn stays(&self, iccid: &str, limit: u32) -> Result<Vec<LocationPeriod>, Error> {
        let iccid = iccid.to_owned();
        let read = self.store.read(move |rows| match rows.sim_by_iccid(&iccid)? {
            Some(sim) => rows.stays(sim.id, i64::from(limit)),
            None => Ok(Vec::new()),
        });
        Ok(read.await?)
    }

    /// A SIM was read in a modem: its stay there goes on, or begins.
    pub(super) fn keep_stay(
        &self,
        tx: &WriteTx<'_>,
        told: &Identified,
        sim: SimId,
        now: Timestamp,
    ) -> Result<(), Error> {
        let place = self.place_of(tx, &told.imei, &told.iccid)?;
        Ok(tx.keep_stay(sim, &told.imei, place.as_ref(), now, now.minus(KEPT))?)
    }
}
