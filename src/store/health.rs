//! The health of numbers for services, and the hearing of SIMs.

use std::collections::HashMap;

use rusqlite::params;

use super::engine::Row;
use super::{ReadTx, StoreError, WriteTx};
use crate::domain::health::{self, PairHealth, SimHearing};
use crate::domain::{AccountId, Iccid, Msisdn, ServiceId, SimId, Timestamp};

/// A number and a service.
pub type Pair = (Msisdn, ServiceId);

/// How the orders for a number and a service ended in some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PairEnds {
    pub orders: i64,
    /// How many orders received a code.
    pub codes: i64,
    /// How many orders ended in a way that speaks against the number.
    pub failures: i64,
    /// The SIM of the last one.
    pub sim: Option<SimId>,
}

/// Which pairs are wanted. What is `None` limits nothing.
#[derive(Debug, Clone, Default)]
pub struct PairFilter {
    pub service: Option<ServiceId>,
    pub number: Option<Msisdn>,
    /// The country's code as answers spell it.
    pub country: Option<String>,
}

/// A service's orders of some time that tell something of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ServiceEnds {
    pub orders: i64,
    pub codes: i64,
}

fn pair_health(row: &Row<'_>) -> rusqlite::Result<(Pair, PairHealth)> {
    let health = PairHealth {
        failures: row.get(2)?,
        rests: row.get(3)?,
        rests_until: Timestamp(row.get(4)?),
    };
    Ok(((row.get(0)?, ServiceId(row.get(1)?)), health))
}

const PAIR: &str = "SELECT number, service_id, failures, rests, rests_until FROM pair_health";

