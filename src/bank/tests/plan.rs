use std::time::Duration;

use super::super::*;
use super::world::*;
use crate::domain::Moment;

#[test]
fn a_matrix_keeps_a_card_to_its_radio_where_it_can_and_lends_it_for_an_order() {
    let mut world = World::new(config("command-any", 2, 8));
    world.until(Duration::from_secs(24 * 3600), World::knows_all);
    world.pass(Duration::from_secs(24 * 3600));
    let begun = world.now.elapsed();
    world.pass(Duration::from_secs(3 * 24 * 3600));
    let radios = |iccid: &str| {
        let stays = world.stays.iter().filter(|stay| stay.iccid == iccid && stay.from >= begun);
        let mut radios: Vec<usize> = stays.map(|stay| stay.radio).collect();
        radios.sort_unstable();
        radios.dedup();
        radios
    };
    let homes: Vec<Vec<usize>> = (0..8).map(|slot| radios(&iccid(slot))).collect();
    assert!(homes.iter().all(|radios| radios.len() == 1), "{homes:?}");
    // Its own radio is held by an order: the other one takes it.
    let (held, wanted) = (
        world.works(0).unwrap().to_owned(),
        homes.iter().position(|radios| radios == &[0]).unwrap(),
    );
    let wanted = (0..8)
        .map(iccid)
        .filter(|known| *known != held)
        .find(|known| homes[usize::try_from(known[14..].parse::<u32>().unwrap()).unwrap()] == [0])
        .unwrap_or(iccid(u32::try_from(wanted).unwrap()));
    world.held.insert(held.clone());
    world.ordered.insert(wanted.clone(), world.now + Duration::from_secs(3600));
    world.news();
    world.until(Duration::from_secs(3600), |world| world.is_on_air(&wanted));
    assert_eq!(world.works(1), Some(wanted.as_str()));
    assert_eq!(world.works(0), Some(held.as_str()));
}

#[test]
fn in_a_matrix_cards_of_a_radio_that_is_held_go_to_the_other() {
    let mut world = World::new(config("command-any", 2, 8));
    world.until(Duration::from_secs(24 * 3600), World::knows_all);
    world.pass(Duration::from_secs(24 * 3600));
    world.until(Duration::from_secs(3600), |world| {
        world.works(0).is_some() && world.works(1).is_some()
    });
    world.held.insert(world.works(1).unwrap().to_owned());
    world.rented = (0..8).map(iccid).filter(|iccid| !world.is_on_air(iccid)).take(4).collect();
    world.news();
    world.pass(Duration::from_secs(4 * 3600));
    let begun = world.now;
    world.pass(Duration::from_secs(24 * 3600));
    for rented in &world.rented {
        let away = world.longest_away(rented, begun);
        assert!(away < Duration::from_secs(2 * 3600 + 1800), "{rented}: {away:?}");
    }
}

#[test]
fn a_long_stay_is_over_when_the_card_has_left_and_what_nobody_tells_is_found_out() {
    let mut world = World::new(config("swit", 1, 4));
    world.until(Duration::from_secs(24 * 3600), World::knows_all);
    world.until(Duration::from_secs(3600), |world| world.works(0).is_some());
    let card = world.works(0).unwrap().to_owned();
    world.held.insert(card.clone());
    world.rented.insert(card.clone());
    world.news();
    world.pass(Duration::from_secs(6 * 3600));
    assert!(world.is_on_air(&card));
    // Nobody says that nothing holds it any more.
    world.held.clear();
    let left = world.until(Duration::from_secs(3600), |world| !world.is_on_air(&card));
    assert!(left < Duration::from_secs(120), "{left:?}");
    world.pass(Duration::from_secs(300));
    let slot = world
        .bank
        .report(world.now)
        .slots
        .into_iter()
        .find(|slot| slot.holds == SlotContents::Sim(card.clone()));
    let visited = slot.as_ref().and_then(|slot| slot.visited).unwrap();
    assert!(visited < Duration::from_secs(400), "{visited:?}");
    assert_eq!(slot.unwrap().late, None);
}

#[test]
fn an_answer_that_is_lost_stops_no_radio_for_good() {
    let mut world = World::new(config("swit", 1, 4));
    world.until(Duration::from_secs(24 * 3600), World::knows_all);
    world.loses_answers = true;
    world.pass(Duration::from_secs(3600));
    world.loses_answers = false;
    let moves = world.moved.len();
    world.pass(Duration::from_secs(2 * 3600));
    assert!(world.moved.len() > moves + 3);
    assert!(world.leaving.len() <= 1, "{:?}", world.leaving);
}

