//! Message stores that do not do as they should: commands that are refused, counts and lists that
//! do not agree, stores without room.

use std::time::Duration;

use super::bench::*;

/// Another SMS-DELIVER of the same length.
const OTHER_PDU: &str =
    "07911326040000F0040B911346610089F60000208062917314080CC8F71D14969741F977FD08";

fn entry(index: i32, pdu: &str) -> String {
    format!("+CMGL: {index},1,,{PDU_LENGTH}|{pdu}|")
}

/// A ready modem with nothing due for a minute and these stores.
fn idle_with(stores: &str) -> Bench {
    let mut bench = Bench::new();
    bench.on("AT+CPMS=?", &format!("+CPMS: ({stores}),({stores}),({stores})|OK"));
    bench.auto(Duration::from_millis(10));
    assert_eq!(bench.session.state(), ModemState::Ready, "{:?}", bench.log);
    bench.receive_one();
    bench
}

fn warnings(bench: &Bench) -> Vec<String> {
    bench.snapshot().warnings.iter().map(ToString::to_string).collect()
}

/// The same with the card's store alone.
fn idle() -> Bench {
    idle_with("\"SM\"")
}

#[test]
fn a_refused_deletion_is_repeated_only_after_what_is_in_the_slot_is_on_disk() {
    let message = Bench::message(PDU_LENGTH);
    let another = format!("+CMGR: 0,,{PDU_LENGTH}|{OTHER_PDU}|OK");
    for (why, found) in [("the same message", &message), ("another message", &another)] {
        let mut bench = idle();
        bench.play(&format!(
            "< +CMTI: \"SM\",3
             > AT+CMGR=3
             < {message}
             store SM 3
             commit
             > AT+CMGD=3
             < ERROR
             quiet
             wait 1s
             > AT+CMGR=3
             < {found}
             store SM 3
             quiet
             commit
             > AT+CMGD=3
             < OK
             quiet"
        ));
        assert_eq!(bench.count("AT+CMGD=3"), 2, "{why}");
    }
    // The deletion had its effect although the modem said that it had not.
    idle().play(&format!(
        "< +CMTI: \"SM\",3
         > AT+CMGR=3
         < {message}
         store SM 3
         commit
         > AT+CMGD=3
         < ERROR
         wait 1s
         > AT+CMGR=3
         < +CMS ERROR: 321
         wait 5s"
    ));
}

#[test]
fn a_refused_reading_is_repeated_soon_and_the_message_still_counts_as_live() {
    for refusal in ["ERROR", "+CMS ERROR: 500", "+CMS ERROR: 302", "+CME ERROR: 100"] {
        let mut bench = idle();
        bench.play(&format!(
            "< +CMTI: \"SM\",3
             > AT+CMGR=3
             < {refusal}
             wait 0.3s
             > AT+CCID
             < +CCID: {ICCID}|OK
             quiet
             wait 1s
             > AT+CMGR=3
             < {}
             store SM 3",
            Bench::message(PDU_LENGTH)
        ));
    }
}

#[test]
fn a_refused_choice_of_a_store_loses_neither_what_is_to_be_read_nor_to_be_deleted() {
    let mut bench = idle_with("\"SM\",\"ME\"");
    let message = Bench::message(PDU_LENGTH);
    bench.play(&format!(
        "< +CMTI: \"ME\",2
         > AT+CPMS=\"ME\",\"ME\",\"SM\"
         < ERROR
         quiet
         wait 1s
         > AT+CPMS=\"ME\",\"ME\",\"SM\"
         < +CPMS: 1,99,1,99,0,20|OK
         > AT+CMGR=2
         < {message}
         store ME 2
         < +CMTI: \"SM\",5
         > AT+CPMS=\"SM\",\"SM\",\"SM\"
         commit
         < +CMS ERROR: 500
         wait 1s
         > AT+CPMS=\"ME\",\"ME\",\"SM\"
         < ERROR
         wait 2s
         > AT+CPMS=\"ME\",\"ME\",\"SM\"
         < +CPMS: 1,99,1,99,0,20|OK
         > AT+CMGD=2
         < OK
         > AT+CPMS=\"SM\",\"SM\",\"SM\""
    ));
}

