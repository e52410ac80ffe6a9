//! SIM banks: what was found in their slots, the switches, and what a SIM is needed on the air for.

use std::time::Duration;

use rusqlite::params;

use super::engine::Row;
use super::listing::{ListFilter, Listed};
use super::orders::lifetime;
use super::{ReadTx, StoreError, WriteTx};
use crate::domain::bank::{SlotContents, SlotRecord, SwitchRecord};
use crate::domain::{AccountId, Iccid, OrderId, Timestamp};

/// The number of outdated rows that are deleted with each new one.
const PRUNED: i64 = 20;

/// What a SIM is needed on the air for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SimClaims {
    /// Whether it must stay on the air, because an order is open on it or a long message lacks
    /// parts.
    pub held: bool,
    /// Whether an order that has had its first message is still collecting on it.
    pub collecting: bool,
    /// The latest end of the orders that are open on it.
    pub open_until: Option<Timestamp>,
    /// Whether it is rented.
    pub rented: bool,
}

/// An open order whose SIM has not been on the air since it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingOrder {
    pub order: OrderId,
    /// The account that made it.
    pub account: AccountId,
    pub iccid: Iccid,
    /// How long it lasts once its SIM is on the air; `None`: as long as the configuration says.
    pub lifetime: Option<Duration>,
}

/// The switches. A SIM's are those by which it came or went.
const LISTED: Listed = Listed {
    table: "bank_move",
    id: "id",
    // The plus keeps SQLite from an index in whose order the rows are not wanted.
    time: "+ended_at",
    sim: "(SELECT iccid FROM sim WHERE id = ?) IN (left_iccid, found_iccid)",
    bank: "bank = ?",
    ..Listed::UNFILTERED
};

fn slot_record(row: &Row<'_>) -> rusqlite::Result<Result<SlotRecord, StoreError>> {
    let (bank, slot): (String, i64) = (row.get(0)?, row.get(1)?);
    let (word, iccid): (String, Option<Iccid>) = (row.get(2)?, row.get(3)?);
    let visited_at = row.get::<Option<i64>>(4)?.map(Timestamp);
    let fault = |fault| {
        Ok(Err(StoreError::Row { table: "bank_slot", key: format!("{bank} {slot}"), fault }))
    };
    let contents = match (word.as_str(), iccid) {
        ("unknown", None) => SlotContents::Unknown,
        ("empty", None) => SlotContents::Empty,
        ("sim", Some(iccid)) => SlotContents::Sim(iccid),
        _ => return fault("has contents that no slot can have"),
    };
    let Ok(slot) = u32::try_from(slot) else { return fault("has a number that no slot can have") };
    Ok(Ok(SlotRecord { slot, contents, visited_at }))
}

fn switch_record(row: &Row<'_>) -> rusqlite::Result<Result<SwitchRecord, StoreError>> {
    let fault = |fault| {
        let key = row.get::<i64>(0)?.to_string();
        Ok(Err(StoreError::Row { table: "bank_move", key, fault }))
    };
    let Ok(outcome) = row.get::<String>(6)?.parse() else {
        return fault("has an outcome that no switch can have");
    };
    let Ok(slot) = u32::try_from(row.get::<i64>(3)?) else {
        return fault("is to a slot whose number is impossible");
    };
    Ok(Ok(SwitchRecord {
        bank: row.get(1)?,
        port: row.get(2)?,
        slot,
        left: row.get(4)?,
        began_at: Timestamp(row.get(7)?),
        ended_at: Timestamp(row.get(8)?),
        found: row.get(5)?,
        outcome,
    }))
}

