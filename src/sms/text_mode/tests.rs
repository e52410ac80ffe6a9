use super::*;
use crate::sms::header::Header;
use crate::sms::ucs2;

const TIME: &str = "26/06/22,12:57:03+08";

fn message(sender: &str, text: &str) -> TextMode {
    TextMode {
        address: sender.to_owned(),
        time: TIME.to_owned(),
        text: text.to_owned(),
        ..TextMode::default()
    }
}

/// One of which all fields are shown.
fn shown(first: u8, pid: u8, dcs: u8, text: &str) -> TextMode {
    let fields = TextFields { address_type: Some(208), first, pid, dcs, centre: String::new() };
    TextMode { fields: Some(fields), ..message("Uber", text) }
}

fn ucs2(text: &str) -> String {
    hex::encode_upper(ucs2::encode(text))
}

#[test]
fn senders_and_texts_in_the_character_sets_that_a_modem_may_be_left_in() {
    let in_ucs2 = |sender: &str, text: &str| message(&ucs2(sender), &ucs2(text));
    let table = [
        (message("+31612345678", "Hello"), "+31612345678", "Hello"),
        (message("Uber", "Your code is 1234"), "Uber", "Your code is 1234"),
        (message("Uber", "two\nlines"), "Uber", "two\nlines"),
        (message("1000", "12345678"), "1000", "12345678"),
        (message("0041", "123456"), "0041", "123456"),
        (message("Uber", "CAFE"), "Uber", "CAFE"),
        (message("Uber", "deadbeef"), "Uber", "deadbeef"),
        (message("Uber", "123456789012"), "Uber", "123456789012"),
        (message("Uber", ""), "Uber", ""),
        (in_ucs2("+31612345678", "Hello "), "+31612345678", "Hello "),
        (in_ucs2("Uber", "code 4711"), "Uber", "code 4711"),
        (in_ucs2("Uber", "1"), "Uber", "1"),
        (in_ucs2("Uber", "привет 😀"), "Uber", "привет 😀"),
        (in_ucs2("1000", "123456"), "1000", "123456"),
        (message("+31612345678", &ucs2("код 4711")), "+31612345678", "код 4711"),
        (message("+31612345678", &ucs2("你的验证码是 4711")), "+31612345678", "你的验证码是 4711"),
        (message("+31612345678", &ucs2("Hello")), "+31612345678", "Hello"),
        (message("a\u{0}b", "5 \u{2} = 4 \u{1b}e"), "a@b", "5 $ = 4 €"),
    ];
    for (message, sender, text) in table {
        assert_eq!((message.sender().as_str(), message.text().as_str()), (sender, text));
    }
}

#[test]
fn with_the_coding_scheme_there_is_nothing_to_guess() {
    let coded = |first, dcs, text: &str| shown(first, 0, dcs, text);
    let header = "050003A70201";
    let table = [
        (coded(0x04, 0, "00480065"), "00480065"),
        (coded(0x04, 8, "00480065"), "He"),
        (coded(0x04, 8, "0031"), "1"),
        (coded(0x04, 4, "48656C6C6F"), "Hello"),
        (TextMode { length: Some(4), ..coded(0x04, 8, "1234") }, "1234"),
        (TextMode { length: Some(1), ..coded(0x04, 8, "0031") }, "1"),
        (TextMode { length: Some(2), ..coded(0x04, 8, "0031") }, "1"),
        (coded(0x44, 8, &format!("{header}00480065")), "He"),
        // "Hello" in septets behind six octets of header and a bit of fill.
        (coded(0x44, 0, &format!("{header}906536FB0D")), "Hello"),
    ];
    for (message, text) in table {
        assert_eq!(message.text(), text, "{message:?}");
    }
}

#[test]
fn with_all_fields_a_message_is_what_its_pdu_says() {
    let concat = Header::new().with(0, &[42, 2, 2]);
    let to_port = Header::new().with(5, &[0x15, 0x81, 0x23, 0xf0]);
    let waits = Header::new().with(1, &[0x80, 3]);
    let septets = |text| Body::septets(text, None).unwrap();
    let table = [
        ("UCS-2", "Uber", 0, 8, None, Body::ucs2("код 4711")),
        ("8-bit data", "+31612345678", 0, 4, None, Body::Octets(vec![0, 0xfe, 0x10])),
        ("second part", "Uber", 0, 0, Some(concat.clone()), septets("the rest of it")),
        ("seven octets", "Uber", 0, 0, Some(concat), septets("a")),
        ("ring tone", "+31612345678", 0, 0xf5, Some(to_port), Body::Octets(vec![2, 0x4a])),
        ("probe", "1000", 0x40, 0, None, septets("")),
        ("voice mail", "1233", 0, 0xc8, None, septets("")),
        ("voice mail, counted", "1233", 0, 0, Some(waits), septets("")),
        ("a text", "Uber", 0, 0, None, septets("Your code is 1234")),
    ];
    for (name, sender, pid, dcs, header, body) in table {
        let deliver = Deliver {
            smsc: Some(Address::parse("+31653131313")),
            more_to_send: false,
            loop_prevention: false,
            status_report: false,
            reply_path: false,
            originator: Address::parse(sender),
            pid: Pid(pid),
            dcs: Dcs(dcs),
            scts: Scts::from_text(TIME).unwrap(),
            user_data: UserData::new(header, body),
        };
        let octets = deliver.encode();
        let read = TextMode::showing(&octets);
        let Some(again) = read.pdu() else { panic!("{name}") };
        let Pdu::Deliver(found) = &again else { panic!("{name}") };
        assert_eq!(found.purpose(), deliver.purpose(), "{name}");
        assert_eq!(read.sender(), deliver.originator.to_string(), "{name}");
        assert_eq!(read.text(), deliver.text().text, "{name}");
        assert_eq!(found.smsc, deliver.smsc, "{name}");
        let same = Pdu::Deliver(deliver).identity(&octets);
        assert_eq!(again.identity(&found.encode()), same, "{name}");
    }
}

