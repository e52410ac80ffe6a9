//! The open streams of pages. A browser opens six connections to a host, so a session has at most
//! four streams: the tab that was opened or looked at last has one, and those that have none ask
//! now and then.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::domain::SessionId;

/// How many streams a session has. One more ends the oldest.
const OF_SESSION: usize = 4;
/// How many there are in all. Beyond, pages ask.
const IN_ALL: usize = 200;

/// The streams that are open. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Streams(Arc<Mutex<Open>>);

#[derive(Debug, Default)]
struct Open {
    count: usize,
    next: u64,
    by_session: HashMap<SessionId, VecDeque<(u64, CancellationToken)>>,
}

/// The place of one stream, until it is dropped.
#[derive(Debug)]
pub(super) struct StreamPlace {
    streams: Streams,
    session: SessionId,
    number: u64,
    /// Cancelled when another tab's stream takes its place.
    pub(super) yielded: CancellationToken,
}

impl Streams {
    /// A place for another stream of a session; `None` if there are too many in all.
    pub(super) fn enter(&self, session: SessionId) -> Option<StreamPlace> {
        let mut open = self.0.lock();
        let own = open.by_session.get(&session).map_or(0, VecDeque::len);
        if open.count >= IN_ALL && own < OF_SESSION {
            return None;
        }
        open.next = open.next.wrapping_add(1);
        let (number, yielded) = (open.next, CancellationToken::new());
        let places = open.by_session.entry(session).or_default();
        places.push_back((number, yielded.clone()));
        let oldest = if places.len() > OF_SESSION { places.pop_front() } else { None };
        match oldest {
            Some((_, oldest)) => oldest.cancel(),
            None => open.count += 1,
        }
        Some(StreamPlace { streams: self.clone(), session, number, yielded })
    }

    /// How many are open.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.0.lock().count
    }
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        let mut open = self.streams.0.lock();
        let Some(places) = open.by_session.get_mut(&self.session) else { return };
        let before = places.len();
        places.retain(|(number, _)| *number != self.number);
        let (left, is_empty) = (before - places.len(), places.is_empty());
        if is_empty {
            open.by_session.remove(&self.session);
        }
        open.count -= left;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fifth_stream_of_a_session_takes_the_place_of_the_oldest() {
        let (streams, session) = (Streams::default(), SessionId(1));
        let mut places: Vec<_> = (0..OF_SESSION).map(|_| streams.enter(session).unwrap()).collect();
        assert!(places.iter().all(|place| !place.yielded.is_cancelled()));
        let other = streams.enter(SessionId(2)).unwrap();
        places.push(streams.enter(session).unwrap());
        let yielded: Vec<bool> = places.iter().map(|place| place.yielded.is_cancelled()).collect();
        assert_eq!(yielded, [true, false, false, false, false]);
        assert_eq!(streams.count(), OF_SESSION + 1);
        places.clear();
        assert_eq!(streams.count(), 1);
        drop(other);
        assert!(streams.0.lock().by_session.is_empty());
    }

    #[test]
    fn there_are_so_many_in_all() {
        let streams = Streams::default();
        let places: Vec<_> = (0..i64::try_from(IN_ALL).unwrap())
            .map(|session| streams.enter(SessionId(session)).unwrap())
            .collect();
        assert!(streams.enter(SessionId(-1)).is_none());
        drop(places);
        assert!(streams.enter(SessionId(-1)).is_some());
        assert_eq!(streams.count(), 0);
    }
}
