//! An order and its states: open → completed | canceled | skipped | expired. All but the first are
//! final.

use std::str::FromStr;
use std::time::Duration;

use super::event::EventKind;
use super::outcome::OrderOutcome;
use super::{
    AccountId, Amount, MessageId, Msisdn, OrderId, ServiceId, SimId, Timestamp, UnknownWord,
};

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
    /// No SMS arrived in its lifetime, or its SIM was lost before.
    Expired {
        /// When that was found.
        at: Timestamp,
    },
}

/// The state in which an order ended, without the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrderEnd {
    /// It received its SMS, and its price was charged.
    Completed,
    /// Its customer canceled it.
    Canceled,
    /// Its customer canceled it and never wants its number for its service again.
    Skipped,
    /// No SMS arrived in its lifetime, or its SIM was lost.
    Expired,
}

impl OrderEnd {
    /// All of them, in the order of this enum.
    pub const ALL: [OrderEnd; 4] =
        [OrderEnd::Completed, OrderEnd::Canceled, OrderEnd::Skipped, OrderEnd::Expired];

    /// The word in the database, in `order list` and in the metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            OrderEnd::Completed => "completed",
            OrderEnd::Canceled => "canceled",
            OrderEnd::Skipped => "skipped",
            OrderEnd::Expired => "expired",
        }
    }
}

impl OrderState {
    /// The word in the database and in `order list`.
    pub fn as_str(self) -> &'static str {
        self.end().map_or("open", OrderEnd::as_str)
    }

    /// The state in which it ended; `None` while it is open.
    pub fn end(self) -> Option<OrderEnd> {
        match self {
            OrderState::Open => None,
            OrderState::Completed { .. } => Some(OrderEnd::Completed),
            OrderState::Canceled { .. } => Some(OrderEnd::Canceled),
            OrderState::Skipped { .. } => Some(OrderEnd::Skipped),
            OrderState::Expired { .. } => Some(OrderEnd::Expired),
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

/// Why a customer reports that a number cannot be used for a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportReason {
    /// Somebody has an account at the service with it already.
    Used,
    /// The service accepts it from nobody.
    Banned,
}

impl ReportReason {
    /// Both reasons for which an order can be reported.
    pub const ALL: [ReportReason; 2] = [ReportReason::Used, ReportReason::Banned];

    /// The word in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            ReportReason::Used => "used",
            ReportReason::Banned => "banned",
        }
    }
}

impl FromStr for ReportReason {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<ReportReason, UnknownWord> {
        ReportReason::ALL.into_iter().find(|known| known.as_str() == word).ok_or(UnknownWord)
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
    /// The order in whose place it was made.
    pub replaces: Option<OrderId>,
    /// What its customer calls it.
    pub client_ref: Option<String>,
    /// Why its customer reported that its number cannot be used, if that is how it ended.
    pub report: Option<ReportReason>,
    /// Whether its SIM was parked in a bank when the order was made and has not been on the air
    /// since. Its lifetime begins only then.
    pub awaits_sim: bool,
    pub state: OrderState,
    /// What its end tells of its number; `None` while it is open, and of orders that ended before
    /// this was kept.
    pub outcome: Option<OrderOutcome>,
    /// How long it lasts once its SIM is on the air; `None`: as long as the configuration says.
    pub lifetime: Option<Duration>,
    /// Its newest message when its customer asked for another code.
    pub asked_again_after: Option<MessageId>,
    /// When its customer said that no more messages are needed, which ended its lifetime.
    pub finished_at: Option<Timestamp>,
}

/// Where an order stands for customers' programs, which know more stages than states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderStage {
    /// It waits for the SMS that completes it.
    Waiting,
    /// It is completed and collects further messages.
    Collecting,
    /// It is completed and collects no more.
    Finished,
    /// Its customer has canceled it, or the operator.
    Canceled,
    /// Its customer has canceled it and does not want its number again.
    Skipped,
    /// Its lifetime was over without its SMS, or its SIM was lost.
    Expired,
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

