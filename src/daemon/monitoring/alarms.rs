//! Alarms: what an operator should act on. They have the names and the conditions of the alert
//! rules in `docs/monitoring/alerts.yml`, for those who run no Prometheus.

mod sites;
mod stock;
mod webhooks;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use super::counts_cache::SiteCounts;
use super::modems::PortCounts;
use super::process::Disk;
use crate::domain::alarm::{Alarm, AlarmName};
use crate::domain::bank::BankReport;
use crate::domain::clock_trust::{ClockTrust, LONGEST_PLAUSIBLE_OUTAGE};
use crate::domain::modem::{ModemState, ModemStatus, StoreFill};
use crate::domain::text::counted_noun;
use crate::domain::two_places::TwoPlaces;
use crate::domain::{Iccid, PortName, Timestamp};
use crate::gateway::SiteStatus;
use crate::store::postgres::Term;
use sites::{in_two_places_text, sites_down, sites_refused};
use stock::{contested_words, off_air_text, stock_out, stock_runway};
use webhooks::{all_webhooks_failing, webhooks_failing_long};

/// A modem that is not Ready for this long is an alarm.
const NOT_READY_AFTER: Duration = Duration::from_secs(300);
/// For how long a PDU that could not be decoded is an alarm.
const UNDECODABLE_FOR: Duration = Duration::from_secs(3600);
/// A message store that is filled to this percentage is nearly full.
const NEAR_FULL_PERCENT: u32 = 80;
/// The database is too slow when more operations than this wait for its writer.
const MAX_WAITING: usize = 256;
/// How long after the daemon's start its stock is not judged: modems are still being found.
const STARTUP_TIME: Duration = Duration::from_secs(60);
/// How many orders of a service must have ended before its success rate is judged.
const MIN_ORDERS: usize = 10;
/// The share of the ids of orders or rentals from which on their end is near.
const MAX_IDS_USED: f64 = 0.75;

/// The state of the daemon, as far as alarms are raised by it.
pub(super) struct AlarmInputs<'f> {
    pub now: Timestamp,
    pub started: Timestamp,
    pub modems: &'f [ModemStatus],
    pub ports: &'f BTreeMap<PortName, PortCounts>,
    pub banks: &'f [BankReport],
    pub sites: &'f [SiteStatus],
    /// The term of this daemon, if it has taken the lead over not long ago.
    pub taken_over: Option<&'f Term>,
    /// SIMs that are read in two places in turn.
    pub in_two_places: Vec<(Iccid, TwoPlaces)>,
    /// How far this machine's clock can be relied on, and until when it is for certain.
    pub clock: (ClockTrust, Timestamp),
    /// Service centres whose time stamps contradict each other.
    pub contradicted: Vec<String>,
    pub counts: &'f SiteCounts,
    /// For each service by name, how many of how many of its last orders were completed.
    pub success: Vec<(String, usize, usize)>,
    /// Rented SIMs that have been off the air for too long, each since when.
    pub off_air: Vec<(Iccid, Timestamp)>,
    pub disk: Option<Disk>,
    /// Operations that wait for the database's writer.
    pub waiting: usize,
    /// Why the database cannot be written.
    pub database_fault: Option<String>,
}

/// What an alarm says.
#[derive(Debug, PartialEq, Eq)]
struct Words {
    /// What is wrong.
    text: String,
    /// What tells more in a shell: a clause with the command between backticks.
    in_shell: Option<String>,
}

impl Words {
    fn new(text: impl Into<String>, in_shell: impl Into<String>) -> Words {
        Words { text: text.into(), in_shell: Some(in_shell.into()) }
    }
}

impl From<String> for Words {
    fn from(text: String) -> Words {
        Words { text, in_shell: None }
    }
}

/// Alarms that were found.
#[derive(Default)]
struct Raised(Vec<Alarm>);

impl Raised {
    fn add(&mut self, name: AlarmName, subject: impl Display, words: impl Into<Words>) {
        let Words { text, in_shell } = words.into();
        let subject = subject.to_string();
        self.0.push(Alarm { name, subject, text, in_shell, members: Vec::new() });
    }

    /// Adds one for the whole site that is about several things.
    fn add_of<M: ToString>(
        &mut self,
        name: AlarmName,
        words: impl Into<Words>,
        members: impl IntoIterator<Item = M>,
    ) {
        let mut members: Vec<String> = members.into_iter().map(|it| it.to_string()).collect();
        members.sort_unstable();
        let Words { text, in_shell } = words.into();
        self.0.push(Alarm { name, subject: String::new(), text, in_shell, members });
    }
}

