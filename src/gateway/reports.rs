//! Figures of the whole site. They are too expensive to compute for each request, so they are
//! computed at intervals.

use std::collections::BTreeMap;

use std::sync::Arc;
use std::time::Duration;

use super::Error;
use super::audit::Audit;
use super::environment::Environment;
use super::listing::ListRequest;
use super::sims::{SimView, Sims};
use crate::domain::audit::AuditAction;
use crate::domain::availability::UnavailableReason;
use crate::domain::ledger::{EntryKind, RevenueGroup};
use crate::domain::sim::Sim;
use crate::domain::webhook::delivery::FAILING_LONG;
use crate::domain::{Amount, Iccid, Msisdn, ServiceId, Timestamp};
use crate::store::{CHECKS, EndpointCounts, EntrySums, Revenue, StoreError};

/// How many ledger entries are added up in one read.
const PIECE: i64 = 50_000;

/// Over how long the use of numbers is counted.
const USE_COUNTED: Duration = Duration::from_secs(7 * 24 * 3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// How many numbers are used in a day for a service in a country.
pub type UsedPerDay = BTreeMap<(ServiceId, String), f64>;

/// The ledger added up so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LedgerSums {
    last: i64,
    /// The sums by the entries' kind.
    pub kinds: BTreeMap<EntryKind, EntrySums>,
}

/// The site's numbers at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SiteStats {
    /// How many SIMs of each country (`None`: not known) cannot be given out, by the reason, and
    /// how many can (no reason).
    pub sims: BTreeMap<(Option<String>, Option<UnavailableReason>), usize>,
    /// ICCIDs of SIMs that were taken to be deaf, and have not received anything since.
    pub deaf: Vec<Iccid>,
    /// ICCIDs of SIMs that are rented out.
    pub rented: Vec<Iccid>,
    /// The numbers that several SIMs claim, each with the ICCIDs of those, unless the operator has
    /// said of one of them that it is its number.
    pub contested: Vec<(Msisdn, Vec<Iccid>)>,
    /// All accounts' balances together.
    pub balance: Amount,
    /// All accounts' holds together.
    pub held: Amount,
    /// How many accounts there are.
    pub accounts: usize,
    /// How many orders are open.
    pub open_orders: i64,
    /// How many rentals are active.
    pub active_rentals: i64,
    /// The greatest id that an order has had.
    pub last_order_id: i64,
    /// The greatest id that a rental has had.
    pub last_rental_id: i64,
    /// Rentals that were renewed and are over even so.
    pub rentals_behind: i64,
    /// How many webhook endpoints work, and how many do not.
    pub endpoints: EndpointCounts,
}

/// The SIMs that claim each contested number. Where the operator has said of exactly one SIM that a
/// number is its, the others are contested, but there is nothing left to decide.
fn contested(sims: &[SimView]) -> Vec<(Msisdn, Vec<Iccid>)> {
    let mut claims: BTreeMap<&Msisdn, Vec<&Sim>> = BTreeMap::new();
    for SimView { sim, .. } in sims.iter().filter(|view| view.sim.retired_at.is_none()) {
        if let Some(known) = &sim.number {
            claims.entry(&known.number).or_default().push(sim);
        }
    }
    claims.retain(|_, sims| sims.len() > 1 && sims.iter().all(|sim| sim.contested));
    let iccids = |sims: Vec<&Sim>| sims.into_iter().map(|sim| sim.iccid.clone()).collect();
    claims.into_iter().map(|(number, sims)| (number.clone(), iccids(sims))).collect()
}

/// What is read of the whole site: its numbers, its ledger's sums, its faults, and a copy of it.
pub struct Reports {
    env: Arc<Environment>,
    audit: Arc<Audit>,
    sims: Arc<Sims>,
}

impl Reports {
    pub(super) fn new(env: Arc<Environment>, audit: Arc<Audit>, sims: Arc<Sims>) -> Reports {
        Reports { env, audit, sims }
    }

