//! Who was not let in under the name of a site, and why. That is in memory only.

use std::net::IpAddr;
use std::time::Duration;

use crate::domain::Timestamp;

/// A site tries again every few seconds; after this long it has given up.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A site that has lost its connection may be refused for some seconds, until the end of that is
/// noticed. After this long it is not the same process.
const RIVAL_AFTER: Duration = Duration::from_secs(30);

/// Why a site may not connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SiteRefusal {
    #[error("no site has this name")]
    Unknown,
    #[error("the site's key was revoked")]
    Revoked,
    #[error("this is not the site's key")]
    WrongKey,
    #[error("it runs another version of simbridge")]
    OtherVersion,
    #[error("the site is connected already")]
    AlreadyConnected,
}

/// That somebody was not let in under the name of a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefusedSite {
    pub why: SiteRefusal,
    /// From where it has connected.
    pub address: IpAddr,
    /// Since when it has tried again and again.
    pub since: Timestamp,
    /// When it was refused last.
    pub at: Timestamp,
}

impl RefusedSite {
    /// A refusal at `now`, after the last one.
    pub(super) fn after(
        last: Option<RefusedSite>,
        why: SiteRefusal,
        address: IpAddr,
        now: Timestamp,
    ) -> RefusedSite {
        let same =
            last.filter(|last| (last.why, last.address) == (why, address) && last.still_tries(now));
        RefusedSite { why, address, since: same.map_or(now, |last| last.since), at: now }
    }

    /// Whether it will try again.
    pub fn still_tries(&self, now: Timestamp) -> bool {
        now.since(self.at) <= LONGEST_PAUSE
    }

    /// Whether this is another process with the key of the site that is connected: the key was
    /// stolen, or the site's configuration was copied.
    pub fn is_rival(&self, now: Timestamp) -> bool {
        self.why == SiteRefusal::AlreadyConnected
            && self.still_tries(now)
            && self.at.since(self.since) >= RIVAL_AFTER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rival_has_the_sites_key_and_tries_for_longer_than_a_lost_connection_lasts() {
        let at = |seconds: i64| Timestamp(seconds * 1_000_000);
        let from = |last: u8| IpAddr::from([192, 0, 2, last]);
        let refused = |why: SiteRefusal, tries: &[i64]| {
            let again = |last, now: &i64| Some(RefusedSite::after(last, why, from(7), at(*now)));
            tries.iter().fold(None, again).unwrap()
        };
        let rival = refused(SiteRefusal::AlreadyConnected, &[0, 15, 30]);
        assert_eq!((rival.since, rival.at), (at(0), at(30)));
        assert!(rival.is_rival(at(60)) && !rival.is_rival(at(61)));
        assert!(!refused(SiteRefusal::AlreadyConnected, &[0, 15, 29]).is_rival(at(29)));
        assert!(!refused(SiteRefusal::AlreadyConnected, &[0, 31, 50]).is_rival(at(50)));
        assert!(!refused(SiteRefusal::WrongKey, &[0, 15, 30]).is_rival(at(30)));
        let moved = RefusedSite::after(Some(rival), SiteRefusal::AlreadyConnected, from(8), at(31));
        assert_eq!(moved.since, at(31));
    }
}