impl AlarmInputs<'_> {
    pub fn alarms(&self) -> Vec<Alarm> {
        let mut raised = Raised::default();
        if let Some(fault) = &self.database_fault {
            raised.add(AlarmName::DatabaseFailing, "", fault.clone());
        } else if self.waiting > MAX_WAITING {
            let text = format!("{} operations wait for the database", self.waiting);
            raised.add(AlarmName::DatabaseFailing, "", text);
        }
        if let Some((term, other)) =
            self.taken_over.and_then(|term| Some((term, term.taken_over_from()?)))
        {
            let text = format!("{} has taken the lead over from {other}", term.holder);
            raised.add(AlarmName::LeaderChanged, "", text);
        }
        if let Some(disk) = self.disk.filter(|disk| disk.is_low()) {
            raised.add(
                AlarmName::DiskLow,
                "",
                format!(
                    "{} of {} MB are left on the database's disk",
                    megabytes(disk.free_bytes),
                    megabytes(disk.size_bytes)
                ),
            );
        }
        for (what, used) in self.counts.ids_used().filter(|(_, used)| *used > MAX_IDS_USED) {
            raised.add(
                AlarmName::IdsRunningOut,
                what,
                format!("{:.0} % of the ids that {what} can have are used", used * 100.0),
            );
        }
        for (site, text) in sites_down(self.sites, self.started, self.now) {
            let words = Words::new(text, "`simbridge site list` shows all sites");
            raised.add(AlarmName::SiteDown, site, words);
        }
        for (site, words) in sites_refused(self.sites, self.now) {
            raised.add(AlarmName::SiteRefused, site, words);
        }
        self.modems.iter().for_each(|modem| self.modem_alarms(modem, &mut raised));
        self.banks.iter().for_each(|bank| self.bank_alarms(bank, &mut raised));
        self.clock_alarms(&mut raised);
        if let Some(text) = off_air_text(&self.off_air, self.now) {
            let sims = self.off_air.iter().map(|(iccid, _)| iccid);
            raised.add_of(AlarmName::RentalOffAir, text, sims);
        }
        self.stock_alarms(&mut raised);
        self.webhook_alarms(&mut raised);
        raised.0
    }

    /// Tells that no webhook endpoint takes anything, or else that some have not for long.
    fn webhook_alarms(&self, raised: &mut Raised) {
        let endpoints = &self.counts.stats.endpoints;
        if let Some(words) = all_webhooks_failing(endpoints, self.now) {
            raised.add(AlarmName::WebhooksFailing, "", words);
        } else if let Some(words) = webhooks_failing_long(endpoints, self.now) {
            let failing = endpoints.failing_long.iter().map(|(id, _)| id);
            raised.add_of(AlarmName::WebhooksFailing, words, failing);
        }
    }

    fn clock_alarms(&self, raised: &mut Raised) {
        if let Some(doubt) = clock_doubt(self.clock, self.now) {
            raised.add(AlarmName::ClockDoubted, "", doubt);
        }
        let behind = self.counts.stats.rentals_behind;
        if behind > 0 {
            raised.add(
                AlarmName::ClockDoubted,
                "rentals",
                format!(
                    "{} over even so, and renewed by one term a day. Is this machine's clock \
                     right?",
                    counted_noun(
                        behind,
                        "rental was renewed and is",
                        "rentals were renewed and are"
                    )
                ),
            );
        }
        for smsc in &self.contradicted {
            raised.add(
                AlarmName::NetworkClockWrong,
                shortened(smsc),
                format!(
                    "time stamps of the service centre {} contradict each other; most count",
                    shortened(smsc)
                ),
            );
        }
    }

    fn modem_alarms(&self, modem: &ModemStatus, raised: &mut Raised) {
        let (snapshot, now) = (&modem.snapshot, self.now);
        let port = &snapshot.port;
        let counts = self.ports.get(port);
        let waited = counts.and_then(|counts| counts.unready_since).map(|since| now.since(since));
        // That its site is down is told of the site.
        let expected = !snapshot.is_spare_port() && snapshot.state != ModemState::Unreachable;
        if let Some(waited) = waited.filter(|waited| *waited >= NOT_READY_AFTER && expected) {
            let reason =
                snapshot.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            raised.add(
                AlarmName::ModemNotReady,
                port,
                format!(
                    "{port} has not worked for {} min; it is in {}{reason}",
                    waited.as_secs() / 60,
                    snapshot.state
                ),
            );
        }
        for warning in snapshot.warnings.iter() {
            let subject = format_args!("{port} {}", warning.as_str());
            raised.add(AlarmName::ModemWarning, subject, format!("{port}: {warning}"));
        }
        for StoreFill { store, used, total } in snapshot.stores.iter() {
            if used * 100 >= total * NEAR_FULL_PERCENT && *used > 0 {
                raised.add(
                    AlarmName::StoreNearFull,
                    format_args!("{port} {store}"),
                    format!("{port}: {used} of the {total} messages that fit into {store}"),
                );
            }
        }
        let undecodable = counts
            .and_then(|counts| counts.undecodable_at)
            .filter(|at| now.since(*at) < UNDECODABLE_FOR);
        if undecodable.is_some() {
            raised.add(
                AlarmName::Undecodable,
                port,
                Words::new(
                    format!("{port}: a PDU of the last hour could not be decoded"),
                    "`simbridge message list --state undecodable` shows it",
                ),
            );
        }
    }

    fn bank_alarms(&self, bank: &BankReport, raised: &mut Raised) {
        let name = &bank.name;
        if let Some(trouble) = &bank.trouble {
            raised.add(AlarmName::BankTrouble, name, format!("{name}: {trouble}"));
        }
        let late: Vec<Timestamp> = bank.slots.iter().filter_map(|slot| slot.late_since).collect();
        if let Some(first) = late.iter().min() {
            let (count, minutes) = (late.len(), self.now.since(*first).as_secs() / 60);
            raised.add(
                AlarmName::RentalsUnvisited,
                name,
                format!(
                    "{name}: {} overdue for a visit, the first by {minutes} min",
                    counted_noun(count, "rented SIM is", "rented SIMs are")
                ),
            );
        }
    }

    fn stock_alarms(&self, raised: &mut Raised) {
        let stats = &self.counts.stats;
        if !stats.deaf.is_empty() {
            let sims = stats.deaf.iter().map(Iccid::as_str).collect::<Vec<_>>().join(", ");
            let text = format!("several orders in a row expired without any SMS on {sims}");
            raised.add_of(AlarmName::SimsDeaf, text, &stats.deaf);
        }
        if let Some(text) = in_two_places_text(&self.in_two_places) {
            let sims = self.in_two_places.iter().map(|(iccid, _)| iccid);
            raised.add_of(AlarmName::SimInTwoPlaces, text, sims);
        }
        if let Some(words) = contested_words(&stats.contested) {
            let sims = stats.contested.iter().flat_map(|(_, sims)| sims);
            raised.add_of(AlarmName::NumbersContested, words, sims);
        }
        let is_settled = self.now.since(self.started) >= STARTUP_TIME;
        if is_settled {
            for (country, words) in stock_out(self.counts) {
                raised.add(AlarmName::StockOut, country, words);
            }
            for (country, words) in stock_runway(self.counts) {
                raised.add(AlarmName::StockRunway, country, words);
            }
        }
        for (service, completed, of) in &self.success {
            if *of >= MIN_ORDERS && completed * 2 < *of {
                raised.add(
                    AlarmName::FewCodes,
                    service,
                    format!("{service}: {completed} of the last {of} orders got their code"),
                );
            }
        }
    }
}

