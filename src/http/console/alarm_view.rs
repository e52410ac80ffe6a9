//! An alarm on a page: what is wrong, with links to what it is about, and the pages that help.

use maud::{Markup, html};

use super::Operator;
use super::modems::short_port;
use crate::domain::alarm::{Alarm, AlarmName, AlarmSubject, StandingAlarm};
use crate::domain::availability::UnavailableReason;
use crate::domain::message::MessageState;
use crate::domain::webhook::Endpoint;
use crate::domain::{EndpointId, Iccid, PortName};
use crate::gateway::RENTED_OFF_AIR;
use crate::http::web::{Fault, Visit, ago, hostile, link, path};

/// How many webhook endpoints an alarm leads to.
const MOST_ENDPOINTS: usize = 5;

/// The address of a page, and what the link to it says.
type Way = (String, String);

/// What every page says of an alarm that stands, with the ways on from there, the last of which the
/// page has added.
pub(super) async fn head(
    visit: &Visit<Operator>,
    standing: &StandingAlarm,
    last: Option<(&str, &str)>,
) -> Result<Markup, Fault> {
    let alarm = &standing.alarm;
    let mut ways = ways(visit, alarm).await?;
    ways.extend(last.map(|(address, name)| (address.to_owned(), name.to_owned())));
    Ok(html! {
        span class="name" { (alarm.name.as_str()) }
        span class="text" { (text(visit, alarm)) }
        span class="age" { (ago(visit.now(), standing.raised_at)) }
        @if !ways.is_empty() {
            p {
                @for (index, (address, name)) in ways.iter().enumerate() {
                    @if index > 0 { " · " }
                    (link(address, name))
                }
            }
        }
    })
}

/// What an alarm says, with links to what it is about. What was stored by an early version has
/// commands in it.
pub(super) fn text(visit: &Visit<Operator>, alarm: &Alarm) -> Markup {
    let named = things_named(visit, alarm);
    // Of a port's path its end says enough.
    let text = match alarm.about() {
        AlarmSubject::Modem(port) => alarm.text.replace(port.as_str(), &short_port(&port)),
        _ => alarm.text.clone(),
    };
    with_code(&text, |piece| with_links(piece, &named))
}

/// A text with what it has in backticks as code.
pub(super) fn with_code(text: &str, show: impl Fn(&str) -> Markup) -> Markup {
    html! {
        @for (index, piece) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (show(piece)) } } @else { (show(piece)) }
        }
    }
}

/// A text in which names are links: each name with the address that it leads to.
fn with_links(text: &str, named: &[(String, String)]) -> Markup {
    let first = |(name, address): &'_ (String, String)| {
        Some((text.find(name.as_str())?, name.clone(), address.clone()))
    };
    let found = named.iter().filter(|(name, _)| !name.is_empty()).filter_map(first);
    let Some((at, name, address)) =
        found.min_by_key(|(at, name, _)| (*at, usize::MAX - name.len()))
    else {
        return if text.is_empty() { Markup::default() } else { hostile(text) };
    };
    let (before, rest) = text.split_at(at);
    let rest = rest.strip_prefix(name.as_str()).unwrap_or_default();
    html! {
        @if !before.is_empty() { (hostile(before)) }
        a href=(address) { (hostile(&name)) }
        (with_links(rest, named))
    }
}

/// The names in an alarm's text that have pages, each with its address.
fn things_named(visit: &Visit<Operator>, alarm: &Alarm) -> Vec<(String, String)> {
    match alarm.about() {
        AlarmSubject::Modem(port) if is_served(visit, &port) => {
            vec![(short_port(&port), path!("/modems/{}", port))]
        }
        AlarmSubject::Sims(iccids) => {
            let page = |iccid: &Iccid| path!("/sims/{}", iccid);
            iccids.iter().map(|iccid| (iccid.to_string(), page(iccid))).collect()
        }
        AlarmSubject::Bank(name) if has_bank(visit, name) => {
            vec![(name.to_owned(), path!("/banks/{}", name))]
        }
        AlarmSubject::Service(name) => {
            vec![(name.to_owned(), path!("/services?name={}", name))]
        }
        _ => Vec::new(),
    }
}

fn is_served(visit: &Visit<Operator>, port: &PortName) -> bool {
    visit.gateway().modems().modems().iter().any(|modem| modem.snapshot.port == *port)
}

