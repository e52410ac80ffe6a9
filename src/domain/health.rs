//! The health of a number for a service, and of a SIM: judged by how orders end, in a way that no
//! single account can forge.

use std::time::Duration;

use super::{OrderOutcome, ServiceId, Timestamp};

/// So many failures in a row let a number rest for a service.
pub const FAILURES: u32 = 3;
/// So many silent orders in a row, of at least two services, show that a SIM is deaf.
pub const SILENT_ORDERS: u32 = 3;
/// For how long a number rests first.
const FIRST_REST: Duration = Duration::from_secs(24 * 3600);
/// The longest time for which a number rests for a service.
const LONGEST_REST: Duration = Duration::from_secs(30 * 24 * 3600);
/// Of one account and one number and service, one failure in this time counts.
pub const ONE_FAILURE_IN: Duration = Duration::from_secs(24 * 3600);
/// For how long a deaf SIM is not sold, unless it is heard of before. Then it is on probation: it
/// is tried with one order at a time until it hears, and is deaf again if that one is silent too.
const DEAF_FOR: Duration = Duration::from_secs(24 * 3600);

/// The orders by which a service's success is told are those of this time.
pub const SUCCESS_OF: Duration = Duration::from_secs(7 * 24 * 3600);
/// A service's success is not told of fewer orders.
pub const MIN_ORDERS: i64 = 20;

/// What the ends of orders have told of a number for a service since its last code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PairHealth {
    /// Failures in a row that count.
    pub failures: u32,
    /// How often in a row it was put to rest.
    pub rests: u32,
    /// Until when it is given to no order for the service.
    pub rests_until: Timestamp,
}

impl OrderOutcome {
    /// Whether it speaks against its number.
    pub fn is_failure(self) -> bool {
        use OrderOutcome::{QuitLate, Reported, Silent};
        matches!(self, Silent | QuitLate | Reported)
    }
}

impl PairHealth {
    /// After a failure that counts. The third in a row lets it rest, and each further one after the
    /// rest does so for twice as long.
    pub fn after_failure(self, at: Timestamp) -> PairHealth {
        let failures = self.failures.saturating_add(1);
        if failures < FAILURES || at < self.rests_until {
            return PairHealth { failures, ..self };
        }
        let doubled = FIRST_REST.saturating_mul(1 << self.rests.min(16));
        PairHealth {
            failures,
            rests: self.rests.saturating_add(1),
            rests_until: at.plus(doubled.min(LONGEST_REST)),
        }
    }

    /// After the operator has put it to rest for so long.
    pub fn rested(self, at: Timestamp, rest: Duration) -> PairHealth {
        PairHealth { rests_until: at.plus(rest), ..self }
    }
}

/// The silent orders of a SIM since it last received anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SimHearing {
    /// How many orders in a row have expired without any SMS.
    pub silent: u32,
    /// The service of the first of these orders.
    pub first: Option<ServiceId>,
    /// Whether some of them were for other services.
    pub is_mixed: bool,
    /// Until when it is taken to be deaf. Then it is on probation.
    pub deaf_until: Timestamp,
}

/// For how long a message to a SIM that is taken to be deaf may be on its way.
pub const TEST_LASTS: Duration = Duration::from_secs(3600);

/// How long after a test of a SIM that is taken to be deaf the next one is, when there were so many
/// before it: ten minutes, an hour, six hours, and then a day each.
pub fn pause_after_test(before: u32) -> Duration {
    let minutes = match before {
        0 => 10,
        1 => 60,
        2 => 6 * 60,
        _ => 24 * 60,
    };
    Duration::from_secs(minutes * 60)
}

impl SimHearing {
    /// After another silent order. One service that sends nothing does not make a SIM deaf.
    pub fn after_silence(self, service: ServiceId, at: Timestamp) -> SimHearing {
        let heard = SimHearing {
            silent: self.silent.saturating_add(1),
            first: self.first.or(Some(service)),
            is_mixed: self.is_mixed || self.first.is_some_and(|first| first != service),
            ..self
        };
        let is_deaf = heard.silent >= SILENT_ORDERS && heard.is_mixed;
        if is_deaf { SimHearing { deaf_until: at.plus(DEAF_FOR), ..heard } } else { heard }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 3600 * 1_000_000;

    #[test]
    fn the_third_failure_lets_a_number_rest_and_each_further_one_twice_as_long() {
        let mut health = PairHealth::default();
        let mut now = 0;
        for (days, why) in [
            (0, "the first failure"),
            (0, "the second"),
            (1, "the third"),
            (2, "the first after its rest"),
            (4, "and again"),
            (8, "and again"),
            (16, "and again"),
            (30, "no longer than that"),
            (30, "no longer than that"),
        ] {
            now = health.rests_until.0.max(now) + 7;
            health = health.after_failure(Timestamp(now));
            let until = if days == 0 { 0 } else { now + days * DAY };
            assert_eq!(health.rests_until, Timestamp(until), "{why}");
        }
        let late = health.after_failure(Timestamp(now + 1));
        assert_eq!(late.rests_until, health.rests_until, "an order from before its rest");
        let many = PairHealth { failures: u32::MAX, rests: u32::MAX, ..health };
        let longest = many.after_failure(health.rests_until);
        assert_eq!(longest.rests_until, health.rests_until.plus(LONGEST_REST));
    }

    #[test]
    fn silence_of_two_services_shows_that_a_sim_is_deaf() {
        let after = |services: &[i64]| {
            let silences = services.iter().enumerate();
            silences.fold(SimHearing::default(), |hearing, (n, service)| {
                hearing.after_silence(ServiceId(*service), Timestamp(i64::try_from(n).unwrap()))
            })
        };
        for (services, deaf_until, why) in [
            (&[1, 2][..], 0, "two are too few"),
            (&[1, 1, 1, 1], 0, "of one service alone"),
            (&[1, 2, 1], 2 + DAY, "of two services"),
            (&[1, 1, 1, 2], 3 + DAY, "of another one at last"),
            (&[1, 2, 1, 1], 3 + DAY, "it was tried again"),
        ] {
            assert_eq!(after(services).deaf_until, Timestamp(deaf_until), "{why}");
        }
    }

    #[test]
    fn what_speaks_against_a_number() {
        let failures = OrderOutcome::ALL.into_iter().filter(|outcome| outcome.is_failure());
        let words: Vec<_> = failures.map(OrderOutcome::as_str).collect();
        assert_eq!(words, ["silent", "quit_late", "reported"]);
    }
}