impl ReadTx<'_> {
    /// What is known of a number for a service.
    pub fn pair_health(
        &self,
        number: &Msisdn,
        service: ServiceId,
    ) -> Result<PairHealth, StoreError> {
        let sql = format!("{PAIR} WHERE number = $1 AND service_id = $2");
        let found = self.first(&sql, params![number, service.0], pair_health)?;
        Ok(found.map(|(_, health)| health).unwrap_or_default())
    }

    /// The pairs that rest at `now`.
    pub fn failing_pairs(&self, now: Timestamp) -> Result<Vec<Pair>, StoreError> {
        let sql = "SELECT number, service_id FROM pair_health WHERE rests_until > $1 AND \
                   rests_until > 0";
        self.all(sql, [now.0], |row| Ok((row.get(0)?, ServiceId(row.get(1)?))))
    }

    /// All pairs that something speaks against.
    pub fn pairs(&self, filter: &PairFilter) -> Result<Vec<(Pair, PairHealth)>, StoreError> {
        let sql = format!(
            "{PAIR} h WHERE (service_id = $1 OR $1 IS NULL) AND (number = $2 OR $2 IS NULL) AND \
             (CAST($3 AS text) IS NULL OR EXISTS (SELECT 1 FROM sim s WHERE s.number = h.number \
             AND s.country = $3))"
        );
        let service = filter.service.map(|service| service.0);
        self.all(&sql, params![service, filter.number, filter.country], pair_health)
    }

    /// How the orders ended that were made from `since` on, by number and service.
    pub fn pair_ends(
        &self,
        filter: &PairFilter,
        since: Timestamp,
    ) -> Result<HashMap<Pair, PairEnds>, StoreError> {
        let sql = "SELECT e.number, e.service_id, e.orders, e.codes, e.failures, o.sim_id FROM \
                   (SELECT number, service_id, count(*) AS orders, count(*) FILTER (WHERE outcome \
                   = 'code') AS codes, count(*) FILTER (WHERE outcome IN ('silent', 'quit_late', \
                   'reported')) AS failures, max(id) AS newest FROM orders WHERE id >= $1 AND \
                   created_at >= $2 AND outcome IS NOT NULL AND (service_id = $3 OR $3 IS NULL) \
                   AND (number = $4 OR $4 IS NULL) AND (country = $5 OR $5 IS NULL) GROUP BY \
                   number, service_id) AS e JOIN orders o ON o.id = e.newest";
        let first = self.first_id_from(&super::orders::LISTED, since)?;
        let service = filter.service.map(|service| service.0);
        let values = params![first, since.0, service, filter.number, filter.country];
        let ends = self.all(sql, values, |row| {
            let sim = Some(SimId(row.get(5)?));
            let (orders, codes, failures) = (row.get(2)?, row.get(3)?, row.get(4)?);
            let ends = PairEnds { orders, codes, failures, sim };
            Ok(((row.get(0)?, ServiceId(row.get(1)?)), ends))
        })?;
        Ok(ends.into_iter().collect())
    }

    /// How the orders of each service ended that were made from `since` on, as far as their end
    /// tells something of the service.
    pub fn service_ends(
        &self,
        since: Timestamp,
    ) -> Result<HashMap<ServiceId, ServiceEnds>, StoreError> {
        let sql = "SELECT service_id, count(*), count(*) FILTER (WHERE outcome = 'code') FROM \
                   orders WHERE id >= $1 AND created_at >= $2 AND outcome IN ('code', 'silent', \
                   'quit_late', 'reported', 'sim_lost') GROUP BY service_id";
        let first = self.first_id_from(&super::orders::LISTED, since)?;
        let ends = self.all(sql, [first, since.0], |row| {
            Ok((ServiceId(row.get(0)?), ServiceEnds { orders: row.get(1)?, codes: row.get(2)? }))
        })?;
        Ok(ends.into_iter().collect())
    }

    /// The median of the seconds from an order for a service to its code, of `codes` orders that
    /// were made from `since` on.
    pub fn median_code_seconds(
        &self,
        service: ServiceId,
        since: Timestamp,
        codes: i64,
    ) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT (ended_at - created_at) / 1000000 AS seconds FROM orders WHERE id >= $1 \
                   AND created_at >= $2 AND service_id = $3 AND outcome = 'code' ORDER BY seconds \
                   LIMIT 1 OFFSET $4";
        let first = self.first_id_from(&super::orders::LISTED, since)?;
        let middle = codes.saturating_sub(1) / 2;
        self.first(sql, [first, since.0, service.0, middle], |row| row.get(0))
    }

    /// The SIMs in use that are taken to be deaf, and when each is to be tested next.
    pub fn deaf_sims(&self) -> Result<Vec<(SimId, Iccid, Timestamp)>, StoreError> {
        let sql = "SELECT s.id, s.iccid, coalesce(t.next_at, 0) FROM sim s LEFT JOIN hearing_test \
                   t ON t.sim_id = s.id WHERE s.deaf_until > 0 AND s.retired_at IS NULL ORDER BY \
                   s.id";
        self.all(sql, [], |row| {
            let iccid = Iccid::from_stored(row.get::<String>(1)?.as_str());
            Ok((SimId(row.get(0)?), iccid, Timestamp(row.get(2)?)))
        })
    }

    /// How many tests of a SIM were made since it was taken to be deaf.
    pub fn hearing_tests(&self, sim: SimId) -> Result<u32, StoreError> {
        let sql = "SELECT tests FROM hearing_test WHERE sim_id = $1";
        Ok(self.first(sql, [sim.0], |row| row.get(0))?.unwrap_or_default())
    }

    /// What a SIM's silent orders have told.
    fn hearing(&self, sim: SimId) -> Result<SimHearing, StoreError> {
        let sql = "SELECT silent_orders, silent_service, silent_mixed, deaf_until FROM sim WHERE \
                   id = $1";
        let found = self.first(sql, [sim.0], |row| {
            Ok(SimHearing {
                silent: row.get(0)?,
                first: row.get::<Option<i64>>(1)?.map(ServiceId),
                is_mixed: row.get(2)?,
                deaf_until: Timestamp(row.get(3)?),
            })
        })?;
        Ok(found.unwrap_or_default())
    }
}

