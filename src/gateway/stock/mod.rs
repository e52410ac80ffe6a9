//! The stock of numbers: which SIM an order is given, how many there are for a service, and why
//! there are no more.

mod conditions;
mod explanation;
mod number_list;
mod obstacles;
mod offers;
mod on_sale;
mod preference;
mod price_list;
mod reasons;
mod rentable;
mod rounds;
mod snapshot;
mod table;

use std::sync::Arc;
use std::time::Duration;

use super::Error;
use super::environment::Environment;
use super::parked::{Allocation, SelectedSim, SimReadiness};
use super::request_cache::RequestCache;
use super::shared_reading::SharedReading;
use super::sim_presence::SimPresence;
use crate::domain::allocation::{self, SharingPolicy};
use crate::domain::{AccountId, Service, ServiceId, SimId, Timestamp};
use crate::store::{
    ReadTx, RentalQuery, SearchResult, SearchScope, StockQuery, StoreError, WriteTx,
};

pub use explanation::{ExplainedSim, Explanation, RENTALS};
pub use number_list::NumberState;
pub use obstacles::{Obstacles, ReachedLimit, Whom};
pub use offers::Offer;
use on_sale::OnSale;
pub use on_sale::Showcase;
pub(super) use preference::Preference;
use price_list::StockChanges;
pub use price_list::{CountryPrices, PriceFilter, PricedService};
use reasons::SharedCountries;
use rentable::Rentable;
pub(super) use rounds::try_in_rounds;
pub(super) use snapshot::Proposal;
use snapshot::Snapshots;
pub use table::{StockRow, StockTable};

/// How many SIMs an order or a rental searches while everything else waits for the writer.
const SEARCHED: usize = 256;

/// What an order is to be given a SIM for.
pub(super) struct Wish<'w> {
    pub(super) account: AccountId,
    pub(super) service: &'w Service,
    /// The country's code.
    pub(super) country: &'w str,
    pub(super) preference: &'w Preference,
}

/// The SIMs that can be given out, by the rules of allocation.
pub struct Stock {
    env: Arc<Environment>,
    presence: Arc<SimPresence>,
    cache: Arc<RequestCache>,
    snapshots: Snapshots,
    table: SharedReading<StockTable>,
    on_sale: SharedReading<OnSale>,
    rentable: SharedReading<Rentable>,
    changes: StockChanges,
    explained: SharedCountries,
}

impl Stock {
    pub(super) fn new(
        env: Arc<Environment>,
        presence: Arc<SimPresence>,
        cache: Arc<RequestCache>,
    ) -> Stock {
        Stock {
            env,
            presence,
            cache,
            snapshots: Snapshots::default(),
            table: SharedReading::default(),
            on_sale: SharedReading::default(),
            rentable: SharedReading::default(),
            changes: StockChanges::default(),
            explained: SharedCountries::default(),
        }
    }

    /// Where the SIMs are that the stock is made of.
    pub(super) fn presence(&self) -> &Arc<SimPresence> {
        &self.presence
    }

    /// The code of the country that a customer names: of the customers' API, of the configuration,
    /// or of a SIM that was seen.
    pub async fn find_country(&self, text: &str) -> Result<Option<String>, Error> {
        let settings = self.env.settings();
        let Some(code) = settings.countries.find(text).map(|country| country.code.clone()) else {
            return Ok(None);
        };
        if settings.countries.is_named(&code) {
            return Ok(Some(code));
        }
        let read = self.env.store.read(move |rows| {
            let is_known = rows.has_sim_of(&code)?;
            Ok::<_, StoreError>(is_known.then_some(code))
        });
        Ok(read.await?)
    }

