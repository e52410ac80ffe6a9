use std::net::IpAddr;
use std::sync::Arc;

use super::webhooks::ENDPOINTS_FAILING_FOR;
use super::*;
use crate::domain::alarm::AlarmSubject;
use crate::domain::bank::{SlotContents, SlotReport};
use crate::domain::modem::{MessageStore, ModemReason, ModemSnapshot, ModemState, ModemWarning};
use crate::domain::{Amount, EndpointId, Msisdn, Service, ServiceId};
use crate::gateway::{EndpointCounts, RefusedSite, SiteRefusal, SiteState};

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
    let service = Service::new(ServiceId(1), "Uber", Amount(50));
    let mut counts = SiteCounts { services: vec![service], ..SiteCounts::default() };
    let iccids = |iccids: &[&str]| iccids.iter().map(|it| Iccid::from_stored(*it)).collect();
    counts.stats.deaf = iccids(deaf);
    let number = Msisdn::from_stored("+31612345678");
    counts.stats.contested = contested.iter().map(|sims| (number.clone(), iccids(sims))).collect();
    counts.stock.insert(ServiceId(1), vec![("NL".to_owned(), 0), ("UK".to_owned(), stock)]);
    counts
}

fn site_down() -> SiteStatus {
    let state = SiteState::Down { since: NOW.minus(Duration::from_secs(60)) };
    let name = "ams".parse().unwrap();
    SiteStatus {
        name,
        created_at: NOW,
        state,
        link: None,
        ports: 1,
        ready: 0,
        latency: None,
        refused: None,
    }
}

fn site_with_rival() -> SiteStatus {
    let refused = RefusedSite {
        why: SiteRefusal::AlreadyConnected,
        address: IpAddr::from([192, 0, 2, 9]),
        since: NOW.minus(Duration::from_secs(60)),
        at: NOW,
    };
    let state = SiteState::Connected { since: NOW };
    SiteStatus { state, refused: Some(refused), ..site_down() }
}

fn two_places() -> TwoPlaces {
    TwoPlaces { sites: [Some("ams".parse().unwrap()), None], since: NOW }
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
    let previous = Some("api-1".to_owned());
    let term = Term { epoch: 7, holder: "api-2".to_owned(), previous };
    let all_bad = AlarmInputs {
        now: NOW,
        started: Timestamp(0),
        modems: &[hung, modem("b", Some(spare), 7)],
        ports: &bad,
        banks: &[bank(Some("it does not answer"), Some(NOW.minus(Duration::from_secs(120))))],
        sites: &[site_down(), site_with_rival()],
        taken_over: Some(&term),
        in_two_places: vec![(Iccid::from_stored("8939"), two_places())],
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
    let said = |alarm: &Alarm| alarm.text_with_command();
    let texts: Vec<String> = all_bad.alarms().iter().map(said).collect();
    assert!(
        texts.contains(
            &"a has not worked for 5 min; it is in Recovering: the port hung up".to_owned()
        ),
        "{texts:?}"
    );
    let none = "no SIM is on sale in any country; `simbridge sim list` says why".to_owned();
    assert!(texts.contains(&none), "{texts:?}");
    let late = "cellar: 1 rented SIM is overdue for a visit, the first by 2 min".to_owned();
    assert!(texts.contains(&late), "{texts:?}");
    let off_air = "2 rented SIMs are off the air, the first for 3 min: 8937, 8938".to_owned();
    assert!(texts.contains(&off_air), "{texts:?}");
    let ids = "75 % of the ids that orders can have are used".to_owned();
    assert!(texts.contains(&ids), "{texts:?}");
    let contested = "several SIMs claim one number, so none of them is sold: …678 by 8932 \
                     and 8933; …678 by 8934 and 8935 and 8936; `simbridge sim set-number` \
                     says whose it is";
    assert!(texts.iter().any(|text| text == contested), "{texts:?}");
    let leader = "api-2 has taken the lead over from api-1".to_owned();
    assert!(texts.contains(&leader), "{texts:?}");
    let clock = "this machine's clock was set back by 7 s; it is followed when it has run \
                 steadily for some minutes";
    assert!(texts.contains(&clock.to_owned()), "{texts:?}");
    for alarm in all_bad.alarms() {
        assert!(!alarm.text.contains("simbridge "), "the command is apart: {}", alarm.text);
        let is_of_modem = matches!(alarm.about(), AlarmSubject::Modem(port) if port == *"a");
        let is_of_site = matches!(alarm.name, AlarmName::SiteDown | AlarmName::SiteRefused);
        let is_about_port = alarm.subject.starts_with('a') && !is_of_site;
        assert_eq!(is_of_modem, is_about_port, "{} {}", alarm.name, alarm.subject);
    }
    let members = |name: AlarmName| {
        let alarms = all_bad.alarms();
        let of_name = alarms.into_iter().find(|alarm| alarm.name == name).unwrap();
        of_name.members
    };
    assert_eq!(members(AlarmName::RentalOffAir), ["8937", "8938"]);
    assert_eq!(members(AlarmName::SimsDeaf), ["8931"]);
    assert_eq!(members(AlarmName::SimInTwoPlaces), ["8939"]);
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
        sites: &[],
        taken_over: None,
        in_two_places: Vec::new(),
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
    let failing = |id, hours: u64| (EndpointId(id), now.minus(Duration::from_secs(hours * 3600)));
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
        Words::new(
            "2 webhook endpoints have failed for 6 h or more, endpoint 12 for longest: 31 h; \
             after five days an endpoint is switched off",
            "`simbridge webhook list` tells whose they are, `simbridge webhook deliveries 12` why"
        )
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
        found.map(|(_, words)| words).collect::<Vec<_>>()
    };
    assert_eq!(text([("NL", 1), ("UK", 2)], 4), []);
    let why = "`simbridge explain Uber NL` says why";
    assert_eq!(
        text([("NL", 0), ("UK", 2)], 4),
        [Words::new("4 services have no number left in NL: Uber, Just Eat, Bolt, …", why)]
    );
    assert_eq!(text([("NL", 0), ("UK", 2)], 1), [Words::new("Uber has no number left in NL", why)]);
    assert_eq!(
        text([("NL", 0), ("UK", 0)], 2),
        [Words::new("no SIM is on sale in any country", "`simbridge sim list` says why")]
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
            Words::new(
                "the numbers of 4 services in GB last for less than 7 days: Bolt 3.0, Wolt 4.0, \
                 Uber 6.0, …; 108 more SIMs would last for 30 days",
                "`simbridge report stock` shows all"
            )
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

#[test]
fn that_a_site_is_down_is_told_once_and_not_of_each_of_its_modems() {
    let port = PortName::from_stored("ams:/dev/a");
    let unready =
        PortCounts { unready_since: Some(NOW.minus(NOT_READY_AFTER)), ..PortCounts::default() };
    let ports = BTreeMap::from([(port.clone(), unready)]);
    let silent = ModemSnapshot::new(port, ModemState::Unreachable);
    let inputs = AlarmInputs {
        now: NOW,
        started: NOW.minus(STARTUP_TIME),
        modems: &[ModemStatus::first(silent, NOW)],
        ports: &ports,
        banks: &[],
        sites: &[site_down()],
        taken_over: None,
        in_two_places: Vec::new(),
        counts: &SiteCounts::default(),
        clock: (ClockTrust::Settled, NOW),
        contradicted: Vec::new(),
        success: Vec::new(),
        off_air: Vec::new(),
        disk: None,
        waiting: 0,
        database_fault: None,
    };
    assert_eq!(names(&inputs), ["SiteDown"]);
}