impl WriteTx<'_> {
    /// Whether a failure of an account for a number and a service counts, as none of it did after
    /// `since`. Then no other one will until as long has passed. Those until `forget` are
    /// forgotten.
    pub fn count_failure(
        &self,
        (number, service): (&Msisdn, ServiceId),
        account: AccountId,
        at: Timestamp,
        since: Timestamp,
        forget: Timestamp,
    ) -> Result<bool, StoreError> {
        self.change("DELETE FROM pair_failure WHERE at <= $1", [forget.0])?;
        let sql = "INSERT INTO pair_failure (number, service_id, account_id, at) VALUES ($1, $2, \
                   $3, $4) ON CONFLICT (number, service_id, account_id) DO UPDATE SET at = \
                   excluded.at WHERE pair_failure.at <= $5";
        let values = params![number, service.0, account.0, at.0, since.0];
        Ok(self.change_counted(sql, values)? > 0)
    }

    /// Saves what is known of a number for a service.
    pub fn save_pair_health(
        &self,
        number: &Msisdn,
        service: ServiceId,
        health: PairHealth,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO pair_health (number, service_id, failures, rests, rests_until) \
                   VALUES ($1, $2, $3, $4, $5) ON CONFLICT (number, service_id) DO UPDATE SET \
                   failures = excluded.failures, rests = excluded.rests, rests_until = \
                   excluded.rests_until";
        let values =
            params![number, service.0, health.failures, health.rests, health.rests_until.0];
        self.change(sql, values)
    }

    /// Nothing speaks against a number for a service any more. Returns whether something did.
    pub fn clear_pair_health(
        &self,
        number: &Msisdn,
        service: ServiceId,
    ) -> Result<bool, StoreError> {
        let sql = "DELETE FROM pair_health WHERE number = $1 AND service_id = $2";
        Ok(self.change_counted(sql, params![number, service.0])? > 0)
    }

    /// Notes that an order on a SIM got nothing. Returns whether the SIM is taken to be deaf now
    /// and was not before.
    pub fn note_silence(
        &self,
        sim: SimId,
        service: ServiceId,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let before = self.hearing(sim)?;
        let after = before.after_silence(service, at);
        let sql = "UPDATE sim SET silent_orders = $1, silent_service = $2, silent_mixed = $3, \
                   deaf_until = $4 WHERE id = $5";
        let first = after.first.map(|service| service.0);
        let values = params![after.silent, first, after.is_mixed, after.deaf_until.0, sim.0];
        self.change(sql, values)?;
        Ok(after.deaf_until > before.deaf_until)
    }

    /// Saves that a SIM that is taken to be deaf is tested, for the nth time, and when it is next.
    /// Until after that it is taken to be deaf.
    pub fn save_hearing_test(
        &self,
        sim: SimId,
        tests: u32,
        next: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO hearing_test (sim_id, tests, next_at) VALUES ($1, $2, $3) ON \
                   CONFLICT (sim_id) DO UPDATE SET tests = excluded.tests, next_at = \
                   excluded.next_at";
        self.change(sql, params![sim.0, tests, next.0])?;
        let sql =
            "UPDATE sim SET deaf_until = $1 WHERE id = $2 AND deaf_until > 0 AND deaf_until < $1";
        let until = next.plus(health::TEST_LASTS);
        self.change(sql, params![until.0, sim.0])
    }

    /// Notes that a SIM hears. Returns whether that was in doubt.
    pub fn note_hearing(&self, sim: SimId) -> Result<bool, StoreError> {
        let sql = "UPDATE sim SET silent_orders = 0, silent_service = NULL, silent_mixed = 0, \
                   deaf_until = 0 WHERE id = $1 AND silent_orders > 0";
        let was_doubted = self.change_counted(sql, [sim.0])? > 0;
        if was_doubted {
            self.change("DELETE FROM hearing_test WHERE sim_id = $1", [sim.0])?;
        }
        Ok(was_doubted)
    }
}