    /// How many numbers of each of these countries could be given out for a service now, to an
    /// account that skipped none, by the same rule by which they are given out.
    pub async fn count(
        self: &Arc<Self>,
        service: &Service,
        countries: Vec<String>,
    ) -> Result<Vec<(String, usize)>, Error> {
        let now = self.env.horizon().orders;
        let (used_since, rest_since) = (self.used_since(now), self.rest_since(now));
        let (stock, id, patterned) = (Arc::clone(self), service.id, service.has_patterns());
        let sharing = allocation::widest(service.has_patterns(), self.env.settings().share_sim);
        let counted = self.env.store.read(move |rows| {
            let count = |country: String| {
                let query = StockQuery {
                    country: &country,
                    service: id,
                    account: None,
                    sharing,
                    now,
                    used_since,
                    rest_since,
                    patterned,
                };
                let mut count = 0;
                rows.find_for_order(query, |sim, iccid| {
                    count += usize::from(stock.presence.can_be_given(sim, iccid, now));
                    false
                })?;
                count += stock.presence.parked_count(rows, query)?;
                Ok((country, count))
            };
            countries.into_iter().map(count).collect::<Result<Vec<_>, StoreError>>()
        });
        Ok(counted.await?)
    }

    /// The SIM that an order is given. Only so many SIMs are searched, because everything else
    /// waits meanwhile: beyond them, what a snapshot of the stock has found is tried.
    pub(super) fn allocate(
        &self,
        tx: &WriteTx<'_>,
        wish: &Wish<'_>,
        proposals: &[Proposal],
        now: Timestamp,
    ) -> Result<Allocation, StoreError> {
        let last = wish.preference.last_choices(tx, wish.account, wish.service.id)?;
        let mut nearby = self.allocate_nearby(tx, wish, now, |sim| !last.contains(&sim))?;
        if matches!(nearby, Allocation::SoldOut) && !last.is_empty() {
            nearby = self.allocate_nearby(tx, wish, now, |sim| last.contains(&sim))?;
        }
        let is_scarce = !matches!(nearby, Allocation::Found(_));
        if wish.preference.is_open() {
            self.cache.set_scarce(Some(wish.service.id), wish.country, is_scarce);
        }
        match nearby {
            Allocation::TooFar => self.try_proposals(tx, wish, proposals, now),
            found_or_not => Ok(found_or_not),
        }
    }

    fn allocate_nearby(
        &self,
        tx: &WriteTx<'_>,
        wish: &Wish<'_>,
        now: Timestamp,
        is_preferred: impl Fn(SimId) -> bool,
    ) -> Result<Allocation, StoreError> {
        let passes = allocation::passes(wish.service.has_patterns(), self.share_sim());
        let query = |sharing| self.query(wish, sharing, now);
        let settings = self.env.settings();
        let is_wanted =
            |sim| is_preferred(sim) && wish.preference.admits(tx, &settings.home_networks, sim);
        let on_air =
            |sim, iccid: &str| self.presence.can_be_given(sim, iccid, now) && is_wanted(sim);
        for sharing in passes {
            match tx.best_for_order(query(*sharing), SearchScope::First(SEARCHED), on_air)? {
                SearchResult::Found(sim, number) => {
                    let readiness = SimReadiness::On;
                    return Ok(Allocation::Found(SelectedSim { sim, number, readiness }));
                }
                SearchResult::Nothing => {}
                SearchResult::TooFar => return Ok(Allocation::TooFar),
            }
        }
        let widest = allocation::widest(wish.service.has_patterns(), self.share_sim());
        let scope = SearchScope::First(SEARCHED);
        self.presence.allocate_parked(tx, query(widest), scope, is_wanted)
    }

    /// The first of the proposed SIMs that the order can still be given.
    fn try_proposals(
        &self,
        tx: &WriteTx<'_>,
        wish: &Wish<'_>,
        proposals: &[Proposal],
        now: Timestamp,
    ) -> Result<Allocation, StoreError> {
        let settings = self.env.settings();
        let is_wanted = |sim| wish.preference.admits(tx, &settings.home_networks, sim);
        for proposal in proposals {
            let (query, scope) =
                (self.query(wish, proposal.sharing, now), SearchScope::Sim(proposal.sim));
            if proposal.is_parked {
                let found = self.presence.allocate_parked(tx, query, scope, is_wanted)?;
                if matches!(found, Allocation::Found(_)) {
                    return Ok(found);
                }
                continue;
            }
            let on_air =
                |sim, iccid: &str| self.presence.can_be_given(sim, iccid, now) && is_wanted(sim);
            if let SearchResult::Found(sim, number) = tx.search_for_order(query, scope, on_air)? {
                let readiness = SimReadiness::On;
                return Ok(Allocation::Found(SelectedSim { sim, number, readiness }));
            }
        }
        Ok(Allocation::TooFar)
    }

