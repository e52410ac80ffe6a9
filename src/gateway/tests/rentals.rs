//! Rentals: their price, their months, their SMS, their end.

use super::*;
use crate::domain::message::{MessageKind, Owner};
use crate::domain::{Rental, RentalId, RowLimit};
use crate::store::{NewMessage, WriteTx};

const DAY_S: i64 = 24 * 3600;

async fn rent(fixture: &Fixture, account: AccountId, package: &str, auto_renew: bool) -> Rental {
    match fixture.gateway.rentals().rent(account, Some("nl"), package, auto_renew).await.unwrap() {
        Rent::Made(rental) => rental,
        other => panic!("no rental but {other:?}"),
    }
}

async fn texts(fixture: &Fixture, account: AccountId, id: RentalId) -> Vec<String> {
    let view = fixture.gateway.rentals().view(account, id).await.unwrap().unwrap();
    view.messages.into_iter().filter_map(|message| message.text).collect()
}

/// To the end of a rental, and `past` seconds more.
fn pass_to_end(fixture: &Fixture, rental: &Rental, past: i64) {
    fixture.clock.store(rental.expires_at.0 + past * SECOND_US, Ordering::SeqCst);
}

#[tokio::test]
async fn a_rental_is_charged_in_the_account_currency_with_price_and_rate_recorded() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let ann = fixture.customer("ann", 10_000).await;
    let rental = rent(&fixture, ann, "3m", true).await;
    assert_eq!((rental.number.as_str(), rental.country.as_str()), ("+31612000001", "NL"));
    assert_eq!(fixture.funds(ann).await, (10_000 - 3240, 0));
    let ledger = fixture.gateway.accounts().ledger("ann".into(), RowLimit::ALL.into()).await;
    let ledger: Vec<_> = ledger.unwrap().into_iter().map(|row| row.entry).collect();
    let entry = ledger.last().unwrap();
    assert_eq!(
        (entry.kind.as_str(), entry.balance, entry.rental),
        ("rental", Amount(-3240), Some(rental.id))
    );
    assert_eq!(entry.price, Some(("30.00 EUR".parse().unwrap(), "1.08".to_owned())));
    let Extend::Extended(longer) =
        fixture.gateway.rentals().extend(ann, rental.id, "1m").await.unwrap()
    else {
        panic!()
    };
    assert_eq!(
        (longer.months, longer.renewal_package.as_str(), longer.package.as_str()),
        (4, "1m", "3m")
    );
    assert_eq!(fixture.funds(ann).await, (10_000 - 3240 - 1620, 0));
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn refusals_of_rentals_come_in_the_stated_order() {
    let fixture = Fixture::open().await;
    let ann = fixture.customer("ann", 0).await;
    let rent = |country, package| fixture.gateway.rentals().rent(ann, country, package, true);
    assert_eq!(rent(None, "9w").await.unwrap(), Rent::InvalidCountry);
    assert_eq!(rent(Some("XX"), "9w").await.unwrap(), Rent::InvalidCountry);
    assert_eq!(rent(Some("NL"), "2m").await.unwrap(), Rent::InvalidPackage);
    assert_eq!(rent(Some("NL"), "1m").await.unwrap(), Rent::NoStock);
    fixture.plug(1).await;
    assert_eq!(rent(Some("NL"), "1m").await.unwrap(), Rent::NoBalance);
    assert_eq!(
        fixture.gateway.rentals().extend(ann, RentalId(1), "9w").await.unwrap(),
        Extend::InvalidContract
    );
    assert_eq!(
        fixture.gateway.rentals().set_auto_renew(ann, RentalId(1), true).await.unwrap(),
        Edit::InvalidContract
    );
    assert_eq!(fixture.gateway.rentals().view(ann, RentalId(1)).await.unwrap(), None);
}

