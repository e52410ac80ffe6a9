//! Sites: their keys and connections, and what becomes of their SIMs while they say nothing.

use std::net::{Ipv4Addr, SocketAddr};

use super::banks::Bank;
use super::*;
use crate::domain::availability::UnavailableReason;
use crate::domain::bank::BankReport;
use crate::domain::latency::Latency;
use crate::domain::modem::ModemReason;
use crate::domain::{OrderOutcome, SiteName};

fn ams() -> SiteName {
    "ams".parse().unwrap()
}

fn link() -> SiteLink {
    let address = SocketAddr::from((Ipv4Addr::new(192, 0, 2, 7), 40_000));
    SiteLink { version: "1.2.3".to_owned(), address }
}

/// What the modem of SIM `n` reports, which is at the site.
fn snapshot(n: u16, state: ModemState) -> ModemSnapshot {
    let sim = Some(SimCard { iccid: iccid(n), imsi: None, number: None });
    ModemSnapshot { sim, ..ModemSnapshot::new(ams().port(&port(n)), state) }
}

/// A port of the site, as paths are.
fn port(n: u16) -> PortName {
    PortName::from_stored(format!("/dev/port{n}"))
}

/// A bank of the site.
fn at_site(bank: &Bank) -> BankReport {
    BankReport { name: ams().bank(&bank.report.name), ..bank.report.clone() }
}

impl Fixture {
    /// A site that is connected, and its SIMs `1..=sims`, which are ready.
    async fn site(&self, sims: u16) {
        self.gateway.sites().add(ams()).await.unwrap();
        self.connect();
        for n in 1..=sims {
            let at = ModemAtPort { id: modem(n).id, port: port(n) };
            let number = Some((format!("+3161200{n:04}"), NumberSource::Cnum));
            let imsi = Some(Imsi::from_stored("204081234567890"));
            let read = Identified { number, imsi, ..read_in(ams().modem(&at), n, &[]) };
            self.gateway.sims().record_identity(read).await.unwrap();
            self.hear(n, ModemState::Ready);
        }
    }

    fn connect(&self) {
        self.gateway.sites().connected(&ams(), link()).unwrap();
    }

    fn disconnect(&self) {
        self.gateway.sites().disconnected(&ams());
    }

    /// The modem of SIM `n` at the site reports itself.
    fn hear(&self, n: u16, state: ModemState) {
        self.gateway.report_modem(snapshot(n, state), Duration::ZERO);
    }

    async fn run_due(&self) {
        self.gateway.due_work().run_due_work().await.unwrap();
    }

    fn status(&self) -> SiteStatus {
        self.gateway.sites().statuses().remove(0)
    }

    /// The state of an order, and its outcome.
    async fn outcome(&self, order: OrderId) -> (OrderState, Option<OrderOutcome>) {
        let read = self.gateway.0.env.store.read(move |rows| rows.order(order)).await;
        let order = read.unwrap_or_else(|e: StoreError| panic!("{e}")).unwrap();
        (order.state, order.outcome)
    }
}

#[tokio::test]
async fn a_site_has_one_key_until_that_is_revoked() {
    let mut fixture = Fixture::open().await;
    let sites = fixture.gateway.sites();
    let key = sites.add(ams()).await.unwrap();
    let revoked = sites.authenticate(&ams(), &key).unwrap();
    assert!(!revoked.is_cancelled());
    let refused = |name: &str, key| sites.authenticate(&name.parse().unwrap(), key).unwrap_err();
    assert_eq!(refused("ams", &[0; 32]), SiteRefusal::WrongKey);
    assert_eq!(refused("fra", &key), SiteRefusal::Unknown);
    let again = sites.add(ams()).await.unwrap_err().to_string();
    assert!(again.starts_with("there is a site ams already"), "{again}");

    fixture.connect();
    assert_eq!(sites.connected(&ams(), link()), Err(SiteRefusal::AlreadyConnected));
    assert_eq!(fixture.status().refused, None);
    let (address, at) = (link().address.ip(), fixture.gateway.now());
    sites.refused(&ams(), address, SiteRefusal::WrongKey);
    sites.refused(&"fra".parse().unwrap(), address, SiteRefusal::Unknown);
    let told = RefusedSite { why: SiteRefusal::WrongKey, address, since: at, at };
    assert_eq!(fixture.status().refused, Some(told));
    sites.revoke(ams()).await.unwrap();
    assert!(revoked.is_cancelled());
    assert_eq!(refused("ams", &key), SiteRefusal::Revoked);
    assert!(
        sites.revoke(ams()).await.is_err() && sites.revoke("fra".parse().unwrap()).await.is_err()
    );
    let at = fixture.gateway.now();
    assert_eq!(fixture.status().state, SiteState::Revoked { at });

    let other = sites.add(ams()).await.unwrap();
    assert_ne!(other, key);
    assert_eq!(refused("ams", &key), SiteRefusal::WrongKey);
    assert!(!sites.authenticate(&ams(), &other).unwrap().is_cancelled());
    let rows = fixture.gateway.audit().rows(RowLimit::ALL).await.unwrap();
    let rows: Vec<_> = rows.iter().map(|row| (row.action.as_str(), row.subject.as_str())).collect();
    assert_eq!(
        rows,
        [("added a key", "site ams"), ("revoked a key", "site ams"), ("added a key", "site ams")]
    );

    fixture.restart().await;
    fixture.gateway.sites().authenticate(&ams(), &other).unwrap();
    let file = std::fs::read(fixture.dir.path().join("test.db")).unwrap();
    let kept = |bytes: &[u8]| file.windows(32).any(|window| window == bytes);
    assert!(!kept(&other) && !kept(&key), "a key is in the database");
}

