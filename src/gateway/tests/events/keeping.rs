//! How events are kept and followed, and by whom.

use super::*;
use crate::domain::event::EventSubject;
use crate::gateway::PositionExpired;
use crate::store::NotedEvent;

#[tokio::test]
async fn nobody_is_told_of_anothers() {
    let (fixture, ann, uber) = uber().await;
    fixture.plug(2).await;
    let bob = fixture.customer("bob", 500).await;
    let (of_ann, of_bob) = (fixture.order(ann, uber).await, fixture.order(bob, uber).await);
    fixture.pass(5);
    fixture.sms(1, "Uber", "code 1111").await;
    fixture.sms(2, "Uber", "code 2222").await;
    for (account, order, other) in [(ann, of_ann, "2222"), (bob, of_bob, "1111")] {
        let events = fixture.events(account).await;
        assert_eq!(events.len(), 3);
        for event in events {
            assert_eq!(event.account, account);
            assert!(event.data.starts_with(&format!(r#"{{"id":{order},"#)), "{}", event.data);
            assert!(!event.data.contains(other), "{}", event.data);
        }
    }
    let after = |id| fixture.gateway.events().after((ann, KeyMode::Live), EventId(id), 1);
    assert_eq!(after(1).await.unwrap().len(), 1, "at most as many as are wanted");
    assert_eq!(after(6).await.unwrap(), []);
}

#[tokio::test]
async fn events_go_with_the_texts_in_them_and_after_a_week() {
    let (fixture, ann, uber) = uber().await;
    fixture.order(ann, uber).await;
    fixture.pass(5);
    fixture.sms(1, "Uber", "code 1111").await;
    fixture.pass(DAY_S);
    fixture.report(1);
    let lyft = fixture.service("Lyft", &["^Lyft$"]).await;
    let order = fixture.order(ann, lyft).await;
    fixture.gateway.orders().cancel(ann, order).await.unwrap();
    fixture.pass(6 * DAY_S);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    let told = fixture.told(ann).await;
    assert_eq!(told, ["order.created", "order.canceled"], "the first ones are gone");
    let store = &fixture.gateway.0.env.store;
    store
        .write(|tx| tx.blank_text(MessageId(1)))
        .await
        .unwrap_or_else(|e: StoreError| panic!("{e}"));
    assert_eq!(fixture.told(ann).await.len(), 2, "those of another order stay");
    let (brief, ann, uber) =
        uber_with(Settings { text_kept: Duration::from_secs(1000), ..default_settings() }).await;
    brief.order(ann, uber).await;
    brief.pass(5);
    brief.sms(1, "Uber", "code 1111").await;
    brief.pass(1594);
    brief.gateway.due_work().run_due_work().await.unwrap();
    assert_eq!(brief.told(ann).await.len(), 3);
    brief.pass(1);
    brief.gateway.due_work().run_due_work().await.unwrap();
    assert_eq!(brief.told(ann).await, [""; 0]);
    assert_eq!(brief.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_position_can_be_followed_from_for_a_day() {
    let (fixture, ann, uber) = uber().await;
    let bob = fixture.customer("bob", 500).await;
    let check = async |account, id| {
        let followed = fixture.gateway.events().follow((account, KeyMode::Live), Some(EventId(id)));
        followed.await.unwrap().map(|follower| follower.position().0)
    };
    let order = fixture.order(ann, uber).await;
    fixture.gateway.orders().cancel(ann, order).await.unwrap();
    assert_eq!(check(ann, 0).await, Ok(0));
    assert_eq!(check(ann, 3).await, Err(PositionExpired), "it has not come yet");
    fixture.pass(DAY_S);
    assert_eq!(check(ann, 0).await, Ok(0));
    fixture.pass(1);
    assert_eq!(check(ann, 0).await, Err(PositionExpired));
    assert_eq!(check(ann, 1).await, Err(PositionExpired));
    assert_eq!(check(ann, 2).await, Ok(2));
    assert_eq!(check(bob, 0).await, Ok(0), "he has missed nothing");
    fixture.pass(7 * DAY_S);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    assert_eq!(check(bob, 1).await, Err(PositionExpired), "that is not known any more");
    assert_eq!(check(bob, 2).await, Ok(2));
    fixture.report(1);
    fixture.order(ann, uber).await;
    assert_eq!(fixture.events(ann).await[0].id, EventId(3), "none is used again");
}

#[tokio::test]
async fn who_follows_is_given_each_event_as_it_comes_and_no_others() {
    let (fixture, ann, uber) = uber().await;
    fixture.plug(2).await;
    let bob = fixture.customer("bob", 500).await;
    let events = fixture.gateway.events();
    fixture.order(ann, uber).await;
    let mut follower = events.follow((ann, KeyMode::Live), None).await.unwrap().unwrap();
    assert_eq!(follower.position(), EventId(1), "from now on");
    let of_bob = fixture.order(bob, uber).await;
    let coming = async {
        fixture.gateway.orders().cancel(bob, of_bob).await.unwrap();
        fixture.pass(5);
        fixture.sms(1, "Uber", "code 0183").await;
    };
    let (next, ()) = tokio::join!(follower.next(), coming);
    let kinds: Vec<_> = next.unwrap().iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::OrderMessage, EventKind::OrderCompleted]);
    let nothing = tokio::time::timeout(Duration::ZERO, follower.next()).await;
    assert!(nothing.is_err() && follower.position() == EventId(5));
    let mut again = events.follow((ann, KeyMode::Live), Some(EventId(0))).await.unwrap().unwrap();
    assert_eq!(again.next().await.unwrap().len(), 3, "what was there");
    let waiting = async {
        let (next, made) = tokio::join!(again.next(), fixture.make(ann, uber));
        (next.unwrap(), made)
    };
    fixture.plug(3).await;
    let (next, made) = waiting.await;
    assert_eq!(next[0].kind, EventKind::OrderCreated, "{made:?}");
}

#[tokio::test]
async fn what_is_undone_is_not_told() {
    let (fixture, ann, uber) = uber().await;
    let order = fixture.order(ann, uber).await;
    let events = Arc::clone(fixture.gateway.events());
    let newest = events.subscribe();
    let note = move |tx: &crate::store::WriteTx<'_>, kind| {
        let subject = EventSubject::Order(order);
        events.note(tx, NotedEvent::new(ann, kind, subject, Timestamp(1)));
    };
    let store = fixture.gateway.0.env.store.clone();
    let noting = note.clone();
    let failed = store.write(move |tx| {
        noting(tx, EventKind::OrderCanceled);
        Err::<(), _>(StoreError::Locked)
    });
    failed.await.unwrap_err();
    assert_eq!((fixture.told(ann).await.len(), *newest.borrow()), (1, EventId(1)));
    let partly = store.write(move |tx| {
        let part = tx.attempt(|tx| {
            note(tx, EventKind::OrderCanceled);
            Err::<(), _>(StoreError::Locked)
        })?;
        assert!(part.is_err());
        note(tx, EventKind::OrderSkipped);
        Ok::<_, StoreError>(())
    });
    partly.await.unwrap();
    assert_eq!(fixture.told(ann).await, ["order.created", "order.skipped"]);
}
