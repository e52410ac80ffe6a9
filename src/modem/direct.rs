//! Messages that came with the URC itself (`+CMT`: class 0, or a modem that was left in another
//! mode). They lie nowhere, so what the host cannot take now is kept here and offered again. Few
//! and bounded: where the modem acknowledges by itself nothing but class 0 comes
//! this way (`configuring`), and it has acknowledged that to the network already. What is dropped
//! is told.

use std::time::Duration;

use super::api::{Action, RawPdu, Received, Token};
use super::context::Context;
use crate::domain::Moment;

/// More are lost.
const MAX: usize = 64;
/// Between offers.
const PAUSE: Duration = Duration::from_secs(10);

#[derive(Debug)]
struct Kept {
    token: Token,
    received: Received,
    came_at: Moment,
    /// When to offer it again; `None`: the host has not answered yet.
    again: Option<Moment>,
}

#[derive(Debug, Default)]
pub(super) struct Direct {
    kept: Vec<Kept>,
    /// Came while it was not certain which card is in.
    unowned: Vec<RawPdu>,
}

impl Direct {
    /// A message has come. It is this card's only when that is `certain`; else it waits for the
    /// ICCID.
    pub fn came(
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
        self.kept.push(Kept { token, received, came_at: now, again: None });
    }

    /// Something happened to the card: what nobody is known to own never will be.
    pub fn card_lost(&mut self, context: &mut Context) {
        let count = std::mem::take(&mut self.unowned).len();
        if count > 0 {
            context.actions.push_back(Action::Dropped { count });
        }
    }

    /// The card is known.
    pub fn card_known(&mut self, context: &mut Context, now: Moment) {
        for pdu in std::mem::take(&mut self.unowned) {
            if let Some(received) = context.received(None, pdu, false) {
                self.offer(context, received, now);
            }
        }
    }

    /// The host's answer. For a message that is on disk now: how long that took.
    pub fn stored(&mut self, token: Token, ok: bool, now: Moment) -> Option<Duration> {
        let at = self.kept.iter().position(|kept| kept.token == token)?;
        if ok {
            return Some(now - self.kept.swap_remove(at).came_at);
        }
        if let Some(kept) = self.kept.get_mut(at) {
            kept.again = Some(now + PAUSE);
        }
        None
    }

    pub fn tick(&mut self, context: &mut Context, now: Moment) {
        for kept in &mut self.kept {
            if kept.again.is_some_and(|again| again <= now) {
                kept.again = None;
                let (token, received) = (kept.token, kept.received.clone());
                context.actions.push_back(Action::Store { token, received });
            }
        }
    }

    pub fn deadline(&self) -> Option<Moment> {
        self.kept.iter().filter_map(|kept| kept.again).min()
    }
}
