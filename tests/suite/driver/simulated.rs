//! Messages on their way from the network to the host through simulated modems.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::{DateTime, Utc};
use simbridge::daemon::config::Config;
use simbridge::domain::PortName;
use simbridge::domain::modem::{ModemReason, ModemRequest, ModemState};
use simbridge::driver::{self, Driver, PortPattern, Settings};
use simbridge::modem::RawPdu;
use simbridge::simulator::{Fault, Rack, RackConfig, Scenario, in_memory};
use simbridge::sms::Deliver;
use tempfile::TempDir;

use super::modem_events::Recorder;

fn settings() -> Settings {
    Settings {
        keep_alive: Duration::from_secs(2),
        first_pause: Duration::from_millis(100),
        longest_pause: Duration::from_secs(1),
        ..Config::defaults().driver_settings()
    }
}

fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_782_133_023, 0).unwrap()
}

fn text(pdu: &RawPdu) -> String {
    match pdu {
        RawPdu::Octets(octets) => Deliver::decode(octets).unwrap().text().text,
        RawPdu::Text(text) => panic!("not hexadecimal: {text}"),
        RawPdu::TextMode(message) => message.text(),
    }
}

struct Site {
    rack: Rack,
    driver: Driver,
    host: Arc<Recorder>,
    folder: TempDir,
}

impl Site {
    fn start(modems: usize, settings: Settings) -> Site {
        let folder = tempfile::tempdir().unwrap();
        let config = RackConfig {
            dir: folder.path().to_owned(),
            modems,
            clock: Arc::new(noon),
            scenario: None,
        };
        let rack = Rack::start(config).unwrap();
        let host = Recorder::new();
        let pattern = PortPattern { port: folder.path().join("modem*").into(), baud: 115_200 };
        let driver = driver::start(vec![pattern], settings, Arc::clone(&host));
        Site { rack, driver, host, folder }
    }

    fn port(&self, place: usize) -> PortName {
        PortName::from_stored(self.folder.path().join(format!("modem{place:03}")).to_str().unwrap())
    }

    fn number(&self, place: usize) -> String {
        self.rack.network().numbers()[place].clone()
    }

    async fn all_ready(&self, modems: usize) {
        for place in 0..modems {
            self.host.until_state(self.port(place).as_str(), "Ready").await;
        }
    }

    /// Waits until the modem holds no more messages.
    async fn empty(&self, place: usize) {
        let number = self.number(place);
        let network = self.rack.network();
        let empty =
            network.until(|network| network.stored(&number) == 0 && network.waiting(&number) == 0);
        if tokio::time::timeout(Duration::from_secs(10), empty).await.is_err() {
            panic!("modem {place} still holds {} messages", network.stored(&number));
        }
    }

    fn texts(&self) -> Vec<String> {
        let mut texts: Vec<String> =
            self.host.with(|kept| kept.stored.iter().map(|received| text(&received.pdu)).collect());
        texts.sort();
        texts
    }

