//! Somebody who follows the events of all accounts, and at the end finds everything told that has
//! happened.

use std::collections::HashMap;

use super::*;
use crate::domain::event::EventSubject;
use crate::domain::rental::RentalState;
use crate::store::{ListFilter, MessageFilter};

/// What was read of the events until now.
#[derive(Default)]
pub(in crate::gateway::tests) struct Follower {
    /// The id of the last event.
    position: i64,
    told: HashMap<EventSubject, Vec<EventKind>>,
    /// Of each message what was told of it.
    messages: HashMap<i64, Vec<EventKind>>,
}

impl Follower {
    /// Reads on.
    pub(in crate::gateway::tests) async fn read(
        &mut self,
        fixture: &Fixture,
        accounts: &[AccountId],
    ) {
        let mut new = Vec::new();
        for account in accounts {
            let events = fixture.events(*account).await.into_iter();
            new.extend(events.filter(|event| event.id.0 > self.position));
        }
        new.sort_by_key(|event| event.id);
        for event in new {
            self.position = event.id.0;
            self.told.entry(event.subject).or_default().push(event.kind);
            let data: Value = serde_json::from_str(&event.data).unwrap();
            if let Some(message) = data["message"]["id"].as_i64() {
                self.messages.entry(message).or_default().push(event.kind);
            }
        }
    }

    fn of(&self, subject: EventSubject) -> &[EventKind] {
        self.told.get(&subject).map_or(&[], Vec::as_slice)
    }

    /// Checks that each order, rental and message that there is was told as it is now.
    pub(in crate::gateway::tests) async fn check(&self, fixture: &Fixture) {
        let store = &fixture.gateway.0.env.store;
        let all = ListFilter::newest(RowLimit::ALL);
        let read = store.read(move |rows| {
            let messages = rows.messages(MessageFilter::Newest(RowLimit::ALL))?;
            Ok::<_, StoreError>((rows.orders(&all)?, rows.rentals(&all)?, messages))
        });
        let (orders, rentals, messages) = read.await.unwrap();
        for order in &orders {
            let told = self.of(EventSubject::Order(order.id));
            assert_eq!(told.first(), Some(&EventKind::OrderCreated), "{order:?}");
            let ends: Vec<_> = told.iter().copied().filter(|kind| kind.is_end()).collect();
            assert_eq!(ends, Vec::from_iter(order.end_event()), "{order:?}: {told:?}");
        }
        for rental in &rentals {
            let told = self.of(EventSubject::Rental(rental.id));
            assert_eq!(told.first(), Some(&EventKind::RentalStarted), "{rental:?}");
            let count = |kind| told.iter().filter(|told| **told == kind).count();
            let terms = 1 + count(EventKind::RentalRenewed);
            assert!(terms >= usize::try_from(rental.terms).unwrap(), "{rental:?}: {told:?}");
            let course =
                [EventKind::RentalStarted, EventKind::RentalRenewed, EventKind::RentalEnded];
            let last = told.iter().rfind(|kind| course.contains(kind));
            let has_ended = rental.state != RentalState::Active;
            assert_eq!(last == Some(&EventKind::RentalEnded), has_ended, "{rental:?}: {told:?}");
        }
        for message in messages.iter().filter(|message| message.withheld.is_none()) {
            let expected = match (message.order, message.rental) {
                (Some(_), _) => EventKind::OrderMessage,
                (None, Some(_)) => EventKind::RentalMessage,
                (None, None) => continue,
            };
            let told = self.messages.get(&message.id.0).map_or(&[][..], Vec::as_slice);
            let count = told.iter().filter(|kind| **kind == expected).count();
            assert_eq!(count, 1, "{message:?}: {told:?}");
        }
    }
}
