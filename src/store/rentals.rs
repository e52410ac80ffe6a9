//! Rentals: one SIM with all its messages for months.

use std::time::Duration;

use rusqlite::params;

use super::engine::Row;
use super::list_steps::{ListStep, STEP_ROWS};
use super::listing::{ListFilter, Listed};
use super::{ReadTx, StoreError, WriteTx};
use crate::domain::rental::{RentalEnding, RentalState};
use crate::domain::{AccountId, Amount, Iccid, Msisdn, Rental, RentalId, SimId, Timestamp};

const RENTAL: &str = "SELECT id, account_id, sim_id, number, country, package, renewal_package, \
                      auto_renew, terms, months, started_at, expires_at, state, ended_at, due_at, \
                      free_us, free_before_us, days_off_air, moved_at, ending FROM rental";

const LISTED: Listed = Listed {
    table: "rental",
    id: "id",
    time: "started_at",
    account: "account_id = ?",
    has_account_index: true,
    // Written so, they keep SQLite from indexes in whose order the rows are not wanted.
    number: "(number || '') IN (?)",
    sim: "+sim_id = ?",
    country: "country = ?",
    state: "state = ?",
    ..Listed::UNFILTERED
};

/// A SIM that a rental had before it was moved to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RentalMove {
    pub rental: RentalId,
    pub sim: SimId,
    pub iccid: Iccid,
    pub number: Msisdn,
    /// Since when it had it, and until when.
    pub from: Timestamp,
    pub to: Timestamp,
}

const MOVE: &str = "SELECT v.rental_id, v.sim_id, s.iccid, v.number, v.from_at, v.to_at FROM \
                    rental_move v JOIN sim s ON s.id = v.sim_id";

fn rental_move(row: &Row<'_>) -> rusqlite::Result<RentalMove> {
    Ok(RentalMove {
        rental: RentalId(row.get(0)?),
        sim: SimId(row.get(1)?),
        iccid: row.get(2)?,
        number: row.get(3)?,
        from: Timestamp(row.get(4)?),
        to: Timestamp(row.get(5)?),
    })
}

pub(super) fn micros(us: i64) -> Duration {
    Duration::from_micros(u64::try_from(us).unwrap_or(0))
}

pub(super) fn as_micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

fn rental(row: &Row<'_>) -> rusqlite::Result<Result<Rental, StoreError>> {
    let id = RentalId(row.get(0)?);
    let ended_at = row.get::<Option<i64>>(13)?.map(Timestamp);
    let (word, ending) = (row.get_ref(12)?.as_str()?, row.get_ref(19)?.as_str_or_null()?);
    let Some(state) = RentalState::from_row(word, ended_at, ending) else {
        return Ok(Err(StoreError::Row {
            table: "rental",
            key: id.to_string(),
            fault: "is in a state that no rental can be in",
        }));
    };
    Ok(Ok(Rental {
        id,
        account: AccountId(row.get(1)?),
        sim: SimId(row.get(2)?),
        number: row.get(3)?,
        country: row.get(4)?,
        package: row.get(5)?,
        renewal_package: row.get(6)?,
        auto_renew: row.get(7)?,
        terms: row.get(8)?,
        months: row.get(9)?,
        started_at: Timestamp(row.get(10)?),
        expires_at: Timestamp(row.get(11)?),
        due_at: Timestamp(row.get(14)?),
        free: micros(row.get(15)?),
        free_before: micros(row.get(16)?),
        days_off_air: row.get(17)?,
        moved_at: row.get::<Option<i64>>(18)?.map(Timestamp),
        state,
    }))
}