#[test]
fn a_status_report_is_what_its_pdu_says() {
    let report = StatusReport {
        smsc: None,
        more_to_send: false,
        loop_prevention: false,
        of_command: false,
        number: 43,
        recipient: Address::parse("+31612345678"),
        scts: Scts::from_text(TIME).unwrap(),
        discharge: Scts::from_text("26/06/22,12:57:09+08").unwrap(),
        status: Status(0),
        parameters: Parameters::default(),
    };
    let shown = TextMode {
        entry: TextEntry::Report {
            first: 6,
            number: 43,
            address_type: Some(145),
            discharge: "26/06/22,12:57:09+08".to_owned(),
            status: 0,
        },
        ..message("31612345678", "")
    };
    assert_eq!(shown.pdu(), Some(Pdu::StatusReport(report)));
    assert_eq!(shown.sender(), "+31612345678");
}

#[test]
fn octets_that_nothing_explains_are_told_from_texts() {
    let in_ucs2 = |text: &str| message(&ucs2("Uber"), text);
    let table = [
        (message("Uber", "00FE109C8100"), true),
        (message("Uber", "060504158123F0024A3A"), true),
        (in_ucs2("00FE109C8100"), true),
        (in_ucs2("040102800300"), true),
        (message("Uber", "Your code is 1234"), false),
        (message("Uber", "123456789012"), false),
        (message("Uber", "040402123456"), false),
        (message("Uber", "CAFE1234"), false),
        (message("Uber", "0123456789abcdef"), false),
        (message("Uber", &ucs2("code 4711")), false),
        (in_ucs2(&ucs2("code 4711")), false),
        (in_ucs2(&ucs2("код 4711 😀")), false),
        (shown(0x04, 0, 0, "00FE109C8100"), false),
    ];
    for (message, is_unexplained) in table {
        assert_eq!(message.unexplained_octets().is_some(), is_unexplained, "{message:?}");
    }
    assert!(shown(0x44, 0, 0, "a header that is not shown").hides_header());
    assert!(!shown(0x44, 0, 0, "050003A70201906536FB0D").hides_header());
}

#[test]
fn times_with_their_zones_in_quarter_hours() {
    let table = [
        (TIME, Some("2026-06-22T10:57:03+00:00")),
        ("26/06/22,12:57:03-20", Some("2026-06-22T17:57:03+00:00")),
        ("26/06/22,12:57:03+00", Some("2026-06-22T12:57:03+00:00")),
        ("2026/06/22,12:57:03+08", Some("2026-06-22T10:57:03+00:00")),
        ("26/06/22,12:57:03", None),
        ("26/13/22,12:57:03+08", None),
        ("26/06/22", None),
        ("", None),
    ];
    for (time, expected) in table {
        let message = TextMode { time: time.to_owned(), ..message("Uber", "x") };
        let sent_at = message.sent_at().map(|at| at.to_rfc3339());
        assert_eq!(sent_at.as_deref(), expected, "{time}");
    }
}

#[test]
fn a_message_is_the_same_in_every_character_set_and_as_a_pdu() {
    let pdu = "07911326040000F0040B911346610089F60000208062917314080CC8F71D14969741F977FD07";
    let deliver = Deliver::decode(&hex::decode(pdu).unwrap()).unwrap();
    let time = "02/08/26,19:37:41+00";
    let read =
        TextMode { time: time.to_owned(), ..message(&ucs2("+31641600986"), &ucs2("How are you?")) };
    let plain = TextMode { time: time.to_owned(), ..message("+31641600986", "How are you? \n") };
    let identity =
        |message: &TextMode| text_identity(&message.sender(), message.sent_at(), &message.text());
    let of_pdu =
        text_identity(&deliver.originator.to_string(), deliver.scts.to_utc(), &deliver.text().text);
    assert_eq!(identity(&read), of_pdu);
    assert_eq!(identity(&plain), of_pdu);
    assert_ne!(identity(&message("+31641600986", "How are you?")), of_pdu, "another time");
}