    /// Counts SIMs, accounts, orders and rentals.
    pub async fn site_stats(&self) -> Result<SiteStats, Error> {
        let now = self.env.now();
        let mut counted = SiteStats::default();
        let sims = self.sims.list().await?;
        counted.contested = contested(&sims);
        for view in sims {
            *counted.sims.entry((view.sim.country.clone(), view.unavailable)).or_default() += 1;
            counted.rented.extend(view.sim.rented.then(|| view.sim.iccid.clone()));
            let is_deaf = view.sim.deaf_until != Timestamp::default();
            counted.deaf.extend(is_deaf.then_some(view.sim.iccid));
        }
        let read = self.env.store.read(move |rows| {
            let counts = (
                rows.open_order_count(now)?,
                rows.active_rental_count(now)?,
                rows.behind_rental_count(now)?,
            );
            let last_ids = (rows.last_order_id()?, rows.last_rental_id()?);
            let endpoints = rows.endpoint_counts(now.minus(FAILING_LONG))?;
            Ok::<_, StoreError>((rows.accounts()?, counts, last_ids, endpoints))
        });
        let (accounts, counts, (last_order_id, last_rental_id), endpoints) = read.await?;
        let (open_orders, active_rentals, rentals_behind) = counts;
        let sum = |amounts: &mut dyn Iterator<Item = Amount>| {
            Amount(amounts.map(|amount| amount.0).sum())
        };
        Ok(SiteStats {
            balance: sum(&mut accounts.iter().map(|account| account.funds.balance)),
            held: sum(&mut accounts.iter().map(|account| account.funds.held)),
            accounts: accounts.len(),
            open_orders,
            active_rentals,
            last_order_id,
            last_rental_id,
            rentals_behind,
            endpoints,
            ..counted
        })
    }

    /// Adds those entries to the sums that were made since they were added up last.
    pub async fn add_up_ledger(&self, mut sums: LedgerSums) -> Result<LedgerSums, Error> {
        let newest = self.env.store.read(|rows| rows.newest_entry()).await?;
        while sums.last < newest {
            let (after, last) = (sums.last, newest.min(sums.last + PIECE));
            for new in self.env.store.read(move |rows| rows.sums_between(after, last)).await? {
                let known = sums.kinds.entry(new.kind).or_insert(EntrySums {
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

    /// What was charged and given back, of what the operator asks for.
    pub async fn revenue(
        &self,
        by: RevenueGroup,
        request: ListRequest,
    ) -> Result<Vec<Revenue>, Error> {
        let settings = self.env.settings();
        let read = self.env.store.read_in_background(move |rows| {
            Ok(rows.revenue(by, &request.resolve(rows, &settings.countries, &[])?)?)
        });
        read.await
    }

    /// How many numbers were used in a day for each service in each country: of the last seven
    /// days, or of fewer if there are no orders from before.
    pub async fn numbers_used_per_day(&self) -> Result<UsedPerDay, Error> {
        let now = self.env.now();
        let read = self.env.store.read_in_background(move |rows| {
            let since = now.minus(USE_COUNTED);
            let oldest = rows.oldest_order_at()?.unwrap_or(now).max(since);
            Ok::<_, StoreError>((rows.numbers_used(since)?, now.since(oldest)))
        });
        let (used, over) = read.await?;
        let days = (over.as_secs_f64() / DAY.as_secs_f64()).max(1.0);
        let per_day = |count: i64| count as f64 / days;
        Ok(used.into_iter().map(|it| ((it.service, it.country), per_day(it.count))).collect())
    }

    /// Everything in the database that contradicts the invariants, each in a sentence.
    pub async fn find_faults(&self) -> Result<Vec<String>, Error> {
        let mut faults = Vec::new();
        for check in 0..CHECKS {
            faults.extend(self.run_check(check).await?);
        }
        Ok(faults)
    }

    /// What the check with this number finds; there are [`CHECKS`] of them.
    pub async fn run_check(&self, check: usize) -> Result<Vec<String>, Error> {
        let cooldown = self.env.settings().number_cooldown;
        Ok(self.env.store.read_in_background(move |rows| rows.faults(check, cooldown)).await?)
    }

    /// A copy of the database as it is at one moment, in a file that is deleted when it is closed.
    /// That it was made, and for which file of the operator's, is recorded in the audit; whether
    /// that file can be written is not known here.
    pub async fn copy_database(&self, target: Option<String>) -> Result<std::fs::File, Error> {
        if self.env.store.path().is_none() {
            return Err(Error::refused(format!(
                "the database {} is on a server: copy it with `pg_dump --format=custom`, or the \
                 whole server with `pg_basebackup`",
                self.env.store.name()
            )));
        }
        let copy = self.env.store.copy().await?;
        let target = target.map_or_else(String::new, |file| format!(", to write it to {file}"));
        let subject = format!("the database{target}");
        self.audit.note_operator_action(AuditAction::Copied, subject).await?;
        Ok(copy)
    }
}