impl ReadTx<'_> {
    pub fn rental(&self, id: RentalId) -> Result<Option<Rental>, StoreError> {
        self.first(&format!("{RENTAL} WHERE id = $1"), [id.0], rental)?.transpose()
    }

    /// The rentals that a filter selects, oldest first.
    pub fn rentals(&self, filter: &ListFilter) -> Result<Vec<Rental>, StoreError> {
        self.list(RENTAL, &LISTED, filter, rental)?.into_iter().collect()
    }

    /// A step of [`ReadTx::rentals`]: of a filter without an index, what a page's reader waits for.
    pub fn rentals_step(&self, filter: &ListFilter) -> Result<ListStep<Rental>, StoreError> {
        let step = self.list_step(RENTAL, &LISTED, filter, STEP_ROWS, rental)?;
        step.try_map(|rental| rental)
    }

    /// Of the rentals that had a SIM by `at`, and have it still or had it to their end, the one
    /// that got it last.
    pub fn rental_at(&self, sim: SimId, at: Timestamp) -> Result<Option<Rental>, StoreError> {
        let sql = format!(
            "{RENTAL} WHERE sim_id = $1 AND coalesce(moved_at, started_at) <= $2 ORDER BY \
             coalesce(moved_at, started_at) DESC, id DESC LIMIT 1"
        );
        self.first(&sql, [sim.0, at.0], rental)?.transpose()
    }

    /// Whether a SIM has ever been rented.
    pub fn was_ever_rented(&self, sim: SimId) -> Result<bool, StoreError> {
        Ok(self
            .first("SELECT 1 FROM rental WHERE sim_id = $1 LIMIT 1", [sim.0], |_| Ok(()))?
            .is_some())
    }

    /// Whether a SIM has a rental that runs.
    pub fn has_tenant(&self, sim: SimId) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM rental WHERE sim_id = $1 AND state = 'active'";
        Ok(self.first(sql, [sim.0], |_| Ok(()))?.is_some())
    }

    /// Whether a SIM has a rental that gets it after `now`, which is possible only when the clock
    /// was set back.
    pub fn has_rental_starting_after(
        &self,
        sim: SimId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM rental WHERE sim_id = $1 AND state = 'active' AND \
                   coalesce(moved_at, started_at) > $2";
        Ok(self.first(sql, [sim.0, now.0], |_| Ok(()))?.is_some())
    }

    /// The SIMs that a rental had before it was moved, oldest first.
    pub fn moves_of(&self, rental: RentalId) -> Result<Vec<RentalMove>, StoreError> {
        self.all(&format!("{MOVE} WHERE v.rental_id = $1 ORDER BY v.id"), [rental.0], rental_move)
    }

    /// Until when a number rests because tenants had it: for `rest` from the end of a tenancy, but
    /// no longer than the card that it was on then.
    pub fn rest_after_tenants(
        &self,
        number: &Msisdn,
        rest: Duration,
    ) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT max(CASE WHEN s.rests_until < had.until + $1 THEN s.rests_until ELSE \
                   had.until + $1 END) FROM (SELECT sim_id, ended_at AS until FROM rental WHERE \
                   number = $2 AND state = 'ended' UNION ALL SELECT sim_id, to_at FROM rental_move \
                   WHERE number = $2) had JOIN sim s ON s.id = had.sim_id";
        let values = params![as_micros(rest), number];
        let until = self.first(sql, values, |row| row.get::<Option<i64>>(0))?;
        Ok(until.flatten().map(Timestamp))
    }

    /// The rentals that had a number before they were moved, oldest first.
    pub fn moves_from_number(&self, number: &Msisdn) -> Result<Vec<RentalMove>, StoreError> {
        self.all(&format!("{MOVE} WHERE v.number = $1 ORDER BY v.id"), [number], rental_move)
    }

    /// The number that a rental had on a SIM from which it was moved.
    pub fn number_before_move(
        &self,
        rental: RentalId,
        sim: SimId,
    ) -> Result<Option<Msisdn>, StoreError> {
        let sql = "SELECT number FROM rental_move WHERE rental_id = $1 AND sim_id = $2 ORDER BY id \
                   DESC LIMIT 1";
        self.first(sql, [rental.0, sim.0], |row| row.get(0))
    }

    /// The rentals of an account that run at `now`, the newest first: so many of them, after the
    /// first `skipped`.
    pub fn running_rentals(
        &self,
        account: AccountId,
        now: Timestamp,
        (skipped, count): (u32, u32),
    ) -> Result<Vec<Rental>, StoreError> {
        // With `state = 'active'`, SQLite would read all active rentals and sort them.
        let sql = format!(
            "{RENTAL} WHERE account_id = $1 AND state <> 'ended' AND due_at > $2 ORDER BY id DESC \
             LIMIT $3 OFFSET $4"
        );
        let values = params![account.0, now.0, count, skipped];
        self.all(&sql, values, rental)?.into_iter().collect()
    }

    /// Whether anything was sent to a rental: a message that its tenant was given, or one that was
    /// withheld.
    pub fn was_sent_anything(&self, rental: RentalId) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM message WHERE rental_id = $1) OR EXISTS (SELECT 1 \
                   FROM withheld_notice WHERE rental_id = $1)";
        Ok(self.first(sql, [rental.0], |row| row.get(0))?.unwrap_or(false))
    }

    /// The greatest id that a rental has had.
    pub fn last_rental_id(&self) -> Result<i64, StoreError> {
        self.last_id_of("rental")
    }

    /// The active rentals that begin after `now`.
    pub(super) fn rentals_starting_after(&self, now: Timestamp) -> Result<Vec<Rental>, StoreError> {
        let sql = format!(
            "{RENTAL} WHERE state = 'active' AND due_at > $1 AND started_at > $1 ORDER BY due_at"
        );
        self.all(&sql, [now.0], rental)?.into_iter().collect()
    }

    /// How many active rentals are behind with their terms at `now`: renewed, and over even so.
    pub fn behind_rental_count(&self, now: Timestamp) -> Result<i64, StoreError> {
        let sql = "SELECT count(*) FROM rental WHERE state = 'active' AND due_at > $1 AND \
                   expires_at <= $1";
        self.number(sql, [now.0])
    }

    /// How many active rentals of an account have cost nothing.
    pub fn free_rental_count(&self, account: AccountId) -> Result<i64, StoreError> {
        let sql = "SELECT count(*) FROM rental r WHERE r.state = 'active' AND r.sim_id > 0 AND \
                   r.account_id = $1 AND NOT EXISTS (SELECT 1 FROM ledger l WHERE l.rental_id = \
                   r.id AND l.balance_minor <> 0)";
        self.number(sql, [account.0])
    }

    /// What the last term of a rental that was charged has cost.
    pub fn last_term_price(&self, rental: RentalId) -> Result<Option<Amount>, StoreError> {
        let sql = "SELECT -balance_minor FROM ledger WHERE rental_id = $1 AND kind <> 'refund' \
                   ORDER BY id DESC LIMIT 1";
        self.first(sql, [rental.0], |row| row.get(0).map(Amount))
    }

    /// How many rentals are active at `now`.
    pub fn active_rental_count(&self, now: Timestamp) -> Result<i64, StoreError> {
        self.number("SELECT count(*) FROM rental WHERE state = 'active' AND due_at > $1", [now.0])
    }
}

