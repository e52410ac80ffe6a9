//! What an account may do at a time and in a day.

use super::*;
use crate::domain::fair_use::{Allowance, DayLimit};

const DAY_S: i64 = 24 * 3600;

/// Changes limits of an account: each is the name of one and what is said.
async fn limit(fixture: &Fixture, account: &str, said: &[(&str, &str)]) -> Result<Account, String> {
    let of = |name: &str| {
        said.iter().find(|(limit, _)| *limit == name).map(|(_, text)| (*text).to_owned())
    };
    let edit = LimitEdit {
        max_open: of("max_open"),
        orders_per_day: of("orders_per_day"),
        spend_per_day: of("spend_per_day"),
    };
    let limited = fixture.gateway.accounts().limit(account.into(), edit).await;
    limited.map_err(|error| error.to_string())
}

/// What an account has spent and ordered today.
async fn today(fixture: &Fixture, account: &str) -> (i64, i64) {
    let accounts = fixture.gateway.accounts();
    let standing = accounts.standing(&accounts.find(account.into()).await.unwrap());
    (standing.today.spent.0, standing.today.orders)
}

#[tokio::test]
async fn an_accounts_own_number_of_open_orders_comes_before_the_configurations() {
    let fixture = Fixture::open().await;
    for sim in 1..=5 {
        fixture.plug(sim).await;
    }
    let (ann, bob) = (fixture.customer("ann", 500).await, fixture.customer("bob", 500).await);
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    limit(&fixture, "ann", &[("max_open", "2")]).await.unwrap();
    let first = fixture.order(ann, uber).await;
    fixture.order(ann, uber).await;
    assert_eq!(fixture.make(ann, uber).await, MakeOrder::AlreadyOpen(first));
    let of_bob = fixture.order(bob, uber).await;
    assert_eq!(fixture.make(bob, uber).await, MakeOrder::AlreadyOpen(of_bob), "the default is 1");
    limit(&fixture, "ann", &[("max_open", "none")]).await.unwrap();
    fixture.order(ann, uber).await;
    limit(&fixture, "ann", &[("max_open", "default")]).await.unwrap();
    assert_eq!(fixture.make(ann, uber).await, MakeOrder::AlreadyOpen(first));
    for (said, why) in [
        (("max_open", "0"), "say `none` for no limit, or suspend the account"),
        (("orders_per_day", "0"), "say `none` for no limit, or suspend the account"),
        (("spend_per_day", "0.00"), "say `none` for no limit, or suspend the account"),
        (("max_open", "-1"), "-1: a limit for open orders is a number like 20, `none`, or"),
        (("orders_per_day", "many"), "a limit for orders in a day is a number like 20, `none`, or"),
        (("spend_per_day", "0.001"), "spending in a day is an amount like 50.00, `none`, or"),
    ] {
        let refused = limit(&fixture, "ann", &[said]).await.unwrap_err();
        assert!(refused.contains(why), "{said:?}: {refused}");
    }
    let audit = fixture.gateway.audit().rows(RowLimit::ALL).await.unwrap();
    let subject = "account 1 ann, limits from: max_open 2, orders_per_day default, spend_per_day \
                   default; to: max_open none, orders_per_day default, spend_per_day default";
    assert_eq!(audit.iter().filter(|row| row.subject == subject).count(), 1);
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn sixty_four_orders_at_once_spend_exactly_what_may_be_spent() {
    let settings = Settings {
        max_open_per_account: 1_000,
        spend_per_day: Allowance::AtMost(1_025),
        ..default_settings()
    };
    let fixture = Fixture::with(settings).await;
    for sim in 1..=64 {
        fixture.plug(sim).await;
    }
    let ann = fixture.customer("ann", 100_000).await;
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    let orders = (0..64).map(|_| {
        let gateway = fixture.gateway.clone();
        tokio::spawn(async move { gateway.orders().make(ann, Some(uber), "nl").await.unwrap() })
    });
    let (mut made, mut limited) = (0, 0);
    for order in orders.collect::<Vec<_>>() {
        match order.await.unwrap() {
            MakeOrder::Made { .. } => made += 1,
            MakeOrder::Limited(DayLimit::Spending) => limited += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((made, limited), (20, 44), "20 at 0.50, and 0.25 is too little for another");
    assert_eq!(today(&fixture, "ann").await, (1_000, 20));
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn what_is_given_back_may_be_spent_again_on_its_own_day_only() {
    let fixture = Fixture::open().await;
    for sim in 1..=4 {
        fixture.plug(sim).await;
    }
    let ann = fixture.customer("ann", 1_000).await;
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    let said = [("max_open", "9"), ("spend_per_day", "1.00")];
    limit(&fixture, "ann", &said).await.unwrap();
    // A quarter of an hour before midnight.
    let (begun, day) = (fixture.gateway.now().0 / SECOND_US, DAY_S);
    fixture.pass((begun / day + 1) * day - 900 - begun);
    for sim in 1..=4 {
        fixture.report(sim);
    }
    let first = fixture.order(ann, uber).await;
    let second = fixture.order(ann, uber).await;
    assert_eq!(fixture.make(ann, uber).await, MakeOrder::Limited(DayLimit::Spending));
    let why = fixture.gateway.stock().explain("Uber".into(), "nl", Some("ann".into())).await;
    let limit = why.unwrap().obstacles.unwrap().limit;
    assert_eq!(limit, Some(ReachedLimit::Day(DayLimit::Spending)));
    fixture.gateway.orders().cancel(ann, first).await.unwrap();
    assert_eq!(today(&fixture, "ann").await, (50, 2), "the cancel gives it back");
    let third = fixture.order(ann, uber).await;
    fixture.pass(1);
    fixture.sms(1, "Uber", "code 1111").await;
    fixture.sms(2, "Uber", "code 2222").await;
    fixture.sms(3, "Uber", "code 3333").await;
    assert_eq!(today(&fixture, "ann").await, (100, 3), "to charge what was held spends nothing");
    fixture.gateway.orders().refund(second, Some(Amount(30)), "late".into()).await.unwrap();
    assert_eq!(today(&fixture, "ann").await, (70, 3), "a refund gives it back");
    assert_eq!(fixture.make(ann, uber).await, MakeOrder::Limited(DayLimit::Spending));
    fixture.pass(900);
    assert_eq!(today(&fixture, "ann").await, (0, 0), "another day");
    fixture.plug(5).await;
    fixture.plug(6).await;
    fixture.plug(7).await;
    fixture.order(ann, uber).await;
    fixture.gateway.orders().refund(third, None, "late".into()).await.unwrap();
    assert_eq!(today(&fixture, "ann").await, (50, 1), "yesterday's is not spent again today");
    fixture.order(ann, uber).await;
    assert_eq!(fixture.make(ann, uber).await, MakeOrder::Limited(DayLimit::Spending));
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn orders_of_a_day_are_counted_whatever_becomes_of_them() {
    let settings = Settings { orders_per_day: Allowance::AtMost(3), ..default_settings() };
    let mut fixture = Fixture::with(settings).await;
    fixture.plug(1).await;
    let ann = fixture.customer("ann", 1_000).await;
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    for _ in 0..3 {
        let order = fixture.order(ann, uber).await;
        fixture.gateway.orders().cancel(ann, order).await.unwrap();
    }
    assert_eq!(fixture.make(ann, uber).await, MakeOrder::Limited(DayLimit::Orders));
    fixture.restart().await;
    fixture.plug(1).await;
    assert_eq!(fixture.make(ann, uber).await, MakeOrder::Limited(DayLimit::Orders));
    limit(&fixture, "ann", &[("orders_per_day", "4")]).await.unwrap();
    let order = fixture.order(ann, uber).await;
    fixture.pass(1);
    fixture.sms(1, "Uber", "code 1111").await;
    let reused = fixture.gateway.orders().reuse(ann, order).await.unwrap();
    assert_eq!(reused, Reuse::Offline, "to use a number again is an order, too");
    fixture.pass(DAY_S);
    fixture.plug(2).await;
    fixture.order(ann, uber).await;
}

#[tokio::test]
async fn terms_of_rentals_are_spent_and_renewed_all_the_same() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    fixture.plug(2).await;
    let ann = fixture.customer("ann", 10_000).await;
    limit(&fixture, "ann", &[("spend_per_day", "20.00")]).await.unwrap();
    let rentals = fixture.gateway.rentals();
    let Rent::Made(rental) = rentals.rent(ann, Some("nl"), "1m", true).await.unwrap() else {
        panic!()
    };
    assert_eq!(today(&fixture, "ann").await, (1_620, 0));
    assert_eq!(rentals.rent(ann, Some("nl"), "1m", true).await.unwrap(), Rent::Limited);
    assert_eq!(rentals.extend(ann, rental.id, "1m").await.unwrap(), Extend::Limited);
    limit(&fixture, "ann", &[("spend_per_day", "0.01")]).await.unwrap();
    fixture.pass(32 * DAY_S);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    assert_eq!(fixture.funds(ann).await, (10_000 - 2 * 1_620, 0), "no number is lost by a limit");
    assert_eq!(today(&fixture, "ann").await, (1_620, 0));
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn what_an_account_spent_on_its_day_is_verified() {
    let mut fixture = Fixture::open().await;
    fixture.plug(1).await;
    let ann = fixture.customer("ann", 500).await;
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    fixture.order(ann, uber).await;
    assert_eq!(fixture.faults().await, Vec::<String>::new());
    faulty::damage(&mut fixture, crate::store::attacks::LESS_SPENT).await;
    let fault = "account 1: what it has spent on its last day is not the sum of that day's ledger \
                 entries, or it made more orders then";
    assert_eq!(fixture.faults().await, [fault]);
}

/// A key of an account, and who asks with it.
pub(super) async fn key_of(
    fixture: &Fixture,
    account: &str,
    terms: KeyEdit,
) -> (String, Requester) {
    let accounts = fixture.gateway.accounts();
    let key = accounts.add_key(account.into(), KeyMode::Live, terms).await.unwrap().key;
    let holder = accounts.holder_of_key(key.digest()).await.unwrap().unwrap();
    (key.prefix(), Requester::new(holder, None))
}

/// What was spent today with a key.
async fn spent_with(fixture: &Fixture, prefix: &str) -> i64 {
    let accounts = fixture.gateway.accounts();
    let keys = accounts.keys(ListRequest::default()).await.unwrap();
    accounts.key_today(keys.iter().find(|key| key.prefix == prefix).unwrap()).spent.0
}

#[tokio::test]
async fn what_is_spent_with_a_key_is_limited_exactly_and_other_keys_go_on() {
    let fixture =
        Fixture::with(Settings { max_open_per_account: 1_000, ..default_settings() }).await;
    for sim in 1..=30 {
        fixture.plug(sim).await;
    }
    fixture.customer("ann", 100_000).await;
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    let terms = KeyEdit { spend_per_day: Some("5.00".into()), ..KeyEdit::default() };
    let (prefix, limited) = key_of(&fixture, "ann", terms).await;
    let (other, free) = key_of(&fixture, "ann", KeyEdit::default()).await;
    let orders = (0..64).map(|_| {
        let (gateway, by) = (fixture.gateway.clone(), limited.clone());
        tokio::spawn(async move { gateway.orders().make(by, Some(uber), "nl").await.unwrap() })
    });
    let (mut made, mut refused) = (Vec::new(), 0);
    for order in orders.collect::<Vec<_>>() {
        match order.await.unwrap() {
            MakeOrder::Made { order, .. } => made.push(order),
            MakeOrder::Limited(DayLimit::Spending) => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((made.len(), refused), (10, 54));
    assert_eq!(spent_with(&fixture, &prefix).await, 500);
    let orders = fixture.gateway.orders();
    let by_other = orders.make(free.clone(), Some(uber), "nl").await.unwrap();
    assert!(matches!(by_other, MakeOrder::Made { .. }), "{by_other:?}");
    assert_eq!((spent_with(&fixture, &other).await, today(&fixture, "ann").await.0), (50, 550));
    // Whoever gives it up, it was spent with the key that made it.
    orders.cancel(free.account, made[0]).await.unwrap();
    assert_eq!(
        (spent_with(&fixture, &prefix).await, spent_with(&fixture, &other).await),
        (450, 50)
    );
    let again = orders.make(limited.clone(), Some(uber), "nl").await.unwrap();
    assert!(matches!(again, MakeOrder::Made { .. }), "{again:?}");
    let rented = fixture.gateway.rentals().rent(limited.clone(), Some("nl"), "1m", false).await;
    assert_eq!(rented.unwrap(), Rent::Limited);
    fixture.pass(DAY_S);
    fixture.plug(40).await;
    let tomorrow = orders.make(limited, Some(uber), "nl").await.unwrap();
    assert!(matches!(tomorrow, MakeOrder::Made { .. }), "{tomorrow:?}");
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_keys_scopes_and_spending_are_changed_and_refused_in_words() {
    let mut fixture = Fixture::open().await;
    fixture.plug(1).await;
    fixture.customer("ann", 500).await;
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    let (prefix, by) = key_of(&fixture, "ann", KeyEdit::default()).await;
    let accounts = fixture.gateway.accounts();
    let scopes = |words: &[&str]| KeyEdit {
        scopes: Some(words.iter().map(|word| (*word).to_owned()).collect()),
        ..KeyEdit::default()
    };
    let spending = |text: &str| KeyEdit { spend_per_day: Some(text.into()), ..KeyEdit::default() };
    for (edit, why) in [
        (
            scopes(&["money"]),
            "no scope money; there are read, orders, rentals, webhooks, or `all` alone",
        ),
        (scopes(&[]), "a key is for something: `read`, or `all`"),
        (spending("0"), "for `read` alone; `none` is no limit"),
        (spending("-1"), "is an amount like 5.00, or `none`"),
        (spending("much"), "is an amount like 5.00, or `none`"),
    ] {
        let refused = accounts.edit_key(prefix.clone(), edit).await.unwrap_err().to_string();
        assert!(refused.contains(why), "{refused}");
    }
    let edited = accounts.edit_key(prefix.clone(), scopes(&["rentals", "read"])).await.unwrap();
    assert_eq!(edited.terms.scopes.to_string(), "read rentals");
    accounts.edit_key(prefix.clone(), spending("7.5")).await.unwrap();
    let audit = fixture.gateway.audit().rows(RowLimit::ALL).await.unwrap();
    let subject = format!(
        "key {prefix} of account ann, from: to read rentals; to: to read rentals spending 7.50 a \
         day"
    );
    assert_eq!(audit.last().unwrap().subject, subject);
    let edited = accounts.edit_key(prefix.clone(), scopes(&["all"])).await.unwrap();
    assert_eq!(edited.terms.spend_per_day, Allowance::AtMost(750), "what is not said stays");
    let edited = accounts.edit_key(prefix.clone(), spending("none")).await.unwrap();
    assert_eq!(edited.terms, crate::store::KeyTerms::default());
    fixture.gateway.orders().make(by, Some(uber), "nl").await.unwrap();
    assert_eq!(fixture.faults().await, Vec::<String>::new());
    faulty::damage(&mut fixture, crate::store::attacks::LESS_SPENT_WITH_KEY).await;
    let fault = format!(
        "key {prefix}: what was spent with it on its last day is not the sum of that day's ledger \
         entries"
    );
    assert_eq!(fixture.faults().await, [fault]);
}
