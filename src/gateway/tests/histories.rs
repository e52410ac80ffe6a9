//! Random histories played against a plain model: every answer, every balance, and the invariants, step by step.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::domain::RentalId;

const SIMS: u16 = 3;
const CUSTOMERS: usize = 2;
const LIFETIME_S: i64 = 600;
const WINDOW_S: i64 = 4 * 3600;
const PRICE: i64 = 50;
const RENT: i64 = 1620;
/// Services: two with patterns, one without.
const SENDERS: [&str; 4] = ["Uber", "Lyft", "Nobody's", "Stranger"];

#[derive(Debug, Clone, Copy)]
enum Step {
    Make {
        account: usize,
        service: usize,
    },
    Sms {
        sim: u16,
        sender: usize,
        age_s: i64,
    },
    /// The SMS that the order so many before the newest waits for.
    Code {
        back: usize,
    },
    /// Its customer uses the number of the order so many before the newest again.
    Again {
        back: usize,
    },
    Cancel {
        account: usize,
        order: usize,
    },
    Skip {
        account: usize,
        order: usize,
    },
    Reuse {
        account: usize,
        order: usize,
    },
    Rent {
        account: usize,
        auto_renew: bool,
    },
    Extend {
        account: usize,
        rental: usize,
    },
    Vanish {
        sim: u16,
    },
    Plug {
        sim: u16,
    },
    Pass {
        seconds: i64,
    },
    Sweep,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let (account, order, sim) = (0..CUSTOMERS, 0..8usize, 1..=SIMS);
    prop_oneof![
        6 => (account.clone(), 0..3usize).prop_map(|(account, service)| Step::Make { account, service }),
        6 => (sim.clone(), 0..SENDERS.len(), prop_oneof![Just(0), Just(900)])
            .prop_map(|(sim, sender, age_s)| Step::Sms { sim, sender, age_s }),
        6 => (0..3usize).prop_map(|back| Step::Code { back }),
        4 => (0..3usize).prop_map(|back| Step::Again { back }),
        2 => (account.clone(), order.clone()).prop_map(|(account, order)| Step::Cancel { account, order }),
        2 => (account.clone(), order.clone()).prop_map(|(account, order)| Step::Skip { account, order }),
        4 => (account.clone(), order.clone()).prop_map(|(account, order)| Step::Reuse { account, order }),
        2 => (account.clone(), any::<bool>()).prop_map(|(account, auto_renew)| Step::Rent { account, auto_renew }),
        1 => (account, 0..3usize).prop_map(|(account, rental)| Step::Extend { account, rental }),
        1 => sim.clone().prop_map(|sim| Step::Vanish { sim }),
        2 => sim.prop_map(|sim| Step::Plug { sim }),
        4 => prop_oneof![Just(3), Just(100), Just(LIFETIME_S), Just(WINDOW_S), Just(29 * 86_400)]
            .prop_map(|seconds| Step::Pass { seconds }),
        2 => Just(Step::Sweep),
        1 => Just(Step::Restart),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Open,
    Completed { at: i64 },
    Over,
}

#[derive(Debug, Clone)]
struct ModelOrder {
    account: usize,
    service: usize,
    sim: u16,
    price: i64,
    made_at: i64,
    life: Life,
    text: Option<String>,
}

#[derive(Debug, Clone)]
struct ModelRental {
    account: usize,
    sim: u16,
    auto_renew: bool,
    from: i64,
    months: u32,
    active: bool,
    texts: usize,
}

/// The business in plain words: lists, looked through whole. Times in seconds.
#[derive(Debug, Default)]
struct Model {
    balance: [i64; CUSTOMERS],
    orders: Vec<ModelOrder>,
    rentals: Vec<ModelRental>,
    skipped: BTreeSet<(usize, usize, u16)>,
    given_at: BTreeMap<u16, i64>,
    rests_until: BTreeMap<u16, i64>,
    seen_at: BTreeMap<u16, i64>,
}

fn end_of(rental: &ModelRental) -> i64 {
    crate::domain::calendar::add_months(Timestamp(rental.from * SECOND_US), rental.months).unwrap().0 / SECOND_US
}

impl Model {
    fn is_open(order: &ModelOrder, now: i64) -> bool {
        order.life == Life::Open && now < order.made_at + LIFETIME_S
    }

