//! A modem that refuses a small share of all commands: how long its messages take to the disk.

use simbridge::simulator::Fault;

use super::rig::Rig;

const MINUTE_MS: u64 = 60_000;
/// The share of commands that is refused, whatever they are.
const PERCENT: u8 = 3;
/// How many messages each modem receives.
const MESSAGES: usize = 1_500;
/// From one message to the next: not in step with keep-alives and sweeps.
const GAP_MS: u64 = 7_919;
/// How exactly the times are measured.
const STEP_MS: u64 = 50;
/// Ninety-nine of a hundred messages are on disk after this time.
const P99_MS: u64 = 5_000;
/// The time after which every message is. Only a modem that was given up and begun again takes as
/// long as this.
const LONGEST_MS: u64 = 60_000;

/// Sends messages one after the other and returns how long each took, the longest time last.
fn times_to_disk(family: &str, seed: u64) -> Vec<u64> {
    let mut rig = Rig::of_family(family);
    rig.run_until_working(5 * MINUTE_MS).unwrap();
    rig.fault(0, &Fault::RefuseShare { percent: PERCENT, seed });
    let mut times = Vec::new();
    for number in 0..MESSAGES {
        let text = format!("message {number}");
        rig.run_for(GAP_MS);
        rig.send(0, &text);
        let sent_ms = rig.now_ms;
        while !rig.kept.has(&text) {
            rig.run_for(STEP_MS);
            assert!(
                rig.now_ms - sent_ms <= LONGEST_MS,
                "{family}: {text} is not on disk\n{:#?}",
                rig.sessions[0].transcript
            );
        }
        times.push(rig.now_ms - sent_ms);
    }
    rig.fault(0, &Fault::Clear);
    rig.run_until_working(2 * MINUTE_MS).unwrap_or_else(|told| panic!("{family}: {told}"));
    assert_eq!(rig.faults_found(), [""; 0], "{family}");
    times.sort_unstable();
    times
}

#[test]
fn where_three_of_a_hundred_commands_are_refused_messages_are_on_disk_in_five_seconds() {
    let mut all = Vec::new();
    let families = ["generic", "quectel-ec25", "simcom-sim800", "huawei-e3372"];
    for (family, seed) in families.into_iter().zip(1..) {
        let times = times_to_disk(family, seed);
        let p99_ms = times[times.len() * 99 / 100];
        let (median_ms, longest_ms) = (times[times.len() / 2], times[times.len() - 1]);
        println!("{family:<16} median {median_ms} ms, p99 {p99_ms} ms, longest {longest_ms} ms");
        assert!(p99_ms < P99_MS, "{family}: {p99_ms} ms");
        all.extend(times);
    }
    assert_eq!(all.len(), 4 * MESSAGES);
}

/// No slot is left with its message because its deletion was refused, and none is emptied of
/// another message by a deletion that is repeated.
#[test]
fn what_could_not_be_deleted_is_deleted_before_the_next_sweep() {
    for family in ["generic", "quectel-ec25", "wavecom-q2406"] {
        let mut rig = Rig::of_family(family);
        rig.run_until_working(5 * MINUTE_MS).unwrap();
        rig.run_for(5_000);
        for number in 0..40 {
            rig.fault(0, &Fault::Refuse { command: "+CMGD".to_owned(), times: 1 + number % 3 });
            rig.send(0, &format!("message {number}"));
            rig.run_for(12_000);
            assert!(rig.is_all_delivered(), "{family}: message {number} lies in its slot");
        }
        assert_eq!(rig.faults_found(), [""; 0], "{family}");
    }
}