/// Why this machine's clock is doubted, in words for the operator.
pub(super) fn clock_doubt(
    (trust, certain): (ClockTrust, Timestamp),
    now: Timestamp,
) -> Option<String> {
    let ahead = now.since(certain);
    match trust {
        ClockTrust::Disputed { jump_us } => {
            let direction = if jump_us < 0 { "back" } else { "forward" };
            Some(format!(
                "this machine's clock was set {direction} by {} s; it is followed when it has run \
                 steadily for some minutes",
                jump_us.unsigned_abs() / 1_000_000
            ))
        }
        ClockTrust::Unsettled { .. } if ahead > LONGEST_PLAUSIBLE_OUTAGE => Some(format!(
            "this machine's clock is {} days after the newest entry of the database; nothing is \
             renewed, ended or purged before it has run steadily for some minutes",
            ahead.as_secs() / 86_400
        )),
        ClockTrust::Settled | ClockTrust::Unsettled { .. } => None,
    }
}

/// A number of octets in megabytes, with a decimal where there are few.
fn megabytes(octets: u64) -> String {
    let decimals = usize::from(octets < 10_000_000);
    format!("{:.decimals$}", octets as f64 / 1e6)
}

/// The last three digits of a number.
fn shortened(number: &str) -> String {
    let digits = number.char_indices().rev().nth(2).and_then(|(at, _)| number.get(at..));
    format!("…{}", digits.unwrap_or(number))
}

#[cfg(test)]
mod tests;
