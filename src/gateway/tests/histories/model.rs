//! The business in plain words: lists, looked through whole. Times in seconds.

use std::collections::{BTreeMap, BTreeSet};

use super::health::Health;
use super::limits::Standing;
use super::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    Open,
    Completed {
        at: i64,
    },
    /// It was given up, or has expired.
    Over {
        at: i64,
    },
}

#[derive(Debug, Clone)]
pub(super) struct ModelOrder {
    pub(super) account: usize,
    pub(super) service: usize,
    pub(super) sim: u16,
    pub(super) price: i64,
    pub(super) made_at: i64,
    pub(super) ends_at: i64,
    /// Its SIM has not been on the air since it was made.
    pub(super) awaits: bool,
    pub(super) life: Life,
    pub(super) filed: bool,
    pub(super) refunded: bool,
}

#[derive(Debug, Clone)]
pub(super) struct ModelRental {
    pub(super) account: usize,
    pub(super) sim: u16,
    pub(super) auto_renew: bool,
    pub(super) from: i64,
    /// Since when it has its SIM.
    pub(super) since: i64,
    /// The SIMs that it had before.
    pub(super) had: Vec<u16>,
    pub(super) months: u32,
    /// The seconds that cost nothing, and how many of them lie before the last term.
    pub(super) free: i64,
    pub(super) free_before: i64,
    /// Free days in a row because its SIM was off the air.
    pub(super) days_off_air: u32,
    /// The seconds of its outage that were seen, and until when.
    pub(super) outage: Option<(i64, i64)>,
    /// What was given back.
    pub(super) given_back: i64,
    /// The end of its time, or a day after its last renewal; or when it ended.
    pub(super) due: i64,
    pub(super) active: bool,
    /// Whether it was ended before its time was over.
    pub(super) early: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Nobody,
    Order(usize),
    Rental(usize),
}

#[derive(Debug, Clone)]
pub(super) struct ModelMessage {
    pub(super) owner: Owner,
    pub(super) sim: u16,
    pub(super) sender: usize,
    pub(super) received_at: i64,
    pub(super) text: String,
    pub(super) withheld: bool,
}

impl ModelOrder {
    fn is_running(&self) -> bool {
        !matches!(self.life, Life::Over { .. })
    }
}

/// A long message of two parts, of which the first came.
#[derive(Debug, Clone)]
pub(super) struct ModelLong {
    pub(super) sim: u16,
    pub(super) sender: usize,
    pub(super) from: i64,
    pub(super) whole: String,
    pub(super) shown: Option<usize>,
    pub(super) complete: bool,
}

/// What is there of an SMS.
#[derive(Clone, Copy)]
pub(super) struct Told<'t> {
    pub(super) sim: u16,
    pub(super) sender: usize,
    pub(super) text: &'t str,
    pub(super) taken_at: i64,
    pub(super) received_at: i64,
}

/// The model.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) balance: [i64; CUSTOMERS],
    pub(super) orders: Vec<ModelOrder>,
    pub(super) rentals: Vec<ModelRental>,
    pub(super) skipped: BTreeSet<(usize, usize, u16)>,
    pub(super) given_at: BTreeMap<u16, i64>,
    pub(super) rests_until: BTreeMap<u16, i64>,
    pub(super) seen_at: BTreeMap<u16, i64>,
    pub(super) messages: Vec<ModelMessage>,
    /// Which account was sent a message of which service on which SIM; or was most likely meant by
    /// one that came too late.
    pub(super) sent: BTreeSet<(usize, usize, u16)>,
    /// Which messages of services customers got, as they came: the SIM, the service, the account,
    /// and whether by an order.
    pub(super) got: Vec<(u16, usize, usize, bool)>,
    pub(super) longs: Vec<ModelLong>,
    /// The SIM on the bank's radio.
    pub(super) radio: Option<u16>,
    /// When the bank last spoke.
    pub(super) told_at: Option<i64>,
    pub(super) health: Health,
    pub(super) standing: [Standing; CUSTOMERS],
    /// How old an order has to be so that giving it up delays the next one by nothing.
    pub(super) min_cancel_age: i64,
    /// What SIMs are sold for, where that is not both.
    pub(super) pools: BTreeMap<u16, Pool>,
    /// SIMs whose modem is gone, each since when, while they are waited for.
    pub(super) away: BTreeMap<u16, i64>,
    /// When the daemon was started.
    pub(super) start: i64,
    /// When it was looked last which SIMs of rentals are off the air.
    pub(super) looked: i64,
    /// When SIMs were last in a modem that is gone.
    pub(super) gone_at: BTreeMap<u16, i64>,
    /// When the daemon was started again, while SIMs that have not come up are waited for.
    pub(super) started_at: Option<i64>,
}