#[test]
fn a_store_that_cannot_be_chosen_for_a_while_is_read_again_when_it_can() {
    let mut bench = idle_with("\"SM\",\"ME\"");
    bench.on("AT+CPMS=\"ME\",\"ME\",\"SM\"", "ERROR");
    bench.auto(Duration::from_secs(70));
    let reason = bench.snapshot().reason.clone();
    assert_eq!(reason, Some(ModemReason::StoreUnavailable(MessageStore::Modem)));
    bench.on("AT+CPMS=\"ME\",\"ME\",\"SM\"", "+CPMS: 0,99,0,99,0,20|OK");
    bench.auto(Duration::from_secs(125));
    assert_eq!(bench.snapshot().reason, None);
    assert_eq!(bench.session.state(), ModemState::Ready);
}

#[test]
fn a_refused_list_is_asked_for_again_and_the_modem_not_taken_to_have_none() {
    let mut bench = idle();
    bench.play(&format!(
        "< +CMTI: \"SM\",-1
         wait 1s
         > AT+CMGL=4
         < ERROR
         quiet
         wait 1s
         > AT+CMGL=4
         < {}OK
         store SM 7",
        entry(7, PDU)
    ));
    let mut bench = Bench::new();
    bench.on("AT+CMGL=4", "ERROR").on("AT+CMGD=?", "+CMGD: (1),(0-4)");
    bench.auto(Duration::from_secs(70));
    assert!(bench.count("AT+CMGR=1") >= 1, "{:?}", bench.log);
    bench.on("AT+CMGL=4", &format!("{}OK", entry(9, PDU)));
    bench.auto(Duration::from_secs(70));
    assert!(bench.count("AT+CMGD=9") >= 1, "a list that works again is used again");
}

#[test]
fn a_message_that_can_be_neither_read_nor_deleted_is_told_and_tried_ever_more_rarely() {
    let table = [
        (
            "+CMGR=3",
            "+CMS ERROR: 500",
            "the message in SM 3 stays in the modem: reading it is refused (+CMS ERROR: 500)",
        ),
        (
            "+CMGD=3",
            "ERROR",
            "the message in SM 3 stays in the modem: it is stored, but deleting it is refused \
             (ERROR)",
        ),
    ];
    for (command, refusal, told) in table {
        let mut bench = idle();
        bench.on("AT+CMGR=3", &Bench::message(PDU_LENGTH));
        bench.on(&format!("AT{command}"), refusal);
        bench.lines("+CMTI: \"SM\",3");
        bench.auto(Duration::from_secs(20));
        assert_eq!(warnings(&bench), [told]);
        bench.auto(Duration::from_secs(580));
        let tries = bench.count(&format!("AT{command}"));
        assert!((6..=20).contains(&tries), "{command}: {tries}");
        bench.on("AT+CMGL=4", "OK").on("AT+CMGR=3", "+CMS ERROR: 321");
        bench.auto(Duration::from_secs(300));
        assert_eq!(warnings(&bench), [""; 0], "{command}: the slot is empty now");
    }
}

#[test]
fn a_store_without_room_is_not_where_messages_arrive() {
    let (none, some) = ("+CPMS: 0,0,0,0,0,0|OK", "+CPMS: 0,99,0,99,0,99|OK");
    let (sim, own) = ("AT+CPMS=\"SM\",\"SM\",\"SM\"", "AT+CPMS=\"ME\",\"ME\",\"ME\"");
    let mut bench = Bench::new();
    bench.on(sim, none).on(own, some).on("AT+CPMS=\"SM\",\"SM\",\"ME\"", "+CPMS: 0,0,0,0,0,99|OK");
    bench.auto(Duration::from_secs(10));
    assert_eq!(bench.session.state(), ModemState::Ready);
    assert!(bench.count(own) >= 1, "{:?}", bench.log);
    assert_eq!(warnings(&bench), [""; 0]);

    let mut bench = Bench::new();
    bench.on(sim, none).on(own, none).on("AT+CPMS=\"ME\",\"ME\",\"SM\"", none);
    bench.auto(Duration::from_secs(10));
    assert_eq!(bench.session.state(), ModemState::Ready);
    assert_eq!(warnings(&bench), ["no message store has room for any message"]);
    bench.on(sim, "+CPMS: 0,20,0,20,0,20|OK");
    bench.on("AT+CPMS=\"ME\",\"ME\",\"SM\"", "+CPMS: 0,0,0,0,0,20|OK");
    bench.auto(Duration::from_secs(70));
    assert_eq!(warnings(&bench), [""; 0], "the card has room after all");

    let mut bench = Bench::new();
    bench.on(sim, none);
    bench.auto(Duration::from_secs(1));
    bench.on(sim, "+CPMS: 0,20,0,20,0,20|OK");
    bench.auto(Duration::from_secs(9));
    assert_eq!(bench.count(own), 0, "the card was still being read");
    assert_eq!(bench.session.state(), ModemState::Ready);
}

