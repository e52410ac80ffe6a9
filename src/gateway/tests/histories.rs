//! Random histories played against a plain model: every answer, every balance, and the invariants,
//! step by step.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::banks::Bank;
use super::events::Follower;
use super::*;
use crate::domain::bank::SlotContents;
use crate::domain::block_list::BlockRule;
use crate::domain::fair_use::Pauses;
use crate::domain::sim::Pool;
use crate::domain::{BlockList, RentalId, RowLimit};

mod health;
mod limits;
mod model;
mod real;
mod standby;
mod tenants;

use limits::Allowed;
use model::{Life, Model};
use real::Real;

const SIMS: u16 = 3;
/// Further SIMs, in a bank with one radio.
const BANKED: u16 = 2;
const CUSTOMERS: usize = 2;
const LIFETIME_S: i64 = 600;
const SOLD_WITHIN_S: i64 = 120;
const WINDOW_S: i64 = 4 * 3600;
/// For how long a SIM whose modem is gone is waited for.
const LOST_AFTER_S: i64 = 60;
/// For how long a number that was given up goes to nobody else for its service.
const REST_S: i64 = 600;
const PRICE: i64 = 50;
const RENT: i64 = 1620;
/// What each customer has.
const CENTS: i64 = 5_000;
/// When a long message is shown without its rest, and when an order that collects no more is filed.
const PATIENCE_S: i64 = 180;
const FILING_S: i64 = 3600;
/// Characters in the first part of a long message.
const FIRST_PART: usize = 153;
/// For how long a number rests after a completed order before it is rented out.
const REST_AFTER_ORDERS_S: i64 = 24 * 3600;
/// Services: two with patterns, of which the second charges on codes, one without. The last sender
/// is on the block list.
const SENDERS: [&str; 5] = ["Uber", "Lyft", "Nobody's", "Stranger", "Bank"];
const BANK: usize = 4;

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
        has_code: bool,
    },
    /// The first part of a long SMS; whether the block list fits its rest.
    Begin {
        sim: u16,
        sender: usize,
        blocked: bool,
    },
    /// The rest of the long SMS that came this many before the newest.
    End {
        back: usize,
    },
    /// An SMS of the service that the order made this many before the newest is for.
    Code {
        back: usize,
        has_code: bool,
    },
    /// An SMS to the SIM of the rental made this many before the newest; or one that the network
    /// accepted just before the rental had that SIM.
    ToTenant {
        back: usize,
        sender: usize,
        early: bool,
    },
    /// The customer of the order made this many before the newest reuses its number.
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
    /// The customer of the order made this many before the newest gives it up.
    Quit {
        back: usize,
    },
    /// The operator gives back what the order made this many before the newest was charged.
    Refund {
        back: usize,
    },
    /// The operator says what a customer may do.
    Limit {
        account: usize,
        allowed: Allowed,
    },
    /// The operator says what a SIM is sold for.
    SetPool {
        sim: u16,
        pool: Pool,
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
    /// The operator does something to the rental made this many before the newest.
    Days {
        back: usize,
        days: u32,
    },
    EndRental {
        back: usize,
        pro_rata: bool,
    },
    Move {
        back: usize,
        to: u16,
    },
    Revive {
        back: usize,
    },
    /// A SIM of the bank comes on its radio.
    In {
        sim: u16,
    },
    /// The SIM on the bank's radio leaves it, if it may.
    Out,
    Vanish {
        sim: u16,
    },
    Plug {
        sim: u16,
    },
    Pass {
        seconds: i64,
    },
    /// The clock is set back.
    Back {
        seconds: i64,
    },
    Sweep,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let (account, order, sim, any_sim) = (0..CUSTOMERS, 0..8usize, 1..=SIMS, 1..=SIMS + BANKED);
    prop_oneof![
        6 => (account.clone(), 0..3usize)
            .prop_map(|(account, service)| Step::Make { account, service }),
        6 => (any_sim.clone(), 0..SENDERS.len(), prop_oneof![Just(0), Just(900)], any::<bool>())
            .prop_map(|(sim, sender, age_s, has_code)| Step::Sms { sim, sender, age_s, has_code }),
        3 => (any_sim, 0..SENDERS.len(), prop_oneof![3 => Just(false), 1 => Just(true)])
            .prop_map(|(sim, sender, blocked)| Step::Begin { sim, sender, blocked }),
        3 => (0..2usize).prop_map(|back| Step::End { back }),
        6 => (0..3usize, any::<bool>())
            .prop_map(|(back, has_code)| Step::Code { back, has_code }),
        4 => (0..3usize).prop_map(|back| Step::Again { back }),
        2 => (account.clone(), order.clone())
            .prop_map(|(account, order)| Step::Cancel { account, order }),
        2 => (account.clone(), order.clone())
            .prop_map(|(account, order)| Step::Skip { account, order }),
        1 => (0..3usize).prop_map(|back| Step::Refund { back }),
        2 => set_pool(),
        4 => (account.clone(), order.clone())
            .prop_map(|(account, order)| Step::Reuse { account, order }),
        2 => (account.clone(), any::<bool>())
            .prop_map(|(account, auto_renew)| Step::Rent { account, auto_renew }),
        1 => (account, 0..3usize).prop_map(|(account, rental)| Step::Extend { account, rental }),
        1 => (0..2usize, prop_oneof![Just(1), Just(9)])
            .prop_map(|(back, days)| Step::Days { back, days }),
        1 => (0..2usize, any::<bool>())
            .prop_map(|(back, pro_rata)| Step::EndRental { back, pro_rata }),
        2 => (0..2usize, 1..=SIMS + BANKED).prop_map(|(back, to)| Step::Move { back, to }),
        1 => (0..2usize).prop_map(|back| Step::Revive { back }),
        4 => (SIMS + 1..=SIMS + BANKED).prop_map(|sim| Step::In { sim }),
        3 => Just(Step::Out),
        2 => sim.clone().prop_map(|sim| Step::Vanish { sim }),
        2 => sim.prop_map(|sim| Step::Plug { sim }),
        1 => prop_oneof![Just(2), Just(200), Just(3600)].prop_map(|seconds| Step::Back { seconds }),
        4 => prop_oneof![
            Just(3), Just(100), Just(PATIENCE_S), Just(LIFETIME_S), Just(WINDOW_S),
            Just(86_400), Just(29 * 86_400)
        ]
            .prop_map(|seconds| Step::Pass { seconds }),
        2 => Just(Step::Sweep),
        1 => Just(Step::Restart),
    ]
}

