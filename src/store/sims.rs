//! SIMs: their numbers, the modems that they were last confirmed in, and the PINs that were tried.
//! Which SIMs can be sold is in `availability.rs`.

use rusqlite::{Row, params};

use super::availability::{contested, rented};
use super::error::one_row;
use super::read_tx::parsed;
use super::{ReadTx, StoreError, WriteTx};
use crate::domain::sim::{KnownNumber, Sim};
use crate::domain::{SimId, Timestamp};

/// Contested and rented are decided by the fragments that the stock is searched with.
const SIM: &str = concat!(
    "SELECT s.id, s.iccid, s.imsi, s.number, s.number_source, s.number_at, s.country, ",
    contested!(),
    ", ",
    rented!(),
    ", s.rests_until, s.retired_at FROM sim s"
);

fn sim(row: &Row<'_>) -> rusqlite::Result<Sim> {
    let number = row.get::<_, Option<String>>(3)?;
    let at = Timestamp(row.get::<_, Option<i64>>(5)?.unwrap_or_default());
    let number = number
        .map(|number| Ok::<_, rusqlite::Error>(KnownNumber { number, source: parsed(row, 4)?, at }))
        .transpose()?;
    Ok(Sim {
        id: SimId(row.get(0)?),
        iccid: row.get(1)?,
        imsi: row.get(2)?,
        number,
        country: row.get(6)?,
        contested: row.get(7)?,
        rented: row.get(8)?,
        rests_until: Timestamp(row.get(9)?),
        retired_at: row.get::<_, Option<i64>>(10)?.map(Timestamp),
    })
}

impl ReadTx<'_> {
    /// All SIMs, by id.
    pub fn sims(&self) -> Result<Vec<Sim>, StoreError> {
        self.all(&format!("{SIM} ORDER BY s.id"), [], sim)
    }

    /// The SIMs of a country, by id; `country` is the code as answers spell it.
    pub fn sims_of_country(&self, country: &str) -> Result<Vec<Sim>, StoreError> {
        self.all(&format!("{SIM} WHERE s.country = $1 ORDER BY s.id"), [country], sim)
    }

    /// A SIM by its ICCID.
    pub fn sim_by_iccid(&self, iccid: &str) -> Result<Option<Sim>, StoreError> {
        self.first(&format!("{SIM} WHERE s.iccid = $1"), [iccid], sim)
    }

    /// A SIM's ICCID.
    pub fn iccid(&self, id: SimId) -> Result<Option<String>, StoreError> {
        self.first("SELECT iccid FROM sim WHERE id = $1", [id.0], |row| row.get(0))
    }

    /// A SIM by its row.
    pub fn sim(&self, id: SimId) -> Result<Option<Sim>, StoreError> {
        self.first(&format!("{SIM} WHERE s.id = $1"), [id.0], sim)
    }

    /// A SIM's id.
    pub fn sim_id(&self, iccid: &str) -> Result<Option<SimId>, StoreError> {
        self.first("SELECT id FROM sim WHERE iccid = $1", [iccid], |row| row.get(0).map(SimId))
    }
}

impl ReadTx<'_> {
    /// The ICCID of the SIM that was last confirmed in a modem: what lies in the modem's own store
    /// came for it.
    pub fn custody(&self, imei: &str) -> Result<Option<String>, StoreError> {
        let sql = "SELECT s.iccid FROM modem m JOIN sim s ON s.id = m.sim_id WHERE m.imei = $1";
        self.first(sql, [imei], |row| row.get(0))
    }
}

impl WriteTx<'_> {
    /// From now on what lies in the modem's own store came for `sim`.
    pub fn set_custody(&self, imei: &str, sim: SimId, at: Timestamp) -> Result<(), StoreError> {
        let sql = "INSERT INTO modem (imei, sim_id, updated_at) VALUES ($1, $2, $3) ON CONFLICT \
                   (imei) DO UPDATE SET sim_id = excluded.sim_id, updated_at = excluded.updated_at";
        self.execute(sql, params![imei, sim.0, at.0]).map(drop)
    }

    /// Notes that the PIN of a card is being entered, never which PIN. Answers whether it may be:
    /// not when one was entered before.
    pub fn note_pin_try(&self, card: &str, at: Timestamp) -> Result<bool, StoreError> {
        let sql =
            "INSERT INTO pin_try (card, tried_at) VALUES ($1, $2) ON CONFLICT (card) DO NOTHING";
        Ok(self.execute(sql, params![card, at.0])? == 1)
    }

    /// Forgets the try: the card has accepted the PIN.
    pub fn forget_pin_try(&self, card: &str) -> Result<(), StoreError> {
        self.execute("DELETE FROM pin_try WHERE card = $1", [card]).map(drop)
    }

    /// The SIM with this ICCID; added when it was never seen.
    pub fn ensure_sim(&self, iccid: &str, at: Timestamp) -> Result<Sim, StoreError> {
        let sql =
            "INSERT INTO sim (iccid, created_at) VALUES ($1, $2) ON CONFLICT (iccid) DO NOTHING";
        let known = self.sim_by_iccid(iccid)?;
        if let Some(known) = known {
            return Ok(known);
        }
        self.execute(sql, params![iccid, at.0])?;
        let gone = StoreError::Row {
            table: "sim",
            key: iccid.to_owned(),
            fault: "is not there after it was added",
        };
        self.sim_by_iccid(iccid)?.ok_or(gone)
    }

    /// Writes what is known of a SIM: IMSI, number, country.
    pub fn save_sim(&self, sim: &Sim) -> Result<(), StoreError> {
        let sql = "UPDATE sim SET imsi = $1, number = $2, number_source = $3, number_at = $4, \
                   country = $5 WHERE id = $6";
        let number = sim.number.as_ref();
        let values = params![
            sim.imsi,
            number.map(|known| &known.number),
            number.map(|known| known.source.as_str()),
            number.map(|known| known.at.0),
            sim.country,
            sim.id.0
        ];
        one_row(self.execute(sql, values)?, "sim", sim.id)?;
        if sim.number.is_some() { self.forget_asks(sim.id) } else { Ok(()) }
    }

    /// Notes that a SIM was given out: it goes to the end of the queue.
    pub fn sim_given(&self, sim: SimId, at: Timestamp) -> Result<(), StoreError> {
        one_row(
            self.execute("UPDATE sim SET last_given_at = $1 WHERE id = $2", params![at.0, sim.0])?,
            "sim",
            sim,
        )
    }

    /// Nobody new is given a SIM until then.
    pub fn rest_sim(&self, sim: SimId, until: Timestamp) -> Result<(), StoreError> {
        one_row(
            self.execute("UPDATE sim SET rests_until = $1 WHERE id = $2", params![until.0, sim.0])?,
            "sim",
            sim,
        )
    }

    /// A SIM is sold no more, or (`None`) again.
    pub fn retire_sim(&self, sim: SimId, since: Option<Timestamp>) -> Result<(), StoreError> {
        let values = params![since.map(|at| at.0), sim.0];
        one_row(self.execute("UPDATE sim SET retired_at = $1 WHERE id = $2", values)?, "sim", sim)
    }
}
