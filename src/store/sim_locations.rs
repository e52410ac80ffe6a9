//! The history of each SIM's locations: in which modem it was, and when. There is one
//! row for as long as a SIM stays in the same modem.

use rusqlite::params;

use super::engine::Row;
use super::{ReadTx, StoreError, WriteTx};
use crate::domain::{Iccid, ModemId, Msisdn, SimId, Timestamp};

/// The number of outdated rows that are deleted with each new one.
const PRUNED: i64 = 20;

/// A position in a SIM bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankPosition {
    pub bank: String,
    /// The slot that the SIM is in, if it is known.
    pub slot: Option<u32>,
}

/// The time that a SIM was in one modem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocationPeriod {
    pub modem: ModemId,
    /// Where the SIM was in a bank, if the modem is a radio of one.
    pub position: Option<BankPosition>,
    /// When it was first read in the modem.
    pub since: Timestamp,
    /// When it was last read in the modem.
    pub seen_at: Timestamp,
    /// When it left; `None` as long as it is not known to have left.
    pub ended_at: Option<Timestamp>,
}

fn location_period(row: &Row<'_>) -> rusqlite::Result<Result<LocationPeriod, StoreError>> {
    let bank: Option<String> = row.get(2)?;
    let slot = row.get::<Option<i64>>(3)?.map(u32::try_from).transpose();
    let Ok(slot) = slot else {
        let key = row.get::<i64>(0)?.to_string();
        return Ok(Err(StoreError::Row {
            table: "stay",
            key,
            fault: "is in a slot whose number is impossible",
        }));
    };
    Ok(Ok(LocationPeriod {
        modem: row.get(1)?,
        position: bank.map(|bank| BankPosition { bank, slot }),
        since: Timestamp(row.get(4)?),
        seen_at: Timestamp(row.get(5)?),
        ended_at: row.get::<Option<i64>>(6)?.map(Timestamp),
    }))
}

impl SimActivity {
    /// Whether it received nothing from `then` on, although it was to be heard: one that came into
    /// its modem later has not been silent for so long. One that is in no modem has.
    pub fn is_silent_since(&self, then: Timestamp) -> bool {
        self.last_message_at.is_none_or(|at| at < then)
            && (self.last_message_at.is_some() || self.since.is_none_or(|since| since < then))
    }
}

const ACTIVITY: &str = "SELECT s.id, (SELECT t.since FROM stay t WHERE t.sim_id = s.id AND \
                        t.ended_at IS NULL), (SELECT m.at FROM last_message m WHERE m.sim_id = \
                        s.id) FROM sim s";

fn activity(row: &Row<'_>) -> rusqlite::Result<SimActivity> {
    Ok(SimActivity {
        sim: SimId(row.get(0)?),
        since: row.get::<Option<i64>>(1)?.map(Timestamp),
        last_message_at: row.get::<Option<i64>>(2)?.map(Timestamp),
    })
}

impl ReadTx<'_> {
    /// A SIM's newest `limit` locations, newest first.
    pub fn sim_locations(&self, sim: SimId, limit: i64) -> Result<Vec<LocationPeriod>, StoreError> {
        let sql = "SELECT id, imei, bank, slot, since, seen_at, ended_at FROM stay WHERE sim_id = \
                   $1 ORDER BY id DESC LIMIT $2";
        self.all(sql, [sim.0, limit], location_period)?.into_iter().collect()
    }

    /// The modem that a SIM was read in last.
    pub fn last_modem_of(&self, iccid: &Iccid) -> Result<Option<ModemId>, StoreError> {
        let sql = "SELECT t.imei FROM stay t WHERE t.id = (SELECT max(id) FROM stay WHERE sim_id = \
                   (SELECT id FROM sim WHERE iccid = $1))";
        self.first(sql, [iccid], |row| row.get(0))
    }

    /// When a SIM left the modem that it was in last, or while that is not known, when it was last
    /// read there.
    pub fn last_seen_at(&self, sim: SimId) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT coalesce(ended_at, seen_at) FROM stay WHERE sim_id = $1 ORDER BY id DESC \
                   LIMIT 1";
        self.first(sql, [sim.0], |row| row.get(0).map(Timestamp))
    }
}

/// What the operator wants to know of where a SIM is, and of what it receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SimActivity {
    pub sim: SimId,
    /// When it was first read in the modem that it was last read in.
    pub since: Option<Timestamp>,
    /// When it received something last, to ten minutes.
    pub last_message_at: Option<Timestamp>,
}

/// The SIM that was in a modem last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastSim {
    pub iccid: Iccid,
    pub number: Option<Msisdn>,
    /// When it left, or while that is not known, when it was last read there.
    pub seen_at: Timestamp,
}