/// The service that charges on codes.
const CHARGES_ON_CODE: usize = 1;

fn has_code(text: &str) -> bool {
    text.contains("code ")
}

impl Model {
    pub(super) fn is_open(order: &ModelOrder, now: i64) -> bool {
        order.life == Life::Open && now < order.ends_at
    }

    pub(super) fn held(&self, account: usize) -> i64 {
        self.orders
            .iter()
            .filter(|o| o.account == account && o.life == Life::Open)
            .map(|o| o.price)
            .sum()
    }

    /// A step that speaks of an order by its place from the end, in plain words; as it is where
    /// there is no such order.
    pub(super) fn meant(&self, step: Step, now: i64) -> Step {
        let nth = |back: usize| self.orders.len().checked_sub(back + 1);
        match step {
            Step::Code { back, has_code } => nth(back).map_or(step, |n| Step::Sms {
                sim: self.orders[n].sim,
                sender: self.orders[n].service,
                age_s: 0,
                has_code,
            }),
            Step::Again { back } => nth(back)
                .map_or(step, |n| Step::Reuse { account: self.orders[n].account, order: n }),
            Step::Quit { back } => nth(back)
                .map_or(step, |n| Step::Cancel { account: self.orders[n].account, order: n }),
            Step::ToTenant { back, sender, early } => {
                let nth = self.rentals.len().checked_sub(back + 1);
                nth.map_or(step, |n| {
                    let (sim, since) = (self.rentals[n].sim, self.rentals[n].since);
                    let age_s = if early { (now - since).max(0) + 5 } else { 0 };
                    Step::Sms { sim, sender, age_s, has_code: true }
                })
            }
            _ => step,
        }
    }

    /// SIMs that are in no modem for a minute, or have come up in none, are lost with the orders
    /// that are open on them; not those of a bank that speaks.
    fn lose_sims(&mut self, now: i64) {
        if let Some(started_at) = self.started_at.take_if(|at| *at + LOST_AFTER_S <= now) {
            for sim in (1..=SIMS + BANKED).filter(|sim| !self.seen_at.contains_key(sim)) {
                self.away.entry(sim).or_insert(started_at);
            }
        }
        let lost: Vec<u16> = self
            .away
            .iter()
            .filter(|(_, since)| **since + LOST_AFTER_S <= now)
            .map(|(sim, _)| *sim)
            .collect();
        for sim in lost {
            self.away.remove(&sim);
            let is_banked = sim > SIMS && self.told_at.is_some();
            let of_sim = self.orders.iter_mut().filter(|o| o.sim == sim && !is_banked);
            for order in of_sim.filter(|o| Self::is_open(o, now)) {
                order.life = Life::Over { at: now };
            }
        }
    }

