//! What identifies modems: what they tell of themselves, unless several of them tell the same.

use rusqlite::params;

use super::{ReadTx, StoreError, WriteTx};
use crate::domain::{ModemAtPort, ModemId, Timestamp};

impl ReadTx<'_> {
    /// What identifies a modem: what it tells, or that and its port if several tell the same.
    pub fn modem_id(&self, modem: &ModemAtPort) -> Result<ModemId, StoreError> {
        let sql = "SELECT 1 FROM shared_modem_id WHERE id = $1";
        let is_shared = self.first(sql, [&modem.id], |_| Ok(()))?.is_some();
        Ok(if is_shared { modem.shared_id() } else { modem.id.clone() })
    }

    /// What several modems were found to tell of themselves.
    pub fn shared_modem_ids(&self) -> Result<Vec<ModemId>, StoreError> {
        self.all("SELECT id FROM shared_modem_id", [], |row| row.get(0))
    }
}

impl WriteTx<'_> {
    /// Records that this modem and `others` tell the same of themselves, so that it identifies none
    /// of them any more. Whose messages are in the own store of a modem that was identified by it
    /// stays known.
    pub fn share_modem_id(
        &self,
        id: &ModemId,
        others: &[ModemAtPort],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO shared_modem_id (id, found_at) VALUES ($1, $2) \
                   ON CONFLICT (id) DO NOTHING";
        if self.change_counted(sql, params![id, at.0])? == 0 {
            return Ok(());
        }
        for other in others {
            let sql = "INSERT INTO modem (imei, sim_id, others_until, updated_at) SELECT $1, \
                       sim_id, others_until, updated_at FROM modem WHERE imei = $2 ON CONFLICT \
                       (imei) DO NOTHING";
            self.change(sql, params![other.shared_id(), id])?;
        }
        self.change("DELETE FROM modem WHERE imei = $1", [id])
    }
}
