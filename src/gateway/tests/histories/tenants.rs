//! Rentals in plain words: what they cost, when they end, what is given back.

use super::model::{ModelRental, Owner};
use super::*;

const DAY_S: i64 = 86_400;
/// A shorter outage is none.
const SHORTEST_OUTAGE_S: i64 = 60;
/// What is longer is made good.
const OFF_AIR_LIMIT_S: i64 = DAY_S;
const GRACE_S: i64 = 14 * DAY_S;
const REST_OF_SIM_S: i64 = 30 * DAY_S;

impl ModelRental {
    /// So many months after its start.
    fn month(&self, months: u32) -> i64 {
        let start = Timestamp(self.from * SECOND_US);
        crate::domain::calendar::add_months(start, months).unwrap().0 / SECOND_US
    }

    /// The end of all its time.
    pub(super) fn expires(&self) -> i64 {
        self.month(self.months) + self.free
    }

    /// The end of what was paid for: free time that has not passed comes after it.
    fn paid_until(&self) -> i64 {
        self.month(self.months) + self.free_before
    }

    fn add_term(&mut self, now: i64) {
        let passed = (now - self.paid_until()).clamp(0, self.free - self.free_before);
        self.free_before += passed;
        self.months += 1;
        self.days_off_air = 0;
    }

    /// What was paid for a part of its time and not given back yet: each second of a month has its
    /// share of the price, and months lie one behind the other before the end of what was paid.
    fn worth(&self, from: i64, to: i64) -> i64 {
        let (mut end, mut worth) = (self.paid_until(), 0);
        for month in (1..=self.months).rev() {
            let length = self.month(month) - self.month(month - 1);
            let part = (end.min(to) - (end - length).max(from)).max(0);
            worth += RENT * part / length;
            end -= length;
        }
        worth.min(i64::from(self.months) * RENT - self.given_back)
    }
}

impl Model {
    fn give_back(&mut self, n: usize, amount: i64) {
        self.rentals[n].given_back += amount;
        self.balance[self.rentals[n].account] += amount;
    }

    /// Since when a SIM cannot receive, as far as that is known.
    fn off_air_since(&self, sim: u16, now: i64) -> Option<i64> {
        if self.on_air(sim, now) {
            return None;
        }
        let gone = self.seen_at.get(&sim).or(self.gone_at.get(&sim)).copied();
        let since = gone.unwrap_or(self.start);
        match self.told_at.filter(|_| sim > SIMS) {
            Some(told) if now - told < 300 => None,
            Some(told) => Some(since.max(told)),
            None => Some(since),
        }
    }

    /// Looks which SIMs of rentals are off the air, and counts.
    pub(super) fn look(&mut self, now: i64) {
        for n in 0..self.rentals.len() {
            let rental = &self.rentals[n];
            if !rental.active {
                continue;
            }
            let since = self.off_air_since(rental.sim, now);
            let since = since.map(|since| since.max(self.start).max(rental.since));
            match (since, rental.outage) {
                (Some(since), Some((counted, _))) => {
                    let more = (now - since.max(self.looked)).max(0);
                    self.rentals[n].outage = Some((counted + more, now));
                }
                (Some(since), None) if now - since >= SHORTEST_OUTAGE_S => {
                    self.rentals[n].outage = Some((now - since, now));
                }
                (None, Some(_)) => self.end_outage(n),
                _ => {}
            }
        }
        self.looked = now;
    }

    /// What a long outage has cost is given back when it is over.
    fn end_outage(&mut self, n: usize) {
        let Some((counted, seen)) = self.rentals[n].outage.take() else { return };
        if counted >= OFF_AIR_LIMIT_S {
            self.give_back(n, self.rentals[n].worth(seen - counted, seen));
        }
    }

    fn end_rental(&mut self, n: usize, at: i64, early: bool) {
        let rental = &mut self.rentals[n];
        (rental.active, rental.due, rental.early) = (false, at, early);
        let rests = self.rests_until.entry(rental.sim).or_insert(0);
        *rests = (*rests).max(at + REST_OF_SIM_S);
    }

    pub(super) fn end_term(&mut self, n: usize, now: i64) {
        let rental = &self.rentals[n];
        let (account, due) = (rental.account, rental.due);
        let is_long = rental.outage.is_some_and(|(counted, _)| counted >= OFF_AIR_LIMIT_S);
        let is_gone = is_long && self.off_air_since(rental.sim, now).is_some();
        let can_pay = self.balance[account] - self.held(account) >= RENT;
        if rental.auto_renew && !is_gone && can_pay {
            self.charge_term(account, now);
            let rental = &mut self.rentals[n];
            rental.add_term(now);
            rental.due = rental.expires().max(now + DAY_S);
        } else if rental.auto_renew && is_gone && rental.days_off_air < 7 {
            let rental = &mut self.rentals[n];
            rental.free += DAY_S;
            rental.days_off_air += 1;
            rental.due = rental.expires().max(now + DAY_S);
        } else {
            self.end_outage(n);
            self.end_rental(n, due, false);
        }
    }

    /// Whether a SIM can be let to an account.
    fn can_be_let(&self, sim: u16, account: usize, now: i64) -> bool {
        self.free_of_tenants(sim, now)
            && self.is_sold_for(sim, false)
            && !self.health.is_on_probation(sim, now)
            && self.running(sim, now).next().is_none()
            && !self.rests(account, None, sim, now)
            && !self.was_ordered(sim, now - REST_AFTER_ORDERS_S)
            && (self.on_air(sim, now) || self.parked(sim, now))
    }