#[test]
fn news_is_asked_for_one_at_a_time() {
    let mut bank =
        Bank::new(config("swit", 1, 4), Vec::new(), Moment::since_origin(Duration::from_secs(1)));
    let now = Moment::since_origin(Duration::from_secs(2));
    (0..1000).for_each(|_| bank.news(now));
    let asked = |bank: &mut Bank| {
        std::iter::from_fn(|| bank.next_action())
            .filter(|action| matches!(action, BankAction::AskNeeds(_)))
            .count()
    };
    assert_eq!(asked(&mut bank), 1);
    bank.needs(Some(Vec::new()), now);
    assert_eq!(asked(&mut bank), 1, "once more for all the news that came meanwhile");
}

#[test]
fn by_hand_what_is_possible_is_done_and_what_is_not_is_said() {
    let mut world = World::new(config("swit", 2, 4));
    world.until(Duration::from_secs(24 * 3600), World::knows_all);
    let now = world.now;
    let refused =
        |world: &mut World, radio, slot| world.bank.by_hand(radio, slot, now).unwrap_err();
    assert!(refused(&mut world, 0, 99).contains("slots 0 to 7"));
    assert!(refused(&mut world, 0, 5).contains("reach"));
    let there = world.on[0];
    assert!(refused(&mut world, 0, there).contains("already"));
    let slot = (0..4).find(|slot| *slot != there).unwrap();
    world.bank.by_hand(0, slot, now).unwrap();
    world.news();
    world.until(Duration::from_secs(600), |world| world.is_on_air(&iccid(slot)));
    assert_eq!(
        world.moved.last().map(|moved| (moved.radio, moved.slot, moved.end)),
        Some((0, slot, MoveEnd::Done))
    );
}

#[test]
fn wishes_that_cannot_be_told_move_nothing() {
    let mut bank =
        Bank::new(config("swit", 1, 4), Vec::new(), Moment::since_origin(Duration::from_secs(1)));
    let mut now = Moment::since_origin(Duration::from_secs(2));
    bank.radio(0, Seen { works: true, iccid: Some(iccid(0)), ..Seen::default() }, now);
    let mut asked = 0;
    for _ in 0..3600 {
        now = now + Duration::from_secs(1);
        bank.tick(now);
        while let Some(action) = bank.next_action() {
            match action {
                BankAction::AskNeeds(_) => {
                    asked += 1;
                    bank.needs(None, now);
                }
                BankAction::Report | BankAction::Stays { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }
    assert!((100..1000).contains(&asked), "{asked} questions in an hour");
}

#[test]
fn the_control_line_waits_between_commands_tries_again_and_takes_silence_as_its_profile_says() {
    let profile = |silence: &str| {
        let text = include_str!("../../../hardware/banks/swit.toml")
            .replace("silence = \"taken\"", silence);
        BankProfile::parse(&text).unwrap()
    };
    let at = |ms| Moment::since_origin(Duration::from_millis(ms));
    let write = |line: &str| Some(ControlAction::Write(format!("{line}\r").into_bytes()));
    let mut line = Control::new(profile("silence = \"failed\""), at(0));
    assert_eq!(line.next_action(), write("AT+CWSIM"));
    line.receive(b"AT+CWSIM\r\r\nCWSIM OK\r\n", at(50));
    line.switch(0, 11, at(60));
    line.switch(3, 0, at(61));
    assert_eq!(line.next_action(), None, "a pause between commands");
    line.tick(at(2050));
    assert_eq!(line.next_action(), write("AT+SWIT01-0012"));
    line.receive(b"\xff\xfeERROR\r\n", at(2100));
    line.receive(b"ERROR\r\n", at(2101));
    line.tick(at(4101));
    assert_eq!(line.next_action(), write("AT+SWIT01-0012"), "again");
    line.receive(b"SWITCH OK\r\n", at(4200));
    assert_eq!(line.next_action(), Some(ControlAction::Switched(0, Ok(()))));
    for try_ in 0..3_u64 {
        line.tick(at(6200 + try_ * 5000));
        assert_eq!(line.next_action(), write("AT+SWIT04-0001"));
        line.tick(at(9200 + try_ * 5000));
    }
    assert_eq!(
        line.next_action(),
        Some(ControlAction::Switched(3, Err("the bank does not answer".to_owned())))
    );
    assert_eq!(line.next_deadline(), None);
    let mut line = Control::new(profile("silence = \"taken\""), at(0));
    line.switch(0, 0, at(0));
    line.tick(at(3000));
    line.tick(at(5000));
    line.tick(at(8000));
    let actions: Vec<_> = std::iter::from_fn(|| line.next_action()).collect();
    assert_eq!(actions.last(), Some(&ControlAction::Switched(0, Ok(()))));
}
