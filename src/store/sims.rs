//! SIMs, their numbers, and the stock that orders are served from.

use rusqlite::{Row, ToSql, params};

use super::error::one_row;
use super::{ReadTx, StoreError, WriteTx};
use crate::domain::allocation::{SharingPolicy, SimCandidate, Use};
use crate::domain::sim::{KnownNumber, NumberSource, Sim};
use crate::domain::{AccountId, ServiceId, SimId, Timestamp};

/// What an order asks of the stock.
#[derive(Debug, Clone, Copy)]
pub struct StockQuery<'q> {
    /// The country's code as answers spell it.
    pub country: &'q str,
    /// What the number is for: it was never used for it.
    pub service: ServiceId,
    /// Who asks: it did not skip the number for the service.
    pub account: AccountId,
    /// With which orders it may be on the SIM.
    pub company: SharingPolicy,
    /// Orders past their lifetime at this time do not count.
    pub now: Timestamp,
    /// A number that was used for the service after this is not sold for it.
    pub used_since: Timestamp,
}

impl StockQuery<'_> {
    /// `$1 country`, `$2 now`, `$3 service`, `$4 used since`, `$5 account`.
    fn values(&self) -> [&dyn ToSql; 5] {
        [&self.country, &self.now.0, &self.service.0, &self.used_since.0, &self.account.0]
    }
}

const SIM: &str = "SELECT s.id, s.iccid, s.imsi, s.number, s.number_source, s.number_at, \
                   s.country, EXISTS (SELECT 1 FROM sim o WHERE o.number = s.number AND o.id <> \
                   s.id AND o.retired_at IS NULL), EXISTS (SELECT 1 FROM rental t WHERE t.sim_id \
                   = s.id AND t.state = 'active') OR EXISTS (SELECT 1 FROM rental n WHERE \
                   n.number = s.number AND n.state = 'active'), s.rests_until, s.retired_at FROM \
                   sim s";

fn sim(row: &Row<'_>) -> rusqlite::Result<Sim> {
    let known = match (row.get::<_, Option<String>>(3)?, row.get::<_, Option<String>>(4)?) {
        (Some(number), Some(source)) => {
            NumberSource::from_word(&source).map(|source| (number, source))
        }
        _ => None,
    };
    let at = Timestamp(row.get::<_, Option<i64>>(5)?.unwrap_or_default());
    Ok(Sim {
        id: SimId(row.get(0)?),
        iccid: row.get(1)?,
        imsi: row.get(2)?,
        number: known.map(|(number, source)| KnownNumber { number, source, at }),
        country: row.get(6)?,
        contested: row.get(7)?,
        rented: row.get(8)?,
        rests_until: Timestamp(row.get(9)?),
        retired_at: row.get::<_, Option<i64>>(10)?.map(Timestamp),
    })
}

// Parameters are numbered in the order in which they first stand, which every database understands
// alike.

/// What lets a SIM `s` be sold at `$2 now`: it is not retired, resting or rented, and its number is
/// its own: not claimed by another SIM, nor a tenant's whose card it replaced.
macro_rules! for_sale {
    () => {
        "s.number IS NOT NULL AND s.retired_at IS NULL AND s.rests_until <= $2 AND NOT EXISTS \
         (SELECT 1 FROM rental t WHERE t.sim_id = s.id AND t.state = 'active') AND NOT EXISTS \
         (SELECT 1 FROM rental n WHERE n.number = s.number AND n.state = 'active') AND NOT EXISTS \
         (SELECT 1 FROM sim o WHERE o.number = s.number AND o.id <> s.id AND o.retired_at IS NULL)"
    };
}

/// Its number was used for `$3 service` after `$4`.
macro_rules! used {
    () => {
        "EXISTS (SELECT 1 FROM orders u WHERE u.number = s.number AND u.service_id = $3 AND \
         u.state = 'completed' AND u.ended_at > $4)"
    };
}

/// `$5 account` skipped its number for `$3 service`.
macro_rules! skipped {
    () => {
        "EXISTS (SELECT 1 FROM orders k WHERE k.number = s.number AND k.service_id = $3 AND \
         k.account_id = $5 AND k.state = 'skipped')"
    };
}

