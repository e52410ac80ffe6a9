//! How often somebody may sign in wrongly. What is right costs nothing.
//!
//! An attempt is counted before it is known whether it is right, and given back if it is: of many
//! that come at the same time no more are looked at than of as many one after the other.

use std::net::IpAddr;
use std::time::Duration;

use parking_lot::Mutex;

use crate::domain::ip_network::client_network;
use crate::domain::login::Side;
use crate::domain::{KeyedBuckets, Timestamp, TokenRate};

/// A name on its side, without the difference between small and capital letters.
type Name = (Side, String);

/// An attempt to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attempt {
    pub name: Name,
    /// From where it comes, as far as that counts as one client.
    pub client: IpAddr,
    /// Whether somebody has signed in by this name from there: then attempts from elsewhere lock
    /// nobody out here.
    pub is_known_client: bool,
}

impl Attempt {
    pub(super) fn new(side: Side, name: String, address: IpAddr, is_known_client: bool) -> Attempt {
        Attempt { name: (side, name), client: client_network(address), is_known_client }
    }
}

/// The wrong attempts of the last time.
pub(super) struct Attempts(Mutex<Buckets>);

struct Buckets {
    by_client: KeyedBuckets<IpAddr>,
    by_name_and_client: KeyedBuckets<(Name, IpAddr)>,
    by_name: KeyedBuckets<Name>,
}

impl Attempts {
    pub(super) fn new() -> Attempts {
        let seconds = Duration::from_secs;
        Attempts(Mutex::new(Buckets {
            // 20 in 15 minutes.
            by_client: KeyedBuckets::new(TokenRate::with_burst(20, seconds(45))),
            // 5 in 15 minutes.
            by_name_and_client: KeyedBuckets::new(TokenRate::with_burst(5, seconds(180))),
            // From anywhere, 60 and then one in 30 seconds: nobody can lock another out for long.
            by_name: KeyedBuckets::new(TokenRate::with_burst(60, seconds(30))),
        }))
    }

    /// Counts an attempt.
    ///
    /// # Errors
    /// When there were too many: when the next one may come.
    pub(super) fn count(&self, attempt: &Attempt, now: Timestamp) -> Result<(), Timestamp> {
        let buckets = &mut *self.0.lock();
        let Attempt { name, client, is_known_client } = attempt;
        let both = (name.clone(), *client);
        let later = |wait| now.plus(wait);
        buckets.by_client.take(*client, now.into()).map_err(later)?;
        if let Err(wait) = buckets.by_name_and_client.take(both.clone(), now.into()) {
            buckets.by_client.give_back(client);
            return Err(later(wait));
        }
        if *is_known_client {
            return Ok(());
        }
        buckets.by_name.take(name.clone(), now.into()).map_err(|wait| {
            buckets.by_client.give_back(client);
            buckets.by_name_and_client.give_back(&both);
            later(wait)
        })
    }

    /// Takes an attempt back that was right, or was not looked at.
    pub(super) fn forgive(&self, attempt: &Attempt) {
        let buckets = &mut *self.0.lock();
        let Attempt { name, client, is_known_client } = attempt;
        buckets.by_client.give_back(client);
        buckets.by_name_and_client.give_back(&(name.clone(), *client));
        if !is_known_client {
            buckets.by_name.give_back(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp(1_000_000_000_000_000 + seconds * 1_000_000)
    }

    fn attempt(name: &str, client: u32) -> Attempt {
        Attempt::new(Side::Console, name.to_owned(), IpAddr::V4(client.into()), false)
    }

    #[test]
    fn the_sixth_wrong_attempt_for_a_name_from_an_address_waits() {
        let attempts = Attempts::new();
        for _ in 0..5 {
            assert_eq!(attempts.count(&attempt("ann", 1), at(0)), Ok(()));
        }
        assert_eq!(attempts.count(&attempt("ann", 1), at(0)), Err(at(180)));
        assert_eq!(attempts.count(&attempt("ann", 2), at(0)), Ok(()), "from another address");
        assert_eq!(attempts.count(&attempt("bob", 1), at(0)), Ok(()), "another name");
        let portal = Attempt { name: (Side::Portal, "ann".to_owned()), ..attempt("ann", 1) };
        assert_eq!(attempts.count(&portal, at(0)), Ok(()), "another side");
        assert_eq!(attempts.count(&attempt("ann", 1), at(179)), Err(at(180)));
        assert_eq!(attempts.count(&attempt("ann", 1), at(180)), Ok(()));
    }

    #[test]
    fn an_address_is_limited_whatever_the_names() {
        let attempts = Attempts::new();
        for n in 0..20 {
            assert_eq!(attempts.count(&attempt(&format!("a{n}"), 1), at(0)), Ok(()));
        }
        assert_eq!(attempts.count(&attempt("b", 1), at(0)), Err(at(45)));
        assert_eq!(attempts.count(&attempt("b", 2), at(0)), Ok(()));
        let v6 = |text: &str, name: &str| {
            Attempt::new(Side::Console, name.to_owned(), text.parse().unwrap(), false)
        };
        for n in 0..20 {
            let address = format!("2001:db8::{n}");
            assert_eq!(attempts.count(&v6(&address, &format!("a{n}")), at(0)), Ok(()));
        }
        assert_eq!(attempts.count(&v6("2001:db8::ffff", "b"), at(0)), Err(at(45)));
    }

    #[test]
    fn a_name_is_limited_from_everywhere_but_where_it_has_signed_in() {
        let attempts = Attempts::new();
        for client in 0..60 {
            assert_eq!(attempts.count(&attempt("ann", client), at(0)), Ok(()));
        }
        assert_eq!(attempts.count(&attempt("ann", 99), at(0)), Err(at(30)));
        let known = Attempt { is_known_client: true, ..attempt("ann", 99) };
        assert_eq!(attempts.count(&known, at(0)), Ok(()));
        assert_eq!(attempts.count(&attempt("ann", 99), at(30)), Ok(()));
        assert_eq!(attempts.count(&attempt("ann", 98), at(30)), Err(at(60)));
        for n in 0..4 {
            let refused = attempts.count(&attempt("ann", 98), at(30 + n));
            assert!(refused.is_err(), "what is refused takes nothing from the other limits");
        }
        assert_eq!(attempts.count(&attempt("ann", 98), at(60)), Ok(()));
    }

    #[test]
    fn right_attempts_cost_nothing() {
        let attempts = Attempts::new();
        for _ in 0..1000 {
            attempts.count(&attempt("ann", 1), at(0)).unwrap();
            attempts.forgive(&attempt("ann", 1));
        }
        for _ in 0..5 {
            assert_eq!(attempts.count(&attempt("ann", 1), at(0)), Ok(()));
        }
        assert!(attempts.count(&attempt("ann", 1), at(0)).is_err());
    }
}