    fn held(&self, account: usize, now: i64, swept: bool) -> i64 {
        let holds = |o: &&ModelOrder| o.account == account && o.life == Life::Open && (!swept || Self::is_open(o, now));
        self.orders.iter().filter(holds).map(|o| o.price).sum()
    }

    /// A step that speaks of an order by its place from the end, in plain words; as it is where there is no such order.
    fn meant(&self, step: Step) -> Step {
        let nth = |back: usize| self.orders.len().checked_sub(back + 1);
        match step {
            Step::Code { back } => nth(back).map_or(step, |n| Step::Sms {
                sim: self.orders[n].sim,
                sender: self.orders[n].service,
                age_s: 0,
            }),
            Step::Again { back } => {
                nth(back).map_or(step, |n| Step::Reuse { account: self.orders[n].account, order: n })
            }
            _ => step,
        }
    }

    /// What time alone brings about.
    fn settle(&mut self, now: i64) {
        for order in &mut self.orders {
            if order.life == Life::Open && !Self::is_open(order, now) {
                order.life = Life::Over;
            }
        }
        loop {
            let due = (0..self.rentals.len()).filter(|n| self.rentals[*n].active && end_of(&self.rentals[*n]) <= now);
            let Some(n) = due.min_by_key(|n| (end_of(&self.rentals[*n]), *n)) else { return };
            let (account, end) = (self.rentals[n].account, end_of(&self.rentals[n]));
            if self.rentals[n].auto_renew && self.balance[account] - self.held(account, now, true) >= RENT {
                self.balance[account] -= RENT;
                self.rentals[n].months += 1;
            } else {
                self.rentals[n].active = false;
                self.rests_until.insert(self.rentals[n].sim, end + 30 * 86_400);
            }
        }
    }

    fn free_of_tenants(&self, sim: u16, now: i64) -> bool {
        self.seen_at.get(&sim).is_some_and(|seen| now - seen < 200)
            && !self.rentals.iter().any(|r| r.active && r.sim == sim)
            && self.rests_until.get(&sim).is_none_or(|until| *until <= now)
    }

    fn running(&self, sim: u16, now: i64) -> impl Iterator<Item = &ModelOrder> {
        self.orders.iter().filter(move |o| o.sim == sim && o.life != Life::Over && now < o.made_at + LIFETIME_S)
    }

    /// The SIMs from the one given out longest ago.
    fn in_turn(&self) -> Vec<u16> {
        let mut sims: Vec<u16> = (1..=SIMS).collect();
        sims.sort_by_key(|sim| (self.given_at.get(sim).copied().unwrap_or(0), *sim));
        sims
    }

    fn allocate(&self, account: usize, service: usize, now: i64) -> Option<u16> {
        let used = |sim| {
            self.orders.iter().any(|o| o.sim == sim && o.service == service && matches!(o.life, Life::Completed { .. }))
        };
        let usable: Vec<u16> = self
            .in_turn()
            .into_iter()
            .filter(|sim| {
                self.free_of_tenants(*sim, now) && !used(*sim) && !self.skipped.contains(&(account, service, *sim))
            })
            .collect();
        let alone = |sim: &&u16| match service {
            2 => !self.running(**sim, now).any(|o| o.life == Life::Open || o.service == 2),
            _ => !self.running(**sim, now).any(|o| o.life == Life::Open),
        };
        let shared = |sim: &&u16| {
            service != 2
                && !self.running(**sim, now).any(|o| o.life == Life::Open && (o.service == 2 || o.service == service))
        };
        usable.iter().find(alone).or_else(|| usable.iter().find(shared)).copied()
    }

    fn open_of(&self, account: usize, now: i64) -> Option<usize> {
        (0..self.orders.len()).find(|n| self.orders[*n].account == account && Self::is_open(&self.orders[*n], now))
    }

