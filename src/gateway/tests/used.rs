//! A number is not sold for a service that somebody else was sent messages of to it, whether he
//! had ordered or rented it.

use super::*;
use crate::domain::availability::UnavailableReason;
use crate::domain::sim::Pool;
use crate::domain::{MessageId, RentalId};
use crate::store::attacks;

const DAY_S: i64 = 24 * 3600;

struct Used {
    fixture: Fixture,
    ann: AccountId,
    bob: AccountId,
    viber: ServiceId,
}

/// SIM 1, two customers, and Viber, which charges on codes.
async fn open(settings: Settings) -> Used {
    let fixture = Fixture::with(settings).await;
    fixture.plug(1).await;
    let (ann, bob) = (fixture.customer("ann", 9_000).await, fixture.customer("bob", 9_000).await);
    let viber = fixture.service_charging("Viber", &["^Viber$"], None).await;
    Used { fixture, ann, bob, viber }
}

impl Used {
    fn pass(&self, seconds: i64) {
        self.fixture.pass(seconds);
        self.fixture.report(1);
    }

    /// How many numbers an account could order for Viber by either way of counting, and how many
    /// are kept from it by an order and by a tenant.
    async fn stock(&self, account: AccountId) -> (usize, usize, usize) {
        let stock = self.fixture.gateway.stock();
        let why = stock.explain("Viber".into(), "nl", Some(account.to_string())).await.unwrap();
        let count = |wanted: UnavailableReason| {
            why.unavailable.iter().find(|(reason, _)| *reason == wanted).unwrap().1
        };
        let offers = stock.offers(account, "nl").await.unwrap().unwrap();
        let offer = offers.iter().find(|(service, ..)| service.id == self.viber).unwrap();
        assert_eq!(offer.2, why.available, "{why:?}");
        (why.available, count(UnavailableReason::Used), count(UnavailableReason::UsedByTenant))
    }

    async fn attribute(&self) {
        while self.fixture.gateway.attribution().attribute_stored().await.unwrap() {}
    }

    /// The services of all messages, as they came.
    async fn services(&self) -> Vec<Option<ServiceId>> {
        let read =
            |rows: &crate::store::ReadTx<'_>| rows.texts_between(MessageId(0), MessageId(i64::MAX));
        let texts = self.fixture.gateway.0.env.store.read(read).await.unwrap();
        texts.into_iter().map(|text| text.service).collect()
    }

    /// How many numbers Bob could rent by either way of counting, and how many rest after orders.
    async fn rentable(&self) -> (usize, usize) {
        let gateway = &self.fixture.gateway;
        let why = gateway.stock().explain(RENTALS.into(), "nl", Some("bob".into())).await.unwrap();
        let rests = UnavailableReason::RestsAfterOrders;
        let count = why.unavailable.iter().find(|(reason, _)| *reason == rests).unwrap().1;
        let proposed = gateway.stock().propose_for_rental(self.bob, "NL").await.unwrap();
        assert_eq!(proposed.unwrap_or_default().len(), why.available, "{why:?}");
        if why.available == 0 {
            let rented = gateway.rentals().rent(self.bob, Some("nl"), "1m", false).await.unwrap();
            assert_eq!(rented, Rent::NoStock);
        }
        (why.available, count)
    }

    /// What `verify` finds after somebody has written into the database.
    async fn faults_after(self, attack: &str) -> Vec<String> {
        self.fixture.gateway.0.env.store.close().await;
        let path = self.fixture.dir.path().join("test.db");
        self.fixture.carry_out(attack).unwrap();
        let clock: Clock = Arc::new(|| Timestamp(START_US));
        let store = Store::open(&path).unwrap();
        let gateway = Gateway::open(store, default_settings(), clock, entropy()).await.unwrap();
        gateway.reports().find_faults().await.unwrap()
    }

    async fn can_order(&self, account: AccountId, service: ServiceId) -> bool {
        let made = self.fixture.make(account, service).await;
        if let MakeOrder::Made { order, .. } = &made {
            self.fixture.gateway.orders().cancel(account, *order).await.unwrap();
        }
        matches!(made, MakeOrder::Made { .. })
    }

