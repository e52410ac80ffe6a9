//! Tests that the SQL and the pure rule agree for every SIM, service, account and moment of a
//! random history. The input of the rule comes from a simple model of the history and not from the
//! database, so that a mistake in a fragment cannot affect both.

mod windows;

use std::time::Duration;

use proptest::prelude::*;

use crate::domain::allocation::{ActiveOrder, Rest, SharingPolicy, Use, UsedBy};
use crate::domain::availability::{Purpose, Reachability, SimCandidate, SimUsage};
use crate::domain::health::{PairHealth, SimHearing};
use crate::domain::order::OrderState;
use crate::domain::order::tests::order as order_in;
use crate::domain::rental::{NewRental, RentalEnding, RentalState};
use crate::domain::sim::{KnownNumber, NumberSource, Pool, Sim};
use crate::domain::{
    AccountId, Amount, Iccid, Msisdn, Order, OrderOutcome, Rental, RentalId, ServiceId, SimId,
    Timestamp,
};
use crate::store::{
    CountryRange, NewOrder, NewService, ReadTx, RentalQuery, SearchResult, SearchScope, StockQuery,
    Store, StoreError, Trace, WriteTx,
};

/// For how long a number that was given up rests.
const REST: i64 = 4;
/// For how long a number rests after an order before it is rented out.
const ORDER_REST: i64 = 7;
/// After which a SIM that seems deaf is on probation.
const DAY: i64 = 24 * 3600 * 1_000_000;
const SIMS: usize = 4;
const COUNTRIES: [&str; 2] = ["NL", "UK"];
const ACCOUNTS: [AccountId; 2] = [AccountId(1), AccountId(2)];
const SERVICES: [ServiceId; 2] = [ServiceId(1), ServiceId(2)];

/// A step of a history. Numbers of orders and rentals count from the newest.
#[derive(Debug, Clone)]
enum Step {
    Pass {
        time: i64,
    },
    SetNumber {
        sim: usize,
        number: Option<u8>,
        source: NumberSource,
    },
    /// The card in `from` is replaced by the one in `to`, which gets its number.
    ReplaceCard {
        from: usize,
        to: usize,
    },
    SetCountry {
        sim: usize,
        country: Option<usize>,
    },
    Rest {
        sim: usize,
        time: i64,
    },
    Retire {
        sim: usize,
        retired: bool,
    },
    SetPool {
        sim: usize,
        pool: Pool,
    },
    MakeOrder {
        sim: usize,
        account: AccountId,
        service: ServiceId,
        patterned: bool,
        time: i64,
    },
    EndOrder {
        order: usize,
        end: End,
    },
    FileOrders,
    /// The number rests for the service for so long because orders failed; for no time it is
    /// cleared.
    Failing {
        number: u8,
        service: ServiceId,
        time: i64,
    },
    /// An order on a SIM was silent.
    Silence {
        sim: usize,
        service: ServiceId,
    },
    /// Orders of several services on a SIM were silent.
    Deaf {
        sim: usize,
    },
    /// A SIM received something.
    Hearing {
        sim: usize,
    },
    Rent {
        sim: usize,
        account: AccountId,
    },
    EndRental {
        rental: usize,
    },
    /// A message of a service came to a number for an account.
    Message {
        number: u8,
        account: AccountId,
        service: ServiceId,
        rented: bool,
        sender: bool,
    },
    /// The operator says that a number is used for a service, or is not.
    Mark {
        number: u8,
        service: ServiceId,
        used: bool,
    },
}

#[derive(Debug, Clone, Copy)]
enum End {
    Complete,
    Cancel,
    Skip,
    Expire,
}

