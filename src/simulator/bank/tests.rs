//! Banks and their modems on the bench, a round at a time.

use chrono::{TimeZone, Utc};

use super::super::{
    BankFault, BankStats, CardFault, Network, Scenario, SimulatorError, StepHarness,
};

/// Two modems whose first cards are the modems' own: +31612340000 and +31612340001.
const OWN: &str = "[[modem]]\n[[modem]]\n[[bank]]\nslots = 4\n";
const FIRST: &str = "+31612340000";

struct Bench {
    bench: StepHarness,
    ms: u64,
}

impl Bench {
    fn new(scenario: &str) -> Self {
        let began = Utc.with_ymd_and_hms(2026, 6, 22, 12, 57, 3).unwrap();
        let bench = StepHarness::new(&Scenario::parse(scenario).unwrap(), began).unwrap();
        Self { bench, ms: 0 }
    }

    fn network(&self) -> &Network {
        self.bench.network()
    }

    /// Time passes; what the bank says meanwhile.
    fn pass(&mut self, ms: u64) -> String {
        let mut heard = Vec::new();
        for _ in 0..ms / 100 {
            self.ms += 100;
            self.bench.set_ms(self.ms);
            heard.extend(self.bench.bank_exchange(0, b"").written);
            (0..self.network().modems()).for_each(|modem| drop(self.bench.exchange(modem, b"")));
        }
        String::from_utf8(heard).unwrap()
    }

    /// A command to the bank, and what it says within ten seconds.
    fn bank(&mut self, command: &str) -> String {
        let at_once = self.bench.bank_exchange(0, format!("{command}\r\n").as_bytes()).written;
        assert!(at_once.is_empty(), "a reply takes its time");
        self.pass(10_000).trim().to_owned()
    }

    /// A command to a modem, and the lines that it answers by.
    fn modem(&mut self, modem: usize, command: &str) -> Vec<String> {
        let said = self.bench.exchange(modem, format!("{command}\r").as_bytes()).written;
        let said = String::from_utf8(said).unwrap();
        said.lines()
            .filter(|line| !line.is_empty() && !line.starts_with("AT"))
            .map(str::to_owned)
            .collect()
    }

    /// What is in truth on a radio: slot and number.
    fn on(&self, radio: usize) -> (Option<usize>, Option<String>) {
        let radio = self.stats().radios[radio].clone();
        (radio.slot, radio.number)
    }

    fn stats(&self) -> BankStats {
        self.network().bank_stats()[0].clone()
    }

    fn number_in(&self, slot: usize) -> Option<String> {
        self.network()
            .bank_cards()
            .into_iter()
            .find(|card| card.slot == slot)
            .map(|card| card.number)
    }

    fn iccid_in(&self, slot: usize) -> Option<String> {
        self.network()
            .bank_cards()
            .into_iter()
            .find(|card| card.slot == slot)
            .map(|card| card.iccid)
    }

    /// `AT+CFUN=0`, a switch, `AT+CFUN=1`, as it should be done.
    fn switched(&mut self, radio: usize, command: &str) {
        self.modem(radio, "AT+CFUN=0");
        assert_eq!(self.bank(command), "SWITCH OK");
        self.modem(radio, "AT+CFUN=1");
        self.pass(100);
    }
}

#[test]
fn each_radio_has_rows_of_its_own_and_the_first_of_them_at_the_start() {
    let bench = Bench::new(OWN);
    assert_eq!(bench.on(0), (Some(0), Some(FIRST.to_owned())));
    assert_eq!(bench.on(1), (Some(4), Some("+31612340001".to_owned())));
    let cards = bench.network().bank_cards();
    assert_eq!(cards.len(), 8);
    let mut numbers: Vec<&String> =
        cards.iter().flat_map(|card| [&card.number, &card.iccid]).collect();
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), 16, "all of them differ");
    assert_eq!(bench.network().numbers().len(), 2);
}

