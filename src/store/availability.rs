//! The stock: which SIMs can be given to an order or a rental.
//!
//! The rule is [`SimCandidate::unavailable_for`](crate::domain::availability::SimCandidate). To
//! pick one SIM out of thousands, in the order in which they are given out, it is stated here once
//! more in SQL, as fragments of which each stands for one reason. The property test below compares
//! the two. Only the caller knows which SIMs are on the air, so the rule's last word, on whether a
//! SIM is reachable, is the `take` argument of the searches.
//!
//! In all fragments `s` is the SIM. The parameters are numbered in the order in which they first
//! stand in the statements, which every database understands alike: `$1` the country, `$2` the
//! time, `$3` the service, `$4` the time after which a use counts, `$5` the account, `$6` the time
//! after which a number that was given up rests, `$7` whether the service has patterns, `$8` the
//! SIM where only one is looked at.
//!
//! Whether a SIM can be sold is a column of the result and not a condition, so that a search can
//! stop after so many SIMs, whether they can be sold or not: this bounds what it costs.

use rusqlite::{ToSql, params};

use super::read_tx::parsed;
use super::{ReadTx, StoreError, WriteTx};
use crate::domain::allocation::{Rest, SharingPolicy};
use crate::domain::sim::Pool;
use crate::domain::{AccountId, Iccid, Msisdn, OrderId, ServiceId, SimId, Timestamp};

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

/// [`Contested`](crate::domain::availability::UnavailableReason::Contested): another SIM that is
/// not retired claims the same number, and the operator has not said that it is this one's.
macro_rules! contested {
    () => {
        "EXISTS (SELECT 1 FROM sim o WHERE o.number = s.number AND o.id <> s.id \
         AND o.retired_at IS NULL \
         AND (s.number_source <> 'operator' OR o.number_source = 'operator'))"
    };
}

/// [`Rented`](crate::domain::availability::UnavailableReason::Rented): the SIM has a rental, or its
/// number has one that began on the card which this one replaced.
macro_rules! rented {
    () => {
        "(EXISTS (SELECT 1 FROM rental t WHERE t.sim_id = s.id AND t.state = 'active') OR \
         EXISTS (SELECT 1 FROM rental n WHERE n.number = s.number AND n.state = 'active'))"
    };
}

/// [`Purpose::Any`](crate::domain::availability::Purpose::Any): nothing that is a matter of the SIM
/// itself keeps it from being sold in the country.
macro_rules! sellable {
    () => {
        concat!(
            "s.country = $1 AND s.number IS NOT NULL AND s.retired_at IS NULL ",
            "AND s.rests_until <= $2 AND s.deaf_until <= $2 AND NOT ",
            rented!(),
            " AND NOT ",
            contested!()
        )
    };
}

/// The operator has said later than `$at` that the number is not used for the service.
macro_rules! unmarked {
    ($use:literal, $at:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM mark k WHERE k.number = ",
            $use,
            ".number AND k.service_id = ",
            $use,
            ".service_id AND k.unused_at >= ",
            $use,
            ".",
            $at,
            ")"
        )
    };
}

/// [`Used`](crate::domain::availability::UnavailableReason::Used): the number was used for the
/// service recently.
macro_rules! used {
    () => {
        concat!(
            "EXISTS (SELECT 1 FROM orders u WHERE u.number = s.number AND u.service_id = $3 AND \
             u.state = 'completed' AND u.ended_at > $4 AND NOT ",
            unmarked!("u", "ended_at"),
            ")"
        )
    };
}

/// `Used` as well: the operator has said so.
macro_rules! marked {
    () => {
        concat!(
            "EXISTS (SELECT 1 FROM mark m WHERE m.number = s.number AND m.service_id = $3 AND \
             m.used_at > $4 AND NOT ",
            unmarked!("m", "used_at"),
            ")"
        )
    };
}

/// [`UsedByTenant`](crate::domain::availability::UnavailableReason::UsedByTenant), or `Used` by an
/// order that it did not complete: another account was sent a message of the service recently.
macro_rules! used_by_message {
    () => {
        concat!(
            "EXISTS (SELECT 1 FROM trace e WHERE e.number = s.number AND e.service_id = $3 AND \
             e.last_at > $4 AND ($5 IS NULL OR e.account_id <> $5) AND NOT ",
            unmarked!("e", "last_at"),
            ")"
        )
    };
}

/// [`Skipped`](crate::domain::availability::UnavailableReason::Skipped). Without an account `$5` is
/// NULL, which equals nothing.
macro_rules! skipped {
    () => {
        "EXISTS (SELECT 1 FROM orders k WHERE k.number = s.number AND k.service_id = $3 \
         AND k.account_id = $5 AND k.state = 'skipped')"
    };
}

