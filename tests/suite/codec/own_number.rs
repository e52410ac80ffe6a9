//! Own numbers out of what modems and operators answer.

use simbridge::sms::{Body, Dcs, number_in_ussd, own_number, ussd_packed, ussd_text, ussd_ucs2};

use super::message;

fn hex_of_ucs2(text: &str) -> String {
    text.encode_utf16().map(|unit| format!("{unit:04X}")).collect()
}

fn hex_of_packed(text: &str) -> String {
    let body = Body::septets(text, None).expect("in the default alphabet");
    let pdu = message(Dcs::GSM7, None, body).encode();
    hex::encode_upper(&pdu[pdu.len() - (text.len() * 7).div_ceil(8)..])
}

#[test]
fn the_number_field_of_a_cnum_reply() {
    let cases: &[(&str, Option<u8>, Option<&str>)] = &[
        ("+31612345678", Some(145), Some("+31612345678")),
        ("31612345678", Some(145), Some("+31612345678")),
        ("0612345678", Some(129), Some("0612345678")),
        ("0612345678", None, Some("0612345678")),
        ("+31 6 1234 5678", None, Some("+31612345678")),
        ("\"+447700900123\"", None, Some("+447700900123")),
        ("002B00330031003600310032003300340035003600370038", Some(145), Some("+31612345678")),
        ("0030003600310032003300340035003600370038", Some(129), Some("0612345678")),
        ("", None, None),
        ("0", Some(129), None),
        ("Voicemail", None, None),
        ("FFFFFFFFFFFF", Some(129), None),
        ("12345678901234567890", None, None),
    ];
    for (field, kind, number) in cases {
        assert_eq!(own_number(field, *kind).as_deref(), *number, "{field}");
    }
}

#[test]
fn a_ussd_reply_in_every_form() {
    let sentence = "Uw nummer is 0612345678.";
    let cases = [
        ("plain", sentence.to_owned(), Some(15)),
        ("plain, no coding scheme", sentence.to_owned(), None),
        ("packed septets", hex_of_packed(sentence), Some(15)),
        ("packed septets, no coding scheme", hex_of_packed(sentence), None),
        ("UCS-2", hex_of_ucs2(sentence), Some(72)),
        ("UCS-2, though the coding scheme says 7 bit", hex_of_ucs2(sentence), Some(15)),
        ("an octet for each character", hex::encode(sentence), Some(15)),
    ];
    for (name, payload, dcs) in cases {
        let text = ussd_text(&payload, dcs);
        assert_eq!((text.text.as_str(), text.lossy()), (sentence, false), "{name}");
        assert_eq!(number_in_ussd(&payload, dcs).as_deref(), Some("0612345678"), "{name}");
    }
}

#[test]
fn packed_septets_of_every_length() {
    let sentence = "Your number is +447700900123, thank you for asking us.";
    for end in 30..=sentence.len() {
        let text = ussd_text(&hex_of_packed(&sentence[..end]), Some(15)).text;
        assert_eq!(text, sentence[..end], "{end} letters");
    }
    // Eight letters fill seven octets; seven are filled up with a CR.
    let filled = hex_of_packed("Number:\r");
    assert_eq!(ussd_text(&filled, Some(15)).text, "Number:");
}

#[test]
fn numbers_inside_sentences() {
    let cases = [
        ("Your number is 07700900123", Some("07700900123")),
        ("MSISDN: 447700900123", Some("447700900123")),
        ("Het nummer van je simkaart is: 06-12345678", Some("0612345678")),
        ("Je nummer: 06 12 34 56 78. Tegoed: 12,50", Some("0612345678")),
        ("Tegoed 7,50 geldig tot 31-12-2026. Nummer +31612345678", Some("+31612345678")),
        ("0612345678 oder +491701234567", Some("+491701234567")),
        ("Dial *123*0612345678# to pay", None),
        ("Your balance is 12.50. Call 1200 for help.", None),
        ("IMEI 490154203237518", None),
        ("ICCID 8931440300000000001", None),
        ("+1 (202) 555-0123", None),
        ("0612345678", Some("0612345678")),
        ("", None),
        ("+", None),
    ];
    for (text, number) in cases {
        assert_eq!(number_in_ussd(text, Some(15)).as_deref(), number, "{text}");
    }
}

#[test]
fn a_number_alone_is_not_taken_for_hex() {
    assert_eq!(number_in_ussd("447700900123", Some(15)).as_deref(), Some("447700900123"));
}

#[test]
fn cyrillic_and_data() {
    assert_eq!(
        number_in_ussd(&hex_of_ucs2("Ваш номер: 79161234567"), Some(72)).as_deref(),
        Some("79161234567")
    );
    assert_eq!(ussd_text("FF00FF00FF", Some(68)).flaws.to_string(), "data");
}

