//! Replays the recordings of real modems in `hardware/recordings` through a PTY against the driver.

mod player;
mod recording;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use simbridge::daemon::config::Config;
use simbridge::domain::modem::{ModemSnapshot, SimCard};
use simbridge::domain::{Iccid, ModemAtPort, PortName};
use simbridge::driver::{self, HostError, ModemEvents, PortPattern};
use simbridge::modem::{MessageOwner, RawPdu, Received};
use simbridge::sms::Deliver;
use tokio::sync::Notify;

use recording::Recording;

use crate::support::{Site, wait_for};

/// The longest time that these tests wait; nothing takes half of it.
const PATIENCE: Duration = Duration::from_secs(40);

/// A host that records everything in memory.
#[derive(Default)]
struct Keeper {
    last: Mutex<Option<ModemSnapshot>>,
    messages: Mutex<Vec<String>>,
    changed: Notify,
}

impl ModemEvents for Keeper {
    fn report(&self, snapshot: ModemSnapshot) {
        *self.last.lock().unwrap() = Some(snapshot);
        self.changed.notify_one();
    }

    async fn record_identity(
        &self,
        _modem: &ModemAtPort,
        _others: &[PortName],
        _sim: &SimCard,
    ) -> Result<MessageOwner, HostError> {
        Ok(MessageOwner::default())
    }

    async fn record_emptied_store(
        &self,
        _modem: &ModemAtPort,
        _iccid: &Iccid,
    ) -> Result<(), HostError> {
        Ok(())
    }

    async fn store(&self, received: Received) -> Result<(), HostError> {
        let shown = match &received.pdu {
            RawPdu::Octets(octets) => match Deliver::decode(octets) {
                Ok(message) => format!("{} {}", message.originator, message.text().text),
                Err(error) => error.to_string(),
            },
            RawPdu::Text(text) => text.clone(),
            RawPdu::TextMode(message) => format!("{} {}", message.sender(), message.text()),
        };
        self.messages.lock().unwrap().push(shown.trim_end().to_owned());
        self.changed.notify_one();
        Ok(())
    }
}

/// The present state, in the words of the `expect` lines of a recording.
fn facts(keeper: &Keeper, sent: &[String]) -> Vec<String> {
    let mut facts: Vec<String> = sent.iter().map(|command| format!("sent {command}")).collect();
    facts
        .extend(keeper.messages.lock().unwrap().iter().map(|message| format!("message {message}")));
    let Some(shown) = keeper.last.lock().unwrap().clone() else { return facts };
    facts.push(format!("state {}", shown.state));
    facts.extend(shown.operator.map(|operator| format!("operator {operator}")));
    facts.extend(shown.sim.map(|sim| format!("iccid {}", sim.iccid)));
    if let Some(identity) = shown.identity {
        facts.push(format!("manufacturer {}", identity.manufacturer));
        facts.push(format!("model {}", identity.model));
        facts.extend(identity.firmware.map(|firmware| format!("firmware {firmware}")));
    }
    facts
}

/// Waits until everything that a recording expects is so. Returns what is not when that takes too
/// long.
async fn replay(recording: Recording, standard: Recording) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let port = folder.path().join("modem");
    let expected = recording.expected.clone();
    let name = recording.name.clone();
    let player = player::start(&port, recording, standard);
    let keeper = Arc::new(Keeper::default());
    let pattern = PortPattern { port: port.into(), baud: 115_200 };
    let driver =
        driver::start(vec![pattern], Config::defaults().driver_settings(), Arc::clone(&keeper));
    let missing = || {
        let facts = facts(&keeper, &player.sent());
        expected.iter().filter(|fact| !facts.contains(fact)).cloned().collect::<Vec<_>>()
    };
    let all_so = async {
        while !missing().is_empty() {
            tokio::select! {
                () = keeper.changed.notified() => {}
                () = player.heard() => {}
            }
        }
    };
    let outcome = tokio::time::timeout(PATIENCE, all_so).await;
    driver.stop().await;
    let what =
        || format!("{name}: not so: {:?}\nso: {:#?}", missing(), facts(&keeper, &player.sent()));
    outcome.map_err(|_| what())
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("hardware/recordings")
}