#[tokio::test]
async fn a_site_shows_its_connection_its_ports_and_how_long_its_questions_take() {
    let mut fixture = Fixture::open().await;
    fixture.gateway.sites().add(ams()).await.unwrap();
    let never = fixture.status();
    assert_eq!((never.state, never.link, never.latency), (SiteState::Never, None, None));
    let since = fixture.gateway.now();
    fixture.connect();
    fixture.hear(1, ModemState::Ready);
    fixture.hear(2, ModemState::Registering);
    for ms in [10, 30, 20] {
        fixture.gateway.sites().note_question(&ams(), Duration::from_millis(ms));
    }
    let up = fixture.status();
    let [median, ninth_decile] = [20, 30].map(Duration::from_millis);
    assert_eq!((up.state, up.link), (SiteState::Connected { since }, Some(link())));
    assert_eq!((up.ports, up.ready), (2, 1));
    assert_eq!(up.latency, Some(Latency { median, ninth_decile }));

    fixture.pass(30);
    fixture.disconnect();
    let since = fixture.gateway.now();
    let down = fixture.status();
    assert_eq!((down.state, down.ports, down.ready), (SiteState::Down { since }, 2, 0));
    fixture.pass(5);
    fixture.disconnect();
    assert_eq!(fixture.status().state, SiteState::Down { since }, "it was down already");
    // What was written in the background is on disk before the next operation.
    fixture.customer("ann", 0).await;
    fixture.restart().await;
    assert_eq!((fixture.status().state, fixture.status().ports), (SiteState::Down { since }, 0));
}

#[tokio::test]
async fn while_a_site_is_silent_none_of_its_sims_is_given_out_and_open_orders_run_on() {
    let fixture = Fixture::open().await;
    let (ann, uber) =
        (fixture.customer("ann", 500).await, fixture.service("Uber", &["^Uber$"]).await);
    fixture.site(2).await;
    let order = fixture.order(ann, uber).await;
    fixture.disconnect();
    assert_eq!(fixture.offered(ann).await, 0);
    for modem in fixture.gateway.modems().modems() {
        let snapshot = modem.snapshot;
        assert_eq!(snapshot.state, ModemState::Unreachable);
        assert_eq!(snapshot.reason, Some(ModemReason::SiteSilent));
        assert!(snapshot.iccid().is_some(), "its SIM is taken to be there");
    }
    fixture.pass(500);
    fixture.run_due().await;
    assert_eq!(fixture.state(order).await, OrderState::Open);

    fixture.connect();
    fixture.hear(1, ModemState::Ready);
    fixture.hear(2, ModemState::Ready);
    assert_eq!(fixture.offered(ann).await, 1);
    fixture.disconnect();
    fixture.pass(100);
    fixture.run_due().await;
    let at = fixture.gateway.now();
    assert_eq!(fixture.outcome(order).await.0, OrderState::Expired { at });
    assert_ne!(fixture.outcome(order).await.1, Some(OrderOutcome::SimLost));
    assert_eq!((fixture.funds(ann).await, fixture.faults().await), ((500, 0), vec![]));
}