#[test]
fn with_odd_lists_of_stores_modems_are_ready_and_their_messages_read() {
    let table = [
        ("no parentheses", "\"SM\",\"SM\",\"SM\"", "AT+CPMS=\"SM\",\"SM\",\"SM\"", "SM"),
        ("nothing at all", "", "AT+CPMS=\"SM\",\"SM\",\"SM\"", "SM"),
        (
            "a quote is missing",
            "(ME\", \"SR\"), (\"ME\", \"SR\"), (\"ME\")",
            "AT+CPMS=\"ME\",\"ME\",\"ME\"",
            "ME",
        ),
        (
            "spaces and unknown stores",
            "(\"SM\", \"ME\", \"SM_P\"), (\"SM\", \"SM_P\"), (\"SM\", \"MT\")",
            "AT+CPMS=\"SM\",\"SM\",\"SM\"",
            "SM",
        ),
        ("lists in a list", "((\"SM\"),(\"SM\"),(\"SM\"))", "AT+CPMS=\"SM\",\"SM\",\"SM\"", "SM"),
        ("one list for one parameter", "(\"ME\")", "AT+CPMS=\"ME\"", "ME"),
        ("a list that says too few", "(\"SM\")", "AT+CPMS=\"SM\",\"SM\",\"SM\"", "SM"),
    ];
    for (why, list, choice, store) in table {
        let mut bench = Bench::new();
        for command in ["AT+CPMS=\"SM\",\"SM\",\"SM\"", "AT+CPMS=\"ME\",\"ME\",\"SM\""] {
            bench.on(command, "ERROR");
        }
        bench.on("AT+CPMS=?", &format!("+CPMS: {list}|OK"));
        bench.on(choice, "+CPMS: 1,20,1,20,1,20|OK");
        bench.on("AT+CMGL=4", &format!("{}OK", entry(2, PDU)));
        bench.auto(Duration::from_secs(20));
        assert_eq!(bench.session.state(), ModemState::Ready, "{why}: {:?}", bench.log);
        let (_, received) = bench.handed_on.pop_front().unwrap_or_else(|| panic!("{why}"));
        let slot = received.slot.unwrap();
        assert_eq!((slot.store.as_str(), slot.index), (store, 2), "{why}");
    }
}

#[test]
fn what_the_modem_counts_and_does_not_list_is_read_by_its_index() {
    let mut bench = Bench::new();
    bench
        .on("AT+CPMS=\"SM\",\"SM\",\"SM\"", "+CPMS: 2,300,2,300,2,300|OK")
        .on("AT+CMGD=?", "+CMGD: (1-300),(0-4)|OK")
        .on("AT+CMGR=2", &Bench::message(PDU_LENGTH))
        .on("AT+CMGR=290", &format!("+CMGR: 0,,{PDU_LENGTH}|{OTHER_PDU}|OK"));
    for index in (1..=300).filter(|index| ![2, 290].contains(index)) {
        bench.on(&format!("AT+CMGR={index}"), "+CMS ERROR: 321");
    }
    bench.auto(Duration::from_secs(2));
    assert!(bench.count("AT+CMGD=2") == 1 && bench.count("AT+CMGD=290") == 1, "{:?}", bench.log);
    assert_eq!(bench.count("AT+CMGR=291"), 0, "as many as are counted have been found");
    // It counts what is no message at all; that is looked for once.
    bench.on("AT+CMGR=2", "+CMS ERROR: 321").on("AT+CMGR=290", "+CMS ERROR: 321");
    bench.auto(Duration::from_secs(70));
    let walks = bench.count("AT+CMGD=?");
    bench.auto(Duration::from_secs(300));
    assert_eq!(bench.count("AT+CMGD=?"), walks);
    assert_eq!(bench.session.state(), ModemState::Ready);
}

