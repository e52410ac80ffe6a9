//! Days and weeks of a bank: whose turn it is, and who waits for how long.

use std::time::Duration;

use super::world::*;
use crate::domain::bank::SwitchOutcome;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

#[test]
fn in_a_week_the_stock_takes_turns_evenly_and_no_sim_starves() {
    let mut world = World::new(config("swit", 8, 16));
    let tour = world.run_until(DAY, World::knows_all);
    assert!(tour < 2 * HOUR, "the first tour took {tour:?}");
    let begun = world.now;
    world.pass(7 * DAY);
    let visits: Vec<usize> = (0..128)
        .map(|slot| {
            world
                .visits
                .iter()
                .filter(|visit| visit.iccid == iccid(slot) && visit.from >= begun.elapsed())
                .count()
        })
        .collect();
    let (least, most) = (visits.iter().min().unwrap(), visits.iter().max().unwrap());
    assert!(most - least <= 2 && *least >= 50, "between {least} and {most} visits in a week");
    let away = (0..128).map(|slot| world.longest_absence(&iccid(slot), begun)).max().unwrap();
    assert!(away < 4 * HOUR, "{away:?} off the air");
    assert!(world.switches.iter().all(|switch| switch.outcome == SwitchOutcome::Done));
    assert_eq!(world.report().trouble, None);
}

#[test]
fn rented_sims_are_visited_in_their_interval_and_the_stock_has_the_rest_of_the_time() {
    let mut world = World::new(config("swit", 8, 16));
    world.run_until(DAY, World::knows_all);
    // Five rented SIMs on each radio: a visit of each takes some three minutes of two hours.
    world.rented = (0..128).filter(|slot| slot % 16 < 5).map(iccid).collect();
    world.pass(3 * HOUR);
    let begun = world.now;
    world.pass(2 * DAY);
    for slot in 0..128 {
        let away = world.longest_absence(&iccid(slot), begun);
        let most = if slot % 16 < 5 { 2 * HOUR } else { 6 * HOUR };
        assert!(away <= most, "slot {slot}: {away:?}");
    }
    assert_eq!(world.report().trouble, None);
}

#[test]
fn too_many_rented_sims_are_reported_and_take_turns_and_the_stock_does_not_starve() {
    let mut config = config("swit", 1, 16);
    config.rental_visit = Duration::from_secs(900);
    let mut world = World::new(config);
    world.run_until(DAY, World::knows_all);
    world.rented = (0..12).map(iccid).collect();
    world.demands_changed();
    world.pass(DAY);
    let begun = world.now;
    world.pass(3 * DAY);
    let trouble = world.report().trouble.unwrap();
    assert!(trouble.contains("rented SIMs are visited later than rental_visit says"), "{trouble}");
    let rented: Vec<Duration> =
        (0..12).map(|slot| world.longest_absence(&iccid(slot), begun)).collect();
    let (least, most) = (rented.iter().min().unwrap(), rented.iter().max().unwrap());
    assert!(*most < HOUR && *most < *least * 2, "between {least:?} and {most:?}");
    for slot in 12..16 {
        let away = world.longest_absence(&iccid(slot), begun);
        assert!(away < DAY + 2 * HOUR, "slot {slot} starves: {away:?}");
    }
}

#[test]
fn an_order_holds_its_sim_and_an_order_on_a_parked_sim_brings_it_on_the_air() {
    let mut world = World::new(config("swit", 2, 8));
    world.run_until(DAY, World::knows_all);
    world.pass(HOUR);
    let held = world.sim_on_air(0).unwrap().clone();
    world.held.insert(held.clone());
    world.demands_changed();
    world.pass(6 * HOUR);
    assert_eq!(world.sim_on_air(0), Some(&held), "a SIM with an order left");
    assert!(!world.released.contains(&held));
    world.held.clear();
    world.collecting.insert(held.clone());
    world.demands_changed();
    world.pass(6 * HOUR);
    assert_eq!(
        world.sim_on_air(0),
        Some(&held),
        "the stock took the place of a SIM on which an order is collecting"
    );
    let other = (0..8).map(iccid).find(|iccid| *iccid != held).unwrap();
    world.ordered.insert(other.clone(), world.now + HOUR);
    world.demands_changed();
    world.run_until(HOUR, |world| world.is_on_air(&other));
    assert_eq!(world.sim_on_air(0), Some(&other), "an order waits for another SIM");
    world.ordered.clear();
    world.collecting.clear();
    // One of the other radio's SIMs, which is parked, is ordered.
    let parked = (8..16).map(iccid).find(|iccid| !world.is_on_air(iccid)).unwrap();
    world.run_until(HOUR, |world| world.sim_on_air(1).is_some());
    let free_in = world.radio(1).free_in.unwrap();
    let expected = free_in + world.bank.switch_time();
    world.ordered.insert(parked.clone(), world.now + HOUR);
    world.demands_changed();
    let took = world.run_until(HOUR, |world| world.is_on_air(&parked));
    assert!(
        took <= expected + Duration::from_secs(10),
        "it took {took:?}, but {expected:?} was reported"
    );
}

#[test]
fn a_tenant_who_looks_has_the_sim_switched_in_and_it_stays_until_its_messages_have_come() {
    let mut world = World::new(config("swit", 1, 8));
    world.run_until(DAY, World::knows_all);
    world.run_until(HOUR, |world| world.sim_on_air(0).is_some());
    world.pass(Duration::from_secs(70));
    let tenant = (0..8).map(iccid).find(|iccid| !world.is_on_air(iccid)).unwrap();
    world.viewed.insert(tenant.clone());
    world.demands_changed();
    let took = world.run_until(HOUR, |world| world.is_on_air(&tenant));
    assert!(took < Duration::from_secs(60), "{took:?}");
    world.viewed.clear();
    // Another is ordered while messages still come: it has to wait for a minute after the last.
    let other = (0..8).map(iccid).find(|iccid| !world.is_on_air(iccid)).unwrap();
    world.ordered.insert(other, world.now + HOUR);
    for _ in 0..5 {
        world.bank.on_message(0, world.now);
        world.demands_changed();
        world.pass(Duration::from_secs(40));
        assert!(world.is_on_air(&tenant));
    }
    let left = world.run_until(HOUR, |world| !world.is_on_air(&tenant));
    assert!((15..=30).contains(&left.as_secs()), "{left:?}");
}
