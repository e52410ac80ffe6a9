//! What must hold for any octets whatever. The fuzz targets call these, and so does a bounded run
//! in the ordinary tests.

use simbridge::sms::{
    Address, Body, Deliver, Flaws, PART_WINDOW, PartSet, Pdu, StatusReport, Submit, UserData,
};
use simbridge::sms::{join, number_in_ussd, own_number, place, ussd_text};

/// Octets as a modem gives them: read, written and read again they say the same.
pub fn tpdu(octets: &[u8]) {
    match Pdu::decode(octets) {
        Ok(Pdu::Deliver(read)) => deliver(octets, read),
        Ok(Pdu::StatusReport(read)) => status_report(octets, read),
        Ok(Pdu::Submit(read)) => submit(octets, read),
        Err(error) => {
            assert!(error.octet() <= octets.len(), "{error} of {} octets", octets.len());
            assert!(error.to_string().len() < 120, "{error}");
        }
    }
}

fn deliver(octets: &[u8], mut read: Deliver) {
    small(octets, &read.user_data);
    let _ = (read.purpose(), read.application());
    delivered_again(octets, &read);
    assert!(
        read.text().text.len() <= octets.len() * 4,
        "the text is no more than the octets can say"
    );
    let mut again = Deliver::decode(&read.encode()).expect("what was written can be read");
    for read in [&mut read, &mut again] {
        // Lengths are put right by writing.
        read.user_data.flaws = Flaws::NONE;
        without_fill(&mut read.originator);
        read.smsc.iter_mut().for_each(without_fill);
    }
    assert_eq!(again, read);
}

/// The bits of the first octet that belong to the delivery make no other message.
fn delivered_again(octets: &[u8], read: &Deliver) {
    let identity = |octets: &[u8]| {
        let read = Pdu::decode(octets).expect("only bits of the delivery are different");
        read.identity(octets)
    };
    let known = Pdu::Deliver(read.clone()).identity(octets);
    let mut again = octets.to_vec();
    again[usize::from(octets[0]) + 1] ^= 0xac;
    assert_eq!(identity(&again), known);
}

/// A name whose last septet is zero ends in `@`, or in nothing but fill: the two cannot be told
/// apart.
fn without_fill(address: &mut Address) {
    address.value.truncate(address.value.trim_end_matches('@').len());
}

fn status_report(octets: &[u8], mut read: StatusReport) {
    let mut again = StatusReport::decode(&read.encode()).expect("what was written can be read");
    for user_data in
        [&mut read.parameters.user_data, &mut again.parameters.user_data].into_iter().flatten()
    {
        small(octets, user_data);
        user_data.flaws = Flaws::NONE;
    }
    for read in [&mut read, &mut again] {
        without_fill(&mut read.recipient);
        read.smsc.iter_mut().for_each(without_fill);
    }
    assert_eq!(again, read);
}

fn submit(octets: &[u8], mut read: Submit) {
    small(octets, &read.user_data);
    let mut again = Submit::decode(&read.encode()).expect("what was written can be read");
    for read in [&mut read, &mut again] {
        read.user_data.flaws = Flaws::NONE;
        without_fill(&mut read.destination);
        read.smsc.iter_mut().for_each(without_fill);
    }
    assert_eq!(again, read);
}

/// Memory is a small multiple of the input.
fn small(octets: &[u8], user_data: &UserData) {
    let (Body::Septets(body) | Body::Octets(body)) = &user_data.body;
    let header = user_data.header.as_ref().map_or(0, |header| header.0.capacity());
    assert!(body.capacity() + header <= octets.len() * 2 + 16, "{} and {header}", body.capacity());
}

/// A length octet and a PDU, again and again: sorted into messages, each joined.
pub fn join_parts(octets: &[u8]) {
    let mut sets: Vec<(PartSet, Vec<Deliver>)> = Vec::new();
    let mut rest = octets;
    while let Some((length, behind)) = rest.split_first() {
        let (pdu, behind) = behind.split_at(usize::from(*length).min(behind.len()));
        rest = behind;
        let Ok(part) = Deliver::decode(pdu) else { continue };
        let Some(concat) = part.concat() else { continue };
        let at = part.scts.to_utc().unwrap_or_default();
        let who = part.originator.to_string();
        let known: Vec<PartSet> = sets.iter().map(|(set, _)| set.clone()).collect();
        match place(&known, &who, concat, at, PART_WINDOW) {
            Some(index) => {
                let (set, parts) = &mut sets[index];
                assert!(!set.has(concat.sequence), "one part for each number");
                set.add(concat.sequence, at);
                parts.push(part);
            }
            None => sets.push((PartSet::new(&who, concat, at), vec![part])),
        }
    }
    for (set, mut parts) in sets {
        parts.sort_by_key(|part| part.concat().map(|concat| concat.sequence));
        let total =
            parts.first().and_then(Deliver::concat).map_or(0, |concat| usize::from(concat.total));
        assert_eq!(
            set.missing().count() + parts.len(),
            total,
            "what is there and what is not are all"
        );
        assert_eq!(set.is_complete(), parts.len() == total);
        assert!(
            join(&parts).text.len() <= octets.len() * 4,
            "the text is no more than the octets can say"
        );
    }
}

/// A reply's text: whatever number is found in it is one.
pub fn ussd(octets: &[u8]) {
    let (dcs, payload) =
        octets.split_first().map_or((None, octets), |(first, rest)| (Some(*first), rest));
    let payload = String::from_utf8_lossy(payload);
    assert!(ussd_text(&payload, dcs).text.len() <= payload.len() * 2 + 4);
    for number in [number_in_ussd(&payload, dcs), own_number(&payload, dcs)].into_iter().flatten() {
        let digits = number.strip_prefix('+').unwrap_or(&number);
        assert!(
            (6..=15).contains(&digits.len()) && digits.bytes().all(|c| c.is_ascii_digit()),
            "{number}"
        );
    }
}