    async fn stop(self) {
        self.driver.stop().await;
        self.rack.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_before_and_after_the_start_reach_the_host_and_leave_the_modems() {
    let folder = tempfile::tempdir().unwrap();
    let config = RackConfig {
        dir: folder.path().to_owned(),
        modems: 3,
        clock: Arc::new(noon),
        scenario: None,
    };
    let rack = Rack::start(config).unwrap();
    let numbers = rack.network().numbers();
    for number in &numbers {
        rack.network().send("Uber", number, "before").unwrap();
    }
    let host = Recorder::new();
    let pattern = PortPattern { port: folder.path().join("modem*").into(), baud: 115_200 };
    let driver = driver::start(vec![pattern], settings(), Arc::clone(&host));
    let site = Site { rack, driver, host, folder };
    site.all_ready(3).await;
    for number in &numbers {
        site.rack.network().send("+31612345678", number, "after").unwrap();
    }
    site.host.until("six messages", |kept| kept.stored.len() == 6).await;
    for place in 0..3 {
        site.empty(place).await;
    }
    assert_eq!(site.texts(), ["after", "after", "after", "before", "before", "before"]);
    site.host.with(|kept| {
        for (place, number) in numbers.iter().enumerate() {
            let report = &kept.reports[&site.port(place)];
            let own_number = report.sim.as_ref().unwrap().number.as_ref().unwrap();
            assert_eq!(own_number.number, *number);
            assert!(report.imei().unwrap().as_str().len() == 15);
        }
    });
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_every_announcement_lost_messages_are_there_within_one_sweep() {
    let site = Site::start(1, settings());
    site.all_ready(1).await;
    site.rack.network().fault(0, &Fault::DropUrcs { count: 1000 }).unwrap();
    for number in 0..10 {
        site.rack.network().send("1234", &site.number(0), &format!("lost {number}")).unwrap();
    }
    site.host.until("ten messages", |kept| kept.stored.len() >= 10).await;
    site.empty(0).await;
    assert_eq!(site.texts().len(), 10);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_host_cannot_store_stays_in_the_modem_until_it_can() {
    let site = Site::start(1, settings());
    site.all_ready(1).await;
    site.host.refuse.store(true, Ordering::SeqCst);
    site.rack.network().send("1234", &site.number(0), "patience").unwrap();
    let port = site.port(0);
    let held = |kept: &super::modem_events::Kept| {
        kept.reports[&port].reason == Some(ModemReason::HostCannotStore)
    };
    site.host.until("the reason is shown", held).await;
    assert_eq!(site.rack.network().stored(&site.number(0)), 1);
    site.host.refuse.store(false, Ordering::SeqCst);
    site.host.until("the message", |kept| kept.stored.len() == 1).await;
    site.empty(0).await;
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_that_is_pulled_and_comes_back_is_served_again() {
    let site = Site::start(2, settings());
    site.all_ready(2).await;
    site.rack.network().fault(0, &Fault::PortGone { back_after_ms: None }).unwrap();
    site.host.until_state(site.port(0).as_str(), "Absent").await;
    site.rack.network().send("1234", &site.number(0), "meanwhile").unwrap();
    site.rack.network().fault(0, &Fault::PortBack).unwrap();
    site.host.until_state(site.port(0).as_str(), "Ready").await;
    site.host.until("the message", |kept| kept.stored.len() == 1).await;
    site.empty(0).await;
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_exchanged_between_two_modems_takes_its_messages_along() {
    let site = Site::start(2, settings());
    site.all_ready(2).await;
    let card = |place: usize| {
        site.host.with(|kept| kept.reports[&site.port(place)].sim.clone().map(|sim| sim.iccid))
    };
    let (first, second) = (card(0).unwrap(), card(1).unwrap());
    site.rack.network().fault(0, &Fault::SimIn { iccid: second.to_string() }).unwrap();
    let (port0, port1) = (site.port(0), site.port(1));
    site.host
        .until("the first modem has the second's card", |kept| {
            kept.reports[&port0].sim.as_ref().is_some_and(|sim| sim.iccid == second)
                && kept.reports[&port0].is_ready()
        })
        .await;
    site.host
        .until("the second has none", |kept| kept.reports[&port1].state == ModemState::SimCheck)
        .await;
    site.host.until("custody has moved", |kept| kept.emptied.contains(&second)).await;
    site.rack.network().send("1234", &site.number(0), "to the second's number").unwrap();
    site.host.until("the message", |kept| kept.stored.len() == 1).await;
    site.host.with(|kept| {
        assert!(
            kept.stored.iter().all(|received| received.iccid == second && received.iccid != first)
        )
    });
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_garbage_and_a_restart_lose_nothing() {
    let site = Site::start(3, settings());
    site.all_ready(3).await;
    let network = site.rack.network();
    network.fault(0, &Fault::Reboot).unwrap();
    network
        .fault(1, &Fault::Garbage { octets: "00ff3e200d0a2b434d54490d2b434d4749".to_owned() })
        .unwrap();
    network.fault(2, &Fault::Refuse { command: "+CMGL".to_owned(), times: 20 }).unwrap();
    for place in 0..3 {
        for number in 0..5 {
            network.send("1234", &site.number(place), &format!("{place} {number}")).unwrap();
        }
    }
    site.host.until("fifteen messages", |kept| kept.stored.len() >= 15).await;
    for place in 0..3 {
        site.empty(place).await;
    }
    let mut texts = site.texts();
    texts.dedup();
    assert_eq!(texts.len(), 15);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_asks_a_modem_something() {
    let site = Site::start(1, settings());
    site.all_ready(1).await;
    let reply = site
        .driver
        .request(site.port(0).as_str(), ModemRequest::At("AT+CSQ".to_owned()))
        .await
        .unwrap();
    assert!(reply[0].starts_with("+CSQ:") && reply[1] == "OK", "{reply:?}");
    assert!(site.driver.request("/nowhere", ModemRequest::At("AT".to_owned())).await.is_err());
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ports_are_added_changed_and_removed_without_touching_the_other_sessions() {
    let site = Site::start(3, settings());
    site.all_ready(3).await;
    let opened = |place: usize| {
        let port = site.port(place);
        site.host.with(|kept| {
            kept.states
                .iter()
                .filter(|(of, state)| *of == port && *state == ModemState::Probing)
                .count()
        })
    };
    let plain = |place: usize, baud| {
        PortPattern { port: PathBuf::from(site.port(place).as_str()).into(), baud }.into()
    };
    let handle = site.driver.handle();
    // The first port keeps its settings under another pattern, the second gets others, and the
    // third is removed.
    handle.serve(vec![plain(0, 115_200), plain(1, 9_600)]);
    let (changed, removed) = (site.port(1), site.port(2));
    site.host.until("the third to be gone", |kept| !kept.reports.contains_key(&removed)).await;
    site.host
        .until("the second to be opened anew", |kept| {
            kept.states
                .iter()
                .filter(|(of, state)| *of == changed && *state == ModemState::Probing)
                .count()
                == 2
        })
        .await;
    site.host.until_state(changed.as_str(), "Ready").await;
    assert_eq!(handle.ports(), [site.port(0), site.port(1)]);
    site.rack.network().send("Uber", &site.number(2), "to a modem that is not served").unwrap();
    site.rack.network().send("Uber", &site.number(0), "to one that is").unwrap();
    site.host.until("the message", |kept| kept.stored.len() == 1).await;
    handle.serve(vec![
        PortPattern { port: site.folder.path().join("modem*").into(), baud: 115_200 }.into(),
    ]);
    site.host.until("what waited in the third", |kept| kept.stored.len() == 2).await;
    assert_eq!((opened(0), opened(2)), (1, 2));
    assert_eq!(site.texts(), ["to a modem that is not served", "to one that is"]);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_stop_does_not_wait_for_a_silent_modem() {
    let site = Site::start(2, settings());
    site.all_ready(2).await;
    site.rack.network().fault(0, &Fault::Silence { commands: 1000 }).unwrap();
    tokio::time::timeout(Duration::from_secs(5), site.driver.stop()).await.unwrap();
    site.rack.stop().await;
}

#[tokio::test]
async fn a_stream_in_memory_does_as_well_as_a_port() {
    let network =
        simbridge::simulator::Network::new(&Scenario::default().with_modems(1), Arc::new(noon))
            .unwrap();
    let host = Recorder::new();
    let mut stream = in_memory(&network, 0);
    let number = network.numbers()[0].clone();
    network.send("Uber", &number, "hello").unwrap();
    let settings = settings();
    let running =
        driver::run_session(&mut stream, PortName::from_stored("memory"), &settings, &host);
    tokio::select! {
        end = running => panic!("{end:?}"),
        () = host.until("the message", |kept| kept.stored.len() == 1) => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mixed_faults_on_six_modems_lose_and_misattribute_nothing() {
    const MODEMS: usize = 6;
    const ROUNDS: usize = 24;
    let site = Site::start(MODEMS, settings());
    site.all_ready(MODEMS).await;
    let network = site.rack.network();
    let fault = |round: usize| match round % 8 {
        // Only one modem at a time: one that reboots during a slow command without saying so is
        // waited for as long as the command may take.
        0 => Fault::DropUrcs { count: 1 },
        1 => Fault::Garbage { octets: "0d0a2b434d54493a2022534d222c2d310d0aff003e20".to_owned() },
        2 => Fault::Refuse { command: "+CMGR".to_owned(), times: 3 },
        3 => Fault::PortGone { back_after_ms: Some(150) },
        4 => Fault::Slow { delay_ms: 300, commands: 4 },
        5 => Fault::Reboot,
        6 => Fault::CoverageLost,
        _ => Fault::Refuse { command: "+CMGD".to_owned(), times: 2 },
    };
    for round in 0..ROUNDS {
        for place in 0..MODEMS {
            network.send("1234", &site.number(place), &format!("{place} {round}")).unwrap();
            network.fault(place, &Fault::CoverageBack).unwrap();
            network.fault(place, &fault(round + place)).unwrap();
        }
        let ending = format!(" {round}");
        let some = |kept: &super::modem_events::Kept| {
            kept.stored.iter().any(|received| text(&received.pdu).ends_with(&ending))
        };
        site.host.until("a message of this round", some).await;
    }
    for place in 0..MODEMS {
        network.fault(place, &Fault::Clear).unwrap();
        network.fault(place, &Fault::CoverageBack).unwrap();
    }
    let all = |kept: &super::modem_events::Kept| {
        let mut pdus: Vec<_> = kept
            .stored
            .iter()
            .map(|received| format!("{} {:?}", received.iccid, received.pdu))
            .collect();
        pdus.sort();
        pdus.dedup();
        pdus.len() == MODEMS * ROUNDS
    };
    site.host.until("every message once", all).await;
    for place in 0..MODEMS {
        site.empty(place).await;
        site.host.until_state(site.port(place).as_str(), "Ready").await;
    }
    site.host.with(|kept| {
        for place in 0..MODEMS {
            let iccid = &kept.reports[&site.port(place)].sim.as_ref().unwrap().iccid;
            let own = kept.stored.iter().filter(|received| received.iccid == *iccid);
            assert!(
                own.into_iter()
                    .all(|received| text(&received.pdu).starts_with(&format!("{place} ")))
            );
        }
    });
    site.stop().await;
}
