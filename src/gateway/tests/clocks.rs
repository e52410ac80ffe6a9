//! A clock that jumps: nothing that cannot be undone is done by it.

use parking_lot::Mutex;

use super::*;
use crate::daemon::monotonic_clock::MonotonicClock;
use crate::domain::clock_trust::ClockTrust;
use crate::domain::{Rental, RentalId};

const MINUTE_S: i64 = 60;
const DAY_S: i64 = 24 * 3600;
const YEAR_S: i64 = 365 * DAY_S;

/// A machine whose wall clock the test sets, as the daemon reads it.
struct MachineClock {
    wall_us: Arc<AtomicI64>,
    running_us: Arc<AtomicI64>,
    clock: Mutex<MonotonicClock>,
}

impl TimeSource for MachineClock {
    fn now(&self) -> Timestamp {
        let running = Duration::from_micros(self.running_us.load(Ordering::SeqCst).unsigned_abs());
        self.clock.lock().now(Timestamp(self.wall_us.load(Ordering::SeqCst)), running)
    }

    fn trust(&self) -> ClockTrust {
        self.now();
        self.clock.lock().trust()
    }
}

struct Machine {
    fixture: Fixture,
    running_us: Arc<AtomicI64>,
}

impl Machine {
    /// A machine with a SIM on the air, and a customer who has rented another one by the month.
    async fn start() -> (Machine, AccountId, Rental) {
        let fixture = Fixture::open().await;
        let mut machine = Machine { fixture, running_us: Arc::default() };
        machine.restart(0).await;
        let fixture = &machine.fixture;
        fixture.plug(1).await;
        let ann = fixture.customer("ann", 48_380).await;
        let rented = fixture.gateway.rentals().rent(ann, Some("nl"), "1m", true).await.unwrap();
        let Rent::Made(rental) = rented else { panic!("{rented:?}") };
        fixture.plug(2).await;
        (machine, ann, rental)
    }

    /// The daemon goes down and comes up again when the wall clock is so much further.
    async fn restart(&mut self, later_s: i64) {
        self.fixture.gateway.0.env.store.close().await;
        self.fixture.pass(later_s);
        self.running_us = Arc::default();
        let wall_us = Arc::clone(&self.fixture.clock);
        let clock = Mutex::new(MonotonicClock::new(Timestamp(wall_us.load(Ordering::SeqCst))));
        let clock = MachineClock { wall_us, running_us: Arc::clone(&self.running_us), clock };
        let store = Store::open(&self.fixture.dir.path().join("test.db")).unwrap();
        let settings = self.fixture.settings.clone();
        self.fixture.gateway =
            Gateway::open(store, settings, Arc::new(clock), entropy()).await.unwrap();
        self.fixture.gateway.due_work().run_overdue_deadlines().await.unwrap();
    }

    /// Time passes, second by second at first, and everybody does what the time brings about.
    async fn pass(&self, seconds: i64) {
        for passed in 0..seconds {
            self.running_us.fetch_add(SECOND_US, Ordering::SeqCst);
            self.fixture.pass(1);
            if passed < 5 || passed % 30 == 0 {
                self.fixture.gateway.now();
                self.fixture.gateway.due_work().run_due_work().await.unwrap();
            }
        }
        self.fixture.report(1);
        self.fixture.report(2);
    }

    /// The wall clock is set.
    fn set(&self, ahead_s: i64) {
        self.fixture.pass(ahead_s);
    }

    async fn rental(&self, account: AccountId, id: RentalId) -> Rental {
        self.fixture.gateway.rentals().view(account, id).await.unwrap().unwrap().rental
    }

    async fn texts(&self, account: AccountId, id: RentalId) -> usize {
        self.fixture.gateway.rentals().view(account, id).await.unwrap().unwrap().messages.len()
    }
}