#[tokio::test]
async fn a_sim_that_had_just_left_its_modem_when_its_site_fell_silent_has_a_minute_from_its_return()
{
    let fixture = Fixture::open().await;
    let (ann, uber) =
        (fixture.customer("ann", 500).await, fixture.service("Uber", &["^Uber$"]).await);
    fixture.site(1).await;
    let order = fixture.order(ann, uber).await;
    let recovering = ModemSnapshot { sim: None, ..snapshot(1, ModemState::Recovering) };
    fixture.gateway.report_modem(recovering.clone(), Duration::ZERO);
    fixture.disconnect();
    fixture.pass(120);
    fixture.run_due().await;
    assert_eq!(fixture.state(order).await, OrderState::Open);
    fixture.connect();
    fixture.gateway.report_modem(recovering, Duration::ZERO);
    fixture.pass(59);
    fixture.run_due().await;
    assert_eq!(fixture.state(order).await, OrderState::Open);
    fixture.pass(1);
    fixture.run_due().await;
    assert_eq!(fixture.outcome(order).await.1, Some(OrderOutcome::SimLost));
    assert_eq!(fixture.faults().await, [""; 0]);
}

#[tokio::test]
async fn after_a_start_of_the_centre_sims_of_a_site_are_waited_for_until_it_is_back() {
    let mut fixture = Fixture::open().await;
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    fixture.site(2).await;
    let mut orders = Vec::new();
    for name in ["ann", "bob"] {
        let account = fixture.customer(name, 500).await;
        orders.push(fixture.order(account, uber).await);
    }
    fixture.restart().await;
    fixture.pass(300);
    fixture.run_due().await;
    assert_eq!(fixture.state(orders[0]).await, OrderState::Open);
    assert_eq!(fixture.state(orders[1]).await, OrderState::Open);

    fixture.connect();
    fixture.hear(1, ModemState::Ready);
    let probing = ModemSnapshot { sim: None, ..snapshot(2, ModemState::Probing) };
    fixture.gateway.report_modem(probing.clone(), Duration::ZERO);
    fixture.pass(59);
    fixture.run_due().await;
    assert_eq!(fixture.state(orders[1]).await, OrderState::Open);
    fixture.pass(1);
    fixture.run_due().await;
    let ends = [fixture.outcome(orders[0]).await, fixture.outcome(orders[1]).await];
    assert_eq!(ends[0], (OrderState::Open, None), "it is there");
    assert_eq!(ends[1].1, Some(OrderOutcome::SimLost));
    assert_eq!(fixture.faults().await, [""; 0]);
}

#[tokio::test]
async fn when_the_daemon_of_a_site_has_restarted_its_modems_have_their_first_try_again() {
    let fixture = Fixture::open().await;
    let (ann, uber) =
        (fixture.customer("ann", 500).await, fixture.service("Uber", &["^Uber$"]).await);
    fixture.site(1).await;
    let order = fixture.order(ann, uber).await;
    assert!(!fixture.gateway.banks().release(&iccid(1)).await.unwrap(), "an order is open");
    fixture.disconnect();
    fixture.connect();
    fixture.gateway.sites().restarted(&ams());
    fixture.pass(30);
    let probing = ModemSnapshot { sim: None, ..snapshot(1, ModemState::Probing) };
    fixture.gateway.report_modem(probing, Duration::ZERO);
    fixture.pass(59);
    fixture.run_due().await;
    assert_eq!(fixture.state(order).await, OrderState::Open, "its modem is being tried");
    fixture.pass(10);
    fixture.run_due().await;
    assert_eq!(fixture.outcome(order).await.1, Some(OrderOutcome::SimLost));
}

#[tokio::test]
async fn sims_that_a_site_might_take_off_the_air_are_sold_again_once_its_daemon_has_restarted() {
    let fixture = Fixture::open().await;
    let ann = fixture.customer("ann", 500).await;
    fixture.service("Uber", &["^Uber$"]).await;
    fixture.site(1).await;
    assert!(fixture.gateway.banks().release(&iccid(1)).await.unwrap());
    fixture.disconnect();
    fixture.connect();
    fixture.hear(1, ModemState::Ready);
    assert_eq!(fixture.offered(ann).await, 0, "it may leave");
    fixture.disconnect();
    fixture.connect();
    fixture.gateway.sites().restarted(&ams());
    fixture.hear(1, ModemState::Ready);
    assert_eq!(fixture.offered(ann).await, 1);
}

