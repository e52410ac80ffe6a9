//! The stock: which SIMs can be given to an order or a rental.
//!
//! The rule is [`SimCandidate::unavailable_for`](crate::domain::availability::SimCandidate). To
//! pick one SIM out of thousands, in the order in which they are given out, it is stated here once
//! more in SQL, as fragments of which each stands for one reason (`reasons.rs`). The property test
//! below compares the two. Only the caller knows which SIMs are on the air, so the rule's last
//! word, on whether a SIM is reachable, is the `take` argument of the searches.

mod given_up;
mod reasons;
mod statements;

use rusqlite::{ToSql, params};

use super::read_tx::parsed;
use super::{ReadTx, StoreError};
use crate::domain::allocation::SharingPolicy;
use crate::domain::sim::Pool;
use crate::domain::{AccountId, Iccid, Msisdn, ServiceId, SimId, Timestamp};
pub(super) use reasons::{contested, rented, unmarked};
use statements::{SELLABLE, for_order, for_rental};

/// What an order wants of the SIM that it is given.
#[derive(Debug, Clone, Copy)]
pub struct StockQuery<'q> {
    /// The country's code as answers spell it.
    pub country: &'q str,
    /// The service that the number is for: it was not used for it after `used_since`.
    pub service: ServiceId,
    /// The account that the number is for: numbers that it skipped for the service are left out,
    /// and those to which only it was sent messages of the service are not. `None` stands for one
    /// that has skipped and used none.
    pub account: Option<AccountId>,
    /// Which orders may already run on the SIM.
    pub sharing: SharingPolicy,
    /// Orders whose lifetime is over at this time do not count.
    pub now: Timestamp,
    /// A number that was used for the service after this is not sold for it again.
    pub used_since: Timestamp,
    /// A number that another account gave up after this rests.
    pub rest_since: Timestamp,
    /// Whether the service has patterns.
    pub patterned: bool,
}

/// What a rental wants of the SIM that it is given.
#[derive(Debug, Clone, Copy)]
pub struct RentalQuery<'q> {
    /// The country's code as answers spell it.
    pub country: &'q str,
    /// The account that the number is for; `None` for any.
    pub account: Option<AccountId>,
    pub now: Timestamp,
    /// A number that another account gave up after this rests.
    pub rest_since: Timestamp,
    /// A number on which an order completed after this rests.
    pub ordered_since: Timestamp,
}

/// How many SIMs are looked at after one on whose number orders for the service have failed, for a
/// better one.
const LOOKED_FURTHER: usize = 16;

/// A SIM that can be sold as far as that is a matter of the SIM itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SellableSim {
    pub sim: SimId,
    pub iccid: Iccid,
    pub number: Msisdn,
    pub pool: Pool,
    /// Whether it has one order at a time and no tenant, because it seemed deaf.
    pub on_probation: bool,
}

/// Which SIMs a search looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchScope {
    /// All of the country, in the order in which they are given out.
    All,
    /// At most so many SIMs of the country, in that order.
    First(usize),
    /// Only the SIM with this id.
    Sim(SimId),
}

impl SearchScope {
    /// How many SIMs are looked at.
    fn count(self) -> usize {
        match self {
            SearchScope::First(count) => count,
            SearchScope::All | SearchScope::Sim(_) => usize::MAX,
        }
    }
}

/// What a search of the stock has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchResult {
    /// A SIM and its number.
    Found(SimId, Msisdn),
    /// None of those that it looks at.
    Nothing,
    /// None of the first ones; there are more.
    TooFar,
}

impl SearchResult {
    fn found(self) -> Option<(SimId, Msisdn)> {
        match self {
            SearchResult::Found(sim, number) => Some((sim, number)),
            SearchResult::Nothing | SearchResult::TooFar => None,
        }
    }
}

fn found((_, sim, number): ((bool, u8), SimId, Msisdn)) -> SearchResult {
    SearchResult::Found(sim, number)
}