#[test]
fn a_walk_over_hundreds_of_empty_places_makes_pauses_but_not_for_a_card_that_is_to_leave() {
    let mut bench = Bench::new();
    bench
        .on("AT+CPMS=\"SM\",\"SM\",\"SM\"", "+CPMS: 0,500,0,500,0,500|OK")
        .on("AT+CMGL=4", "ERROR")
        .on("AT+CMGD=?", "ERROR");
    for index in 0..=500 {
        bench.on(&format!("AT+CMGR={index}"), "+CMS ERROR: 321");
    }
    bench.auto(Duration::from_secs(30));
    let mut minutes = Vec::new();
    for _ in 0..10 {
        bench.log.clear();
        bench.auto(Duration::from_secs(60));
        minutes.push(bench.log.len());
    }
    assert!(minutes.iter().all(|sent| (150..300).contains(sent)), "{minutes:?}");
    bench.log.clear();
    bench.session.request(
        7,
        ModemRequest::Leave { iccid: Some(ICCID.parse().unwrap()) },
        bench.now,
    );
    bench.act();
    bench.auto(Duration::from_secs(59));
    assert_eq!(bench.session.state(), ModemState::Switching, "{:?}", bench.log.len());
}

#[test]
fn an_index_that_a_list_names_twice_is_read_before_anything_is_deleted_from_it() {
    let mut bench = idle();
    bench.play(&format!(
        "< +CMTI: \"SM\",-1
         wait 1s
         > AT+CMGL=4
         < {}{}OK
         store SM 3
         store SM 3
         commit
         commit
         > AT+CMGR=3
         < +CMGR: 1,,{PDU_LENGTH}|{OTHER_PDU}|OK
         store SM 3
         quiet
         commit
         > AT+CMGD=3",
        entry(3, PDU),
        entry(3, OTHER_PDU)
    ));
    let mut bench = idle();
    bench.play(&format!(
        "< +CMTI: \"SM\",-1
         wait 1s
         > AT+CMGL=4
         < {}{}OK
         store SM 3
         quiet
         commit
         > AT+CMGD=3
         < OK",
        entry(3, PDU),
        entry(3, PDU)
    ));
}

#[test]
fn the_first_index_and_those_beyond_255_are_read_and_deleted_by_themselves() {
    for index in [0, 161, 255, 256, 1000] {
        let mut bench = idle();
        bench.on("AT+CMGL=4", &format!("{}OK", entry(index, PDU)));
        bench.play("< +CMTI: \"SM\",-1\n auto 2s");
        assert!(bench.count(&format!("AT+CMGD={index}")) >= 1, "{index}");
        let others = bench.log.iter().filter(|sent| sent.starts_with("AT+CMGD="));
        assert!(others.clone().all(|sent| *sent == format!("AT+CMGD={index}")), "{:?}", bench.log);
    }
}

#[test]
fn announcements_of_stores_that_are_not_read_delete_nothing() {
    for announcement in
        ["+CDSI: \"SR\",8", "+CMTI: \"SR\",3", "+CMTI: \"XY\",3", "+CMTI: \"BM\",1", "+CMTI: ,3"]
    {
        let mut bench = idle();
        bench.on("AT+CMGR=0", &Bench::message(PDU_LENGTH));
        bench.on("AT+CMGR=3", &Bench::message(PDU_LENGTH));
        bench.lines(announcement);
        bench.auto(Duration::from_secs(5));
        let touched = |sent: &&String| sent.starts_with("AT+CMGR") || sent.starts_with("AT+CMGD=");
        let found: Vec<&String> = bench.log.iter().filter(touched).collect();
        assert!(found.is_empty(), "{announcement}: {found:?}");
        assert_eq!(bench.session.state(), ModemState::Ready);
    }
}

#[test]
fn headers_without_a_status_are_those_of_messages() {
    let mut bench = idle();
    bench.on("AT+CMGL=4", &format!("+CMGL: 4,,,{PDU_LENGTH}|{PDU}|OK"));
    bench.on("AT+CMGR=3", &format!("+CMGR: ,,{PDU_LENGTH}|{OTHER_PDU}|OK"));
    bench.play("< +CMTI: \"SM\",3|+CMTI: \"SM\",-1\n auto 3s");
    assert!(bench.count("AT+CMGD=3") == 1 && bench.count("AT+CMGD=4") >= 1, "{:?}", bench.log);
}