fn has_bank(visit: &Visit<Operator>, name: &str) -> bool {
    visit.gateway().banks().reports().iter().any(|bank| bank.name == name)
}

/// The pages that help with an alarm.
async fn ways(visit: &Visit<Operator>, alarm: &Alarm) -> Result<Vec<Way>, Fault> {
    let way = |address: String, name: &str| (address, name.to_owned());
    let sims = |state: &str, name: &str| vec![way(path!("/sims?state={}", state), name)];
    let messages = |state: MessageState, name: &str| {
        vec![way(path!("/messages?state={}&all=yes", state.as_str()), name)]
    };
    let stock = || way("/stock?out=yes".to_owned(), "What is out of stock");
    let sims_of = |code: &str| (path!("/sims?country={}", code), format!("SIMs of {code}"));
    let ways = match (alarm.name, alarm.about()) {
        (AlarmName::SimsDeaf, _) => sims(UnavailableReason::Deaf.as_str(), "SIMs that are deaf"),
        (AlarmName::LeaderChanged, _) => vec![way("/system".to_owned(), "Database")],
        (AlarmName::SiteDown | AlarmName::SiteRefused, _) => {
            vec![way("/system".to_owned(), "Sites")]
        }
        (AlarmName::SimInTwoPlaces, _) => {
            sims(UnavailableReason::InTwoPlaces.as_str(), "SIMs that are read in two places")
        }
        (AlarmName::NumbersContested, _) => {
            sims(UnavailableReason::Contested.as_str(), "SIMs whose number is contested")
        }
        (AlarmName::RentalOffAir, _) => sims(RENTED_OFF_AIR, "Rented SIMs that are off the air"),
        (AlarmName::StockOut, AlarmSubject::Country(code)) => vec![stock(), sims_of(code)],
        (AlarmName::StockOut, _) => vec![stock(), way("/sims".to_owned(), "SIMs")],
        (AlarmName::StockRunway, AlarmSubject::Country(code)) => {
            let chart = way("/charts/pairs?range=7d".to_owned(), "What lasts least");
            vec![chart, way("/stock".to_owned(), "Stock"), sims_of(code)]
        }
        (AlarmName::FewCodes, AlarmSubject::Service(name)) => {
            vec![way(path!("/orders?service={}", name), "Its orders")]
        }
        (AlarmName::Undecodable, _) => {
            messages(MessageState::Undecodable, "Messages that could not be decoded")
        }
        (AlarmName::NetworkClockWrong, _) => {
            messages(MessageState::Unclaimed, "Messages that were nobody's")
        }
        (AlarmName::DatabaseFailing | AlarmName::DiskLow, _) => {
            vec![way("/system".to_owned(), "System")]
        }
        (AlarmName::IdsRunningOut, _) => vec![way("/accounts".to_owned(), "Accounts")],
        (AlarmName::WebhooksFailing, AlarmSubject::Endpoints(ids)) if !ids.is_empty() => {
            endpoints(visit, &ids).await?
        }
        (AlarmName::WebhooksFailing, _) => vec![way("/accounts".to_owned(), "Accounts")],
        // The thing itself stands in the text as a link.
        _ => Vec::new(),
    };
    Ok(ways)
}

/// The pages of some webhook endpoints.
async fn endpoints(visit: &Visit<Operator>, ids: &[EndpointId]) -> Result<Vec<Way>, Fault> {
    let all = visit.gateway().webhooks().list(None).await?;
    let failing = all.iter().filter(|(endpoint, _)| ids.contains(&endpoint.id));
    let way = |(endpoint, account): &(Endpoint, String)| {
        let address = path!("/accounts/{}/webhooks/{}", endpoint.account, endpoint.id);
        (address, format!("Endpoint {} of {account}", endpoint.id))
    };
    Ok(failing.take(MOST_ENDPOINTS).map(way).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_links_and_the_longest_of_several_at_one_place() {
        let named = [
            ("8931".to_owned(), "/sims/8931".to_owned()),
            ("89312".to_owned(), "/sims/89312".to_owned()),
        ];
        let text = with_links("on 89312, 8931 <b>", &named).0;
        let shown = text.replace("<bdi dir=\"auto\">", "").replace("</bdi>", "");
        assert_eq!(
            shown,
            "on <a href=\"/sims/89312\">89312</a>, <a href=\"/sims/8931\">8931</a> &lt;b&gt;"
        );
        assert_eq!(with_links("", &named).0, "");
    }
}
