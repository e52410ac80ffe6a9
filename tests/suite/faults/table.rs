//! Every fault on every family: each message is there exactly once, and the modem is Ready again.

use simbridge::simulator::{Fault, Leftover, Quirk, families};

use super::rig::Rig;

const MINUTE_MS: u64 = 60_000;

/// A fault and what ends it. A fault that nothing ends is over by itself, or is one with which a
/// session has to work properly while it lasts. The others last for [`SPELL_MS`].
struct Case {
    name: &'static str,
    begins: Vec<Fault>,
    ends: Vec<Fault>,
    /// The number of messages that arrive at once when the fault begins.
    messages: usize,
    /// Whether messages arrive among them that are no text for people.
    specials: bool,
}

/// The ICCID of a rack's first card.
const CARD: &str = "8931040000000000018";

const SPELL_MS: u64 = 100_000;
/// The longest time from the end of a fault, or from the beginning of one that nothing ends, until
/// the modem is ready and every message on disk.
const PATIENCE_MS: u64 = 10 * MINUTE_MS;

fn case(name: &'static str, begins: Fault) -> Case {
    begin_with(name, vec![begins])
}

fn begin_with(name: &'static str, begins: Vec<Fault>) -> Case {
    Case { name, begins, ends: Vec::new(), messages: 3, specials: false }
}

fn spell(name: &'static str, begins: Fault, ends: Fault) -> Case {
    Case { ends: vec![ends], ..case(name, begins) }
}

/// The case with messages that are no text instead of texts.
fn no_texts(case: Case) -> Case {
    Case { messages: 0, specials: true, ..case }
}

/// A quirk of a modem that is unplugged and plugged in again.
fn plugged_in_again(name: &'static str, quirk: Quirk) -> Case {
    let unplugged = Fault::PortGone { back_after_ms: Some(2_000) };
    begin_with(name, vec![Fault::Habit { quirk }, unplugged])
}

fn refuse(command: &str, times: u32) -> Fault {
    Fault::Refuse { command: command.to_owned(), times }
}

fn cut(command: &str, octets: usize) -> Fault {
    Fault::Cut { command: command.to_owned(), times: 2, octets }
}

fn no_final(command: &str) -> Fault {
    Fault::NoFinal { command: command.to_owned(), times: 2 }
}

fn stray(line: &str, command: &str, times: u32) -> Fault {
    Fault::StrayLine { line: line.to_owned(), command: command.to_owned(), times }
}

fn text_mode(charset: &str, direct: bool) -> Fault {
    Fault::TextMode { charset: charset.to_owned(), direct }
}

fn flood(line: &str, every_ms: u64) -> Fault {
    Fault::Flood { line: line.to_owned(), every_ms, for_ms: 60_000 }
}

fn garbage(octets: &[u8]) -> Fault {
    Fault::Garbage { octets: octets.iter().map(|octet| format!("{octet:02x}")).collect() }
}

fn of_the_line() -> Vec<Case> {
    vec![
        case("silence for one command", Fault::Silence { commands: 1 }),
        case("silence for ten commands", Fault::Silence { commands: 10 }),
        case("slow", Fault::Slow { delay_ms: 3_000, commands: 20 }),
        case("late beyond every deadline", Fault::Slow { delay_ms: 65_000, commands: 1 }),
        case("late into the next command", Fault::Slow { delay_ms: 26_000, commands: 3 }),
        case("no final result after CMGR", no_final("+CMGR")),
        case("no final result after CMGL", no_final("+CMGL")),
        case("no final result after CPIN?", no_final("+CPIN")),
        case("no final result after CMGD", no_final("+CMGD")),
        case("CMGR breaks off in its PDU", cut("+CMGR", 60)),
        case("CMGL breaks off in its PDU", cut("+CMGL", 60)),
        case("CMGL breaks off in its head", cut("+CMGL", 9)),
        case("CMGR is refused", refuse("+CMGR", 3)),
        case("CMGL is refused", refuse("+CMGL", 3)),
        case("CMGD is refused", refuse("+CMGD", 3)),
        case("CPMS is refused", refuse("+CPMS", 3)),
        case("everything is refused", refuse("", 12)),
        spell(
            "three of a hundred are refused",
            Fault::RefuseShare { percent: 3, seed: 1 },
            Fault::Clear,
        ),
        spell(
            "thirty of a hundred are refused",
            Fault::RefuseShare { percent: 30, seed: 2 },
            Fault::Clear,
        ),
        case("a warning before a PDU", stray("UNDER-VOLTAGE WARNNING", "+CMG", 2)),
        case("a warning before each PDU", stray("UNDER-VOLTAGE WARNNING", "+CMG", u32::MAX)),
        case("an unknown line before each PDU", stray("AT command not finished", "+CMG", u32::MAX)),
        case("digits before each PDU", stray("00A1B2C3D4E5F60718", "+CMG", u32::MAX)),
        case("a call before each last line", stray("RING", "", u32::MAX)),
        case("a flood of ^RSSI", flood("^RSSI:17", 40)),
        case("a flood of +CREG", flood("+CREG: 1", 200)),
        case("a flood of what looks like OK", flood("OKAY", 50)),
        case("garbage with a prompt", garbage(b"\x00\xff> \r\n+CMTI\r+CMGI\xfe")),
        case("garbage without a line end", garbage(&[b'x'; 5_000])),
        case("the echo is back", Fault::Echo),
        case("a USSD text that was cut", garbage(b"\r\n+CUSD: 0,\"A TV of 32\r\n")),
        case("a flood of USSD texts that were cut", flood("+CUSD: 0,\"A TV of 32", 400)),
        case("a flood of USSD menus", flood("+CUSD: 1,\"1: more\",15", 700)),
        case("the card is busy", Fault::Busy { code: 14, times: 20 }),
        case("a Wavecom's card is busy", Fault::Busy { code: 515, times: 20 }),
    ]
}

