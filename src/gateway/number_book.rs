//! The book of a number: who had it when, for what and in which SIM, which services its messages
//! were of, and what came while it was nobody's.

use std::sync::Arc;
use std::time::Duration;

use super::Error;
use super::environment::Environment;
use super::listing::{number_in_words, readings};
use super::request_cache::RequestCache;
use super::services::find_service;
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::message::Message;
use crate::domain::{Iccid, Msisdn, Order, OrderId, Rental, RentalId, RowLimit, SimId, Timestamp};
use crate::store::{
    Account, ListFilter, LocationPeriod, Mark, ReadTx, RentalMove, StoreError, Trace,
};

/// How many orders and rentals are shown of a number, when no time is asked for.
const SHOWN: u32 = 50;
/// The longest that an order can have been made before it has a number at a time.
const LONGEST_ORDER: Duration = Duration::from_secs(7 * 24 * 3600);
/// What was nobody's is shown from so long before a time that is asked for, and until so long
/// after.
const AROUND: Duration = Duration::from_secs(3600);
/// What was nobody's is shown of so long, when no time is asked for.
const LATELY: Duration = Duration::from_secs(7 * 24 * 3600);
/// In how many places a SIM is looked for.
const LOCATIONS: i64 = 1000;

/// What a number was had for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldBy {
    Order(OrderId),
    Rental(RentalId),
}

/// A time in which an account had a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    pub by: HeldBy,
    /// The name of the account that had the number.
    pub account: String,
    /// The name of an order's service.
    pub service: Option<String>,
    /// The word for the state that the order or rental is in.
    pub state: &'static str,
    pub from: Timestamp,
    /// When it ended, or would end by itself.
    pub to: Timestamp,
    pub iccid: Option<Iccid>,
    /// Where the SIM was then, if that is still known.
    pub location: Option<LocationPeriod>,
}

/// What is known of a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberHistory {
    pub number: Msisdn,
    /// The SIMs that have it now.
    pub sims: Vec<Iccid>,
    /// Who had it, oldest first.
    pub holdings: Vec<Holding>,
    /// What messages used it for, each with the names of the account and of the service.
    pub traces: Vec<(Trace, String, String)>,
    /// What the operator has said of it, each with the service's name.
    pub marks: Vec<(Mark, String)>,
    /// What came to its SIMs while it was nobody's.
    pub unclaimed: Vec<Message>,
    /// What came to its SIMs and was kept from everybody.
    pub withheld: Vec<Message>,
}

/// Answers who had which number when.
pub struct NumberBook {
    env: Arc<Environment>,
    cache: Arc<RequestCache>,
}

/// The names of accounts and services.
struct Names {
    accounts: Vec<Account>,
    services: Vec<(crate::domain::ServiceId, String)>,
}

impl NumberBook {
    pub(super) fn new(env: Arc<Environment>, cache: Arc<RequestCache>) -> NumberBook {
        NumberBook { env, cache }
    }

    /// Who had a number, in a time from `at` and before `until`, or lately. That the operator saw
    /// it is recorded in the audit.
    pub async fn show(
        &self,
        number: &str,
        at: Option<(Timestamp, Timestamp)>,
    ) -> Result<NumberHistory, Error> {
        let numbers = readings(&self.env.settings().countries, number)?;
        let now = self.env.now();
        let read = self.env.store.read_in_background(move |rows| {
            let mut histories = numbers.into_iter().map(|number| history(rows, number, at, now));
            let first = histories.next().transpose()?;
            let is_known = |one: &NumberHistory| !(one.sims.is_empty() && one.holdings.is_empty());
            // One in national form may be one of several countries.
            for other in histories {
                let other = other?;
                if is_known(&other) && !first.as_ref().is_some_and(is_known) {
                    return Ok(Some(other));
                }
            }
            Ok::<_, Error>(first)
        });
        let found = read.await?;
        let found = found.ok_or_else(|| Error::refused(format!("{number}: not a number")))?;
        let subject = number_in_words(&found.number, &found.sims);
        let action = AuditAction::SawHolders;
        self.env.store.write(move |tx| tx.note(Actor::Operator, action, subject, now)).await?;
        Ok(found)
    }

    /// Sets whether a number of ours counts as used for a service from now on. Answers the number
    /// and the service's name.
    pub async fn mark(
        &self,
        number: String,
        service: String,
        used: bool,
    ) -> Result<(Msisdn, String), Error> {
        let numbers = readings(&self.env.settings().countries, &number)?;
        let (now, cache) = (self.env.now(), Arc::clone(&self.cache));
        let marked = self.env.store.write(move |tx| {
            let service = find_service(tx, &service)?;
            let mut ours = None;
            for reading in numbers {
                let sims = tx.sims_with_number(&reading)?;
                if !sims.is_empty() {
                    ours = Some((reading, sims));
                    break;
                }
            }
            let no_such = || {
                Error::refused(format!("no SIM has the number {number}"))
                    .in_shell("`simbridge sim list` shows those that there are")
            };
            let (number, sims) = ours.ok_or_else(no_such)?;
            tx.mark(&number, service.id, used, now)?;
            let action = if used { AuditAction::MarkedUsed } else { AuditAction::MarkedUnused };
            let subject = format!("{} for {}", number_in_words(&number, &sims), service.name);
            tx.note(Actor::Operator, action, subject, now)?;
            let changed = number.clone();
            tx.after_commit(move || cache.forget_uses_of(&changed));
            Ok((number, service.name))
        });
        marked.await
    }
}

