//! Several card slots in one module.

use super::*;
use crate::simulator::faults::Fault;
use crate::simulator::{Network, families};

/// Family, query, its answer at the start and after the switch, the switch, and whether it waits
/// for a reset.
const FAMILIES: &[(&str, &str, &str, &str, &str, bool)] = &[
    ("quectel-ec25", "AT+QDSIM?", "+QDSIM: 0", "+QDSIM: 1", "AT+QDSIM=1", false),
    ("quectel-rm520n", "AT+QUIMSLOT?", "+QUIMSLOT: 1", "+QUIMSLOT: 2", "AT+QUIMSLOT=2", false),
    ("simcom-a7670", "AT+SWITCHSIM?", "+SWITCHSIM: 0", "+SWITCHSIM: 1", "AT+SWITCHSIM=1", false),
    (
        "simcom-sim8200",
        "AT+SMSIMCFG?",
        "+SMSIMCFG: 1,1",
        "+SMSIMCFG: 1,2",
        "AT+SMSIMCFG=1,2",
        false,
    ),
    ("sierra-em7565", "AT!UIMS?", "!UIMS: 0", "!UIMS: 1", "AT!UIMS=1", true),
    (
        "cinterion-pls63",
        "AT^SCFG=\"SIM/CS\"",
        "^SCFG: \"SIM/CS\",\"0\"",
        "^SCFG: \"SIM/CS\",\"3\"",
        "AT^SCFG=\"SIM/CS\",3",
        false,
    ),
    (
        "fibocom-fm350",
        "AT+GTDUALSIM?",
        "+GTDUALSIM : 0, \"SUB1\", \"NR\"",
        "+GTDUALSIM : 1, \"SUB2\", \"NR\"",
        "AT+GTDUALSIM=1",
        false,
    ),
];

fn of(family: &str) -> Modem {
    modem_of(&format!("[[modem]]\nfamily = \"{family}\"\nextra_slots = 1\n"))
}

fn iccid(modem: &Modem) -> Option<String> {
    modem.sim().map(|card| card.iccid.clone())
}

#[test]
fn each_familys_own_command_brings_the_other_slots_card() {
    for (family, query, before, after, switch, waits) in FAMILIES {
        let mut modem = of(family);
        let first = iccid(&modem).unwrap();
        assert_eq!(say(&mut modem, 0, query), format!("{before}|OK"), "{family}");
        assert!(say(&mut modem, 1_000, switch).contains("OK"), "{family}");
        heard(&mut modem, 10_000);
        if *waits {
            assert_eq!(iccid(&modem), Some(first.clone()), "{family}");
            say(&mut modem, 11_000, "AT+CFUN=0");
            say(&mut modem, 12_000, "AT+CFUN=1");
        }
        assert_ne!(iccid(&modem), Some(first.clone()), "{family}");
        heard(&mut modem, 30_000);
        assert!(modem.is_registered() && modem.take_fresh_attach(), "{family}");
        assert_eq!(say(&mut modem, 30_000, query), format!("{after}|OK"), "{family}");
        assert_eq!(modem.cards().count(), 2, "{family}");
    }
    let with_slots = |family: &&str| {
        !Scenario::parse(&format!("[[modem]]\nfamily = \"{family}\"")).unwrap().modems()[0]
            .config()
            .slot_switches
            .is_empty()
    };
    assert_eq!(
        families().filter(|family| with_slots(family)).count(),
        FAMILIES.len(),
        "none is left out"
    );
}

#[test]
fn the_card_takes_its_time_to_come_up_and_its_messages_wait_on_it() {
    let mut modem = of("quectel-ec25");
    let first = iccid(&modem).unwrap();
    assert_eq!(modem.offer(&message("Bank", "hello"), at(0)), Offer::Taken);
    say(&mut modem, 0, "AT+QDSIM=1");
    assert_eq!(iccid(&modem), None);
    assert_eq!(say(&mut modem, 2_900, "AT+CPIN?"), "ERROR");
    assert_eq!(modem.next_due_ms(), Some(3_000));
    heard(&mut modem, 3_000);
    assert_eq!(
        (say(&mut modem, 3_000, "AT+CPIN?").as_str(), modem.stored()),
        ("+CPIN: READY|OK", 0)
    );
    say(&mut modem, 4_000, "AT+QDSIM=0");
    heard(&mut modem, 8_000);
    assert_eq!((iccid(&modem), modem.stored()), (Some(first), 1));
}

#[test]
fn a_reset_that_comes_first_reads_the_other_card_too() {
    let mut modem = of("quectel-ec25");
    let first = iccid(&modem);
    say(&mut modem, 0, "AT+CFUN=0");
    say(&mut modem, 100, "AT+QDSIM=1");
    say(&mut modem, 200, "AT+CFUN=1");
    assert!(iccid(&modem).is_some() && iccid(&modem) != first);
}

#[test]
fn a_slot_without_a_card_and_a_number_that_is_none() {
    let mut modem = modem_of("[[modem]]\nfamily = \"quectel-ec25\"\n");
    assert_eq!(say(&mut modem, 0, "AT+QDSIM=2"), "ERROR");
    assert_eq!(say(&mut modem, 0, "AT+QDSIM=?"), "+QDSIM: (0,1)|OK");
    assert_eq!(say(&mut modem, 0, "AT+QUIMSLOT=1"), "ERROR");
    say(&mut modem, 0, "AT+QDSIM=1");
    heard(&mut modem, 10_000);
    assert_eq!(iccid(&modem), None);
    say(&mut modem, 10_000, "AT+QDSIM=0");
    heard(&mut modem, 20_000);
    assert!(iccid(&modem).is_some());
}

#[test]
fn a_module_may_lie_about_its_slot() {
    let mut modem = of("quectel-ec25");
    let first = iccid(&modem);
    modem.suffer(&Fault::SlotLie { times: 1 }, at(0));
    assert_eq!(say(&mut modem, 0, "AT+QDSIM=1"), "OK");
    assert_eq!(say(&mut modem, 10_000, "AT+QDSIM?"), "+QDSIM: 1|OK");
    assert_eq!(iccid(&modem), first);
}

#[test]
fn a_scenario_may_say_what_each_slot_holds() {
    let text = "[[modem]]\nfamily = \"quectel-ec25\"\nslots = [{}, { number = \"+447700900123\", \
                stored = [{ from = \"1\", text = \"a\" }] }]\nextra_slots = 1\n";
    let clock: crate::simulator::Clock = Arc::new(|| at(0).utc);
    let network = Network::new(&Scenario::parse(text).unwrap(), clock).unwrap();
    let cards = network.module_cards();
    assert_eq!(
        cards.iter().map(|card| (card.slot, card.in_use)).collect::<Vec<_>>(),
        [(0, true), (1, false), (2, false)]
    );
    assert_eq!((cards[0].number.as_str(), cards[1].number.as_str()), (NUMBER, "+447700900123"));
    assert_eq!(network.stored("+447700900123"), 1);
    network.send("Bank", &cards[2].number, "hello").unwrap();
    assert_eq!((network.waiting(&cards[2].number), network.stats()[0].slot), (1, 0));
}