impl ReadTx<'_> {
    /// What is stored of a bank's slots, in order.
    pub fn bank_slots(&self, bank: &str) -> Result<Vec<SlotRecord>, StoreError> {
        let sql = "SELECT bank, slot, holds, iccid, visited_at FROM bank_slot WHERE bank = $1 \
                   ORDER BY slot";
        self.all(sql, [bank], slot_record)?.into_iter().collect()
    }

    /// The slot of a bank in which a SIM was last found.
    pub fn slot_of_sim(&self, bank: &str, iccid: &Iccid) -> Result<Option<u32>, StoreError> {
        let sql = "SELECT bank, slot, holds, iccid, visited_at FROM bank_slot WHERE iccid = $1 \
                   AND bank = $2";
        let found = self.first(sql, params![iccid, bank], slot_record)?.transpose()?;
        Ok(found.map(|record| record.slot))
    }

    /// The switches that a filter selects, oldest first, each with its id.
    pub fn bank_switches(
        &self,
        filter: &ListFilter,
    ) -> Result<Vec<(i64, SwitchRecord)>, StoreError> {
        let sql = "SELECT id, bank, radio, slot, left_iccid, found_iccid, outcome, began_at, \
                   ended_at FROM bank_move";
        let found =
            self.list(sql, &LISTED, filter, |row| Ok((row.get(0)?, switch_record(row)?)))?;
        found.into_iter().map(|(id, record)| Ok((id, record?))).collect()
    }

    /// What a SIM is needed on the air for at `now`; `None` when the SIM is not known.
    pub fn sim_claims(
        &self,
        iccid: &Iccid,
        now: Timestamp,
    ) -> Result<Option<SimClaims>, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM orders r WHERE r.sim_id = s.id AND r.state = \
                   'open' AND r.expires_at > $1) OR EXISTS (SELECT 1 FROM assembly a WHERE \
                   a.sim_id = s.id AND a.due_at > $1), (SELECT max(o.expires_at) FROM orders o \
                   WHERE o.sim_id = s.id AND o.state = 'open' AND o.expires_at > $1), EXISTS \
                   (SELECT 1 FROM rental t WHERE t.sim_id = s.id AND t.state = 'active'), EXISTS \
                   (SELECT 1 FROM orders c WHERE c.sim_id = s.id AND c.expires_at > $1 AND \
                   c.state IN ('open', 'completed') AND c.filed = 0) FROM sim s WHERE s.iccid = $2";
        self.first(sql, params![now.0, iccid], |row| {
            Ok(SimClaims {
                held: row.get(0)?,
                open_until: row.get::<Option<i64>>(1)?.map(Timestamp),
                rented: row.get(2)?,
                collecting: row.get(3)?,
            })
        })
    }

    /// The orders that are open at `now` and whose SIM has not been on the air since they were
    /// made, the one that ends first first.
    pub fn orders_waiting_for_sim(&self, now: Timestamp) -> Result<Vec<WaitingOrder>, StoreError> {
        let sql = "SELECT o.id, o.account_id, s.iccid, o.lifetime_us FROM orders o JOIN sim s ON \
                   s.id = o.sim_id WHERE o.state = 'open' AND o.awaits_sim = 1 AND o.expires_at > \
                   $1 ORDER BY o.expires_at";
        self.all(sql, [now.0], |row| {
            Ok(WaitingOrder {
                order: OrderId(row.get(0)?),
                account: AccountId(row.get(1)?),
                iccid: row.get(2)?,
                lifetime: row.get::<Option<i64>>(3)?.map(lifetime),
            })
        })
    }
}

impl WriteTx<'_> {
    /// Saves what is in a slot. A SIM can be in only one slot, so any other slot that it was found
    /// in before, in any bank, becomes unknown.
    pub fn save_slot(&self, bank: &str, record: &SlotRecord) -> Result<(), StoreError> {
        let (word, iccid) = (record.contents.as_str(), record.contents.iccid());
        if let Some(iccid) = iccid {
            let sql = "UPDATE bank_slot SET holds = 'unknown', iccid = NULL WHERE iccid = $1 AND \
                       (bank <> $2 OR slot <> $3)";
            self.change(sql, params![iccid, bank, record.slot])?;
        }
        let sql = "INSERT INTO bank_slot (bank, slot, holds, iccid, visited_at) VALUES ($1, $2, \
                   $3, $4, $5) ON CONFLICT (bank, slot) DO UPDATE SET holds = excluded.holds, \
                   iccid = excluded.iccid, visited_at = excluded.visited_at";
        let values = params![bank, record.slot, word, iccid, record.visited_at.map(|at| at.0)];
        self.change(sql, values)
    }

    /// Adds a switch, and deletes some of those that ended before `kept_since`.
    pub fn add_switch(
        &self,
        record: &SwitchRecord,
        kept_since: Timestamp,
    ) -> Result<(), StoreError> {
        let old = "DELETE FROM bank_move WHERE id IN (SELECT id FROM bank_move WHERE ended_at < \
                   $1 ORDER BY ended_at LIMIT $2)";
        self.change(old, [kept_since.0, PRUNED])?;
        let sql = "INSERT INTO bank_move (bank, radio, slot, left_iccid, found_iccid, outcome, \
                   began_at, ended_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let values = params![
            record.bank,
            record.port,
            record.slot,
            record.left,
            record.found,
            record.outcome.as_str(),
            record.began_at.0,
            record.ended_at.0
        ];
        self.change(sql, values)
    }
}