    /// What time alone brings about, one thing after the other.
    pub(super) fn settle(&mut self, now: i64) {
        self.lose_sims(now);
        loop {
            let ends = self.orders.iter().enumerate().filter(|(_, o)| o.life == Life::Open);
            let ends = ends.map(|(n, o)| (o.ends_at, 0, n));
            let shows = self.longs.iter().enumerate().filter(|(_, l)| l.shown.is_none());
            let shows = shows.map(|(n, l)| (l.from + PATIENCE_S, 1, n));
            let terms = self
                .rentals
                .iter()
                .enumerate()
                .filter(|(_, r)| r.active)
                .map(|(n, r)| (r.due, 2, n));
            let next = ends.chain(shows).chain(terms).filter(|(at, ..)| *at <= now).min();
            match next {
                None => break,
                Some((at, 0, n)) if self.text(n).is_some() => self.charge(n, at),
                Some((_, 0, n)) => {
                    self.orders[n].life = Life::Over { at: now };
                    self.health.expired(&self.orders[n], now);
                    self.note_end(n, false, now);
                }
                Some((_, 1, n)) => drop(self.show(n, false, self.longs[n].from, now)),
                Some((_, _, n)) => self.end_term(n, now),
            }
        }
        for order in &mut self.orders {
            order.filed |=
                matches!(order.life, Life::Completed { .. }) && order.ends_at + FILING_S <= now;
        }
    }

    /// Whether nothing that concerns the SIM itself keeps anybody new from it: a tenant, or that it
    /// is deaf.
    pub(super) fn free_of_tenants(&self, sim: u16, now: i64) -> bool {
        !self.rentals.iter().any(|r| r.active && r.sim == sim)
            && self.rests_until.get(&sim).is_none_or(|until| *until <= now)
            && self.health.may_be_sold(sim, now)
    }

    /// Whether a SIM that seemed deaf has the one order with which it is tried again.
    fn is_tried(&self, sim: u16, now: i64) -> bool {
        self.health.is_on_probation(sim, now)
            && self.running(sim, now).any(|order| order.life == Life::Open)
    }

    pub(super) fn running(&self, sim: u16, now: i64) -> impl Iterator<Item = &ModelOrder> {
        let runs = move |o: &&ModelOrder| o.is_running() && !o.filed && now < o.ends_at;
        self.orders.iter().filter(move |o| o.sim == sim).filter(runs)
    }

    /// The SIMs from the one given out longest ago.
    pub(super) fn in_turn(&self) -> Vec<u16> {
        let mut sims: Vec<u16> = (1..=SIMS + BANKED).collect();
        sims.sort_by_key(|sim| (self.given_at.get(sim).copied().unwrap_or(0), *sim));
        sims
    }

    /// Whether a number rests because another account gave it up, or its order expired: for an
    /// order for a service, or for a rental. What comes late could be for an order of the same
    /// service only, as the third service is the only one without patterns.
    pub(super) fn rests(&self, account: usize, service: Option<usize>, sim: u16, now: i64) -> bool {
        self.orders.iter().any(|o| {
            o.sim == sim
                && o.account != account
                && service.is_none_or(|service| service == o.service)
                && matches!(o.life, Life::Over { at } if now < at + REST_S)
        })
    }

    pub(super) fn allocate(&self, account: usize, service: usize, now: i64) -> Option<u16> {
        let used = |sim| {
            self.orders.iter().any(|o| {
                o.sim == sim && o.service == service && matches!(o.life, Life::Completed { .. })
            })
        };
        let usable: Vec<u16> = self
            .in_turn()
            .into_iter()
            .filter(|sim| {
                self.free_of_tenants(*sim, now)
                    && self.is_sold_for(*sim, true)
                    && !self.is_tried(*sim, now)
                    && !used(*sim)
                    && !self.is_used_by_others(account, service, *sim)
                    && !self.rests(account, Some(service), *sim, now)
                    && !self.health.is_failing(*sim, service, now)
                    && !self.skipped.contains(&(account, service, *sim))
            })
            .collect();
        let on_air: Vec<u16> =
            usable.iter().copied().filter(|sim| self.on_air(*sim, now)).collect();
        let alone = |sim: &&u16| match service {
            2 => !self.running(**sim, now).any(|o| o.life == Life::Open || o.service == 2),
            _ => !self.running(**sim, now).any(|o| o.life == Life::Open),
        };
        let shared = |sim: &&u16| {
            service != 2
                && !self
                    .running(**sim, now)
                    .any(|o| o.life == Life::Open && (o.service == 2 || o.service == service))
        };
        let parked = |sim: &&u16| {
            self.radio_is_free(now)
                && self.parked(**sim, now)
                && self.running(**sim, now).next().is_none()
        };
        // Of those that fit, one on which nothing has failed since the last code comes first.
        let has_failed = |sim: &u16| self.health.has_failed(*sim, service);
        let best = |fits: &dyn Fn(&&u16) -> bool| {
            on_air.iter().filter(|sim| fits(sim)).min_by_key(|sim| has_failed(sim))
        };
        best(&alone).or_else(|| best(&shared)).or_else(|| usable.iter().find(parked)).copied()
    }