fn step() -> impl Strategy<Value = Step> {
    let sim = || 0..SIMS;
    let account = || prop::sample::select(&ACCOUNTS[..]);
    let make_order =
        (sim(), account(), prop::sample::select(&SERVICES[..]), any::<bool>(), 1..12_i64).prop_map(
            |(sim, account, service, patterned, time)| Step::MakeOrder {
                sim,
                account,
                service,
                patterned,
                time,
            },
        );
    let message = (0..4_u8, account(), prop::sample::select(&SERVICES[..]), any::<(bool, bool)>())
        .prop_map(|(number, account, service, (rented, sender))| Step::Message {
            number,
            account,
            service,
            rented,
            sender,
        });
    let end = prop_oneof![
        3 => Just(End::Complete),
        1 => Just(End::Cancel),
        2 => Just(End::Skip),
        1 => Just(End::Expire),
    ];
    prop_oneof![
        2 => (1..5_i64).prop_map(|time| Step::Pass { time }),
        1 => Just(Step::Pass { time: DAY }),
        1 => (sim(), prop::option::weighted(0.8, 0..3_u8))
            .prop_flat_map(|(sim, number)| {
                prop::sample::select(&[NumberSource::Cnum, NumberSource::Operator][..])
                    .prop_map(move |source| Step::SetNumber { sim, number, source })
            }),
        2 => (sim(), sim()).prop_map(|(from, to)| Step::ReplaceCard { from, to }),
        1 => (sim(), prop::option::weighted(0.8, 0..COUNTRIES.len()))
            .prop_map(|(sim, country)| Step::SetCountry { sim, country }),
        1 => (sim(), 0..6_i64).prop_map(|(sim, time)| Step::Rest { sim, time }),
        1 => (sim(), any::<bool>()).prop_map(|(sim, retired)| Step::Retire { sim, retired }),
        1 => (sim(), prop::sample::select(&Pool::ALL[..]))
            .prop_map(|(sim, pool)| Step::SetPool { sim, pool }),
        6 => make_order,
        5 => (0..3_usize, end).prop_map(|(order, end)| Step::EndOrder { order, end }),
        1 => Just(Step::FileOrders),
        2 => (sim(), account()).prop_map(|(sim, account)| Step::Rent { sim, account }),
        1 => (0..2_usize).prop_map(|rental| Step::EndRental { rental }),
        2 => message,
        1 => (0..4_u8, prop::sample::select(&SERVICES[..]), any::<bool>())
            .prop_map(|(number, service, used)| Step::Mark { number, service, used }),
        2 => (0..4_u8, prop::sample::select(&SERVICES[..]), 0..6_i64)
            .prop_map(|(number, service, time)| Step::Failing { number, service, time }),
        3 => (sim(), prop::sample::select(&SERVICES[..]))
            .prop_map(|(sim, service)| Step::Silence { sim, service }),
        2 => sim().prop_map(|sim| Step::Deaf { sim }),
        1 => sim().prop_map(|sim| Step::Hearing { sim }),
    ]
}

/// The state that the steps have led to, kept as simply as possible.
#[derive(Debug)]
struct Model {
    now: Timestamp,
    sims: Vec<Sim>,
    last_given: Vec<Timestamp>,
    /// The orders, each with whether its service had patterns when it was made.
    orders: Vec<(Order, bool)>,
    rentals: Vec<Rental>,
    messages: Vec<(Msisdn, Use)>,
    /// When the operator said that a number is not used for a service.
    unmarked: Vec<(Msisdn, ServiceId, Timestamp)>,
    failing: Vec<(Msisdn, ServiceId, Timestamp)>,
    hearing: [SimHearing; SIMS],
}

/// The outcome of a step in the database; `None` when the schema forbids it.
fn allowed<T>(outcome: Result<T, StoreError>) -> Option<T> {
    match outcome {
        Ok(value) => Some(value),
        Err(StoreError::Refused(_)) => None,
        Err(other) => panic!("{other}"),
    }
}

impl Model {
    /// A database with accounts, services, and SIMs that each have a number of their own.
    fn begin(tx: &WriteTx<'_>) -> Model {
        let now = Timestamp(100);
        for account in ["ann", "bob"] {
            tx.add_account(account, now).unwrap();
        }
        for name in ["Uber", "Shop"] {
            tx.add_service(&NewService::new(name, Amount(50))).unwrap();
        }
        let mut model = Model {
            now,
            sims: Vec::new(),
            last_given: vec![Timestamp(0); SIMS],
            orders: Vec::new(),
            rentals: Vec::new(),
            messages: Vec::new(),
            unmarked: Vec::new(),
            failing: Vec::new(),
            hearing: [SimHearing::default(); SIMS],
        };
        for n in 0..SIMS {
            let iccid = Iccid::from_stored(format!("893144000000000000{n}"));
            let sim = tx.ensure_sim(&iccid, now).unwrap();
            model.sims.push(Sim { country: Some("NL".to_owned()), ..sim });
            model.set_number(tx, n, Some(u8::try_from(n).unwrap()), NumberSource::Cnum);
        }
        model
    }

