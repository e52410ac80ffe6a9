//! Messages in the modem's own store belong to the previous card until that store has been found
//! empty ([invariant 12](crate#what-always-holds)).

use std::time::Duration;

use super::super::*;
use super::bench::*;

fn changed() -> Bench {
    let mut bench = Bench::new();
    bench.owner = Ok(MessageOwner::Previous(Iccid::from_stored(OTHER)));
    bench
}

fn listed(slots: &[i32]) -> String {
    slots.iter().map(|slot| format!("+CMGL: {slot},1,,{PDU_LENGTH}|{PDU}|")).collect::<String>()
        + "OK"
}

fn owners(bench: &Bench) -> Vec<(String, i32, String)> {
    let owner = |(_, received): &(Token, Received)| {
        let slot = received.slot.unwrap();
        (slot.store.to_string(), slot.index, received.iccid.to_string())
    };
    bench.handed_on.iter().map(owner).collect()
}

#[test]
fn messages_in_me_belong_to_the_previous_card_and_those_in_sm_to_this_one() {
    let mut bench = changed();
    bench.on("AT+CMGL=4", &listed(&[1]));
    bench.auto(Duration::from_secs(1));
    let mut found = owners(&bench);
    found.sort();
    assert_eq!(
        found,
        [("ME".to_owned(), 1, OTHER.to_owned()), ("SM".to_owned(), 1, ICCID.to_owned())]
    );
    assert!(bench.emptied.is_empty());
}

#[test]
fn a_message_announced_in_me_since_the_iccid_was_read_belongs_to_this_card() {
    let mut bench = changed();
    bench.on("AT+CIMI", "+CMTI: \"ME\",2|204041234567890|OK").on("AT+CMGL=4", &listed(&[1, 2]));
    bench.auto(Duration::from_secs(1));
    let found = owners(&bench);
    assert!(found.contains(&("ME".to_owned(), 1, OTHER.to_owned())));
    assert!(found.contains(&("ME".to_owned(), 2, ICCID.to_owned())));
}

#[test]
fn a_message_announced_before_the_iccid_was_read_does_not() {
    let mut bench = changed();
    bench.on("AT+CPIN?", "+CMTI: \"ME\",2|+CPIN: READY|OK").on("AT+CMGL=4", &listed(&[2]));
    bench.auto(Duration::from_secs(1));
    assert!(owners(&bench).contains(&("ME".to_owned(), 2, OTHER.to_owned())));
}

#[test]
fn once_me_was_found_empty_the_host_is_notified_and_me_belongs_to_this_card() {
    let mut bench = changed();
    bench.auto(Duration::from_secs(1));
    assert_eq!(bench.emptied.len(), 1);
    let token = bench.emptied[0];
    bench.session.emptied(token, true, bench.now);
    bench.on("AT+CMGL=4", &listed(&[1]));
    bench.auto(Duration::from_secs(61));
    assert!(
        !bench.handed_on.is_empty() && owners(&bench).iter().all(|(_, _, iccid)| iccid == ICCID)
    );
    assert_eq!(bench.emptied.len(), 1);
}

#[test]
fn a_store_that_was_empty_when_the_card_was_read_has_nothing_of_the_card_before() {
    let asked = "+CPMS: \"ME\",0,99,\"ME\",0,99,\"ME\",0,99|OK";
    for (reply, owner) in [
        (asked, ICCID),
        (&asked.replace("ME\",0,99", "ME\",1,99"), OTHER),
        (&asked.replace("ME\",0,99", "ME\",0,0"), OTHER),
        ("ERROR", OTHER),
    ] {
        let mut bench = changed();
        bench.on("AT+CPMS?", reply).on("AT+CMGL=4", &listed(&[1]));
        bench.auto(Duration::from_secs(1));
        let found = owners(&bench);
        assert!(found.contains(&("ME".to_owned(), 1, owner.to_owned())), "{reply}: {found:?}");
        assert_eq!(bench.emptied.len(), usize::from(owner == ICCID), "{reply}");
    }
}

#[test]
fn a_host_that_could_not_record_that_is_notified_again() {
    let mut bench = changed();
    bench.auto(Duration::from_secs(1));
    let token = bench.emptied[0];
    bench.session.emptied(token, false, bench.now);
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