#[test]
fn what_is_published_is_answered_as_published_and_the_rest_by_error() {
    let mut bench = Bench::new(OWN);
    let cases = [
        ("AT", "OK"),
        ("AT+CWSIM", "CWSIM OK"),
        ("at+cwsim", "CWSIM OK"),
        ("AT+NEXT00", "SWSIM OK"),
        ("AT+SWIT01-0002", "SWITCH OK"),
        ("AT+SWIT00-0003", "SWITCH OK"),
        ("AT+SWIT00-0000", "SWITCH OK"),
        ("AT+SWIT1-0002", "ERROR"),
        ("AT+SWIT01-2", "ERROR"),
        ("AT+SWIT03-0001", "ERROR"),
        ("AT+SWIT01-000x", "ERROR"),
        ("AT+CSQ", "ERROR"),
        ("noise", ""),
    ];
    for (command, reply) in cases {
        assert_eq!(bench.bank(command), reply, "{command}");
    }
}

#[test]
fn a_switch_cuts_one_card_off_and_brings_the_other_when_it_is_over() {
    let mut bench = Bench::new(OWN);
    bench.bench.bank_exchange(0, b"AT+SWIT02-0003\r");
    assert_eq!(bench.on(1), (None, None), "cut off at once");
    assert_eq!(bench.pass(200), "\r\nSWITCH OK\r\n", "said before it is done");
    assert_eq!(bench.on(1), (None, None));
    bench.pass(1_300);
    assert_eq!(bench.on(1), (Some(6), bench.number_in(6)));
    assert_eq!(bench.on(0), (Some(0), Some(FIRST.to_owned())), "the other radio keeps its card");
    assert_eq!(bench.bank("AT+SWIT02-0009"), "SWITCH OK");
    assert_eq!(bench.on(1).0, Some(7), "beyond the last row is the last one");
    assert_eq!(bench.bank("AT+SWIT00-0000"), "SWITCH OK");
    assert_eq!((bench.on(0), bench.on(1)), ((None, None), (None, None)));
    assert_eq!(bench.bank("AT+NEXT00"), "SWSIM OK");
    assert_eq!((bench.on(0).0, bench.on(1).0), (Some(0), Some(4)));
    let stats = bench.stats();
    assert_eq!((stats.asked, stats.done, stats.lied, stats.too_soon), (6, 6, 0, 0));
}

#[test]
fn a_matrix_puts_any_card_on_any_radio_and_takes_it_from_another() {
    let mut bench = Bench::new("[[modem]]\n[[modem]]\n[[bank]]\nreach = \"any\"\nslots = 5\n");
    assert_eq!((bench.on(0).0, bench.on(1).0), (Some(0), Some(1)));
    assert_eq!(bench.bank("AT+SWIT02-0005"), "SWITCH OK");
    assert_eq!(bench.on(1), (Some(4), bench.number_in(4)));
    assert_eq!(bench.bank("AT+SWIT01-0005"), "SWITCH OK");
    assert_eq!((bench.on(0).0, bench.on(1)), (Some(4), (None, None)));
    assert_eq!(bench.network().bank_cards().len(), 5, "no card is lost");
}

#[test]
fn one_bus_takes_one_command_a_second_and_none_during_a_switch() {
    let mut bench = Bench::new(OWN);
    bench.bench.bank_exchange(0, b"AT\rAT+SWIT01-0002\r");
    assert_eq!(bench.pass(1_000), "\r\nOK\r\n");
    assert_eq!(bench.on(0).0, Some(0), "the second command was lost");
    bench.bench.bank_exchange(0, b"AT+SWIT01-0002\r");
    bench.pass(1_200);
    bench.bench.bank_exchange(0, b"AT+SWIT02-0002\r");
    bench.pass(5_000);
    assert_eq!(
        (bench.on(0).0, bench.on(1).0),
        (Some(1), Some(4)),
        "after a second, but during the switch"
    );
    assert_eq!((bench.stats().commands, bench.stats().too_soon, bench.stats().asked), (4, 2, 1));
}

