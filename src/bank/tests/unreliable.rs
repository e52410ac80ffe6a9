//! Banks that say what is not so, or nothing, and SIMs that were moved by hand.

use std::time::Duration;

use super::world::*;
use crate::domain::bank::{RadioState, SwitchOutcome};
use crate::domain::{Iccid, Random};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Whenever the bank reports that a SIM is on the air, it is the one that really is on the radio.
fn assert_report_is_true(world: &World) {
    for (radio, report) in world.report().radios.iter().enumerate() {
        if report.state == RadioState::OnAir {
            let sim = &world.sims[usize::try_from(world.slot_on[radio]).unwrap()];
            assert_eq!(report.iccid, *sim);
        }
    }
}

#[test]
fn a_bank_that_lies_in_three_of_four_switches_is_found_out_each_time() {
    let mut world = World::new(config("swit", 8, 16));
    let mut random = Random::new(7);
    world.pool = Box::new(move || match random.below(4) {
        0 => PoolBehavior::Switches,
        _ => PoolBehavior::Lies,
    });
    world.pass(DAY);
    let begun = world.now;
    for _ in 0..24 {
        world.pass(HOUR);
        assert_report_is_true(&world);
    }
    assert!(world.knows_all(), "{:?}", world.saved_slots);
    let lies: u32 = world.report().radios.iter().map(|radio| radio.lies).sum();
    assert!(lies > 200, "{lies}");
    assert!(
        world.switches.iter().any(|switch| switch.outcome == SwitchOutcome::Lied),
        "a switch that is never done is given up"
    );
    let unvisited: Vec<u32> =
        (0..128).filter(|slot| world.longest_absence(&iccid(*slot), begun) >= DAY).collect();
    assert_eq!(unvisited, Vec::<u32>::new());
    assert!(
        world.released.len() <= 8,
        "released SIMs that are not about to leave: {:?}",
        world.released
    );
}

#[test]
fn a_bank_that_puts_wrong_slots_on_is_found_out_in_the_end() {
    let mut world = World::new(config("swit", 2, 6));
    let mut random = Random::new(11);
    world.pool = Box::new(move || match random.below(3) {
        0 => PoolBehavior::WrongSlot,
        _ => PoolBehavior::Switches,
    });
    world.pass(3 * DAY);
    assert_report_is_true(&world);
    world.pool = Box::new(|| PoolBehavior::Switches);
    world.pass(DAY);
    assert!(world.knows_all(), "{:?}", world.saved_slots);
}

#[test]
fn a_bank_that_refuses_is_reported_and_tried_less_and_less_often() {
    let mut world = World::new(config("module", 1, 2));
    world.run_until(DAY, World::knows_all);
    world.pool = Box::new(|| PoolBehavior::Refuses);
    let before = world.switches.len();
    world.pass(DAY);
    let attempts = world.switches.len() - before;
    assert!((10..=40).contains(&attempts), "{attempts} attempts in a day");
    let report = world.report();
    assert!(report.slots.iter().any(|slot| slot.trouble.is_some()));
    assert!(world.sim_on_air(0).is_some(), "the SIM that is there is used");
}

#[test]
fn sims_that_were_moved_or_removed_by_hand_are_noticed() {
    let mut world = World::new(config("swit", 2, 6));
    world.run_until(DAY, World::knows_all);
    world.pass(HOUR);
    world.sims.swap(2, 9);
    world.sims[4] = None;
    world.sims[7] = Some(Iccid::from_stored("8931440000000099999"));
    world.pass(2 * DAY);
    assert!(world.knows_all(), "{:?}", world.saved_slots);
}

#[test]
fn a_sim_that_no_network_accepts_does_not_block_its_radio() {
    let mut world = World::new(config("swit", 1, 4));
    world.run_until(DAY, World::knows_all);
    world.banned.insert(iccid(2));
    let begun = world.now;
    world.pass(DAY);
    assert!(
        world
            .switches
            .iter()
            .any(|switch| switch.outcome == SwitchOutcome::NoNetwork && switch.slot == 2)
    );
    for slot in [0, 1, 3] {
        assert!(world.longest_absence(&iccid(slot), begun) < HOUR, "slot {slot}");
    }
    let trouble = world.report().slots[2].trouble.clone();
    assert_eq!(trouble.as_deref(), Some("no network accepts it"));
}

#[test]
fn killed_at_any_moment_of_a_switch_a_bank_finds_out_what_is_where() {
    for second in 0..90 {
        let mut world = World::new(config("swit", 2, 4));
        world.run_until(DAY, World::knows_all);
        let before = world.switches.len();
        world.run_until(DAY, |world| world.radio(0).state == RadioState::Draining);
        world.pass(Duration::from_secs(second));
        world.restart();
        world.pass(HOUR);
        assert_report_is_true(&world);
        assert!(world.knows_all() && world.switches.len() > before + 1, "killed after {second} s");
        assert!(world.released.len() <= 2);
    }
}

#[test]
fn a_bank_that_never_switches_is_reported_and_left_alone_for_longer_and_longer() {
    for behavior in [PoolBehavior::Lies, PoolBehavior::Refuses] {
        let mut world = World::new(config("swit", 2, 6));
        world.pool = Box::new(move || behavior);
        world.pass(DAY);
        let report = world.report();
        let trouble = report.trouble.unwrap_or_default();
        let why = if behavior == PoolBehavior::Lies {
            "another SIM is read"
        } else {
            "the bank answers ERROR"
        };
        assert!(
            trouble.contains("in a row came to nothing") && trouble.contains(why),
            "{behavior:?}: {trouble}"
        );
        assert!(world.switches.len() < 500, "{} switches", world.switches.len());
        let downtime = report.radios.iter().map(|radio| radio.downtime).max().unwrap();
        assert!(downtime < 6 * HOUR, "{downtime:?} off the air");
        let back = world.run_until(HOUR, |world| {
            world.sim_on_air(0).is_some() && world.sim_on_air(1).is_some()
        });
        assert!(back < HOUR / 4, "the SIMs that are there were not used for {back:?}");
    }
}