#[tokio::test]
async fn a_rented_sim_is_its_tenants_alone() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, bob) = (fixture.customer("ann", 5_000).await, fixture.customer("bob", 5_000).await);
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    let rental = rent(&fixture, ann, "1m", false).await;
    assert_eq!(fixture.make(bob, uber).await, MakeOrder::NoPhone);
    assert_eq!(
        fixture.gateway.rentals().rent(bob, Some("NL"), "1m", true).await.unwrap(),
        Rent::NoStock
    );
    fixture.pass(5);
    fixture.sms(1, "Uber", "code 1").await;
    fixture.sms(1, "Friend", "hello\nthere").await;
    assert_eq!(texts(&fixture, ann, rental.id).await, ["code 1", "hello\nthere"], "as they came");
    assert_eq!(fixture.gateway.rentals().view(bob, rental.id).await.unwrap(), None);
    assert_eq!(
        fixture.gateway.rentals().extend(bob, rental.id, "1m").await.unwrap(),
        Extend::InvalidContract
    );
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_sim_that_somebody_still_waits_on_is_not_rented() {
    let settings = Settings { reuse_window: Duration::ZERO, ..default_settings() };
    let fixture = Fixture::with(settings).await;
    fixture.plug(1).await;
    let (ann, bob) = (fixture.customer("ann", 5_000).await, fixture.customer("bob", 5_000).await);
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    fixture.order(bob, uber).await;
    assert_eq!(
        fixture.gateway.rentals().rent(ann, Some("NL"), "1m", true).await.unwrap(),
        Rent::NoStock,
        "an open order"
    );
    fixture.sms(1, "Uber", "code 1").await;
    assert_eq!(
        fixture.gateway.rentals().rent(ann, Some("NL"), "1m", true).await.unwrap(),
        Rent::NoStock,
        "it still collects"
    );
    fixture.pass(600);
    fixture.plug(1).await;
    rent(&fixture, ann, "1m", true).await;
}

#[tokio::test]
async fn a_former_tenants_sms_is_not_the_next_ones_nor_an_orders() {
    let settings = Settings { rental_rest: Duration::from_secs(60), ..default_settings() };
    let fixture = Fixture::with(settings).await;
    fixture.plug(1).await;
    let (ann, bob) = (fixture.customer("ann", 5_000).await, fixture.customer("bob", 5_000).await);
    let first = rent(&fixture, ann, "1m", false).await;
    pass_to_end(&fixture, &first, 59);
    fixture.plug(1).await;
    let next = fixture.gateway.due_work().run_due_work().await.unwrap();
    let in_six_days = fixture.gateway.now().plus(Duration::from_secs(6 * 24 * 3600));
    assert!(next.is_some_and(|next| next > in_six_days), "only events are to go, in a week");
    assert_eq!(
        fixture.gateway.rentals().rent(bob, Some("NL"), "1m", true).await.unwrap(),
        Rent::NoStock,
        "the SIM rests"
    );
    fixture.pass(1);
    let second = rent(&fixture, bob, "1m", false).await;
    fixture.pass(5);
    // The network took it in while the first tenant had the SIM, and delivers it late.
    let late = fixture.pdus("Uber", "ann's code", 120, 1);
    fixture.arrive(1, &late[0]).await;
    fixture.sms(1, "Uber", "bob's code").await;
    assert_eq!(texts(&fixture, bob, second.id).await, ["bob's code"]);
    assert_eq!(texts(&fixture, ann, first.id).await, Vec::<String>::new());
    assert_eq!(
        fixture.gateway.rentals().extend(ann, first.id, "1m").await.unwrap(),
        Extend::Expired
    );
    assert_eq!(
        fixture.gateway.rentals().set_auto_renew(ann, first.id, true).await.unwrap(),
        Edit::Expired
    );
}

