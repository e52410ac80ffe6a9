//! Alarms: what an operator should act on. They have the names and the conditions of the alert
//! rules in `docs/monitoring/alerts.yml`, for those who run no Prometheus.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use super::counts_cache::SiteCounts;
use super::modems::PortCounts;
use super::process::Disk;
use crate::domain::alarm::{Alarm, AlarmName};
use crate::domain::bank::BankReport;
use crate::domain::clock_trust::{ClockTrust, LONGEST_PLAUSIBLE_OUTAGE};
use crate::domain::modem::{ModemStatus, StoreFill};
use crate::domain::runway::{DAYS_AHEAD, FEWEST_DAYS};
use crate::domain::webhook::delivery::FAILING_LONG;
use crate::domain::{Iccid, Msisdn, PortName, Timestamp};
use crate::gateway::EndpointCounts;

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

/// Webhooks fail when all of at least so many endpoints have failed for so long: then it is not
/// their customers' fault.
const FEWEST_ENDPOINTS: u32 = 2;
const ENDPOINTS_FAILING_FOR: Duration = Duration::from_secs(600);

/// How many services without numbers are named for a country.
const MAX_SERVICES_SHOWN: usize = 3;
/// How many rented SIMs that are off the air are named.
const MAX_SIMS_SHOWN: usize = 5;
/// How many contested numbers are told of in one alarm.
const MAX_CONTESTED_SHOWN: usize = 5;

/// The state of the daemon, as far as alarms are raised by it.
pub(super) struct AlarmInputs<'f> {
    pub now: Timestamp,
    pub started: Timestamp,
    pub modems: &'f [ModemStatus],
    pub ports: &'f BTreeMap<PortName, PortCounts>,
    pub banks: &'f [BankReport],
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

/// Alarms that were found.
#[derive(Default)]
struct Raised(Vec<Alarm>);

impl Raised {
    fn add(&mut self, name: AlarmName, subject: impl Display, text: String) {
        self.0.push(Alarm { name, subject: subject.to_string(), text, members: Vec::new() });
    }