    fn make(&mut self, account: usize, service: usize, now: i64) -> String {
        if let Some(open) = self.open_of(account, now) {
            return format!("open {}", open + 1);
        }
        let Some(sim) = self.allocate(account, service, now) else { return "no phone".into() };
        self.place(account, service, sim, PRICE, now)
    }

    fn place(&mut self, account: usize, service: usize, sim: u16, price: i64, now: i64) -> String {
        if self.balance[account] - self.held(account, now, false) < price {
            return "no balance".into();
        }
        self.given_at.insert(sim, now);
        self.orders.push(ModelOrder { account, service, sim, price, made_at: now, life: Life::Open, text: None });
        format!("made {} on {sim}", self.orders.len())
    }

    fn give_up(&mut self, account: usize, order: usize, skip: bool, now: i64) -> String {
        let Some(found) = self.orders.get_mut(order).filter(|o| o.account == account) else { return "over".into() };
        match found.life {
            Life::Completed { .. } => "completed".into(),
            Life::Open if Self::is_open(found, now) => {
                found.life = Life::Over;
                if skip {
                    self.skipped.insert((account, found.service, found.sim));
                }
                "canceled".into()
            }
            _ => "over".into(),
        }
    }

    fn reuse(&mut self, account: usize, order: usize, now: i64) -> String {
        let found = self.orders.get(order).filter(|o| o.account == account).cloned();
        let Some(old) = found.filter(|o| matches!(o.life, Life::Completed { at } if now < at + WINDOW_S)) else {
            return "offline".into();
        };
        let in_the_way = self.running(old.sim, now).any(|o| match (old.service, o.life) {
            (_, Life::Over) => false,
            (2, Life::Open) => true,
            (2, _) => o.service == 2 && o.account != account,
            (_, Life::Open) => o.service == 2 || o.service == old.service,
            _ => false,
        });
        let skipped = self.skipped.contains(&(account, old.service, old.sim));
        if !self.free_of_tenants(old.sim, now) || in_the_way || skipped {
            return "offline".into();
        }
        if let Some(open) = self.open_of(account, now) {
            return format!("open {}", open + 1);
        }
        self.place(account, old.service, old.sim, PRICE / 2, now)
    }

    fn sms(&mut self, sim: u16, sender: usize, text: &str, taken_at: i64, now: i64) -> Option<usize> {
        if let Some(rental) = self.rentals.iter_mut().find(|r| r.active && r.sim == sim) {
            rental.texts += usize::from(taken_at >= rental.from);
            return None;
        }
        let fits = |o: &ModelOrder| {
            o.sim == sim
                && o.life != Life::Over
                && now < o.made_at + LIFETIME_S
                && taken_at >= o.made_at
                && if sender < 2 { o.service == sender } else { o.service == 2 }
        };
        let (orders, all) = (&self.orders, 0..self.orders.len());
        let fitting: Vec<usize> = all.filter(|n| fits(&orders[*n])).collect();
        let open = fitting.iter().find(|n| orders[**n].life == Life::Open);
        let chosen = *open.or(fitting.first())?;
        let order = &mut self.orders[chosen];
        if order.life == Life::Open {
            order.life = Life::Completed { at: now };
            self.balance[order.account] -= order.price;
        }
        order.text = Some(text.to_owned());
        Some(chosen + 1)
    }

    fn rent(&mut self, account: usize, auto_renew: bool, now: i64) -> String {
        let free = |sim: &u16| self.free_of_tenants(*sim, now) && self.running(*sim, now).next().is_none();
        let Some(sim) = self.in_turn().into_iter().find(free) else { return "no stock".into() };
        if self.balance[account] - self.held(account, now, false) < RENT {
            return "no balance".into();
        }
        self.balance[account] -= RENT;
        self.given_at.insert(sim, now);
        self.rentals.push(ModelRental { account, sim, auto_renew, from: now, months: 1, active: true, texts: 0 });
        format!("rented {} on {sim}", self.rentals.len())
    }