#[tokio::test]
async fn a_renewal_is_charged_once_for_each_term_however_long_nobody_was_there() {
    for renewals in [1, 3] {
        let mut fixture = Fixture::open().await;
        fixture.plug(1).await;
        let ann = fixture.customer("ann", 1620 * (1 + renewals) + 7).await;
        let rental = rent(&fixture, ann, "1m", true).await;
        fixture.gateway.0.env.store.close().await;
        pass_to_end(&fixture, &rental, 200 * DAY_S);
        fixture.restart().await;
        for day in 1..=renewals {
            fixture.gateway.due_work().run_due_work().await.unwrap();
            fixture.gateway.due_work().run_due_work().await.unwrap();
            let left = (renewals - day) * 1620 + 7;
            assert_eq!(fixture.funds(ann).await, (left, 0), "one term a day");
            fixture.pass(DAY_S);
        }
        fixture.gateway.due_work().run_due_work().await.unwrap();
        assert_eq!(fixture.funds(ann).await, (7, 0), "as often as there was money");
        let view = fixture.gateway.rentals().view(ann, rental.id).await.unwrap();
        let ended = view.unwrap().rental;
        assert_eq!(i64::from(ended.terms), 1 + renewals);
        assert_eq!(ended.state.ended_at(), Some(ended.due_at));
        assert_eq!(fixture.faults().await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn an_sms_in_the_moment_of_renewal_finds_its_tenant() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let ann = fixture.customer("ann", 5_000).await;
    let rental = rent(&fixture, ann, "1m", true).await;
    // Its end has come and nobody has swept yet.
    pass_to_end(&fixture, &rental, 2);
    fixture.sms(1, "Uber", "code 1").await;
    assert_eq!(texts(&fixture, ann, rental.id).await, ["code 1"]);
    assert_eq!(fixture.funds(ann).await, (5_000 - 2 * 1620, 0));
}

#[tokio::test]
async fn without_auto_renewal_it_ends_and_its_sms_are_seen_until_retention_takes_them() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let ann = fixture.customer("ann", 5_000).await;
    let rental = rent(&fixture, ann, "1m", true).await;
    let Edit::Edited(edited) =
        fixture.gateway.rentals().set_auto_renew(ann, rental.id, false).await.unwrap()
    else {
        panic!()
    };
    assert!(!edited.auto_renew);
    fixture.pass(5);
    fixture.sms(1, "Uber", "code 1").await;
    pass_to_end(&fixture, &rental, 0);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    fixture.sms(1, "Uber", "code 2").await;
    assert_eq!(
        texts(&fixture, ann, rental.id).await,
        ["code 1"],
        "what came after its end is not its own"
    );
    fixture.pass(30 * DAY_S - 1);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    assert_eq!(texts(&fixture, ann, rental.id).await.len(), 1);
    fixture.pass(1);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    assert_eq!(texts(&fixture, ann, rental.id).await.len(), 0);
    assert_eq!(fixture.funds(ann).await, (5_000 - 1620, 0));
}

#[tokio::test]
async fn a_long_message_that_a_tenant_was_shown_in_part_stays_the_tenants() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let ann = fixture.customer("ann", 5_000).await;
    let rental = rent(&fixture, ann, "1m", false).await;
    fixture.pass(5);
    let text = "0123456789".repeat(30);
    let pdus = fixture.pdus("Uber", &text, 0, 9);
    fixture.arrive(1, &pdus[0]).await;
    fixture.pass(200);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    fixture.arrive(1, &pdus[1]).await;
    assert_eq!(texts(&fixture, ann, rental.id).await, [text]);
}

#[tokio::test]
async fn a_tenants_number_is_not_sold_when_another_card_takes_its_place() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, bob) = (fixture.customer("ann", 5_000).await, fixture.customer("bob", 5_000).await);
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    rent(&fixture, ann, "1m", true).await;
    fixture.gateway.sims().set_retired(iccid(1), true).await.unwrap();
    fixture.plug(2).await;
    fixture.gateway.sims().set_number(iccid(2), "+31612000001".into(), false).await.unwrap();
    assert_eq!(fixture.make(bob, uber).await, MakeOrder::NoPhone);
    assert_eq!(
        fixture.gateway.rentals().rent(bob, Some("NL"), "1m", true).await.unwrap(),
        Rent::NoStock
    );
    assert_eq!(fixture.gateway.sims().list().await.unwrap()[1].state(), "rented");
    assert_eq!(
        fixture.gateway.stock().explain("Uber".into(), "NL", None).await.unwrap().available,
        0
    );
}

#[tokio::test]
async fn a_number_rests_after_its_tenant_on_whatever_card_it_is() {
    for is_replaced_early in [true, false] {
        let fixture = Fixture::open().await;
        fixture.plug(1).await;
        let (ann, bob) =
            (fixture.customer("ann", 5_000).await, fixture.customer("bob", 5_000).await);
        let uber = fixture.service("Uber", &["^Uber$"]).await;
        let rental = rent(&fixture, ann, "1m", false).await;
        let sims = fixture.gateway.sims();
        let replace = async || {
            sims.set_retired(iccid(1), true).await.unwrap();
            fixture.plug(2).await;
            sims.set_number(iccid(2), "+31612000001".into(), false).await.unwrap();
        };
        if is_replaced_early {
            replace().await;
        }
        pass_to_end(&fixture, &rental, DAY_S);
        fixture.gateway.due_work().run_due_work().await.unwrap();
        if !is_replaced_early {
            replace().await;
        }
        fixture.report(2);
        assert_eq!(sims.find(iccid(2)).await.unwrap().state(), "resting");
        let rented = async || fixture.gateway.rentals().rent(bob, Some("NL"), "1m", true).await;
        assert_eq!(fixture.make(bob, uber).await, MakeOrder::NoPhone);
        assert_eq!(rented().await.unwrap(), Rent::NoStock);
        if is_replaced_early {
            fixture.pass(29 * DAY_S);
            fixture.report(2);
        } else {
            sims.set_rest(iccid(2), Duration::ZERO).await.unwrap();
            sims.set_number(iccid(2), "0612000001".into(), false).await.unwrap();
        }
        let Rent::Made(rental) = rented().await.unwrap() else { panic!() };
        assert_eq!(rental.number.as_str(), "+31612000001");
        assert_eq!(fixture.faults().await, [""; 0]);
    }
}

