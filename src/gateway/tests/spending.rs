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
