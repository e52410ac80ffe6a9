//! Custody: which SIM was last confirmed in which modem.

use rusqlite::params;

use super::{ReadTx, StoreError, WriteTx};
use crate::domain::{SimId, Timestamp};

impl ReadTx<'_> {
    /// ICCID of the SIM that a modem's own store belongs to.
    pub fn custody(&self, imei: &str) -> Result<Option<String>, StoreError> {
        let sql = "SELECT s.iccid FROM modem m JOIN sim s ON s.id = m.sim_id WHERE m.imei = $1";
        self.first(sql, [imei], |row| row.get(0))
    }
}

impl WriteTx<'_> {
    /// From now on what lies in the modem's own store is `sim`'s.
    pub fn set_custody(&self, imei: &str, sim: SimId, at: Timestamp) -> Result<(), StoreError> {
        let sql = "INSERT INTO modem (imei, sim_id, updated_at) VALUES ($1, $2, $3) ON CONFLICT \
                   (imei) DO UPDATE SET sim_id = excluded.sim_id, updated_at = excluded.updated_at";
        self.execute(sql, params![imei, sim.0, at.0]).map(drop)
    }
}
