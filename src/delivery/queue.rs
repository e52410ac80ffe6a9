//! Which events of an endpoint are under way, and which comes next.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::domain::EventId;
use crate::domain::event::EventSubject;
use crate::gateway::{Undelivered, Work};

/// With so many events in memory that were not sent yet, no more are read.
const MOST_FRESH: usize = 64;

/// An event that is being sent.
#[derive(Debug, Clone, Copy)]
struct UnderWay {
    subject: EventSubject,
    is_fresh: bool,
}

/// The events of one endpoint. Of an order or a rental, one is under way at a time, and they are
/// sent in their order.
#[derive(Debug)]
pub(super) struct Queue {
    /// Up to here all events were read.
    read_to: EventId,
    under_way: BTreeMap<EventId, UnderWay>,
    due: VecDeque<Undelivered>,
    /// Those that were not sent yet, oldest first.
    fresh: VecDeque<Undelivered>,
    /// Whether it is the turn of what is sent again. What is new is often urgent, and what has
    /// failed must come to its end too: they take turns.
    is_turn_of_due: bool,
}

/// Whether the events of a subject are sent in order.
fn is_ordered(subject: EventSubject) -> bool {
    match subject {
        EventSubject::Order(_) | EventSubject::Rental(_) => true,
        EventSubject::Account | EventSubject::Endpoint => false,
    }
}

impl Queue {
    /// A queue of the events after this one.
    pub(super) fn after(position: EventId) -> Queue {
        Queue {
            read_to: position,
            under_way: BTreeMap::new(),
            due: VecDeque::new(),
            fresh: VecDeque::new(),
            is_turn_of_due: false,
        }
    }

    /// After which event to read on; `None` while enough was read.
    pub(super) fn reads_after(&self) -> Option<EventId> {
        (self.fresh.len() < MOST_FRESH).then_some(self.read_to)
    }

    /// The events that are under way.
    pub(super) fn under_way(&self) -> BTreeSet<EventId> {
        self.under_way.keys().copied().collect()
    }

    /// How many events are under way.
    pub(super) fn count_under_way(&self) -> usize {
        self.under_way.len()
    }

    /// Whether nothing is under way and nothing comes next.
    pub(super) fn is_empty(&self) -> bool {
        self.under_way.is_empty() && self.due.is_empty() && self.fresh.is_empty()
    }

    /// Takes what was read. Answers the events that have to wait for earlier ones.
    pub(super) fn add(&mut self, work: Work) -> Vec<EventId> {
        self.due = work.due.into();
        self.due.retain(|event| !self.under_way.contains_key(&event.event));
        self.read_to = self.read_to.max(work.read_to);
        let (held, fresh): (Vec<_>, Vec<_>) =
            work.fresh.into_iter().partition(|event| event.is_held);
        self.fresh.extend(fresh);
        held.into_iter().map(|event| event.event).collect()
    }

    /// The next event to send, which is under way from now on.
    pub(super) fn begin_next(&mut self) -> Option<EventId> {
        let is_due = self.is_turn_of_due;
        self.is_turn_of_due = !is_due;
        let first = if is_due { self.next_due() } else { self.next_fresh() };
        first.or_else(|| if is_due { self.next_fresh() } else { self.next_due() })
    }

    fn next_due(&mut self) -> Option<EventId> {
        let Undelivered { event, subject, .. } = self.due.pop_front()?;
        self.under_way.insert(event, UnderWay { subject, is_fresh: false });
        Some(event)
    }

    /// The first of those that were not sent yet that has no earlier one of its subject before it.
    fn next_fresh(&mut self) -> Option<EventId> {
        let busy: Vec<EventSubject> = self.under_way.values().map(|it| it.subject).collect();
        let is_free =
            |event: &Undelivered| !is_ordered(event.subject) || !busy.contains(&event.subject);
        let place = self.fresh.iter().position(is_free)?;
        let Undelivered { event, subject, .. } = self.fresh.remove(place)?;
        self.under_way.insert(event, UnderWay { subject, is_fresh: true });
        Some(event)
    }

    /// An event is not under way any more.
    pub(super) fn finish(&mut self, event: EventId) {
        self.under_way.remove(&event);
    }

    /// The events that are to be sent after one of the same order or rental.
    pub(super) fn behind(&self, event: EventId) -> Vec<EventId> {
        let Some(UnderWay { subject, .. }) = self.under_way.get(&event).copied() else {
            return Vec::new();
        };
        let is_behind = |later: &&Undelivered| is_ordered(subject) && later.subject == subject;
        self.fresh.iter().filter(is_behind).map(|later| later.event).collect()
    }

