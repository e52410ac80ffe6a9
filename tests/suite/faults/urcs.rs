//! URCs that do not come, and URCs that come all the time.

use simbridge::simulator::{Fault, families};

use super::rig::Rig;

const MINUTE_MS: u64 = 60_000;
/// From one sweep to the next, and the sweep itself.
const SWEEP_MS: u64 = 62_000;

#[test]
fn with_every_urc_lost_each_message_is_there_within_one_sweep_interval() {
    for family in families() {
        let mut rig = Rig::of_family(family);
        rig.run_until_working(5 * MINUTE_MS).unwrap();
        rig.fault(0, &Fault::DropUrcs { count: u32::MAX });
        for number in 0..20 {
            let text = format!("unannounced {number}");
            rig.run_for(7_919);
            rig.send(0, &text);
            let sent_ms = rig.now_ms;
            while rig.kept.count(&text) == 0 {
                rig.run_for(500);
                assert!(
                    rig.now_ms - sent_ms <= SWEEP_MS,
                    "{family}: {text} after {} ms",
                    rig.now_ms - sent_ms
                );
            }
        }
        assert_eq!(rig.faults_found(), [""; 0], "{family}");
    }
}

#[test]
fn the_urcs_of_a_stick_are_called_to_the_port_that_is_open_quectel() {
    let mut rig = Rig::of_family("quectel-ec25");
    rig.run_until_working(5 * MINUTE_MS).unwrap();
    rig.run_for(7_919);
    rig.send(0, "announced");
    rig.run_for(1_000);
    assert_eq!(rig.kept.count("announced"), 1, "not only by a sweep");
}

#[test]
fn a_flood_of_urcs_for_the_length_of_a_command_does_not_move_its_deadline() {
    // The resynchronisation begins at the deadline and waits for silence, at most two seconds,
    // before it asks anything.
    const DRAIN_MS: u64 = 2_000;
    for family in families() {
        let mut rig = Rig::of_family(family);
        rig.run_until_working(5 * MINUTE_MS).unwrap();
        rig.fault(
            0,
            &Fault::Flood { line: "^RSSI:17".to_owned(), every_ms: 30, for_ms: 10 * MINUTE_MS },
        );
        rig.fault(0, &Fault::Silence { commands: 1 });
        let quiet_ms = rig.now_ms;
        rig.run_for(2 * MINUTE_MS);
        let sent: Vec<&(u64, String)> =
            rig.sessions[0].sent.iter().filter(|(at_ms, _)| *at_ms >= quiet_ms).collect();
        let [(at_ms, command), (next_ms, _), ..] = sent.as_slice() else {
            panic!("{family}: {sent:?}")
        };
        let limit_ms = 25_000 + DRAIN_MS + 100;
        assert!(
            next_ms - at_ms <= limit_ms,
            "{family}: {command} held the line for {} ms",
            next_ms - at_ms
        );
    }
}