fn set_pool() -> impl Strategy<Value = Step> {
    let pool =
        prop_oneof![2 => Just(Pool::Both), 1 => Just(Pool::Orders), 1 => Just(Pool::Rentals)];
    (1..=SIMS + BANKED, pool).prop_map(|(sim, pool)| Step::SetPool { sim, pool })
}

/// Where customers come to their limits. The clock only goes forward, as by one that is set back
/// days begin again.
fn step_of_limits() -> impl Strategy<Value = Step> {
    let account = 0..CUSTOMERS;
    let max_open = prop::sample::select(vec![Some(1), Some(2), Some(3), None]);
    let orders_per_day = prop::sample::select(vec![None, Some(2), Some(52), Some(60)]);
    let spend_per_day = prop::sample::select(vec![None, Some(50), Some(125), Some(RENT + 60)]);
    prop_oneof![
        9 => (account.clone(), 0..3usize)
            .prop_map(|(account, service)| Step::Make { account, service }),
        6 => (0..3usize).prop_map(|back| Step::Quit { back }),
        1 => (account.clone(), 0..60usize)
            .prop_map(|(account, order)| Step::Skip { account, order }),
        4 => (0..3usize).prop_map(|back| Step::Code { back, has_code: true }),
        2 => (0..3usize).prop_map(|back| Step::Again { back }),
        1 => (0..3usize).prop_map(|back| Step::Refund { back }),
        3 => (account.clone(), max_open, orders_per_day, spend_per_day).prop_map(
            |(account, max_open, orders_per_day, spend_per_day)| {
                let allowed = Allowed { max_open, orders_per_day, spend_per_day };
                Step::Limit { account, allowed }
            },
        ),
        1 => set_pool(),
        1 => (account.clone(), any::<bool>())
            .prop_map(|(account, auto_renew)| Step::Rent { account, auto_renew }),
        1 => (account, 0..3usize).prop_map(|(account, rental)| Step::Extend { account, rental }),
        1 => (SIMS + 1..=SIMS + BANKED).prop_map(|sim| Step::In { sim }),
        6 => prop_oneof![
            Just(3), Just(20), Just(31), Just(61), Just(LIFETIME_S), Just(WINDOW_S), Just(86_400)
        ]
            .prop_map(|seconds| Step::Pass { seconds }),
        1 => Just(Step::Restart),
        1 => (1..=SIMS).prop_map(|sim| Step::Plug { sim }),
    ]
}