/// A quirk that shows when the modem starts.
fn start_with(name: &'static str, quirk: Quirk) -> Case {
    begin_with(name, vec![Fault::Habit { quirk }, Fault::Reboot])
}

fn of_the_modem() -> Vec<Case> {
    let habit = |name, quirk| case(name, Fault::Habit { quirk });
    vec![
        case("lost URCs", Fault::DropUrcs { count: 50 }),
        case("CNMI falls to mt 0", Fault::Deaf),
        case("settings lost in silence", Fault::SettingsLost),
        case("text mode, set by another program", text_mode("IRA", true)),
        case("text mode in UCS-2", text_mode("UCS2", true)),
        case("text mode, and messages stored", text_mode("IRA", false)),
        no_texts(case("text mode, and no texts", text_mode("IRA", true))),
        case("delivered twice by the network", Fault::Duplicate { messages: 3 }),
        case("delivered again with other bits", Fault::Redeliver { messages: 3 }),
        Case { specials: true, ..case("messages that are no text", Fault::Clear) },
        Case {
            specials: true,
            ..case("messages that are no text, again", Fault::Redeliver { messages: 20 })
        },
        case("restart", Fault::Reboot),
        Case {
            begins: vec![Fault::Habit { quirk: Quirk::SilentBoot }, Fault::Reboot],
            ..case("restart in silence", Fault::Reboot)
        },
        Case {
            messages: 130,
            ..habit("the store is full, and again, and deaf", Quirk::DeafWhenFull)
        },
        start_with("the IMEI is lost in a restart", Quirk::NoImei),
        plugged_in_again("no IMEI", Quirk::NoImei),
        plugged_in_again("OK instead of an IMEI", Quirk::EmptyImei),
        plugged_in_again("an IMEI of zeros", Quirk::ZeroImei),
        plugged_in_again("a serial number instead of an IMEI", Quirk::SerialNumber),
        plugged_in_again("the IMEI only by its type", Quirk::ImeiByType),
        begin_with(
            "the IMEI is refused for a while",
            vec![refuse("+CGSN", 3), Fault::PortGone { back_after_ms: Some(2_000) }],
        ),
        begin_with(
            "no IMEI, and late beyond every deadline",
            vec![
                Fault::Habit { quirk: Quirk::NoImei },
                Fault::PortGone { back_after_ms: Some(2_000) },
                Fault::Slow { delay_ms: 26_000, commands: 3 },
            ],
        ),
        spell("the card is out", Fault::SimOut, Fault::SimIn { iccid: CARD.to_owned() }),
        Case {
            begins: vec![
                Fault::Habit { quirk: Quirk::SilentCard },
                Fault::SimOut,
                Fault::SimIn { iccid: CARD.to_owned() },
            ],
            ..case("the card is out and in, and nobody tells", Fault::SimOut)
        },
        spell("the port is gone", Fault::PortGone { back_after_ms: None }, Fault::PortBack),
        case(
            "the port is back under another name",
            Fault::PortMoved { back_after_ms: 5_000, name: "other".to_owned() },
        ),
        spell("no network", Fault::CoverageLost, Fault::CoverageBack),
        spell("the network refuses", Fault::Denied, Fault::CoverageBack),
        spell(
            "the card wants its PIN",
            Fault::SimLocked { pin: "2468".to_owned() },
            Fault::SimUnlocked,
        ),
        spell("the card wants its PUK", Fault::SimBlocked, Fault::SimUnlocked),
        start_with("the card wants its PIN2", Quirk::Pin2Wanted),
        start_with("the card wants its PUK2", Quirk::Puk2Wanted),
        Case {
            ends: vec![Fault::Clear],
            ..start_with("the modem is locked to a network", Quirk::NetworkLocked)
        },
        habit("no space after the colon", Quirk::NoSpace),
        habit("line feeds only", Quirk::LineFeedOnly),
        habit("doubled line ends", Quirk::DoubledLineEnds),
        habit("CMTI with index -1", Quirk::CmtiWithoutIndex),
        habit("CMTI with more fields", Quirk::CmtiWithMore),
        habit("CPMS counts lag", Quirk::CountsLag),
        habit("each message stored twice", Quirk::DeliversTwice),
        habit("deaf when full", Quirk::DeafWhenFull),
        habit("no CMGL", Quirk::NoList),
        habit("CMGD takes no flag", Quirk::DeleteWithoutFlag),
        habit("an empty name in CMGL", Quirk::EmptyName),
        habit("only CEREG tells", Quirk::LteOnly),
        habit("registered for SMS only", Quirk::SmsOnly),
        habit("a prompt after CNMA", Quirk::PromptAfterCnma),
        habit("chatter in replies", Quirk::ChatterInReplies),
        habit("the voltage sags at each command", Quirk::VoltageInReplies),
        habit("text mode alone", Quirk::TextModeOnly),
        habit("text mode in spite of PDU mode", Quirk::KeepsTextMode),
        no_texts(habit("text mode alone, and no texts", Quirk::TextModeOnly)),
        no_texts(habit("text mode in spite of PDU mode, and no texts", Quirk::KeepsTextMode)),
        habit("headers without status", Quirk::EmptyStatus),
        habit("an empty list, whatever is counted", Quirk::EmptyList),
        spell("a card without room", Fault::Habit { quirk: Quirk::CardWithoutRoom }, Fault::Clear),
    ]
}

