//! An order and its states: open → completed | canceled | skipped | expired. All but the first are
//! final.

use std::time::Duration;

use super::{AccountId, Amount, Msisdn, OrderId, ServiceId, SimId, Timestamp};

/// The state of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderState {
    /// It waits for the SMS that completes it; its price is held.
    Open,
    /// It has received the SMS that completes it, and its price was charged. It goes on collecting
    /// messages until its lifetime is over.
    Completed {
        /// When the first SMS was committed.
        at: Timestamp,
    },
    /// The customer canceled it.
    Canceled {
        /// When it was canceled.
        at: Timestamp,
    },
    /// The customer canceled it and does not want this number for this service again.
    Skipped {
        /// When it was skipped.
        at: Timestamp,
    },
    /// No SMS arrived in its lifetime.
    Expired {
        /// When it was found to have expired.
        at: Timestamp,
    },
}

/// How an order ended, without the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrderOutcome {
    /// It received its SMS, and its price was charged.
    Completed,
    /// Its customer canceled it.
    Canceled,
    /// Its customer canceled it and never wants its number for its service again.
    Skipped,
    /// No SMS arrived in its lifetime.
    Expired,
}

impl OrderOutcome {
    /// All outcomes, in the order of this enum.
    pub const ALL: [OrderOutcome; 4] = [
        OrderOutcome::Completed,
        OrderOutcome::Canceled,
        OrderOutcome::Skipped,
        OrderOutcome::Expired,
    ];

    /// The word in the database, in `order list` and in the metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            OrderOutcome::Completed => "completed",
            OrderOutcome::Canceled => "canceled",
            OrderOutcome::Skipped => "skipped",
            OrderOutcome::Expired => "expired",
        }
    }
}

impl OrderState {
    /// The word in the database and in `order list`.
    pub fn as_str(self) -> &'static str {
        self.outcome().map_or("open", OrderOutcome::as_str)
    }

    /// How it ended; `None` while it is open.
    pub fn outcome(self) -> Option<OrderOutcome> {
        match self {
            OrderState::Open => None,
            OrderState::Completed { .. } => Some(OrderOutcome::Completed),
            OrderState::Canceled { .. } => Some(OrderOutcome::Canceled),
            OrderState::Skipped { .. } => Some(OrderOutcome::Skipped),
            OrderState::Expired { .. } => Some(OrderOutcome::Expired),
        }
    }

    /// When it ended; `None` while it is open.
    pub fn ended_at(self) -> Option<Timestamp> {
        match self {
            OrderState::Open => None,
            OrderState::Completed { at }
            | OrderState::Canceled { at }
            | OrderState::Skipped { at }
            | OrderState::Expired { at } => Some(at),
        }
    }

    /// The state that the columns of a row stand for; `None` if no order can be in such a state.
    pub fn from_row(word: &str, ended_at: Option<Timestamp>) -> Option<OrderState> {
        match (word, ended_at) {
            ("open", None) => Some(OrderState::Open),
            ("completed", Some(at)) => Some(OrderState::Completed { at }),
            ("canceled", Some(at)) => Some(OrderState::Canceled { at }),
            ("skipped", Some(at)) => Some(OrderState::Skipped { at }),
            ("expired", Some(at)) => Some(OrderState::Expired { at }),
            _ => None,
        }
    }
}

/// An order: one number for one service, until its first SMS or the end of its lifetime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The id, by which the customer knows the order too.
    pub id: OrderId,
    /// The account that made the order and pays for it.
    pub account: AccountId,
    /// The service that the number was ordered for.
    pub service: ServiceId,
    /// The SIM that the order was given. When it moves to another modem, the order moves with it.
    pub sim: SimId,
    /// The SIM's number when the order was made.
    pub number: Msisdn,
    /// The country's code as the API spells it.
    pub country: String,
    /// The price, which is held when the order is made and charged when it completes.
    pub price: Amount,
    pub created_at: Timestamp,
    /// The end of its lifetime. Until then it waits for its first SMS, and collects further ones.
    pub expires_at: Timestamp,
    /// The completed order whose number it takes again.
    pub reuse_of: Option<OrderId>,
    /// Whether its SIM was parked in a bank when the order was made and has not been on the air
    /// since. Its lifetime begins only then.
    pub awaits_sim: bool,
    pub state: OrderState,
}

