//! What was carried out, so that a form that is sent twice is carried out once, and what the next
//! page says of it. Both are kept in memory and only for a while: what moves money is kept from
//! being done twice by the business itself, with the form's key.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::domain::{SessionId, Timestamp};

/// For how long it is known that a form was carried out.
const KNOWN_FOR: Duration = Duration::from_secs(24 * 3600);
/// How many forms are known. When there are more, those of the last hour are kept, or, if these are
/// too many, none.
const MOST_FORMS: usize = 10_000;
const LAST_HOUR: Duration = Duration::from_secs(3600);
/// How many lines wait for their page. When there are more, all are forgotten.
const MOST_LINES: usize = 1000;

/// What a form has led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The browser went on to this address.
    At(String),
    /// Something was shown once.
    Shown,
}

/// What came of one form. Whoever sends the same one waits for it.
pub(super) type Slot = Arc<tokio::sync::Mutex<Option<Outcome>>>;

/// A form by its session and its key.
type FormKey = (SessionId, [u8; 32]);

/// The forms that were carried out lately, each with the time of its first request.
#[derive(Debug, Default)]
pub(super) struct CarriedOut(Mutex<HashMap<FormKey, (Timestamp, Slot)>>);

impl CarriedOut {
    /// The slot of a form, which is empty until it was carried out.
    pub(super) fn slot(&self, session: SessionId, key: [u8; 32], now: Timestamp) -> Slot {
        let mut slots = self.0.lock();
        if slots.len() >= MOST_FORMS {
            slots.retain(|_, (at, _)| now.since(*at) < LAST_HOUR);
            if slots.len() >= MOST_FORMS {
                slots.clear();
            }
        }
        let (at, slot) = slots.entry((session, key)).or_insert_with(|| (now, Slot::default()));
        if now.since(*at) >= KNOWN_FOR {
            (*at, *slot) = (now, Slot::default());
        }
        Arc::clone(slot)
    }
}

/// What pages are to say once, by session and path.
#[derive(Debug, Default)]
pub(super) struct Lines(Mutex<HashMap<(SessionId, String), String>>);

impl Lines {
    /// Leaves a line for the page at an address.
    pub(super) fn leave(&self, session: SessionId, address: &str, line: String) {
        let mut lines = self.0.lock();
        if lines.len() >= MOST_LINES {
            lines.clear();
        }
        lines.insert((session, path_of(address).to_owned()), line);
    }

    /// Takes the line that was left for a page.
    pub(super) fn take(&self, session: SessionId, path: &str) -> Option<String> {
        self.0.lock().remove(&(session, path.to_owned()))
    }
}

fn path_of(address: &str) -> &str {
    address.split(['?', '#']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_same_form_of_a_session_has_the_same_slot_for_a_day() {
        let forms = CarriedOut::default();
        let (one, two) = (SessionId(1), SessionId(2));
        let slot = |session, key, hours| {
            let at = Timestamp(0).plus(LAST_HOUR * hours);
            forms.slot(session, [key; 32], at)
        };
        *slot(one, 1, 0).lock().await = Some(Outcome::At("/sims".to_owned()));
        assert!(slot(one, 1, 23).lock().await.is_some());
        assert!(slot(one, 2, 0).lock().await.is_none(), "another form");
        assert!(slot(two, 1, 0).lock().await.is_none(), "another session");
        assert!(slot(one, 1, 24).lock().await.is_none(), "a day has passed");
    }

    #[test]
    fn a_line_is_said_once_by_the_page_that_it_was_left_for() {
        let (lines, one) = (Lines::default(), SessionId(1));
        lines.leave(one, "/sims?state=Ready#x", "The number was set.".to_owned());
        assert_eq!(lines.take(one, "/orders"), None);
        assert_eq!(lines.take(SessionId(2), "/sims"), None);
        assert_eq!(lines.take(one, "/sims").as_deref(), Some("The number was set."));
        assert_eq!(lines.take(one, "/sims"), None);
    }
}
