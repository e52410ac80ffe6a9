//! SIMs: their numbers, whose messages are in a modem's own store, and the attempts to enter a
//! PIN. Which SIMs can be sold is decided in `availability.rs`.

use rusqlite::params;

use super::availability::{contested, rented};
use super::engine::{Row, parsed};
use super::error::one_row;
use super::{ReadTx, StoreError, WriteTx};
use crate::domain::modem::PinPermission;
use crate::domain::sim::{KnownNumber, Pool, Sim};
use crate::domain::{Iccid, Imsi, ModemId, Msisdn, SimId, Timestamp};

/// Whose messages are in a modem's own store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnStore {
    /// The SIM that was last read in the modem.
    pub sim: SimId,
    /// Until when messages of other SIMs may have come into the store; `None` when it holds only
    /// those of this SIM.
    pub others_until: Option<Timestamp>,
}

/// A try of a PIN that was recorded before it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinTry {
    /// The name of the card.
    card: String,
    tried_at: Timestamp,
    /// When the card had last accepted a PIN before.
    accepted_before: Option<Timestamp>,
}

/// Whether a SIM is contested or rented is decided by the same SQL fragments as in the search for a
/// SIM that can be sold.
const SIM: &str = concat!(
    "SELECT s.id, s.iccid, s.imsi, s.number, s.number_source, s.number_at, s.country, ",
    contested!(),
    ", ",
    rented!(),
    ", s.rests_until, s.retired_at, s.pool, s.told_number, s.deaf_until FROM sim s"
);

fn sim(row: &Row<'_>) -> rusqlite::Result<Sim> {
    let number = row.get::<Option<Msisdn>>(3)?;
    let at = Timestamp(row.get::<Option<i64>>(5)?.unwrap_or_default());
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
        retired_at: row.get::<Option<i64>>(10)?.map(Timestamp),
        pool: parsed(row, 11)?,
        told: row.get(12)?,
        deaf_until: Timestamp(row.get(13)?),
    })
}

impl ReadTx<'_> {
    /// All SIMs, by id.
    pub fn sims(&self) -> Result<Vec<Sim>, StoreError> {
        self.all(&format!("{SIM} ORDER BY s.id"), [], sim)
    }

    /// The countries of which there are SIMs.
    pub fn countries_of_sims(&self) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT DISTINCT country FROM sim WHERE country IS NOT NULL ORDER BY country";
        self.all(sql, [], |row| row.get(0))
    }

    /// The SIMs of a country, by id; `country` is the code as answers spell it.
    pub fn sims_of_country(&self, country: &str) -> Result<Vec<Sim>, StoreError> {
        self.all(&format!("{SIM} WHERE s.country = $1 ORDER BY s.id"), [country], sim)
    }

    /// The SIM with this ICCID, if it was ever seen.
    pub fn sim_by_iccid(&self, iccid: &Iccid) -> Result<Option<Sim>, StoreError> {
        self.first(&format!("{SIM} WHERE s.iccid = $1"), [iccid], sim)
    }

    pub fn iccid(&self, id: SimId) -> Result<Option<Iccid>, StoreError> {
        self.first("SELECT iccid FROM sim WHERE id = $1", [id.0], |row| row.get(0))
    }

    /// The IMSI of a SIM, if it is known.
    pub fn imsi(&self, id: SimId) -> Result<Option<Imsi>, StoreError> {
        let imsi = |row: &Row<'_>| row.get::<Option<Imsi>>(0);
        Ok(self.first("SELECT imsi FROM sim WHERE id = $1", [id.0], imsi)?.flatten())
    }

    pub fn sim(&self, id: SimId) -> Result<Option<Sim>, StoreError> {
        self.first(&format!("{SIM} WHERE s.id = $1"), [id.0], sim)
    }

    /// Whether a SIM or a number was given to anybody after `since`.
    pub fn was_given_since(
        &self,
        sim: SimId,
        number: &Msisdn,
        since: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM sim WHERE (id = $1 OR number = $2) AND \
                   last_given_at > $3)";
        Ok(self.number(sql, params![sim.0, number, since.0])? != 0)
    }

    /// The ICCIDs of the SIMs that have this number, those that are not retired first.
    pub fn sims_with_number(&self, number: &Msisdn) -> Result<Vec<Iccid>, StoreError> {
        let sql = "SELECT iccid FROM sim WHERE number = $1 ORDER BY retired_at IS NOT NULL, id";
        self.all(sql, [number], |row| row.get(0))
    }

    /// Whether a SIM of this country was ever seen.
    pub fn has_sim_of(&self, country: &str) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM sim WHERE country = $1 LIMIT 1";
        Ok(self.first(sql, [country], |_| Ok(()))?.is_some())
    }

    /// The countries of the SIMs whose numbers are known, each with the first digits of an IMSI,
    /// which say of which network a SIM is.
    pub fn networks_of_sims(&self) -> Result<Vec<(String, Imsi)>, StoreError> {
        let sql = "SELECT country, min(imsi) FROM sim WHERE country IS NOT NULL AND number IS NOT \
                   NULL AND imsi IS NOT NULL AND retired_at IS NULL GROUP BY country, \
                   substr(imsi, 1, 6)";
        self.all(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    pub fn sim_id(&self, iccid: &Iccid) -> Result<Option<SimId>, StoreError> {
        self.first("SELECT id FROM sim WHERE iccid = $1", [iccid], |row| row.get(0).map(SimId))
    }
}

impl ReadTx<'_> {
    /// Whose messages are in a modem's own store, once a SIM was read in it.
    pub fn own_store(&self, modem: &ModemId) -> Result<Option<OwnStore>, StoreError> {
        let sql = "SELECT sim_id, others_until FROM modem WHERE imei = $1";
        self.first(sql, [modem], |row| {
            let others_until = row.get::<Option<i64>>(1)?.map(Timestamp);
            Ok(OwnStore { sim: SimId(row.get(0)?), others_until })
        })
    }

    /// Whether a PIN was entered into a card that has not accepted it.
    pub fn has_refused_pin(&self, card: &str) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM pin_try WHERE card = $1 AND accepted_at IS NULL";
        Ok(self.first(sql, [card], |_| Ok(()))?.is_some())
    }
}