#[tokio::test]
async fn a_view_has_the_newest_messages_numbered_among_all() {
    let fixture = Fixture::with(Settings { view_messages: 3, ..default_settings() }).await;
    fixture.plug(1).await;
    let ann = fixture.customer("ann", 10_000).await;
    let rental = rent(&fixture, ann, "1m", false).await;
    let view = async || {
        let view = fixture.gateway.rentals().view(ann, rental.id).await.unwrap().unwrap();
        (view.messages.into_iter().filter_map(|it| it.text).collect::<Vec<_>>(), view.older)
    };
    assert_eq!(view().await, (vec![], 0));
    for text in ["one", "two", "three", "four"] {
        fixture.pass(1);
        fixture.sms(1, "Friend", text).await;
    }
    let shown = ["two", "three", "four"].map(str::to_owned).to_vec();
    assert_eq!(view().await, (shown, 1));
    // Texts are counted as well as messages: two of these have more bytes than an answer may.
    let long = "x".repeat(600 * 1024);
    for _ in 0..2 {
        let (text, sim, id, now) = (long.clone(), rental.sim, rental.id, fixture.gateway.now());
        let add = move |tx: &WriteTx<'_>| {
            tx.add_message(&NewMessage {
                doubtful: false,
                sim,
                kind: MessageKind::Text,
                sender: Some("Friend"),
                text: Some(&text),
                detail: None,
                code: None,
                sent_at: None,
                received_at: now,
                complete: true,
                owner: &Owner::Rental(id),
                withheld: None,
                settled_at: None,
                service: None,
            })
        };
        fixture.gateway.0.env.store.write(add).await.unwrap();
    }
    assert_eq!(view().await, (vec![long], 5));
}

#[tokio::test]
async fn a_rented_sim_that_is_off_the_air_says_so_and_is_told_after_a_minute() {
    let mut fixture = Fixture::open().await;
    for n in [1, 2] {
        fixture.plug(n).await;
    }
    let ann = fixture.customer("ann", 10_000).await;
    rent(&fixture, ann, "1m", true).await;
    let state = async |fixture: &Fixture, n: u16| {
        fixture.gateway.sims().find(iccid(n)).await.unwrap().state()
    };
    let told = |fixture: &Fixture| fixture.gateway.sims().off_air(&[iccid(1)]);
    assert_eq!((state(&fixture, 1).await, told(&fixture)), ("rented", vec![]));
    let gone_at = fixture.gateway.now();
    fixture.silence(1);
    fixture.silence(2);
    fixture.pass(59);
    assert_eq!((state(&fixture, 1).await, told(&fixture)), ("rented_off_air", vec![]));
    assert_eq!(state(&fixture, 2).await, "offline", "it has no tenant");
    fixture.pass(1);
    assert_eq!(told(&fixture), [(iccid(1), gone_at)]);
    let listed = ListRequest { state: Some("rented_off_air".into()), ..ListRequest::default() };
    assert_eq!(fixture.gateway.sims().search(listed).await.unwrap().len(), 1);
    fixture.report(1);
    assert_eq!((state(&fixture, 1).await, told(&fixture)), ("rented", vec![]));
    // Its modem says nothing any more.
    let last_report = fixture.gateway.now();
    fixture.pass(200);
    assert_eq!(told(&fixture), [(iccid(1), last_report)]);
    // After a start nothing is known of it: it has a minute to come up.
    fixture.restart().await;
    let started_at = fixture.gateway.now();
    assert_eq!((state(&fixture, 1).await, told(&fixture)), ("rented_off_air", vec![]));
    fixture.pass(60);
    assert_eq!(told(&fixture), [(iccid(1), started_at)]);
}