    pub(super) fn open_of(&self, account: usize, now: i64) -> Option<usize> {
        (0..self.orders.len())
            .find(|n| self.orders[*n].account == account && Self::is_open(&self.orders[*n], now))
    }

    pub(super) fn make(&mut self, account: usize, service: usize, now: i64) -> String {
        if let Some(barrier) = self.barrier(account, now) {
            return barrier;
        }
        let Some(sim) = self.allocate(account, service, now) else { return "no phone".into() };
        self.place(account, service, sim, PRICE, now)
    }

    pub(super) fn place(
        &mut self,
        account: usize,
        service: usize,
        sim: u16,
        price: i64,
        now: i64,
    ) -> String {
        if self.balance[account] - self.held(account) < price {
            return "no balance".into();
        }
        if !self.may_spend(account, price, now) {
            return "limited spend_per_day".into();
        }
        self.given_at.insert(sim, now);
        let awaits = !self.on_air(sim, now);
        let ends_at = now + if awaits { SOLD_WITHIN_S } else { LIFETIME_S };
        let (made_at, life, filed, refunded) = (now, Life::Open, false, false);
        self.orders.push(ModelOrder {
            account,
            service,
            sim,
            price,
            made_at,
            ends_at,
            awaits,
            life,
            filed,
            refunded,
        });
        format!("made {} on {sim}", self.orders.len())
    }

    pub(super) fn give_up(&mut self, account: usize, order: usize, skip: bool, now: i64) -> String {
        let Some(found) = self.orders.get_mut(order).filter(|o| o.account == account) else {
            return "over".into();
        };
        match found.life {
            Life::Completed { .. } => "completed".into(),
            Life::Open if Self::is_open(found, now) => {
                found.life = Life::Over { at: now };
                self.health.given_up(found, now);
                if skip {
                    self.skipped.insert((account, found.service, found.sim));
                }
                self.note_end(order, true, now);
                "canceled".into()
            }
            _ => "over".into(),
        }
    }

    pub(super) fn reuse(&mut self, account: usize, order: usize, now: i64) -> String {
        let found = self.orders.get(order).filter(|o| o.account == account).cloned();
        let Some(old) =
            found.filter(|o| matches!(o.life, Life::Completed { at } if now < at + WINDOW_S))
        else {
            return "offline".into();
        };
        let in_the_way = self.running(old.sim, now).any(|o| match (old.service, o.life) {
            (_, Life::Over { .. }) => false,
            (2, Life::Open) => true,
            (2, _) => o.service == 2 && o.account != account,
            (_, Life::Open) => o.service == 2 || o.service == old.service,
            _ => false,
        });
        let skipped = self.skipped.contains(&(account, old.service, old.sim));
        let comes =
            || self.parked(old.sim, now) && self.radio_is_free(now) && !self.stays(old.sim, now);
        let is_there = self.on_air(old.sim, now) || comes();
        let rests = self.rests(account, Some(old.service), old.sim, now);
        let used = self.is_used_by_others(account, old.service, old.sim);
        let is_sold = self.is_sold_for(old.sim, true) && !self.is_tried(old.sim, now);
        if !self.free_of_tenants(old.sim, now) || !is_sold || !is_there || in_the_way {
            return "offline".into();
        }
        if skipped || rests || used {
            return "offline".into();
        }
        let offline = "offline".to_owned();
        match self.barrier(account, now) {
            Some(barrier) if barrier.starts_with("open") => return barrier,
            Some(_) => return offline,
            None => {}
        }
        let placed = self.place(account, old.service, old.sim, PRICE / 2, now);
        if placed.starts_with("limited") { offline } else { placed }
    }

