//! How the site stands, counted anew now and again: too dear for each who asks.

use std::collections::BTreeMap;

use super::{Error, Gateway};
use crate::domain::availability::UnavailableReason;
use crate::domain::{Amount, Service, allocation};
use crate::store::{StockQuery, StoreError, Sums};

/// Ledger entries that are added up at once.
const PIECE: i64 = 50_000;

/// The ledger added up so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LedgerSums {
    last: i64,
    /// By kind.
    pub kinds: BTreeMap<String, Sums>,
}

/// The site's numbers at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SiteStats {
    /// How many SIMs of each country (`None`: not known) cannot be given out, by the reason, and how
    /// many can (`None`).
    pub sims: BTreeMap<(Option<String>, Option<UnavailableReason>), usize>,
    /// ICCIDs of SIMs that are taken to be deaf.
    pub deaf: Vec<String>,
    /// All accounts' balances together.
    pub balance: Amount,
    /// All accounts' holds together.
    pub held: Amount,
    /// Accounts.
    pub accounts: usize,
    /// Open orders.
    pub open_orders: i64,
    /// Active rentals.
    pub active_rentals: i64,
}

impl Gateway {
    /// Counts SIMs, accounts, orders and rentals.
    pub async fn census(&self) -> Result<SiteStats, Error> {
        let (now, silent) = (self.env.now(), self.stats.silent());
        let mut census = SiteStats::default();
        for view in self.sims.list().await? {
            *census.sims.entry((view.sim.country.clone(), view.unavailable)).or_default() += 1;
            let deaf = silent.contains(&view.sim.id);
            census.deaf.extend(deaf.then_some(view.sim.iccid));
        }
        let read = self.env.store.read(move |rows| {
            let counts = (rows.open_order_count(now)?, rows.active_rental_count(now)?);
            Ok::<_, StoreError>((rows.accounts()?, counts))
        });
        let (accounts, (open_orders, active_rentals)) = read.await?;
        let sum = |amounts: &mut dyn Iterator<Item = Amount>| {
            Amount(amounts.map(|amount| amount.0).sum())
        };
        Ok(SiteStats {
            balance: sum(&mut accounts.iter().map(|account| account.funds.balance)),
            held: sum(&mut accounts.iter().map(|account| account.funds.held)),
            accounts: accounts.len(),
            open_orders,
            active_rentals,
            ..census
        })
    }

    /// Adds to the sums what has come into the ledger since.
    pub async fn add_up(&self, mut sums: LedgerSums) -> Result<LedgerSums, Error> {
        let newest = self.env.store.read(|rows| rows.newest_entry()).await?;
        while sums.last < newest {
            let (after, last) = (sums.last, newest.min(sums.last + PIECE));
            for new in self.env.store.read(move |rows| rows.sums_between(after, last)).await? {
                let known = sums.kinds.entry(new.kind.clone()).or_insert(Sums {
                    kind: new.kind,
                    entries: 0,
                    balance_minor: 0,
                    held_minor: 0,
                });
                known.entries += new.entries;
                known.balance_minor += new.balance_minor;
                known.held_minor += new.held_minor;
            }
            sums.last = last;
        }
        Ok(sums)
    }

    /// How many numbers of each of these countries could be given out for a service now, to
    /// somebody who skipped none. By the same rule by which they are given out.
    pub async fn stock(
        &self,
        service: &Service,
        countries: Vec<String>,
    ) -> Result<Vec<(String, usize)>, Error> {
        let now = self.env.now();
        let used_since = self.used_since(now);
        let (gateway, id) = (self.clone(), service.id);
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
                };
                let mut count = 0;
                rows.find_for_order(query, |sim, iccid| {
                    count += usize::from(gateway.presence.can_be_given(sim, iccid, now));
                    false
                })?;
                count += gateway.presence.parked_count(rows, query)?;
                Ok((country, count))
            };
            countries.into_iter().map(count).collect::<Result<Vec<_>, StoreError>>()
        });
        Ok(counted.await?)
    }
}
