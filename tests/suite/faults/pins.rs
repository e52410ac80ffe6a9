//! Cards with a PIN in modems of every family, whatever they tell of the attempts that are left.

use simbridge::domain::modem::ModemReason;
use simbridge::simulator::{Fault, Quirk, Scenario, families};

use super::rig::Rig;

const MINUTE_MS: u64 = 60_000;

fn locked(family: &str, quirk: Quirk, pin: &str, without_count: bool) -> Rig {
    let scenario = format!("[[modem]]\nfamily = \"{family}\"\nsim.pin = \"4711\"\n");
    let mut rig = Rig::new(&Scenario::parse(&scenario).unwrap());
    rig.fault(0, &Fault::Habit { quirk });
    rig.sessions[0].set_pin(pin, without_count);
    rig
}

fn wrong_pins(rig: &Rig) -> u64 {
    rig.bench.network().observed(0).unwrap().wrong_pins
}

#[test]
fn a_modem_of_any_family_that_knows_only_the_standards_question_is_unlocked_at_every_start() {
    for family in families() {
        let mut rig = locked(family, Quirk::StandardCountOnly, "4711", false);
        rig.send(0, "before");
        for _ in 0..2 {
            rig.run_until_working(5 * MINUTE_MS).unwrap_or_else(|told| panic!("{family}: {told}"));
            rig.fault(0, &Fault::Reboot);
            rig.run_for(MINUTE_MS);
        }
        assert_eq!((wrong_pins(&rig), rig.faults_found()), (0, Vec::new()), "{family}");
    }
}

#[test]
fn without_a_count_a_modem_is_unlocked_where_it_is_permitted_and_where_its_card_was_before() {
    for family in families() {
        let mut rig = locked(family, Quirk::NoPinCount, "4711", false);
        rig.run_for(3 * MINUTE_MS);
        let reason = rig.sessions[0].reason.clone();
        assert_eq!(reason, Some(ModemReason::PinAttemptsUnknown), "{family}");
        let mut rig = locked(family, Quirk::NoPinCount, "4711", true);
        rig.run_until_working(5 * MINUTE_MS).unwrap_or_else(|told| panic!("{family}: {told}"));
        rig.sessions[0].set_pin("4711", false);
        // The session ends with the port, and the next one has no permission.
        rig.fault(0, &Fault::PortGone { back_after_ms: Some(5_000) });
        rig.run_for(MINUTE_MS);
        rig.run_until_working(5 * MINUTE_MS).unwrap_or_else(|told| panic!("{family}: {told}"));
        assert_eq!(wrong_pins(&rig), 0, "{family}");
    }
}

#[test]
fn a_wrong_pin_is_entered_once_into_a_card_of_any_modem_however_often_it_restarts() {
    for family in families() {
        let mut rig = locked(family, Quirk::NoPinCount, "0000", true);
        for _ in 0..4 {
            rig.run_for(3 * MINUTE_MS);
            rig.fault(0, &Fault::Reboot);
        }
        assert_eq!(wrong_pins(&rig), 1, "{family}");
    }
}
