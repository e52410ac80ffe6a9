//! Custody: where each SIM was, when, and by which IMEI it was carried. One row for as long as the
//! same modem has it.

use rusqlite::{Row, params};

use super::{ReadTx, StoreError, WriteTx};
use crate::domain::{SimId, Timestamp};

/// How many rows that are too old go with each new one.
const PRUNED: i64 = 20;

/// A place in a SIM bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankPosition {
    /// The bank's name.
    pub bank: String,
    /// The slot that the card sits in, as far as that is known.
    pub slot: Option<u32>,
}

/// A SIM's stay in a modem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocationPeriod {
    /// The modem's IMEI.
    pub imei: String,
    /// Where in a bank the card sat, if in one.
    pub place: Option<BankPosition>,
    /// When it was first read there.
    pub since: Timestamp,
    /// When it was last read there.
    pub seen_at: Timestamp,
    /// When it left; `None` while nothing is known of that.
    pub ended_at: Option<Timestamp>,
}

fn stay(row: &Row<'_>) -> rusqlite::Result<Result<LocationPeriod, StoreError>> {
    let bank: Option<String> = row.get(2)?;
    let slot = row.get::<_, Option<i64>>(3)?.map(u32::try_from).transpose();
    let Ok(slot) = slot else {
        let key = row.get::<_, i64>(0)?.to_string();
        return Ok(Err(StoreError::Row { table: "stay", key, fault: "is in no slot that can be" }));
    };
    Ok(Ok(LocationPeriod {
        imei: row.get(1)?,
        place: bank.map(|bank| BankPosition { bank, slot }),
        since: Timestamp(row.get(4)?),
        seen_at: Timestamp(row.get(5)?),
        ended_at: row.get::<_, Option<i64>>(6)?.map(Timestamp),
    }))
}

impl ReadTx<'_> {
    /// A SIM's newest `limit` stays, newest first.
    pub fn stays(&self, sim: SimId, limit: i64) -> Result<Vec<LocationPeriod>, StoreError> {
        let sql = "SELECT id, imei, bank, slot, since, seen_at, ended_at FROM stay WHERE sim_id = \
                   $1 ORDER BY id DESC LIMIT $2";
        self.all(sql, [sim.0, limit], stay)?.into_iter().collect()
    }
}

impl WriteTx<'_> {
    /// A SIM was read in a modem: its stay there goes on, or begins, and what the modem had before,
    /// or where the SIM was, is over. Some stays that ended before `kept_since` are forgotten
    /// when one begins.
    pub fn keep_stay(
        &self,
        sim: SimId,
        imei: &str,
        place: Option<&BankPosition>,
        now: Timestamp,
        kept_since: Timestamp,
    ) -> Result<(), StoreError> {
        let leave = "UPDATE stay SET ended_at = max(since, $1) WHERE ended_at IS NULL AND imei = \
                     $2 AND sim_id <> $3";
        self.execute(leave, params![now.0, imei, sim.0])?;
        let (bank, slot) = (place.map(|place| &place.bank), place.and_then(|place| place.slot));
        let extend = "UPDATE stay SET seen_at = max(seen_at, $1), bank = coalesce($2, bank), slot \
                      = coalesce($3, slot) WHERE ended_at IS NULL AND sim_id = $4 AND imei = $5 \
                      AND ($2 IS NULL OR bank IS NULL OR bank = $2)";
        if self.execute(extend, params![now.0, bank, slot, sim.0, imei])? == 1 {
            return Ok(());
        }
        self.execute(
            "UPDATE stay SET ended_at = max(since, $1) WHERE ended_at IS NULL AND sim_id = $2",
            [now.0, sim.0],
        )?;
        let old = "DELETE FROM stay WHERE id IN (SELECT id FROM stay WHERE ended_at IS NOT NULL \
                   AND ended_at < $1 ORDER BY ended_at LIMIT $2)";
        self.execute(old, [kept_since.0, PRUNED])?;
        let sql = "INSERT INTO stay (sim_id, imei, bank, slot, since, seen_at) VALUES ($1, $2, \
                   $3, $4, $5, $5)";
        self.execute(sql, params![sim.0, imei, bank, slot, now.0]).map(drop)
    }

    /// The slot in which the card of a stay that goes on sits is known now.
    pub fn stay_is_in(&self, sim: SimId, place: &BankPosition) -> Result<(), StoreError> {
        let sql = "UPDATE stay SET bank = $1, slot = $2 WHERE ended_at IS NULL AND sim_id = $3 \
                   AND (bank IS NOT $1 OR slot IS NOT $2)";
        self.execute(sql, params![place.bank, place.slot, sim.0]).map(drop)
    }

    /// A SIM left the modem that it had been in at `at`, also when that was noticed later.
    pub fn end_stay(&self, sim: SimId, at: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE stay SET ended_at = max(since, $1) WHERE id = (SELECT id FROM stay \
                   WHERE sim_id = $2 ORDER BY id DESC LIMIT 1) AND since <= $1 AND (ended_at IS \
                   NULL OR ended_at > $1)";
        self.execute(sql, [at.0, sim.0]).map(drop)
    }
}