#[test]
fn codes_as_modems_want_them_come_back() {
    assert_eq!(ussd_packed("*100#").as_deref(), Some("AA180C3602"), "23.038 6.1.2.3.1");
    assert_eq!(ussd_packed("é日"), None);
    for code in ["*100#", "*1345#", "*12345#", "*123456#", "*1234567#", "*123*45*678*90#"] {
        let packed = ussd_packed(code).unwrap();
        assert_eq!(ussd_text(&packed, Some(15)).text, code, "{packed}");
        assert_eq!(ussd_text(&ussd_ucs2(code), Some(72)).text, code);
    }
}

#[test]
fn every_group_of_coding_schemes_is_read_as_23_038_says() {
    let sentence = "Uw nummer is 0612345678.";
    let packed = hex_of_packed(sentence);
    // A text that nobody would take for one without being told.
    let chinese = "你的号码";
    for dcs in 0..=u8::MAX {
        let (group, coding) = (dcs >> 4, dcs >> 2 & 0x03);
        let is_compressed = matches!(group, 6 | 7);
        let is_ucs2 = dcs == 0x11 || (matches!(group, 4 | 5 | 9) && coding == 0b10);
        let is_data = matches!(group, 13 | 14)
            || (matches!(group, 4 | 5 | 9) && coding == 0b01)
            || (group == 15 && dcs & 0x04 != 0);
        // A header that says that there is none.
        let header = if group == 9 { "00" } else { "" };
        let text = ussd_text(&format!("{header}{}", hex_of_ucs2(chinese)), Some(dcs));
        assert_eq!(text.text == chinese, is_ucs2, "{dcs:#04x}: {text:?}");
        if group == 9 {
            continue;
        }
        let text = ussd_text(&packed, Some(dcs));
        let is_text = !is_compressed && !is_data && !is_ucs2;
        assert_eq!(text.text == sentence, is_text, "{dcs:#04x}: {text:?}");
        assert_eq!(text.flaws.to_string() == "compressed", is_compressed, "{dcs:#04x}");
        assert_eq!(ussd_text(sentence, Some(dcs)).text, sentence, "plain, {dcs:#04x}");
    }
}

#[test]
fn the_language_and_the_header_before_a_text_are_left_out() {
    let sentence = "Your number is +447700900123.";
    let table = [
        (hex_of_packed(&format!("en\r{sentence}")), 0x10),
        (format!("en\r{sentence}"), 0x10),
        (format!("en\n{sentence}"), 0x10),
        (format!("6537{}", hex_of_ucs2(sentence)), 0x11),
        (hex_of_ucs2(sentence), 0x11),
        (sentence.to_owned(), 0x11),
        (format!("03010203{}", hex_of_ucs2(sentence)), 0x98),
    ];
    for (payload, dcs) in table {
        assert_eq!(ussd_text(&payload, Some(dcs)).text, sentence, "{dcs:#04x} {payload}");
    }
    // Where the coding scheme names no language, it is a word of the text.
    assert_eq!(ussd_text("en\rHi", Some(15)).text, "en\nHi");
}

#[test]
fn hexadecimal_texts_that_were_cut_and_those_with_marks_between() {
    let sentence = "Your balance is 9.50";
    let ucs2 = hex_of_ucs2(sentence);
    for cut in 1..4 {
        let text = ussd_text(&ucs2[..ucs2.len() - cut], Some(72)).text;
        assert_eq!(text, sentence[..sentence.len() - 1], "{cut} digits");
        let text = ussd_text(&ucs2[..ucs2.len() - cut], None).text;
        assert_eq!(text, sentence[..sentence.len() - 1], "{cut} digits, no coding scheme");
    }
    let marked = format!("{}\"of you\"{}", hex_of_ucs2("Now the song "), hex_of_ucs2(" is free"));
    assert_eq!(ussd_text(&marked, None).text, "Now the song \"of you\" is free");
    for plain in ["a 32\" screen", "\"1234567890123456\"", "8931440300000000001", "\"", ""] {
        assert_eq!(ussd_text(plain, Some(15)).text, plain);
    }
}

#[test]
fn lines_end_alike_however_they_were_sent() {
    for (text, lines) in [("1: a\r\n2: b\r", "1: a\n2: b"), ("1: a\r2: b", "1: a\n2: b")] {
        assert_eq!(ussd_text(text, Some(15)).text, lines);
        assert_eq!(ussd_text(&hex_of_ucs2(text), Some(72)).text, lines);
        assert_eq!(ussd_text(&hex_of_packed(text), Some(15)).text, lines);
    }
}