fn recordings() -> Vec<Recording> {
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|end| end == "txt")).collect();
    files.sort();
    files.iter().map(|path| Recording::read(path)).collect()
}

#[test]
fn every_recording_names_its_device_firmware_day_reason_and_source() {
    let (standard, devices): (Vec<_>, Vec<_>) =
        recordings().into_iter().partition(|known| known.name == "standard");
    assert_eq!(standard.len(), 1);
    assert!(devices.len() >= 6, "{}", devices.len());
    for recording in devices {
        for key in ["device", "firmware", "when", "why", "source"] {
            assert!(
                recording.head.iter().any(|(known, _)| known == key),
                "{}: no {key}",
                recording.name
            );
        }
        assert!(recording.expected.iter().any(|fact| fact == "state Ready"), "{}", recording.name);
        assert!(
            recording.expected.iter().any(|fact| fact.starts_with("message ")),
            "{}",
            recording.name
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_recording_is_understood() {
    let (standard, devices): (Vec<_>, Vec<_>) =
        recordings().into_iter().partition(|known| known.name == "standard");
    let replays: Vec<_> = devices
        .into_iter()
        .map(|device| tokio::spawn(replay(device, standard[0].clone())))
        .collect();
    let mut failures = Vec::new();
    for replay in replays {
        failures.extend(replay.await.unwrap().err());
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Runs `modem record` of the real program with families that speak differently, and plays what it
/// writes to another driver.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_modem_record_writes_can_be_replayed_and_tells_of_nobody() {
    let standard = recordings().into_iter().find(|known| known.name == "standard").unwrap();
    let families = ["quectel-ec25", "siemens-mc55", "wavecom-q2406"];
    let replays = families.map(|family| {
        let (recording, secrets) = tokio::task::block_in_place(|| record(family));
        let text = recording
            .entries
            .iter()
            .flat_map(|entry| &entry.reply)
            .cloned()
            .collect::<Vec<_>>()
            .join("\n");
        for secret in secrets {
            assert!(!text.contains(&secret), "{family}: {secret}\n{text}");
        }
        tokio::spawn(replay(recording, standard.clone()))
    });
    for replay in replays {
        replay.await.unwrap().unwrap_or_else(|wrong| panic!("{wrong}"));
    }
}

/// A recording of a modem that had a message, and what must not be in it.
fn record(family: &str) -> (Recording, Vec<String>) {
    let scenario = format!(
        "[[modem]]\nfamily = \"{family}\"\nboot_ms = 100\nmessages_ready_ms = 0\nregisters_ms = \
         0\nsim.number = \"+31612345678\"\n"
    );
    let site = Site::with(1, simbridge::simulator::Scenario::parse(&scenario).unwrap(), "");
    site.send("+31698765432", "+31612345678", "hello 4711");
    let _daemon = site.serve_ready();
    wait_for("the message", || {
        site.messages().len() == 1 && site.network().stored("+31612345678") == 0
    });
    let modem = site.admin("/modems")[0].clone();
    let file = site.dir.path().join("recording.txt");
    site.ok(&["modem", "record", "modem000", file.to_str().unwrap(), "--reason", "a test"]);
    let mut recording = Recording::read(&file);
    recording.expected.push(format!("message {} xxxxxxxxxx", sender(&recording)));
    let known = |key: &str| modem[key].as_str().unwrap_or_default().to_owned();
    let pdu = "hello 4711";
    let secrets = [known("imei"), known("iccid"), known("number")[1..].to_owned(), pdu.to_owned()];
    (recording, secrets.into())
}

/// The sender of the message in a recording.
fn sender(recording: &Recording) -> String {
    let lines = recording.entries.iter().flat_map(|entry| &entry.reply);
    let mut pdus = lines.filter_map(|line| Deliver::decode(&hex::decode(line).ok()?).ok());
    let message = pdus.next_back().expect("the message is in the recording");
    assert!(message.originator.is_international() && message.originator.value != "31698765432");
    message.originator.to_string()
}