    /// A whole SMS; the number of the order that it was given to.
    pub(super) fn sms(
        &mut self,
        sim: u16,
        sender: usize,
        text: &str,
        taken_at: i64,
        now: i64,
    ) -> Option<usize> {
        let told = Told { sim, sender, text, taken_at, received_at: now };
        self.give(told, None, now)
    }

    pub(super) fn begin(&mut self, sim: u16, sender: usize, whole: &str, now: i64) {
        let whole = whole.to_owned();
        self.longs.push(ModelLong { sim, sender, from: now, whole, shown: None, complete: false });
    }

    /// A long message is shown, whole or as far as it is there.
    pub(super) fn show(
        &mut self,
        n: usize,
        complete: bool,
        received_at: i64,
        now: i64,
    ) -> Option<usize> {
        let ModelLong { sim, sender, from, whole, shown, .. } = self.longs[n].clone();
        let text = if complete { whole.as_str() } else { &whole[..FIRST_PART] };
        let order = self.give(Told { sim, sender, text, taken_at: from, received_at }, shown, now);
        self.longs[n].complete = complete;
        self.longs[n].shown = shown.or(Some(self.messages.len() - 1));
        order
    }

    /// Gives an SMS to whom it belongs, or mends what was `shown` of it.
    pub(super) fn give(&mut self, told: Told<'_>, shown: Option<usize>, now: i64) -> Option<usize> {
        let blocked = told.sender == BANK || told.text.contains("iban");
        let free = shown
            .is_none_or(|n| self.messages[n].owner == Owner::Nobody && !self.messages[n].withheld);
        let owner = match shown {
            _ if free && blocked => Owner::Nobody,
            _ if free => self.find_owner(told, now),
            Some(n) => {
                // The rest of what was shown may have the code that the order waits for.
                if let Owner::Order(order) = self.messages[n].owner
                    && !blocked
                    && has_code(told.text)
                    && Self::is_open(&self.orders[order], told.received_at)
                {
                    self.charge(order, told.received_at);
                }
                self.messages[n].owner
            }
            None => Owner::Nobody,
        };
        if let Owner::Order(order) = owner
            && !blocked
            && has_code(told.text)
            && matches!(self.orders[order].life, Life::Completed { .. })
        {
            self.health.code(&self.orders[order]);
        }
        self.health.hears(told.sim);
        self.note_sent(told, owner, free && !blocked);
        let message = ModelMessage {
            owner,
            sim: told.sim,
            sender: told.sender,
            received_at: told.received_at,
            text: told.text.to_owned(),
            withheld: blocked,
        };
        match shown {
            Some(n) => self.messages[n] = message,
            None => self.messages.push(message),
        }
        if let Owner::Order(order) = owner { Some(order + 1) } else { None }
    }

    /// Notes for whom a message used its SIM's number.
    fn note_sent(&mut self, told: Told<'_>, owner: Owner, may_be_late: bool) {
        let (sim, fits) = (told.sim, told.sender < 2);
        let holder = match owner {
            Owner::Order(n) => Some((self.orders[n].account, true)),
            Owner::Rental(n) => Some((self.rentals[n].account, false)),
            Owner::Nobody => None,
        };
        if let Some((account, ordered)) = holder.filter(|_| fits) {
            self.got.push((sim, told.sender, account, ordered));
        }
        match owner {
            Owner::Order(n) => {
                let order = &self.orders[n];
                self.sent.insert((order.account, order.service, sim));
            }
            Owner::Rental(n) if fits => {
                self.sent.insert((self.rentals[n].account, told.sender, sim));
            }
            Owner::Nobody if fits && may_be_late => {
                for account in 0..CUSTOMERS {
                    let own = |o: &&ModelOrder| {
                        (o.account, o.service, o.sim) == (account, told.sender, sim)
                    };
                    let is_late = |at| at > told.received_at - 86_400;
                    let own = self.orders.iter().filter(own);
                    let mut given_up = own.clone().filter_map(|o| match o.life {
                        Life::Over { at } => Some(at),
                        _ => None,
                    });
                    let mut completed = own.filter_map(|o| match o.life {
                        Life::Completed { at } => Some(at),
                        _ => None,
                    });
                    if given_up.next_back().is_some_and(is_late) || completed.any(is_late) {
                        self.sent.insert((account, told.sender, sim));
                    }
                }
            }
            _ => {}
        }
    }

