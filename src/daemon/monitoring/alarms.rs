//! What an operator should act on, from the same facts as the alert rules in
//! `docs/monitoring/alerts.yml` and by the same names.

use std::collections::BTreeMap;
use std::time::Duration;

use super::counted::Counted;
use super::modems::{OfPort, is_spare};
use super::process::Disk;
use crate::domain::Timestamp;
use crate::domain::bank::BankReport;
use crate::domain::modem::ModemStatus;

/// A modem may be so long about becoming Ready.
const MODEM_PATIENCE: Duration = Duration::from_secs(300);
/// A PDU that could not be decoded is news for so long.
const DECODE_NEWS: Duration = Duration::from_secs(3600);
/// A store with so many hundredths of its places taken is near full.
const NEAR_FULL_PERCENT: u32 = 80;
/// Operations that wait for the writer when it is behind.
const BEHIND: usize = 256;
/// After its start the daemon may be so long about finding what there is.
const START_PATIENCE: Duration = Duration::from_secs(60);
/// Orders after which a service's success is judged.
const JUDGED: usize = 10;

/// An alarm: its name, and what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Alarm {
    pub name: &'static str,
    pub text: String,
}

/// Every alarm that there is.
pub const ALARMS: [&str; 11] = [
    "ModemNotReady",
    "StoreNearFull",
    "SimsDeaf",
    "NumbersContested",
    "StockOut",
    "FewCodes",
    "Undecodable",
    "BankTrouble",
    "RentalsUnvisited",
    "DatabaseFailing",
    "DiskLow",
];

/// What alarms are found in.
pub(super) struct Facts<'f> {
    pub now: Timestamp,
    pub started: Timestamp,
    pub modems: &'f [ModemStatus],
    pub ports: &'f BTreeMap<String, OfPort>,
    pub banks: &'f [BankReport],
    pub counted: &'f Counted,
    /// Service, completed, of how many of its last orders.
    pub success: Vec<(String, usize, usize)>,
    pub disk: Option<Disk>,
    pub waiting: usize,
    pub failing: bool,
}