    /// Ann rents the number for a month, and is sent these messages.
    async fn rent(&self, messages: &[(&str, &str)]) {
        let rentals = self.fixture.gateway.rentals();
        let rented = rentals.rent(self.ann, Some("nl"), "1m", false).await.unwrap();
        assert!(matches!(rented, Rent::Made(_)), "{rented:?}");
        self.pass(5);
        for (sender, text) in messages {
            self.fixture.sms(1, sender, text).await;
        }
        self.pass(31 * DAY_S);
        self.fixture.gateway.due_work().run_due_work().await.unwrap();
        self.pass(30 * DAY_S);
    }
}

#[tokio::test]
async fn what_a_tenant_was_sent_is_sold_to_nobody_else_for_its_service() {
    let mut used = open(default_settings()).await;
    let lyft = used.fixture.service("Lyft", &["^Lyft$"]).await;
    used.rent(&[("Viber", "Your Viber code is 123456"), ("Friend", "hello")]).await;
    for round in ["at once", "after a restart, with the text gone"] {
        assert_eq!(used.fixture.make(used.bob, used.viber).await, MakeOrder::NoPhone, "{round}");
        assert_eq!(used.stock(used.bob).await, (0, 0, 1), "{round}");
        assert_eq!(used.stock(used.ann).await, (1, 0, 0), "it is her own: {round}");
        assert!(used.can_order(used.bob, lyft).await, "{round}");
        used.pass(60 * DAY_S);
        used.fixture.gateway.due_work().run_due_work().await.unwrap();
        used.fixture.restart().await;
        used.pass(0);
    }
    assert!(used.fixture.messages().await.iter().all(|message| message.text.is_none()));
    let order = used.fixture.order(used.ann, used.viber).await;
    used.pass(1);
    let given = used.fixture.sms(1, "Viber", "Your Viber code is 345678").await;
    assert!(matches!(given, Ingested::Message(_, Some(given)) if given == order), "{given:?}");
    assert_eq!(used.fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn the_cooldown_counts_from_the_last_message() {
    let cooldown = Some(Duration::from_secs(100 * DAY_S.unsigned_abs()));
    let used = open(Settings { number_cooldown: cooldown, ..default_settings() }).await;
    used.rent(&[("Viber", "Your Viber code is 123456")]).await;
    used.pass(39 * DAY_S - 6);
    assert_eq!(used.stock(used.bob).await, (0, 0, 1));
    used.pass(6);
    assert_eq!(used.stock(used.bob).await, (1, 0, 0));
}

#[tokio::test]
async fn a_text_that_completes_no_order_uses_the_number_all_the_same() {
    let used = open(default_settings()).await;
    let order = used.fixture.order(used.ann, used.viber).await;
    used.pass(1);
    used.fixture.sms(1, "Viber", "Welcome to Viber").await;
    used.fixture.gateway.orders().cancel(used.ann, order).await.unwrap();
    assert_eq!(used.stock(used.bob).await, (0, 1, 0));
    assert_eq!(used.stock(used.ann).await, (1, 0, 0));
}

#[tokio::test]
async fn a_message_uses_its_number_for_every_service_that_it_fits() {
    let used = open(default_settings()).await;
    let out = used.fixture.service("Viber Out", &["^Viber$"]).await;
    let order = used.fixture.order(used.ann, out).await;
    used.pass(1);
    used.fixture.sms(1, "Viber", "Your code is 123456").await;
    assert!(matches!(used.fixture.state(order).await, OrderState::Completed { .. }));
    assert_eq!(used.stock(used.bob).await, (0, 1, 0));
}

#[tokio::test]
async fn a_code_that_comes_within_a_day_of_its_order_is_that_accounts() {
    for (after, is_used) in [(DAY_S - 1, true), (DAY_S, false)] {
        let used = open(default_settings()).await;
        let order = used.fixture.order(used.ann, used.viber).await;
        used.fixture.gateway.orders().cancel(used.ann, order).await.unwrap();
        used.pass(after);
        let late = used.fixture.sms(1, "Viber", "Your Viber code is 123456").await;
        assert!(matches!(late, Ingested::Message(_, None)), "{late:?}");
        let of_bob = if is_used { (0, 1, 0) } else { (1, 0, 0) };
        assert_eq!(used.stock(used.bob).await, of_bob, "after {after} s");
        assert_eq!(used.stock(used.ann).await, (1, 0, 0), "after {after} s");
    }
}

#[tokio::test]
async fn a_code_is_late_by_the_clock_as_it_is_set_then() {
    let used = open(default_settings()).await;
    let order = used.fixture.order(used.ann, used.viber).await;
    used.fixture.gateway.orders().cancel(used.ann, order).await.unwrap();
    used.pass(DAY_S + 1800);
    // What was given up longer ago than it matters is forgotten with the next that is.
    let order = used.fixture.order(used.bob, used.viber).await;
    used.fixture.gateway.orders().cancel(used.bob, order).await.unwrap();
    used.pass(-3600);
    used.fixture.sms(1, "Viber", "Your Viber code is 123456").await;
    assert_eq!(used.stock(used.bob).await, (0, 1, 0));
}

#[tokio::test]
async fn an_order_is_judged_by_what_was_known_when_it_was_made_whatever_the_clock_says() {
    let used = open(default_settings()).await;
    let order = used.fixture.order(used.ann, used.viber).await;
    used.fixture.gateway.orders().cancel(used.ann, order).await.unwrap();
    used.pass(1200);
    used.fixture.order(used.bob, used.viber).await;
    // By the clock that was set back it came before the second order was made.
    used.pass(-200);
    used.fixture.sms(1, "Viber", "Your Viber code is 123456").await;
    assert_eq!(used.fixture.faults().await, [""; 0]);
}

#[tokio::test]
async fn what_is_nobodys_or_fits_no_service_uses_no_number() {
    let used = open(default_settings()).await;
    let any = used.fixture.service("Any", &[]).await;
    used.fixture.sms(1, "Viber", "Your Viber code is 123456").await;
    assert_eq!(used.stock(used.bob).await, (1, 0, 0), "anybody can send one");
    used.rent(&[("Friend", "hello")]).await;
    assert!(used.can_order(used.bob, any).await, "a service without patterns");
}

#[tokio::test]
async fn a_number_that_was_ordered_is_not_let_before_it_has_rested() {
    let rest_after_orders = Duration::from_secs(30 * DAY_S.unsigned_abs());
    let used = open(Settings { rest_after_orders, ..default_settings() }).await;
    let order = used.fixture.order(used.ann, used.viber).await;
    used.pass(1);
    used.fixture.sms(1, "Viber", "Your Viber code is 123456").await;
    assert!(matches!(used.fixture.state(order).await, OrderState::Completed { .. }));
    used.pass(24);
    assert_eq!(used.rentable().await, (0, 1));
    used.pass(30 * DAY_S - 25);
    assert_eq!(used.rentable().await, (0, 1));
    // Another number without a past is let first.
    used.pass(1);
    used.fixture.plug(2).await;
    let rentals = used.fixture.gateway.rentals();
    for number in ["+31612000002", "+31612000001"] {
        let rented = rentals.rent(used.bob, Some("nl"), "1m", false).await.unwrap();
        assert!(matches!(&rented, Rent::Made(rental) if rental.number.as_str() == number));
    }
    assert_eq!(used.fixture.faults().await, Vec::<String>::new());
    let faults = used.faults_after(attacks::ORDER_BEFORE_RENTAL).await;
    assert!(
        faults.contains(&"rental 2: it began before its number had rested after orders".into())
    );
}

#[tokio::test]
async fn a_sim_is_sold_for_what_the_operator_keeps_it_for() {
    let used = open(default_settings()).await;
    let sims = used.fixture.gateway.sims();
    for (pool, orders, rentals) in [(Pool::Rentals, 0, 1), (Pool::Orders, 1, 0), (Pool::Both, 1, 1)]
    {
        assert_eq!(sims.set_pool(iccid(1), pool).await.unwrap().sim.pool, pool);
        assert_eq!(used.stock(used.bob).await.0, orders, "{pool:?}");
        assert_eq!(used.can_order(used.bob, used.viber).await, orders == 1, "{pool:?}");
        assert_eq!(used.rentable().await.0, rentals, "{pool:?}");
    }
    let audit = used.fixture.gateway.audit().rows(RowLimit::ALL).await.unwrap();
    let noted = audit.iter().filter(|row| row.action == "set the pool of");
    let subjects: Vec<&str> = noted.map(|row| row.subject.as_str()).collect();
    let last = format!("SIM {}: both, was orders", iccid(1));
    assert_eq!((subjects.len(), subjects.last()), (3, Some(&last.as_str())));
}

#[tokio::test]
async fn a_number_that_can_be_ordered_again_is_not_let() {
    let used = open(Settings { reuse_window: Duration::from_secs(3600), ..default_settings() });
    let used = used.await;
    used.fixture.order(used.ann, used.viber).await;
    used.pass(1);
    used.fixture.sms(1, "Viber", "Your Viber code is 123456").await;
    used.pass(3599);
    assert_eq!(used.rentable().await, (0, 1));
    used.pass(1);
    assert_eq!(used.rentable().await, (1, 0));
}

#[tokio::test]
async fn stored_messages_get_the_service_that_they_fit_when_patterns_change() {
    let mut used = open(default_settings()).await;
    let sms = [("Signal", "Your code is 123456"), ("Someone", "Your Signal code is 99")];
    used.rent(&[sms[0], sms[1], ("Viber", "Your Viber code is 5555")]).await;
    for sim in 2..=3 {
        used.fixture.plug(sim).await;
        used.fixture.sms(sim, "Signal", "Your code is 7777").await;
    }
    // The texts are gone, and the senders are left.
    used.pass(40 * DAY_S);
    used.fixture.gateway.due_work().run_due_work().await.unwrap();
    let by_sender = used.fixture.service("Signal", &["^Signal$"]).await;
    used.attribute().await;
    let (viber, signal) = (Some(used.viber), Some(by_sender));
    assert_eq!(used.services().await, [signal, None, viber, signal, signal]);
    used.fixture.restart().await;
    used.attribute().await;
    assert_eq!(used.services().await, [signal, None, viber, signal, signal]);
    // What a tenant was sent is used, and what was nobody's is not.
    for sim in 1..=3 {
        used.fixture.report(sim);
    }
    let stock = used.fixture.gateway.stock();
    let why = stock.explain("Signal".into(), "nl", Some("bob".into())).await.unwrap();
    assert_eq!(why.available, 2, "{why:?}");
    assert!(why.unavailable.contains(&(UnavailableReason::UsedByTenant, 1)), "{why:?}");
    assert_eq!(used.fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn messages_of_an_older_schema_are_attributed_a_few_at_a_time_across_restarts() {
    let mut used = open(default_settings()).await;
    used.rent(&[("Viber", "Your Viber code is 123456")]).await;
    used.fixture.gateway.0.env.store.close().await;
    used.fixture.carry_out(attacks::MESSAGES_UNATTRIBUTED).unwrap();
    used.fixture.restart().await;
    assert_eq!(used.stock(used.bob).await.0, 0, "the modem has not reported yet");
    used.pass(0);
    assert_eq!(used.stock(used.bob).await, (1, 0, 0), "nothing is known of the tenant's code");
    let mut steps = 0;
    while used.fixture.gateway.attribution().attribute_stored().await.unwrap() {
        steps += 1;
        used.fixture.restart().await;
    }
    assert!(steps >= 3, "{steps}");
    used.pass(0);
    assert_eq!(used.stock(used.bob).await, (0, 0, 1));
    assert_eq!(used.services().await.first(), Some(&Some(used.viber)));
}

#[tokio::test]
async fn the_operator_has_the_last_word_on_what_a_number_was_used_for() {
    let used = open(default_settings()).await;
    let book = used.fixture.gateway.number_book();
    let mark = async |is_used| book.mark("0612000001".into(), "viber".into(), is_used).await;
    assert_eq!(mark(true).await.unwrap().0.as_str(), "+31612000001");
    assert_eq!(used.stock(used.ann).await, (0, 1, 0));
    assert_eq!(used.rentable().await, (1, 0), "it was not ordered");
    used.pass(1);
    mark(false).await.unwrap();
    let order = used.fixture.order(used.ann, used.viber).await;
    used.pass(1);
    used.fixture.sms(1, "Viber", "Your Viber code is 123456").await;
    assert!(matches!(used.fixture.state(order).await, OrderState::Completed { .. }));
    used.pass(700);
    assert_eq!(used.stock(used.bob).await, (0, 1, 0));
    mark(false).await.unwrap();
    assert_eq!(used.stock(used.bob).await, (1, 0, 0));
    assert_eq!(used.rentable().await, (0, 1), "a tenant would be sent codes all the same");
    let order = used.fixture.order(used.bob, used.viber).await;
    used.pass(1);
    used.fixture.sms(1, "Viber", "Your Viber code is 345678").await;
    assert!(matches!(used.fixture.state(order).await, OrderState::Completed { .. }));
    assert_eq!(used.stock(used.ann).await, (0, 1, 0));
    let marks = book.show("0612000001", None).await.unwrap().marks;
    assert!(matches!(marks[..], [(mark, _)] if mark.used_at < mark.unused_at), "{marks:?}");
    let refused = book.mark("0612000009".into(), "Viber".into(), true).await.unwrap_err();
    assert!(refused.to_string().starts_with("no SIM has the number 0612000009;"), "{refused}");
    assert_eq!(used.fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn the_book_tells_who_had_a_number_when_and_for_what() {
    let used = open(default_settings()).await;
    let began = used.fixture.gateway.now();
    let order = used.fixture.order(used.bob, used.viber).await;
    used.pass(5);
    used.fixture.sms(1, "Viber", "Welcome to Viber").await;
    used.fixture.gateway.orders().cancel(used.bob, order).await.unwrap();
    used.pass(60);
    used.fixture.sms(1, "Friend", "hello").await;
    used.pass(60);
    let let_at = used.fixture.gateway.now();
    used.rent(&[("Viber", "Your Viber code is 123456")]).await;

    let book = used.fixture.gateway.number_book();
    let show = async |at: Option<i64>| {
        let at = at.map(|at| (Timestamp(at), Timestamp(at + 1)));
        book.show("0612000001", at).await.unwrap()
    };
    let holders = |history: &NumberHistory| {
        let held = history.holdings.iter();
        held.map(|held| (held.by, held.account.clone(), held.service.clone())).collect::<Vec<_>>()
    };
    let by_bob = (HeldBy::Order(order), "bob".to_owned(), Some("Viber".to_owned()));
    let by_ann = (HeldBy::Rental(RentalId(1)), "ann".to_owned(), None);
    let all = show(None).await;
    assert_eq!(holders(&all), [by_bob.clone(), by_ann.clone()]);
    assert_eq!((all.number.as_str(), all.sims), ("+31612000001", vec![iccid(1)]));
    let traces: Vec<_> = all
        .traces
        .iter()
        .map(|(trace, account, service)| {
            (account.as_str(), service.as_str(), trace.rented, trace.sender.as_str())
        })
        .collect();
    assert_eq!(traces, [("ann", "Viber", true, "Viber"), ("bob", "Viber", false, "Viber")]);
    for (at, expected) in [
        (began.0 - 1, vec![]),
        (began.0, vec![by_bob.clone()]),
        (began.0 + 5 * SECOND_US - 1, vec![by_bob]),
        (began.0 + 5 * SECOND_US, vec![]),
        (let_at.0, vec![by_ann.clone()]),
        (let_at.0 + 27 * DAY_S * SECOND_US, vec![by_ann]),
        (let_at.0 + 40 * DAY_S * SECOND_US, vec![]),
    ] {
        let history = show(Some(at)).await;
        assert_eq!(holders(&history), expected, "{}", at - began.0);
        let place = history.holdings.first().map(|held| held.location.as_ref().unwrap());
        assert!(place.is_none_or(|place| place.modem == modem(1).id));
        let senders: Vec<_> = history.unclaimed.iter().map(|one| one.sender.as_deref()).collect();
        let near = at < let_at.0 + DAY_S * SECOND_US;
        assert_eq!(senders, if near { vec![Some("Friend")] } else { vec![] }, "nobody's");
    }
    assert!(book.show("12", None).await.is_err());
    let (service, country) = (Some("Viber".to_owned()), Some("nl".to_owned()));
    let wanted = ListRequest { service, country, ..ListRequest::default() };
    let listed = used.fixture.gateway.stock().numbers_for(wanted).await;
    let listed: Vec<_> = listed.unwrap().iter().map(|one| one.unavailable).collect();
    assert_eq!(listed, [Some(UnavailableReason::Used)]);
}

#[tokio::test]
async fn a_number_that_was_sold_after_a_tenant_had_used_it_is_found() {
    let used = open(default_settings()).await;
    used.fixture.order(used.ann, used.viber).await;
    assert_eq!(used.fixture.faults().await, Vec::<String>::new());
    let faults = used.faults_after(attacks::TRACE_BEFORE_ORDER).await;
    let expected =
        "order 1: another account had been sent a message of the same service to its number";
    assert_eq!(faults, [expected]);
}