#[test]
fn faults_do_what_they_say_and_end() {
    // Fault, the reply, the slot that radio 0 has afterwards; it was on slot 0 and was to go to
    // slot 1.
    let cases = [
        (BankFault::Lie { times: 1 }, "SWITCH OK", Some(0)),
        (BankFault::Lies { lies: 1, of: 1 }, "SWITCH OK", Some(0)),
        (BankFault::Stuck { radio: 0 }, "SWITCH OK", Some(0)),
        (BankFault::Stuck { radio: 1 }, "SWITCH OK", Some(1)),
        (BankFault::Mute { times: 1 }, "", Some(0)),
        (BankFault::NoAnswer { times: 1 }, "", Some(1)),
        (BankFault::Slow { delay_ms: 5_000, times: 1 }, "SWITCH OK", Some(1)),
        (BankFault::Late { delay_ms: 60_000, times: 1 }, "SWITCH OK", Some(0)),
        (BankFault::Refuse { times: 1 }, "ERROR", Some(0)),
        (BankFault::Dead, "", Some(0)),
    ];
    for (fault, reply, slot) in cases {
        let mut bench = Bench::new(OWN);
        bench.network().bank_fault(0, &fault).unwrap();
        assert_eq!(bench.bank("AT+SWIT01-0002"), reply, "{fault:?}");
        assert_eq!(bench.on(0).0, slot, "{fault:?}");
        bench.network().bank_fault(0, &BankFault::Clear).unwrap();
        assert_eq!(bench.bank("AT+SWIT01-0004"), "SWITCH OK", "{fault:?}");
        assert_eq!(bench.on(0).0, Some(3), "{fault:?}");
    }
    let mut bench = Bench::new(OWN);
    bench.network().bank_fault(0, &BankFault::WrongRow { times: 1 }).unwrap();
    assert_eq!(bench.bank("AT+SWIT01-0002"), "SWITCH OK");
    assert!(matches!(bench.on(0).0, Some(2 | 3)), "{:?}", bench.on(0));
    assert_eq!(bench.stats().lied, 1);
    assert!(matches!(
        bench.network().bank_fault(1, &BankFault::Clear),
        Err(SimulatorError::UnknownBank { bank: 1 })
    ));
}

#[test]
fn a_switch_that_comes_late_takes_the_card_from_a_radio_that_is_in_use() {
    let mut bench = Bench::new(OWN);
    bench.network().bank_fault(0, &BankFault::Late { delay_ms: 20_000, times: 1 }).unwrap();
    bench.switched(0, "AT+SWIT01-0002");
    assert_eq!(bench.on(0).0, Some(0));
    bench.pass(15_000);
    assert_eq!(bench.on(0).0, Some(1));
    assert_eq!(
        bench.modem(0, "AT+CCID"),
        [format!("+CCID: {}", bench.iccid_in(0).unwrap()), "OK".to_owned()]
    );
}

#[test]
fn three_of_four_switches_are_lies_and_the_same_ones_each_time() {
    let played = |seed: u64| -> Vec<Option<usize>> {
        let mut bench = Bench::new(&format!(
            "{OWN}seed = {seed}\nfaults = [{{ kind = \"lies\", lies = 3, of = 4 }}]"
        ));
        (0..40)
            .map(|turn| {
                bench.bank(&format!("AT+SWIT01-{:04}", 1 + turn % 4));
                bench.on(0).0
            })
            .collect()
    };
    let changes =
        |slots: &[Option<usize>]| slots.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert_eq!(played(7), played(7));
    assert_ne!(played(7), played(8));
    assert!((3..20).contains(&changes(&played(7))), "{:?}", played(7));
}

