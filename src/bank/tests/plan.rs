//! What the plan chooses, and how the state machine deals with answers that are late or lost.

use std::time::Duration;

use super::super::*;
use super::world::*;
use crate::domain::bank::SwitchOutcome;
use crate::domain::{Iccid, Moment, Timestamp};

#[test]
fn a_matrix_keeps_a_sim_on_its_radio_where_it_can_and_moves_it_for_an_order() {
    let mut world = World::new(config("command-any", 2, 8));
    world.run_until(Duration::from_secs(24 * 3600), World::knows_all);
    world.pass(Duration::from_secs(24 * 3600));
    let begun = world.now.elapsed();
    world.pass(Duration::from_secs(3 * 24 * 3600));
    let radios = |iccid: &Iccid| {
        let visits =
            world.visits.iter().filter(|visit| visit.iccid == *iccid && visit.from >= begun);
        let mut radios: Vec<usize> = visits.map(|visit| visit.radio).collect();
        radios.sort_unstable();
        radios.dedup();
        radios
    };
    let homes: Vec<Vec<usize>> = (0..8).map(|slot| radios(&iccid(slot))).collect();
    assert!(homes.iter().all(|radios| radios.len() == 1), "{homes:?}");
    // Its own radio is held by an order: the other one takes it.
    let (held, wanted) = (
        world.sim_on_air(0).unwrap().clone(),
        homes.iter().position(|radios| radios == &[0]).unwrap(),
    );
    let wanted = (0..8)
        .map(iccid)
        .filter(|known| *known != held)
        .find(|known| {
            homes[usize::try_from(known.as_str()[14..].parse::<u32>().unwrap()).unwrap()] == [0]
        })
        .unwrap_or(iccid(u32::try_from(wanted).unwrap()));
    world.held.insert(held.clone());
    world.ordered.insert(wanted.clone(), world.now + Duration::from_secs(3600));
    world.demands_changed();
    world.run_until(Duration::from_secs(3600), |world| world.is_on_air(&wanted));
    assert_eq!(world.sim_on_air(1), Some(&wanted));
    assert_eq!(world.sim_on_air(0), Some(&held));
}

#[test]
fn in_a_matrix_the_sims_of_a_held_radio_go_to_the_other() {
    let mut world = World::new(config("command-any", 2, 8));
    world.run_until(Duration::from_secs(24 * 3600), World::knows_all);
    world.pass(Duration::from_secs(24 * 3600));
    world.run_until(Duration::from_secs(3600), |world| {
        world.sim_on_air(0).is_some() && world.sim_on_air(1).is_some()
    });
    world.held.insert(world.sim_on_air(1).unwrap().clone());
    world.rented = (0..8).map(iccid).filter(|iccid| !world.is_on_air(iccid)).take(4).collect();
    world.demands_changed();
    world.pass(Duration::from_secs(4 * 3600));
    let begun = world.now;
    world.pass(Duration::from_secs(24 * 3600));
    for rented in &world.rented {
        let away = world.longest_absence(rented, begun);
        assert!(away < Duration::from_secs(2 * 3600 + 1800), "{rented}: {away:?}");
    }
}

#[test]
fn a_sim_that_nothing_holds_any_more_leaves_even_if_no_event_says_so() {
    let mut world = World::new(config("swit", 1, 4));
    world.run_until(Duration::from_secs(24 * 3600), World::knows_all);
    world.run_until(Duration::from_secs(3600), |world| world.sim_on_air(0).is_some());
    let sim = world.sim_on_air(0).unwrap().clone();
    world.held.insert(sim.clone());
    world.rented.insert(sim.clone());
    world.demands_changed();
    world.pass(Duration::from_secs(6 * 3600));
    assert!(world.is_on_air(&sim));
    // No event says that nothing holds it any more.
    world.held.clear();
    let left = world.run_until(Duration::from_secs(3600), |world| !world.is_on_air(&sim));
    assert!(left < Duration::from_secs(120), "{left:?}");
    world.pass(Duration::from_secs(300));
    let slot = world.report().slots.into_iter().find(|slot| slot.contents.iccid() == Some(&sim));
    let slot = slot.unwrap();
    let since_visit = world.report().at.since(slot.visited_at.unwrap());
    assert!(since_visit < Duration::from_secs(400), "{since_visit:?}");
    assert_eq!(slot.late_since, None::<Timestamp>);
}

