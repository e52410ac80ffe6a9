//! Sites in the metrics.

use super::page::Kind::Gauge;
use super::page::Page;
use super::{Monitor, flag};
use crate::gateway::{SiteState, SiteStatus};

pub(super) fn write_sites(page: &mut Page, monitor: &Monitor) {
    let sites = monitor.gateway.sites().statuses();
    let mut family = page.family(
        "simbridge_site_connected",
        Gauge,
        "Whether a site is connected that has been connected before.",
    );
    // Of others nothing is expected.
    let is_expected = |site: &&SiteStatus| {
        matches!(site.state, SiteState::Connected { .. } | SiteState::Down { .. })
    };
    for site in sites.iter().filter(is_expected) {
        let is_connected = matches!(site.state, SiteState::Connected { .. });
        family.put(&[("site", site.name.as_str())], flag(is_connected));
    }
    let mut family = page.family(
        "simbridge_site_refused",
        Gauge,
        "Whether another process with the key of a site wants to connect, and is refused.",
    );
    let now = monitor.gateway.now();
    for site in sites.iter().filter(is_expected) {
        let is_refused = site.refused.is_some_and(|refused| refused.is_rival(now));
        family.put(&[("site", site.name.as_str())], flag(is_refused));
    }
    let mut family = page.family(
        "simbridge_site_question_seconds",
        Gauge,
        "How long the last questions of a site took to be answered.",
    );
    for site in &sites {
        let Some(latency) = site.latency else { continue };
        for (quantile, took) in [("0.5", latency.median), ("0.9", latency.ninth_decile)] {
            let labels = [("site", site.name.as_str()), ("quantile", quantile)];
            family.put(&labels, took.as_secs_f64());
        }
    }
    page.single(
        "simbridge_sims_in_two_places",
        Gauge,
        "SIMs that are held back because they are read in two places in turn.",
        monitor.gateway.sims().in_two_places().len(),
    );
}