/// [`Failing`](crate::domain::availability::UnavailableReason::Failing): the number rests for the
/// service.
macro_rules! failing {
    () => {
        "EXISTS (SELECT 1 FROM pair_health f WHERE f.number = s.number AND f.service_id = $3 AND \
         f.rests_until > $2)"
    };
}

/// [`RestsBetweenCustomers`][rests]: another account has just given the number up. Without an
/// account, any has.
///
/// [rests]: crate::domain::availability::UnavailableReason
macro_rules! rests {
    ($since:literal, $account:literal, $concerns:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM given_up g WHERE g.number = s.number AND g.at > ",
            $since,
            " AND (",
            $account,
            " IS NULL OR g.account_id <> ",
            $account,
            ") AND (",
            $concerns,
            "))"
        )
    };
}

/// [`Busy`](crate::domain::availability::UnavailableReason::Busy): an order `r` runs on the SIM
/// that `$conflict` says is in the way.
macro_rules! busy {
    ($conflict:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM orders r WHERE r.sim_id = s.id AND r.expires_at > $2 ",
            "AND r.state IN ('open', 'completed') AND r.filed = 0 AND (",
            $conflict,
            "))"
        )
    };
}

/// `Busy` as well: the SIM is on probation, and has an open order.
macro_rules! tried {
    () => {
        concat!("(s.deaf_until > 0 AND ", busy!("r.state = 'open'"), ")")
    };
}

/// Orders for the service have failed on the number since its last code, too few for it to rest.
macro_rules! has_failed {
    () => {
        "EXISTS (SELECT 1 FROM pair_health h WHERE h.number = s.number AND h.service_id = $3 AND \
         h.failures > 0)"
    };
}

/// SIMs, each with whether an order can have it: 0 if it cannot, 2 if it can but something speaks
/// against it, 1 otherwise.
macro_rules! select_whether {
    ($($condition:expr),+) => {
        concat!(
            "SELECT s.id, s.iccid, s.number, CASE WHEN ",
            $($condition,)+
            " THEN CASE WHEN ",
            has_failed!(),
            " THEN 2 ELSE 1 END ELSE 0 END FROM sim s WHERE "
        )
    };
}

/// A country's SIMs in the order in which they are given out: those given out longest ago come
/// first.
macro_rules! in_turn {
    () => {
        "s.country = $1 AND s.number IS NOT NULL ORDER BY s.last_given_at, s.id"
    };
}

/// SIMs, each with whether an order may have it, when `$conflict` says which orders it may not
/// share one with. `$which` says which SIMs.
macro_rules! for_order {
    ($conflict:literal, $which:expr) => {
        concat!(
            select_whether!(
                sellable!(),
                " AND s.pool <> 'rentals' AND NOT ",
                used!(),
                " AND NOT ",
                marked!(),
                " AND NOT ",
                used_by_message!(),
                " AND NOT ",
                skipped!(),
                " AND NOT ",
                failing!(),
                " AND NOT ",
                rests!("$6", "$5", "g.service_id = $3 OR (g.patterned = 0 AND $7 = 0)"),
                " AND NOT ",
                busy!($conflict),
                " AND NOT ",
                tried!()
            ),
            $which
        )
    };
}

/// [`RestsAfterOrders`](crate::domain::availability::UnavailableReason::RestsAfterOrders): an order
/// completed on the number after `$5`.
macro_rules! ordered {
    () => {
        "EXISTS (SELECT 1 FROM orders p WHERE p.number = s.number AND p.state = 'completed' AND \
         p.ended_at > $5)"
    };
}

/// Whether the number was ever used by an order, or rented.
macro_rules! has_past {
    () => {
        "(EXISTS (SELECT 1 FROM orders p WHERE p.number = s.number AND p.state = 'completed') OR \
         EXISTS (SELECT 1 FROM rental p WHERE p.number = s.number) OR \
         EXISTS (SELECT 1 FROM rental_move p WHERE p.number = s.number))"
    };
}

/// SIMs, each with whether a rental may have it, and whether its number has a past. `$3` is the
/// time after which a number that was given up rests, `$4` the account, `$5` the time after which a
/// completed order keeps a number from tenants, `$6` the SIM where only one is looked at.
macro_rules! for_rental {
    ($which:expr) => {
        concat!(
            "SELECT s.id, s.iccid, s.number, CASE WHEN ",
            sellable!(),
            " AND s.deaf_until = 0 AND s.pool <> 'orders' AND NOT ",
            rests!("$3", "$4", "1 = 1"),
            " AND NOT ",
            busy!("1 = 1"),
            " AND NOT ",
            ordered!(),
            " THEN CASE WHEN ",
            has_past!(),
            " THEN 1 ELSE 0 END END FROM sim s WHERE ",
            $which
        )
    };
}

pub(super) use {contested, rented, unmarked};