#[test]
fn a_lost_answer_does_not_block_a_radio_for_ever() {
    let mut world = World::new(config("swit", 1, 4));
    world.run_until(Duration::from_secs(24 * 3600), World::knows_all);
    world.loses_answers = true;
    world.pass(Duration::from_secs(3600));
    world.loses_answers = false;
    let before = world.switches.len();
    world.pass(Duration::from_secs(2 * 3600));
    assert!(world.switches.len() > before + 3);
    assert!(world.released.len() <= 1, "{:?}", world.released);
}

#[test]
fn demands_are_fetched_by_one_request_at_a_time() {
    let mut bank =
        Bank::new(config("swit", 1, 4), Vec::new(), Moment::since_origin(Duration::from_secs(1)));
    let now = Moment::since_origin(Duration::from_secs(2));
    (0..1000).for_each(|_| bank.on_demands_changed(now));
    let requests = |bank: &mut Bank| {
        std::iter::from_fn(|| bank.next_action())
            .filter(|action| matches!(action, BankAction::FetchDemands(_)))
            .count()
    };
    assert_eq!(requests(&mut bank), 1);
    bank.on_demands(Some(Vec::new()), now);
    assert_eq!(requests(&mut bank), 1, "one more for all changes in the meantime");
}

#[test]
fn a_switch_by_hand_is_made_or_refused_with_the_reason() {
    let mut world = World::new(config("swit", 2, 4));
    world.run_until(Duration::from_secs(24 * 3600), World::knows_all);
    let now = world.now;
    let refused =
        |world: &mut World, radio, slot| world.bank.switch_by_hand(radio, slot, now).unwrap_err();
    assert!(refused(&mut world, 0, 99).contains("slots 0 to 7"));
    assert!(refused(&mut world, 0, 5).contains("reach"));
    let there = world.slot_on[0];
    assert!(refused(&mut world, 0, there).contains("already"));
    let slot = (0..4).find(|slot| *slot != there).unwrap();
    world.bank.switch_by_hand(0, slot, now).unwrap();
    world.demands_changed();
    world.run_until(Duration::from_secs(600), |world| world.is_on_air(&iccid(slot)));
    assert_eq!(
        world.switches.last().map(|switch| (switch.port.as_str(), switch.slot, switch.outcome)),
        Some(("/dev/radio0", slot, SwitchOutcome::Done))
    );
}

#[test]
fn without_demands_nothing_is_switched() {
    let mut bank =
        Bank::new(config("swit", 1, 4), Vec::new(), Moment::since_origin(Duration::from_secs(1)));
    let mut now = Moment::since_origin(Duration::from_secs(2));
    let ready = SessionStatus { ready: true, iccid: Some(iccid(0)), ..SessionStatus::default() };
    bank.on_session_status(0, ready, now);
    let mut requests = 0;
    for _ in 0..3600 {
        now = now + Duration::from_secs(1);
        bank.tick(now);
        while let Some(action) = bank.next_action() {
            match action {
                BankAction::FetchDemands(_) => {
                    requests += 1;
                    bank.on_demands(None, now);
                }
                BankAction::Report | BankAction::Reclaim { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }
    assert!((100..1000).contains(&requests), "{requests} requests in an hour");
}

#[test]
fn the_control_line_pauses_between_commands_tries_again_and_reads_silence_as_its_profile_says() {
    let profile = |silence: &str| {
        let text = include_str!("../../../hardware/banks/swit.toml")
            .replace("silence = \"taken\"", silence);
        BankProfile::parse(&text).unwrap()
    };
    let at = |ms| Moment::since_origin(Duration::from_millis(ms));
    let write = |line: &str| Some(ControlAction::Write(format!("{line}\r").into_bytes()));
    let mut line = Control::new(profile("silence = \"failed\""), at(0));
    assert_eq!(line.next_action(), write("AT+CWSIM"));
    line.push_bytes(b"AT+CWSIM\r\r\nCWSIM OK\r\n", at(50));
    line.switch(0, 11, at(60));
    line.switch(3, 0, at(61));
    assert_eq!(line.next_action(), None, "a pause between commands");
    line.tick(at(2050));
    assert_eq!(line.next_action(), write("AT+SWIT01-0012"));
    line.push_bytes(b"\xff\xfeERROR\r\n", at(2100));
    line.push_bytes(b"ERROR\r\n", at(2101));
    line.tick(at(4101));
    assert_eq!(line.next_action(), write("AT+SWIT01-0012"), "again");
    line.push_bytes(b"SWITCH OK\r\n", at(4200));
    assert_eq!(line.next_action(), Some(ControlAction::Switched(0, Ok(()))));
    for attempt in 0..3_u64 {
        line.tick(at(6200 + attempt * 5000));
        assert_eq!(line.next_action(), write("AT+SWIT04-0001"));
        line.tick(at(9200 + attempt * 5000));
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