/// Where most is about rentals, and there is money for them.
fn step_of_rentals() -> impl Strategy<Value = Step> {
    let (account, back, any_sim) = (0..CUSTOMERS, 0..3usize, 1..=SIMS + BANKED);
    prop_oneof![
        3 => (account.clone(), prop_oneof![1 => Just(false), 3 => Just(true)])
            .prop_map(|(account, auto_renew)| Step::Rent { account, auto_renew }),
        2 => (account.clone(), back.clone())
            .prop_map(|(account, rental)| Step::Extend { account, rental }),
        3 => (back.clone(), prop_oneof![Just(1), Just(9)])
            .prop_map(|(back, days)| Step::Days { back, days }),
        3 => (back.clone(), any::<bool>())
            .prop_map(|(back, pro_rata)| Step::EndRental { back, pro_rata }),
        6 => (back.clone(), any_sim.clone()).prop_map(|(back, to)| Step::Move { back, to }),
        3 => back.clone().prop_map(|back| Step::Revive { back }),
        2 => set_pool(),
        5 => (back, 0..SENDERS.len(), any::<bool>())
            .prop_map(|(back, sender, early)| Step::ToTenant { back, sender, early }),
        2 => (any_sim.clone(), 0..SENDERS.len(), prop_oneof![Just(0), Just(900)])
            .prop_map(|(sim, sender, age_s)| Step::Sms { sim, sender, age_s, has_code: true }),
        1 => (account, 0..3usize).prop_map(|(account, service)| Step::Make { account, service }),
        1 => (SIMS + 1..=SIMS + BANKED).prop_map(|sim| Step::In { sim }),
        1 => Just(Step::Out),
        4 => (1..=SIMS).prop_map(|sim| Step::Vanish { sim }),
        3 => (1..=SIMS).prop_map(|sim| Step::Plug { sim }),
        8 => prop_oneof![
            Just(100), Just(20 * 3600), Just(86_400), Just(3 * 86_400), Just(12 * 86_400),
            Just(29 * 86_400)
        ]
            .prop_map(|seconds| Step::Pass { seconds }),
        1 => prop_oneof![Just(200), Just(3600)].prop_map(|seconds| Step::Back { seconds }),
        1 => Just(Step::Restart),
    ]
}

/// What differs between histories.
#[derive(Clone, Copy)]
struct Setting {
    /// What each customer has.
    cents: i64,
    min_cancel_age: i64,
    /// All that there is is compared after each of so many steps.
    compared_every: usize,
}

const USUAL: Setting = Setting { cents: CENTS, min_cancel_age: 0, compared_every: 1 };