fn history(
    rows: &ReadTx<'_>,
    number: Msisdn,
    at: Option<(Timestamp, Timestamp)>,
    now: Timestamp,
) -> Result<NumberHistory, StoreError> {
    let names = Names::read(rows)?;
    let newest = ListFilter {
        numbers: Some(vec![number.clone()]),
        ..ListFilter::newest(RowLimit::from(SHOWN))
    };
    let made = ListFilter {
        from: at.map(|(at, _)| at.minus(LONGEST_ORDER)),
        to: at.map(|(_, until)| until),
        ..newest.clone()
    };
    let mut holdings = Vec::new();
    for order in rows.orders(&made)? {
        holdings.push(Holding::of_order(rows, order, &names)?);
    }
    for rental in rows.rentals(&newest)? {
        holdings.push(Holding::of_rental(rows, rental, &names)?);
    }
    for moved in rows.moves_from_number(&number)? {
        holdings.extend(Holding::before_move(rows, moved, &names)?);
    }
    holdings.retain(|held| at.is_none_or(|(at, until)| held.from < until && at < held.to));
    holdings.sort_by_key(|held| held.from);
    let sims = rows.sims_with_number(&number)?;
    let (from, to) = match at {
        Some((at, until)) => (at.minus(AROUND), until.plus(AROUND)),
        None => (now.minus(LATELY), Timestamp(i64::MAX)),
    };
    let mut unclaimed = Vec::new();
    for iccid in &sims {
        if let Some(sim) = rows.sim_id(iccid)? {
            unclaimed.extend(rows.unclaimed(sim, from, to)?);
        }
    }
    let (withheld, unclaimed) =
        unclaimed.into_iter().partition(|message| message.withheld.is_some());
    let traces = rows.traces_of(&number)?.into_iter().map(|trace| {
        let (account, service) = (names.account(trace.account.0), names.service(trace.service));
        (trace, account, service)
    });
    let marks = rows.marks_of(&number)?.into_iter();
    let marks = marks.map(|mark| (mark, names.service(mark.service))).collect();
    let traces = traces.collect();
    Ok(NumberHistory { traces, number, sims, holdings, marks, unclaimed, withheld })
}

impl Names {
    fn read(rows: &ReadTx<'_>) -> Result<Names, StoreError> {
        let services = rows.services()?.into_iter().map(|service| (service.id, service.name));
        Ok(Names { accounts: rows.accounts()?, services: services.collect() })
    }

    fn account(&self, id: i64) -> String {
        let found = self.accounts.iter().find(|account| account.id.0 == id);
        found.map(|account| account.name.clone()).unwrap_or_default()
    }

    /// The name of a service, or the id of one that was removed.
    fn service(&self, id: crate::domain::ServiceId) -> String {
        let found = self.services.iter().find(|(known, _)| *known == id);
        found.map_or_else(|| id.to_string(), |(_, name)| name.clone())
    }
}

impl Holding {
    fn of_order(rows: &ReadTx<'_>, order: Order, names: &Names) -> Result<Holding, StoreError> {
        // A completed order goes on collecting.
        let ended_early = order.state.ended_at().filter(|at| *at < order.expires_at);
        let collects = matches!(order.state.as_str(), "completed");
        let to = ended_early.filter(|_| !collects).unwrap_or(order.expires_at);
        Ok(Holding {
            by: HeldBy::Order(order.id),
            account: names.account(order.account.0),
            service: Some(names.service(order.service)),
            state: order.state.as_str(),
            from: order.created_at,
            to,
            iccid: rows.iccid(order.sim)?,
            location: location(rows, order.sim, order.created_at, to)?,
        })
    }

    fn of_rental(rows: &ReadTx<'_>, rental: Rental, names: &Names) -> Result<Holding, StoreError> {
        let to = rental.ends_at();
        Ok(Holding {
            by: HeldBy::Rental(rental.id),
            account: names.account(rental.account.0),
            service: None,
            state: rental.state.as_str(),
            from: rental.has_sim_since(),
            to,
            iccid: rows.iccid(rental.sim)?,
            location: location(rows, rental.sim, rental.has_sim_since(), to)?,
        })
    }

    /// What a rental had until it was moved to another SIM.
    fn before_move(
        rows: &ReadTx<'_>,
        moved: RentalMove,
        names: &Names,
    ) -> Result<Option<Holding>, StoreError> {
        let Some(rental) = rows.rental(moved.rental)? else { return Ok(None) };
        let (from, to) = (moved.from, moved.to);
        let location = location(rows, moved.sim, from, to)?;
        let later = Holding::of_rental(rows, rental, names)?;
        Ok(Some(Holding { from, to, iccid: Some(moved.iccid), location, ..later }))
    }
}

/// Where a SIM was last in a time.
fn location(
    rows: &ReadTx<'_>,
    sim: SimId,
    from: Timestamp,
    to: Timestamp,
) -> Result<Option<LocationPeriod>, StoreError> {
    let places = rows.sim_locations(sim, LOCATIONS)?.into_iter();
    Ok(places
        .filter(|place| place.since < to && place.ended_at.is_none_or(|ended| ended > from))
        .max_by_key(|place| place.since))
}
