//! What the host answers: whether it has a message on disk, and whether it has recorded that the
//! modem's own store is empty.

use std::time::Duration;

use super::super::api::{Action, Token};
use super::super::context::Context;
use super::super::profile::Quirk;
use super::Serving;
use super::network::Chore;
use crate::domain::Moment;
use crate::domain::modem::ModemReason;

/// How long nothing is read after the host could not store a message, the first time. The time
/// doubles with each further failure.
const FIRST_HOLD: Duration = Duration::from_secs(5);
/// The limit of that time.
const LONGEST_HOLD: Duration = Duration::from_secs(60);
/// The duration of a commit after which the modem may have stopped announcing messages, because
/// those that arrived meanwhile were not acknowledged.
const SLOW_COMMIT: Duration = Duration::from_secs(10);

impl Serving {
    /// Takes the host's answer whether it has stored a message.
    pub fn on_stored(&mut self, context: &mut Context, token: Token, ok: bool, now: Moment) {
        if ok {
            if self.deletions.commit(token).is_some_and(|read_at| now - read_at >= SLOW_COMMIT) {
                self.add_chore(Chore::Indications);
            }
            if !std::mem::take(&mut self.hold).is_zero() {
                self.held_until = None;
                context.clear_reason();
            }
        } else if self.deletions.refuse(token) && self.held_until.is_none() {
            self.hold = (self.hold * 2).clamp(FIRST_HOLD, LONGEST_HOLD);
            self.held_until = Some(now + self.hold);
            self.sweep.schedule_by(now + self.hold);
            context.set_reason(ModemReason::HostCannotStore);
        }
    }

    /// Has a message that arrived inside its URC acknowledged, which was on disk `after` this time.
    pub fn on_direct_stored(&mut self, context: &Context, after: Duration) {
        if context.acknowledges && !context.profile.has(Quirk::NoAcknowledge) && after < SLOW_COMMIT
        {
            self.add_chore(Chore::Acknowledge);
        } else if after >= SLOW_COMMIT {
            self.add_chore(Chore::Indications);
        }
    }

    pub(super) fn report_empty_store(&mut self, context: &mut Context) {
        if self.emptied != Some(None) {
            return;
        }
        let (Some(modem), Some(iccid)) = (context.modem(), context.iccid().cloned()) else {
            return;
        };
        let token = context.new_token();
        self.emptied = Some(Some(token));
        context.claim_own_store();
        context.actions.push_back(Action::Emptied { token, modem, iccid });
    }

    /// Takes the host's answer whether it recorded that the modem's own store is empty. If not, it
    /// is asked again at the next keep-alive.
    pub fn on_emptied(&mut self, token: Token, ok: bool) {
        if ok && self.emptied == Some(Some(token)) {
            self.emptied = None;
        }
    }
}