    fn extend(&mut self, account: usize, rental: usize, now: i64) -> String {
        let funds = self.balance[account] - self.held(account, now, false);
        let Some(found) = self.rentals.get_mut(rental).filter(|r| r.account == account) else {
            return "invalid".into();
        };
        if !found.active {
            return "expired".into();
        }
        if funds < RENT {
            return "no balance".into();
        }
        self.balance[account] -= RENT;
        found.months += 1;
        "extended".into()
    }
}

/// The gateway behind the same face.
struct Real {
    desk: Desk,
    accounts: Vec<AccountId>,
    services: Vec<ServiceId>,
    count: usize,
}

impl Real {
    async fn open() -> Real {
        let desk = Desk::open().await;
        let mut accounts = Vec::new();
        for n in 0..CUSTOMERS {
            accounts.push(desk.customer(&format!("customer {n}"), 5_000).await);
        }
        let mut services = vec![desk.service("Uber", &["^Uber$"]).await, desk.service("Lyft", &["^Lyft$"]).await];
        services.push(desk.service("Any", &[]).await);
        for sim in 1..=SIMS {
            desk.plug(sim).await;
        }
        Real { desk, accounts, services, count: 0 }
    }

    fn now(&self) -> i64 {
        self.desk.gateway.now().0 / SECOND_US
    }

    async fn sim_of(&self, number: &str) -> u16 {
        number[number.len() - 4..].parse().unwrap()
    }

    async fn make(&self, account: usize, service: usize) -> String {
        match self.desk.make(self.accounts[account], self.services[service]).await {
            MakeOrder::Made { order, number } => format!("made {order} on {}", self.sim_of(&number).await),
            MakeOrder::AlreadyOpen(order) => format!("open {order}"),
            MakeOrder::NoPhone => "no phone".into(),
            MakeOrder::NoBalance => "no balance".into(),
            other => panic!("{other:?}"),
        }
    }

    async fn give_up(&self, account: usize, order: usize, skip: bool) -> String {
        let (account, order) = (self.accounts[account], OrderId(i64::try_from(order).unwrap() + 1));
        let gateway = &self.desk.gateway;
        let said = if skip { gateway.skip(account, order).await } else { gateway.cancel(account, order).await };
        match said.unwrap() {
            Cancel::Canceled => "canceled".into(),
            Cancel::Completed => "completed".into(),
            Cancel::Over => "over".into(),
        }
    }

    async fn reuse(&self, account: usize, order: usize) -> String {
        let order = OrderId(i64::try_from(order).unwrap() + 1);
        match self.desk.gateway.reuse(self.accounts[account], order).await.unwrap() {
            Reuse::Made { order, number } => format!("made {order} on {}", self.sim_of(&number).await),
            Reuse::Offline => "offline".into(),
            Reuse::AlreadyOpen(order) => format!("open {order}"),
            Reuse::NoBalance => "no balance".into(),
        }
    }

    async fn rent(&self, account: usize, auto_renew: bool) -> String {
        match self.desk.gateway.rent(self.accounts[account], Some("NL"), "1m", auto_renew).await.unwrap() {
            Rent::Made(rental) => format!("rented {} on {}", rental.id, self.sim_of(&rental.number).await),
            Rent::NoStock => "no stock".into(),
            Rent::NoBalance => "no balance".into(),
            other => panic!("{other:?}"),
        }
    }

    async fn extend(&self, account: usize, rental: usize) -> String {
        let rental = RentalId(i64::try_from(rental).unwrap() + 1);
        match self.desk.gateway.extend(self.accounts[account], rental, "1m").await.unwrap() {
            Extend::Extended(_) => "extended".into(),
            Extend::InvalidContract => "invalid".into(),
            Extend::Expired => "expired".into(),
            Extend::NoBalance => "no balance".into(),
            other => panic!("{other:?}"),
        }
    }

