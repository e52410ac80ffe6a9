//! Which of several ports serves a modem.

use super::*;

const IMEI: &str = "861234567890123";

/// Ports with their claims, at a time that each call passes on.
#[derive(Default)]
struct Bench {
    claims: Claims,
    now: Moment,
}

impl Bench {
    fn pass(&mut self, seconds: u64) {
        self.now = self.now + Duration::from_secs(seconds);
    }

    /// A session on a port has found its modem, which has no card yet.
    fn see(&mut self, name: &str, modem: &str, usb: Option<&str>) {
        self.pass(1);
        let modem = ModemId::from_stored(modem);
        self.claims.note_sighting(&port(name), &modem, usb, None, self.now);
    }

    fn claim(&mut self, name: &str, card: &str) -> Claim {
        self.pass(1);
        self.claims.claim(&port(name), &Iccid::from_stored(card), self.now)
    }

    fn confirm(&mut self, name: &str) {
        self.pass(1);
        self.claims.confirm(&port(name), self.now);
    }

    fn lose_card(&mut self, name: &str, modem: &str) {
        self.pass(1);
        let modem = ModemId::from_stored(modem);
        self.claims.note_sighting(&port(name), &modem, None, None, self.now);
    }

    /// Two ports with the same modem and USB device, the first of which is served with card 1.
    fn with_one_served(usb: Option<&str>) -> Bench {
        let mut bench = Bench::default();
        bench.see("a", IMEI, usb);
        assert_eq!(bench.claim("a", "1"), granted(&[]));
        bench.see("b", IMEI, usb);
        bench
    }
}

fn port(name: &str) -> PortName {
    PortName::from_stored(name)
}

fn granted(others: &[&str]) -> Claim {
    Claim::Granted { others: others.iter().map(|name| port(name)).collect() }
}

fn undecided(ports: &[&str]) -> Claim {
    Claim::Undecided(ports.iter().map(|name| port(name)).collect())
}

#[test]
fn two_ports_with_one_card_are_one_modem() {
    let mut bench = Bench::with_one_served(None);
    assert_eq!(bench.claim("b", "1"), undecided(&["a"]));
    bench.confirm("a");
    assert_eq!(bench.claim("b", "1"), Claim::ServedOn(port("a")));
    assert_eq!(bench.claims.presence(&port("a")), Presence::Serving);
    bench.claims.release(&port("a"));
    assert_eq!(bench.claim("b", "1"), granted(&[]));
}

#[test]
fn two_ports_with_different_cards_at_one_time_are_two_modems() {
    for usb in [None, Some("1-1")] {
        let mut bench = Bench::with_one_served(usb);
        assert_eq!(bench.claim("b", "2"), undecided(&["a"]));
        bench.confirm("a");
        assert_eq!(bench.claim("b", "2"), granted(&["a"]));
        assert_eq!(bench.claim("a", "1"), granted(&["b"]), "and at the next reading");
    }
}

#[test]
fn a_card_that_was_exchanged_unnoticed_makes_no_second_modem() {
    let mut bench = Bench::with_one_served(None);
    // The second port shows the new card before the first has noticed.
    assert_eq!(bench.claim("b", "2"), undecided(&["a"]));
    bench.lose_card("a", IMEI);
    assert_eq!(bench.claim("b", "2"), undecided(&["a"]));
    assert_eq!(bench.claim("a", "2"), granted(&[]));
    assert_eq!(bench.claim("b", "2"), Claim::ServedOn(port("a")));
}

#[test]
fn a_card_that_moves_between_two_modems_with_one_imei_is_served_where_it_is() {
    let mut bench = Bench::with_one_served(None);
    bench.claim("b", "2");
    bench.confirm("a");
    assert_eq!(bench.claim("b", "2"), granted(&["a"]));
    // Card 1 goes from the first to the second, which notices it first.
    bench.lose_card("b", IMEI);
    assert_eq!(bench.claim("b", "1"), undecided(&["a"]));
    bench.lose_card("a", IMEI);
    assert_eq!(bench.claim("b", "1"), granted(&[]));
    assert_eq!(bench.claim("a", "2"), undecided(&["b"]));
    bench.confirm("b");
    assert_eq!(bench.claim("a", "2"), granted(&["b"]));
}