impl WriteTx<'_> {
    /// Adds an active rental with one term and returns its id. The id in `new` is ignored. For
    /// `order_rest` at least no order had completed on its number.
    pub fn add_rental(&self, new: &Rental, order_rest: Duration) -> Result<RentalId, StoreError> {
        let sql = "INSERT INTO rental (account_id, sim_id, number, country, package, \
                   renewal_package, auto_renew, state, terms, months, started_at, expires_at, \
                   due_at, order_rest_us) VALUES ($1, $2, $3, $4, $5, $6, $7, 'active', $8, $9, \
                   $10, $11, $12, $13)";
        let values = params![
            new.account.0,
            new.sim.0,
            new.number,
            new.country,
            new.package,
            new.renewal_package,
            new.auto_renew,
            new.terms,
            new.months,
            new.started_at.0,
            new.expires_at.0,
            new.due_at.0,
            as_micros(order_rest)
        ];
        Ok(RentalId(self.insert(sql, values)?))
    }

    /// Saves the changes to a rental that was active until now.
    pub fn save_rental(&self, rental: &Rental) -> Result<(), StoreError> {
        let sql = "UPDATE rental SET renewal_package = $1, auto_renew = $2, terms = $3, months = \
                   $4, expires_at = $5, due_at = $6, state = $7, ended_at = $8, free_us = $9, \
                   free_before_us = $10, days_off_air = $11, ending = $12 WHERE id = $13 AND \
                   state = 'active'";
        let values = params![
            rental.renewal_package,
            rental.auto_renew,
            rental.terms,
            rental.months,
            rental.expires_at.0,
            rental.due_at.0,
            rental.state.as_str(),
            rental.state.ended_at().map(|at| at.0),
            as_micros(rental.free),
            as_micros(rental.free_before),
            rental.days_off_air,
            rental.state.ending().map(RentalEnding::as_str),
            rental.id.0
        ];
        self.change_one(sql, values, "rental", rental.id)
    }

    /// Sets when the tenant of a rental is told next that it ends soon; `None`: not again.
    pub fn plan_notice(&self, rental: RentalId, at: Option<Timestamp>) -> Result<(), StoreError> {
        let sql = "UPDATE rental SET notice_at = $1 WHERE id = $2 AND notice_at IS DISTINCT FROM \
                   $1";
        self.change(sql, params![at.map(|at| at.0), rental.0])
    }

    /// Gives a rental that runs another SIM and its number. For `order_rest` at least no order had
    /// completed on that. What it had is kept.
    pub fn move_rental(&self, moved: &Rental, order_rest: Duration) -> Result<(), StoreError> {
        let (id, at) = (moved.id.0, moved.has_sim_since().0);
        let sql = "INSERT INTO rental_move (rental_id, sim_id, number, from_at, to_at) SELECT id, \
                   sim_id, number, coalesce(moved_at, started_at), $1 FROM rental WHERE id = $2";
        self.change(sql, [at, id])?;
        let sql = "UPDATE rental SET sim_id = $1, number = $2, moved_at = $3, order_rest_us = $4 \
                   WHERE id = $5 AND state = 'active'";
        let values = params![moved.sim.0, moved.number, at, as_micros(order_rest), id];
        self.change_one(sql, values, "rental", moved.id)
    }

    /// Saves a rental that runs again after it had ended. The retention of its messages counts from
    /// its end again.
    pub fn revive_rental(&self, rental: &Rental) -> Result<(), StoreError> {
        let sql = "UPDATE rental SET terms = $1, months = $2, expires_at = $3, due_at = $4, \
                   free_before_us = $5, days_off_air = 0, state = 'active', ended_at = NULL, \
                   ending = NULL WHERE id = $6 AND state = 'ended'";
        let values = params![
            rental.terms,
            rental.months,
            rental.expires_at.0,
            rental.due_at.0,
            as_micros(rental.free_before),
            rental.id.0
        ];
        self.change_one(sql, values, "rental", rental.id)?;
        let sql = "UPDATE message SET settled_at = NULL WHERE rental_id = $1";
        self.change(sql, [rental.id.0])
    }

    /// Sets `at`, when the rental ended, as the time from which the retention of its messages
    /// counts.
    pub fn settle_rental_messages(
        &self,
        rental: RentalId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE message SET settled_at = $1 WHERE rental_id = $2 AND settled_at IS NULL";
        self.change(sql, [at.0, rental.0])
    }
}