#[test]
fn the_modem_tells_the_old_card_until_it_has_switched_the_new_one_on() {
    for reset in ["AT+CFUN=0\rAT+CFUN=1", "AT+CFUN=1,1"] {
        let mut bench = Bench::new(OWN);
        let [old, new] = [0, 1].map(|slot| bench.iccid_in(slot).unwrap());
        let told = |iccid: &str| vec![format!("+CCID: {iccid}"), "OK".to_owned()];
        assert_eq!(bench.bank("AT+SWIT01-0002"), "SWITCH OK");
        assert_eq!(bench.modem(0, "ATE0"), ["OK"], "and no word of it");
        assert_eq!(bench.modem(0, "AT+CPIN?"), ["+CPIN: READY", "OK"]);
        assert_eq!(bench.modem(0, "AT+CREG?"), ["+CREG: 0,1", "OK"]);
        assert_eq!(bench.modem(0, "AT+CCID"), told(&old), "from its memory");
        assert_eq!(bench.modem(0, "AT+CIMI")[0].len(), 15);
        let read = super::super::modem::swapped(&new);
        assert_eq!(
            bench.modem(0, "AT+CRSM=176,12258,0,0,10")[0],
            format!("+CRSM: 144,0,\"{read}\""),
            "off the card"
        );
        bench.modem(0, "AT+CFUN=4");
        assert_eq!(bench.modem(0, "AT+CCID"), told(&old));
        bench.modem(0, "AT+CFUN=1");
        assert_eq!(bench.modem(0, "AT+CCID"), told(&old), "the radio alone was off");
        assert_eq!(bench.modem(0, "AT+CREG?"), ["+CREG: 0,3", "OK"], "nobody takes it in");
        bench.modem(0, reset);
        bench.pass(1_000);
        assert_eq!(bench.modem(0, "ATE0;+CCID"), told(&new), "{reset}");
        assert_eq!(bench.modem(0, "AT+CREG?"), ["+CREG: 0,1", "OK"]);
    }
}

#[test]
fn a_modem_that_notices_says_so_and_tells_the_new_card() {
    let mut bench = Bench::new(&format!("{OWN}silent = false"));
    bench.modem(0, "ATE0");
    bench.bench.bank_exchange(0, b"AT+SWIT01-0002\r");
    assert_eq!(bench.modem(0, "AT"), ["+CPIN: NOT INSERTED", "OK"]);
    bench.ms += 2_000;
    bench.bench.set_ms(bench.ms);
    bench.bench.bank_exchange(0, b"");
    assert_eq!(bench.modem(0, "AT"), ["+CPIN: READY", "OK"]);
    assert_eq!(bench.modem(0, "AT+CCID")[0], format!("+CCID: {}", bench.iccid_in(1).unwrap()));
}

#[test]
fn what_is_on_the_card_goes_with_it_and_what_is_in_the_modem_stays() {
    let mut bench = Bench::new(OWN);
    bench.network().send("Bank", FIRST, "on the card").unwrap();
    bench.pass(100);
    bench.modem(0, "AT+CPMS=\"ME\",\"ME\",\"ME\"");
    bench.network().send("Bank", FIRST, "in the modem").unwrap();
    bench.pass(100);
    bench.switched(0, "AT+SWIT01-0002");
    assert_eq!(bench.network().stored(FIRST), 1, "in its slot now");
    assert_eq!(bench.network().stats()[0].stored, 1);
    let listed = bench.modem(0, "ATE0;+CMGF=1;+CMGL=\"ALL\"");
    assert!(listed.contains(&"in the modem".to_owned()), "{listed:?}");
    bench.switched(0, "AT+SWIT01-0001");
    let listed = bench.modem(0, "AT+CPMS=\"SM\";+CMGL=\"ALL\"");
    assert!(listed.contains(&"on the card".to_owned()), "{listed:?}");
}

#[test]
fn messages_to_a_parked_card_come_once_at_its_next_visit() {
    let mut bench = Bench::new(OWN);
    let parked = bench.number_in(2).unwrap();
    for text in ["one", "two", "three"] {
        bench.network().send("Bank", &parked, text).unwrap();
    }
    bench.pass(1_000);
    assert_eq!((bench.network().waiting(&parked), bench.network().stored(&parked)), (3, 0));
    bench.switched(0, "AT+SWIT01-0003");
    assert_eq!((bench.network().waiting(&parked), bench.network().stored(&parked)), (0, 3));
    bench.switched(0, "AT+SWIT01-0001");
    bench.switched(0, "AT+SWIT01-0003");
    assert_eq!((bench.network().waiting(&parked), bench.network().stored(&parked)), (0, 3));
}