impl ReadTx<'_> {
    /// The SIMs of a country that can be sold as far as that is a matter of the SIM itself, in the
    /// order in which they are given out.
    pub fn sellable_sims(
        &self,
        country: &str,
        now: Timestamp,
    ) -> Result<Vec<SellableSim>, StoreError> {
        self.all(SELLABLE, params![country, now.0], |row| {
            Ok(SellableSim {
                sim: SimId(row.get(0)?),
                iccid: row.get(1)?,
                number: row.get(2)?,
                pool: parsed(row, 3)?,
                on_probation: row.get(4)?,
            })
        })
    }

    /// The first SIM, in the order in which they are given out, that the query's order may have and
    /// that `take` accepts, with its number. `take` gets the row and the ICCID and decides whether
    /// the SIM is reachable.
    pub fn find_for_order(
        &self,
        query: StockQuery<'_>,
        take: impl FnMut(SimId, &str) -> bool,
    ) -> Result<Option<(SimId, Msisdn)>, StoreError> {
        Ok(self.search_for_order(query, SearchScope::All, take)?.found())
    }

    /// As [`ReadTx::find_for_order`], among the SIMs of a scope.
    pub fn search_for_order(
        &self,
        query: StockQuery<'_>,
        scope: SearchScope,
        take: impl FnMut(SimId, &str) -> bool,
    ) -> Result<SearchResult, StoreError> {
        self.search_orders_sim(query, scope, 0, take)
    }

    /// As [`ReadTx::search_for_order`], but a SIM on whose number orders for the service have
    /// failed is found only if there is no other within the next ones.
    pub fn best_for_order(
        &self,
        query: StockQuery<'_>,
        scope: SearchScope,
        take: impl FnMut(SimId, &str) -> bool,
    ) -> Result<SearchResult, StoreError> {
        self.search_orders_sim(query, scope, LOOKED_FURTHER, take)
    }

    fn search_orders_sim(
        &self,
        query: StockQuery<'_>,
        scope: SearchScope,
        further: usize,
        take: impl FnMut(SimId, &str) -> bool,
    ) -> Result<SearchResult, StoreError> {
        let StockQuery { country, service, now, used_since, rest_since, patterned, .. } = query;
        let account = query.account.map(|account| account.0);
        let sql = for_order(query.sharing, scope);
        match scope {
            SearchScope::Sim(sim) => {
                let values = params![
                    country,
                    now.0,
                    service.0,
                    used_since.0,
                    account,
                    rest_since.0,
                    patterned,
                    sim.0
                ];
                self.search(sql, values, scope, further, take)
            }
            _ => {
                let values = params![
                    country,
                    now.0,
                    service.0,
                    used_since.0,
                    account,
                    rest_since.0,
                    patterned
                ];
                self.search(sql, values, scope, further, take)
            }
        }
    }

    /// The best SIM for a rental: one without a past before those that have one, then one with the
    /// least `rank`, then in the order in which they are given out. `rank` gets the row and the
    /// ICCID, and answers `None` for a SIM that cannot be reached. Where there are more SIMs than
    /// are looked at, only one of rank 0 is good enough.
    pub fn search_for_rental(
        &self,
        query: RentalQuery<'_>,
        scope: SearchScope,
        mut rank: impl FnMut(SimId, &str) -> Option<u8>,
    ) -> Result<SearchResult, StoreError> {
        let RentalQuery { country, account, now, rest_since, ordered_since } = query;
        let (sql, account) = (for_rental(scope), account.map(|account| account.0));
        let mut statement = self.conn.prepare_cached(sql)?;
        let of_all = params![country, now.0, rest_since.0, account, ordered_since.0];
        let mut rows = match scope {
            SearchScope::Sim(sim) => statement.query(params![
                country,
                now.0,
                rest_since.0,
                account,
                ordered_since.0,
                sim.0
            ])?,
            SearchScope::All | SearchScope::First(_) => statement.query(of_all)?,
        };
        let mut left = scope.count();
        let mut best: Option<((bool, u8), SimId, Msisdn)> = None;
        while let Some(row) = rows.next()? {
            if left == 0 {
                best.take_if(|((_, rank), ..)| *rank > 0);
                return Ok(best.map_or(SearchResult::TooFar, found));
            }
            left -= 1;
            let sim = SimId(row.get(0)?);
            let Some(has_past) = row.get::<_, Option<bool>>(3)? else { continue };
            let iccid = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
            let Some(rank) = rank(sim, iccid) else { continue };
            if best.as_ref().is_none_or(|(known, ..)| (has_past, rank) < *known) {
                best = Some(((has_past, rank), sim, row.get(2)?));
            }
            if (has_past, rank) == (false, 0) {
                break;
            }
        }
        Ok(best.map_or(SearchResult::Nothing, found))
    }

    /// The first SIM that nothing speaks against; if one is found before that something does, that
    /// one unless there is a better one among the `further` next.
    fn search(
        &self,
        sql: &str,
        values: &[&dyn ToSql],
        scope: SearchScope,
        mut further: usize,
        mut take: impl FnMut(SimId, &str) -> bool,
    ) -> Result<SearchResult, StoreError> {
        let (mut left, mut second) = (scope.count(), None);
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query(values)?;
        while let Some(row) = rows.next()? {
            if left == 0 {
                return Ok(second.unwrap_or(SearchResult::TooFar));
            }
            left -= 1;
            let (sim, fitness): (_, u8) = (SimId(row.get(0)?), row.get(3)?);
            if fitness > 0 && take(sim, row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?) {
                let found = SearchResult::Found(sim, row.get(2)?);
                if fitness == 1 {
                    return Ok(found);
                }
                second.get_or_insert(found);
            }
            if second.is_some() {
                if further == 0 {
                    break;
                }
                further -= 1;
            }
        }
        Ok(second.unwrap_or(SearchResult::Nothing))
    }
}

#[cfg(test)]
mod tests;