/// What another program has left, and what cannot be changed about a modem.
fn of_other_programs() -> Vec<Case> {
    let left = |state| Fault::Leftover { state };
    let restarted = |name, state| begin_with(name, vec![left(state), Fault::Reboot]);
    let habit = |name, quirk| case(name, Fault::Habit { quirk });
    vec![
        case("answers in digits", left(Leftover::Digits)),
        restarted("answers in digits after a restart", Leftover::Digits),
        case("answers no more", left(Leftover::Silence)),
        restarted("answers nothing after a restart", Leftover::Silence),
        restarted("strings in UCS-2", Leftover::Ucs2),
        begin_with(
            "strings in UCS-2 for ever",
            vec![Fault::Habit { quirk: Quirk::CharsetStays }, left(Leftover::Ucs2), Fault::Reboot],
        ),
        case("taken off the network", left(Leftover::OffNetwork)),
        case("asleep while idle", left(Leftover::Sleep)),
        restarted("asleep while idle after a restart", Leftover::Sleep),
        case("a call has the line", left(Leftover::DataMode)),
        case("at a prompt", left(Leftover::Prompt)),
        case("half a command in the line", left(Leftover::HalfCommand)),
        habit("an echo that stays", Quirk::EchoStays),
        begin_with(
            "an echo that stays and comes twice",
            vec![
                Fault::Habit { quirk: Quirk::EchoStays },
                Fault::Habit { quirk: Quirk::EchoTwice },
                Fault::Reboot,
            ],
        ),
        start_with("registered on 5G alone after a restart", Quirk::FiveGOnly),
    ]
}

/// Runs a fault and returns the time until everything worked again.
fn play(family: &str, case: &Case) -> Result<u64, String> {
    let mut rig = Rig::of_family(family);
    rig.run_until_working(5 * MINUTE_MS).map_err(|told| format!("never Ready at all\n  {told}"))?;
    rig.send(0, "before");
    rig.run_for(200);
    case.begins.iter().for_each(|fault| rig.fault(0, fault));
    for number in 0..case.messages {
        rig.send(0, &format!("at once {number}"));
    }
    if case.specials {
        rig.send_specials(0);
    }
    if !case.ends.is_empty() {
        rig.run_for(SPELL_MS / 2);
        rig.send(0, "meanwhile");
        rig.run_for(SPELL_MS / 2);
    }
    case.ends.iter().for_each(|fault| rig.fault(0, fault));
    let took = rig.run_until_working(PATIENCE_MS)?;
    rig.send(0, "after");
    rig.run_for(3 * MINUTE_MS);
    rig.send(0, "much later");
    rig.run_until_working(PATIENCE_MS).map_err(|told| format!("well, and then not\n  {told}"))?;
    let mut failures = rig.faults_found();
    failures.extend(rig.hasty_commands());
    if failures.is_empty() { Ok(took) } else { Err(failures.join(", ")) }
}

#[test]
fn every_fault_on_every_family_ends_with_each_message_once_and_the_modem_ready() {
    let cases: Vec<Case> =
        [of_the_line(), of_the_modem(), of_other_programs()].into_iter().flatten().collect();
    let mut failures = Vec::new();
    for case in &cases {
        let mut slowest = ("", 0);
        for family in families() {
            match play(family, case) {
                Ok(took_ms) if took_ms > slowest.1 => slowest = (family, took_ms),
                Ok(_) => {}
                Err(failure) => failures.push(format!("{} x {family}: {failure}", case.name)),
            }
        }
        println!(
            "{:<40} well again after at most {:>5} s ({})",
            case.name,
            slowest.1 / 1000,
            slowest.0
        );
    }
    assert!(
        failures.is_empty(),
        "{} of {}:\n{}",
        failures.len(),
        cases.len() * families().count(),
        failures.join("\n")
    );
}