impl Facts<'_> {
    pub fn alarms(&self) -> Vec<Alarm> {
        let mut alarms = Vec::new();
        let mut raise = |name, text| alarms.push(Alarm { name, text });
        if self.failing {
            raise("DatabaseFailing", "the last transaction could not be written".to_owned());
        } else if self.waiting > BEHIND {
            raise("DatabaseFailing", format!("{} operations wait for the database", self.waiting));
        }
        if let Some(disk) = self.disk.filter(|disk| disk.is_low()) {
            raise(
                "DiskLow",
                format!("{} MB are left on the database's disk", disk.free_bytes / 1_000_000),
            );
        }
        self.modems.iter().for_each(|modem| self.of_modem(modem, &mut raise));
        self.banks.iter().for_each(|bank| self.of_bank(bank, &mut raise));
        self.of_stock(&mut raise);
        alarms
    }

    fn of_modem(&self, modem: &ModemStatus, raise: &mut impl FnMut(&'static str, String)) {
        let (port, now) = (&modem.port, self.now);
        let of_port = self.ports.get(port);
        let waited = of_port.and_then(|of| of.unready_since).map(|since| now.since(since));
        if let Some(waited) = waited.filter(|waited| *waited >= MODEM_PATIENCE && !is_spare(modem))
        {
            let reason =
                modem.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
            raise(
                "ModemNotReady",
                format!("{port} is {} for {} min{reason}", modem.state, waited.as_secs() / 60),
            );
        }
        for (store, used, total) in &modem.stores {
            if used * 100 >= total * NEAR_FULL_PERCENT && *used > 0 {
                raise(
                    "StoreNearFull",
                    format!("{port}: {used} of {total} places of {store} are taken"),
                );
            }
        }
        let undecodable =
            of_port.and_then(|of| of.undecodable_at).filter(|at| now.since(*at) < DECODE_NEWS);
        if undecodable.is_some() {
            raise(
                "Undecodable",
                format!(
                    "{port}: a PDU of the last hour could not be decoded; it is in `message list`"
                ),
            );
        }
    }

    fn of_bank(&self, bank: &BankReport, raise: &mut impl FnMut(&'static str, String)) {
        let name = &bank.name;
        if let Some(trouble) = &bank.trouble {
            raise("BankTrouble", format!("{name}: {trouble}"));
        }
        let late: Vec<Timestamp> = bank.slots.iter().filter_map(|slot| slot.late_since).collect();
        if let Some(first) = late.iter().min() {
            let (count, minutes) = (late.len(), self.now.since(*first).as_secs() / 60);
            raise(
                "RentalsUnvisited",
                format!(
                    "{name}: {count} rented SIMs wait to be visited, the first for {minutes} min"
                ),
            );
        }
    }

    fn of_stock(&self, raise: &mut impl FnMut(&'static str, String)) {
        let census = &self.counted.census;
        if !census.deaf.is_empty() {
            let text = format!(
                "several orders in a row expired without any SMS on {}",
                census.deaf.join(", ")
            );
            raise("SimsDeaf", text);
        }
        let contested: usize = census
            .sims
            .iter()
            .filter(|((_, state), _)| *state == "contested")
            .map(|(_, n)| n)
            .sum();
        if contested > 0 {
            raise(
                "NumbersContested",
                format!("{contested} SIMs claim a number that another SIM claims too"),
            );
        }
        let is_settled = self.now.since(self.started) >= START_PATIENCE;
        for (service, stock) in self.counted.stock_by_name().filter(|_| is_settled) {
            if stock.iter().all(|(_, count)| *count == 0) {
                raise(
                    "StockOut",
                    format!("no number is left for {service}; `simbridge explain` says why"),
                );
            }
        }
        for (service, completed, of) in &self.success {
            if *of >= JUDGED && completed * 2 < *of {
                raise(
                    "FewCodes",
                    format!("{service}: {completed} of the last {of} orders got their code"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::bank::{SlotContents, SlotReport};
    use crate::domain::catalogue::ReuseTerms;
    use crate::domain::{Amount, Service, ServiceId};
    use crate::driver::OTHER_PORT;

    const NOW: Timestamp = Timestamp(10_000_000_000);

    fn modem(port: &str, reason: Option<&str>, used: u32) -> ModemStatus {
        ModemStatus {
            port: port.to_owned(),
            state: "Recovering".to_owned(),
            reason: reason.map(str::to_owned),
            ready: false,
            settled: true,
            imei: None,
            manufacturer: None,
            model: None,
            iccid: None,
            signal_dbm: None,
            operator: None,
            registered: false,
            stores: vec![("SM", used, 10)],
            since: NOW,
            seen_at: NOW,
        }
    }

    fn bank(trouble: Option<&str>, late_since: Option<Timestamp>) -> BankReport {
        let slot = |late_since| SlotReport {
            slot: 0,
            label: "slot 1".to_owned(),
            radios: 0..1,
            contents: SlotContents::Unknown,
            on_radio: None,
            visited_at: None,
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

    fn counted(deaf: &[&str], contested: usize, stock: usize) -> Counted {
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
        };
        let mut counted = Counted { services: vec![service], ..Counted::default() };
        counted.census.deaf = deaf.iter().map(|iccid| (*iccid).to_owned()).collect();
        counted.census.sims.insert((Some("NL".to_owned()), "contested"), contested);
        counted.stock.insert(ServiceId(1), vec![("NL".to_owned(), 0), ("UK".to_owned(), stock)]);
        counted
    }

    fn names(facts: &Facts<'_>) -> Vec<&'static str> {
        facts.alarms().into_iter().map(|alarm| alarm.name).collect()
    }

    #[test]
    fn each_alarm_is_raised_by_its_facts_and_by_nothing_else() {
        let long_ago = OfPort {
            unready_since: Some(NOW.minus(MODEM_PATIENCE)),
            undecodable_at: Some(NOW.minus(Duration::from_secs(60))),
            ..OfPort::default()
        };
        let just_now = OfPort { unready_since: Some(NOW), ..OfPort::default() };
        let bad = BTreeMap::from([("a".to_owned(), long_ago.clone()), ("b".to_owned(), long_ago)]);
        let good = BTreeMap::from([("a".to_owned(), just_now)]);
        let spare = format!("{OTHER_PORT}a, which serves it");
        let (disk_low, disk) =
            (Disk { free_bytes: 1, size_bytes: 1000 }, Disk { free_bytes: 900, size_bytes: 1000 });
        let all_bad = Facts {
            now: NOW,
            started: Timestamp(0),
            modems: &[modem("a", Some("it hung up"), 8), modem("b", Some(&spare), 7)],
            ports: &bad,
            banks: &[bank(Some("it does not answer"), Some(NOW.minus(Duration::from_secs(120))))],
            counted: &counted(&["8931"], 2, 0),
            success: vec![("Uber".to_owned(), 4, 10)],
            disk: Some(disk_low),
            waiting: 0,
            failing: true,
        };
        let mut found = names(&all_bad);
        found.sort_unstable();
        found.dedup();
        let mut all = ALARMS.to_vec();
        all.sort_unstable();
        assert_eq!(found, all);
        let texts: Vec<String> = all_bad.alarms().into_iter().map(|alarm| alarm.text).collect();
        assert!(texts.contains(&"a is Recovering for 5 min: it hung up".to_owned()), "{texts:?}");
        let late = "cellar: 1 rented SIMs wait to be visited, the first for 2 min".to_owned();
        assert!(texts.contains(&late), "{texts:?}");
        assert!(
            !texts.iter().any(|text| text.starts_with("b is")),
            "nothing is expected of a spare port: {texts:?}"
        );
        let all_good = Facts {
            modems: &[modem("a", None, 7)],
            ports: &good,
            banks: &[bank(None, None)],
            counted: &counted(&[], 0, 1),
            success: vec![("Uber".to_owned(), 5, 10), ("Lyft".to_owned(), 0, 9)],
            disk: Some(disk),
            failing: false,
            ..all_bad
        };
        assert_eq!(names(&all_good), [""; 0]);
        assert_eq!(names(&Facts { waiting: BEHIND + 1, ..all_good }), ["DatabaseFailing"]);
    }
}