    /// Where it stands at `now`. `has_text` is whether its customer was shown a text: an open order
    /// that has one is completed at the end of its lifetime, and one that has none expires.
    pub fn stage(&self, now: Timestamp, has_text: bool) -> OrderStage {
        match self.state {
            OrderState::Open if self.is_open(now) => OrderStage::Waiting,
            OrderState::Open if has_text => OrderStage::Finished,
            OrderState::Open | OrderState::Expired { .. } => OrderStage::Expired,
            OrderState::Completed { .. } if self.is_collecting(now) => OrderStage::Collecting,
            OrderState::Completed { .. } => OrderStage::Finished,
            OrderState::Canceled { .. } => OrderStage::Canceled,
            OrderState::Skipped { .. } => OrderStage::Skipped,
        }
    }

    fn is_collecting(&self, now: Timestamp) -> bool {
        self.finished_at.is_none() && now < self.expires_at
    }

    /// Ends the lifetime of a completed order that still collects messages, because its customer
    /// needs no more.
    pub fn finish(self, now: Timestamp) -> Result<Order, Refused> {
        match self.state {
            OrderState::Completed { at } if self.is_collecting(now) => {
                Ok(Order { finished_at: Some(now), expires_at: now.max(at), ..self })
            }
            OrderState::Completed { .. } => Err(Refused::Completed),
            _ => Err(Refused::Over),
        }
    }

    /// Begins the lifetime of an order whose SIM has come on the air. It ends at `expires_at`.
    pub fn begin(self, expires_at: Timestamp) -> Order {
        Order { awaits_sim: false, expires_at, ..self }
    }

    /// Completes an open order, which has received the SMS that it is charged for.
    pub fn complete(self, at: Timestamp, has_code: bool) -> Result<Order, Refused> {
        self.end(at, OrderState::Completed { at }, OrderOutcome::of_message(has_code))
    }

    /// Cancels an open order.
    pub fn cancel(self, at: Timestamp, outcome: OrderOutcome) -> Result<Order, Refused> {
        self.end(at, OrderState::Canceled { at }, outcome)
    }

    /// Cancels an open order whose customer does not want its number for its service again.
    pub fn skip(self, at: Timestamp, outcome: OrderOutcome) -> Result<Order, Refused> {
        self.end(at, OrderState::Skipped { at }, outcome)
    }

    /// Ends an open order whose customer reports that its number cannot be used. He is not given
    /// that number for its service again.
    pub fn report(self, at: Timestamp, reason: ReportReason) -> Result<Order, Refused> {
        let ended = self.end(at, OrderState::Skipped { at }, OrderOutcome::Reported)?;
        Ok(Order { report: Some(reason), ..ended })
    }

    /// Ends an open order whose SIM is lost.
    pub fn lose_sim(self, at: Timestamp) -> Result<Order, Refused> {
        self.end(at, OrderState::Expired { at }, OrderOutcome::SimLost)
    }

    /// Until when its number may be ordered again, which is for `window` after its completion;
    /// `None` if it is not completed.
    pub fn reusable_until(&self, window: Duration) -> Option<Timestamp> {
        match self.state {
            OrderState::Completed { at } => Some(at.plus(window)),
            _ => None,
        }
    }

    /// Expires an open order whose lifetime is over.
    pub fn expire(self, at: Timestamp) -> Result<Order, Refused> {
        let came_on_air = !self.awaits_sim;
        let outcome = if came_on_air { OrderOutcome::Silent } else { OrderOutcome::SimLost };
        self.end_when_over(at, OrderState::Expired { at }, outcome)
    }

    /// Completes an open order at the end of its lifetime, because it has received a text that did
    /// not complete it, and its customer has not given it up.
    pub fn complete_at_its_end(self, now: Timestamp) -> Result<Order, Refused> {
        let at = self.expires_at;
        self.end_when_over(now, OrderState::Completed { at }, OrderOutcome::SmsWithoutCode)
    }

    /// The event that tells its customer how it has ended; `None` while it is open.
    pub fn end_event(&self) -> Option<EventKind> {
        Some(match self.state.end()? {
            OrderEnd::Completed => EventKind::OrderCompleted,
            OrderEnd::Canceled => EventKind::OrderCanceled,
            OrderEnd::Skipped => EventKind::OrderSkipped,
            OrderEnd::Expired if self.outcome == Some(OrderOutcome::SimLost) => {
                EventKind::OrderSimLost
            }
            OrderEnd::Expired => EventKind::OrderExpired,
        })
    }