/// Plays a history on both, and compares every answer.
async fn play(steps: Vec<Step>, setting: Setting) {
    let mut real = Real::open(setting).await;
    let Setting { cents, min_cancel_age, compared_every } = setting;
    let mut model = Model { balance: [cents; CUSTOMERS], min_cancel_age, ..Model::default() };
    for sim in 1..=SIMS {
        model.seen_at.insert(sim, real.now());
    }
    model.told_at = Some(real.now());
    (model.start, model.looked) = (real.now(), real.now());
    let (mut watch, mut follower) = (0, Follower::default());
    for (number, step) in steps.iter().enumerate() {
        // Nothing happens in the same second, as time stamps have no finer grain.
        real.fixture.pass(1);
        follower.read(&real.fixture, &real.accounts).await;
        // In production tasks do this.
        real.fixture.gateway.rentals().watch_outages().await.unwrap();
        real.fixture.gateway.due_work().run_due_work().await.unwrap();
        let now = real.now();
        model.look(now);
        model.settle(now);
        let (said, expected) = match model.meant(*step, now) {
            Step::Make { account, service } => {
                (real.make(account, service).await, model.make(account, service, now))
            }
            Step::Cancel { account, order } => (
                real.give_up(account, order, false).await,
                model.give_up(account, order, false, now),
            ),
            Step::Skip { account, order } => {
                (real.give_up(account, order, true).await, model.give_up(account, order, true, now))
            }
            Step::Reuse { account, order } => {
                (real.reuse(account, order).await, model.reuse(account, order, now))
            }
            Step::Rent { account, auto_renew } => {
                (real.rent(account, auto_renew).await, model.rent(account, auto_renew, now))
            }
            Step::Extend { account, rental } => {
                (real.extend(account, rental).await, model.extend(account, rental, now))
            }
            Step::Days { back, .. }
            | Step::EndRental { back, .. }
            | Step::Move { back, .. }
            | Step::Revive { back }
                if model.rentals.len() <= back =>
            {
                continue;
            }
            Step::Days { back, days } => {
                let n = model.rentals.len() - 1 - back;
                (real.give_days(n, days).await, model.give_days(n, days.into()))
            }
            Step::EndRental { back, pro_rata } => {
                let n = model.rentals.len() - 1 - back;
                (real.end_early(n, pro_rata).await, model.end_early(n, pro_rata, now))
            }
            Step::Move { back, to } => {
                let n = model.rentals.len() - 1 - back;
                (real.move_to(n, to).await, model.move_to(n, to, now))
            }
            Step::Revive { back } => {
                let n = model.rentals.len() - 1 - back;
                (real.revive(n).await, model.revive(n, now))
            }
            // What is sent to a parked SIM waits at the network.
            Step::Sms { sim, .. } | Step::Begin { sim, .. }
                if sim > SIMS && model.radio != Some(sim) =>
            {
                continue;
            }
            Step::Sms { sim, sender, age_s, has_code } => {
                real.count += 1;
                let text = match has_code {
                    true => format!("code {}", 10_000 + real.count),
                    false => format!("message {}", real.count),
                };
                let given = real.sms(sim, sender, &text, age_s).await;
                (
                    format!("{given:?}"),
                    format!("{:?}", model.sms(sim, sender, &text, now - age_s, now)),
                )
            }
            Step::Begin { sim, sender, blocked } => {
                let text = real.begin(sim, sender, blocked).await;
                model.begin(sim, sender, &text, now);
                (String::new(), String::new())
            }
            Step::End { back } => {
                let Some(n) = model.longs.len().checked_sub(back + 1) else { continue };
                let long = &model.longs[n];
                // Past that its PDUs are gone, and what comes begins another message.
                let parked = long.sim > SIMS && model.radio != Some(long.sim);
                if parked || long.complete || !(long.from..long.from + 5 * 86_400).contains(&now) {
                    continue;
                }
                let given = real.end(long.sim, n).await;
                (format!("{given:?}"), format!("{:?}", model.show(n, true, now, now)))
            }
            Step::Back { seconds } => {
                real.fixture.pass(-seconds);
                continue;
            }
            Step::In { sim } if model.radio.is_none_or(|on| on == sim) => {
                real.fixture.switch_in(&mut real.bank, sim, 0).await;
                model.switch_in(sim, now);
                model.told_at = Some(now);
                continue;
            }
            Step::In { .. } => continue,
            Step::Out => {
                let Some(sim) = model.radio else { continue };
                let (left, may) =
                    (real.fixture.switch_out(&mut real.bank, sim, 0).await, !model.stays(sim, now));
                if may {
                    model.gone_at.extend(model.seen_at.remove(&sim).map(|seen| (sim, seen)));
                    (model.radio, model.told_at) = (None, Some(now));
                }
                (format!("left {left}"), format!("left {may}"))
            }
            Step::Vanish { sim } => {
                real.fixture.silence(sim);
                let gone = model.seen_at.remove(&sim).map(|seen| (sim, seen));
                model.away.extend(gone);
                model.gone_at.extend(gone);
                continue;
            }
            Step::Plug { sim } => {
                real.bank.report_to(&real.fixture);
                model.told_at = Some(now);
                real.fixture.report(sim);
                model.seen_at.insert(sim, now);
                model.away.remove(&sim);
                continue;
            }
            Step::Pass { seconds } => {
                real.fixture.pass(seconds);
                // The modems that are there go on speaking.
                for (sim, seen) in &mut model.seen_at {
                    real.fixture.report(*sim);
                    *seen = real.now();
                }
                if let Some(told) = &mut model.told_at {
                    real.bank.report_to(&real.fixture);
                    *told = real.now();
                }
                continue;
            }
            Step::Refund { back } => {
                let Some(n) = model.orders.len().checked_sub(back + 1) else { continue };
                (real.refund(n).await, model.refund(n))
            }
            Step::Limit { account, allowed } => {
                (real.limit(account, allowed).await, model.limit(account, allowed))
            }
            Step::SetPool { sim, pool } => {
                (real.set_pool(sim, pool).await, model.set_pool(sim, pool))
            }
            Step::Sweep
            | Step::Code { .. }
            | Step::Again { .. }
            | Step::Quit { .. }
            | Step::ToTenant { .. } => continue,
            Step::Restart => {
                real.fixture.restart().await;
                // Nothing is believed of modems until they speak again.
                model.seen_at.clear();
                model.away.clear();
                model.gone_at.clear();
                (model.start, model.looked) = (now, now);
                (model.told_at, model.started_at) = (None, Some(now));
                continue;
            }
        };
        assert_eq!(said, expected, "step {number} of {steps:?}");
        watch = watch.max(now);
        if number % compared_every == 0 {
            compare(&real, &model, watch).await;
        }
        if number % (4 * compared_every) == 0 {
            compare_stock(&real).await;
        }
    }
    follower.read(&real.fixture, &real.accounts).await;
    follower.check(&real.fixture).await;
    assert_eq!(real.fixture.faults().await, Vec::<String>::new());
    assert_eq!(model.others_codes(), [], "{model:?}");
}

