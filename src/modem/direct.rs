//! Messages that come inside the URC itself (`+CMT`: class 0, or a modem that was left in another
//! mode). They are in no store, so that what the host cannot store now is kept here and offered
//! again. There are few, and their number is bounded: where the modem acknowledges by itself,
//! nothing but class 0 comes this way (`configuring`), and the modem has acknowledged that to the
//! network already. Dropped messages are counted and reported.

use std::time::Duration;

use super::api::{Action, RawPdu, Received, Token};
use super::context::Context;
use crate::domain::Moment;

/// How many are kept at most; more are dropped.
const MAX: usize = 64;
/// The pause before a message that the host could not store is offered again.
const RETRY_PAUSE: Duration = Duration::from_secs(10);

#[derive(Debug)]
struct Kept {
    token: Token,
    received: Received,
    received_at: Moment,
    /// When to offer it again; `None` while the host has not answered yet.
    offer_at: Option<Moment>,
}

#[derive(Debug, Default)]
pub(super) struct Direct {
    kept: Vec<Kept>,
    /// Messages that came while it was not certain which card is in.
    unowned: Vec<RawPdu>,
}

impl Direct {
    /// Takes a message. It is this card's only when that is `certain`; otherwise it waits until the
    /// ICCID has been read.
    pub fn add(
        &mut self,
        context: &mut Context,
        pdu: RawPdu,
        certain: bool,
        live: bool,
        now: Moment,
    ) {
        if self.kept.len() + self.unowned.len() >= MAX {
            return context.actions.push_back(Action::Dropped { count: 1 });
        }
        match context.received(None, pdu.clone(), live).filter(|_| certain) {
            Some(received) => self.offer(context, received, now),
            None => self.unowned.push(pdu),
        }
    }

    fn offer(&mut self, context: &mut Context, received: Received, now: Moment) {
        let token = context.token();
        context.actions.push_back(Action::Store { token, received: received.clone() });
        self.kept.push(Kept { token, received, received_at: now, offer_at: None });
    }

    /// The card was removed or exchanged: whose the waiting messages were cannot be found out any
    /// more.
    pub fn card_lost(&mut self, context: &mut Context) {
        let count = std::mem::take(&mut self.unowned).len();
        if count > 0 {
            context.actions.push_back(Action::Dropped { count });
        }
    }

    /// The ICCID has been read: the waiting messages are this card's.
    pub fn card_known(&mut self, context: &mut Context, now: Moment) {
        for pdu in std::mem::take(&mut self.unowned) {
            if let Some(received) = context.received(None, pdu, false) {
                self.offer(context, received, now);
            }
        }
    }

    /// Takes the host's answer. Returns how long it took, for a message that is on disk now.
    pub fn stored(&mut self, token: Token, ok: bool, now: Moment) -> Option<Duration> {
        let position = self.kept.iter().position(|kept| kept.token == token)?;
        if ok {
            return Some(now - self.kept.swap_remove(position).received_at);
        }
        if let Some(kept) = self.kept.get_mut(position) {
            kept.offer_at = Some(now + RETRY_PAUSE);
        }
        None
    }

    /// Offers once more what is due.
    pub fn offer_due(&mut self, context: &mut Context, now: Moment) {
        for kept in &mut self.kept {
            if kept.offer_at.is_some_and(|time| time <= now) {
                kept.offer_at = None;
                let (token, received) = (kept.token, kept.received.clone());
                context.actions.push_back(Action::Store { token, received });
            }
        }
    }

    pub fn deadline(&self) -> Option<Moment> {
        self.kept.iter().filter_map(|kept| kept.offer_at).min()
    }
}
