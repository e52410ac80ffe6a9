//! Alarms about sites, and about SIMs that are read at two of them.

use std::time::Duration;

use super::{STARTUP_TIME, Words};
use crate::domain::two_places::TwoPlaces;
use crate::domain::{Iccid, SiteName, Timestamp};
use crate::gateway::{SiteState, SiteStatus};

/// A site that has not been connected for this long is an alarm.
const DOWN_AFTER: Duration = Duration::from_secs(15);
/// How many SIMs that are read in two places are told of in one alarm.
const MOST_SIMS: usize = 5;

/// The sites that are down, each with what the operator is told. Those that were never connected
/// are being set up. After a start sites have some time to connect again.
pub(super) fn sites_down(
    sites: &[SiteStatus],
    started: Timestamp,
    now: Timestamp,
) -> Vec<(&SiteName, String)> {
    if now.since(started) < STARTUP_TIME {
        return Vec::new();
    }
    let down = |site: &'_ SiteStatus| match site.state {
        SiteState::Down { since } if now.since(since) >= DOWN_AFTER => Some(now.since(since)),
        _ => None,
    };
    let told = |(site, time): (&SiteStatus, Duration)| {
        let time = match time.as_secs() {
            seconds @ ..60 => format!("{seconds} s"),
            seconds => format!("{} min", seconds / 60),
        };
        let why = match site.refused.filter(|refused| refused.still_tries(now)) {
            Some(refused) => format!("; it is refused: {}", refused.why),
            None => String::new(),
        };
        let name = &site.name;
        format!("site {name} has not been connected for {time}; its SIMs are not given out{why}")
    };
    let down = sites.iter().filter_map(|site| Some((site, down(site)?)));
    down.map(|down| (&down.0.name, told(down))).collect()
}

/// The sites that another process with their key wants to connect as, each with what the operator
/// is told.
pub(super) fn sites_refused(
    sites: &[SiteStatus],
    now: Timestamp,
) -> impl Iterator<Item = (&SiteName, Words)> {
    sites.iter().filter_map(move |site| {
        let rival = site.refused.filter(|refused| refused.is_rival(now))?;
        let (name, address) = (&site.name, rival.address);
        let text = format!(
            "another process at {address} has the key of site {name}, and is refused while the \
             site is connected: the key was stolen, or the site's configuration was copied"
        );
        let more = format!("`simbridge site revoke {name}` takes the key from both");
        Some((name, Words::new(text, more)))
    })
}

/// Tells of SIMs that are read in two places, if there are any.
pub(super) fn in_two_places_text(sims: &[(Iccid, TwoPlaces)]) -> Option<String> {
    if sims.is_empty() {
        return None;
    }
    let place = |site: &Option<SiteName>| match site {
        Some(site) => format!("site {site}"),
        None => "the central daemon".to_owned(),
    };
    let told = sims.iter().take(MOST_SIMS).map(|(iccid, places)| {
        let [here, there] = places.sites.each_ref().map(place);
        format!("{iccid} at {here} and at {there}")
    });
    let told = told.collect::<Vec<_>>().join("; ");
    let more = match sims.len().saturating_sub(MOST_SIMS) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!("SIMs are read in two places in turn and are not sold: {told}{more}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(n: i64) -> Timestamp {
        Timestamp(n * 1_000_000)
    }

    fn site(name: &str, state: SiteState) -> SiteStatus {
        SiteStatus {
            name: name.parse().unwrap(),
            created_at: seconds(0),
            state,
            link: None,
            ports: 0,
            ready: 0,
            latency: None,
            refused: None,
        }
    }

    #[test]
    fn a_site_is_down_when_it_was_connected_and_has_not_been_for_a_while() {
        let sites = [
            site("ams", SiteState::Down { since: seconds(100) }),
            site("ber", SiteState::Connected { since: seconds(1) }),
            site("fra", SiteState::Never),
            site("lon", SiteState::Revoked { at: seconds(1) }),
        ];
        let told = |started, now| {
            let down = sites_down(&sites, seconds(started), seconds(now));
            down.into_iter().map(|(_, text)| text).collect::<Vec<_>>()
        };
        assert_eq!(told(0, 114), [""; 0]);
        let text = "site ams has not been connected for 15 s; its SIMs are not given out";
        assert_eq!(told(0, 115), [text]);
        assert_eq!(told(116, 175), [""; 0], "the centre has just started");
        let text = "site ams has not been connected for 1 min; its SIMs are not given out";
        assert_eq!(told(116, 176), [text]);
    }

    #[test]
    fn why_a_site_is_refused_is_told_and_who_else_has_its_key() {
        use crate::gateway::{RefusedSite, SiteRefusal};
        let refused = |why| {
            let address = std::net::IpAddr::from([192, 0, 2, 9]);
            let refused = RefusedSite { why, address, since: seconds(100), at: seconds(150) };
            let down = SiteState::Down { since: seconds(100) };
            [SiteStatus { refused: Some(refused), ..site("ams", down) }]
        };
        let wrong = refused(SiteRefusal::WrongKey);
        let down = sites_down(&wrong, seconds(0), seconds(150)).remove(0).1;
        assert!(down.ends_with("; it is refused: this is not the site's key"), "{down}");
        assert_eq!(sites_refused(&wrong, seconds(150)).count(), 0);
        let rival = refused(SiteRefusal::AlreadyConnected);
        let (name, words) = sites_refused(&rival, seconds(150)).next().unwrap();
        assert_eq!(name.as_str(), "ams");
        assert!(words.text.contains("at 192.0.2.9 has the key of site ams"), "{}", words.text);
        assert_eq!(sites_refused(&rival, seconds(200)).count(), 0, "it has given up");
    }

    #[test]
    fn sims_in_two_places_are_named_with_both() {
        assert_eq!(in_two_places_text(&[]), None);
        let sites = [Some("ams".parse().unwrap()), None];
        let places = TwoPlaces { sites, since: seconds(1) };
        let sim = |n: usize| (Iccid::from_stored(format!("893{n}")), places.clone());
        assert_eq!(
            in_two_places_text(&[sim(1)]).unwrap(),
            "SIMs are read in two places in turn and are not sold: 8931 at site ams and at the \
             central daemon"
        );
        let seven: Vec<_> = (1..=7).map(sim).collect();
        assert!(
            in_two_places_text(&seven)
                .unwrap()
                .ends_with("8935 at site ams and at the central daemon and 2 more")
        );
    }
}
