//! What holds for every message: what is written is read back, however it is cut.

use super::{checks, message, over_the_wire};
use chrono::DateTime;
use proptest::collection::vec;
use proptest::prelude::*;
use simbridge::sms::{
    Address, Alphabet, Body, Dcs, Deliver, Header, Parameters, Pid, Scts, Status, StatusReport,
    Submit, UserData, Validity, join,
};

fn address() -> impl Strategy<Value = Address> {
    let digits = (any::<u8>(), "[0-9*#a-c]{0,20}").prop_filter_map("a number", |(kind, value)| {
        (kind >> 4 & 7 != 5).then_some(Address { kind, value })
    });
    let name = ("[A-Za-z0-9 äÖ£Δ€{}-]{0,20}", 0xd0..=0xdfu8)
        .prop_map(|(value, kind)| Address { kind, value });
    prop_oneof![digits, name]
}

fn header() -> impl Strategy<Value = Option<Header>> {
    let elements = vec((any::<u8>(), vec(any::<u8>(), 0..6)), 0..4);
    let header = |elements: Vec<(u8, Vec<u8>)>| {
        elements.into_iter().fold(Header::new(), |header, (id, data)| header.with(id, &data))
    };
    proptest::option::of(elements.prop_map(header))
}

fn user_data() -> impl Strategy<Value = (Dcs, UserData)> {
    (any::<u8>(), header(), vec(any::<u8>(), 0..120)).prop_map(|(dcs, header, octets)| {
        let dcs = Dcs(dcs);
        let is_packed = dcs.alphabet() == Alphabet::Gsm7 && !dcs.is_compressed();
        let septets = || octets.iter().map(|octet| octet & 0x7f).collect();
        let body = if is_packed { Body::Septets(septets()) } else { Body::Octets(octets) };
        (dcs, UserData::new(header, body))
    })
}

prop_compose! {
    fn deliver()(
        smsc in proptest::option::of(address().prop_filter("an even length", |a| {
            a.value.len() % 2 == 0 && a.kind >> 4 & 7 != 5
        })),
        flags in any::<[bool; 4]>(),
        originator in address(),
        pid in any::<u8>(),
        scts in any::<[u8; 7]>(),
        (dcs, user_data) in user_data(),
    ) -> Deliver {
        let [more_to_send, loop_prevention, status_report, reply_path] = flags;
        let (pid, scts) = (Pid(pid), Scts(scts));
        Deliver {
            smsc, more_to_send, loop_prevention, status_report, reply_path,
            originator, pid, dcs, scts, user_data,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_deliver_is_read_as_it_was_written(sent in deliver()) {
        prop_assert_eq!(over_the_wire(&sent), sent);
    }

    #[test]
    fn a_submit_is_read_as_it_was_written(
        destination in address(),
        octets in any::<[u8; 7]>(),
        format in 0..4,
        (dcs, user_data) in user_data(),
    ) {
        let validity = match format {
            0 => Validity::Unsaid,
            1 => Validity::Relative(octets[0]),
            2 => Validity::Until(Scts(octets)),
            _ => Validity::Enhanced(octets),
        };
        let submit = Submit {
            smsc: None, reject_duplicates: format == 0, status_report: format == 1,
            reply_path: format == 2,
            number: octets[1], destination, pid: Pid(octets[2]), dcs, validity, user_data,
        };
        prop_assert_eq!(Submit::decode(&submit.encode()), Ok(submit));
    }

    #[test]
    fn a_status_report_is_read_as_it_was_written(
        recipient in address(),
        number in any::<u8>(),
        times in any::<[[u8; 7]; 2]>(),
        status in any::<u8>(),
        extra in proptest::option::of(user_data()),
    ) {
        let parameters = match extra {
            Some((dcs, user_data)) => {
                Parameters { pid: None, dcs: Some(dcs), user_data: Some(user_data) }
            }
            None => Parameters::default(),
        };
        let [scts, discharge] = times.map(Scts);
        let report = StatusReport {
            smsc: None, more_to_send: false, loop_prevention: false, of_command: number > 127,
            number, recipient,
            scts, discharge, status: Status(status), parameters,
        };
        prop_assert_eq!(StatusReport::decode(&report.encode()), Ok(report));
    }

    #[test]
    fn any_text_arrives(text in "\\PC{0,400}", reference in any::<u8>()) {
        let sender = Address::parse("Sender");
        let parts = Deliver::compose(None, &sender, Scts([0; 7]), &text, reference);
        let read: Vec<Deliver> = parts.iter().map(over_the_wire).collect();
        prop_assert!(read.iter().all(|part| part.encode().len() <= 176));
        prop_assert_eq!(join(&read).text, text);
        prop_assert!(!join(&read).lossy());
    }

    #[test]
    fn it_does_not_matter_where_packed_text_is_cut(
        text in "[a-z€{}\\[~éΔ]{0,60}",
        cuts in vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let Some(Body::Septets(whole)) = Body::septets(&text, None) else {
            return Err(TestCaseError::fail("encodes"));
        };
        let parts: Vec<Deliver> = pieces(&whole, cuts)
            .map(|piece| over_the_wire(&message(Dcs::GSM7, None, Body::Septets(piece))))
            .collect();
        prop_assert_eq!(join(&parts).text, text);
    }

    #[test]
    fn it_does_not_matter_where_ucs2_is_cut(
        text in "[a-zжé😀🎉]{0,40}",
        cut in any::<prop::sample::Index>(),
    ) {
        let Body::Octets(whole) = Body::ucs2(&text) else {
            return Err(TestCaseError::fail("encodes"));
        };
        let parts: Vec<Deliver> = pieces(&whole, vec![cut])
            .map(|piece| over_the_wire(&message(Dcs::UCS2, None, Body::Octets(piece))))
            .collect();
        prop_assert_eq!(join(&parts).text, text);
    }

    #[test]
    fn a_time_and_its_zone_come_back(seconds in 0i64..3_155_760_000, zone in -79i8..=79) {
        let at = DateTime::from_timestamp(seconds, 0).unwrap_or_default();
        // A year before 1970 in local time is one of the next century on the wire.
        prop_assume!(seconds > 86_400 && seconds < 3_155_760_000 - 86_400);
        let scts = Scts::from_utc(at, zone);
        prop_assert_eq!(scts.to_utc(), Some(at));
        prop_assert_eq!(scts.zone_quarter_hours(), Some(zone));
    }

    #[test]
    fn any_octets_are_a_message_or_an_error(octets in vec(any::<u8>(), 0..400)) {
        checks::tpdu(&octets);
        checks::join_parts(&octets);
        checks::ussd(&octets);
    }

    #[test]
    fn a_message_damaged_anywhere_is_a_message_or_an_error(
        sent in deliver(),
        at in any::<prop::sample::Index>(),
        octet in any::<u8>(),
        end in any::<prop::sample::Index>(),
    ) {
        let mut octets = sent.encode();
        let at = at.index(octets.len());
        octets[at] = octet;
        checks::tpdu(&octets);
        octets.truncate(end.index(octets.len()));
        checks::tpdu(&octets);
    }
}

/// What lies between the cuts.
fn pieces(whole: &[u8], cuts: Vec<prop::sample::Index>) -> impl Iterator<Item = Vec<u8>> {
    let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(whole.len() + 1)).collect();
    at.extend([0, whole.len()]);
    at.sort_unstable();
    let pieces: Vec<Vec<u8>> = at.windows(2).map(|pair| whole[pair[0]..pair[1]].to_vec()).collect();
    pieces.into_iter()
}
