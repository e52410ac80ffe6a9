//! The way of a message from its announcement or a sweep to the host, and its deletion from the
//! modem.

use std::time::Duration;

use super::super::*;
use super::bench::*;

fn listed(slots: &[i32]) -> String {
    let entries: Vec<String> =
        slots.iter().map(|slot| format!("+CMGL: {slot},1,,{PDU_LENGTH}|{PDU}|")).collect();
    format!("{}OK", entries.concat())
}

/// A ready modem with `SM` selected and nothing due for a minute.
fn idle() -> Bench {
    let mut bench = Bench::ready();
    bench.play("auto 5s");
    bench.lines("+CMTI: \"SM\",1");
    bench.on("AT+CMGR=1", &Bench::message(PDU_LENGTH));
    bench.play("auto 3s");
    bench.handed_on.clear();
    bench.on("AT+CMGR=1", "ERROR");
    bench
}

#[test]
fn an_announced_message_is_read_stored_and_only_then_deleted() {
    idle().play(&format!(
        "< +CMTI: \"SM\",3
         > AT+CMGR=3
         < {}
         store SM 3
         quiet
         wait 2s
         quiet
         commit
         > AT+CMGD=3
         < OK
         quiet",
        Bench::message(PDU_LENGTH)
    ));
}

#[test]
fn the_received_message_carries_modem_card_place_and_octets() {
    let mut bench = idle();
    bench.on("AT+CMGR=7", &Bench::message(PDU_LENGTH));
    bench.lines("+CMTI: \"SM\",7");
    bench.play("auto 1s");
    let (_, received) = bench.handed_on.pop_front().unwrap();
    assert_eq!((received.modem.id.as_str(), received.iccid.as_str()), (IMEI, ICCID));
    assert_eq!(received.slot, Some(MessageSlot { store: MessageStore::Sim, index: 7 }));
    assert_eq!(received.pdu, RawPdu::Octets(hex::decode(PDU).unwrap()));
}

#[test]
fn what_the_host_refuses_is_not_deleted_and_read_again_later() {
    let mut bench = idle();
    bench.play(&format!(
        "< +CMTI: \"SM\",3
         > AT+CMGR=3
         < {}
         store SM 3
         refuse
         < +CMTI: \"SM\",4
         wait 4s
         quiet",
        Bench::message(PDU_LENGTH)
    ));
    assert!(bench.snapshot().reason.as_ref().unwrap().to_string().contains("cannot be stored"));
    bench.on("AT+CMGL=4", &listed(&[3, 4]));
    bench.auto(Duration::from_secs(2));
    assert!(bench.count("AT+CMGD=3") >= 1 && bench.count("AT+CMGD=4") >= 1, "{:?}", bench.log);
    assert_eq!(bench.snapshot().reason, None);
}

#[test]
fn a_host_that_keeps_refusing_is_asked_less_and_less_often() {
    let mut bench = idle();
    bench.on("AT+CMGL=4", &listed(&[1, 2, 3]));
    bench.lines("+CMTI: \"SM\",-1");
    let mut offered = 0;
    for _ in 0..600 {
        bench.wait(Duration::from_secs(1));
        while let Some(token) = bench.uncommitted.pop_front() {
            offered += 1;
            bench.session.on_stored(token, false, bench.now);
            bench.act();
        }
        while let Some(command) = bench.sent.pop_front() {
            match command.as_str() {
                "AT+CMGL=4" => bench.lines(&listed(&[1, 2, 3])),
                "AT+CCID" => bench.lines(&format!("+CCID: {ICCID}|OK")),
                "AT+CREG?" => bench.lines("+CREG: 1,1|OK"),
                _ => bench.lines("OK"),
            }
            while let Some(token) = bench.uncommitted.pop_front() {
                offered += 1;
                bench.session.on_stored(token, false, bench.now);
                bench.act();
            }
        }
    }
    assert!((10..60).contains(&offered), "{offered}");
    assert!(!bench.log.iter().any(|sent| sent.starts_with("AT+CMGD=") && sent != "AT+CMGD=1"));
}

#[test]
fn the_next_command_goes_out_while_the_host_commits() {
    idle().play(&format!(
        "< +CMTI: \"SM\",3|+CMTI: \"SM\",4
         > AT+CMGR=3
         < {message}
         store SM 3
         > AT+CMGR=4
         commit
         < {message}
         store SM 4
         > AT+CMGD=3
         < OK
         commit
         > AT+CMGD=4
         < OK
         quiet",
        message = Bench::message(PDU_LENGTH)
    ));
}

#[test]
fn a_slot_announced_again_while_it_waits_is_neither_read_nor_deleted_twice() {
    let mut bench = idle();
    bench.play(&format!(
        "< +CMTI: \"SM\",3
         > AT+CMGR=3
         < +CMTI: \"SM\",3
         < {message}
         store SM 3
         quiet
         commit
         > AT+CMGD=3
         < OK
         > AT+CMGR=3
         < {message}
         store SM 3
         commit
         > AT+CMGD=3
         < OK
         quiet",
        message = Bench::message(PDU_LENGTH)
    ));
}