    fn set_number(
        &mut self,
        tx: &WriteTx<'_>,
        sim: usize,
        number: Option<u8>,
        source: NumberSource,
    ) {
        self.sims[sim].number = number.map(|number| KnownNumber {
            number: Msisdn::from_stored(format!("+3161234567{number}")),
            source,
            at: self.now,
        });
        tx.save_sim(&self.sims[sim]).unwrap();
    }

    fn replace_card(&mut self, tx: &WriteTx<'_>, from: usize, to: usize) {
        if let Some(number) = self.sims[from].number.take() {
            self.sims[to].number = Some(number);
        }
        for sim in [from, to] {
            tx.save_sim(&self.sims[sim]).unwrap();
        }
    }

    fn take(&mut self, tx: &WriteTx<'_>, step: Step) {
        let now = self.now;
        match step {
            Step::Pass { time } => self.now = Timestamp(now.0 + time),
            Step::SetNumber { sim, number, source } => self.set_number(tx, sim, number, source),
            Step::ReplaceCard { from, to } => self.replace_card(tx, from, to),
            Step::SetCountry { sim, country } => {
                self.sims[sim].country = country.map(|country| COUNTRIES[country].to_owned());
                tx.save_sim(&self.sims[sim]).unwrap();
            }
            Step::Rest { sim, time } => {
                self.sims[sim].rests_until = Timestamp(now.0 + time);
                tx.rest_sim(self.sims[sim].id, self.sims[sim].rests_until).unwrap();
            }
            Step::Retire { sim, retired } => {
                self.sims[sim].retired_at = retired.then_some(now);
                tx.retire_sim(self.sims[sim].id, self.sims[sim].retired_at).unwrap();
            }
            Step::SetPool { sim, pool } => {
                self.sims[sim].pool = pool;
                tx.set_pool(self.sims[sim].id, pool).unwrap();
            }
            Step::MakeOrder { sim, account, service, patterned, time } => {
                self.make_order(tx, sim, account, service, patterned, time);
            }
            Step::EndOrder { order, end } => self.end_order(tx, order, end),
            Step::Failing { number, service, time } => {
                let number = Msisdn::from_stored(format!("+3161234567{number}"));
                self.failing.retain(|(n, s, _)| (n, *s) != (&number, service));
                if time == 0 {
                    tx.clear_pair_health(&number, service).unwrap();
                    return;
                }
                let rests_until = Timestamp(now.0 + time);
                let health = PairHealth { rests_until, ..PairHealth::default() };
                tx.save_pair_health(&number, service, health).unwrap();
                self.failing.push((number, service, rests_until));
            }
            Step::Silence { sim, service } => self.silence(tx, sim, service),
            Step::Deaf { sim } => {
                for service in [SERVICES[0], SERVICES[1], SERVICES[0]] {
                    self.silence(tx, sim, service);
                }
            }
            Step::Hearing { sim } => {
                tx.note_hearing(self.sims[sim].id).unwrap();
                self.hearing[sim] = SimHearing::default();
                self.sims[sim].deaf_until = Timestamp(0);
            }
            Step::FileOrders => drop(tx.file_orders(now, i64::MAX).unwrap()),
            Step::Message { number, account, service, rented, sender } => {
                self.message(tx, number, account, service, rented, sender);
            }
            Step::Mark { number, service, used } => {
                let number = Msisdn::from_stored(format!("+3161234567{number}"));
                tx.mark(&number, service, used, now).unwrap();
                match used {
                    true => {
                        let mark = Use { service, at: now, by: UsedBy::Mark };
                        // The last one counts.
                        self.messages.retain(|(to, used)| {
                            (to, used.service, used.by) != (&number, service, UsedBy::Mark)
                        });
                        self.messages.push((number, mark));
                    }
                    false => self.unmarked.push((number, service, now)),
                }
            }
            Step::Rent { sim, account } => self.rent(tx, sim, account),
            Step::EndRental { rental } => {
                if let Some(rental) = self.rentals.iter_mut().rev().nth(rental)
                    && rental.state == RentalState::Active
                {
                    rental.state = RentalState::Ended { at: now, how: RentalEnding::TermOver };
                    tx.save_rental(rental).unwrap();
                }
            }
        }
    }