#[tokio::test]
async fn a_clock_that_is_wrong_for_seconds_renews_ends_and_purges_nothing() {
    for warm_up_s in [1, 10 * MINUTE_S] {
        for jump_s in [60 * YEAR_S, YEAR_S, 40 * DAY_S, -DAY_S / 24, -2 * DAY_S, -50 * YEAR_S] {
            let (machine, ann, rental) = Machine::start().await;
            let fixture = &machine.fixture;
            let ends = fixture.gateway.rentals().rent(ann, Some("nl"), "1m", false).await.unwrap();
            let Rent::Made(ends) = ends else { panic!("{ends:?}") };
            machine.pass(5).await;
            fixture.sms(2, "Friend", "hello").await;
            machine.pass(warm_up_s).await;
            let before = fixture.funds(ann).await;
            let told = fixture.gateway.now();
            machine.set(jump_s);
            fixture.gateway.due_work().run_due_work().await.unwrap();
            machine.pass(3).await;
            // The network's clock is right.
            let ahead_s = (fixture.gateway.now().0 - told.0) / SECOND_US - 3;
            let pdus = fixture.pdus("Friend", "while the clock was wrong", ahead_s, 1);
            fixture.arrive(1, &pdus[0]).await;
            for contract in [&rental, &ends] {
                let now = machine.rental(ann, contract.id).await;
                assert_eq!((now.terms, now.state), (1, contract.state), "{jump_s} s ahead");
            }
            machine.set(-jump_s);
            machine.pass(20).await;
            assert_eq!(fixture.funds(ann).await, before, "{jump_s} s ahead after {warm_up_s} s");
            for contract in [&rental, &ends] {
                let now = machine.rental(ann, contract.id).await;
                assert_eq!(now.expires_at, contract.expires_at, "{jump_s} s ahead");
            }
            assert_eq!(machine.texts(ann, ends.id).await, 1, "nothing was purged");
            if jump_s > 0 || warm_up_s > 300 {
                assert_eq!(machine.texts(ann, rental.id).await, 1, "{jump_s} after {warm_up_s}");
            }
            assert_eq!(fixture.faults().await, Vec::<String>::new());
        }
    }
}

#[tokio::test]
async fn an_order_does_not_notice_a_jump_of_a_clock_that_was_believed() {
    for jump_s in [60 * YEAR_S, YEAR_S, 3600, -2 * DAY_S] {
        let (machine, ann, _) = Machine::start().await;
        let fixture = &machine.fixture;
        let uber = fixture.service("Uber", &["^Uber$"]).await;
        machine.pass(10 * MINUTE_S).await;
        let order = fixture.order(ann, uber).await;
        machine.set(jump_s);
        machine.pass(3).await;
        let waits = fixture.gateway.orders().read_sms(ann, order).await.unwrap();
        assert_eq!(waits, Sms::Waiting, "{jump_s} s ahead");
        fixture.sms(2, "Uber", "code 1234").await;
        machine.set(-jump_s);
        machine.pass(3).await;
        let got = fixture.gateway.orders().read_sms(ann, order).await.unwrap();
        assert_eq!(got, Sms::Text("code 1234".into()), "{jump_s} s ahead");
    }
}