#[test]
fn an_index_of_minus_one_and_an_unknown_store_lead_to_a_sweep_quectel_ug96() {
    for announcement in ["+CMTI: \"SM\",-1", "+CMTI: \"XX\",3", "+CMTI: "] {
        let mut bench = idle();
        bench.on("AT+CMGL=4", "OK");
        bench.play("auto 3s");
        let before = bench.count("AT+CMGL=4");
        bench.lines(announcement);
        bench.play("auto 3s");
        assert!(bench.count("AT+CMGL=4") >= before + 2, "{announcement}");
    }
}

#[test]
fn a_message_whose_announcement_is_lost_is_found_by_the_next_sweep() {
    let mut bench = idle();
    bench.on("AT+CMGL=4", &listed(&[5]));
    bench.auto(Duration::from_secs(61));
    assert!(bench.count("AT+CMGD=5") >= 1);
    assert!(bench.handed_on.iter().all(|(_, received)| {
        received.slot.is_some_and(|slot| slot.index == 5) && !received.live
    }));
}

#[test]
fn every_store_is_swept_and_the_store_in_use_comes_first() {
    let mut bench = Bench::ready();
    bench.log.clear();
    bench.auto(Duration::from_secs(61));
    let about: Vec<&str> = bench
        .log
        .iter()
        .map(String::as_str)
        .filter(|sent| sent.contains("CPMS") || sent.contains("CMGL"))
        .collect();
    assert_eq!(about, ["AT+CMGL=4", "AT+CPMS=\"SM\",\"SM\",\"SM\"", "AT+CMGL=4"]);
}

#[test]
fn an_idle_minute_takes_few_commands() {
    let mut bench = Bench::ready();
    bench.auto(Duration::from_secs(5));
    bench.log.clear();
    bench.auto(Duration::from_secs(60));
    assert!(bench.log.len() <= 7, "{:?}", bench.log);
}

#[test]
fn a_urc_and_a_direct_message_inside_a_list() {
    let mut bench = idle();
    bench.auto(Duration::from_secs(3));
    bench.play(&format!(
        "< +CMTI: \"SM\",-1
         wait 1s
         > AT+CCID
         < +CCID: 8931440400000000123|OK
         > AT+CMGL=4
         < +CMGL: 1,1,,{PDU_LENGTH}|+CMTI: \"SM\",9|{PDU}
         store SM 1
         < +CMT: ,{PDU_LENGTH}|{PDU}
         < ^RSSI: 20|+CMGL: 2,1,,{PDU_LENGTH}|^HCSQ: \"LTE\",40,30,100,20|{PDU}|OK"
    ));
    let slots: Vec<Option<MessageSlot>> =
        bench.handed_on.iter().map(|(_, received)| received.slot).collect();
    assert_eq!(slots, [None, Some(MessageSlot { store: MessageStore::Sim, index: 2 })]);
    bench.play("> AT+CMGR=9");
}

#[test]
fn a_flood_of_announcements_becomes_a_sweep_and_no_queue() {
    let mut bench = idle();
    bench.auto(Duration::from_secs(3));
    for index in 0..10_000 {
        bench.raw(format!("\r\n+CMTI: \"SM\",{}\r\n", 100 + index).as_bytes());
    }
    bench.log.clear();
    bench.auto(Duration::from_secs(1));
    let reads = bench.log.iter().filter(|sent| sent.starts_with("AT+CMGR=")).count();
    assert!(reads <= 40, "{reads}");
    bench.auto(Duration::from_secs(5));
    assert!(bench.count("AT+CMGL=4") >= 1);
}

#[test]
fn a_pdu_that_does_not_fit_its_header_is_read_again_and_never_deleted() {
    let mut bench = idle();
    bench.play("< +CMTI: \"SM\",3\n > AT+CMGR=3");
    let cut = format!("+CMGR: 0,,{PDU_LENGTH}|{}|OK", &PDU[..20]);
    bench.play(&format!(
        "< {cut}\n > AT+CMGR=3\n < {cut}\n > AT+CMGR=3\n < {cut}\n quiet\n wait 1s\n \
         > AT+CMGR=3\n < {cut}\n quiet"
    ));
    assert_eq!(bench.count("AT+CMGD=3"), 0);
    let mut bench = idle();
    bench.play(&format!(
        "< +CMTI: \"SM\",3\n > AT+CMGR=3\n < {cut}\n > AT+CMGR=3\n < {}\n store SM 3",
        Bench::message(PDU_LENGTH)
    ));
}

#[test]
fn a_slot_that_cannot_be_deleted_causes_no_flood_of_commands() {
    let mut bench = idle();
    bench.on("AT+CMGL=4", &listed(&[5])).on("AT+CMGD=5", "+CMS ERROR: 500");
    bench.log.clear();
    bench.auto(Duration::from_secs(600));
    assert!((10..=25).contains(&bench.count("AT+CMGD=5")), "{}", bench.count("AT+CMGD=5"));
}

