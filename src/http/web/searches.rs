//! What people look for in lists: numbers and words of texts. These must not stand in an address,
//! which proxies log and browsers remember. So a page's filters that have such fields are sent by
//! POST, and the address of the list has a reference to what they said, which means something only
//! to the session that asked, and only for some hours.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use parking_lot::Mutex;

use super::query::Query;
use super::route::Route;
use super::visit::Place;
use super::{Fault, Faults, Form, Site, Visit, Visitor, responses};
use crate::domain::{SessionId, Timestamp};

/// The name of a reference in the query.
pub(super) const REFERENCE: &str = "search";
/// For how long a search is known: as long as an operator's session may rest.
const KNOWN_FOR: Duration = Duration::from_secs(12 * 3600);
/// How many searches of a session are known, and of all sessions together. The oldest is forgotten.
const MOST_OF_A_SESSION: usize = 50;
const MOST: usize = 10_000;
/// The most characters that are looked for.
pub(super) const LONGEST_WORD: usize = 256;
/// What the list says when its address has a reference that is not known any more, or what must
/// not stand in an address.
const ASK_AGAIN: &str = "What was looked for is not known any more, so everything is listed. \
    Write it into the form again.";

/// Names and values of filters.
type Words = Vec<(String, String)>;

#[derive(Debug)]
struct Search {
    session: SessionId,
    reference: String,
    asked_at: Timestamp,
    words: Words,
}

/// The searches of all sessions, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Searches(Mutex<VecDeque<Search>>);

impl Searches {
    /// Keeps what a session looks for under a reference.
    fn keep(&self, session: SessionId, reference: &str, words: Words, asked_at: Timestamp) {
        let mut searches = self.0.lock();
        searches.retain(|search| asked_at.since(search.asked_at) < KNOWN_FOR);
        let is_own = |search: &Search| search.session == session;
        if searches.iter().filter(|search| is_own(search)).count() >= MOST_OF_A_SESSION
            && let Some(oldest) = searches.iter().position(is_own)
        {
            searches.remove(oldest);
        }
        if searches.len() >= MOST {
            searches.pop_front();
        }
        searches.push_back(Search { session, reference: reference.to_owned(), asked_at, words });
    }

    /// What a session looks for with a reference, while that is known.
    fn words(&self, session: SessionId, reference: &str, now: Timestamp) -> Option<Words> {
        let searches = self.0.lock();
        let is_meant =
            |search: &&Search| search.session == session && search.reference == reference;
        let search = searches.iter().find(is_meant)?;
        (now.since(search.asked_at) < KNOWN_FOR).then(|| search.words.clone())
    }
}

impl<P: Visitor> Site<P> {
    /// Takes the filters of a list that were sent as a form. The browser goes on to the list.
    pub(super) async fn begin_search(
        &self,
        visit: &Visit<P>,
        route: &Route<P>,
        request: Request<Body>,
    ) -> Result<Response, Fault> {
        let form = Form::read(request).await?;
        let fields = form.resent_fields().map(|(name, value)| (name, value.trim()));
        let fields: Vec<(&str, &str)> = fields.filter(|(_, value)| !value.is_empty()).collect();
        let (words, open): (Vec<_>, Vec<_>) =
            fields.iter().copied().partition(|(name, _)| route.private.contains(name));
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let words: Words = words.into_iter().map(owned).collect();
        if let Err(Fault::Form(faults)) = check_length(&fields) {
            return self.show_without(&visit.searching(route, words, &open), route, faults).await;
        }
        let mut changes: Vec<(&str, Option<&str>)> =
            open.into_iter().map(|(name, value)| (name, Some(value))).collect();
        if !words.is_empty() {
            // The id of the request is no other's, also after the daemon was started again.
            let reference = visit.place.view.as_str();
            let session = visit.person.session().session;
            self.searches.keep(session, reference, words, visit.now);
            changes.push((REFERENCE, Some(reference)));
        }
        let address = Query::default().with(&changes).behind(visit.path());
        Ok(responses::see_other(&address))
    }

    /// The visit with what its address refers to; `None` if that is not known any more.
    pub(super) fn with_search(&self, visit: &Visit<P>, route: &Route<P>) -> Option<Visit<P>> {
        let mut query = visit.place.query.clone();
        if route.private.iter().any(|name| query.get(name).is_some()) {
            return None;
        }
        if let Some(reference) = query.get(REFERENCE).filter(|_| !route.private.is_empty()) {
            let session = visit.person.session().session;
            let words = self.searches.words(session, reference, visit.now)?;
            query = query.with_unseen(words);
        }
        let place = Place { query, private: route.private, ..(*visit.place).clone() };
        Some(Visit { place: Arc::new(place), ..visit.clone() })
    }

    /// Shows the whole list in place of one that was looked for in a way that is not known.
    pub(super) fn forget_search(&self, visit: &Visit<P>, route: &Route<P>) -> Response {
        let names = route.private.iter().copied().chain([REFERENCE]);
        let without: Vec<(&str, Option<&str>)> = names.map(|name| (name, None)).collect();
        let address = visit.address_with(&without);
        self.lines.leave(visit.person.session().session, &address, ASK_AGAIN.to_owned());
        responses::see_other(&address)
    }
}

/// Refuses words that are longer than any that could be found.
fn check_length(fields: &[(&str, &str)]) -> Result<(), Fault> {
    let mut faults = Faults::new();
    for (name, _) in fields.iter().filter(|(_, value)| value.chars().count() > LONGEST_WORD) {
        faults.add(name, format!("Nothing longer than {LONGEST_WORD} characters is looked for."));
    }
    faults.result()
}

impl<P: Visitor> Visit<P> {
    /// The visit with these filters, of which the words must not stand in an address.
    fn searching(&self, route: &Route<P>, words: Words, open: &[(&str, &str)]) -> Visit<P> {
        let open: Vec<(&str, Option<&str>)> =
            open.iter().map(|(name, value)| (*name, Some(*value))).collect();
        let query = Query::default().with(&open).with_unseen(words);
        let place = Place { query, private: route.private, ..(*self.place).clone() };
        Visit { place: Arc::new(place), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(word: &str) -> Words {
        vec![("text".to_owned(), word.to_owned())]
    }

    #[test]
    fn a_search_is_known_to_its_session_for_twelve_hours() {
        let (searches, one, begin) = (Searches::default(), SessionId(1), Timestamp(0));
        searches.keep(one, "a-1", words("code"), begin);
        let hours = |hours: u64| begin.plus(Duration::from_secs(hours * 3600));
        assert_eq!(searches.words(one, "a-1", hours(11)), Some(words("code")));
        assert_eq!(searches.words(SessionId(2), "a-1", begin), None);
        assert_eq!(searches.words(one, "a-2", begin), None);
        assert_eq!(searches.words(one, "a-1", hours(12)), None);
    }

    #[test]
    fn a_session_keeps_so_many_searches_and_takes_nobody_elses_place() {
        let (searches, one, other) = (Searches::default(), SessionId(1), SessionId(2));
        searches.keep(other, "b", words("other"), Timestamp(0));
        for count in 0..=MOST_OF_A_SESSION {
            searches.keep(one, &format!("a-{count}"), words("code"), Timestamp(0));
        }
        assert_eq!(searches.words(one, "a-0", Timestamp(0)), None);
        assert!(searches.words(one, "a-1", Timestamp(0)).is_some());
        assert!(searches.words(other, "b", Timestamp(0)).is_some());
    }
}
