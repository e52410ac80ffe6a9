//! The operator's lists: what is asked for by name, as the database has it.

use super::Error;
use super::accounts::{find_account, subject_of};
use super::services::find_service;
use super::sims::no_sim;
use crate::domain::country::Countries;
use crate::domain::{Iccid, Msisdn, OrderId, OrderOutcome, RowLimit, Timestamp};
use crate::store::{ListFilter, Page, ReadTx, StoreError};

/// Which rows of a list the operator wants, in the operator's words.
#[derive(Debug, Clone, Default)]
pub struct ListRequest {
    /// An account by its name or id.
    pub account: Option<String>,
    /// A service by its name or id.
    pub service: Option<String>,
    /// A number in any form.
    pub number: Option<String>,
    pub iccid: Option<String>,
    /// An order by its id.
    pub order: Option<i64>,
    /// Only rows of the country with this code.
    pub country: Option<String>,
    /// Only rows in the state with this word.
    pub state: Option<String>,
    /// Only orders with the outcome of this word.
    pub outcome: Option<String>,
    /// A user of this machine, by name or number.
    pub user: Option<String>,
    /// Words of what was done.
    pub action: Option<String>,
    /// Only rows from this time or later.
    pub from: Option<Timestamp>,
    /// Only rows from before this time.
    pub to: Option<Timestamp>,
    /// Right after the row with this id.
    pub after: Option<i64>,
    /// Right before the row with this id.
    pub before: Option<i64>,
    /// How many rows at most.
    pub limit: Option<RowLimit>,
}

impl From<RowLimit> for ListRequest {
    /// The newest rows, at most so many.
    fn from(limit: RowLimit) -> ListRequest {
        ListRequest { limit: Some(limit), ..ListRequest::default() }
    }
}

impl ListRequest {
    /// The filter for a list whose rows have these states.
    pub(super) fn resolve(
        self,
        rows: &ReadTx<'_>,
        countries: &Countries,
        states: &[&str],
    ) -> Result<ListFilter, Error> {
        let account = self.account.map(|name| find_account(rows, &name)).transpose()?;
        let service = self.service.map(|name| find_service(rows, &name)).transpose()?;
        let sim = self.iccid.map(|text| {
            let iccid: Iccid = text.parse().map_err(|fault| Error::Refused(format!("{fault}")))?;
            rows.sim_id(&iccid)?.ok_or_else(|| no_sim(&iccid))
        });
        let page = match (self.after, self.before) {
            (Some(after), None) => Page::After(after),
            (None, Some(before)) => Page::Before(before),
            (None, None) => Page::Newest,
            (Some(_), Some(_)) => {
                return Err(Error::refused("a page is after a row or before one, not both"));
            }
        };
        Ok(ListFilter {
            account: account.map(|account| account.id),
            service: service.map(|service| service.id),
            numbers: self.number.map(|text| readings(countries, &text)).transpose()?,
            sim: sim.transpose()?,
            order: self.order.map(OrderId),
            country: self.country.map(|code| find_country(countries, &code)).transpose()?,
            bank: None,
            state: self.state.map(|word| check_state(word, states)).transpose()?,
            outcome: self.outcome.map(|word| find_outcome(&word)).transpose()?,
            client_ref: None,
            user: self.user,
            action: self.action,
            from: self.from,
            to: self.to,
            page,
            limit: self.limit.unwrap_or(RowLimit::ALL),
        })
    }
}

/// Whose rows a filter selects, for the audit.
pub(super) fn in_words(rows: &ReadTx<'_>, filter: &ListFilter) -> Result<String, StoreError> {
    let mut words = Vec::new();
    if let Some(account) = filter.account.map(|id| rows.account(id)).transpose()?.flatten() {
        words.push(subject_of(&account));
    }
    if let Some(service) = filter.service.map(|id| rows.service(id)).transpose()?.flatten() {
        words.push(format!("service {} {}", service.id, service.name));
    }
    for number in filter.numbers.iter().flatten() {
        words.push(number_in_words(number, &rows.sims_with_number(number)?));
    }
    if let Some(iccid) = filter.sim.map(|sim| rows.iccid(sim)).transpose()?.flatten() {
        words.push(format!("SIM {iccid}"));
    }
    words.extend(filter.order.map(|order| format!("order {order}")));
    words.extend(filter.country.as_ref().map(|country| format!("country {country}")));
    Ok(if words.is_empty() { "all SIMs".to_owned() } else { words.join(", ") })
}

/// A number for the audit, with the SIMs that have it, by which it is found there.
pub(super) fn number_in_words(number: &Msisdn, sims: &[Iccid]) -> String {
    let sims: Vec<String> = sims.iter().map(|iccid| format!("SIM {iccid}")).collect();
    match sims.is_empty() {
        true => format!("number {}", number.shortened()),
        false => format!("number {} of {}", number.shortened(), sims.join(" and ")),
    }
}

/// The numbers that a text may stand for.
pub(super) fn readings(countries: &Countries, text: &str) -> Result<Vec<Msisdn>, Error> {
    let readings = countries.readings(text);
    if readings.is_empty() {
        return Err(Error::refused(format!("{text}: not a number; write it like +31612345678")));
    }
    Ok(readings)
}

/// A country's code as answers spell it.
pub(super) fn find_country(countries: &Countries, code: &str) -> Result<String, Error> {
    let found = countries.find(code).map(|country| country.code.clone());
    found.ok_or_else(|| {
        Error::refused(format!("no country {code}; there are {}", countries.iso_codes()))
    })
}

/// The word of a list that is meant, in whatever case and with spaces, hyphens or underscores.
pub fn same_word<'w>(word: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let plain = |word: &str| word.to_ascii_lowercase().replace(['-', '_', ' '], "");
    words.into_iter().find(|known| plain(known) == plain(word))
}

pub(super) fn check_state(word: String, states: &[&str]) -> Result<String, Error> {
    if let Some(known) = same_word(&word, states.iter().copied()) {
        return Ok(known.to_owned());
    }
    Err(Error::refused(format!("no state {word}; there are {}", states.join(", "))))
}

fn find_outcome(word: &str) -> Result<OrderOutcome, Error> {
    let known = same_word(word, OrderOutcome::ALL.map(OrderOutcome::as_str));
    known.and_then(OrderOutcome::from_word).ok_or_else(|| {
        let words = OrderOutcome::ALL.map(OrderOutcome::as_str).join(", ");
        Error::refused(format!("no outcome {word}; there are {words}"))
    })
}