    pub(super) fn rent(&mut self, account: usize, auto_renew: bool, now: i64) -> String {
        let mut usable = self.in_turn();
        usable.retain(|sim| self.can_be_let(*sim, account, now));
        // Those that nobody ever had come first.
        let had = |rental: &ModelRental, sim| rental.sim == sim || rental.had.contains(&sim);
        let has_past = |sim: u16| {
            self.was_ordered(sim, i64::MIN) || self.rentals.iter().any(|rental| had(rental, sim))
        };
        usable.sort_by_key(|sim| (has_past(*sim), !self.on_air(*sim, now)));
        let Some(sim) = usable.first().copied() else {
            return "no stock".into();
        };
        if self.balance[account] - self.held(account) < RENT {
            return "no balance".into();
        }
        if !self.may_spend(account, RENT, now) {
            return "limited".into();
        }
        self.charge_term(account, now);
        self.given_at.insert(sim, now);
        self.rentals.push(ModelRental {
            account,
            sim,
            auto_renew,
            from: now,
            since: now,
            had: Vec::new(),
            months: 1,
            free: 0,
            free_before: 0,
            days_off_air: 0,
            outage: None,
            given_back: 0,
            due: 0,
            active: true,
            early: false,
        });
        let new = self.rentals.len() - 1;
        self.rentals[new].due = self.rentals[new].expires();
        format!("rented {} on {sim}", self.rentals.len())
    }

    pub(super) fn extend(&mut self, account: usize, rental: usize, now: i64) -> String {
        let funds = self.balance[account] - self.held(account);
        let Some(found) = self.rentals.get(rental).filter(|r| r.account == account) else {
            return "invalid".into();
        };
        if !found.active {
            return "expired".into();
        }
        if funds < RENT {
            return "no balance".into();
        }
        if !self.may_spend(account, RENT, now) {
            return "limited".into();
        }
        self.charge_term(account, now);
        let found = &mut self.rentals[rental];
        found.add_term(now);
        found.due = found.due.max(found.expires());
        "extended".into()
    }

    fn charge_term(&mut self, account: usize, now: i64) {
        self.balance[account] -= RENT;
        self.standing[account].terms.push(now);
    }

    pub(super) fn give_days(&mut self, n: usize, days: i64) -> String {
        let rental = &mut self.rentals[n];
        if !rental.active {
            return "refused".into();
        }
        rental.free += days * DAY_S;
        rental.due = rental.due.max(rental.expires());
        "done".into()
    }

    /// The operator ends a rental, with what the rest of it has cost or without.
    pub(super) fn end_early(&mut self, n: usize, pro_rata: bool, now: i64) -> String {
        if !self.rentals[n].active {
            return "refused".into();
        }
        let mut given_back = 0;
        match pro_rata {
            true => {
                self.end_outage(n);
                given_back = self.rentals[n].worth(now, i64::MAX);
                self.give_back(n, given_back);
            }
            false => self.rentals[n].outage = None,
        }
        let at = now.max(self.rentals[n].from).min(self.rentals[n].due);
        self.end_rental(n, at, true);
        format!("gave back {given_back}")
    }

    pub(super) fn move_to(&mut self, n: usize, to: u16, now: i64) -> String {
        let (account, from) = (self.rentals[n].account, self.rentals[n].sim);
        let may = self.rentals[n].active && to != from && self.can_be_let(to, account, now);
        if !may {
            return "refused".into();
        }
        self.end_outage(n);
        let rests = self.rests_until.entry(from).or_insert(0);
        *rests = (*rests).max(now + REST_OF_SIM_S);
        self.given_at.insert(to, now);
        let rental = &mut self.rentals[n];
        rental.had.push(from);
        (rental.sim, rental.since) = (to, now);
        "done".into()
    }

    /// A rental that ended a short while ago runs on from its end, with what came since.
    pub(super) fn revive(&mut self, n: usize, now: i64) -> String {
        let (account, sim, ended) =
            (self.rentals[n].account, self.rentals[n].sim, self.rentals[n].due);
        let is_early = self.rentals[n].early;
        let was_given = self.given_at.get(&sim).is_some_and(|at| *at > ended);
        let can_pay = self.balance[account] - self.held(account) >= RENT;
        let may = !self.rentals[n].active && !is_early && now < ended + GRACE_S;
        if !may || was_given || !can_pay {
            return "refused".into();
        }
        let mut revived = self.rentals[n].clone();
        revived.add_term(ended);
        revived.due = ended.max(revived.expires());
        if revived.due <= now {
            return "refused".into();
        }
        revived.active = true;
        self.rentals[n] = revived;
        self.charge_term(account, now);
        self.rests_until.insert(sim, now);
        let kept = self.messages.iter_mut().filter(|message| {
            let is_nobodys = message.owner == Owner::Nobody && !message.withheld;
            is_nobodys && message.sim == sim && message.received_at >= ended
        });
        for message in kept {
            message.owner = Owner::Rental(n);
            if message.sender < 2 {
                self.sent.insert((account, message.sender, sim));
                self.got.push((sim, message.sender, account, false));
            }
        }
        "done".into()
    }
}
