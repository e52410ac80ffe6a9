//! What alarms say of SIMs and of the numbers that are left to sell.

use std::collections::BTreeMap;

use super::Words;
use crate::daemon::monitoring::counts_cache::SiteCounts;
use crate::domain::country::Countries;
use crate::domain::runway::{DAYS_AHEAD, FEWEST_DAYS};
use crate::domain::text::counted_noun;
use crate::domain::{Iccid, Msisdn, Timestamp};

/// How many services without numbers are named for a country.
const MAX_SERVICES_SHOWN: usize = 3;
/// How many rented SIMs that are off the air are named.
const MAX_SIMS_SHOWN: usize = 5;
/// How many contested numbers are told of in one alarm.
const MAX_CONTESTED_SHOWN: usize = 5;

/// What is said for each country in which services have no number left; once in all, for no
/// country, where nothing is left anywhere.
pub(super) fn stock_out(counts: &SiteCounts) -> Vec<(String, Words)> {
    let mut without: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut is_any_left = false;
    for (service, stock) in counts.stock_by_name() {
        for (country, count) in stock {
            match count {
                0 => without.entry(country).or_default().push(service),
                _ => is_any_left = true,
            }
        }
    }
    let countries = Countries::default();
    let words = |(country, services): (&&str, &Vec<&str>)| {
        let shown = countries.iso_code(country);
        let first = services.first().copied().unwrap_or_default();
        let named = services.iter().take(MAX_SERVICES_SHOWN).copied().collect::<Vec<_>>();
        let which = match services.len() {
            1 => format!("{first} has no number left in {shown}"),
            count => format!(
                "{count} services have no number left in {shown}: {}{}",
                named.join(", "),
                if count > named.len() { ", …" } else { "" }
            ),
        };
        let quoted = if first.contains(' ') { format!("'{first}'") } else { first.to_owned() };
        let in_shell = format!("`simbridge explain {quoted} {shown}` says why");
        ((*country).to_owned(), Words::new(which, in_shell))
    };
    match is_any_left || without.len() < 2 {
        true => without.iter().map(words).collect(),
        false => {
            let text = "no SIM is on sale in any country";
            vec![(String::new(), Words::new(text, "`simbridge sim list` says why"))]
        }
    }
}

/// What is said for each country in which numbers will soon be used up.
pub(super) fn stock_runway(counts: &SiteCounts) -> Vec<(String, Words)> {
    let mut short: BTreeMap<&str, Vec<(f64, &str, u64)>> = BTreeMap::new();
    for stock in counts.runways().filter(|stock| stock.runway.is_short()) {
        let days = stock.runway.days_left().unwrap_or_default();
        let of_country = short.entry(stock.country).or_default();
        of_country.push((days, stock.service, stock.runway.sims_needed()));
    }
    let countries = Countries::default();
    let words = |(country, mut services): (&str, Vec<(f64, &str, u64)>)| {
        let shown = countries.iso_code(country);
        services.sort_by(|(a, ..), (b, ..)| a.total_cmp(b));
        let needed = services.iter().map(|(_, _, needed)| *needed).max().unwrap_or_default();
        let named = services.iter().take(MAX_SERVICES_SHOWN);
        let named: Vec<String> =
            named.map(|(days, service, _)| format!("{service} {days:.1}")).collect();
        let more = if services.len() > named.len() { ", …" } else { "" };
        let text = format!(
            "the numbers of {} in {shown} last for less than {FEWEST_DAYS} days: {}{more}; {} \
             would last for {DAYS_AHEAD} days",
            counted_noun(services.len(), "service", "services"),
            named.join(", "),
            counted_noun(needed, "more SIM", "more SIMs")
        );
        (country.to_owned(), Words::new(text, "`simbridge report stock` shows all"))
    };
    short.into_iter().map(words).collect()
}

/// Names rented SIMs that are off the air, those first that have been for longest.
pub(super) fn off_air_text(off_air: &[(Iccid, Timestamp)], now: Timestamp) -> Option<String> {
    let mut sims: Vec<&(Iccid, Timestamp)> = off_air.iter().collect();
    sims.sort_by_key(|(_, since)| *since);
    let (_, first) = sims.first()?;
    let shown: Vec<&str> =
        sims.iter().take(MAX_SIMS_SHOWN).map(|(iccid, _)| iccid.as_str()).collect();
    let more = if sims.len() > shown.len() { ", …" } else { "" };
    Some(format!(
        "{} off the air, the first for {} min: {}{more}",
        counted_noun(sims.len(), "rented SIM is", "rented SIMs are"),
        now.since(*first).as_secs() / 60,
        shown.join(", ")
    ))
}

/// Names the SIMs that claim the same number. Only the ends of the numbers stand there, since
/// alarms are logged.
pub(super) fn contested_words(contested: &[(Msisdn, Vec<Iccid>)]) -> Option<Words> {
    let sims = |(number, sims): &(Msisdn, Vec<Iccid>)| {
        let sims: Vec<&str> = sims.iter().map(Iccid::as_str).collect();
        format!("{} by {}", number.shortened(), sims.join(" and "))
    };
    let shown: Vec<String> = contested.iter().take(MAX_CONTESTED_SHOWN).map(sims).collect();
    let more = match contested.len().saturating_sub(MAX_CONTESTED_SHOWN) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    (!shown.is_empty()).then(|| {
        let which = shown.join("; ");
        Words::new(
            format!("several SIMs claim one number, so none of them is sold: {which}{more}"),
            "`simbridge sim set-number` says whose it is",
        )
    })
}