/// `watch` is how far time has come: what was blanked then stays blank when the clock is set back.
async fn compare(real: &Real, model: &Model, watch: i64) {
    let kept = |end: i64| watch < end + 30 * 86_400;
    for (n, account) in real.accounts.iter().enumerate() {
        assert_eq!(
            real.fixture.funds(*account).await,
            (model.balance[n], model.held(n)),
            "{model:?}"
        );
    }
    for (n, order) in model.orders.iter().enumerate() {
        let id = OrderId(i64::try_from(n).unwrap() + 1);
        let said =
            real.fixture.gateway.orders().read_sms(real.accounts[order.account], id).await.unwrap();
        let expected = match order.life {
            Life::Open => model.text(n).map_or(Sms::Waiting, |text| Sms::Text(text.to_owned())),
            Life::Completed { .. } if kept(order.ends_at) => {
                model.text(n).map_or(Sms::Over, |text| Sms::Text(text.to_owned()))
            }
            Life::Completed { .. } | Life::Over { .. } => Sms::Over,
        };
        assert_eq!(said, expected, "order {id} of {model:?}");
    }
    let views = real.fixture.gateway.rentals().list(RowLimit::ALL.into()).await.unwrap();
    assert_eq!(views.len(), model.rentals.len());
    for (n, (view, rental)) in views.iter().zip(&model.rentals).enumerate() {
        let (months, active) =
            (view.rental.months, view.rental.is_active(real.fixture.gateway.now()));
        assert_eq!((months, active), (rental.months, rental.active));
        let expires = view.rental.expires_at.0 / SECOND_US;
        assert_eq!(expires, rental.expires(), "rental {n} of {model:?}");
        if rental.active || kept(rental.due) {
            let viewed = real
                .fixture
                .gateway
                .rentals()
                .view(view.rental.account, view.rental.id)
                .await
                .unwrap();
            let messages = viewed.unwrap().messages;
            let texts = messages.iter().filter(|message| message.text.is_some()).count();
            assert_eq!(texts, model.texts(n), "rental {n} of {model:?}");
        }
    }
}

