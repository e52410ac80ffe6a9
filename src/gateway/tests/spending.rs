//! What a customer spends in a day.

use super::*;

const DAY: i64 = 24 * 3600;

#[tokio::test]
async fn a_customers_days_have_what_was_charged_and_given_back() {
    let fixture = Fixture::open().await;
    for n in 1..=3 {
        fixture.plug(n).await;
    }
    let (ann, bob) = (fixture.customer("ann", 500).await, fixture.customer("bob", 500).await);
    let uber = fixture.service("Uber", &["Uber"]).await;
    for account in [ann, bob, ann] {
        let order = fixture.order(account, uber).await;
        fixture.pass(1);
        for n in 1..=3 {
            fixture.sms(n, "Uber", "code 1234").await;
        }
        assert!(matches!(fixture.state(order).await, OrderState::Completed { .. }));
        fixture.pass(DAY);
        for n in 1..=3 {
            fixture.report(n);
        }
    }
    let spending = fixture.gateway.accounts().own_spending(ann, 5).await.unwrap();
    let days: Vec<_> = spending.days.iter().map(|day| (day.spent.0, day.codes)).collect();
    assert_eq!(days, [(0, 0), (50, 1), (0, 0), (50, 1), (0, 0)]);
    assert!(spending.is_complete);
    let today = spending.days.last().unwrap().day;
    assert_eq!(today.0 % (DAY * SECOND_US), 0);
    assert!(fixture.gateway.now().since(today) < Duration::from_secs(24 * 3600));
    let asked = fixture.gateway.accounts().spending("ann".to_owned(), 5).await.unwrap();
    assert_eq!(asked, spending);
    let one = fixture.gateway.accounts().own_spending(bob, 1).await.unwrap();
    assert_eq!(one.days.len(), 1);
    assert!(fixture.gateway.accounts().spending("zoe".to_owned(), 5).await.is_err());
}

#[tokio::test]
async fn days_that_are_over_are_read_once_and_today_each_time() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let ann = fixture.customer("ann", 500).await;
    let mut services = Vec::new();
    for name in ["Uber", "Lyft", "Bolt"] {
        services.push(fixture.service(name, &[name]).await);
    }
    let spent = async || {
        let spending = fixture.gateway.accounts().own_spending(ann, 3).await.unwrap();
        spending.days.iter().map(|day| (day.spent.0, day.codes)).collect::<Vec<_>>()
    };
    let buy = async |service: ServiceId, sender: &str| {
        fixture.report(1);
        fixture.order(ann, service).await;
        fixture.pass(1);
        fixture.sms(1, sender, "code 1234").await;
    };
    buy(services[0], "Uber").await;
    assert_eq!(spent().await, [(0, 0), (0, 0), (50, 1)]);
    fixture.pass(DAY);
    assert_eq!(spent().await, [(0, 0), (50, 1), (0, 0)]);
    buy(services[1], "Lyft").await;
    assert_eq!(spent().await, [(0, 0), (50, 1), (50, 1)], "today is read anew");
    fixture.pass(DAY);
    buy(services[2], "Bolt").await;
    assert_eq!(spent().await, [(50, 1), (50, 1), (50, 1)]);
    assert_eq!(spent().await, [(50, 1), (50, 1), (50, 1)]);
}
