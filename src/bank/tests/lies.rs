use std::time::Duration;

use super::super::*;
use super::world::*;
use crate::domain::Random;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// What the bank reports of a radio is what is on it, whenever it says that a card works there.
fn reports_the_truth(world: &World) {
    for (radio, report) in world.bank.report(world.now).radios.iter().enumerate() {
        if report.doing == "on air" {
            let card = world.cards[usize::try_from(world.on[radio]).unwrap()].as_deref();
            assert_eq!(report.iccid.as_deref(), card);
        }
    }
}

#[test]
fn a_bank_that_lies_in_three_of_four_switches_is_found_out_each_time() {
    let mut world = World::new(config("swit", 8, 16));
    let mut random = Random::new(7);
    world.deeds = Box::new(move || if random.below(4) == 0 { Deed::Switches } else { Deed::Lies });
    world.pass(DAY);
    let begun = world.now;
    for _ in 0..24 {
        world.pass(HOUR);
        reports_the_truth(&world);
    }
    assert!(world.knows_all(), "{:?}", world.kept);
    let lies: u32 = world.bank.report(world.now).radios.iter().map(|radio| radio.lies).sum();
    assert!(lies > 200, "{lies}");
    assert!(
        world.moved.iter().any(|moved| moved.end == MoveEnd::Lied),
        "a switch that is never done is given up"
    );
    let unvisited: Vec<u32> =
        (0..128).filter(|slot| world.longest_away(&iccid(*slot), begun) >= DAY).collect();
    assert_eq!(unvisited, Vec::<u32>::new());
    assert!(
        world.leaving.len() <= 8,
        "cards that were let go and are not on their way: {:?}",
        world.leaving
    );
}

#[test]
fn a_bank_that_puts_other_rows_on_does_not_lose_count() {
    let mut world = World::new(config("swit", 2, 6));
    let mut random = Random::new(11);
    world.deeds =
        Box::new(move || if random.below(3) == 0 { Deed::WrongRow } else { Deed::Switches });
    world.pass(3 * DAY);
    reports_the_truth(&world);
    world.deeds = Box::new(|| Deed::Switches);
    world.pass(DAY);
    assert!(world.knows_all(), "{:?}", world.kept);
}

#[test]
fn a_dead_bank_is_shown_and_tried_ever_more_rarely() {
    let mut world = World::new(config("module", 1, 2));
    world.until(DAY, World::knows_all);
    world.deeds = Box::new(|| Deed::Refuses);
    let before = world.moved.len();
    world.pass(DAY);
    let moves = world.moved.len() - before;
    assert!((10..=40).contains(&moves), "{moves} tries in a day");
    let report = world.bank.report(world.now);
    assert!(report.slots.iter().any(|slot| slot.trouble.is_some()));
    assert!(world.works(0).is_some(), "the card that is there is used");
}

#[test]
fn cards_put_elsewhere_by_hand_and_pulled_out_are_found() {
    let mut world = World::new(config("swit", 2, 6));
    world.until(DAY, World::knows_all);
    world.pass(HOUR);
    world.cards.swap(2, 9);
    world.cards[4] = None;
    world.cards[7] = Some("8931440000000099999".to_owned());
    world.pass(2 * DAY);
    assert!(world.knows_all(), "{:?}", world.kept);
}

#[test]
fn a_card_that_no_network_takes_does_not_hold_its_radio_up() {
    let mut world = World::new(config("swit", 1, 4));
    world.until(DAY, World::knows_all);
    world.banned.insert(iccid(2));
    let begun = world.now;
    world.pass(DAY);
    assert!(world.moved.iter().any(|moved| moved.end == MoveEnd::NoNetwork && moved.slot == 2));
    for slot in [0, 1, 3] {
        assert!(world.longest_away(&iccid(slot), begun) < HOUR, "slot {slot}");
    }
    let trouble = world.bank.report(world.now).slots[2].trouble.clone();
    assert_eq!(trouble.as_deref(), Some("no network takes it"));
}

#[test]
fn killed_at_any_moment_of_a_switch_it_believes_nothing_and_finds_out() {
    for second in 0..90 {
        let mut world = World::new(config("swit", 2, 4));
        world.until(DAY, World::knows_all);
        let moves = world.moved.len();
        world.until(DAY, |world| world.bank.report(world.now).radios[0].doing == "draining");
        world.pass(Duration::from_secs(second));
        world.restart();
        world.pass(HOUR);
        reports_the_truth(&world);
        assert!(world.knows_all() && world.moved.len() > moves + 1, "killed after {second} s");
        assert!(world.leaving.len() <= 2);
    }
}

#[test]
fn a_bank_that_never_switched_anything_is_told_of_and_left_alone_ever_longer() {
    for deed in [Deed::Lies, Deed::Refuses] {
        let mut world = World::new(config("swit", 2, 6));
        world.deeds = Box::new(move || deed);
        world.pass(DAY);
        let report = world.bank.report(world.now);
        let trouble = report.trouble.unwrap_or_default();
        let why =
            if deed == Deed::Lies { "another card is read" } else { "the bank answers ERROR" };
        assert!(
            trouble.contains("in a row came to nothing") && trouble.contains(why),
            "{deed:?}: {trouble}"
        );
        assert!(world.moved.len() < 500, "{} switches", world.moved.len());
        let deaf: Duration = report.radios.iter().map(|radio| radio.deaf).max().unwrap();
        assert!(deaf < 6 * HOUR, "{deaf:?} deaf");
        let back = world.until(HOUR, |world| world.works(0).is_some() && world.works(1).is_some());
        assert!(back < HOUR / 4, "what is there is not used for {back:?}");
    }
}