#[test]
fn a_card_that_is_not_there_any_more_receives_and_sends_nothing() {
    let mut bench = Bench::new(OWN);
    bench.bank("AT+SWIT01-0002");
    let arrived = bench.number_in(1).unwrap();
    bench.network().send("Bank", FIRST, "to the old one").unwrap();
    bench.network().send("Bank", &arrived, "to the new one").unwrap();
    bench.pass(60_000);
    assert_eq!((bench.network().waiting(FIRST), bench.network().waiting(&arrived)), (1, 1));
    bench.modem(0, "ATE0;+CMGF=1;+CMGS=\"0612340001\"");
    assert_eq!(bench.modem(0, "hello\x1a")[0], "+CMS ERROR: 331");
}

#[test]
fn a_bank_may_start_with_all_cards_apart_and_have_empty_slots() {
    let mut bench = Bench::new(&format!(
        "{OWN}parked = true\nempty = [1]\nsims.2.number = \"+447700900123\"\n"
    ));
    assert_eq!((bench.on(0), bench.network().numbers().len()), ((None, None), 0));
    assert_eq!(bench.modem(0, "ATE0;+CPIN?"), ["ERROR"]);
    bench.switched(0, "AT+SWIT01-0001");
    assert_eq!(bench.on(0).1, Some(FIRST.to_owned()));
    bench.switched(0, "AT+SWIT01-0002");
    assert_eq!(bench.on(0), (Some(1), None));
    assert_eq!(bench.modem(0, "ATE0;+CPIN?"), ["ERROR"]);
    bench.switched(0, "AT+SWIT01-0003");
    assert_eq!(bench.on(0).1, Some("+447700900123".to_owned()));
    assert_eq!(bench.network().bank_cards().len(), 7);
}

#[test]
fn what_is_not_right_is_named_with_what_would_be() {
    let cases = [
        ("slotts = 4", "did you mean `slots`?"),
        ("reach = \"anny\"", "did you mean `any`?"),
        ("faults = [{ kind = \"lye\", times = 1 }]", "did you mean `lie`?"),
        ("sims.1.pinn = \"1\"", "did you mean `pin`?"),
        ("radios = \"two\"", "a number of modems, or a list of their places"),
        ("radios = 3", "it wants 3 radios, and only 2 modems"),
        ("radios = [2]", "there is no modem 2; they are numbered from 0 to 1"),
        ("radios = [1, 1]", "modem 1 is already a radio of a bank"),
        (
            "slots = 2\nempty = [4]",
            "there is no slot 4; they are numbered through the bank, from 0 to 3",
        ),
        ("slots = 2\nsims.x.number = \"1\"", "there is no slot x"),
        ("slots = 0", "1 to 9999 slots"),
    ];
    for (keys, hint) in cases {
        let clock: super::super::Clock =
            std::sync::Arc::new(|| Utc.with_ymd_and_hms(2026, 6, 22, 12, 57, 3).unwrap());
        let scenario = Scenario::parse(&format!("[[modem]]\n[[modem]]\n[[bank]]\n{keys}"));
        let Err(error) = scenario.and_then(|scenario| Network::new(&scenario, clock)) else {
            panic!("{keys} was taken");
        };
        assert!(error.to_string().contains(hint), "{keys}: {error}");
    }
}

#[test]
fn two_banks_share_the_rack() {
    let scenario = "[[modem]]\n[[modem]]\n[[modem]]\n[[bank]]\nradios = [1]\n[[bank]]\nname = \
                    \"second\"\nslots = 2\n";
    let bench = Bench::new(scenario);
    let banks: Vec<(String, Vec<usize>)> = bench
        .network()
        .bank_stats()
        .into_iter()
        .map(|bank| (bank.name, bank.radios.iter().map(|radio| radio.modem).collect()))
        .collect();
    assert_eq!(banks, [("bank0".to_owned(), vec![1]), ("second".to_owned(), vec![0, 2])]);
    assert_eq!(bench.network().bank_cards().len(), 16 + 4);
}

/// Radio 0 loses its attached card and has it again, and has not switched it on anew.
fn taken_off_and_put_back(scenario: &str) -> Bench {
    let mut bench = Bench::new(scenario);
    assert_eq!(bench.bank("AT+SWIT01-0002"), "SWITCH OK");
    bench.network().send("Bank", FIRST, "hello").unwrap();
    assert_eq!(bench.bank("AT+SWIT01-0001"), "SWITCH OK");
    assert_eq!(bench.modem(0, "AT+CREG?").first().map(String::as_str), Some("+CREG: 0,1"));
    bench
}

