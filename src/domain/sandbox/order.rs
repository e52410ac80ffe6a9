//! Test orders, and what happens to each by itself.

use std::str::FromStr;
use std::time::Duration;

use super::{COUNTRY, KEPT_FOR, TestService, TestText, number, text};
use crate::domain::order::OrderState;
use crate::domain::{
    AccountId, Amount, Order, OrderId, OrderOutcome, SimId, Timestamp, UnknownWord,
};

/// Something that happens to a test order by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    /// It is given a text, the first, or the second.
    Text(i64),
    SimLost,
    /// Its lifetime ends and it was not charged.
    Expiry,
    /// It is not kept any more.
    Forgotten,
}

/// How a customer has given a test order up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GivenUp {
    Canceled,
    Skipped,
    Reported,
}

/// A test order: what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestOrder {
    pub id: OrderId,
    pub account: AccountId,
    pub service: TestService,
    /// The order whose number it has, if that was ordered again.
    pub number_of: Option<OrderId>,
    pub price: Amount,
    pub created_at: Timestamp,
    /// The end of its lifetime.
    pub expires_at: Timestamp,
    pub replaces: Option<OrderId>,
    pub client_ref: Option<String>,
    /// How its customer has given it up, and when.
    pub given_up: Option<(GivenUp, Timestamp)>,
    /// How many of its happenings its account was told of.
    pub told: i64,
}

impl GivenUp {
    /// All of them, in the order of this enum.
    pub const ALL: [GivenUp; 3] = [GivenUp::Canceled, GivenUp::Skipped, GivenUp::Reported];

    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            GivenUp::Canceled => "canceled",
            GivenUp::Skipped => "skipped",
            GivenUp::Reported => "reported",
        }
    }
}

impl FromStr for GivenUp {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<GivenUp, UnknownWord> {
        GivenUp::ALL.into_iter().find(|how| how.as_str() == word).ok_or(UnknownWord)
    }
}

impl TestOrder {
    /// The order as it was when it was made.
    fn open(&self) -> Order {
        Order {
            id: self.id,
            account: self.account,
            service: self.service.id(),
            sim: SimId(0),
            number: number(self.number_of.unwrap_or(self.id).0),
            country: COUNTRY.to_owned(),
            price: self.price,
            created_at: self.created_at,
            expires_at: self.expires_at,
            reuse_of: self.number_of,
            replaces: self.replaces,
            client_ref: self.client_ref.clone(),
            report: None,
            awaits_sim: false,
            lifetime: None,
            asked_again_after: None,
            finished_at: None,
            state: OrderState::Open,
            outcome: None,
        }
    }

    /// The order as it is at `now`.
    pub fn at(&self, now: Timestamp) -> Order {
        let open = self.open();
        if let Some((how, at)) = self.given_up {
            let (state, outcome) = match how {
                GivenUp::Canceled => (OrderState::Canceled { at }, OrderOutcome::QuitEarly),
                GivenUp::Skipped => (OrderState::Skipped { at }, OrderOutcome::QuitEarly),
                GivenUp::Reported => (OrderState::Skipped { at }, OrderOutcome::Reported),
            };
            return Order { state, outcome: Some(outcome), ..open };
        }
        let until_now = self.happenings().into_iter().take_while(|(at, _)| *at <= now);
        until_now.fold(open, |order, (at, happening)| {
            let after = match happening {
                Happening::Text(_) => order.clone().complete(at, true),
                Happening::SimLost => order.clone().lose_sim(at),
                Happening::Expiry => order.clone().expire(at),
                Happening::Forgotten => return order,
            };
            after.unwrap_or(order)
        })
    }

    /// What happens to it by itself, in the order of the times. In a lifetime that is short it
    /// happens earlier.
    pub fn happenings(&self) -> Vec<(Timestamp, Happening)> {
        let most = self.expires_at.since(self.created_at) / 2;
        let script = self.service.script();
        let at = |seconds: u64| self.created_at.plus(Duration::from_secs(seconds).min(most));
        let mut happenings: Vec<(Timestamp, Happening)> =
            script.iter().map(|(seconds, happening)| (at(*seconds), *happening)).collect();
        if script.is_empty() {
            happenings.push((self.expires_at, Happening::Expiry));
        }
        if self.given_up.is_some() {
            happenings.clear();
        }
        happenings.push((self.expires_at.plus(KEPT_FOR), Happening::Forgotten));
        happenings
    }

    /// What happens next that its account was not told of, and when.
    pub fn next(&self) -> (Timestamp, Happening) {
        let forgotten = (self.expires_at.plus(KEPT_FOR), Happening::Forgotten);
        let told = usize::try_from(self.told).unwrap_or_default();
        self.happenings().get(told).copied().unwrap_or(forgotten)
    }