    fn silence(&mut self, tx: &WriteTx<'_>, sim: usize, service: ServiceId) {
        tx.note_silence(self.sims[sim].id, service, self.now).unwrap();
        self.hearing[sim] = self.hearing[sim].after_silence(service, self.now);
        self.sims[sim].deaf_until = self.hearing[sim].deaf_until;
    }

    fn message(
        &mut self,
        tx: &WriteTx<'_>,
        number: u8,
        account: AccountId,
        service: ServiceId,
        rented: bool,
        sender: bool,
    ) {
        let number = Msisdn::from_stored(format!("+3161234567{number}"));
        let (first_at, last_at) = (self.now, self.now);
        let by = if rented { UsedBy::Rental(account) } else { UsedBy::Order(account) };
        let sender = sender.to_string();
        self.messages.push((number.clone(), Use { service, at: self.now, by }));
        let trace = Trace { number, service, account, rented, sender, first_at, last_at };
        tx.note_trace(&trace).unwrap();
    }

    fn make_order(
        &mut self,
        tx: &WriteTx<'_>,
        sim: usize,
        account: AccountId,
        service: ServiceId,
        patterned: bool,
        time: i64,
    ) {
        let Some(number) = self.sims[sim].number.as_ref().map(|known| known.number.clone()) else {
            return;
        };
        let (id, created_at) = (self.sims[sim].id, self.now);
        let new = NewOrder {
            account,
            service,
            patterned,
            sim: id,
            number: &number,
            country: "NL",
            price: Amount(50),
            created_at,
            expires_at: Timestamp(created_at.0 + time),
            reuse_of: None,
            replaces: None,
            client_ref: None,
            awaits_sim: false,
            lifetime: None,
        };
        let Some(order) = allowed(tx.add_order(&new)) else { return };
        tx.record_sim_given(id, created_at).unwrap();
        self.last_given[sim] = created_at;
        let order = Order {
            id: order,
            account,
            service,
            sim: id,
            created_at,
            expires_at: new.expires_at,
            number,
            ..order_in(OrderState::Open)
        };
        self.orders.push((order, patterned));
    }

    fn end_order(&mut self, tx: &WriteTx<'_>, order: usize, end: End) {
        let Some((order, _)) = self.orders.iter_mut().rev().nth(order) else { return };
        let ended = match end {
            End::Complete => order.clone().complete(self.now, true),
            End::Cancel => order.clone().cancel(self.now, OrderOutcome::QuitLate),
            End::Skip => order.clone().skip(self.now, OrderOutcome::QuitLate),
            End::Expire => order.clone().expire(self.now),
        };
        if let Ok(ended) = ended {
            tx.end_order(&ended).unwrap();
            if !matches!(end, End::Complete) {
                tx.note_given_up(ended.id, self.now, Timestamp(self.now.0 - REST)).unwrap();
            }
            *order = ended;
        }
    }

    fn rent(&mut self, tx: &WriteTx<'_>, sim: usize, account: AccountId) {
        let Some(number) = self.sims[sim].number.as_ref().map(|known| known.number.clone()) else {
            return;
        };
        let new = NewRental {
            account,
            sim: self.sims[sim].id,
            number,
            country: "NL".to_owned(),
            package: "1m".to_owned(),
            months: 1,
            auto_renew: false,
            started_at: self.now,
            expires_at: Timestamp(self.now.0 + 5),
        };
        let rental = Rental::begin(RentalId(0), new);
        let added = allowed(tx.add_rental(&rental, Duration::ZERO));
        self.rentals.extend(added.map(|id| Rental { id, ..rental }));
    }

