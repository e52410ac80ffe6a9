//! What tenants are told of their rentals.

use super::*;
use crate::domain::bank::{PlannedSwitch, SwitchReason};
use crate::domain::{Rental, RentalId};

/// SIM 1, which Ann has rented for a month.
async fn rented(cents: i64, auto_renew: bool) -> (Fixture, AccountId, Rental) {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let ann = fixture.customer("ann", cents).await;
    let rented = fixture.gateway.rentals().rent(ann, Some("nl"), "1m", auto_renew).await.unwrap();
    let Rent::Made(rental) = rented else { panic!("{rented:?}") };
    (fixture, ann, rental)
}

/// The id of the last event that was looked at.
struct News(i64);

impl News {
    /// Compares it with what it should be, without `rental.`, and answers what it shows.
    async fn assert(
        &mut self,
        fixture: &Fixture,
        account: AccountId,
        kinds: &[&str],
    ) -> Vec<Value> {
        let events = fixture.events(account).await.into_iter();
        let new: Vec<Event> = events.filter(|event| event.id.0 > self.0).collect();
        self.0 = new.last().map_or(self.0, |event| event.id.0);
        let told: Vec<_> =
            new.iter().map(|event| event.kind.as_str().trim_start_matches("rental.")).collect();
        assert_eq!(told, kinds);
        new.iter().map(|event| serde_json::from_str(&event.data).unwrap()).collect()
    }
}

async fn run_at(fixture: &Fixture, at: Timestamp) {
    fixture.clock.store(at.0, Ordering::SeqCst);
    fixture.gateway.due_work().run_due_work().await.unwrap();
}

