//! SIM banks that report what is not so, and kills in the middle of switches: every message must
//! arrive once and for its own SIM, and an order must keep its SIM.

use std::time::Duration;

use simbridge::domain::Iccid;

use super::bank_rig::BankRig;

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

#[test]
fn eight_radios_with_sixteen_sims_each_in_a_pool_that_lies_in_three_of_four_switches() {
    let faults = "faults = [{ kind = \"lies\", lies = 3, of = 4 }]";
    let bank = format!("[[bank]]\nslots = 16\nseed = 7\n{faults}\n");
    let mut rig = BankRig::new(&("[[modem]]\n".repeat(8) + &bank), 16);
    let sims = rig.sims();
    for sim in &sims {
        rig.send("Friend", sim, &format!("welcome {}", sim.1));
    }
    assert!(rig.run_until(DAY, |rig| rig.known_slots() >= 16), "{}", rig.known_slots());
    let tenant = &sims[100];
    rig.rented.insert(tenant.0.clone());
    // Sixteen orders on parked SIMs, two on each radio: each gets its SIM and its code.
    for round in 0..2_usize {
        let ordered: Vec<&(Iccid, String)> = (0..8)
            .map(|radio| &sims[radio * 16 + 5 * round + radio % 5..radio * 16 + 16])
            .filter_map(|slots| slots.iter().find(|sim| !rig.is_on_air(&sim.0)))
            .collect();
        for sim in &ordered {
            rig.held.insert(sim.0.clone());
            rig.ordered.insert(sim.0.clone(), rig.now() + Duration::from_secs(2 * HOUR));
        }
        rig.demands_changed();
        for sim in &ordered {
            assert!(rig.run_until(2 * HOUR, |rig| rig.is_on_air(&sim.0)), "{sim:?}");
        }
        // The orders wait for a while, so that a faulty plan would show.
        rig.run_for(10 * 60);
        for sim in &ordered {
            assert!(rig.is_on_air(&sim.0), "an open order lost its SIM: {sim:?}");
            let code = format!("code {round} for {}", sim.1);
            rig.send("Shop", sim, &code);
            assert!(rig.run_until(60, |rig| rig.kept.count(&code) == 1), "{code}");
            rig.held.remove(&sim.0);
            rig.ordered.remove(&sim.0);
        }
        rig.demands_changed();
    }
    let news = "news for the tenant";
    rig.send("Bank of mum", tenant, news);
    rig.viewed.insert(tenant.0.clone());
    rig.demands_changed();
    assert!(rig.run_until(HOUR, |rig| rig.kept.count(news) == 1), "the tenant's message");
    rig.viewed.clear();
    assert!(rig.run_until(DAY, |rig| rig.known_slots() == 128), "{}", rig.known_slots());
    assert!(rig.run_until(DAY, BankRig::all_messages_came));
    let report = rig.report();
    let lies: u32 = report.radios.iter().map(|radio| radio.lies).sum();
    assert!(lies > 50, "{lies} lies were found out");
    // A visit interval that the hardware cannot keep is reported.
    let late = report.slots.iter().any(|slot| slot.late_since.is_some());
    let trouble = report.trouble.unwrap_or_default();
    assert!(!late || trouble.contains("later than rental_visit"), "{trouble}");
}

#[test]
fn killed_in_the_middle_of_a_switch_each_message_comes_once() {
    let mut rig = BankRig::new("[[modem]]\n[[modem]]\n[[bank]]\nslots = 4\n", 4);
    let sims = rig.sims();
    for round in 0..40 {
        for sim in &sims {
            rig.send("Friend", sim, &format!("round {round} to {}", sim.1));
        }
        let radio = round % 2;
        assert!(rig.run_until(HOUR, |rig| rig.is_switching(radio)), "round {round}");
        // A switch takes some forty seconds.
        rig.run_for(u64::try_from(round).unwrap());
        rig.restart();
    }
    assert!(rig.run_until(DAY, BankRig::all_messages_came));
    assert!(rig.run_until(DAY, |rig| rig.known_slots() == 8), "{}", rig.known_slots());
}