    /// The SIM, with `contested` and `rented` as the other SIMs and the rentals imply them.
    fn sim(&self, sim: &Sim) -> Sim {
        let number = |sim: &Sim| sim.number.as_ref().map(|known| known.number.clone());
        let own = number(sim);
        let is_operators =
            |sim: &Sim| sim.number.as_ref().is_some_and(|it| it.source == NumberSource::Operator);
        let claims = |other: &&Sim| {
            other.id != sim.id
                && other.retired_at.is_none()
                && number(other) == own
                && (!is_operators(sim) || is_operators(other))
        };
        let has = |rental: &&Rental| {
            rental.state == RentalState::Active
                && (rental.sim == sim.id || Some(&rental.number) == own.as_ref())
        };
        Sim {
            contested: own.is_some() && self.sims.iter().any(|other| claims(&other)),
            rented: self.rentals.iter().any(|rental| has(&rental)),
            ..sim.clone()
        }
    }

    fn uses(&self, number: Option<&Msisdn>) -> Vec<Use> {
        let used = |(order, _): &(Order, bool)| match order.state {
            OrderState::Completed { at } if Some(&order.number) == number => {
                Some(Use { service: order.service, at, by: UsedBy::Completion })
            }
            _ => None,
        };
        let messages = self.messages.iter().filter(|(to, _)| Some(to) == number);
        let all = self.orders.iter().filter_map(used).chain(messages.map(|(_, used)| *used));
        let is_unmarked = |used: &Use| {
            let mut marks = self.unmarked.iter().filter(|(of, ..)| Some(of) == number);
            marks.any(|(_, service, at)| *service == used.service && *at >= used.at)
        };
        let counted = |used: Use| match used.by {
            UsedBy::Completion if is_unmarked(&used) => Some(Use { by: UsedBy::Unmarked, ..used }),
            _ if is_unmarked(&used) => None,
            _ => Some(used),
        };
        all.filter_map(counted).collect()
    }

    fn skips(&self, number: Option<&Msisdn>, account: Option<AccountId>) -> Vec<ServiceId> {
        let skipped = |(order, _): &&(Order, bool)| {
            matches!(order.state, OrderState::Skipped { .. })
                && Some(&order.number) == number
                && Some(order.account) == account
        };
        self.orders.iter().filter(skipped).map(|(order, _)| order.service).collect()
    }

    fn rests(
        &self,
        number: Option<&Msisdn>,
        account: Option<AccountId>,
        at: Timestamp,
    ) -> Vec<Rest> {
        let rests = |(order, patterned): &(Order, bool)| {
            let ended_at = order.state.ended_at()?;
            let rests = !matches!(order.state, OrderState::Completed { .. })
                && Some(&order.number) == number
                && Some(order.account) != account
                && ended_at.0 > at.0 - REST;
            // Of several orders of one account for one service the last one counts.
            let is_last = |(later, _): &(Order, bool)| {
                later.id > order.id
                    && (later.account, later.service) == (order.account, order.service)
                    && later.number == order.number
                    && later.state.ended_at() >= Some(ended_at)
                    && !matches!(later.state, OrderState::Open | OrderState::Completed { .. })
            };
            let rest = Rest { service: order.service, patterned: *patterned };
            (rests && !self.orders.iter().any(is_last)).then_some(rest)
        };
        self.orders.iter().filter_map(rests).collect()
    }

    fn failing(&self, number: Option<&Msisdn>, at: Timestamp) -> Vec<ServiceId> {
        let rests = |(known, _, until): &&(Msisdn, ServiceId, Timestamp)| {
            Some(known) == number && *until > at
        };
        self.failing.iter().filter(rests).map(|(_, service, _)| *service).collect()
    }

    fn active_orders(&self, sim: SimId, at: Timestamp) -> Vec<ActiveOrder> {
        let active = |(order, patterned): &(Order, bool)| {
            let state = order.state;
            let runs = matches!(state, OrderState::Open | OrderState::Completed { .. })
                && order.sim == sim
                && at < order.expires_at;
            runs.then_some(ActiveOrder {
                account: order.account,
                service: order.service,
                open: state == OrderState::Open,
                patterned: *patterned,
            })
        };
        self.orders.iter().filter_map(active).collect()
    }

