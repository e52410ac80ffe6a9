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

use std::collections::BTreeMap;

use rusqlite::{ToSql, params};

use super::engine::{Row, parsed};
use super::{ReadTx, StoreError};
use crate::domain::allocation::SharingPolicy;
use crate::domain::sim::Pool;
use crate::domain::{AccountId, Iccid, Msisdn, ServiceId, SimId, Timestamp};
pub(super) use reasons::{contested, rented, unmarked};
use statements::{SELLABLE, SIMS_OF_RANGE, for_order, for_rental};

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

/// How many SIMs of a country the first statement of a search selects.
const FIRST_WINDOW: i64 = 64;
/// How many times as many the next one selects. SQLite finds by the index only the time at which a
/// window begins, and passes over all SIMs with that time, be it the whole stock because none was
/// given out yet. As windows grow, it passes over few SIMs more than once.
const WINDOW_GROWTH: i64 = 4;

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

/// Countries by their codes. The default is all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CountryRange<'c> {
    /// The first code that is in it.
    pub from: &'c str,
    /// The first code that is not; `None` where all that follow are.
    pub before: Option<&'c str>,
}

impl CountryRange<'_> {
    /// Whether a country is in it.
    pub fn contains(&self, code: &str) -> bool {
        code >= self.from && self.before.is_none_or(|before| code < before)
    }
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

fn sellable_sim(row: &Row<'_>) -> rusqlite::Result<SellableSim> {
    Ok(SellableSim {
        sim: SimId(row.get(0)?),
        iccid: row.get(1)?,
        number: row.get(2)?,
        pool: parsed(row, 3)?,
        on_probation: row.get(4)?,
    })
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
        self.all(SELLABLE, params![country, now.0], sellable_sim)
    }

    /// The same for every country of a range that there are SIMs of.
    pub fn sellable_sims_by_country(
        &self,
        range: CountryRange<'_>,
        now: Timestamp,
    ) -> Result<BTreeMap<String, Vec<SellableSim>>, StoreError> {
        let mut by_country: BTreeMap<String, Vec<(i64, SellableSim)>> = BTreeMap::new();
        self.visit(SIMS_OF_RANGE, params![now.0, range.from, range.before], |row| {
            let country = row.get_ref(5)?.as_str().map_err(rusqlite::Error::from)?;
            let sims = match by_country.get_mut(country) {
                Some(sims) => sims,
                None => by_country.entry(country.to_owned()).or_default(),
            };
            if row.get(7)? {
                sims.push((row.get(6)?, sellable_sim(row)?));
            }
            Ok(true)
        })?;
        let in_order = by_country.into_iter().map(|(country, mut sims)| {
            sims.sort_unstable_by_key(|(last_given_at, sim)| (*last_given_at, sim.sim));
            (country, sims.into_iter().map(|(_, sim)| sim).collect())
        });
        Ok(in_order.collect())
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
        let values =
            params![country, now.0, service.0, used_since.0, account, rest_since.0, patterned];
        self.search(for_order(query.sharing, scope), values, scope, further, take)
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
        let account = account.map(|account| account.0);
        let values = params![country, now.0, rest_since.0, account, ordered_since.0];
        let mut left = scope.count();
        let mut best: Option<((bool, u8), SimId, Msisdn)> = None;
        let mut is_too_far = false;
        self.visit_stock(for_rental(scope), values, scope, |row| {
            if left == 0 {
                is_too_far = true;
                return Ok(false);
            }
            left -= 1;
            let sim = SimId(row.get(0)?);
            let Some(has_past) = row.get::<Option<bool>>(3)? else { return Ok(true) };
            let iccid = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
            let Some(rank) = rank(sim, iccid) else { return Ok(true) };
            if best.as_ref().is_none_or(|(known, ..)| (has_past, rank) < *known) {
                best = Some(((has_past, rank), sim, row.get(2)?));
            }
            Ok((has_past, rank) != (false, 0))
        })?;
        if is_too_far {
            best.take_if(|((_, rank), ..)| *rank > 0);
            return Ok(best.map_or(SearchResult::TooFar, found));
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
        let (mut left, mut best, mut is_too_far) = (scope.count(), None, false);
        self.visit_stock(sql, values, scope, |row| {
            if left == 0 {
                is_too_far = true;
                return Ok(false);
            }
            left -= 1;
            let (sim, fitness): (_, u8) = (SimId(row.get(0)?), row.get(3)?);
            if fitness > 0 && take(sim, row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?) {
                let found = SearchResult::Found(sim, row.get(2)?);
                if fitness == 1 {
                    best = Some(found);
                    return Ok(false);
                }
                best.get_or_insert(found);
            }
            if best.is_some() {
                if further == 0 {
                    return Ok(false);
                }
                further -= 1;
            }
            Ok(true)
        })?;
        let none = if is_too_far { SearchResult::TooFar } else { SearchResult::Nothing };
        Ok(best.unwrap_or(none))
    }

    /// Goes through the SIMs of a scope by a statement on the stock, a window at a time. `visit`
    /// says whether to go on.
    fn visit_stock(
        &self,
        sql: &str,
        values: &[&dyn ToSql],
        scope: SearchScope,
        mut visit: impl FnMut(&Row<'_>) -> rusqlite::Result<bool>,
    ) -> Result<(), StoreError> {
        if let SearchScope::Sim(sim) = scope {
            return self.visit(sql, &[values, &[&sim.0]].concat()[..], visit);
        }
        let (mut last, mut window) = ((i64::MIN, 0), FIRST_WINDOW);
        loop {
            let (after, mut count, mut goes_on) = (last, 0, true);
            let of_window: [&dyn ToSql; 3] = [&after.0, &after.1, &window];
            self.visit(sql, &[values, &of_window].concat()[..], |row| {
                last = (row.get(4)?, row.get(0)?);
                count += 1;
                goes_on = visit(row)?;
                Ok(goes_on)
            })?;
            if !goes_on || count < window {
                return Ok(());
            }
            window *= WINDOW_GROWTH;
        }
    }
}

#[cfg(test)]
mod tests;