/// Two ways to count the stock agree: all services at once, and SIM by SIM.
async fn compare_stock(real: &Real) {
    for account in &real.accounts {
        for (service, _, count) in
            real.fixture.gateway.stock().offers(*account, "NL").await.unwrap().unwrap()
        {
            let why = real
                .fixture
                .gateway
                .stock()
                .explain(service.name, "NL", Some(account.to_string()))
                .await
                .unwrap();
            assert_eq!(count, why.available, "{why:?}");
        }
    }
}

/// What the histories are drawn from, so that each run plays the same; `SIMBRIDGE_HISTORIES=7`
/// plays others.
fn seed() -> RngSeed {
    let seed = std::env::var("SIMBRIDGE_HISTORIES").ok().and_then(|seed| seed.parse().ok());
    RngSeed::Fixed(seed.unwrap_or(1))
}

proptest! {
    #![proptest_config(ProptestConfig {
        // With a server for the tests they show that both engines agree; each takes long there.
        cases: if std::env::var_os("SIMBRIDGE_TEST_POSTGRES").is_some() { 2 } else { 48 },
        max_shrink_iters: 200,
        failure_persistence: None,
        rng_seed: seed(),
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_history_is_as_the_plain_model_says(steps in proptest::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(play(steps, USUAL));
    }

    #[test]
    fn any_history_of_rentals_is_as_the_plain_model_says(
        steps in proptest::collection::vec(step_of_rentals(), 20..80),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(play(steps, Setting { cents: 10 * CENTS, ..USUAL }));
    }

    /// After a customer has given up so many orders that a few more make the difference.
    #[test]
    fn any_history_of_limits_is_as_the_plain_model_says(
        given_up in 40..52usize,
        steps in proptest::collection::vec(step_of_limits(), 20..80),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let make = Step::Make { account: 0, service: 0 };
        let one = [make, Step::Pass { seconds: 31 }, Step::Quit { back: 0 }];
        let begin = std::iter::repeat_n(one, given_up).flatten();
        let setting = Setting { min_cancel_age: 30, compared_every: 7, ..USUAL };
        runtime.block_on(play(begin.chain(steps).collect(), setting));
    }

    /// Where nothing else is on the air: what is sold comes by the bank's radio.
    #[test]
    fn any_history_of_a_bank_is_as_the_plain_model_says(
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let gone = (1..=SIMS).map(|sim| Step::Vanish { sim });
        let steps = steps.into_iter().filter(|step| !matches!(step, Step::Plug { .. }));
        runtime.block_on(play(gone.chain(steps).collect(), USUAL));
    }
}