    /// The order after its customer gives it up at `now`. Then nothing happens to it any more.
    pub fn after_giving_up(self, how: GivenUp, now: Timestamp) -> TestOrder {
        TestOrder { given_up: Some((how, now)), told: 0, ..self }
    }

    /// Its texts up to `now`, oldest first.
    pub fn texts(&self, now: Timestamp) -> Vec<TestText> {
        let until_now = self.happenings().into_iter().take_while(|(at, _)| *at <= now);
        let text = |(at, happening)| match happening {
            Happening::Text(number) => Some(self.text(number, at)),
            _ => None,
        };
        until_now.filter_map(text).collect()
    }

    /// Its text with this number.
    pub fn text(&self, number: i64, at: Timestamp) -> TestText {
        let id = self.id.0.saturating_mul(10).saturating_add(number);
        text(id, self.service == TestService::Long, at)
    }

    /// Whether what comes for it is withheld from its customer.
    pub fn is_withheld(&self) -> bool {
        self.service == TestService::Withheld
    }
}

#[cfg(test)]
mod tests {
    use super::super::FIRST_ORDER_ID;
    use super::*;
    use crate::domain::code::find;

    const MADE: Timestamp = Timestamp(1_000_000_000);
    const LIFETIME: Duration = Duration::from_secs(600);

    fn order(service: TestService) -> TestOrder {
        TestOrder {
            id: OrderId(FIRST_ORDER_ID),
            account: AccountId(1),
            service,
            number_of: None,
            price: Amount(50),
            created_at: MADE,
            expires_at: MADE.plus(LIFETIME),
            replaces: None,
            client_ref: None,
            given_up: None,
            told: 0,
        }
    }

    fn after(seconds: u64) -> Timestamp {
        MADE.plus(Duration::from_secs(seconds))
    }

    /// The state and the number of texts after some seconds, and whether the SIM was lost.
    fn seen(order: &TestOrder, seconds: u64) -> (&'static str, usize, bool) {
        let shown = order.at(after(seconds));
        let is_lost = shown.outcome == Some(OrderOutcome::SimLost);
        (shown.state.as_str(), order.texts(after(seconds)).len(), is_lost)
    }

    #[test]
    fn each_service_does_what_its_name_says() {
        for (service, times) in [
            (TestService::Code, &[(4, "open", 0), (5, "completed", 1), (700, "completed", 1)][..]),
            (TestService::Two, &[(5, "completed", 1), (9, "completed", 1), (10, "completed", 2)]),
            (TestService::Long, &[(4, "open", 0), (5, "completed", 1)]),
            (TestService::SimLost, &[(7, "open", 0), (8, "expired", 0)]),
            (TestService::Silent, &[(599, "open", 0), (600, "expired", 0)]),
            (TestService::Withheld, &[(599, "open", 0), (600, "expired", 0)]),
            (TestService::Late, &[(599, "open", 0), (600, "expired", 0), (900, "expired", 0)]),
        ] {
            for (seconds, state, texts) in times {
                let is_lost = service == TestService::SimLost && *state == "expired";
                let expected = (*state, *texts, is_lost);
                assert_eq!(seen(&order(service), *seconds), expected, "{service:?} {seconds}");
            }
        }
        let long = order(TestService::Long).text(0, MADE).text;
        assert!(long.chars().count() > 160, "{long}");
        let [first, second] = &order(TestService::Two).texts(after(10))[..] else { panic!() };
        assert_ne!((first.id, &first.text), (second.id, &second.text));
    }

    #[test]
    fn there_is_a_code_in_each_text() {
        for service in [TestService::Code, TestService::Long] {
            let code = find(&order(service).text(0, MADE).text).unwrap();
            assert_eq!(code.len(), 6, "{code}");
        }
    }

    #[test]
    fn what_is_given_up_stays_so_and_what_happens_early_in_a_short_life_is_in_its_order() {
        let canceled = order(TestService::Code).after_giving_up(GivenUp::Canceled, after(3));
        assert_eq!(seen(&canceled, 700), ("canceled", 0, false));
        assert_eq!(canceled.next(), (after(600 + 24 * 3600), Happening::Forgotten));
        let reported = order(TestService::Silent).after_giving_up(GivenUp::Reported, after(3));
        assert_eq!(reported.at(after(3)).outcome, Some(OrderOutcome::Reported));
        let short = TestOrder { expires_at: after(6), ..order(TestService::Two) };
        assert_eq!((seen(&short, 2).0, seen(&short, 3)), ("open", ("completed", 2, false)));
        let told = TestOrder { told: 1, ..order(TestService::Two) };
        assert_eq!(told.next(), (after(10), Happening::Text(1)));
    }
}
