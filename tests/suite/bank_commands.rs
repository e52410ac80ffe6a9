//! The commands about SIM banks, against the admin interface of a gateway in this process whose
//! bank reports what the test sets.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use simbridge::daemon::config::Config;
use simbridge::domain::bank::{
    BankReport, PlannedSwitch, RadioReport, RadioState, SlotContents, SlotRecord, SlotReport,
    SwitchOutcome, SwitchReason, SwitchRecord,
};
use simbridge::domain::modem::{ModemDetail, ModemRequest, RequestError};
use simbridge::domain::sim::NumberSource;
use simbridge::domain::{Iccid, Imsi, ModemAtPort, ModemId, PortName, Timestamp};
use simbridge::gateway::{BoxFuture, Gateway, Identified, ModemControl, ScannedPort};
use simbridge::http;
use simbridge::store::Store;
use tokio::runtime::Runtime;

use crate::snapshots;
use crate::support::Site;

const NOW: Timestamp = Timestamp(1_782_133_023_000_000);
const FIRST: &str = "8931080000000000001";
const SECOND: &str = "8931080000000000002";

/// Records the switches that it is asked for.
#[derive(Default)]
struct Fixture(Mutex<Vec<(String, String, u32)>>);

impl ModemControl for Fixture {
    fn detail(&self, _: &str) -> BoxFuture<'_, Option<ModemDetail>> {
        Box::pin(std::future::ready(None))
    }

    fn recording(&self, _: &str) -> BoxFuture<'_, Option<Vec<String>>> {
        Box::pin(std::future::ready(None))
    }

    fn screen_command(&self, _: &str, _: bool) -> Result<String, RequestError> {
        Err(RequestError::Gone)
    }

    fn request(
        &self,
        _: PortName,
        _: ModemRequest,
    ) -> BoxFuture<'_, Result<Vec<String>, RequestError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn own_number_code(&self, _: &Imsi) -> Option<String> {
        None
    }

    fn switch(&self, bank: &str, radio: &str, slot: u32) -> BoxFuture<'_, Result<String, String>> {
        self.0.lock().unwrap().push((bank.to_owned(), radio.to_owned(), slot));
        let answer = if slot == 2 {
            Err("there is no card in slot 3".to_owned())
        } else {
            Ok("slot 2 is on the air".to_owned())
        };
        Box::pin(async move { answer })
    }

    fn scan(&self) -> BoxFuture<'_, Vec<ScannedPort>> {
        Box::pin(async { Vec::new() })
    }
}

fn radio(port: &str, slot: Option<u32>, next: Option<u32>) -> RadioReport {
    RadioReport {
        port: PortName::from_stored(port),
        state: if slot.is_some() { RadioState::OnAir } else { RadioState::OutOfOrder },
        since: NOW,
        reason: Some("longest unvisited".to_owned()),
        slot,
        iccid: slot.map(|_| Iccid::from_stored(FIRST)),
        next: next.map(|slot| PlannedSwitch {
            slot,
            reason: SwitchReason::RentalDue,
            not_before: NOW,
        }),
        free_in: None,
        switches: 5,
        lies: 1,
        failures: 2,
        downtime: Duration::from_secs(90),
    }
}

fn slot(slot: u32, contents: SlotContents, on_radio: Option<usize>) -> SlotReport {
    let late_since = (slot == 1).then_some(NOW);
    SlotReport {
        slot,
        label: format!("tray {}", slot + 1),
        radios: 0..2,
        contents,
        on_radio,
        visited_at: Some(NOW),
        visit_due: late_since,
        late_since,
        trouble: None,
    }
}

fn report() -> BankReport {
    let sim = |iccid: &str| SlotContents::Sim(Iccid::from_stored(iccid));
    BankReport {
        name: "cellar".to_owned(),
        profile: "test".to_owned(),
        at: NOW,
        radios: vec![radio("/dev/pool/a", Some(0), Some(1)), radio("/dev/pool/b", None, None)],
        slots: vec![
            slot(0, sim(FIRST), Some(0)),
            slot(1, sim(SECOND), None),
            slot(2, SlotContents::Empty, None),
            slot(3, SlotContents::Unknown, None),
        ],
        switch_time: Duration::from_millis(31_500),
        sell_within: Duration::ZERO,
        visit_on_view: None,
        trouble: Some("radio 2 does not answer".to_owned()),
    }
}