    /// Adds one for the whole site that is about several things.
    fn add_of<M: ToString>(
        &mut self,
        name: AlarmName,
        text: String,
        members: impl IntoIterator<Item = M>,
    ) {
        let mut members: Vec<String> = members.into_iter().map(|it| it.to_string()).collect();
        members.sort_unstable();
        self.0.push(Alarm { name, subject: String::new(), text, members });
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
        if let Some(disk) = self.disk.filter(|disk| disk.is_low()) {
            raised.add(
                AlarmName::DiskLow,
                "",
                format!("{} MB are left on the database's disk", disk.free_bytes / 1_000_000),
            );
        }
        for (what, used) in self.counts.ids_used().filter(|(_, used)| *used > MAX_IDS_USED) {
            raised.add(
                AlarmName::IdsRunningOut,
                what,
                format!("{:.0} % of the ids that {what} can have are used", used * 100.0),
            );
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
        if let Some(text) = all_webhooks_failing(endpoints, self.now) {
            raised.add(AlarmName::WebhooksFailing, "", text);
        } else if let Some(text) = webhooks_failing_long(endpoints, self.now) {
            let failing = endpoints.failing_long.iter().map(|(id, _)| id);
            raised.add_of(AlarmName::WebhooksFailing, text, failing);
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
                    "{behind} rentals were renewed and are over even so; they are renewed by one \
                     term a day. Is this machine's clock right?"
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
        let expected = !snapshot.is_spare_port();
        if let Some(waited) = waited.filter(|waited| *waited >= NOT_READY_AFTER && expected) {
            let reason =
                snapshot.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            raised.add(
                AlarmName::ModemNotReady,
                port,
                format!(
                    "{port} has been in {} for {} min{reason}",
                    snapshot.state,
                    waited.as_secs() / 60
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
                format!(
                    "{port}: a PDU of the last hour could not be decoded; `message list` shows it"
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
                    "{name}: {count} rented SIMs are overdue for a visit, \
                     the first by {minutes} min"
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
        if let Some(text) = contested_text(&stats.contested) {
            let sims = stats.contested.iter().flat_map(|(_, sims)| sims);
            raised.add_of(AlarmName::NumbersContested, text, sims);
        }
        let is_settled = self.now.since(self.started) >= STARTUP_TIME;
        if is_settled {
            for (country, text) in stock_out(self.counts) {
                raised.add(AlarmName::StockOut, country, text);
            }
            for (country, text) in stock_runway(self.counts) {
                raised.add(AlarmName::StockRunway, country, text);
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

/// Tells that no webhook endpoint takes anything.
fn all_webhooks_failing(endpoints: &EndpointCounts, now: Timestamp) -> Option<String> {
    let EndpointCounts { on, failing, failing_since, .. } = *endpoints;
    let long = |since: &Timestamp| now.since(*since) >= ENDPOINTS_FAILING_FOR;
    let since = failing_since.filter(long).filter(|_| on == 0 && failing >= FEWEST_ENDPOINTS)?;
    Some(format!(
        "all {failing} webhook endpoints have failed for {} min: does this machine reach the \
         internet? `simbridge webhook list` names them",
        now.since(since).as_secs() / 60
    ))
}

/// Tells how many webhook endpoints have failed for long, and which of them for longest.
fn webhooks_failing_long(endpoints: &EndpointCounts, now: Timestamp) -> Option<String> {
    let failing = &endpoints.failing_long;
    let (oldest, since) = failing.first()?;
    let hours = |time: Duration| time.as_secs() / 3600;
    Some(format!(
        "{} webhook endpoints have failed for {} h or more, endpoint {oldest} for longest: {} h; \
         after five days an endpoint is switched off. `simbridge webhook list` tells whose they \
         are, `simbridge webhook deliveries {oldest}` why",
        failing.len(),
        hours(FAILING_LONG),
        hours(now.since(*since))
    ))
}

/// One text for each country in which services have no number left; one in all, for no country,
/// where nothing is left anywhere.
fn stock_out(counts: &SiteCounts) -> Vec<(String, String)> {
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
    let text = |(country, services): (&&str, &Vec<&str>)| {
        let first = services.first().copied().unwrap_or_default();
        let named = services.iter().take(MAX_SERVICES_SHOWN).copied().collect::<Vec<_>>();
        let which = match services.len() {
            1 => format!("{first} has no number left in {country}"),
            count => format!(
                "{count} services have no number left in {country}: {}{}",
                named.join(", "),
                if count > named.len() { ", …" } else { "" }
            ),
        };
        let quoted = if first.contains(' ') { format!("'{first}'") } else { first.to_owned() };
        let text = format!("{which}; `simbridge explain {quoted} {country}` says why");
        ((*country).to_owned(), text)
    };
    match is_any_left || without.len() < 2 {
        true => without.iter().map(text).collect(),
        false => {
            let text = "no SIM is on sale in any country; `simbridge sim list` says why";
            vec![(String::new(), text.to_owned())]
        }
    }
}

/// One text for each country in which numbers will soon be used up.
fn stock_runway(counts: &SiteCounts) -> Vec<(String, String)> {
    let mut short: BTreeMap<&str, Vec<(f64, &str, u64)>> = BTreeMap::new();
    for stock in counts.runways().filter(|stock| stock.runway.is_short()) {
        let days = stock.runway.days_left().unwrap_or_default();
        let of_country = short.entry(stock.country).or_default();
        of_country.push((days, stock.service, stock.runway.sims_needed()));
    }
    let text = |(country, mut services): (&str, Vec<(f64, &str, u64)>)| {
        services.sort_by(|(a, ..), (b, ..)| a.total_cmp(b));
        let needed = services.iter().map(|(_, _, needed)| *needed).max().unwrap_or_default();
        let named = services.iter().take(MAX_SERVICES_SHOWN);
        let named: Vec<String> =
            named.map(|(days, service, _)| format!("{service} {days:.1}")).collect();
        let more = if services.len() > named.len() { ", …" } else { "" };
        let text = format!(
            "the numbers of {} services in {country} last for less than {FEWEST_DAYS} days: \
             {}{more}; {needed} more SIMs would last for {DAYS_AHEAD}; `simbridge report stock` \
             shows all",
            services.len(),
            named.join(", ")
        );
        (country.to_owned(), text)
    };
    short.into_iter().map(text).collect()
}

/// Names rented SIMs that are off the air, those first that have been for longest.
fn off_air_text(off_air: &[(Iccid, Timestamp)], now: Timestamp) -> Option<String> {
    let mut sims: Vec<&(Iccid, Timestamp)> = off_air.iter().collect();
    sims.sort_by_key(|(_, since)| *since);
    let (_, first) = sims.first()?;
    let shown: Vec<&str> =
        sims.iter().take(MAX_SIMS_SHOWN).map(|(iccid, _)| iccid.as_str()).collect();
    let more = if sims.len() > shown.len() { ", …" } else { "" };
    Some(format!(
        "{} rented SIMs are off the air, the first for {} min: {}{more}",
        sims.len(),
        now.since(*first).as_secs() / 60,
        shown.join(", ")
    ))
}

/// Names the SIMs that claim the same number. Only the ends of the numbers stand there, since
/// alarms are logged.
fn contested_text(contested: &[(Msisdn, Vec<Iccid>)]) -> Option<String> {
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
        format!(
            "several SIMs claim one number, so none of them is sold: {}{more}. `simbridge sim \
             set-number` says whose it is",
            shown.join("; ")
        )
    })
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

/// The last three digits of a number.
fn shortened(number: &str) -> String {
    let digits = number.char_indices().rev().nth(2).and_then(|(at, _)| number.get(at..));
    format!("…{}", digits.unwrap_or(number))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::bank::{SlotContents, SlotReport};
    use crate::domain::catalogue::ReuseTerms;
    use crate::domain::modem::{
        MessageStore, ModemReason, ModemSnapshot, ModemState, ModemWarning,
    };
    use crate::domain::{Amount, EndpointId, Service, ServiceId};

    const NOW: Timestamp = Timestamp(10_000_000_000);

    fn modem(port: &str, reason: Option<ModemReason>, used: u32) -> ModemStatus {
        let port = PortName::from_stored(port);
        let snapshot = ModemSnapshot::new(port, ModemState::Recovering);
        let fill = StoreFill { store: MessageStore::Sim, used, total: 10 };
        ModemStatus::first(ModemSnapshot { reason, stores: vec![fill].into(), ..snapshot }, NOW)
    }

    fn bank(trouble: Option<&str>, late_since: Option<Timestamp>) -> BankReport {
        let slot = |late_since| SlotReport {
            slot: 0,
            label: "slot 1".to_owned(),
            radios: 0..1,
            contents: SlotContents::Unknown,
            on_radio: None,
            visited_at: None,
            visit_due: late_since,
            late_since,
            trouble: None,
        };
        BankReport {
            name: "cellar".to_owned(),
            profile: "x".to_owned(),
            at: NOW,
            radios: Vec::new(),
            slots: vec![slot(late_since), slot(None)],
            switch_time: Duration::from_secs(30),
            sell_within: Duration::ZERO,
            visit_on_view: None,
            trouble: trouble.map(str::to_owned),
        }
    }

    fn counts(deaf: &[&str], contested: &[&[&str]], stock: usize) -> SiteCounts {
        let service = Service {
            id: ServiceId(1),
            name: "Uber".to_owned(),
            price: Amount(50),
            country_prices: BTreeMap::new(),
            enabled: true,
            priority: 0,
            senders: Vec::new(),
            texts: Vec::new(),
            reuse: ReuseTerms::default(),
            charge_on: None,
        };
        let mut counts = SiteCounts { services: vec![service], ..SiteCounts::default() };
        let iccids = |iccids: &[&str]| iccids.iter().map(|it| Iccid::from_stored(*it)).collect();
        counts.stats.deaf = iccids(deaf);
        let number = Msisdn::from_stored("+31612345678");
        counts.stats.contested =
            contested.iter().map(|sims| (number.clone(), iccids(sims))).collect();
        counts.stock.insert(ServiceId(1), vec![("NL".to_owned(), 0), ("UK".to_owned(), stock)]);
        counts
    }

    fn names(inputs: &AlarmInputs<'_>) -> Vec<&'static str> {
        inputs.alarms().into_iter().map(|alarm| alarm.name.as_str()).collect()
    }

    #[test]
    fn each_alarm_is_raised_by_its_condition_and_by_nothing_else() {
        let long_ago = PortCounts {
            unready_since: Some(NOW.minus(NOT_READY_AFTER)),
            undecodable_at: Some(NOW.minus(Duration::from_secs(60))),
            ..PortCounts::default()
        };
        let just_now = PortCounts { unready_since: Some(NOW), ..PortCounts::default() };
        let (a, b) = (PortName::from_stored("a"), PortName::from_stored("b"));
        let bad = BTreeMap::from([(a.clone(), long_ago.clone()), (b, long_ago)]);
        let good = BTreeMap::from([(a.clone(), just_now)]);
        let (hung_up, spare) = (ModemReason::HungUp, ModemReason::ServedOnOtherPort(a));
        let (disk_low, disk) =
            (Disk { free_bytes: 1, size_bytes: 1000 }, Disk { free_bytes: 900, size_bytes: 1000 });
        let mut hung = modem("a", Some(hung_up), 8);
        hung.snapshot.warnings = Arc::new(vec![ModemWarning::NoRoom]);
        let mut many = counts(&["8931"], &[&["8932", "8933"], &["8934", "8935", "8936"]], 0);
        many.stats.last_order_id = 1_610_612_740;
        many.stats.endpoints = EndpointCounts {
            failing: 2,
            failing_since: Some(NOW.minus(ENDPOINTS_FAILING_FOR)),
            ..EndpointCounts::default()
        };
        let all_bad = AlarmInputs {
            now: NOW,
            started: Timestamp(0),
            modems: &[hung, modem("b", Some(spare), 7)],
            ports: &bad,
            banks: &[bank(Some("it does not answer"), Some(NOW.minus(Duration::from_secs(120))))],
            counts: &many,
            clock: (ClockTrust::Disputed { jump_us: -7_000_000 }, NOW),
            contradicted: vec!["+31653131313".to_owned()],
            success: vec![("Uber".to_owned(), 4, 10)],
            off_air: vec![
                (Iccid::from_stored("8938"), NOW.minus(Duration::from_secs(61))),
                (Iccid::from_stored("8937"), NOW.minus(Duration::from_secs(180))),
            ],
            disk: Some(disk_low),
            waiting: 0,
            database_fault: Some("it cannot be written".to_owned()),
        };
        let mut found = names(&all_bad);
        found.sort_unstable();
        found.dedup();
        let mut all = AlarmName::ALL.map(AlarmName::as_str).to_vec();
        all.sort_unstable();
        // Where no number is left, none will be used up.
        all.retain(|name| *name != "StockRunway");
        assert_eq!(found, all);
        let texts: Vec<String> = all_bad.alarms().into_iter().map(|alarm| alarm.text).collect();
        assert!(
            texts.contains(&"a has been in Recovering for 5 min: the port hung up".to_owned()),
            "{texts:?}"
        );
        let none = "no SIM is on sale in any country; `simbridge sim list` says why".to_owned();
        assert!(texts.contains(&none), "{texts:?}");
        let late = "cellar: 1 rented SIMs are overdue for a visit, the first by 2 min".to_owned();
        assert!(texts.contains(&late), "{texts:?}");
        let off_air = "2 rented SIMs are off the air, the first for 3 min: 8937, 8938".to_owned();
        assert!(texts.contains(&off_air), "{texts:?}");
        let ids = "75 % of the ids that orders can have are used".to_owned();
        assert!(texts.contains(&ids), "{texts:?}");
        let contested = "several SIMs claim one number, so none of them is sold: …678 by 8932 \
                         and 8933; …678 by 8934 and 8935 and 8936. `simbridge sim set-number` \
                         says whose it is";
        assert!(texts.iter().any(|text| text == contested), "{texts:?}");
        let clock = "this machine's clock was set back by 7 s; it is followed when it has run \
                     steadily for some minutes";
        assert!(texts.contains(&clock.to_owned()), "{texts:?}");
        let members = |name: AlarmName| {
            let alarms = all_bad.alarms();
            let of_name = alarms.into_iter().find(|alarm| alarm.name == name).unwrap();
            of_name.members
        };
        assert_eq!(members(AlarmName::RentalOffAir), ["8937", "8938"]);
        assert_eq!(members(AlarmName::SimsDeaf), ["8931"]);
        let claimants = ["8932", "8933", "8934", "8935", "8936"];
        assert_eq!(members(AlarmName::NumbersContested), claimants);
        let centre = "time stamps of the service centre …313 contradict each other; most count";
        assert!(texts.contains(&centre.to_owned()), "{texts:?}");
        assert!(
            !texts.iter().any(|text| text.starts_with("b has")),
            "nothing is expected of a spare port: {texts:?}"
        );
        let mut stocked = counts(&[], &[], 1);
        stocked.stock.values_mut().flatten().for_each(|(_, count)| *count = 1);
        let all_good = AlarmInputs {
            modems: &[modem("a", None, 7)],
            ports: &good,
            banks: &[bank(None, None)],
            counts: &stocked,
            clock: (ClockTrust::Settled, NOW),
            contradicted: Vec::new(),
            success: vec![("Uber".to_owned(), 5, 10), ("Lyft".to_owned(), 0, 9)],
            off_air: Vec::new(),
            disk: Some(disk),
            database_fault: None,
            ..all_bad
        };
        assert_eq!(names(&all_good), [""; 0]);
        let mut short = stocked.clone();
        short.used.insert((ServiceId(1), "UK".to_owned()), 0.5);
        let all_good = AlarmInputs { counts: &short, ..all_good };
        assert_eq!(names(&all_good), ["StockRunway"]);
        assert_eq!(
            names(&AlarmInputs { waiting: MAX_WAITING + 1, ..all_good }),
            ["DatabaseFailing", "StockRunway"]
        );
    }

    #[test]
    fn webhooks_fail_when_all_endpoints_do_and_not_when_a_customers_does() {
        let endpoints = |on, failing, seconds| EndpointCounts {
            on,
            failing,
            failing_since: Some(NOW.minus(Duration::from_secs(seconds))),
            ..EndpointCounts::default()
        };
        for (on, failing, seconds, is_alarm) in
            [(0, 2, 600, true), (1, 2, 600, false), (0, 1, 600, false), (0, 2, 599, false)]
        {
            let text = all_webhooks_failing(&endpoints(on, failing, seconds), NOW);
            assert_eq!(text.is_some(), is_alarm, "{on} {failing} {seconds}");
        }
        assert_eq!(all_webhooks_failing(&EndpointCounts::default(), NOW), None);
    }

    #[test]
    fn endpoints_that_fail_for_hours_are_told_of_while_others_work() {
        let now = Timestamp(0).plus(Duration::from_secs(40 * 3600));
        let failing =
            |id, hours: u64| (EndpointId(id), now.minus(Duration::from_secs(hours * 3600)));
        let mut many = counts(&[], &[], 1);
        many.stats.endpoints = EndpointCounts {
            on: 7,
            failing: 3,
            failing_since: Some(now),
            failing_long: vec![failing(12, 31), failing(3, 7)],
            ..EndpointCounts::default()
        };
        assert_eq!(
            webhooks_failing_long(&many.stats.endpoints, now).unwrap(),
            "2 webhook endpoints have failed for 6 h or more, endpoint 12 for longest: 31 h; after \
             five days an endpoint is switched off. `simbridge webhook list` tells whose they are, \
             `simbridge webhook deliveries 12` why"
        );
        assert_eq!(webhooks_failing_long(&EndpointCounts::default(), now), None);
    }

    #[test]
    fn services_without_numbers_are_one_alarm_for_each_country() {
        let names = ["Uber", "Just Eat", "Bolt", "Lyft"];
        let text = |stock: [(&str, usize); 2], services: usize| {
            let mut site = counts(&[], &[], 0);
            let uber = site.services.remove(0);
            for (id, name) in (1..).zip(names.iter().take(services)) {
                let id = ServiceId(id);
                site.services.push(Service { id, name: (*name).to_owned(), ..uber.clone() });
                let of_service = stock.map(|(country, count)| (country.to_owned(), count));
                site.stock.insert(id, of_service.into());
            }
            let found = stock_out(&site).into_iter();
            found.map(|(_, text)| text).collect::<Vec<_>>()
        };
        assert_eq!(text([("NL", 1), ("UK", 2)], 4), [""; 0]);
        assert_eq!(
            text([("NL", 0), ("UK", 2)], 4),
            ["4 services have no number left in NL: Uber, Just Eat, Bolt, …; `simbridge explain \
              Uber NL` says why"]
        );
        assert_eq!(
            text([("NL", 0), ("UK", 2)], 1),
            ["Uber has no number left in NL; `simbridge explain Uber NL` says why"]
        );
        assert_eq!(
            text([("NL", 0), ("UK", 0)], 2),
            ["no SIM is on sale in any country; `simbridge sim list` says why"]
        );
    }

    #[test]
    fn numbers_that_will_soon_be_used_up_are_one_alarm_for_each_country() {
        let mut site = counts(&[], &[], 12);
        let uber = site.services[0].clone();
        for (id, name) in [(2, "Lyft"), (3, "Bolt"), (4, "Glovo"), (5, "Wolt")] {
            let id = ServiceId(id);
            site.services.push(Service { id, name: name.to_owned(), ..uber.clone() });
            site.stock.insert(id, vec![("UK".to_owned(), 12)]);
        }
        assert_eq!(stock_runway(&site), [], "nothing is used");
        let mut used = |id, country: &str, per_day| {
            site.used.insert((ServiceId(id), country.to_owned()), per_day);
        };
        used(1, "NL", 5.0);
        used(1, "UK", 2.0);
        used(2, "UK", 1.7);
        used(3, "UK", 4.0);
        used(4, "UK", 1.8);
        used(5, "UK", 3.0);
        assert_eq!(
            stock_runway(&site),
            [(
                "UK".to_owned(),
                "the numbers of 4 services in UK last for less than 7 days: Bolt 3.0, Wolt 4.0, \
                 Uber 6.0, …; 108 more SIMs would last for 30; `simbridge report stock` shows all"
                    .to_owned()
            )]
        );
    }

    #[test]
    fn after_a_short_outage_the_clock_is_not_doubted_and_after_a_long_one_it_is() {
        let unsettled = ClockTrust::Unsettled { running: Duration::from_secs(9) };
        let day = LONGEST_PLAUSIBLE_OUTAGE;
        let now = Timestamp(0).plus(day * 400);
        for (trust, certain, is_doubted) in [
            (ClockTrust::Settled, now, false),
            (unsettled, now.minus(day), false),
            (unsettled, now.minus(day * 365), true),
        ] {
            assert_eq!(clock_doubt((trust, certain), now).is_some(), is_doubted, "{trust:?}");
        }
        let words = clock_doubt((unsettled, now.minus(day * 365)), now).unwrap();
        assert!(words.contains("365 days after the newest entry"), "{words}");
    }
}
