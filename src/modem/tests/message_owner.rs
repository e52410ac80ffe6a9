//! After a change of cards nothing tells whose messages are in the modem's own store, until it has
//! been found empty ([invariant 12](crate#what-always-holds)).

use std::time::Duration;

use super::super::*;
use super::bench::*;

fn changed() -> Bench {
    let mut bench = Bench::new();
    bench.owner = Ok(MessageOwner::Unknown);
    bench
}

fn listed(slots: &[i32]) -> String {
    slots.iter().map(|slot| format!("+CMGL: {slot},1,,{PDU_LENGTH}|{PDU}|")).collect::<String>()
        + "OK"
}

/// Where each message that was handed to the host lay, and whether it is doubtful whose it is.
fn doubts(bench: &Bench) -> Vec<(String, i32, bool)> {
    let doubt = |(_, received): &(Token, Received)| {
        let slot = received.slot.unwrap();
        assert_eq!(received.iccid.as_str(), ICCID);
        (slot.store.to_string(), slot.index, received.doubtful)
    };
    bench.handed_on.iter().map(doubt).collect()
}

#[test]
fn after_a_change_of_cards_what_is_in_me_is_doubtful_and_what_is_in_sm_is_this_cards() {
    let mut bench = changed();
    bench.on("AT+CMGL=4", &listed(&[1]));
    bench.auto(Duration::from_secs(1));
    let mut found = doubts(&bench);
    found.sort();
    assert_eq!(found, [("ME".to_owned(), 1, true), ("SM".to_owned(), 1, false)]);
    assert!(bench.emptied.is_empty());
}

#[test]
fn a_message_announced_in_me_since_the_iccid_was_read_belongs_to_this_card() {
    let mut bench = changed();
    bench.on("AT+CIMI", "+CMTI: \"ME\",2|204041234567890|OK").on("AT+CMGL=4", &listed(&[1, 2]));
    bench.auto(Duration::from_secs(1));
    let found = doubts(&bench);
    assert!(found.contains(&("ME".to_owned(), 1, true)));
    assert!(found.contains(&("ME".to_owned(), 2, false)));
}

#[test]
fn a_message_announced_before_the_iccid_was_read_does_not() {
    let mut bench = changed();
    bench.on("AT+CPIN?", "+CMTI: \"ME\",2|+CPIN: READY|OK").on("AT+CMGL=4", &listed(&[2]));
    bench.auto(Duration::from_secs(1));
    assert!(doubts(&bench).contains(&("ME".to_owned(), 2, true)));
}

#[test]
fn once_me_was_found_empty_the_host_is_notified_and_me_belongs_to_this_card() {
    let mut bench = changed();
    bench.auto(Duration::from_secs(1));
    assert_eq!(bench.emptied.len(), 1);
    let token = bench.emptied[0];
    bench.session.on_emptied(token, true, bench.now);
    bench.on("AT+CMGL=4", &listed(&[1]));
    bench.auto(Duration::from_secs(61));
    assert!(!bench.handed_on.is_empty() && doubts(&bench).iter().all(|(_, _, doubt)| !doubt));
    assert_eq!(bench.emptied.len(), 1);
}

#[test]
fn a_store_that_was_empty_when_the_card_was_read_has_nothing_of_the_card_before() {
    let asked = "+CPMS: \"ME\",0,99,\"ME\",0,99,\"ME\",0,99|OK";
    for (reply, doubt) in [
        (asked, false),
        (&asked.replace("ME\",0,99", "ME\",1,99"), true),
        (&asked.replace("ME\",0,99", "ME\",0,0"), true),
        ("ERROR", true),
    ] {
        let mut bench = changed();
        bench.on("AT+CPMS?", reply).on("AT+CMGL=4", &listed(&[1]));
        bench.auto(Duration::from_secs(1));
        let found = doubts(&bench);
        assert!(found.contains(&("ME".to_owned(), 1, doubt)), "{reply}: {found:?}");
        assert_eq!(bench.emptied.len(), usize::from(!doubt), "{reply}");
    }
}

#[test]
fn a_host_that_could_not_record_that_is_notified_again() {
    let mut bench = changed();
    bench.auto(Duration::from_secs(1));
    let token = bench.emptied[0];
    bench.session.on_emptied(token, false, bench.now);
    bench.auto(Duration::from_secs(61));
    assert_eq!(bench.emptied.len(), 2);
}

#[test]
fn a_host_that_cannot_record_the_card_is_asked_again_and_nothing_is_read_before() {
    let mut bench = Bench::new();
    bench.owner = Err(NotRecorded::HostFailed);
    bench.on("AT+CMGL=4", &listed(&[1]));
    bench.auto(Duration::from_secs(30));
    assert!((5..8).contains(&bench.identified.len()));
    assert_eq!(bench.session.state(), ModemState::Identifying);
    assert!(bench.handed_on.is_empty());
    bench.owner = Ok(MessageOwner::default());
    bench.auto(Duration::from_secs(6));
    assert_eq!(bench.session.state(), ModemState::Ready);
}

#[test]
fn a_modem_without_a_store_of_its_own_is_empty_at_once() {
    let mut bench = changed();
    bench.on("AT+CPMS=?", "+CPMS: (\"SM\"),(\"SM\"),(\"SM\")|OK");
    bench.auto(Duration::from_secs(1));
    assert_eq!(bench.emptied.len(), 1);
}