    /// These events wait elsewhere from now on.
    pub(super) fn forget(&mut self, events: &[EventId]) {
        self.fresh.retain(|event| !events.contains(&event.event));
    }

    /// The event up to which all are out of here, if this one is.
    pub(super) fn position_without(&self, finished: Option<EventId>) -> EventId {
        let under_way = self.under_way.iter().filter(|(_, it)| it.is_fresh).map(|(id, _)| *id);
        let unsent = under_way.chain(self.fresh.iter().map(|event| event.event));
        let first = unsent.filter(|event| Some(*event) != finished).min();
        first.map_or(self.read_to, |first| EventId(first.0.saturating_sub(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::OrderId;
    use crate::domain::event::EventKind;

    /// An event of an order; of none for order 0.
    fn event(id: i64, order: i64) -> Undelivered {
        let subject = match order {
            0 => EventSubject::Account,
            order => EventSubject::Order(OrderId(order)),
        };
        let kind = EventKind::OrderMessage;
        Undelivered { event: EventId(id), kind, subject, is_held: false }
    }

    fn work(due: &[Undelivered], fresh: &[Undelivered], read_to: i64) -> Work {
        Work {
            due: due.to_vec(),
            fresh: fresh.to_vec(),
            read_to: EventId(read_to),
            next_at: None,
            is_more: false,
            is_failing: false,
        }
    }

    fn all(queue: &mut Queue) -> Vec<i64> {
        std::iter::from_fn(|| queue.begin_next().map(|event| event.0)).collect()
    }

    #[test]
    fn of_one_order_one_event_is_under_way_and_the_others_follow_in_their_order() {
        let mut queue = Queue::after(EventId(10));
        let fresh = [event(11, 1), event(12, 2), event(13, 1), event(14, 0), event(15, 0)];
        assert_eq!(queue.add(work(&[], &fresh, 20)), []);
        assert_eq!(all(&mut queue), [11, 12, 14, 15]);
        assert_eq!(queue.behind(EventId(11)), [EventId(13)]);
        assert_eq!((queue.behind(EventId(12)), queue.behind(EventId(14))), (vec![], vec![]));
        assert_eq!(queue.position_without(None), EventId(10));
        assert_eq!(queue.position_without(Some(EventId(11))), EventId(11));
        queue.finish(EventId(11));
        assert_eq!(all(&mut queue), [13]);
        for done in [12, 13, 14] {
            queue.finish(EventId(done));
        }
        assert_eq!(queue.position_without(None), EventId(14), "15 is under way");
        queue.finish(EventId(15));
        assert!(queue.is_empty());
        assert_eq!(queue.position_without(None), EventId(20));
    }

    #[test]
    fn what_is_behind_a_failed_one_waits_elsewhere() {
        let mut queue = Queue::after(EventId(0));
        let held = Undelivered { is_held: true, ..event(3, 7) };
        let read = work(&[], &[event(1, 1), event(2, 1), held], 3);
        assert_eq!(queue.add(read), [EventId(3)]);
        assert_eq!(all(&mut queue), [1]);
        let behind = queue.behind(EventId(1));
        queue.finish(EventId(1));
        queue.forget(&behind);
        assert!(queue.is_empty());
        assert_eq!(queue.position_without(None), EventId(3));
    }

    #[test]
    fn what_is_new_and_what_is_sent_again_take_turns() {
        let mut queue = Queue::after(EventId(9));
        let due = [event(1, 1), event(2, 2), event(3, 3)];
        let fresh = [event(10, 10), event(11, 11)];
        queue.add(work(&due, &fresh, 11));
        assert_eq!(all(&mut queue), [10, 1, 11, 2, 3]);
        assert_eq!(queue.position_without(None), EventId(9), "only new ones hold it back");
        queue.add(work(&due, &[], 11));
        assert_eq!(queue.begin_next(), None, "they are under way");
    }

    #[test]
    fn only_so_many_are_in_memory() {
        let mut queue = Queue::after(EventId(0));
        let many: Vec<_> = (1..=64).map(|id| event(id, 1)).collect();
        queue.add(work(&[], &many, 64));
        assert_eq!(queue.reads_after(), None);
        queue.begin_next();
        assert_eq!(queue.reads_after(), Some(EventId(64)));
    }
}