#[tokio::test]
async fn what_a_machine_does_that_boots_in_another_century_is_put_right_with_its_clock() {
    let (mut machine, ann, rental) = Machine::start().await;
    let uber = machine.fixture.service("Uber", &["^Uber$"]).await;
    machine.pass(10 * MINUTE_S).await;
    let before = machine.fixture.order(ann, uber).await;
    machine.pass(1).await;
    let (funds, century_s) = (machine.fixture.funds(ann).await, 70 * YEAR_S);
    machine.restart(century_s).await;
    for sim in 1..=4 {
        machine.fixture.plug(sim).await;
    }
    machine.pass(1).await;
    assert_eq!(machine.fixture.state(before).await, OrderState::Open, "it is not ended yet");
    assert_eq!(machine.fixture.funds(ann).await, funds, "nothing was renewed");
    machine.fixture.customer("bob", 5_000).await;
    let bob = machine.fixture.gateway.accounts().find("bob".into()).await.unwrap().id;
    let made = machine.fixture.order(bob, machine.fixture.service("Lyft", &["^Lyft$"]).await).await;
    let rented = machine.fixture.gateway.rentals().rent(bob, Some("nl"), "1m", true).await.unwrap();
    let Rent::Made(rented) = rented else { panic!("{rented:?}") };
    machine.set(-century_s);
    machine.pass(1).await;
    machine.fixture.gateway.due_work().begin_future_ones().await.unwrap();
    let now = machine.fixture.gateway.now();
    let read = move |rows: &crate::store::ReadTx<'_>| {
        Ok::<_, StoreError>((rows.order(made)?, rows.rental(rented.id)?))
    };
    let (order, rented) = machine.fixture.gateway.0.env.store.read(read).await.unwrap();
    assert_eq!(order.unwrap().expires_at, now.plus(Duration::from_secs(600)));
    let month = crate::domain::calendar::add_months(now, 1).unwrap();
    assert_eq!((rented.as_ref().unwrap().started_at, rented.unwrap().expires_at), (now, month));
    machine.pass(11 * MINUTE_S).await;
    assert!(matches!(machine.fixture.state(made).await, OrderState::Expired { .. }));
    assert!(matches!(machine.fixture.state(before).await, OrderState::Expired { .. }));
    assert_eq!(machine.rental(ann, rental.id).await.terms, 1);
    assert_eq!(machine.fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_clock_that_stays_ahead_costs_one_term_and_a_real_outage_none_of_its_terms() {
    let (mut machine, ann, rental) = Machine::start().await;
    let (price, funds) = (1620, machine.fixture.funds(ann).await.0);
    // Nobody was there for half a year, or the clock is wrong: after some minutes it is believed.
    machine.restart(183 * DAY_S).await;
    machine.pass(4 * MINUTE_S).await;
    assert_eq!(machine.fixture.funds(ann).await, (funds, 0));
    machine.pass(3 * MINUTE_S).await;
    assert_eq!(machine.fixture.funds(ann).await, (funds - price, 0), "one term");
    let stats = machine.fixture.gateway.reports().site_stats().await.unwrap();
    assert_eq!((stats.active_rentals, stats.rentals_behind), (1, 1));
    machine.restart(0).await;
    machine.pass(6 * MINUTE_S).await;
    assert_eq!(machine.fixture.funds(ann).await, (funds - price, 0), "a restart is no day");
    machine.fixture.sms(1, "Friend", "it is the tenant's meanwhile").await;
    assert_eq!(machine.texts(ann, rental.id).await, 1);
    for day in 2..=9 {
        machine.pass(DAY_S).await;
        let terms = day.min(6);
        assert_eq!(machine.fixture.funds(ann).await, (funds - terms * price, 0), "day {day}");
    }
    let stats = machine.fixture.gateway.reports().site_stats().await.unwrap();
    assert_eq!((stats.active_rentals, stats.rentals_behind), (1, 0));
    assert_eq!(machine.fixture.faults().await, Vec::<String>::new());
}

/// A live message, with a stamp that is so many seconds ahead.
async fn live(fixture: &Fixture, sim: u16, text: &str, ahead_s: i64) -> Ingested {
    let pdu = Pdu::Octets(fixture.pdus("Uber", text, -ahead_s, 1).remove(0));
    let arrival =
        Arrival { modem: modem(sim), iccid: iccid(sim), pdu, live: true, doubtful: false };
    fixture.gateway.inbox().ingest(arrival).await.unwrap()
}

#[tokio::test]
async fn stamps_that_contradict_each_other_take_no_code_away_and_are_told() {
    // Two stamps of another day, and one in four of another zone.
    let wrong = |n: i64| (n < 2).then_some(20 * 3600_i64);
    let one_in_four = |n: i64| (n % 4 == 0).then_some(3600_i64);
    for wrong_by in [&wrong as &dyn Fn(i64) -> Option<i64>, &one_in_four] {
        let fixture = Fixture::open().await;
        let uber = fixture.service_charging("Uber", &["^Uber$"], None).await;
        let (mut arrived, mut is_told) = (0, false);
        for n in 0..40 {
            let sim = u16::try_from(n).unwrap() + 1;
            fixture.plug(sim).await;
            let ann = fixture.customer(&format!("ann {n}"), 50).await;
            let order = fixture.order(ann, uber).await;
            fixture.pass(20);
            let text = format!("code {}", 1000 + n);
            let given = live(&fixture, sim, &text, wrong_by(n).unwrap_or(0)).await;
            arrived += i64::from(matches!(given, Ingested::Message(_, Some(to)) if to == order));
            is_told |= !fixture.gateway.contradicted_network_clocks().is_empty();
        }
        assert_eq!(arrived, 40);
        assert!(is_told);
    }
}
