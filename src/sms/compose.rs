//! A text as the messages that carry it: one, or the parts of a long one.

use super::address::Address;
use super::alphabet::{self, ESCAPE, Languages};
use super::dcs::Dcs;
use super::deliver::Deliver;
use super::header::{Concat, Header};
use super::pid::Pid;
use super::scts::Scts;
use super::submit::{Submit, Validity};
use super::ucs2;
use super::user_data::{Body, UserData};

/// What fits one message, in septets and octets, and what fits one part behind a header with an
/// 8-bit reference.
const SEPTETS: (usize, usize) = (160, 153);
const OCTETS: (usize, usize) = (140, 134);

/// User data of at most 255 messages, each with the coding that it is in: the default alphabet when
/// the text fits it, UCS-2 when not. No escape or surrogate pair is cut in two. A longer text is
/// cut.
pub(super) fn compose(text: &str, reference: u8) -> Vec<(Dcs, UserData)> {
    let (dcs, bodies) = match alphabet::encode(text, Languages::DEFAULT) {
        Some(septets) => (Dcs::GSM7, bodies(&septets, SEPTETS, splits_escape, Body::Septets)),
        None => (Dcs::UCS2, bodies(&ucs2::encode(text), OCTETS, splits_pair, Body::Octets)),
    };
    let total = u8::try_from(bodies.len()).unwrap_or(u8::MAX);
    let header = |sequence: u8| {
        let concat = Concat { reference: u16::from(reference), total, sequence, wide: false };
        (total > 1).then(|| Header::new().with_concat(concat))
    };
    (1..=total)
        .zip(bodies)
        .map(|(sequence, body)| (dcs, UserData::new(header(sequence), body)))
        .collect()
}

/// Cuts what is too long for one message; `splits` says whether a cut between two pieces would tear
/// a character.
fn bodies(
    whole: &[u8],
    fits: (usize, usize),
    splits: fn(&[u8]) -> bool,
    body: fn(Vec<u8>) -> Body,
) -> Vec<Body> {
    if whole.len() <= fits.0 {
        return vec![body(whole.to_vec())];
    }
    let mut rest = whole;
    let mut bodies = Vec::with_capacity(whole.len() / fits.1 + 1);
    while !rest.is_empty() {
        let mut length = rest.len().min(fits.1);
        while length < rest.len() && length > 1 && rest.get(..length).is_some_and(splits) {
            length -= 1;
        }
        let (piece, behind) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        bodies.push(body(piece.to_vec()));
        rest = behind;
    }
    bodies
}

fn splits_escape(septets: &[u8]) -> bool {
    septets.last() == Some(&ESCAPE)
}

fn splits_pair(octets: &[u8]) -> bool {
    let high_surrogate =
        octets.last_chunk::<2>().is_some_and(|[high, _]| (0xd8..=0xdb).contains(high));
    octets.len() % 2 == 1 || high_surrogate
}

impl Deliver {
    /// The messages that carry `text` from `originator`, taken in at `scts`: one, or the parts of a
    /// long one, at most 255, with `reference` in common. The GSM 7-bit default alphabet where
    /// it suffices, else UCS-2.
    #[must_use]
    pub fn compose(
        smsc: Option<&Address>,
        originator: &Address,
        scts: Scts,
        text: &str,
        reference: u8,
    ) -> Vec<Deliver> {
        let deliver = |(dcs, user_data): (Dcs, UserData)| Deliver {
            smsc: smsc.cloned(),
            more_to_send: false,
            loop_prevention: false,
            status_report: false,
            reply_path: false,
            originator: originator.clone(),
            pid: Pid::default(),
            dcs,
            scts,
            user_data,
        };
        compose(text, reference).into_iter().map(deliver).collect()
    }
}

impl Submit {
    /// The messages that carry `text` to `destination`, cut as [`Deliver::compose`] does. Each is
    /// numbered 0, which a modem replaces by its own count, and keeps the centre's own
    /// validity.
    #[must_use]
    pub fn compose(destination: &Address, text: &str, reference: u8) -> Vec<Submit> {
        let submit = |(dcs, user_data): (Dcs, UserData)| Submit {
            smsc: None,
            reject_duplicates: false,
            status_report: false,
            reply_path: false,
            number: 0,
            destination: destination.clone(),
            pid: Pid::default(),
            dcs,
            validity: Validity::Unsaid,
            user_data,
        };
        compose(text, reference).into_iter().map(submit).collect()
    }
}