#[tokio::test]
async fn a_rental_is_told_from_its_beginning_to_its_end() {
    let (fixture, ann, rental) = rented(4_860, true).await;
    let start = json!({
        "id": 1, "state": "active", "number": "+31612000001", "national": "0612000001",
        "country": "NL", "package": "1m", "renewal_package": "1m", "auto_renew": true,
        "price": "16.20", "currency": "USD", "started_at": rental.started_at.to_string(),
        "expires_at": rental.expires_at.to_string(), "grace_until": null, "on_air": true,
        "last_seen_at": rental.started_at.to_string(), "next_visit_at": null, "message": null
    });
    assert_eq!(serde_json::to_string(&fixture.shown(ann).await[0]).unwrap(), start.to_string());
    let mut news = News(1);
    fixture.pass(5);
    fixture.sms(1, "Friend", "hello").await;
    let extended = fixture.gateway.rentals().extend(ann, rental.id, "1m").await.unwrap();
    assert!(matches!(extended, Extend::Extended(_)), "{extended:?}");
    let longer = fixture.gateway.rentals().give_days(rental.id, 3, "sorry".into()).await.unwrap();
    news.assert(&fixture, ann, &["message", "renewed", "renewed"]).await;
    let end = longer.rental.expires_at;
    let before_end = |seconds: i64| end.minus(Duration::from_secs(seconds.unsigned_abs()));
    for (seconds, told) in
        [(7 * DAY_S, &["expiring"][..]), (7 * DAY_S - 60, &[]), (2 * DAY_S, &["expiring"])]
    {
        run_at(&fixture, before_end(seconds)).await;
        let shown = news.assert(&fixture, ann, told).await;
        let says_so =
            |data: &Value| data["expires_at"] == end.to_string() && data["auto_renew"] == true;
        assert!(shown.iter().all(says_so), "{shown:?}");
    }
    fixture.report(1);
    run_at(&fixture, end).await;
    news.assert(&fixture, ann, &["renewed"]).await;
    // There is nothing left for another term.
    let end = fixture.gateway.rentals().view(ann, rental.id).await.unwrap().unwrap();
    let end = end.rental.expires_at;
    run_at(&fixture, end).await;
    let ended = news.assert(&fixture, ann, &["renewal_failed", "ended"]).await;
    let ended = &ended[1];
    assert_eq!((&ended["state"], &ended["price"]), (&json!("grace"), &json!("16.20")));
    let grace_until = end.plus(Duration::from_secs(14 * 24 * 3600));
    assert_eq!(ended["grace_until"], grace_until.to_string());
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn what_the_operator_does_to_a_rental_and_its_sim_is_told() {
    let (fixture, ann, rental) = rented(5_000, false).await;
    let rentals = fixture.gateway.rentals();
    fixture.silence(1);
    for seconds in [59, 1, 60] {
        fixture.pass(seconds);
        rentals.watch_outages().await.unwrap();
    }
    fixture.report(1);
    rentals.watch_outages().await.unwrap();
    fixture.plug(2).await;
    rentals.move_to(rental.id, iccid(2)).await.unwrap();
    let shown = fixture.shown(ann).await;
    let seen: Vec<_> = shown.iter().map(|data| (&data["on_air"], &data["number"])).collect();
    let (there, gone) = (json!(true), json!(false));
    let (first, second) = (json!("+31612000001"), json!("+31612000002"));
    assert_eq!(seen, [(&there, &first), (&gone, &first), (&there, &first), (&there, &second)]);
    assert_eq!(shown[1]["last_seen_at"], shown[0]["started_at"]);
    fixture.pass(5);
    rentals.end_for_operator(rental.id, EndRefund::Nothing, "a test".into()).await.unwrap();
    assert_eq!(
        fixture.told(ann).await,
        [
            "rental.started",
            "rental.sim_off_air",
            "rental.sim_on_air",
            "rental.sim_on_air",
            "rental.ended"
        ]
    );
    assert_eq!(fixture.shown(ann).await[4]["state"], "ended", "for good");
}

#[tokio::test]
async fn a_revived_rental_is_told_what_came_meanwhile() {
    let (fixture, ann, rental) = rented(5_000, false).await;
    run_at(&fixture, rental.expires_at).await;
    fixture.pass(DAY_S);
    fixture.sms(1, "Friend", "one").await;
    fixture.pass(DAY_S);
    fixture.sms(1, "Friend", "two").await;
    assert_eq!(fixture.told(ann).await, ["rental.ended"], "shown only on revival");
    fixture.gateway.inbox().revive(rental.id).await.unwrap();
    let told = fixture.told(ann).await;
    assert_eq!(told, ["rental.ended", "rental.renewed", "rental.message", "rental.message"]);
    let shown = fixture.shown(ann).await;
    let texts: Vec<_> = shown.iter().map(|data| &data["message"]["text"]).collect();
    assert_eq!(texts, [&Value::Null, &Value::Null, &json!("one"), &json!("two")]);
}

#[tokio::test]
async fn a_notice_is_given_once_whatever_restarts_and_not_for_what_is_over() {
    let (mut fixture, ann, rental) = rented(5_000, false).await;
    let end = rental.expires_at;
    fixture.clock.store(end.0 - 3 * DAY_S * SECOND_US, Ordering::SeqCst);
    for _ in 0..2 {
        fixture.restart().await;
        fixture.gateway.due_work().run_overdue_deadlines().await.unwrap();
    }
    assert_eq!(fixture.told(ann).await, ["rental.started", "rental.expiring"]);
    // The daemon is not there two days before the end, and comes back after it.
    fixture.clock.store(end.0 + DAY_S * SECOND_US, Ordering::SeqCst);
    fixture.restart().await;
    fixture.gateway.due_work().run_overdue_deadlines().await.unwrap();
    let told = fixture.told(ann).await;
    assert_eq!(told, ["rental.started", "rental.expiring", "rental.ended"]);
}

#[tokio::test]
async fn a_rental_of_a_parked_sim_tells_when_that_is_on_the_air_next() {
    let fixture = Fixture::open().await;
    let mut bank = fixture.bank(1, 1).await;
    let at = |seconds: i64| Timestamp(START_US + seconds * SECOND_US);
    let ann = fixture.customer("ann", 5_000).await;
    let mut news = News(0);
    fixture.pass(60);
    bank.report.slots[0].visit_due = Some(at(7200));
    bank.report_to(&fixture);
    fixture.gateway.rentals().rent(ann, Some("nl"), "1m", false).await.unwrap();
    let planned = PlannedSwitch { slot: 0, reason: SwitchReason::Tenant, not_before: at(90) };
    let give_day = || fixture.gateway.rentals().give_days(RentalId(1), 1, "a test".into());
    let mut shown = news.assert(&fixture, ann, &["started"]).await;
    bank.report.radios[0].next = Some(planned);
    bank.report_to(&fixture);
    give_day().await.unwrap();
    fixture.pass(60);
    give_day().await.unwrap();
    shown.extend(news.assert(&fixture, ann, &["renewed", "renewed"]).await);
    let next: Vec<_> = shown.iter().map(|data| data["next_visit_at"].clone()).collect();
    let expected = [7200, 90, 120].map(|seconds| json!(at(seconds).to_string()));
    assert_eq!(next, expected, "what is due comes at once");
    let seen = json!(at(0).to_string());
    let parked = |data: &Value| data["on_air"] == false && data["last_seen_at"] == seen;
    assert!(shown.iter().all(parked), "{shown:?}");
}