/// The SIMs that can be sold at all, in the order in which they are given out.
const SELLABLE: &str = concat!(
    "SELECT s.id, s.iccid, s.number, s.pool, s.deaf_until > 0 FROM sim s WHERE ",
    sellable!(),
    " ORDER BY s.last_given_at, s.id"
);

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
    /// At most so many of these.
    First(usize),
    /// Only this one.
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

/// The SIMs of a scope, each with whether a rental may have it.
fn for_rental(scope: SearchScope) -> &'static str {
    match scope {
        SearchScope::Sim(_) => for_rental!("s.id = $6"),
        SearchScope::All | SearchScope::First(_) => for_rental!(in_turn!()),
    }
}

/// The SIMs of a scope, each with whether an order may have it. The conditions on `r` are
/// [`SharingPolicy::allows`], negated.
fn for_order(sharing: SharingPolicy, scope: SearchScope) -> &'static str {
    macro_rules! of_scope {
        ($conflict:literal) => {
            match scope {
                SearchScope::Sim(_) => for_order!($conflict, "s.id = $8"),
                SearchScope::All | SearchScope::First(_) => for_order!($conflict, in_turn!()),
            }
        };
    }
    match sharing {
        SharingPolicy::Exclusive => of_scope!("1 = 1"),
        SharingPolicy::Alone { among_collecting: false } => of_scope!("r.state = 'open'"),
        SharingPolicy::Alone { among_collecting: true } => {
            of_scope!("r.state = 'open' OR r.patterned = 0")
        }
        SharingPolicy::Shared => {
            of_scope!("r.state = 'open' AND (r.patterned = 0 OR r.service_id = $3)")
        }
    }
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

    /// The orders after `since` that other accounts than `except` have given up on a number; with
    /// `None`, any.
    pub fn rests_of(
        &self,
        number: &Msisdn,
        except: Option<AccountId>,
        since: Timestamp,
    ) -> Result<Vec<Rest>, StoreError> {
        let sql = "SELECT service_id, patterned FROM given_up WHERE number = $1 AND at > $2 AND \
                   ($3 IS NULL OR account_id <> $3)";
        let values = params![number, since.0, except.map(|account| account.0)];
        self.all(sql, values, |row| {
            Ok(Rest { service: ServiceId(row.get(0)?), patterned: row.get(1)? })
        })
    }

    /// The orders after `since` that were given up, each with its number and account.
    pub fn rests(&self, since: Timestamp) -> Result<Vec<(Msisdn, AccountId, Rest)>, StoreError> {
        let sql = "SELECT number, account_id, service_id, patterned FROM given_up WHERE at > $1";
        self.all(sql, [since.0], |row| {
            let rest = Rest { service: ServiceId(row.get(2)?), patterned: row.get(3)? };
            Ok((row.get(0)?, AccountId(row.get(1)?), rest))
        })
    }

    /// The numbers that an account has skipped, each with the service.
    pub fn skips(&self, account: AccountId) -> Result<Vec<(Msisdn, ServiceId)>, StoreError> {
        let sql =
            "SELECT number, service_id FROM orders WHERE account_id = $1 AND state = 'skipped'";
        self.all(sql, [account.0], |row| Ok((row.get(0)?, ServiceId(row.get(1)?))))
    }

    /// The numbers that an account has skipped for a service.
    pub fn skips_for(
        &self,
        account: AccountId,
        service: ServiceId,
    ) -> Result<Vec<Msisdn>, StoreError> {
        let sql = "SELECT number FROM orders WHERE account_id = $1 AND service_id = $2 AND state \
                   = 'skipped'";
        self.all(sql, [account.0, service.0], |row| row.get(0))
    }

    /// Whether an account has skipped a number for a service.
    pub fn has_skipped(
        &self,
        number: &Msisdn,
        service: ServiceId,
        account: AccountId,
    ) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM orders WHERE number = $1 AND service_id = $2 AND account_id = $3 \
                   AND state = 'skipped'";
        Ok(self.first(sql, params![number, service.0, account.0], |_| Ok(()))?.is_some())
    }
}

impl WriteTx<'_> {
    /// Records that an order ended `at` without its SMS, so that its number rests. Those until
    /// `since` rest no longer.
    pub fn note_given_up(
        &self,
        order: OrderId,
        at: Timestamp,
        since: Timestamp,
    ) -> Result<(), StoreError> {
        self.execute("DELETE FROM given_up WHERE at <= $1", [since.0])?;
        let sql = "INSERT INTO given_up (number, service_id, account_id, patterned, at) SELECT \
                   number, service_id, account_id, patterned, $1 FROM orders WHERE id = $2 ON \
                   CONFLICT (number, service_id, account_id) DO UPDATE SET patterned = \
                   excluded.patterned, at = excluded.at";
        self.execute(sql, [at.0, order.0]).map(drop)
    }
}

#[cfg(test)]
mod tests;