    /// Customers who got a message of a service by an order although another account had got one on
    /// the same SIM before.
    pub(super) fn others_codes(&self) -> Vec<(u16, usize, usize, bool)> {
        let got = self.got.iter().enumerate();
        let is_others =
            |(n, (sim, service, account, ordered)): &(usize, &(u16, usize, usize, bool))| {
                let before = self.got.iter().take(*n);
                *ordered
                    && before.clone().any(|(s, v, a, _)| (s, v) == (sim, service) && a != account)
            };
        got.filter(is_others).map(|(_, got)| *got).collect()
    }

    /// Whether another account than this one was sent a message of a service.
    fn is_used_by_others(&self, account: usize, service: usize, sim: u16) -> bool {
        (0..CUSTOMERS).any(|by| by != account && self.sent.contains(&(by, service, sim)))
    }

    pub(super) fn find_owner(&mut self, told: Told<'_>, now: i64) -> Owner {
        let Told { sim, sender, taken_at, received_at, .. } = told;
        let of_sim = self.rentals.iter().enumerate().filter(|(_, r)| r.sim == sim);
        let begun = of_sim
            .clone()
            .filter(|(_, r)| r.since <= received_at)
            .max_by_key(|(n, r)| (r.since, *n));
        if let Some((n, rental)) = begun.filter(|(_, r)| received_at < r.due) {
            return if taken_at >= rental.since { Owner::Rental(n) } else { Owner::Nobody };
        }
        if of_sim.clone().any(|(_, r)| r.active && r.since > now) {
            return Owner::Nobody;
        }
        let fits = |o: &ModelOrder| {
            o.sim == sim
                && o.is_running()
                && !o.filed
                && (o.made_at..o.ends_at).contains(&received_at)
                && taken_at >= o.made_at
                && if sender < 2 { o.service == sender } else { o.service == 2 }
        };
        let fitting: Vec<usize> =
            (0..self.orders.len()).filter(|n| fits(&self.orders[*n])).collect();
        let open = fitting.iter().find(|n| self.orders[**n].life == Life::Open);
        let Some(chosen) = open.or(fitting.first()).copied() else { return Owner::Nobody };
        if self.orders[chosen].awaits {
            self.orders[chosen].awaits = false;
            self.orders[chosen].ends_at = received_at + LIFETIME_S;
        }
        let charges = self.orders[chosen].service != CHARGES_ON_CODE || has_code(told.text);
        if self.orders[chosen].life == Life::Open && charges {
            self.charge(chosen, received_at);
        }
        Owner::Order(chosen)
    }

    /// Completes an order.
    fn charge(&mut self, n: usize, at: i64) {
        let order = &mut self.orders[n];
        order.life = Life::Completed { at };
        self.balance[order.account] -= order.price;
        self.note_end(n, false, at);
    }

    /// The text that an order's customer sees.
    pub(super) fn text(&self, order: usize) -> Option<&str> {
        let of_order = |m: &&ModelMessage| m.owner == Owner::Order(order) && !m.withheld;
        let newest = || self.messages.iter().rev().filter(of_order);
        let shown = newest().find(|m| has_code(&m.text)).or_else(|| newest().next());
        shown.map(|message| message.text.as_str())
    }

    /// How many SMS a tenant sees.
    pub(super) fn texts(&self, rental: usize) -> usize {
        self.messages.iter().filter(|m| m.owner == Owner::Rental(rental) && !m.withheld).count()
    }

    /// Whether an order completed on a SIM after a time.
    pub(super) fn was_ordered(&self, sim: u16, after: i64) -> bool {
        let is_meant = |o: &ModelOrder| matches!(o.life, Life::Completed { at } if at > after);
        self.orders.iter().any(|o| o.sim == sim && is_meant(o))
    }
}
