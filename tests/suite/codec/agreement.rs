//! Some thousand generated messages: read as they were made, and written down for a decoder that is
//! not ours.
//!
//! `.ci/codec-agreement` reads the file and compares. The test alone holds our own half: what we
//! made is what we read.

use super::{message, over_the_wire};
use chrono::DateTime;
use serde_json::{Value, json};
use simbridge::domain::Random;
use simbridge::sms::{
    Address, Alphabet, Body, Concat, Dcs, Deliver, Flaw, Header, Language, Scts, UserData,
};
use std::fmt::Write as _;
use std::{fs, path::Path};

const MESSAGES: usize = 5000;

fn one<T: Copy>(random: &mut Random, of: &[T]) -> T {
    of[random.index(of.len())]
}

fn random_text(random: &mut Random, letters: &str, longest: usize) -> String {
    let letters: Vec<char> = letters.chars().collect();
    (0..random.index(longest + 1)).map(|_| one(random, &letters)).collect()
}

const PLAIN: &str =
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCXYZÄÖÑÜ§¿abcxyzäöñüà";
const EXTENDED: &str = "abc 0123456789{}[]\\~^|€";
const WIDE: &str = "код 4711 é漢字ж😀🎉";

/// The text and the coding scheme and body that carry it; at most `septets` septets or `septets * 7
/// / 8` octets.
fn said(random: &mut Random, septets: usize) -> (String, Dcs, Body) {
    let classes = [0x00, 0x10, 0x11, 0x12, 0x13];
    let (text, body) = match random.below(3) {
        0 => (random_text(random, PLAIN, septets), None),
        1 => (random_text(random, EXTENDED, septets / 2), None),
        // Half as many characters, for each may be a pair.
        _ => (random_text(random, WIDE, septets * 7 / 8 / 4), Some(())),
    };
    let class = one(random, &classes);
    match body {
        None => {
            (text.clone(), Dcs(class), Body::septets(&text, None).expect("in the default alphabet"))
        }
        Some(()) => (text.clone(), Dcs(class | 0x08), Body::ucs2(&text)),
    }
}

fn made(random: &mut Random) -> (Deliver, String, i64) {
    let header = match random.below(4) {
        0 | 1 => None,
        narrow_or_wide => {
            let total = 1 + random.below(255) as u8;
            let sequence = 1 + random.below(u64::from(total)) as u8;
            let wide = narrow_or_wide == 3;
            let reference = random.below(if wide { 65_536 } else { 256 }) as u16;
            Some(Header::new().with_concat(Concat { reference, total, sequence, wide }))
        }
    };
    let (text, dcs, body) = said(random, 150);
    let originator = match random.below(3) {
        0 => format!("+{}", random_text(random, "123456789", 14) + "1"),
        1 => random_text(random, "0123456789", 9) + "1",
        _ => format!("S{}", random_text(random, "ABCxyz -&0123", 10)),
    };
    let seconds = 946_684_800 + random.below(1_500_000_000) as i64;
    let zone = random.below(97) as i8 - 48;
    let at = DateTime::from_timestamp(seconds, 0).expect("a time");
    let mut message = message(dcs, None, Body::Septets(Vec::new()));
    message.smsc = (random.below(2) == 0).then(|| Address::parse("+31624000000"));
    message.originator = Address::parse(&originator);
    message.scts = Scts::from_utc(at, zone);
    message.user_data = UserData::new(header, body);
    (message, text, seconds)
}

/// What we read in a PDU, in the words that the script compares.
fn described(read: &Deliver) -> Value {
    let alphabet = match read.dcs.alphabet() {
        Alphabet::Gsm7 => "gsm7",
        Alphabet::Data => "data",
        Alphabet::Ucs2 => "ucs2",
    };
    json!({
        "pdu": hex::encode_upper(read.encode()),
        "smsc": read.smsc.as_ref().map(ToString::to_string),
        "originator": read.originator.to_string(),
        "alphabet": alphabet,
        "dcs": read.dcs.0,
        "time": read.scts.to_utc().map(|time| time.timestamp()),
        "concat": read.concat().map(|c| {
            [usize::from(c.reference), usize::from(c.total), usize::from(c.sequence)]
        }),
        "text": read.text().text,
    })
}

/// Each code of each national table, alone and after an escape.
fn national() -> impl Iterator<Item = Value> {
    let pairs = Language::ALL
        .into_iter()
        .flat_map(|language| [(Some(language), None), (None, Some(language))]);
    pairs.flat_map(|(single, locking)| {
        (0..128u8).filter(|code| *code != 0x1b).map(move |code| {
            let header = Header::new().with_languages(single, locking);
            let septets = if single.is_some() { vec![0x1b, code] } else { vec![code] };
            let read =
                over_the_wire(&message(Dcs::GSM7, Some(header), Body::Septets(septets.clone())));
            let text = read.text();
            json!({
                "locking": locking.map_or(0, |l| l as u8),
                "single": single.map_or(0, |l| l as u8),
                "septets": hex::encode(&septets),
                "text": (!text.flaws.has(Flaw::UnknownCharacter)).then_some(text.text),
            })
        })
    })
}

#[test]
fn generated_messages_are_read_as_they_were_made() {
    let mut random = Random::new(0x0023_0400_2303_8000);
    let mut lines = String::new();
    for _ in 0..MESSAGES {
        let (sent, text, seconds) = made(&mut random);
        let read = over_the_wire(&sent);
        assert_eq!(read, sent);
        assert_eq!(read.text().text, text);
        assert_eq!(read.scts.to_utc().map(|at| at.timestamp()), Some(seconds));
        writeln!(lines, "{}", described(&read)).expect("a line");
    }
    national().for_each(|line| writeln!(lines, "{line}").expect("a line"));
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("codec-agreement.jsonl");
    fs::write(file, lines).expect("the file for .ci/codec-agreement");
}
