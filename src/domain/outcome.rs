//! What the end of an order tells of its number: whether the service's SMS come there.

use std::time::Duration;

use super::{Order, Timestamp};

/// How an order ended, as evidence about its number. (How it is charged is its state.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OrderOutcome {
    /// It received a code.
    Code,
    /// It was charged for a text without a code.
    SmsWithoutCode,
    /// Nothing came in its lifetime.
    Silent,
    /// It was given up before it could be judged, or the operator ended it.
    QuitEarly,
    /// Its customer had waited for a while, and gave it up.
    QuitLate,
    /// Its SIM was lost, or never came on the air.
    SimLost,
    /// Its customer reported that the number cannot be used.
    Reported,
}

impl OrderOutcome {
    /// All outcomes, in the order of this enum.
    pub const ALL: [OrderOutcome; 7] = [
        OrderOutcome::Code,
        OrderOutcome::SmsWithoutCode,
        OrderOutcome::Silent,
        OrderOutcome::QuitEarly,
        OrderOutcome::QuitLate,
        OrderOutcome::SimLost,
        OrderOutcome::Reported,
    ];

    /// The word in the database, in `order list` and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            OrderOutcome::Code => "code",
            OrderOutcome::SmsWithoutCode => "sms_without_code",
            OrderOutcome::Silent => "silent",
            OrderOutcome::QuitEarly => "quit_early",
            OrderOutcome::QuitLate => "quit_late",
            OrderOutcome::SimLost => "sim_lost",
            OrderOutcome::Reported => "reported",
        }
    }

    /// The outcome that a word stands for.
    pub fn from_word(word: &str) -> Option<OrderOutcome> {
        OrderOutcome::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }

    /// The outcome of an order that received a message which completes it.
    pub fn of_message(has_code: bool) -> OrderOutcome {
        if has_code { OrderOutcome::Code } else { OrderOutcome::SmsWithoutCode }
    }
}

/// After what time it counts that an order was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// An order that was waited for shorter than this tells nothing of its number.
    pub judge_after: Duration,
    /// How long orders wait.
    pub lifetime: Duration,
}

impl Patience {
    /// The outcome of an order that its customer gives up at `at`. Its wait began with its
    /// lifetime: where its SIM was parked, that was not when it was made.
    pub fn judge(self, order: &Order, at: Timestamp) -> OrderOutcome {
        let began = order.expires_at.minus(self.lifetime).max(order.created_at);
        if order.awaits_sim || at < began.plus(self.judge_after) {
            OrderOutcome::QuitEarly
        } else {
            OrderOutcome::QuitLate
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::order::OrderState;
    use super::super::order::tests::order;
    use super::*;

    #[test]
    fn every_outcome_is_read_back_from_its_word() {
        for outcome in OrderOutcome::ALL {
            assert_eq!(OrderOutcome::from_word(outcome.as_str()), Some(outcome));
        }
        assert_eq!(OrderOutcome::from_word("completed"), None, "that is a state");
    }

    #[test]
    fn an_order_is_judged_by_how_long_it_was_waited_for() {
        let second = |n: i64| Timestamp(n * 1_000_000);
        let patience =
            Patience { judge_after: Duration::from_secs(60), lifetime: Duration::from_secs(600) };
        let order =
            Order { created_at: second(100), expires_at: second(700), ..order(OrderState::Open) };
        let parked = Order { awaits_sim: true, expires_at: second(280), ..order.clone() };
        let switched_in = Order { expires_at: second(780), ..order.clone() };
        for (order, at, expected, why) in [
            (&order, 159, OrderOutcome::QuitEarly, "a second too early"),
            (&order, 160, OrderOutcome::QuitLate, "waited for a minute"),
            (&parked, 250, OrderOutcome::QuitEarly, "its SIM was not on the air"),
            (&switched_in, 239, OrderOutcome::QuitEarly, "a minute after its SIM was on the air"),
            (&switched_in, 240, OrderOutcome::QuitLate, "a minute after its SIM was on the air"),
        ] {
            assert_eq!(patience.judge(order, second(at)), expected, "{why}");
        }
    }
}