#[test]
fn where_listing_fails_every_index_is_read_t77w968() {
    let mut bench = Bench::new();
    bench.on("AT+CMGL=4", "ERROR").on("AT+CMGD=?", "+CMGD: (0-4),(0-4)");
    bench
        .on("AT+CMGR=0", "+CMS ERROR: 321")
        .on("AT+CMGR=1", "OK")
        .on("AT+CMGR=3", &Bench::message(PDU_LENGTH));
    bench.auto(Duration::from_secs(125));
    assert!(bench.count("AT+CMGR=4") >= 1 && bench.count("AT+CMGD=3") >= 1, "{:?}", bench.log);
    assert_eq!(bench.session.state(), ModemState::Ready);
}

#[test]
fn a_list_in_text_mode_means_that_the_settings_are_lost() {
    let mut bench = idle();
    bench.auto(Duration::from_secs(3));
    bench.play(
        "< +CMTI: \"SM\",-1\n wait 1s\n > AT+CCID\n < +CCID: 8931440400000000123|OK\n > AT+CMGL=4",
    );
    bench.play(
        "< +CMGL: 1,\"REC UNREAD\",\"+31612345678\",,\"26/06/22,12:57:03+08\"|OK|OK\n quiet\n \
         wait 0.3s\n > AT+CMGF=0",
    );
    assert!(bench.handed_on.is_empty());
}

#[test]
fn a_full_store_is_emptied_and_announcements_are_asked_for_again() {
    let mut bench = idle();
    bench.auto(Duration::from_secs(3));
    bench.on("AT+CMGL=4", &listed(&[1, 2, 3]));
    bench.log.clear();
    bench.lines("^SMMEMFULL: \"SM\"");
    bench.auto(Duration::from_secs(2));
    assert!(
        bench.count("AT+CMGL=4") >= 1
            && bench.count("AT+CMGD=3") >= 1
            && bench.count("AT+CNMI=2,1,0,0,0") == 1
    );
}

#[test]
fn a_message_is_live_when_announced_on_a_modem_that_has_been_registered_for_two_minutes() {
    let mut bench = idle();
    bench.on("AT+CMGR=3", &Bench::message(PDU_LENGTH));
    let live = |bench: &mut Bench, urc: &str| {
        bench.handed_on.clear();
        bench.lines(urc);
        bench.auto(Duration::from_secs(3));
        bench.handed_on.pop_front().unwrap().1.live
    };
    assert!(!live(&mut bench, "+CMTI: \"SM\",3"), "registered for some seconds only");
    bench.auto(Duration::from_secs(130));
    assert!(live(&mut bench, "+CMTI: \"SM\",3"));
    bench.on("AT+CMGL=4", &listed(&[3]));
    assert!(!live(&mut bench, "+CMTI: \"SM\",-1"), "found by a sweep");
    bench.on("AT+CMGL=4", "OK");
    bench.lines("SMS FULL");
    bench.auto(Duration::from_secs(5));
    assert!(
        !live(&mut bench, "+CMTI: \"SM\",3"),
        "the network may have kept it while the store was full"
    );
}

#[test]
fn a_direct_message_that_the_host_refuses_is_offered_again() {
    let mut bench = idle();
    bench.play(&format!("< +CMT: ,{PDU_LENGTH}|{PDU}\n store  -1\n refuse\n quiet"));
    bench.auto(Duration::from_secs(1));
    assert!(bench.uncommitted.is_empty());
    bench.wait(Duration::from_secs(10));
    assert_eq!(bench.uncommitted.len(), 1);
}

#[test]
fn half_a_pdu_in_a_reply_without_its_end_is_not_taken_for_a_malformed_one() {
    let mut bench = idle();
    let half: String = PDU.chars().take(21).collect();
    bench.on("AT+CMGR=9", &format!("+CMGR: 0,,{PDU_LENGTH}|{half}"));
    for _ in 0..4 {
        bench.lines("+CMTI: \"SM\",9");
        bench.auto(Duration::from_secs(40));
        assert!(bench.handed_on.is_empty());
    }
    assert!(bench.count("AT+CMGR=9") >= 4);
}

#[test]
fn after_a_pause_the_card_is_read_again_before_a_message_is() {
    let mut bench = idle();
    bench.wait(Duration::from_secs(20));
    bench.play("< +CMTI: \"SM\",9\n > AT+CCID\n < +CCID: 8931440400000000999|OK\n > AT+CCID");
    assert!(bench.handed_on.is_empty(), "another card was put in, and nobody told");
}

#[test]
fn a_sweep_that_made_room_is_soon_followed_by_another_as_a_full_modem_announces_nothing() {
    let mut bench = Bench::ready();
    bench.on("AT+CMGL=4", &format!("+CMGL: 1,1,,{PDU_LENGTH}|{PDU}|OK"));
    bench.auto(Duration::from_secs(60));
    let before = bench.count("AT+CMGL=4");
    bench.auto(Duration::from_secs(10));
    assert!(bench.count("AT+CMGL=4") >= before + 3, "{before}, {}", bench.count("AT+CMGL=4"));
    bench.auto(Duration::from_secs(40));
    assert!(
        bench.count("AT+CMGL=4") <= before + 40,
        "no race with a modem that only says that it deletes"
    );
}