impl ReadTx<'_> {
    /// The activity of all SIMs, by their id.
    pub fn sim_activity(&self) -> Result<Vec<SimActivity>, StoreError> {
        self.all(&format!("{ACTIVITY} ORDER BY s.id"), [], activity)
    }

    /// The activity of one SIM.
    pub fn activity_of_sim(&self, sim: SimId) -> Result<Option<SimActivity>, StoreError> {
        self.first(&format!("{ACTIVITY} WHERE s.id = $1"), [sim.0], activity)
    }

    /// The SIM that a modem had last, if it was read in no other modem since.
    pub fn last_sim_in(&self, modem: &ModemId) -> Result<Option<LastSim>, StoreError> {
        let sql = "SELECT s.iccid, s.number, coalesce(t.ended_at, t.seen_at) FROM modem m JOIN sim \
                   s ON s.id = m.sim_id JOIN stay t ON t.id = (SELECT max(id) FROM stay WHERE \
                   sim_id = s.id) WHERE m.imei = $1 AND t.imei = m.imei";
        self.first(sql, [modem], |row| {
            Ok(LastSim { iccid: row.get(0)?, number: row.get(1)?, seen_at: Timestamp(row.get(2)?) })
        })
    }
}

impl WriteTx<'_> {
    /// Records when a SIM received something last.
    pub fn save_last_message(&self, sim: SimId, at: Timestamp) -> Result<(), StoreError> {
        let sql = "INSERT INTO last_message (sim_id, at) VALUES ($1, $2) ON CONFLICT (sim_id) DO \
                   UPDATE SET at = excluded.at";
        self.change(sql, [sim.0, at.0])
    }

    /// Records that a SIM was read in a modem: its time there goes on, or begins. The time of
    /// another SIM in this modem, and of this SIM in another modem, is over. When a time begins,
    /// some that ended before `kept_since` are deleted.
    pub fn record_location(
        &self,
        sim: SimId,
        modem: &ModemId,
        position: Option<&BankPosition>,
        now: Timestamp,
        kept_since: Timestamp,
    ) -> Result<(), StoreError> {
        let leave_modem = "UPDATE stay SET ended_at = CASE WHEN since > $1 THEN since ELSE $1 END \
                           WHERE ended_at IS NULL AND imei = $2 AND sim_id <> $3";
        self.change(leave_modem, params![now.0, modem, sim.0])?;
        let bank = position.map(|position| &position.bank);
        let slot = position.and_then(|position| position.slot);
        let extend = "UPDATE stay SET seen_at = CASE WHEN seen_at < $1 THEN $1 ELSE seen_at END, \
                      bank = coalesce($2, bank), slot = coalesce($3, slot) WHERE ended_at IS NULL \
                      AND sim_id = $4 AND imei = $5 AND (bank = $2 OR bank IS NULL OR $2 IS NULL)";
        if self.change_counted(extend, params![now.0, bank, slot, sim.0, modem])? == 1 {
            return Ok(());
        }
        self.change(
            "UPDATE stay SET ended_at = CASE WHEN since > $1 THEN since ELSE $1 END WHERE ended_at \
             IS NULL AND sim_id = $2",
            [now.0, sim.0],
        )?;
        let old = "DELETE FROM stay WHERE id IN (SELECT id FROM stay WHERE ended_at IS NOT NULL \
                   AND ended_at < $1 ORDER BY ended_at LIMIT $2)";
        self.change(old, [kept_since.0, PRUNED])?;
        let sql = "INSERT INTO stay (sim_id, imei, bank, slot, since, seen_at) VALUES ($1, $2, \
                   $3, $4, $5, $5)";
        self.change(sql, params![sim.0, modem, bank, slot, now.0])
    }

    /// Records the position in a bank of a SIM that is in a modem now.
    pub fn set_bank_position(&self, sim: SimId, position: &BankPosition) -> Result<(), StoreError> {
        let sql = "UPDATE stay SET bank = $1, slot = $2 WHERE ended_at IS NULL AND sim_id = $3 AND \
                   (bank IS DISTINCT FROM $1 OR slot IS DISTINCT FROM $2)";
        self.change(sql, params![position.bank, position.slot, sim.0])
    }

    /// Records that a SIM left its modem at `at`, even if that was noticed later.
    pub fn end_location(&self, sim: SimId, at: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE stay SET ended_at = $1 WHERE id = (SELECT id FROM stay WHERE sim_id = $2 \
                   ORDER BY id DESC LIMIT 1) AND since <= $1 AND (ended_at IS NULL OR ended_at > \
                   $1)";
        self.change(sql, [at.0, sim.0])
    }
}