#[test]
fn sixteen_modems_with_one_imei_are_all_served_after_two_readings() {
    let mut bench = Bench::default();
    let names: Vec<String> = (0..16).map(|n| format!("port{n:02}")).collect();
    for name in &names {
        bench.see(name, IMEI, None);
    }
    for (n, name) in names.iter().enumerate() {
        let expected = if n == 0 { granted(&[]) } else { undecided(&["port00"]) };
        assert_eq!(bench.claim(name, &n.to_string()), expected);
    }
    bench.confirm("port00");
    for (n, name) in names.iter().enumerate().skip(1) {
        let others: Vec<&str> = names[..n].iter().map(String::as_str).collect();
        assert_eq!(bench.claim(name, &n.to_string()), granted(&others));
    }
}

#[test]
fn a_modem_that_does_not_read_its_card_again_delays_another_for_half_a_minute() {
    let mut bench = Bench::with_one_served(None);
    assert_eq!(bench.claim("b", "2"), undecided(&["a"]));
    bench.pass(20);
    assert_eq!(bench.claim("b", "2"), undecided(&["a"]));
    bench.pass(10);
    assert_eq!(bench.claim("b", "2"), granted(&["a"]));
}

#[test]
fn a_modem_that_has_lost_its_card_is_another_once_it_has_looked_in_vain() {
    let mut bench = Bench::with_one_served(None);
    bench.lose_card("a", IMEI);
    assert_eq!(bench.claim("b", "2"), undecided(&["a"]));
    bench.pass(31);
    assert_eq!(bench.claim("b", "2"), granted(&["a"]));
}

#[test]
fn a_modem_that_never_had_a_card_delays_nobody() {
    let mut bench = Bench::default();
    bench.see("a", IMEI, None);
    bench.see("b", IMEI, None);
    assert_eq!(bench.claim("b", "2"), granted(&[]));
    assert_eq!(bench.claims.may_be_spare(&port("a")), Some(port("b")));
}

#[test]
fn a_port_without_a_card_is_passed_over_unless_its_imei_is_known_to_be_shared() {
    let mut bench = Bench::default();
    bench.see("a", IMEI, Some("1-1"));
    bench.see("b", IMEI, Some("1-1"));
    bench.see("c", IMEI, Some("1-2"));
    bench.see("d", "861234567890999", None);
    assert_eq!(bench.claims.may_be_spare(&port("a")), None, "it was first");
    assert_eq!(bench.claims.may_be_spare(&port("b")), Some(port("a")));
    assert_eq!(bench.claims.may_be_spare(&port("c")), None, "another USB device");
    assert_eq!(bench.claims.may_be_spare(&port("d")), None, "another modem");
    bench.claim("a", "1");
    bench.claim("c", "3");
    bench.confirm("a");
    assert_eq!(bench.claim("c", "3"), granted(&["a"]));
    assert_eq!(bench.claims.may_be_spare(&port("b")), None);
}

#[test]
fn ports_that_tell_different_things_are_compared_only_where_they_may_be_one_modem() {
    let table = [
        // Two IMEIs are two modems, also with the same card.
        (IMEI, Some("1-1"), "861234567890999", Some("1-1"), "1", granted(&[])),
        // One port of a stick tells the IMEI, the other does not.
        (IMEI, Some("1-1"), "port:b", Some("1-1"), "1", undecided(&["a"])),
        (IMEI, None, "port:b", None, "1", undecided(&["a"])),
        // Two devices, or two cards and nothing that connects the ports.
        (IMEI, Some("1-1"), "port:b", Some("1-2"), "1", granted(&[])),
        (IMEI, None, "port:b", None, "2", granted(&[])),
        // Four modules behind one converter of four lines.
        ("port:a", Some("1-1"), "port:b", Some("1-1"), "2", undecided(&["a"])),
    ];
    for (first, usb_a, second, usb_b, card, expected) in table {
        let mut bench = Bench::default();
        bench.see("a", first, usb_a);
        bench.claim("a", "1");
        bench.see("b", second, usb_b);
        assert_eq!(bench.claim("b", card), expected, "{first} {second} {card}");
        bench.confirm("a");
        let decided = match expected {
            Claim::Undecided(_) if card == "1" => Claim::ServedOn(port("a")),
            _ => granted(&[]),
        };
        assert_eq!(bench.claim("b", card), decided, "{first} {second} {card}");
    }
}

#[test]
fn another_modem_at_the_same_port_starts_afresh() {
    let mut bench = Bench::with_one_served(None);
    bench.see("a", "861234567890999", None);
    assert_eq!(bench.claims.presence(&port("a")), Presence::Waiting);
    assert_eq!(bench.claim("b", "2"), granted(&[]));
}
