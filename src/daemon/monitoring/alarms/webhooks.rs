//! What alarms say of webhook endpoints that take nothing.

use std::time::Duration;

use super::Words;
use crate::domain::Timestamp;
use crate::domain::webhook::delivery::FAILING_LONG;
use crate::gateway::EndpointCounts;

/// Webhooks fail when all of at least so many endpoints have failed for so long: then it is not
/// their customers' fault.
const FEWEST_ENDPOINTS: u32 = 2;
pub(super) const ENDPOINTS_FAILING_FOR: Duration = Duration::from_secs(600);

/// Tells that no webhook endpoint takes anything.
pub(super) fn all_webhooks_failing(endpoints: &EndpointCounts, now: Timestamp) -> Option<Words> {
    let EndpointCounts { on, failing, failing_since, .. } = *endpoints;
    let long = |since: &Timestamp| now.since(*since) >= ENDPOINTS_FAILING_FOR;
    let since = failing_since.filter(long).filter(|_| on == 0 && failing >= FEWEST_ENDPOINTS)?;
    let minutes = now.since(since).as_secs() / 60;
    Some(Words::new(
        format!(
            "all {failing} webhook endpoints have failed for {minutes} min: does this machine \
             reach the internet?"
        ),
        "`simbridge webhook list` names them",
    ))
}

/// Tells how many webhook endpoints have failed for long, and which of them for longest.
pub(super) fn webhooks_failing_long(endpoints: &EndpointCounts, now: Timestamp) -> Option<Words> {
    let failing = &endpoints.failing_long;
    let (oldest, since) = failing.first()?;
    let hours = |time: Duration| time.as_secs() / 3600;
    Some(Words::new(
        format!(
            "{} webhook endpoints have failed for {} h or more, endpoint {oldest} for longest: {} \
             h; after five days an endpoint is switched off",
            failing.len(),
            hours(FAILING_LONG),
            hours(now.since(*since))
        ),
        format!(
            "`simbridge webhook list` tells whose they are, `simbridge webhook deliveries \
             {oldest}` why"
        ),
    ))
}
