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