/// Why an order cannot change to another state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It has completed already.
    Completed,
    /// It was canceled or skipped, or its lifetime is over.
    Over,
}

impl Order {
    /// Whether it is open at `now`. An order whose lifetime is over is not, even if its state in
    /// the database has not been changed yet.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.state == OrderState::Open && now < self.expires_at
    }

    /// Whether it may be given an SMS that the network accepted at `taken_at` and that reached us
    /// at `received_at` ([invariant 5](crate#what-always-holds)).
    ///
    /// `taken_at` comes from a time stamp in whole seconds, so a message of the second in which the
    /// order was made counts as the order's.
    pub fn was_running(&self, taken_at: Timestamp, received_at: Timestamp) -> bool {
        const STAMP_RESOLUTION_US: i64 = 1_000_000;
        let collects = matches!(self.state, OrderState::Open | OrderState::Completed { .. });
        let made_by_then = taken_at.0.saturating_add(STAMP_RESOLUTION_US) > self.created_at.0;
        collects && made_by_then && self.created_at <= received_at && received_at < self.expires_at
    }

    /// Begins the lifetime of an order whose SIM has come on the air. It ends at `expires_at`.
    pub fn begin(self, expires_at: Timestamp) -> Order {
        Order { awaits_sim: false, expires_at, ..self }
    }

    /// Completes an open order, which has received its first SMS.
    pub fn complete(self, at: Timestamp) -> Result<Order, Refused> {
        self.end(at, OrderState::Completed { at })
    }

    /// Cancels an open order.
    pub fn cancel(self, at: Timestamp) -> Result<Order, Refused> {
        self.end(at, OrderState::Canceled { at })
    }

    /// Cancels an open order whose customer does not want its number for its service again.
    pub fn skip(self, at: Timestamp) -> Result<Order, Refused> {
        self.end(at, OrderState::Skipped { at })
    }

    /// Whether its number may be ordered again at `now`, because it completed less than `window`
    /// ago.
    pub fn reusable(&self, now: Timestamp, window: Duration) -> bool {
        matches!(self.state, OrderState::Completed { at } if now < at.plus(window))
    }

    /// Expires an open order whose lifetime is over.
    pub fn expire(self, at: Timestamp) -> Result<Order, Refused> {
        if self.is_open(at) {
            return Err(Refused::Over);
        }
        match self.state {
            OrderState::Open => Ok(Order { state: OrderState::Expired { at }, ..self }),
            OrderState::Completed { .. } => Err(Refused::Completed),
            _ => Err(Refused::Over),
        }
    }

    /// Completes an open order at the end of its lifetime, because it has received a text that did
    /// not complete it, and its customer has not given it up.
    pub fn complete_at_its_end(self, now: Timestamp) -> Result<Order, Refused> {
        let at = self.expires_at;
        let over = self.expire(now)?;
        Ok(Order { state: OrderState::Completed { at }, ..over })
    }

    fn end(self, at: Timestamp, state: OrderState) -> Result<Order, Refused> {
        match self.state {
            OrderState::Open if self.is_open(at) => Ok(Order { state, ..self }),
            OrderState::Completed { .. } => Err(Refused::Completed),
            _ => Err(Refused::Over),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MADE: Timestamp = Timestamp(10_000_000);
    const END: Timestamp = Timestamp(610_000_000);

    fn order(state: OrderState) -> Order {
        Order {
            id: OrderId(1),
            account: AccountId(1),
            service: ServiceId(1),
            sim: SimId(1),
            number: Msisdn::from_stored("+31612345678"),
            country: "NL".into(),
            price: Amount(50),
            created_at: MADE,
            expires_at: END,
            reuse_of: None,
            awaits_sim: false,
            state,
        }
    }

    #[test]
    fn every_step_from_every_state() {
        let at = Timestamp(20_000_000);
        let open = order(OrderState::Open);
        assert_eq!(open.clone().cancel(at).unwrap().state, OrderState::Canceled { at });
        assert_eq!(open.clone().complete(at).unwrap().state, OrderState::Completed { at });
        assert_eq!(open.clone().skip(at).unwrap().state, OrderState::Skipped { at });
        assert_eq!(open.clone().expire(at), Err(Refused::Over), "its lifetime is not over");
        assert_eq!(open.clone().expire(END).unwrap().state, OrderState::Expired { at: END });
        assert_eq!(open.clone().cancel(END), Err(Refused::Over), "past its lifetime");
        assert_eq!(open.complete(END), Err(Refused::Over), "past its lifetime");
        for (state, refusal) in [
            (OrderState::Completed { at }, Refused::Completed),
            (OrderState::Canceled { at }, Refused::Over),
            (OrderState::Skipped { at }, Refused::Over),
            (OrderState::Expired { at }, Refused::Over),
        ] {
            assert_eq!(order(state).cancel(at), Err(refusal), "{state:?}");
            assert_eq!(order(state).complete(at), Err(refusal), "{state:?}");
            assert_eq!(order(state).skip(at), Err(refusal), "{state:?}");
            assert_eq!(order(state).expire(END), Err(refusal), "{state:?}");
        }
    }

    #[test]
    fn an_order_with_a_text_completes_at_its_end() {
        let (open, at) = (order(OrderState::Open), Timestamp(20_000_000));
        assert_eq!(open.clone().complete_at_its_end(at), Err(Refused::Over), "not yet");
        let late = Timestamp(END.0 + 9);
        let completed = open.complete_at_its_end(late).unwrap();
        assert_eq!(completed.state, OrderState::Completed { at: END });
        let canceled = order(OrderState::Canceled { at });
        assert_eq!(canceled.complete_at_its_end(END), Err(Refused::Over));
    }

    #[test]
    fn a_message_belongs_to_the_order_that_ran_when_the_network_accepted_it() {
        let at = |seconds: i64| Timestamp(seconds * 1_000_000);
        let open = order(OrderState::Open);
        for (taken, received, expected, why) in [
            (at(12), at(13), true, "in its lifetime"),
            (at(10), at(13), true, "the time stamp's second is that in which the order was made"),
            (at(9), at(13), false, "accepted before the order was made"),
            (at(12), END, false, "reached us after its end"),
            (at(12), at(9), false, "reached us before the order was made"),
        ] {
            assert_eq!(open.was_running(taken, received), expected, "{why}");
        }
        assert!(
            order(OrderState::Completed { at: at(11) }).was_running(at(12), at(13)),
            "it goes on collecting"
        );
        assert!(!order(OrderState::Canceled { at: at(11) }).was_running(at(12), at(13)));
    }

    #[test]
    fn a_number_can_be_ordered_again_for_some_time_after_its_sms() {
        let (at, window) = (Timestamp(20_000_000), Duration::from_secs(60));
        let completed = order(OrderState::Completed { at });
        assert!(completed.reusable(Timestamp(79_999_999), window));
        assert!(!completed.reusable(Timestamp(80_000_000), window), "the window is over");
        for state in [OrderState::Open, OrderState::Canceled { at }, OrderState::Skipped { at }] {
            assert!(!order(state).reusable(at, window), "{state:?}");
        }
    }

    #[test]
    fn rows_and_states_agree() {
        let at = Timestamp(3);
        for state in [
            OrderState::Open,
            OrderState::Completed { at },
            OrderState::Canceled { at },
            OrderState::Skipped { at },
            OrderState::Expired { at },
        ] {
            assert_eq!(OrderState::from_row(state.as_str(), state.ended_at()), Some(state));
        }
        assert_eq!(OrderState::from_row("open", Some(at)), None);
        assert_eq!(OrderState::from_row("completed", None), None);
        assert_eq!(OrderState::from_row("lost", Some(at)), None);
    }
}