    /// The SIMs of a country that the rule allows, in the order in which they are given out.
    fn available(
        &self,
        country: &str,
        account: Option<AccountId>,
        purpose: Purpose,
        at: Timestamp,
    ) -> Vec<SimId> {
        let is_available = |sim: &Sim| {
            let number = sim.number.as_ref().map(|known| &known.number);
            let usage = SimUsage {
                uses: &self.uses(number),
                skips: &self.skips(number, account),
                failing: &self.failing(number, at),
                rests: &self.rests(number, account, at),
                active_orders: &self.active_orders(sim.id, at),
            };
            let candidate =
                SimCandidate { sim: &self.sim(sim), usage, reachability: Reachability::OnAir };
            sim.country.as_deref() == Some(country)
                && candidate.unavailable_for(purpose, at).is_none()
        };
        let mut available: Vec<(Timestamp, SimId)> = self
            .sims
            .iter()
            .zip(&self.last_given)
            .filter(|(sim, _)| is_available(sim))
            .map(|(sim, given)| (*given, sim.id))
            .collect();
        available.sort();
        available.into_iter().map(|(_, sim)| sim).collect()
    }

    /// Whether an order completed on a SIM's number or it was ever rented.
    fn has_past(&self, sim: SimId) -> bool {
        let number =
            self.sims.iter().find(|known| known.id == sim).and_then(|sim| sim.number.clone());
        let number = number.as_ref().map(|known| &known.number);
        let was_used = self
            .uses(number)
            .iter()
            .any(|used| matches!(used.by, UsedBy::Completion | UsedBy::Unmarked));
        was_used || self.rentals.iter().any(|rental| Some(&rental.number) == number)
    }

    /// Compares the searches for a rental with the rule.
    fn compare_for_rental(&self, tx: &ReadTx<'_>, country: &str, at: Timestamp) {
        let (account, ordered_since) = (Some(ACCOUNTS[0]), Timestamp(at.0 - ORDER_REST));
        let rest_since = Timestamp(at.0 - REST);
        let query = RentalQuery { country, account, now: at, rest_since, ordered_since };
        let search = |scope, rank: &mut dyn FnMut(SimId) -> Option<u8>| {
            tx.search_for_rental(query, scope, |sim, _| rank(sim)).unwrap()
        };
        let mut for_rental = Vec::new();
        let nothing = search(SearchScope::All, &mut |sim| {
            for_rental.push(sim);
            None
        });
        let mut expected = self.available(country, account, Purpose::Rental { ordered_since }, at);
        assert_eq!(for_rental, expected, "rental, {country} at {at:?} of {self:#?}");
        assert_eq!(nothing, SearchResult::Nothing);
        let in_stock = |sim: &&Sim| sim.country.as_deref() == Some(country) && sim.number.is_some();
        let count = self.sims.iter().filter(in_stock).count();
        let none = |scope| search(scope, &mut |_| None);
        assert_eq!(none(SearchScope::First(count)), SearchResult::Nothing);
        if count > 0 {
            assert_eq!(none(SearchScope::First(count - 1)), SearchResult::TooFar);
        }
        for sim in self.sims.iter().map(|sim| sim.id) {
            let found = search(SearchScope::Sim(sim), &mut |_| Some(1));
            assert_eq!(found.found().is_some(), expected.contains(&sim));
        }
        // Those with an even id are parked.
        let rank = |sim: SimId| u8::from(sim.0 % 2 == 0);
        expected.sort_by_key(|sim| (self.has_past(*sim), rank(*sim)));
        let best = search(SearchScope::All, &mut |sim| Some(rank(sim)));
        assert_eq!(best.found().map(|(sim, _)| sim), expected.first().copied(), "{self:#?}");
    }