/// Orders on it stand in the way at `$2 now`; which, `$orders` says of an open or collecting order
/// `r`.
macro_rules! busy {
    ($orders:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM orders r WHERE r.sim_id = s.id AND r.expires_at > $2 ",
            "AND r.state IN ('open', 'completed') AND r.filed = 0 AND (",
            $orders,
            "))"
        )
    };
}

/// SIMs that an order may have in `$1 country`, the one given out longest ago first.
macro_rules! stock {
    ($orders:literal) => {
        concat!(
            "SELECT s.id, s.iccid, s.number FROM sim s WHERE s.country = $1 AND ",
            for_sale!(),
            " AND NOT ",
            used!(),
            " AND NOT ",
            skipped!(),
            " AND NOT ",
            busy!($orders),
            " ORDER BY s.last_given_at, s.id"
        )
    };
}

/// Whether orders stand in the way on `$1 sim` of one more of `$4 account`: that account's own that
/// collect do not.
macro_rules! crowded {
    ($orders:literal) => {
        concat!(
            "SELECT 1 FROM sim s WHERE s.id = $1 AND EXISTS (SELECT 1 FROM orders r WHERE \
             r.sim_id = s.id ",
            "AND r.expires_at > $2 AND r.state IN ('open', 'completed') AND r.filed = 0 AND (",
            $orders,
            ") AND NOT (r.state = 'completed' AND r.service_id = $3 AND r.account_id = $4))"
        )
    };
}

/// What is known of each SIM of `$1 country` for an order.
macro_rules! prospects {
    ($orders:literal) => {
        concat!(
            "SELECT s.iccid, s.number IS NOT NULL AND s.country = $1, EXISTS (SELECT 1 FROM sim o \
             WHERE o.number = s.number AND o.id <> s.id AND o.retired_at IS NULL), ",
            "s.retired_at IS NOT NULL, EXISTS (SELECT 1 FROM rental t WHERE t.sim_id = s.id AND \
             t.state = 'active') ",
            "OR EXISTS (SELECT 1 FROM rental n WHERE n.number = s.number AND n.state = 'active'), ",
            "s.rests_until > $2, ",
            used!(),
            ", ",
            skipped!(),
            ", ",
            busy!($orders),
            " FROM sim s WHERE s.country = $1"
        )
    };
}

/// SIMs that can be rented in `$1 country` at `$2 now`: nobody waits for anything on them any more.
const FOR_RENT: &str = concat!(
    "SELECT s.id, s.iccid, s.number FROM sim s WHERE s.country = $1 AND ",
    for_sale!(),
    " AND NOT ",
    busy!("1 = 1"),
    " ORDER BY s.last_given_at, s.id"
);

/// SIMs that an order may have to itself: nothing runs on them.
const PARKED: &str = stock!("1 = 1");

/// One statement for each kind of company.
macro_rules! by_company {
    ($statement:ident, $company:expr) => {
        match $company {
            SharingPolicy::Alone { among_collecting: false } => $statement!("r.state = 'open'"),
            SharingPolicy::Alone { among_collecting: true } => {
                $statement!("r.state = 'open' OR r.patterned = 0")
            }
            SharingPolicy::Shared => {
                $statement!("r.state = 'open' AND (r.patterned = 0 OR r.service_id = $3)")
            }
        }
    };
}

/// SIMs that somebody could be given in `$1 country` at `$2 now`, as far as that is a matter of the
/// SIM alone.
const ON_SALE: &str =
    concat!("SELECT s.id, s.iccid, s.number FROM sim s WHERE s.country = $1 AND ", for_sale!());