#[test]
fn a_card_that_went_undetached_and_comes_back_unannounced_waits_for_the_next_attempt() {
    // The message came in the tenth second; attempts follow a minute, three, eight minutes later.
    let mut bench = taken_off_and_put_back(OWN);
    bench.pass(49_000);
    assert_eq!(bench.network().waiting(FIRST), 1);
    bench.pass(2_000);
    assert_eq!(bench.network().waiting(FIRST), 0);
    let mut bench = Bench::new(OWN);
    bench.bank("AT+SWIT01-0002");
    bench.network().send("Bank", FIRST, "hello").unwrap();
    bench.pass(65_000);
    bench.bank("AT+SWIT01-0001");
    bench.pass(100_000);
    assert_eq!(bench.network().waiting(FIRST), 1, "the first attempt was while it was away");
    bench.pass(15_000);
    assert_eq!(bench.network().waiting(FIRST), 0);
    let again = bench.network().send("Bank", FIRST, "again");
    bench.pass(100);
    assert_eq!((again.unwrap().parts, bench.network().waiting(FIRST)), (1, 0), "found for good");
}

#[test]
fn the_pauses_between_attempts_are_the_scenarios() {
    let mut bench = taken_off_and_put_back(&format!("{OWN}[network]\nretry_ms = [15000]\n"));
    bench.pass(4_000);
    assert_eq!(bench.network().waiting(FIRST), 1);
    bench.pass(2_000);
    assert_eq!(bench.network().waiting(FIRST), 0);
}

#[test]
fn a_fresh_attach_has_everything_delivered_at_once() {
    let attaches =
        ["AT+CFUN=4\rAT+CFUN=1", "AT+CFUN=0\rAT+CFUN=1", "AT+COPS=2\rAT+COPS=0", "AT+CFUN=1,1"];
    for attach in attaches {
        let mut bench = taken_off_and_put_back(OWN);
        bench.network().send("Bank", FIRST, "and again").unwrap();
        bench.modem(0, attach);
        bench.pass(1_000);
        assert_eq!(
            (bench.network().waiting(FIRST), bench.network().stored(FIRST)),
            (0, 2),
            "{attach}"
        );
    }
}

#[test]
fn a_card_that_has_detached_is_found_wherever_it_attaches() {
    for detach in ["AT+CFUN=4", "AT+CFUN=0", "AT+COPS=2"] {
        let mut bench = Bench::new(OWN);
        bench.modem(0, detach);
        bench.bank("AT+SWIT01-0002");
        bench.network().send("Bank", FIRST, "hello").unwrap();
        bench.bank("AT+SWIT01-0001");
        bench.modem(0, "AT+CFUN=1;+COPS=0");
        bench.pass(100);
        assert_eq!(bench.network().waiting(FIRST), 0, "{detach}");
    }
}

#[test]
fn a_card_that_the_network_refuses_is_refused_wherever_it_is() {
    let mut bench = Bench::new(
        "[[modem]]\n[[modem]]\n[[bank]]\nreach = \"any\"\nslots = 4\nsims.3.denied = true\n",
    );
    let refused = bench.iccid_in(2).unwrap();
    bench.network().card_fault(&refused, CardFault::Denied).unwrap();
    for (radio, command) in [(0, "AT+SWIT01-0003"), (1, "AT+SWIT02-0003"), (1, "AT+SWIT02-0004")] {
        bench.switched(radio, command);
        assert_eq!(
            bench.modem(radio, "ATE0;+CREG?").first().map(String::as_str),
            Some("+CREG: 0,3"),
            "{command}"
        );
    }
    bench.switched(0, "AT+SWIT01-0003");
    bench.network().card_fault(&refused, CardFault::Accepted).unwrap();
    bench.pass(100);
    assert_eq!(bench.modem(0, "AT+CREG?"), ["+CREG: 0,1", "OK"]);
    assert!(matches!(
        bench.network().card_fault("1", CardFault::Denied),
        Err(SimulatorError::UnknownCard { .. })
    ));
}