    /// Whether its customer is shown what it was given: not if it has ended without a charge.
    pub fn shows_messages(&self) -> bool {
        matches!(self.state, OrderState::Open | OrderState::Completed { .. })
    }

    fn end(
        self,
        at: Timestamp,
        state: OrderState,
        outcome: OrderOutcome,
    ) -> Result<Order, Refused> {
        match self.state {
            OrderState::Open if self.is_open(at) => {
                Ok(Order { state, outcome: Some(outcome), ..self })
            }
            OrderState::Completed { .. } => Err(Refused::Completed),
            _ => Err(Refused::Over),
        }
    }

    fn end_when_over(
        self,
        now: Timestamp,
        state: OrderState,
        outcome: OrderOutcome,
    ) -> Result<Order, Refused> {
        match self.state {
            OrderState::Open if !self.is_open(now) => {
                Ok(Order { state, outcome: Some(outcome), ..self })
            }
            OrderState::Completed { .. } => Err(Refused::Completed),
            _ => Err(Refused::Over),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const MADE: Timestamp = Timestamp(10_000_000);
    const END: Timestamp = Timestamp(610_000_000);

    /// An order in this state, which other tests change where it matters to them.
    pub(crate) fn order(state: OrderState) -> Order {
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
            replaces: None,
            client_ref: None,
            report: None,
            awaits_sim: false,
            state,
            outcome: None,
            lifetime: None,
            asked_again_after: None,
            finished_at: None,
        }
    }

    /// Every step at a time, by its name.
    fn steps(order: &Order, at: Timestamp) -> [(&'static str, Result<Order, Refused>); 5] {
        let of = || order.clone();
        [
            ("complete", of().complete(at, true)),
            ("cancel", of().cancel(at, OrderOutcome::QuitEarly)),
            ("skip", of().skip(at, OrderOutcome::QuitLate)),
            ("lose", of().lose_sim(at)),
            ("expire", of().expire(at)),
        ]
    }

    #[test]
    fn every_step_from_every_state() {
        let at = Timestamp(20_000_000);
        let ended = |result: &Result<Order, Refused>| {
            result.as_ref().map(|order| (order.state, order.outcome)).map_err(|refused| *refused)
        };
        let open = order(OrderState::Open);
        use OrderOutcome::{Code, QuitEarly, QuitLate, Silent, SimLost, SmsWithoutCode};
        let early = steps(&open, at).map(|(_, result)| ended(&result));
        assert_eq!(
            early,
            [
                Ok((OrderState::Completed { at }, Some(Code))),
                Ok((OrderState::Canceled { at }, Some(QuitEarly))),
                Ok((OrderState::Skipped { at }, Some(QuitLate))),
                Ok((OrderState::Expired { at }, Some(SimLost))),
                Err(Refused::Over),
            ],
            "its lifetime is not over"
        );
        for (name, result) in steps(&open, END) {
            let expired = Ok((OrderState::Expired { at: END }, Some(Silent)));
            let expected = if name == "expire" { expired } else { Err(Refused::Over) };
            assert_eq!(ended(&result), expected, "{name} past its lifetime");
        }
        let parked = Order { awaits_sim: true, ..open.clone() };
        assert_eq!(parked.expire(END).unwrap().outcome, Some(SimLost), "it was never on the air");
        let reported = open.clone().report(at, ReportReason::Used).unwrap();
        assert_eq!(
            (reported.state, reported.outcome, reported.report),
            (OrderState::Skipped { at }, Some(OrderOutcome::Reported), Some(ReportReason::Used))
        );
        assert_eq!(open.complete(at, false).unwrap().outcome, Some(SmsWithoutCode));
        for (state, refusal) in [
            (OrderState::Completed { at }, Refused::Completed),
            (OrderState::Canceled { at }, Refused::Over),
            (OrderState::Skipped { at }, Refused::Over),
            (OrderState::Expired { at }, Refused::Over),
        ] {
            for (name, result) in [at, END].into_iter().flat_map(|at| steps(&order(state), at)) {
                assert_eq!(result, Err(refusal), "{name} of {state:?}");
            }
        }
    }

    #[test]
    fn an_order_that_is_finished_collects_no_more() {
        let (at, now) = (Timestamp(20_000_000), Timestamp(30_000_000));
        let completed = order(OrderState::Completed { at });
        assert_eq!(completed.stage(now, true), OrderStage::Collecting);
        let finished = completed.clone().finish(now).unwrap();
        assert_eq!((finished.expires_at, finished.finished_at), (now, Some(now)));
        assert_eq!(
            (finished.state, finished.stage(now, true)),
            (completed.state, OrderStage::Finished)
        );
        assert!(!finished.was_running(now, now));
        assert_eq!(finished.stage(at, true), OrderStage::Finished, "the clock was set back");
        let early = completed.clone().finish(Timestamp(1)).unwrap();
        assert_eq!(early.expires_at, at, "by a clock that was set back before it was completed");
        for refused in [finished, completed] {
            assert_eq!(refused.finish(END), Err(Refused::Completed), "it is over");
        }
        for state in [OrderState::Open, OrderState::Canceled { at }, OrderState::Expired { at }] {
            assert_eq!(order(state).finish(now), Err(Refused::Over), "{state:?}");
        }
    }

    #[test]
    fn an_order_stands_where_its_state_and_its_lifetime_say() {
        let (at, before) = (Timestamp(20_000_000), Timestamp(END.0 - 1));
        for (state, early, late, late_with_text) in [
            (OrderState::Open, OrderStage::Waiting, OrderStage::Expired, OrderStage::Finished),
            (
                OrderState::Completed { at },
                OrderStage::Collecting,
                OrderStage::Finished,
                OrderStage::Finished,
            ),
            (
                OrderState::Canceled { at },
                OrderStage::Canceled,
                OrderStage::Canceled,
                OrderStage::Canceled,
            ),
            (
                OrderState::Skipped { at },
                OrderStage::Skipped,
                OrderStage::Skipped,
                OrderStage::Skipped,
            ),
            (
                OrderState::Expired { at },
                OrderStage::Expired,
                OrderStage::Expired,
                OrderStage::Expired,
            ),
        ] {
            let order = order(state);
            let stages =
                (order.stage(before, false), order.stage(END, false), order.stage(END, true));
            assert_eq!(stages, (early, late, late_with_text), "{state:?}");
        }
    }

    #[test]
    fn an_order_with_a_text_completes_at_its_end() {
        let (open, at) = (order(OrderState::Open), Timestamp(20_000_000));
        assert_eq!(open.clone().complete_at_its_end(at), Err(Refused::Over), "not yet");
        let late = Timestamp(END.0 + 9);
        let completed = open.complete_at_its_end(late).unwrap();
        assert_eq!(completed.state, OrderState::Completed { at: END });
        assert_eq!(completed.outcome, Some(OrderOutcome::SmsWithoutCode));
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
        assert_eq!(completed.reusable_until(window), Some(Timestamp(80_000_000)));
        for state in [OrderState::Open, OrderState::Canceled { at }, OrderState::Skipped { at }] {
            assert_eq!(order(state).reusable_until(window), None, "{state:?}");
        }
    }

    #[test]
    fn an_end_is_told_for_what_it_is() {
        let at = Timestamp(20_000_000);
        let open = order(OrderState::Open);
        let kinds = steps(&open, at).map(|(_, result)| result.ok()?.end_event());
        let expired = open.clone().expire(END).unwrap().end_event();
        let parked = Order { awaits_sim: true, ..open.clone() }.expire(END).unwrap();
        use EventKind::{OrderCanceled, OrderCompleted, OrderExpired, OrderSimLost, OrderSkipped};
        let lost = Some(OrderSimLost);
        assert_eq!(
            kinds,
            [Some(OrderCompleted), Some(OrderCanceled), Some(OrderSkipped), lost, None]
        );
        assert_eq!((expired, parked.end_event()), (Some(OrderExpired), lost));
        assert_eq!(open.end_event(), None);
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