#[tokio::test]
async fn nobody_is_sold_a_parked_sim_of_a_silent_site() {
    let fixture = Fixture::open().await;
    let (ann, bank) = (fixture.customer("ann", 500).await, fixture.bank(2, 2).await);
    fixture.service("Uber", &["^Uber$"]).await;
    fixture.gateway.banks().forget(&bank.report.name);
    fixture.site(0).await;
    fixture.gateway.banks().take_report(at_site(&bank));
    assert_eq!(fixture.offered(ann).await, 2);
    fixture.disconnect();
    assert_eq!(fixture.offered(ann).await, 0);
    assert_eq!(fixture.gateway.banks().reports(), []);
    fixture.connect();
    fixture.gateway.banks().take_report(at_site(&bank));
    assert_eq!(fixture.offered(ann).await, 2);
}

#[tokio::test]
async fn a_report_is_as_old_as_it_was_when_it_came() {
    let fixture = Fixture::open().await;
    let ann = fixture.customer("ann", 500).await;
    fixture.service("Uber", &["^Uber$"]).await;
    fixture.site(1).await;
    fixture.gateway.report_modem(snapshot(1, ModemState::Ready), Duration::from_secs(100));
    fixture.pass(99);
    assert_eq!(fixture.offered(ann).await, 1);
    fixture.pass(1);
    assert_eq!(fixture.offered(ann).await, 0, "its report is 200 s old");
}

#[tokio::test]
async fn a_sim_that_is_read_at_two_sites_in_turn_is_not_sold_until_it_is_in_one_for_ten_minutes() {
    let fixture = Fixture::open().await;
    let ann = fixture.customer("ann", 500).await;
    fixture.service("Uber", &["^Uber$"]).await;
    fixture.site(1).await;
    let read = async |site: Option<&str>| {
        let own = ModemAtPort { id: modem(1).id, port: port(1) };
        let at = site.map_or(own.clone(), |site| site.parse::<SiteName>().unwrap().modem(&own));
        fixture.gateway.sims().record_identity(read_in(at, 1, &[])).await.unwrap();
        fixture.hear(1, ModemState::Ready);
    };
    fixture.pass(60);
    read(Some("fra")).await;
    assert_eq!(fixture.offered(ann).await, 1, "it was carried there");
    fixture.pass(60);
    read(Some("ams")).await;
    assert_eq!(fixture.offered(ann).await, 0);
    let made = fixture.gateway.orders().make(ann, None, "nl").await.unwrap();
    assert!(!matches!(made, MakeOrder::Made { .. }), "{made:?}");
    let explained =
        fixture.gateway.stock().explain("Uber".to_owned(), "NL", None).await.unwrap().unavailable;
    assert!(explained.contains(&(UnavailableReason::InTwoPlaces, 1)), "{explained:?}");
    let listed = fixture.gateway.sims().list().await.unwrap();
    assert_eq!(listed[0].state(), "in-two-places");
    let [(held, places)] = &fixture.gateway.sims().in_two_places()[..] else {
        panic!("one SIM is held back")
    };
    assert_eq!((held, &places.sites), (&iccid(1), &[Some(ams()), Some("fra".parse().unwrap())]));

    fixture.pass(599);
    read(Some("ams")).await;
    assert_eq!(fixture.offered(ann).await, 0);
    fixture.pass(1);
    fixture.hear(1, ModemState::Ready);
    assert_eq!(fixture.offered(ann).await, 1, "it was read in one place for ten minutes");
    assert_eq!(fixture.gateway.sims().in_two_places(), []);
    for site in [None, Some("ams")] {
        fixture.pass(60);
        read(site).await;
    }
    assert_eq!(fixture.offered(ann).await, 0, "the centre is a place, too");
    let clock = Duration::from_secs(7200);
    fixture.pass(7200);
    fixture.gateway.clock_was_set(clock);
    assert_eq!(fixture.offered(ann).await, 0, "no time has passed");
}

#[tokio::test]
async fn a_site_that_is_removed_leaves_its_sims_to_other_modems_and_its_books_as_they_are() {
    let mut fixture = Fixture::open().await;
    fixture.site(2).await;
    let sites = Arc::clone(fixture.gateway.sites());
    assert!(sites.remove(ams()).await.is_err(), "its key opens");
    sites.revoke(ams()).await.unwrap();
    fixture.disconnect();
    assert_eq!(fixture.gateway.modems().modems().len(), 2);
    sites.remove(ams()).await.unwrap();
    assert_eq!(fixture.gateway.modems().modems(), []);
    assert_eq!(sites.statuses(), []);
    let sims = fixture.gateway.sims();
    let location = sims.locations(&iccid(1), 1).await.unwrap().remove(0);
    assert!(location.modem.as_str().starts_with("ams/"));
    fixture.restart().await;
    assert_eq!(fixture.gateway.sites().statuses(), []);
    assert!(fixture.gateway.sites().remove(ams()).await.is_err(), "there is none");
}
