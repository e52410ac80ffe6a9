//! SIMs, their numbers, and the stock that orders are served from.

use rusqlite::{Row, params};

use super::error::one_row;
use super::{Rows, StoreError, Tx};
use crate::domain::allocation::Company;
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
    pub company: Company,
    /// Orders past their lifetime at this time do not count.
    pub now: Timestamp,
}

const SIM: &str = "SELECT s.id, s.iccid, s.imsi, s.number, s.number_source, s.number_at, s.country, \
                   EXISTS (SELECT 1 FROM sim o WHERE o.number = s.number AND o.id <> s.id) FROM sim s";

fn sim(row: &Row<'_>) -> rusqlite::Result<Sim> {
    let known = match (row.get::<_, Option<String>>(3)?, row.get::<_, Option<String>>(4)?) {
        (Some(number), Some(source)) => NumberSource::from_word(&source).map(|source| (number, source)),
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
    })
}

/// SIMs that `$1 country`, `$2 service`, `$3 account` may have, the one given out longest ago first; `{orders}` stands for the
/// orders on the SIM that stand in the way.
macro_rules! stock {
    ($orders:literal) => {
        concat!(
            "SELECT s.id, s.iccid, s.number FROM sim s WHERE s.country = $1 AND s.number IS NOT NULL ",
            "AND NOT EXISTS (SELECT 1 FROM orders u WHERE u.number = s.number AND u.service_id = $2 AND u.state = 'completed') ",
            "AND NOT EXISTS (SELECT 1 FROM orders k WHERE k.number = s.number AND k.service_id = $2 AND k.account_id = $3 ",
            "AND k.state = 'skipped') ",
            "AND NOT EXISTS (SELECT 1 FROM sim o WHERE o.number = s.number AND o.id <> s.id) ",
            "AND NOT EXISTS (SELECT 1 FROM orders r WHERE r.sim_id = s.id AND r.expires_at > $4 ",
            "AND r.state IN ('open', 'completed') AND (",
            $orders,
            ")) ORDER BY s.last_given_at, s.id"
        )
    };
}

/// Statement text for each kind of company.
fn stock_sql(company: Company) -> &'static str {
    match company {
        Company::Alone { among_collecting: false } => stock!("r.state = 'open'"),
        Company::Alone { among_collecting: true } => stock!("r.state = 'open' OR r.patterned = 0"),
        Company::Shared => stock!("r.state = 'open' AND (r.patterned = 0 OR r.service_id = $2)"),
    }
}

impl Rows<'_> {
    /// All SIMs, by id.
    pub fn sims(&self) -> Result<Vec<Sim>, StoreError> {
        self.all(&format!("{SIM} ORDER BY s.id"), [], sim)
    }

    /// A SIM by its ICCID.
    pub fn sim_by_iccid(&self, iccid: &str) -> Result<Option<Sim>, StoreError> {
        self.first(&format!("{SIM} WHERE s.iccid = $1"), [iccid], sim)
    }

    /// Goes through the stock in the order of allocation until `take` says yes; answers that SIM and its number. `take` sees
    /// the ICCID: whether the SIM is on the air only the caller knows.
    pub fn find_in_stock(
        &self,
        query: StockQuery<'_>,
        mut take: impl FnMut(&str) -> bool,
    ) -> Result<Option<(SimId, String)>, StoreError> {
        let mut statement = self.conn.prepare_cached(stock_sql(query.company))?;
        let mut rows = statement.query(params![query.country, query.service.0, query.account.0, query.now.0])?;
        while let Some(row) = rows.next()? {
            if take(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?) {
                return Ok(Some((SimId(row.get(0)?), row.get(2)?)));
            }
        }
        Ok(None)
    }
}

impl Tx<'_> {
    /// The SIM with this ICCID; added when it was never seen.
    pub fn ensure_sim(&self, iccid: &str, at: Timestamp) -> Result<Sim, StoreError> {
        let sql = "INSERT INTO sim (iccid, created_at) VALUES ($1, $2) ON CONFLICT (iccid) DO NOTHING";
        let known = self.sim_by_iccid(iccid)?;
        if let Some(known) = known {
            return Ok(known);
        }
        self.execute(sql, params![iccid, at.0])?;
        let gone = StoreError::Row { table: "sim", key: iccid.to_owned(), fault: "is not there after it was added" };
        self.sim_by_iccid(iccid)?.ok_or(gone)
    }

    /// Writes what is known of a SIM: IMSI, number, country.
    pub fn save_sim(&self, sim: &Sim) -> Result<(), StoreError> {
        let sql =
            "UPDATE sim SET imsi = $1, number = $2, number_source = $3, number_at = $4, country = $5 WHERE id = $6";
        let number = sim.number.as_ref();
        let values = params![
            sim.imsi,
            number.map(|known| &known.number),
            number.map(|known| known.source.word()),
            number.map(|known| known.at.0),
            sim.country,
            sim.id.0
        ];
        one_row(self.execute(sql, values)?, "sim", sim.id)
    }

    /// Notes that a SIM was given out: it goes to the end of the queue.
    pub fn sim_given(&self, sim: SimId, at: Timestamp) -> Result<(), StoreError> {
        one_row(self.execute("UPDATE sim SET last_given_at = $1 WHERE id = $2", params![at.0, sim.0])?, "sim", sim)
    }
}
