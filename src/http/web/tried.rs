//! Forms that were refused. The page that says why has an address of its own, so that coming back
//! to it, or loading it again, sends no form. They are kept in memory and only for a while.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use parking_lot::Mutex;

use super::form::LARGEST as LARGEST_FORM;
use super::route::Route;
use super::visit::{Attempt, Place};
use super::{Fault, Site, Visit, Visitor, responses};
use crate::domain::{SessionId, Timestamp};

/// The name in an address that refers to a form that was refused.
const TRIED: &str = "tried";
/// For how long a form is known.
const KEPT_FOR: Duration = Duration::from_secs(15 * 60);
/// How many are known of one session, and of all. When there are more, the oldest is forgotten.
const MOST_OF_A_SESSION: usize = 8;
const MOST: usize = 256;
/// How many octets the forms of one session may have together, so that the largest form that is
/// read is kept, and those of all sessions.
const MOST_OCTETS_OF_A_SESSION: usize = LARGEST_FORM;
const MOST_OCTETS: usize = 8 * LARGEST_FORM;

struct Kept {
    session: SessionId,
    reference: String,
    /// The path of the page that the form is on.
    path: String,
    tried_at: Timestamp,
    attempt: Arc<Attempt>,
}

impl Kept {
    fn size(&self) -> usize {
        self.attempt.form.size()
    }
}

fn octets<'k>(forms: impl Iterator<Item = &'k Kept>) -> usize {
    forms.map(Kept::size).sum()
}

/// The forms that were refused lately, the oldest first.
#[derive(Default)]
pub(super) struct Tried(Mutex<VecDeque<Kept>>);

impl Tried {
    /// Keeps a form. When there are too many, or too large ones, the oldest are forgotten.
    fn keep(&self, kept: Kept) {
        let mut all = self.0.lock();
        all.retain(|one| kept.tried_at.since(one.tried_at) < KEPT_FOR);
        let (session, size) = (kept.session, kept.size());
        let is_own = |one: &&Kept| one.session == session;
        while all.iter().filter(is_own).count() >= MOST_OF_A_SESSION
            || octets(all.iter().filter(is_own)) + size > MOST_OCTETS_OF_A_SESSION
        {
            let Some(oldest) = all.iter().position(|one| one.session == session) else { break };
            all.remove(oldest);
        }
        while all.len() >= MOST || octets(all.iter()) + size > MOST_OCTETS {
            if all.pop_front().is_none() {
                break;
            }
        }
        all.push_back(kept);
    }

    /// The form that a session has sent from the page at a path, while that is known.
    fn find(
        &self,
        session: SessionId,
        (path, reference): (&str, &str),
        now: Timestamp,
    ) -> Option<Arc<Attempt>> {
        let all = self.0.lock();
        let is_meant =
            |one: &&Kept| one.session == session && one.reference == reference && one.path == path;
        let found = all.iter().find(is_meant)?;
        (now.since(found.tried_at) < KEPT_FOR).then(|| Arc::clone(&found.attempt))
    }
}

impl<P: Visitor> Site<P> {
    /// The address of a form's page with what was typed.
    pub(super) fn keep_tried(&self, page: &Visit<P>, attempt: Attempt) -> String {
        // The id of the request is no other's, also after the daemon was started again.
        let reference = page.place.view.as_str();
        self.tried.keep(Kept {
            session: page.person.session().session,
            reference: reference.to_owned(),
            path: page.path().to_owned(),
            tried_at: page.now,
            attempt: Arc::new(attempt),
        });
        page.address_with(&[(TRIED, Some(reference))])
    }

    /// Shows a page with the form that its address refers to; `None` if it refers to none. A form
    /// that is not known any more is left out.
    pub(super) async fn show_referred(
        &self,
        visit: &Visit<P>,
        route: &Route<P>,
    ) -> Option<Result<Response, Fault>> {
        let reference = visit.place.query.get(TRIED)?;
        let session = visit.person.session().session;
        let attempt = self.tried.find(session, (visit.path(), reference), visit.now);
        let query = visit.place.query.with(&[(TRIED, None)]);
        let place = Place { query, ..(*visit.place).clone() };
        let page = Visit { place: Arc::new(place), ..visit.clone() };
        Some(match attempt {
            Some(attempt) => self.show_tried(&page, route, attempt).await,
            None => Ok(responses::see_other(&page.address())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Faults, Form};
    use super::*;

    fn kept(session: i64, reference: &str, value: &str, seconds: i64) -> Kept {
        let (form, faults) = (Form::of(&[("name", value)]), Faults::new());
        let attempt =
            Attempt { action: "/a".to_owned(), form, faults, is_query: false, instead: "" };
        Kept {
            session: SessionId(session),
            reference: reference.to_owned(),
            path: "/page".to_owned(),
            tried_at: Timestamp(seconds * 1_000_000),
            attempt: Arc::new(attempt),
        }
    }

    #[test]
    fn a_form_is_known_to_its_session_on_its_page_for_a_while() {
        let tried = Tried::default();
        tried.keep(kept(1, "r-1", "bob", 0));
        let known = |session, path, reference, seconds: i64| {
            let at = Timestamp(seconds * 1_000_000);
            tried.find(SessionId(session), (path, reference), at).is_some()
        };
        assert!(known(1, "/page", "r-1", 899));
        assert!(!known(1, "/page", "r-1", 900), "too long ago");
        assert!(!known(2, "/page", "r-1", 0), "another session");
        assert!(!known(1, "/other", "r-1", 0), "another page");
        assert!(!known(1, "/page", "r-2", 0), "another form");
    }

    #[test]
    fn so_many_forms_of_a_session_are_kept() {
        let tried = Tried::default();
        tried.keep(kept(2, "other", "x", 0));
        for count in 0..=MOST_OF_A_SESSION {
            tried.keep(kept(1, &format!("r-{count}"), "x", 0));
        }
        let known = |session, reference: &str| {
            let found = tried.find(SessionId(session), ("/page", reference), Timestamp(0));
            found.is_some()
        };
        assert!(!known(1, "r-0") && known(1, "r-1") && known(2, "other"));
        tried.keep(kept(3, "late", "x", 900));
        assert_eq!(tried.0.lock().len(), 1, "what is too old is forgotten");
    }

    #[test]
    fn a_large_form_takes_the_room_of_older_ones() {
        let tried = Tried::default();
        let large = "x".repeat(LARGEST_FORM - "name".len());
        for session in 1..=9 {
            tried.keep(kept(session, "small", "x", 0));
            tried.keep(kept(session, "large", &large, 0));
        }
        let kept: Vec<(i64, String)> = {
            let all = tried.0.lock();
            all.iter().map(|one| (one.session.0, one.reference.clone())).collect()
        };
        let expected: Vec<_> = (2..=9).map(|session| (session, "large".to_owned())).collect();
        assert_eq!(kept, expected, "one of each session, and at most eight");
    }
}