    /// Compares all answers of the database with those of the rule at one moment.
    fn compare(&self, tx: &ReadTx<'_>, at: Timestamp) {
        let sims: Vec<Sim> = self.sims.iter().map(|sim| self.sim(sim)).collect();
        assert_eq!(tx.sims().unwrap(), sims, "{self:#?}");
        let mut by_country = tx.sellable_sims_by_country(CountryRange::default(), at).unwrap();
        assert!(by_country.keys().eq(&tx.countries_of_sims().unwrap()), "{self:#?}");
        let middle = COUNTRIES[1];
        let first = CountryRange { from: "", before: Some(middle) };
        let mut parts = tx.sellable_sims_by_country(first, at).unwrap();
        assert!(parts.keys().all(|code| code.as_str() < middle && first.contains(code)));
        let second = CountryRange { from: middle, before: None };
        parts.extend(tx.sellable_sims_by_country(second, at).unwrap());
        assert_eq!(parts, by_country, "{self:#?}");
        for country in COUNTRIES {
            let sellable = tx.sellable_sims(country, at).unwrap();
            let of_country = by_country.remove(country).unwrap_or_default();
            assert_eq!(of_country, sellable, "{country} at {at:?} of {self:#?}");
            let sellable: Vec<SimId> = sellable.into_iter().map(|sold| sold.sim).collect();
            let expected = self.available(country, None, Purpose::Any, at);
            assert_eq!(sellable, expected, "{country} at {at:?} of {self:#?}");

            self.compare_for_rental(tx, country, at);

            for (n, (purpose, query)) in orders(country, at).into_iter().enumerate() {
                let mut for_order = Vec::new();
                tx.find_for_order(query, |sim, _| all(&mut for_order, sim)).unwrap();
                let expected = self.available(country, query.account, purpose, at);
                assert_eq!(for_order, expected, "{query:?} of {self:#?}");
                let sim = SimId(i64::try_from(n % SIMS).unwrap() + 1);
                let found = tx.search_for_order(query, SearchScope::Sim(sim), |_, _| true);
                let is_found = matches!(found.unwrap(), SearchResult::Found(it, _) if it == sim);
                assert_eq!(is_found, expected.contains(&sim), "{sim} for {query:?}");
            }
        }
    }
}

/// Takes every SIM as one that cannot be reached, so that a search goes on to the last.
fn all(found: &mut Vec<SimId>, sim: SimId) -> bool {
    found.push(sim);
    false
}

/// Every kind of order that could be made in a country.
fn orders(country: &str, now: Timestamp) -> Vec<(Purpose, StockQuery<'_>)> {
    let mut orders = Vec::new();
    for account in [None, Some(ACCOUNTS[0]), Some(ACCOUNTS[1])] {
        for service in SERVICES {
            for sharing in [
                SharingPolicy::Exclusive,
                SharingPolicy::Alone { among_collecting: false },
                SharingPolicy::Alone { among_collecting: true },
                SharingPolicy::Shared,
            ] {
                for used_since in [Timestamp(i64::MIN), Timestamp(now.0 - 4)] {
                    for patterned in [false, true] {
                        let rest_since = Timestamp(now.0 - REST);
                        let query = StockQuery {
                            country,
                            service,
                            account,
                            sharing,
                            now,
                            used_since,
                            rest_since,
                            patterned,
                        };
                        let purpose =
                            Purpose::Order { service, account, sharing, used_since, patterned };
                        orders.push((purpose, query));
                    }
                }
            }
        }
    }
    orders
}

async fn play(steps: Vec<Step>) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("test.db")).unwrap();
    let played = store.write(move |tx| {
        let mut model = Model::begin(tx);
        for (n, step) in steps.into_iter().enumerate() {
            model.take(tx, step);
            if n % 8 == 0 {
                model.compare(tx, model.now);
            }
        }
        Ok::<_, StoreError>(model)
    });
    let model = played.await.unwrap();
    let compared = store.read(move |tx| {
        for later in [0, 1, 3, 6] {
            model.compare(tx, Timestamp(model.now.0 + later));
        }
        Ok::<_, StoreError>(())
    });
    compared.await.unwrap();
    store.close().await;
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        max_shrink_iters: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn sql_and_the_rule_agree_on_every_sim_service_account_and_moment(
        steps in proptest::collection::vec(step(), 1..40)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(play(steps));
    }
}