/// A gateway behind the site's admin socket, for as long as the test runs.
async fn serve(site: &Site, fixture: Arc<Fixture>) -> (Gateway, http::Listening) {
    let store = Store::open(&site.dir.path().join("simbridge.db")).unwrap();
    let (clock, entropy) = (Arc::new(|| NOW), Arc::new(|| Some([7; 32])));
    let gateway = Gateway::open(store, Config::defaults().gateway, clock, entropy).await.unwrap();
    let customers = "127.0.0.1:1".parse().unwrap();
    let state = http::admin::AdminState {
        gateway: gateway.clone(),
        modems: fixture,
        customers,
        web: http::admin::WebAddresses::default(),
        console: None,
        sites: None,
        stopping: Default::default(),
    };
    let limits = http::ConnectionLimits::of_operator(16);
    let listening =
        http::listen_unix(&site.dir.path().join("admin.sock"), http::admin::router(state), limits)
            .unwrap();
    (gateway, listening)
}

async fn fill(gateway: &Gateway) {
    for (iccid, number) in [(FIRST, "+31612000001"), (SECOND, "+31612000002")] {
        let number = Some((number.to_owned(), NumberSource::Cnum));
        let identified = Identified {
            modem: ModemAtPort {
                id: ModemId::from_stored("356938035640001"),
                port: PortName::from_stored("/dev/modem1"),
            },
            others: Vec::new(),
            iccid: Iccid::from_stored(iccid),
            imsi: None,
            number,
        };
        gateway.sims().record_identity(identified).await.unwrap();
    }
    for n in 0..3 {
        let record = SwitchRecord {
            bank: "cellar".to_owned(),
            port: PortName::from_stored("/dev/pool/a"),
            slot: n,
            left: Some(Iccid::from_stored(SECOND)),
            began_at: NOW,
            ended_at: NOW,
            found: None,
            outcome: SwitchOutcome::NoNetwork,
        };
        gateway.banks().record_switch(record).await.unwrap();
    }
    let contents = SlotContents::Sim(Iccid::from_stored(SECOND));
    let record = SlotRecord { slot: 1, contents, visited_at: None };
    gateway.banks().record_slot("cellar", record).await.unwrap();
}

/// Compares with a snapshot. All times are those of the test, so nothing needs to be replaced.
fn compare(site: &Site, args: &[&str]) {
    snapshots::compare(args, &site.ok(args), &site.ok(&[args, &["--json"]].concat()));
}

