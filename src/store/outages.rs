//! Outages of rentals: when their SIMs were off the air.

use rusqlite::params;

use super::engine::Row;
use super::rentals::{as_micros, micros};
use super::{ReadTx, StoreError, WriteTx};
use crate::domain::outage::Outage;
use crate::domain::{Amount, Iccid, RentalId, Timestamp};

const OUTAGE: &str =
    "SELECT id, rental_id, began_at, counted_us, seen_at, ended_at, credit_minor FROM outage";

/// A rental that runs, and where its tenant's messages come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenancy {
    pub rental: RentalId,
    pub iccid: Iccid,
    /// Since when the rental has had this SIM.
    pub since: Timestamp,
}

fn outage(row: &Row<'_>) -> rusqlite::Result<Outage> {
    Ok(Outage {
        id: row.get(0)?,
        rental: RentalId(row.get(1)?),
        began_at: Timestamp(row.get(2)?),
        counted: micros(row.get(3)?),
        seen_at: Timestamp(row.get(4)?),
        ended_at: row.get::<Option<i64>>(5)?.map(Timestamp),
        credit: Amount(row.get(6)?),
    })
}

impl ReadTx<'_> {
    /// The rentals that run.
    pub fn tenancies(&self) -> Result<Vec<Tenancy>, StoreError> {
        let sql = "SELECT r.id, s.iccid, coalesce(r.moved_at, r.started_at) FROM rental r JOIN sim \
                   s ON s.id = r.sim_id WHERE r.state = 'active' AND r.due_at > $1";
        self.all(sql, [i64::MIN], |row| {
            let (rental, since) = (RentalId(row.get(0)?), Timestamp(row.get(2)?));
            Ok(Tenancy { rental, iccid: row.get(1)?, since })
        })
    }

    /// The outages that last.
    pub fn lasting_outages(&self) -> Result<Vec<Outage>, StoreError> {
        let sql = format!("{OUTAGE} WHERE ended_at IS NULL");
        self.all(&sql, [], outage)
    }

    /// The outage of a rental that lasts.
    pub fn lasting_outage(&self, rental: RentalId) -> Result<Option<Outage>, StoreError> {
        let sql = format!("{OUTAGE} WHERE rental_id = $1 AND ended_at IS NULL");
        self.first(&sql, [rental.0], outage)
    }

    /// A rental's outages, oldest first.
    pub fn outages_of(&self, rental: RentalId) -> Result<Vec<Outage>, StoreError> {
        self.all(&format!("{OUTAGE} WHERE rental_id = $1 ORDER BY id"), [rental.0], outage)
    }
}

impl WriteTx<'_> {
    /// A rental's SIM is off the air. Its id and its end in `new` are ignored.
    pub fn add_outage(&self, new: &Outage) -> Result<(), StoreError> {
        let sql = "INSERT INTO outage (rental_id, began_at, counted_us, seen_at) VALUES ($1, \
                   $2, $3, $4)";
        let counted = as_micros(new.counted);
        let values = params![new.rental.0, new.began_at.0, counted, new.seen_at.0];
        self.change(sql, values)
    }

    /// Saves what has changed of an outage.
    pub fn save_outage(&self, changed: &Outage) -> Result<(), StoreError> {
        let sql = "UPDATE outage SET counted_us = $1, seen_at = $2, ended_at = $3, credit_minor = \
                   $4 WHERE id = $5 AND ended_at IS NULL";
        let values = params![
            as_micros(changed.counted),
            changed.seen_at.0,
            changed.ended_at.map(|at| at.0),
            changed.credit.0,
            changed.id
        ];
        self.change_one(sql, values, "outage", changed.id)
    }

    /// Forgets an outage that was too short to matter.
    pub fn remove_outage(&self, id: i64) -> Result<(), StoreError> {
        self.change("DELETE FROM outage WHERE id = $1", [id])
    }
}