    fn query<'q>(&self, wish: &Wish<'q>, sharing: SharingPolicy, now: Timestamp) -> StockQuery<'q> {
        StockQuery {
            country: wish.country,
            service: wish.service.id,
            account: Some(wish.account),
            sharing,
            // By a clock that may be ahead no SIM has rested enough, and no order on it is over.
            now: self.env.horizon().orders,
            used_since: self.used_since(now),
            rest_since: self.rest_since(now),
            patterned: wish.service.has_patterns(),
        }
    }

    /// The SIM that a rental is given; as [`Stock::allocate`].
    pub(super) fn allocate_rental(
        &self,
        tx: &WriteTx<'_>,
        account: AccountId,
        country: &str,
        proposals: &[SimId],
        now: Timestamp,
    ) -> Result<SearchResult, StoreError> {
        let on_air = |sim, iccid: &str| self.presence.can_be_given(sim, iccid, now);
        let parked = |sim, iccid: &str| self.presence.can_be_rented_parked(sim, iccid, now);
        let rank = |sim, iccid: &str| match () {
            () if on_air(sim, iccid) => Some(0),
            () if parked(sim, iccid) => Some(1),
            () => None,
        };
        let certain = self.env.horizon().orders;
        let query = RentalQuery {
            country,
            account: Some(account),
            now: certain,
            rest_since: self.rest_since(certain),
            ordered_since: self.ordered_since(tx, certain)?,
        };
        let found = tx.search_for_rental(query, SearchScope::First(SEARCHED), rank)?;
        self.cache.set_scarce(None, country, !matches!(found, SearchResult::Found(..)));
        if found != SearchResult::TooFar {
            return Ok(found);
        }
        for sim in proposals {
            let found = tx.search_for_rental(query, SearchScope::Sim(*sim), rank)?;
            if matches!(found, SearchResult::Found(..)) {
                return Ok(found);
            }
        }
        Ok(SearchResult::TooFar)
    }

    /// Whether the last search for an order found no number nearby, so that the next one begins
    /// with a snapshot.
    pub(super) fn is_scarce(&self, service: ServiceId, country: &str) -> bool {
        self.cache.is_scarce(Some(service), country)
    }

    /// Like [`Stock::is_scarce`], but for a rental.
    pub(super) fn is_scarce_for_rentals(&self, country: &str) -> bool {
        self.cache.is_scarce(None, country)
    }

    fn share_sim(&self) -> bool {
        self.env.settings().share_sim
    }

    /// A number that was used for a service after this time is not sold for it again
    /// ([invariant 8](crate#what-always-holds)).
    pub(super) fn used_since(&self, now: Timestamp) -> Timestamp {
        self.env
            .settings()
            .number_cooldown
            .map_or(Timestamp(i64::MIN), |cooldown| now.minus(cooldown))
    }

    /// How long a number rests after a completed order before it is rented out: as long as the
    /// operator says, and while it can be ordered again.
    pub(super) fn order_rest(&self, rows: &ReadTx<'_>) -> Result<Duration, StoreError> {
        let settings = self.env.settings();
        let longest = rows.longest_reuse_window()?.unwrap_or_default();
        Ok(settings.rest_after_orders.max(settings.reuse_window).max(longest))
    }

    /// A number on which an order completed after this time is not rented out.
    pub(super) fn ordered_since(
        &self,
        rows: &ReadTx<'_>,
        now: Timestamp,
    ) -> Result<Timestamp, StoreError> {
        Ok(now.minus(self.order_rest(rows)?))
    }

    /// A number that another account gave up after this time, without its SMS, rests.
    pub(super) fn rest_since(&self, now: Timestamp) -> Timestamp {
        now.minus(self.env.settings().number_rest)
    }
}
