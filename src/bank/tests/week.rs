use std::time::Duration;

use super::world::*;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

#[test]
fn a_week_of_a_bank_stock_turns_over_evenly_and_no_card_starves() {
    let mut world = World::new(config("swit", 8, 16));
    let tour = world.until(DAY, World::knows_all);
    assert!(tour < 2 * HOUR, "the first tour took {tour:?}");
    let begun = world.now;
    world.pass(7 * DAY);
    let visits: Vec<usize> = (0..128)
        .map(|slot| {
            world
                .stays
                .iter()
                .filter(|stay| stay.iccid == iccid(slot) && stay.from >= begun.elapsed())
                .count()
        })
        .collect();
    let (least, most) = (visits.iter().min().unwrap(), visits.iter().max().unwrap());
    assert!(most - least <= 2 && *least >= 50, "between {least} and {most} visits in a week");
    let away = (0..128).map(|slot| world.longest_away(&iccid(slot), begun)).max().unwrap();
    assert!(away < 4 * HOUR, "{away:?} off the air");
    assert!(world.moved.iter().all(|moved| moved.end == super::super::MoveEnd::Done));
    assert_eq!(world.bank.report(world.now).trouble, None);
}

#[test]
fn rented_cards_are_visited_in_their_interval_and_stock_has_what_is_left() {
    let mut world = World::new(config("swit", 8, 16));
    world.until(DAY, World::knows_all);
    // Five rented cards on each radio: a visit of each takes some three minutes of two hours.
    world.rented = (0..128).filter(|slot| slot % 16 < 5).map(iccid).collect();
    world.pass(3 * HOUR);
    let begun = world.now;
    world.pass(2 * DAY);
    for slot in 0..128 {
        let away = world.longest_away(&iccid(slot), begun);
        let most = if slot % 16 < 5 { 2 * HOUR } else { 6 * HOUR };
        assert!(away <= most, "slot {slot}: {away:?}");
    }
    assert_eq!(world.bank.report(world.now).trouble, None);
}

#[test]
fn more_rented_cards_than_the_hardware_can_visit_are_said_and_take_turns_and_the_rest_does_not_starve()
 {
    let mut config = config("swit", 1, 16);
    config.rental_visit = Duration::from_secs(900);
    let mut world = World::new(config);
    world.until(DAY, World::knows_all);
    world.rented = (0..12).map(iccid).collect();
    world.news();
    world.pass(DAY);
    let begun = world.now;
    world.pass(3 * DAY);
    let trouble = world.bank.report(world.now).trouble.unwrap();
    assert!(trouble.contains("rented SIMs are visited later than rental_visit says"), "{trouble}");
    let rented: Vec<Duration> =
        (0..12).map(|slot| world.longest_away(&iccid(slot), begun)).collect();
    let (least, most) = (rented.iter().min().unwrap(), rented.iter().max().unwrap());
    assert!(*most < HOUR && *most < *least * 2, "between {least:?} and {most:?}");
    for slot in 12..16 {
        let away = world.longest_away(&iccid(slot), begun);
        assert!(away < DAY + 2 * HOUR, "slot {slot} starves: {away:?}");
    }
}

#[test]
fn an_order_holds_its_card_and_one_on_a_parked_card_brings_it_on_the_air() {
    let mut world = World::new(config("swit", 2, 8));
    world.until(DAY, World::knows_all);
    world.pass(HOUR);
    let held = world.works(0).unwrap().to_owned();
    world.held.insert(held.clone());
    world.news();
    world.pass(6 * HOUR);
    assert_eq!(world.works(0), Some(held.as_str()), "a card with an order left");
    assert!(!world.leaving.contains(&held));
    world.held.clear();
    world.collecting.insert(held.clone());
    world.news();
    world.pass(6 * HOUR);
    assert_eq!(
        world.works(0),
        Some(held.as_str()),
        "the stock took a card's place on which an order collects"
    );
    let other = (0..8).map(iccid).find(|iccid| *iccid != held).unwrap();
    world.ordered.insert(other.clone(), world.now + HOUR);
    world.news();
    world.until(HOUR, |world| world.is_on_air(&other));
    assert_eq!(world.works(0), Some(other.as_str()), "an order waits for another card");
    world.ordered.clear();
    world.collecting.clear();
    // The other radio's cards: one that is parked is ordered.
    let parked = (8..16).map(iccid).find(|iccid| !world.is_on_air(iccid)).unwrap();
    world.until(HOUR, |world| world.works(1).is_some());
    let free_in = world.bank.report(world.now).radios[1].free_in.unwrap();
    let expected = free_in + world.bank.switch_time();
    world.ordered.insert(parked.clone(), world.now + HOUR);
    world.news();
    let took = world.until(HOUR, |world| world.is_on_air(&parked));
    assert!(took <= expected + Duration::from_secs(10), "{took:?}, but {expected:?} was said");
}

#[test]
fn a_tenant_who_looks_has_the_card_called_and_a_stay_lasts_until_its_burst_is_over() {
    let mut world = World::new(config("swit", 1, 8));
    world.until(DAY, World::knows_all);
    world.until(HOUR, |world| world.works(0).is_some());
    world.pass(Duration::from_secs(70));
    let tenant = (0..8).map(iccid).find(|iccid| !world.is_on_air(iccid)).unwrap();
    world.looked.insert(tenant.clone());
    world.news();
    let took = world.until(HOUR, |world| world.is_on_air(&tenant));
    assert!(took < Duration::from_secs(60), "{took:?}");
    world.looked.clear();
    // Another is ordered while messages still come: not before a minute after the last.
    let other = (0..8).map(iccid).find(|iccid| !world.is_on_air(iccid)).unwrap();
    world.ordered.insert(other, world.now + HOUR);
    for _ in 0..5 {
        world.bank.message(0, world.now);
        world.news();
        world.pass(Duration::from_secs(40));
        assert!(world.is_on_air(&tenant));
    }
    let left = world.until(HOUR, |world| !world.is_on_air(&tenant));
    assert!((15..=30).contains(&left.as_secs()), "{left:?}");
}
