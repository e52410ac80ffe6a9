//! Search in the texts of messages.

use std::time::Duration;

use super::super::Error;
use super::super::listing::{ListRequest, in_words};
use super::{Inbox, filter};
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::search::Needle;
use crate::store::Searched;

/// For how long one step of a search reads, so that it keeps no reader from others for long.
const STEP_TIME: Duration = Duration::from_millis(50);

impl Inbox {
    /// One step of a search: looks for those of the messages that the operator asks for whose text
    /// has a word, the newest first. It says how far back it has looked; the next step is asked for
    /// with the messages before that. Nothing is recorded: it answers also what the audit says of
    /// whoever is shown what was found.
    pub async fn look_for(
        &self,
        request: ListRequest,
        with_all_kinds: bool,
        word: &str,
    ) -> Result<(Searched, String), Error> {
        let needle = Needle::new(word).map_err(|fault| Error::refused(fault.to_string()))?;
        let (settings, clock) = (self.env.settings(), self.env.clock());
        let read = self.env.store.read(move |rows| {
            let filter = filter(rows, request, &settings)?;
            let began = clock.now();
            let is_over = || clock.now().since(began) >= STEP_TIME;
            let found = rows.search_messages(&filter, with_all_kinds, &needle, is_over)?;
            let whose = in_words(rows, &filter)?;
            Ok((found, format!("{whose}, found by a word")))
        });
        read.await
    }

    /// Like [`Inbox::look_for`]. That the operator saw what was found is recorded in the audit,
    /// without the word.
    pub async fn search(
        &self,
        request: ListRequest,
        with_all_kinds: bool,
        word: &str,
    ) -> Result<Searched, Error> {
        let (searched, subject) = self.look_for(request, with_all_kinds, word).await?;
        if !searched.messages.is_empty() {
            let (action, now) = (AuditAction::SawMessages, self.env.now());
            self.env.store.write(move |tx| tx.note(Actor::Operator, action, subject, now)).await?;
        }
        Ok(searched)
    }
}