impl ReadTx<'_> {
    /// SIMs that somebody could be given in a country, as far as that is a matter of the SIM alone:
    /// row, ICCID, number.
    pub fn sims_on_sale(
        &self,
        country: &str,
        now: Timestamp,
    ) -> Result<Vec<(SimId, String, String)>, StoreError> {
        self.all(ON_SALE, params![country, now.0], |row| {
            Ok((SimId(row.get(0)?), row.get(1)?, row.get(2)?))
        })
    }

    /// What a number was used for: each service, and when last.
    pub fn uses(&self, number: &str) -> Result<Vec<Use>, StoreError> {
        let sql = "SELECT service_id, max(ended_at) FROM orders WHERE number = $1 AND state = \
                   'completed' GROUP BY service_id";
        self.all(sql, [number], |row| {
            Ok(Use { service: ServiceId(row.get(0)?), at: Timestamp(row.get(1)?) })
        })
    }

    /// What an account skipped: each number, and for which service.
    pub fn skips(&self, account: AccountId) -> Result<Vec<(String, ServiceId)>, StoreError> {
        let sql =
            "SELECT number, service_id FROM orders WHERE account_id = $1 AND state = 'skipped'";
        self.all(sql, [account.0], |row| Ok((row.get(0)?, ServiceId(row.get(1)?))))
    }

    /// All SIMs, by id.
    pub fn sims(&self) -> Result<Vec<Sim>, StoreError> {
        self.all(&format!("{SIM} ORDER BY s.id"), [], sim)
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

    /// Goes through the stock in the order of allocation until `take` says yes; answers that SIM
    /// and its number. `take` sees the ICCID: whether the SIM is on the air only the caller
    /// knows.
    pub fn find_in_stock(
        &self,
        query: StockQuery<'_>,
        take: impl FnMut(SimId, &str) -> bool,
    ) -> Result<Option<(SimId, String)>, StoreError> {
        self.first_taken(by_company!(stock, query.company), &query.values(), take)
    }

    /// As [`ReadTx::find_in_stock`], of SIMs on which nothing runs, whatever company the order would
    /// bear: those that are parked.
    pub fn find_parked(
        &self,
        query: StockQuery<'_>,
        take: impl FnMut(SimId, &str) -> bool,
    ) -> Result<Option<(SimId, String)>, StoreError> {
        self.first_taken(PARKED, &query.values(), take)
    }

    /// As [`ReadTx::find_in_stock`], for a tenant.
    pub fn find_for_rent(
        &self,
        country: &str,
        now: Timestamp,
        take: impl FnMut(SimId, &str) -> bool,
    ) -> Result<Option<(SimId, String)>, StoreError> {
        self.first_taken(FOR_RENT, params![country, now.0], take)
    }

    fn first_taken(
        &self,
        sql: &str,
        values: &[&dyn ToSql],
        mut take: impl FnMut(SimId, &str) -> bool,
    ) -> Result<Option<(SimId, String)>, StoreError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query(values)?;
        while let Some(row) = rows.next()? {
            let sim = SimId(row.get(0)?);
            if take(sim, row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?) {
                return Ok(Some((sim, row.get(2)?)));
            }
        }
        Ok(None)
    }

    /// What is known of each SIM of the country, with its ICCID; who is online only the caller
    /// knows.
    pub fn prospects(
        &self,
        query: StockQuery<'_>,
    ) -> Result<Vec<(String, SimCandidate)>, StoreError> {
        self.all(by_company!(prospects, query.company), &query.values()[..], |row| {
            let prospect = SimCandidate {
                has_number: row.get(1)?,
                contested: row.get(2)?,
                retired: row.get(3)?,
                rented: row.get(4)?,
                resting: row.get(5)?,
                used: row.get(6)?,
                skipped: row.get(7)?,
                busy: row.get(8)?,
                online: false,
                parked: false,
            };
            Ok((row.get(0)?, prospect))
        })
    }

    /// Whether orders on a SIM stand in the way of one more of an account for a service. The
    /// account's own completed ones of that service do not.
    pub fn is_crowded(
        &self,
        sim: SimId,
        account: AccountId,
        service: ServiceId,
        company: SharingPolicy,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let values = params![sim.0, now.0, service.0, account.0];
        Ok(self.first(by_company!(crowded, company), values, |_| Ok(()))?.is_some())
    }

    /// Whether somebody else's order for a service had a number, and its SMS, after `since`.
    pub fn used_by_another(
        &self,
        number: &str,
        service: ServiceId,
        account: AccountId,
        since: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM orders WHERE number = $1 AND service_id = $2 AND state = \
                   'completed' AND ended_at > $3 AND account_id <> $4";
        Ok(self.first(sql, params![number, service.0, since.0, account.0], |_| Ok(()))?.is_some())
    }

    /// Whether an account skipped a number for a service.
    pub fn has_skipped(
        &self,
        number: &str,
        service: ServiceId,
        account: AccountId,
    ) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM orders WHERE number = $1 AND service_id = $2 AND account_id = $3 \
                   AND state = 'skipped'";
        Ok(self.first(sql, params![number, service.0, account.0], |_| Ok(()))?.is_some())
    }
}

impl WriteTx<'_> {
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