#[test]
fn a_bank_is_shown_and_switched_by_hand() {
    let (site, runtime, fixture) =
        (Site::with_modems(0), Runtime::new().unwrap(), Arc::<Fixture>::default());
    let (gateway, _listening) = runtime.block_on(serve(&site, Arc::clone(&fixture)));
    assert_eq!(site.json(&["bank", "list"]), Value::Array(Vec::new()));
    assert!(site.ok(&["bank", "list"]).contains("no [[bank]] is configured"));
    gateway.banks().take_report(report());
    runtime.block_on(fill(&gateway));
    for args in [
        &["bank", "list"][..],
        &["bank", "show", "cellar"],
        &["bank", "plan", "cellar"],
        &["bank", "moves", "cellar"],
        &["bank", "moves", "cellar", "--limit", "2"],
    ] {
        compare(&site, args);
    }

    let listed = site.json(&["bank", "list"]);
    let bank = listed[0].clone();
    for (key, value) in [
        ("name", Value::from("cellar")),
        ("profile", "test".into()),
        ("radios", 2.into()),
        ("working", 1.into()),
        ("slots", 4.into()),
        ("known", 2.into()),
        ("empty", 1.into()),
        ("unknown", 1.into()),
        ("late", 1.into()),
        ("switch_seconds", 31.5.into()),
        ("moves", 10.into()),
        ("lies", 2.into()),
        ("failures", 4.into()),
        ("trouble", "radio 2 does not answer".into()),
    ] {
        assert_eq!(bank[key], value, "{key}: {bank}");
    }
    assert!(site.ok(&["bank", "list"]).contains("radio 2 does not answer"));

    let shown = site.json(&["bank", "show", "cellar"]);
    assert_eq!(
        (&shown["radio_list"][0]["radio"], &shown["radio_list"][0]["iccid"]),
        (&1.into(), &FIRST.into()),
        "{shown}"
    );
    let slots = &shown["slot_list"];
    assert_eq!(
        (&slots[0]["radio"], &slots[0]["why"]),
        (&1.into(), &"longest unvisited".into()),
        "{shown}"
    );
    assert_eq!(
        (&slots[1]["holds"], &slots[1]["late_since"]),
        (&"sim".into(), &NOW.to_string().into()),
        "{shown}"
    );
    assert_eq!(
        (&slots[2]["holds"], &slots[2]["iccid"]),
        (&"empty".into(), &Value::Null),
        "{shown}"
    );
    let text = site.ok(&["bank", "show", "cellar"]);
    assert!(text.contains("/dev/pool/b") && text.contains("tray 4"), "{text}");

    let plan = site.json(&["bank", "plan", "cellar"]);
    assert_eq!(
        (&plan[0]["slot"], &plan[0]["why"], &plan[0]["iccid"]),
        (&1.into(), &"rental due".into(), &SECOND.into())
    );
    assert_eq!(plan[1]["slot"], Value::Null);
    assert!(site.ok(&["bank", "plan", "cellar"]).contains("rental due"));

    let moves = site.json(&["bank", "moves", "cellar", "--limit", "2"]);
    assert_eq!(
        (moves.as_array().unwrap().len(), &moves[1]["slot"], &moves[1]["outcome"]),
        (2, &2.into(), &"no-network".into())
    );
    assert!(site.ok(&["bank", "moves", "cellar"]).contains("no-network"));

    for name in ["/dev/pool/a", "a", "1"] {
        assert_eq!(site.ok(&["bank", "switch", "cellar", name, "1"]), "slot 2 is on the air\n");
    }
    let asked = ("cellar".to_owned(), "/dev/pool/a".to_owned(), 1);
    assert_eq!(*fixture.0.lock().unwrap(), [asked.clone(), asked.clone(), asked]);
    assert_eq!(
        site.json(&["bank", "switch", "cellar", "1", "1"])["reply"][0],
        "slot 2 is on the air"
    );
    for (args, words) in [
        (["bank", "switch", "cellar", "1", "2"], "there is no card in slot 3"),
        (["bank", "switch", "cellar", "1", "9"], "has no slot 9"),
        (["bank", "switch", "cellar", "3", "1"], "its place from 1 to 2"),
        (["bank", "switch", "cellar", "0", "1"], "its place from 1 to 2"),
        (["bank", "switch", "attic", "1", "1"], "no bank is called attic"),
    ] {
        let output = site.run(&args);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && stderr.contains(words), "{args:?}: {stderr}");
    }
    assert!(site.json(&["audit", "list"]).to_string().contains("switched by hand"));
}

#[test]
fn a_sim_is_shown_with_the_modems_that_it_was_in() {
    let (site, runtime) = (Site::with_modems(0), Runtime::new().unwrap());
    let (gateway, _listening) = runtime.block_on(serve(&site, Arc::default()));
    gateway.banks().take_report(report());
    runtime.block_on(fill(&gateway));
    compare(&site, &["sim", "show", SECOND]);
    let shown = site.json(&["sim", "show", SECOND]);
    let period = &shown["custody"][0];
    assert_eq!(
        (&period["imei"], &period["since"]),
        (&"356938035640001".into(), &NOW.to_string().into()),
        "{shown}"
    );
    assert!(site.ok(&["sim", "show", SECOND]).contains("356938035640001"));
    let sims = site.json(&["sim", "list"]);
    assert_eq!(
        (&sims[0]["state"], &sims[1]["state"]),
        (&"offline".into(), &"parked".into()),
        "{sims}"
    );
    assert_eq!(
        site.json(&["sim", "show", FIRST])["custody"][0]["until"],
        NOW.to_string(),
        "another SIM came on its radio"
    );
}

#[test]
fn a_bank_of_a_site_is_named_with_a_slash() {
    let (site, runtime, fixture) =
        (Site::with_modems(0), Runtime::new().unwrap(), Arc::<Fixture>::default());
    let (gateway, _listening) = runtime.block_on(serve(&site, Arc::clone(&fixture)));
    gateway.banks().take_report(BankReport { name: "ams/cellar".to_owned(), ..report() });
    assert_eq!(site.json(&["bank", "show", "ams/cellar"])["name"], "ams/cellar");
    assert_eq!(site.json(&["bank", "plan", "ams/cellar"])[0]["slot"], 1);
    assert_eq!(site.json(&["bank", "moves", "ams/cellar"]), Value::Array(Vec::new()));
    assert_eq!(site.ok(&["bank", "switch", "ams/cellar", "1", "1"]), "slot 2 is on the air\n");
    let asked = ("ams/cellar".to_owned(), "/dev/pool/a".to_owned(), 1);
    assert_eq!(*fixture.0.lock().unwrap(), [asked]);
}