    async fn sms(&mut self, sim: u16, sender: usize, text: &str, age_s: i64) -> Option<usize> {
        let pdu = self.desk.pdus(SENDERS[sender], text, age_s, 1).remove(0);
        match self.desk.arrive(sim, &pdu).await {
            Ingested::Message(_, order) => order.map(|order| usize::try_from(order.0).unwrap()),
            other => panic!("{other:?}"),
        }
    }
}

/// Plays a history on both and compares every answer.
async fn play(steps: Vec<Step>) {
    let mut real = Real::open().await;
    let mut model = Model { balance: [5_000; CUSTOMERS], ..Model::default() };
    for sim in 1..=SIMS {
        model.seen_at.insert(sim, real.now());
    }
    for (number, step) in steps.iter().enumerate() {
        // Nothing happens in the same second, as time stamps have no finer grain.
        real.desk.pass(1);
        // In life the sweeper is awake.
        real.desk.gateway.sweep().await.unwrap();
        let now = real.now();
        model.settle(now);
        let (said, expected) = match model.meant(*step) {
            Step::Make { account, service } => (real.make(account, service).await, model.make(account, service, now)),
            Step::Cancel { account, order } => {
                (real.give_up(account, order, false).await, model.give_up(account, order, false, now))
            }
            Step::Skip { account, order } => {
                (real.give_up(account, order, true).await, model.give_up(account, order, true, now))
            }
            Step::Reuse { account, order } => (real.reuse(account, order).await, model.reuse(account, order, now)),
            Step::Rent { account, auto_renew } => {
                (real.rent(account, auto_renew).await, model.rent(account, auto_renew, now))
            }
            Step::Extend { account, rental } => {
                (real.extend(account, rental).await, model.extend(account, rental, now))
            }
            Step::Sms { sim, sender, age_s } => {
                real.count += 1;
                let text = format!("message {}", real.count);
                let given = real.sms(sim, sender, &text, age_s).await;
                (format!("{given:?}"), format!("{:?}", model.sms(sim, sender, &text, now - age_s, now)))
            }
            Step::Vanish { sim } => {
                real.desk.silence(sim);
                model.seen_at.remove(&sim);
                continue;
            }
            Step::Plug { sim } => {
                real.desk.report(sim);
                model.seen_at.insert(sim, now);
                continue;
            }
            Step::Pass { seconds } => {
                real.desk.pass(seconds);
                // The modems that are there go on speaking.
                for (sim, seen) in &mut model.seen_at {
                    real.desk.report(*sim);
                    *seen = real.now();
                }
                continue;
            }
            Step::Sweep | Step::Code { .. } | Step::Again { .. } => continue,
            Step::Restart => {
                real.desk.restart().await;
                // Nothing is believed of modems until they speak again.
                model.seen_at.clear();
                continue;
            }
        };
        assert_eq!(said, expected, "step {number} of {steps:?}");
        compare(&real, &model, now).await;
    }
    assert_eq!(real.desk.faults().await, Vec::<String>::new());
}

async fn compare(real: &Real, model: &Model, now: i64) {
    for (n, account) in real.accounts.iter().enumerate() {
        assert_eq!(real.desk.funds(*account).await, (model.balance[n], model.held(n, now, true)), "{model:?}");
    }
    for (n, order) in model.orders.iter().enumerate() {
        let id = OrderId(i64::try_from(n).unwrap() + 1);
        let said = real.desk.gateway.sms(real.accounts[order.account], id).await.unwrap();
        match (said, order.life) {
            (Sms::Waiting, Life::Open) | (Sms::Over, Life::Over) => {}
            (Sms::Text(text), Life::Completed { .. }) => assert_eq!(Some(&text), order.text.as_ref()),
            // Kept for thirty days after its end.
            (Sms::Over, Life::Completed { .. }) if now >= order.made_at + LIFETIME_S + 30 * 86_400 => {}
            (said, life) => panic!("{said:?} of {life:?}"),
        }
    }
    let views = real.desk.gateway.rentals(0).await.unwrap();
    for (view, rental) in views.iter().zip(&model.rentals) {
        let (months, active) = (view.rental.months, view.rental.is_active(real.desk.gateway.now()));
        assert_eq!((months, active), (rental.months, rental.active));
    }
    assert_eq!(views.len(), model.rentals.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_history_is_as_the_plain_model_says(steps in proptest::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(play(steps));
    }
}