impl WriteTx<'_> {
    /// Records whose messages are in a modem's own store.
    pub fn set_own_store(
        &self,
        modem: &ModemId,
        store: OwnStore,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO modem (imei, sim_id, others_until, updated_at) VALUES ($1, $2, $3, \
                   $4) ON CONFLICT (imei) DO UPDATE SET sim_id = excluded.sim_id, others_until = \
                   excluded.others_until, updated_at = excluded.updated_at";
        let until = store.others_until.map(|until| until.0);
        self.change(sql, params![modem, store.sim.0, until, at.0])
    }

    /// Records that a PIN is about to be entered into a card, but not which PIN, if it may be
    /// entered: it may not if the last one was not accepted, and with `only_if_accepted` only if
    /// one was. Also returns the try, if it was recorded.
    pub fn note_pin_try(
        &self,
        card: &str,
        only_if_accepted: bool,
        at: Timestamp,
    ) -> Result<(PinPermission, Option<PinTry>), StoreError> {
        let sql = "SELECT accepted_at FROM pin_try WHERE card = $1";
        let known = self.first(sql, [card], |row| row.get::<Option<i64>>(0))?;
        let accepted_before = match known {
            Some(None) => return Ok((PinPermission::RefusedBefore, None)),
            None if only_if_accepted => return Ok((PinPermission::NeverAccepted, None)),
            Some(accepted_at) => accepted_at.map(Timestamp),
            None => None,
        };
        let sql = "INSERT INTO pin_try (card, tried_at) VALUES ($1, $2) ON CONFLICT (card) DO \
                   UPDATE SET tried_at = excluded.tried_at, accepted_at = NULL";
        self.change(sql, params![card, at.0])?;
        let pin_try = PinTry { card: card.to_owned(), tried_at: at, accepted_before };
        Ok((PinPermission::Granted, Some(pin_try)))
    }

    /// Undoes the record of a try that was not made. Whatever was recorded of the card since stays.
    pub fn undo_pin_try(&self, pin_try: &PinTry) -> Result<(), StoreError> {
        let PinTry { card, tried_at, accepted_before } = pin_try;
        match accepted_before {
            Some(at) => {
                let sql = "UPDATE pin_try SET accepted_at = $1 WHERE card = $2 AND tried_at = $3 \
                           AND accepted_at IS NULL";
                self.change(sql, params![at.0, card, tried_at.0])
            }
            None => {
                let sql = "DELETE FROM pin_try WHERE card = $1 AND tried_at = $2 AND accepted_at \
                           IS NULL";
                self.change(sql, params![card, tried_at.0])
            }
        }
    }

    /// Records that the card has accepted the PIN that was entered.
    pub fn note_accepted_pin(&self, card: &str, at: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE pin_try SET accepted_at = $1 WHERE card = $2";
        self.change(sql, params![at.0, card])
    }

    /// Deletes the record of the attempt.
    pub fn forget_pin_try(&self, card: &str) -> Result<(), StoreError> {
        self.change("DELETE FROM pin_try WHERE card = $1", [card])
    }

    /// The SIM with this ICCID, which is added if it was never seen before.
    pub fn ensure_sim(&self, iccid: &Iccid, at: Timestamp) -> Result<Sim, StoreError> {
        let sql =
            "INSERT INTO sim (iccid, created_at) VALUES ($1, $2) ON CONFLICT (iccid) DO NOTHING";
        let known = self.sim_by_iccid(iccid)?;
        if let Some(known) = known {
            return Ok(known);
        }
        self.change(sql, params![iccid, at.0])?;
        let gone = StoreError::Row {
            table: "sim",
            key: iccid.to_string(),
            fault: "does not exist after it was added",
        };
        self.sim_by_iccid(iccid)?.ok_or(gone)
    }

    /// Saves a SIM's IMSI, number and country.
    pub fn save_sim(&self, sim: &Sim) -> Result<(), StoreError> {
        let sql = "UPDATE sim SET imsi = $1, number = $2, number_source = $3, number_at = $4, \
                   country = $5, told_number = $6 WHERE id = $7";
        let number = sim.number.as_ref();
        let values = params![
            sim.imsi,
            number.map(|known| &known.number),
            number.map(|known| known.source.as_str()),
            number.map(|known| known.at.0),
            sim.country,
            sim.told,
            sim.id.0
        ];
        self.change_one(sql, values, "sim", sim.id)?;
        if sim.number.is_some() { self.forget_asks(sim.id) } else { Ok(()) }
    }

    /// Records that a SIM was given out at `at`, so that others are given out before it next time.
    pub fn record_sim_given(&self, sim: SimId, at: Timestamp) -> Result<(), StoreError> {
        self.change_one(
            "UPDATE sim SET last_given_at = $1 WHERE id = $2",
            params![at.0, sim.0],
            "sim",
            sim,
        )
    }

    /// Sets until when a SIM rests: no order or rental is given it before.
    pub fn rest_sim(&self, sim: SimId, until: Timestamp) -> Result<(), StoreError> {
        self.change_one(
            "UPDATE sim SET rests_until = $1 WHERE id = $2",
            params![until.0, sim.0],
            "sim",
            sim,
        )
    }

    /// Removes a SIM, unless something refers to it: a message, an order, a rental, a modem.
    /// Answers whether it did.
    pub fn remove_unused_sim(&self, sim: SimId) -> Result<bool, StoreError> {
        self.forget_asks(sim)?;
        match self.change_counted("DELETE FROM sim WHERE id = $1", [sim.0]) {
            Ok(changed) => one_row(changed, "sim", sim).map(|()| true),
            Err(StoreError::Refused(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Sets what a SIM is sold for.
    pub fn set_pool(&self, sim: SimId, pool: Pool) -> Result<(), StoreError> {
        let values = params![pool.as_str(), sim.0];
        self.change_one("UPDATE sim SET pool = $1 WHERE id = $2", values, "sim", sim)
    }

    /// Sets since when a SIM is retired and so not sold any more; with `None` it is sold again.
    pub fn retire_sim(&self, sim: SimId, since: Option<Timestamp>) -> Result<(), StoreError> {
        let values = params![since.map(|at| at.0), sim.0];
        self.change_one("UPDATE sim SET retired_at = $1 WHERE id = $2", values, "sim", sim)
    }
}
